package model

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// How far profits scatter about their size may depend on the lead: deals of large accounts are a lottery where small ones
// go by the price list. A Gamma regression that counts them alike takes most of its noise from the lottery. The double
// Gamma weighs every sale by the reciprocal of its own dispersion, as in a double generalised linear model (Smyth 1989):
//
//	ln σ²_i    Gamma regression of the squares that the log ridge leaves, with the codes and a ridge of their own
//	φ_i        e^σ²_i − 1, the dispersion of a log-normal profit about its mean
//	weight     w_i/φ_i, relative to its mean and within a factor of mostSteady of it
//
// The weights change how well the mean is known, never what it is the mean of: a poor model of σ² costs precision alone. So
// how its effects vary is learnt from all sales, once for every fold.

// The settings of the weights.
const (
	mostSteady = 3
	mostSpread = 4    // of σ², beyond which φ tells no more
	leastSpare = 1e-6 // of a square, ÷ their mean: its logarithm tells how the effects on σ² vary
)

// steadied returns the weights of the double Gamma. What σ²'s effects vary by stays with the precisions of all sales.
func (l *valueLearner) steadied(f *regularisedSales) ([]float64, error) {
	ridge := &valueProblem{design: f.design, family: familyLogRidge, y: l.y, w: f.w}
	size, err := ridge.minimiseSize(f.gram, f.precisions)
	if err != nil {
		return nil, fmt.Errorf("model: value: %w", err)
	}
	squares := *l
	squares.y = make([]float64, len(l.y))
	for i, w := range f.w {
		if w > 0 {
			e := math.Log(l.y[i]) - size.mu[i]
			squares.y[i] = max(e*e/f.precisions.phi, leastSpare)
		}
	}
	of := l.start
	if of == nil {
		of = l.whole.precisions
	}
	if of.spread == nil {
		if of.spread, err = squares.learnPrecisions(f.design, f.w, nil); err != nil {
			return nil, err
		}
	}
	spread := &valueProblem{design: f.design.under(of.spread.tau), family: familyGamma, y: squares.y, w: f.w}
	o, err := spread.minimiseSize(f.gram, of.spread)
	if err != nil {
		return nil, fmt.Errorf("model: value: %w", err)
	}
	return steadyWeights(f.w, o.mu, f.precisions.phi), nil
}

// steadyWeights are w ÷ φ of sales of σ² = φ0·e^μ.
func steadyWeights(w, mu []float64, phi0 float64) []float64 {
	steady := make([]float64, len(w))
	var sum, total float64
	for i, w := range w {
		if w > 0 {
			steady[i] = 1 / math.Expm1(min(max(phi0*math.Exp(mu[i]), leastDispersion), mostSpread))
			sum += float64(w * steady[i])
			total += w
		}
	}
	for i, w := range w {
		steady[i] = float64(w * min(max(steady[i]*total/sum, 1.0/mostSteady), mostSteady))
	}
	return steady
}

// likelierGamma reports whether profits out of fold are likelier under Gammas about their means than under log-normals about
// theirs, both with the one dispersion that suits them best. Densities tell these two apart at a hundred sales, where
// deviances do not yet.
func (l *valueLearner) likelierGamma(ridge, gamma *familyFit) bool {
	var total, square, half float64
	for i, w := range l.size {
		if w > 0 {
			logY := math.Log(l.y[i])
			e, r := logY-ridge.mu[i], logY-gamma.mu[i]
			total += w
			square += float64(w * e * e)
			half += float64(w * (math.Expm1(r) - r))
		}
	}
	logNormal := -(math.Log(2*math.Pi*max(square/total, leastDispersion)) + 1) / 2
	return gammaDensity(max(half/total, leastDispersion)) > logNormal
}

// gammaDensity is the mean log density of y, times y, under Gammas about their means of the likeliest shape a, where d > 0 is half
// the mean unit deviance: ln a − ψ(a) = d, a·ln a − ln Γ(a) − a·(1 + d).
func gammaDensity(d float64) float64 {
	a := (3 - d + math.Sqrt((d-3)*(d-3)+24*d)) / (12 * d) // within 1.5 % (Minka 2002)
	for range 4 {
		a = 1 / (1/a + (math.Log(a)-mathext.Digamma(a)-d)/(a*a*(1/a-mathext.Zeta(2, a))))
	}
	log, _ := math.Lgamma(a)
	return a*math.Log(a) - log - a*(1+d)
}
