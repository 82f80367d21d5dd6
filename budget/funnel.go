package budget

import "math"

// What it cost to get units to each stage, with n_k units that ever reached stage k:
//
//	cost per unit of stage k   spend/n_k
//	loaded with sales cost     (spend + Σ_l<k c_l·n_l)/n_k
//
// Without a sale there is no cost per sale, but a bound: with one-sided confidence of 95 % the win rate is below
// p_U = 1 − 0.05^(1/n), so a sale costs at least spend/(n·p_U), about a third of the spend.

// boundLevel is what is left of the confidence in the bound of a row without sales.
const boundLevel = 0.05

// Costs is one row of a cost table: a source, in a window of time.
type Costs struct {
	Source  string    `json:"source"`
	Period  string    `json:"period,omitempty"`
	Spend   Figure    `json:"spend"`    // media, data, programmes and tools, not sales; [Unmeasured] if no record names the source
	Counts  []float64 `json:"counts"`   // n_k, from leads to sales; fractions where credit is shared
	PerUnit []Figure  `json:"per_unit"` // for each stage
	Loaded  []Figure  `json:"loaded"`   // with the sales cost before the stage

	Profit        float64 `json:"profit"`          // gross, of the sales so far
	Investment    Figure  `json:"investment"`      // spend and sales cost
	ROI           Figure  `json:"roi"`             // profit/investment − 1, to date
	MarketingROI  Figure  `json:"marketing_roi"`   // profit/spend − 1, to date
	ProfitPerSale Figure  `json:"profit_per_sale"` //
	Conversion    Figure  `json:"conversion"`      // sales/leads

	WinRateBelow   Figure `json:"win_rate_below"`    // p_U, in a row without sales; of n leads old enough to be won
	PerSaleAtLeast Figure `json:"per_sale_at_least"` // spend/(n·p_U), in a row without sales

	Maturity Maturity `json:"maturity"`
	Doubts   Doubts   `json:"doubts"`
}

// Maturity is how far a cohort has come. The zero Maturity says nothing of it.
type Maturity struct {
	Open         float64 `json:"open"`          // leads neither won nor lost
	ExpectedWins Figure  `json:"expected_wins"` // sales + the chances of the open leads
	PerExpected  Figure  `json:"per_expected"`  // spend per expected sale
	MatureShare  Figure  `json:"mature_share"`  // leads older than the sales cycle
	Immature     bool    `json:"immature"`      // some are younger: figures to date look worse than they will
}

// Doubts count what was not as it should be.
type Doubts struct {
	SkippedStages  int `json:"skipped_stages"`  // leads with a stage but no record of an earlier one
	OutOfOrder     int `json:"out_of_order"`    // leads with a stage dated before an earlier one
	ProfitsFilled  int `json:"profits_filled"`  // sales whose profit is the model's
	ProfitsMissing int `json:"profits_missing"` // sales without any: they count 0
}

// costRow is a row of the table from the units that reached each stage, the cost of entering each stage and the profit of
// the sales; so many of its leads are too young to say anything by not being won yet. Its maturity is left open.
func costRow(spend Figure, counts, stageCosts []float64, profit, young float64) Costs {
	last := len(counts) - 1
	row := Costs{Spend: spend, Counts: counts, Profit: profit, PerUnit: make([]Figure, len(counts)), Loaded: make([]Figure, len(counts))}
	sales := 0.0
	for k, n := range counts {
		why := NotReached
		switch k {
		case 0:
			why = NoLeads
		case last:
			why = NoWins
		}
		row.PerUnit[k] = spend.over(n, why)
		row.Loaded[k] = spend.then(func(x float64) float64 { return x + sales }).over(n, why)
		sales += stageCosts[k] * n
	}
	row.Investment = spend.then(func(x float64) float64 { return x + sales })
	row.ROI, row.MarketingROI = returnOn(row.Investment, profit), returnOn(spend, profit)
	row.ProfitPerSale = over(profit, counts[last], NoWins)
	row.Conversion = over(counts[last], counts[0], NoLeads)
	row.WinRateBelow, row.PerSaleAtLeast = Unknown(NoLeads), Unknown(NoLeads)
	if counts[last] > 0 {
		row.WinRateBelow, row.PerSaleAtLeast = Unknown(HasWins), Unknown(HasWins)
	}
	if old := counts[0] - young; old > 0 && counts[last] == 0 {
		bound := -math.Expm1(math.Log(boundLevel) / old)
		row.WinRateBelow = Known(bound)
		row.PerSaleAtLeast = spend.over(counts[0]*bound, NoLeads)
	}
	row.Maturity.ExpectedWins, row.Maturity.PerExpected, row.Maturity.MatureShare = Unknown(Unmeasured), Unknown(Unmeasured), Unknown(Unmeasured)
	return row
}

// over divides a figure, or says why not.
func (f Figure) over(n float64, why Reason) Figure {
	if f.reason == "" && n == 0 {
		return Unknown(why)
	}
	return f.then(func(x float64) float64 { return x / n })
}

func returnOn(investment Figure, profit float64) Figure {
	if x, known := investment.Value(); known && x == 0 {
		return Unknown(NoSpend)
	}
	return investment.then(func(x float64) float64 { return (profit - x) / x })
}
