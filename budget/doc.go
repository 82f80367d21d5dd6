// Package budget turns probabilities and values into money: caps, tiers, allocations, plans.
//
// It reckons with these letters, here and in the code:
//
//	p    probability that a lead is won within the horizon, calibrated
//	m    expected profit of a sale: revenue × gross margin, before marketing and variable sales cost
//	v    expected gross profit of a lead, p·m; of a group, the mean of its leads' v, never mean p × mean m
//	r    target return on investment, a share: 0.25 is 25 %
//	c    price of a lead; c_k, the variable cost of each unit that enters stage k
//	q_k  P(stage k+1 is reached | stage k is reached)
//	S_k  P(stage k is reached), the product of the q before k
//	s    expected variable sales cost of a lead, Σ S_k·c_k
//	h    hours of the sales team that a lead takes
//	μ    what one hour is charged at: its shadow price while hours are scarce
//	λ    gross profit of the marginal unit of spend; its marginal return is λ − 1
//	n, w leads and wins; σ is the standard deviation of profit among wins
//
// Amounts are float64 in major units inside (dollars, not cents) and [Money], whole minor units, at the borders:
// a maximum is rounded down, an estimate half to even, an allocation by largest remainders so that its parts add
// up. What cannot be computed is a [Figure] without a value and with a [Reason]: never an infinity, a NaN or a 0.
// Inputs out of bounds are errors that list every [BoundError].
//
// Two values of a lead must not be mixed. What may be paid for leads rests on what is known before they are bought
// and is a matter of sources and segments ([Summarize]); whom to call rests on all that is known now
// ([Policy.Decide]). After the purchase its price is sunk and takes no part in what to do with the lead.
//
// All functions are pure: no clock, no file, no global state; chance comes from seeds that the caller gives. Values
// may be shared between goroutines as long as nobody changes them.
package budget
