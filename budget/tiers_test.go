package budget

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// ladder is n leads of value 1 … n and probability 0.01.
func ladder(n int) (leads []Ranked) {
	for i := range n {
		leads = append(leads, Ranked{ID: fmt.Sprintf("lead %03d", i), Value: float64(i + 1), P: 0.01, Hours: 1})
	}
	return leads
}

func TestTierBoundaries(t *testing.T) {
	o := DefaultTierOptions()
	tiers := must(TiersByThresholds(nil, []float64{600, 200}, o))
	for value, want := range map[float64]string{
		600: "A", math.Nextafter(600, 0): "B", 200: "B", math.Nextafter(200, 0): "C", -5: "C", 0: "C", 1e300: "A",
		math.NaN(): Unscored, math.Inf(1): Unscored,
	} {
		if got := tiers.Of(value); got != want {
			t.Errorf("%v is in tier %s, want %s", value, got, want)
		}
	}
}

func TestTierHysteresis(t *testing.T) {
	tiers := must(TiersByThresholds(nil, []float64{600, 200}, DefaultTierOptions()))
	for _, c := range []struct {
		value        float64
		before, want string
	}{
		{610, "B", "B"}, {630, "B", "A"}, {629.9, "B", "B"}, {590, "A", "A"}, {570, "A", "A"}, {569.9, "A", "B"},
		{700, "C", "A"}, {205, "C", "C"}, {210, "C", "B"}, {615, "C", "B"}, {100, "A", "C"}, {195, "A", "B"},
		{610, "", "A"}, {610, "gone", "A"}, {math.NaN(), "A", Unscored}, {610, Unscored, "A"},
	} {
		if got := tiers.Keep(c.value, c.before); got != c.want {
			t.Errorf("%v after %q is in tier %s, want %s", c.value, c.before, got, c.want)
		}
	}
	below := &Tiers{By: ByValue, Names: []string{"A", "B"}, Cuts: []float64{-100}, Hysteresis: 0.05}
	if a, b := below.Keep(-104, "A"), below.Keep(-96, "B"); a != "A" || b != "B" {
		t.Errorf("around a negative cut: %s, %s", a, b)
	}
}

func TestSmallTiersMergeDown(t *testing.T) {
	o := DefaultTierOptions()
	for _, c := range []struct {
		name   string
		leads  int
		shares []float64
		want   []string
	}{
		{"all large", 150, []float64{0.2, 0.3, 0.5}, []string{"A", "B", "C"}},
		{"top too small", 100, []float64{0.2, 0.3, 0.5}, []string{"B", "C"}},
		{"bottom too small", 100, []float64{0.4, 0.4, 0.2}, []string{"A", "B"}},
		{"all too small", 20, []float64{0.2, 0.3, 0.5}, []string{"C"}},
		{"two small make a large one", 100, []float64{0.2, 0.2, 0.6}, []string{"B", "C"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tiers := must(TiersByShares(ladder(c.leads), c.shares, o))
			if !slices.Equal(tiers.Names, c.want) || len(tiers.Warnings) != len(c.shares)-len(c.want) {
				t.Errorf("tiers %v, want %v; %v", tiers.Names, c.want, tiers.Warnings)
			}
			if err := tiers.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
	rich := ladder(100)
	for i := range rich {
		rich[i].P = 0.3
	}
	if tiers := must(TiersByShares(rich, []float64{0.2, 0.3, 0.5}, o)); len(tiers.Names) != 3 {
		t.Errorf("20 leads with 6 expected wins are too small: %v", tiers.Warnings)
	}
}

func TestCapacityTier(t *testing.T) {
	o := DefaultTierOptions()
	o.MinLeads, o.By = 0, ByProfitPerHour
	for hours, worked := range map[float64]int{0: 0, 0.5: 0, 1: 1, 7.5: 7, 10: 10, 99: 10} {
		tiers := must(TiersByCapacity(ladder(10), hours, o))
		if got := len(members(tiers, ladder(10))["A"]); got != worked {
			t.Errorf("%v hours reach %d leads, want %d", hours, got, worked)
		}
	}
	loss := ladder(3)
	loss[0].Value, loss[1].Value = -5, 0
	if got := members(must(TiersByCapacity(loss, 99, o)), loss)["A"]; !slices.Equal(got, []string{"lead 002"}) {
		t.Errorf("worked %v, want only the lead that brings something", got)
	}
}

func TestTiersRefuse(t *testing.T) {
	o := DefaultTierOptions()
	for name, err := range map[string]error{
		"shares that do not add up": second(TiersByShares(ladder(9), []float64{0.5, 0.4}, o)),
		"a share of 0":              second(TiersByShares(ladder(9), []float64{0, 1}, o)),
		"no leads":                  second(TiersByShares(nil, []float64{1}, o)),
		"leads without a value":     second(TiersByShares([]Ranked{{Value: math.NaN()}}, []float64{1}, o)),
		"thresholds that rise":      second(TiersByThresholds(nil, []float64{1, 2}, o)),
		"a threshold that is none":  second(TiersByThresholds(nil, []float64{math.NaN()}, o)),
		"negative hours":            second(TiersByCapacity(ladder(2), -1, o)),
		"a name twice":              second(TiersByThresholds(nil, []float64{1}, TierOptions{By: ByValue, Names: []string{"A", "A"}})),
		"the name unscored":         second(TiersByThresholds(nil, []float64{1}, TierOptions{By: ByValue, Names: []string{"A", Unscored}})),
		"too few names":             second(TiersByThresholds(nil, []float64{1}, TierOptions{By: ByValue, Names: []string{"A"}})),
		"by nothing":                second(TiersByThresholds(nil, []float64{1}, TierOptions{})),
		"too many":                  second(TiersByThresholds(nil, make([]float64, 30), o)),
	} {
		if err == nil {
			t.Errorf("%s pass", name)
		}
	}
}

// A better lead is never in a worse tier, order does not matter, equal values share a tier, and the shares of the
// reference leads are met but for one lead, and for equal ones.
func TestTierLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var leads []Ranked
		for i := range rapid.IntRange(1, 80).Draw(t, "n") {
			leads = append(leads, Ranked{ID: fmt.Sprint(i), Value: float64(rapid.IntRange(-20, 400).Draw(t, "value")), P: 0.1})
		}
		o := DefaultTierOptions()
		o.MinLeads = 0
		tiers, err := TiersByShares(leads, []float64{0.2, 0.3, 0.5}, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := tiers.Validate(); err != nil {
			t.Fatal(err)
		}
		shuffled := rapid.Permutation(leads).Draw(t, "order")
		other := must(TiersByShares(shuffled, []float64{0.2, 0.3, 0.5}, o))
		if !slices.Equal(tiers.Cuts, other.Cuts) {
			t.Fatalf("cuts %v, in another order %v", tiers.Cuts, other.Cuts)
		}
		last := 0
		for _, l := range Rank(leads) {
			k := slices.Index(tiers.Names, tiers.Of(l.Value))
			if k < last {
				t.Fatalf("value %v is in a better tier than a better lead", l.Value)
			}
			last = k
			if kept := tiers.Keep(l.Value, tiers.Of(l.Value)); kept != tiers.Of(l.Value) {
				t.Fatalf("value %v does not stay in its tier", l.Value)
			}
		}
		top := 0
		for _, l := range leads {
			if l.Value > tiers.Cuts[0] {
				top++
			}
		}
		if most := math.Round(0.2*float64(len(leads))) + 1; float64(top) > most {
			t.Fatalf("%d leads above the first cut, want at most %v", top, most)
		}
	})
}

// Cuts keep their values in the artifact.
func TestTiersRoundTrip(t *testing.T) {
	tiers := must(TiersByShares(ladder(151), []float64{0.2, 0.3, 0.5}, DefaultTierOptions()))
	text, err := json.Marshal(tiers)
	if err != nil {
		t.Fatal(err)
	}
	var again Tiers
	if err := json.Unmarshal(text, &again); err != nil || !slices.Equal(again.Cuts, tiers.Cuts) || again.Validate() != nil {
		t.Errorf("%s became %+v (%v)", text, again, err)
	}
}
