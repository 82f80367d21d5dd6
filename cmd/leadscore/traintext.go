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

// facts writes a table of names and what is said of them, on several lines if it is long.
type facts struct{ io.Writer }

// factNames is the width of the names of facts with the space around them.
const factNames = 19

func (t facts) row(name, format string, args ...any) {
	for i, line := range linesOf(fmt.Sprintf(format, args...), textWidth-factNames-2) {
		if i > 0 {
			name, line = "", "  "+line
		}
		fmt.Fprintf(t, "  %s\t%s\n", name, line)
	}
}

// text prints the result for people.
func (o *trainOutput) text(w io.Writer) {
	fmt.Fprintln(w, wrapped("", o.Verdict.Sentence))
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	t := facts{table}
	d := o.Data
	t.row("leads", "%s, %s used, %s younger than the horizon%s", budget.Count(d.Rows), budget.Count(d.Used), budget.Count(d.Immature), youngUsed(d))
	t.row("conversions", "%s (%.2f %%)", budget.Count(d.Conversions), 100*d.BaseRate)
	if d.From != "" {
		t.row("created", "%s to %s, as of %s", day(d.From), day(d.To), day(d.AsOf))
	}
	if o.Holdout != nil {
		o.describeHoldout(t)
	}
	o.describeFit(t)
	o.describeValue(t)
	t.row("leaks", "%s", leakText(o.Leaks))
	t.row("cost", "%.2f CPU s, %.2f s, %.0f MB", o.Cost.TotalCPU, o.Cost.Wall, float64(o.Cost.MaxRSS)/1e6)
	_ = table.Flush()
	fmt.Fprintf(w, "\nmodel %s (%s)\n", o.Model.Path, o.Model.Version)
	if o.Report != "" {
		fmt.Fprintf(w, "report %s\n", o.Report)
	}
}

// describeHoldout says how good the model is on leads that it had not seen.
func (o *trainOutput) describeHoldout(t facts) {
	h := o.Holdout
	t.row("holdout", "%s leads, %s; these figures are of a model that had not seen them; the shipped model is %s", budget.Count(h.Rows), splitWords(o.Split.Kind), shipped(o.Training))
	t.row("AUC", "%.4f (%.4f to %.4f)", h.AUC, h.AUCCI[0], h.AUCCI[1])
	if o.Folds != nil {
		t.row("", "%.4f on random folds, for comparison only", o.Folds.AUC)
	}
	t.row("log loss", "%.5f (the base rate alone: %.5f)", h.LogLoss, h.LogLossConstant)
	t.row("calibration", "slope %.3f, intercept %+.3f; ECE %.4f (%.4f expected by chance)", h.CalibrationSlope, h.CalibrationIntercept, h.ECE, h.ECEExpected)
	t.row("top tenth", "converts %.2f times as often as the average", h.TopDecileLift)
}

// describeFit says what was fitted, and to what.
func (o *trainOutput) describeFit(t facts) {
	f := o.Fit
	t.row("model", "recipe %s: %d features, %s coefficients; probabilities %s", f.Recipe, f.Columns, budget.Count(f.Coefficients), calibrationWords(&f.Calibration))
	t.row("optimum", "objective %.4f, relative gradient %.1e, %d passes", f.Objective, f.GradientNorm, f.Passes)
	if f.Sampled != 0 {
		t.row("sample", "by outcome, with weights in the ratio of %.4g: fitted without them, the base rate restored", math.Exp(f.Sampled))
	}
	if d := f.Delay; d != nil {
		t.row("days to convert", "median (90 %%) %s", lagText(d))
		if d.Used > 0 {
			t.row("immature leads", "%s of %s have converted, of the others %s will", budget.Count(d.Converted), budget.Count(d.Used), budget.Count(d.Expected))
		}
	}
}

// describeValue says what a sale is worth, and how well that is known.
func (o *trainOutput) describeValue(t facts) {
	v := &o.Value
	c := budget.Currency(v.Currency)
	switch {
	case v.Kind == model.ValueNone && v.Wins > 0:
		t.row("value", "%s sales brought %s each in the mean: no lead is worth a price", budget.Count(v.Wins), c.Format(v.Mean))
	case v.Kind != model.ValueNone:
		t.row("value", "%s profit per sale%s, from %s sales (%s)", c.Format(v.Mean), discounted(o.Training.Model.Policy()), budget.Count(v.Wins), v.Method())
	}
	if f := v.ValueFigures; f != nil {
		t.row("", "%s sales held out: bias %.3f (%.3f to %.3f), Gini %.3f (%.3f to %.3f), D² %.3f", budget.Count(f.Sales), f.Bias, f.BiasCI[0], f.BiasCI[1], f.Gini, f.GiniCI[0], f.GiniCI[1], f.D2)
		t.row("best fifth", "made %s by expected value, %s by probability alone", c.Format(math.Round(f.CapacityProfit)), c.Format(math.Round(f.CapacityConstant)))
	}
	if d := v.ProfitByProbability; d != nil {
		t.row("p and profit", "beside the features, log profit moves by %+.3f a unit of log-odds (t %.1f)", d.Coefficient, d.T)
	}
	if d := v.ProbabilityByProfit; d != nil {
		t.row("", "beside the probability, log-odds move by %+.3f a unit of log profit (t %.1f)", d.Coefficient, d.T)
	}
}

// discounted says what profits are discounted by, "" for nothing.
func discounted(p *budget.Policy) string {
	if p == nil || !(p.Discount > 0) {
		return ""
	}
	return fmt.Sprintf(", at %s a year back to the day of the lead", budget.Percent(p.Discount))
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
	return fmt.Sprintf(" (%s of them used as far as their age tells)", budget.Count(d.YoungUsed))
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

// splitWords says which leads a split holds out.
func splitWords(kind string) string {
	switch kind {
	case model.SplitTime:
		return "the latest ones"
	case model.SplitRowOrder:
		return "the last rows"
	case model.SplitRandom:
		return "drawn at random"
	}
	return inWords(kind)
}

// calibrationWords says what calibration does to the probabilities.
func calibrationWords(c *model.Calibration) string {
	if c.Intercept == 0 && c.Slope == 1 {
		return "as fitted"
	}
	return fmt.Sprintf("calibrated: %.3f × log-odds %+.3f", c.Slope, c.Intercept)
}

func shipped(t *model.Training) string {
	switch {
	case t.Verdict.Code == model.VerdictNoBetter:
		return "the base rate"
	case t.Split.Refitted:
		return "refitted on all mature leads"
	}
	return "that one"
}
