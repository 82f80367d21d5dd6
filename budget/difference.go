package budget

import (
	"fmt"
	"math"
	"strings"
)

// Difference is what changes from a baseline's answer to a plan's.
type Difference struct {
	Why      string        `json:"why"`              // what was changed
	Baseline string        `json:"baseline"`         // its fingerprint
	Reason   string        `json:"reason,omitempty"` // why the baseline has no answer
	Spend    float64       `json:"spend"`            // the difference
	Leads    float64       `json:"leads"`            //
	Sales    float64       `json:"sales"`            //
	Profit   float64       `json:"profit"`           //
	Lambda   float64       `json:"lambda"`           //
	Before   Outcomes      `json:"before"`           // of the baseline
	Rows     []SpendChange `json:"sources"`          // those that move by a minor unit or more
	Binds    string        `json:"binds,omitempty"`  // what held the baseline
	Text     string        `json:"text"`             // in a sentence
}

// SpendChange is what changes for a source. One that only one of the plans has is 0 in the other.
type SpendChange struct {
	Name   string  `json:"name"`
	Before Money   `json:"before"`
	After  Money   `json:"after"`
	Change float64 `json:"change"`
}

// difference compares with a baseline; one that cannot be solved is told, not an error.
func (p Plan) difference(base Plan, best *Recommendation) (*Difference, error) {
	d := &Difference{Why: p.changed(base), Baseline: base.Fingerprint(), Rows: []SpendChange{}}
	before, err := base.Solve()
	if err != nil {
		d.Reason = err.Error()
		d.Text = "the baseline has no answer: " + d.Reason
		return d, nil
	}
	now, was := best.Planned, before.Planned
	d.Before, d.Binds = was, before.Allocation.Words(base.Limits.Currency)
	d.Spend, d.Leads, d.Sales, d.Profit = now.Spend-was.Spend, now.Leads-was.Leads, now.Sales-was.Sales, now.Profit-was.Profit
	d.Lambda = best.Allocation.Lambda - before.Allocation.Lambda
	d.Rows = spendChanges(before.Allocation, best.Allocation, p.Limits.Currency)
	c := p.Limits.Currency
	d.Text = fmt.Sprintf("%s: %s spent, %+.1f leads, %+.2f sales, %s of profit", d.Why, signed(c, d.Spend), d.Leads, d.Sales, signed(c, d.Profit))
	return d, nil
}

// spendChanges are by the sources' names, those of b first.
func spendChanges(a, b *Allocation, c Currency) []SpendChange {
	rows := []SpendChange{}
	was := make(map[string]Money)
	for _, x := range a.Shares {
		was[x.Name] = x.Money
	}
	add := func(name string, before, after Money) {
		if before.Minor != after.Minor {
			rows = append(rows, SpendChange{name, before, after, after.Major() - before.Major()})
		}
	}
	for _, x := range b.Shares {
		before, has := was[x.Name]
		if !has {
			before = Money{Currency: c}
		}
		delete(was, x.Name)
		add(x.Name, before, x.Money)
	}
	for _, x := range a.Shares {
		if _, gone := was[x.Name]; gone {
			add(x.Name, x.Money, Money{Currency: c})
		}
	}
	return rows
}

// changed says what differs between the limits of two plans.
func (p Plan) changed(base Plan) string {
	var parts []string
	say := func(what, from, to string) {
		if from != to {
			parts = append(parts, fmt.Sprintf("%s %s instead of %s", what, to, from))
		}
	}
	a, b, c := base.Limits, p.Limits, p.Limits.Currency
	money := func(x *float64) string {
		if x == nil {
			return "no limit"
		}
		return c.Format(*x)
	}
	hours := func(x *float64) string {
		if x == nil {
			return "no limit"
		}
		return short(math.Round(*x*100) / 100)
	}
	say("a budget of", money(a.Budget), money(b.Budget))
	say("a target return of", Percent(a.ROI), Percent(b.ROI))
	say("hours of", hours(a.Hours), hours(b.Hours))
	say("a reserve of", Percent(a.Reserve), Percent(b.Reserve))
	say("the rule", strings.ReplaceAll(string(a.Mode), "_", " "), strings.ReplaceAll(string(b.Mode), "_", " "))
	if len(parts) == 0 {
		return "other sources or bounds"
	}
	return strings.Join(parts, ", ")
}
