package report

import (
	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// costTables are what it cost to get leads to each stage: by group, then by period.
func costTables(e *model.Economics, c budget.Currency) (tables []table) {
	if e.Total.Costs != nil {
		tables = append(tables, groupCosts(e, c))
	}
	for i := range e.CostTables {
		if t := &e.CostTables[i]; t.Period != budget.WholeWindow && len(t.Periods) > 0 {
			tables = append(tables, periodCosts(t, c))
		}
	}
	return tables
}

func groupCosts(e *model.Economics, c budget.Currency) table {
	t := newCostTable("Cost of a lead at each stage, by group", "Group", e.Funnel.Stages, budget.Cohort)
	for i := range e.Rows[:min(len(e.Rows), maxTableRows)] {
		t.add(level(e.Rows[i].Value), e.Rows[i].Costs, c)
	}
	t.add("All leads", e.Total.Costs, c)
	t.Note = "Leads of the whole window at the stage they have reached so far. " + expectedNote
	return t.table
}

func periodCosts(costs *model.CostTable, c budget.Currency) table {
	by := "month"
	if costs.Period == budget.Quarterly {
		by = "quarter"
	}
	t := newCostTable("Cost of a lead at each stage, by calendar "+by, "Entered", costs.Stages, costs.Basis)
	t.Note = "Stages entered in a period, by whatever lead, over what was spent in it."
	if costs.Basis == budget.Cohort {
		t.Caption, t.Head[0] = "Cost of a lead at each stage, by cohort ("+by+" of creation)", "Created"
		t.Note = "Leads created in a period at the stage they have reached since; grey: most are too young to have come further. " + expectedNote
	}
	rows := costs.Periods[max(0, len(costs.Periods)-maxTableRows):]
	for i := range rows {
		t.add(rows[i].Period, &rows[i], c)
	}
	t.add("All", &costs.Total, c)
	return t.table
}

const expectedNote = "An expected sale counts those still to come of the open leads; a lead is young that is not yet as old as nine tenths of the sales were. ≥: no sale yet, so with 95" + space + "% confidence one costs at least that."

// stageCosts is a table of costs that is being filled.
type stageCosts struct {
	table
	cohort bool
	young  map[int]bool // rows of mostly young leads
}

func newCostTable(caption, head string, stages []string, basis budget.CountBasis) *stageCosts {
	t := &stageCosts{table: table{Caption: caption, Head: []string{head, "Spend"}}, cohort: basis == budget.Cohort, young: map[int]bool{}}
	for _, name := range stages {
		t.Head = append(t.Head, "Per "+stageName(name))
	}
	t.Head = append(t.Head, "Per sale, with sales cost", "Sales")
	if t.cohort {
		t.Head = append(t.Head, "Expected in the end", "Per expected sale", "Young")
	}
	t.Shade = func(row, _ int) string {
		if t.young[row] {
			return "young"
		}
		return ""
	}
	return t
}

func (t *stageCosts) add(name string, costs *budget.Costs, c budget.Currency) {
	if costs == nil {
		return
	}
	row := []string{name, whole(c, costs.Spend)}
	for _, each := range costs.PerUnit {
		row = append(row, rounded(c, each))
	}
	if least, known := costs.PerSaleAtLeast.Value(); known && least > 0 {
		row[len(row)-1] = "≥ " + rounded(c, costs.PerSaleAtLeast)
	}
	last := len(costs.Counts) - 1
	row = append(row, rounded(c, costs.Loaded[last]), count(costs.Counts[last]))
	if t.cohort {
		m := &costs.Maturity
		expected, each, young := "–", "–", "–"
		if x, known := m.ExpectedWins.Value(); known {
			if expected = fixed(x, 0); x >= model.FewExpected {
				each = rounded(c, m.PerExpected)
			}
		}
		if share, known := m.MatureShare.Value(); known {
			young = percent(1 - share)
			t.young[len(t.Rows)] = share < 0.5
		}
		row = append(row, expected, each, young)
	}
	t.Rows = append(t.Rows, row)
}

// rounded writes an amount, a large one without decimals.
func rounded(c budget.Currency, f budget.Figure) string {
	if x, known := f.Value(); known && x >= 100 {
		return whole(c, f)
	}
	return estimated(c, f)
}
