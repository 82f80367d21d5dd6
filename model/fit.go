package model

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// fitted is a linear predictor: an encoder and its coefficients, before calibration.
type fitted struct {
	encoder *features.Encoder
	empty   []string // features without a value in the rows
	linear  *logit.Fit
	mean    []float64 // weighted training mean of each term's effect
	spread  []float64 // and its standard deviation
}

// trainer runs fits and tells how far it got.
type trainer struct {
	*leads
	outcomes *outcomes
	options  Options
	step     int
	steps    int
}

// fit fits the recipe on the given rows.
func (t *trainer) fit(ctx context.Context, stage string, rows []int32, errorsToo bool) (*fitted, error) {
	t.step++
	encoder, empty, err := features.Fit(t.table, rows, t.weights)
	if err != nil {
		return nil, err
	}
	f := &fitted{encoder: encoder, empty: empty}
	problem := t.problem(encoder, rows)
	o := logit.DefaultOptions()
	o.Tolerance, o.Workers, o.Seed = t.options.Tolerance, t.options.Workers, t.options.Seed
	o.Reference = t.options.L2 == 0
	switch {
	case !errorsToo:
		o.StandardErrors = logit.NoErrors
	case t.options.SE == SEFull:
		o.StandardErrors = logit.FullErrors
	}
	if t.options.Progress != nil {
		o.Progress = func(p logit.Progress) {
			t.options.Progress(Progress{Stage: stage, Step: t.step, Steps: t.steps, Passes: p.Passes, GradientNorm: p.GradientNorm})
		}
	}
	if f.linear, err = logit.Minimise(ctx, problem, o); err != nil {
		return nil, named(err, encoder)
	}
	f.moments(problem)
	return f, nil
}

// problem hands the encoded rows to the solver; their memory is shared.
func (t *trainer) problem(encoder *features.Encoder, rows []int32) logit.Problem {
	design := encoder.Design(t.table, rows)
	p := logit.Problem{Rows: design.Rows, Labels: t.labels(rows), Weights: t.weightsFor(rows), Columns: make([]logit.Column, len(design.Columns))}
	for i, c := range design.Columns {
		p.Columns[i] = logit.Column{
			Codes: logit.Codes(c.Codes), Levels: c.Levels, Numbers: logit.Numbers(c.Numbers),
			Center: c.Center, Scale: c.Scale, Flag: c.Flag, Ridge: t.options.L2,
		}
	}
	return p
}

// moments computes mean and standard deviation of each term's effect over the rows of the fit, from its
// histogram of levels, or from the moments of z: mean 0 and variance 1 over the non-missing.
func (f *fitted) moments(p logit.Problem) {
	terms := f.encoder.Terms()
	f.mean, f.spread = make([]float64, len(terms)), make([]float64, len(terms))
	for k := range terms {
		t, beta := &terms[k], f.linear.Coefficients[k]
		var n, mean, square float64
		if t.IsNumber() {
			for _, count := range t.Histogram {
				n += count
			}
			missing := t.Histogram[len(t.Histogram)-1]
			if t.Min != t.Max {
				square = beta[0] * beta[0] * (n - missing) / n
			}
			if t.Missing {
				mean = beta[1] * missing / n
				square += beta[1] * beta[1] * missing / n
			}
		} else {
			for _, count := range t.Histogram {
				n += count
			}
			for i, b := range beta {
				mean += b * t.Histogram[i] / n
				square += b * b * t.Histogram[i] / n
			}
		}
		f.mean[k], f.spread[k] = mean, math.Sqrt(max(0, square-mean*mean))
	}
}

// model returns the uncalibrated model of the fit: enough to score, not yet an artifact.
func (f *fitted) model(c Calibration) (*Model, error) {
	m := &Model{encoder: f.encoder}
	d := &m.document
	d.Schema, d.Terms = f.encoder.Schema(), f.encoder.Terms()
	d.Intercept, d.InterceptSE, d.Calibration = f.linear.Intercept, f.linear.InterceptSE, c
	d.Value.Kind = ValueNone
	d.Coefficients = make([]coefficients, len(d.Terms))
	for k := range d.Terms {
		d.Coefficients[k] = coefficients{Feature: d.Terms[k].Name, Values: f.linear.Coefficients[k], Mean: f.mean[k], Spread: f.spread[k]}
		if f.linear.StandardErrors != nil {
			d.Coefficients[k].StandardErrors = f.linear.StandardErrors[k]
		} else {
			d.Coefficients[k].StandardErrors = []float64{}
		}
	}
	return m, m.compile()
}

// logOdds returns η of the rows, uncalibrated.
func (f *fitted) logOdds(table *features.Table, rows []int32) ([]float64, error) {
	m, err := f.model(identity())
	if err != nil {
		return nil, err
	}
	return m.TableLogOdds(table, rows), nil
}

// named translates the solver's indices into names.
func named(err error, encoder *features.Encoder) error {
	var separation *logit.SeparationError
	var singular *logit.SingularError
	switch {
	case errors.As(err, &separation):
		text := fmt.Sprintf("model: separation: no finite optimum without a penalty: %d leads are told apart perfectly by", separation.Rows)
		for i, l := range separation.Terms {
			if i > 0 {
				text += ","
			}
			text += " " + termName(l.Term, encoder)
			switch {
			case separation.Single && l.Value < 0:
				text += " (never converts)"
			case separation.Single:
				text += " (always converts)"
			default:
				text += fmt.Sprintf(" × %+.4g", l.Value)
			}
		}
		return fmt.Errorf("%s; use --l2 above 0, or leave the column out: %w", text, err)
	case errors.As(err, &singular):
		text := "model: singular: the coefficients are not determined without a penalty:"
		if len(singular.Terms) == 1 {
			text += " " + termName(singular.Terms[0].Term, encoder) + " is the same on every lead"
		} else {
			for i, l := range singular.Terms {
				if i > 0 {
					text += " +"
				}
				text += fmt.Sprintf(" (%.6g)·[%s]", l.Value, termName(l.Term, encoder))
			}
			text += " = 0 on every lead"
		}
		return fmt.Errorf("%s; use --l2 above 0, or leave a column out: %w", text, err)
	case errors.Is(err, logit.ErrOneClass):
		return fmt.Errorf("model: fit: every lead has the same outcome: there is nothing to learn from: %w", err)
	}
	return err
}

func termName(t logit.Term, encoder *features.Encoder) string {
	if t.Column == logit.InterceptColumn {
		return "intercept"
	}
	term := &encoder.Terms()[t.Column]
	if term.IsNumber() && t.Level == 0 {
		return term.Name
	}
	return fmt.Sprintf("%s=%s", term.Name, term.LevelName(t.Level))
}
