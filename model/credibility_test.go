package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/leadscore/leadscore/features"
)

// drawWins draws sales of sources with profits around their own means.
func drawWins(random *rand.Rand, n int, means []float64, sd float64) *wins {
	w := &wins{}
	for range n {
		s := random.IntN(len(means))
		w.profit = append(w.profit, means[s]+sd*random.NormFloat64())
		w.weight = append(w.weight, 1)
		w.level = append(w.level, int32(s))
	}
	return w
}

func onesOf(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// Balance: over the wins, the means add up to the profit that was made. Each lies between its own mean and the
// overall one, but for the scaling.
func TestCredibleMeansBalance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		levels := rapid.IntRange(1, 6).Draw(t, "levels")
		means := make([]float64, levels)
		for s := range means {
			means[s] = 1000 * math.Exp(random.NormFloat64())
		}
		w := drawWins(random, rapid.IntRange(1, 200).Draw(t, "wins"), means, rapid.Float64Range(0, 500).Draw(t, "sd"))
		for i := range w.weight {
			w.weight[i] = float64(1 + random.IntN(3))
		}
		if w.mean() <= 0 {
			return
		}
		got := credibleMeans(w, levels, w.mean())
		var made, predicted float64
		for i, x := range w.profit {
			made += w.weight[i] * x
			predicted += w.weight[i] * got[w.level[i]]
		}
		if math.Abs(made-predicted) > 1e-9*math.Abs(made) {
			t.Fatalf("%v made, %v predicted", made, predicted)
		}
	})
}

// Weight 2 is a win twice.
func TestCredibleWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	w := drawWins(random, 60, []float64{1000, 3000, 1500}, 300)
	twice := &wins{}
	for i := range w.profit {
		w.weight[i] = float64(1 + i%2)
		for range 1 + i%2 {
			twice.profit, twice.weight, twice.level = append(twice.profit, w.profit[i]), append(twice.weight, 1), append(twice.level, w.level[i])
		}
	}
	a, _ := credibleValue(w, "source", []float64{10, 20, 30})
	b, _ := credibleValue(twice, "source", []float64{10, 20, 30})
	if math.Abs(a.Mean-b.Mean) > 1e-9 || math.Abs(a.Base-b.Base) > 1e-12 {
		t.Errorf("weighted %+v, repeated %+v", a, b)
	}
	for s := range a.Effects {
		if math.Abs(a.Effects[s]-b.Effects[s]) > 1e-12 {
			t.Errorf("effect %d: %v and %v", s, a.Effects[s], b.Effects[s])
		}
	}
}

func TestCredibleValue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	leads := []float64{100, 300, 50}
	v, doubt := credibleValue(drawWins(random, 3000, []float64{1000, 3000, 2000}, 100), "source", leads)
	if doubt != nil || v.Kind != ValueMean || v.Feature != "source" || v.Wins != 3000 {
		t.Fatalf("%+v, %v", v, doubt)
	}
	var centre, n float64
	for s, want := range []float64{1000, 3000, 2000} { // with so many wins a source is believed
		if got := math.Exp(v.Base + v.Effects[s]); math.Abs(got-want) > 15 {
			t.Errorf("source %d is worth %v, want %v", s, got, want)
		}
		centre += leads[s] * v.Effects[s]
		n += leads[s]
	}
	if math.Abs(centre/n) > 1e-12 {
		t.Errorf("the effects' mean over the leads is %v", centre/n)
	}
	// Sources that do not differ share one mean; a level without wins gets it too.
	same, _ := credibleValue(drawWins(random, 40, []float64{1000, 1000}, 400), "source", onesOf(3))
	if spread := math.Abs(same.Effects[0] - same.Effects[1]); spread > 0.1 || math.Abs(math.Exp(same.Base+same.Effects[2])/same.Mean-1) > 0.05 {
		t.Errorf("%+v", same)
	}
}

func TestCredibleValueDegenerate(t *testing.T) {
	w := &wins{}
	for i := range 100 {
		w.profit, w.weight, w.level = append(w.profit, []float64{-500, 2000}[i%2]+float64(i%3)), append(w.weight, 1), append(w.level, int32(i%2))
	}
	mixed, doubt := credibleValue(w, "source", onesOf(2))
	if mixed.Kind != ValueMean || mixed.Feature != "" || doubt == nil || doubt.Code != "value_by_source" || math.Abs(math.Exp(mixed.Base)-w.mean()) > 1e-9 {
		t.Errorf("a source at a loss: %+v, %v", mixed, doubt)
	}
	one, doubt := credibleValue(&wins{profit: []float64{10, 30}, weight: onesOf(2), level: []int32{0, 0}}, "source", onesOf(1))
	if doubt != nil || math.Abs(math.Exp(one.Base)-20) > 1e-12 || one.Effects[0] != 0 {
		t.Errorf("one source: %+v, %v", one, doubt)
	}
	bare, doubt := credibleValue(&wins{profit: []float64{10}, weight: onesOf(1), level: []int32{features.NoLevel}}, "", nil)
	if doubt != nil || bare.Feature != "" || math.Abs(math.Exp(bare.Base)-10) > 1e-12 {
		t.Errorf("no source column: %+v, %v", bare, doubt)
	}
}
