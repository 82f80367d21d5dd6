package model

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// slice keeps the rows from … to of columns.
func slice(columns []column, from, to int) []column {
	out := slices.Clone(columns)
	for i := range out {
		c := &out[i]
		switch c.field.Kind {
		case features.Category:
			c.texts = c.texts[from:to]
		case features.Number:
			c.numbers = c.numbers[from:to]
		case features.Time:
			c.times = c.times[from:to]
		}
	}
	return out
}

// coverage collects how intervals do against true probabilities.
type coverage struct {
	leads, covered float64
	decile         [10][2]float64 // leads and covered, by tenth of the true probabilities of a set
	widths, scores []float64      // interval score: width plus 2/(1−level) × what the truth lies outside by
}

func (c *coverage) add(p []float64, ci []Interval) {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if p[a] < p[b] {
			return -1
		}
		return 1
	})
	for rank, i := range order {
		d := &c.decile[10*rank/len(order)]
		in := float64(b2i(p[i] >= ci[i][0] && p[i] <= ci[i][1]))
		c.leads, c.covered = c.leads+1, c.covered+in
		d[0], d[1] = d[0]+1, d[1]+in
		width := ci[i][1] - ci[i][0]
		c.widths = append(c.widths, width)
		c.scores = append(c.scores, width+2/(1-IntervalLevel)*(max(0, ci[i][0]-p[i])+max(0, p[i]-ci[i][1])))
	}
}

// meanScore is the mean interval score (Gneiting & Raftery 2007, JASA 102, §6.2); the less, the better.
func (c *coverage) meanScore() float64 {
	var mean spread
	for _, s := range c.scores {
		mean.add(s)
	}
	return mean.mean
}

func (c *coverage) String() string {
	slices.Sort(c.widths)
	text := fmt.Sprintf("%.1f %% covered, median width %.4f, interval score %.4f, by decile", 100*c.covered/c.leads, c.widths[len(c.widths)/2], c.meanScore())
	for _, d := range c.decile {
		text += fmt.Sprintf(" %.0f", 100*d[1]/d[0])
	}
	return text
}

// testLeads are how many new leads a simulated set is looked at on.
const testLeads = 1000

// intervalsOf trains on the first leads of a set and returns the intervals of the last testLeads.
func intervalsOf(t *testing.T, d drawn, o Options) []Interval {
	t.Helper()
	n := len(d.p)
	m := train(t, tableOf(t, slice(d.columns, 0, n-testLeads)...), o).Model
	s := m.NewBatchScorer()
	s.Intervals = true
	var scores Scores
	s.Score(batchOf(t, slice(d.columns, n-testLeads, n)...), &scores)
	return scores.CI
}

// simulated draw sets with about so many conversions among the leads before the last testLeads.
var simulated = map[string]func(t testing.TB, wins int, seed uint64) drawn{
	"additive": func(_ testing.TB, wins int, seed uint64) drawn {
		const rate = 0.07
		return truth{rows: rowsFor(wins, rate), columns: 20, levels: someLevels, rate: rate, spread: 1, seed: 5000 + seed}.draw()
	},
	benchmarkTruth: func(t testing.TB, wins int, seed uint64) drawn {
		const rate = 0.0687
		rows := rowsFor(wins, rate)
		return benchmark(t, int(seed)*rows, rows)
	},
}

func rowsFor(wins int, rate float64) int { return int(math.Round(float64(wins)/rate)) + testLeads }

// coverageOf is that of the intervals of simulated sets with so many conversions.
func coverageOf(t *testing.T, kind string, wins int, o Options, few uint64) *coverage {
	t.Helper()
	from, to := simulations(t, few)
	c := &coverage{}
	for seed := from; seed < to; seed++ {
		d := simulated[kind](t, wins, seed)
		c.add(d.p[len(d.p)-testLeads:], intervalsOf(t, d, o))
	}
	return c
}

// 90 % intervals cover about so much of additive truths, and less of one that the model has no terms for; on a few sets the
// law is loose.
func TestIntervalsCover(t *testing.T) {
	for _, c := range []struct {
		truth, recipe string
		least         float64 // share of the leads covered
	}{{"additive", RecipeAuto, 0.75}, {benchmarkTruth, RecipeAuto, 0.65}, {"additive", RecipePlain, 0.75}} {
		t.Run(c.truth+" "+c.recipe, func(t *testing.T) {
			if c.truth == benchmarkTruth && !benchmarkAsked() {
				t.Skipf("%s is not set", benchmarkVariable)
			}
			sizes := []int{100}
			if simulationsAsked() {
				sizes = []int{100, 300, 1000}
			}
			for _, wins := range sizes {
				o := options()
				o.Recipe, o.Holdout, o.Workers = c.recipe, 0, 1
				got := coverageOf(t, c.truth, wins, o, 2)
				t.Logf("%d wins: %v", wins, got)
				if share := got.covered / got.leads; share < c.least || share > 0.98 {
					t.Errorf("%d wins: %v of the leads covered", wins, share)
				}
			}
		})
	}
}

// A level never seen, and a value missing where training missed none, widen the interval; so does a rare level.
func TestIntervalsOfUnknownValues(t *testing.T) {
	for _, recipe := range []string{RecipeAuto, RecipePlain} {
		o := options()
		o.Recipe, o.Holdout = recipe, 0
		columns := world{rows: 3000, seed: 5}.lean()
		m := train(t, tableOf(t, columns...), o).Model
		width := func(source string) float64 {
			lead := m.Schema().NewLead()
			i := m.Schema().Index("source")
			lead.Values[i] = features.Value{Present: source != "", Text: source}
			if j := m.Schema().Index("score"); j >= 0 {
				lead.Values[j] = features.Value{Present: true}
			}
			s := m.Score(lead)
			low, high := Logit(s.ProbabilityCI[0]), Logit(s.ProbabilityCI[1])
			if centre := (low + high) / 2; !(low < centre && low < s.LogOdds && s.LogOdds < high) || (centre < s.LogOdds) != (s.LogOdds < 0) {
				t.Fatalf("%s: interval %v of log-odds %v", recipe, *s.ProbabilityCI, s.LogOdds)
			}
			return (high - low) / 2
		}
		if known, unseen, missing := width("web"), width("carrier pigeon"), width(""); unseen < 3*known || missing != unseen {
			t.Errorf("%s: half widths %v of a known level, %v of an unseen one, %v of a missing one", recipe, known, unseen, missing)
		}
	}
}

// The variance of the artifact is that of the whole covariance matrix where features do not correlate.
func TestVarianceAgreesWithCovariance(t *testing.T) {
	for _, recipe := range []string{RecipeAuto, RecipePlain} {
		o := options()
		o.Recipe, o.Holdout = recipe, 0
		table := tableOf(t, world{rows: 4000, seed: 6}.lean()...)
		tr, err := prepare(table, o)
		if err != nil {
			t.Fatal(err)
		}
		f, err := tr.fit(context.Background(), "", tr.rows, true)
		if err != nil {
			t.Fatal(err)
		}
		f.penalty = nil // whose uncertainty is not part of the matrix
		u, err := tr.uncertainty(f, tr.rows)
		if err != nil {
			t.Fatal(err)
		}
		for k := range u.Terms {
			u.Terms[k].Bend = 0 // nor is that of a line
		}
		terms := f.encoder.Terms()
		for r := range int32(50) {
			x, sum := []logit.Loading{loadingOf(logit.InterceptColumn, 0, 1)}, u.Base
			for k := range terms {
				code := f.encoder.Codes(k, table, []int32{r}, nil)[0]
				x = append(x, loadingOf(k, int(code.Level), code.Z))
				sum += u.Terms[k].of(&terms[k], code, nil)
			}
			variance, err := f.linear.Variance(x)
			if err != nil {
				t.Fatal(err)
			}
			if ratio := math.Sqrt(u.Correlation * sum / variance); math.Abs(ratio-1) > 0.1 {
				t.Errorf("%s, row %d: standard deviation %v times that of the matrix", recipe, r, ratio)
			}
		}
	}
}
