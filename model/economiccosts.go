package model

import (
	"math"
	"slices"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// spent is what was spent on a group within the window of the leads.
func (x *economist) spent(name string, rows []int32, p partition) budget.Figure {
	unmeasured := budget.Unknown(budget.Unmeasured)
	switch {
	case !p.paid, p.by == "" && len(x.unpaid) > 0:
		return unmeasured
	case x.o.Spend != nil && (p.source || p.by == ""):
		total := unmeasured
		for _, s := range x.o.Spend {
			if (p.by == "" || s.Source == name) && x.clock.covers(s.Start) {
				before, _ := total.Value()
				total = budget.Known(before + s.Amount)
			}
		}
		return total
	case x.cost == nil:
		return unmeasured
	}
	total := 0.0
	for _, r := range rows {
		total += x.l.weight(r) * x.cost(int(r))
	}
	if len(rows) == 0 || math.IsNaN(total) {
		return unmeasured
	}
	return budget.Known(total)
}

// tableClock is the window of costs: that of the leads, from the start of its first month, as far as records of spend
// reach.
type tableClock struct {
	from, to time.Time
	narrowed bool    // by the records of spend
	outside  float64 // spend of another time
	asOf     time.Time
	days     [][]float64 // to go on from each stage, of those that did
	cycle    float64     // P90 of the days to a sale
}

func (c tableClock) covers(t time.Time) bool {
	return c.to.IsZero() || !t.Before(c.from) && t.Before(c.to)
}

func (x *economist) newClock() tableClock {
	first, _ := x.l.span(features.AllRows(x.l.table.Rows))
	c := tableClock{asOf: time.UnixMicro(x.out.asOf).UTC()}
	if first <= x.out.asOf {
		at := time.UnixMicro(first).UTC()
		c.from = time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	c.to = c.asOf.Add(time.Microsecond)
	c.narrow(x.o.Spend)
	var mature []budget.Journey
	for _, r := range x.l.rows {
		mature = append(mature, x.journeys[r])
	}
	c.days = progressTimes(mature, len(stagesBetween(x.l.table.Schema))+2)
	c.cycle = float64(x.m.document.Label.Horizon)
	if days, known := budget.SalesCycle(mature, 0.9).Value(); known {
		c.cycle = days
	}
	return c
}

// costs is the cost of each stage in a group, and how far its leads have come.
func (x *economist) costs(row *EconomicRow, rows []int32) (*budget.Costs, error) {
	if x.journeys == nil {
		return nil, nil
	}
	var spend []budget.Spend
	if amount, known := row.Spend.Value(); known {
		spend = []budget.Spend{{Source: row.Value, Start: x.clock.from, Amount: amount}}
	}
	table, err := x.costTable(row, rows, spend, CostQuestion{Basis: budget.Cohort, Period: budget.WholeWindow})
	if err != nil {
		return nil, err
	}
	return &table.Total, nil
}

// path is the way of a group's leads through the stages, at the rates of its mature leads: those of the policy's
// stages are shrunken elsewhere, here they are counted, but for the sale, whose rate is the posterior's.
func (x *economist) path(row *EconomicRow, rows []int32) budget.Path {
	stages := stagesBetween(x.l.table.Schema)
	path := budget.Path{Stages: Stages(x.l.table.Schema), Costs: x.stageCosts()}
	reached := make([]float64, len(path.Stages))
	for _, r := range rows {
		if x.mature[r] {
			for k := range x.l.reached(stages, x.out.asOf, r) + 1 {
				reached[k]++
			}
		}
	}
	last := len(path.Stages) - 1
	if row.Posterior != nil { // an unlucky group may yet win
		reached[last] = min(row.Posterior.Rate.Mean()*reached[0], reached[last-1])
	}
	for k := range last {
		rate := 0.0
		if reached[k] > 0 {
			rate = min(reached[k+1]/reached[k], 1)
		}
		path.Rates = append(path.Rates, rate)
	}
	return path
}

// stageCosts are those of the policy, for every stage of the data.
func (x *economist) stageCosts() []float64 {
	names := Stages(x.l.table.Schema)
	costs := make([]float64, len(names))
	for _, c := range x.m.policy.StageCosts {
		costs[slices.Index(names, c.Stage)] = c.Cost
	}
	return costs
}
