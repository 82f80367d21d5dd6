package model

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// referenceCase is a sample with scikit-learn's figures, from testdata/reference.py.
type referenceCase struct {
	Name             string    `json:"name"`
	LogOdds          []float64 `json:"log_odds"`
	Y                []int     `json:"y"`
	Weight           []float64 `json:"weight"`
	AUC              float64   `json:"auc"`
	AveragePrecision float64   `json:"average_precision"`
	LogLoss          float64   `json:"log_loss"`
	Brier            float64   `json:"brier"`
	Intercept        float64   `json:"intercept"`
	Slope            float64   `json:"slope"`
	InterceptSE      float64   `json:"intercept_se"`
	SlopeSE          float64   `json:"slope_se"`
}

func (c *referenceCase) sample() *sample {
	s := &sample{logOdds: c.LogOdds, weight: c.Weight, seed: 1}
	for _, y := range c.Y {
		s.y = append(s.y, uint8(y))
	}
	return s
}

func referenceCases(t *testing.T) []referenceCase {
	t.Helper()
	text, err := os.ReadFile("testdata/metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []referenceCase }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 5 {
		t.Fatalf("%d cases", len(file.Cases))
	}
	return file.Cases
}

func TestMetricsAgainstScikitLearn(t *testing.T) {
	for _, c := range referenceCases(t) {
		s := c.sample()
		e := evaluate(s)
		for _, f := range []struct {
			name      string
			got, want float64
			tolerance float64
		}{
			{"AUC", e.AUC, c.AUC, 1e-13}, {"average precision", e.AveragePrecision, c.AveragePrecision, 1e-13},
			{"log loss", e.LogLoss, c.LogLoss, 1e-13}, {"Brier", e.Brier, c.Brier, 1e-13},
			{"slope", e.CalibrationSlope, c.Slope, 1e-9}, {"intercept", e.CalibrationIntercept, c.Intercept, 1e-9},
			{"slope's interval", e.CalibrationSlopeCI[1] - e.CalibrationSlopeCI[0], 2 * intervalZ * c.SlopeSE, 1e-8},
			{"intercept's interval", e.InterceptCI[1] - e.InterceptCI[0], 2 * intervalZ * c.InterceptSE, 1e-8},
		} {
			if !(math.Abs(f.got-f.want) <= f.tolerance) {
				t.Errorf("%s: %s is %v, want %v", c.Name, f.name, f.got, f.want)
			}
		}
	}
}

func TestIntervalZ(t *testing.T) {
	if z := distuv.UnitNormal.Quantile(0.5 + IntervalLevel/2); math.Abs(z-intervalZ) > 1e-14 {
		t.Errorf("z = %v, want %v", intervalZ, z)
	}
}

// drawSample draws a sample of both outcomes, with ties.
func drawSample(t *rapid.T, weighted bool) *sample {
	n := rapid.IntRange(2, 80).Draw(t, "n")
	ties := rapid.IntRange(1, 100).Draw(t, "distinct")
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	s := &sample{seed: 1}
	for i := range n {
		s.logOdds = append(s.logOdds, float64(random.IntN(ties)-ties/2)/10)
		s.y = append(s.y, uint8(random.IntN(2)))
		if weighted {
			s.weight = append(s.weight, float64(1+random.IntN(3)))
		}
		if i < 2 {
			s.y[i] = uint8(i)
		}
	}
	return s
}

// repeated is the sample with each lead as often as it weighs.
func (s *sample) repeated() *sample {
	r := &sample{seed: s.seed}
	for i := range s.y {
		for range int(s.weight[i]) {
			r.logOdds, r.y = append(r.logOdds, s.logOdds[i]), append(r.y, s.y[i])
		}
	}
	return r
}

func (s *sample) shuffled(seed uint64) *sample {
	r := &sample{logOdds: slices.Clone(s.logOdds), y: slices.Clone(s.y), weight: slices.Clone(s.weight), seed: s.seed}
	rand.New(rand.NewPCG(seed, 2)).Shuffle(len(r.y), func(i, j int) {
		r.logOdds[i], r.logOdds[j] = r.logOdds[j], r.logOdds[i]
		r.y[i], r.y[j] = r.y[j], r.y[i]
		if r.weight != nil {
			r.weight[i], r.weight[j] = r.weight[j], r.weight[i]
		}
	})
	return r
}

// sameFigures compares all that does not depend on the bootstrap.
func sameFigures(t *rapid.T, what string, a, b *sample) {
	ra, rb := rank(a), rank(b)
	fa, fb := ra.measure(nil), rb.measure(nil)
	eceA, expectedA := ra.ece()
	eceB, expectedB := rb.ece()
	x := append([]float64{fa.weight, fa.won, fa.mean, fa.auc, fa.precision, fa.logLoss, fa.brier, eceA}, fa.captured[:]...)
	y := append([]float64{fb.weight, fb.won, fb.mean, fb.auc, fb.precision, fb.logLoss, fb.brier, eceB}, fb.captured[:]...)
	if a.weight == nil == (b.weight == nil) { // repeated leads are more leads: less noise is expected of them
		x, y = append(x, expectedA), append(y, expectedB)
	}
	for i := range x {
		if math.Abs(x[i]-y[i]) > 1e-11*(1+math.Abs(x[i])) {
			t.Fatalf("%s: figure %d is %v and %v", what, i, x[i], y[i])
		}
	}
}

// Weight 2 is a lead twice, and the order of the leads changes nothing.
func TestMetricsLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t, true)
		sameFigures(t, "repeated", s, s.repeated())
		sameFigures(t, "shuffled", s, s.shuffled(rapid.Uint64().Draw(t, "order")))
	})
}

// AUC by its definition: over all pairs.
func TestAUCOverPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t, true)
		var pairs, above float64
		for i := range s.y {
			for j := range s.y {
				if s.y[i] == 1 && s.y[j] == 0 {
					w := s.weight[i] * s.weight[j]
					pairs += w
					switch {
					case s.logOdds[i] > s.logOdds[j]:
						above += w
					case s.logOdds[i] == s.logOdds[j]:
						above += w / 2
					}
				}
			}
		}
		if got := rank(s).measure(nil).auc; math.Abs(got-above/pairs) > 1e-12 {
			t.Fatalf("AUC %v, want %v", got, above/pairs)
		}
	})
}

func TestBinsKeepTiesAndMass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t, rapid.Bool().Draw(t, "weighted"))
		r := rank(s)
		count := rapid.IntRange(1, 25).Draw(t, "bins")
		last, bins := 0, 0
		r.bins(count, func(start, end int) {
			if start != last || end <= start {
				t.Fatalf("bin from %d to %d after %d", start, end, last)
			}
			if end < len(r.eta) && r.eta[end] == r.eta[end-1] {
				t.Fatalf("a tie is cut at %d", end)
			}
			last = end
			bins++
		})
		if last != len(r.eta) || bins > count {
			t.Fatalf("%d of %d leads in %d bins, at most %d", last, len(r.eta), bins, count)
		}
	})
	s := &sample{}
	for i := range 100 {
		s.logOdds, s.y = append(s.logOdds, float64(i)), append(s.y, uint8(i%2))
	}
	rank(s).bins(20, func(start, end int) {
		if end-start != 5 {
			t.Errorf("a bin from %d to %d, want 5 leads", start, end)
		}
	})
}

// ECE of true probabilities is what is expected of them; a shift adds to it.
func TestECEExpected(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var ece, expected spread
	for range 60 {
		s := &sample{}
		for range 4000 {
			l := -1.5 + random.NormFloat64()
			s.logOdds, s.y = append(s.logOdds, l), append(s.y, uint8(b2i(random.Float64() < Sigmoid(l))))
		}
		a, b := rank(s).ece()
		ece.add(a)
		expected.add(b)
	}
	if math.Abs(ece.mean/expected.mean-1) > 0.05 {
		t.Errorf("mean ECE %v, expected %v", ece.mean, expected.mean)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestGains(t *testing.T) {
	s := &sample{seed: 1}
	for i := range 100 { // the 20 conversions come first
		s.logOdds, s.y = append(s.logOdds, float64(-i)), append(s.y, uint8(b2i(i < 20)))
	}
	e := evaluate(s)
	if e.TopDecileLift != 5 || e.AUC != 1 || e.AveragePrecision != 1 {
		t.Errorf("lift %v, AUC %v, AP %v", e.TopDecileLift, e.AUC, e.AveragePrecision)
	}
	if n := len(e.Curves.Gains); n != gainSteps {
		t.Fatalf("%d gains", n)
	}
	for _, g := range e.Curves.Gains {
		want := min(1, g.Share*5)
		if math.Abs(g.Captured-want) > 1e-12 || math.Abs(g.Lift*g.Share-g.Captured) > 1e-12 || g.CI[0] > g.Captured || g.CI[1] < g.Captured {
			t.Errorf("share %v: %+v, want %v", g.Share, g, want)
		}
	}
	constant := &sample{seed: 1, logOdds: make([]float64, 100), y: s.y}
	f := rank(constant).measure(nil)
	if f.auc != 0.5 || math.Abs(f.lift()-1) > 1e-12 || math.Abs(f.precision-0.2) > 1e-12 {
		t.Errorf("a constant has AUC %v, lift %v, AP %v", f.auc, f.lift(), f.precision)
	}
}

// Evaluations are finite and their curves sound, whatever the sample.
func TestEvaluateIsFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t, rapid.Bool().Draw(t, "weighted"))
		if rapid.Bool().Draw(t, "extreme") {
			for i := range s.logOdds {
				s.logOdds[i] *= 1e12
			}
		}
		e := evaluate(s)
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		last := e.Curves.ROC[len(e.Curves.ROC)-1]
		if e.Curves.ROC[0] != (Point{}) || math.Abs(last.X-1) > 1e-12 || math.Abs(last.Y-1) > 1e-12 {
			t.Fatalf("ROC from %v to %v", e.Curves.ROC[0], last)
		}
		for _, points := range [][]Point{e.Curves.ROC, e.Curves.Precision} {
			if !slices.IsSortedFunc(points, func(a, b Point) int { return b2i(a.X > b.X+1e-12) - b2i(a.X < b.X) }) {
				t.Fatalf("points out of order: %v", points)
			}
		}
		var counted float64
		for _, b := range e.Curves.Histogram {
			counted += b.Won + b.Lost
		}
		rows := 0
		for _, b := range e.Curves.Reliability {
			rows += b.Rows
		}
		if want := rank(s).measure(nil).weight; math.Abs(counted-want) > 1e-9 || rows != len(s.y) {
			t.Fatalf("%v counted in the histogram of %v, %d in bins", counted, want, rows)
		}
	})
}

// Intervals hold the truth about as often as they say.
func TestIntervalCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	draw := func(n int) *sample {
		s := &sample{seed: random.Uint64()}
		for range n {
			l := -1 + random.NormFloat64()
			s.logOdds, s.y = append(s.logOdds, l), append(s.y, uint8(b2i(random.Float64() < Sigmoid(l))))
		}
		return s
	}
	whole := rank(draw(200_000)).measure(nil)
	const trials = 100
	held := map[string]int{}
	for range trials {
		e := evaluate(draw(200))
		for name, c := range map[string]struct {
			ci    Interval
			truth float64
		}{
			"AUC": {e.AUCCI, whole.auc}, "log loss": {e.LogLossCI, whole.logLoss}, "Brier": {e.BrierCI, whole.brier},
			"slope": {e.CalibrationSlopeCI, 1}, "intercept": {e.InterceptCI, 0}, "gain": {e.Curves.Gains[gainSteps/2-1].CI, whole.captured[gainSteps/2-1]},
		} {
			held[name] += b2i(c.ci[0] <= c.truth && c.truth <= c.ci[1])
		}
	}
	for name, n := range held { // 0.9 ± 3 standard errors
		if share := float64(n) / trials; share < 0.8 || share > 0.99 {
			t.Errorf("%s: %d of %d intervals of level %v hold the truth", name, n, trials, IntervalLevel)
		}
	}
}

// Leads of one account are drawn together: copies of a lead make no interval narrower.
func TestBootstrapOfAccounts(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	single, copies := &sample{seed: 1}, &sample{seed: 1}
	for i := range 400 {
		l := random.NormFloat64()
		y := uint8(b2i(random.Float64() < Sigmoid(l)))
		single.logOdds, single.y = append(single.logOdds, l), append(single.y, y)
		for range 4 {
			copies.logOdds, copies.y, copies.cluster = append(copies.logOdds, l), append(copies.y, y), append(copies.cluster, int32(i))
		}
	}
	a, b := evaluate(single), evaluate(copies)
	for name, pair := range map[string][2]Interval{"AUC": {a.AUCCI, b.AUCCI}, "log loss": {a.LogLossCI, b.LogLossCI}, "slope": {a.CalibrationSlopeCI, b.CalibrationSlopeCI}} {
		if w, v := pair[0][1]-pair[0][0], pair[1][1]-pair[1][0]; math.Abs(w-v) > 1e-9 {
			t.Errorf("%s: width %v of leads, %v of accounts", name, w, v)
		}
	}
}

func TestWilson(t *testing.T) {
	const z2 = intervalZ * intervalZ
	for _, c := range []struct {
		won, n float64
		want   Interval
	}{
		{0, 10, Interval{0, z2 / (10 + z2)}}, {10, 10, Interval{10 / (10 + z2), 1}}, {0, 0, Interval{0, 1}},
	} {
		if got := Wilson(c.won, c.n); math.Abs(got[0]-c.want[0]) > 1e-15 || math.Abs(got[1]-c.want[1]) > 1e-15 {
			t.Fatalf("Wilson(%v, %v) = %v, want %v", c.won, c.n, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) { // its bounds are where the score test stands at z
		n := float64(rapid.IntRange(1, 1000).Draw(t, "n"))
		won := math.Floor(rapid.Float64Range(0, 1).Draw(t, "rate") * n)
		for _, p := range Wilson(won, n) {
			if p > 1e-12 && p < 1-1e-12 {
				if z := math.Abs(won-n*p) / math.Sqrt(n*p*(1-p)); math.Abs(z-intervalZ) > 1e-6 {
					t.Fatalf("%v of %v: bound %v is %v standard errors away", won, n, p, z)
				}
			}
		}
	})
}

func TestTally(t *testing.T) {
	var a, b tally
	for i := range 50 {
		a.add(1, float64(i%2))
		b.add(7, float64(i%2))
	}
	if a.rate() != 0.5 || b.rate() != 0.5 || a.interval() != b.interval() || a.interval() != Wilson(25, 50) {
		t.Errorf("%+v: %v %v, %+v: %v %v", a, a.rate(), a.interval(), b, b.rate(), b.interval())
	}
}

func BenchmarkEvaluate(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	s := &sample{seed: 1}
	for range 100_000 {
		l := -2 + random.NormFloat64()
		s.logOdds, s.y = append(s.logOdds, l), append(s.y, uint8(b2i(random.Float64() < Sigmoid(l))))
	}
	for b.Loop() {
		evaluate(s)
	}
}
