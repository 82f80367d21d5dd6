package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// A number enters the profit as one slope if the sales say no more than that, and in steps if they do, whatever its shape
// in the log-odds: e^μ of a line in what somebody spent last promises whales that do not come. Sales are asked as
// straight.go asks leads, with what a ridge on log profit leaves over whose numbers are straight: of a sale of weight w and
// residual e, where φ is the variance of the residuals, w·e/φ and the curvature w/φ.

// valueShapes are the two ways in which the numbers of a sale can enter, by term; the same where there is no choice.
type valueShapes struct {
	own           *features.Encoder // of the log-odds
	slopes, steps []features.Term
	rows          []int32   // of the leads that they were fitted to, nil = all
	weights       []float64 // of every row, nil = 1
}

// valueShapes fits the shapes that the encoder's own numbers do not have, on learnRows of the rows at most.
func (t *trainer) valueShapes(encoder *features.Encoder, rows []int32) (*valueShapes, error) {
	if part := evenly(rows, t.table.Rows, learnRows); part != nil {
		rows = part
	}
	steps, _, err := features.FitBins(t.table, rows, t.weights, features.BinOptions{Bins: curveBins, MinWeight: t.leastWeight()})
	if err != nil {
		return nil, err
	}
	slopes, _, err := features.Fit(t.table, rows, t.weights)
	if err != nil {
		return nil, err
	}
	s := newValueShapes(encoder, &shapes{steps, slopes})
	s.rows, s.weights = rows, t.weights
	return s, nil
}

func newValueShapes(encoder *features.Encoder, both *shapes) *valueShapes {
	named := func(of *features.Encoder, name string) *features.Term {
		for k := range of.Terms() {
			if t := &of.Terms()[k]; t.Name == name {
				return t
			}
		}
		return &features.Term{}
	}
	s := &valueShapes{own: encoder, slopes: singleTerms(encoder), steps: singleTerms(encoder)}
	fields := encoder.Schema().Fields()
	for k := range s.slopes {
		t := s.slopes[k]
		if fields[encoder.Field(k)].Kind != features.Number {
			continue
		}
		if slope := named(both.slopes, t.Name); !t.IsNumber() && slope.IsNumber() {
			s.slopes[k] = *slope
		}
		if steps := named(both.steps, t.Name); !t.Ordered() && steps.Ordered() {
			s.steps[k] = *steps
		}
	}
	return s
}

// singleTerms are the terms of an encoder before its pairs.
func singleTerms(encoder *features.Encoder) []features.Term {
	terms := encoder.Terms()
	if pair := slices.IndexFunc(terms, func(t features.Term) bool { return t.IsPair() }); pair >= 0 {
		terms = terms[:pair]
	}
	return slices.Clone(terms)
}

// encoder has bins for the numbers that are bent, nil = none.
func (s *valueShapes) encoder(bent []bool) (*features.Encoder, error) {
	terms := slices.Clone(s.slopes)
	for k := range terms {
		if bent != nil && bent[k] {
			terms[k] = s.steps[k]
		}
	}
	return features.NewEncoder(s.own.Schema(), terms)
}

// reshaped are the terms of an encoder that have another shape in the log-odds.
func reshaped(own, value *features.Encoder) []features.Term {
	var terms []features.Term
	for k := range value.Terms() {
		if a, b := &own.Terms()[k], &value.Terms()[k]; a.IsNumber() != b.IsNumber() {
			terms = append(terms, *b)
		}
	}
	return terms
}

// valueEncoder is the encoder of the log-odds with numbers in other shapes, without its pairs.
func valueEncoder(own *features.Encoder, numbers []features.Term) (*features.Encoder, error) {
	if len(numbers) == 0 {
		return own, nil
	}
	terms := singleTerms(own)
	for i := range numbers {
		t := &numbers[i]
		k := slices.IndexFunc(terms, func(of features.Term) bool { return of.Name == t.Name })
		if k < 0 || t.IsNumber() == terms[k].IsNumber() || t.Ordered() == terms[k].Ordered() {
			return nil, fmt.Errorf("model: value: number %q is no term of the encoder in another shape", t.Name)
		}
		terms[k] = *t
	}
	e, err := features.NewEncoder(own.Schema(), terms)
	if err != nil {
		return nil, fmt.Errorf("model: value: %w", err)
	}
	return e, nil
}

// shaped returns the data with the shapes that the sales want: numbers that bend away from a line become curves, and those
// that bend away from their curves steps.
func (data *valueData) shaped(part *wins) (*valueData, error) {
	if data.shapes == nil {
		return data, nil
	}
	straight, err := data.with(nil, nil)
	if err != nil {
		return nil, err
	}
	l := newValueLearner(straight, part)
	if l.paying < valueFew {
		return straight, nil
	}
	bent, err := l.bends(data.shapes, straight)
	if err != nil || !slices.Contains(bent, true) {
		return straight, err
	}
	curved := slices.Clone(bent)
	for k := range curved {
		curved[k] = curved[k] && curveScores(&data.shapes.steps[k]) != nil
	}
	curves, err := data.with(bent, curved)
	if err != nil || !slices.Contains(curved, true) {
		return curves, err
	}
	again, err := newValueLearner(curves, part).bends(data.shapes, curves)
	if err != nil {
		return nil, err
	}
	for k := range curved {
		curved[k] = curved[k] && !again[k]
	}
	return data.with(bent, curved)
}

// with returns the data with bins for the numbers that are bent, of which some are curves.
func (data *valueData) with(bent, curved []bool) (*valueData, error) {
	out := *data
	out.curved = curved
	var err error
	out.encoder, err = data.shapes.encoder(bent)
	return &out, err
}

// leftover is what a fit of the log profit of sales of some weights leaves over.
func (l *valueLearner) leftover(mu, size []float64) *leftover {
	o := &leftover{residual: make([]float64, len(l.y)), curvature: make([]float64, len(l.y))}
	var weight, square, fourth, squares float64
	for i, w := range size {
		if w > 0 {
			e := math.Log(l.y[i]) - mu[i]
			o.residual[i] = e
			weight += w
			square += float64(w * e * e)
			fourth += float64(w * e * e * e * e)
		}
	}
	phi := square / weight
	cumulant, powers := fourth/weight-3*phi*phi, 0.0
	for i, w := range size {
		o.residual[i] *= w / phi
		o.curvature[i] = w / phi
		squares += w * w
		powers += float64(w * w * w * w)
	}
	o.inflation = squares / weight
	o.excess = powers / weight * cumulant / (phi * phi * phi)
	return o
}

// bends are the numbers that a slope, or their curve, does not do for, as a ridge on log profit tells.
func (l *valueLearner) bends(s *valueShapes, data *valueData) ([]bool, error) {
	f, err := l.fit(familyLogRidge)
	if err != nil {
		return nil, err
	}
	stepped, err := features.NewEncoder(s.own.Schema(), slices.Clone(s.steps))
	if err != nil {
		return nil, err
	}
	mu := make([]float64, len(l.y))
	f.design.predict(f.beta, mu)
	o := l.leftover(mu, l.size)
	var tested []candidatePair
	for j := range l.design.columns {
		c := &l.design.columns[j]
		t := &s.steps[c.term]
		if !c.straight() || !t.Ordered() || t.Size() <= 2 || data.curved != nil && !data.curved[c.term] {
			continue
		}
		group, groups := groupsOfBins(t)
		sums := fromLine{groups: groups}
		for i, code := range stepped.Codes(c.term, data.table, l.rows, nil) {
			if c.codes[i] == 0 && l.size[i] > 0 {
				sums.add(int(group[code.Level]), c.z[i], o.residual[i], o.curvature[i])
			}
		}
		tested = append(tested, candidatePair{a: c.term, standing: sums.standing(o)})
	}
	slices.SortStableFunc(tested, func(a, b candidatePair) int { return cmp.Compare(b.score, a.score) })
	bent := make([]bool, len(s.slopes))
	for _, c := range tested[:discoveries(tested, len(tested), bendFalseShare)] {
		bent[c.a] = true
	}
	return bent, nil
}
