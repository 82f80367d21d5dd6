package model

import "github.com/leadscore/leadscore/budget"

// fewExpected is the number of expected sales below which a cost of one is not worth printing.
const fewExpected = 0.5

// CostCells are the amounts of a row of a table of costs, as they are written.
type CostCells struct {
	Spend       string
	PerUnit     []string // by stage; of a row without a sale at the last one "≥ " and what one costs at least
	Loaded      string   // a sale, with the sales cost
	PerExpected string   // a sale to be expected in the end
}

// WriteCosts writes the amounts of a table's rows, which have the same stages, each column with the same decimals. What a
// lead costs is a price, the rest are estimates.
func WriteCosts(rows []*budget.Costs, c budget.Currency) []CostCells {
	of := func(figure func(r *budget.Costs) budget.Figure) (amounts []budget.Figure) {
		for _, r := range rows {
			amounts = append(amounts, figure(r))
		}
		return amounts
	}
	unit := func(k int) budget.Column {
		amounts := of(func(r *budget.Costs) budget.Figure { return perUnit(r, k) })
		if k == 0 {
			return c.Prices(amounts...)
		}
		return c.Estimates(amounts...)
	}
	var units []budget.Column
	for k := 0; len(rows) > 0 && k < len(rows[0].PerUnit); k++ {
		units = append(units, unit(k))
	}
	spend, loaded, expected := c.Estimates(of(spendOf)...), c.Estimates(of(loadedSale)...), c.Estimates(of(perExpected)...)
	cells := make([]CostCells, len(rows))
	for i, r := range rows {
		cells[i] = CostCells{Spend: spend.Write(r.Spend), Loaded: loaded.Write(loadedSale(r)), PerExpected: expected.Write(perExpected(r))}
		for k := range r.PerUnit {
			text := units[k].Write(perUnit(r, k))
			if bounded(r, k) {
				text = units[k].AtLeast(r.PerSaleAtLeast)
			}
			cells[i].PerUnit = append(cells[i].PerUnit, text)
		}
	}
	return cells
}

func spendOf(r *budget.Costs) budget.Figure { return r.Spend }

func loadedSale(r *budget.Costs) budget.Figure { return r.Loaded[len(r.Loaded)-1] }

// LeastPerSale is what a sale costs at least, with 95 % confidence, where there was none; 0 where that is not known.
func LeastPerSale(r *budget.Costs) float64 {
	least, _ := r.PerSaleAtLeast.Value()
	return least
}

// perUnit is what a unit cost at stage k, or a sale at least where there was none.
func perUnit(r *budget.Costs, k int) budget.Figure {
	if bounded(r, k) {
		return r.PerSaleAtLeast
	}
	return r.PerUnit[k]
}

// bounded reports whether only a bound is known of what a unit cost at stage k: of a sale, where there was none.
func bounded(r *budget.Costs, k int) bool { return k == len(r.PerUnit)-1 && LeastPerSale(r) > 0 }

// perExpected is what an expected sale costs, where there is about one.
func perExpected(r *budget.Costs) budget.Figure {
	if x, known := r.Maturity.ExpectedWins.Value(); !known || x < fewExpected {
		return budget.Unknown(budget.NoWins)
	}
	return r.Maturity.PerExpected
}
