package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

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
	cmd.Flags().BoolVar(&f.leaks, "leaks", false, "add where leads are lost, stage by stage, for which reasons, and what mending that is worth")
	cmd.Flags().StringVar(&f.costs, "costs", "", "add what a lead cost at each stage, by source: cohort (leads created in a period) or calendar (stages entered in it)")
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
	o := model.DefaultEconomicsOptions()
	o.By, o.AsOf = f.by, f.asOf
	if cmd.Flags().Changed("target-roi") {
		if !(f.roi > -1 && f.roi <= mostROI) {
			return usageError{fmt.Errorf("--target-roi: %v is not a share above -1 and up to %d, such as 0.25 for 25 %%", f.roi, mostROI)}
		}
		o.ROI = &f.roi
	}
	if cmd.Flags().Changed("capacity-hours") {
		if !(f.hours >= 0) || math.IsInf(f.hours, 0) {
			return usageError{fmt.Errorf("--capacity-hours: %v is not a number of hours ≥ 0", f.hours)}
		}
		o.Hours = &f.hours
	}
	var err error
	if o.Costs, err = costQuestions(f.costs, f.period); err != nil {
		return usageError{err}
	}
	if o.Goal, err = f.goal(cmd); err != nil {
		return usageError{err}
	}
	if o.Contact, err = f.contact.rules("--"); err != nil {
		return usageError{err}
	}
	if err := f.gateFlags.validate(); err != nil {
		return usageError{err}
	}
	if o.Touch, err = f.touch(cmd); err != nil {
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
	e.Notes = append(in.notes, e.Notes...)
	if f.contact.asked() && (e.Funnel == nil || e.Funnel.Contact == nil) {
		return errNoContact
	}
	if f.leaks && e.Funnel == nil {
		return errors.New("budget: --leaks: no column has the role created_at, so that no lead has a way through stages")
	}
	a.warn(e.Notes)
	return a.print(e, func(w io.Writer) { describeEconomics(w, e, f) })
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

// describeEconomics prints the tier table for people, what changes first.
func describeEconomics(w io.Writer, e *model.Economics, f *budgetFlags) {
	c := e.Policy.Currency
	if e.Change != nil {
		describeChange(w, e.Change, c)
	}
	if e.Hours != nil {
		paragraph(w, "%s", e.Hours.Words)
		fmt.Fprintln(w)
	}
	if e.Goal != nil {
		describeGoal(w, e.Goal)
	}
	fmt.Fprintf(w, "%s leads, %s of them mature, as of %s; model %s\n", budget.Count(e.Leads), budget.Count(e.Mature), day(e.AsOf), e.Model.Version)
	fmt.Fprintf(w, "target return %s on %s", budget.Percent(e.Policy.ROI), basisWords(e.Policy.Basis))
	if e.Policy.Discount > 0 {
		fmt.Fprintf(w, "; profits at their present value on the day of the lead, %s a year", budget.Percent(e.Policy.Discount))
	}
	fmt.Fprintln(w)
	rows := append([]model.EconomicRow{}, e.Rows...)
	for from := 0; from < len(rows); {
		to := from
		for to < len(rows) && rows[to].By == rows[from].By {
			to++
		}
		describeRows(w, rows[from:to], &e.Total, c, e.Level)
		from = to
	}
	switch total := &e.Total; {
	case len(e.Tiers) > 0 && len(rows) > 0: // all leads stand above
		describeRows(w, e.Tiers, nil, c, e.Level)
	case len(e.Tiers) > 0:
		describeRows(w, e.Tiers, total, c, e.Level)
	case len(rows) == 0:
		describeRows(w, []model.EconomicRow{*total}, nil, c, e.Level)
	}
	describeWords(w, e)
	if e.Qualified != nil {
		describeQualified(w, e.Qualified)
	}
	if e.Touch != nil {
		describeTouch(w, e)
	}
	for i := range e.CostTables {
		describeCosts(w, &e.CostTables[i], c)
	}
	if f.leaks {
		describeLeaks(w, e.Funnel, c, e.Level)
	}
	if f.arithmetic {
		describeArithmetic(w, e)
	} else {
		fmt.Fprintln(w, "\n--explain-arithmetic writes out how each cap is reckoned")
	}
}

// basisWords says what counts as the investment.
func basisWords(b budget.Basis) string {
	switch b {
	case budget.InInvestment:
		return "the price of a lead and its sales cost"
	case budget.CostOfSale:
		return "the price of a lead, after its sales cost"
	}
	return "the price of a lead"
}

func describeChange(w io.Writer, change *model.TargetChange, c budget.Currency) {
	paragraph(w, "what changes: %s", change.Why)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "group\tcap before\tcap now\tdifference\tat the actual cost\t")
	rows := make([][3]budget.Figure, len(change.Rows))
	var amounts []budget.Figure
	for i, r := range change.Rows {
		x, _ := r.Before.Value()
		y, _ := r.After.Value()
		x, y = c.RoundDown(x), c.RoundDown(y)
		rows[i] = [3]budget.Figure{budget.Known(x), budget.Known(y), budget.Known(c.Difference(y, x))}
		amounts = append(amounts, rows[i][:]...)
	}
	caps := c.Prices(amounts...)
	for i, r := range change.Rows {
		verdict := inWords(r.Is)
		if r.Was != r.Is {
			verdict = inWords(r.Was) + " → " + verdict
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", rowName(r.By, r.Value), caps.Write(rows[i][0]), caps.Write(rows[i][1]), caps.Write(rows[i][2]), verdict)
	}
	_ = t.Flush()
	fmt.Fprintln(w)
}

// rowName is the name of a group; all leads have none.
func rowName(by, name string) string {
	if by == "" {
		return "(all leads)"
	}
	return name
}

// maximum writes a cap, rounded down.
func maximum(c budget.Currency, f budget.Figure) string {
	x, known := f.Value()
	if !known {
		return "–"
	}
	return c.AtMost(x)
}

// estimate writes an amount, rounded to the nearest.
func estimate(c budget.Currency, f budget.Figure) string {
	if x, known := f.Value(); known {
		return c.Format(x)
	}
	return "–"
}

func percentFigure(f budget.Figure) string {
	if x, known := f.Value(); known {
		return fmt.Sprintf("%.2f %%", 100*x)
	}
	return "–"
}

// returnFigure writes a return on investment, in percent with one place.
func returnFigure(f budget.Figure) string {
	if x, known := f.Value(); known {
		return fmt.Sprintf("%.1f %%", 100*x)
	}
	return "–"
}

// columnsMeaning is what the heads of the tier table stand for.
const columnsMeaning = "p: share of the leads that convert; profit/sale: of one that does; value: expected profit of a lead, the mean over its leads; " +
	"max CPL: the most that a lead may cost to meet the target; cautious: the 20th percentile of that, to bid for more of what little is known of; " +
	"headroom: max CPL less actual CPL; ROI: at the actual CPL"

// describeWords says what a reader of the table must not miss.
func describeWords(w io.Writer, e *model.Economics) {
	c := e.Policy.Currency
	fmt.Fprintf(w, "\n%s\n", wrapped("  ", columnsMeaning))
	var few []string
	for i := range e.Rows {
		if r := &e.Rows[i]; r.Few {
			few = append(few, fmt.Sprintf("%s (%s)", r.Value, budget.Count(r.Leads)))
		}
		for _, text := range rowNotes(&e.Rows[i], c) {
			paragraph(w, "%s: %s", e.Rows[i].Value, text)
		}
	}
	describeFew(w, few)
	paragraph(w, "averages: %s", e.Total.Group.Words(c, e.Policy.Target))
	if e.Whales != nil {
		describeWhales(w, e.Whales, c)
	}
	if e.Funnel != nil && e.Funnel.Contact != nil {
		describeContact(w, e.Funnel.Contact, c)
	}
	if e.NewBuyers != nil {
		paragraph(w, "new buyers: %s", e.NewBuyers.Words)
	}
	if text := young(e.Total.Costs); text != "" {
		paragraph(w, "young leads: %s", text)
	}
}

// describeWhales sets caps beside those without the best sales.
func describeWhales(w io.Writer, x *model.Whales, c budget.Currency) {
	parts := make([]string, len(x.Rows))
	for i, r := range x.Rows {
		parts[i] = fmt.Sprintf("%s %s (%s)", rowName(r.By, r.Value), maximum(c, r.Without), maximum(c, r.Cap))
	}
	paragraph(w, "great sales: %s", x.Words)
	paragraph(w, "caps without them (with them): %s", strings.Join(parts, ", "))
}

// young says how many sales are still to come of leads that are too young, "" if none is.
func young(costs *budget.Costs) string {
	if costs == nil || !costs.Maturity.Immature {
		return ""
	}
	m := &costs.Maturity
	share, _ := m.MatureShare.Value()
	expected, known := m.ExpectedWins.Value()
	if !known {
		return fmt.Sprintf("%s won so far; how many in the end cannot be told, for no lead is old enough to learn from", budget.Count(costs.Counts[len(costs.Counts)-1]))
	}
	return fmt.Sprintf("%s won so far, %s expected in the end, because %s of the leads are younger than the sales cycle; --costs cohort says it of each source",
		budget.Count(costs.Counts[len(costs.Counts)-1]), budget.Count(expected), budget.Percent(math.Round(1e3*(1-share))/1e3))
}

// rowNotes are a purchase at a loss, below the target or in doubt, and, of leads that are not few, no outcome and no
// sale yet.
func rowNotes(r *model.EconomicRow, c budget.Currency) (notes []string) {
	if r.Purchase != nil && r.Purchase.Verdict != budget.WithinCap {
		notes = append(notes, r.Words)
	}
	if r.Few {
		return notes
	}
	if r.Mature == 0 {
		notes = append(notes, "no lead with a known outcome yet: the cap is the model's word alone")
	}
	if r.Won == 0 && r.Costs != nil {
		if below, known := r.Costs.WinRateBelow.Value(); known {
			old := r.Costs.Counts[0]
			if share, aged := r.Costs.Maturity.MatureShare.Value(); aged {
				old *= share
			}
			text := fmt.Sprintf("no sale of %s leads that had the time, so with 95 %% confidence fewer than %s are won", budget.Count(old), budget.Percent(below))
			if least, priced := r.Costs.PerSaleAtLeast.Value(); priced && least > 0 {
				text += fmt.Sprintf(" and one costs at least %s", c.Format(least))
			}
			notes = append(notes, text)
		}
	}
	return notes
}

// describeFew names the groups that are too small to say more of.
func describeFew(w io.Writer, groups []string) {
	const named = 12
	switch n := len(groups); {
	case n == 0:
		return
	case n > named:
		groups = append(groups[:named:named], budget.Count(n-named)+" more")
	}
	paragraph(w, "too few leads to go by: %s", strings.Join(groups, ", "))
}

func describeArithmetic(w io.Writer, e *model.Economics) {
	fmt.Fprintln(w, "\nhow each cap is reckoned:")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	eachRow(e, func(r *model.EconomicRow) {
		if r.Arithmetic != "" {
			fmt.Fprintf(t, "  %s\t%s\n", rowName(r.By, r.Value), r.Arithmetic)
		}
	})
	_ = t.Flush()
	if len(e.Policy.StageCosts) > 0 {
		fmt.Fprintf(w, "  sales cost: Σ of each stage's cost × the share of leads that reach it; rates of %s, p for the sale\n", e.StageRates)
	}
}
