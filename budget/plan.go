package budget

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
)

// A plan is an allocation with what it rests on: the way of each source's leads to a sale and what a sale brings.
// The value of a lead to the optimiser depends on what counts as the investment:
//
//	w = v                  marketing
//	w = v − s              cost of sale, and whenever the target return is not the rule
//	w = v − (1 + r)·s      in investment, stopping at the target: the last lead then costs v/(1+r) − s, the cap

// PlanSource is a source of a plan.
type PlanSource struct {
	Name    string   `json:"name"`
	Curve   Curve    `json:"curve"`
	Path    Path     `json:"path"`
	Profit  float64  `json:"profit"`  // m
	Hours   float64  `json:"hours"`   // h, of a lead
	Current float64  `json:"current"` // what is spent on it now
	Low     float64  `json:"low"`
	High    *float64 `json:"high,omitempty"` // nil = no limit
}

// Plan is all that a recommendation depends on.
type Plan struct {
	Basis   Basis        `json:"roi_basis"`
	Limits  Limits       `json:"limits"`
	Sources []PlanSource `json:"sources"`
}

// Validate lists what is out of bounds.
func (p Plan) Validate() error {
	var b bounds
	Target{p.Limits.ROI, p.Basis}.check(&b)
	for i, s := range p.Sources {
		b.finite(at("sources", i)+".profit", s.Profit)
		b.amount(at("sources", i)+".current", s.Current)
		if err := s.Path.Validate(); err != nil {
			b = append(b, err)
		}
	}
	return b.err()
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
	Sum        string      `json:"fingerprint"` // of the plan and the model: equal plans give equal answers
}

// Solve recommends spends. model names the model whose probabilities and values the plan holds.
func (p Plan) Solve(model string) (*Recommendation, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	a, err := Allocate(p.sources(), p.Limits)
	if err != nil {
		return nil, err
	}
	r := &Recommendation{Allocation: a, Sum: p.fingerprint(model)}
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

// fingerprint is the SHA-256 of the plan and the model's name.
func (p Plan) fingerprint(model string) string {
	text, err := json.Marshal(struct {
		Plan  Plan   `json:"plan"`
		Model string `json:"model"`
	}{p, model})
	if err != nil {
		return "" // unreachable: a valid plan holds finite numbers and text
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Band is a spend over the draws of a plan's values.
type Band struct {
	Name   string `json:"name"`
	Low    Figure `json:"low"` // 10th percentile
	Median Figure `json:"median"`
	High   Figure `json:"high"` // 90th percentile
}

// Confidence says how sure a recommendation is of what it rests on.
type Confidence struct {
	Better   Figure `json:"better"`    // probability that the plan earns more than the current spends
	GainLow  Figure `json:"gain_low"`  // 10th percentile
	GainHigh Figure `json:"gain_high"` // 90th percentile
	Bands    []Band `json:"bands"`     // what would be best to spend
	Careful  bool   `json:"careful"`   // Better is below 0.8: make smaller moves
	Draws    int    `json:"draws"`
	Seed     uint64 `json:"seed"`
}

// DefaultDraws is how often a plan is solved again.
const DefaultDraws = 200

// Confidence solves the plan again for values of a lead drawn from what is known of each source: an optimiser picks
// what looks best, which is in part luck, so give it shrunken posteriors. Sales cost stays as it is.
func (p Plan) Confidence(known []Posterior, draws int, seed uint64) (*Confidence, error) {
	best, err := p.Solve("")
	if err != nil {
		return nil, err
	}
	var b bounds
	b.length("posteriors", len(known), len(p.Sources))
	b.require(draws > 0, "draws", draws, "at least 1")
	for i, k := range known {
		b.positive(at("posteriors", i)+".alpha", k.Rate.Alpha)
		b.positive(at("posteriors", i)+".beta", k.Rate.Beta)
		b.finite(at("posteriors", i)+".profit", k.Profit)
		b.amount(at("posteriors", i)+".profit_log_se", k.ProfitLogSE)
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	spends, gains := make([][]float64, len(p.Sources)), make([]float64, 0, draws)
	random := rand.New(rand.NewPCG(seed, 0x706c616e))
	for range draws {
		a, gain, err := p.drawn(known, best.Allocation, random)
		if err != nil {
			return nil, err
		}
		gains = append(gains, gain)
		for i, x := range a.Shares {
			spends[i] = append(spends[i], x.Spend)
		}
	}
	return p.confidence(spends, gains, seed), nil
}

// drawn solves the plan for one draw of the values and returns what the recommended spends gain under it.
func (p Plan) drawn(known []Posterior, planned *Allocation, random *rand.Rand) (*Allocation, float64, error) {
	sources, gain := p.sources(), 0.0
	for i, s := range p.Sources {
		k := known[i]
		v := k.Rate.Quantile(random.Float64()) * k.Profit * math.Exp(k.ProfitLogSE*random.NormFloat64()-k.ProfitLogSE*k.ProfitLogSE/2)
		sources[i].Worth += v - s.Path.Conversion()*s.Profit
		spend := planned.Shares[i].Spend
		gain += (v-s.Path.SalesCost())*(s.Curve.Leads(spend)-s.Curve.Leads(s.Current)) - (spend - s.Current)
	}
	a, err := Allocate(sources, p.Limits)
	return a, gain, err
}

func (p Plan) confidence(spends [][]float64, gains []float64, seed uint64) *Confidence {
	slices.Sort(gains)
	c := &Confidence{Better: ShareAbove(gains, 0), GainLow: Percentile(gains, 0.1), GainHigh: Percentile(gains, 0.9), Draws: len(gains), Seed: seed}
	better, _ := c.Better.Value()
	c.Careful = better < 0.8
	for i, s := range p.Sources {
		slices.Sort(spends[i])
		c.Bands = append(c.Bands, Band{s.Name, Percentile(spends[i], 0.1), Percentile(spends[i], 0.5), Percentile(spends[i], 0.9)})
	}
	return c
}
