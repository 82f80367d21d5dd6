package logit

import (
	"math"
	"math/rand/v2"
	"testing"
)

// cov(a, b) = ½(var(a+b) − var(a) − var(b)), for combinations a and each single coefficient b.
func TestCovariancesPolarise(t *testing.T) {
	wide := synthetic(32, shape{rows: 4000, levels: []int{wideLevels + 40, 6}, numbers: 1, missing: .2, ridge: .7, scale: .5})
	chain := synthetic(31, shape{rows: 3000, levels: []int{7, 4, 9}, numbers: 2, missing: .2, ridge: .7, scale: .5, weights: true})
	chain.Columns[0].Difference = 2
	for n, p := range []Problem{
		synthetic(30, shape{rows: 3000, levels: []int{7, 4, 9}, numbers: 2, missing: .2, ridge: .7, scale: .5}),
		chain,
		wide,
		synthetic(33, shape{rows: 3000, levels: []int{5, 4}, scale: .5}), // no ridge: a reference,
		synthetic(34, shape{rows: 3000, levels: []int{5, 4}, scale: .5}), // … or sum to zero
	} {
		o := DefaultOptions()
		o.StandardErrors = FullErrors
		o.Reference = n == 3
		f := mustFit(t, p, o)
		random := rand.New(rand.NewPCG(1, uint64(n)))
		of := []Loading{{Term{InterceptColumn, 0}, random.NormFloat64()}}
		for j := range f.Coefficients {
			for range 3 {
				of = append(of, Loading{Term{j, random.IntN(len(f.Coefficients[j]))}, random.NormFloat64()})
			}
		}
		columns, intercept, err := f.Covariances(of)
		if err != nil {
			t.Fatal(err)
		}
		check := func(term Term, got float64) {
			single := []Loading{{term, 1}}
			both, a, b := mustVariance(t, f, append(single, of...)), mustVariance(t, f, of), mustVariance(t, f, single)
			if want := (both - a - b) / 2; math.Abs(got-want) > 1e-9*(a+b) {
				t.Errorf("problem %d: covariance with %v is %v, want %v", n, term, got, want)
			}
		}
		check(Term{InterceptColumn, 0}, intercept)
		for j := range columns {
			for k, v := range columns[j] {
				check(Term{j, k}, v)
			}
		}
	}
}

func mustVariance(t *testing.T, f *Fit, of []Loading) float64 {
	t.Helper()
	v, err := f.Variance(of)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
