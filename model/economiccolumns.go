package model

import "github.com/leadscore/leadscore/budget"

// CellKind is how a cell of the table of groups is written.
type CellKind int

// The kinds of cells.
const (
	CountCell    CellKind = iota // of leads
	ShareCell                    // of the leads
	EstimateCell                 // an amount of money that nobody pays
	PriceCell                    // what one lead is worth, costs or may cost
	RangeCell                    // from one price to another
	ReturnCell                   // on investment
	VerdictCell                  // of the purchase, in words
)

// EconomicColumn is a column of the table of groups, after that of their names. Of is the figure of a row as it is
// written: a cap is rounded down, never more than is worth paying. Of a range it is the lower end and To the upper one; of
// a verdict it is the headroom that it is about.
type EconomicColumn struct {
	Name  string // in a terminal
	Title string // on a page
	Kind  CellKind
	Of    func(r *EconomicRow, c budget.Currency) budget.Figure
	To    func(r *EconomicRow, c budget.Currency) budget.Figure // nil unless the kind is RangeCell
}

// EconomicColumns are the columns of every table of groups, in order.
func EconomicColumns() []EconomicColumn {
	type row = EconomicRow
	plain := func(of func(r *row) budget.Figure) func(r *row, _ budget.Currency) budget.Figure {
		return func(r *row, _ budget.Currency) budget.Figure { return of(r) }
	}
	atMost := func(of func(r *row) budget.Figure) func(r *row, c budget.Currency) budget.Figure {
		return func(r *row, c budget.Currency) budget.Figure { return c.Limit(of(r)) }
	}
	return []EconomicColumn{
		{Name: "leads", Title: "Leads", Kind: CountCell, Of: plain(func(r *row) budget.Figure { return budget.Known(r.Leads) })},
		{Name: "p", Title: "Rate", Kind: ShareCell, Of: plain(func(r *row) budget.Figure { return r.Probability })},
		{Name: "profit/sale", Title: "Profit a sale", Kind: EstimateCell, Of: plain(func(r *row) budget.Figure { return r.ProfitPerSale })},
		{Name: "value", Title: "Expected value", Kind: PriceCell, Of: plain(func(r *row) budget.Figure { return r.Group.Value })},
		{Name: "max CPL", Title: "Max cost", Kind: PriceCell, Of: atMost(func(r *row) budget.Figure { return r.Cap })},
		{Name: "interval", Title: "Interval", Kind: RangeCell, Of: atMost(func(r *row) budget.Figure { return r.Low }), To: atMost(func(r *row) budget.Figure { return r.High })},
		{Name: "cautious", Title: "Cautious", Kind: PriceCell, Of: atMost(func(r *row) budget.Figure { return r.Cautious })},
		{Name: "actual CPL", Title: "Actual", Kind: PriceCell, Of: plain(func(r *row) budget.Figure { return r.CostPerLead })},
		{Name: "headroom", Title: "Headroom", Kind: PriceCell, Of: (*row).headroom},
		{Name: "ROI", Title: "ROI", Kind: ReturnCell, Of: plain((*row).roi)},
		{Name: "verdict", Title: "Verdict", Kind: VerdictCell, Of: (*row).headroom},
	}
}

// Amounts is how the amounts of a column of money are written in a table of rows and of their total, nil = none.
func (column EconomicColumn) Amounts(rows []EconomicRow, total *EconomicRow, c budget.Currency) budget.Column {
	var amounts []budget.Figure
	add := func(r *EconomicRow) {
		amounts = append(amounts, column.Of(r, c))
		if column.To != nil {
			amounts = append(amounts, column.To(r, c))
		}
	}
	for i := range rows {
		add(&rows[i])
	}
	if total != nil {
		add(total)
	}
	if column.Kind == EstimateCell {
		return c.Estimates(amounts...)
	}
	return c.Prices(amounts...)
}

func (r *EconomicRow) headroom(c budget.Currency) budget.Figure {
	if r.Purchase == nil {
		return budget.Unknown(budget.Unmeasured)
	}
	return budget.Known(r.Purchase.Room(c))
}

func (r *EconomicRow) roi() budget.Figure {
	if r.Purchase == nil {
		return budget.Unknown(budget.Unmeasured)
	}
	return r.Purchase.ROI
}
