package model

import (
	"context"
	"math"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// The auto recipe: slopes of numbers that are straight, steps of those that bend, levels, and screened pairs of them,
// each column under a penalty of its own that is learnt from the data; slopes share one.
//
// Column b of the design has the penalty ½λ_b·β'S_bβ: for levels S_b is the identity; for bins it sums the squared
// differences of neighbours, plus chainRidge of the squares, which is all that holds the level of missing. As the
// log density of a Gaussian prior of precision λ_b·S_b it makes λ_b a variance component, and its marginal likelihood
// (Laplace) is raised by the generalised Fellner–Schall step (Wood & Fasiolo 2017, Biometrics 73, eq. 4)
//
//	λ_b ← λ_b · (rank S_b − tr((H+λS)⁻¹λ_bS_b)) / (λ_b β'S_bβ)
//
// with H the curvature of the log loss at the penalised optimum β. A column without an effect gets a large λ_b and
// drops out; no cross-validation, no grid. A weak Gamma prior on λ_b, worth priorWeight of a coefficient of variance
// priorLevels or priorChain, keeps columns of two levels from swinging between free and gone.

// The settings of the recipe.
const (
	autoBins         = 32      // of a number, at most,
	leastBins        = 8       // and, where there are many numbers, at least:
	autoCoefficients = 1200    // all numbers' bins together are about so many
	autoWeight       = 10      // the least weight of a bin, a level or a cell that stands for itself
	learnRows        = 200_000 // penalties and pairs are learnt on so many leads, at most
	chainRidge       = 0.01
	straightSteps    = 3
	mainSteps        = 7
	pairSteps        = 4
	startLevels      = 4.0
	startChain       = 20.0
	largestStep      = 10.0 // factor by which λ may change in a step
	leastPenalty     = 0.02
	mostPenalty      = 1e5
	learnTolerance   = 1e-3
	priorWeight      = 0.5
	priorLevels      = 0.02 // variance of a level, and
	priorChain       = 5e-4 // of a step between bins
)

// autoFit fits the auto recipe on the given rows.
func (t *trainer) autoFit(ctx context.Context, rows []int32, o logit.Options) (*fitted, error) {
	s, empty, err := t.shapesOf(rows)
	if err != nil {
		return nil, err
	}
	if n := len(rows); t.known != nil && (rows == nil || n > relearnRows) {
		return t.fitKnown(ctx, rows, s, empty, o)
	}
	l, err := t.learn(ctx, rows, s, o)
	if err != nil {
		return nil, err
	}
	f := &fitted{encoder: l.encoder, empty: empty, penalty: l.penalty, groups: l.groups}
	p := l.problem
	if l.part != nil { // learnt on a part
		p = t.problem(l.encoder, rows)
		penalise(&p, l.encoder, l.penalty)
		l.lagged = l.lags.over(t, rows)
	}
	if f.linear, f.delay, err = l.lagged.fit(ctx, p, l.fit, o); err != nil {
		return nil, named(err, l.encoder)
	}
	f.moments()
	f.joint, err = l.lookTogether(ctx)
	return f, err
}

// relearnRows is how many leads make it safe to cross-fit with penalties and pairs that all of them chose: what few
// leads choose would flatter itself on them.
const relearnRows = 20_000

// fitKnown fits with the penalties and pairs of an earlier fit, but with bins and cells of these rows.
func (t *trainer) fitKnown(ctx context.Context, rows []int32, s *shapes, empty []string, o logit.Options) (*fitted, error) {
	penalty, bent := map[string]float64{}, map[string]bool{}
	for k := range t.known.encoder.Terms() {
		known := &t.known.encoder.Terms()[k]
		bent[known.Name] = known.Ordered()
	}
	encoder, err := s.encoder(bent)
	if err != nil {
		return nil, err
	}
	l := &learner{trainer: t, encoder: encoder}
	var pairs []features.Term
	for k := range t.known.encoder.Terms() {
		known := &t.known.encoder.Terms()[k]
		penalty[known.Name] = t.known.penalty[k]
		if !known.IsPair() {
			continue
		}
		if s, found := l.pairingOf(known, t.known.groups); found {
			terms, _ := l.pairTerms(s, []candidatePair{{a: 0, b: 1}}, func(a, b, count int) []float64 { return l.cellWeights(rows, a, b, s, count) })
			pairs = append(pairs, terms...)
		}
	}
	if encoder, err = encoder.With(pairs); err != nil {
		return nil, err
	}
	f := &fitted{encoder: encoder, empty: empty, groups: t.known.groups, joint: t.known.joint}
	for k := range encoder.Terms() {
		term := &encoder.Terms()[k]
		value, found := penalty[term.Name]
		if !found {
			value = firstPenalty(term)
		}
		f.penalty = append(f.penalty, value)
	}
	p := t.problem(encoder, rows)
	penalise(&p, encoder, f.penalty)
	if f.linear, err = logit.Minimise(ctx, p, o); err != nil {
		return nil, named(err, encoder)
	}
	f.moments()
	return f, nil
}

// binsFor returns how many bins a number may have.
func binsFor(schema *features.Schema) int {
	numbers := 0
	for _, f := range schema.Fields() {
		if f.Role.Feature() && f.Kind != features.Category {
			numbers++
		}
	}
	return max(leastBins, min(autoBins, autoCoefficients/max(1, numbers)))
}

// learner learns penalties and pairs on a part of the leads.
type learner struct {
	*trainer
	options logit.Options // of the fits on the way
	part    []int32       // nil = every row of the fit
	design  []int32       // the rows of the problem, nil = all of the table
	shapes  *shapes
	encoder *features.Encoder
	problem logit.Problem
	penalty []float64 // λ of each term
	groups  int       // of a feature in a pair, at most
	fit     *logit.Fit
	lags    *lagModel // nil = every lead is mature
	lagged  *lagged   // of the problem's rows
}

func (t *trainer) learn(ctx context.Context, rows []int32, s *shapes, o logit.Options) (*learner, error) {
	l := &learner{trainer: t, options: o, shapes: s}
	l.options.StandardErrors = logit.SubsampleErrors
	l.options.Tolerance = max(learnTolerance, o.Tolerance)
	l.options.Reference = false
	l.part = evenly(rows, t.table.Rows, learnRows)
	if l.design = l.part; l.part == nil {
		l.design = rows
	}
	if len(t.young) > 0 {
		var err error
		if l.lags, err = t.newLagModel(rows); err != nil {
			return nil, err
		}
		l.lagged = l.lags.over(t, l.design)
	}
	if err := l.reshape(ctx, nil, straightSteps); err != nil {
		return nil, err
	}
	stepped := t.problem(s.steps, l.design)
	bent, err := l.bend(ctx, &stepped)
	if err != nil {
		return nil, err
	}
	return l, l.addPairs(ctx, rows, &stepped, bent)
}

// evenly returns at most count of the rows (nil = all of the table), evenly spread; nil if that is all of them.
func evenly(rows []int32, all, count int) []int32 {
	n := len(rows)
	if rows == nil {
		n = all
	}
	if n <= count {
		return nil
	}
	part := make([]int32, count)
	for i := range part {
		at := int(int64(i) * int64(n) / int64(count))
		part[i] = int32(at)
		if rows != nil {
			part[i] = rows[at]
		}
	}
	return part
}

func firstPenalty(t *features.Term) float64 {
	if t.Ordered() {
		return startChain
	}
	return startLevels
}

// penalise writes the penalties into the problem's columns.
func penalise(p *logit.Problem, encoder *features.Encoder, penalty []float64) {
	for k := range p.Columns {
		t, c := &encoder.Terms()[k], &p.Columns[k]
		c.Ridge, c.Difference, c.Apart = penalty[k], 0, 0
		if t.Ordered() {
			c.Ridge, c.Difference = chainRidge*penalty[k], penalty[k]
			if t.Missing {
				c.Apart = 1
			}
		}
	}
}

// adapt takes Fellner–Schall steps for the terms from first on, each from the optimum of the penalties before it, and
// ends at the optimum of the last ones.
func (l *learner) adapt(ctx context.Context, first, steps int) error {
	for step := 0; ; step++ {
		penalise(&l.problem, l.encoder, l.penalty)
		if l.lagged != nil && l.fit != nil {
			l.lagged.round(linearPredictor(&l.problem, l.fit))
		}
		l.options.Start = l.fit
		fit, err := logit.Minimise(ctx, l.problem, l.options)
		if err != nil {
			return named(err, l.encoder)
		}
		l.fit = fit
		if step == steps {
			return nil
		}
		figures, err := fit.Penalised()
		if err != nil {
			return err
		}
		moved := 0.0
		slopes := l.slopes(figures)
		for k := first; k < len(l.penalty); k++ {
			t := &l.encoder.Terms()[k]
			next := nextPenalty(l.penalty[k], float64(t.Size()), priorVariance(t), figures[k])
			if t.IsNumber() {
				next = slopes
			}
			moved = max(moved, math.Abs(math.Log(next/l.penalty[k])))
			l.penalty[k] = next
		}
		if moved < 0.05 {
			steps = step + 1
		}
	}
}

// slopes is the next penalty that the straight numbers share: one coefficient alone does not tell its own variance, and
// all of them are of standardised numbers.
func (l *learner) slopes(figures []logit.Penalised) float64 {
	var all logit.Penalised
	size, penalty := 0, startLevels
	for k := range figures {
		if t := &l.encoder.Terms()[k]; t.IsNumber() {
			size, penalty = size+t.Size(), l.penalty[k]
			all.Trace += figures[k].Trace
			all.Square += figures[k].Square
		}
	}
	return nextPenalty(penalty, float64(size), priorLevels, all)
}

// nextPenalty is one Fellner–Schall step of a penalty on so many coefficients.
func nextPenalty(penalty, size, prior float64, f logit.Penalised) float64 {
	free := max(0, size-f.Trace)
	square := f.Square / penalty
	next := (free + priorWeight) / (square + float64(priorWeight*prior))
	next = min(max(next, penalty/largestStep), penalty*largestStep)
	return min(max(next, leastPenalty), mostPenalty)
}

func priorVariance(t *features.Term) float64 {
	if t.Ordered() {
		return priorChain
	}
	return priorLevels
}

// linearPredictor returns η of every row of the problem.
func linearPredictor(p *logit.Problem, f *logit.Fit) []float64 {
	eta := make([]float64, p.Rows)
	for i := range eta {
		eta[i] = f.Intercept
	}
	for k := range p.Columns {
		beta := f.Coefficients[k]
		switch c := &p.Columns[k]; {
		case c.Codes.U8 != nil:
			addLevels(eta, c.Codes.U8, beta)
		case c.Codes.U16 != nil:
			addLevels(eta, c.Codes.U16, beta)
		case c.Codes.U32 != nil:
			addLevels(eta, c.Codes.U32, beta)
		default:
			addSlope(eta, standardised(c), beta)
		}
	}
	return eta
}

func addLevels[T uint8 | uint16 | uint32](eta []float64, codes []T, beta []float64) {
	for i, c := range codes {
		eta[i] += beta[c]
	}
}

// addSlope adds a number's slope, and its flag where it is missing and has one.
func addSlope(eta, z, beta []float64) {
	for i, x := range z {
		switch {
		case x == x:
			eta[i] += beta[0] * x
		case len(beta) > 1:
			eta[i] += beta[1]
		}
	}
}

// standardised returns z of each row of a number, NaN where it is missing.
func standardised(c *logit.Column) []float64 {
	if c.Numbers.F32 != nil {
		return scaled(c.Numbers.F32, c.Center, c.Scale)
	}
	return scaled(c.Numbers.F64, c.Center, c.Scale)
}

func scaled[T float32 | float64](xs []T, center, scale float64) []float64 {
	z := make([]float64, len(xs))
	for i, x := range xs {
		z[i] = (float64(x) - center) / scale
	}
	return z
}
