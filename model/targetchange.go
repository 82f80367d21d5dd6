package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/budget"
)

// TargetChange says what another target return or another price of hours changes, and why.
type TargetChange struct {
	FromROI       float64     `json:"from_target_roi"`
	ToROI         float64     `json:"to_target_roi"`
	FromHourPrice float64     `json:"from_hour_price"`
	ToHourPrice   float64     `json:"to_hour_price"`
	Why           string      `json:"why"`
	Rows          []RowChange `json:"rows"` // what is bought otherwise: caps that moved by a minor unit or more
}

// RowChange is what changes for a group.
type RowChange struct {
	By     string        `json:"by,omitempty"`
	Value  string        `json:"group,omitempty"`
	Before budget.Figure `json:"max_cost_before"`
	After  budget.Figure `json:"max_cost_after"`
	Was    string        `json:"verdict_before,omitempty"` // of the actual cost
	Is     string        `json:"verdict_after,omitempty"`
}

func changeFrom(base, e *Economics) *TargetChange {
	c := &TargetChange{FromROI: base.Policy.ROI, ToROI: e.Policy.ROI, FromHourPrice: base.Policy.HourPrice, ToHourPrice: e.Policy.HourPrice, Rows: []RowChange{}}
	c.Why = c.why(base, e)
	before := append([]EconomicRow{base.Total}, append(base.Rows, base.Tiers...)...)
	after := append([]EconomicRow{e.Total}, append(e.Rows, e.Tiers...)...)
	for i := range min(len(before), len(after)) {
		a, b := &before[i], &after[i]
		x, _ := a.Cap.Value()
		y, known := b.Cap.Value()
		row := RowChange{By: b.By, Value: b.Value, Before: a.Cap, After: b.Cap, Was: a.verdict(), Is: b.verdict()}
		if known && (math.Abs(x-y) >= 0.005 || row.Was != row.Is) {
			c.Rows = append(c.Rows, row)
		}
	}
	return c
}

// verdict on the actual cost.
func (row *EconomicRow) verdict() string {
	if row.Purchase == nil {
		return ""
	}
	return string(row.Purchase.Verdict)
}

// why explains the step from one cap to the other on the row of all leads.
func (c *TargetChange) why(base, e *Economics) string {
	t, currency := e.Policy.Target, e.Policy.Currency
	v, _ := e.Total.Group.Value.Value()
	s, _ := e.Total.SalesCost.Value()
	text := ""
	if c.FromROI != c.ToROI {
		old := v / (1 + c.FromROI)
		text = fmt.Sprintf("a lead of an expected value of %s may cost %s less in all at a target of %s than at %s, because %s / %g is %s and %s / %g is %s",
			currency.Format(v), currency.Format(old-v/(1+c.ToROI)), budget.Percent(c.ToROI), budget.Percent(c.FromROI),
			currency.Format(v), 1+c.FromROI, currency.Format(old), currency.Format(v), 1+c.ToROI, currency.Format(v/(1+c.ToROI)))
		if c.ToROI < c.FromROI {
			text = fmt.Sprintf("a lead of an expected value of %s may cost %s more in all at a target of %s than at %s", currency.Format(v), currency.Format(v/(1+c.ToROI)-old), budget.Percent(c.ToROI), budget.Percent(c.FromROI))
		}
		if t.Basis == budget.InInvestment && s > 0 {
			text += fmt.Sprintf("; its sales cost of %s comes off both", currency.Format(s))
		}
	}
	if c.FromHourPrice != c.ToHourPrice {
		if text != "" {
			text += "; "
		}
		text += fmt.Sprintf("an hour of the team is charged at %s instead of %s, on %g hours a lead", currency.Format(c.ToHourPrice), currency.Format(c.FromHourPrice), e.Policy.HoursPerLead)
	}
	before, known := base.Total.Cap.Value()
	after, _ := e.Total.Cap.Value()
	switch change := after/before - 1; {
	case !known || !(before > 0):
		return text
	case after == 0:
		return text + fmt.Sprintf(": the cap of all leads falls from %s to nothing", currency.AtMost(before))
	case after < before:
		return text + fmt.Sprintf(": the cap of all leads falls by %.1f %%, from %s to %s", -100*change, currency.AtMost(before), currency.AtMost(after))
	case after > before:
		return text + fmt.Sprintf(": the cap of all leads rises by %.1f %%, from %s to %s", 100*change, currency.AtMost(before), currency.AtMost(after))
	}
	return text
}
