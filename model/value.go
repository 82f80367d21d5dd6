package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// The value model: profit per sale of a lead if it is won. With effects of the same codes that the log-odds are made of,
//
//	s = e^min(max(μ, low), high), μ = μ0 + Σ d_k      the size of a sale that is worth something, k a feature or a pair
//	q = σ(λ), λ = λ0 + Σ e_k                          the probability that a sale is worth something; 1 where nothing says otherwise
//	m = q·s                                           the profit if won
//
// d_k and e_k are centred on the weighted training mean over all leads. Where the share of sales that are worth nothing
// does not depend on the lead, it is part of μ0. How the effects are learnt stands in valuefit.go.

// The kinds of value models.
const (
	ValueNone     = "none"         // the data hold no profit
	ValueMean     = "mean"         // the credible mean, by source: credibility.go
	ValueLogRidge = "log_ridge"    // ridge on log profit
	ValueGamma    = "gamma"        // Gamma with a log link
	ValueDouble   = "double_gamma" // Gamma whose sales are weighted by how far they scatter (valuespread.go)
	ValueTweedie  = "tweedie"      // Tweedie of power 1.5 with a log link
)

// valueModel is the value part of the artifact.
type valueModel struct {
	Kind     string          `json:"kind"`
	Wins     int             `json:"wins"`
	Mean     float64         `json:"mean"` // profit per sale over all wins
	Currency string          `json:"currency,omitempty"`
	Base     float64         `json:"base"`              // μ0
	Feature  string          `json:"feature,omitempty"` // of ValueMean: the source column, "" = one mean for all
	Effects  []float64       `json:"effects,omitempty"` // of ValueMean: d of each of its levels, in the order of its term
	Numbers  []features.Term `json:"numbers,omitempty"` // of the other kinds: those whose shape is not that of the log-odds
	Terms    []valueTerm     `json:"terms,omitempty"`   // of the other kinds: those that have a part in μ
	Bounds   []float64       `json:"bounds,omitempty"`  // low and high
	Ratio    float64         `json:"ratio,omitempty"`   // by which sizes were scaled to preserve the total: in μ0 and the bounds
	Penalty  float64         `json:"penalty,omitempty"`
	Pairs    *pairModel      `json:"pairs,omitempty"` // their part in μ
	Paid     *paidModel      `json:"paid,omitempty"`
	Nothing  int             `json:"worth_nothing,omitempty"`
	Unknown  int             `json:"unknown,omitempty"`
	TopShare float64         `json:"top_share,omitempty"`
	Holdout  *ValueFigures   `json:"holdout,omitempty"`
}

// paidModel is the model of the probability that a sale is worth something.
type paidModel struct {
	Base    float64     `json:"base"` // λ0
	Terms   []valueTerm `json:"terms"`
	Penalty float64     `json:"penalty"`
}

// valueTerm is the effect of one term: of its levels; or its slope, then its missing flag.
type valueTerm struct {
	Feature string    `json:"feature"`
	Values  []float64 `json:"values"`
	Mean    float64   `json:"mean"` // weighted training mean of the effect
}

// valueParts is the compiled value model.
type valueParts struct {
	size      predictor  // of μ, but for
	pairs     *predictor // what pairs add to it; nil = nothing
	paid      *predictor
	low, high float64
}

// amount is the size of a sale.
func (v *valueParts) amount(mu float64) float64 { return math.Exp(v.clip(mu)) }

func (v *valueParts) clip(mu float64) float64 { return min(max(mu, v.low), v.high) }

// slope is (s(x) − s(y))/(x − y), and its limit at x = y.
func (v *valueParts) slope(x, y float64) float64 {
	a, b := v.clip(x), v.clip(y)
	switch {
	case x != y:
		return dividedExp(a, b) * ((a - b) / (x - y))
	case a != x:
		return 0
	}
	return dividedExp(a, b)
}

// profit returns the profit if won of a lead: the ProfitIfWon of its Score, to the last bit; nil without a value model.
func (m *Model) profit(lead *features.Lead) *float64 {
	if m.value == nil {
		return nil
	}
	none := func(int, features.Code, float64) {}
	profit := m.value.amount(m.value.mu(lead, none, none))
	if m.value.paid != nil {
		profit = float64(Sigmoid(m.value.paid.contributions(lead, none)) * profit)
	}
	return &profit
}

// TableProfit returns the profit if won of the given rows, bit for bit what Score gives each; NaN without a value
// model.
func (m *Model) TableProfit(table *features.Table, rows []int32) []float64 {
	if m.value == nil {
		return slices.Repeat([]float64{math.NaN()}, len(rows))
	}
	profit := m.value.tableMu(table, rows)
	for i, mu := range profit {
		profit[i] = m.value.amount(mu)
	}
	if m.value.paid != nil {
		for i, l := range m.value.paid.table(table, rows) {
			profit[i] = float64(Sigmoid(l) * profit[i])
		}
	}
	return profit
}

func (m *Model) compileValue() error {
	d := &m.document.Value
	m.value = nil
	if d.Kind == ValueNone {
		return nil
	}
	if err := d.check(); err != nil {
		return err
	}
	v := &valueParts{low: math.Inf(-1), high: math.Inf(1)}
	terms := d.Terms
	if d.Kind != ValueMean {
		v.low, v.high = d.Bounds[0], d.Bounds[1]
	} else if terms = nil; d.Feature != "" {
		terms = []valueTerm{{Feature: d.Feature, Values: d.Effects}}
	}
	encoder, err := valueEncoder(m.encoder, d.Numbers)
	if err != nil {
		return err
	}
	if v.size, err = valuePredictor(encoder, d.Base, terms, false); err != nil {
		return err
	}
	if d.Pairs != nil {
		if v.pairs, err = d.Pairs.predictor(m.encoder); err != nil {
			return err
		}
	}
	if d.Paid != nil {
		paid, err := valuePredictor(encoder, d.Paid.Base, d.Paid.Terms, false)
		if err != nil {
			return err
		}
		v.paid = &paid
	}
	m.value = v
	return nil
}

// check refuses parts that the kind does not have, and figures that cannot be.
func (d *valueModel) check() error {
	switch d.Kind {
	case ValueMean:
		if len(d.Numbers)+len(d.Terms)+len(d.Bounds) > 0 || d.Paid != nil || d.Pairs != nil {
			return fmt.Errorf("model: value: kind %q has neither terms nor bounds", d.Kind)
		}
	case ValueLogRidge, ValueGamma, ValueDouble, ValueTweedie:
		if d.Feature != "" || len(d.Effects) > 0 {
			return fmt.Errorf("model: value: kind %q has terms, not effects of feature %q", d.Kind, d.Feature)
		}
		if len(d.Bounds) != 2 || !(d.Bounds[0] <= d.Bounds[1]) || !isMoney(0, d.Bounds) {
			return fmt.Errorf("model: value: bounds %v, want two amounts in order", d.Bounds)
		}
	default:
		return fmt.Errorf("model: value: kind %q is none of log_ridge, gamma, double_gamma, tweedie, mean, none", d.Kind)
	}
	if !isMoney(d.Base, d.Effects) || !(d.Mean > 0) || math.IsInf(d.Mean, 0) {
		return fmt.Errorf("model: value: a figure is not finite or beyond any money")
	}
	return nil
}

// valuePredictor compiles the effects of some terms, which must be pairs or must not be.
func valuePredictor(encoder *features.Encoder, base float64, terms []valueTerm, pairs bool) (predictor, error) {
	all := encoder.Terms()
	p := predictor{encoder: encoder, base: base, effect: make([][]float64, len(all)), shift: make([]float64, len(all))}
	place := make(map[string]int, len(all))
	for k := range all {
		place[all[k].Name] = k
	}
	for i := range terms {
		t := &terms[i]
		k, known := place[t.Feature]
		switch {
		case !known:
			return p, fmt.Errorf("model: value: the encoder has no feature %q", t.Feature)
		case p.effect[k] != nil:
			return p, fmt.Errorf("model: value: feature %q appears twice", t.Feature)
		case all[k].IsPair() != pairs:
			return p, fmt.Errorf("model: value: feature %q stands among pairs or is one, where it must not", t.Feature)
		case len(t.Values) != all[k].Size():
			return p, fmt.Errorf("model: value: %d effects for feature %q, want %d", len(t.Values), t.Feature, all[k].Size())
		case !isLogOdds(t.Values...) || !isLogOdds(t.Mean, base):
			return p, fmt.Errorf("model: value: feature %q has an effect that is not finite, or beyond ±%g", t.Feature, float64(maxLogOdds))
		}
		p.effect[k], p.shift[k] = t.Values, t.Mean
	}
	return p, nil
}

// isMoney reports whether profits e^(base + effect) are all finite.
func isMoney(base float64, effects []float64) bool {
	const most = 100 // e^100 of any currency
	for _, d := range effects {
		if !(math.Abs(base+d) <= most) {
			return false
		}
	}
	return math.Abs(base) <= most
}

// addMoney adds profit, expected value and the money reasons. With v = p·m the part of feature k is
//
//	φ_k·(m + m0)/2 + ψ_k·(p + p0)/2
//	ψ_k = d_k·(s − s0)/(μ − μ0)·(q + q0)/2 + χ_k·(s + s0)/2
//
// the two-player Shapley split between p and m, and that of m between s and q. φ_k, χ_k and d_k·(s − s0)/(μ − μ0) are its
// parts in p, q and s along the straight line from the base (Aumann & Shapley 1974).
func (m *Model) addMoney(lead *features.Lead, s *Score) {
	if m.value == nil {
		return
	}
	v := m.value
	place := v.addPairReasons(lead, s)
	part := make([]float64, len(s.Reasons)) // d_k, then ψ_k
	mu := v.mu(lead, func(k int, _ features.Code, d float64) { part[k] = d }, func(k int, _ features.Code, d float64) { part[place[k]] += d })
	size, size0 := v.amount(mu), v.amount(v.size.base)
	chance, chance0 := 1.0, 1.0
	if v.paid == nil {
		slope := v.slope(mu, v.size.base)
		for k := range part {
			part[k] = float64(part[k] * slope)
		}
	} else {
		chance, chance0 = v.splitPaid(lead, part, mu)
	}
	profit, base := float64(chance*size), float64(chance0*size0)
	s.Currency = m.document.Value.Currency
	s.ProfitIfWon, s.ExpectedValue = amount(profit), amount(float64(s.Probability*profit))
	s.Base.ProfitIfWon, s.Base.ExpectedValue = amount(base), amount(float64(s.Base.Probability*base))
	for k := range s.Reasons {
		r := &s.Reasons[k]
		r.ExpectedValue = amount(float64(r.Probability*(profit+base)/2) + float64(part[k]*(s.Probability+s.Base.Probability)/2))
	}
}

// splitPaid turns each d_k into ψ_k, and returns q and q0.
func (v *valueParts) splitPaid(lead *features.Lead, part []float64, mu float64) (chance, chance0 float64) {
	own := make([]float64, len(part)) // e_k
	l := v.paid.contributions(lead, func(k int, _ features.Code, e float64) { own[k] = e })
	chance, chance0 = Sigmoid(l), Sigmoid(v.paid.base)
	slope, steep := v.slope(mu, v.size.base), dividedSigmoid(l, v.paid.base)
	size := (v.amount(mu) + v.amount(v.size.base)) / 2
	for k := range part {
		part[k] = float64(part[k]*slope*(chance+chance0)/2) + float64(own[k]*steep*size)
	}
	return chance, chance0
}

func amount(x float64) *float64 { return &x }
