package report

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot/plotter"

	"github.com/leadscore/leadscore/model"
)

// together is what effects add to their sum, in the log-odds of the effects; nil where they add up.
func (b *builder) together() *model.Together {
	t := b.t.Fit.Together
	if t == nil || !(b.t.Fit.Calibration.Slope > 0) {
		return nil
	}
	t = t.Scaled(b.t.Fit.Calibration.Slope)
	for _, x := range []float64{t.Curvature, t.Tilt, t.From, t.To} {
		if !(math.Abs(x) <= farthest) {
			return nil
		}
	}
	return t
}

// togetherText says what a reader of effects must know.
func togetherText(t *model.Together) string {
	how := "less"
	if t.Curvature > 0 {
		how = "more"
	}
	return fmt.Sprintf("Effects do not quite add up here: leads at either end are %s likely to convert than their effects say one by one. "+
		"The reason “%s” of a score is the difference: with S the sum of the other reasons in log-odds, %s × (S² %s × S), going on straight where S is below %s or above %s.",
		how, model.TogetherReason, signed(t.Curvature), trailing(-t.Tilt), signed(t.From), signed(t.To))
}

// trailing writes a number that is added to what stands before it.
func trailing(x float64) string {
	if x < 0 {
		return "− " + fixed(-x, 3)
	}
	return "+ " + fixed(x, 3)
}

// togetherFigure draws what sums of effects come to.
func (b *builder) togetherFigure(t *model.Together) figure {
	const steps = 40
	low, high := min(t.From, -0.5)*1.25, max(t.To, 0.5)*1.25
	var points plotter.XYs
	least, most := low, high
	for i := range steps + 1 {
		s := low + (high-low)*float64(i)/steps
		y := s + t.At(s)
		points = append(points, plotter.XY{X: s, Y: y})
		least, most = min(least, y), max(most, y)
	}
	p := newPlot("all effects multiplied: factor on the odds", "factor that is scored")
	factors(&p.X, low, high)
	factors(&p.Y, least, most)
	add(p, gridlines(), line(plotter.XYs{{X: low, Y: low}, {X: high, Y: high}}, dashed), line(points, solid))
	f := b.draw("together-plot", "What all effects come to together",
		"Line: the factor on the odds that a lead is scored by, given the product of its effects. Dashed: the product itself.",
		"A curve of the scored factor over the product of the effects, beside the diagonal. "+togetherText(t), third, 190, alone(p))
	f.Table = togetherTable(t)
	return f
}

// togetherTable has points of a scorecard beside the points that the lead is scored by.
func togetherTable(t *model.Together) *table {
	table := &table{Caption: "Points added up, and what is added to them", Head: []string{"Points of all features", "Points added", "Factor that is scored"}}
	point := math.Ln2 / model.PointsToDouble
	from, to := math.Floor(t.From/point/10)*10, math.Ceil(t.To/point/10)*10
	step := max(10, math.Ceil((to-from)/maxTableRows/10)*10)
	for x := from; x <= to; x += step {
		added := t.At(x * point)
		table.Rows = append(table.Rows, []string{strconv.Itoa(int(x)), fmt.Sprintf("%+d", int(math.Round(added/point))), odds(x*point + added)})
	}
	return table
}
