package model

import (
	"context"
	"fmt"
	"math"

	"github.com/leadscore/leadscore/features"
)

// WholeFile is the Split of a comparison of two models: all leads of the file, which they may have been fitted on.
const WholeFile = "file"

// Comparison sets models side by side on the same leads, which none of them was fitted on.
type Comparison struct {
	Leads      int         `json:"leads"`
	Split      string      `json:"split"`
	Level      float64     `json:"level"`
	Candidates []Candidate `json:"candidates"` // the first is the one the others are compared with
}

// Candidate is one model of a Comparison. The AUC is the mean over the turns, within each of which leads are compared.
// Differences are candidate minus first, paired lead by lead.
type Candidate struct {
	Name              string    `json:"name"`
	AUC               float64   `json:"auc"`
	LogLoss           float64   `json:"log_loss"`
	Brier             float64   `json:"brier"`
	ECE               float64   `json:"ece"`
	AUCDifference     *float64  `json:"auc_difference,omitempty"`
	AUCDifferenceCI   *Interval `json:"auc_difference_ci,omitempty"`
	LogLossDifference *float64  `json:"log_loss_difference,omitempty"`
	LogLossCI         *Interval `json:"log_loss_difference_ci,omitempty"`
}

// The names of the candidates that Compare adds.
const (
	plainName    = "plain logistic regression"
	bayesName    = "naive Bayes"
	constantName = "constant"
)

// candidate is a model that can be fitted on a turn's leads and predicts the others.
type candidate struct {
	name    string
	predict func(turn) ([]float64, error)
}

// Compare fits the configured recipe, plain logistic regression with λ = 1, naive Bayes and the base rate on
// the same folds (rolling origins in time or row order, otherwise random) and measures each on the leads after,
// or outside, its fold.
func Compare(ctx context.Context, table *features.Table, options Options) (*Comparison, error) {
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
	t.arrange(options.Seed)
	plain := *t
	plain.options.Recipe, plain.options.L2 = RecipePlain, 1
	fits := func(t *trainer) func(turn) ([]float64, error) {
		return func(u turn) ([]float64, error) {
			named, _, err := t.naming(u.fit)
			if err != nil {
				return nil, err
			}
			return named.predict(ctx, "comparing", u)
		}
	}
	candidates := []candidate{
		{"this model (" + options.recipe() + ")", fits(t)},
		{plainName, fits(&plain)}, {bayesName, t.naiveBayes}, {constantName, t.constant},
	}
	tested, folds, logOdds, err := t.crossFit(candidates)
	if err != nil {
		return nil, err
	}
	c := newComparison(t.kind, len(tested), candidates)
	c.measure(t.leads, tested, folds, logOdds, options.Seed)
	return c, nil
}

// crossFit predicts the leads of every turn, a fold each, by each of the candidates.
func (t *trainer) crossFit(candidates []candidate) (tested []int32, folds []fold, logOdds [][]float64, err error) {
	logOdds = make([][]float64, len(candidates))
	turns := t.turns(t.rows)
	t.progress.steps = 2 * len(turns)
	for _, u := range turns {
		if !t.enough(u.fit) {
			t.progress.step += 2
			continue
		}
		folds = append(folds, fold{len(tested), len(tested) + len(u.test)})
		tested = append(tested, u.test...)
		for i, c := range candidates {
			eta, err := c.predict(u)
			if err != nil {
				return nil, nil, nil, fmt.Errorf("model: compare: %s: %w", c.name, err)
			}
			logOdds[i] = append(logOdds[i], eta...)
		}
	}
	return tested, folds, logOdds, t.comparable(tested)
}

// comparable returns an error unless the rows hold enough of both outcomes.
func (l *leads) comparable(rows []int32) error {
	if l.enough(rows) {
		return nil
	}
	return fmt.Errorf("model: compare: %d conversions among %d leads: too few to compare anything", l.won(rows), len(rows))
}

func newComparison(split string, leads int, candidates []candidate) *Comparison {
	c := &Comparison{Leads: leads, Split: split, Level: IntervalLevel}
	for _, k := range candidates {
		c.Candidates = append(c.Candidates, Candidate{Name: k.name})
	}
	return c
}

// CompareModels measures two artifacts on the same leads: each table holds them in the same order, by the schema
// of its model. The models' labels must be defined alike.
func CompareModels(a, b *Model, names [2]string, table [2]*features.Table, seed uint64) (*Comparison, error) {
	if a.document.LabelHash != b.document.LabelHash {
		return nil, fmt.Errorf("model: compare: the models define a conversion differently (%q and %q): their figures cannot be compared", a.document.Label, b.document.Label)
	}
	if table[0].Rows != table[1].Rows {
		return nil, fmt.Errorf("model: compare: %d leads for one model, %d for the other", table[0].Rows, table[1].Rows)
	}
	l, _, err := a.leadsOf(table[0], "", seed)
	if err != nil {
		return nil, err
	}
	if err := b.encoder.Fits(table[1].Schema); err != nil {
		return nil, err
	}
	if err := l.comparable(l.rows); err != nil {
		return nil, err
	}
	c := newComparison(WholeFile, len(l.rows), []candidate{{name: names[0]}, {name: names[1]}})
	c.measure(l, l.rows, wholeOf(l.rows), [][]float64{a.TableLogOdds(table[0], l.rows), b.TableLogOdds(table[1], l.rows)}, seed)
	return c, nil
}

// measure fills in every candidate's figures (folded.go), and the differences to the first over common resamples. The
// rows stand fold by fold.
func (c *Comparison) measure(l *leads, rows []int32, folds []fold, logOdds [][]float64, seed uint64) {
	parts := make([]*folded, len(logOdds))
	for i := range logOdds {
		parts[i] = l.folded(rows, folds, logOdds[i], seed)
		k := &c.Candidates[i]
		k.AUC, k.LogLoss, k.Brier = parts[i].measure(nil)
		k.ECE, _ = rank(parts[i].sample).ece()
	}
	auc, loss := make([]spread, len(logOdds)), make([]spread, len(logOdds))
	parts[0].bootstrap(func(times []float64) {
		firstAUC, firstLoss, _ := parts[0].measure(times)
		for i := 1; i < len(parts); i++ {
			a, b, _ := parts[i].measure(times)
			auc[i].add(a - firstAUC)
			loss[i].add(b - firstLoss)
		}
	})
	for i := 1; i < len(parts); i++ {
		k := &c.Candidates[i]
		a, b := k.AUC-c.Candidates[0].AUC, k.LogLoss-c.Candidates[0].LogLoss
		aCI, bCI := auc[i].around(a, -1, 1), loss[i].around(b, math.Inf(-1), math.Inf(1))
		k.AUCDifference, k.AUCDifferenceCI, k.LogLossDifference, k.LogLossCI = &a, &aCI, &b, &bCI
	}
}

// constant predicts the base rate of the fit.
func (t *trainer) constant(u turn) ([]float64, error) {
	base := Logit(t.baseRate(u.fit))
	eta := make([]float64, len(u.test))
	for i := range eta {
		eta[i] = base
	}
	return eta, nil
}

// naiveBayes predicts the log-odds of the fit's base rate plus, for each feature, the log of the ratio of the
// level's shares among converted and other leads, with half a lead added to each level (Jeffreys). Numbers are
// cut at the tenths of the fit.
func (t *trainer) naiveBayes(u turn) ([]float64, error) {
	encoder, _, err := features.Fit(t.table, u.fit, t.weights)
	if err != nil {
		return nil, err
	}
	eta, err := t.constant(u)
	if err != nil {
		return nil, err
	}
	for k := range encoder.Terms() {
		term := &encoder.Terms()[k]
		edges := make([]float64, len(term.Edges))
		for i, edge := range term.Edges {
			edges[i] = term.Standardise(edge)
		}
		b := t.binned(encoder, k, u, edges)
		for i, ratio := range t.logRatios(b, u) {
			eta[i] += ratio
		}
	}
	return eta, nil
}

// logRatios returns the log ratio of the shares of each test lead's bin among converted and other leads, 0 of a
// bin that the fit never saw.
func (t *trainer) logRatios(b binned, u turn) []float64 {
	const half = 0.5
	var counts [2][]float64
	var totals [2]float64
	for y := range counts {
		counts[y] = make([]float64, b.count)
		totals[y] = half * float64(b.count)
	}
	for i, r := range u.fit {
		y, w := t.converted[r], t.weight(r)
		counts[y][b.fit[i]] += w
		totals[y] += w
	}
	ratios := make([]float64, len(u.test))
	for i, bin := range b.test {
		if bin >= 0 {
			ratios[i] = math.Log((counts[1][bin]+half)/totals[1]) - math.Log((counts[0][bin]+half)/totals[0])
		}
	}
	return ratios
}
