package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

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
	target := fmt.Sprintf("target return %s on %s", budget.Percent(e.Policy.ROI), basisWords(e.Policy.Basis))
	if e.Policy.Discount > 0 {
		target += fmt.Sprintf("; profits at their present value on the day of the lead, %s a year", budget.Percent(e.Policy.Discount))
	}
	paragraph(w, "%s", target)
	describeTable(w, e)
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
	if len(e.CostTables) > 0 {
		describeStageCaps(w, e)
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

// describeTable prints the tier table: by source and segments, then by tier.
func describeTable(w io.Writer, e *model.Economics) {
	c, total := e.Policy.Currency, &e.Total
	for from := 0; from < len(e.Rows); {
		to := from
		for to < len(e.Rows) && e.Rows[to].By == e.Rows[from].By {
			to++
		}
		describeRows(w, e.Rows[from:to], total, c, e.Level)
		from = to
	}
	switch {
	case len(e.Tiers) > 0 && len(e.Rows) > 0: // all leads stand above
		describeRows(w, e.Tiers, nil, c, e.Level)
	case len(e.Tiers) > 0:
		describeRows(w, e.Tiers, total, c, e.Level)
	case len(e.Rows) == 0:
		describeRows(w, []model.EconomicRow{*total}, nil, c, e.Level)
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
	for i := range e.Rows {
		for _, text := range rowNotes(&e.Rows[i], c) {
			paragraph(w, "%s: %s", e.Rows[i].Value, text)
		}
	}
	if text := e.TooFewWords(); text != "" {
		paragraph(w, "too few leads to go by: %s", text)
	}
	if text := e.PrecisionWords(); text != "" {
		paragraph(w, "how well it is known: %s", text)
	}
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
		fmt.Fprint(w, wrapped("  ", fmt.Sprintf("sales cost: Σ of each stage's cost × the share of leads that reach it; rates of %s, p for the sale", e.StageRates)))
	}
}
