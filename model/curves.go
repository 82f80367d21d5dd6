package model

import "math"

const (
	reliabilityBins = 10
	curvePoints     = 200
	histogramSteps  = 40
)

// curves draws the sample's pictures as points, but for the gains.
func (r *ranked) curves() *Curves {
	c := &Curves{Histogram: r.histogram()}
	r.bins(reliabilityBins, func(start, end int) {
		var t tally
		var expected float64
		for k := start; k < end; k++ {
			t.add(r.w[k], r.y[k])
			expected += float64(r.w[k] * r.p[k])
		}
		c.Reliability = append(c.Reliability, ReliabilityBin{Rows: t.rows, Mean: expected / t.weight, Rate: t.rate(), Interval: t.interval()})
	})
	r.sweep(c)
	return c
}

// sweep lowers the bar from the best lead to the worst and keeps about curvePoints points.
func (r *ranked) sweep(c *Curves) {
	var weight, won float64
	for k, w := range r.w {
		weight += w
		won += float64(w * r.y[k])
	}
	var above, wonAbove float64
	step := 1
	c.ROC = append(c.ROC, Point{})
	for k := 0; k < len(r.w); {
		for end := r.tieEnd(k); k < end; k++ {
			above += r.w[k]
			wonAbove += float64(r.w[k] * r.y[k])
		}
		if k < len(r.w) && above < weight*float64(step)/curvePoints {
			continue
		}
		step = int(above/weight*curvePoints) + 1
		c.ROC = append(c.ROC, Point{X: (above - wonAbove) / (weight - won), Y: wonAbove / won})
		c.Precision = append(c.Precision, Point{X: wonAbove / won, Y: wonAbove / above})
	}
}

// histogram counts leads by log-odds, in steps of equal width between the extremes, told as probabilities.
func (r *ranked) histogram() []HistogramBin {
	high, low := r.eta[0], r.eta[len(r.eta)-1]
	if high == low {
		pad := 0.5 + math.Abs(high)*1e-9
		high, low = high+pad, low-pad
	}
	bins := make([]HistogramBin, histogramSteps)
	width := (high - low) / histogramSteps
	for b := range bins {
		bins[b].Low, bins[b].High = Sigmoid(low+float64(b)*width), Sigmoid(low+float64(b+1)*width)
	}
	for k, eta := range r.eta {
		b := min(int(math.Floor((eta-low)/width)), histogramSteps-1)
		if r.y[k] == 1 {
			bins[b].Won += r.w[k]
		} else {
			bins[b].Lost += r.w[k]
		}
	}
	return bins
}
