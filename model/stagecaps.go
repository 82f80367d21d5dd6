package model

import (
	"fmt"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// StageCap is the most that a unit which arrives at a stage may have cost.
type StageCap struct {
	Stage     string        `json:"stage"`
	Marketing budget.Figure `json:"max_marketing_cost"` // for buying the leads that it takes: their caps
	Max       budget.Figure `json:"max_cost"`           // with the sales cost of those leads before the stage
}

// stageCaps returns the caps of a group at every stage, of which that of the first is the group's own; nil if it has none.
// The way is that of the group's mature leads, or of all leads where that of the group leads to fewer sales than the model
// expects.
func (x *economist) stageCaps(row *EconomicRow, rows []int32) ([]StageCap, error) {
	m, sold := row.ProfitPerSale.Value()
	p, known := row.Probability.Value()
	s, priced := row.SalesCost.Value()
	if x.journeys == nil || !sold || !known || !priced {
		return nil, nil
	}
	path, fits := x.path(row, rows).To(p)
	if !fits {
		if path, fits = x.path(row, features.AllRows(x.l.table.Rows)).To(p); !fits {
			return nil, nil
		}
	}
	path = path.At(s) // with hours, and the rates of stages that the cap itself rests on
	caps, err := path.Caps(m, x.m.policy.Target)
	if err != nil {
		return nil, fmt.Errorf("model: economics: %s: %w", row.Value, err)
	}
	all := make([]StageCap, len(caps))
	for k, reach := range path.Reach() {
		all[k] = StageCap{path.Stages[k], budget.Known(caps[0].Max / reach), budget.Known(caps[k].Max)}
	}
	return all, nil
}

// StageCapCells are the amounts of a row of a table of caps by stage, as they are written: those of marketing by stage,
// and last that of a sale with the sales cost.
func StageCapCells(rows []*EconomicRow, c budget.Currency) [][]string {
	cells := make([][]string, len(rows))
	stages := 0
	for _, r := range rows {
		stages = max(stages, len(r.StageCaps))
	}
	for k := range stages + 1 {
		amounts := make([]budget.Figure, len(rows))
		for i, r := range rows {
			amounts[i] = budget.Unknown(budget.Unmeasured)
			switch {
			case len(r.StageCaps) == 0:
			case k < stages:
				amounts[i] = r.StageCaps[k].Marketing
			default:
				amounts[i] = r.StageCaps[stages-1].Max
			}
			amounts[i] = c.Limit(amounts[i])
		}
		column := c.Prices(amounts...)
		for i, amount := range amounts {
			cells[i] = append(cells[i], column.Write(amount))
		}
	}
	return cells
}
