package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/leadscore/leadscore/budget"
)

// describePlan prints the recommendation for people: what changes first, then what to do and what binds.
func describePlan(w io.Writer, r *budget.PlanResult) {
	c := r.Plan.Limits.Currency
	if r.Difference != nil {
		describePlanDifference(w, r.Difference, c)
	}
	paragraph(w, "recommended: %s", r.Summary)
	paragraph(w, "what binds: %s", r.Binds)
	describeAdvice(w, r)
	describeOutcomes(w, r)
	if r.Capacity != nil {
		fmt.Fprintln(w)
		paragraph(w, "hours: %s", r.Capacity.Words)
	}
	if r.Experiments != nil {
		describeExperiments(w, r)
	}
	if m := movesOf(r); m != nil {
		describeMoves(w, r, m)
	}
	describeScenarios(w, r.Scenarios, c)
	describeTornado(w, r.Tornado, c)
	k := r.Certificate
	fmt.Fprintln(w)
	paragraph(w, "proof: the next unit of money brings %.6g on every source between its bounds (to %s); nothing is better by more than %s of the whole", k.Lambda, tiny(k.Spread), tiny(k.Gap))
	fmt.Fprintf(w, "plan %s, model %s\n", shortHash(r.Fingerprint), shortHash(r.Plan.Model))
}

// tiny writes a share that should be nothing.
func tiny(share float64) string {
	if share < 1e-9 {
		return "a billionth"
	}
	return fmt.Sprintf("%.0e", share)
}

// shortHash is the start of a hash.
func shortHash(text string) string {
	if text == "" {
		return "unnamed"
	}
	return text[:min(len(text), 12)]
}

func describePlanDifference(w io.Writer, d *budget.Difference, c budget.Currency) {
	paragraph(w, "what changes: %s", d.Text)
	fmt.Fprintln(w)
	if len(d.Rows) > 0 {
		t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "source\tbefore\tnow\tdifference\t")
		for _, row := range d.Rows {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", row.Name, row.Before, row.After, c.Signed(row.Change))
		}
		_ = t.Flush()
		fmt.Fprintln(w)
	}
	if d.Binds != "" {
		paragraph(w, "before, what bound: %s", d.Binds)
		fmt.Fprintln(w)
	}
}

func describeAdvice(w io.Writer, r *budget.PlanResult) {
	c := r.Plan.Limits.Currency
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "source\ttoday\tplan\t80 % band\tchange\tleads\tcost of a lead\tof the last\tmax CPL\taverage stop\tmarginal stop\tprofit max\tnotes\t")
	for i, cells := range r.Cells() {
		x := &r.Sources[i]
		span := "–"
		if r.Confidence != nil {
			low, _ := r.Confidence.Bands[i].Low.Value()
			high, _ := r.Confidence.Bands[i].High.Value()
			span = c.Format(float64(int(low))) + "–" + c.Format(float64(int(high)))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", x.Name, cells.Current, cells.Spend, span, cells.Change, x.Leads,
			cells.AverageCost, cells.LastCost, cells.Cap, stop(c, x.Stops.Average), stop(c, x.Stops.Marginal), stop(c, x.Stops.ProfitMax), strings.Join(x.Notes(), ", "))
	}
	_ = t.Flush()
}

// stop writes the spend to stop at, in whole units and never above it.
func stop(c budget.Currency, f budget.Figure) string {
	x, known := f.Value()
	switch {
	case !known:
		return inWords(string(f.Reason()))
	case x >= 1e9:
		return fmt.Sprintf("%.3g", x)
	}
	return c.Format(float64(int64(x)))
}

func describeOutcomes(w io.Writer, r *budget.PlanResult) {
	c := r.Plan.Limits.Currency
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tspend\tleads\tsales\tgross profit\tsales cost\tprofit\tROI\thours\t")
	money := func(of func(o *budget.Outcomes) float64) [2]string {
		now, planned := budget.Known(of(&r.Now)), budget.Known(of(&r.Planned))
		column := c.Prices(now, planned)
		return [2]string{column.Write(now), column.Write(planned)}
	}
	spend := money(func(o *budget.Outcomes) float64 {
		if o == &r.Planned {
			return r.Spend.Major() // in whole cents, as each source's
		}
		return o.Spend
	})
	value := money(func(o *budget.Outcomes) float64 { return o.Value })
	cost := money(func(o *budget.Outcomes) float64 { return o.SalesCost })
	profit := money(func(o *budget.Outcomes) float64 { return o.Profit })
	for i, o := range []*budget.Outcomes{&r.Now, &r.Planned} {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\t%s\t\n", [...]string{"today", "plan"}[i], spend[i], budget.Count(o.Leads), o.Sales, value[i],
			cost[i], profit[i], returnFigure(o.ROI), budget.Count(o.Hours))
	}
	_ = t.Flush()
}

func describeExperiments(w io.Writer, r *budget.PlanResult) {
	tried := slices.ContainsFunc(r.Experiments.Arms, func(a budget.ArmAdvice) bool { return a.Money.Minor > 0 })
	if tried {
		fmt.Fprintln(w)
		paragraph(w, "%s are kept for experiments: at least %s for each arm that goes on, the rest by the chance of bringing the most for the money",
			r.Reserve, budget.Percent(r.Experiments.Floor))
	} else {
		fmt.Fprintln(w)
		paragraph(w, "%s are kept for experiments on something new: of every source here it is decided whether its price is within the cap", r.Reserve)
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "arm\tspend\tshare\tleads\tbest with\tprice within cap with\tverdict\t")
	for _, arm := range r.Experiments.Arms {
		share, leads, best := "–", "–", "–"
		if arm.Verdict == budget.GoOn {
			share, leads, best = fmt.Sprintf("%.0f %%", 100*arm.Share), budget.Count(arm.Leads), fmt.Sprintf("%.0f %%", 100*arm.Best)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.0f %%\t%s\t\n", arm.Name, arm.Money, share, leads, best, 100*arm.CapAbove, inWords(string(arm.Verdict)))
	}
	_ = t.Flush()
	var parts []string
	for _, p := range r.Experiments.Power {
		leads := "never"
		if n, known := p.Leads.Value(); known {
			leads = budget.Count(n)
		}
		parts = append(parts, fmt.Sprintf("+%.0f %%: %s", 100*p.Lift, leads))
	}
	paragraph(w, "leads an arm needs to show a lift of its win rate (power 80 %%, two-sided 5 %%): %s", strings.Join(parts, ", "))
}

// movesOf are the smaller moves that are advised, nil if the plan itself is likely enough to be better.
func movesOf(r *budget.PlanResult) *budget.Moves {
	if r.Confidence == nil {
		return nil
	}
	return r.Confidence.Moves
}

func describeMoves(w io.Writer, r *budget.PlanResult, m *budget.Moves) {
	better, _ := m.Better.Value()
	if m.Step == 0 {
		fmt.Fprintln(w)
		paragraph(w, "no move is 80 %% likely to be better: stay, and let the experiments tell")
		return
	}
	var parts []string
	for i, x := range r.Sources {
		parts = append(parts, fmt.Sprintf("%s %s", x.Name, m.Money[i]))
	}
	fmt.Fprintln(w)
	paragraph(w, "smaller moves, %.0f %% of the way, are %.0f %% likely to be better: %s", 100*m.Step, 100*better, strings.Join(parts, ", "))
}

func describeScenarios(w io.Writer, scenarios []budget.Scenario, c budget.Currency) {
	if len(scenarios) == 0 {
		return
	}
	fmt.Fprintln(w, "\nwhat if:")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "  scenario\tspend\tsales\tprofit\twhat binds\t")
	for _, s := range scenarios {
		if s.Impossible != "" {
			fmt.Fprintf(t, "  %s\t–\t–\t–\t%s\t\n", s.Name, s.Impossible)
			continue
		}
		fmt.Fprintf(t, "  %s\t%s\t%+.2f\t%s\t%s\t\n", s.Name, c.Signed(s.Spend), s.Sales, c.Signed(s.Profit), s.Binds)
	}
	_ = t.Flush()
}

// tornadoRows is how many doubts are printed.
const tornadoRows = 10

// describeTornado prints which doubt moves the profit most.
func describeTornado(w io.Writer, rows []budget.TornadoRow, c budget.Currency) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w, "\nwhat is not well known, and what it does to the profit, one standard error to either side:")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tlower\thigher\t")
	end := func(f budget.Figure) string {
		if x, known := f.Value(); known {
			return c.Signed(x)
		}
		return "not possible"
	}
	for _, row := range rows[:min(len(rows), tornadoRows)] {
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", row.Name, end(row.Low), end(row.High))
	}
	_ = t.Flush()
}
