package logit

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// positive is XX' + I for a random X, its leading block diagonal.
func positive(n, lead int) []float64 {
	r := rand.New(rand.NewPCG(uint64(n), uint64(lead)))
	a := make([]float64, n*n)
	x := make([]float64, n*n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	for i := range n {
		for j := range n {
			switch {
			case i == j:
				a[i*n+j] = dot(x[i*n:][:n], x[j*n:][:n]) + float64(n)
			case i >= lead || j >= lead:
				a[i*n+j] = dot(x[i*n:][:n], x[j*n:][:n])
			}
		}
	}
	return a
}

func TestFactor(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 31, 32, 33, 64, 67, 150} {
		for _, lead := range []int{0, n / 3} {
			a := positive(n, lead)
			l := slices.Clone(a)
			if !factor(l, n, lead, 1e-13) {
				t.Fatalf("n %d, lead %d: not positive definite", n, lead)
			}
			for i := range n {
				for j := range i + 1 {
					if got := dot(l[i*n:][:j+1], l[j*n:][:j+1]); math.Abs(got-a[i*n+j]) > 1e-11*float64(n) {
						t.Fatalf("n %d, lead %d: LL' at %d, %d is %v, want %v", n, lead, i, j, got, a[i*n+j])
					}
				}
			}
			x := make([]float64, n)
			for i := range x {
				x[i] = float64(i%7) - 3
			}
			b := make([]float64, n)
			for i := range b {
				b[i] = dot(a[i*n:][:n], x)
			}
			solveLower(l, n, b)
			solveUpper(l, n, b)
			diagonal, _ := inverseDiagonal(l, n, lead)
			for i := range x {
				if math.Abs(b[i]-x[i]) > 1e-9 {
					t.Fatalf("n %d: solution %v, want %v", n, b[i], x[i])
				}
				e := make([]float64, n)
				e[i] = 1
				solveLower(l, n, e)
				if want := dot(e, e); math.Abs(diagonal[i]-want) > 1e-12*want {
					t.Fatalf("n %d: inverse diagonal %v, want %v", n, diagonal[i], want)
				}
			}
		}
	}
}

func TestFactorRefuses(t *testing.T) {
	for _, a := range [][]float64{
		{1, 0, 1, 1},
		{1, 0, 2, 1},
		{0, 0, 0, 1},
		{math.NaN(), 0, 0, 1},
		{1, 0, math.NaN(), 1},
	} {
		if factor(a, 2, 0, 1e-13) {
			t.Errorf("%v is not positive definite, but was factored", a)
		}
	}
}

// Standard errors and variances against a plain inverse of H+S, with anchors and without.
func TestStandardErrors(t *testing.T) {
	for n, p := range []Problem{
		synthetic(20, shape{rows: 3000, levels: []int{7, 4, 9}, numbers: 2, missing: .2, ridge: .7, scale: .5}),
		synthetic(21, shape{rows: 3000, levels: []int{7, 4, 9}, numbers: 2, missing: .2, ridge: .7, scale: .5, weights: true, targets: true}),
		synthetic(22, shape{rows: 3000, levels: []int{5, 4}, scale: .5}), // no ridge: sum to zero
		synthetic(23, shape{rows: newtonRows + 999, levels: []int{7, 4}, numbers: 1, missing: .2, ridge: .7, scale: .5}),
	} {
		if n == 1 {
			p.Columns[0].Difference = 2
			p.Columns[2].Ridge = 1e-3
		}
		o := DefaultOptions()
		o.StandardErrors = FullErrors
		f := mustFit(t, p, o)
		inverse := plainCovariance(t, p, f)
		k := 0
		check := func(of []Loading, x []float64, se float64) {
			want := 0.0
			for i := range x {
				for j := range x {
					want += x[i] * x[j] * inverse[i*len(x)+j]
				}
			}
			got, err := f.Variance(of)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(got-want) > 1e-8*want+1e-14 {
				t.Errorf("problem %d: variance of %v is %v, want %v", n, of, got, want)
			}
			if se >= 0 && math.Abs(se*se-want) > 1e-8*want+1e-14 {
				t.Errorf("problem %d: squared standard error of %v is %v, want %v", n, of, se*se, want)
			}
		}
		size := len(flatten(f))
		unit := func(at int) []float64 {
			x := make([]float64, size)
			x[at] = 1
			return x
		}
		for j, c := range f.StandardErrors {
			for level, se := range c {
				check([]Loading{{Term{j, level}, 1}}, unit(k), se)
				k++
			}
		}
		check([]Loading{{Term{InterceptColumn, 0}, 1}}, unit(k), f.InterceptSE)
		row := make([]float64, size)
		row[2], row[8], row[size-1] = 1, 3, 1
		check([]Loading{{Term{InterceptColumn, 0}, 1}, {f.covariance.layout.term(8), 1}, {Term{0, 2}, 1}, {f.covariance.layout.term(8), 2}}, row, -1)
	}
}

// plainCovariance is (H+S)⁻¹, or its inverse on the subspace of sums zero where a category has no ridge.
func plainCovariance(t *testing.T, p Problem, f *Fit) []float64 {
	t.Helper()
	n := len(flatten(f))
	a := make([]float64, n*n)
	x := make([]float64, n)
	l := f.covariance.layout
	for i := range p.Rows {
		clear(x)
		x[n-1] = 1
		for j, c := range p.Columns {
			at := l.columns[j].offset
			switch v := c.Numbers; {
			case c.Levels > 0:
				x[at+c.Codes.code(i)] = 1
			case !math.IsNaN(v.number(i)):
				x[at] = (v.number(i) - c.Center) / c.Scale
			case c.Flag:
				x[at+1] = 1
			}
		}
		prob := 1 / (1 + math.Exp(-predict(p, f, i)))
		for r, v := range x {
			if v != 0 {
				axpy(v*p.weight(i)*prob*(1-prob), x, a[r*n:][:n])
			}
		}
	}
	var kernel [][]float64
	for _, s := range l.columns {
		for k := range s.size {
			a[(s.offset+k)*n+s.offset+k] += s.ridge
			if k > 0 && s.difference > 0 {
				q, r := s.offset+k, s.offset+k-1
				a[q*n+q] += s.difference
				a[r*n+r] += s.difference
				a[q*n+r] -= s.difference
				a[r*n+q] -= s.difference
			}
		}
		if s.ridge == 0 && s.levels > 0 {
			// A constraint is the limit of a penalty; (A + c11')⁻¹ less 1/(c·L²)·dd' is exact for any c.
			for q := range s.size {
				for r := range s.size {
					a[(s.offset+q)*n+s.offset+r] += 10
				}
			}
			d := make([]float64, n)
			for q := range s.size {
				d[s.offset+q] = 1 / (math.Sqrt(10) * float64(s.size))
			}
			d[n-1] = -1 / (math.Sqrt(10) * float64(s.size))
			kernel = append(kernel, d)
		}
	}
	if !factor(a, n, 0, 1e-13) {
		t.Fatal("H+S is not positive definite")
	}
	inverse := make([]float64, n*n)
	for i := range n {
		row := inverse[i*n:][:n]
		row[i] = 1
		solveLower(a, n, row)
		solveUpper(a, n, row)
		for _, d := range kernel {
			axpy(-d[i], d, row)
		}
	}
	return inverse
}

func TestVarianceErrors(t *testing.T) {
	p := synthetic(23, ordinary)
	if _, err := mustFit(t, p, quiet()).Variance(nil); err != ErrNoCovariance {
		t.Errorf("error %v, want ErrNoCovariance", err)
	}
	f := mustFit(t, p, DefaultOptions())
	for _, term := range []Term{{-2, 0}, {-1, 1}, {0, 7}, {0, -1}, {99, 0}, {4, 2}} {
		if _, err := f.Variance([]Loading{{term, 1}}); err == nil {
			t.Errorf("%v: no error", term)
		}
	}
}

func TestSubsampledErrorsAreNear(t *testing.T) {
	p := synthetic(24, large)
	o := DefaultOptions()
	o.StandardErrors = FullErrors
	full := mustFit(t, p, o)
	o.StandardErrors = SubsampleErrors
	part := mustFit(t, p, o)
	if part.SampleRows >= p.Rows || full.SampleRows != p.Rows {
		t.Errorf("curvature from %d and %d of %d rows", part.SampleRows, full.SampleRows, p.Rows)
	}
	for j := range full.StandardErrors {
		for k, want := range full.StandardErrors[j] {
			if got := part.StandardErrors[j][k]; math.Abs(got/want-1) > 0.15 {
				t.Errorf("column %d level %d: standard error %v, in full %v", j, k, got, want)
			}
		}
	}
}

func TestFactorPivoted(t *testing.T) {
	// Four vectors, of which the last is the sum of the first two.
	x := [][]float64{{1, 0, 0, 2}, {0, 1, 0, 1}, {0, 0, 3, 1}, {1, 1, 0, 3}}
	a := make([]float64, 16)
	for i := range x {
		for j := range x {
			a[i*4+j] = dot(x[i], x[j])
		}
	}
	pivots, rank := factorPivoted(a, 4, 1e-12)
	if rank != 3 {
		t.Fatalf("rank %d, want 3 (pivots %v)", rank, pivots)
	}
	for i := range 4 {
		for j := range 4 {
			if got, want := dot(a[i*4:][:min(i, rank-1)+1], pad(a[j*4:], j, min(i, rank-1)+1)), dot(x[pivots[i]], x[pivots[j]]); math.Abs(got-want) > 1e-12 {
				t.Errorf("LL' at %d, %d is %v, want %v", i, j, got, want)
			}
		}
	}
}

// pad is the first n elements of row i of a lower triangle.
func pad(row []float64, i, n int) []float64 {
	out := make([]float64, n)
	copy(out, row[:min(i+1, n)])
	return out
}

func TestEachStopsAtTheFirstError(t *testing.T) {
	for _, workers := range []int{1, 3} {
		err := each(context.Background(), workers, 1000, func(_, task int) error {
			if task == 5 {
				return ErrNoData
			}
			return nil
		})
		if err != ErrNoData {
			t.Errorf("%d workers: error %v", workers, err)
		}
	}
}
