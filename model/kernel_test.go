package model

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leadscore/leadscore/features"
	"pgregory.net/rapid"
)

func sameBits(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// Up to nine columns, in any order of categories and numbers, add up lead by lead and column by column to the same bits
// as by themselves, where no number is far out; where one is, the sum is not finite.
func TestPendingColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const rows = 100
	for range 500 {
		s := &batchSum{}
		got, want := make([]float64, rows), make([]float64, rows)
		far := make([]bool, rows)
		add := func() {
			s.addPending(got)
		}
		for range r.IntN(10) {
			if r.IntN(2) == 0 {
				codes, table := make([]uint32, rows), []float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
				if len(s.numbers) > 0 || len(s.codes) == 4 {
					add()
				}
				for i := range codes {
					codes[i] = []uint32{0, 1, features.NoCode}[r.IntN(3)]
					want[i] += table[codes[i]+1]
				}
				s.codes, s.tables = append(s.codes, codes), append(s.tables, table)
				continue
			}
			if len(s.codes) > 0 || len(s.numbers) == 2 {
				add()
			}
			plain := numberLine{mean: 10 * r.NormFloat64(), inverse: math.Exp(3 * r.NormFloat64()), slope: r.NormFloat64(), shift: r.NormFloat64(), absent: r.NormFloat64()}
			scaled, fits := plain.scaled()
			if !fits {
				t.Fatalf("%+v has no scaled form", plain)
			}
			x, gapped := make([]float64, rows), r.IntN(2) == 0
			for i := range x {
				switch r.IntN(40) {
				case 0, 1, 2, 3:
					if x[i] = plain.mean + 1; gapped {
						x[i] = nan
					}
				case 4:
					x[i] = plain.mean
				case 5:
					x[i] = []float64{1e15, -1e300, math.MaxFloat64}[r.IntN(3)] / plain.inverse
					x[i] = max(min(x[i], math.MaxFloat64), -math.MaxFloat64)
					far[i] = true
				default:
					x[i] = plain.mean + r.NormFloat64()*math.Exp(3*r.NormFloat64())
				}
				want[i] += plain.at(x[i])
			}
			s.numbers, s.numbersOf = append(s.numbers, x), append(s.numbersOf, &batchLine{scaled: scaled, gapped: gapped})
		}
		add()
		for i := range got {
			finite := !math.IsNaN(got[i]) && !math.IsInf(got[i], 0)
			if finite == far[i] || !far[i] && math.Float64bits(got[i]) != math.Float64bits(want[i]) {
				t.Fatalf("lead %d: %v, want %v, far out: %v", i, got[i], want[i], far[i])
			}
		}
	}
}

// Every number that Reach cuts makes the sum of a scaled line overflow, also with a slope of 0.
func TestScaledLine(t *testing.T) {
	for _, slope := range []float64{0, 1e-11, -1, 1e9} {
		for _, sd := range []float64{1e-11, 1, 1e300} {
			l := numberLine{inverse: 1 / sd, slope: slope}
			scaled, fits := l.scaled()
			if !fits {
				t.Fatalf("slope %v, sd %v: no scaled form", slope, sd)
			}
			for _, x := range []float64{features.Reach * sd, -features.Reach * sd, math.MaxFloat64} {
				if math.Abs(x/sd) < features.Reach {
					continue
				}
				sum := []float64{1}
				if addLine(sum, []float64{x}, &scaled); math.Abs(sum[0]) <= math.MaxFloat64 {
					t.Errorf("slope %v, sd %v, at %v: the sum is %v", slope, sd, x, sum[0])
				}
			}
		}
	}
	for _, l := range []numberLine{{inverse: 1, slope: 1e-13}, {inverse: 1e300, slope: 1}} {
		if _, fits := l.scaled(); fits {
			t.Errorf("%+v has a scaled form that loses digits", l)
		}
	}
}

// Batches of numbers whose lines have no scaled form score like their leads.
func TestUnscaledLine(t *testing.T) {
	columns := world{rows: 1000, seed: 3}.columns()
	o := options()
	o.Holdout = 0
	m := train(t, tableOf(t, columns...), o).Model
	for k := range m.effect {
		if m.encoder.Terms()[k].IsNumber() {
			m.effect[k][0] = 1.1e-13
		}
	}
	var scores Scores
	batch := batchOf(t, columns...)
	scorer := m.NewBatchScorer()
	scorer.Score(batch, &scores)
	checkBatch(t, "tiny slopes", m, batch, &scores)
	if slices.ContainsFunc(scorer.odds.lines, func(l batchLine) bool { return l.isScaled }) {
		t.Error("a line is scaled")
	}
}

func TestSigmoid(t *testing.T) {
	check := func(t rapid.TB, x float64) {
		want, _ := bigSigmoid(x).Float64()
		if got := Sigmoid(x); relative(got, want) > 4.5e-16 {
			t.Fatalf("Sigmoid(%v) = %v, want %v, off by %g", x, got, want, relative(got, want))
		}
	}
	for _, x := range []float64{nearBy, -nearBy, 36.1, -36.1, -700, 1e-300, -1e-300, math.Ln2 / 128, -math.Ln2 / 128} {
		check(t, x)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.Float64Range(-40, 40).Draw(t, "x")) })
	if !math.IsNaN(Sigmoid(math.NaN())) {
		t.Error("NaN has a sigmoid")
	}
	l := []float64{1, -1, 50, -50, math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 36, -36}
	p, want := make([]float64, len(l)), []float64{}
	for _, x := range l {
		want = append(want, Sigmoid(x))
	}
	if finite := sigmoids(l, p); finite || !sameBits(p, want) {
		t.Errorf("sigmoids %v, one by one %v; the log-odds are finite: %v", p, want, finite)
	}
	if !sigmoids([]float64{0, -1e300, 40}, p) || sigmoids([]float64{0, math.NaN()}, p) {
		t.Error("what is finite is not, or what is not is")
	}
}

// A run of leads has the sigmoids of its leads one by one, bit for bit, wherever in it one is far out.
func TestSigmoidsOfRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-40, 40), rapid.Float64()), 0, 100).Draw(t, "log-odds")
		p, want, finite := make([]float64, len(l)), make([]float64, len(l)), true
		for i, x := range l {
			want[i] = Sigmoid(x)
			finite = finite && math.Abs(x) <= math.MaxFloat64
		}
		if got := sigmoids(l, p); got != finite || !sameBits(p, want) {
			t.Fatalf("sigmoids %v, one by one %v; finite: %v, %v", p, want, got, finite)
		}
	})
}

func TestExp2Table(t *testing.T) {
	ln2, _, err := big.ParseFloat("0.693147180559945309417232121458176568075500134360255", 10, precision, big.ToNearestEven)
	if err != nil {
		t.Fatal(err)
	}
	// (2^(1/64))^j, by the square root, six times over.
	root := big.NewFloat(2).SetPrec(precision)
	for range 6 {
		root.Sqrt(root)
	}
	power := big.NewFloat(1).SetPrec(precision)
	for j, got := range exp2Table {
		if want, _ := power.Float64(); got != want {
			t.Errorf("2^(%d/64): %v, want %v", j, got, want)
		}
		power.Mul(power, root)
	}
	rest, _ := ln2.Quo(ln2, big.NewFloat(64)).Sub(ln2, big.NewFloat(ln2By64Hi)).Float64()
	if rest != ln2By64Lo {
		t.Errorf("ln 2/64 - high is %x, want %x", rest, ln2By64Lo)
	}
}

func BenchmarkSigmoid(b *testing.B) {
	l, p := make([]float64, 1024), make([]float64, 1024)
	for i := range l {
		l[i] = -4 + float64(i%97)/24
	}
	for b.Loop() {
		sigmoids(l, p)
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/1024, "ns/lead")
}
