package model

import "math"

// Calibration is affine in the logit: ℓ = Intercept + Slope·η, Slope > 0. It is the identity unless the log
// loss out of time improves by more than its standard error.
type Calibration struct {
	Intercept float64 `json:"intercept"`
	Slope     float64 `json:"slope"`
	Kind      string  `json:"kind"` // identity, or affine
	Leads     int     `json:"leads"`
	Gain      float64 `json:"gain"`    // fall of the mean log loss, cross-fitted
	GainSE    float64 `json:"gain_se"` // and its standard error

	Covariance *[3]float64 `json:"covariance,omitempty"` // of intercept and slope: aa, ab, bb; absent of the identity
}

// The kinds of calibration.
const (
	identityKind = "identity"
	affineKind   = "affine"
)

// identity leaves the linear predictor as it is.
func identity() Calibration { return Calibration{Slope: 1, Kind: identityKind} }

// predictions are leads with the log-odds of a model that never saw them.
type predictions struct {
	eta     []float64
	y       []float64 // outcomes, or probabilities
	weight  []float64 // nil = all 1
	cluster []int32   // accounts, nil = each lead by itself
}

func (p *predictions) w(i int) float64 {
	if p.weight == nil {
		return 1
	}
	return p.weight[i]
}

func (p *predictions) append(q predictions) {
	p.eta = append(p.eta, q.eta...)
	p.y = append(p.y, q.y...)
	p.weight = append(p.weight, q.weight...)
	p.cluster = append(p.cluster, q.cluster...)
}

// outcomes returns how many leads converted and how many did not, unweighted.
func (p *predictions) outcomes() (won, lost float64) {
	for _, y := range p.y {
		won += y
	}
	return won, float64(len(p.y)) - won
}

// line is an affine map of the linear predictor: a + b·η.
type line struct{ Intercept, Slope float64 }

// at applies the line.
func (l line) at(eta float64) float64 { return l.Intercept + float64(l.Slope*eta) }

// curve is the log likelihood of a line, negated, with its gradient (a, b) and Hessian (aa, ab, bb).
type curve struct {
	loss     float64
	gradient [2]float64
	hessian  [3]float64
}

func (p *predictions) curve(l line) curve {
	parts := make([]curve, blocksOf(len(p.eta)))
	inBlocks(len(p.eta), func(block, from, to int) { parts[block] = p.curveOf(l, from, to) })
	var sum curve
	for i := range parts {
		sum.add(&parts[i])
	}
	return sum
}

func (c *curve) add(other *curve) {
	c.loss += other.loss
	for i, g := range other.gradient {
		c.gradient[i] += g
	}
	for i, h := range other.hessian {
		c.hessian[i] += h
	}
}

// curveOf is that of a run of leads.
func (p *predictions) curveOf(l line, from, to int) (c curve) {
	for i := from; i < to; i++ {
		x := p.eta[i]
		at, w := l.at(x), p.w(i)
		q := Sigmoid(at)
		r, v := float64(w*(q-p.y[i])), float64(w*q*(1-q))
		c.loss += float64(w * logLoss(at, p.y[i]))
		c.gradient[0] += r
		c.gradient[1] += float64(r * x)
		c.hessian[0] += v
		c.hessian[1] += float64(v * x)
		c.hessian[2] += float64(v * x * x)
	}
	return c
}

// inverse returns the inverse of the Hessian, if it has one to speak of.
func (c *curve) inverse() (inverse [3]float64, ok bool) {
	h := c.hessian
	det := h[0]*h[2] - h[1]*h[1]
	if !(det > 1e-10*h[0]*h[2]) {
		return inverse, false
	}
	return [3]float64{h[2] / det, -h[1] / det, h[0] / det}, true
}

// times multiplies the symmetric matrix (aa, ab, bb) by a vector.
func times(m [3]float64, x [2]float64) [2]float64 {
	return [2]float64{m[0]*x[0] + m[1]*x[1], m[1]*x[0] + m[2]*x[1]}
}

// fitAffine fits y ~ σ(a + b·η) by Newton's method, halving steps that do not lower the loss. It reports false
// where no finite line is best: η has no spread, there is one outcome only, or η tells the outcomes apart
// perfectly. The line is then the last one reached.
func fitAffine(p predictions) (l line, ok bool) {
	const steps, halvings, precise = 100, 40, 1e-11
	l = line{Slope: 1}
	c := p.curve(l)
	for range steps {
		inverse, ok := c.inverse()
		if !ok {
			return l, false
		}
		d := times(inverse, c.gradient)
		for range halvings {
			next := line{l.Intercept - d[0], l.Slope - d[1]}
			if trial := p.curve(next); trial.loss <= c.loss+1e-14*math.Abs(c.loss) {
				l, c = next, trial
				break
			}
			d[0], d[1] = d[0]/2, d[1]/2
		}
		if math.Abs(d[0])+math.Abs(d[1]) <= precise*(1+math.Abs(l.Intercept)+math.Abs(l.Slope)) {
			return l, true
		}
	}
	return l, false
}

// errors returns the standard errors of a fitted line that hold whatever the true model is: √diag(H⁻¹·M·H⁻¹) with
// M = Σ s·sᵀ, s the scores w·(y−p)·(1, η) of each lead, or summed over each account (White 1980; Liang & Zeger
// 1986).
func (l line) errors(p predictions) (se [2]float64, ok bool) {
	v, ok := l.covariance(p)
	return [2]float64{math.Sqrt(v[0]), math.Sqrt(v[2])}, ok
}

// covariance is that of the intercept and the slope: aa, ab, bb. See errors.
func (l line) covariance(p predictions) (v [3]float64, ok bool) {
	c := p.curve(l)
	inverse, ok := c.inverse()
	if !ok {
		return v, false
	}
	a, b := make([]float64, len(p.eta)), make([]float64, len(p.eta))
	for i, x := range p.eta {
		a[i] = p.w(i) * (p.y[i] - Sigmoid(l.at(x)))
		b[i] = a[i] * x
	}
	a, b = sumByCluster(a, p.cluster), sumByCluster(b, p.cluster)
	var m [3]float64
	for i := range a {
		m[0] += float64(a[i] * a[i])
		m[1] += float64(a[i] * b[i])
		m[2] += float64(b[i] * b[i])
	}
	a0, b0 := [2]float64{inverse[0], inverse[1]}, [2]float64{inverse[1], inverse[2]}
	half, other := times(m, a0), times(m, b0)
	v[0] = max(0, a0[0]*half[0]+a0[1]*half[1])
	v[1] = b0[0]*half[0] + b0[1]*half[1]
	v[2] = max(0, b0[0]*other[0]+b0[1]*other[1])
	return v, true
}

// squaresByCluster is the sum of the squares of what clusters add up to: the variance of the sum of x, if its mean is 0.
func squaresByCluster(x []float64, cluster []int32) (sum float64) {
	for _, s := range sumByCluster(x, cluster) {
		sum += float64(s * s)
	}
	return sum
}

// sumByCluster adds up what belongs to one cluster, in order of appearance; without clusters x stays as it is.
func sumByCluster(x []float64, cluster []int32) []float64 {
	if cluster == nil {
		return x
	}
	place := map[int32]int{}
	var sums []float64
	for i, c := range cluster {
		at, known := place[c]
		if !known {
			at = len(sums)
			place[c], sums = at, append(sums, 0)
		}
		sums[at] += x[i]
	}
	return sums
}

// minCalibrationWins is the least number of conversions, and of others, out of time that a calibration is learnt
// from; half of them will do for a trial.
const minCalibrationWins = 50

// calibrate chooses between the identity and an affine calibration. Each fold but the first is judged by the
// line fitted on the folds before it; the shipped line is fitted on all of them.
func calibrate(folds []predictions) Calibration {
	c := identity()
	var past, judged predictions
	var gains []float64 // w·(fall of the log loss) of each judged lead
	for _, f := range folds {
		if l, ok := past.line(minCalibrationWins / 2); ok {
			for i, x := range f.eta {
				gains = append(gains, f.w(i)*(logLoss(x, f.y[i])-logLoss(l.at(x), f.y[i])))
			}
			judged.append(f)
		}
		past.append(f)
	}
	c.Leads = len(past.y)
	c.Gain, c.GainSE = judged.meanAndError(gains)
	if !(c.Gain > c.GainSE) {
		return c
	}
	if l, ok := past.line(minCalibrationWins); ok {
		c.Kind, c.Intercept, c.Slope = affineKind, l.Intercept, l.Slope
		if v, ok := l.covariance(past); ok {
			c.Covariance = &v
		}
	}
	return c
}

// line fits a line that may be shipped: one that exists, rises, and rests on enough leads of both outcomes.
func (p *predictions) line(enough float64) (line, bool) {
	if won, lost := p.outcomes(); won < enough || lost < enough {
		return line{}, false
	}
	l, ok := fitAffine(*p)
	return l, ok && l.Slope > 0
}

// meanAndError returns the weighted mean of what weighted sums up, and its standard error over leads or accounts.
func (p *predictions) meanAndError(weighted []float64) (mean, se float64) {
	var sum, n float64
	for i, x := range weighted {
		sum += x
		n += p.w(i)
	}
	if n == 0 {
		return 0, 0
	}
	mean = sum / n
	residual := make([]float64, len(weighted))
	for i, x := range weighted {
		residual[i] = x - p.w(i)*mean
	}
	return mean, math.Sqrt(squaresByCluster(residual, p.cluster)) / n
}
