package budget

import (
	"fmt"
	"math"
	"strings"
)

// report turns a solution into an allocation.
func (p *problem) report(s solution) *Allocation {
	a := &Allocation{Lambda: s.lambda, Mu: s.mu, Hours: p.hoursOf(s.spend), Unspent: Unknown(Unmeasured), Gap: p.gap(s)}
	for i, spend := range s.spend {
		a.Shares = append(a.Shares, p.share(i, spend, s))
		a.Spent += spend
		a.Gross += p.sources[i].Worth * a.Shares[i].Leads
	}
	a.Net = a.Gross - a.Spent
	if p.limits.Budget != nil {
		a.Reserve = *p.limits.Budget - p.budget
		a.Unspent = Known(max(p.budget-a.Spent, 0))
	}
	p.round(a)
	p.warn(a)
	return a
}

func (p *problem) share(i int, spend float64, s solution) Share {
	source := p.sources[i]
	x := Share{
		Name: source.Name, Spend: spend, Leads: source.Curve.Leads(spend),
		AverageCost: source.Curve.AverageCost(spend), MarginalCost: source.Curve.MarginalCost(spend),
	}
	if w := p.worth(i, s.mu); w > 0 {
		x.Return = min(w*source.Curve.Marginal(spend), largest)
	} else {
		x.Return = max(w*min(source.Curve.Marginal(spend), largest), -largest)
	}
	switch {
	case p.low[i] == p.high[i]:
		x.Bound = Locked
	case spend <= p.low[i] && x.Return < s.lambda*(1-1e-9):
		x.Bound = AtLow
	case spend >= p.high[i] && x.Return > s.lambda*(1+1e-9):
		x.Bound = AtHigh
	}
	if x.Bound != Free {
		x.BoundPrice = math.Abs(x.Return - s.lambda)
	}
	return x
}

// round gives the shares in money. As bounds are whole minor units, no share is lifted above its own.
func (p *problem) round(a *Allocation) {
	spend := make([]float64, len(a.Shares))
	for i, x := range a.Shares {
		spend[i] = x.Spend
	}
	for i, m := range p.limits.Currency.roundedDown(spend) {
		a.Shares[i].Money = m
	}
}

// roundedDown gives spends in money: rounded down, and what is missing to the whole by largest remainders.
func (c Currency) roundedDown(spend []float64) []Money {
	unit, total := c.minorPerMajor(), 0.0
	exact, parts := make([]float64, len(spend)), make([]Money, len(spend))
	for i, s := range spend {
		exact[i] = s * unit
		total += s
	}
	whole := int64(math.Floor(total*unit + guard*float64(len(exact))))
	for i, minor := range largestRemainders(exact, whole) {
		parts[i] = Money{Minor: minor, Currency: c}
	}
	return parts
}

func (p *problem) warn(a *Allocation) {
	say := func(format string, args ...any) { a.Warnings = append(a.Warnings, fmt.Sprintf(format, args...)) }
	for _, s := range p.sources {
		if s.Curve.Linear() {
			say("the curve of %s is a straight line: its best spend is all or nothing", s.Name)
		}
		if s.Worth <= 0 {
			say("a lead of %s is worth nothing after sales cost: it gets no more than its least spend", s.Name)
		}
	}
	if a.Spent > 0 && a.Lambda < 1-1e-9 {
		say("the last unit of money brings back %.2f: spending less would earn more", a.Lambda)
	}
	if !p.concave() {
		say("with S-shaped curves the answer is exact on a grid of %d steps; it is within %.2g of the best", p.gridPrecise, a.Gap)
	}
}

// Words says what keeps the allocation from earning more: the bounds that bind and what relaxing each would bring.
func (a *Allocation) Words(c Currency) string {
	var parts []string
	for _, x := range a.Shares {
		switch x.Bound {
		case AtHigh:
			parts = append(parts, fmt.Sprintf("%s is at its most spend: %s more would bring %s", x.Name, c.Format(1000), c.Format(1000*x.BoundPrice)))
		case AtLow:
			if x.Spend > 0 {
				parts = append(parts, fmt.Sprintf("%s is at its least spend: %s less would bring %s", x.Name, c.Format(1000), c.Format(1000*x.BoundPrice)))
			}
		case Locked:
			parts = append(parts, x.Name+" is locked")
		}
	}
	if a.Mu > 0 {
		parts = append(parts, fmt.Sprintf("hours are used up: one more would bring %s", c.Format(a.Mu)))
	}
	if rest, known := a.Unspent.Value(); known && rest > 0.005 {
		parts = append(parts, round(c, rest)+" are better not spent")
	} else {
		used := ""
		if known && a.Spent > 0 {
			used = "the budget is used up: "
		}
		parts = append(parts, fmt.Sprintf("%sthe next %s would bring %s", used, c.Format(1000), c.Format(1000*a.Lambda)))
	}
	return strings.Join(parts, "; ")
}
