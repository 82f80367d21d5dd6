package model

import (
	"math"
)

// Recipe auto plugs the most likely penalties in, and a small sample does not know them well: a column whose effect is lost
// in noise gets a large λ, after which its coefficients look as if they were known to be 0. So v_k of a term is that of the
// mixture over its λ, with the other terms held. With h_l the curvature of level l, S the penalty for λ = 1, β̂ the fit and
// ẑ = β̂ + h⁻¹λ̂Sβ̂ the coefficients without a penalty, up to constants:
//
//	K(λ) = diag(h) + λS,   m(λ) = K⁻¹hẑ
//	log p(ẑ|λ) = ½(rank S·log λ − log|K| + (hẑ)'m)
//	v_l += Σ_λ p(λ|ẑ)·[(K⁻¹)_ll + (m_l − β̂_l)²] − (K(λ̂)⁻¹)_ll
//
// (Morris 1983, JASA 78: empirical Bayes intervals; Wood 2017, §6.11). The prior of log λ is the recipe's own, the sum runs
// over a grid of log λ between the recipe's bounds. S is tridiagonal, and so is K.

// penaltyGrid is how many λ there are in the sum.
const penaltyGrid = 33

// penaltyAt is log λ at a point of the grid.
func penaltyAt(point int) float64 {
	return math.Log(leastPenalty) + float64(point)/(penaltyGrid-1)*math.Log(mostPenalty/leastPenalty)
}

// penaltyPrior is the log density of log λ = x, up to a constant, given the variance that the prior expects.
func penaltyPrior(x, variance float64) float64 { return priorWeight / 2 * (x - math.Exp(x)*variance) }

// hyper is one term with what the mixture needs.
type hyper struct {
	h, beta, score []float64 // by level: curvature, β̂, hẑ
	ridge, chain   float64   // S = ridge·I + chain·differences
	last           int       // of the levels in the chain
}

// addPenaltyUncertainty widens the variances of a term with levels by what is not known of its penalty, given the mean
// curvature of a lead.
func (f *fitted) addPenaltyUncertainty(k int, v *termVariance, curvature float64) {
	t := &f.encoder.Terms()[k]
	if f.penalty == nil || t.IsNumber() || wide(t) || t.Size() < 2 || !(curvature > 0) {
		return
	}
	p := f.newHyper(k, curvature)
	extra := p.extra(f.penalty[k], priorVariance(t))
	for level, x := range extra {
		v.Values[level] = v.Values[level] + x
		v.Unseen += x * t.Histogram[level] / t.Weight()
	}
}

// newHyper takes the curvature of the levels from their leads and effects, as if other terms were at their mean, but for
// a factor that gives all of them together the mean curvature.
func (f *fitted) newHyper(k int, curvature float64) *hyper {
	t := &f.encoder.Terms()[k]
	p := &hyper{beta: f.linear.Coefficients[k], ridge: 1, h: make([]float64, t.Size()), score: make([]float64, t.Size())}
	if t.Ordered() {
		p.ridge, p.chain, p.last = chainRidge, 1, len(t.Edges)
	}
	base := f.linear.Intercept
	for _, mean := range f.mean {
		base += mean
	}
	total := 0.0
	for level := range p.h {
		q := Sigmoid(base + p.beta[level] - f.mean[k])
		p.h[level] = t.Histogram[level] * q * (1 - q)
		total += p.h[level]
	}
	for level := range p.h {
		p.h[level] = max(p.h[level]/total*curvature*t.Weight(), 1e-9)
		p.score[level] = p.h[level]*p.beta[level] + f.penalty[k]*p.penalised(level)
	}
	return p
}

// penalised is element l of Sβ̂.
func (p *hyper) penalised(l int) float64 {
	x := p.ridge * p.beta[l]
	if l < p.last {
		x += p.chain * (p.beta[l] - p.beta[l+1])
	}
	if l > 0 && l <= p.last {
		x += p.chain * (p.beta[l] - p.beta[l-1])
	}
	return x
}

// extra is what the mixture adds to the variance of each level, given λ̂ and the variance of a level that the prior expects.
func (p *hyper) extra(penalty, prior float64) []float64 {
	n := len(p.h)
	var logs [penaltyGrid]float64
	var means, variances [penaltyGrid][]float64
	largest := math.Inf(-1)
	for g := range penaltyGrid {
		x := penaltyAt(g)
		lambda := math.Exp(x)
		var logdet, quadratic float64
		means[g], variances[g], logdet = p.posterior(lambda)
		for l, s := range p.score {
			quadratic += s * means[g][l]
		}
		logs[g] = (float64(n)*x-logdet+quadratic)/2 + penaltyPrior(x, prior)
		largest = max(largest, logs[g])
	}
	plugged := make([]float64, n) // 0 under an infinite penalty
	if !math.IsInf(penalty, 1) {
		_, plugged, _ = p.posterior(penalty)
	}
	extra, total := make([]float64, n), 0.0
	for g := range penaltyGrid {
		w := math.Exp(logs[g] - largest)
		total += w
		for l := range extra {
			d := means[g][l] - p.beta[l]
			extra[l] += w * (variances[g][l] + d*d)
		}
	}
	for l := range extra {
		extra[l] = max(0, extra[l]/total-plugged[l])
	}
	return extra
}

// posterior returns K⁻¹hẑ, the diagonal of K⁻¹ and log|K|, by the two-sided elimination of a tridiagonal matrix: with
// pivots d from above and e from below, (K⁻¹)_ll = 1/(d_l + e_l − K_ll).
func (p *hyper) posterior(lambda float64) (mean, variance []float64, logdet float64) {
	n := len(p.h)
	diagonal, beside := make([]float64, n), make([]float64, n) // beside[l] is K of l and l+1
	for l := range n {
		diagonal[l] = p.h[l] + lambda*p.ridge
		if l < p.last {
			diagonal[l] += lambda * p.chain
			beside[l] = -lambda * p.chain
		}
		if l > 0 && l <= p.last {
			diagonal[l] += lambda * p.chain
		}
	}
	d, e, y := make([]float64, n), make([]float64, n), make([]float64, n)
	for l := range n {
		d[l], y[l] = diagonal[l], p.score[l]
		if l > 0 {
			factor := beside[l-1] / d[l-1]
			d[l] -= factor * beside[l-1]
			y[l] -= factor * y[l-1]
		}
		logdet += math.Log(d[l])
	}
	mean, variance = make([]float64, n), make([]float64, n)
	for l := n - 1; l >= 0; l-- {
		e[l], mean[l] = diagonal[l], y[l]
		if l < n-1 {
			e[l] -= beside[l] * beside[l] / e[l+1]
			mean[l] -= beside[l] * mean[l+1]
		}
		mean[l] /= d[l]
		variance[l] = 1 / (d[l] + e[l] - diagonal[l])
	}
	return mean, variance, logdet
}
