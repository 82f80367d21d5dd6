package model

import (
	"context"
	"fmt"
	"math"

	"github.com/leadscore/leadscore/features"
)

// Comparison sets models side by side on the same leads, which none of them was fitted on.
type Comparison struct {
	Leads      int         `json:"leads"`
	Split      string      `json:"split"`
	Level      float64     `json:"level"`
	Candidates []Candidate `json:"candidates"` // the first is the one the others are compared with
}

// Candidate is one model of a Comparison. Differences are candidate minus first, paired lead by lead.
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

// Compare fits the configured recipe, plain logistic regression with λ = 1, naive Bayes and the base rate on
// the same folds (rolling origins in time or row order, otherwise random) and measures each on the leads after,
// or outside, its fold.
func Compare(ctx context.Context, table *features.Table, options Options) (*Comparison, error) {
	t, err := prepare(table, options)
	if err != nil {
		return nil, err
	}
	plain := *t
	plain.options.Recipe, plain.options.L2 = RecipePlain, 1
	candidates := []struct {
		name    string
		predict func(turn) ([]float64, error)
	}{
		{"this model (" + options.Recipe + ", l2 " + features.FormatNumber(options.L2) + ")", func(u turn) ([]float64, error) { return t.refit(ctx, u) }},
		{plainName, func(u turn) ([]float64, error) { return plain.refit(ctx, u) }},
		{bayesName, t.naiveBayes},
		{constantName, t.constant},
	}
	var tested []int32
	logOdds := make([][]float64, len(candidates))
	turns := t.turns(t.rows)
	t.steps, plain.steps = 2*len(turns), 2*len(turns)
	for _, u := range turns {
		if won := t.won(u.fit); won < minHoldoutWins || won > len(u.fit)-minHoldoutWins {
			continue
		}
		tested = append(tested, u.test...)
		for i, c := range candidates {
			t.step = max(t.step, plain.step)
			plain.step = t.step
			eta, err := c.predict(u)
			if err != nil {
				return nil, fmt.Errorf("model: compare: %s: %w", c.name, err)
			}
			logOdds[i] = append(logOdds[i], eta...)
		}
	}
	if won := t.won(tested); won < minHoldoutWins || won > len(tested)-minHoldoutWins {
		return nil, fmt.Errorf("model: compare: %d conversions among %d leads in the folds: too few to compare anything", won, len(tested))
	}
	c := &Comparison{Leads: len(tested), Split: t.kind, Level: IntervalLevel}
	for i := range candidates {
		c.Candidates = append(c.Candidates, Candidate{Name: candidates[i].name})
	}
	c.measure(t.leads, tested, logOdds, options.Seed)
	return c, nil
}

// CompareModels measures two artifacts on the same leads. Their labels must be defined alike.
func CompareModels(a, b *Model, names [2]string, table [2]*features.Table, seed uint64) (*Comparison, error) {
	if a.document.LabelHash != b.document.LabelHash {
		return nil, fmt.Errorf("model: compare: the models define a conversion differently (%q and %q): their figures cannot be compared", a.document.Label, b.document.Label)
	}
	label := a.document.Label
	label.AsOf = ""
	o, err := label.apply(table[0])
	if err != nil {
		return nil, err
	}
	weights, err := weightsOf(table[0])
	if err != nil {
		return nil, err
	}
	l, err := newLeads(table[0], o, weights, SplitRowOrder, seed)
	if err != nil {
		return nil, err
	}
	if won := l.won(l.rows); won < minHoldoutWins || won > len(l.rows)-minHoldoutWins {
		return nil, fmt.Errorf("model: compare: %d conversions among %d leads: too few to compare anything", won, len(l.rows))
	}
	c := &Comparison{Leads: len(l.rows), Split: "file", Level: IntervalLevel, Candidates: []Candidate{{Name: names[0]}, {Name: names[1]}}}
	c.measure(l, l.rows, [][]float64{a.TableLogOdds(table[0], l.rows), b.TableLogOdds(table[1], l.rows)}, seed)
	return c, nil
}

// measure fills in every candidate's figures, and the differences to the first over common resamples.
func (c *Comparison) measure(l *leads, rows []int32, logOdds [][]float64, seed uint64) {
	sorted := make([]*ranked, len(logOdds))
	whole := make([]figures, len(logOdds))
	for i := range logOdds {
		sorted[i] = rank(l.sample(rows, logOdds[i], seed))
		whole[i] = sorted[i].measure(nil)
		ece, _ := sorted[i].ece()
		k := &c.Candidates[i]
		k.AUC, k.LogLoss, k.Brier, k.ECE = whole[i].auc, whole[i].logLoss, whole[i].brier, ece
	}
	auc, loss := make([]spread, len(logOdds)), make([]spread, len(logOdds))
	sorted[0].bootstrap(func(times []float64) {
		first := sorted[0].measure(times)
		for i := 1; i < len(sorted); i++ {
			f := sorted[i].measure(times)
			auc[i].add(f.auc - first.auc)
			loss[i].add(f.logLoss - first.logLoss)
		}
	})
	for i := 1; i < len(sorted); i++ {
		k := &c.Candidates[i]
		a, b := whole[i].auc-whole[0].auc, whole[i].logLoss-whole[0].logLoss
		aCI, bCI := auc[i].around(a, -1, 1), loss[i].around(b, math.Inf(-1), math.Inf(1))
		k.AUCDifference, k.AUCDifferenceCI, k.LogLossDifference, k.LogLossCI = &a, &aCI, &b, &bCI
	}
}

// refit fits the recipe on a turn's leads and predicts the others.
func (t *trainer) refit(ctx context.Context, u turn) ([]float64, error) {
	f, err := t.fit(ctx, "comparing", u.fit, false)
	if err != nil {
		return nil, err
	}
	return f.logOdds(t.table, u.test)
}

// constant predicts the base rate of the fit.
func (t *trainer) constant(u turn) ([]float64, error) {
	var won, n float64
	for _, r := range u.fit {
		w := t.weight(r)
		won += w * float64(t.converted[r])
		n += w
	}
	eta := make([]float64, len(u.test))
	for i := range eta {
		eta[i] = Logit(won / n)
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
		t.addBayes(encoder, k, u, eta)
	}
	return eta, nil
}

func (t *trainer) addBayes(encoder *features.Encoder, k int, u turn, eta []float64) {
	term := &encoder.Terms()[k]
	bin := func(code features.Code) int {
		switch {
		case !term.IsNumber():
			return int(code.Level)
		case code.Level != 0:
			return len(term.Edges) + 1
		}
		return features.BinOf(term.Edges, term.Mean+code.Z*term.SD)
	}
	bins := term.Size()
	if term.IsNumber() {
		bins = len(term.Edges) + 2
	}
	counts := [2][]float64{make([]float64, bins), make([]float64, bins)}
	totals := [2]float64{float64(bins) / 2, float64(bins) / 2}
	for i, code := range encoder.Codes(k, t.table, u.fit, nil) {
		r := u.fit[i]
		w := t.weight(r)
		counts[t.converted[r]][bin(code)] += w
		totals[t.converted[r]] += w
	}
	for i, code := range encoder.Codes(k, t.table, u.test, nil) {
		if b := bin(code); b >= 0 {
			eta[i] += math.Log((counts[1][b]+0.5)/totals[1]) - math.Log((counts[0][b]+0.5)/totals[0])
		}
	}
}
