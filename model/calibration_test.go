package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

var nan = math.NaN()

// drawPredictions draws outcomes of log-odds a + b·η.
func drawPredictions(random *rand.Rand, n int, a, b float64) predictions {
	var p predictions
	for range n {
		eta := -1 + 1.2*random.NormFloat64()
		p.eta = append(p.eta, eta)
		p.y = append(p.y, float64(b2i(random.Float64() < Sigmoid(a+b*eta))))
	}
	return p
}

// Fractional outcomes σ(a + b·η) have exactly that line.
func TestFitAffineExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := line{rapid.Float64Range(-5, 5).Draw(t, "a"), rapid.Float64Range(-3, 3).Draw(t, "b")}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var p predictions
		for range 50 {
			eta := 2 * random.NormFloat64()
			p.eta, p.y, p.weight = append(p.eta, eta), append(p.y, Sigmoid(want.at(eta))), append(p.weight, 0.1+random.Float64())
		}
		got, ok := fitAffine(p)
		if !ok || math.Abs(got.Intercept-want.Intercept)+math.Abs(got.Slope-want.Slope) > 1e-6 {
			t.Fatalf("%+v, %v, want %+v", got, ok, want)
		}
	})
}

// Where no line is best it says so, and stays finite.
func TestFitAffineDegenerate(t *testing.T) {
	for name, p := range map[string]predictions{
		"no leads":         {},
		"one lead":         {eta: []float64{1}, y: []float64{1}},
		"no spread":        {eta: []float64{2, 2, 2}, y: []float64{0, 1, 1}},
		"one outcome":      {eta: []float64{-1, 0, 2}, y: []float64{1, 1, 1}},
		"separated":        {eta: []float64{-2, -1, 1, 2}, y: []float64{0, 0, 1, 1}},
		"wrongly":          {eta: []float64{-2, -1, 1, 2}, y: []float64{1, 1, 0, 0}},
		"touching":         {eta: []float64{-2, 0, 0, 2}, y: []float64{0, 0, 1, 1}},
		"far out":          {eta: []float64{-1e12, -1, 1, 1e12}, y: []float64{0, 0, 1, 1}},
		"far on one side":  {eta: []float64{900, 901, 902, 903}, y: []float64{0, 0, 1, 1}},
		"zero weights too": {eta: []float64{-1, 1}, y: []float64{0, 1}, weight: []float64{0, 0}},
	} {
		l, ok := fitAffine(p)
		if ok || math.IsNaN(l.Intercept+l.Slope) || math.IsInf(l.Intercept+l.Slope, 0) {
			t.Errorf("%s: %+v, %v", name, l, ok)
		}
		if se, known := l.errors(p); known && !(se[0] >= 0 && se[1] >= 0) {
			t.Errorf("%s: standard errors %v", name, se)
		}
		if c := calibrate([]predictions{p, p, p}); c.Kind != identityKind || c.Slope != 1 || c.Intercept != 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestCalibrate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	folds := func(a, b float64) []predictions {
		var f []predictions
		for range 5 {
			f = append(f, drawPredictions(random, 4000, a, b))
		}
		return f
	}
	affine := 0
	for range 20 { // true probabilities are left alone, but for chance
		affine += b2i(calibrate(folds(0, 1)).Kind == affineKind)
	}
	if affine > 6 {
		t.Errorf("%d of 20 calibrated samples were calibrated", affine)
	}
	for _, want := range []line{{0.5, 0.6}, {-0.7, 1}, {0, 1.5}} {
		c := calibrate(folds(want.Intercept, want.Slope))
		if c.Kind != affineKind || math.Abs(c.Intercept-want.Intercept) > 0.1 || math.Abs(c.Slope-want.Slope) > 0.08 || c.Leads != 20_000 || !(c.Gain > c.GainSE && c.GainSE > 0) {
			t.Errorf("planted %+v: %+v", want, c)
		}
	}
	if c := calibrate(folds(0, -0.8)); c.Kind != identityKind || c.Slope != 1 {
		t.Errorf("a falling line: %+v", c)
	}
	few := folds(0.5, 0.5)[:2]
	for i := range few {
		few[i] = predictions{eta: few[i].eta[:45], y: few[i].y[:45]}
	}
	if c := calibrate(few); c.Kind != identityKind {
		t.Errorf("few leads: %+v", c)
	}
	if c := calibrate(nil); c != identity() {
		t.Errorf("nothing: %+v", c)
	}
}

// Copies of leads in one account make the gain no more certain.
func TestCalibrateAccounts(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var single, copies []predictions
	account := int32(0)
	for range 5 {
		p := drawPredictions(random, 1000, 0.5, 0.7)
		var q predictions
		for i := range p.eta {
			for range 3 {
				q.eta, q.y, q.cluster = append(q.eta, p.eta[i]), append(q.y, p.y[i]), append(q.cluster, account)
			}
			account++
		}
		single, copies = append(single, p), append(copies, q)
	}
	a, b := calibrate(single), calibrate(copies)
	if math.Abs(a.Gain-b.Gain) > 1e-9 || math.Abs(a.GainSE-b.GainSE) > 1e-9 || math.Abs(a.Slope-b.Slope) > 1e-9 {
		t.Errorf("single %+v, copies %+v", a, b)
	}
}

func TestSumByCluster(t *testing.T) {
	if got := sumByCluster([]float64{1, 2, 3, 4}, []int32{7, 3, 7, 3}); got[0] != 4 || got[1] != 6 || len(got) != 2 {
		t.Errorf("sums %v", got)
	}
	if got := sumByCluster([]float64{1, 2}, nil); len(got) != 2 {
		t.Errorf("without clusters: %v", got)
	}
}
