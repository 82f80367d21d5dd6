package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// The index of two known distributions, worked by hand: 0.2·ln 1.5 … and nothing where nothing moved.
func TestStabilityIndex(t *testing.T) {
	before, after := []float64{0.4, 0.4, 0.2}, []float64{0.6, 0.3, 0.1}
	want := 0.2*math.Log(1.5) + 0.1*math.Log(4.0/3) + 0.1*math.Log(2)
	d := driftOf(before, after, []string{"a", "b", "c"})
	if math.Abs(d.PSI-want) > 1e-15 || d.Value != "a" || d.Before != 0.4 || d.After != 0.6 {
		t.Errorf("%+v, want %v", d, want)
	}
	if same := driftOf(before, before, []string{"a", "b", "c"}); same.PSI != 0 {
		t.Errorf("%+v", same)
	}
}

// drifting leads come in a row: after seven tenths of them the levels of mix turn round, and everybody's odds double.
func drifting(n int) []column {
	random := rand.New(rand.NewPCG(8, 8))
	mix, still, won := make([]string, n), make([]float64, n), make([]bool, n)
	for i := range n {
		later := i >= 7*n/10
		rare := random.Float64() < 0.2
		mix[i], still[i] = "common", random.NormFloat64()
		if rare != later {
			mix[i] = "rare"
		}
		eta := -2 + still[i]
		if later {
			eta += math.Ln2
		}
		won[i] = random.Float64() < Sigmoid(eta)
	}
	return []column{category("mix", features.RoleFeature, mix), numeric("still", features.RoleFeature, still), yesNo(won)}
}

func TestRolling(t *testing.T) {
	for _, recipe := range []string{RecipeAuto, RecipePlain} {
		o := options()
		o.Recipe, o.Split = recipe, SplitRowOrder
		const n = 10_000
		trained := train(t, tableOf(t, drifting(n)...), o)
		r := trained.Rolling
		if r == nil || len(r.Origins) != 5 || len(r.Drift) != 2 {
			t.Fatalf("%s: %+v", recipe, r)
		}
		rows := r.Origins[0].FitRows
		for _, origin := range r.Origins {
			if origin.FitRows != rows {
				t.Errorf("%s: an origin fits %d leads, %d came before it", recipe, origin.FitRows, rows)
			}
			rows += origin.Rows
			if !(origin.AUCCI[0] < origin.AUC && origin.AUC < origin.AUCCI[1]) || origin.AUC < 0.65 {
				t.Errorf("%s: AUC %v %v", recipe, origin.AUC, origin.AUCCI)
			}
		}
		if rows != n {
			t.Errorf("%s: the origins end at lead %d of %d", recipe, rows, n)
		}
		// The fit before the change predicts half the odds that came; the last one has seen some of the new world.
		broken, last := r.Origins[2], r.Origins[4]
		if ratio := broken.Mean / broken.Rate; ratio > 0.75 || math.Abs(broken.CalibrationIntercept-math.Ln2) > 0.3 {
			t.Errorf("%s: %+v", recipe, broken)
		}
		if last.Mean < broken.Mean+0.01 {
			t.Errorf("%s: after the change %+v, at the end %+v", recipe, broken, last)
		}
		if d := r.Drift[0]; d.Feature != "mix" || d.PSI < 0.5 || math.Abs(d.Before-0.2) > 0.02 && math.Abs(d.Before-0.8) > 0.02 {
			t.Errorf("%s: %+v", recipe, d)
		}
		if d := r.Drift[1]; d.Feature != "still" || d.Excess() > 0.02 || d.PSI > 5*d.Chance {
			t.Errorf("%s: a number that did not move: %+v", recipe, d)
		}
		if s := r.Shift; math.Abs(s.Expected-s.Before) > 0.02 || s.After < 1.3*s.Before {
			t.Errorf("%s: the mix tells nothing of the outcome, but %+v", recipe, s)
		}
		for _, code := range []string{"mix_drift", "world_drift"} {
			if !slices.ContainsFunc(trained.Warnings, func(w Warning) bool { return w.Code == code }) {
				t.Errorf("%s: no warning %s: %+v", recipe, code, trained.Warnings)
			}
		}
	}
}

func TestRandomSplitHasNoOrigins(t *testing.T) {
	o := options()
	o.Split = SplitRandom
	if r := train(t, tableOf(t, drifting(3000)...), o).Rolling; r != nil {
		t.Errorf("%+v", r)
	}
}

// Values that the leads before the holdout never had, or lacked, are a drift of their own.
func TestDriftOfUnseenAndMissing(t *testing.T) {
	columns := drifting(4000)
	for i := range columns[0].texts {
		if i >= 2800 {
			columns[0].texts[i], columns[1].numbers[i] = "new", math.NaN()
		}
	}
	o := options()
	o.Split = SplitRowOrder
	for _, d := range train(t, tableOf(t, columns...), o).Rolling.Drift {
		want := unseenLabel
		if d.Feature == "still" {
			want = features.MissingText
		}
		if d.Value != want || d.PSI < 5 || d.After < 0.99 {
			t.Errorf("%+v, want %s", d, want)
		}
	}
}
