package model

import (
	"fmt"

	"github.com/leadscore/leadscore/budget"
)

// One more touch before the hand-off is worth the sales that it adds. A sale more takes a lead through the stages, so
// that it brings m − (s − c_lead)/p: its profit less what the stages cost for each sale. Hours are spent on every lead,
// with the touch or without. What a touch lifts is an assumption until it is tested on leads that are held back.

// TouchQuestion asks what one more touch of each lead returns.
type TouchQuestion struct {
	Cost float64 `json:"cost"` // of the touch, for one lead
	Lift float64 `json:"lift"` // of the probability, such as 0.01 for one point: assumed
}

// touch reckons the touch for a group; nil without a question, or without a sale to expect.
func (x *economist) touch(row *EconomicRow) (*budget.Touch, error) {
	q := x.o.Touch
	if q == nil {
		return nil, nil
	}
	m, sold := row.ProfitPerSale.Value()
	p, _ := row.Probability.Value()
	s, _ := row.SalesCost.Value()
	if !sold || !(p > 0) {
		return nil, nil
	}
	if policy := &x.m.policy.Policy; policy.Basis != budget.Marketing {
		stages := s - policy.HoursPerLead*policy.HourPrice
		if len(policy.StageCosts) > 0 && policy.StageCosts[0].Stage == LeadStage {
			stages -= policy.StageCosts[0].Cost
		}
		m -= max(stages, 0) / p
	}
	touch, err := budget.ExtraTouch(q.Lift, m, 0, q.Cost, x.m.policy.ROI)
	if err != nil {
		return nil, fmt.Errorf("model: economics: %s: %w", row.Value, err)
	}
	return &touch, nil
}
