package report

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// labels are texts beside points, put where they cover neither each other nor a point as far as there is room.
type labels struct {
	obstacles plotter.XYs // marks that are not to be covered
	points    plotter.XYs
	words     []string
}

func (l *labels) add(at plotter.XY, words string) {
	l.points, l.words = append(l.points, at), append(l.words, words)
}

// Plot writes the texts at their places.
func (l *labels) Plot(c draw.Canvas, p *plot.Plot) {
	style := lettering(tickSize, ink)
	style.XAlign, style.YAlign = draw.XLeft, draw.YBottom
	for i, place := range l.places(c, p, style) {
		c.FillText(style, place.Min, l.words[i])
	}
}

// places returns where each text goes: the first of its corners that is free, or the first of all.
func (l *labels) places(c draw.Canvas, p *plot.Plot, style text.Style) (places []vg.Rectangle) {
	const gap, mark = 6, 3
	x, y := p.Transforms(&c)
	var taken []vg.Rectangle
	for _, o := range l.obstacles {
		taken = append(taken, around(x(o.X)-mark, y(o.Y)-mark, 2*mark, 2*mark))
	}
	for i, at := range l.points {
		w, h := style.Width(l.words[i]), style.Height("X")
		right, left, middle := x(at.X)+gap, x(at.X)-gap-w, x(at.X)-w/2
		var place vg.Rectangle
		for k, corner := range []vg.Point{
			{X: right, Y: y(at.Y) - h/2}, {X: left, Y: y(at.Y) - h/2}, {X: right, Y: y(at.Y) + gap}, {X: right, Y: y(at.Y) - gap - h},
			{X: left, Y: y(at.Y) + gap}, {X: left, Y: y(at.Y) - gap - h}, {X: middle, Y: y(at.Y) + 2*gap}, {X: middle, Y: y(at.Y) - 2*gap - h},
		} {
			r := around(corner.X, corner.Y, w, h)
			if k == 0 {
				place = r
			}
			if r.Min.X >= c.Min.X && r.Max.X <= c.Max.X && r.Min.Y >= c.Min.Y && r.Max.Y <= c.Max.Y && !overlaps(r, taken) {
				place = r
				break
			}
		}
		places, taken = append(places, place), append(taken, place)
	}
	return places
}

func around(x, y, w, h vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + w, Y: y + h}}
}

// overlaps reports whether r and one of the others share more than an edge.
func overlaps(r vg.Rectangle, others []vg.Rectangle) bool {
	for _, o := range others {
		if r.Min.X < o.Max.X && o.Min.X < r.Max.X && r.Min.Y < o.Max.Y && o.Min.Y < r.Max.Y {
			return true
		}
	}
	return false
}
