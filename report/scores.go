package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/leadscore/leadscore/model"
)

// scores shows how the probabilities of converting and other leads are spread.
func (b *builder) scores() *section {
	s := &section{ID: "scores", Title: "Scores", Question: "how are the probabilities spread?", Layout: "one"}
	if s.Missing = b.curvesMissing(); s.Missing != "" {
		return s
	}
	bars := soundHistogram(b.t.Holdout.Curves.Histogram)
	slices.SortStableFunc(bars, func(a, b model.HistogramBin) int { return cmp.Compare(a.Low, b.Low) })
	won, lost := totals(bars)
	if won+lost == 0 || bars[0].Low >= 1-tiny || bars[len(bars)-1].High <= tiny {
		s.Missing = "the evaluation holds no histogram of the scores"
		return s
	}
	s.Lead = medians(bars, won, lost)
	s.Figures = []figure{b.scoresFigure(bars, won, lost)}
	return s
}

// soundHistogram returns the bars that can be drawn.
func soundHistogram(bars []model.HistogramBin) []model.HistogramBin {
	var sound []model.HistogramBin
	for _, bar := range bars {
		if proportion(bar.Low, bar.High) && drawable(bar.Won, bar.Lost) && bar.Low < bar.High && bar.Won >= 0 && bar.Lost >= 0 {
			sound = append(sound, bar)
		}
	}
	return sound
}

func totals(bars []model.HistogramBin) (won, lost float64) {
	for _, bar := range bars {
		won += bar.Won
		lost += bar.Lost
	}
	return won, lost
}

// medians says where the middle of both kinds of leads lies.
func medians(bars []model.HistogramBin, won, lost float64) string {
	if won == 0 || lost == 0 {
		return "All leads of the holdout had the same outcome."
	}
	w := median(bars, won, func(bar model.HistogramBin) float64 { return bar.Won })
	l := median(bars, lost, func(bar model.HistogramBin) float64 { return bar.Lost })
	return fmt.Sprintf("Half of the leads that converted were given about %s or more; half of the others about %s or less.", percent(w), percent(l))
}

// median interpolates where half of the total is reached.
func median(bars []model.HistogramBin, total float64, of func(model.HistogramBin) float64) float64 {
	sum := 0.0
	for _, bar := range bars {
		n := of(bar)
		if n > 0 && sum+n >= total/2 {
			return bar.Low + (total/2-sum)/n*(bar.High-bar.Low)
		}
		sum += n
	}
	return math.NaN()
}

func (b *builder) scoresFigure(bars []model.HistogramBin, won, lost float64) figure {
	top, topRoot := scoresPlot(bars, fmt.Sprintf("converted: %s leads", count(won)), "", func(bar model.HistogramBin) float64 { return bar.Won })
	bottom, bottomRoot := scoresPlot(bars, fmt.Sprintf("did not convert: %s leads", count(lost)), "probability the model gave", func(bar model.HistogramBin) float64 { return bar.Lost })
	blank(&top.X)
	caption := "Leads by probability: above those that converted, below those that did not, each with its own count of leads. Probabilities are drawn on a scale of log-odds, on which steps of one factor are equally wide, so that rare conversions can be seen."
	if topRoot || bottomRoot {
		caption += " Counts whose marks are unevenly spaced are on a scale of square roots, to keep small bars in sight."
	}
	f := b.draw("scores-plot", "Scores of leads that converted and of those that did not", caption,
		fmt.Sprintf("Two histograms of probability, one above the other: %s leads that converted and %s that did not.", count(won), count(lost)),
		wide, 340, stacked([]float64{0.46, 0.54}, top, bottom))
	f.Table = scoresTable(bars)
	return f
}

// tiny is the least probability that is drawn.
const tiny = 1e-6

func scoresPlot(bars []model.HistogramBin, title, x string, of func(model.HistogramBin) float64) (*plot.Plot, bool) {
	p := newPlot(x, "leads")
	low, high := max(bars[0].Low, tiny), min(bars[len(bars)-1].High, 1-tiny)
	chance(&p.X, low, high)
	least, most := math.Inf(1), 0.0
	var rings []plotter.XYs
	for _, bar := range bars {
		if n := of(bar); n > 0 {
			least, most = min(least, n), max(most, n)
			rings = append(rings, box(max(bar.Low, low), 0, min(bar.High, high), n))
		}
	}
	if most == 0 {
		most, least = 1, 1
	}
	uneven := rooted(least, most)
	amount(&p.Y, most, uneven, 4)
	add(p, gridlines(), outlined(band, blue, rings...), noted(high, p.Y.Max, -4, -8, title, 1))
	return p, uneven
}

func scoresTable(bars []model.HistogramBin) *table {
	t := &table{Caption: "Leads by probability", Head: []string{"Probability", "Converted", "Did not", "Rate"}}
	for _, bar := range lowestJoined(bars) {
		n := bar.Won + bar.Lost
		if n == 0 {
			continue
		}
		name := percent(bar.High)
		if bar.High >= leastPercent {
			name = percent(bar.Low) + " to " + name
		}
		t.Rows = append(t.Rows, []string{name, count(bar.Won), count(bar.Lost), percent(bar.Won / n)})
	}
	if left := len(t.Rows) - 2*maxTableRows; left > 0 {
		t.Rows = t.Rows[:2*maxTableRows]
		t.Note = "And " + plural(left, "bar") + " more, of the highest probabilities."
	}
	return t
}

// lowestJoined returns the bars with those as one whose bounds percent writes alike.
func lowestJoined(bars []model.HistogramBin) []model.HistogramBin {
	n := 0
	for n < len(bars) && bars[n].High < leastPercent {
		n++
	}
	if n < 2 {
		return bars
	}
	lowest := bars[n-1]
	lowest.Low = bars[0].Low
	lowest.Won, lowest.Lost = totals(bars[:n])
	return append([]model.HistogramBin{lowest}, bars[n:]...)
}
