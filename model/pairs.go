package model

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// Pairs of features are screened by what a fit without them leaves over. With rᵢ the residual and hᵢ the curvature of
// lead i, G and W their sums over a cell of two coarsened features, the gain of giving each cell a coefficient of
// precision screenRidge is about ½ΣG²/(W+screenRidge). If no cell has an effect, G has the mean 0 and the variance
//
//	v = W·(1 − W/W_a)·(1 − W/W_b)
//
// since the fit has already brought the sums of row a and of column b to zero; so the gain less Σv/(W+screenRidge),
// over its standard deviation, is a score z that tells how far a pair stands out of chance.
//
// The pairs of the largest z are candidates, if it is above √(2 ln count), about the largest of as many pairs without an
// effect. Whether they enter is decided by leads that had no part in choosing them:
// a gate fits with and without pairs, chosen anew, on a part of the leads, and asks that the log loss of the others
// falls by more than half its standard error: pairs that got so far are seldom chance, and shrunk if they are.

const (
	mostGroups  = 12 // of a feature in a pair
	leastGroups = 4
	leastScore  = 2.5
	mostPairs   = 16
	pairCells   = 1300 // coefficients of all pairs together
	screenRidge = 8.0
	// Note: cells of a curvature of 5 to 10 lost .005 of AUC on sets of a few thousand leads; a ridge on each cell alone
	// does not make up for cells that are too fine.
	cellCurvature = 25.0
	screenWork    = 400_000_000 // rows × pairs
	denseCells    = 2000        // coefficients of all terms together, but for those of
	wideLevels    = 512         // levels or more, which the solver treats one by one
	startPair     = 10.0
	gateFolds     = 5
	gateTested    = 20_000 // leads that are enough to decide by
	gatePairStep  = 3
	gateErrors    = 0.5 // standard errors that the gain must exceed
)

// pairing is what the screening needs to know of the leads: coarse codes by term.
type pairing struct {
	terms  []int // that may be in a pair
	groups [][]int32
	codes  [][]uint8
	counts []int
	stride int
}

// candidatePair is a pair of terms with the score that the screening gave it.
type candidatePair struct {
	a, b  int // positions in pairing.terms
	score float64
}

func (l *learner) newPairing(o *leftover) *pairing {
	s := &pairing{}
	groups := groupsFor(o)
	l.groups = groups
	for k := range l.encoder.Terms() {
		t := &l.encoder.Terms()[k]
		if t.Size() < 2 {
			continue
		}
		group := t.Coarsen(groups)
		s.terms = append(s.terms, k)
		s.groups = append(s.groups, group)
		s.counts = append(s.counts, int(slices.Max(group))+1)
		s.codes = append(s.codes, coarseCodes(l.problem.Columns[k].Codes, group))
	}
	pairs := len(s.terms) * (len(s.terms) - 1) / 2
	s.stride = 1 + pairs*l.problem.Rows/screenWork
	return s
}

// pairingOf is the pairing of the parts of a pair that another encoder has; false if this one lacks a part.
func (l *learner) pairingOf(pair *features.Term, groups int) (*pairing, bool) {
	s := &pairing{}
	for _, side := range pair.Pair {
		for k := range l.encoder.Terms() {
			if t := &l.encoder.Terms()[k]; t.Name == side.Feature && t.Size() >= 2 {
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

// leftover is what a fit leaves over: residual and curvature of each lead, and figures of all of them.
type leftover struct {
	residual, curvature []float64
	excess              float64 // Σ fourth cumulants / Σ variances of the residuals
	inflation           float64 // variance of a residual over its curvature: 1 without weights
}

func newLeftover(p *logit.Problem, eta []float64) *leftover {
	o := &leftover{residual: make([]float64, p.Rows), curvature: make([]float64, p.Rows)}
	var sum, fourth, variance float64
	for i, x := range eta {
		w := 1.0
		if p.Weights != nil {
			w = p.Weights[i]
		}
		q := Sigmoid(x)
		h := q * (1 - q)
		o.residual[i], o.curvature[i] = w*(float64(p.Labels[i])-q), w*h
		sum += w * h
		variance += w * w * h
		fourth += w * w * w * w * h * (1 - 6*h)
	}
	o.excess, o.inflation = fourth/sum, variance/sum
	return o
}

// screen scores every pair and returns those worth a trial, the best first.
func (s *pairing) screen(ctx context.Context, o *leftover, workers int) ([]candidatePair, error) {
	var all []candidatePair
	for a := range s.terms {
		for b := range a {
			all = append(all, candidatePair{a: b, b: a})
		}
	}
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(all) && ctx.Err() == nil; i += workers {
				all[i].score = s.score(all[i], o)
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	least := max(leastScore, math.Sqrt(2*math.Log(float64(max(1, len(all))))))
	all = slices.DeleteFunc(all, func(c candidatePair) bool { return !(c.score > least) })
	slices.SortStableFunc(all, func(a, b candidatePair) int { return cmp.Compare(b.score, a.score) })
	return all[:min(mostPairs, len(all))], nil
}

// score is z of a pair.
func (s *pairing) score(c candidatePair, o *leftover) float64 {
	na, nb := s.counts[c.a], s.counts[c.b]
	var sums [mostGroups * mostGroups][2]float64
	codesA, codesB := s.codes[c.a], s.codes[c.b]
	codesB = codesB[:len(codesA)]
	for i := 0; i < len(codesA); i += s.stride {
		cell := &sums[int(codesA[i])*nb+int(codesB[i])]
		cell[0] += o.residual[i]
		cell[1] += o.curvature[i]
	}
	var rows, columns [mostGroups]float64
	for a := range na {
		for b := range nb {
			rows[a] += sums[a*nb+b][1]
			columns[b] += sums[a*nb+b][1]
		}
	}
	var gain, mean, variance float64
	for a := range na {
		for b := range nb {
			g, w := sums[a*nb+b][0], sums[a*nb+b][1]
			if w <= 0 {
				continue
			}
			free := (1 - w/rows[a]) * (1 - w/columns[b])
			v := w * free * o.inflation
			gain += g * g / (w + screenRidge)
			mean += v / (w + screenRidge)
			variance += (2*v*v + max(0, o.excess*w*free)) / ((w + screenRidge) * (w + screenRidge))
		}
	}
	if variance <= 0 {
		return 0
	}
	return (gain - mean) / math.Sqrt(variance)
}

// addPairs gives the learner the pairs that help, if any do.
func (l *learner) addPairs(ctx context.Context, rows, design []int32) error {
	left := newLeftover(&l.problem, linearPredictor(&l.problem, l.fit))
	s := l.newPairing(left)
	chosen, err := s.screen(ctx, left, l.options.Workers)
	if err != nil || len(chosen) == 0 {
		return err
	}
	if pass, err := l.gate(ctx, s); err != nil || !pass {
		return err
	}
	weights := func(a, b int, count int) []float64 { return l.cellWeights(rows, a, b, s, count) }
	return l.extend(ctx, l.pairTerms(s, chosen, weights), design, pairSteps)
}

// pairTerms makes the terms of the chosen pairs, as long as there is room for their cells.
func (l *learner) pairTerms(s *pairing, chosen []candidatePair, weights func(a, b, count int) []float64) []features.Term {
	var terms []features.Term
	room := l.room()
	for _, c := range chosen {
		w := weights(c.a, c.b, s.counts[c.a]*s.counts[c.b])
		t := l.encoder.Crossed(s.terms[c.a], s.terms[c.b], s.groups[c.a], s.groups[c.b], w, autoWeight)
		if size := len(t.Histogram) - 1; size > 1 && size <= room {
			room -= size
			terms = append(terms, t)
		}
	}
	return terms
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
	weight := make([]float64, count)
	levelA, levelB := l.encoder.Level(s.terms[a], l.table), l.encoder.Level(s.terms[b], l.table)
	if rows == nil {
		rows = features.AllRows(l.table.Rows)
	}
	for _, r := range rows {
		weight[int(s.groups[a][levelA(r)])*s.counts[b]+int(s.groups[b][levelB(r)])] += l.weight(r)
	}
	return weight
}

// extend adds terms and learns their penalties, and those of the others anew.
func (l *learner) extend(ctx context.Context, terms []features.Term, design []int32, steps int) error {
	if len(terms) == 0 {
		return nil
	}
	encoder, err := l.encoder.With(terms)
	if err != nil {
		return err
	}
	l.encoder = encoder
	l.problem = l.trainer.problem(encoder, design)
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

// gate reports whether pairs help leads that had no part in choosing them.
func (l *learner) gate(ctx context.Context, s *pairing) (bool, error) {
	fold := l.folds()
	var gains, weights []float64
	var cluster []int32
	for k := range gateFolds {
		if k > 0 && len(gains) >= gateTested {
			break
		}
		without, with, err := l.tryPairs(ctx, s, fold, k)
		if err != nil {
			return false, err
		}
		for i, f := range fold {
			if int(f) != k {
				continue
			}
			w, y := 1.0, float64(l.problem.Labels[i])
			if l.problem.Weights != nil {
				w = l.problem.Weights[i]
			}
			gain := 0.0
			if with != nil {
				gain = w * (logLoss(without[i], y) - logLoss(with[i], y))
			}
			gains, weights = append(gains, gain), append(weights, w)
		}
	}
	p := predictions{weight: weights, cluster: cluster}
	mean, se := p.meanAndError(gains)
	return mean > gateErrors*se, nil
}

// folds gives each row of the problem one of gateFolds folds, at random.
func (l *learner) folds() []uint8 {
	random := rand.New(rand.NewPCG(l.trainer.options.Seed, 0x67617465))
	fold := make([]uint8, l.problem.Rows)
	for i := range fold {
		fold[i] = uint8(i % gateFolds)
	}
	random.Shuffle(len(fold), func(i, j int) { fold[i], fold[j] = fold[j], fold[i] })
	return fold
}

// tryPairs fits without and with pairs on all folds but one and returns η of every row by both; with is nil if no pair
// was chosen.
func (l *learner) tryPairs(ctx context.Context, s *pairing, fold []uint8, k int) (without, with []float64, err error) {
	inner := *l
	inner.penalty = slices.Clone(l.penalty)
	inner.problem.Columns = slices.Clone(l.problem.Columns)
	weights := make([]float64, len(fold))
	for i := range weights {
		switch {
		case int(fold[i]) == k:
		case l.problem.Weights != nil:
			weights[i] = l.problem.Weights[i]
		default:
			weights[i] = 1
		}
	}
	inner.problem.Weights = weights
	if err := inner.adapt(ctx, 0, 0); err != nil {
		return nil, nil, err
	}
	without = linearPredictor(&inner.problem, inner.fit)
	chosen, err := s.screen(ctx, newLeftover(&inner.problem, without), l.options.Workers)
	if err != nil {
		return nil, nil, err
	}
	terms := inner.pairTerms(s, chosen, func(a, b, count int) []float64 {
		weight := make([]float64, count)
		for i := range fold {
			// Every row, so that each has a cell: which cells there are tells nothing of outcomes.
			w := 1.0
			if l.problem.Weights != nil {
				w = l.problem.Weights[i]
			}
			weight[int(s.codes[a][i])*s.counts[b]+int(s.codes[b][i])] += w
		}
		return weight
	})
	if len(terms) == 0 {
		return without, nil, nil
	}
	encoder, err := l.encoder.With(terms)
	if err != nil {
		return nil, nil, err
	}
	first := len(inner.penalty)
	inner.penalty, inner.fit = withPairs(inner.penalty, inner.fit, terms)
	inner.encoder = encoder
	bound := encoder.Terms()[first:]
	for i := range bound {
		inner.problem.Columns = append(inner.problem.Columns, l.pairColumn(&bound[i]))
	}
	if err := inner.adapt(ctx, first, gatePairStep); err != nil {
		return nil, nil, err
	}
	return without, linearPredictor(&inner.problem, inner.fit), nil
}

// pairColumn encodes a pair from the codes of its parts.
func (l *learner) pairColumn(t *features.Term) logit.Column {
	a, b := t.Parts()
	codes := make([]uint16, l.problem.Rows)
	at, bt := l.problem.Columns[a].Codes, l.problem.Columns[b].Codes
	for i := range codes {
		codes[i] = uint16(t.Cell(codeAt(at, i), codeAt(bt, i)))
	}
	return logit.Column{Codes: logit.Codes{U16: codes}, Levels: t.Size()}
}

func codeAt(c logit.Codes, i int) int32 {
	switch {
	case c.U8 != nil:
		return int32(c.U8[i])
	case c.U16 != nil:
		return int32(c.U16[i])
	}
	return int32(c.U32[i])
}
