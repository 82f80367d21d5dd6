package report

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/leadscore/leadscore/model"
)

// levelFigure draws levels as dots with bars, the most favourable on top.
func (b *builder) levelFigure(id, title string, e model.Effect) figure {
	points := slices.Clone(e.Points)
	slices.SortStableFunc(points, func(a, b model.EffectPoint) int { return cmp.Compare(b.Rows, a.Rows) })
	points = points[:min(b.options.Levels, len(points))]
	slices.SortStableFunc(points, func(a, b model.EffectPoint) int { return cmp.Compare(a.LogOdds, b.LogOdds) })
	p := newPlot("factor on the odds", "")
	low, high := reach(points)
	factors(&p.X, low, high)
	p.Y.Min, p.Y.Max = -0.6, float64(len(points))-0.4
	var names ticks
	var dots plotter.XYs
	bars := &whiskers{lineStyle: whisk}
	for i, point := range points {
		names = append(names, plot.Tick{Value: float64(i), Label: lettered(point.Label, 20) + " (" + short(point.Rows) + ")"})
		dots = append(dots, plotter.XY{X: point.LogOdds, Y: float64(i)})
		if bounded(point) {
			bars.points = append(bars.points, whisker{float64(i), point.CI[0], point.CI[1]})
		}
	}
	p.Y.Tick.Marker, p.Y.Tick.Length = names, 0
	add(p, &plotter.Grid{Vertical: rule}, line(plotter.XYs{{X: 0, Y: p.Y.Min}, {X: 0, Y: p.Y.Max}}, dotted), bars, marks(dots, dot))
	caption := "Levels, with the number of their leads."
	if left := len(e.Points) - len(points); left > 0 {
		caption = fmt.Sprintf("The %d levels of most leads, with their number; and %s more.", len(points), count(float64(left)))
	}
	top, bottom := points[len(points)-1], points[0]
	desc := fmt.Sprintf("%s. Highest: %s, factor %s on the odds; lowest: %s, factor %s.", plural(len(points), "level"), level(top.Label), odds(top.LogOdds), level(bottom.Label), odds(bottom.LogOdds))
	return b.draw(id, title, caption, desc, third, vg.Length(17*len(points)+50), alone(p))
}
