package budget

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// The best split of a budget B over sources i, with w_i the value of a lead after sales cost and h_i its hours:
//
//	max Σ w_i·f_i(s_i) − φ·s_i   s.t.   Σ s_i ≤ B,   Σ h_i·f_i(s_i) ≤ H,   lo_i ≤ s_i ≤ hi_i
//
// φ is what a dollar must at least return: nothing (spend B), 1 + r (stop at the target) or 1 (most profit). At the
// optimum one multiplier λ ≥ φ of the budget and one μ ≥ 0 of the hours satisfy
//
//	(w_i − μ·h_i)·f_i'(s_i) = λ   between its bounds,   ≤ λ at lo_i,   ≥ λ at hi_i
//
// On concave curves s_i(λ) has a closed form and falls in λ, so λ is bisected over the float64 numbers themselves,
// inside a bisection of μ. The dual value Σ max_s ((w − μh)·f − λs) + (λ − φ)·B + μ·H is an upper bound of the
// optimum on any curve: its distance is the certificate of the answer. S-shaped curves are solved on a grid
// ([allocateGrid]) and polished where they are concave.
//
// Note: general solvers stop early on badly scaled problems of this kind and report success. Bisection cannot.

// Mode says when to stop spending.
type Mode string

// The modes.
const (
	SpendBudget  Mode = "spend_budget"   // all of it, as long as a dollar brings anything
	StopAtTarget Mode = "stop_at_target" // the point of diminishing returns: when the last dollar returns 1 + r
	MostProfit   Mode = "most_profit"    // when the last dollar returns itself
)

// Source is a place to spend money on.
type Source struct {
	Name  string   `json:"name"`
	Curve Curve    `json:"curve"`
	Worth float64  `json:"worth"`          // w, value of a lead after sales cost; ≤ 0 is not bought
	Hours float64  `json:"hours"`          // h, of a lead
	Low   float64  `json:"low"`            // least spend; equal to High = locked
	High  *float64 `json:"high,omitempty"` // most spend; nil = no limit
}

// Limits are what an allocation may use.
type Limits struct {
	Mode     Mode     `json:"mode"`
	Budget   *float64 `json:"budget,omitempty"` // B with the reserve; nil = no limit, not with [SpendBudget]
	Reserve  float64  `json:"reserve"`          // e, share of the budget kept for experiments
	Hours    *float64 `json:"hours,omitempty"`  // H; nil = no limit
	ROI      float64  `json:"target_roi"`       // r, for [StopAtTarget]
	Currency Currency `json:"currency"`
}

// Bound says which bound of a source holds its spend.
type Bound string

// The bounds.
const (
	Free   Bound = ""
	AtLow  Bound = "low"
	AtHigh Bound = "high"
	Locked Bound = "locked"
)

// Share is what an allocation gives a source.
type Share struct {
	Name         string  `json:"name"`
	Spend        float64 `json:"spend"`         // exact
	Money        Money   `json:"money"`         // rounded: the parts add up
	Leads        float64 `json:"leads"`         //
	Return       float64 `json:"return"`        // λ of the source: what its next dollar brings, (w − μh)·f'; at most 1e15
	AverageCost  Figure  `json:"average_cost"`  // of a lead
	MarginalCost Figure  `json:"marginal_cost"` // of the last lead
	Bound        Bound   `json:"bound,omitempty"`
	BoundPrice   float64 `json:"bound_price"` // what a dollar less of the bound would bring: 0 if free
}

// Allocation is the best split of a budget, with the proof of it.
type Allocation struct {
	Shares  []Share `json:"shares"` // in the order of the sources
	Spent   float64 `json:"spent"`
	Unspent Figure  `json:"unspent"` // of the budget without its reserve
	Reserve float64 `json:"reserve"` // set aside for experiments
	Lambda  float64 `json:"lambda"`  // gross profit of the next dollar; its return is λ − 1
	Mu      float64 `json:"mu"`      // worth of one more hour, 0 if hours are slack
	Hours   float64 `json:"hours"`   // used
	Gross   float64 `json:"gross"`   // Σ w·f
	Net     float64 `json:"net"`     // gross − spent

	Gap      float64  `json:"gap"` // (bound − value)/bound of the objective: 0 is proof that nothing is better
	Warnings []string `json:"warnings,omitempty"`
}

// ErrNoLimit says that the more is spent on a source, the more it earns, and that nothing limits it.
var ErrNoLimit = errors.New("budget: allocate: the spend has no limit")

// InfeasibleError says which bounds ask for more than there is.
type InfeasibleError struct {
	What      string // "budget" or "hours"
	Limit     float64
	Needed    float64
	Sources   []string  // with a least spend
	LeastUses []float64 // what each of them takes at it
}

func (e *InfeasibleError) Error() string {
	parts := make([]string, len(e.Sources))
	for i, name := range e.Sources {
		parts[i] = fmt.Sprintf("%s %.6g", name, e.LeastUses[i])
	}
	return fmt.Sprintf("budget: allocate: the least spends take %.6g of a %s of %.6g, %.6g too much: %s",
		e.Needed, e.What, e.Limit, e.Needed-e.Limit, strings.Join(parts, ", "))
}

// Allocate splits a budget over sources. Bounds are rounded to minor units first. A plan that cannot be is an
// [InfeasibleError]. Sources of equal curves get equal spends, in whatever order they come.
func Allocate(sources []Source, l Limits) (*Allocation, error) {
	if err := checkAllocation(sources, l).err(); err != nil {
		return nil, err
	}
	p := newProblem(sources, l)
	if err := p.feasible(); err != nil {
		return nil, err
	}
	var best solution
	if p.concave() {
		best = p.solve()
	} else {
		best = p.allocateGrid()
	}
	for i, s := range best.spend {
		if !isAmount(s) {
			return nil, fmt.Errorf("%w: %s: set a budget or a most spend", ErrNoLimit, p.sources[i].Name)
		}
	}
	return p.report(best), nil
}

func checkAllocation(sources []Source, l Limits) (b bounds) {
	b.require(len(sources) > 0, "sources", len(sources), "at least one")
	for i, s := range sources {
		name := at("sources", i)
		s.Curve.check(&b, name+".curve")
		b.finite(name+".worth", s.Worth)
		b.amount(name+".hours", s.Hours)
		b.amount(name+".low", s.Low)
		if s.High != nil {
			b.amount(name+".high", *s.High)
			b.require(*s.High >= s.Low, name+".high", *s.High, fmt.Sprintf("at least the low bound, %v", s.Low))
		}
	}
	l.check(&b)
	return b
}

// Validate lists what is out of bounds.
func (l Limits) Validate() error {
	var b bounds
	l.check(&b)
	return b.err()
}

func (l Limits) check(b *bounds) {
	b.require(l.Mode == SpendBudget || l.Mode == StopAtTarget || l.Mode == MostProfit, "mode", l.Mode,
		"spend_budget, stop_at_target or most_profit")
	b.require(l.Budget != nil || l.Mode != SpendBudget, "budget", "none", "an amount to spend")
	if l.Budget != nil {
		b.amount("budget", *l.Budget)
	}
	if l.Hours != nil {
		b.amount("hours", *l.Hours)
	}
	b.share("reserve", l.Reserve)
	b.roi("target_roi", l.ROI)
	b.require(l.Currency.isCode(), "currency", string(l.Currency), "three capital letters such as USD")
}

// problem is an allocation in numbers without gaps: no limit is +Inf.
type problem struct {
	sources     []Source
	low, high   []float64
	budget      float64 // without the reserve
	hours       float64
	floor       float64 // φ
	limits      Limits
	gridPrecise int // steps of the grid for S-shaped curves
}

// solution is a split and its multipliers.
type solution struct {
	spend      []float64
	lambda, mu float64
}

func newProblem(sources []Source, l Limits) *problem {
	p := &problem{sources: sources, budget: math.Inf(1), hours: math.Inf(1), limits: l, gridPrecise: 600}
	if l.Budget != nil {
		p.budget = *l.Budget * (1 - l.Reserve)
	}
	if l.Hours != nil {
		p.hours = *l.Hours
	}
	switch l.Mode {
	case StopAtTarget:
		p.floor = 1 + l.ROI
	case MostProfit:
		p.floor = 1
	}
	unit := l.Currency.minorPerMajor()
	for _, s := range sources {
		p.low = append(p.low, math.Round(s.Low*unit)/unit)
		high := math.Inf(1)
		if s.High != nil {
			high = math.Round(*s.High*unit) / unit
		}
		p.high = append(p.high, high)
	}
	return p
}

func (p *problem) concave() bool {
	for _, s := range p.sources {
		if !s.Curve.Concave() {
			return false
		}
	}
	return true
}

// feasible reports bounds that clash.
func (p *problem) feasible() error {
	spend, hours := &InfeasibleError{What: "budget", Limit: p.budget}, &InfeasibleError{What: "hours", Limit: p.hours}
	for i, s := range p.sources {
		if p.low[i] > 0 {
			spend.add(s.Name, p.low[i])
			hours.add(s.Name, s.Hours*s.Curve.Leads(p.low[i]))
		}
	}
	if spend.Needed > p.budget*(1+1e-12) {
		return spend
	}
	if hours.Needed > p.hours*(1+1e-12) {
		return hours
	}
	return nil
}

func (e *InfeasibleError) add(name string, uses float64) {
	e.Needed += uses
	e.Sources, e.LeastUses = append(e.Sources, name), append(e.LeastUses, uses)
}

// worth is w − μh.
func (p *problem) worth(i int, mu float64) float64 { return p.sources[i].Worth - mu*p.sources[i].Hours }

// value is the objective, Σ w·f − φ·s.
func (p *problem) value(spend []float64) float64 {
	total := 0.0
	for i, s := range spend {
		total += p.sources[i].Worth*p.sources[i].Curve.Leads(s) - p.floor*s
	}
	return total
}

func (p *problem) hoursOf(spend []float64) float64 {
	total := 0.0
	for i, s := range spend {
		total += p.sources[i].Hours * p.sources[i].Curve.Leads(s)
	}
	return total
}
