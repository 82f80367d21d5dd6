package logit

import (
	"context"
	"testing"
)

// benchmark is the shape of the benchmark leads of this project: 544 coefficients.
func benchmark(b *testing.B, rows int) (Problem, *objective, []float64) {
	p := synthetic(100, shape{rows: rows, levels: []int{3, 5, 8, 12, 20, 30, 50, 80, 120, 200}, numbers: 10, missing: .1, ridge: 1, scale: .3})
	for j := range p.Columns {
		c := &p.Columns[j]
		if c.Levels == 0 && c.Numbers.F64 != nil {
			for _, x := range c.Numbers.F64 {
				c.Numbers.F32 = append(c.Numbers.F32, float32(x))
			}
			c.Numbers.F64 = nil
		}
		if c.Levels > 0 && c.Codes.U8 == nil {
			narrow := make([]uint8, p.Rows)
			for i := range narrow {
				narrow[i] = uint8(c.Codes.code(i))
			}
			c.Codes = Codes{U8: narrow}
		}
	}
	o, theta := laidOut(b, p, false)
	o.workers = 1
	return p, o, theta
}

func perRow(b *testing.B, rows int) {
	b.ReportAllocs()
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

func BenchmarkPass(b *testing.B) {
	p, o, theta := benchmark(b, 200_000)
	grad := make([]float64, len(theta))
	for b.Loop() {
		if _, _, err := o.pass(context.Background(), 1, theta, grad); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, p.Rows)
}

func BenchmarkVerify(b *testing.B) {
	p, o, theta := benchmark(b, 200_000)
	grad := make([]float64, len(theta))
	for b.Loop() {
		if _, _, err := p.verify(context.Background(), o.layout, 1, 1, theta, grad); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, p.Rows)
}

func BenchmarkScan(b *testing.B) {
	p, o, _ := benchmark(b, 200_000)
	for b.Loop() {
		if _, _, err := newObjective(context.Background(), &p, o.layout, 1); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, p.Rows)
}

func BenchmarkGram(b *testing.B) {
	p, o, theta := benchmark(b, 50_000)
	plan := newGramPlan(o)
	for b.Loop() {
		if _, err := plan.compute(context.Background(), theta, o.curvatures); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, p.Rows)
}

// BenchmarkGramOfNumbers is of 200 numbers, and nothing else.
func BenchmarkGramOfNumbers(b *testing.B) {
	p := synthetic(101, shape{rows: 20_000, numbers: 200, ridge: 1, scale: .1})
	o, theta := laidOut(b, p, false)
	o.workers = 1
	plan := newGramPlan(o)
	for b.Loop() {
		if _, err := plan.compute(context.Background(), theta, o.curvatures); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, p.Rows)
}

// benchmarkCholesky factors 544 coefficients, of which the first so many are one category.
func benchmarkCholesky(b *testing.B, lead int) {
	const n = 544
	a := positive(n, lead)
	l := make([]float64, len(a))
	for b.Loop() {
		copy(l, a)
		if !factor(l, n, lead, 1e-13) {
			b.Fatal("not positive definite")
		}
	}
}

func BenchmarkCholesky(b *testing.B)     { benchmarkCholesky(b, 0) }
func BenchmarkCholeskyLead(b *testing.B) { benchmarkCholesky(b, 200) }

func BenchmarkInverseDiagonal(b *testing.B) {
	const n = 544
	l := positive(n, 200)
	factor(l, n, 200, 1e-13)
	for b.Loop() {
		inverseDiagonal(l, n, 200)
	}
}

func BenchmarkSolve(b *testing.B) {
	const n = 544
	l := positive(n, 200)
	factor(l, n, 200, 1e-13)
	x := make([]float64, n)
	for b.Loop() {
		x[0] = 1
		solveLower(l, n, x)
		solveUpper(l, n, x)
	}
}

func BenchmarkFit(b *testing.B) {
	p, _, _ := benchmark(b, 100_000)
	o := DefaultOptions()
	for b.Loop() {
		if _, err := Minimise(context.Background(), p, o); err != nil {
			b.Fatal(err)
		}
	}
	perRow(b, p.Rows)
}
