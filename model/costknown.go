package model

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// What is known of the cost of leads. Nothing that is unknown counts as 0:
//
//   - a lead whose cost is missing costs the mean of the leads of its source whose cost is known; a source of which no
//     cost is known has none, and neither has any group with leads of it;
//   - spend is known from the first period of its records to the end of the last: only the leads of that time share it;
//   - a source without a record has unknown spend, and so have all leads together; organic sources have records of 0.

// leadCosts reads the cost of each lead: known, or the mean of its source's; NaN = unknown.
func (x *economist) leadCosts(column *features.Column) func(row int) float64 {
	group, groups := x.sourceOf()
	sum, weight := make([]float64, groups), make([]float64, groups)
	for r := range x.l.table.Rows {
		if c := column.Numbers.At(r); c >= 0 {
			w := x.l.weight(int32(r))
			sum[group(r)] += float64(w * c)
			weight[group(r)] += w
		} else {
			x.costless++
		}
	}
	return func(r int) float64 {
		if c := column.Numbers.At(r); c >= 0 {
			return c
		}
		if g := group(r); weight[g] > 0 {
			return sum[g] / weight[g]
		}
		return math.NaN()
	}
}

// sourceOf numbers the sources of the leads, the last number for those without one; without a source all are alike.
func (x *economist) sourceOf() (group func(row int) int, groups int) {
	i := x.l.table.Schema.ByRole(features.RoleSource)
	if i < 0 || x.l.table.Columns[i].Codes.Len() == 0 {
		return func(int) int { return 0 }, 1
	}
	c := &x.l.table.Columns[i]
	return func(r int) int { return int(c.Codes.At(r)) }, len(c.Levels) + 1
}

// narrow cuts the window of costs to the time that the records of spend are about.
func (c *tableClock) narrow(spend []budget.Spend) {
	var starts []time.Time
	for _, s := range spend {
		if c.covers(s.Start) {
			starts = append(starts, s.Start)
		} else {
			c.outside += s.Amount
		}
	}
	if len(starts) == 0 {
		return
	}
	slices.SortFunc(starts, time.Time.Compare)
	starts = slices.CompactFunc(starts, time.Time.Equal)
	if starts[0].After(c.from) {
		c.from, c.narrowed = starts[0], true
	}
	if end := lastEnd(starts); end.Before(c.to) {
		c.to, c.narrowed = end, true
	}
}

// lastEnd is where the last period ends: it is as long as the shortest; of a period that starts with a month, in whole
// months.
func lastEnd(starts []time.Time) time.Time {
	last := starts[len(starts)-1]
	if len(starts) == 1 {
		return endsOf(starts)[0]
	}
	shortest, months := starts[1].Sub(starts[0]), true
	for i, s := range starts {
		months = months && s.Day() == 1
		if i > 0 {
			shortest = min(shortest, s.Sub(starts[i-1]))
		}
	}
	if months {
		return last.AddDate(0, int(math.Round(shortest.Hours()/24/30.4)), 0)
	}
	return last.Add(shortest)
}

// costed is the weight of the leads that share what is known to be spent.
func (x *economist) costed(row *EconomicRow, rows []int32, p partition) float64 {
	if x.o.Spend == nil || x.l.created == nil || !(p.source || p.by == "") {
		return row.Leads
	}
	weight := 0.0
	for _, r := range rows {
		if x.inCostWindow(r) {
			weight += x.l.weight(r)
		}
	}
	return weight
}

func (x *economist) inCostWindow(r int32) bool {
	at := x.l.created[r]
	return at != features.NoTime && x.clock.covers(time.UnixMicro(at).UTC())
}

// findUnpaid notes the sources with leads of whose cost nothing is known.
func (x *economist) findUnpaid() {
	i := x.l.table.Schema.ByRole(features.RoleSource)
	if i < 0 || x.l.table.Columns[i].Codes.Len() == 0 || x.o.Spend == nil && x.cost == nil {
		return
	}
	p := x.partition(i)
	for k, name := range p.names {
		if name == features.MissingText && x.o.Spend != nil {
			continue // nobody keeps a record of it
		}
		if _, known := x.spent(name, p.members[k], p).Value(); !known {
			x.unpaid = append(x.unpaid, name)
		}
	}
}

// costOfSourceUnknown is the code of the doubt about sources of whose cost nothing is known.
const costOfSourceUnknown = "cost_of_source_unknown"

// costDoubts are what a reader should know of the costs before believing them.
func (x *economist) costDoubts() (notes doubtList) {
	c := x.m.policy.Currency
	switch {
	case x.o.Spend != nil:
		if x.clock.outside > 0 {
			notes.say("spend_outside", "", "%s of spend is of a time without these leads, and left out", c.Format(x.clock.outside))
		}
		if left := x.outOfCostWindow(); left > 0 {
			notes.say("spend_window", "", "spend is known from %s to before %s: costs are those of the leads of that time, without the %s others",
				x.clock.from.Format(time.DateOnly), x.clock.to.Format(time.DateOnly), budget.Count(left))
		}
		if gaps := x.spendGaps(); len(gaps) > 0 {
			notes.say("spend_gaps", "", "periods with leads, and spend on other sources, but no record: %s; nothing is taken to be spent in them", someNames(gaps))
		}
		if own, spent, differ := x.costsDiffer(); differ {
			notes.say("spend_and_costs_differ", "", "the records of spend say %s of these leads, their own costs %s: sources go by the one, value tiers by the other", c.Format(spent), c.Format(own))
		}
	case x.costless > 0 && x.cost != nil:
		notes.say("cost_unknown", x.l.table.Schema.Fields()[x.l.table.Schema.ByRole(features.RoleCost)].Name,
			"missing or below 0 on %s of %s leads: each counts at the mean of the others of its source", budget.Count(x.costless), budget.Count(x.l.table.Rows))
	}
	if len(x.unpaid) > 0 {
		notes.say(costOfSourceUnknown, "", "no cost is known of %s, and so none of all leads: write 0 where nothing was spent", someNames(x.unpaid))
	}
	return notes
}

// spendGaps names the sources that have leads, but no record, in some of the periods that the records are about.
func (x *economist) spendGaps() (gaps []string) {
	i := x.l.table.Schema.ByRole(features.RoleSource)
	if i < 0 || x.l.table.Columns[i].Codes.Len() == 0 || x.l.created == nil {
		return nil
	}
	parts := x.partition(i)
	clock := x.periods(parts)
	recorded := map[string]map[int]bool{}
	for _, s := range x.o.Spend {
		if recorded[s.Source] == nil {
			recorded[s.Source] = map[int]bool{}
		}
		recorded[s.Source][clock.of(s.Start.UnixMicro())] = true
	}
	for i, name := range parts.names {
		if recorded[name] == nil {
			continue
		}
		without, with := 0, 0
		for k, p := range x.history(parts.members[i], clock, clock.spend[name]) {
			if p.Leads > 0 {
				with++
				if !recorded[name][k] {
					without++
				}
			}
		}
		if without > 0 {
			gaps = append(gaps, fmt.Sprintf("%s (%d of %d)", name, without, with))
		}
	}
	return gaps
}

// costsDiffer compares what the leads' own column says that they cost with the records of spend.
func (x *economist) costsDiffer() (own, spent float64, differ bool) {
	spent, known := x.spent("", nil, partition{paid: true}).Value()
	if !known || x.cost == nil || x.l.created == nil {
		return 0, 0, false
	}
	for r := range x.l.table.Rows {
		if x.inCostWindow(int32(r)) {
			own += x.l.weight(int32(r)) * x.cost(r)
		}
	}
	const much = 0.05
	return own, spent, math.Abs(own-spent) > much*max(own, spent)
}

// outOfCostWindow counts the leads of a time of which no spend is known.
func (x *economist) outOfCostWindow() (left int) {
	if !x.clock.narrowed {
		return 0
	}
	for r := range x.l.table.Rows {
		if !x.inCostWindow(int32(r)) {
			left++
		}
	}
	return left
}

// someNames lists a few names, and counts the rest.
func someNames(names []string) string {
	const few = 8
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:few], ", ") + " and " + budget.Count(len(names)-few) + " more"
}
