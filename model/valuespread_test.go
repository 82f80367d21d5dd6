package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/leadscore/leadscore/features"
)

// The density is that of the likeliest shape: no other of a grid does better, and one of them as well.
func TestGammaDensity(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, shape := range []float64{0.05, 0.4, 1.2, 7, 900} {
		y := make([]float64, 500)
		draw := distuv.Gamma{Alpha: shape, Beta: shape, Src: random}
		var half float64
		for i := range y {
			y[i] = max(draw.Rand(), 1e-300)
			half += (y[i] - 1 - math.Log(y[i])) / float64(len(y))
		}
		got, best := gammaDensity(half), math.Inf(-1)
		for a := shape / 4; a < shape*4; a *= 1.005 {
			var log float64
			for _, x := range y {
				log += (distuv.Gamma{Alpha: a, Beta: a}.LogProb(x) + math.Log(x)) / float64(len(y))
			}
			best = max(best, log)
		}
		if got < best-1e-9*math.Abs(best) || got > best+1e-4 {
			t.Errorf("shape %v: density %v, of a grid of shapes at most %v", shape, got, best)
		}
	}
}

// The densities tell log-normal profits from Gamma ones of the same dispersion.
func TestLikelierGamma(t *testing.T) {
	right := 0
	for seed := range uint64(20) {
		for gamma := range 2 {
			random := rand.New(rand.NewPCG(seed, 3))
			n := 200
			l := &valueLearner{y: make([]float64, n), size: onesOf(n)}
			log, mean := &familyFit{mu: make([]float64, n)}, &familyFit{mu: make([]float64, n)}
			for i := range l.y {
				eta := random.NormFloat64()
				l.y[i], log.mu[i], mean.mu[i] = math.Exp(eta)*lognormal(random, 0.8), eta, eta+0.32
				if gamma == 1 { // ψ(a) − ln a = −0.48 at a = 1.2
					l.y[i], log.mu[i], mean.mu[i] = math.Exp(eta)*gammaVariate(random, 1.2), eta-0.48, eta
				}
			}
			right += b2i(l.likelierGamma(log, mean) == (gamma == 1))
		}
	}
	if right < 38 {
		t.Errorf("%d of 40 told right", right)
	}
}

// Weights are those of the sales where all scatter alike, fall with σ² and stay within their bounds; sales without weight
// have none.
func TestSteadyWeights(t *testing.T) {
	w := []float64{1, 2, 0, 1}
	for i, x := range steadyWeights(w, []float64{0.3, 0.3, 5, 0.3}, 0.5) {
		if math.Abs(x-w[i]) > 1e-12 {
			t.Errorf("weight %d is %v, want %v", i, x, w[i])
		}
	}
	mu := []float64{-9, -0.5, 0, 0.5, 9}
	steady := steadyWeights(onesOf(len(mu)), mu, 0.5)
	for i := 1; i < len(steady); i++ {
		if steady[i] > steady[i-1] {
			t.Errorf("weights %v of σ² ∝ e^%v", steady, mu)
		}
	}
	if floats.Max(steady) > mostSteady || floats.Min(steady) < 1.0/mostSteady {
		t.Errorf("weights %v", steady)
	}
}

// A sale counts by the reciprocal of the dispersion of sales like it, and as it is where all scatter alike.
func TestSteadied(t *testing.T) {
	for _, apart := range []float64{0, 0.4} {
		random := rand.New(rand.NewPCG(4, 4))
		n := 2000
		x, profit := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i] = random.NormFloat64()
			profit[i] = math.Exp(5 + x[i]/2 + (0.8+apart*math.Copysign(1, x[i]))*random.NormFloat64())
		}
		rows := features.AllRows(n)
		table := tableOf(t, numeric("x", features.RoleFeature, x))
		encoder, _, err := features.Fit(table, rows, nil)
		if err != nil {
			t.Fatal(err)
		}
		l := newValueLearner(&valueData{encoder: encoder, table: table}, &wins{rows: rows, profit: profit, weight: onesOf(n)})
		f, err := l.all(familyDouble)
		if err != nil {
			t.Fatal(err)
		}
		var high, low float64
		for i, w := range f.w {
			if x[i] > 0.5 && x[i] < 1.5 {
				high = max(high, w)
			} else if x[i] < -0.5 && x[i] > -1.5 {
				low = max(low, w)
			}
		}
		if apart == 0 && math.Abs(low/high-1) > 0.25 || apart > 0 && low/high < 3 {
			t.Errorf("deviations %v apart: weights %v of steady sales, %v of others", 2*apart, low, high)
		}
	}
}
