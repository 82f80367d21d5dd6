package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// named reports whether a point of a number is none of its values, such as the effect of a missing value.
func named(e *model.Effect, p model.EffectPoint) bool {
	if e.Steps {
		return p.Label == features.MissingText
	}
	_, err := strconv.ParseFloat(p.Label, 64)
	return err != nil && p.Label != ""
}

// parted returns the points of a number's values, by value, and those beside them that have room.
func parted(e *model.Effect) (values, others []model.EffectPoint) {
	for _, p := range e.Points {
		if named(e, p) {
			others = append(others, p)
		} else {
			values = append(values, p)
		}
	}
	slices.SortStableFunc(values, func(a, b model.EffectPoint) int { return cmp.Compare(a.X, b.X) })
	if e.Steps {
		values = stepped(values)
	}
	return values, others[:min(len(others), besideMost)]
}

// stepped gives each step a point at both of its ends.
func stepped(steps []model.EffectPoint) []model.EffectPoint {
	var ends []model.EffectPoint
	for _, p := range steps {
		if !drawable(p.To) || p.To < p.X {
			p.To = p.X
		}
		ends = append(ends, p)
		p.X = p.To
		ends = append(ends, p)
	}
	return ends
}

// numberFigure draws a number as a line with a band, and beside it what is not on the line.
func (b *builder) numberFigure(id, title string, e model.Effect) figure {
	values, others := parted(&e)
	if len(values) < 2 || values[0].X == values[len(values)-1].X {
		return b.levelFigure(id, title, e)
	}
	p := newPlot(b.unit(e.Feature), "factor on the odds")
	low, high := reach(append(inner(values), others...))
	factors(&p.Y, low, high)
	x := numberAxis(&p.X, values, len(others), b.isTime(e.Feature))
	add(p, gridlines())
	addBand(p, values)
	add(p, across(p.X.Min, p.X.Max, 0, dotted))
	curve := plotter.XYs{}
	for _, v := range values {
		curve = append(curve, plotter.XY{X: v.X, Y: v.LogOdds})
	}
	add(p, line(curve, solid))
	if len(others) > 0 {
		addOthers(p, others, x)
	}
	first, last := values[0], values[len(values)-1]
	caption := numberCaption(p, min(first.LogOdds, last.LogOdds) < low || max(first.LogOdds, last.LogOdds) > high, len(others) > 0)
	desc := fmt.Sprintf("A line from factor %s on the odds at %s to %s at %s.", odds(first.LogOdds), short(first.X), odds(last.LogOdds), short(last.X))
	return b.draw(id, title, caption, desc, third, 190, alone(p))
}

func numberCaption(p *plot.Plot, leaves, others bool) string {
	caption := fmt.Sprintf("Line: effect of the value; band: %s.", levelName(nil))
	if leaves {
		caption += " At its far end the line leaves the picture: see the table."
	}
	if others {
		caption += " Square: leads without a value."
	}
	switch p.X.Scale.(type) {
	case rootScale:
		caption += " Values on a scale of square roots."
	case logScale:
		caption += " Values on a logarithmic scale."
	}
	return caption
}

// inner leaves out the ends of a number's range, which may be single far-off leads.
func inner(values []model.EffectPoint) []model.EffectPoint {
	if len(values) < 6 {
		return slices.Clone(values)
	}
	return slices.Clone(values[1 : len(values)-1])
}

func addBand(p *plot.Plot, values []model.EffectPoint) {
	var low, high plotter.XYs
	for _, v := range values {
		if bounded(v) {
			low = append(low, plotter.XY{X: v.X, Y: v.CI[0]})
			high = append(high, plotter.XY{X: v.X, Y: v.CI[1]})
		}
	}
	if len(low) > 1 {
		slices.Reverse(high)
		add(p, area(band, append(low, high...)))
	}
}

func addOthers(p *plot.Plot, others []model.EffectPoint, x func(float64) float64) {
	bars := &whiskers{vertical: true, lineStyle: whisk}
	bars.lineStyle.Color = red
	var points plotter.XYs
	for i, o := range others {
		at := x(1 - (float64(len(others)-i)-0.5)*besideRoom)
		points = append(points, plotter.XY{X: at, Y: o.LogOdds})
		if bounded(o) {
			bars.points = append(bars.points, whisker{at, o.CI[0], o.CI[1]})
		}
	}
	add(p, bars, marks(points, square))
	at, _ := p.X.Tick.Marker.(ticks)
	for i, o := range others {
		at = append(at, plot.Tick{Value: points[i].X, Label: lettered(strings.Trim(o.Label, "()"), 9)})
	}
	p.X.Tick.Marker = at
}

// besideRoom is the share of a number's axis that each effect beside the line has, and besideMost how many have
// room.
const (
	besideRoom = 0.28
	besideMost = 2
)

// numberAxis makes an axis for the values, with room to the right for others. It returns the value that lies at
// a share of the axis.
func numberAxis(axis *plot.Axis, values []model.EffectPoint, others int, isTime bool) func(float64) float64 {
	low, high := values[0].X, values[len(values)-1].X
	middle := values[len(values)/2].X
	x := func(u float64) float64 { return low + u*(high-low) }
	var at []float64
	switch {
	case isTime || low < 0 || !(high > 12*max(middle, 0)):
		at = roundValues(low, high, 4)
	case low > 0 && high/low > 300:
		axis.Scale = logScale{}
		x = func(u float64) float64 { return low * math.Pow(high/low, u) }
		at = apart(powers, axis.Scale, low, high, 0.2)
	default:
		axis.Scale = rootScale{}
		x = func(u float64) float64 { return math.Pow(root(low)+u*(root(high)-root(low)), 2) }
		at = apart(rounds(high), axis.Scale, low, high, 0.2)
	}
	format := short
	if isTime {
		format, at = date, []float64{low, high}
	}
	axis.Min, axis.Max = low, high
	if others > 0 {
		room := 1 - besideRoom*float64(others)
		axis.Max = x(1 / room)
		whole := x
		x = func(u float64) float64 { return whole(u / room) }
	}
	axis.Tick.Marker = label(at, format)
	return x
}
