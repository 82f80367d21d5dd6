package budget

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// How sure a recommendation is. In each draw, the rate, the profit and the curve of each source take values that what
// is known of them allows,
//
//	v·(β/mean β)·e^(se·Z − se²/2),   ln f(g) + se·Z,   e + se·Z
//
// and the plan is solved again. An optimiser picks what looks best, which is in part luck: so give it shrunken values,
// and look at what its choice earns in the draws, not in the values that it was chosen by.
//
// Where the plan earns more than today in fewer than 80 % of the draws, smaller moves are advised: the largest step t
// from today's spends to the plan's, in tenths, at which that chance is reached. On concave curves the chance does not
// fall as t does.

// Band is a spend over the draws of a plan's values.
type Band struct {
	Name   string `json:"name"`
	Low    Figure `json:"low"` // 10th percentile
	Median Figure `json:"median"`
	High   Figure `json:"high"` // 90th percentile
}

// Confidence says how sure a recommendation is of what it rests on.
type Confidence struct {
	Better   Figure `json:"better"`    // probability that the plan earns more than today's spends
	GainLow  Figure `json:"gain_low"`  // 10th percentile, to today
	GainHigh Figure `json:"gain_high"` // 90th percentile
	Bands    []Band `json:"bands"`     // what would be best to spend
	Careful  bool   `json:"careful"`   // Better is below 0.8
	Moves    *Moves `json:"moves,omitempty"`
	Draws    int    `json:"draws"`
	Seed     uint64 `json:"seed"`
}

// Moves are smaller steps than the plan's.
type Moves struct {
	Step   float64 `json:"step"`   // t; 0 = stay
	Better Figure  `json:"better"` // probability that they earn more than today's spends, within the bounds
	Money  []Money `json:"money"`  // by source
}

// DefaultDraws is how often a plan is solved again.
const DefaultDraws = 200

// enoughChance is the chance of being better that a plan should have.
const enoughChance = 0.8

// Confidence solves the plan again for p.Draws draws of what is known of its sources. It is nil where nothing is
// known, or without draws. Sales cost stays as it is.
func (p Plan) Confidence(ctx context.Context, best *Allocation) (*Confidence, error) {
	if p.Draws == 0 || !slices.ContainsFunc(p.Sources, func(s PlanSource) bool { return s.Known != nil }) {
		return nil, nil
	}
	random := rand.New(rand.NewPCG(p.Seed, 0x706c616e))
	now, planned := make([]float64, len(p.Sources)), make([]float64, len(p.Sources))
	for i, s := range p.Sources {
		now[i], planned[i] = s.Current, best.Shares[i].Spend
	}
	start := p.feasibleStart(now)
	steps := stepsBetween(start, planned)
	spends, gains := make([][]float64, len(p.Sources)), make([]float64, 0, p.Draws)
	better := make([]int, len(steps))
	for range p.Draws {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		drawn := p.drawn(random)
		a, err := Allocate(drawn.limited(planned), p.Limits)
		if err != nil {
			return nil, err
		}
		for i, x := range a.Shares {
			spends[i] = append(spends[i], x.Spend)
		}
		gains = append(gains, drawn.outcomes(planned).Profit-drawn.outcomes(now).Profit)
		from := drawn.outcomes(start).Profit
		for k, spend := range steps {
			if drawn.outcomes(spend).Profit > from {
				better[k]++
			}
		}
	}
	c := p.confidence(spends, gains)
	if c.Careful {
		c.Moves = p.moves(start, steps, better)
	}
	return c, nil
}

// drawn is the plan with values drawn from what is known.
func (p Plan) drawn(random *rand.Rand) Plan {
	p.Sources = slices.Clone(p.Sources)
	for i := range p.Sources {
		s := &p.Sources[i]
		k := s.Known
		if k == nil {
			continue
		}
		rate := k.Rate.Quantile(random.Float64()) / k.Rate.Mean()
		s.Profit *= rate * math.Exp(k.ProfitLogSE*random.NormFloat64()-k.ProfitLogSE*k.ProfitLogSE/2)
		e := s.Curve.Elasticity(k.Response.Pivot) + k.Response.ElasticitySE*random.NormFloat64()
		s.Curve = s.Curve.Bent(k.Response.Pivot, math.Exp(k.Response.LeadsLogSE*random.NormFloat64()), e)
	}
	return p
}

// limited are the plan's sources with a limit of ten times what is planned, spent or was observed, where there is neither
// a budget nor a most spend: of some draws there would otherwise be no end.
func (p Plan) limited(planned []float64) []Source {
	sources := p.sources()
	for i, s := range p.Sources {
		if p.Limits.Budget == nil && s.High == nil {
			most := max(planned[i], s.Current, s.Low)
			if s.Known != nil {
				most = max(most, s.Known.Response.High)
			}
			sources[i].High = added(min(10*most, largest), 0)
		}
	}
	return sources
}

// feasibleStart is today's spends within the plan's bounds and its budget: what is above the low bounds is cut in
// proportion.
func (p Plan) feasibleStart(now []float64) []float64 {
	start, low, total := make([]float64, len(now)), 0.0, 0.0
	for i, s := range p.Sources {
		start[i] = max(now[i], s.Low)
		if s.High != nil {
			start[i] = min(start[i], *s.High)
		}
		low, total = low+s.Low, total+start[i]
	}
	if p.Limits.Budget == nil {
		return start
	}
	if core := *p.Limits.Budget * (1 - p.Limits.Reserve); total > core {
		for i, s := range p.Sources {
			start[i] = s.Low + (start[i]-s.Low)*max(core-low, 0)/(total-low)
		}
	}
	return start
}

// stepsBetween are the spends a tenth, two tenths … of the way.
func stepsBetween(from, to []float64) [][]float64 {
	steps := make([][]float64, 10)
	for k := range steps {
		t := float64(k+1) / 10
		steps[k] = make([]float64, len(from))
		for i := range from {
			steps[k][i] = from[i] + t*(to[i]-from[i])
		}
	}
	return steps
}

// moves are the largest step that is likely enough to be better, or none.
func (p Plan) moves(start []float64, steps [][]float64, better []int) *Moves {
	m := &Moves{Better: Known(0)}
	spend := start
	for k := len(steps) - 1; k >= 0; k-- {
		if chance := float64(better[k]) / float64(p.Draws); chance >= enoughChance {
			m.Step, m.Better, spend = float64(k+1)/10, Known(chance), steps[k]
			break
		}
	}
	m.Money = p.Limits.Currency.roundedDown(spend)
	return m
}

func (p Plan) confidence(spends [][]float64, gains []float64) *Confidence {
	slices.Sort(gains)
	c := &Confidence{Better: ShareAbove(gains, 0), GainLow: Percentile(gains, 0.1), GainHigh: Percentile(gains, 0.9), Draws: len(gains), Seed: p.Seed}
	better, _ := c.Better.Value()
	c.Careful = better < enoughChance
	for i, s := range p.Sources {
		slices.Sort(spends[i])
		c.Bands = append(c.Bands, Band{s.Name, Percentile(spends[i], 0.1), Percentile(spends[i], 0.5), Percentile(spends[i], 0.9)})
	}
	return c
}
