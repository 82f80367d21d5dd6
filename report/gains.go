package report

import (
	"fmt"

	"gonum.org/v1/plot/plotter"

	"github.com/leadscore/leadscore/model"
)

// gains shows what working the best-scored leads first brings.
func (b *builder) gains() *section {
	s := &section{ID: "gains", Title: "Gains and lift", Question: "what does working the best leads first bring?", Layout: "two"}
	if s.Missing = b.curvesMissing(); s.Missing != "" {
		return s
	}
	points := soundGains(b.t.Holdout.Curves.Gains)
	if len(points) < 2 {
		s.Missing = "the evaluation holds fewer than two points of the gains curve"
		return s
	}
	captured := func(share float64) string { return percent(at(points, share).Captured) }
	s.Lead = fmt.Sprintf("The best-scored tenth of the leads holds %s of all conversions, the best fifth %s, the best half %s.", captured(0.1), captured(0.2), captured(0.5))
	s.Text = []string{"What a queue brings that is worked from the top of the ranking down. Ranking says who will convert, not whom a call would change."}
	s.Figures = []figure{b.gainsFigure(points), b.liftFigure(points)}
	s.Figures[0].Table = gainsTable(b.t.Holdout, points)
	return s
}

// soundGains returns the points that can be drawn.
func soundGains(points []model.Gain) []model.Gain {
	sound := []model.Gain{}
	for _, g := range points {
		if proportion(g.Share, g.Captured) && drawable(g.Lift) && g.Share > 0 {
			g.Share, g.Captured = min(g.Share, 1), min(max(g.Captured, 0), 1)
			sound = append(sound, g)
		}
	}
	return sound
}

// at interpolates the gains at a share of the leads.
func at(points []model.Gain, part float64) model.Gain {
	last := model.Gain{}
	for _, g := range points {
		if g.Share >= part {
			u := (part - last.Share) / (g.Share - last.Share)
			captured := last.Captured + u*(g.Captured-last.Captured)
			return model.Gain{Share: part, Captured: captured, Lift: captured / part}
		}
		last = g
	}
	return last
}

func (b *builder) gainsFigure(points []model.Gain) figure {
	h := b.t.Holdout
	p := newPlot("share of the leads, best first", "share of all conversions")
	share(&p.X, 1, false)
	share(&p.Y, 1, false)
	add(p, gridlines(), line(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}, dotted))
	if h.BaseRate > 0 && h.BaseRate < 1 {
		add(p, line(plotter.XYs{{X: 0, Y: 0}, {X: h.BaseRate, Y: 1}, {X: 1, Y: 1}}, dashed))
	}
	curve := plotter.XYs{{}}
	for _, g := range spread(points, 200) {
		curve = append(curve, plotter.XY{X: g.Share, Y: g.Captured})
	}
	add(p, line(curve, solid), noted(0.72, 0.72, 5, -8, "at random", -1), noted(h.BaseRate, 0.94, 6, 0, "if all were known", -1))
	for _, part := range []float64{0.1, 0.2, 0.5} {
		g := at(points, part)
		add(p, marks(plotter.XYs{{X: part, Y: g.Captured}}, dot), noted(part, g.Captured, 7, -6, percent(g.Captured), -1))
	}
	return b.draw("gains-plot", "Gains: conversions held by the best-scored leads",
		"Solid line: the model; dotted: leads in random order; dashed: an order that knew every outcome. Dots: the best tenth, fifth and half.",
		fmt.Sprintf("The cumulative share of conversions against the share of leads worked, best first. The best tenth holds %s, the best fifth %s, the best half %s.",
			percent(at(points, 0.1).Captured), percent(at(points, 0.2).Captured), percent(at(points, 0.5).Captured)),
		half, 330, alone(p))
}

// fewLeads are so few that their rate is noise.
const fewLeads = 20

func (b *builder) liftFigure(points []model.Gain) figure {
	p := newPlot("share of the leads, best first", "times the base rate")
	share(&p.X, 1, false)
	most, least := 1.0, max(0.01, fewLeads/float64(b.t.Holdout.Rows))
	var curve plotter.XYs
	for _, g := range spread(points, 200) {
		if g.Share < least {
			continue
		}
		most = max(most, g.Lift)
		curve = append(curve, plotter.XY{X: g.Share, Y: g.Lift})
	}
	amount(&p.Y, most, false, 5)
	tenth := at(points, 0.1)
	add(p, gridlines(), across(0, 1, 1, dotted), line(curve, solid), marks(plotter.XYs{{X: 0.1, Y: tenth.Lift}}, dot),
		noted(1, p.Y.Max, -4, -9, "best tenth (dot): "+fixed(tenth.Lift, 2)+space+"×", 1), noted(1, 1, -4, -7, "base rate (1 ×)", 1))
	return b.draw("lift-plot", "Lift: how much richer the best-scored leads are",
		"Solid line: rate of the best-scored share of leads, divided by the base rate. Dotted line: the base rate itself. Shares below "+percent(min(least, 1))+" are too few leads to draw.",
		fmt.Sprintf("Lift falls from the best-scored leads to 1 for all leads. It is %s for the best tenth and %s for the best fifth.", fixed(tenth.Lift, 2), fixed(at(points, 0.2).Lift, 2)),
		half, 330, alone(p))
}

// tableShares are the rows of the gains table.
var tableShares = []float64{0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}

func gainsTable(h *model.Evaluation, points []model.Gain) *table {
	t := &table{Caption: "Gains and lift", Head: []string{"Best-scored share", "Leads", "Conversions", "Share of conversions", "Rate", "Lift"}}
	for _, part := range tableShares {
		g := at(points, part)
		won := g.Captured * h.Conversions
		t.Rows = append(t.Rows, []string{percent(part), fixed(part*float64(h.Rows), 0), fixed(won, 0), percent(g.Captured), percent(g.Lift * h.BaseRate), fixed(g.Lift, 2)})
	}
	return t
}
