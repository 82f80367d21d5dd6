package model

import (
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// Every lead is in one cohort and every stage that it entered in one period; sources add up to periods, and periods to all.
func TestCostTablesAddUp(t *testing.T) {
	o := DefaultEconomicsOptions()
	for _, basis := range []budget.CountBasis{budget.Cohort, budget.Calendar} {
		for _, period := range []budget.Period{budget.WholeWindow, budget.Quarterly, budget.Monthly} {
			o.Costs = append(o.Costs, CostQuestion{Basis: basis, Period: period})
		}
	}
	_, _, e := reckoned(t, o)
	if len(e.CostTables) != len(o.Costs) {
		t.Fatalf("%d tables of %d", len(e.CostTables), len(o.Costs))
	}
	for i, table := range e.CostTables {
		if table.Basis != o.Costs[i].Basis || len(table.Stages) != len(table.Total.Counts) || len(table.Rows) <= len(table.Periods) {
			t.Errorf("%+v has %d rows and %d periods", o.Costs[i], len(table.Rows), len(table.Periods))
		}
		for k, want := range e.Total.Costs.Counts {
			sources, periods := 0.0, 0.0
			for _, r := range table.Rows {
				sources += r.Counts[k]
			}
			for _, r := range table.Periods {
				periods += r.Counts[k]
			}
			stage := table.Basis == budget.Calendar && k == 1 // those leads reached it before the first was created
			if all := table.Total.Counts[k]; sources != all || periods != all || all != want && !stage {
				t.Errorf("%+v, %s: %v by source, %v by period, %v in all, want %v", o.Costs[i], table.Stages[k], sources, periods, table.Total.Counts[k], want)
			}
		}
		if _, known := table.Total.Maturity.ExpectedWins.Value(); known != (table.Basis == budget.Cohort) {
			t.Errorf("%+v: sales are expected: %v", o.Costs[i], known)
		}
	}
}
