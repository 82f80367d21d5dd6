package report

import (
	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// costTables are what it cost to get leads to each stage: by group, then by period.
func costTables(e *model.Economics, c budget.Currency) (tables []table) {
	if e.Total.Costs != nil {
		tables = append(tables, groupCosts(e, c))
		if t := stageCaps(e, c); len(t.Rows) > 0 {
			tables = append(tables, t)
		}
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
		t.add(level(e.Rows[i].Value), e.Rows[i].Costs)
	}
	t.add("All leads", e.Total.Costs)
	t.write(c)
	t.Note = "Leads of the whole window at the stage they have reached so far. " + expectedNote
	return t.table
}

// stageCaps is the most that a unit may cost at each stage, by group.
func stageCaps(e *model.Economics, c budget.Currency) table {
	t := table{Caption: "The most to pay for a unit at each stage, in marketing", Head: []string{"Group"}}
	var rows []*model.EconomicRow
	for i := range e.Rows[:min(len(e.Rows), maxTableRows)] {
		if r := &e.Rows[i]; len(r.StageCaps) > 0 {
			rows = append(rows, r)
		}
	}
	if len(e.Total.StageCaps) == 0 {
		return t
	}
	rows = append(rows, &e.Total)
	for _, stage := range e.Total.StageCaps {
		t.Head = append(t.Head, "Per "+stageName(stage.Stage))
	}
	t.Head = append(t.Head, "Per sale, with sales cost")
	for i, cells := range model.StageCapCells(rows, c) {
		name := "All leads"
		if rows[i].By != "" {
			name = level(rows[i].Value)
		}
		t.Rows = append(t.Rows, append([]string{name}, cells...))
	}
	t.Note = "What the caps of the leads come to that it takes for one unit, by how many of them get there. With the sales cost, a sale may cost what it earns at the target."
	return t
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
		t.add(rows[i].Period, &rows[i])
	}
	t.add("All", &costs.Total)
	t.write(c)
	return t.table
}

const expectedNote = "An expected sale counts those still to come of the open leads; a lead is young that is not yet as old as nine tenths of the sales were. ≥: no sale yet, so with 95" + space + "% confidence one costs at least that."

// stageCosts is a table of costs that is being filled.
type stageCosts struct {
	table
	cohort bool
	names  []string
	costs  []*budget.Costs
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

// add adds a group or a period, nothing without costs.
func (t *stageCosts) add(name string, costs *budget.Costs) {
	if costs != nil {
		t.names, t.costs = append(t.names, name), append(t.costs, costs)
	}
}

// write makes the rows of what was added.
func (t *stageCosts) write(c budget.Currency) {
	for i, amounts := range model.WriteCosts(t.costs, c) {
		costs := t.costs[i]
		row := append([]string{t.names[i], amounts.Spend}, amounts.PerUnit...)
		row = append(row, amounts.Loaded, count(costs.Counts[len(costs.Counts)-1]))
		if t.cohort {
			expected, young := "–", "–"
			if x, known := costs.Maturity.ExpectedWins.Value(); known {
				expected = fixed(x, 0)
			}
			if share, known := costs.Maturity.MatureShare.Value(); known {
				young = percent(1 - share)
				t.young[i] = share < 0.5
			}
			row = append(row, expected, amounts.PerExpected, young)
		}
		t.Rows = append(t.Rows, row)
	}
}
