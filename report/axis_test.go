package report

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/plot"
)

// Every scale maps the ends of an axis to 0 and 1 and rises between.
func TestScalesRiseFromEndToEnd(t *testing.T) {
	for _, test := range []struct {
		name      string
		scale     plot.Normalizer
		low, high float64
	}{
		{"root", rootScale{}, 0, 0.3},
		{"log", logScale{}, 2, 9000},
		{"logit", logitScale{}, 0.001, 0.7},
	} {
		if got := test.scale.Normalize(test.low, test.high, test.low); math.Abs(got) > 1e-12 {
			t.Errorf("%s: the low end is at %v", test.name, got)
		}
		if got := test.scale.Normalize(test.low, test.high, test.high); math.Abs(got-1) > 1e-12 {
			t.Errorf("%s: the high end is at %v", test.name, got)
		}
		last := -1.0
		for i := range 51 {
			at := test.scale.Normalize(test.low, test.high, test.low+float64(i)/50*(test.high-test.low))
			if at <= last {
				t.Errorf("%s: falls from %v to %v", test.name, last, at)
			}
			last = at
		}
	}
}

func TestRoundValues(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		n         int
		want      []float64
	}{
		{0, 1, 6, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{0, 12, 4, []float64{0, 5, 10}},
		{-3000, 97000, 4, []float64{0, 50000}},
		{5, 5, 4, []float64{5}},
		{0, math.Inf(1), 4, []float64{0}},
	} {
		got := roundValues(test.low, test.high, test.n)
		if len(got) != len(test.want) {
			t.Errorf("%v to %v: %v, want %v", test.low, test.high, got, test.want)
			continue
		}
		for i := range got {
			if math.Abs(got[i]-test.want[i]) > 1e-9 || math.Signbit(got[i]) != math.Signbit(test.want[i]) {
				t.Errorf("%v to %v: %v, want %v", test.low, test.high, got, test.want)
			}
		}
	}
}

// No two marks of an axis come closer than the gap, and zero keeps its mark.
func TestMarksKeepApart(t *testing.T) {
	for _, high := range []float64{0.002, 0.01, 0.04, 0.3, 0.77, 1} {
		kept := apart(shares, rootScale{}, 0, high, 0.085)
		slices.Sort(kept)
		if kept[0] != 0 || len(kept) < 4 {
			t.Errorf("to %v: marks %v, want zero and at least three more", high, kept)
		}
		for i := range kept[1:] {
			if gap := (rootScale{}).Normalize(0, high, kept[i+1]) - (rootScale{}).Normalize(0, high, kept[i]); gap < 0.085 {
				t.Errorf("to %v: marks %v and %v are %v apart", high, kept[i], kept[i+1], gap)
			}
		}
	}
}

func TestRecountKeepsTheLeads(t *testing.T) {
	training := sampleTraining(2)
	bars := training.Holdout.Curves.Histogram
	edges := []float64{0, 0.01, 0.02, 0.1, 0.5, 1}
	var sum float64
	for _, n := range recount(bars, edges) {
		sum += n
	}
	if won, lost := totals(bars); math.Abs(sum-won-lost) > 1e-6 {
		t.Errorf("%v leads after the recount, want %v", sum, won+lost)
	}
}

// Interpolated gains go through the given points, the origin and the end.
func TestGainsAt(t *testing.T) {
	points := soundGains(sampleTraining(2).Holdout.Curves.Gains)
	for _, g := range points {
		if got := at(points, g.Share); math.Abs(got.Captured-g.Captured) > 1e-12 || math.Abs(got.Lift-g.Lift) > 1e-9 {
			t.Errorf("at %v: %+v, want %+v", g.Share, got, g)
		}
	}
	if got := at(points, 1); got.Captured != 1 {
		t.Errorf("all leads hold %v of the conversions", got.Captured)
	}
}
