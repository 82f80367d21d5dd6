package report

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/model"
)

// card is one key figure.
type card struct {
	Name, Value, Interval, Says string
	Sign, Judgement             string // a mark and its words
}

// warning is a doubt in the words of the page.
type warning struct{ Code, Column, Detail string }

// The marks of a judgement. Each stands before words that say the same.
const (
	good  = "✓"
	doubt = "!"
)

// verdict is the top of the page: one sentence, the key figures and what they are the figures of.
func (b *builder) verdict() *section {
	s := &section{ID: "verdict", Title: "Verdict", Question: "can this model be used?", Lead: clean(b.t.Verdict.Sentence)}
	if s.Lead == "" {
		s.Lead = "Training gave no verdict."
	}
	s.Text = []string{b.provenance(), b.folds()}
	h := b.t.Holdout
	if h == nil {
		s.Missing = b.holdoutMissing()
		return s
	}
	s.Cards = []card{aucCard(h, b.t.Evidence), lossCard(h, b.t.Evidence), slopeCard(h), liftCard(h)}
	s.Tables = []table{measureTable(h)}
	return s
}

// provenance says of which model the figures are, and which model is shipped, in one line.
func (b *builder) provenance() string {
	s, used := b.t.Split, plural(b.t.Data.Used, "mature lead")
	if s.HoldoutRows == 0 || b.t.Holdout == nil {
		return "The shipped model is fitted once, on all " + used + "; there are no holdout figures."
	}
	fit, held := count(float64(s.FitRows)), plural(s.HoldoutRows, "lead")
	var text string
	switch s.Kind {
	case "time":
		text = fmt.Sprintf("The holdout figures are those of a model fitted on the %s leads before the holdout and tested on the %s after them", fit, held)
	case "row_order":
		text = fmt.Sprintf("The holdout figures are those of a model fitted on the first %s rows and tested on the %s after them in the order of the rows", fit, held)
	default:
		text = fmt.Sprintf("The holdout figures are those of a model fitted on %s leads and tested on %s drawn at random, not later in time", fit, held)
	}
	switch {
	case b.t.Verdict.Code == model.VerdictNoBetter:
		return text + "; the shipped model is not that model but the base rate of all " + used + "."
	case s.Refitted:
		return text + "; the shipped model is refitted on all " + used + "."
	}
	return text + "; the shipped model is that same model, not refitted on the holdout."
}

// folds puts the figure of random folds beside, with its note.
func (b *builder) folds() string {
	f := b.t.Folds
	if f == nil || !finite(f.AUC) {
		return "An AUC of random folds, for comparison, is not available because training drew none."
	}
	text := fmt.Sprintf("Beside it: AUC %s over %s of %s", fixed(f.AUC, 3), plural(f.Count, "random fold"), plural(f.Rows, "lead"))
	if finite(f.LogLoss) && f.LogLoss > 0 {
		text += ", log loss " + fixed(f.LogLoss, 4)
	}
	if note := clean(f.Note); note != "" {
		return text + " (" + note + ")."
	}
	return text + ". Random folds flatter a model whose world drifts."
}

// levelName names the intervals of an evaluation, or, for nil, those of rates and effects.
func levelName(h *model.Evaluation) string {
	confidence := model.IntervalLevel
	if h != nil && h.Level > 0 && h.Level < 1 {
		confidence = h.Level
	}
	return roundPercent(confidence) + " interval"
}

// interval writes an interval with its level.
func interval(h *model.Evaluation, ci model.Interval, format func(float64) string) string {
	if !known(ci) {
		return "interval not available"
	}
	return levelName(h) + " " + between(ci, format)
}

// aucCard judges by what the verdict rests on, all leads that some fit had not seen; by the holdout where that is absent.
func aucCard(h *model.Evaluation, e *model.Evidence) card {
	c := card{Name: "AUC", Value: fixed(h.AUC, 3), Interval: interval(h, h.AUCCI, decimals(3))}
	if !finite(h.AUC) {
		return c
	}
	c.Says = fmt.Sprintf("Of a lead that converts and one that does not, the model scores the former higher %s times in 100.", fixed(100*h.AUC, 0))
	ranks := h.AUCCI[0] > 0.5
	switch {
	case e != nil:
		ranks = e.Ranks()
		c.Says += fmt.Sprintf(" Judged by %s: %s ± %s.", foldsOf(e), fixed(e.AUC, 3), fixed(e.SE, 3))
	case !known(h.AUCCI):
		return c
	}
	c.Sign, c.Judgement = good, "ranks better than chance"
	if !ranks {
		c.Sign, c.Judgement = doubt, "not shown to rank better than chance"
	}
	return c
}

// foldsOf names the leads that evidence is made of.
func foldsOf(e *model.Evidence) string {
	return fmt.Sprintf("%s in %s, the holdout among them, none seen by its fit", plural(e.Leads, "lead"), plural(e.Folds, "fold"))
}

// lossCard judges as aucCard does. Note: whether the interval of the holdout's figure reaches the constant's says little,
// since both would move together on other leads.
func lossCard(h *model.Evaluation, e *model.Evidence) card {
	c := card{Name: "Log loss", Value: fixed(h.LogLoss, 4), Interval: interval(h, h.LogLossCI, decimals(4))}
	if !finite(h.LogLoss, h.LogLossConstant) || h.LogLossConstant <= 0 {
		c.Says = "The log loss of a constant, to compare with, is not available."
		return c
	}
	gain := 1 - h.LogLoss/h.LogLossConstant
	c.Says = fmt.Sprintf("Always answering the base rate of the holdout gives %s: the model's is %s %s. Lower is better.", fixed(h.LogLossConstant, 4), percent(math.Abs(gain)), direction(gain))
	if e != nil {
		c.Says += fmt.Sprintf(" Judged by %s: %s ± %s %s than that of the base rate known to each fit.", foldsOf(e), fixed(math.Abs(e.Gain), 4), fixed(e.GainSE, 4), direction(e.Gain))
	}
	c.Sign, c.Judgement = lossJudgement(gain, e)
	return c
}

// lossJudgement judges the fall of the log loss from that of a constant.
func lossJudgement(gain float64, e *model.Evidence) (sign, judgement string) {
	switch {
	case e != nil && !e.Ranks():
		return doubt, "not shown to be better than a constant"
	case e != nil && e.Gain <= 0, e == nil && gain <= 0:
		return doubt, "no better than a constant"
	case gain <= 0:
		return doubt, "better than a constant, but not than the rate of the holdout itself"
	}
	return good, "better than a constant"
}

// direction says which way a log loss goes that falls by gain.
func direction(gain float64) string {
	if gain < 0 {
		return "higher"
	}
	return "lower"
}

func slopeCard(h *model.Evaluation) card {
	c := card{Name: "Calibration slope", Value: fixed(h.CalibrationSlope, 2), Interval: interval(h, h.CalibrationSlopeCI, decimals(2))}
	c.Says = fmt.Sprintf("1 is ideal. On average the model said %s and %s converted.", percent(h.Mean), percent(h.BaseRate))
	ci := h.CalibrationSlopeCI
	switch {
	case !known(ci):
	case ci[1] < 1:
		c.Sign, c.Judgement = doubt, "probabilities are too extreme"
	case ci[0] > 1:
		c.Sign, c.Judgement = doubt, "probabilities are too timid"
	case ci[0] <= 0:
		c.Sign, c.Judgement = doubt, "too few conversions to tell it from 0"
	default:
		c.Sign, c.Judgement = good, "agrees with 1"
	}
	return c
}

func liftCard(h *model.Evaluation) card {
	c := card{Name: "Top-decile lift", Value: fixed(h.TopDecileLift, 2) + space + "×", Interval: interval(h, h.TopDecileLiftCI, decimals(2))}
	if !finite(h.TopDecileLift, h.BaseRate) {
		c.Value = none
		return c
	}
	c.Says = fmt.Sprintf("The best-scored tenth converts at %s, all leads at %s.", percent(h.TopDecileLift*h.BaseRate), percent(h.BaseRate))
	switch ci := h.TopDecileLiftCI; {
	case !known(ci):
	case ci[0] > 1:
		c.Sign, c.Judgement = good, "the top is richer than the rest"
	default:
		c.Sign, c.Judgement = doubt, "not shown to be richer than the rest"
	}
	return c
}

// measureTable lists every figure of the holdout.
func measureTable(h *model.Evaluation) table {
	row := func(name, value string, ci model.Interval, digits int, ideal string) []string {
		return []string{name, value, between(ci, decimals(digits)), ideal}
	}
	alone := func(name, value, ideal string) []string { return []string{name, value, "–", ideal} }
	constant := "lower; the constant's is " + fixed(h.LogLossConstant, 4)
	return table{
		Caption: fmt.Sprintf("All figures of the holdout: %s, %s converted", plural(h.Rows, "lead"), count(h.Conversions)),
		Head:    []string{"Measure", "Value", levelName(h), "Better is"},
		Words:   map[int]bool{3: true},
		Rows: [][]string{
			row("AUC", fixed(h.AUC, 4), h.AUCCI, 4, "higher; 0.5 is chance"),
			row("Average precision", fixed(h.AveragePrecision, 4), h.AveragePrecisionCI, 4, "higher; chance is "+fixed(h.BaseRate, 4)),
			row("Log loss", fixed(h.LogLoss, 5), h.LogLossCI, 5, constant),
			row("Brier score", fixed(h.Brier, 5), h.BrierCI, 5, "lower"),
			row("Calibration slope", fixed(h.CalibrationSlope, 3), h.CalibrationSlopeCI, 3, "1"),
			row("Calibration intercept", fixed(h.CalibrationIntercept, 3), h.InterceptCI, 3, "0"),
			alone("ECE", fixed(h.ECE, 5), "lower; perfect probabilities show "+fixed(h.ECEExpected, 5)+" at this size"),
			row("Top-decile lift", fixed(h.TopDecileLift, 3), h.TopDecileLiftCI, 3, "higher; 1 is chance"),
			alone("Mean probability", percent(h.Mean), "the base rate"),
			alone("Base rate", percent(h.BaseRate), "–"),
		},
	}
}

// warnings lists the doubts of training.
func (b *builder) warnings() *section {
	s := &section{ID: "warnings", Title: "Warnings", Question: "what should give pause?"}
	if len(b.t.Warnings) == 0 {
		s.Lead = "Training has no doubts about the data or the model."
		return s
	}
	s.Warnings = warningsOf(b.t.Warnings)
	s.Lead = "Training has " + plural(len(s.Warnings), "doubt") + " about the data or the model. Read each before the figures are used."
	return s
}

// warningsOf are doubts as the page lists them.
func warningsOf(doubts []model.Warning) (list []warning) {
	for _, w := range model.Condensed(doubts) {
		list = append(list, warning{clean(w.Code), clean(w.Column), clean(w.Detail)})
	}
	return list
}
