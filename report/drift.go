package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/leadscore/leadscore/model"
)

// drift shows how models fitted at earlier moments did on the leads that came next, and what has moved since.
func (b *builder) drift() *section {
	s := &section{ID: "drift", Title: "Drift", Question: "does a model hold as time goes by?", Layout: "one"}
	r := b.t.Rolling
	if r == nil {
		s.Missing = "it takes a holdout that comes after the leads of the fit, by creation time or by row order"
		return s
	}
	origins := soundOrigins(r.Origins)
	s.Lead = driftLead(origins, r)
	s.Text = []string{"Each origin is a model of the same recipe, fitted on all leads before a moment and measured, before calibration, on those between it and the next. " +
		"A change of the base rate that the model expects comes from the mix of leads; the rest comes from the world, and no model learnt before can know it."}
	if len(origins) > 1 {
		s.Figures = append(s.Figures, b.originsFigure(origins))
	}
	if mixes := soundMixes(r.Drift); len(mixes) > 0 {
		s.Figures = append(s.Figures, b.mixFigure(mixes))
	}
	return s
}

func soundOrigins(origins []model.Origin) []model.Origin {
	var sound []model.Origin
	for _, o := range origins {
		if o.Rows > 0 && proportion(o.Rate, o.RateCI[0], o.RateCI[1], o.Mean, o.AUC, o.AUCCI[0], o.AUCCI[1]) {
			sound = append(sound, o)
		}
	}
	return sound
}

func soundMixes(drift []model.Drift) []model.Drift {
	var sound []model.Drift
	for _, d := range drift {
		if drawable(d.PSI) && d.PSI >= 0 && drawable(d.Chance) && proportion(d.Before, d.After) {
			sound = append(sound, d)
		}
	}
	return sound
}

// driftLead says what moved, in words.
func driftLead(origins []model.Origin, r *model.Rolling) string {
	text := ""
	if len(origins) > 0 {
		least, most, off := origins[0], origins[0], origins[0]
		for _, o := range origins {
			if o.AUC < least.AUC {
				least = o
			}
			if o.AUC > most.AUC {
				most = o
			}
			if distance(o) > distance(off) {
				off = o
			}
		}
		text = fmt.Sprintf("Over %s the AUC lies between %s and %s; the probabilities were farthest off on %s, where %s was predicted and %s came. ",
			plural(len(origins), "origin"), fixed(least.AUC, 3), fixed(most.AUC, 3), level(off.Label), percent(off.Mean), percent(off.Rate))
	}
	if s := r.Shift; s != nil && proportion(s.Before, s.Expected, s.After) {
		text += fmt.Sprintf("The base rate went from %s before the holdout to %s in it; by the mix of leads the model expected %s. ", percent(s.Before), percent(s.After), percent(s.Expected))
	}
	if mixes := soundMixes(r.Drift); len(mixes) > 0 && mixes[0].Excess() > model.SomeDrift {
		d := mixes[0]
		return text + fmt.Sprintf("The mix of %s has moved most (PSI %s): %s went from %s of the leads to %s.", level(d.Feature), fixed(d.PSI, 2), level(d.Value), percent(d.Before), percent(d.After))
	}
	return text + "No feature's mix has moved much."
}

// distance is how far the level of an origin's probabilities is off, in log-odds.
func distance(o model.Origin) float64 {
	const least = 1e-6
	return math.Abs(logit(min(max(o.Mean, least), 1-least)) - logit(min(max(o.Rate, least), 1-least)))
}

// originsFigure draws ranking above level, by origin.
func (b *builder) originsFigure(origins []model.Origin) figure {
	rank, rates := newPlot("", "AUC"), newPlot("", "probability")
	var auc, came, predicted plotter.XYs
	aucBars, rateBars := &whiskers{vertical: true, lineStyle: whisk}, &whiskers{vertical: true, lineStyle: whisk}
	high, low := 0.0, 0.5
	var names ticks
	for i, o := range origins {
		x := float64(i)
		auc, came, predicted = append(auc, plotter.XY{X: x, Y: o.AUC}), append(came, plotter.XY{X: x, Y: o.Rate}), append(predicted, plotter.XY{X: x, Y: o.Mean})
		aucBars.points = append(aucBars.points, whisker{x, o.AUCCI[0], o.AUCCI[1]})
		rateBars.points = append(rateBars.points, whisker{x, o.RateCI[0], o.RateCI[1]})
		high, low = max(high, o.RateCI[1], o.Mean), min(low, o.AUCCI[0])
		names = append(names, plot.Tick{Value: x, Label: lettered(o.Label, 26)})
	}
	rank.Y.Min, rank.Y.Max = math.Floor(10*low)/10, 1
	rank.Y.Tick.Marker = label(roundValues(rank.Y.Min, 1, 5), decimals(1))
	share(&rates.Y, min(1, max(1.15*high, 1e-4)), false)
	for _, p := range []*plot.Plot{rank, rates} {
		p.X.Min, p.X.Max = -0.6, float64(len(origins))-0.4
		p.X.Tick.Marker, p.X.Tick.Length = names, 0
	}
	blank(&rank.X)
	grid := &plotter.Grid{Horizontal: rule}
	add(rank, grid, line(auc, solid), aucBars, marks(auc, dot))
	add(rates, grid, line(came, solid), rateBars, marks(came, dot), line(predicted, dashed), marks(predicted, square))
	caption := fmt.Sprintf("Above: AUC on the leads after each origin, with %ss. Below, dots and solid line: the rate that came; squares and dashed line: the mean probability predicted for the same leads.", levelName(nil))
	f := b.draw("origins-plot", "As it would have been", caption, "AUC, and predicted and realised rates, by origin.", wide, 340, stacked([]float64{0.5, 0.5}, rank, rates))
	f.Table = originsTable(origins)
	return f
}

func originsTable(origins []model.Origin) *table {
	t := &table{Caption: "Rolling origins", Open: true,
		Head: []string{"Measured on", "Leads before", "Leads", "AUC", levelName(nil), "Predicted", "Came", "Log loss (of the rate before)", "ECE (by chance)", "Calibration slope, intercept"}}
	for _, o := range origins {
		t.Rows = append(t.Rows, []string{
			level(o.Label), count(float64(o.FitRows)), count(float64(o.Rows)), fixed(o.AUC, 3), between(o.AUCCI, decimals(3)), percent(o.Mean), percent(o.Rate),
			beside(o.LogLoss, o.LogLossConstant), beside(o.ECE, o.ECEExpected), fixed(o.CalibrationSlope, 2) + ", " + signed(o.CalibrationIntercept),
		})
	}
	return t
}

// beside writes a figure and in brackets what it is compared with.
func beside(x, other float64) string { return fixed(x, 4) + " (" + fixed(other, 4) + ")" }

// shownMixes is how many features the picture of the mix has.
const shownMixes = 15

// mixFigure draws how far the mix of each feature has moved.
func (b *builder) mixFigure(drift []model.Drift) figure {
	shown := drift[:min(shownMixes, len(drift))]
	p := newPlot("population stability index, holdout against the leads before it", "")
	most := 0.0
	for _, d := range shown {
		most = max(most, d.PSI)
	}
	featureBars(p, max(1.05*most, 1.2*model.MuchDrift), len(shown), func(i int, y float64) string {
		add(p, outlined(band, blue, box(0, y-0.32, shown[i].PSI, y+0.32)))
		return shown[i].Feature
	})
	for _, bound := range []float64{model.SomeDrift, model.MuchDrift} {
		add(p, line(plotter.XYs{{X: bound, Y: p.Y.Min}, {X: bound, Y: p.Y.Max}}, dotted))
	}
	caption := fmt.Sprintf("How far the mix of each feature has moved. Dotted: %s, below which little has changed, and %s, above which much has (Siddiqi's rule). First those farthest above what chance alone gives.", trimmed(model.SomeDrift), trimmed(model.MuchDrift))
	f := b.draw("mix-plot", "The mix of leads", caption, "Bars of the stability index by feature, farthest above chance first.", wide, vg.Length(17*len(shown)+52), alone(p))
	t := &table{Caption: "Mix by feature", Head: []string{"Feature", "PSI", "by chance", "Moved most", "Share before", "Share in the holdout"}, Words: map[int]bool{3: true}}
	for _, d := range drift[:min(len(drift), maxTableRows)] {
		t.Rows = append(t.Rows, []string{level(d.Feature), fixed(d.PSI, 3), fixed(d.Chance, 3), level(d.Value), percent(d.Before), percent(d.After)})
	}
	t.left(len(drift)-len(t.Rows), "features")
	f.Table = t
	return f
}
