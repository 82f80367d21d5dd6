package model

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// The Bernoulli part: whether a sale is worth something at all. Its λ is the one of a grid whose log loss is least out of
// fold, the same for every effect.

// ridges are the values of λ, from the strongest down.
func ridges() []float64 {
	var grid []float64
	for k := 0; ; k++ {
		lambda := strongestRidge * math.Pow(10, -float64(k)/ridgesPerDecade)
		if lambda < weakestRidge*(1-1e-9) {
			return grid
		}
		grid = append(grid, lambda)
	}
}

// choosePaid cross-fits the Bernoulli part; nil where its share does as well.
func (l *valueLearner) choosePaid(ctx context.Context) (*familyFit, error) {
	if nothing := len(l.y) - l.paying; nothing < valueFewest {
		return nil, nil
	}
	t, err := l.crossFitPaid(ctx, ridges())
	if err != nil {
		return nil, err
	}
	share := l.withoutFold(l.paid, l.w)
	if gain, se := l.gain(func(i int) float64 {
		return logLoss(Logit(share[l.fold[i]]), l.paid[i]) - logLoss(t.mu[i], l.paid[i])
	}); !(gain > intervalZ*se) {
		return nil, nil
	}
	return t, nil
}

// crossFitPaid finds the λ of the Bernoulli part whose loss is least out of fold. λ falls, each fit starting from the one
// before, until two in a row are worse than the best.
func (l *valueLearner) crossFitPaid(ctx context.Context, lambdas []float64) (*familyFit, error) {
	gram := l.paidGram(float64(valueFolds-1) / valueFolds)
	var best *familyFit
	start := make([][]float64, valueFolds)
	worse := 0
	for _, lambda := range lambdas {
		t := &familyFit{family: familyBernoulli, lambda: lambda, mu: make([]float64, len(l.y))}
		factor, err := l.singles.factorise(gram, 1, lambda)
		if err != nil {
			return nil, err
		}
		for k := range valueFolds {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			p := &valueProblem{design: l.singles, family: familyBernoulli, y: l.paid, w: l.weightsWithout(l.w, k), lambda: lambda, factor: factor}
			o, err := p.minimise(start[k])
			if err != nil {
				return nil, fmt.Errorf("model: value: %w", err)
			}
			start[k] = o.beta
			l.take(t, k, o.mu)
		}
		for i, w := range l.w {
			loss, _ := familyBernoulli.loss(l.paid[i], t.mu[i])
			t.loss += float64(w * loss)
		}
		if best == nil || t.loss < best.loss {
			best, worse = t, 0
		} else if worse++; worse == 2 {
			break
		}
	}
	return best, nil
}

// paidGram is the curvature of the Bernoulli part on a share of the sales.
func (l *valueLearner) paidGram(share float64) *mat.SymDense {
	var g mat.SymDense
	rate := stat.Mean(l.paid, l.w)
	g.ScaleSym(share*rate*(1-rate), l.singles.gram(l.w))
	return &g
}

// fitPaid fits the Bernoulli part on all sales.
func (l *valueLearner) fitPaid(lambda float64) (*learnt, error) {
	p := &valueProblem{design: l.singles, family: familyBernoulli, y: l.paid, w: l.w, lambda: lambda}
	var err error
	if p.factor, err = p.design.factorise(l.paidGram(1), 1, lambda); err != nil {
		return nil, err
	}
	o, err := p.minimise(nil)
	if err != nil {
		return nil, fmt.Errorf("model: value: %w", err)
	}
	return &learnt{p.design, o.beta, lambda}, nil
}
