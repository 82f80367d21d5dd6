package report

import (
	"math"

	"gonum.org/v1/plot"
)

// rootScale is an axis on which the square root of a value is linear. Unlike a logarithm it has a zero, and the
// interval of a rate is about as wide at 1 % as at 20 %, so that rare conversions can be seen beside common ones.
type rootScale struct{}

// Normalize returns where x lies between low and high.
func (rootScale) Normalize(low, high, x float64) float64 {
	a, b := root(low), root(high)
	return (root(x) - a) / (b - a)
}

func root(x float64) float64 { return math.Sqrt(max(x, 0)) }

// logScale is a logarithmic axis for ranges above zero; what lies at or below zero is put at its start.
type logScale struct{}

// Normalize returns where x lies between low and high.
func (logScale) Normalize(low, high, x float64) float64 {
	if !(x > 0) {
		return 0
	}
	return math.Log(x/low) / math.Log(high/low)
}

// logitScale is an axis of probabilities on which log-odds are linear, for bounds strictly between 0 and 1.
type logitScale struct{}

// Normalize returns where x lies between low and high.
func (logitScale) Normalize(low, high, x float64) float64 {
	a, b := logit(low), logit(high)
	return (logit(min(max(x, low), high)) - a) / (b - a)
}

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

// ticks are fixed marks.
type ticks []plot.Tick

// Ticks returns the marks within the bounds.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	var within []plot.Tick
	for _, tick := range t {
		if low-1e-9 <= tick.Value && tick.Value <= high+1e-9*math.Abs(high) {
			within = append(within, tick)
		}
	}
	return within
}

// label puts marks at the values.
func label(values []float64, format func(float64) string) ticks {
	t := make(ticks, len(values))
	for i, v := range values {
		t[i] = plot.Tick{Value: v, Label: format(v)}
	}
	return t
}

// roundValues returns multiples of a round step between low and high, about n of them.
func roundValues(low, high float64, n int) []float64 {
	span := high - low
	if !(span > 0) || !finite(span) {
		return []float64{low}
	}
	step := math.Pow(10, math.Floor(math.Log10(span/float64(n))))
	for _, factor := range []float64{2, 2.5, 2} { // 2, 5, 10
		if span/step <= float64(n) {
			break
		}
		step *= factor
	}
	var values []float64
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
		values = append(values, i*step+0) // −0 + 0 = 0
	}
	return values
}

// apart keeps, from the largest down, the rising values that lie at least gap of the axis from the one kept
// before and from the first, which is kept if it lies on the axis.
func apart(values []float64, scale plot.Normalizer, low, high, gap float64) []float64 {
	var kept []float64
	last := math.Inf(1)
	for i := len(values) - 1; i >= 0; i-- {
		v := values[i]
		at := scale.Normalize(low, high, v)
		if v < low || v > high*(1+1e-9) || last-at < gap {
			continue
		}
		if i > 0 && values[0] >= low && at-scale.Normalize(low, high, values[0]) < gap {
			continue
		}
		kept, last = append(kept, v), at
	}
	return kept
}

var (
	shares  = []float64{0, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}
	chances = []float64{1e-6, 1e-5, 1e-4, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999}
	powers  = []float64{1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12}
)

// share makes an axis of shares from 0 to high, on the scale of square roots if asked.
func share(axis *plot.Axis, high float64, rooted bool) {
	axis.Min, axis.Max = 0, high
	if rooted {
		axis.Scale = rootScale{}
		axis.Tick.Marker = label(apart(shares, axis.Scale, 0, high, 0.085), roundPercent)
		return
	}
	axis.Tick.Marker = label(roundValues(0, high, 6), roundPercent)
}

// chance makes an axis of probabilities from low to high on which log-odds are linear.
func chance(axis *plot.Axis, low, high float64) {
	axis.Min, axis.Max, axis.Scale = low, high, logitScale{}
	var within []float64
	for _, p := range chances {
		if low <= p && p <= high {
			within = append(within, p)
		}
	}
	axis.Tick.Marker = label(apart(within, axis.Scale, low, high, 0.065), roundPercent)
}

// amount makes an axis of counts from 0 to high, on the scale of square roots if asked.
func amount(axis *plot.Axis, high float64, rooted bool, n int) {
	axis.Min, axis.Max = 0, max(high*1.05, 1e-9)
	values := roundValues(0, axis.Max, n)
	if rooted {
		axis.Scale = rootScale{}
		values = apart(rounds(axis.Max), axis.Scale, 0, axis.Max, 0.9/float64(n))
	}
	axis.Tick.Marker = label(values, short)
}

// rounds are 0 and the values 1, 2 and 5 times a power of ten up to high.
func rounds(high float64) []float64 {
	values := []float64{0}
	for p := 1.0; p <= high; p *= 10 {
		values = append(values, p, 2*p, 5*p)
	}
	return values
}

// rooted reports whether values with this largest one are better seen on a scale of square roots.
func rooted(low, high float64) bool { return low > 0 && high/low > 50 }
