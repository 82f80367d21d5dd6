package budget

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// PlanResult is the answer to a plan: what the command line, the server and a page show.
type PlanResult struct {
	Summary     string            `json:"summary"`
	Binds       string            `json:"binds"`                // what keeps it from earning more, and what relaxing it buys
	Difference  *Difference       `json:"difference,omitempty"` // to the baseline that was asked for
	Fingerprint string            `json:"fingerprint"`          // SHA-256 of the plan with its model
	Sources     []Advice          `json:"sources"`
	Now         Outcomes          `json:"now"`
	Planned     Outcomes          `json:"planned"`
	Gain        float64           `json:"gain"`    // of profit, planned − now
	Spend       Money             `json:"spend"`   // of all sources, the sum of theirs
	Unspent     Figure            `json:"unspent"` // of the budget without its reserve
	Reserve     Money             `json:"reserve"`
	Certificate Certificate       `json:"certificate"`
	Capacity    *TeamLoad         `json:"capacity,omitempty"` // nil if the plan counts no hours
	Confidence  *Confidence       `json:"confidence,omitempty"`
	Experiments *ExperimentAdvice `json:"experiments,omitempty"`
	Scenarios   []Scenario        `json:"scenarios,omitempty"`
	Tornado     []TornadoRow      `json:"tornado,omitempty"` // with the scenarios: which doubt moves the profit most
	Warnings    []string          `json:"warnings"`
	Plan        Plan              `json:"plan"` // all that the answer depends on
}

// Advice is what a plan says of a source.
type Advice struct {
	Name         string  `json:"name"`
	Current      float64 `json:"current"`
	Spend        Money   `json:"spend"`
	Change       float64 `json:"change"` // spend − current
	LeadsNow     float64 `json:"leads_now"`
	Leads        float64 `json:"leads"`
	Value        float64 `json:"value"`         // v, of a lead
	SalesCost    float64 `json:"sales_cost"`    // s, of a lead
	Cap          Cap     `json:"cap"`           // on the cost of a lead
	AverageCost  Figure  `json:"average_cost"`  // of a lead at the recommended spend
	MarginalCost Figure  `json:"marginal_cost"` // of the last lead
	MarginalROI  float64 `json:"marginal_roi"`  // of the next dollar: its λ − 1
	Stops        Stops   `json:"stops"`         // where to stop by the average, by the marginal lead, for most profit
	Bound        Bound   `json:"bound,omitempty"`
	BoundPrice   float64 `json:"bound_price"`
	Extrapolated bool    `json:"extrapolated"` // beyond half to one and a half times what was observed
	Assumed      bool    `json:"assumed"`      // the curve's elasticity is mostly assumed
}

// Certificate is the proof that nothing is better.
type Certificate struct {
	Lambda  float64   `json:"lambda"` // gross profit of the next dollar
	Mu      float64   `json:"mu"`     // of one more hour
	Spread  float64   `json:"spread"` // largest relative distance of a free source's next dollar from λ: equal marginals
	Gap     float64   `json:"gap"`    // to the bound of the dual problem, relative
	Binding []Binding `json:"binding"`
}

// Binding is a limit that holds, with what relaxing it by one would bring.
type Binding struct {
	What   string  `json:"what"`             // budget, hours, low, high or locked
	Source string  `json:"source,omitempty"` // whose bound it is
	Limit  float64 `json:"limit"`
	Price  float64 `json:"price"`
}

// TeamLoad compares the hours of the team with those that the plan's leads take.
type TeamLoad struct {
	Available   Figure  `json:"available"`
	Used        float64 `json:"used"`
	Idle        Figure  `json:"idle"`
	Utilization Figure  `json:"utilization"`
	Mu          float64 `json:"mu"` // what one more hour would bring, beyond its cost where that is in the sales cost
	HourCost    float64 `json:"hour_cost"`
	Unlimited   float64 `json:"unlimited"` // hours that the best plan without a limit of hours would take
	Words       string  `json:"words"`
}

// Ask says what a plan's answer holds beside the recommendation.
type Ask struct {
	Baseline *Plan    // to compare with, nil = nothing
	Presets  bool     // the scenarios that people ask for first, and what each doubt is worth
	Changes  []Change // further scenarios
}

// Answer solves a plan and reports on it. It stops with ctx's error when ctx is done.
func (p Plan) Answer(ctx context.Context, ask Ask) (*PlanResult, error) {
	best, err := p.Solve()
	if err != nil {
		return nil, err
	}
	a, c := best.Allocation, p.Limits.Currency
	r := &PlanResult{
		Plan: p, Fingerprint: best.Sum, Binds: a.Words(c), Now: best.Now, Planned: best.Planned, Gain: best.Gain,
		Spend: Money{Currency: c}, Unspent: a.Unspent, Certificate: p.certificate(a), Warnings: append([]string{}, a.Warnings...),
	}
	r.Reserve, _ = c.Maximum(a.Reserve)
	for i := range p.Sources {
		advice, err := p.advice(i, a)
		if err != nil {
			return nil, err
		}
		r.Sources = append(r.Sources, advice)
		r.Spend.Minor += advice.Spend.Minor
	}
	if r.Capacity, err = p.load(a); err != nil {
		return nil, err
	}
	if r.Confidence, err = p.Confidence(ctx, a); err != nil {
		return nil, err
	}
	if r.Experiments, err = p.experiments(r.Reserve); err != nil {
		return nil, err
	}
	r.warn()
	r.Summary = r.summary()
	return r, p.compare(ctx, ask, best, r)
}

// compare adds the scenarios and the difference to the baseline.
func (p Plan) compare(ctx context.Context, ask Ask, best *Recommendation, r *PlanResult) error {
	changes := ask.Changes
	if ask.Presets {
		changes = append(p.Presets(), changes...)
	}
	for _, change := range changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.Scenarios = append(r.Scenarios, p.scenario(change, best.Planned))
	}
	if ask.Presets {
		var err error
		if r.Tornado, err = p.Tornado(ctx, p.Swings()); err != nil {
			return err
		}
	}
	if ask.Baseline == nil || ask.Baseline.Fingerprint() == r.Fingerprint {
		return nil
	}
	var err error
	r.Difference, err = p.difference(*ask.Baseline, best)
	return err
}

func (p Plan) advice(i int, a *Allocation) (Advice, error) {
	s, x := &p.Sources[i], &a.Shares[i]
	v, cost := s.Path.Conversion()*s.Profit, s.Path.SalesCost()
	limit, err := p.capAt(v, cost, a.Mu*s.Hours)
	if err != nil {
		return Advice{}, err
	}
	worth := v - a.Mu*s.Hours
	if p.Basis != Marketing {
		worth -= cost
	}
	stops, err := s.Curve.Stops(limit.Max, worth)
	if err != nil {
		return Advice{}, err
	}
	advice := Advice{
		Name: s.Name, Current: s.Current, Spend: x.Money, Change: x.Money.Major() - s.Current, LeadsNow: s.Curve.Leads(s.Current), Leads: x.Leads,
		Value: v, SalesCost: cost, Cap: limit, AverageCost: x.AverageCost, MarginalCost: x.MarginalCost, MarginalROI: x.Return - 1,
		Stops: stops, Bound: x.Bound, BoundPrice: x.BoundPrice,
	}
	if s.Known != nil {
		advice.Extrapolated = x.Spend > 0 && s.Known.Response.Extrapolates(x.Spend)
		advice.Assumed = s.Known.Response.Assumed
	}
	return advice, nil
}

// capAt is the cap on the cost of a lead whose hours are worth μh, such that a source that stops at the target stops
// where its last lead costs the cap: μ is profit, of which one that is invested returns 1 + r, and the price of hours
// is not among what the marketing basis leaves out.
func (p Plan) capAt(v, cost, muHours float64) (Cap, error) {
	t := Target{p.Limits.ROI, p.Basis}
	switch {
	case p.Basis == Marketing:
		return t.Cap(v-muHours, 0, 0)
	case p.Basis == InInvestment && p.Limits.Mode == StopAtTarget:
		muHours /= 1 + p.Limits.ROI
	}
	return t.Cap(v, cost, muHours)
}

func (p Plan) certificate(a *Allocation) Certificate {
	c := Certificate{Lambda: a.Lambda, Mu: a.Mu, Gap: a.Gap, Binding: []Binding{}}
	q := newProblem(p.sources(), p.Limits)
	if p.Limits.Budget != nil && a.Spent >= q.budget*(1-1e-9) && a.Lambda > q.floor*(1+1e-9) {
		c.Binding = append(c.Binding, Binding{What: "budget", Limit: *p.Limits.Budget, Price: a.Lambda - q.floor})
	}
	if a.Mu > 0 {
		c.Binding = append(c.Binding, Binding{What: "hours", Limit: *p.Limits.Hours, Price: a.Mu})
	}
	for i, x := range a.Shares {
		if x.Bound == Free {
			if x.Spend > q.low[i] && x.Spend < q.high[i] && a.Lambda > 0 {
				c.Spread = max(c.Spread, math.Abs(x.Return/a.Lambda-1))
			}
			continue
		}
		if x.Spend > 0 || x.Bound != AtLow { // a source that is not worth a first dollar is no bound that anybody set
			c.Binding = append(c.Binding, Binding{What: string(x.Bound), Source: x.Name, Limit: x.Spend, Price: x.BoundPrice})
		}
	}
	return c
}

// load compares hours; nil if no lead takes any and none are given.
func (p Plan) load(a *Allocation) (*TeamLoad, error) {
	if p.Limits.Hours == nil && a.Hours == 0 {
		return nil, nil
	}
	l := &TeamLoad{Available: Unknown(Unmeasured), Idle: Unknown(Unmeasured), Utilization: Unknown(Unmeasured), Used: a.Hours, Mu: a.Mu, HourCost: p.HourCost, Unlimited: a.Hours}
	c := p.Limits.Currency
	if p.Limits.Hours == nil {
		l.Words = fmt.Sprintf("the plan's leads take %.0f hours of the team", a.Hours)
		return l, nil
	}
	hours := *p.Limits.Hours
	l.Available, l.Idle, l.Utilization = Known(hours), Known(max(hours-a.Hours, 0)), over(a.Hours, hours, NoLeads)
	if a.Mu == 0 {
		l.Words = fmt.Sprintf("the team has %.0f hours and the plan's leads take %.0f: hours are idle, one more would bring nothing", hours, a.Hours)
		return l, nil
	}
	free := p.Limits
	free.Hours = nil
	b, err := Allocate(p.sources(), free)
	if err != nil {
		return nil, err
	}
	l.Unlimited = b.Hours
	l.Words = fmt.Sprintf("the team's %.0f hours are used up, for the leads of the best spends would take %.0f: one more hour would bring %s beside what it costs, so that a larger team pays", hours, b.Hours, c.Format(a.Mu))
	return l, nil
}

// warn adds what is extrapolated and what is assumed.
func (r *PlanResult) warn() {
	var beyond, assumed []string
	for _, x := range r.Sources {
		if x.Extrapolated {
			beyond = append(beyond, x.Name)
		}
		if x.Assumed && x.Spend.Minor > 0 {
			assumed = append(assumed, x.Name)
		}
	}
	if len(beyond) > 0 {
		r.Warnings = append(r.Warnings, "extrapolated, beyond half to one and a half times what was ever spent: "+strings.Join(beyond, ", "))
	}
	if len(assumed) > 0 {
		r.Warnings = append(r.Warnings, "how leads answer to spend is mostly assumed, for lack of periods of different spend: "+strings.Join(assumed, ", "))
	}
}

// summary is the recommendation in a sentence.
func (r *PlanResult) summary() string {
	c := r.Plan.Limits.Currency
	up, down := r.moves(1), r.moves(-1)
	if len(up)+len(down) == 0 {
		return fmt.Sprintf("spend %s as today: %s", r.Spend, r.Binds)
	}
	text := fmt.Sprintf("spend %s%s", r.Spend, r.Plan.a())
	for _, part := range []struct {
		words string
		moves []string
	}{{"more on", up}, {"less on", down}} {
		if len(part.moves) > 0 {
			text += ", " + part.words + " " + strings.Join(part.moves, ", ")
		}
	}
	text += fmt.Sprintf(": %s of expected profit", signed(c, r.Gain))
	if k := r.Confidence; k != nil {
		low, _ := k.GainLow.Value()
		high, _ := k.GainHigh.Value()
		better, _ := k.Better.Value()
		text += fmt.Sprintf(" (80 %%: %s to %s); %.0f %% likely better than today", signed(c, low), signed(c, high), 100*better)
		if k.Moves != nil {
			text += fmt.Sprintf(", so make smaller moves: %.0f %% of the way", 100*k.Moves.Step)
		}
	}
	return text
}

// a is " a month", "" if the plan does not name its period.
func (p Plan) a() string {
	if p.Period == "" {
		return ""
	}
	return " a " + p.Period
}

func signed(c Currency, x float64) string {
	if x >= 0 {
		return "+" + round(c, x)
	}
	return round(c, x)
}

// namedMoves is how many sources the summary names in each direction.
const namedMoves = 3

// moves are the sources whose spend goes up (1) or down (−1) by more than a percent, most first, with by how much.
func (r *PlanResult) moves(direction float64) (words []string) {
	var moved []Advice
	for _, x := range r.Sources {
		if direction*x.Change > 0.01*max(x.Current, 1) {
			moved = append(moved, x)
		}
	}
	slices.SortStableFunc(moved, func(a, b Advice) int { return cmp.Compare(direction*b.Change, direction*a.Change) })
	for i, x := range moved {
		if i == namedMoves {
			return append(words, fmt.Sprintf("%d more", len(moved)-i))
		}
		words = append(words, fmt.Sprintf("%s (%s)", x.Name, round(r.Plan.Limits.Currency, math.Abs(x.Change))))
	}
	return words
}

// round writes an amount in whole units: a sentence needs no cents.
func round(c Currency, x float64) string {
	if math.Abs(x) < 10 {
		return c.Format(x)
	}
	return c.Format(math.Round(x))
}
