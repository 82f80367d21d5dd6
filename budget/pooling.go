package budget

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// What is known of the value of groups, from their outcomes. Rates are shrunken as shrinkage.go says. Profits are too:
// with w_i wins of mean profit x_i in group i, σ² the variance within groups and τ² that between them (moments,
// Bühlmann & Straub 1970),
//
//	k    = σ²/τ², from 1 to 50          wins that the groups' common mean x̄ is worth
//	m_i  = (w_i·x_i + k·x̄)/(w_i + k)
//	se²  = c²·(1/(w_i + k) + (k/(w_i + k))²/Σw)      of ln m_i, with c = σ/x̄
//
// A rate β and a profit m·e^(se·Z − se²/2), independent of each other, make the value v = β·m, whose distribution
//
//	P(v < x) = E_Z P(β < x/(m·e^(se·Z − se²/2)))
//
// is summed over a grid of Z: no draws, so no seed.
//
// Note: the prior does not come from the model's probabilities. A model fitted to the same leads would agree with them,
// and be counted as evidence twice.

// The bounds of k: a prior of profit is worth from 1 to 50 wins.
const (
	MinProfitWins = 1
	MaxProfitWins = 50
)

// Posteriors returns what is known of each group's rate and profit after its outcomes, what groups have in common
// filled in. otherwise is the profit of a sale where no group has one; its error is then unknown and left out. Without
// a win in any group there is no rate, an error.
func Posteriors(groups []Evidence, otherwise float64) ([]Posterior, error) {
	var b bounds
	wins, leads := make([]float64, len(groups)), make([]float64, len(groups))
	for i, e := range groups {
		if err := e.Validate(); err != nil {
			b = append(b, err)
		}
		wins[i], leads[i] = e.Wins, e.Leads
	}
	b.finite("otherwise", otherwise)
	if err := b.err(); err != nil {
		return nil, err
	}
	prior, err := FitPrior(wins, leads)
	if err != nil {
		return nil, err
	}
	profits := fitProfits(groups)
	posteriors := make([]Posterior, len(groups))
	for i, e := range groups {
		posteriors[i] = Posterior{Rate: prior.After(e.Wins, e.Leads), Profit: otherwise}
		if profits.wins > 0 {
			posteriors[i].Profit, posteriors[i].ProfitLogSE = profits.of(e)
		}
	}
	return posteriors, nil
}

// profitPrior is what the profits of groups have in common.
type profitPrior struct {
	wins, mean float64 // Σw and x̄
	strength   float64 // k
	cv         float64 // c
}

func fitProfits(groups []Evidence) profitPrior {
	var p profitPrior
	count, squares, within := 0.0, 0.0, 0.0
	for _, e := range groups {
		if e.Wins > 0 {
			count++
			p.wins += e.Wins
			p.mean += e.Wins * e.Profit
			squares += e.Wins * e.Wins
			within += max(e.Wins-1, 0) * e.SD * e.SD
		}
	}
	if p.wins == 0 {
		return p
	}
	p.mean /= p.wins
	p.strength = MaxProfitWins
	if p.wins <= count {
		return p
	}
	variance, between := within/(p.wins-count), 0.0
	for _, e := range groups {
		between += e.Wins * (e.Profit - p.mean) * (e.Profit - p.mean)
	}
	if spread := (between - (count-1)*variance) / (p.wins - squares/p.wins); count > 1 && spread > 0 {
		p.strength = min(max(variance/spread, MinProfitWins), MaxProfitWins)
	}
	if p.mean > 0 {
		p.cv = math.Sqrt(variance) / p.mean
	}
	return p
}

func (p profitPrior) of(e Evidence) (mean, se float64) {
	z := e.Wins / (e.Wins + p.strength)
	mean = z*e.Profit + (1-z)*p.mean
	return mean, p.cv * math.Sqrt(1/(e.Wins+p.strength)+(1-z)*(1-z)/p.wins)
}

// The grid of Z: the trapezium rule on a normal density converges faster than any power of its step.
const (
	gridReach = 6.0
	gridStep  = 0.25
)

// Below is the probability that a lead is worth less than x.
func (p Posterior) Below(x float64) float64 {
	switch {
	case p.Profit <= 0:
		return step(x > 0)
	case x <= 0:
		return 0
	case p.ProfitLogSE == 0:
		return 1 - p.Rate.Above(x/p.Profit)
	}
	total, below := 0.0, 0.0
	for z := -gridReach; z <= gridReach; z += gridStep {
		weight := distuv.UnitNormal.Prob(z)
		total += weight
		profit := p.Profit * math.Exp(p.ProfitLogSE*z-p.ProfitLogSE*p.ProfitLogSE/2)
		below += weight * (1 - p.Rate.Above(x/profit))
	}
	return below / total
}

// Value returns the value of a lead that the truth is below with probability q, 0 < q < 1. A sale at a loss has the
// value 0.
func (p Posterior) Value(q float64) float64 {
	if p.Profit <= 0 {
		return 0
	}
	high := p.Rate.Mean() * p.Profit
	for p.Below(high) < q {
		high *= 2
	}
	low := 0.0
	for range 60 {
		middle := low + (high-low)/2
		if high-low <= 1e-12*high {
			break
		}
		if p.Below(middle) < q {
			low = middle
		} else {
			high = middle
		}
	}
	return low + (high-low)/2
}

// CapAt returns the most that a lead may cost if it is worth what the truth is below with probability q.
func (p Posterior) CapAt(q float64, t Target) float64 { return t.capped(p.Value(q), p.SalesCost).Max }

// CapAbove is the probability that the cap is above a price c: that c meets the target.
func (p Posterior) CapAbove(t Target, c float64) float64 { return 1 - p.Below(t.value(c, p.SalesCost)) }
