package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

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
	penalty []float64 // λ of each term; nil if all have Options.L2
	groups  int       // of a feature in a pair, at most
	delay   *Delay    // nil = no immature leads are in the fit
	joint   *Together // nil = effects add up
	sampled float64   // what was taken from the intercept of a sample by outcome

	contrasted *contrasts // nil until asked for
}

// trainer runs fits.
type trainer struct {
	*leads
	weighting
	outcomes *outcomes
	options  Options
	progress *progress
	crossed  []crossed  // of the last calibration
	moved    *Rolling   // between the leads before the holdout and in it; nil if those are random
	young    []int32    // immature leads that the fit of the shipped model takes in
	sales    *valueData // that the last value model was learnt from
	known    *fitted    // whose penalties and pairs cross-fits of recipe auto may take over; nil = each learns its own
}

// progress tells how far a run of several fits got.
type progress struct {
	report      func(Progress) // nil = nobody listens
	step, steps int
}

// of returns what the solver calls after every pass of the present fit.
func (p *progress) of(stage string) func(logit.Progress) {
	if p.report == nil {
		return nil
	}
	return func(fit logit.Progress) {
		p.report(Progress{Stage: stage, Step: p.step, Steps: p.steps, Passes: fit.Passes, GradientNorm: fit.GradientNorm})
	}
}

// fit fits the recipe on the given rows, with standard errors if asked to.
func (t *trainer) fit(ctx context.Context, stage string, rows []int32, withErrors bool) (*fitted, error) {
	t.progress.step++
	if len(t.young) > 0 {
		rows = slices.Concat(rows, t.young)
	}
	rows = t.whole(rows)
	if t.options.Recipe == RecipeAuto {
		f, err := t.autoFit(ctx, rows, t.solverOptions(stage, withErrors))
		if err == nil && t.sampled != 0 {
			err = t.restore(f, rows)
		}
		return f, err
	}
	encoder, empty, err := features.Fit(t.table, rows, t.weights)
	if err != nil {
		return nil, err
	}
	f := &fitted{encoder: encoder, empty: empty}
	if f.linear, err = logit.Minimise(ctx, t.problem(encoder, rows), t.solverOptions(stage, withErrors)); err != nil {
		return nil, named(err, encoder)
	}
	f.moments()
	return f, nil
}

func (t *trainer) solverOptions(stage string, withErrors bool) logit.Options {
	o := logit.DefaultOptions()
	o.Tolerance, o.Workers, o.Seed = t.options.Tolerance, t.options.Workers, t.options.Seed
	o.Reference = t.options.Recipe == RecipePlain && t.options.L2 == 0
	o.Progress = t.progress.of(stage)
	switch {
	case !withErrors:
		o.StandardErrors = logit.NoErrors
	case t.options.SE == SEFull:
		o.StandardErrors = logit.FullErrors
	}
	return o
}

// predict fits the recipe on a turn's leads and returns η of the others.
func (t *trainer) predict(ctx context.Context, stage string, u turn) ([]float64, error) {
	f, err := t.fit(ctx, stage, u.fit, false)
	if err != nil {
		return nil, err
	}
	m, err := f.model(identity())
	if err != nil {
		return nil, err
	}
	return m.TableLogOdds(t.table, u.test), nil
}

// problem hands the encoded rows to the solver; their memory is shared.
func (t *trainer) problem(encoder *features.Encoder, rows []int32) logit.Problem {
	design := encoder.Design(t.table, rows)
	p := logit.Problem{Rows: design.Rows, Labels: t.labels(rows), Weights: t.fitWeightsFor(rows), Columns: make([]logit.Column, len(design.Columns))}
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
func (f *fitted) moments() {
	terms := f.encoder.Terms()
	f.mean, f.spread = make([]float64, len(terms)), make([]float64, len(terms))
	for k := range terms {
		f.mean[k], f.spread[k] = meanAndSpread(&terms[k], f.linear.Coefficients[k])
	}
}

// meanAndSpread returns mean and standard deviation of a term's effect over the rows that the encoder was fitted on.
func meanAndSpread(t *features.Term, beta []float64) (mean, spread float64) {
	shares, square := t.Histogram, 0.0
	n := t.Weight()
	if t.IsNumber() {
		shares = []float64{t.MissingWeight()}
		if t.Min != t.Max {
			square = beta[0] * beta[0] * (n - t.MissingWeight()) / n
		}
		beta = beta[1:] // the missing flag, if there is one
	}
	for i, b := range beta {
		mean += b * shares[i] / n
		square += b * b * shares[i] / n
	}
	return mean, math.Sqrt(max(0, square-mean*mean))
}

// model returns the uncalibrated model of the fit: enough to score, not yet an artifact.
func (f *fitted) model(c Calibration) (*Model, error) {
	m := &Model{predictor: predictor{encoder: f.encoder}}
	d := &m.document
	d.Schema, d.Terms = f.encoder.Schema(), f.encoder.Terms()
	d.Intercept, d.InterceptSE, d.Calibration = f.linear.Intercept, f.linear.InterceptSE, c
	d.Value.Kind, d.Fit.Together = ValueNone, f.joint
	d.Coefficients = make([]coefficients, len(d.Terms))
	for k := range d.Terms {
		d.Coefficients[k] = coefficients{Feature: d.Terms[k].Name, Values: f.linear.Coefficients[k], Mean: f.mean[k], Spread: f.spread[k]}
		if f.linear.StandardErrors != nil {
			d.Coefficients[k].StandardErrors = f.linear.StandardErrors[k]
		} else {
			d.Coefficients[k].StandardErrors = []float64{}
		}
		if f.penalty != nil {
			d.Coefficients[k].Penalty = f.penalty[k]
		}
	}
	return m, m.compile()
}

// named translates the solver's indices into names. A separation and a dependence may come together: both are told.
func named(err error, encoder *features.Encoder) error {
	if errors.Is(err, logit.ErrOneClass) {
		return fmt.Errorf("model: fit: %w: there is nothing to learn from: %w", ErrOneClass, err)
	}
	var separation *logit.SeparationError
	var singular *logit.SingularError
	var told []string
	if errors.As(err, &separation) {
		told = append(told, fmt.Sprintf("model: separation: no finite optimum without a penalty: %d leads are told apart perfectly by %s; use --l2 above 0, or leave the column out",
			separation.Rows, separators(separation, encoder)))
	}
	if errors.As(err, &singular) {
		told = append(told, fmt.Sprintf("model: singular: the coefficients are not determined without a penalty: %s; use --l2 above 0, or leave a column out",
			dependence(singular, encoder)))
	}
	if told == nil {
		return err
	}
	return &namedError{strings.Join(told, "\n"), err}
}

// namedError says in names what the solver's error says in indices.
type namedError struct {
	text string
	err  error
}

func (e *namedError) Error() string { return e.text }

func (e *namedError) Unwrap() error { return e.err }

// separators lists what tells outcomes apart.
func separators(e *logit.SeparationError, encoder *features.Encoder) string {
	names := make([]string, len(e.Terms))
	for i, l := range e.Terms {
		how := fmt.Sprintf("× %+.4g", l.Value)
		if e.Single {
			how = "(always converts)"
			if l.Value < 0 {
				how = "(never converts)"
			}
		}
		names[i] = termName(l.Term, encoder) + " " + how
	}
	return strings.Join(names, ", ")
}

// dependence writes down the equation that makes coefficients undetermined.
func dependence(e *logit.SingularError, encoder *features.Encoder) string {
	if len(e.Terms) == 1 {
		return termName(e.Terms[0].Term, encoder) + " is the same on every lead"
	}
	if a, b := e.Terms[0], e.Terms[len(e.Terms)-1]; len(e.Terms) == 2 && a.Value == -b.Value {
		return termName(a.Term, encoder) + " and " + termName(b.Term, encoder) + " are the same on every lead"
	}
	parts := make([]string, len(e.Terms))
	for i, l := range e.Terms {
		parts[i] = fmt.Sprintf("(%.6g)·[%s]", l.Value, termName(l.Term, encoder))
	}
	return strings.Join(parts, " + ") + " = 0 on every lead"
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
