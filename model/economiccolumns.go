package model

import "github.com/leadscore/leadscore/budget"

// CellKind is how a cell of the table of groups is written.
type CellKind int

// The kinds of cells.
const (
	CountCell   CellKind = iota // of leads
	ShareCell                   // of the leads
	ProfitCell                  // of a sale, to the nearest
	AmountCell                  // to the nearest
	CapCell                     // rounded down: never more than is worth paying
	CapsCell                    // from one cap to another
	ReturnCell                  // on investment
	VerdictCell                 // of the purchase, in words
)

// EconomicColumn is a column of the table of groups, after that of their names. Of is the figure of a row: of a range of
// caps its lower end, of a verdict the headroom that it is about.
type EconomicColumn struct {
	Name  string // in a terminal
	Title string // on a page
	Kind  CellKind
	Of    func(r *EconomicRow, c budget.Currency) budget.Figure
}

// EconomicColumns are the columns of every table of groups, in order.
func EconomicColumns() []EconomicColumn {
	return []EconomicColumn{
		{"leads", "Leads", CountCell, func(r *EconomicRow, _ budget.Currency) budget.Figure { return budget.Known(r.Leads) }},
		{"p", "Rate", ShareCell, func(r *EconomicRow, _ budget.Currency) budget.Figure { return r.Probability }},
		{"profit/sale", "Profit a sale", ProfitCell, func(r *EconomicRow, _ budget.Currency) budget.Figure { return r.ProfitPerSale }},
		{"value", "Expected value", AmountCell, func(r *EconomicRow, _ budget.Currency) budget.Figure { return r.Group.Value }},
		{"max CPL", "Max cost", CapCell, func(r *EconomicRow, _ budget.Currency) budget.Figure { return r.Cap }},
		{"interval", "Interval", CapsCell, func(r *EconomicRow, _ budget.Currency) budget.Figure { return r.Low }},
		{"cautious", "Cautious", CapCell, func(r *EconomicRow, _ budget.Currency) budget.Figure { return r.Cautious }},
		{"actual CPL", "Actual", AmountCell, func(r *EconomicRow, _ budget.Currency) budget.Figure { return r.CostPerLead }},
		{"headroom", "Headroom", AmountCell, (*EconomicRow).headroom},
		{"ROI", "ROI", ReturnCell, (*EconomicRow).roi},
		{"verdict", "Verdict", VerdictCell, (*EconomicRow).headroom},
	}
}

func (r *EconomicRow) headroom(c budget.Currency) budget.Figure {
	if r.Purchase == nil {
		return budget.Unknown(budget.Unmeasured)
	}
	return budget.Known(r.Purchase.Room(c))
}

func (r *EconomicRow) roi(budget.Currency) budget.Figure {
	if r.Purchase == nil {
		return budget.Unknown(budget.Unmeasured)
	}
	return r.Purchase.ROI
}
