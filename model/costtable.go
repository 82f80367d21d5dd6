package model

import (
	"fmt"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// CostQuestion asks what it cost to get leads to each stage: of the leads that were created in a period, at the stage
// that they have reached since (cohort), or of the stages that were entered in it, by whatever lead (calendar).
type CostQuestion struct {
	Basis  budget.CountBasis
	Period budget.Period
}

// CostTable answers a CostQuestion.
type CostTable struct {
	Basis   budget.CountBasis `json:"basis"`
	Period  budget.Period     `json:"period"`
	Stages  []string          `json:"stages"`  // of counts and costs
	Rows    []budget.Costs    `json:"rows"`    // by source, in the order of the tier table, and period
	Periods []budget.Costs    `json:"periods"` // by period, of all sources
	Total   budget.Costs      `json:"total"`
}

// costTables answers the questions; nil without a creation time.
func (x *economist) costTables(total *EconomicRow) ([]CostTable, error) {
	if x.journeys == nil || len(x.o.Costs) == 0 {
		return nil, nil
	}
	sources, rows := partition{}, []EconomicRow(nil)
	if i := x.l.table.Schema.ByRole(features.RoleSource); i >= 0 && x.l.table.Columns[i].Codes.Len() > 0 {
		var err error
		if sources = x.partition(i); len(sources.names) > 0 {
			if rows, err = x.rows(sources); err != nil {
				return nil, err
			}
		}
	}
	spend := x.spendRecords(sources)
	tables := make([]CostTable, len(x.o.Costs))
	for i, q := range x.o.Costs {
		t := CostTable{Basis: q.Basis, Period: q.Period, Stages: Stages(x.l.table.Schema), Rows: []budget.Costs{}}
		whole, err := x.costTable(total, features.AllRows(x.l.table.Rows), spend, q)
		if err != nil {
			return nil, err
		}
		t.Periods, t.Total = whole.Rows, whole.Total
		for k := range rows {
			own, err := x.costTable(&rows[k], sources.members[k], spend, q)
			if err != nil {
				return nil, err
			}
			t.Rows = append(t.Rows, own.Rows...)
		}
		tables[i] = t
	}
	return tables, nil
}

// costTable is the table of one group of leads: of a source, or of all as if they had one source.
func (x *economist) costTable(row *EconomicRow, rows []int32, spend []budget.Spend, q CostQuestion) (*budget.CostTable, error) {
	journeys := make([]budget.Journey, len(rows))
	for i, r := range rows {
		journeys[i] = x.journeys[r]
		journeys[i].Source = row.Value
	}
	var own []budget.Spend
	for _, s := range spend {
		if row.By == "" && len(x.unpaid) == 0 || row.By != "" && s.Source == row.Value {
			own = append(own, budget.Spend{Source: row.Value, Start: s.Start, Amount: s.Amount})
		}
	}
	table, err := budget.CostBySource(journeys, own, x.costOptions(x.outlook(row, rows), q))
	if err != nil {
		return nil, fmt.Errorf("model: economics: %s: %w", row.Value, err)
	}
	return table, nil
}

// costOptions are those of the cost table of leads whose open ones have an outlook, nil = unknown.
func (x *economist) costOptions(outlook budget.Outlook, q CostQuestion) budget.TableOptions {
	return budget.TableOptions{
		StageCosts: x.stageCosts(), Basis: q.Basis, Period: q.Period, From: x.clock.from, To: x.clock.to, AsOf: x.clock.asOf,
		CycleDays: x.clock.cycle, Outlook: outlook,
	}
}

// outlook of a group's open leads: by the rates of its mature leads; of a group without any, by those of all leads,
// and unknown where none is mature.
func (x *economist) outlook(row *EconomicRow, rows []int32) budget.Outlook {
	if row.Mature == 0 {
		rows = features.AllRows(x.l.table.Rows)
	}
	if len(x.l.rows) == 0 {
		return nil
	}
	return x.path(row, rows).Outlook(func(stage int, days float64) float64 { return within(x.clock.days[stage], days) })
}

// spendRecords are the records of spend, or what the leads' own cost column says, by source and month of creation.
func (x *economist) spendRecords(sources partition) (spend []budget.Spend) {
	if x.o.Spend != nil || x.cost == nil {
		return x.o.Spend
	}
	if len(sources.names) == 0 {
		sources = partition{names: []string{""}, members: [][]int32{features.AllRows(x.l.table.Rows)}}
	}
	for i, name := range sources.names {
		paid := map[time.Time]float64{}
		for _, r := range sources.members[i] {
			if c := x.cost(int(r)); c >= 0 && x.l.created[r] != features.NoTime {
				at := time.UnixMicro(x.l.created[r]).UTC()
				paid[time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)] += x.l.weight(r) * c
			}
		}
		for at := x.clock.from; at.Before(x.clock.to); at = at.AddDate(0, 1, 0) {
			if amount, known := paid[at]; known {
				spend = append(spend, budget.Spend{Source: name, Start: at, Amount: amount})
			}
		}
	}
	return spend
}
