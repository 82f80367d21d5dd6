package model

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/leadscore/leadscore/features"
)

// vector reads one of the vectors of package budget, which were computed twice, by hand or closed form and by a program
// of their own.
func vector(t *testing.T, name string, x any) {
	t.Helper()
	text, err := os.ReadFile("../budget/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all[name], x); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestValueVectors(t *testing.T) {
	t.Run("TV-23", func(t *testing.T) {
		var v struct {
			Y     []float64
			Mu    []float64 `json:"yhat_log"`
			Ratio float64
		}
		vector(t, "TV-23", &v)
		sizes := make([]float64, len(v.Y))
		for i, mu := range v.Mu {
			sizes[i] = math.Exp(mu)
		}
		ratio := ratioOf(v.Y, sizes, onesOf(len(v.Y)))
		if math.Abs(ratio-v.Ratio) > 1e-12 {
			t.Errorf("ratio %v, want %v", ratio, v.Ratio)
		}
		if got := ratio * math.Exp(8); math.Abs(got-3735.74) > 0.005 { // economics.md, §2.2
			t.Errorf("prediction at 8.0: %v, want 3735.74", got)
		}
		var deviance float64
		for i, y := range v.Y {
			deviance += familyGamma.deviance(y, ratio*sizes[i]) / float64(len(v.Y))
		}
		if math.Abs(deviance-0.07050090) > 5e-9 {
			t.Errorf("gamma deviance after the ratio %v, want 0.07050090", deviance)
		}
	})
	t.Run("TV-24", func(t *testing.T) {
		var v struct {
			Y, Score []float64
			Gini     float64 `json:"gini_norm"`
		}
		vector(t, "TV-24", &v)
		r := rankValues(&valueSample{probability: onesOf(len(v.Y)), predicted: v.Score, profit: v.Y, constant: 20})
		f := r.measure(nil)
		if math.Abs(f.gini-v.Gini) > 1e-12 {
			t.Errorf("normalised Gini %v, want %v", f.gini, v.Gini)
		}
	})
}

// salesTruth is one of the four worlds that value models were compared on: profits of mean e^η·(a constant) with ten features.
type salesTruth struct {
	name string
	// draw returns a profit, given η and x6; mean is E(profit) ÷ e^η.
	draw func(random *rand.Rand, eta, x6 float64) float64
	mean func(x6 float64) float64
	// told is the RMSE ÷ mean of the selector at 100, 300 and 1,000 sales in economics.md, §2.1, of 15 to 25 repeats; reached
	// is that of the same recipe over 1,000 repeats, and its standard error (testdata/value.py).
	told    [3]float64
	reached [3][2]float64
}

func lognormal(random *rand.Rand, sd float64) float64 { return math.Exp(sd * random.NormFloat64()) }

// gammaVariate draws from a Gamma of shape a > 1 and mean 1 (Marsaglia & Tsang 2000).
func gammaVariate(random *rand.Rand, a float64) float64 {
	d := a - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := random.NormFloat64()
		v := math.Pow(1+c*x, 3)
		if v > 0 && math.Log(random.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v / a
		}
	}
}

var truths = []salesTruth{
	{"lognormal", func(r *rand.Rand, eta, _ float64) float64 { return math.Exp(eta) * lognormal(r, 1) },
		func(float64) float64 { return math.Exp(0.5) }, [3]float64{.49, .25, .16}, [3][2]float64{{.557, .007}, {.328, .004}, {.173, .002}}},
	{"hetero", func(r *rand.Rand, eta, x6 float64) float64 { return math.Exp(eta) * lognormal(r, .5+.7*x6) },
		func(x6 float64) float64 { return math.Exp((.5 + .7*x6) * (.5 + .7*x6) / 2) }, [3]float64{.51, .34, .25}, [3][2]float64{{.655, .012}, {.391, .007}, {.220, .003}}},
	{"gamma", func(r *rand.Rand, eta, _ float64) float64 { return math.Exp(eta) * gammaVariate(r, 1.2) },
		func(float64) float64 { return 1 }, [3]float64{.40, .28, .15}, [3][2]float64{{.495, .005}, {.279, .002}, {.147, .001}}},
	{"whales", func(r *rand.Rand, eta, _ float64) float64 {
		y := math.Exp(eta) * lognormal(r, .8)
		if r.Float64() < 0.01 {
			y *= 20
		}
		return y
	}, func(float64) float64 { return 1.19 * math.Exp(.32) }, [3]float64{.46, .26, .15}, [3][2]float64{{.584, .021}, {.355, .011}, {.191, .004}}},
}

// drawSales draws sales of a truth: ten features, the profits, and what these are on average.
func drawSales(t testing.TB, w *salesTruth, rows int, seed uint64) (table *features.Table, profit, mean []float64) {
	weights := []float64{.5, -.4, .3, .2, 0, .6, -.5, .3, 0, 0}
	random := rand.New(rand.NewPCG(seed, 1))
	columns := make([]column, len(weights))
	eta := make([]float64, rows)
	for k, b := range weights {
		x := make([]float64, rows)
		for i := range x {
			x[i] = random.NormFloat64()
			if k >= 5 {
				x[i] = float64(b2i(x[i] > .7))
			}
			eta[i] += b * x[i]
		}
		columns[k] = numeric(fmt.Sprintf("x%d", k+1), features.RoleFeature, x)
	}
	profit, mean = make([]float64, rows), make([]float64, rows)
	for i := range eta {
		x6 := columns[5].numbers[i]
		profit[i] = w.draw(random, 8.3+eta[i], x6)
		mean[i] = math.Exp(8.3+eta[i]) * w.mean(x6)
	}
	return tableOf(t, columns...), profit, mean
}

// simulate learns from the first n sales and returns the RMSE on the others ÷ their mean, and the kind.
func simulate(t testing.TB, w *salesTruth, n, rows int, seed uint64) (float64, string) {
	table, profit, mean := drawSales(t, w, rows, seed)
	sales := features.AllRows(n)
	encoder, _, err := features.Fit(table, sales, nil)
	if err != nil {
		t.Fatal(err)
	}
	steps, _, err := features.FitBins(table, sales, nil, features.BinOptions{Bins: curveBins, MinWeight: autoWeight})
	if err != nil {
		t.Fatal(err)
	}
	v, err := fitValue(context.Background(), &valueData{encoder: encoder, shapes: newValueShapes(encoder, &shapes{steps, encoder}), table: table, seed: seed,
		wins: &wins{rows: sales, profit: profit[:n], weight: onesOf(n)}})
	if err != nil {
		t.Fatal(err)
	}
	if v == nil {
		c, _ := credibleValue(&wins{profit: profit[:n], weight: onesOf(n)}, "", nil)
		v = &c
	}
	v.Mean = 1
	m := &Model{predictor: predictor{encoder: encoder}}
	if m.document.Value = *v; m.compileValue() != nil {
		t.Fatal(m.compileValue())
	}
	var square, total float64
	rest := features.AllRows(rows)[n:]
	for i, got := range m.TableProfit(table, rest) {
		d := got - mean[rest[i]]
		square += d * d
		total += mean[rest[i]]
	}
	k := float64(len(rest))
	return math.Sqrt(square/k) / (total / k), v.Kind
}

// The RMSE on four truths is that of the reference recipe: within 0.03 and two standard errors of the difference.
// LEADSCORE_SIMULATIONS sets the repeats and adds 100 and 1,000 sales.
//
// What can be reached: with k features and n log-normal sales, a log regression that is scaled to the total has the relative
// variance (1 + k + 4Σβ²sd²)/n of its effects and (e − 1)·E(m²)/E(m)²/n of its scale, so an RMSE of
// √(E(m²)/E(m)²·(13.7 + 3.4)/n), or 0.58, 0.33 and 0.18 here, without a ridge. Means of twenty repeats of the reference
// recipe range from .285 to .393 at 300 log-normal sales, nine times in ten.
func TestValueTruths(t *testing.T) {
	from, to := simulations(t, 4)
	repeats, sizes := int(to-from), []int{300}
	if repeats > 4 {
		sizes = []int{100, 300, 1000}
	}
	for i := range truths {
		for _, n := range sizes {
			w := &truths[i]
			t.Run(fmt.Sprintf("%s %d", w.name, n), func(t *testing.T) { w.compare(t, n, repeats) })
		}
	}
}

// compare simulates n sales of a truth.
func (w *salesTruth) compare(t *testing.T, n, repeats int) {
	var errors []float64
	kinds := map[string]int{}
	for r := range repeats {
		e, kind := simulate(t, w, n, 12_000, uint64(1000*n+r))
		errors = append(errors, e)
		kinds[kind]++
	}
	slices.Sort(errors)
	mean, sd := stat.MeanStdDev(errors, nil)
	k := slices.Index([]int{100, 300, 1000}, n)
	want, wantSE := w.reached[k][0], w.reached[k][1]
	se, median := sd/math.Sqrt(float64(repeats)), (errors[repeats/2]+errors[(repeats-1)/2])/2
	t.Logf("RMSE mean %.3f ± %.3f, median %.3f; reference %.3f ± %.3f, told %.2f; %v", mean, se, median, want, wantSE, w.told[k], kinds)
	if tolerance := .03 + 2*math.Hypot(se, wantSE); mean > want+tolerance {
		t.Errorf("RMSE %.3f, want %.2f within %.3f", mean, want, tolerance)
	}
	if 50*kinds[ValueMean] > repeats {
		t.Errorf("%d of %d are not told from the mean", kinds[ValueMean], repeats)
	}
	if w.name == "hetero" && n >= 300 && 2*kinds[ValueDouble] < repeats {
		t.Errorf("%d of %d are %s, where sales scatter by their lead", kinds[ValueDouble], repeats, ValueDouble)
	}
}
