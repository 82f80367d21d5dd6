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
	x, err := strconv.ParseFloat(strconv.FormatFloat(t.middle(), 'g', 3, 64), 64)
	if err == nil {
		if f.Type.Integer() {
			x = math.Round(x)
		}
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

// middle is the edge next to the median, the mean of a number that has no bins.
func (t *Term) middle() float64 {
	if len(t.Edges) == 0 {
		return t.Mean
	}
	left := (t.Weight() - t.MissingWeight()) / 2
	for i, edge := range t.Edges {
		if left -= t.Histogram[i]; left <= 0 {
			return edge
		}
	}
	return t.Max
}
