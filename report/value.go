package report

import (
	"math"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// valueTable says how well the profit of a sale is known, beside its mean alone; nothing if none was held out.
func valueTable(v *model.ValueSummary, c budget.Currency) []table {
	f := v.ValueFigures
	if f == nil || !finite(f.Bias, f.Gini, f.D2) {
		return nil
	}
	t := table{Caption: "How well is the profit of a sale known?", Head: []string{"Measure", "Model", levelName(nil), "The mean alone", "Better is"}, Words: map[int]bool{4: true}}
	t.Rows = [][]string{
		{"Promised ÷ earned", fixed(f.Bias, 3), between(f.BiasCI, decimals(3)), fixed(f.BiasConstant, 3), "1"},
		{"Normalised Gini", fixed(f.Gini, 3), between(f.GiniCI, decimals(3)), fixed(f.GiniConstant, 3), "higher; 1 is a perfect order"},
		{"D² (" + f.Deviance + " deviance)", fixed(f.D2, 3), between(f.D2CI, decimals(3)), fixed(f.D2Constant, 3), "higher; 0 is the mean of these sales"},
	}
	if f.DecileError != nil {
		mean := "–"
		if f.DecileErrorConstant != nil {
			mean = percent(*f.DecileErrorConstant)
		}
		t.Rows = append(t.Rows, []string{"Off by, mean over tenths", percent(*f.DecileError), between(f.DecileErrorCI, percent), mean, "lower"})
	}
	money := func(x float64) string { return amountIn(c, math.Round(x)) }
	t.Rows = append(t.Rows,
		[]string{"Profit of the best " + roundPercent(f.Capacity) + " of the leads", money(f.CapacityProfit), between(f.CapacityProfitCI, money), money(f.CapacityConstant), "higher"},
		[]string{"What knowing it adds there", money(f.CapacityProfit - f.CapacityConstant), between(f.CapacityGainCI, money), "–", "higher"})
	t.Note = plural(f.Sales, "sale") + " of the holdout, of " + amountIn(c, f.Profit) + " on average, which the model measured had not seen. At capacity, the mean alone orders leads by probability."
	return []table{t}
}

// whaleTable sets caps beside those without the best sales.
func whaleTable(w *model.Whales, c budget.Currency) table {
	t := table{Caption: "What caps rest on the best hundredth of the sales", Head: []string{"Group", "Cap", "Cap without them"}}
	var with, without []budget.Figure
	for i := range w.Rows[:min(len(w.Rows), maxTableRows)] {
		r := &w.Rows[i]
		with, without = append(with, c.Limit(r.Cap)), append(without, c.Limit(r.Without))
		t.Rows = append(t.Rows, []string{groupName(r.By, r.Value), "", ""})
	}
	t.amounts(1, with, c)
	t.amounts(2, without, c)
	return t
}
