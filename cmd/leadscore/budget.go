package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

type budgetFlags struct {
	model      string
	data       []string
	spend      string
	by         []string
	asOf       string
	roi        float64
	hours      float64
	arithmetic bool
	leaks      bool
	costs      string
	period     string
	goalFlags
	contact contactConfig
	gateFlags
	touchFlags
	workers int
	planFlags
}

func (a *app) budgetCommand() *cobra.Command {
	f := &budgetFlags{}
	cmd := &cobra.Command{
		Use:   "budget",
		Short: "What leads are worth and may cost, and where the budget should go",
		Long: `Prints the tier table: leads, conversion, profit per sale, expected value, the most that a lead may cost with its
interval, what it did cost, the headroom and the return. Values are the model's, lead by lead; intervals come from the
outcomes of mature leads. The cautious cap is the 20th percentile: what to bid to buy more of what little is known of.

Spend is that of --spend (columns period, source, spend, and currency where it is not the model's: it is converted by
the rates that the model was trained with); without it, of the leads' own cost column. Nothing unknown counts as 0: the
leads of the time of the records share the spend, a lead without a cost counts at its source's mean, and a source
without a record has no cost, as all leads together then: give organic ones a spend of 0.

With --budget or --plan it recommends what to spend on each source instead: curves of leads by spend fitted to past
periods, values from the model, and what binds. A plan written with --write-plan can be edited and solved with --plan.`,
		Example: `  leadscore budget --model model.json --data leads.parquet --spend spend.csv
  leadscore budget --model model.json --data leads.parquet --target-roi 0.5 --explain-arithmetic
  leadscore budget --data leads.parquet --by source --by industry --capacity-hours 480 --json
  leadscore budget --data leads.parquet --spend spend.csv --costs cohort --period quarter
  leadscore budget --data leads.parquet --profit-goal 3000000 --marketing-share 0.6
  leadscore budget --data leads.parquet --sla 8h --workweek "mon-fri 9-17 Europe/Berlin" --decay 0.05
  leadscore budget --data leads.parquet --leaks
  leadscore budget --data leads.parquet --mql-fit 0.02 --mql-probability 0.1
  leadscore budget --data leads.parquet --touch-cost 25 --touch-lift 0.01
  leadscore budget --data leads.parquet --spend spend.csv --budget today --write-plan plan.yaml --picture plan.html
  leadscore budget --plan plan.yaml --budget 80000 --target-roi 0.5 --capacity-hours 600 --scenarios`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.budget(cmd.Context(), cmd, f) },
	}
	cmd.Flags().StringVar(&f.model, "model", "model.json", "the model")
	cmd.Flags().StringSliceVar(&f.data, "data", nil, "leads with their outcomes: Parquet files, globs or folders")
	cmd.Flags().StringVar(&f.spend, "spend", "", "CSV file of what was spent by period and source")
	cmd.Flags().StringSliceVar(&f.by, "by", nil, "columns to group by (default: source and segments)")
	cmd.Flags().StringVar(&f.asOf, "as-of", "", "day that maturity is measured at (default: the latest time in the data)")
	cmd.Flags().Float64Var(&f.roi, "target-roi", 0, "target return, 0.5 = 50 % (default: the model's); what changes is shown first")
	cmd.Flags().Float64Var(&f.hours, "capacity-hours", 0, "hours of the sales team in a month: an hour is then charged at what the next lead would bring")
	cmd.Flags().BoolVar(&f.arithmetic, "explain-arithmetic", false, "write out how each cap is reckoned")
	cmd.Flags().BoolVar(&f.leaks, "leaks", false, "add where leads are lost, stage by stage, for which reasons, what mending that is worth, and where a source is unlike the others")
	cmd.Flags().StringVar(&f.costs, "costs", "", "add what a lead cost at each stage, by source, and may cost at most: cohort (leads created in a period) or calendar (stages entered in it)")
	cmd.Flags().StringVar(&f.period, "period", string(budget.WholeWindow), "periods of --costs: window, quarter or month")
	f.goalFlags.add(cmd)
	f.contact.add(cmd)
	f.touchFlags.add(cmd)
	f.gateFlags.add(cmd)
	f.planFlags.add(cmd)
	cmd.Flags().IntVar(&f.workers, "workers", 0, "goroutines; 0 = one a processor")
	return cmd
}

func (a *app) budget(ctx context.Context, cmd *cobra.Command, f *budgetFlags) error {
	if len(f.data) == 0 && !f.asked() {
		return required("data", "")
	}
	o, err := f.options(cmd)
	if err != nil {
		return usageError{err}
	}
	if f.asked() {
		return a.recommend(ctx, cmd, f)
	}
	in, err := a.loadMoney(ctx, f)
	if err != nil {
		return err
	}
	o.Spend, o.Gates = in.spend, f.gates(cmd, in.model.Gates())
	e, err := in.model.Economics(in.table, o)
	if err != nil {
		return err
	}
	e.Notes = slices.Insert(e.Notes, 0, in.notes...)
	if f.contact.asked() && (e.Funnel == nil || e.Funnel.Contact == nil) {
		return errNoContact
	}
	if f.leaks && e.Funnel == nil {
		return errors.New("budget: --leaks: no column has the role created_at, so that no lead has a way through stages")
	}
	a.warn(e.Notes)
	return a.print(e, func(w io.Writer) { describeEconomics(w, e, f) })
}

// options are what the flags ask of the tier table.
func (f *budgetFlags) options(cmd *cobra.Command) (model.EconomicsOptions, error) {
	o := model.DefaultEconomicsOptions()
	o.By, o.AsOf = f.by, f.asOf
	if cmd.Flags().Changed("target-roi") {
		if !(f.roi > -1 && f.roi <= mostROI) {
			return o, fmt.Errorf("--target-roi: %v is not a share above -1 and up to %d, such as 0.25 for 25 %%", f.roi, mostROI)
		}
		o.ROI = &f.roi
	}
	if cmd.Flags().Changed("capacity-hours") {
		if !(f.hours >= 0) || math.IsInf(f.hours, 0) {
			return o, fmt.Errorf("--capacity-hours: %v is not a number of hours ≥ 0", f.hours)
		}
		o.Hours = &f.hours
	}
	var err error
	if o.Costs, err = costQuestions(f.costs, f.period); err != nil {
		return o, err
	}
	if o.Goal, err = f.goal(cmd); err != nil {
		return o, err
	}
	if o.Contact, err = f.contact.rules("--"); err != nil {
		return o, err
	}
	if err := f.gateFlags.validate(); err != nil {
		return o, err
	}
	if o.Touch, err = f.touch(cmd); err != nil {
		return o, err
	}
	return o, nil
}

// money is what money is reckoned with: a model, the leads, and what was spent on them.
type money struct {
	model *model.Model
	table *features.Table
	spend []budget.Spend // nil without --spend
	notes []model.Warning
}

// loadMoney reads what the flags name.
func (a *app) loadMoney(ctx context.Context, f *budgetFlags) (*money, error) {
	m, err := loadModel(f.model)
	if err != nil {
		return nil, err
	}
	in := &money{model: m}
	if f.spend != "" {
		if in.spend, err = readSpend(f.spend, m.Exchange()); err != nil {
			return nil, err
		}
	}
	d, err := datasets.Open(f.data)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if in.notes, err = repeatedLeads(ctx, d, m.Schema()); err != nil {
		return nil, err
	}
	in.table, err = a.loadTable(ctx, d, m.Schema(), termsOf(m), workerCount(f.workers))
	return in, err
}
