package model

import (
	"context"
	"fmt"

	"github.com/leadscore/leadscore/model/logit"
)

// fit fits the problem from a start by rounds of expectation and maximisation at its penalties; a nil lagged is a
// problem of known outcomes, and one fit.
func (l *lagged) fit(ctx context.Context, p logit.Problem, start *logit.Fit, o logit.Options) (*logit.Fit, *Delay, error) {
	o.Start = start
	if l == nil {
		fit, err := logit.Minimise(ctx, p, o)
		return fit, nil, err
	}
	l.into(&p)
	asked := o.StandardErrors
	for rounds := 1; ; rounds++ {
		change := l.round(linearPredictor(&p, o.Start))
		last := change < settled || rounds == mostRounds
		if o.StandardErrors = logit.NoErrors; last {
			o.StandardErrors = asked
		}
		fit, err := logit.Minimise(ctx, p, o)
		if err != nil {
			return nil, nil, err
		}
		if last {
			return fit, l.summary(rounds), nil
		}
		o.Start = fit
	}
}

// tooYoung reports whether so few leads are mature that none can be held out, while a fit can do with immature ones.
func (t *trainer) tooYoung() bool {
	cut := t.cut(t.rows, 1-t.options.Holdout)
	return len(t.outcomes.young) > 0 && !(t.enough(t.rows[:cut]) && t.enough(t.rows[cut:]))
}

func (t *trainer) unevaluated() Warning {
	return Warning{Code: "nothing_held_out", Detail: fmt.Sprintf("%d of %d leads are mature, with %d conversions: too few to hold any out, so nothing is known about how well the model predicts",
		len(t.rows), len(t.rows)+len(t.outcomes.young), t.won(t.rows))}
}

// admitYoung lets the immature leads into the fits to come, if those are of every mature lead and lags are known of.
// Before the holdout they have no place: they are younger than all of it.
func (t *trainer) admitYoung(rows []int32) {
	times := t.options.Label.lagTimes(t.table, t.outcomes.asOf)
	young := t.outcomes.young
	if len(rows) == len(t.rows) && len(young) > 0 && len(t.dated(times, rows))+len(t.dated(times, young)) > 0 {
		t.young = young
	}
}

// addDelay completes what the fit of the rows says of lags, which it has learnt if immature leads were in it.
func (t *trainer) addDelay(result *Training, f *fitted, rows []int32) error {
	if len(t.young) == 0 {
		times := t.options.Label.lagTimes(t.table, t.outcomes.asOf)
		if times == nil {
			return nil
		}
		converted := t.dated(times, rows) // with every lead mature the others say nothing of lags
		m, err := t.newLagModel(converted)
		if m != nil {
			f.delay = m.over(t, converted).summary(0)
		}
		return err
	}
	d, data := f.delay, &result.Data
	d.Used, data.YoungUsed = len(t.young), len(t.young)
	var young tally
	for _, r := range t.young {
		young.add(t.weight(r), float64(t.converted[r]))
	}
	d.Converted = young.won
	if data.Used == 0 {
		data.Conversions = d.Converted + d.Expected
		data.BaseRate = portion(data.Conversions, young.weight)
	}
	t.aboutLags(result, d)
	return nil
}

// aboutLags says where the curves rest on nothing.
func (t *trainer) aboutLags(result *Training, d *Delay) {
	times := t.options.Label.lagTimes(t.table, t.outcomes.asOf)
	oldest := 0.0
	for _, r := range t.young {
		oldest = max(oldest, times.age(r))
	}
	if len(t.rows) == 0 && oldest < float64(times.steps) {
		result.Warnings = append(result.Warnings, Warning{Code: "no_mature_leads", Detail: fmt.Sprintf(
			"the oldest lead is %.0f days old, the horizon is %d: what converts later than that is not in the probabilities", oldest*float64(times.days), t.options.Label.Horizon)})
	}
}
