package budget

import (
	"math"
)

// Leads as a function of spend, f(0) = 0, with diminishing returns:
//
//	power       f = A·s^B                0 < B ≤ 1; marginal cost of a lead = average cost / B
//	log         f = A·ln(1 + s/B)
//	saturation  f = A·(1 − e^(−s/B))
//	hill        f = A·s^N/(s^N + B^N)    N > 1 is S-shaped: too little spend buys next to nothing
//
// Buying stops, for a cap on the cost of a lead, in one of two places: where the average lead costs the cap (the
// rule of thumb, which overspends) or where the last one does, f'(s) = 1/cap.

// Form is the family of a curve.
type Form string

// The forms.
const (
	Power      Form = "power"
	Log        Form = "log"
	Saturation Form = "saturation"
	Hill       Form = "hill"
)

// Curve says how many leads a spend buys in a period. A and B are above 0; what they are is in the table of forms.
type Curve struct {
	Form Form    `json:"form"`
	A    float64 `json:"a"`
	B    float64 `json:"b"`
	N    float64 `json:"n,omitempty"` // of hill alone
}

// Validate lists what is out of bounds.
func (c Curve) Validate() error {
	var b bounds
	c.check(&b, "curve")
	return b.err()
}

func (c Curve) check(b *bounds, field string) {
	b.positive(field+".a", c.A)
	b.positive(field+".b", c.B)
	switch c.Form {
	case Power:
		b.require(c.B <= 1, field+".b", c.B, "at most 1: returns diminish")
	case Hill:
		b.require(c.N > 0 && c.N <= 20, field+".n", c.N, "above 0 and at most 20")
	case Log, Saturation:
	default:
		b.add(field+".form", c.Form, "power, log, saturation or hill")
	}
	b.require(c.Form == Hill || c.N == 0, field+".n", c.N, "none but for hill")
}

// Concave reports whether every dollar buys less than the one before. The curve must be valid, here and below.
func (c Curve) Concave() bool { return c.Form != Hill || c.N <= 1 }

// Linear reports whether returns do not diminish at all: the best spend is then all or nothing.
func (c Curve) Linear() bool { return c.Form == Power && c.B == 1 }

// Leads returns f(s), for s ≥ 0.
func (c Curve) Leads(s float64) float64 {
	switch c.Form {
	case Power:
		return c.A * math.Pow(s, c.B)
	case Log:
		return c.A * math.Log1p(s/c.B)
	case Saturation:
		return -c.A * math.Expm1(-s/c.B)
	}
	if s == 0 {
		return 0
	}
	return c.A / (1 + math.Pow(c.B/s, c.N))
}

// Marginal returns f'(s), leads for the next dollar; +Inf at 0 where the curve starts vertically.
func (c Curve) Marginal(s float64) float64 {
	switch c.Form {
	case Power:
		return c.A * c.B * math.Pow(s, c.B-1)
	case Log:
		return c.A / (c.B + s)
	case Saturation:
		return c.A / c.B * math.Exp(-s/c.B)
	}
	if s == 0 {
		return c.hillStart()
	}
	x := math.Pow(c.B/s, c.N)
	return c.A * c.N * x / (s * (1 + x) * (1 + x))
}

func (c Curve) hillStart() float64 {
	switch {
	case c.N < 1:
		return math.Inf(1)
	case c.N == 1:
		return c.A / c.B
	}
	return 0
}

// SpendAt returns the spend beyond which the next dollar buys fewer leads than slope, above 0: f'(s) = slope on the
// falling side, 0 if even the first dollar buys fewer, +Inf for a straight line that always buys more.
func (c Curve) SpendAt(slope float64) float64 {
	switch c.Form {
	case Power:
		if c.Linear() {
			if slope < c.A {
				return math.Inf(1)
			}
			return 0
		}
		return math.Pow(c.A*c.B/slope, 1/(1-c.B))
	case Log:
		return max(c.A/slope-c.B, 0)
	case Saturation:
		return max(c.B*math.Log(c.A/(c.B*slope)), 0)
	}
	return c.hillSpendAt(slope)
}

// hillSpendAt searches the falling side of f', which starts at the inflection.
func (c Curve) hillSpendAt(slope float64) float64 {
	low := c.inflection()
	if c.Marginal(low) <= slope {
		return 0
	}
	high := max(2*low, c.B)
	for c.Marginal(high) > slope && high < math.MaxFloat64/4 {
		high *= 2
	}
	return bisect(low, high, func(s float64) bool { return c.Marginal(s) > slope })
}

// inflection is where f' is largest: 0 on a concave curve.
func (c Curve) inflection() float64 {
	if c.Concave() {
		return 0
	}
	return c.B * math.Pow((c.N-1)/(c.N+1), 1/c.N)
}

// MinimumViable is the spend below which an S-shaped curve should be funded fully or not at all: where a line from
// the origin touches it, f(s)/s being largest. It is 0 on a concave curve.
func (c Curve) MinimumViable() float64 {
	if c.Concave() {
		return 0
	}
	return c.B * math.Pow(c.N-1, 1/c.N)
}

// AverageCost returns s/f(s), the cost of the average lead.
func (c Curve) AverageCost(s float64) Figure {
	if s == 0 {
		return Unknown(NoSpend)
	}
	return over(s, c.Leads(s), NoLeads)
}

// MarginalCost returns 1/f'(s), the cost of the last lead.
func (c Curve) MarginalCost(s float64) Figure {
	if slope := c.Marginal(s); isFinite(slope) {
		return over(1, slope, NoLeads)
	}
	return Known(0)
}

// Inflated returns the curve when everything costs factor times as much, above 0.
func (c Curve) Inflated(factor float64) Curve {
	if c.Form == Power {
		c.A *= math.Pow(factor, -c.B)
	} else {
		c.B *= factor
	}
	return c
}

// Stops are the spends at which buying may stop. One without a limit is [OutOfReach].
type Stops struct {
	Average   Figure `json:"average"`    // the average lead costs the cap
	Marginal  Figure `json:"marginal"`   // the last lead costs the cap
	ProfitMax Figure `json:"profit_max"` // the last lead costs what it brings
}

// Stops returns where to stop for a cap on the cost of a lead and a value w of one after sales cost.
func (c Curve) Stops(limit, w float64) (Stops, error) {
	var b bounds
	c.check(&b, "curve")
	b.amount("cap", limit)
	b.finite("w", w)
	if err := b.err(); err != nil {
		return Stops{}, err
	}
	return Stops{Average: c.averageStop(limit), Marginal: c.marginalStop(limit), ProfitMax: c.marginalStop(w)}, nil
}

// marginalStop is where the last lead costs the cap; 0 where all leads together would not be worth it.
func (c Curve) marginalStop(limit float64) Figure {
	if limit <= 0 {
		return Known(0)
	}
	s := c.SpendAt(1 / limit)
	if !isFinite(s) {
		return Unknown(OutOfReach)
	}
	if limit*c.Leads(s) < s {
		return Known(0)
	}
	return Known(s)
}

// averageStop is the largest s with s/f(s) ≤ limit.
func (c Curve) averageStop(limit float64) Figure {
	within := func(s float64) bool { return s <= limit*c.Leads(s) }
	switch {
	case limit <= 0:
		return Known(0)
	case c.Form == Power && !c.Linear():
		return Known(math.Pow(c.A*limit, 1/(1-c.B)))
	case c.Linear() && limit*c.A >= 1:
		return Unknown(OutOfReach)
	}
	// On a concave curve the average lead costs less than the last one, so the average stop is beyond the marginal one.
	start := c.MinimumViable()
	if c.Concave() {
		start = c.SpendAt(1 / limit)
	}
	if start == 0 || !within(start) {
		return Known(0)
	}
	high := 2 * start
	for within(high) {
		high *= 2
	}
	return Known(bisect(start, high, within))
}

// SpendPoint is what a period's spend bought.
type SpendPoint struct {
	Spend float64 `json:"spend"`
	Leads float64 `json:"leads"`
}

// IncrementalCost is Δspend/Δleads of two periods: what the additional leads cost, without any curve.
func IncrementalCost(a, b SpendPoint) Figure { return over(b.Spend-a.Spend, b.Leads-a.Leads, NoLeads) }

// Through returns the power curve through two points. It exists if the larger spend bought more leads, and no more
// of them in proportion.
func Through(a, b SpendPoint) (Curve, error) {
	var wrong bounds
	wrong.positive("spend", min(a.Spend, b.Spend))
	wrong.positive("leads", min(a.Leads, b.Leads))
	exponent := math.Log(b.Leads/a.Leads) / math.Log(b.Spend/a.Spend)
	wrong.require(exponent > 0 && exponent <= 1, "exponent", exponent, "above 0 and at most 1: returns diminish")
	if err := wrong.err(); err != nil {
		return Curve{}, err
	}
	return Curve{Form: Power, A: a.Leads / math.Pow(a.Spend, exponent), B: exponent}, nil
}
