package model

import (
	"context"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// Pairs of features that a fit without them leaves something over for (screen.go), and that do no harm to leads that had no
// part in choosing them (gate.go), get a coefficient for each combination of their coarsened levels, under a penalty that
// knows that they were chosen (chance.go).

const (
	mostGroups  = 12 // of a feature in a pair
	leastGroups = 4
	pairCells   = 1300 // coefficients of all pairs together
	// Note: cells of a curvature of 5 to 10 lost .005 of AUC on sets of a few thousand leads; a ridge on each cell alone
	// does not make up for cells that are too fine.
	cellCurvature = 25.0
	denseCells    = 2000 // coefficients of all terms together, but for those of
	wideLevels    = 512  // levels or more, which the solver treats one by one
	startPair     = 10.0
	finerErrors   = 1.5 // standard errors of the log loss by which finer groups must do better
)

// finerGroups are tried one after the other, as long as they do better.
var finerGroups = []int{6, 8, mostGroups}

// pairing is what the screening needs to know of the leads: coarse codes by term.
type pairing struct {
	terms    []int  // that may be in a pair
	straight []bool // they are slopes, but for a pair that needs them in steps
	groups   [][]int32
	codes    [][]uint8
	counts   []int
	stride   int
	pairs    int // that candidates are chosen from
}

// pairing coarsens an encoder's terms with levels; the problem has their codes. The numbers that are bent have steps
// without a pair.
func (l *learner) pairing(encoder *features.Encoder, problem *logit.Problem, bent map[string]bool) *pairing {
	s := &pairing{}
	for k := range encoder.Terms() {
		t := &encoder.Terms()[k]
		if t.IsNumber() || t.Size() < 2 {
			continue
		}
		group := t.Coarsen(l.groups)
		s.terms = append(s.terms, k)
		s.straight = append(s.straight, l.shapes.mayBend(k) && !bent[t.Name])
		s.groups = append(s.groups, group)
		s.counts = append(s.counts, int(slices.Max(group))+1)
		s.codes = append(s.codes, coarseCodes(problem.Columns[k].Codes, group))
	}
	s.count(problem.Rows)
	return s
}

// count counts the pairs, and how many of so many rows to look at.
func (s *pairing) count(rows int) {
	s.pairs = len(s.terms) * (len(s.terms) - 1) / 2
	s.stride = 1 + s.pairs*rows/screenWork
}

// pairingOf is the pairing of the parts of a pair that another encoder has; false if this one lacks a part.
func (l *learner) pairingOf(pair *features.Term, groups int) (*pairing, bool) {
	s := &pairing{}
	for _, side := range pair.Pair {
		for k := range l.encoder.Terms() {
			if t := &l.encoder.Terms()[k]; t.Name == side.Feature && !t.IsNumber() && t.Size() >= 2 {
				group := t.Coarsen(groups)
				s.terms, s.groups, s.counts = append(s.terms, k), append(s.groups, group), append(s.counts, int(slices.Max(group))+1)
			}
		}
	}
	return s, len(s.terms) == 2
}

// groupsFor returns how many groups a feature may have in a pair, so that a cell has cellCurvature on average.
func groupsFor(o *leftover) int {
	total := 0.0
	for _, h := range o.curvature {
		total += h
	}
	return min(max(int(math.Round(math.Sqrt(total/cellCurvature))), leastGroups), mostGroups)
}

func coarseCodes(c logit.Codes, group []int32) []uint8 {
	switch {
	case c.U8 != nil:
		return coarse(c.U8, group)
	case c.U16 != nil:
		return coarse(c.U16, group)
	}
	return coarse(c.U32, group)
}

func coarse[T uint8 | uint16 | uint32](codes []T, group []int32) []uint8 {
	out := make([]uint8, len(codes))
	for i, c := range codes {
		out[i] = uint8(group[c])
	}
	return out
}

// addPairs gives the learner the pairs that help, if any do. All terms are screened in steps, whatever their shape; the
// numbers of candidates get steps for the gate, and keep them if a pair of theirs comes through.
func (l *learner) addPairs(ctx context.Context, rows []int32, stepped *logit.Problem, bent map[string]bool) error {
	left := newLeftover(&l.problem, linearPredictor(&l.problem, l.fit))
	l.groups = groupsFor(left)
	s := l.pairing(l.shapes.steps, stepped, bent)
	found, err := s.screen(ctx, left, l.options.Workers)
	if err != nil || discoveries(found, s.pairs, anyPairLevel) == 0 {
		return err
	}
	steps := maps.Clone(bent)
	s.bend(steps, l.shapes.steps, found)
	straight := *l
	if err := l.reshape(ctx, steps, pairSteps); err != nil {
		return err
	}
	if s, found, err = l.choosePairs(ctx, bent, s.pairs); err != nil {
		return err
	}
	if len(found) == 0 {
		*l = straight
		return nil
	}
	s.bend(bent, l.encoder, found)
	if err := l.reshape(ctx, bent, 0); err != nil {
		return err
	}
	terms, made := l.pairTerms(s, found, func(a, b int, count int) []float64 { return l.cellWeights(rows, a, b, s, count) })
	first := len(l.penalty)
	if err := l.extend(ctx, terms, pairSteps); err != nil {
		return err
	}
	return l.temper(ctx, first, made)
}

// choosePairs returns the pairs that come through the gate, of so many, in groups as fine as leads that had no part in
// choosing them are predicted best by: how sharp an effect is, is a matter of the data.
func (l *learner) choosePairs(ctx context.Context, bent map[string]bool, pairs int) (*pairing, []candidatePair, error) {
	left := newLeftover(&l.problem, linearPredictor(&l.problem, l.fit))
	var best *pairing
	var through *gated
	groups := l.groups
	for _, count := range append([]int{groups}, finerGroups...) {
		if best != nil && count <= groups {
			continue
		}
		l.groups = count
		s := l.pairing(l.encoder, &l.problem, bent)
		s.pairs = pairs
		found, err := s.screen(ctx, left, l.options.Workers)
		if err != nil {
			return nil, nil, err
		}
		g, err := l.gate(ctx, s, found)
		if err != nil {
			return nil, nil, err
		}
		if best != nil && (len(g.pairs) == 0 || !g.better(through)) {
			break
		}
		best, through, groups = s, g, count
	}
	l.groups = groups
	return best, through.pairs, nil
}

// better reports whether the leads of the folds are predicted better than by coarser pairs.
func (g *gated) better(coarser *gated) bool {
	gain := slices.Clone(coarser.loss)
	floats.Sub(gain, g.loss)
	mean, se := g.tested.meanAndError(gain)
	return mean > finerErrors*se
}

// temper takes from the variance of pairs, whose penalties start at first and are learnt, what they owe to having been
// chosen (chance.go), and fits anew.
func (l *learner) temper(ctx context.Context, first int, pairs []candidatePair) error {
	for i, c := range pairs {
		l.penalty[first+i] = min(l.penalty[first+i]/c.part, mostPenalty)
	}
	return l.adapt(ctx, first, 0)
}

// bend adds the features of the pairs to those that need steps.
func (s *pairing) bend(bent map[string]bool, encoder *features.Encoder, pairs []candidatePair) {
	for _, c := range pairs {
		for _, side := range []int{c.a, c.b} {
			bent[encoder.Terms()[s.terms[side]].Name] = true
		}
	}
}

// pairTerms makes the terms of the chosen pairs, as long as there is room for their cells, and returns which they are.
func (l *learner) pairTerms(s *pairing, chosen []candidatePair, weights func(a, b, count int) []float64) (terms []features.Term, made []candidatePair) {
	room := l.room()
	for _, c := range chosen {
		w := weights(c.a, c.b, s.counts[c.a]*s.counts[c.b])
		t := l.encoder.Crossed(s.terms[c.a], s.terms[c.b], s.groups[c.a], s.groups[c.b], w, l.leastWeight())
		if size := len(t.Histogram) - 1; size > 1 && size <= room {
			room -= size
			terms, made = append(terms, t), append(made, c)
		}
	}
	return terms, made
}

// room is how many cells there is room for: beyond denseCells coefficients a fit gets slow.
func (l *learner) room() int {
	used, pairs := 0, 0
	for k := range l.encoder.Terms() {
		t := &l.encoder.Terms()[k]
		if t.IsPair() {
			pairs += t.Size()
		}
		if t.Size() <= wideLevels {
			used += t.Size()
		}
	}
	return min(pairCells-pairs, denseCells-used)
}

// cellWeights returns the weight of the rows of each cell of a pair.
func (l *learner) cellWeights(rows []int32, a, b int, s *pairing, count int) []float64 {
	levelA, levelB := l.encoder.Level(s.terms[a], l.table), l.encoder.Level(s.terms[b], l.table)
	if rows == nil {
		rows = features.AllRows(l.table.Rows)
	}
	parts := make([][]float64, blocksOf(len(rows)))
	inBlocks(len(rows), func(block, from, to int) {
		parts[block] = make([]float64, count)
		for _, r := range rows[from:to] {
			parts[block][int(s.groups[a][levelA(r)])*s.counts[b]+int(s.groups[b][levelB(r)])] += l.weight(r)
		}
	})
	weight := make([]float64, count)
	for _, part := range parts {
		floats.Add(weight, part)
	}
	return weight
}

// extend adds terms and learns their penalties, and those of the others anew.
func (l *learner) extend(ctx context.Context, terms []features.Term, steps int) error {
	if len(terms) == 0 {
		return nil
	}
	encoder, err := l.encoder.With(terms)
	if err != nil {
		return err
	}
	l.encoder = encoder
	l.problem = l.trainer.problem(encoder, l.design)
	l.lagged.into(&l.problem)
	l.penalty, l.fit = withPairs(l.penalty, l.fit, terms)
	return l.adapt(ctx, 0, steps)
}

// withPairs returns penalties and a start of terms with pairs after them, which have no effect yet.
func withPairs(penalty []float64, fit *logit.Fit, pairs []features.Term) ([]float64, *logit.Fit) {
	penalty = slices.Clone(penalty)
	start := &logit.Fit{Intercept: fit.Intercept, Coefficients: slices.Clone(fit.Coefficients)}
	for i := range pairs {
		penalty = append(penalty, startPair)
		start.Coefficients = append(start.Coefficients, make([]float64, len(pairs[i].Histogram)-1))
	}
	return penalty, start
}
