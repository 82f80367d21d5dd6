package budget

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// A plan is an allocation with what it rests on: the way of each source's leads to a sale and what a sale brings, all
// in one period such as a month. The value of a lead to the optimiser depends on what counts as the investment:
//
//	w = v                  marketing
//	w = v − s              cost of sale, and whenever the target return is not the rule
//	w = v − (1 + r)·s      in investment, stopping at the target: the last lead then costs v/(1+r) − s, the cap

// PlanSource is a source of a plan.
type PlanSource struct {
	Name    string     `json:"name"`
	Curve   Curve      `json:"curve"`   // leads of a period by its spend
	Path    Path       `json:"path"`    //
	Profit  float64    `json:"profit"`  // m
	Hours   float64    `json:"hours"`   // h, of a lead
	Current float64    `json:"current"` // what is spent on it now
	Low     float64    `json:"low"`
	High    *float64   `json:"high,omitempty"`  // nil = no limit
	Known   *Knowledge `json:"known,omitempty"` // nil = taken for certain
}

// Knowledge is how well a source is known.
type Knowledge struct {
	Rate        Beta          `json:"rate"`          // of a sale: its spread, relative to its mean, counts
	ProfitLogSE float64       `json:"profit_log_se"` // of m
	Response    CurveEvidence `json:"response"`
}

// Plan is all that a recommendation depends on.
type Plan struct {
	Model       string       `json:"model,omitempty"`  // whose probabilities and values the plan holds
	Period      string       `json:"period,omitempty"` // such as month
	Basis       Basis        `json:"roi_basis"`
	Limits      Limits       `json:"limits"`
	HourCost    float64      `json:"hour_cost"`    // what an hour of the team costs: to compare μ with; in the path's costs already
	PersonHours float64      `json:"person_hours"` // of one of the team in a period, for scenarios; 0 = unknown
	Draws       int          `json:"draws"`        // how often the plan is solved again; 0 = not at all
	Seed        uint64       `json:"seed"`
	Sources     []PlanSource `json:"sources"`
	Experiments *Experiments `json:"experiments,omitempty"` // what the reserve tries
}

// Experiments are what the reserve tries, each arm that goes on with at least the floor's share of it.
type Experiments struct {
	Floor float64 `json:"floor"` // see [Thompson]
	Draws int     `json:"draws"`
	Arms  []Arm   `json:"arms"`
}

// DefaultExperiments have a floor of 5 % and 4,000 draws.
func DefaultExperiments(arms []Arm) *Experiments {
	return &Experiments{Floor: DefaultFloor, Draws: 4000, Arms: arms}
}

// DefaultPlan has no sources: it stops at a return of 25 % on all investment, with a tenth in reserve.
func DefaultPlan() Plan {
	return Plan{
		Period: "month", Basis: InInvestment, Draws: DefaultDraws, Seed: 1,
		Limits: Limits{Mode: StopAtTarget, Reserve: 0.1, ROI: 0.25, Currency: "USD"},
	}
}

// The most that a plan may hold, so that its answer takes seconds.
const (
	MaxPlanSources = 100
	MaxPlanDraws   = 2000
	maxArmDraws    = 100_000
)

// Validate lists what is out of bounds. Bounds that no plan can keep are told by [Plan.Solve].
func (p Plan) Validate() error {
	var b bounds
	Target{p.Limits.ROI, p.Basis}.check(&b)
	b.amount("hour_cost", p.HourCost)
	b.amount("person_hours", p.PersonHours)
	b.require(p.Draws >= 0 && p.Draws <= MaxPlanDraws, "draws", p.Draws, "from 0 to 2000")
	b.require(len(p.Sources) <= MaxPlanSources, "sources", len(p.Sources), "at most 100")
	names := make(map[string]bool)
	for i, s := range p.Sources {
		b.require(s.Name != "" && !names[s.Name], at("sources", i)+".name", s.Name, "a name of its own")
		names[s.Name] = true
		s.check(&b, at("sources", i))
	}
	if p.Experiments != nil {
		p.Experiments.check(&b)
	}
	return b.err()
}

func (s *PlanSource) check(b *bounds, name string) {
	b.finite(name+".profit", s.Profit)
	b.amount(name+".current", s.Current)
	s.Path.check(b, name+".path.")
	if k := s.Known; k != nil {
		b.positive(name+".known.rate.alpha", k.Rate.Alpha)
		b.positive(name+".known.rate.beta", k.Rate.Beta)
		b.logSE(name+".known.profit_log_se", k.ProfitLogSE)
		r := k.Response
		b.require(r.Periods >= 0, name+".known.response.periods", r.Periods, "a number of 0 or more")
		b.amount(name+".known.response.low", r.Low)
		b.require(r.High >= r.Low && isAmount(r.High), name+".known.response.high", r.High, "at least the low one")
		b.positive(name+".known.response.pivot", r.Pivot)
		b.logSE(name+".known.response.leads_log_se", r.LeadsLogSE)
		b.logSE(name+".known.response.elasticity_se", r.ElasticitySE)
	}
}

func (e *Experiments) check(b *bounds) {
	b.require(e.Draws > 0 && e.Draws <= maxArmDraws, "experiments.draws", e.Draws, "from 1 to 100000")
	checkArms(b, "experiments.", e.Arms, e.Floor)
	b.require(len(e.Arms) <= MaxPlanSources, "experiments.arms", len(e.Arms), "at most 100")
}

// Outcomes are what a plan's spend is expected to bring.
type Outcomes struct {
	Spend     float64 `json:"spend"`
	Leads     float64 `json:"leads"`
	Sales     float64 `json:"sales"`
	Value     float64 `json:"value"`      // gross profit of the sales
	SalesCost float64 `json:"sales_cost"` //
	Profit    float64 `json:"profit"`     // value − spend − sales cost
	Hours     float64 `json:"hours"`
	ROI       Figure  `json:"roi"` // profit per spend and sales cost
}

// Recommendation is a plan's answer.
type Recommendation struct {
	Allocation *Allocation `json:"allocation"`
	Now        Outcomes    `json:"now"`         // at the current spends
	Planned    Outcomes    `json:"planned"`     // at the recommended ones
	Gain       float64     `json:"gain"`        // of profit, planned − now
	Sum        string      `json:"fingerprint"` // of the plan with its model: equal plans give equal answers
}

// Solve recommends spends.
func (p Plan) Solve() (*Recommendation, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	a, err := Allocate(p.sources(), p.Limits)
	if err != nil {
		return nil, err
	}
	r := &Recommendation{Allocation: a, Sum: p.Fingerprint()}
	now, planned := make([]float64, len(p.Sources)), make([]float64, len(p.Sources))
	for i, s := range p.Sources {
		now[i], planned[i] = s.Current, a.Shares[i].Spend
	}
	r.Now, r.Planned = p.outcomes(now), p.outcomes(planned)
	r.Gain = r.Planned.Profit - r.Now.Profit
	return r, nil
}

// sources are the plan's as the optimiser sees them.
func (p Plan) sources() []Source {
	sources := make([]Source, len(p.Sources))
	for i, s := range p.Sources {
		w := s.Path.Conversion() * s.Profit
		switch {
		case p.Basis == InInvestment && p.Limits.Mode == StopAtTarget:
			w -= (1 + p.Limits.ROI) * s.Path.SalesCost()
		case p.Basis != Marketing:
			w -= s.Path.SalesCost()
		}
		sources[i] = Source{Name: s.Name, Curve: s.Curve, Worth: w, Hours: s.Hours, Low: s.Low, High: s.High}
	}
	return sources
}

func (p Plan) outcomes(spend []float64) Outcomes {
	var o Outcomes
	for i, s := range p.Sources {
		leads := s.Curve.Leads(spend[i])
		o.Spend += spend[i]
		o.Leads += leads
		o.Sales += leads * s.Path.Conversion()
		o.Value += leads * s.Path.Conversion() * s.Profit
		o.SalesCost += leads * s.Path.SalesCost()
		o.Hours += leads * s.Hours
	}
	o.Profit = o.Value - o.Spend - o.SalesCost
	o.ROI = over(o.Profit, o.Spend+o.SalesCost, NoSpend)
	return o
}

// Fingerprint is the SHA-256 of the plan in JSON, which names its model.
func (p Plan) Fingerprint() string {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // unreachable: a valid plan holds finite numbers and text
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
