package model

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// A plan from what is at hand: each source's curve from the leads and the spend of its past periods, p·m from the
// model over its leads, its sales cost from the policy, how well these are known from the outcomes of mature leads.
// The path of a source has the stages that cost something, at the reach rates S_k of the policy, and the sale:
//
//	q_k = S_k+1/S_k,   the last one p/S,   so that the conversion is the mean p and p·m the mean value
//
// A source whose reach rates do not fall to its mean p, for lack of leads, has no stages in between: all of the sales
// cost but that of the sale is one of the lead. The price of hours is a cost of the first stage.

// PlanOptions say what a plan is made of.
type PlanOptions struct {
	Spend []budget.Spend // by period and source; nil = what the leads' own cost column says, by calendar month
	AsOf  string         // moment of maturity, "" = the latest time in the data
	Seed  uint64
}

// latestPeriods are those whose mean spend is what is spent today.
const latestPeriods = 3

// assumedPersonHours are the hours of a person of the team in a month that go into leads: an assumption, for the
// scenario of one person more.
const assumedPersonHours = 120

// Plan makes a plan of the leads of a table: without a limit of budget or hours, which are the caller's to set, stopping
// at the policy's target return, with a tenth in reserve for experiments on the sources. No source gets more than one
// and a half times what was ever spent on it in a period: beyond that nobody knows what it would buy, and what looks
// best there is mostly luck. Sources that nothing was spent on are left out, with a warning. The table's schema must fit
// the model's.
func (m *Model) Plan(table *features.Table, o PlanOptions) (*budget.Plan, []Warning, error) {
	if err := m.NoMoney(); err != nil {
		return nil, nil, fmt.Errorf("model: plan: %w", err)
	}
	source := table.Schema.ByRole(features.RoleSource)
	if source < 0 || table.Columns[source].Codes.Len() == 0 {
		return nil, nil, errors.New("model: plan: no column has the role source: money cannot be moved between sources")
	}
	x, err := m.economist(table, EconomicsOptions{Spend: o.Spend, AsOf: o.AsOf, Seed: o.Seed, Level: IntervalLevel})
	if err != nil {
		return nil, nil, err
	}
	if x.l.created == nil {
		return nil, nil, errors.New("model: plan: no column has the role created_at: leads cannot be told by period")
	}
	parts := x.partition(source)
	rows, err := x.rows(parts)
	if err != nil {
		return nil, nil, err
	}
	clock := x.periods(parts)
	if len(clock.starts) == 0 {
		return nil, nil, errors.New("model: plan: no whole period has both leads and a record of spend")
	}
	p, warnings, err := x.plan(rows, parts, clock)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range x.costDoubts() {
		if w.Code != costOfSourceUnknown { // told as a source that is left out
			warnings = append(warnings, w)
		}
	}
	return p, warnings, nil
}

// plan puts the sources together.
func (x *economist) plan(rows []EconomicRow, parts partition, clock periodClock) (*budget.Plan, []Warning, error) {
	p := budget.DefaultPlan()
	policy := x.m.policy
	p.Model, p.Period, p.Basis, p.HourCost, p.PersonHours = x.m.Identity().ID, clock.word(), policy.Basis, policy.HourPrice, assumedPersonHours
	p.Limits.ROI, p.Limits.Currency = policy.ROI, policy.Currency
	series, chosen, warnings := x.histories(rows, parts, clock)
	fits, err := budget.FitCurves(series)
	if err != nil {
		return nil, nil, fmt.Errorf("model: plan: %w", err)
	}
	var arms []budget.Arm
	for k, i := range chosen {
		s := x.planSource(&rows[i], parts.members[i], &fits[k], series[k])
		p.Sources = append(p.Sources, s)
		if arm, fit := armOf(s, p.Limits.ROI, p.Basis); fit {
			arms = append(arms, arm)
		}
	}
	if len(arms) > 0 {
		p.Experiments = budget.DefaultExperiments(arms)
	} else {
		p.Limits.Reserve = 0
	}
	if len(p.Sources) == 0 {
		return nil, nil, errors.New("model: plan: no source has both leads and spend in a whole period")
	}
	if err := p.Validate(); err != nil {
		return nil, nil, fmt.Errorf("model: plan: %w", err)
	}
	return &p, warnings, nil
}

// histories are those of the sources that something was spent on, the largest spends if there are too many for a plan.
func (x *economist) histories(rows []EconomicRow, parts partition, clock periodClock) (series [][]budget.SpendPoint, chosen []int, warnings []Warning) {
	spent := func(i int) (total float64) {
		for _, s := range clock.spend[rows[i].Value] {
			total += s
		}
		return total
	}
	all := make([][]budget.SpendPoint, len(rows))
	for i := range rows {
		all[i] = x.history(parts.members[i], clock, clock.spend[rows[i].Value])
		if slices.ContainsFunc(all[i], func(s budget.SpendPoint) bool { return s.Spend > 0 && s.Leads > 0 }) {
			chosen = append(chosen, i)
			continue
		}
		warnings = append(warnings, Warning{Code: "no_spend", Detail: fmt.Sprintf("%s is not planned: nothing was spent on it in a period with leads", rows[i].Value)})
	}
	if over := len(chosen) - budget.MaxPlanSources; over > 0 {
		slices.SortStableFunc(chosen, func(a, b int) int { return cmp.Compare(spent(b), spent(a)) })
		chosen = chosen[:budget.MaxPlanSources]
		slices.Sort(chosen)
		warnings = append(warnings, Warning{Code: "too_many_sources", Detail: fmt.Sprintf("%d sources of the least spend are not planned", over)})
	}
	for _, i := range chosen {
		series = append(series, all[i])
	}
	return series, chosen, warnings
}

// planSource is one source of a plan.
func (x *economist) planSource(row *EconomicRow, members []int32, fit *budget.CurveFit, points []budget.SpendPoint) budget.PlanSource {
	p, _ := row.Probability.Value()
	profit, _ := row.ProfitPerSale.Value()
	level := x.m.sourceLevel(x.l.table)(members[0])
	s := budget.PlanSource{
		Name: row.Value, Curve: fit.Curve, Path: x.m.policy.pathOf(p, x.m.policy.reach(level)), Profit: profit, Hours: x.m.policy.HoursPerLead,
	}
	s.High = new(math.Ceil(fit.Reach()))
	last := points[max(0, len(points)-latestPeriods):]
	for _, point := range last {
		s.Current += point.Spend / float64(len(last))
	}
	if row.Posterior != nil {
		s.Known = &budget.Knowledge{Rate: row.Posterior.Rate, ProfitLogSE: min(row.Posterior.ProfitLogSE, budget.WorstLogSE), Response: fit.CurveEvidence}
	}
	return s
}

// pathOf is the way of leads of a mean probability through the stages that cost something.
func (p *policyEffect) pathOf(probability float64, reach []float64) budget.Path {
	path := budget.Path{Stages: []string{LeadStage}, Costs: []float64{p.HoursPerLead * p.HourPrice}}
	reached, won, between := []float64{1}, 0.0, 0.0
	for k, c := range p.StageCosts {
		switch {
		case c.Stage == budget.WonStage:
			won = c.Cost
		case c.Stage == LeadStage:
			path.Costs[0] += c.Cost
		default:
			path.Stages, path.Costs, reached = append(path.Stages, c.Stage), append(path.Costs, c.Cost), append(reached, reach[k])
			between += reach[k] * c.Cost
		}
	}
	reached = append(reached, probability)
	if !slices.IsSortedFunc(reached, func(a, b float64) int { return cmp.Compare(b, a) }) {
		path = budget.Path{Stages: path.Stages[:1], Costs: []float64{path.Costs[0] + between}}
		reached = []float64{1, probability}
	}
	path.Stages, path.Costs = append(path.Stages, budget.WonStage), append(path.Costs, won)
	for k := range reached[1:] {
		rate := 0.0
		if reached[k] > 0 {
			rate = reached[k+1] / reached[k]
		}
		path.Rates = append(path.Rates, rate)
	}
	return path
}

// armOf is a source as an arm of the experiments, at today's cost of a lead: a success is worth what makes rate × value
// the worth of a lead, so that the price is within the cap where rate × value > (1 + r) × price.
func armOf(s budget.PlanSource, roi float64, basis budget.Basis) (arm budget.Arm, fit bool) {
	p := s.Path.Conversion()
	price, priced := s.Curve.AverageCost(s.Current).Value()
	if s.Known == nil || p <= 0 || !priced || price <= 0 {
		return arm, false
	}
	cost := s.Path.SalesCost()
	switch basis {
	case budget.Marketing:
		cost = 0
	case budget.InInvestment:
		cost *= 1 + roi
	}
	value := s.Profit - cost/p
	rate := s.Known.Rate
	return budget.Arm{Name: s.Name, Rate: budget.BetaOf(min(p, 1-1e-9), rate.Strength()), Value: value, Price: price}, true
}

// periodClock is the whole periods that leads and spend are counted in, and the spend by source and period.
type periodClock struct {
	starts []time.Time
	end    time.Time // of the last
	spend  map[string][]float64
}

// periods finds the periods that are over: those of the record of spend, each as long as the next one's start says,
// the last as long as the one before; or calendar months.
func (x *economist) periods(parts partition) periodClock {
	var starts []time.Time
	if x.o.Spend != nil {
		for _, s := range x.o.Spend {
			starts = append(starts, s.Start)
		}
	} else {
		for at := x.clock.from; at.Before(x.clock.asOf); at = at.AddDate(0, 1, 0) {
			starts = append(starts, at)
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	starts = slices.CompactFunc(starts, time.Time.Equal)
	ends := endsOf(starts)
	c := periodClock{spend: map[string][]float64{}}
	for i, start := range starts {
		// A day is granted: the latest time in the data stands for its day.
		if !start.Before(x.clock.from) && ends[i].Sub(x.clock.asOf) <= 24*time.Hour {
			c.starts, c.end = append(c.starts, start), ends[i]
		}
	}
	for i, name := range parts.names {
		c.spend[name] = make([]float64, len(c.starts))
		if x.o.Spend == nil && x.cost != nil {
			for _, r := range parts.members[i] {
				if k := c.of(x.l.created[r]); k >= 0 && x.cost(int(r)) > 0 {
					c.spend[name][k] += x.l.weight(r) * x.cost(int(r))
				}
			}
		}
	}
	for _, s := range x.o.Spend {
		if k := c.of(s.Start.UnixMicro()); k >= 0 && c.spend[s.Source] != nil {
			c.spend[s.Source][k] += s.Amount
		}
	}
	return c
}

// endsOf returns where each period ends: at the start of the next; the last is as long as the one before, or a month.
func endsOf(starts []time.Time) []time.Time {
	ends := make([]time.Time, len(starts))
	for i := range starts {
		switch {
		case i+1 < len(starts):
			ends[i] = starts[i+1]
		case i == 0 || monthly(starts):
			ends[i] = starts[i].AddDate(0, 1, 0)
		default:
			ends[i] = starts[i].Add(starts[i].Sub(starts[i-1]))
		}
	}
	return ends
}

// monthly reports whether all periods start on the first of consecutive months.
func monthly(starts []time.Time) bool {
	for i, s := range starts {
		if s.Day() != 1 || i > 0 && !starts[i-1].AddDate(0, 1, 0).Equal(s) {
			return false
		}
	}
	return true
}

// of returns the period that a time is in, −1 if it is in none.
func (c *periodClock) of(micros int64) int {
	if micros == features.NoTime {
		return -1
	}
	at := time.UnixMicro(micros).UTC()
	if !at.Before(c.end) {
		return -1
	}
	k, exact := slices.BinarySearchFunc(c.starts, at, time.Time.Compare)
	if exact {
		return k
	}
	return k - 1
}

// word is what a period is called.
func (c *periodClock) word() string {
	days := c.end.Sub(c.starts[len(c.starts)-1]).Hours() / 24
	switch {
	case days >= 28 && days <= 31:
		return "month"
	case days == 7:
		return "week"
	case days >= 89 && days <= 92:
		return "quarter"
	}
	return "period"
}

// history is what each period's spend bought, in order of time.
func (x *economist) history(rows []int32, c periodClock, spend []float64) []budget.SpendPoint {
	points := make([]budget.SpendPoint, len(c.starts))
	for k := range points {
		points[k].Spend = spend[k]
	}
	for _, r := range rows {
		if k := c.of(x.l.created[r]); k >= 0 {
			points[k].Leads += x.l.weight(r)
		}
	}
	return points
}
