package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// The value model: profit per sale as the credible mean of the won leads (Bühlmann & Straub 1970). With n_s
// wins (weighted) of mean x_s from source s, s² the variance within sources and τ² that between them,
//
//	Z_s = n_s/(n_s + s²/τ²)          the credibility of the source's own mean
//	m_s = Z_s·x_s + (1 − Z_s)·x̄      scaled so that Σ n_s·m_s is the profit that was made
//
// In the form of model.go: μ0 = mean of ln m_s over the training leads, d = ln m_s − μ0.

// valueModel is the value part of the artifact.
type valueModel struct {
	Kind     string    `json:"kind"` // mean, or none
	Wins     int       `json:"wins"`
	Mean     float64   `json:"mean"` // profit per sale over all wins
	Currency string    `json:"currency,omitempty"`
	Base     float64   `json:"base"`              // μ0
	Feature  string    `json:"feature,omitempty"` // the source column, "" = one mean for all
	Effects  []float64 `json:"effects,omitempty"` // d of each of its levels, in the order of its term
}

// valueEffect is the compiled value model.
type valueEffect struct {
	term int // -1 = none
	base float64
	d    []float64
}

// effect is d of a level of the source.
func (v *valueEffect) effect(code features.Code) float64 {
	if code.Level == features.NoLevel {
		return 0
	}
	return v.d[code.Level]
}

// ValueNone says that the data hold no profit.
const (
	ValueNone = "none"
	ValueMean = "mean"
)

func (m *Model) compileValue() error {
	v := &m.document.Value
	switch {
	case v.Kind == ValueNone:
		return nil
	case v.Kind != ValueMean:
		return fmt.Errorf("model: value: kind %q is none of mean, none", v.Kind)
	case !isMoney(v.Base, v.Effects) || !(v.Mean > 0) || math.IsInf(v.Mean, 0):
		return fmt.Errorf("model: value: a figure is not finite or beyond any money")
	}
	m.value = &valueEffect{term: -1, base: v.Base, d: v.Effects}
	if v.Feature == "" {
		return nil
	}
	for k, t := range m.encoder.Terms() {
		if t.Name == v.Feature {
			if t.IsNumber() || t.Size() != len(v.Effects) {
				return fmt.Errorf("model: value: %d effects for feature %q with %d levels", len(v.Effects), t.Name, t.Size())
			}
			m.value.term = k
		}
	}
	if m.value.term < 0 {
		return fmt.Errorf("model: value: the encoder has no feature %q", v.Feature)
	}
	return nil
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

// addMoney adds profit, expected value and the money reasons. With v = p·e^μ the part of feature k is
//
//	φ_k·(m + m0)/2 + d_k·(m − m0)/(μ − μ0)·(p + p0)/2
//
// the two-player Shapley split between p and m, each along its straight line; φ_k is its part in p.
func (m *Model) addMoney(lead *features.Lead, s *Score) {
	if m.value == nil {
		return
	}
	v := m.value
	s.Currency = m.document.Value.Currency
	var d float64
	if v.term >= 0 {
		d = v.effect(m.encoder.Code(v.term, lead))
	}
	profit, base := math.Exp(v.base+d), math.Exp(v.base)
	s.ProfitIfWon, s.ExpectedValue = amount(profit), amount(float64(s.Probability*profit))
	s.Base.ProfitIfWon, s.Base.ExpectedValue = amount(base), amount(float64(s.Base.Probability*base))
	slope := dividedExp(v.base+d, v.base)
	for k := range s.Reasons {
		r := &s.Reasons[k]
		part := float64(r.Probability * (profit + base) / 2)
		if k == v.term {
			part += float64(d * slope * (s.Probability + s.Base.Probability) / 2)
		}
		r.ExpectedValue = &part
	}
}

func amount(x float64) *float64 { return &x }

// wins are the sales that the value model learns from.
type wins struct {
	profit []float64
	weight []float64
	level  []int32 // of the source, NoLevel = none
}

// mean returns the mean profit.
func (w *wins) mean() float64 {
	var sum, n float64
	for i, x := range w.profit {
		sum += float64(w.weight[i] * x)
		n += w.weight[i]
	}
	return sum / n
}

// fitValue learns the value model from wins. leads is the weight of the training leads of each level of the
// source, whose name feature is ("" = no source column).
func fitValue(w *wins, feature string, leads []float64, currency string) (valueModel, *Warning) {
	v := valueModel{Kind: ValueNone, Wins: len(w.profit)}
	if len(w.profit) == 0 {
		return v, nil
	}
	if v.Mean = w.mean(); v.Mean <= 0 {
		return v, &Warning{Code: "value_not_positive", Detail: fmt.Sprintf("the mean profit of %d won leads is %.2f: no value model", len(w.profit), v.Mean)}
	}
	v.Kind, v.Currency, v.Base = ValueMean, currency, math.Log(v.Mean)
	if feature == "" {
		return v, nil
	}
	means := credibleMeans(w, len(leads), v.Mean)
	if slices.Min(means) <= 0 {
		return v, &Warning{Code: "value_by_source", Column: feature, Detail: "a source makes a loss per sale: one mean profit is used for all sources"}
	}
	v.Feature, v.Effects = feature, make([]float64, len(means))
	var sum, n float64
	for i, m := range means {
		v.Effects[i] = math.Log(m)
		sum += float64(leads[i] * v.Effects[i])
		n += leads[i]
	}
	v.Base = sum / n
	for i := range v.Effects {
		v.Effects[i] -= v.Base
	}
	return v, nil
}

// credibleMeans returns m_s of each level.
func credibleMeans(w *wins, levels int, overall float64) []float64 {
	count, own := make([]float64, levels), make([]float64, levels)
	for i, x := range w.profit {
		if s := w.level[i]; s >= 0 {
			count[s] += w.weight[i]
			own[s] += w.weight[i] * (x - own[s]) / count[s]
		}
	}
	within, between := varianceComponents(w, count, own)
	means := make([]float64, levels)
	var made, predicted float64
	for s := range means {
		z := 0.0
		if between > 0 {
			z = count[s] / (count[s] + within/between)
		}
		means[s] = float64(z*own[s]) + float64((1-z)*overall)
		made += float64(count[s] * own[s])
		predicted += float64(count[s] * means[s])
	}
	if made > 0 && predicted > 0 {
		for s := range means {
			means[s] *= made / predicted
		}
	}
	return means
}

// varianceComponents estimates s² and τ² without bias (Bühlmann & Gisler 2005, §4.8); τ² is at least 0.
func varianceComponents(w *wins, count, own []float64) (within, between float64) {
	var n, groups, squares, grand float64
	for i, x := range w.profit {
		if s := w.level[i]; s >= 0 {
			d := x - own[s]
			within += float64(w.weight[i] * d * d)
		}
	}
	for s, c := range count {
		if c > 0 {
			groups++
			n += c
			squares += float64(c * c)
			grand += float64(c * own[s])
		}
	}
	if groups < 2 || n <= groups {
		return 0, 0
	}
	within /= n - groups
	grand /= n
	for s, c := range count {
		d := own[s] - grand
		between += float64(c * d * d)
	}
	return within, max(0, (between-float64((groups-1)*within))/(n-squares/n))
}
