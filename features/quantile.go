package features

import (
	"cmp"
	"slices"
)

// QuantileEdges returns the inner edges of at most bins bins of about equal weight: edge k is the smallest value
// with more than k/bins of the weight at or below it. Edges rise, and the first is above the smallest value.
// weights nil means all 1. The values must not be NaN; they are not changed.
func QuantileEdges(values, weights []float64, bins int) []float64 {
	if len(values) == 0 {
		return nil
	}
	items := make([]massPoint, len(values))
	var total float64
	for i, x := range values {
		items[i] = massPoint{x, 1}
		if weights != nil {
			items[i].w = weights[i]
		}
		total += items[i].w
	}
	least := slices.Min(values)
	targets := make([]float64, bins-1)
	for k := range targets {
		targets[k] = float64(k+1) * total / float64(bins)
	}
	var edges []float64
	for _, x := range quantiles(nil, items, 0, targets) {
		if x > least && (len(edges) == 0 || x > edges[len(edges)-1]) {
			edges = append(edges, x)
		}
	}
	return edges
}

// massPoint is a value and its weight.
type massPoint struct{ x, w float64 }

// quantiles appends to dst, for each of the rising targets, the smallest x with more than it of the weight at or
// below it. below is the weight of all that is less than the items. It reorders them: quickselect (Hoare 1961)
// for several ranks at once, in expected time n·log(len(targets)).
func quantiles(dst []float64, items []massPoint, below float64, targets []float64) []float64 {
	const few = 24
	for len(targets) > 0 && len(items) > few {
		less, equal, more := partition(items, medianOfThree(items))
		atLess := below + weightOf(less)
		atEqual := atLess + weightOf(equal)
		left := countBelow(targets, atLess)
		if len(less) == 0 {
			left = 0
		}
		dst = quantiles(dst, less, below, targets[:left])
		targets = targets[left:]
		middle := countBelow(targets, atEqual)
		if len(more) == 0 {
			middle = len(targets)
		}
		for range middle {
			dst = append(dst, equal[0].x)
		}
		items, below, targets = more, atEqual, targets[middle:]
	}
	slices.SortFunc(items, func(a, b massPoint) int { return cmp.Compare(a.x, b.x) })
	for i := 0; len(targets) > 0; {
		if below+items[i].w > targets[0] || i == len(items)-1 {
			dst, targets = append(dst, items[i].x), targets[1:]
			continue
		}
		below += items[i].w
		i++
	}
	return dst
}

// countBelow returns how many of the rising targets are below the limit.
func countBelow(targets []float64, limit float64) int {
	n := 0
	for n < len(targets) && targets[n] < limit {
		n++
	}
	return n
}

func weightOf(items []massPoint) (total float64) {
	for _, p := range items {
		total += p.w
	}
	return total
}

func medianOfThree(items []massPoint) float64 {
	a, b, c := items[len(items)/4].x, items[len(items)/2].x, items[len(items)/4*3].x
	return max(min(a, b), min(max(a, b), c))
}

// partition reorders the items into those below, at and above the pivot (Dijkstra 1976).
func partition(items []massPoint, pivot float64) (less, equal, more []massPoint) {
	lo, hi := 0, len(items)
	for i := 0; i < hi; {
		switch x := items[i].x; {
		case x < pivot:
			items[lo], items[i] = items[i], items[lo]
			lo++
			i++
		case x > pivot:
			hi--
			items[hi], items[i] = items[i], items[hi]
		default:
			i++
		}
	}
	return items[:lo], items[lo:hi], items[hi:]
}

// BinOf returns the bin of x among len(edges)+1 bins: the number of edges that are not above it.
func BinOf(edges []float64, x float64) int {
	lo, hi := 0, len(edges)
	for lo < hi {
		if m := (lo + hi) / 2; edges[m] <= x {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}
