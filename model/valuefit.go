package model

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/leadscore/leadscore/features"
)

// How the value model is learnt from sales that are worth something, and how many there are of them:
//
//	below 30    the credible mean
//	below 100   ridge on log profit, of the five features that say most
//	below 300   ridge on log profit, Gamma, or a double Gamma (valuespread.go)
//	above       also Tweedie
//
// Penalties are learnt from the sales (valuepenalty.go), and so are the shapes of numbers (valueshape.go). The family is the
// log ridge or the Gamma, whichever density the sales are likelier to come from, unless the Gamma deviance of another is less out of fold by
// familyMargin standard errors, once its total is preserved: sizes are multiplied by the ratio Σ w·y ÷ Σ w·ŷ of predictions out of fold, in which losses and sales that
// are worth nothing count (they are no part of the fit of sizes). Before the ratio, e^μ is kept from being less than the
// least profit of training, or more than the greatest, by more than a factor of valueRoom.
//
// Sales that are worth nothing have a Bernoulli part of their own where it lowers the log loss out of fold by more than chance
// would; otherwise their share is part of the ratio. The whole must be better than the constant, out of fold, or the
// credible mean is used: see beatsConstant.
//
// Note: neither family dominates; e^μ of a log ridge loses a third of the money, smearing (Duan 1983) and e^σ²/2 promise
// up to half too much where the spread is not constant. The ratio keeps the total at no cost in ranking. Bounds
// at the 0.5th and 99.5th hundredth of the profits lost: they cut off the leads that are truly worth most, and cost a
// sixth of the precision at 1,000 Gamma sales.

// The settings of the fit.
const (
	valueFewest     = 30
	valueFew        = 100
	valueMany       = 300
	valueFeatures   = 5 // of fewer than valueFew sales
	valueFolds      = 5
	valueRoom       = 4     // times the best sale is what a lead may be worth, at most
	valueLearn      = 5_000 // sales at most that shapes, penalties and family are learnt from
	familyMargin    = 0.5   // standard errors by which a family must do better than those before it
	strongestRidge  = 1e4
	weakestRidge    = 0.1
	ridgesPerDecade = 2
)

// valueData is the sales as a value model learns them.
type valueData struct {
	encoder *features.Encoder
	shapes  *valueShapes // nil = the encoder's
	curved  []bool       // of each term, nil = none
	table   *features.Table
	wins    *wins
	seed    uint64
}

// valueLearner fits on one set of sales.
type valueLearner struct {
	encoder   *features.Encoder
	rows      []int32 // of the table
	design    *valueDesign
	singles   *valueDesign // without pairs: of whether a sale is worth something
	y         []float64    // profit in units of the mean of those above 0; losses are below 0
	w         []float64    // of every sale
	size      []float64    // w, 0 for sales that are worth nothing
	paid      []float64    // 1 for a sale that is worth something
	fold      []uint8
	low, high float64 // bounds of μ
	unit      float64 // ln of the unit
	cluster   []int32
	paying    int // sales that are worth something

	whole  *regularisedSales
	others [valueFolds]*regularisedSales // without each fold
	known  *precisions                   // nil = learnt from these sales
	start  *precisions                   // of a learner without these pairs, nil = none
	pairs  *learntPairs                  // of sizes, nil = none
}

// newValueLearner codes sales.
func newValueLearner(data *valueData, w *wins) *valueLearner {
	w = w.asSeen()
	n := len(w.profit)
	design := newValueDesign(data.encoder, data.curved, data.table, w.rows)
	l := &valueLearner{encoder: data.encoder, rows: w.rows, design: design, singles: design, w: w.weight, cluster: w.cluster,
		y: slices.Clone(w.profit), size: make([]float64, n), paid: make([]float64, n), fold: foldsOf(n, w.cluster, data.seed)}
	var sum, weight float64
	var amounts []float64
	for i, y := range w.profit {
		if y > 0 {
			l.size[i], l.paid[i] = w.weight[i], 1
			l.paying++
			sum += float64(w.weight[i] * y)
			weight += w.weight[i]
			amounts = append(amounts, y)
		}
	}
	unit := sum / weight
	floats.Scale(1/unit, l.y)
	l.unit = math.Log(unit)
	l.low, l.high = math.Log(floats.Min(amounts)/unit/valueRoom), math.Log(floats.Max(amounts)/unit*valueRoom)
	return l
}

// foldsOf deals sales, or their accounts, into folds at random.
func foldsOf(n int, cluster []int32, seed uint64) []uint8 {
	random := rand.New(rand.NewPCG(seed, 0x76616c7565))
	groups := n
	for _, c := range cluster {
		groups = max(groups, int(c)+1)
	}
	place := random.Perm(groups)
	fold := make([]uint8, n)
	for i := range fold {
		g := i
		if cluster != nil {
			g = int(cluster[i])
		}
		fold[i] = uint8(place[g] % valueFolds)
	}
	return fold
}

// familyFit is what a cross-fit of one family came to.
type familyFit struct {
	family valueFamily
	lambda float64
	loss   float64
	mu     []float64 // of each sale by a fit without its fold
}

// crossFit fits a family of sizes without each fold.
func (l *valueLearner) crossFit(ctx context.Context, family valueFamily) (*familyFit, error) {
	t := &familyFit{family: family, mu: make([]float64, len(l.y))}
	for k := range valueFolds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := l.without(k, family)
		if err != nil {
			return nil, err
		}
		p := &valueProblem{design: f.design, family: family, y: l.y, w: f.w}
		o, err := p.minimiseSize(f.gram, f.precisions)
		if err != nil {
			return nil, fmt.Errorf("model: value: %w", err)
		}
		l.take(t, k, o.mu)
	}
	return t, nil
}

// take keeps the predictions of fold k.
func (l *valueLearner) take(t *familyFit, k int, mu []float64) {
	for i, f := range l.fold {
		if int(f) == k {
			t.mu[i] = mu[i]
		}
	}
}

// weightsWithout are weights without fold k's.
func (l *valueLearner) weightsWithout(w []float64, k int) []float64 {
	w = slices.Clone(w)
	for i, f := range l.fold {
		if int(f) == k {
			w[i] = 0
		}
	}
	return w
}

// clip keeps sizes within the profits of training.
func (l *valueLearner) clip(family valueFamily, mu float64) float64 {
	if family == familyBernoulli {
		return mu
	}
	return min(max(mu, l.low), l.high)
}

// regularisedSales is what fits of sizes to some of the sales have in common.
type regularisedSales struct {
	w          []float64
	design     *valueDesign
	gram       *mat.SymDense
	precisions *precisions
	steady     *regularisedSales // of the double Gamma, nil = not made yet
}

// without are the sales without fold k, as a family weighs them.
func (l *valueLearner) without(k int, family valueFamily) (*regularisedSales, error) {
	all, err := l.all(family)
	if err != nil {
		return nil, err
	}
	if l.others[k] == nil {
		w := l.weightsWithout(l.size, k)
		if floats.Sum(w) == 0 {
			return nil, fmt.Errorf("model: value: %w: too few accounts: one holds nearly all of them", errNoOptimum)
		}
		if l.others[k], err = l.regularise(w, all.precisions); err != nil {
			return nil, err
		}
	}
	return l.weighed(l.others[k], family)
}

// all are all sales, as a family weighs them.
func (l *valueLearner) all(family valueFamily) (*regularisedSales, error) {
	if l.whole == nil {
		var err error
		if l.whole, err = l.regularise(l.size, l.start); err != nil {
			return nil, err
		}
		if l.start != nil {
			l.whole.precisions.spread = l.start.spread
		}
	}
	return l.weighed(l.whole, family)
}

// weighed are sales as a family weighs them.
func (l *valueLearner) weighed(f *regularisedSales, family valueFamily) (*regularisedSales, error) {
	if family != familyDouble {
		return f, nil
	}
	if f.steady == nil {
		w, err := l.steadied(f)
		if err != nil {
			return nil, err
		}
		if f.steady, err = l.regularise(w, f.precisions); err != nil {
			return nil, err
		}
	}
	return f.steady, nil
}

func (l *valueLearner) regularise(w []float64, start *precisions) (*regularisedSales, error) {
	d, p, err := l.regularised(w, start)
	if err != nil {
		return nil, err
	}
	return &regularisedSales{w: w, design: d, gram: d.gram(w), precisions: p}, nil
}

// learnt is a value model in its design's coefficients.
type learnt struct {
	design *valueDesign
	beta   []float64
	lambda float64
}

// fit fits a family of sizes on all sales.
func (l *valueLearner) fit(family valueFamily) (*learnt, error) {
	all, err := l.all(family)
	if err != nil {
		return nil, err
	}
	p := &valueProblem{design: all.design, family: family, y: l.y, w: all.w}
	o, err := p.minimiseSize(all.gram, all.precisions)
	if err != nil {
		return nil, fmt.Errorf("model: value: %w", err)
	}
	return &learnt{p.design, o.beta, p.lambda}, nil
}

// terms returns the effects of the terms, and the intercept plus their means.
func (f *learnt) terms(encoder *features.Encoder) (terms []valueTerm, base float64) {
	base = f.beta[0]
	for j := range f.design.columns {
		c := &f.design.columns[j]
		if c.isPair() {
			continue
		}
		t := &encoder.Terms()[c.term]
		v := valueTerm{Feature: t.Name, Values: make([]float64, t.Size())}
		switch {
		case !c.straight():
			for level, g := range c.group {
				v.Values[level] = combine(c.loads[g], f.beta)
			}
		case c.score == nil:
			v.Values[0] = f.beta[c.slope]
			fallthrough
		default:
			if t.Missing {
				v.Values[len(v.Values)-1] = combine(c.loads[1], f.beta)
			}
		}
		for b, score := range c.score {
			v.Values[b] += float64(f.beta[c.slope] * score)
		}
		v.Mean, _ = meanAndSpread(t, v.Values)
		base += v.Mean
		terms = append(terms, v)
	}
	return terms, base
}

// fitValue learns the value model of sales whose mean profit is positive; it returns nil where the credible mean does as
// well, or where sales are too few.
func fitValue(ctx context.Context, data *valueData) (*valueModel, error) {
	paying := 0
	for _, y := range data.wins.profit {
		if y > 0 {
			paying++
		}
	}
	if paying < valueFewest {
		return nil, nil
	}
	part := data.wins.evenly(valueLearn)
	data, err := data.shaped(part)
	if err != nil {
		return nil, err
	}
	l := newValueLearner(data, part)
	size, err := l.choose(ctx)
	if err != nil {
		return nil, err
	}
	paid, err := l.choosePaid(ctx)
	if err != nil {
		return nil, err
	}
	l, size, err = l.pair(ctx, data, size)
	if err != nil || !l.beatsConstant(size, paid) {
		return nil, err
	}
	if part != data.wins { // the total is that of all sales
		if _, err = l.all(size.family); err != nil {
			return nil, err
		}
		known := l.whole.precisions
		l = newValueLearner(data, data.wins).with(l.pairs)
		l.known = known
		if size, err = l.crossFit(ctx, size.family); err != nil {
			return nil, err
		}
		if paid != nil {
			if paid, err = l.crossFitPaid(ctx, []float64{paid.lambda}); err != nil {
				return nil, err
			}
		}
	}
	v, err := l.model(size, paid)
	if err == nil && data.shapes != nil {
		v.Numbers = reshaped(data.shapes.own, data.encoder)
	}
	return v, err
}

// model fits what was chosen on all sales and writes it down.
func (l *valueLearner) model(size, paid *familyFit) (*valueModel, error) {
	f, err := l.fit(size.family)
	if err != nil {
		return nil, err
	}
	v := &valueModel{Kind: size.family.name(), Penalty: f.lambda, Ratio: ratioOf(l.y, l.profits(size, paid), l.w)}
	scale := l.unit + math.Log(v.Ratio)
	v.Terms, v.Base = f.terms(l.encoder)
	v.Base += scale
	v.Bounds = []float64{l.low + scale, l.high + scale}
	if l.pairs != nil {
		var mean float64
		v.Pairs, mean = l.pairs.model(f)
		v.Base += mean
	}
	if paid != nil {
		if f, err = l.fitPaid(paid.lambda); err != nil {
			return nil, err
		}
		v.Paid = &paidModel{Penalty: paid.lambda}
		v.Paid.Terms, v.Paid.Base = f.terms(l.encoder)
	}
	return v, nil
}
