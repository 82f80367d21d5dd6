package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Errors of training that callers branch on.
var (
	ErrNoLeads  = errors.New("no lead has a known outcome")
	ErrOneClass = errors.New("every lead has the same outcome")
)

// Train learns a model from the labelled, mature rows of a table.
//
// The leads are put in order of time (or of the file, or of chance) and cut. A model fitted on everything
// before the cut, with its calibration cross-fitted on rolling origins within that part, is measured on the
// rest. The model that is returned is then fitted, and calibrated in the same way, on all leads, unless
// Options.Refit is off. With Holdout 0 there is exactly one fit, no evaluation and no calibration.
func Train(ctx context.Context, table *features.Table, options Options) (*Training, error) {
	if err := knownInTime(table); err != nil {
		return nil, err
	}
	t, err := prepare(table, options)
	if err == nil {
		err = t.finished()
	}
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
	if i := table.Schema.ByRole(features.RoleCurrency); i >= 0 && options.Exchange == nil {
		return nil, fmt.Errorf("model: currency: column %q says that money is in several: Convert the table, and say by what", table.Schema.Fields()[i].Name)
	}
	o, err := options.Label.apply(table)
	if err != nil {
		return nil, err
	}
	weights, err := weightsOf(table)
	if err != nil {
		return nil, err
	}
	l, err := newLeads(table, o, weights, options.Split)
	if err != nil {
		return nil, err
	}
	if options.Recipe != RecipeAuto {
		o.young = nil
	} else if weights != nil {
		o.young = slices.DeleteFunc(o.young, func(r int32) bool { return weights[r] == 0 })
	}
	switch won, n := l.won(l.rows)+l.won(o.young), len(l.rows)+len(o.young); {
	case n == 0:
		return nil, fmt.Errorf("model: %w: %d rows, %d of them younger than the horizon of %d days, %d undecided",
			ErrNoLeads, table.Rows, o.immature, options.Label.Horizon, o.unlabelled)
	case won == 0 || won == n:
		return nil, fmt.Errorf("model: %w: %d of %d leads converted", ErrOneClass, won, n)
	}
	t := &trainer{leads: l, weighting: weighting{unit: 1}, outcomes: o, options: options, progress: &progress{report: options.Progress}}
	if options.Recipe == RecipeAuto {
		t.weighting = l.weighting(len(o.young) == 0)
	}
	return t, nil
}

// knownInTime refuses features that were not known when the leads were created: by declaration, or because a
// value was recorded later.
func knownInTime(table *features.Table) error {
	var problems []error
	for i, f := range table.Schema.Fields() {
		if !f.Role.Feature() {
			continue
		}
		if f.KnownAt != "" {
			problems = append(problems, fmt.Errorf("model: column %q is known only at %q, after a lead is created: exclude it", f.Name, f.KnownAt))
		}
		if late := recordedLate(table, i); late > 0 {
			problems = append(problems, fmt.Errorf("model: column %q: %d of %d values were recorded (%s) after the lead was created: exclude it, or clear those values",
				f.Name, late, table.Rows, f.RecordedAt))
		}
	}
	return errors.Join(problems...)
}

// recordedLate returns how many values of a column were recorded after the lead was created.
func recordedLate(table *features.Table, column int) int {
	created, recorded := timesOf(table, features.RoleCreatedAt), table.Schema.Index(table.Schema.Fields()[column].RecordedAt)
	if created == nil || recorded < 0 {
		return 0
	}
	late := 0
	for r, t := range table.Columns[recorded].Times {
		if t != features.NoTime && created[r] != features.NoTime && t > created[r] {
			late++
		}
	}
	return late
}

func (t *trainer) train(ctx context.Context) (*Training, error) {
	result := &Training{Data: t.summary(), Warnings: append([]Warning{}, t.outcomes.warnings...)}
	result.Split = SplitSummary{Kind: splitNone, FitRows: len(t.rows), Note: "one fit on all mature leads; nothing was held out"}
	calibration := identity()
	t.progress.steps = 1
	shipped := t.rows
	if err := t.lookForLeaks(ctx, result); err != nil {
		return nil, err
	}
	if t.options.Holdout > 0 {
		t.arrange(t.options.Seed)
	}
	t, names, err := t.naming(t.rows[:t.cut(t.rows, 1-t.options.Holdout)])
	if err != nil {
		return nil, err
	}
	result.Warnings = append(result.Warnings, namedNumbers(names)...)
	switch {
	case t.options.Holdout == 0:
	case t.tooYoung():
		result.Warnings = append(result.Warnings, t.unevaluated())
	default:
		t.progress.steps = 2 + (len(origins) - 1) + foldCount
		if shipped, calibration, err = t.evaluateHoldout(ctx, result); err != nil {
			return nil, err
		}
		if t.options.Refit {
			t.progress.steps += len(origins) - 1
			shipped = t.rows
			if calibration, err = t.calibration(ctx, "calibrating", shipped); err != nil {
				return nil, err
			}
		}
		result.Rolling = t.rolling()
		if result.Folds, err = t.randomFolds(ctx); err != nil {
			return nil, err
		}
	}
	t.known = nil
	t.admitYoung(shipped)
	f, err := t.fit(ctx, "fitting", shipped, true)
	if err != nil {
		return nil, err
	}
	if err := t.addDelay(result, f, shipped); err != nil {
		return nil, err
	}
	return result, t.finish(ctx, result, f, calibration, shipped)
}

// evaluateHoldout measures a model of everything before the holdout on it. It returns what the model was fitted
// on, and its calibration.
func (t *trainer) evaluateHoldout(ctx context.Context, result *Training) ([]int32, Calibration, error) {
	none := Calibration{}
	cut := t.cut(t.rows, 1-t.options.Holdout)
	before, held := t.rows[:cut], t.rows[cut:]
	result.Split = SplitSummary{Kind: t.kind, FitRows: len(before), HoldoutRows: len(held), Refitted: t.options.Refit, Note: t.splitNote()}
	for _, part := range [][]int32{before, held} {
		if !t.enough(part) {
			return nil, none, fmt.Errorf("model: train: a %s split with holdout %g leaves %s conversions among %s leads in one part, want at least %d of each outcome, about %.0f in all: use another --holdout (0 = no evaluation), or more leads",
				t.kind, t.options.Holdout, budget.Count(t.won(part)), budget.Count(len(part)), minOutcomes, math.Ceil(minOutcomes/min(t.options.Holdout, 1-t.options.Holdout)))
		}
	}
	f, err := t.fit(ctx, "fitting before the holdout", before, false)
	if err != nil {
		return nil, none, err
	}
	if t.options.Recipe == RecipeAuto {
		t.known = f
	}
	calibration, err := t.calibration(ctx, "calibrating before the holdout", before)
	if err != nil {
		return nil, none, err
	}
	m, err := f.model(calibration)
	if err != nil {
		return nil, none, err
	}
	logOdds := m.TableLogOdds(t.table, held)
	result.Holdout = evaluate(t.sample(held, logOdds, t.options.Seed))
	if result.Evidence, err = t.evidence(append(t.trials(), t.holdoutTrial(before, held, logOdds))); err != nil {
		return nil, none, err
	}
	accounts := t.accountGroups(before, held, logOdds)
	result.Groups = append(t.groups(held, logOdds), accounts...)
	result.Warnings = append(result.Warnings, accountsFlatter(accounts, result.Holdout)...)
	if result.Value.ValueFigures, result.Value.ProbabilityByProfit, err = t.holdoutValue(ctx, m, before, held, logOdds); err != nil {
		return nil, none, err
	}
	if t.kind != SplitRandom {
		t.moved = &Rolling{Drift: t.drift(f.encoder, before, held), Shift: t.shift(before, result.Holdout)}
	}
	result.Warnings = append(result.Warnings, t.extrapolations(f.encoder, held)...)
	result.SubScores, err = t.subScores(ctx, m, before, held, logOdds)
	return before, calibration, err
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

// calibration cross-fits the affine calibration within the rows, and keeps the folds that it rests on.
func (t *trainer) calibration(ctx context.Context, stage string, rows []int32) (Calibration, error) {
	var folds []predictions
	t.crossed = nil
	for _, u := range t.turns(rows) {
		if !t.enough(u.fit) {
			t.progress.step++
			continue
		}
		eta, err := t.predict(ctx, stage, u)
		if err != nil {
			return Calibration{}, err
		}
		folds = append(folds, t.predictions(u.test, eta))
		t.crossed = append(t.crossed, crossed{u, eta})
	}
	return calibrate(folds), nil
}

// The random folds, and how many leads at most they are made of.
const foldCount, foldRows = 5, 200_000

// randomFolds measures random folds, for comparison only; nil if a fold would have too few of an outcome.
func (t *trainer) randomFolds(ctx context.Context) (*Folds, error) {
	random := *t.leads
	random.kind = SplitRandom
	rows := t.shuffled(t.options.Seed)
	rows = rows[:random.cut(rows, min(1, foldRows/float64(len(rows))))]
	turns := random.randomTurns(rows, foldCount)
	for _, u := range turns {
		if len(turns) < foldCount || !t.enough(u.fit) {
			t.progress.step += foldCount
			return nil, nil
		}
	}
	var tested []int32
	var folds []fold
	var logOdds []float64
	for _, u := range turns {
		eta, err := t.predict(ctx, "random folds, for comparison", u)
		if err != nil {
			return nil, err
		}
		folds = append(folds, fold{len(tested), len(tested) + len(u.test)})
		tested = append(tested, u.test...)
		logOdds = append(logOdds, eta...)
	}
	auc, logLoss, _ := t.folded(tested, folds, logOdds, t.options.Seed).measure(nil)
	return &Folds{AUC: auc, LogLoss: logLoss, Count: foldCount, Rows: len(tested), Note: "random folds, shown for comparison only"}, nil
}

func (t *trainer) summary() DataSummary {
	o := t.outcomes
	d := DataSummary{Rows: t.table.Rows, Used: len(t.rows), Immature: o.immature, Unlabelled: o.unlabelled, SHA256: t.options.DataSHA256}
	all := t.tally(t.rows)
	from, to := int64(math.MaxInt64), int64(features.NoTime)
	if t.created != nil {
		for _, r := range t.rows {
			from, to = min(from, t.created[r]), max(to, t.created[r])
		}
	}
	d.Conversions, d.BaseRate = all.won, portion(all.won, all.weight)
	if to != features.NoTime {
		d.From, d.To = features.FormatTime(from), features.FormatTime(to)
	}
	if o.asOf != features.NoTime {
		d.AsOf = features.FormatTime(o.asOf)
	}
	return d
}

// finish makes the artifact and the summaries.
func (t *trainer) finish(ctx context.Context, result *Training, f *fitted, calibration Calibration, rows []int32) error {
	result.Verdict = verdict(result)
	uncertain, err := t.uncertainty(f, rows)
	if err != nil {
		return err
	}
	insufficient := result.Verdict.Code == VerdictNoBetter
	if insufficient {
		f, calibration = f.baseRate(t.baseRate(rows), uncertain), identity()
	}
	m, err := f.model(calibration)
	if err != nil {
		return err
	}
	m.document.Uncertainty, m.document.Insufficient = uncertain, insufficient
	if len(rows) == 0 { // the conversions of immature leads are all there is
		rows = t.young
	}
	value, doubts, err := t.value(ctx, f.encoder, rows)
	if err != nil {
		return err
	}
	result.Warnings = append(result.Warnings, doubts...)
	value.Holdout = result.Value.ValueFigures
	dependence := result.Value.ProbabilityByProfit
	result.Value = value.summary()
	if err := t.addDependences(ctx, result, dependence); err != nil {
		return err
	}
	result.Fit = t.fitSummary(f, calibration)
	if err := t.addPolicy(m, value, rows, result); err != nil {
		return err
	}
	if err := m.complete(result, value, t.options); err != nil {
		return err
	}
	result.Model = m
	result.Effects = m.effects(f)
	result.Periods = t.periods(result.Split)
	result.Warnings = append(result.Warnings, t.doubts(result, f, rows)...)
	if result.Rolling != nil {
		result.Warnings = append(result.Warnings, result.Rolling.driftWarnings()...)
	}
	return nil
}

// complete makes an artifact of a model that can already score.
func (m *Model) complete(result *Training, value valueModel, options Options) error {
	d := &m.document
	d.Label = options.Label
	d.Label.AsOf = result.Data.AsOf
	d.LabelHash = d.Label.Hash()
	d.Value, d.Data, d.Split, d.Fit = value, result.Data, result.Split, result.Fit
	d.Exchange, d.Gates = options.Exchange, options.Gates
	d.Provenance = Provenance{Tool: options.Tool, Seed: options.Seed}
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
	return m.seal()
}

func (t *trainer) fitSummary(f *fitted, c Calibration) FitSummary {
	s := FitSummary{
		Recipe: t.options.Recipe, L2: t.options.L2, Columns: len(f.encoder.Terms()), Objective: f.linear.Objective,
		GradientNorm: f.linear.GradientNorm, Passes: f.linear.Passes, SE: t.options.SE, Together: f.joint, Calibration: c, Sampled: t.sampled, Delay: f.delay,
	}
	for _, term := range f.encoder.Terms() {
		s.Coefficients += term.Size()
		if term.IsPair() {
			s.Pairs++
		}
	}
	s.Columns -= s.Pairs
	if t.options.Recipe == RecipeAuto { // each column has a penalty of its own
		s.L2 = 0
	}
	return s
}
