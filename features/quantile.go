package features

import (
	"cmp"
	"math"
	"slices"
)

// QuantileEdges returns the inner edges of at most bins bins of about equal weight: edge k is the smallest value
// with more than k/bins of the weight at or below it. Where that is the least value, or the edge before, it is the
// next larger value instead: a value that holds more than its share of the weight has a bin of its own, and what is
// above it, however little, is not lost in it. Edges rise, and the first is above the least value. weights nil means
// all 1. The values must not be NaN; they are not changed.
//
// Note: sorting every value costs several times as much, and each fit does this for every number.
func QuantileEdges(values, weights []float64, bins int) []float64 {
	if len(values) == 0 {
		return nil
	}
	shift := 0
	if len(values) < manyValues {
		shift = bucketBits // a single bucket: sort them all
	}
	mass := make([]float64, 1<<(bucketBits-shift)) // weight by bucket
	var total float64
	for i, x := range values {
		w := weightAt(weights, int32(i))
		mass[bucketOf(x)>>shift] += w
		total += w
	}
	targets := make([]target, bins-1)
	for bucket, k, below := 0, 0, 0.0; k < len(targets); {
		weight := float64(k+1) * total / float64(bins)
		if bucket < len(mass)-1 && below+mass[bucket] <= weight {
			below += mass[bucket]
			bucket++
			continue
		}
		targets[k] = target{bucket, weight - below}
		k++
	}
	contents := gather(values, weights, targets, shift)
	last := slices.Min(values)
	var edges []float64
	for _, t := range targets {
		x, found := t.in(contents[t.bucket])
		if !found {
			continue
		}
		if x == last {
			x = nextAbove(values, x)
		}
		if x > last && !math.IsInf(x, 1) {
			edges, last = append(edges, x), x
		}
	}
	return edges
}

// nextAbove returns the smallest of the values above x, +Inf if there is none.
func nextAbove(values []float64, x float64) float64 {
	next := math.Inf(1)
	for _, v := range values {
		if v > x {
			next = min(next, v)
		}
	}
	return next
}

// bucketBits is how many leading bits of a number are its bucket; fewer values than manyValues are not worth it.
const bucketBits, manyValues = 16, 1 << 13

// target is the bucket that a quantile lies in, and the weight below it within the bucket.
type target struct {
	bucket int
	weight float64
}

// bucketOf maps numbers to their sign, exponent and first four binary digits, so that a larger number never has a
// smaller bucket.
func bucketOf(x float64) int {
	bits := math.Float64bits(x + 0)
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return int(bits >> (64 - bucketBits))
}

// weighted is a value and its weight.
type weighted struct{ x, w float64 }

// gather returns the values of the buckets that targets lie in, sorted.
func gather(values, weights []float64, targets []target, shift int) map[int][]weighted {
	wanted := make([]bool, 1<<(bucketBits-shift))
	for _, t := range targets {
		wanted[t.bucket] = true
	}
	contents := map[int][]weighted{}
	for i, x := range values {
		if bucket := bucketOf(x) >> shift; wanted[bucket] {
			contents[bucket] = append(contents[bucket], weighted{x, weightAt(weights, int32(i))})
		}
	}
	for _, bucket := range contents {
		slices.SortFunc(bucket, func(a, b weighted) int { return cmp.Compare(a.x, b.x) })
	}
	return contents
}

// in returns the first of sorted values with more than the target's weight at or below it, or the last.
func (t target) in(sorted []weighted) (x float64, found bool) {
	var sum float64
	for _, v := range sorted {
		if x, found, sum = v.x, true, sum+v.w; sum > t.weight {
			break
		}
	}
	return x, found
}

// BinOf returns the bin of x, which must not be NaN, among len(edges)+1 bins: the number of edges that are not above it.
func BinOf(edges []float64, x float64) int {
	// The bin is among at … at+n, and nothing branches on x: values in no order leave nothing for a processor to predict.
	at := 0
	for n := len(edges); n > 0; {
		half := (n + 1) / 2
		above := math.Float64bits(x-edges[at+half-1]+0) >> 63 // 1 if the edge is above x; + 0, for −0 is no less than 0
		at += half & (int(above) - 1)
		n -= half
	}
	return at
}
