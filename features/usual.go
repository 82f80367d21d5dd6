package features

import (
	"math"
	"slices"
	"strconv"
)

// Usual is a value of the field that was usual in training, as Schema.TextValue reads it: the most frequent level, or
// about the median of the numbers or times, to three digits, of a lead of that creation. It is "" where training kept no
// value by itself.
func (t *Term) Usual(f *Field, created int64) string {
	switch {
	case f.Type.Base == Bool && f.Kind == Number:
		return strconv.FormatBool(t.Mean >= 0.5)
	case f.Kind == Category:
		return t.mostFrequent()
	case f.Since != "":
		return FormatTime(before(Micros(math.Round(t.middle())), created))
	case f.Kind == Time:
		return FormatTime(Micros(math.Round(t.middle())))
	}
	x := t.middle()
	switch whole := f.Type.Integer(); {
	case whole && len(t.Edges) > 0: // up to the next one it is the bin's
		x = math.Floor(x)
	case whole:
		x = math.Round(x)
	}
	x, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	if err == nil {
		x, err = f.Type.Narrow(min(max(x, t.Min), t.Max))
	}
	if err != nil {
		return ""
	}
	return f.Type.FormatNumber(x)
}

// mostFrequent is the level of most weight, the first of equals.
func (t *Term) mostFrequent() string {
	if len(t.Levels) == 0 {
		return ""
	}
	counts := t.Histogram[:len(t.Levels)]
	return t.Levels[slices.Index(counts, slices.Max(counts))]
}

// oneValue is the share of the rows from which on a bin holds hardly more than one value: a bin is cut where it can be.
const oneValue = 0.75

// middle is about the median, in the bin that holds it; the mean of a number that has no bins.
func (t *Term) middle() float64 {
	if len(t.Edges) == 0 {
		return t.Mean
	}
	total, last := t.Weight()-t.MissingWeight(), len(t.Edges)
	left, i := total/2, 0
	for ; i < last && left > t.Histogram[i]; i++ {
		left -= t.Histogram[i]
	}
	switch weight := t.Histogram[i]; {
	case i == 0 && weight >= oneValue*total:
		return t.Min
	case i == 0:
		return t.Min + (t.Edges[0]-t.Min)*left/weight
	case i == last && weight >= oneValue*total:
		return t.Max
	case i == last: // its far end may be very far
		return t.Edges[i-1]
	default:
		return t.Edges[i-1] + (t.Edges[i]-t.Edges[i-1])*left/weight
	}
}
