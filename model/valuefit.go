package model

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/leadscore/leadscore/features"
)

// How the value model is learnt from sales that are worth something, and how many there are of them:
//
//	below 30    the credible mean
//	below 100   ridge on log profit, of the five features that say most
//	below 300   ridge on log profit, or Gamma
//	above       also Tweedie
//
// Each family takes the λ of a grid whose own loss is least out of fold, and the family is the one whose Gamma deviance is
// least out of fold, once its total is preserved: sizes are multiplied by the ratio Σ w·y ÷ Σ w·ŷ of predictions out of
// fold, in which losses and sales that are worth nothing count (they are no part of the fit of sizes). Before the
// ratio, e^μ is kept between the least and the greatest profit of training: no lead is worth more than the best sale so far.
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
	valueLearn      = 5_000 // sales at most that family and λ are chosen on
	strongestRidge  = 1e4
	weakestRidge    = 0.1
	ridgesPerDecade = 2
)

// valueData is the sales as a value model learns them.
type valueData struct {
	encoder *features.Encoder
	table   *features.Table
	wins    *wins
	seed    uint64
}

// valueLearner fits on one set of sales.
type valueLearner struct {
	design    *valueDesign
	gram      *mat.SymDense
	y         []float64 // profit in units of the mean of those above 0; losses are below 0
	w         []float64 // of every sale
	size      []float64 // w, 0 for sales that are worth nothing
	paid      []float64 // 1 for a sale that is worth something
	fold      []uint8
	low, high float64 // bounds of μ
	unit      float64 // ln of the unit
	cluster   []int32
	paying    int // sales that are worth something
}

// newValueLearner codes sales.
func newValueLearner(data *valueData, w *wins) *valueLearner {
	n := len(w.profit)
	l := &valueLearner{design: newValueDesign(data.encoder, data.table, w.rows), w: w.weight, cluster: w.cluster,
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
	l.low, l.high = math.Log(floats.Min(amounts)/unit), math.Log(floats.Max(amounts)/unit)
	l.gram = l.design.gram(l.size)
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

// crossFit finds the λ of a family whose loss is least out of fold. λ falls, each fit starting from the one before, until
// two in a row are worse than the best.
func (l *valueLearner) crossFit(ctx context.Context, family valueFamily, lambdas []float64) (*familyFit, error) {
	y, w := l.y, l.size
	if family == familyBernoulli {
		y, w = l.paid, l.w
	}
	folds, err := l.foldProblems(family, y, w)
	if err != nil {
		return nil, err
	}
	var best *familyFit
	start := make([][]float64, valueFolds)
	worse := 0
	for _, lambda := range lambdas {
		t := &familyFit{family: family, lambda: lambda, mu: make([]float64, len(y))}
		for k, p := range folds {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if p.lambda = lambda; k == 0 || p.design != folds[0].design {
				if p.factor, err = p.design.factorise(p.gram, 1, lambda); err != nil {
					return nil, err
				}
			} else {
				p.factor = folds[0].factor
			}
			o, err := p.minimise(start[k])
			if err != nil {
				return nil, fmt.Errorf("model: value: %w", err)
			}
			start[k] = o.beta
			for i, f := range l.fold {
				if int(f) == k {
					t.mu[i] = o.mu[i]
					if w[i] > 0 {
						loss, _ := family.loss(y[i], l.clip(family, t.mu[i]))
						t.loss += float64(w[i] * loss)
					}
				}
			}
		}
		if best == nil || t.loss < best.loss {
			best, worse = t, 0
		} else if worse++; worse == 2 {
			break
		}
	}
	return best, nil
}

// clip keeps sizes within the profits of training.
func (l *valueLearner) clip(family valueFamily, mu float64) float64 {
	if family == familyBernoulli {
		return mu
	}
	return min(max(mu, l.low), l.high)
}

// foldProblem is the fit without one fold.
type foldProblem struct {
	valueProblem
	gram *mat.SymDense
}

// foldProblems prepares the fit without each fold.
func (l *valueLearner) foldProblems(family valueFamily, y, w []float64) ([]*foldProblem, error) {
	folds := make([]*foldProblem, valueFolds)
	gram := l.gramOf(family, float64(valueFolds-1)/valueFolds)
	for k := range folds {
		p := &foldProblem{valueProblem: valueProblem{design: l.design, family: family, y: y, w: slices.Clone(w)}, gram: gram}
		for i, f := range l.fold {
			if int(f) == k {
				p.w[i] = 0
			}
		}
		if floats.Sum(p.w) == 0 {
			return nil, fmt.Errorf("model: value: %w: too few accounts: one holds nearly all of them", errNoOptimum)
		}
		if l.paying < valueFew {
			p.design = l.design.only(l.screen(p.w))
			p.gram = p.design.gram(p.w)
		}
		folds[k] = p
	}
	return folds, nil
}

// gramOf is the curvature of a family on a share of the sales.
func (l *valueLearner) gramOf(family valueFamily, share float64) *mat.SymDense {
	var g mat.SymDense
	if family == familyBernoulli {
		rate := stat.Mean(l.paid, l.w)
		g.ScaleSym(share*rate*(1-rate), l.design.gram(l.w))
		return &g
	}
	g.ScaleSym(share, l.gram)
	return &g
}

// learnt is a value model in its design's coefficients.
type learnt struct {
	design *valueDesign
	beta   []float64
}

// fit fits a family on all sales.
func (l *valueLearner) fit(family valueFamily, lambda float64) (*learnt, error) {
	y, w := l.y, l.size
	if family == familyBernoulli {
		y, w = l.paid, l.w
	}
	p := &valueProblem{design: l.design, family: family, y: y, w: w, lambda: lambda}
	gram := l.gramOf(family, 1)
	if l.paying < valueFew {
		p.design = l.design.only(l.screen(w))
		gram = p.design.gram(w)
	}
	var err error
	if p.factor, err = p.design.factorise(gram, 1, lambda); err != nil {
		return nil, err
	}
	o, err := p.minimise(nil)
	if err != nil {
		return nil, fmt.Errorf("model: value: %w", err)
	}
	return &learnt{p.design, o.beta}, nil
}

// terms returns the effects of the terms, and the intercept plus their means.
func (f *learnt) terms(encoder *features.Encoder) (terms []valueTerm, base float64) {
	base = f.beta[0]
	for j := range f.design.columns {
		c := &f.design.columns[j]
		t := &encoder.Terms()[c.term]
		v := valueTerm{Feature: t.Name, Values: make([]float64, t.Size())}
		if c.slope >= 0 {
			v.Values[0] = f.beta[c.slope]
			if t.Missing {
				v.Values[1] = combine(c.loads[1], f.beta)
			}
		} else {
			for level, g := range c.group {
				v.Values[level] = combine(c.loads[g], f.beta)
			}
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
	l := newValueLearner(data, part)
	size, err := l.choose(ctx)
	if err != nil {
		return nil, err
	}
	paid, err := l.choosePaid(ctx)
	if err != nil || !l.beatsConstant(size, paid) {
		return nil, err
	}
	if part != data.wins { // the total is that of all sales
		l = newValueLearner(data, data.wins)
		if size, err = l.crossFit(ctx, size.family, []float64{size.lambda}); err != nil {
			return nil, err
		}
		if paid != nil {
			if paid, err = l.crossFit(ctx, familyBernoulli, []float64{paid.lambda}); err != nil {
				return nil, err
			}
		}
	}
	return l.model(data.encoder, size, paid)
}

// model fits what was chosen on all sales and writes it down.
func (l *valueLearner) model(encoder *features.Encoder, size, paid *familyFit) (*valueModel, error) {
	f, err := l.fit(size.family, size.lambda)
	if err != nil {
		return nil, err
	}
	v := &valueModel{Kind: size.family.name(), Penalty: size.lambda, Ratio: ratioOf(l.y, l.profits(size, paid), l.w)}
	scale := l.unit + math.Log(v.Ratio)
	v.Terms, v.Base = f.terms(encoder)
	v.Base += scale
	v.Bounds = []float64{l.low + scale, l.high + scale}
	if paid != nil {
		if f, err = l.fit(familyBernoulli, paid.lambda); err != nil {
			return nil, err
		}
		v.Paid = &paidModel{Penalty: paid.lambda}
		v.Paid.Terms, v.Paid.Base = f.terms(encoder)
	}
	return v, nil
}
