package budget

// What to do with a lead is what is worth most:
//
//	U_now     = p0·m − s − μh
//	U_nurture = δ·q·max(p1·m − s − μh, 0) − c_n
//	U_drop    = 0
//
// A tie of now and nurture is for now; what is worth no more than nothing is dropped. The rule is the same for leads
// that were rejected or have stalled, with probabilities that know of it: for them nurture is called recycle.

// Nurture is what keeping a lead warm is assumed to do. p1 and q are assumptions unless they come from leads that
// were nurtured at random, and must be shown as such.
type Nurture struct {
	P1    float64 `json:"p1"`    // probability of a sale after it
	Q     float64 `json:"q"`     // probability that the lead is still there and answers
	Delay float64 `json:"delay"` // δ, what a later profit is worth of the same profit now
	Cost  float64 `json:"cost"`  // c_n, for one lead
}

// Validate lists what is out of bounds.
func (n Nurture) Validate() error {
	var b bounds
	n.check(&b)
	return b.err()
}

func (n Nurture) check(b *bounds) {
	b.share("nurture.p1", n.P1)
	b.share("nurture.q", n.Q)
	b.share("nurture.delay", n.Delay)
	b.amount("nurture.cost", n.Cost)
}

// Worth is what each thing to do with a lead is worth, in major units.
type Worth struct {
	Now     float64 `json:"now"`
	Nurture Figure  `json:"nurture"` // [Unmeasured] without assumptions on nurture
}

// choose returns what is worth doing with a lead of probability p0, profit m and cost s + μh, and what each choice is
// worth. Without assumptions on nurture it chooses between now and never.
func choose(p0, m, cost float64, n *Nurture) (Action, Worth) {
	w := Worth{Now: p0*m - cost, Nurture: Unknown(Unmeasured)}
	later := 0.0
	if n != nil {
		later = n.Delay*n.Q*max(n.P1*m-cost, 0) - n.Cost
		w.Nurture = Known(later)
	}
	switch {
	case w.Now > 0 && w.Now >= later:
		return HandOff, w
	case later > 0:
		return NurtureIt, w
	}
	return Drop, w
}

// Touch is one more touch before the hand-off.
type Touch struct {
	ROI       Figure `json:"roi"`        // (Δp·m − Δs − c)/c
	BreakEven Figure `json:"break_even"` // the Δp at which it pays for itself
	AtTarget  Figure `json:"at_target"`  // the Δp at which it meets the target return
}

// ExtraTouch reckons a touch of cost c that lifts the probability by dp, and the sales cost by ds, for a sale of
// profit m and a target return r on it.
func ExtraTouch(dp, m, ds, c, r float64) (Touch, error) {
	var b bounds
	b.require(dp >= -1 && dp <= 1, "Δp", dp, "a change from -1 to 1")
	b.finite("m", m)
	b.finite("Δs", ds)
	b.amount("c", c)
	b.roi("r", r)
	if err := b.err(); err != nil {
		return Touch{}, err
	}
	needed := func(r float64) Figure {
		if m <= 0 {
			return Unknown(NoProfit)
		}
		return Known((c*(1+r) + ds) / m)
	}
	return Touch{ROI: over(dp*m-ds-c, c, NoSpend), BreakEven: needed(0), AtTarget: needed(r)}, nil
}
