package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// defaultShares are those of the tiers where the configuration cuts none.
var defaultShares = []float64{0.2, 0.3, 0.5}

// policy is what a lead's money is reckoned under, and how tiers are cut. hour_cost is charged for every hour of
// hours_per_lead: leave it out where the stage costs hold the wages already, or where hours are idle.
func (c *config) policy(schema *features.Schema) (*budget.Policy, model.TierCuts, error) {
	e := &c.Economics
	p := &budget.Policy{
		Target:   budget.Target{ROI: e.TargetROI, Basis: budget.Basis(e.ROIBasis)},
		Currency: budget.Currency(c.Value.Currency), HoursPerLead: e.HoursPerLead, HourPrice: e.HourCost, Discount: e.Discount,
	}
	if p.Basis == "" {
		p.Basis = budget.Marketing
		if len(e.StageCosts) > 0 || e.HoursPerLead*e.HourCost > 0 {
			p.Basis = budget.InInvestment
		}
	}
	if n := e.Nurture; n != nil {
		p.Nurture = &budget.Nurture{P1: n.P1, Q: n.Q, Delay: n.Delay, Cost: n.Cost}
	}
	stages := model.Stages(schema)
	var problems []error
	for _, stage := range sortedKeys(e.StageCosts) {
		if !slices.Contains(stages, stage) {
			problems = append(problems, fmt.Errorf("config: economics.stage_costs.%s: the data have no times of that stage (columns.stages); the stages are %q", stage, stages))
		}
	}
	for _, stage := range stages {
		if cost, given := e.StageCosts[stage]; given {
			p.StageCosts = append(p.StageCosts, budget.StageCost{Stage: stage, Cost: cost})
		}
	}
	cuts := model.TierCuts{By: budget.TierBy(c.Tiers.By), Shares: c.Tiers.Cuts.Shares, Thresholds: c.Tiers.Cuts.Thresholds, Hours: c.Tiers.Cuts.CapacityHours}
	if len(cuts.Shares) == 0 && len(cuts.Thresholds) == 0 && cuts.Hours == 0 {
		cuts.Shares = defaultShares
	}
	if err := errors.Join(append(problems, p.Validate())...); err != nil {
		return nil, cuts, usageError{err}
	}
	return p, cuts, nil
}

// validate lists what is wrong with the tiers.
func (t *tiersConfig) validate() []error {
	f := faults{section: "tiers."}
	if by := budget.TierBy(t.By); !slices.Contains([]budget.TierBy{budget.ByValue, budget.ByProbability, budget.ByCap, budget.ByProfitPerHour}, by) {
		f.bad("by", t.By, "expected_value, probability, max_cost or profit_per_hour")
	}
	given := 0
	for _, yes := range []bool{len(t.Cuts.Shares) > 0, len(t.Cuts.Thresholds) > 0, t.Cuts.CapacityHours != 0} {
		if yes {
			given++
		}
	}
	if given > 1 {
		f.bad("cuts", "given several times", "shares, thresholds or capacity_hours")
	}
	if !(t.Cuts.CapacityHours >= 0) {
		f.bad("cuts.capacity_hours", t.Cuts.CapacityHours, "hours of a month ≥ 0")
	}
	sum := 0.0
	for _, share := range t.Cuts.Shares {
		if sum += share; !(share > 0) {
			f.bad("cuts.shares", share, "shares above 0")
		}
	}
	if len(t.Cuts.Shares) > 0 && !(sum > 1-1e-9 && sum < 1+1e-9) {
		f.bad("cuts.shares", t.Cuts.Shares, "shares that add up to 1")
	}
	for i, x := range t.Cuts.Thresholds {
		if i > 0 && !(x < t.Cuts.Thresholds[i-1]) {
			f.bad("cuts.thresholds", t.Cuts.Thresholds, "values, highest first")
		}
	}
	return f.all
}
