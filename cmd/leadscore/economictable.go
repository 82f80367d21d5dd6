package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// describeRows prints one part of the table, the total last.
func describeRows(w io.Writer, rows []model.EconomicRow, total *model.EconomicRow, c budget.Currency, level float64) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	columns, head := model.EconomicColumns(), []string{rows[0].By}
	amounts := make([]budget.Column, len(columns))
	for i, column := range columns {
		amounts[i] = column.Amounts(rows, total, c)
		name := column.Name
		if column.Kind == model.RangeCell {
			name = fmt.Sprintf("%.0f %% %s", 100*level, name)
		}
		head = append(head, name)
	}
	line := func(cells []string) { fmt.Fprintln(t, strings.Join(cells, "\t")+"\t") }
	line(head)
	row := func(r *model.EconomicRow) {
		cells := []string{rowName(r.By, r.Value)}
		for i, column := range columns {
			cells = append(cells, economicCell(column, r, c, amounts[i]))
		}
		line(cells)
	}
	for i := range rows {
		row(&rows[i])
	}
	if total != nil {
		row(total)
	}
	_ = t.Flush()
}

// economicCell writes a cell of the table.
func economicCell(column model.EconomicColumn, r *model.EconomicRow, c budget.Currency, amounts budget.Column) string {
	f := column.Of(r, c)
	switch column.Kind {
	case model.CountCell:
		return budget.Count(r.Leads)
	case model.ShareCell:
		return percentFigure(f)
	case model.RangeCell:
		if _, known := f.Value(); known {
			return amounts.Write(f) + "–" + amounts.Write(column.To(r, c))
		}
	case model.ReturnCell:
		return returnFigure(f)
	case model.VerdictCell:
		return verdictWords(r.Purchase)
	}
	return amounts.Write(f)
}

// verdictWords says how a price compares with the cap, in words.
func verdictWords(p *budget.Purchase) string {
	if p == nil {
		return "unmeasured"
	}
	return inWords(string(p.Verdict))
}

// inWords writes a code such as below_target in words.
func inWords(code string) string { return strings.ReplaceAll(code, "_", " ") }

// eachRow calls line with the groups, the tiers and all leads.
func eachRow(e *model.Economics, line func(r *model.EconomicRow)) {
	for _, rows := range [][]model.EconomicRow{e.Rows, e.Tiers, {e.Total}} {
		for i := range rows {
			line(&rows[i])
		}
	}
}
