package model

import "math"

const (
	reliabilityBins = 10
	curvePoints     = 200
	histogramSteps  = 40
)

// curves draws the sample's pictures as points.
func (r *ranked) curves() *Curves {
	c := &Curves{}
	r.bins(reliabilityBins, func(start, end int) {
		weight, won, mean, _, squares := r.part(start, end)
		effective := weight * weight / squares // leads that the weights are worth
		c.Reliability = append(c.Reliability, ReliabilityBin{
			Rows: end - start, Mean: mean / weight, Rate: won / weight, Interval: Wilson(won/weight*effective, effective)})
	})
	r.sweep(c)
	c.Histogram = r.histogram()
	return c
}

// sweep lowers the bar from the best lead to the worst.
func (r *ranked) sweep(c *Curves) {
	f := r.measure(nil)
	lost := f.weight - f.won
	var above, wonAbove float64
	step := 1
	c.ROC = append(c.ROC, Point{})
	for k, i := range r.order {
		above += r.w(i)
		wonAbove += r.w(i) * float64(r.y[i])
		last := k == len(r.order)-1
		if !last && r.logOdds[r.order[k+1]] == r.logOdds[i] || !last && above < f.weight*float64(step)/curvePoints {
			continue
		}
		for float64(step)/curvePoints*f.weight <= above {
			step++
		}
		c.ROC = append(c.ROC, Point{X: (above - wonAbove) / lost, Y: wonAbove / f.won})
		c.Precision = append(c.Precision, Point{X: wonAbove / f.won, Y: wonAbove / above})
		c.Gains = append(c.Gains, Gain{Share: above / f.weight, Captured: wonAbove / f.won, Lift: wonAbove / above / (f.won / f.weight)})
	}
}

// histogram counts leads by log-odds, in steps of equal width between the extremes, told as probabilities.
func (r *ranked) histogram() []HistogramBin {
	high, low := r.logOdds[r.order[0]], r.logOdds[r.order[len(r.order)-1]]
	if high == low {
		high += 0.5
		low -= 0.5
	}
	bins := make([]HistogramBin, histogramSteps)
	width := (high - low) / histogramSteps
	for b := range bins {
		bins[b].Low, bins[b].High = Sigmoid(low+float64(b)*width), Sigmoid(low+float64(b+1)*width)
	}
	for _, i := range r.order {
		b := min(int(math.Floor((r.logOdds[i]-low)/width)), histogramSteps-1)
		if r.y[i] == 1 {
			bins[b].Won += r.w(i)
		} else {
			bins[b].Lost += r.w(i)
		}
	}
	return bins
}
