package model

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// A column leaks when it holds what became known only after the lead should have been scored. It cannot be
// proven from the data; it can be suspected, with evidence. A column is a suspect when
//
//   - alone it ranks at AUC ≥ 0.9, or
//   - alone it ranks at AUC ≥ 0.75, and better than the model on all other columns, or
//   - alone it ranks at AUC ≥ 0.75, and leaving it out costs the model ≥ 0.05 of AUC, or
//   - whether it is filled in ranks at AUC ≥ 0.65 by itself, or
//   - a value was recorded after the lead was created.
//
// Alone means by the smoothed conversion rate of its levels, or of 20 bins of equal mass of a number. All
// figures are out of fold.
//
// Note: without the bound of 0.75 the best column of any honest data set with one good column is a suspect.

// Suspect is a column that may leak, with the evidence.
type Suspect struct {
	Column       string   `json:"column"`
	Alone        float64  `json:"auc_alone"`
	Others       *float64 `json:"auc_of_all_others,omitempty"`
	WithIt       *float64 `json:"auc_with_it,omitempty"`
	MissingAlone float64  `json:"auc_of_missing"`
	Evidence     []string `json:"evidence"`
	Trusted      bool     `json:"trusted,omitempty"`
}

// The bounds of suspicion, and of the work that it may cost.
const (
	leakAlone   = 0.9
	leakStrong  = 0.75 // columns that rank below this alone are not tried without,
	leakCost    = 0.05
	leakMissing = 0.65
	leakTries   = 8      // nor are more columns than this
	leakRows    = 40_000 // random leads that the scan looks at
	leakBins    = 20
)

// Scan looks for columns that leak. progress is called with the share of the work that is done; nil = none.
func Scan(ctx context.Context, table *features.Table, options Options, progress func(done float64)) ([]Suspect, error) {
	options.Split, options.L2, options.Recipe = SplitRandom, max(options.L2, 1), RecipePlain
	t, err := prepare(table, options)
	if err != nil {
		return nil, err
	}
	t.arrange(options.Seed)
	rows := t.rows[:t.cut(t.rows, min(1, leakRows/float64(len(t.rows))))]
	turns := t.randomTurns(rows, 2)
	for _, u := range turns {
		if len(turns) < 2 || !t.enough(u.fit) {
			return nil, fmt.Errorf("model: scan: %d conversions among %d leads: too few to find leaks", t.won(rows), len(rows))
		}
	}
	found, err := t.aloneFigures(turns)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b Suspect) int { return cmp.Compare(b.Alone, a.Alone) })
	if err := t.tryWithout(ctx, turns, found, progress); err != nil {
		return nil, err
	}
	for i := range found {
		found[i].judge(len(found)-1, recordedLate(table, table.Schema.Index(found[i].Column)))
	}
	return slices.DeleteFunc(found, func(s Suspect) bool { return len(s.Evidence) == 0 }), nil
}

// tryWithout fills in what the model is worth with and without each of the strongest columns.
func (t *trainer) tryWithout(ctx context.Context, turns []turn, found []Suspect, progress func(done float64)) error {
	strong := 0
	for strong < min(leakTries, len(found)) && found[strong].Alone >= leakStrong {
		strong++
	}
	if strong == 0 || len(found) == 1 {
		return nil
	}
	with, err := t.foldAUC(ctx, turns, "")
	if err != nil {
		return err
	}
	for i := range found[:strong] {
		if progress != nil {
			progress(float64(i+1) / float64(strong+1))
		}
		others, err := t.foldAUC(ctx, turns, found[i].Column)
		if err != nil {
			return err
		}
		found[i].Others, found[i].WithIt = &others, &with
	}
	return nil
}

// judge writes the evidence down.
func (s *Suspect) judge(others, late int) {
	say := func(format string, args ...any) { s.Evidence = append(s.Evidence, fmt.Sprintf(format, args...)) }
	if s.Alone >= leakAlone {
		say("alone it ranks at AUC %.3f: hardly anything known beforehand does", s.Alone)
	}
	if s.Others != nil && s.Alone > *s.Others {
		say("alone it ranks better (AUC %.3f) than the model on all %d other columns (%.3f)", s.Alone, others, *s.Others)
	}
	if s.Others != nil && *s.WithIt-*s.Others >= leakCost {
		say("without it the model's AUC falls from %.3f to %.3f", *s.WithIt, *s.Others)
	}
	if s.MissingAlone >= leakMissing {
		say("whether it is filled in ranks at AUC %.3f by itself", s.MissingAlone)
	}
	if late > 0 {
		say("%d of its values were recorded after the lead was created", late)
	}
}

// aloneFigures ranks the leads by each feature by itself, and by whether it is missing.
func (t *trainer) aloneFigures(turns []turn) ([]Suspect, error) {
	var found []Suspect
	logOdds, missing := map[string][]float64{}, map[string][]float64{}
	var tested []int32
	for _, u := range turns {
		encoder, _, err := features.Fit(t.table, u.fit, t.weights)
		if err != nil {
			return nil, err
		}
		for k, term := range encoder.Terms() {
			bins := t.binned(encoder, k, u, t.leakEdges(encoder, k, u))
			logOdds[term.Name] = append(pad(logOdds[term.Name], len(tested)), t.levelRates(bins, u)...)
			missing[term.Name] = append(pad(missing[term.Name], len(tested)), t.levelRates(bins.missingOnly(), u)...)
		}
		tested = append(tested, u.test...)
	}
	auc := func(eta []float64) float64 {
		return rank(t.sample(tested, pad(eta, len(tested)), 0)).measure(nil).auc
	}
	for _, f := range t.table.Schema.Fields() {
		if logOdds[f.Name] == nil {
			continue
		}
		found = append(found, Suspect{Column: f.Name, Alone: auc(logOdds[f.Name]), MissingAlone: auc(missing[f.Name]), Trusted: f.Trusted})
	}
	return found, nil
}

// pad fills up with zeros where a feature had no value in an earlier fold.
func pad(x []float64, n int) []float64 {
	for len(x) < n {
		x = append(x, 0)
	}
	return x
}

// binned is one feature cut into bins for the leads of a turn; bin −1 is of values that the fit never saw.
type binned struct {
	fit, test []int32
	count     int
	missing   int32 // the bin of the missing, −1 = none
}

// binned cuts a feature into its levels, or a number into bins between the edges of its z.
func (t *trainer) binned(encoder *features.Encoder, k int, u turn, edges []float64) binned {
	term := &encoder.Terms()[k]
	b := binned{count: term.Size(), missing: -1}
	of := func(c features.Code) int32 { return c.Level }
	if term.IsNumber() {
		b.count = len(edges) + 1
		of = func(c features.Code) int32 {
			switch c.Level {
			case features.NoLevel:
				return -1
			case 1:
				return b.missing
			}
			return int32(features.BinOf(edges, c.Z))
		}
		if term.Missing {
			b.missing = int32(b.count)
			b.count++
		}
	} else if term.Missing {
		b.missing = int32(len(term.Levels))
	}
	cut := func(rows []int32) []int32 {
		bins := make([]int32, len(rows))
		for i, code := range encoder.Codes(k, t.table, rows, nil) {
			bins[i] = of(code)
		}
		return bins
	}
	b.fit, b.test = cut(u.fit), cut(u.test)
	return b
}

// leakEdges returns the edges of leakBins bins of a number's z over the fit; nil of a category.
func (t *trainer) leakEdges(encoder *features.Encoder, k int, u turn) []float64 {
	if !encoder.Terms()[k].IsNumber() {
		return nil
	}
	var z, weights []float64
	for i, c := range encoder.Codes(k, t.table, u.fit, nil) {
		if c.Level == 0 {
			z, weights = append(z, c.Z), append(weights, t.weight(u.fit[i]))
		}
	}
	return features.QuantileEdges(z, weights, leakBins)
}

// missingOnly keeps only whether the value is missing.
func (b binned) missingOnly() binned {
	flag := func(bins []int32) []int32 {
		out := make([]int32, len(bins))
		for i, bin := range bins {
			if bin == b.missing { // also −1, if the fit misses none: missing as well, or unseen
				out[i] = 1
			}
		}
		return out
	}
	return binned{fit: flag(b.fit), test: flag(b.test), count: 2, missing: 1}
}

// levelRates predicts the smoothed log-odds of each bin of the fit for the leads of the test: its conversions
// and leads plus those of a few average leads.
func (t *trainer) levelRates(b binned, u turn) []float64 {
	const smoothing = 5
	won, n := make([]float64, b.count), make([]float64, b.count)
	var all tally
	for i, r := range u.fit {
		w, y := t.weight(r), float64(t.converted[r])
		won[b.fit[i]] += float64(w * y)
		n[b.fit[i]] += w
		all.add(w, y)
	}
	rate := all.rate()
	eta := make([]float64, len(u.test))
	for i, bin := range b.test {
		p := rate
		if bin >= 0 {
			p = (won[bin] + smoothing*rate) / (n[bin] + smoothing)
		}
		eta[i] = Logit(p)
	}
	return eta
}

// foldAUC is the out-of-fold AUC of the plain recipe on all features but one ("" = all).
func (t *trainer) foldAUC(ctx context.Context, turns []turn, without string) (float64, error) {
	reduced := *t
	lean := *t.leads
	reduced.leads = &lean
	reduced.options.Recipe = RecipePlain
	if without != "" {
		table, err := t.table.Without(without)
		if err != nil {
			return 0, err
		}
		lean.table = table
	}
	var tested []int32
	var logOdds []float64
	for _, u := range turns {
		eta, err := reduced.predict(ctx, "scanning", u)
		if err != nil {
			return 0, err
		}
		tested = append(tested, u.test...)
		logOdds = append(logOdds, eta...)
	}
	return rank(t.sample(tested, logOdds, 0)).measure(nil).auc, nil
}
