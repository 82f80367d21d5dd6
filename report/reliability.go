package report

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/leadscore/leadscore/model"
)

// reliability shows whether leads convert as often as the model says.
func (b *builder) reliability() *section {
	s := &section{ID: "reliability", Title: "Reliability", Question: "do leads convert as often as the model says?", Layout: "beside"}
	if s.Missing = b.curvesMissing(); s.Missing != "" {
		return s
	}
	h := b.t.Holdout
	bins := soundBins(h.Curves.Reliability)
	if len(bins) == 0 {
		s.Missing = "the evaluation holds no bins of leads"
		return s
	}
	within := 0
	for _, bin := range bins {
		if covers(bin) {
			within++
		}
	}
	s.Lead = fmt.Sprintf("In %d of %s of the holdout, the mean probability lies within the interval of the rate that was seen.", within, plural(len(bins), "bin"))
	s.Text = []string{fmt.Sprintf("The expected calibration error is %s; probabilities that were exactly right would show %s at this size, by chance alone.", fixed(h.ECE, 4), fixed(h.ECEExpected, 4))}
	s.Figures = []figure{b.reliabilityFigure(h, bins)}
	return s
}

// soundBins returns the bins that can be drawn, by rising probability.
func soundBins(bins []model.ReliabilityBin) []model.ReliabilityBin {
	var sound []model.ReliabilityBin
	for _, bin := range bins {
		if bin.Rows > 0 && proportion(bin.Mean, bin.Rate, bin.Interval[0], bin.Interval[1]) {
			sound = append(sound, bin)
		}
	}
	slices.SortStableFunc(sound, func(a, b model.ReliabilityBin) int { return cmp.Compare(a.Mean, b.Mean) })
	return sound
}

func covers(bin model.ReliabilityBin) bool {
	return bin.Interval[0] <= bin.Mean && bin.Mean <= bin.Interval[1]
}

func (b *builder) reliabilityFigure(h *model.Evaluation, bins []model.ReliabilityBin) figure {
	high, least, most := 0.0, bins[0].Rows, bins[0].Rows
	for _, bin := range bins {
		high = max(high, bin.Mean, bin.Interval[1])
		least, most = min(least, bin.Rows), max(most, bin.Rows)
	}
	high = min(max(1.06*high, 1e-4), 1)
	rare := h.BaseRate < 0.2
	f := b.draw("reliability-plot", "Reliability: probability said against rate seen",
		reliabilityCaption(h, rare, least, most),
		fmt.Sprintf("%d bins of leads, each a point at its mean probability and its observed rate, with intervals. Points on the diagonal are right. The figures are in the table that follows.", len(bins)),
		half*1.2, 520, stacked([]float64{0.77, 0.23}, reliabilityPlot(h, bins, high, rare), countStrip(h, bins, high, rare)))
	f.Table = reliabilityTable(h, bins)
	return f
}

func reliabilityCaption(h *model.Evaluation, rare bool, least, most int) string {
	n := fmt.Sprintf("between %s and %s leads", count(float64(least)), count(float64(most)))
	if least == most {
		n = plural(least, "lead")
	}
	text := fmt.Sprintf("Dots: one bin of %s each; bars: its %s (Wilson). Dashed line: probability and rate agree; dots above it converted more often than the model said. Below: leads by probability.", n, levelName(h))
	if rare {
		text += " Both axes are drawn on a scale of square roots, which gives low rates room."
	}
	return text
}

func reliabilityPlot(h *model.Evaluation, bins []model.ReliabilityBin, high float64, rare bool) *plot.Plot {
	p := newPlot("", "rate that converted")
	share(&p.X, high, rare)
	share(&p.Y, high, rare)
	blank(&p.X)
	points, bars := plotter.XYs{}, &whiskers{vertical: true, lineStyle: whisk}
	for _, bin := range bins {
		points = append(points, plotter.XY{X: bin.Mean, Y: bin.Rate})
		bars.points = append(bars.points, whisker{bin.Mean, bin.Interval[0], bin.Interval[1]})
	}
	add(p, gridlines(), line(plotter.XYs{{X: 0, Y: 0}, {X: high, Y: high}}, dashed), bars, marks(points, dot))
	if h.BaseRate > 0 && h.BaseRate < high {
		add(p, across(0, high, h.BaseRate, dotted), noted(high, h.BaseRate, -2, -6, "base rate "+percent(h.BaseRate), 1))
	}
	return p
}

// blank keeps the marks of an axis but not their labels.
func blank(axis *plot.Axis) {
	if t, ok := axis.Tick.Marker.(ticks); ok {
		quiet := append(ticks(nil), t...)
		for i := range quiet {
			quiet[i].Label = " "
		}
		axis.Tick.Marker = quiet
	}
}

// stripBars is the number of bars in the strip below the reliability plot.
const stripBars = 30

// countStrip counts leads by probability, by the histogram of the scores or, without it, by the bins.
func countStrip(h *model.Evaluation, bins []model.ReliabilityBin, high float64, rare bool) *plot.Plot {
	p := newPlot("probability the model gave", "leads")
	share(&p.X, high, rare)
	add(p, gridlines())
	edges := make([]float64, stripBars+1)
	for i := range edges {
		u := float64(i) / stripBars
		if rare {
			u *= u
		}
		edges[i] = u * high
	}
	counts := recount(soundHistogram(h.Curves.Histogram), edges)
	if most := slices.Max(counts); most > 0 {
		amount(&p.Y, most, false, 3)
		for i, n := range counts {
			if n > 0 {
				add(p, outlined(band, blue, box(edges[i], 0, edges[i+1], n)))
			}
		}
		return p
	}
	most := 0.0
	for _, bin := range bins {
		most = max(most, float64(bin.Rows))
		add(p, line(plotter.XYs{{X: bin.Mean, Y: 0}, {X: bin.Mean, Y: float64(bin.Rows)}}, solid))
	}
	amount(&p.Y, most, false, 3)
	return p
}

// recount spreads the leads of each bar evenly over its width and counts them between the edges.
func recount(bars []model.HistogramBin, edges []float64) []float64 {
	counts := make([]float64, len(edges)-1)
	for _, bar := range bars {
		for i := range counts {
			if overlap := min(bar.High, edges[i+1]) - max(bar.Low, edges[i]); overlap > 0 {
				counts[i] += (bar.Won + bar.Lost) * overlap / (bar.High - bar.Low)
			}
		}
	}
	return counts
}

func reliabilityTable(h *model.Evaluation, bins []model.ReliabilityBin) *table {
	t := &table{
		Caption: "Reliability by bin of probability", Open: len(bins) <= 20,
		Head:  []string{"Bin", "Leads", "Mean probability", "Rate", levelName(h), "Converted"},
		Words: map[int]bool{5: true},
	}
	for i, bin := range bins {
		agrees := "as said"
		switch {
		case bin.Mean < bin.Interval[0]:
			agrees = "▲ more"
		case bin.Mean > bin.Interval[1]:
			agrees = "▼ fewer"
		}
		t.Rows = append(t.Rows, []string{count(float64(i + 1)), count(float64(bin.Rows)), percent(bin.Mean), percent(bin.Rate), between(bin.Interval, percent), agrees})
	}
	return t
}
