package model

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

func autoOptions() Options {
	o := options()
	o.Recipe, o.Holdout = RecipeAuto, 0
	return o
}

// crossedColumns are leads with an effect of source × plan beside those of each, a curve and a feature of noise.
func crossedColumns(n int, seed uint64) []column {
	random := rand.New(rand.NewPCG(seed, 11))
	source, plan := make([]string, n), make([]string, n)
	x, noise, won := make([]float64, n), make([]float64, n), make([]bool, n)
	for i := range n {
		s, p := random.IntN(4), random.IntN(5)
		source[i], plan[i] = fmt.Sprint("s", s), fmt.Sprint("p", p)
		x[i], noise[i] = random.NormFloat64(), random.NormFloat64()
		eta := -1.5 + 0.4*float64(s-1) + 0.9*math.Sin(2*x[i])
		if (s+p)%2 == 0 {
			eta += 1.2
		}
		won[i] = random.Float64() < Sigmoid(eta)
	}
	fit, activity := category("source", features.RoleSource, source), category("plan", features.RoleFeature, plan)
	fit.field.Group, activity.field.Group = features.FitGroup, features.ActivityGroup
	return []column{fit, activity, numeric("x", features.RoleFeature, x), numeric("noise", features.RoleFeature, noise), yesNo(won)}
}

func pairsOf(m *Model) []string {
	var names []string
	for _, t := range m.Encoder().Terms() {
		if t.IsPair() {
			names = append(names, t.Name)
		}
	}
	return names
}

// The planted pair is found, first; the model goes through a file and comes back the same; reasons add up; a batch,
// a table and one lead get the same bits; so do one worker and three.
func TestAuto(t *testing.T) {
	columns := crossedColumns(6000, 1)
	o := autoOptions()
	m := train(t, tableOf(t, columns...), o).Model
	if got := pairsOf(m); len(got) == 0 || got[0] != "source × plan" {
		t.Fatalf("pairs %q", got)
	}
	var text, other bytes.Buffer
	if err := m.Encode(&text); err != nil {
		t.Fatal(err)
	}
	o.Workers = 3
	if err := train(t, tableOf(t, columns...), o).Model.Encode(&other); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text.Bytes(), other.Bytes()) {
		t.Error("three workers give another artifact")
	}
	back, err := Decode(&text)
	if err != nil {
		t.Fatal(err)
	}
	columns[0].texts[0], columns[1].texts[1], columns[2].numbers[2], columns[3].numbers[3] = "new", "", math.NaN(), 1e300
	batch := batchOf(t, columns...)
	var scores Scores
	scorer := back.NewBatchScorer()
	scorer.Intervals = true
	scorer.Score(batch, &scores)
	checkBatch(t, "auto", m, batch, &scores)
	var lead features.Lead
	for r := range 200 {
		batch.Lead(r, &lead)
		s := back.Score(&lead)
		sum, plain := s.Base.LogOdds, 0.0
		for _, reason := range s.Reasons {
			sum += reason.LogOdds
			for _, part := range strings.Split(reason.Feature, " × ") {
				if part == "x" || part == "noise" {
					plain += reason.LogOdds / float64(1+strings.Count(reason.Feature, " × "))
				}
			}
		}
		if math.Abs(sum-s.LogOdds) > 1e-12 {
			t.Fatalf("row %d: reasons add up to %v, log-odds %v", r, sum, s.LogOdds)
		}
		if got := *s.Fit + *s.Activity + plain; math.Abs(got-(s.LogOdds-s.Base.LogOdds)) > 1e-12 {
			t.Fatalf("row %d: sub-scores and the rest add up to %v, want %v", r, got, s.LogOdds-s.Base.LogOdds)
		}
		if r == 0 && s.Reasons[4].LogOdds != 0 {
			t.Errorf("the pair of a level never seen contributes %v", s.Reasons[4].LogOdds)
		}
	}
}

// A column of noise gets a large penalty; levels drawn with a known variance get its inverse, roughly.
func TestPenaltiesAreLearnt(t *testing.T) {
	const n, levels, sd = 40_000, 60, 0.5
	random := rand.New(rand.NewPCG(3, 3))
	effect := make([]float64, levels)
	square := 0.0
	for i := range effect {
		effect[i] = sd * random.NormFloat64()
		square += effect[i] * effect[i] / levels
	}
	good, noise, x, won := make([]string, n), make([]string, n), make([]float64, n), make([]bool, n)
	for i := range n {
		k := random.IntN(levels)
		good[i], noise[i], x[i] = fmt.Sprint(k), fmt.Sprint(random.IntN(levels)), random.NormFloat64()
		won[i] = random.Float64() < Sigmoid(-1+effect[k])
	}
	table := tableOf(t, category("good", features.RoleFeature, good), category("noise", features.RoleFeature, noise), numeric("x", features.RoleFeature, x), yesNo(won))
	tr, err := prepare(table, autoOptions())
	if err != nil {
		t.Fatal(err)
	}
	f, err := tr.fit(context.Background(), "", tr.rows, false)
	if err != nil {
		t.Fatal(err)
	}
	if got := 1 / f.penalty[0]; math.Abs(got/square-1) > 0.25 {
		t.Errorf("variance %v, want about %v", got, square)
	}
	if f.penalty[1] < 10*f.penalty[0] || f.spread[1] > 0.05 {
		t.Errorf("levels of noise: penalty %v, spread %v", f.penalty[1], f.spread[1])
	}
	if f.penalty[2] < 200 || f.spread[2] > 0.05 {
		t.Errorf("a number of noise: penalty %v, spread %v", f.penalty[2], f.spread[2])
	}
}

// Of many columns of noise no pair comes through, and the model is no worse than plain where effects add up.
func TestGateKeepsNoiseOut(t *testing.T) {
	const n, count = 4000, 85
	random := rand.New(rand.NewPCG(5, 5))
	var columns []column
	eta := make([]float64, n)
	for k := range count {
		if k%2 == 0 {
			texts := make([]string, n)
			for i := range texts {
				texts[i] = fmt.Sprint(random.IntN(4))
			}
			columns = append(columns, category(fmt.Sprint("c", k), features.RoleFeature, texts))
			continue
		}
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(random.IntN(6))
			if k == 1 {
				eta[i] = -2.5 + 0.4*x[i]
			}
		}
		columns = append(columns, numeric(fmt.Sprint("x", k), features.RoleFeature, x))
	}
	won := make([]bool, n)
	for i := range won {
		won[i] = random.Float64() < Sigmoid(eta[i])
	}
	table := tableOf(t, append(columns, yesNo(won))...)
	tr, err := prepare(table, autoOptions())
	if err != nil {
		t.Fatal(err)
	}
	half := turn{fit: tr.rows[:n/2], test: tr.rows[n/2:]}
	auto, err := tr.predict(context.Background(), "", half)
	if err != nil {
		t.Fatal(err)
	}
	plain := *tr
	plain.options.Recipe = RecipePlain
	other, err := plain.predict(context.Background(), "", half)
	if err != nil {
		t.Fatal(err)
	}
	a, p := rank(tr.sample(half.test, auto, 1)).measure(nil), rank(tr.sample(half.test, other, 1)).measure(nil)
	if a.auc < p.auc-0.001 || a.logLoss > p.logLoss {
		t.Errorf("auto: AUC %v, log loss %v; plain %v, %v", a.auc, a.logLoss, p.auc, p.logLoss)
	}
	f, err := tr.fit(context.Background(), "", half.fit, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, term := range f.encoder.Terms() {
		if term.IsPair() {
			t.Errorf("pair %s of noise", term.Name)
		}
	}
}

// The score of a pair without an effect has about mean 0 and sd 1, whatever the main effects.
func TestScreeningScoreOfChance(t *testing.T) {
	var sum, square float64
	const runs, n = 300, 3000
	for seed := range uint64(runs) {
		random := rand.New(rand.NewPCG(seed, 17))
		p := logit.Problem{Rows: n, Labels: make([]uint8, n)}
		a, b := make([]uint8, n), make([]uint8, n)
		for i := range n {
			a[i], b[i] = uint8(random.IntN(6)), uint8(min(7, random.ExpFloat64()*2))
			if random.Float64() < Sigmoid(-2+0.2*float64(a[i])-0.2*float64(b[i])) {
				p.Labels[i] = 1
			}
		}
		p.Columns = []logit.Column{{Codes: logit.Codes{U8: a}, Levels: 6, Ridge: 1}, {Codes: logit.Codes{U8: b}, Levels: 8, Ridge: 1}}
		f, err := logit.Minimise(context.Background(), p, logit.DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		s := &pairing{terms: []int{0, 1}, codes: [][]uint8{a, b}, counts: []int{6, 8}, stride: 1}
		z := s.score(candidatePair{a: 0, b: 1}, newLeftover(&p, linearPredictor(&p, f))).score
		sum += z
		square += z * z
	}
	mean := sum / runs
	if sd := math.Sqrt(square/runs - mean*mean); math.Abs(mean) > 0.25 || sd < 0.75 || sd > 1.3 {
		t.Errorf("scores of chance have mean %v and sd %v", mean, sd)
	}
}

// The effects of an auto model: steps that cover a number's range, pairs, and points that go with the log-odds.
func TestAutoEffects(t *testing.T) {
	trained := train(t, tableOf(t, crossedColumns(6000, 2)...), autoOptions())
	kinds := map[string]int{}
	for _, e := range trained.Effects {
		switch {
		case e.Steps:
			kinds["steps"]++
			for i, p := range e.Points {
				if i > 0 && p.Label != features.MissingText && p.X != e.Points[i-1].To {
					t.Errorf("%s: step %d starts at %v, the one before it ends at %v", e.Feature, i, p.X, e.Points[i-1].To)
				}
			}
		case e.Pair:
			kinds["pair"]++
			if !strings.Contains(e.Points[0].Label, " × ") {
				t.Errorf("a pair's level is called %q", e.Points[0].Label)
			}
		}
		for _, p := range e.Points {
			if want := p.LogOdds * PointsToDouble / math.Ln2; math.Abs(float64(p.Points)-want) > 0.5 {
				t.Errorf("%d points for log-odds of %v", p.Points, p.LogOdds)
			}
			if !(p.CI[0] < p.LogOdds && p.LogOdds < p.CI[1]) {
				t.Errorf("%s %s: %v outside %v", e.Feature, p.Label, p.LogOdds, p.CI)
			}
		}
	}
	if kinds["steps"] != 1 || kinds["pair"] != 1 { // the noise stays straight
		t.Errorf("effects %v", kinds)
	}
}

// With many leads, cross-fits take over the penalties and pairs of the fit before the holdout; the figures are those of
// cross-fits that learn their own, and a holdout is never looked at.
func TestCrossFitsTakeOverPenalties(t *testing.T) {
	table := tableOf(t, crossedColumns(36_000, 4)...)
	tr, err := prepare(table, autoOptions())
	if err != nil {
		t.Fatal(err)
	}
	own := turn{fit: tr.rows[:24_000], test: tr.rows[24_000:]}
	want, err := tr.predict(context.Background(), "", own)
	if err != nil {
		t.Fatal(err)
	}
	if tr.known, err = tr.fit(context.Background(), "", tr.rows[:30_000], false); err != nil {
		t.Fatal(err)
	}
	got, err := tr.predict(context.Background(), "", own)
	if err != nil {
		t.Fatal(err)
	}
	a, b := rank(tr.sample(own.test, want, 1)).measure(nil), rank(tr.sample(own.test, got, 1)).measure(nil)
	if math.Abs(a.auc-b.auc) > 0.002 || math.Abs(a.logLoss-b.logLoss) > 0.001 {
		t.Errorf("with penalties of its own AUC %v, log loss %v; taken over %v, %v", a.auc, a.logLoss, b.auc, b.logLoss)
	}
}

// Of many leads a part learns penalties and pairs, and all of them fit.
func TestAutoLearnsOnAPart(t *testing.T) {
	const n = learnRows + 5000
	random := rand.New(rand.NewPCG(6, 6))
	x, won := make([]float64, n), make([]bool, n)
	for i := range n {
		x[i] = float64(random.IntN(9))
		won[i] = random.Float64() < Sigmoid(math.Abs(x[i]-4)-2)
	}
	tr, err := prepare(tableOf(t, numeric("x", features.RoleFeature, x), yesNo(won)), autoOptions())
	if err != nil {
		t.Fatal(err)
	}
	f, err := tr.fit(t.Context(), "", tr.rows, false)
	if err != nil {
		t.Fatal(err)
	}
	if term := &f.encoder.Terms()[0]; !term.Ordered() || term.Weight() != n {
		t.Errorf("%v leads in a term with steps %v, want %d", term.Weight(), term.Ordered(), n)
	}
}

// A feature that says what another does takes no place of a pair from others.
func TestPairsOfTheSame(t *testing.T) {
	columns := crossedColumns(6000, 1)
	price := slices.Clone(columns[1].texts)
	for i := range price[:100] {
		price[i] = "p0"
	}
	columns = append([]column{category("price", features.RoleFeature, price)}, columns...)
	m := train(t, tableOf(t, columns...), autoOptions()).Model
	found := pairsOf(m)
	if one, other := slices.Contains(found, "source × plan"), slices.Contains(found, "price × source"); one == other {
		t.Errorf("pairs %q", found)
	}
}
