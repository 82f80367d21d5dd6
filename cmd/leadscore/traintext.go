package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// text prints the result for people.
func (o *trainOutput) text(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", o.Verdict.Sentence)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(t, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	d := o.Data
	row("leads", "%s, %s used, %s younger than the horizon%s", budget.Count(d.Rows), budget.Count(d.Used), budget.Count(d.Immature), youngUsed(d))
	row("conversions", "%s (%.2f %%)", budget.Count(d.Conversions), 100*d.BaseRate)
	if d.From != "" {
		row("created", "%s to %s, as of %s", day(d.From), day(d.To), day(d.AsOf))
	}
	if h := o.Holdout; h != nil {
		row("holdout", "%s: %s leads; figures of a model fitted before them; the shipped model is %s", o.Split.Kind, budget.Count(h.Rows), shipped(o.Training))
		row("AUC", "%.4f (%.4f to %.4f)", h.AUC, h.AUCCI[0], h.AUCCI[1])
		if o.Folds != nil {
			row("", "%.4f on random folds, for comparison only", o.Folds.AUC)
		}
		row("log loss", "%.5f (the base rate alone: %.5f)", h.LogLoss, h.LogLossConstant)
		row("calibration", "slope %.3f, intercept %+.3f; ECE %.4f (%.4f expected by chance)", h.CalibrationSlope, h.CalibrationIntercept, h.ECE, h.ECEExpected)
		row("top tenth", "converts %.2f times as often as the average", h.TopDecileLift)
	}
	row("model", "%s: %d features, %s coefficients, calibration %s", o.Fit.Recipe, o.Fit.Columns, budget.Count(o.Fit.Coefficients), o.Fit.Calibration.Kind)
	row("optimum", "objective %.4f, relative gradient %.1e, %d passes", o.Fit.Objective, o.Fit.GradientNorm, o.Fit.Passes)
	if o.Fit.Sampled != 0 {
		row("sample", "by outcome, with weights in the ratio of %.4g: fitted without them, the base rate restored", math.Exp(o.Fit.Sampled))
	}
	if d := o.Fit.Delay; d != nil {
		row("days to convert", "median (90 %%) %s", lagText(d))
		if d.Used > 0 {
			row("immature leads", "%s of %s have converted, %s of the others are expected to", budget.Count(d.Converted), budget.Count(d.Used), budget.Count(d.Expected))
		}
	}
	if o.Value.Kind != model.ValueNone {
		discounted := ""
		if p := o.Training.Model.Policy(); p != nil && p.Discount > 0 {
			discounted = fmt.Sprintf(", at %s a year back to the day of the lead", budget.Percent(p.Discount))
		}
		row("value", "%s profit per sale%s, from %s sales (%s)", budget.Currency(o.Value.Currency).Format(o.Value.Mean), discounted, budget.Count(o.Value.Wins), o.Value.Kind)
	}
	if v := o.Value.ValueFigures; v != nil {
		row("", "%s sales held out: bias %.3f (%.3f to %.3f), Gini %.3f (%.3f to %.3f), D² %.3f", budget.Count(v.Sales), v.Bias, v.BiasCI[0], v.BiasCI[1], v.Gini, v.GiniCI[0], v.GiniCI[1], v.D2)
		c := budget.Currency(o.Value.Currency)
		row("best fifth", "made %s by expected value, %s by probability alone", c.Format(math.Round(v.CapacityProfit)), c.Format(math.Round(v.CapacityConstant)))
	}
	if d := o.Value.ProfitByProbability; d != nil {
		row("p and profit", "beside the features, log profit moves by %+.3f a unit of log-odds (t %.1f)", d.Coefficient, d.T)
	}
	if d := o.Value.ProbabilityByProfit; d != nil {
		row("", "beside the probability, log-odds move by %+.3f a unit of log profit (t %.1f)", d.Coefficient, d.T)
	}
	row("leaks", "%s", leakText(o.Leaks))
	row("cost", "%.2f CPU s, %.2f s, %.0f MB", o.Cost.TotalCPU, o.Cost.Wall, float64(o.Cost.MaxRSS)/1e6)
	_ = t.Flush()
	fmt.Fprintf(w, "\nmodel %s (%s)\n", o.Model.Path, o.Model.Version)
	if o.Report != "" {
		fmt.Fprintf(w, "report %s\n", o.Report)
	}
}

// leakText says what looking for leaks found.
func leakText(l *model.LeakScan) string {
	switch {
	case l.Rows == 0:
		return "the scan was " + l.Note
	case len(l.Suspects) == 0:
		return fmt.Sprintf("no suspect, by %s leads", budget.Count(l.Rows))
	}
	names := make([]string, len(l.Suspects))
	for i, s := range l.Suspects {
		names[i] = s.Column
	}
	return fmt.Sprintf("suspected by %s leads, see the warnings: %s", budget.Count(l.Rows), strings.Join(names, ", "))
}

// youngUsed says how many immature leads are in the fit.
func youngUsed(d model.DataSummary) string {
	if d.YoungUsed == 0 {
		return ""
	}
	return fmt.Sprintf(", of which %s by what is open of them", budget.Count(d.YoungUsed))
}

// lagText says how long conversions take.
func lagText(d *model.Delay) string {
	parts := make([]string, len(d.Curves))
	for i, c := range d.Curves {
		name := ""
		switch {
		case c.Level != "":
			name = c.Level + " "
		case d.By != "" && c.Conversions == 0:
			continue
		case d.By != "":
			name = "others "
		}
		parts[i] = fmt.Sprintf("%s%.0f (%.0f)", name, c.Median, c.P90)
	}
	text := strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), ", ")
	if d.By != "" {
		text = "by " + d.By + ": " + text
	}
	return text
}

// day is the date of an RFC 3339 time.
func day(text string) string { return strings.SplitN(text, "T", 2)[0] }

func shipped(t *model.Training) string {
	switch {
	case t.Verdict.Code == model.VerdictNoBetter:
		return "the base rate"
	case t.Split.Refitted:
		return "refitted on all mature leads"
	}
	return "that one"
}
