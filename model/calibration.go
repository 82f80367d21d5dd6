package model

import (
	"math"
)

// Calibration is affine in the logit: ℓ = Intercept + Slope·η, Slope > 0. It is the identity unless the log
// loss out of time improves by more than its standard error.
type Calibration struct {
	Intercept float64 `json:"intercept"`
	Slope     float64 `json:"slope"`
	Kind      string  `json:"kind"` // identity, or affine
	Leads     int     `json:"leads"`
	Gain      float64 `json:"gain"`    // fall of the mean log loss, cross-fitted
	GainSE    float64 `json:"gain_se"` // and its standard error
}

// identity leaves the linear predictor as it is.
func identity() Calibration { return Calibration{Slope: 1, Kind: "identity"} }

// line is an affine map of the linear predictor.
type line struct{ Intercept, Slope float64 }

// fitAffine fits y ~ σ(a + b·η) by Newton's method on the two-parameter logistic likelihood and returns it with
// robust (sandwich, White 1980) standard errors of a and b. y may be fractional. Without any spread of η, or
// with perfect separation, it returns the best it reached and infinite standard errors are reported as 0 width
// never: the caller checks the slope.
func fitAffine(eta, y, weight []float64) (line, [2]float64) {
	at := func(i int) float64 {
		if weight == nil {
			return 1
		}
		return weight[i]
	}
	l := line{Slope: 1}
	var h [3]float64 // Σ w·v·(1, η, η²)
	for range 50 {
		var g [2]float64
		h = [3]float64{}
		for i, x := range eta {
			p := Sigmoid(l.Intercept + l.Slope*x)
			w, v := at(i), p*(1-p)
			g[0] += float64(w * (y[i] - p))
			g[1] += float64(w * (y[i] - p) * x)
			h[0] += float64(w * v)
			h[1] += float64(w * v * x)
			h[2] += float64(w * v * x * x)
		}
		det := h[0]*h[2] - h[1]*h[1]
		if !(det > 1e-12*h[0]*h[2]) {
			if h[0] > 0 { // no spread: only the level can move
				l.Intercept += g[0] / h[0]
			}
			break
		}
		da, db := (h[2]*g[0]-h[1]*g[1])/det, (h[0]*g[1]-h[1]*g[0])/det
		if size := math.Abs(da) + math.Abs(db); size > 4 { // damped far from the optimum
			da, db = da*4/size, db*4/size
		}
		l.Intercept += da
		l.Slope += db
		if math.Abs(da)+math.Abs(db) < 1e-12*(1+math.Abs(l.Intercept)+math.Abs(l.Slope)) {
			break
		}
	}
	return l, affineErrors(l, eta, y, at)
}

// affineErrors are the sandwich standard errors √diag(H⁻¹·M·H⁻¹), M = Σ (w·r)²·(1,η)(1,η)ᵀ.
func affineErrors(l line, eta, y []float64, at func(int) float64) [2]float64 {
	var h, m [3]float64
	for i, x := range eta {
		p := Sigmoid(l.Intercept + l.Slope*x)
		v, s := at(i)*p*(1-p), at(i)*(y[i]-p)
		h[0] += v
		h[1] += v * x
		h[2] += v * x * x
		m[0] += s * s
		m[1] += s * s * x
		m[2] += s * s * x * x
	}
	det := h[0]*h[2] - h[1]*h[1]
	if !(det > 0) {
		return [2]float64{}
	}
	inverse := [3]float64{h[2] / det, -h[1] / det, h[0] / det}
	quadratic := func(u, v float64) float64 { return u*u*m[0] + 2*u*v*m[1] + v*v*m[2] }
	return [2]float64{
		math.Sqrt(max(0, quadratic(inverse[0], inverse[1]))),
		math.Sqrt(max(0, quadratic(inverse[1], inverse[2]))),
	}
}

// fold is a stretch of leads predicted by a model that never saw them.
type fold struct {
	eta    []float64
	y      []float64
	weight []float64
}

// minCalibrationWins is the least number of conversions out of time that a calibration is learnt from.
const minCalibrationWins = 50

// calibrate chooses between the identity and an affine calibration. Each fold but the first is judged by the
// line fitted on the folds before it; the shipped line is fitted on all of them.
func calibrate(folds []fold) Calibration {
	c := identity()
	var past fold
	var gain, gains2, n float64
	for _, f := range folds {
		if wonIn(past.y) >= minCalibrationWins/2 {
			l, _ := fitAffine(past.eta, past.y, past.weight)
			if l.Slope > 0 {
				for i, x := range f.eta {
					d := f.weight[i] * (logLoss(x, f.y[i]) - logLoss(l.Intercept+l.Slope*x, f.y[i]))
					gain += d
					gains2 += d * d
					n += f.weight[i]
				}
			}
		}
		past.eta = append(past.eta, f.eta...)
		past.y = append(past.y, f.y...)
		past.weight = append(past.weight, f.weight...)
	}
	c.Leads = len(past.y)
	if n == 0 || wonIn(past.y) < minCalibrationWins {
		return c
	}
	c.Gain = gain / n
	c.GainSE = math.Sqrt(max(0, gains2-gain*gain/n)) / n
	if c.Gain <= c.GainSE {
		return c
	}
	l, _ := fitAffine(past.eta, past.y, past.weight)
	if l.Slope > 0 && finite(l.Intercept, l.Slope) {
		c.Kind, c.Intercept, c.Slope = "affine", l.Intercept, l.Slope
	}
	return c
}

func wonIn(y []float64) float64 {
	var won float64
	for _, v := range y {
		won += v
	}
	return won
}
