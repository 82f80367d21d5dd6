package report

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Widths of pictures in points. The page shows each scaled by about the same factor, so that their texts have
// one size: a wide one fills a row, two halves do, three thirds do.
const (
	wide  = 900
	half  = 440
	third = 290
)

// Text sizes in points.
const (
	tickSize  = 10
	labelSize = 10.5
)

var (
	solid  = draw.LineStyle{Color: blue, Width: 1.6}
	dashed = draw.LineStyle{Color: red, Width: 1.6, Dashes: []vg.Length{6, 3}}
	dotted = draw.LineStyle{Color: muted, Width: 1.1, Dashes: []vg.Length{1.5, 3}}
	whisk  = draw.LineStyle{Color: blue, Width: 1.2}
	rule   = draw.LineStyle{Color: grid, Width: 0.6}
	dot    = draw.GlyphStyle{Color: blue, Radius: 3, Shape: draw.CircleGlyph{}}
	square = draw.GlyphStyle{Color: red, Radius: 3, Shape: draw.BoxGlyph{}}
)

// lettering is the style of texts in pictures. The style sheet asks for a font of the same widths.
func lettering(size vg.Length, hue color.Color) text.Style {
	return text.Style{
		Color:   hue,
		Font:    font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size),
		XAlign:  draw.XCenter,
		YAlign:  draw.YBottom,
		Handler: plot.DefaultTextHandler,
	}
}

// lettered returns a text from the data as a label of about n characters. Ideographs and the like are counted
// twice, being twice as wide; since the font that texts are measured in lacks them, spaces at the front, which are
// not drawn, make up for their width.
func lettered(words string, n int) string {
	words = level(words)
	wideOnes := 0
	for _, r := range words {
		if r >= 0x1100 {
			wideOnes++
		}
	}
	if wideOnes == 0 {
		return shorten(words, n)
	}
	words = shorten(words, n/2)
	return strings.Repeat(" ", 2*min(wideOnes, n/2)) + words
}

// newPlot returns an empty plot in the manner of the page.
func newPlot(xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Tick.Label.YAlign, p.Y.Tick.Label.XAlign = draw.YTop, draw.XRight
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		x, y := axis.Tick.Label.XAlign, axis.Tick.Label.YAlign
		axis.Label.TextStyle = lettering(labelSize, ink)
		axis.Label.Padding = 3
		axis.LineStyle = draw.LineStyle{Color: muted, Width: 0.7}
		axis.Padding = 0
		axis.Tick.Label = lettering(tickSize, ink)
		axis.Tick.Label.XAlign, axis.Tick.Label.YAlign = x, y
		axis.Tick.LineStyle = axis.LineStyle
		axis.Tick.Length = 4
	}
	p.X.Label.Text, p.Y.Label.Text = xLabel, yLabel
	return p
}

// add draws the plotters on p without letting them move its axes, which have been set by rule.
func add(p *plot.Plot, plotters ...plot.Plotter) {
	x0, x1, y0, y1 := p.X.Min, p.X.Max, p.Y.Min, p.Y.Max
	p.Add(plotters...)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = x0, x1, y0, y1
}

// gridlines are thin lines at the marks of both axes.
func gridlines() *plotter.Grid { return &plotter.Grid{Vertical: rule, Horizontal: rule} }

// line joins the points.
func line(points plotter.XYs, style draw.LineStyle) *plotter.Line {
	return &plotter.Line{XYs: points, LineStyle: style}
}

// marks puts a glyph on each point.
func marks(points plotter.XYs, style draw.GlyphStyle) *plotter.Scatter {
	return &plotter.Scatter{XYs: points, GlyphStyle: style}
}

// area fills the rings.
func area(hue color.Color, rings ...plotter.XYs) *plotter.Polygon {
	return &plotter.Polygon{XYs: rings, Color: hue}
}

// outlined fills the rings and draws their edges.
func outlined(hue, edge color.Color, rings ...plotter.XYs) *plotter.Polygon {
	p := area(hue, rings...)
	p.LineStyle = draw.LineStyle{Color: edge, Width: 0.8}
	return p
}

// box is a ring with the given corners.
func box(x0, y0, x1, y1 float64) plotter.XYs {
	return plotter.XYs{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// across is a line from left to right.
func across(x0, x1, y float64, style draw.LineStyle) *plotter.Line {
	return line(plotter.XYs{{X: x0, Y: y}, {X: x1, Y: y}}, style)
}

// note is a text within a plot, at a point and shifted by dx, dy points.
type note struct {
	x, y   float64
	dx, dy vg.Length
	text   string
	style  text.Style
}

// noted returns a note at x, y that runs to the right of it (align −1), to the left (1) or both ways (0).
func noted(x, y float64, dx, dy vg.Length, words string, align int) *note {
	style := lettering(tickSize, ink)
	style.XAlign = []text.XAlignment{draw.XLeft, draw.XCenter, draw.XRight}[align+1]
	style.YAlign = draw.YCenter
	return &note{x, y, dx, dy, words, style}
}

// Plot writes the note.
func (n *note) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	c.FillText(n.style, vg.Point{X: x(n.x) + n.dx, Y: y(n.y) + n.dy}, n.text)
}

// whiskers draw an interval at each point, vertical ones where the interval is of y.
type whiskers struct {
	points    []whisker
	vertical  bool
	lineStyle draw.LineStyle
}

type whisker struct{ at, low, high float64 }

// Plot draws the intervals, cut where they leave the plot; only an end within it has a cap.
func (w *whiskers) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, i := range w.points {
		if w.vertical {
			w.bar(&c, x(i.at), y(i.low), y(i.high), c.Min.Y, c.Max.Y, false)
		} else {
			w.bar(&c, y(i.at), x(i.low), x(i.high), c.Min.X, c.Max.X, true)
		}
	}
}

func (w *whiskers) bar(c *draw.Canvas, at, low, high, first, last vg.Length, swap bool) {
	stroke := func(a0, b0, a1, b1 vg.Length) {
		if swap {
			a0, b0, a1, b1 = b0, a0, b1, a1
		}
		c.StrokeLine2(w.lineStyle, a0, b0, a1, b1)
	}
	if high < first || low > last {
		return
	}
	stroke(at, max(low, first), at, min(high, last))
	for _, end := range []vg.Length{low, high} {
		if first <= end && end <= last {
			stroke(at-2.5, end, at+2.5, end)
		}
	}
}

// alone draws one plot on the whole canvas, with a margin.
func alone(p *plot.Plot) func(draw.Canvas) {
	return func(c draw.Canvas) { p.Draw(draw.Crop(c, 2, -8, 2, -6)) }
}

// stacked draws plots above each other, each with its share of the height, their data areas in line.
func stacked(heights []float64, plots ...*plot.Plot) func(draw.Canvas) {
	return func(c draw.Canvas) {
		c = draw.Crop(c, 2, -8, 2, -6)
		whole := c.Max.Y - c.Min.Y
		canvases := make([]draw.Canvas, len(plots))
		top := c.Max.Y
		for i := range plots {
			canvases[i] = c
			canvases[i].Max.Y = top
			top -= whole * vg.Length(heights[i])
			canvases[i].Min.Y = top
			if i < len(plots)-1 {
				canvases[i].Min.Y += 6
			}
		}
		alignSides(canvases, plots)
		for i, p := range plots {
			p.Draw(canvases[i])
		}
	}
}

// alignSides narrows the canvases until the data areas of their plots begin and end at the same place. What an
// area gives way by depends on the labels beside it, hence the few rounds.
func alignSides(canvases []draw.Canvas, plots []*plot.Plot) {
	for range 4 {
		left, right := canvases[0].Min.X, canvases[0].Max.X
		for i, p := range plots {
			data := p.DataCanvas(canvases[i])
			if i == 0 {
				left, right = data.Min.X, data.Max.X
			}
			left, right = max(left, data.Min.X), min(right, data.Max.X)
		}
		for i, p := range plots {
			data := p.DataCanvas(canvases[i])
			canvases[i].Min.X += left - data.Min.X
			canvases[i].Max.X -= data.Max.X - right
		}
	}
}

// spread returns about n of the items, evenly by position, with the first and the last.
func spread[T any](items []T, n int) []T {
	if len(items) <= n {
		return items
	}
	kept := make([]T, n)
	for i := range kept {
		kept[i] = items[i*(len(items)-1)/(n-1)]
	}
	return kept
}
