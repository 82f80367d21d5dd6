package logit

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// chained is a problem of one ordered column with levels apart, one nominal and one number.
func chained(n int, apart int, r *rand.Rand) Problem {
	p := Problem{Rows: n, Labels: make([]uint8, n)}
	ordered, nominal, x := make([]uint8, n), make([]uint8, n), make([]float64, n)
	for i := range n {
		ordered[i], nominal[i], x[i] = uint8(r.IntN(9)), uint8(r.IntN(5)), r.NormFloat64()
		eta := 0.3*float64(ordered[i]) - 0.4*float64(nominal[i]) + 0.5*x[i] - 1
		if r.Float64() < 1/(1+math.Exp(-eta)) {
			p.Labels[i] = 1
		}
	}
	p.Columns = []Column{
		{Codes: Codes{U8: ordered}, Levels: 9, Ridge: 0.7, Difference: 11, Apart: apart},
		{Codes: Codes{U8: nominal}, Levels: 5, Ridge: 3},
		{Numbers: Numbers{F64: x}, Scale: 1, Ridge: 2},
	}
	return p
}

// The traces are those of the variances of single combinations, which Variance solves for one by one.
func TestPenalisedIsTheSumOfVariances(t *testing.T) {
	for _, apart := range []int{0, 1, 3} {
		p := chained(3000, apart, rand.New(rand.NewPCG(1, uint64(apart))))
		o := DefaultOptions()
		o.StandardErrors = FullErrors
		f, err := Minimise(context.Background(), p, o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.Penalised()
		if err != nil {
			t.Fatal(err)
		}
		for j := range p.Columns {
			c := &p.Columns[j]
			var want Penalised
			add := func(weight float64, x ...Loading) {
				variance, err := f.Variance(x)
				if err != nil {
					t.Fatal(err)
				}
				value := 0.0
				for _, l := range x {
					value += l.Value * f.Coefficients[j][l.Level]
				}
				want.Trace += weight * variance
				want.Square += weight * value * value
			}
			for k := range f.Coefficients[j] {
				add(c.Ridge, Loading{Term{j, k}, 1})
				if k > 0 && k < c.Levels-apart && c.Difference > 0 {
					add(c.Difference, Loading{Term{j, k}, 1}, Loading{Term{j, k - 1}, -1})
				}
			}
			if math.Abs(got[j].Trace-want.Trace) > 1e-8*want.Trace || math.Abs(got[j].Square-want.Square) > 1e-8*want.Square {
				t.Errorf("apart %d, column %d: %+v, want %+v", apart, j, got[j], want)
			}
			if size := float64(len(f.Coefficients[j])); got[j].Trace < 0 || got[j].Trace > size {
				t.Errorf("apart %d, column %d: trace %v of %v coefficients", apart, j, got[j].Trace, size)
			}
		}
	}
}

// A level apart is held by the ridge alone: under a huge difference penalty the others agree, it does not.
func TestApartIsOutsideTheChain(t *testing.T) {
	p := chained(4000, 1, rand.New(rand.NewPCG(2, 2)))
	p.Columns[0].Difference, p.Columns[0].Ridge = 1e8, 1e-3
	f, err := Minimise(context.Background(), p, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	b := f.Coefficients[0]
	for k := 1; k < 8; k++ {
		if math.Abs(b[k]-b[0]) > 1e-3 {
			t.Errorf("level %d is %v, level 0 is %v", k, b[k], b[0])
		}
	}
	if b[8]-b[7] < 0.8 {
		t.Errorf("the level apart is %v, the others %v: true difference of the means 1.35", b[8], b[7])
	}
}

func TestApartIsChecked(t *testing.T) {
	for _, apart := range []int{-1, 10} {
		p := chained(100, 0, rand.New(rand.NewPCG(3, 3)))
		p.Columns[0].Apart = apart
		if _, err := Minimise(context.Background(), p, DefaultOptions()); err == nil {
			t.Errorf("Apart %d was accepted", apart)
		}
	}
}
