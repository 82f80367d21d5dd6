package report

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"github.com/leadscore/leadscore/model"
)

// mostLagLines bounds the curves of a picture: more than the line styles cannot be told apart.
const mostLagLines = 3

// lags shows how long leads take to convert, and what the immature ones contributed; nil where nothing is known of it.
func (b *builder) lags() *section {
	d := b.t.Fit.Delay
	if d == nil || len(d.Curves) == 0 {
		return nil
	}
	s := &section{ID: "lags", Title: "Time to convert", Question: "how long does a conversion take?", Layout: "one"}
	s.Lead = fmt.Sprintf("Of the leads that convert within the horizon, half have done so after %s days and nine tenths after %s.",
		count(slowest(d).Median), count(slowest(d).P90))
	if d.By != "" {
		s.Lead = fmt.Sprintf("How long a conversion takes depends on %s. Of the slowest leads that convert within the horizon, half have done so after %s days and nine tenths after %s.",
			level(d.By), count(slowest(d).Median), count(slowest(d).P90))
	}
	if d.Used > 0 {
		s.Text = append(s.Text, fmt.Sprintf("%s younger than the horizon are in the fit: %s of them have converted, %s of the others are expected to. An open lead counts as far as it may still convert, not as lost. The holdout holds mature leads only.",
			plural(d.Used, "lead"), count(d.Converted), count(d.Expected)))
	}
	s.Figures = []figure{b.lagFigure(d)}
	return s
}

// slowest is the curve of the latest conversions, of those that rest on any.
func slowest(d *model.Delay) *model.Lag {
	slow := &d.Curves[len(d.Curves)-1]
	for i := range d.Curves {
		if c := &d.Curves[i]; c.Conversions > 0 && (slow.Conversions == 0 || c.P90 > slow.P90) {
			slow = c
		}
	}
	return slow
}

func (b *builder) lagFigure(d *model.Delay) figure {
	p := newPlot("days since creation", "share of the conversions")
	last := float64(len(d.Curves[0].Cumulative) * d.DaysAStep)
	amount(&p.X, last, false, 6)
	share(&p.Y, 1, false)
	add(p, gridlines())
	t := &table{Caption: "Days until a share of the conversions within the horizon has come", Head: []string{"Leads", "Conversions", "Half", "Nine tenths"}, Open: true}
	styles := []draw.LineStyle{solid, dashed, dotted}
	chosen, drawn := lagLines(d.Curves), 0
	for i := range d.Curves {
		c := &d.Curves[i]
		if c.Conversions == 0 && len(d.Curves) > 1 {
			continue
		}
		name := "all"
		switch {
		case c.Level != "":
			name = level(c.Level)
		case d.By != "":
			name = "others"
		}
		if len(t.Rows) < maxTableRows {
			t.Rows = append(t.Rows, []string{name, count(c.Conversions), count(c.Median), count(c.P90)})
		}
		if !slices.Contains(chosen, i) {
			continue
		}
		points := plotter.XYs{{}}
		for k, g := range c.Cumulative {
			points = append(points, plotter.XY{X: float64((k + 1) * d.DaysAStep), Y: g})
		}
		y := 0.28 - 0.08*float64(drawn) // of the key, where curves that end at 1 leave room
		add(p, line(points, styles[drawn]), across(0.74*last, 0.8*last, y, styles[drawn]), noted(0.8*last, y, 6, 0, lettered(name, 24), -1))
		drawn++
	}
	caption := "The share of the conversions within the horizon that have come by an age. Immature leads are made up for."
	if drawn < len(t.Rows) {
		caption += " Drawn are the fastest, the slowest and those of most conversions; the table, in days, has all."
	}
	f := b.draw("lag-plot", "Conversions by age", caption, "Share of conversions within the horizon that have come by an age, in days.", wide, 300, alone(p))
	f.Table = t
	return f
}

// lagLines are the curves that are drawn: of those that rest on a conversion or more the fastest by median, the one of most conversions
// and the slowest, as far as these differ.
func lagLines(curves []model.Lag) []int {
	if len(curves) == 1 {
		return []int{0}
	}
	var sound []int
	for i := range curves {
		if curves[i].Conversions >= 1 {
			sound = append(sound, i)
		}
	}
	if len(sound) <= mostLagLines {
		return sound
	}
	by := func(of func(c *model.Lag) float64) int {
		return slices.MaxFunc(sound, func(a, b int) int { return cmp.Compare(of(&curves[a]), of(&curves[b])) })
	}
	return []int{
		by(func(c *model.Lag) float64 { return -c.Median }), by(func(c *model.Lag) float64 { return c.Conversions }),
		by(func(c *model.Lag) float64 { return c.P90 }),
	}
}
