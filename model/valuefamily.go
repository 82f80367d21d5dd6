package model

import "math"

// The families of the value model, all with the predictor μ on the log scale, so that m = e^μ. Each loss is convex in μ
// and, up to a constant in y, half of the family's deviance; its gradient is the residual r:
//
//	log ridge   ½(ln y − μ)²              μ − ln y
//	Gamma       y·e^−μ + μ                1 − y·e^−μ
//	double      the Gamma's, of sales that count the less the more they scatter (valuespread.go)
//	Tweedie     2y·e^−μ/2 + 2e^μ/2        e^μ/2 − y·e^−μ/2        (power 1.5; Jørgensen 1987)
//	Bernoulli   ln(1 + e^μ) − y·μ         σ(μ) − y                (μ is a logit: sales that are worth something)
//
// At m = 1 the curvature of the first three is 1: one ridge means the same to each of them where profits are measured in
// their own mean.
type valueFamily int

const (
	familyLogRidge valueFamily = iota
	familyGamma
	familyDouble
	familyTweedie
	familyBernoulli
)

func (f valueFamily) name() string {
	return [...]string{ValueLogRidge, ValueGamma, ValueDouble, ValueTweedie, "bernoulli"}[f]
}

// residuals writes w·r of each sale and returns Σ w·loss; sales of weight 0 have none.
func (f valueFamily) residuals(y, mu, w, r []float64) float64 {
	var sum float64
	for i, w := range w {
		if w == 0 {
			r[i] = 0
			continue
		}
		loss, slope := f.loss(y[i], mu[i])
		sum += float64(w * loss)
		r[i] = float64(w * slope)
	}
	return sum
}

func (f valueFamily) loss(y, mu float64) (loss, slope float64) {
	switch f {
	case familyLogRidge:
		d := mu - math.Log(y)
		return float64(d * d / 2), d
	case familyGamma, familyDouble:
		ratio := float64(y * math.Exp(-mu))
		return ratio + mu, 1 - ratio
	case familyTweedie:
		root := math.Exp(mu / 2)
		return 2*y/root + 2*root, root - y/root
	}
	return logLoss(mu, y), Sigmoid(mu) - y
}

// deviance is the unit deviance of a profit y from its prediction m > 0; y > 0 for the Gamma, y ≥ 0 for the Tweedie.
func (f valueFamily) deviance(y, m float64) float64 {
	if f == familyTweedie {
		d := math.Sqrt(y) - math.Sqrt(m)
		return 4 * d * d / math.Sqrt(m)
	}
	return 2 * (y/m - 1 - math.Log(y/m))
}
