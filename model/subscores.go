package model

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// SubScores says what who the lead is, and what it did, are each worth on leads that the models had not seen: the
// recipe is fitted again on the leads before the holdout without the features of a group, and with them alone.
// Pairs are screened among the features that are left. What a group adds is what its absence costs.
type SubScores struct {
	FitRows int     `json:"fit_rows"` // leads that each model was fitted on
	Rows    int     `json:"rows"`     // leads of the holdout that each was measured on
	Level   float64 `json:"level"`
	// Models are the model on all features, without fit, without activity, on fit alone, on activity alone, and on
	// neither: on features without a group, or, if there are none, the base rate. None is calibrated. Differences are
	// to the first.
	Models []Candidate     `json:"models"`
	Groups []SubScoreGroup `json:"groups"` // of the whole holdout, by source
}

// The names of the models of SubScores.
const (
	AllFeatures     = "all features"
	WithoutFit      = "without fit"
	WithoutActivity = "without activity"
	FitAlone        = "fit alone"
	ActivityAlone   = "activity alone"
	NeitherGroup    = "neither"
)

// SubScoreGroup is what the leads of one source are and did, beside what was predicted and what came.
type SubScoreGroup struct {
	By       string   `json:"by"`
	Value    string   `json:"value"`
	Rows     int      `json:"rows"`
	Fit      float64  `json:"fit"`      // mean log-odds of the group's features,
	Activity float64  `json:"activity"` // 0 on average over the leads of the fit
	Mean     float64  `json:"mean_probability"`
	Rate     float64  `json:"rate"`
	RateCI   Interval `json:"rate_ci"` // Wilson
}

// The leads that sub-scores are measured by, at most.
const subScoreFitRows, subScoreRows = 200_000, 50_000

// subScores measures the groups; nil unless the schema has features in both. m is the model of the leads before the
// holdout, logOdds what it gives those held out.
func (t *trainer) subScores(ctx context.Context, m *Model, before, held []int32, logOdds []float64) (*SubScores, error) {
	if !t.has(features.FitGroup) || !t.has(features.ActivityGroup) {
		return nil, nil
	}
	u := turn{t.some(before, subScoreFitRows), t.some(held, subScoreRows)}
	if !t.enough(u.fit) || !t.enough(u.test) {
		return nil, nil
	}
	s := &SubScores{FitRows: len(u.fit), Rows: len(u.test), Level: IntervalLevel, Groups: t.subScoreGroups(m, held, logOdds)}
	models := t.subModels(ctx)
	t.progress.steps += len(models)
	eta := make([][]float64, len(models))
	for i, c := range models {
		var err error
		if eta[i], err = c.predict(u); err != nil {
			return nil, fmt.Errorf("model: sub-scores: %s: %w", c.name, err)
		}
	}
	c := newComparison(t.kind, len(u.test), models)
	c.measure(t.leads, u.test, wholeOf(u.test), eta, t.options.Seed)
	s.Models = c.Candidates
	return s, nil
}

// has reports whether a feature belongs to the group.
func (t *trainer) has(group features.Group) bool {
	return slices.ContainsFunc(t.table.Schema.Fields(), func(f features.Field) bool { return f.Role.Feature() && f.Group == group })
}

// some draws at most so many of the rows at random and leaves them in their order.
func (t *trainer) some(rows []int32, most int) []int32 {
	if len(rows) <= most {
		return rows
	}
	random := rand.New(rand.NewPCG(t.options.Seed, 0x67726f757073))
	drawn := make([]int32, 0, most)
	for i, r := range rows {
		if random.IntN(len(rows)-i) < most-len(drawn) {
			drawn = append(drawn, r)
		}
	}
	return drawn
}

// subModels are the models of SubScores, each on the features of some groups.
func (t *trainer) subModels(ctx context.Context) []candidate {
	const none, fit, activity = features.NoGroup, features.FitGroup, features.ActivityGroup
	on := func(name string, groups ...features.Group) candidate {
		return candidate{name, func(u turn) ([]float64, error) { return t.predictOn(ctx, u, groups) }}
	}
	neither := candidate{NeitherGroup, t.constant}
	if t.has(none) {
		neither = on(NeitherGroup, none)
	}
	return []candidate{
		on(AllFeatures, none, fit, activity), on(WithoutFit, none, activity), on(WithoutActivity, none, fit), on(FitAlone, fit), on(ActivityAlone, activity), neither,
	}
}

// predictOn is predict by the features of the groups alone.
func (t *trainer) predictOn(ctx context.Context, u turn, groups []features.Group) ([]float64, error) {
	reduced, lean := *t, *t.leads
	reduced.leads = &lean
	for _, f := range t.table.Schema.Fields() {
		if !f.Role.Feature() || slices.Contains(groups, f.Group) {
			continue
		}
		var err error
		if lean.table, err = lean.table.Without(f.Name); err != nil {
			return nil, err
		}
	}
	return reduced.predict(ctx, "fit and activity by themselves", u)
}

// subScoreGroups describes the leads of each source, the largest first; none without a source.
func (t *trainer) subScoreGroups(m *Model, rows []int32, logOdds []float64) []SubScoreGroup {
	i := t.table.Schema.ByRole(features.RoleSource)
	if i < 0 || t.table.Schema.Fields()[i].Kind != features.Category {
		return []SubScoreGroup{}
	}
	name, c := t.table.Schema.Fields()[i].Name, &t.table.Columns[i]
	fit, activity := m.TableSubScores(t.table, rows)
	sums, counts := make([]SubScoreGroup, len(c.Levels)+1), make([]tally, len(c.Levels)+1)
	for k, r := range rows {
		code, w := c.Codes.At(int(r)), t.weight(r)
		g := &sums[code]
		g.Fit += float64(w * fit[k])
		g.Activity += float64(w * activity[k])
		g.Mean += float64(w * Sigmoid(logOdds[k]))
		counts[code].add(w, float64(t.converted[r]))
	}
	groups := []SubScoreGroup{}
	for code, g := range sums {
		n := &counts[code]
		if n.rows == 0 {
			continue
		}
		g.By, g.Value = name, features.MissingText
		if code < len(c.Levels) {
			g.Value = c.Levels[code]
		}
		g.Rows, g.Rate, g.RateCI = n.rows, n.rate(), n.interval()
		g.Fit, g.Activity, g.Mean = g.Fit/n.weight, g.Activity/n.weight, g.Mean/n.weight
		groups = append(groups, g)
	}
	slices.SortStableFunc(groups, func(a, b SubScoreGroup) int { return cmp.Compare(b.Rows, a.Rows) })
	return groups
}

// Grouped reports whether scores have the two sub-scores.
func (m *Model) Grouped() bool { return m.grouped }

// TableSubScores returns the sub-scores of the given rows of a table (nil = all), bit for bit the Fit and Activity of
// their scores; nil unless Grouped. The table's schema must fit the encoder: see features.Encoder.Fits.
func (m *Model) TableSubScores(table *features.Table, rows []int32) (fit, activity []float64) {
	if !m.grouped {
		return nil, nil
	}
	if rows == nil {
		rows = features.AllRows(table.Rows)
	}
	fit, activity = make([]float64, len(rows)), make([]float64, len(rows))
	inBlocks(len(rows), func(_, from, to int) {
		m.eachTerm(table, rows[from:to], func(k int, c []float64) {
			addShare(fit[from:to], c, m.groupShare(k, features.FitGroup))
			addShare(activity[from:to], c, m.groupShare(k, features.ActivityGroup))
		})
	})
	return fit, activity
}

// addShare adds a share of each contribution to a sum, as Score does.
func addShare(sum, contribution []float64, share float64) {
	for i, c := range contribution {
		sum[i] += float64(share * c)
	}
}

// addSubScores adds what of each term is fit and activity, for the leads from row from on, whose levels are at hand.
func (s *BatchScorer) addSubScores(b *features.Batch, from int, fit, activity []float64) {
	m := s.model
	s.term = resized(s.term, len(fit))
	for k := range m.effect {
		inFit, inActivity := m.groupShare(k, features.FitGroup), m.groupShare(k, features.ActivityGroup)
		if inFit == 0 && inActivity == 0 {
			continue
		}
		clear(s.term)
		s.odds.addAlone(k, b, from, s.term)
		addShare(fit, s.term, inFit)
		addShare(activity, s.term, inActivity)
	}
}

// addAlone adds the contributions of one term.
func (s *batchSum) addAlone(k int, b *features.Batch, from int, l []float64) {
	t := &s.encoder.Terms()[k]
	if t.IsPair() {
		s.addPair(k, t, l)
		return
	}
	switch {
	case t.IsNumber():
		s.days = resized(s.days, len(l))
		for i, x := range b.Amounts(s.encoder.Field(k), from, s.days) {
			l[i] += s.lines[k].plain.at(x)
		}
	case t.Bins:
		s.addBins(k, b, from, l)
	default:
		s.addCategory(k, &b.Vectors[s.encoder.Field(k)], from, l)
		s.addPending(l)
	}
}

// eachTerm calls each with the contributions of one term after the other; they are valid until it returns.
func (m *Model) eachTerm(table *features.Table, rows []int32, each func(k int, c []float64)) {
	c := make([]float64, len(rows))
	levels := make([][]int32, len(m.effect))
	for k := range m.effect {
		clear(c)
		m.addTerm(k, table, rows, levels, c)
		each(k, c)
	}
}
