package model

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// Whether a candidate pair enters is decided by leads that had no part in choosing or fitting it. The leads are cut into
// folds, those of an account together. On all folds but one, pairs are screened anew and fitted; on the leads of that
// fold, each of these pairs is worth what the log loss rises by if its effect is left out and nothing else changed, but
// for what of it adds up from the two features. A pair enters if its mean worth over the leads tested, 0 in folds that did
// not choose it, is not below 0 by gateErrors standard errors, and some fold chose it: what chance adds to a pair is shrunk
// away as it is fitted, so that the gate need only stop those which do harm, such as what leads of one account have in
// common.
//
// Note: a verdict on all candidates together lost pairs of a large effect to the noise of small ones beside them; pairs
// that had to prove half a standard error of worth left more to find than they kept out.

const (
	gateFolds    = 5
	gateTested   = 20_000 // leads that are enough to decide by
	gatePairStep = 3
	gateErrors   = 1.0
)

// pairTrial is what a fold says of the pairs that it chose.
type pairTrial struct {
	chosen []candidatePair
	worth  [][]float64 // of each of them, on each lead of the fold, times its weight
	loss   []float64   // of each lead of the fold, times its weight
}

// gated is what came through the gate.
type gated struct {
	pairs  []candidatePair
	tested predictions // the leads of the folds, without predictions
	loss   []float64   // of each of them with the pairs of its fold, times its weight
}

// gate returns the candidates that do no harm to leads that had no part in choosing them.
func (l *learner) gate(ctx context.Context, s *pairing, candidates []candidatePair) (*gated, error) {
	fold := l.folds()
	g := &gated{}
	worth := make([][]float64, len(candidates))
	for k := range gateFolds {
		if k > 0 && len(g.loss) >= gateTested {
			break
		}
		t, err := l.tryPairs(ctx, s, fold, k)
		if err != nil {
			return nil, err
		}
		for i, f := range fold {
			if int(f) == k {
				l.addTested(&g.tested, i)
			}
		}
		g.loss = append(g.loss, t.loss...)
		for c := range candidates {
			worth[c] = append(worth[c], t.of(candidates[c], len(t.loss))...)
		}
	}
	for c := range candidates {
		if mean, se := g.tested.meanAndError(worth[c]); mean > -gateErrors*se {
			g.pairs = append(g.pairs, candidates[c])
		}
	}
	return g, nil
}

// of returns what a pair is worth on the fold's leads: nothing if it was not chosen.
func (t *pairTrial) of(c candidatePair, leads int) []float64 {
	for i, chosen := range t.chosen {
		if chosen.a == c.a && chosen.b == c.b {
			return t.worth[i]
		}
	}
	return make([]float64, leads)
}

// problemWeight is the weight of a row of the problem.
func (l *learner) problemWeight(i int) float64 {
	if l.problem.Weights == nil {
		return 1
	}
	return l.problem.Weights[i]
}

// row is the table's row that is row i of the problem.
func (l *learner) row(i int) int32 {
	if l.design == nil {
		return int32(i)
	}
	return l.design[i]
}

// folds gives each row of the problem one of gateFolds folds, at random; rows of one account get the same.
func (l *learner) folds() []uint8 {
	random := rand.New(rand.NewPCG(l.trainer.options.Seed, 0x67617465))
	fold := make([]uint8, l.problem.Rows)
	if l.accounts != nil {
		of := map[int32]uint8{}
		for i := range fold {
			account := l.accounts[l.row(i)]
			f, known := of[account]
			if !known {
				f = uint8(random.IntN(gateFolds))
				of[account] = f
			}
			fold[i] = f
		}
		return fold
	}
	for i := range fold {
		fold[i] = uint8(i % gateFolds)
	}
	random.Shuffle(len(fold), func(i, j int) { fold[i], fold[j] = fold[j], fold[i] })
	return fold
}

// tryPairs chooses and fits pairs on all folds but one and says what they are worth on that.
func (l *learner) tryPairs(ctx context.Context, s *pairing, fold []uint8, k int) (*pairTrial, error) {
	inner := l.leaving(fold, k)
	if err := inner.adapt(ctx, 0, 0); err != nil {
		return nil, err
	}
	chosen, err := s.screen(ctx, newLeftover(&inner.problem, linearPredictor(&inner.problem, inner.fit)), l.options.Workers)
	if err != nil {
		return nil, err
	}
	terms, chosen := inner.pairTerms(s, chosen, func(a, b, count int) []float64 {
		weight := make([]float64, count)
		for i := range fold { // every row, so that each has a cell: which cells there are tells nothing of outcomes
			weight[int(s.codes[a][i])*s.counts[b]+int(s.codes[b][i])] += l.weight(l.row(i))
		}
		return weight
	})
	if len(terms) == 0 {
		return inner.trial(s, nil, 0, fold, k, l.problemWeight), nil
	}
	encoder, err := l.encoder.With(terms)
	if err != nil {
		return nil, err
	}
	first := len(inner.penalty)
	inner.penalty, inner.fit = withPairs(inner.penalty, inner.fit, terms)
	inner.encoder = encoder
	bound := encoder.Terms()[first:]
	for i := range bound {
		inner.problem.Columns = append(inner.problem.Columns, l.pairColumn(&bound[i]))
	}
	if err := inner.adapt(ctx, first, gatePairStep); err != nil {
		return nil, err
	}
	if err := inner.temper(ctx, first, chosen); err != nil {
		return nil, err
	}
	return inner.trial(s, chosen, first, fold, k, l.problemWeight), nil
}

// leaving is a learner of the same terms and penalties that gives the leads of a fold no weight.
func (l *learner) leaving(fold []uint8, k int) *learner {
	inner := *l
	inner.lagged = nil // what is expected of immature leads stays
	inner.penalty = slices.Clone(l.penalty)
	inner.problem.Columns = slices.Clone(l.problem.Columns)
	weights := make([]float64, len(fold))
	for i := range weights {
		if int(fold[i]) != k {
			weights[i] = l.problemWeight(i)
		}
	}
	inner.problem.Weights = weights
	return &inner
}

// fitWithout is a learner of the same terms and penalties, fitted to the leads outside a fold; nil if they have too few of an
// outcome.
func (l *learner) fitWithout(ctx context.Context, fold []uint8, k int) (*learner, error) {
	inner := l.leaving(fold, k)
	if won, lost := inner.outcomes(); min(won, lost) < minOutcomes {
		return nil, nil
	}
	return inner, inner.adapt(ctx, 0, 0)
}

// trial measures the pairs, whose columns start at first, on the leads of a fold.
func (l *learner) trial(s *pairing, chosen []candidatePair, first int, fold []uint8, k int, weight func(i int) float64) *pairTrial {
	t := &pairTrial{chosen: chosen, worth: make([][]float64, len(chosen))}
	eta := linearPredictor(&l.problem, l.fit)
	for i, f := range fold {
		if int(f) == k {
			t.loss = append(t.loss, weight(i)*logLoss(eta[i], outcomeOf(&l.problem, i)))
		}
	}
	for c, pair := range chosen {
		joint := l.joint(s, pair, first+c)
		for i, f := range fold {
			if int(f) != k {
				continue
			}
			y, effect := outcomeOf(&l.problem, i), joint[s.codes[pair.a][i]][s.codes[pair.b][i]]
			t.worth[c] = append(t.worth[c], weight(i)*(logLoss(eta[i]-effect, y)-logLoss(eta[i], y)))
		}
	}
	return t
}

// joint is what a pair's coefficients are, by cell, beyond what adds up from its two features over the leads fitted.
func (l *learner) joint(s *pairing, pair candidatePair, column int) (joint [mostGroups][mostGroups]float64) {
	codes, beta := l.problem.Columns[column].Codes, l.fit.Coefficients[column]
	t := crossTable{rows: s.counts[pair.a], columns: s.counts[pair.b]}
	for i, w := range l.problem.Weights { // 0 in the fold
		a, b := s.codes[pair.a][i], s.codes[pair.b][i]
		t.weight[a][b] += w
		t.residual[a][b] += w * beta[codeAt(codes, i)]
	}
	fit, ok := t.additive()
	if !ok {
		return joint
	}
	for a := range t.rows {
		for b := range t.columns {
			if w := t.weight[a][b]; w > 0 {
				joint[a][b] = t.residual[a][b]/w - fit.row[a] - fit.column[b]
			}
		}
	}
	return joint
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
