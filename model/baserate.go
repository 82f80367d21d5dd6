package model

import (
	"math"
	"slices"
)

// Where nothing better than the base rate is found, the base rate is shipped, in a model of the same schema, so that
// whatever scores leads keeps working and no lead gets a confident number. Its intervals are those of the fit around the
// fit, seen from the base rate: E(f − base)² = var f + (f̂ − base)².
//
// Note: refusing to ship anything would leave a team with the score it had before, or with none; a fit that is shipped with
// a warning is used without it.

// baseRate is the weighted base rate of the rows.
func (t *trainer) baseRate(rows []int32) float64 {
	all := t.tally(rows)
	return all.rate()
}

// baseRate returns a fit of the same terms without effects, and adds what the effects were to the variances.
func (f *fitted) baseRate(rate float64, u *uncertainty) *fitted {
	linear := *f.linear
	linear.Intercept = Logit(rate)
	linear.Coefficients, linear.StandardErrors = make([][]float64, len(f.mean)), slices.Clone(f.linear.StandardErrors)
	for k := range f.mean {
		beta := f.linear.Coefficients[k]
		linear.Coefficients[k] = make([]float64, len(beta))
		if u == nil {
			continue
		}
		if t := &f.encoder.Terms()[k]; wide(t) {
			linear.StandardErrors[k] = slices.Clone(linear.StandardErrors[k])
			for level, b := range beta {
				linear.StandardErrors[k][level] = math.Hypot(linear.StandardErrors[k][level], b-f.mean[k])
			}
		} else {
			u.Terms[k].addEffect(t.IsNumber(), beta, f.mean[k])
		}
	}
	none := *f
	none.contrasted = nil
	none.linear, none.mean, none.spread = &linear, make([]float64, len(f.mean)), make([]float64, len(f.mean))
	return &none
}

// addEffect adds the squares of a term's centred effects to its variances.
func (v *termVariance) addEffect(number bool, beta []float64, mean float64) {
	if !number {
		for level, b := range beta {
			v.Values[level] += (b - mean) * (b - mean)
		}
	} else {
		flag := 0.0
		if len(beta) > 1 {
			flag = beta[1]
		}
		v.Values[0] += beta[0] * beta[0]
		v.Values[1] += flag * flag
		v.Values[2] += beta[0] * flag
	}
	v.round()
}
