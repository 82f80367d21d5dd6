package budget

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// How well a segment's value is known, from n leads with w wins and profit of mean m and standard deviation σ among
// them. By the delta method, with p = w/n:
//
//	Var(v̂)  = p²·σ²/w + m²·p(1−p)/n
//	se_log² = (1−p)/(n·p) + (σ/m)²/w
//
// The first is also the variance of profit per lead over n. Intervals are taken on the log scale, where they are
// closer to symmetric and never negative.

// Evidence is what a segment's value rests on.
type Evidence struct {
	Leads  float64 `json:"leads"`  // n
	Wins   float64 `json:"wins"`   // w, at most n
	Profit float64 `json:"profit"` // m, the mean over the wins
	SD     float64 `json:"sd"`     // σ over the wins
}

// Validate lists what is out of bounds.
func (e Evidence) Validate() error {
	var b bounds
	b.amount("leads", e.Leads)
	b.amount("wins", e.Wins)
	b.require(!(e.Wins > e.Leads), "wins", e.Wins, "at most the leads")
	b.finite("profit", e.Profit)
	b.amount("sd", e.SD)
	return b.err()
}

// Value returns v, the profit per lead. The evidence must be valid, here and in the other methods.
func (e Evidence) Value() Figure { return over(e.Wins*e.Profit, e.Leads, NoLeads) }

// SE returns the standard error of v.
func (e Evidence) SE() Figure {
	if why := e.doubt(); why != "" {
		return Unknown(why)
	}
	p := e.Wins / e.Leads
	return Known(math.Sqrt(p*p*e.SD*e.SD/e.Wins + e.Profit*e.Profit*p*(1-p)/e.Leads))
}

// LogSE returns the standard error of log v.
func (e Evidence) LogSE() Figure {
	why := e.doubt()
	if why == "" && e.Profit <= 0 {
		why = NoProfit
	}
	if why != "" {
		return Unknown(why)
	}
	p, cv := e.Wins/e.Leads, e.SD/e.Profit
	return Known(math.Sqrt((1-p)/e.Wins + cv*cv/e.Wins))
}

func (e Evidence) doubt() Reason {
	switch {
	case e.Leads == 0:
		return NoLeads
	case e.Wins == 0:
		return NoWins
	}
	return ""
}

// Quantile returns the value of a lead that the truth is below with probability q, on the log scale.
func (e Evidence) Quantile(q float64) (Figure, error) {
	b := e.bounds()
	b.inside("q", q)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	v, _ := e.Value().Value()
	return e.LogSE().then(func(se float64) float64 { return v * math.Exp(distuv.UnitNormal.Quantile(q)*se) }), nil
}

func (e Evidence) bounds() (b bounds) {
	if err := e.Validate(); err != nil {
		b = append(b, err)
	}
	return b
}

// Interval returns the interval of a lead's value that holds the truth with probability level, equal tails.
func (e Evidence) Interval(level float64) (low, high Figure, err error) {
	low, err = e.Quantile((1 - level) / 2)
	if err != nil {
		return Figure{}, Figure{}, err
	}
	high, err = e.Quantile((1 + level) / 2)
	return low, high, err
}

// LinearInterval is [Evidence.Interval] on the scale of money: v ± z·se. It may reach below 0.
func (e Evidence) LinearInterval(level float64) (low, high Figure, err error) {
	b := e.bounds()
	b.inside("level", level)
	if err := b.err(); err != nil {
		return Figure{}, Figure{}, err
	}
	z := distuv.UnitNormal.Quantile((1 + level) / 2)
	v, _ := e.Value().Value()
	se := e.SE()
	return se.then(func(se float64) float64 { return v - z*se }), se.then(func(se float64) float64 { return v + z*se }), nil
}

// Risk says which percentile of what a cap may be is bid.
type Risk string

// The risks.
const (
	Cautious   Risk = "cautious"   // 20th: to buy more of what little is known of
	Steady     Risk = "mean"       // the mean: to go on as before
	Experiment Risk = "experiment" // 80th: to learn, from the experiment reserve only
)

// percentile of a risk; 0 for the mean.
func (r Risk) percentile(b *bounds) float64 {
	switch r {
	case Cautious:
		return 0.2
	case Steady:
		return 0
	case Experiment:
		return 0.8
	}
	b.add("risk", r, "cautious, mean or experiment")
	return 0
}

// CapAt returns the most that a lead may cost at a risk, given its sales cost s with its hours.
func (e Evidence) CapAt(r Risk, t Target, s float64) (Figure, error) {
	b := e.bounds()
	t.check(&b)
	b.amount("s", s)
	q := r.percentile(&b)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	v := e.Value()
	if r != Steady {
		var err error
		if v, err = e.Quantile(q); err != nil {
			return Figure{}, err
		}
	}
	return v.then(func(v float64) float64 { return t.capped(v, s).Max }), nil
}

// Below is the probability that a lead is worth less than x, above 0: at x the price and its sales cost, that it is
// bought at a loss.
func (e Evidence) Below(x float64) (Figure, error) {
	b := e.bounds()
	b.positive("x", x)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	v, _ := e.Value().Value()
	return e.LogSE().then(func(se float64) float64 {
		if se == 0 {
			return step(x > v)
		}
		return distuv.UnitNormal.CDF(math.Log(x/v) / se)
	}), nil
}

// CapAbove is the probability that the cap is above a price c: that c meets the target.
func (e Evidence) CapAbove(t Target, s, c float64) (Figure, error) {
	b := t.checkLead(0, s, 0)
	b.amount("c", c)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	x := t.value(c, s)
	if x == 0 {
		return Known(1), nil
	}
	below, err := e.Below(x)
	return below.then(func(p float64) float64 { return 1 - p }), err
}

func step(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// LeadsFor is how many leads like these it takes to know the value of one to within a share of itself, such as 0.2,
// with probability level: z·se_log = ln(1 + share), rounded up.
func (e Evidence) LeadsFor(share, level float64) (Figure, error) {
	b := e.bounds()
	b.positive("share", share)
	b.inside("level", level)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	z := distuv.UnitNormal.Quantile((1+level)/2) / math.Log1p(share)
	return e.LogSE().then(func(se float64) float64 { return roundUp(z * z * se * se * e.Leads) }), nil
}

// roundUp is the least integer that is not below x but for rounding.
func roundUp(x float64) float64 { return math.Ceil(x - 1e-9*max(1, math.Abs(x))) }
