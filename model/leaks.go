package model

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// A column leaks when it holds what became known only after the lead should have been scored. It cannot be
// proven from the data; it can be suspected, with evidence. A column is a suspect when
//
//   - alone it ranks at AUC ≥ 0.95, or
//   - alone it ranks better than the model on all other columns, or
//   - leaving it out costs the model ≥ 0.05 of AUC, or
//   - whether it is filled in ranks at AUC ≥ 0.65 by itself.
//
// Alone means by the smoothed conversion rate of its levels, or of 20 bins of equal mass of a number. All
// figures are out of fold.

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
	leakAlone       = 0.95
	leakCost        = 0.05
	leakMissing     = 0.65
	leakWorthTrying = 0.6    // columns that rank below this alone are not tried without
	leakTries       = 8      // columns that are, at most
	leakRows        = 40_000 // random leads that the scan looks at
	leakBins        = 20
)

// Scan looks for columns that leak. progress is called with the share of the work that is done; nil = none.
func Scan(ctx context.Context, table *features.Table, options Options, progress func(done float64)) ([]Suspect, error) {
	options.Split, options.L2, options.Recipe = SplitRandom, max(options.L2, 1), RecipePlain
	t, err := prepare(table, options)
	if err != nil {
		return nil, err
	}
	rows := t.rows[:t.cut(t.rows, min(1, leakRows/float64(len(t.rows))))]
	turns := t.randomTurns(rows, 2)
	if won := t.won(rows); won < 4*minHoldoutWins || len(turns) < 2 {
		return nil, fmt.Errorf("model: scan: %d conversions among %d leads: too few to find leaks", won, len(rows))
	}
	found, err := t.aloneFigures(turns)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(found, func(a, b Suspect) int { return cmp.Compare(b.Alone, a.Alone) })
	with, err := t.foldAUC(ctx, turns, "")
	if err != nil {
		return nil, err
	}
	for i := range found {
		s := &found[i]
		if progress != nil {
			progress(float64(min(i, leakTries)) / leakTries)
		}
		if i < leakTries && s.Alone >= leakWorthTrying && len(found) > 1 {
			others, err := t.foldAUC(ctx, turns, s.Column)
			if err != nil {
				return nil, err
			}
			s.Others, s.WithIt = &others, &with
		}
		s.judge(len(found) - 1)
	}
	return slices.DeleteFunc(found, func(s Suspect) bool { return len(s.Evidence) == 0 }), nil
}

// judge writes the evidence down.
func (s *Suspect) judge(others int) {
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
			bins := t.leakBins(encoder, k, u)
			logOdds[term.Name] = append(pad(logOdds[term.Name], len(tested)), t.levelRates(bins, u)...)
			missing[term.Name] = append(pad(missing[term.Name], len(tested)), t.levelRates(bins.missingOnly(), u)...)
		}
		tested = append(tested, u.test...)
	}
	for _, f := range t.table.Schema.Fields() {
		if logOdds[f.Name] == nil {
			continue
		}
		auc := func(eta []float64) float64 {
			return rank(t.sample(tested, pad(eta, len(tested)), 0)).measure(nil).auc
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

// binned is one feature cut into bins for the leads of a turn; bin −1 was never seen in the fit.
type binned struct {
	fit, test []int
	count     int
	missing   int // the bin of the missing, −1 = none
}

// leakBins cuts a feature into its levels, or a number into bins of equal mass.
func (t *trainer) leakBins(encoder *features.Encoder, k int, u turn) binned {
	term := &encoder.Terms()[k]
	fit, test := encoder.Codes(k, t.table, u.fit, nil), encoder.Codes(k, t.table, u.test, nil)
	b := binned{count: term.Size(), missing: -1}
	of := func(c features.Code) int { return int(c.Level) }
	if term.IsNumber() {
		edges := equalMassEdges(fit)
		b.count, b.missing = len(edges)+2, len(edges)+1
		of = func(c features.Code) int {
			if c.Level != 0 {
				return b.missing
			}
			return features.BinOf(edges, c.Z)
		}
	} else if term.Missing {
		b.missing = len(term.Levels)
	}
	for _, c := range fit {
		b.fit = append(b.fit, of(c))
	}
	for _, c := range test {
		b.test = append(b.test, of(c))
	}
	return b
}

// equalMassEdges returns the inner edges of leakBins bins of a number's z.
func equalMassEdges(codes []features.Code) []float64 {
	var z []float64
	for _, c := range codes {
		if c.Level == 0 {
			z = append(z, c.Z)
		}
	}
	slices.Sort(z)
	var edges []float64
	for b := 1; b < leakBins && len(z) > 0; b++ {
		edge := z[b*len(z)/leakBins]
		if edge > z[0] && (len(edges) == 0 || edge > edges[len(edges)-1]) {
			edges = append(edges, edge)
		}
	}
	return edges
}

// missingOnly keeps only whether the value is missing.
func (b binned) missingOnly() binned {
	flag := func(bins []int) []int {
		out := make([]int, len(bins))
		for i, bin := range bins {
			if bin == b.missing && b.missing >= 0 {
				out[i] = 1
			}
		}
		return out
	}
	return binned{fit: flag(b.fit), test: flag(b.test), count: 2, missing: 1}
}

// levelRates predicts the smoothed log-odds of each bin of the fit for the leads of the test: its conversions
// and leads plus those of smoothing average leads.
func (t *trainer) levelRates(b binned, u turn) []float64 {
	const smoothing = 5
	won, n := make([]float64, b.count), make([]float64, b.count)
	var allWon, all float64
	for i, r := range u.fit {
		w := t.weight(r)
		y := w * float64(t.converted[r])
		if bin := b.fit[i]; bin >= 0 {
			won[bin] += y
			n[bin] += w
		}
		allWon += y
		all += w
	}
	rate := (allWon + 0.5) / (all + 1)
	eta := make([]float64, len(u.test))
	for i, bin := range b.test {
		p := rate
		if bin >= 0 {
			p = (won[bin] + smoothing*rate) / (n[bin] + smoothing)
		}
		eta[i] = Logit(math.Min(math.Max(p, 1e-9), 1-1e-9))
	}
	return eta
}

// foldAUC is the out-of-fold AUC of the plain recipe on all features but one ("" = all).
func (t *trainer) foldAUC(ctx context.Context, turns []turn, without string) (float64, error) {
	reduced := *t
	lean := *t.leads
	reduced.leads = &lean
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
		eta, err := reduced.refit(ctx, u)
		if err != nil {
			return 0, err
		}
		tested = append(tested, u.test...)
		logOdds = append(logOdds, eta...)
	}
	return rank(t.sample(tested, logOdds, 0)).measure(nil).auc, nil
}
