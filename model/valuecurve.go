package model

import (
	"math"

	"github.com/leadscore/leadscore/features"
)

// A number that bends away from a line often is a line in its logarithm: what somebody spent, a size, a count. Its curve
// costs one coefficient, as the line does, where steps cost one each. The score of bin b of [lo, hi) is
//
//	(g(lo) + g(hi))/2,   g(x) = sign(x)·ln(1 + |x|/u),   u = a tenth of the mean size of the quartiles
//
// standardised over the leads. In the artifact it is bins like any other: those of a curve are fine, as what they
// cost is not coefficients.

const curveBins = 100

// curveScores returns the score of each bin; nil where a number's quartiles are 0.
func curveScores(t *features.Term) []float64 {
	bins := len(t.Edges) + 1
	weight := t.Histogram[:bins]
	low, high := quartiles(t, weight)
	u := (math.Abs(low) + math.Abs(high)) / 20
	if !(u > 0) {
		return nil
	}
	g := func(x float64) float64 { return math.Copysign(math.Log1p(math.Abs(x)/u), x) }
	at := func(b int) float64 { // where bin b begins
		switch {
		case b == 0:
			return g(t.Min)
		case b == bins:
			return g(t.Max)
		}
		return g(t.Edges[b-1])
	}
	scores := make([]float64, bins)
	for b := range scores {
		scores[b] = (at(b) + at(b+1)) / 2
	}
	standardise(scores, weight)
	return scores
}

// quartiles are where the bins of the quartiles begin.
func quartiles(t *features.Term, weight []float64) (low, high float64) {
	var total, below float64
	for _, w := range weight {
		total += w
	}
	low, high = t.Min, t.Min
	for b, edge := range t.Edges {
		if below += weight[b]; below <= total/4 {
			low = edge
		}
		if below <= 3*total/4 {
			high = edge
		}
	}
	return low, high
}
