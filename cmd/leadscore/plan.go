package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/model"
	"github.com/leadscore/leadscore/report"
)

// planFlags are those of budget that ask for a recommendation.
type planFlags struct {
	plan      string
	budget    string
	mode      string
	reserve   float64
	draws     int
	write     string
	picture   string
	scenarios bool
}

// today is the budget that is what is spent today.
const today = "today"

func (f *planFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.plan, "plan", "", "YAML or JSON file of a plan to solve, instead of one made of model, data and spend")
	cmd.Flags().StringVar(&f.budget, "budget", "", `recommend how to spend this much in a period, or "today" for what is spent today; what changes is shown first`)
	cmd.Flags().StringVar(&f.mode, "mode", "", "when to stop: stop_at_target, spend_budget or most_profit (default: the plan's)")
	cmd.Flags().Float64Var(&f.reserve, "reserve", 0, "share of the budget kept for experiments (default: the plan's)")
	cmd.Flags().IntVar(&f.draws, "draws", 0, "how often the plan is solved again on values that could as well be true; 0 = not at all (default: the plan's)")
	cmd.Flags().StringVar(&f.write, "write-plan", "", "where to write the plan for editing: .yaml or .json")
	cmd.Flags().StringVar(&f.picture, "picture", "", "where to draw the curves with today, the plan and the stops: .html or .svg")
	cmd.Flags().BoolVar(&f.scenarios, "scenarios", false, "add the scenarios that people ask for first, and which doubt moves the profit most")
}

// asked reports whether a recommendation is asked for.
func (f *planFlags) asked() bool {
	return f.plan != "" || f.budget != "" || f.write != "" || f.picture != "" || f.scenarios
}

// recommend solves a plan and prints the answer.
func (a *app) recommend(ctx context.Context, cmd *cobra.Command, f *budgetFlags) error {
	if e := strings.ToLower(filepath.Ext(f.picture)); f.picture != "" && e != ".html" && e != ".svg" {
		return usageError{fmt.Errorf("--picture: %s ends neither in .html nor in .svg", f.picture)}
	}
	if f.plan == "" && len(f.data) == 0 {
		return usageError{errors.New("--data or --plan is needed")}
	}
	base, err := a.basePlan(ctx, f)
	if err != nil {
		return err
	}
	p, err := f.change(cmd, *base)
	if err != nil {
		return usageError{err}
	}
	base.Draws = p.Draws // more draws are no other plan
	r, err := p.Answer(ctx, budget.Ask{Baseline: base, Presets: f.scenarios})
	if err != nil {
		return err
	}
	if f.write != "" {
		if err := writePlan(f.write, &p); err != nil {
			return err
		}
	}
	if f.picture != "" {
		if err := writePlanPicture(f.picture, r); err != nil {
			return err
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(a.stderr, "leadscore: warning: %s\n", w)
	}
	return a.print(r, func(w io.Writer) {
		describePlan(w, r)
		for _, path := range []string{f.write, f.picture} {
			if path != "" {
				fmt.Fprintf(w, "\nwritten %s\n", path)
			}
		}
	})
}

func writePlanPicture(path string, r *budget.PlanResult) error {
	return datasets.WriteFile(path, func(w io.Writer) error {
		if strings.ToLower(filepath.Ext(path)) == ".svg" {
			return report.DrawPlan(w, r)
		}
		return report.WritePlan(w, r)
	})
}

// basePlan is the plan that changes are compared with: the file's, or one made of model, data and spend with what is
// spent today as its budget.
func (a *app) basePlan(ctx context.Context, f *budgetFlags) (*budget.Plan, error) {
	if f.plan != "" {
		p, err := readPlan(f.plan)
		return &p, err
	}
	in, err := a.loadMoney(ctx, f)
	if err != nil {
		return nil, err
	}
	p, warnings, err := in.model.Plan(in.table, model.PlanOptions{AsOf: f.asOf, Spend: in.spend})
	if err != nil {
		return nil, err
	}
	a.warn(append(in.notes, warnings...))
	p.Limits.Budget = spentToday(p)
	return p, nil
}

// spentToday is what is spent on all sources, in whole units of money.
func spentToday(p *budget.Plan) *float64 {
	total := 0.0
	for _, s := range p.Sources {
		total += s.Current
	}
	return new(math.Round(total))
}

// change sets what the flags say.
func (f *budgetFlags) change(cmd *cobra.Command, p budget.Plan) (budget.Plan, error) {
	given := cmd.Flags().Changed
	switch {
	case f.budget == today:
		p.Limits.Budget = spentToday(&p)
	case f.budget != "":
		amount, err := strconv.ParseFloat(f.budget, 64)
		if err != nil || !(amount >= 0) || math.IsInf(amount, 0) {
			return p, fmt.Errorf("--budget: %q is neither an amount of 0 or more nor today", f.budget)
		}
		p.Limits.Budget = &amount
	}
	if given("target-roi") {
		p.Limits.ROI = f.roi
	}
	if given("capacity-hours") {
		p.Limits.Hours = &f.hours
	}
	if given("reserve") {
		p.Limits.Reserve = f.reserve
	}
	if given("draws") {
		p.Draws = f.draws
	}
	if f.mode != "" {
		p.Limits.Mode = budget.Mode(f.mode)
	}
	return p, errors.Join(p.Validate(), p.Limits.Validate())
}
