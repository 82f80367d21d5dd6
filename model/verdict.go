package model

import (
	"fmt"
	"math"
)

// verdict says in one plain sentence how good the model is.
func verdict(t *Training) string {
	h := t.Holdout
	if h == nil {
		return fmt.Sprintf("Fitted on %d leads with %.0f conversions (%.2f %%); nothing was held out, so nothing is known about how well it predicts.",
			t.Data.Used, t.Data.Conversions, 100*t.Data.BaseRate)
	}
	if h.AUCCI[0] <= 0.5 {
		return fmt.Sprintf("No better than the base rate: on %d leads that the model had not seen, its ranking (AUC %.3f, %s) cannot be told from chance.",
			h.Rows, h.AUC, percentInterval(h.AUCCI))
	}
	text := fmt.Sprintf("On %d leads that the model had not seen, the best-scored tenth converts %.1f times as often as the average (AUC %.3f, %s)",
		h.Rows, h.TopDecileLift, h.AUC, percentInterval(h.AUCCI))
	ratio := h.Mean / h.BaseRate
	switch {
	case h.LogLoss >= h.LogLossConstant:
		return text + fmt.Sprintf("; but its probabilities are worse than the base rate alone (mean %.2f %%, %.2f %% converted): rank by it, do not pay by it.", 100*h.Mean, 100*h.BaseRate)
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
	rareWins         = 100  // conversions
	optimism         = 0.03 // AUC by which random folds may exceed the holdout
	driftRatio       = 1.5  // of the holdout's base rate to that before it
	separateLevel    = 30   // leads of a level that all have one outcome
	extremeNumber    = 50   // standard deviations
	crowdedPerColumn = 10   // conversions per coefficient
)

// doubts lists what a careful analyst would say about the data and the fit.
func (t *trainer) doubts(result *Training, f *fitted) []Warning {
	var w []Warning
	say := func(code, column, format string, args ...any) {
		w = append(w, Warning{Code: code, Column: column, Detail: fmt.Sprintf(format, args...)})
	}
	for _, name := range f.empty {
		say("empty_column", name, "has no value in the training leads and is left out")
	}
	d := result.Data
	if d.Conversions < rareWins {
		say("few_conversions", "", "only %.0f conversions: every figure is uncertain", d.Conversions)
	} else if d.Conversions < crowdedPerColumn*float64(len(f.encoder.Terms())) {
		say("few_conversions", "", "%.0f conversions for %d features: fewer than %d a feature", d.Conversions, len(f.encoder.Terms()), crowdedPerColumn)
	}
	for k := range f.encoder.Terms() {
		term := &f.encoder.Terms()[k]
		var n float64
		for _, count := range term.Histogram {
			n += count
		}
		if share := term.Histogram[len(term.Histogram)-1] / n; share > muchMissing {
			say("much_missing", term.Name, "missing on %.0f %% of the leads", 100*share)
		}
		if term.IsNumber() && term.Min == term.Max || !term.IsNumber() && term.Size() == 1 {
			say("constant_column", term.Name, "has the same value on every training lead")
		}
		if term.IsNumber() && max(term.Max-term.Mean, term.Mean-term.Min) > extremeNumber*term.SD {
			say("extreme_number", term.Name, "reaches %.4g, %.0f standard deviations from its mean: one lead can steer the model", farthest(term.Min, term.Max, term.Mean), max(term.Max-term.Mean, term.Mean-term.Min)/term.SD)
		}
	}
	for _, name := range t.oneSided(f) {
		say("one_sided_level", name.column, "%s", name.detail)
	}
	if h := result.Holdout; h != nil {
		if result.Folds != nil && result.Folds.AUC > h.AUC+optimism {
			say("random_folds_flatter", "", "random folds give AUC %.3f, the holdout %.3f: the world drifts, believe the holdout", result.Folds.AUC, h.AUC)
		}
		before := (d.Conversions - h.Conversions) / math.Max(1, float64(d.Used-h.Rows))
		if ratio := h.BaseRate / before; t.weights == nil && (ratio > driftRatio || ratio < 1/driftRatio) {
			say("base_rate_drift", "", "%.2f %% converted before the holdout, %.2f %% in it", 100*before, 100*h.BaseRate)
		}
	}
	return w
}

func farthest(low, high, mean float64) float64 {
	if mean-low > high-mean {
		return low
	}
	return high
}

type oneSided struct{ column, detail string }

// oneSided finds levels of some size that never, or always, convert: only the penalty keeps their
// coefficients finite.
func (t *trainer) oneSided(f *fitted) []oneSided {
	var found []oneSided
	for k := range f.encoder.Terms() {
		term := &f.encoder.Terms()[k]
		if term.IsNumber() {
			continue
		}
		leads, won := make([]int, term.Size()), make([]int, term.Size())
		for i, code := range f.encoder.Codes(k, t.table, t.rows, nil) {
			if code.Level >= 0 {
				leads[code.Level]++
				won[code.Level] += int(t.converted[t.rows[i]])
			}
		}
		for level, n := range leads {
			if n >= separateLevel && (won[level] == 0 || won[level] == n) {
				word := "never"
				if won[level] > 0 {
					word = "always"
				}
				found = append(found, oneSided{term.Name, fmt.Sprintf("level %q %s converts (%d leads): only the penalty keeps its coefficient finite", term.LevelName(level), word, n)})
			}
		}
	}
	return found
}
