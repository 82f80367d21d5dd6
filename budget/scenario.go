package budget

import (
	"math"
	"slices"
)

// Change is what a scenario changes of a plan: what is nil or empty stays as it is.
type Change struct {
	Name    string             `json:"name"`
	ROI     *float64           `json:"target_roi,omitempty"`
	Reserve *float64           `json:"reserve,omitempty"`
	Budget  *float64           `json:"budget_factor,omitempty"`
	Hours   *float64           `json:"hours_added,omitempty"`   // negative to take away
	Profit  *float64           `json:"profit_factor,omitempty"` // of every sale
	Price   *float64           `json:"price_factor,omitempty"`  // of every lead
	Prices  map[string]float64 `json:"price_factors,omitempty"` // by source
	Values  map[string]float64 `json:"value_factors,omitempty"` // of the profit of a sale, by source
	Leads   map[string]float64 `json:"lead_factors,omitempty"`  // of what any spend brings, by source
	Rates   map[string]float64 `json:"rate_factors,omitempty"`  // by stage that is left
	Lifts   map[string]float64 `json:"rate_lifts,omitempty"`    // by stage that is left, in points: 0.05
	Costs   map[string]float64 `json:"cost_factors,omitempty"`  // by stage that is entered
	Least   map[string]float64 `json:"least,omitempty"`         // spend, by source
	Most    map[string]float64 `json:"most,omitempty"`          // spend, by source
}

// With returns the plan with a change; the plan itself stays as it is. Rates end at 0 and 1.
func (p Plan) With(c Change) (Plan, error) {
	if err := c.check(p); err != nil {
		return Plan{}, err
	}
	p.Limits = c.limits(p.Limits)
	p.Sources = slices.Clone(p.Sources)
	for i := range p.Sources {
		c.source(&p.Sources[i])
	}
	return p, p.Validate()
}

func (c Change) check(p Plan) error {
	var b bounds
	isSource := func(name string) bool {
		return slices.ContainsFunc(p.Sources, func(s PlanSource) bool { return s.Name == name })
	}
	isStage := func(name string) bool {
		return slices.ContainsFunc(p.Sources, func(s PlanSource) bool { return slices.Contains(s.Path.Stages, name) })
	}
	names := func(field string, values map[string]float64, exists func(string) bool, negative bool) {
		for name, x := range values {
			b.require(exists(name), field, name, "a name of the plan")
			b.require(isAmount(x) && (negative || x >= 0), field+"."+name, x, "a number of at most 1e15, not negative")
		}
	}
	names("prices", c.Prices, isSource, false)
	names("values", c.Values, isSource, false)
	names("leads", c.Leads, isSource, false)
	names("least", c.Least, isSource, false)
	names("most", c.Most, isSource, false)
	names("rates", c.Rates, isStage, false)
	names("lifts", c.Lifts, isStage, true)
	names("costs", c.Costs, isStage, false)
	for _, f := range []struct {
		name string
		x    *float64
	}{{"budget_factor", c.Budget}, {"profit_factor", c.Profit}, {"price_factor", c.Price}} {
		if f.x != nil {
			b.positive(f.name, *f.x)
		}
	}
	for name, x := range c.Prices {
		b.positive("prices."+name, x)
	}
	for name, x := range c.Leads {
		b.positive("leads."+name, x)
	}
	return b.err()
}

func (c Change) limits(l Limits) Limits {
	if c.ROI != nil {
		l.ROI = *c.ROI
	}
	if c.Reserve != nil {
		l.Reserve = *c.Reserve
	}
	if c.Budget != nil && l.Budget != nil {
		scaled := *l.Budget * *c.Budget
		l.Budget = &scaled
	}
	if c.Hours != nil && l.Hours != nil {
		hours := max(*l.Hours+*c.Hours, 0)
		l.Hours = &hours
	}
	return l
}

func (c Change) source(s *PlanSource) {
	if c.Profit != nil {
		s.Profit *= *c.Profit
	}
	if c.Price != nil {
		s.Curve = s.Curve.Inflated(*c.Price)
	}
	if factor, has := c.Prices[s.Name]; has {
		s.Curve = s.Curve.Inflated(factor)
	}
	if factor, has := c.Values[s.Name]; has {
		s.Profit *= factor
	}
	if factor, has := c.Leads[s.Name]; has {
		s.Curve.A *= factor
	}
	if least, has := c.Least[s.Name]; has {
		s.Low = least
	}
	if most, has := c.Most[s.Name]; has {
		s.High = &most
	}
	s.Path = c.path(s.Path)
}

func (c Change) path(p Path) Path {
	p.Rates, p.Costs = slices.Clone(p.Rates), slices.Clone(p.Costs)
	for k, stage := range p.Stages {
		if factor, has := c.Costs[stage]; has {
			p.Costs[k] *= factor
		}
		if k == len(p.Rates) {
			break
		}
		if factor, has := c.Rates[stage]; has {
			p.Rates[k] *= factor
		}
		p.Rates[k] = min(max(p.Rates[k]+c.Lifts[stage], 0), 1)
	}
	return p
}

// Scenario is a change and what it does to the recommendation.
type Scenario struct {
	Name       string          `json:"name"`
	Answer     *Recommendation `json:"answer,omitempty"`
	Spend      float64         `json:"spend"`  // the difference to the plan
	Sales      float64         `json:"sales"`  // the difference to the plan
	Profit     float64         `json:"profit"` // the difference to the plan
	Binds      string          `json:"binds,omitempty"`
	Impossible string          `json:"impossible,omitempty"` // why there is no answer, "" if there is one
}

// scenario solves the plan with a change; base is what it brings without. A change that cannot be, such as a budget below
// the least spends, is a scenario without an answer.
func (p Plan) scenario(c Change, base Outcomes) Scenario {
	s := Scenario{Name: c.Name}
	changed, err := p.With(c)
	if err == nil {
		s.Answer, err = changed.Solve()
	}
	if err != nil {
		s.Impossible = err.Error()
		return s
	}
	s.Spend, s.Sales = s.Answer.Planned.Spend-base.Spend, s.Answer.Planned.Sales-base.Sales
	s.Profit = s.Answer.Planned.Profit - base.Profit
	s.Binds = s.Answer.Allocation.Words(changed.Limits.Currency)
	return s
}

// Presets are the changes that people ask for first, of what the plan has: without a budget there is none to raise.
func (p Plan) Presets() (changes []Change) {
	if p.Limits.Mode == StopAtTarget {
		changes = append(changes, Change{Name: "target return 10 points higher", ROI: added(p.Limits.ROI, 0.1)},
			Change{Name: "target return 10 points lower", ROI: added(max(p.Limits.ROI, -0.8), -0.1)})
	}
	if p.Limits.Budget != nil {
		changes = append(changes, Change{Name: "budget 20 % higher", Budget: added(1.2, 0)}, Change{Name: "budget 20 % lower", Budget: added(0.8, 0)})
	}
	if p.Limits.Hours != nil && p.PersonHours > 0 {
		changes = append(changes, Change{Name: "one person more", Hours: added(p.PersonHours, 0)},
			Change{Name: "one person fewer", Hours: added(-p.PersonHours, 0)})
	}
	changes = append(changes, Change{Name: "leads cost 15 % more", Price: added(1.15, 0)})
	if stage := p.weakest(0.05); stage != "" {
		changes = append(changes, Change{Name: "5 points more of " + stage + " go on", Lifts: map[string]float64{stage: 0.05}})
	}
	for _, s := range p.Sources {
		changes = append(changes, Change{Name: "without " + s.Name, Least: map[string]float64{s.Name: 0}, Most: map[string]float64{s.Name: 0}})
	}
	return changes
}

func added(x, y float64) *float64 { x += y; return &x }

// weakest is the stage whose lift is worth most at the current spends.
func (p Plan) weakest(lift float64) string {
	worth := make(map[string]float64)
	best, most := "", math.Inf(-1)
	for _, s := range p.Sources {
		gains, err := s.Path.Repairs(s.Profit, lift)
		if err != nil {
			return ""
		}
		for k, gain := range gains {
			stage := s.Path.Stages[k]
			worth[stage] += gain * s.Curve.Leads(s.Current)
		}
	}
	for stage, gain := range worth {
		if gain > most || gain == most && stage < best {
			best, most = stage, gain
		}
	}
	return best
}
