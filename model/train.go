package model

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/leadscore/leadscore/features"
)

// Errors of training that callers branch on.
var (
	ErrNoLeads  = errors.New("no lead has a known outcome")
	ErrOneClass = errors.New("every lead has the same outcome")
)

// minHoldoutWins is the least number of conversions, and of others, that a holdout is measured on.
const minHoldoutWins = 5

// Train learns a model from the labelled, mature rows of a table.
//
// The leads are put in order of time (or of the file, or of chance) and cut. A model fitted on everything
// before the cut, with its calibration cross-fitted on rolling origins within that part, is measured on the
// rest. The model that is returned is then fitted, and calibrated in the same way, on all leads, unless
// Options.Refit is off. With Holdout 0 there is exactly one fit, no evaluation and no calibration.
func Train(ctx context.Context, table *features.Table, options Options) (*Training, error) {
	t, err := prepare(table, options)
	if err != nil {
		return nil, err
	}
	return t.train(ctx)
}

// prepare labels, orders and checks the leads.
func prepare(table *features.Table, options Options) (*trainer, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	o, err := options.Label.apply(table)
	if err != nil {
		return nil, err
	}
	weights, err := weightsOf(table)
	if err != nil {
		return nil, err
	}
	l, err := newLeads(table, o, weights, options.Split, options.Seed)
	if err != nil {
		return nil, err
	}
	t := &trainer{leads: l, options: options, outcomes: o}
	switch won := l.won(l.rows); {
	case len(l.rows) == 0:
		return nil, fmt.Errorf("model: %w: %d rows, %d of them younger than the horizon of %d days, %d undecided",
			ErrNoLeads, table.Rows, o.immature, options.Label.Horizon, o.unlabelled)
	case won == 0 || won == len(l.rows):
		return nil, fmt.Errorf("model: %w: %d of %d leads converted", ErrOneClass, won, len(l.rows))
	}
	return t, nil
}
func (t *trainer) train(ctx context.Context) (*Training, error) {
	result := &Training{Data: t.summary(), Warnings: append([]Warning{}, t.outcomes.warnings...)}
	result.Split = SplitSummary{Kind: splitNone, FitRows: len(t.rows), Note: "one fit on all mature leads; nothing was held out"}
	fitRows, calibration := t.rows, identity()
	if t.options.Holdout > 0 {
		t.steps = 1 + 2*(len(origins)-1) + foldCount
		if t.options.Refit {
			t.steps += len(origins)
		}
		cut, err := t.evaluateHoldout(ctx, result)
		if err != nil {
			return nil, err
		}
		if !t.options.Refit {
			fitRows = t.rows[:cut]
		}
		if calibration, err = t.calibration(ctx, "calibrating", fitRows); err != nil {
			return nil, err
		}
		if err := t.randomFolds(ctx, result); err != nil {
			return nil, err
		}
	} else {
		t.steps = 1
	}
	f, err := t.fit(ctx, "fitting", fitRows, true)
	if err != nil {
		return nil, err
	}
	return result, t.finish(result, f, calibration, fitRows)
}

// evaluateHoldout measures a model of everything before the holdout on it, and returns where it starts.
func (t *trainer) evaluateHoldout(ctx context.Context, result *Training) (int, error) {
	cut := t.cut(t.rows, 1-t.options.Holdout)
	before, held := t.rows[:cut], t.rows[cut:]
	result.Split = SplitSummary{Kind: t.kind, FitRows: len(before), HoldoutRows: len(held), Refitted: t.options.Refit, Note: t.splitNote()}
	for _, part := range [][]int32{before, held} {
		if won := t.won(part); won < minHoldoutWins || len(part)-won < minHoldoutWins {
			return 0, fmt.Errorf("model: train: a %s split with holdout %g leaves %d conversions among %d leads in one part, want at least %d of each outcome: use another --holdout (0 = no evaluation), or more leads",
				t.kind, t.options.Holdout, won, len(part), minHoldoutWins)
		}
	}
	calibration, err := t.calibration(ctx, "calibrating before the holdout", before)
	if err != nil {
		return 0, err
	}
	f, err := t.fit(ctx, "fitting before the holdout", before, false)
	if err != nil {
		return 0, err
	}
	m, err := f.model(calibration)
	if err != nil {
		return 0, err
	}
	logOdds := m.TableLogOdds(t.table, held)
	result.Holdout = evaluate(t.sample(held, logOdds, t.options.Seed), true)
	result.Groups = t.groups(held, logOdds)
	return cut, nil
}

func (t *trainer) splitNote() string {
	note := map[string]string{
		SplitTime:     "the holdout is the latest leads by creation time",
		SplitRowOrder: "the holdout is the last rows of the data",
		SplitRandom:   "the holdout is a random part of the leads: with a creation time it would be the latest, which is the honest test",
	}[t.kind]
	if t.options.Refit {
		return note + "; its figures are those of a model fitted on everything before it, the shipped model is refitted on all mature leads"
	}
	return note + "; the shipped model is the one that was evaluated"
}

// calibration cross-fits the affine calibration within the rows.
func (t *trainer) calibration(ctx context.Context, stage string, rows []int32) (Calibration, error) {
	var folds []fold
	for _, turn := range t.turns(rows) {
		if won := t.won(turn.fit); won < minHoldoutWins || won > len(turn.fit)-minHoldoutWins {
			t.step++
			continue
		}
		f, err := t.fit(ctx, stage, turn.fit, false)
		if err != nil {
			return Calibration{}, err
		}
		eta, err := f.logOdds(t.table, turn.test)
		if err != nil {
			return Calibration{}, err
		}
		weight := t.weightsFor(turn.test)
		if weight == nil {
			weight = ones(len(turn.test))
		}
		folds = append(folds, fold{eta: eta, y: targets(t.labels(turn.test)), weight: weight})
	}
	return calibrate(folds), nil
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// The random folds, and how many leads at most they are made of.
const foldCount, foldRows = 5, 200_000

// randomFolds measures random folds, for comparison only.
func (t *trainer) randomFolds(ctx context.Context, result *Training) error {
	rows := t.shuffled(t.options.Seed)
	random := *t.leads
	random.kind = SplitRandom
	rows = rows[:random.cut(rows, min(1, foldRows/float64(len(rows))))]
	if won := t.won(rows); won < foldCount*minHoldoutWins {
		t.step += foldCount
		return nil
	}
	var tested []int32
	var logOdds []float64
	for _, turn := range random.randomTurns(rows, foldCount) {
		f, err := t.fit(ctx, "random folds, for comparison", turn.fit, false)
		if err != nil {
			return err
		}
		eta, err := f.logOdds(t.table, turn.test)
		if err != nil {
			return err
		}
		tested = append(tested, turn.test...)
		logOdds = append(logOdds, eta...)
	}
	figures := rank(t.sample(tested, logOdds, t.options.Seed)).measure(nil)
	result.Folds = &Folds{AUC: figures.auc, LogLoss: figures.logLoss, Count: foldCount, Rows: len(tested), Note: "random folds, shown for comparison only"}
	return nil
}

func (t *trainer) summary() DataSummary {
	o := t.outcomes
	d := DataSummary{Rows: t.table.Rows, Used: len(t.rows), Immature: o.immature, Unlabelled: o.unlabelled, SHA256: t.options.DataSHA256}
	var weight float64
	from, to := int64(math.MaxInt64), int64(features.NoTime)
	for _, r := range t.rows {
		w := t.weight(r)
		weight += w
		d.Conversions += w * float64(t.converted[r])
		if t.created != nil && t.created[r] != features.NoTime {
			from, to = min(from, t.created[r]), max(to, t.created[r])
		}
	}
	d.BaseRate = d.Conversions / weight
	if to != features.NoTime {
		d.From, d.To = features.FormatTime(from), features.FormatTime(to)
	}
	if o.asOf != features.NoTime {
		d.AsOf = features.FormatTime(o.asOf)
	}
	return d
}

// finish makes the artifact's document and the summaries.
func (t *trainer) finish(result *Training, f *fitted, calibration Calibration, rows []int32) error {
	m, err := f.model(calibration)
	if err != nil {
		return err
	}
	value, doubt, err := t.value(f.encoder, rows)
	if err != nil {
		return err
	}
	if doubt != nil {
		result.Warnings = append(result.Warnings, *doubt)
	}
	result.Value = ValueSummary{Kind: value.Kind, Wins: value.Wins, Mean: value.Mean, Currency: value.Currency}
	result.Fit = t.fitSummary(f, calibration)
	d := &m.document
	d.Label = t.options.Label
	d.Label.AsOf = result.Data.AsOf
	d.LabelHash = d.Label.Hash()
	d.Value, d.Data, d.Split, d.Fit = value, result.Data, result.Split, result.Fit
	d.Provenance = Provenance{Tool: t.options.Tool, Seed: t.options.Seed}
	if result.Holdout != nil {
		figures := *result.Holdout
		figures.Curves = nil
		d.Holdout = &figures
	}
	if err := m.compile(); err != nil {
		return err
	}
	if err := m.makeProbes(); err != nil {
		return err
	}
	if err := m.seal(); err != nil {
		return err
	}
	result.Model = m
	result.Effects = m.effects(f)
	result.Periods = t.periods(result.Split)
	result.Warnings = append(result.Warnings, t.doubts(result, f)...)
	result.Verdict = verdict(result)
	return nil
}

func (t *trainer) fitSummary(f *fitted, c Calibration) FitSummary {
	s := FitSummary{
		Recipe: t.options.Recipe, L2: t.options.L2, Columns: len(f.encoder.Terms()), Objective: f.linear.Objective,
		GradientNorm: f.linear.GradientNorm, Passes: f.linear.Passes, SE: t.options.SE, Calibration: c,
	}
	for _, term := range f.encoder.Terms() {
		s.Coefficients += term.Size()
	}
	return s
}

// value fits the value model on the won rows.
func (t *trainer) value(encoder *features.Encoder, rows []int32) (valueModel, *Warning, error) {
	var w wins
	var leadsBy []float64
	feature, column := "", []features.Code(nil)
	if i := t.table.Schema.ByRole(features.RoleSource); i >= 0 {
		for k := range encoder.Terms() {
			if term := &encoder.Terms()[k]; term.Name == t.table.Schema.Fields()[i].Name && !term.IsNumber() {
				feature, leadsBy = term.Name, make([]float64, term.Size())
				column = encoder.Codes(k, t.table, rows, nil)
			}
		}
	}
	profit, err := profitOf(t.table, t.options.GrossMargin)
	if err != nil {
		return valueModel{}, nil, err
	}
	for i, r := range rows {
		level := int32(features.NoLevel)
		if column != nil {
			if level = column[i].Level; level >= 0 {
				leadsBy[level]++
			}
		}
		if x := profit(int(r)); t.converted[r] == 1 && !math.IsNaN(x) {
			w.profit = append(w.profit, x)
			w.level = append(w.level, level)
		}
	}
	v, doubt := fitValue(w, feature, leadsBy, t.options.Currency)
	return v, doubt, nil
}

// profitOf returns the profit of a row's sale, NaN if unknown.
func profitOf(table *features.Table, margin float64) (func(row int) float64, error) {
	i, factor := table.Schema.ByRole(features.RoleProfit), 1.0
	if i < 0 {
		i, factor = table.Schema.ByRole(features.RoleRevenue), margin
	}
	if i < 0 {
		return func(int) float64 { return math.NaN() }, nil
	}
	if f := &table.Schema.Fields()[i]; f.Kind != features.Number {
		return nil, fmt.Errorf("model: value: column %q is a %v, want a number", f.Name, f.Kind)
	}
	return func(row int) float64 { return table.Columns[i].Numbers.At(row) * factor }, nil
}
