package report

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/leadscore/leadscore/model"
)

// periods shows whether the share of leads that convert has moved.
func (b *builder) periods() *section {
	s := &section{ID: "periods", Title: "Base rate over time", Question: "has the world moved?", Layout: "one"}
	periods := soundPeriods(b.t.Periods)
	switch len(periods) {
	case 0:
		s.Missing = "training recorded no base rates by time or by row order"
		return s
	case 1:
		s.Missing = "all leads lie in one period, " + level(periods[0].Label) + ", where " + percent(periods[0].Rate) + " of " + plural(periods[0].Rows, "lead") + " converted"
		return s
	}
	s.Lead = periodsLead(periods)
	s.Figures = []figure{b.periodsFigure(periods)}
	return s
}

func soundPeriods(periods []model.Period) []model.Period {
	var sound []model.Period
	for _, p := range periods {
		if p.Rows > 0 && proportion(p.Rate, p.CI[0], p.CI[1]) {
			sound = append(sound, p)
		}
	}
	return sound
}

func periodsLead(periods []model.Period) string {
	least, most := periods[0], periods[0]
	for _, p := range periods {
		if p.Rate < least.Rate {
			least = p
		}
		if p.Rate > most.Rate {
			most = p
		}
	}
	if least.Rate == most.Rate {
		return "The rate is " + percent(least.Rate) + " in every period."
	}
	moved := "their intervals overlap"
	if least.CI[1] < most.CI[0] {
		moved = "their intervals do not overlap"
	}
	return fmt.Sprintf("The rate lies between %s (%s) and %s (%s); %s.", percent(least.Rate), level(least.Label), percent(most.Rate), level(most.Label), moved)
}

func (b *builder) periodsFigure(periods []model.Period) figure {
	rates, leads := newPlot("", "rate that converted"), newPlot("", "leads")
	high, most := 0.0, 0.0
	var before, held plotter.XYs
	bars := &whiskers{vertical: true, lineStyle: whisk}
	for i, p := range periods {
		at := plotter.XY{X: float64(i), Y: p.Rate}
		if p.Holdout {
			held = append(held, at)
		} else {
			before = append(before, at)
		}
		bars.points = append(bars.points, whisker{at.X, p.CI[0], p.CI[1]})
		high, most = max(high, p.CI[1]), max(most, float64(p.Rows))
	}
	share(&rates.Y, min(1, max(1.15*high, 1e-4)), false)
	amount(&leads.Y, most, false, 3)
	for _, p := range []*plot.Plot{rates, leads} {
		p.X.Min, p.X.Max = -0.6, float64(len(periods))-0.4
		p.X.Tick.Marker, p.X.Tick.Length = periodTicks(periods, p.X.Tick.Label.Width), 0
	}
	blank(&rates.X)
	b.markHoldout(rates, periods, high > 0)
	b.markHoldout(leads, periods, false)
	grid := &plotter.Grid{Horizontal: rule}
	add(rates, grid, bars, marks(before, dot), marks(held, square))
	if base := b.t.Data.BaseRate; finite(base) && base > 0 && base <= rates.Y.Max {
		add(rates, across(rates.X.Min, rates.X.Max, base, dotted))
	}
	add(leads, grid)
	for i, p := range periods {
		add(leads, outlined(band, blue, box(float64(i)-0.32, 0, float64(i)+0.32, float64(p.Rows))))
	}
	f := b.draw("periods-plot", "Base rate over time", b.periodsCaption(len(held)), "Rates by period with intervals, and the number of leads of each. "+periodsLead(periods), wide, 330, stacked([]float64{0.68, 0.32}, rates, leads))
	f.Table = periodsTable(periods)
	return f
}

func (b *builder) periodsCaption(held int) string {
	caption := fmt.Sprintf("Dots: rate of the leads created then; bars: %s (Wilson); dotted line: all leads used, %s.", levelName(nil), percent(b.t.Data.BaseRate))
	if held > 0 {
		return caption + " Squares on grey: mostly holdout. Below: leads."
	}
	return caption + " No period lies mostly in the holdout. Below: leads."
}

// markHoldout shades the periods of the holdout.
func (b *builder) markHoldout(p *plot.Plot, periods []model.Period, say bool) {
	for i := 0; i < len(periods); i++ {
		if !periods[i].Holdout {
			continue
		}
		first := i
		for i < len(periods) && periods[i].Holdout {
			i++
		}
		add(p, area(shade, box(float64(first)-0.5, 0, float64(i)-0.5, p.Y.Max)))
		if say {
			add(p, noted(float64(first)-0.5, p.Y.Max, 5, -8, "holdout", -1))
		}
	}
}

// periodTicks labels as many periods as there is room for.
func periodTicks(periods []model.Period, width func(string) vg.Length) ticks {
	widest := vg.Length(1)
	for _, p := range periods {
		widest = max(widest, width(lettered(p.Label, 20)))
	}
	step := 1
	for vg.Length(step)*(wide-80)/vg.Length(len(periods)) < widest+8 && step < len(periods) {
		step++
	}
	var t ticks
	for i := 0; i < len(periods); i += step {
		t = append(t, plot.Tick{Value: float64(i), Label: lettered(periods[i].Label, 20)})
	}
	return t
}

func periodsTable(periods []model.Period) *table {
	t := &table{Caption: "Base rate by period", Head: []string{"Period", "Leads", "Conversions", "Rate", levelName(nil), "Used for"}, Words: map[int]bool{5: true}}
	for _, p := range periods {
		use := "fit"
		if p.Holdout {
			use = "holdout"
		}
		t.Rows = append(t.Rows, []string{level(p.Label), count(float64(p.Rows)), count(p.Conversions), percent(p.Rate), between(p.CI, percent), use})
	}
	return t
}
