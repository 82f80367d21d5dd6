package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Verdict is the outcome of training in a word and a sentence.
type Verdict struct {
	Code     string `json:"code"` // one of those below
	Sentence string `json:"sentence"`
}

// The codes of a Verdict.
const (
	VerdictBetter   = "better_than_base_rate"    // Evidence excludes chance
	VerdictNoBetter = "no_better_than_base_rate" // it does not: the shipped model is the base rate
	VerdictUntested = "not_evaluated"            // nothing was held out
)

// verdict says in one plain sentence how good the model is.
func verdict(t *Training) Verdict {
	switch {
	case t.Holdout == nil || t.Evidence == nil:
		return Verdict{VerdictUntested, fmt.Sprintf("Fitted on %s leads with %s conversions (%.2f %%); nothing was held out, so nothing is known about how well it predicts.",
			budget.Count(t.Data.Used), budget.Count(t.Data.Conversions), 100*t.Data.BaseRate)}
	case !t.Evidence.passed():
		return Verdict{VerdictNoBetter, noBetter(t)}
	}
	return Verdict{VerdictBetter, better(t.Holdout, t.Evidence)}
}

// showable is an AUC that is worth having, of which a verdict says how many conversions would show it.
const showable = 0.6

// noBetter says what was tested and what it would take.
func noBetter(t *Training) string {
	e := t.Evidence
	if e.Ranks() {
		return fmt.Sprintf("No better than the base rate: on %s leads with %s conversions that the fits had not seen, the ranking is better than chance (AUC %.3f), but the probabilities are worse than the base rate alone (log loss higher by %.4f ± %.4f); the shipped model answers the base rate for every lead.",
			budget.Count(e.Leads), budget.Count(e.Wins), e.AUC, -e.Gain, e.GainSE)
	}
	text := fmt.Sprintf("No better than the base rate: on %s leads with %s conversions that the fits had not seen, the ranking (AUC %.3f, standard error %.3f) cannot be told from chance at the %.0f %% level%s; the shipped model answers the base rate for every lead.",
		budget.Count(e.Leads), budget.Count(e.Wins), e.AUC, e.SE, 100*e.Level, e.Columns.sentence())
	if need := math.Ceil(winsFor(showable) * t.Data.Conversions / float64(e.Wins)); need > t.Data.Conversions {
		return text + fmt.Sprintf(" It would take about %s conversions, not %s, to show an AUC of %.2f.", budget.Count(need), budget.Count(t.Data.Conversions), showable)
	}
	return text + fmt.Sprintf(" The conversions are enough to have shown an AUC of %.2f.", showable)
}

// better says how good the model is on the holdout. Whether its probabilities are better than the base rate is judged as
// the verdict is, by all folds and the base rate that each fit knew; the holdout's own rate nobody knew beforehand.
func better(h *Evaluation, e *Evidence) string {
	text := fmt.Sprintf("On %s leads that the model had not seen, the best-scored tenth converts %.1f times as often as the average (AUC %.3f, %s)",
		budget.Count(h.Rows), h.TopDecileLift, h.AUC, percentInterval(h.AUCCI))
	ratio := h.Mean / h.BaseRate
	switch {
	case e.Gain <= 0:
		return text + fmt.Sprintf("; but its probabilities are not shown to be better than the base rate alone (log loss higher by %.4f ± %.4f): rank by it, do not pay by it.", -e.Gain, e.GainSE)
	case h.LogLoss >= h.LogLossConstant:
		return text + fmt.Sprintf("; but its probabilities, better than the base rate known before, are worse than that of these leads (%.2f %% predicted, %.2f %% converted): rank by it, do not pay by it.", 100*h.Mean, 100*h.BaseRate)
	case math.Abs(math.Log(ratio)) > math.Log(1.1):
		return text + fmt.Sprintf("; its probabilities are off in level: %.2f %% predicted, %.2f %% converted.", 100*h.Mean, 100*h.BaseRate)
	case h.ECE > 2*h.ECEExpected:
		return text + fmt.Sprintf("; its probabilities are off by %.2f points on average.", 100*h.ECE)
	}
	return text + "; its probabilities can be taken at their word."
}

func percentInterval(i Interval) string {
	return fmt.Sprintf("%.0f %% interval %.3f–%.3f", 100*IntervalLevel, i[0], i[1])
}

// The bounds of training's doubts.
const (
	muchMissing      = 0.4  // share of leads without a value
	muchOutside      = 0.2  // share of the holdout outside the range of the fit
	rareWins         = 100  // conversions
	optimism         = 0.03 // AUC by which random folds may exceed the holdout
	driftRatio       = 1.5  // of the holdout's base rate to that before it
	separateLevel    = 30   // leads of a level that all have one outcome
	extremeNumber    = 50   // standard deviations
	crowdedPerColumn = 10   // conversions per feature
)

// doubts lists what a careful analyst would say about the data and the fit of the rows.
func (t *trainer) doubts(result *Training, f *fitted, rows []int32) []Warning {
	var w doubtList
	for _, name := range f.empty {
		w.say("empty_column", name, "has no value in the training leads and is left out")
	}
	d, count := result.Data, result.Fit.Columns
	if d.Conversions < rareWins {
		w.say("few_conversions", "", "only %.0f conversions: every figure is uncertain", d.Conversions)
	} else if d.Conversions < float64(crowdedPerColumn*count) {
		w.say("few_conversions", "", "%s conversions for %d features: fewer than %d a feature", budget.Count(d.Conversions), count, crowdedPerColumn)
	}
	for k := range f.encoder.Terms() {
		if t := &f.encoder.Terms()[k]; !t.IsPair() {
			w.aboutTerm(t)
		}
	}
	t.aboutLevels(&w, f, rows)
	if result.Holdout != nil {
		w.aboutHoldout(result)
	}
	return w
}

// doubtList collects warnings.
type doubtList []Warning

func (w *doubtList) say(code, column, format string, args ...any) {
	*w = append(*w, Warning{Code: code, Column: column, Detail: fmt.Sprintf(format, args...)})
}

func (w *doubtList) aboutTerm(t *features.Term) {
	if share := t.MissingWeight() / t.Weight(); share > muchMissing {
		w.say("much_missing", t.Name, "missing on %.0f %% of the leads", 100*share)
	}
	if t.IsNumber() && t.Min == t.Max || !t.IsNumber() && !t.Ordered() && len(t.Levels)+len(t.Pooled) == 1 || t.Ordered() && len(t.Edges) == 0 {
		w.say("constant_column", t.Name, "has the same value on every training lead that has one")
	}
	if !t.IsNumber() {
		return
	}
	farthest := t.Max
	if t.Mean-t.Min > t.Max-t.Mean {
		farthest = t.Min
	}
	if z := math.Abs(t.Standardise(farthest)); z > extremeNumber {
		w.say("extreme_number", t.Name, "reaches %.4g, %.0f standard deviations from its mean: one lead can steer the model", farthest, z)
	}
}

// aboutLevels finds levels of some size that never, or always, convert: only the penalty keeps their
// coefficients finite.
func (t *trainer) aboutLevels(w *doubtList, f *fitted, rows []int32) {
	for k := range f.encoder.Terms() {
		term := &f.encoder.Terms()[k]
		if term.IsNumber() || term.Ordered() || term.IsPair() {
			continue
		}
		leads, won := f.encoder.Count(k, t.table, t.whole(rows), t.converted)
		for level, n := range leads {
			if n < separateLevel || won[level] > 0 && won[level] < n {
				continue
			}
			word := "never"
			if won[level] > 0 {
				word = "always"
			}
			w.say("one_sided_level", term.Name, "level %q %s converts (%s leads): only the penalty keeps its coefficient finite", term.LevelName(level), word, budget.Count(n))
		}
	}
}

func (w *doubtList) aboutHoldout(result *Training) {
	d, h := result.Data, result.Holdout
	if result.Folds != nil && result.Folds.AUC > h.AUC+optimism {
		w.say("random_folds_flatter", "", "random folds give AUC %.3f, the holdout %.3f: the world drifts, believe the holdout", result.Folds.AUC, h.AUC)
	}
	before := portion(d.Conversions-h.Conversions, d.Conversions/d.BaseRate-h.Conversions/h.BaseRate)
	if ratio := h.BaseRate / before; ratio > driftRatio || ratio < 1/driftRatio {
		w.say("base_rate_drift", "", "%.2f %% converted before the holdout, %.2f %% in it", 100*before, 100*h.BaseRate)
	}
}

// extrapolations finds numbers, dates above all, that left the range of training in the holdout.
func (t *trainer) extrapolations(encoder *features.Encoder, held []int32) []Warning {
	var w doubtList
	for k := range encoder.Terms() {
		term := &encoder.Terms()[k]
		if !term.IsNumber() && !term.Ordered() || term.Min == term.Max {
			continue
		}
		at, outside := encoder.Values(k, t.table), 0
		for _, r := range held {
			if x := at(int(r)); x < term.Min || x > term.Max {
				outside++
			}
		}
		if share := float64(outside) / float64(len(held)); share > muchOutside {
			w.say("extrapolation", term.Name, "%.0f %% of the holdout lies outside the range that the model before it was fitted on: its effect is extrapolated", 100*share)
		}
	}
	return w
}
