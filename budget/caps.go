package budget

import "math"

// The most that a lead may cost, for a target return r on the investment. What counts as the investment is the
// basis, with c the price, s the sales cost and μh the hours at their price:
//
//	marketing      c             cap = v/(1+r)                  v/c − 1
//	in_investment  c + s + μh    cap = v/(1+r) − s − μh         v/(c + s + μh) − 1
//	cost_of_sale   c             cap = (v − s − μh)/(1+r)       (v − s − μh)/c − 1
//
// The last two differ by (s + μh)·r/(1+r) and agree at r = 0, the break-even. Source: J. Lenskold's cap on the cost
// per lead, $4,000 / (1 + 25 %) × 7 % = $224, and its two advanced forms, "take into account the sales investment in
// addition to the marketing investment" and several stages of conversion.

// Basis says what counts as the investment.
type Basis string

// The bases.
const (
	Marketing    Basis = "marketing"     // the price of the lead alone; sales cost is left out
	InInvestment Basis = "in_investment" // sales cost is invested, as the price is
	CostOfSale   Basis = "cost_of_sale"  // sales cost reduces the profit
)

// Target is the return that an investment in leads must bring.
type Target struct {
	ROI   float64 `json:"target_roi"` // r
	Basis Basis   `json:"roi_basis"`
}

// DefaultTarget is 25 % on marketing and sales investment.
func DefaultTarget() Target { return Target{ROI: 0.25, Basis: InInvestment} }

// Validate lists what is out of bounds.
func (t Target) Validate() error {
	var b bounds
	t.check(&b)
	return b.err()
}

func (t Target) check(b *bounds) {
	b.roi("target_roi", t.ROI)
	b.require(t.Basis == Marketing || t.Basis == InInvestment || t.Basis == CostOfSale, "roi_basis", t.Basis,
		"marketing, in_investment or cost_of_sale")
}

// Status says whether a lead can be bought at all.
type Status string

// The statuses.
const (
	Buy      Status = "buy"
	DoNotBuy Status = "do_not_buy" // no price above 0 reaches the target
)

// Cap is the most that a lead may cost.
type Cap struct {
	Max       float64 `json:"max"`        // at the target return; ≥ 0, not rounded
	BreakEven float64 `json:"break_even"` // at a return of 0; ≥ 0, not rounded
	Status    Status  `json:"status"`
}

// Cap returns the most that a lead may cost, from its expected value v, expected sales cost s and the price of its
// hours μh, all in major units. v may be negative, a sale at a loss: then nothing may be paid.
func (t Target) Cap(v, s, muHours float64) (Cap, error) {
	if err := t.checkLead(v, s, muHours).err(); err != nil {
		return Cap{}, err
	}
	return t.capped(v, s+muHours), nil
}

func (t Target) checkLead(v, s, muHours float64) bounds {
	var b bounds
	t.check(&b)
	b.finite("v", v)
	b.amount("s", s)
	b.amount("μh", muHours)
	return b
}

func (t Target) capped(v, s float64) Cap {
	limit := t.price(v, s)
	c := Cap{Max: max(limit, 0), BreakEven: max(Target{Basis: t.Basis}.price(v, s), 0), Status: Buy}
	if limit <= 0 {
		c.Status = DoNotBuy
	}
	return c
}

// price is the cap before it is cut off at 0; s includes μh.
func (t Target) price(v, s float64) float64 {
	switch t.Basis {
	case InInvestment:
		return v/(1+t.ROI) - s
	case CostOfSale:
		return (v - s) / (1 + t.ROI)
	}
	return v / (1 + t.ROI)
}

// value is the v at which the cap is c: the inverse of price.
func (t Target) value(c, s float64) float64 {
	switch t.Basis {
	case InInvestment:
		return (c + s) * (1 + t.ROI)
	case CostOfSale:
		return c*(1+t.ROI) + s
	}
	return c * (1 + t.ROI)
}

// Return is the return on investment of a lead of value v and sales cost s, hours included, bought at price c. It
// is [NoSpend] where nothing was invested, as for organic leads.
func (t Target) Return(v, s, c float64) (Figure, error) {
	b := t.checkLead(v, s, 0)
	b.amount("c", c)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	switch t.Basis {
	case InInvestment:
		return over(v-c-s, c+s, NoSpend), nil
	case CostOfSale:
		return over(v-s-c, c, NoSpend), nil
	}
	return over(v-c, c, NoSpend), nil
}

// RequiredProbability is the p at which price c meets the target, given m and the sales cost s with its hours. It
// is [OutOfReach] above 1 and [NoProfit] if a sale brings none.
func (t Target) RequiredProbability(c, m, s float64) (Figure, error) {
	b := t.checkLead(m, s, 0)
	b.amount("c", c)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	switch p := t.value(c, s) / m; {
	case m <= 0:
		return Unknown(NoProfit), nil
	case p > 1:
		return Unknown(OutOfReach), nil
	default:
		return Known(p), nil
	}
}

// RequiredProfit is the m at which price c meets the target, given p and the sales cost s with its hours.
func (t Target) RequiredProfit(c, p, s float64) (Figure, error) {
	b := t.checkLead(0, s, 0)
	b.amount("c", c)
	b.share("p", p)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	return over(t.value(c, s), p, NoConversion), nil
}

// MaxReturn is the target at which nothing may be paid any more: v/s − 1 if sales cost is invested. On the other
// bases a cap above 0 stays above 0 at any target, and the figure is [OutOfReach].
func (t Target) MaxReturn(v, s float64) (Figure, error) {
	if err := t.checkLead(v, s, 0).err(); err != nil {
		return Figure{}, err
	}
	if t.Basis != InInvestment {
		return Unknown(OutOfReach), nil
	}
	return over(v-s, s, NoSales), nil
}

// PresentValue is m discounted from the sale, cycleDays from now, at an annual rate d: m/(1+d)^(cycleDays/365).
func PresentValue(m, d, cycleDays float64) (float64, error) {
	var b bounds
	b.finite("m", m)
	b.roi("annual_discount", d)
	b.amount("cycle_days", cycleDays)
	if err := b.err(); err != nil {
		return 0, err
	}
	return m * math.Pow(1+d, -cycleDays/365), nil
}

// Verdict says what paying a price means.
type Verdict string

// The verdicts.
const (
	WithinCap   Verdict = "within_cap"   // the target is met
	BelowTarget Verdict = "below_target" // a profit, but less than the target
	AtALoss     Verdict = "at_a_loss"    // costs more than the profit it returns
	Doubtful    Verdict = "doubtful"     // within a cap that the outcomes of its leads contradict
)

// Purchase is a lead at its price.
type Purchase struct {
	Cap
	Price    float64 `json:"price"`
	Headroom float64 `json:"headroom"` // cap − price: negative if overpaid
	Profit   float64 `json:"profit"`   // v − s − price, for one lead
	ROI      Figure  `json:"roi"`
	Verdict  Verdict `json:"verdict"`
}

// Judge compares the price c of a lead with its cap. The sales cost s includes the hours; on the marketing basis it
// is left out of the profit too.
func (t Target) Judge(v, s, c float64) (Purchase, error) {
	roi, err := t.Return(v, s, c)
	if err != nil {
		return Purchase{}, err
	}
	if t.Basis == Marketing {
		s = 0
	}
	p := Purchase{Cap: t.capped(v, s), Price: c, Profit: v - s - c, ROI: roi, Verdict: WithinCap}
	p.Headroom = p.Max - c
	switch {
	case p.Profit < 0 && !near(v, s+c):
		p.Verdict = AtALoss
	case t.price(v, s) < c && !near(v, t.value(c, s)): // even a price of 0 may miss the target
		p.Verdict = BelowTarget
	}
	return p, nil
}

// near is equality of money but for rounding, relative 1e-9.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }
