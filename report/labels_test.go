package report

import (
	"testing"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
)

// Texts of points that nearly coincide, or lie in a corner, cover neither each other nor a mark, and stay inside.
func TestLabelsKeepApart(t *testing.T) {
	p := newPlot("", "")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	points := plotter.XYs{{X: 0.5, Y: 0.5}, {X: 0.52, Y: 0.5}, {X: 0.51, Y: 0.52}, {X: 1, Y: 1}, {X: 0, Y: 0}}
	l := &labels{obstacles: points}
	for _, at := range points {
		l.add(at, "organic_search")
	}
	c := draw.NewCanvas(&recorder.Canvas{}, half, 330)
	places := l.places(c, p, lettering(tickSize, ink))
	for i, place := range places {
		if overlaps(place, places[:i]) || place.Min.X < c.Min.X || place.Max.X > c.Max.X || place.Min.Y < c.Min.Y || place.Max.Y > c.Max.Y {
			t.Errorf("label %d at %v, the others at %v", i, place, places)
		}
	}
	if len(places) != len(points) {
		t.Errorf("%d labels of %d points", len(places), len(points))
	}
}
