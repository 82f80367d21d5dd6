package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/budget"
)

// Whales say what caps rest on a few great sales. Where the best hundredth of the sales that the model learnt from made
// more than muchTop of the profit, each group's cap is reckoned once more with its value lowered to what the others made:
//
//	v' = v · (1 − share)/(1 − 1/100)
//
// A group that sells to other whales than the rest would differ; for that there are too few of them.
type Whales struct {
	Share   float64     `json:"share"`           // of the profit
	Profit  float64     `json:"profit_per_sale"` // with them
	Without float64     `json:"profit_per_sale_without"`
	Rows    []WhaleCaps `json:"rows"` // those whose cap is above 0, the total first
	Words   string      `json:"words"`
}

// WhaleCaps are the caps of a group with and without the best sales.
type WhaleCaps struct {
	By      string        `json:"by,omitempty"`
	Value   string        `json:"group,omitempty"`
	Cap     budget.Figure `json:"max_cost"`
	Without budget.Figure `json:"max_cost_without"`
}

// whalesOf is nil where the best sales do not matter much.
func (x *economist) whalesOf(e *Economics) (*Whales, error) {
	v := &x.m.document.Value
	if v.TopShare <= muchTop || v.TopShare >= 1 {
		return nil, nil
	}
	factor := (1 - v.TopShare) / (1 - whales)
	w := &Whales{Rows: []WhaleCaps{}, Share: v.TopShare, Profit: v.Mean, Without: v.Mean * factor}
	for _, rows := range [][]EconomicRow{{e.Total}, e.Rows, e.Tiers} {
		for i := range rows {
			r := &rows[i]
			limit, known := r.Cap.Value()
			value, _ := r.Group.Value.Value()
			s, _ := r.SalesCost.Value()
			if !known || limit <= 0 {
				continue
			}
			less, err := x.m.policy.Cap(value*factor, s, 0)
			if err != nil {
				return nil, fmt.Errorf("model: economics: %s: %w", r.Value, err)
			}
			w.Rows = append(w.Rows, WhaleCaps{By: r.By, Value: r.Value, Cap: r.Cap, Without: budget.Known(less.Max)})
		}
	}
	c := x.m.policy.Currency
	w.Words = fmt.Sprintf("the best hundredth of the sales made %.0f %% of the profit: %s a sale with them, %s without; value.cap in leadscore.yaml limits what one sale counts",
		100*w.Share, c.Format(math.Round(w.Profit)), c.Format(math.Round(w.Without)))
	return w, nil
}
