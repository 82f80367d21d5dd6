package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"

	"github.com/leadscore/leadscore/features"
)

// codedSales are sales under the auto recipe's codes, bins and levels, with numbers missing and levels never seen among
// them; plain turns the bins into slopes.
func codedSales(t *testing.T, n int, seed uint64, plain bool) (*valueData, *valueDesign) {
	random := rand.New(rand.NewPCG(seed, 1))
	size, region, profit := make([]float64, n), make([]string, n), make([]float64, n)
	for i := range n {
		size[i], region[i] = math.Exp(random.NormFloat64()), fmt.Sprint(random.IntN(4))
		profit[i] = 100 * math.Exp(0.7*math.Log(size[i])+0.4*float64(i%2)+0.5*random.NormFloat64())
		if random.IntN(9) == 0 {
			size[i] = nan
		}
	}
	table := tableOf(t, numeric("size", features.RoleFeature, size), category("region", features.RoleFeature, region))
	rows := features.AllRows(n)
	encoder, _, err := features.FitBins(table, rows, nil, features.BinOptions{Bins: autoBins, MinWeight: 1})
	if plain {
		encoder, _, err = features.Fit(table, rows, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	data := &valueData{encoder: encoder, table: table, seed: 1, wins: &wins{rows: rows, profit: profit, weight: onesOf(n)}}
	return data, newValueDesign(encoder, nil, table, rows)
}

// The predictor is X·β with the rows that the Gram matrix is made of, and pull is its transpose.
func TestValueDesign(t *testing.T) {
	for _, plain := range []bool{false, true} {
		_, d := codedSales(t, 60, 3, plain)
		random := rand.New(rand.NewPCG(1, 2))
		beta, r := make([]float64, d.size), make([]float64, d.sales)
		for k := range beta {
			beta[k] = random.NormFloat64()
		}
		for i := range r {
			r[i] = random.NormFloat64()
		}
		mu, pulled := make([]float64, d.sales), make([]float64, d.size)
		d.predict(beta, mu)
		d.pull(r, pulled)
		for i := range mu {
			if want := combine(d.row(i, nil), beta); math.Abs(mu[i]-want) > 1e-12 {
				t.Fatalf("sale %d: μ %v, want %v", i, mu[i], want)
			}
		}
		if a, b := floats.Dot(mu, r), floats.Dot(beta, pulled); math.Abs(a-b) > 1e-10 {
			t.Errorf("r'Xβ = %v, β'X'r = %v", a, b)
		}
		// β'Sβ is the penalty's matrix, too.
		h := d.gram(make([]float64, d.sales))
		d.addPenalty(h, 1)
		var square float64
		for i := range beta {
			for j := range beta {
				square += beta[i] * beta[j] * h.At(i, j)
			}
		}
		if got := d.penalty(beta, make([]float64, d.size)); math.Abs(got-square) > 1e-9*square {
			t.Errorf("β'Sβ = %v, want %v", got, square)
		}
	}
}

// The gradient is that of the central differences, and it vanishes at what minimise returns.
func TestValueMinimise(t *testing.T) {
	data, d := codedSales(t, 150, 5, false)
	l := newValueLearner(data, data.wins)
	for _, family := range []valueFamily{familyLogRidge, familyGamma, familyTweedie, familyBernoulli} {
		y := l.y
		if family == familyBernoulli {
			y = make([]float64, len(l.y))
			for i := range y {
				y[i] = float64(b2i(l.y[i] > 0.8))
			}
		}
		factor, err := d.factorise(d.gram(l.w), 1, 3)
		if err != nil {
			t.Fatal(err)
		}
		p := &valueProblem{design: d, family: family, y: y, w: l.w, lambda: 3, factor: factor, scratch: make([]float64, d.sales)}
		at := func(beta []float64) *valueOptimum {
			mu := make([]float64, d.sales)
			d.predict(beta, mu)
			return p.at(beta, mu)
		}
		beta := make([]float64, d.size)
		for k := range beta {
			beta[k] = 0.1 * math.Sin(float64(k))
		}
		o := at(beta)
		for k := range beta {
			const h = 1e-5
			up, down := append([]float64(nil), beta...), append([]float64(nil), beta...)
			up[k], down[k] = up[k]+h, down[k]-h
			if want := (at(up).value - at(down).value) / (2 * h); math.Abs(o.gradient[k]-want) > 1e-5*(1+math.Abs(want)) {
				t.Errorf("%s: gradient %d is %v, want %v", family.name(), k, o.gradient[k], want)
			}
		}
		best, err := p.minimise(nil)
		if err != nil {
			t.Fatal(err)
		}
		if worst := floats.Norm(best.gradient, math.Inf(1)); worst > 1e-2 {
			t.Errorf("%s: gradient %v at the optimum", family.name(), worst)
		}
		for k := range beta {
			for _, h := range []float64{-1e-2, 1e-2} {
				moved := append([]float64(nil), best.beta...)
				moved[k] += h
				if v := at(moved).value; v < best.value {
					t.Errorf("%s: %v at the optimum, %v beside it", family.name(), best.value, v)
				}
			}
		}
	}
}

// Deviances are 0 at y = m, positive elsewhere, and twice the loss up to a constant in y.
func TestValueDeviance(t *testing.T) {
	for _, f := range []valueFamily{familyGamma, familyTweedie} {
		for _, y := range []float64{0.2, 1, 7} {
			if d := f.deviance(y, y); math.Abs(d) > 1e-15 {
				t.Errorf("%s: deviance %v of %v from itself", f.name(), d, y)
			}
			least, _ := f.loss(y, math.Log(y))
			for _, m := range []float64{0.1, 1, 30} {
				loss, _ := f.loss(y, math.Log(m))
				if d := f.deviance(y, m); math.Abs(d-2*(loss-least)) > 1e-12*(1+d) || d < 0 {
					t.Errorf("%s: deviance %v of %v from %v, want %v", f.name(), d, y, m, 2*(loss-least))
				}
			}
		}
	}
}
