package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/leadscore/leadscore/features"
)

// Pairs of features enter the size of a sale as they enter the log-odds: found by what a ridge on log profit leaves over
// (screen.go, with residuals and curvatures as in valueshape.go), a coefficient for each combination of their coarsened
// levels, numbers in steps, and a variance that is learnt, of which counts what chance.go leaves to those that were
// chosen. They come after the family is chosen, as columns of the same design; where that lets sales count by how far
// they scatter, they do so in the screening, too.
//
// Whether they stay is decided by sales that had no part in choosing or fitting them: on all folds but one, pairs are
// screened anew and fitted, and the Gamma deviance of all folds must fall by valueTold standard errors. Those predictions
// out of fold are also what the total is preserved with. Below valueMany sales, no pair is looked for.
//
// Note: 12 groups of a feature and 300 cells, against 8 and 200, gained a fifth more on three sets and lost as much on
// three others, and training took a quarter longer. Where effects add up and sales scatter by their lead, a screening in
// which all sales counted alike let pairs through in 2.5 % of sets of 1,000 sales, this one in 0.5 %.

const (
	valuePairs      = 8   // at most, of
	valuePairCells  = 200 // coefficients together
	valuePairGroups = 8   // of a feature, at most
	valuePairSales  = 25  // in a cell, on average, and
	valuePairLeast  = 5   // at least: rarer ones share a coefficient
)

// salesPairing is what the screening needs to know of sales.
type salesPairing struct {
	*pairing
	encoder *features.Encoder // numbers in steps
	shapes  *valueShapes
	table   *features.Table
}

// learntPairs are pairs of the value model.
type learntPairs struct {
	of      *salesPairing
	encoder *features.Encoder // the terms that they are made of, and they themselves after these
	first   int
	part    []float64 // of each one's variance that counts
}

// pairing codes the sales coarsely.
func (l *valueLearner) pairing(data *valueData) (*salesPairing, error) {
	encoder, err := features.NewEncoder(data.shapes.own.Schema(), slices.Clone(data.shapes.steps))
	if err != nil {
		return nil, err
	}
	s := &salesPairing{&pairing{}, encoder, data.shapes, data.table}
	groups := min(max(int(math.Round(math.Sqrt(float64(l.paying)/valuePairSales))), leastGroups), valuePairGroups)
	for k := range encoder.Terms() {
		t := &encoder.Terms()[k]
		if t.IsNumber() || t.Size() < 2 {
			continue
		}
		group, codes := t.Coarsen(groups), make([]uint8, len(l.rows)) // what has no level, none of training, counts with the first
		for i, code := range encoder.Codes(k, data.table, l.rows, nil) {
			codes[i] = uint8(group[max(0, code.Level)])
		}
		s.terms, s.straight = append(s.terms, k), append(s.straight, false)
		s.groups, s.counts = append(s.groups, group), append(s.counts, int(slices.Max(group))+1)
		s.codes = append(s.codes, codes)
	}
	s.count(len(l.rows))
	return s, nil
}

// pair gives the learner the pairs that its sizes out of fold get better by, and returns it with the sizes that they make;
// the same learner and sizes if there are none.
func (l *valueLearner) pair(ctx context.Context, data *valueData, size *familyFit) (*valueLearner, *familyFit, error) {
	if data.shapes == nil || l.paying < valueMany {
		return l, size, nil
	}
	found, paired, err := l.tryPairs(ctx, data, size)
	if errors.Is(err, errNoOptimum) {
		found, err = nil, nil
	}
	if err != nil || found == nil {
		return l, size, err
	}
	single, both := l.deviances(size), l.deviances(paired)
	if gain, se := l.gain(func(i int) float64 { return single[i] - both[i] }); !(gain > valueTold*se) {
		return l, size, nil
	}
	return l.with(found), paired, nil
}

// tryPairs returns the pairs that all sales find, nil if none, and the sizes out of fold that come of finding pairs.
func (l *valueLearner) tryPairs(ctx context.Context, data *valueData, size *familyFit) (*learntPairs, *familyFit, error) {
	s, err := l.pairing(data)
	if err != nil {
		return nil, nil, err
	}
	all, err := l.all(size.family)
	if err != nil {
		return nil, nil, err
	}
	found, err := l.findPairs(ctx, s, all)
	if err != nil || found == nil {
		return nil, nil, err
	}
	paired, err := l.crossFitPairs(ctx, s, size)
	return found, paired, err
}

// crossFitPairs finds pairs and fits them, without each fold.
func (l *valueLearner) crossFitPairs(ctx context.Context, s *salesPairing, size *familyFit) (*familyFit, error) {
	t := &familyFit{family: size.family, mu: slices.Clone(size.mu)}
	for k := range valueFolds {
		f, err := l.without(k, size.family)
		if err != nil {
			return nil, err
		}
		found, err := l.findPairs(ctx, s, f)
		if err != nil {
			return nil, err
		}
		if found == nil {
			continue
		}
		mu, err := l.fitPairs(found, k, size.family)
		if err != nil {
			return nil, err
		}
		l.take(t, k, mu)
	}
	return t, nil
}

// fitPairs fits a family with pairs without fold k and returns μ of every sale.
func (l *valueLearner) fitPairs(pairs *learntPairs, k int, family valueFamily) ([]float64, error) {
	f, err := l.without(k, familyLogRidge)
	if err != nil {
		return nil, err
	}
	with := l.with(pairs)
	if f, err = with.regularise(f.w, f.precisions.more(len(pairs.part), 1/priorLevels)); err != nil {
		return nil, err
	}
	if f, err = with.weighed(f, family); err != nil {
		return nil, err
	}
	p := &valueProblem{design: f.design, family: family, y: l.y, w: f.w}
	o, err := p.minimiseSize(f.gram, f.precisions)
	if err != nil {
		return nil, fmt.Errorf("model: value: %w", err)
	}
	return o.mu, nil
}

// findPairs are the pairs that a ridge on the log profit of some sales leaves something over for; nil if there are none.
func (l *valueLearner) findPairs(ctx context.Context, s *salesPairing, f *regularisedSales) (*learntPairs, error) {
	p := &valueProblem{design: f.design, family: familyLogRidge, y: l.y, w: f.w}
	o, err := p.minimiseSize(f.gram, f.precisions)
	if err != nil {
		return nil, err
	}
	found, err := s.screen(ctx, l.leftover(o.mu, f.w), 1)
	if err != nil || discoveries(found, s.pairs, anyPairLevel) == 0 {
		return nil, err
	}
	var terms []features.Term
	pairs := &learntPairs{of: s, first: len(s.encoder.Terms())}
	room := valuePairCells
	for _, c := range found {
		weight := make([]float64, s.counts[c.a]*s.counts[c.b])
		for i, w := range l.size {
			weight[int(s.codes[c.a][i])*s.counts[c.b]+int(s.codes[c.b][i])] += w
		}
		t := s.encoder.Crossed(s.terms[c.a], s.terms[c.b], s.groups[c.a], s.groups[c.b], weight, valuePairLeast)
		if size := len(t.Histogram) - 1; size > 1 && size <= room && len(terms) < valuePairs {
			room -= size
			terms, pairs.part = append(terms, t), append(pairs.part, c.part)
		}
	}
	if len(terms) == 0 {
		return nil, nil
	}
	pairs.encoder, err = s.encoder.With(terms)
	return pairs, err
}

// with is a learner of the same sales whose sizes have pairs, too, nil = none.
func (l *valueLearner) with(pairs *learntPairs) *valueLearner {
	if pairs == nil {
		return l
	}
	out := *l
	out.whole, out.others, out.pairs = nil, [valueFolds]*regularisedSales{}, pairs
	if l.whole != nil {
		out.start = l.whole.precisions.more(len(pairs.part), 1/priorLevels)
	}
	design := *l.design
	design.columns = slices.Clone(l.design.columns)
	out.design = &design
	for i, part := range pairs.part {
		k := pairs.first + i
		c := valueColumn{term: k, slope: -1, tau: 1, part: part, codes: make([]uint8, len(l.rows))}
		t := &pairs.encoder.Terms()[k]
		cells := features.AllRows(t.Size())
		design.addGroups(&c, t, pairs.encoder.Codes(k, pairs.of.table, l.rows, nil), cells)
		c.plain = c.unchained()
		design.columns = append(design.columns, c)
	}
	return &out
}

// more are precisions to start from with so many pairs more; how far sales scatter does not depend on these.
func (p *precisions) more(pairs int, tau float64) *precisions {
	out := *p
	out.tau = append(slices.Clone(p.tau), slices.Repeat([]float64{tau}, pairs)...)
	if p.spread != nil {
		out.spread = p.spread.more(pairs, mostPenalty)
	}
	return &out
}

// temper takes from the variances of pairs what they owe to having been chosen (chance.go).
func (d *valueDesign) temper() {
	for j := range d.columns {
		if c := &d.columns[j]; c.isPair() {
			c.tau = min(c.tau/c.part, mostPenalty)
		}
	}
}

func (c *valueColumn) isPair() bool { return c.part > 0 }

// model is the part of the pairs in a fit, about their mean over the leads, and the sum of these means.
func (pairs *learntPairs) model(f *learnt) (m *pairModel, base float64) {
	m = &pairModel{Pairs: pairs.encoder.Terms()[pairs.first:]}
	used := make([]bool, pairs.first)
	for i := range m.Pairs {
		a, b := m.Pairs[i].Parts()
		used[a], used[b] = true, true
	}
	for k, t := range pairs.of.shapes.own.Terms()[:pairs.first] {
		if used[k] && t.IsNumber() {
			m.Numbers = append(m.Numbers, pairs.encoder.Terms()[k])
		}
	}
	for j := range f.design.columns {
		c := &f.design.columns[j]
		if !c.isPair() {
			continue
		}
		t := &pairs.encoder.Terms()[c.term]
		v := valueTerm{Feature: t.Name, Values: make([]float64, t.Size())}
		for cell, g := range c.group {
			v.Values[cell] = combine(c.loads[g], f.beta)
		}
		share := pairs.of.shapes.shares(pairs.encoder, c.term, pairs.of.table)
		v.Mean = floats.Dot(share, v.Values)
		base += v.Mean
		m.Terms = append(m.Terms, v)
	}
	return m, base
}

// shares are the shares of the leads of known level in each level of a term.
func (s *valueShapes) shares(encoder *features.Encoder, k int, table *features.Table) []float64 {
	share, level := make([]float64, encoder.Terms()[k].Size()), encoder.Level(k, table)
	rows := s.rows
	if rows == nil {
		rows = features.AllRows(table.Rows)
	}
	for _, r := range rows {
		if at := level(r); at != features.NoLevel {
			w := 1.0
			if s.weights != nil {
				w = s.weights[r]
			}
			share[at] += w
		}
	}
	floats.Scale(1/floats.Sum(share), share)
	return share
}
