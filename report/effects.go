package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// The parts of the section that are not folded away.
const (
	rankedEffects = 25 // bars of the ranking
	openEffects   = 12 // pictures
)

// farthest is the largest effect that is drawn; its factor on the odds is beyond any use.
const farthest = 100

// effects shows what each feature does to the score, those of the largest spread first.
func (b *builder) effects() *section {
	s := &section{ID: "effects", Title: "Effects", Question: "what moves the score?", Layout: "three"}
	effects := soundEffects(b.t.Effects)
	if len(effects) == 0 {
		s.Missing = "the model has no feature whose effect can be drawn"
		return s
	}
	s.Lead = effectsLead(effects)
	s.Text = []string{
		"Each effect is a factor on the odds of converting, compared with the average training lead and with the other features held as they are; × 1 is no effect. " +
			"Bars and bands are " + levelName(nil) + "s, one point at a time. An effect is an association in the data, not what would happen if the feature were changed.",
		fmt.Sprintf("For a scorecard, the tables give each effect in points: add them up, and %d points more double the odds.", model.PointsToDouble),
	}
	ranking := b.rankingFigure(effects)
	var pictures []figure
	for i, e := range effects {
		pictures = append(pictures, b.effectFigure(i, e))
	}
	s.Figures = append([]figure{ranking}, pictures[:min(openEffects, len(pictures))]...)
	s.More = pictures[min(openEffects, len(pictures)):]
	s.MoreTitle = plural(len(s.More), "feature") + " more, of smaller spread"
	return s
}

// soundEffects returns the effects that can be drawn, by falling spread, each with its finite points only.
func soundEffects(effects []model.Effect) []model.Effect {
	var sound []model.Effect
	for _, e := range effects {
		var points []model.EffectPoint
		for _, p := range e.Points {
			if drawable(p.X) && math.Abs(p.LogOdds) <= farthest {
				points = append(points, p)
			}
		}
		if e.Points = points; len(points) > 0 && e.Spread >= 0 && e.Spread <= farthest {
			sound = append(sound, e)
		}
	}
	slices.SortStableFunc(sound, func(a, b model.Effect) int { return cmp.Compare(b.Spread, a.Spread) })
	return sound
}

func effectsLead(effects []model.Effect) string {
	if len(effects) == 1 {
		return "The model has one feature: " + level(effects[0].Feature) + "."
	}
	text := "The score is moved most by " + level(effects[0].Feature)
	if len(effects) > 2 {
		text += ", " + level(effects[1].Feature) + " and " + level(effects[2].Feature)
	} else {
		text += ", then by " + level(effects[1].Feature)
	}
	return text + "."
}

// rankingFigure compares the spread of the effects.
func (b *builder) rankingFigure(effects []model.Effect) figure {
	const id, title = "ranking-plot", "How far each feature moves scores apart"
	if len(effects) < 2 {
		return figure{ID: id, Title: title, Missing: "a ranking needs two features and the model has one"}
	}
	shown := effects[:min(rankedEffects, len(effects))]
	p := newPlot("spread: standard deviation of the effect over the training leads, in log-odds", "")
	amount(&p.X, shown[0].Spread*1.05, false, 8)
	p.X.Tick.Marker = label(roundValues(0, p.X.Max, 8), trimmed)
	p.Y.Min, p.Y.Max = -0.6, float64(len(shown))-0.4
	add(p, &plotter.Grid{Vertical: rule})
	var names ticks
	for i, e := range shown {
		y := float64(len(shown) - 1 - i)
		names = append(names, plot.Tick{Value: y, Label: lettered(e.Feature, 28)})
		add(p, outlined(band, blue, box(0, y-0.32, e.Spread, y+0.32)), noted(e.Spread, y, 4, 0, fixed(e.Spread, 3), -1))
	}
	p.Y.Tick.Marker, p.Y.Tick.Length = names, 0
	caption := "The longer the bar, the more the feature tells leads apart. Two leads one spread apart differ in their odds by the factor that the table gives."
	if left := len(effects) - len(shown); left > 0 {
		caption += " And " + plural(left, "feature") + " more, in the table."
	}
	f := b.draw(id, title, caption, "Bars of spread, by feature, longest first. "+effectsLead(effects), wide, vg.Length(17*len(shown)+52), alone(p))
	f.Table = rankingTable(effects)
	return f
}

func rankingTable(effects []model.Effect) *table {
	t := &table{Caption: "Features by spread", Head: []string{"Feature", "Kind", "Spread (log-odds)", "Factor on the odds of one spread", "Smallest effect", "Largest effect"}, Words: map[int]bool{1: true}}
	for _, e := range effects[:min(len(effects), 5*maxTableRows)] {
		least, most := e.Points[0].LogOdds, e.Points[0].LogOdds
		for _, p := range e.Points {
			least, most = min(least, p.LogOdds), max(most, p.LogOdds)
		}
		kind := plural(len(e.Points), "level")
		switch {
		case e.Steps:
			kind = "number, in steps"
		case e.Number:
			kind = "number"
		case e.Pair:
			kind = "pair, " + kind
		}
		t.Rows = append(t.Rows, []string{level(e.Feature), kind, fixed(e.Spread, 3), odds(e.Spread), odds(least), odds(most)})
	}
	t.left(len(effects)-len(t.Rows), "features")
	return t
}

// effectFigure draws one effect.
func (b *builder) effectFigure(i int, e model.Effect) figure {
	id := fmt.Sprintf("effect-%d", i+1)
	title := level(e.Feature)
	var f figure
	if e.Number {
		f = b.numberFigure(id, title, e)
	} else {
		f = b.levelFigure(id, title, e)
	}
	if f.Table = effectTable(e, b.isTime(e.Feature)); e.Pair && wellFormed(e.Grid) {
		f.Table = pairTable(e)
	}
	return f
}

// isTime reports whether the feature is an instant, which a model sees as days since 1970.
func (b *builder) isTime(feature string) bool {
	for _, f := range b.options.Fields {
		if f.Name == feature {
			return f.Kind == features.Time
		}
	}
	return false
}

// date writes days since 1970 as a date.
func date(days float64) string {
	if math.Abs(days) > 4e6 {
		return short(days)
	}
	return time.Unix(int64(days)*86400, 0).UTC().Format("2006-01-02")
}

// bounded reports whether a point has an interval; one without a width was not computed.
func bounded(p model.EffectPoint) bool { return known(p.CI) && p.CI[0] < p.CI[1] }

// reach returns the log-odds that an axis shows to both sides of no effect: a factor of 2, 4, 16 or 256, so that
// pictures of one reach can be compared. Intervals may be cut, points are not.
func reach(points []model.EffectPoint) float64 {
	most := 0.0
	for _, p := range points {
		most = max(most, math.Abs(p.LogOdds))
	}
	need := 1.03 * most
	for _, p := range points {
		if bounded(p) {
			need = max(need, min(max(math.Abs(p.CI[0]), math.Abs(p.CI[1])), 1.5*most))
		}
	}
	r := math.Ln2
	for r < need {
		r *= 2
	}
	return r
}

// factors makes an axis of log-odds labelled by the factor on the odds.
func factors(axis *plot.Axis, reach float64) {
	axis.Min, axis.Max = -reach, reach
	axis.Tick.Marker = label([]float64{-reach, -reach / 2, 0, reach / 2, reach}, func(l float64) string {
		return "×" + strconv.FormatFloat(math.Exp(l), 'g', 2, 64)
	})
}

// levelFigure draws levels as dots with bars, the most favourable on top.
func (b *builder) levelFigure(id, title string, e model.Effect) figure {
	points := slices.Clone(e.Points)
	slices.SortStableFunc(points, func(a, b model.EffectPoint) int { return cmp.Compare(b.Rows, a.Rows) })
	points = points[:min(b.options.Levels, len(points))]
	slices.SortStableFunc(points, func(a, b model.EffectPoint) int { return cmp.Compare(a.LogOdds, b.LogOdds) })
	p := newPlot("factor on the odds", "")
	factors(&p.X, reach(points))
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
	p := newPlot("", "factor on the odds")
	factors(&p.Y, reach(append(inner(values), others...)))
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
	caption := numberCaption(p, max(math.Abs(first.LogOdds), math.Abs(last.LogOdds)) > p.Y.Max, len(others) > 0)
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

func effectTable(e model.Effect, isTime bool) *table {
	t := &table{Caption: "Effect of " + level(e.Feature), Head: []string{"Level", "Leads", "Factor", levelName(nil), "Log-odds", "Points"}}
	points := slices.Clone(e.Points)
	if e.Number {
		t.Head[0], t.Head[1] = "Value", "Leads near"
	} else {
		slices.SortStableFunc(points, func(a, b model.EffectPoint) int { return cmp.Compare(b.Rows, a.Rows) })
	}
	for _, p := range points[:min(len(points), maxTableRows)] {
		ci := none
		if bounded(p) {
			ci = between(p.CI, odds)
		}
		name := level(p.Label)
		if e.Number && !e.Steps && !named(&e, p) {
			if name = short(p.X); isTime {
				name = date(p.X)
			}
		}
		t.Rows = append(t.Rows, []string{name, count(p.Rows), odds(p.LogOdds), ci, signed(p.LogOdds), strconv.Itoa(p.Points)})
	}
	t.left(len(points)-len(t.Rows), "levels")
	return t
}
