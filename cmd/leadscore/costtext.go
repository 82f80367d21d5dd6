package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// costQuestions are the tables of costs that --costs and --period ask for.
func costQuestions(basis, period string) ([]model.CostQuestion, error) {
	q := model.CostQuestion{Basis: budget.CountBasis(basis), Period: budget.Period(period)}
	switch q.Period {
	case budget.WholeWindow, budget.Quarterly, budget.Monthly:
	default:
		return nil, fmt.Errorf("--period: %q is none of window, quarter, month", period)
	}
	switch q.Basis {
	case "":
		return nil, nil
	case budget.Cohort, budget.Calendar:
		return []model.CostQuestion{q}, nil
	}
	return nil, fmt.Errorf("--costs: %q is neither cohort nor calendar", basis)
}

// describeCosts prints what it cost to get leads to each stage.
func describeCosts(w io.Writer, table *model.CostTable, c budget.Currency) {
	what := "stages entered in a period, by whatever lead"
	if table.Basis == budget.Cohort {
		what = "leads created in a period, at the stage that they have reached since"
	}
	fmt.Fprintln(w)
	paragraph(w, "costs by %s: %s", table.Basis, what)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	head := []string{"source", "period", "spend", "leads"}
	for _, stage := range table.Stages {
		head = append(head, "per "+stage)
	}
	head = append(head, "with sales cost", "sales")
	if table.Basis == budget.Cohort {
		head = append(head, "in the end", "per expected", "young")
	}
	fmt.Fprintln(t, strings.Join(head, "\t")+"\t")
	rows := costRows(table)
	for i, cells := range model.WriteCosts(rows, c) {
		name := "(all leads)"
		if i < len(table.Rows) {
			name = rows[i].Source
		}
		costLine(t, table, rows[i], name, cells)
	}
	_ = t.Flush()
	if slices.ContainsFunc(rows, func(r *budget.Costs) bool { return model.LeastPerSale(r) > 0 }) {
		fmt.Fprintln(w, "≥: no sale yet, so with 95 % confidence one costs at least that")
	}
	paragraph(w, "with sales cost: each sale, with what its own and the others' way through the stages cost")
	if table.Basis == budget.Cohort {
		paragraph(w, "in the end: sales so far and those still to be expected of the open leads; young: leads not yet as old as nine tenths of the sales were")
	}
}

// describeStageCaps prints the most that a unit may have cost at each stage, by source or what else is asked for first.
func describeStageCaps(w io.Writer, e *model.Economics) {
	var rows []*model.EconomicRow
	for i := range e.Rows {
		if r := &e.Rows[i]; r.By == e.Rows[0].By && len(r.StageCaps) > 0 {
			rows = append(rows, r)
		}
	}
	if len(e.Total.StageCaps) > 0 {
		rows = append(rows, &e.Total)
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprint(w, "\nthe most to pay for a unit at each stage, in marketing\n\n")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	head := []string{rows[0].By}
	for _, stage := range rows[0].StageCaps {
		head = append(head, "per "+stage.Stage)
	}
	fmt.Fprintln(t, strings.Join(append(head, "with sales cost"), "\t")+"\t")
	for i, cells := range model.StageCapCells(rows, e.Policy.Currency) {
		fmt.Fprintln(t, strings.Join(append([]string{rowName(rows[i].By, rows[i].Value)}, cells...), "\t")+"\t")
	}
	_ = t.Flush()
	fmt.Fprintf(w, "\n%s\n", wrapped("  ", "what the caps of the leads come to that it takes for one unit, by how many of them get there; with sales cost: what a sale may cost in all"))
}

// costRows are the rows of a table of costs: of the sources, of the periods where there are several, and of all.
func costRows(table *model.CostTable) (rows []*budget.Costs) {
	for i := range table.Rows {
		rows = append(rows, &table.Rows[i])
	}
	if table.Period != budget.WholeWindow {
		for i := range table.Periods {
			rows = append(rows, &table.Periods[i])
		}
	}
	return append(rows, &table.Total)
}

func costLine(w io.Writer, table *model.CostTable, row *budget.Costs, name string, amounts model.CostCells) {
	period := cmp.Or(row.Period, "all")
	line := append([]string{name, period, amounts.Spend, budget.Count(row.Counts[0])}, amounts.PerUnit...)
	line = append(line, amounts.Loaded, budget.Count(row.Counts[len(row.Counts)-1]))
	if table.Basis == budget.Cohort {
		line = append(line, tenths(row.Maturity.ExpectedWins), amounts.PerExpected, youth(&row.Maturity))
	}
	fmt.Fprintln(w, strings.Join(line, "\t")+"\t")
}

// tenths writes a number with one place.
func tenths(f budget.Figure) string {
	x, known := f.Value()
	if !known {
		return "–"
	}
	whole, tenth, _ := strings.Cut(fmt.Sprintf("%.1f", x), ".")
	return budget.Thousands(whole) + "." + tenth
}

// youth says how many of a cohort's leads are younger than the sales cycle, "" if none is.
func youth(m *budget.Maturity) string {
	if share, known := m.MatureShare.Value(); known && m.Immature {
		return fmt.Sprintf("%.0f %%", 100*(1-share))
	}
	return ""
}
