package model

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

func TestCompare(t *testing.T) {
	c, err := Compare(context.Background(), tableOf(t, world{rows: 4000, seed: 1}.columns()...), dated())
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"this model (plain, l2 1)", plainName, bayesName, constantName}
	for i, k := range c.Candidates {
		if k.Name != names[i] || (k.AUCDifference == nil) != (i == 0) {
			t.Errorf("candidate %d: %+v", i, k)
		}
	}
	own, plain, bayes, constant := c.Candidates[0], c.Candidates[1], c.Candidates[2], c.Candidates[3]
	if *plain.AUCDifference != 0 || *plain.LogLossCI != (Interval{}) && plain.LogLossCI[0] != 0 {
		t.Errorf("the same recipe differs: %+v, %v", plain, *plain.LogLossCI)
	}
	if constant.AUC != 0.5 || (*constant.AUCDifferenceCI)[1] >= 0 || (*constant.LogLossCI)[0] <= 0 {
		t.Errorf("constant %+v, %v, %v", constant, *constant.AUCDifferenceCI, *constant.LogLossCI)
	}
	if bayes.AUC < 0.65 || math.Abs(*bayes.AUCDifference-(bayes.AUC-own.AUC)) > 1e-12 {
		t.Errorf("bayes %+v, own %+v", bayes, own)
	}
	if c.Split != SplitTime || c.Leads < 1200 {
		t.Errorf("%d leads of split %s", c.Leads, c.Split)
	}
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}

// Naive Bayes against its formula, by hand: one category, one number and a weight.
func TestNaiveBayes(t *testing.T) {
	texts := []string{"a", "a", "b", "b", "b", "", "c", "a"}
	won := []bool{true, false, true, false, false, true, true, false}
	weights := []float64{2, 1, 1, 1, 1, 1, 1, 1}
	numbers := []float64{1, 2, 3, nan, 5, 6, 0, nan}
	l := leadsOf(t, SplitRowOrder, category("c", features.RoleFeature, texts), numeric("x", features.RoleFeature, numbers), yesNo(won), numeric("w", features.RoleWeight, weights))
	trained := &trainer{leads: l, progress: &progress{}}
	u := turn{fit: []int32{0, 1, 2, 3, 4, 5}, test: []int32{6, 7, 0}}
	eta, err := trained.naiveBayes(u)
	if err != nil {
		t.Fatal(err)
	}
	// The fit has weights of 4 won and 3 lost; c: a 2 and 1, b 1 and 2, missing 1 and 0, half a lead more each.
	// x: its edges are the tenths of 1 1 2 3 5 6: 2, 3, 5, 6, so the bins (won, lost) are
	// [1] (2,0), [2] (0,1), [3] (1,0), [5] (0,1), [6] (1,0), missing (0,1).
	prior := math.Log(4.0 / 3)
	ratio := func(wonIn, lostIn, bins float64) float64 {
		return math.Log((wonIn+0.5)/(4+bins/2)) - math.Log((lostIn+0.5)/(3+bins/2))
	}
	want := []float64{
		prior + ratio(2, 0, 6),                  // c is new: nothing; 0 lies in the first bin
		prior + ratio(2, 1, 3) + ratio(0, 1, 6), // a, missing
		prior + ratio(2, 1, 3) + ratio(2, 0, 6), // a, 1
	}
	for i := range want {
		if math.Abs(eta[i]-want[i]) > 1e-12 {
			t.Errorf("lead %d: %v, want %v", i, eta[i], want[i])
		}
	}
	// A number that is never missing in the fit tells nothing where it is missing in the test.
	v := turn{fit: []int32{0, 1, 2, 4, 5, 6}, test: []int32{3}}
	if eta, err = trained.naiveBayes(v); err != nil {
		t.Fatal(err)
	}
	onlyB := math.Log(5.0/2) + math.Log((1+0.5)/(5+2)) - math.Log((1+0.5)/(2+2))
	if math.Abs(eta[0]-onlyB) > 1e-12 {
		t.Errorf("missing in the test alone: %v, want %v", eta[0], onlyB)
	}
	constant, err := trained.constant(u)
	if err != nil || math.Abs(constant[0]-prior) > 1e-12 || constant[1] != constant[0] {
		t.Errorf("constant %v, %v, want %v", constant, err, prior)
	}
}

func TestCompareModels(t *testing.T) {
	columns := world{rows: 2500, seed: 3}.columns()
	table := tableOf(t, columns...)
	a := train(t, table, dated()).Model
	poor := without(columns, "source", "score")
	poorTable := tableOf(t, poor...)
	b := train(t, poorTable, dated()).Model
	c, err := CompareModels(a, b, [2]string{"a", "b"}, [2]*features.Table{table, poorTable}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if k := c.Candidates[1]; k.Name != "b" || *k.AUCDifference >= 0 || k.AUCDifferenceCI[1] >= 0 || k.LogLossCI[0] <= 0 {
		t.Errorf("%+v, %v, %v", k, *k.AUCDifferenceCI, *k.LogLossCI)
	}
	for want, call := range map[string]func() error{
		"define a conversion differently": func() error {
			_, err := CompareModels(a, train(t, table, options()).Model, [2]string{}, [2]*features.Table{table, table}, 1)
			return err
		},
		"leads for one model, 2 for the other": func() error {
			_, err := CompareModels(a, b, [2]string{}, [2]*features.Table{table, tableOf(t, picked(poor, seq(2))...)}, 1)
			return err
		},
		"column 1 is": func() error {
			_, err := CompareModels(a, b, [2]string{}, [2]*features.Table{poorTable, poorTable}, 1)
			return err
		},
		"too few to compare": func() error {
			x, y := tableOf(t, picked(columns, seq(9))...), tableOf(t, picked(poor, seq(9))...)
			_, err := CompareModels(a, b, [2]string{}, [2]*features.Table{x, y}, 1)
			return err
		},
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want … %s …", err, want)
		}
	}
}

func TestAssess(t *testing.T) {
	columns := without(world{rows: 5000, seed: 1}.columns(), "last_touch")
	table := tableOf(t, columns...)
	trained := train(t, tableOf(t, picked(columns, seq(3500))...), dated())
	truth := make([]float64, table.Rows)
	for r := range truth {
		l := -1.5 + planted[columns[1].texts[r]] + 0.8*columns[3].numbers[r]
		if math.IsNaN(columns[4].numbers[r]) {
			l -= 0.5
		}
		truth[r] = Sigmoid(l)
	}
	a, err := trained.Model.Assess(table, AssessOptions{Truth: truth, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if a.Data.Rows != 5000 || a.Data.Used+a.Data.Immature != 5000 || a.Overall == nil || a.Overall.Rows != a.Data.Used || a.Model != trained.Model.Identity() {
		t.Errorf("%+v, %+v", a.Data, a.Overall)
	}
	if tr := a.Truth; tr.Rows != 5000 || math.Abs(tr.Ratio-1) > 0.05 || tr.LogitCorrelation < 0.97 || tr.ExcessLogLoss < 0 || tr.ExcessLogLoss > 0.01 || math.Abs(tr.Slope-1) > 0.1 || len(tr.Groups) != 4 {
		t.Errorf("truth %+v", tr)
	}
	by, err := trained.Model.Assess(table, AssessOptions{By: []string{"industry", "cohort"}, AsOf: "2024-03-01"})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, g := range by.Groups {
		kinds = append(kinds, g.By)
	}
	if slices.Sort(kinds); by.Data.Immature < 2500 || !slices.Equal(slices.Compact(kinds), []string{"cohort", "industry"}) {
		t.Errorf("%+v of %v", by.Data, kinds)
	}
	one, err := trained.Model.Assess(tableOf(t, picked(columns, where(columns, "false"))...), AssessOptions{AsOf: "2026-01-01"})
	if err != nil || one.Overall != nil || !slices.Equal(codesOfWarnings(one.Notes), []string{"one_outcome"}) {
		t.Errorf("one outcome: %+v, %v", one, err)
	}
	if _, err := json.Marshal([]*Assessment{a, by, one}); err != nil {
		t.Error(err)
	}
	for want, o := range map[string]AssessOptions{
		"5000 leads": {Truth: []float64{0.5}}, "is not a probability": {Truth: slices.Repeat([]float64{2}, 5000)}, "every true probability is 0": {Truth: make([]float64, 5000)},
		`cannot group by "score"`: {By: []string{"score"}}, "no lead has a known outcome": {AsOf: "2023-01-01"}, "as_of": {AsOf: "soon"},
	} {
		if _, err := trained.Model.Assess(table, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want … %s …", err, want)
		}
	}
	if _, err := trained.Model.Assess(tableOf(t, without(columns, "source")...), AssessOptions{}); err == nil {
		t.Error("another schema: no error")
	}
}

// where returns the rows whose outcome is the text.
func where(columns []column, outcome string) (rows []int) {
	for r, text := range columnOf(columns, "converted").texts {
		if text == outcome {
			rows = append(rows, r)
		}
	}
	return rows
}
