package logit

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// laidOut is an objective of a problem and a random θ.
func laidOut(t testing.TB, p Problem, reference bool) (*objective, []float64) {
	t.Helper()
	l, err := newLayout(&p, reference)
	if err != nil {
		t.Fatal(err)
	}
	o, _, err := newObjective(context.Background(), &p, l, 2)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	theta := make([]float64, l.intercept+1)
	for k := range theta {
		theta[k] = r.NormFloat64() / 2
	}
	for _, s := range l.columns {
		if l.fixed(s, 0) {
			theta[s.offset] = 0
		}
	}
	return o, theta
}

// variety is problems of every kind that the kernels tell apart.
func variety() []Problem {
	var list []Problem
	for seed, s := range []shape{
		{rows: 300, levels: []int{3, 5}, numbers: 2, missing: .3, ridge: 1, scale: 1},
		{rows: 300, levels: []int{3, 5}, numbers: 2, ridge: .5, scale: 1, weights: true},
		{rows: 5000, levels: []int{300, 5, 70, 9, 13}, numbers: 3, missing: .1, ridge: 2, scale: 1, targets: true},
		{rows: 20_000, levels: []int{300, 5000, 70, 9, 13}, numbers: 3, missing: .1, ridge: 2, scale: 1, targets: true, weights: true},
		{rows: 2100, numbers: 5, missing: .1, ridge: 2, scale: 1},
		{rows: 1, levels: []int{1}, ridge: 2, scale: 1},
		{rows: 500, levels: []int{70_000, 1}, ridge: 2, scale: 1},
	} {
		p := synthetic(uint64(seed), s)
		for j := range p.Columns {
			if p.Columns[j].Levels > 2 && j%2 == 1 {
				p.Columns[j].Difference = 3
			}
		}
		list = append(list, p)
	}
	// Numbers far from 0, and missing values without a flag, are centred row by row.
	far := synthetic(7, shape{rows: 5000, levels: []int{30, 5}, numbers: 7, missing: .1, ridge: 1, scale: 1})
	for j := range far.Columns {
		c := &far.Columns[j]
		c.Flag = c.Flag && j%4 != 3
		if j < 5 {
			continue
		}
		c.Center += 1 << 16
		for i := range c.Numbers.F32 {
			c.Numbers.F32[i] += 1 << 16
		}
		for i := range c.Numbers.F64 {
			c.Numbers.F64[i] += 1 << 16
		}
	}
	return append(list, far)
}

// The fast pass and the plain one agree: they share no code.
func TestPassAgreesWithVerify(t *testing.T) {
	for n, p := range variety() {
		o, theta := laidOut(t, p, n%2 == 1)
		grad := make([]float64, len(theta))
		loss, value, err := o.pass(context.Background(), 1, theta, grad)
		if err != nil {
			t.Fatal(err)
		}
		wantGrad := make([]float64, len(theta))
		wantLoss, wantValue, err := p.verify(context.Background(), o.layout, 1, 1, theta, wantGrad)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(loss-wantLoss) > 1e-12*wantLoss || math.Abs(value-wantValue) > 1e-12*wantValue {
			t.Errorf("problem %d: loss %v, value %v, want %v, %v", n, loss, value, wantLoss, wantValue)
		}
		for k := range grad {
			if math.Abs(grad[k]-wantGrad[k]) > 1e-10*(1+math.Abs(wantGrad[k])) {
				t.Errorf("problem %d: gradient at %v is %v, want %v", n, o.layout.term(k), grad[k], wantGrad[k])
				break
			}
		}
	}
}

func TestGradientIsTheDifference(t *testing.T) {
	const h = 1e-4
	for n, p := range variety() {
		o, theta := laidOut(t, p, n%2 == 1)
		grad, unused := make([]float64, len(theta)), make([]float64, len(theta))
		if _, _, err := o.pass(context.Background(), 1, theta, grad); err != nil {
			t.Fatal(err)
		}
		for k := 0; k < len(theta); k += 1 + len(theta)/50 {
			if t := o.layout.term(k); t.Column >= 0 && o.layout.fixed(o.layout.columns[t.Column], t.Level) {
				continue
			}
			at := func(d float64) float64 {
				moved := slices.Clone(theta)
				moved[k] += d
				_, value, _ := o.pass(context.Background(), 1, moved, unused)
				return value
			}
			// Five points: the error is of order h⁴.
			want := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
			if math.Abs(grad[k]-want) > 1e-6*(1+math.Abs(want)) {
				t.Errorf("problem %d: gradient at %v is %v, differences say %v", n, o.layout.term(k), grad[k], want)
			}
		}
	}
}

func TestHessianIsTheDifferenceOfGradients(t *testing.T) {
	const h = 1e-4
	for n, p := range variety() {
		o, theta := laidOut(t, p, n%2 == 1)
		g, err := newGramPlan(o).compute(context.Background(), theta, o.curvatures)
		if err != nil {
			t.Fatal(err)
		}
		// The Gram matrix is of the log loss alone; differences of the penalty's gradient are exact.
		c := &curvature{layout: o.layout, l: g.dense, n: g.n}
		for _, s := range o.layout.columns {
			if !s.wide {
				c.addPenalty(s)
			}
		}
		up, down := make([]float64, len(theta)), make([]float64, len(theta))
		for q := 0; q < g.n; q += 1 + g.n/40 {
			moved := slices.Clone(theta)
			moved[o.layout.dense[q]] += h
			_, _, err1 := o.pass(context.Background(), 1, moved, up)
			moved[o.layout.dense[q]] -= 2 * h
			_, _, err2 := o.pass(context.Background(), 1, moved, down)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			for r := range g.n {
				at := o.layout.dense[r]
				want := (up[at] - down[at]) / (2 * h)
				if got := g.dense[max(q, r)*g.n+min(q, r)]; math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
					t.Fatalf("problem %d: Hessian at %v, %v is %v, differences say %v", n, o.layout.term(o.layout.dense[q]), o.layout.term(at), got, want)
				}
			}
		}
		for at, got := range g.wide {
			if got != 0 && at%97 == 0 {
				moved := slices.Clone(theta)
				moved[at] += h
				o.pass(context.Background(), 1, moved, up)
				moved[at] -= 2 * h
				o.pass(context.Background(), 1, moved, down)
				s := o.layout.columns[o.layout.term(at).Column]
				want := (up[at]-down[at])/(2*h) - s.ridge
				if k := at - s.offset; s.difference > 0 {
					want -= s.difference * float64(btoi(k > 0)+btoi(k < s.size-1))
				}
				if math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
					t.Errorf("problem %d: diagonal at %v is %v, differences say %v", n, o.layout.term(at), got, want)
				}
			}
		}
	}
}

func TestExpNegative(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100_000 {
		a := r.Float64() * math.Exp2(12*r.Float64()-6)
		got, want := expNegative(a), math.Exp(-a)
		if a <= 708 && math.Abs(got-want) > 4e-16*want {
			t.Fatalf("e^-%v is %v, want %v", a, got, want)
		}
	}
	if got := expNegative(0); got != 1 {
		t.Errorf("e^0 is %v", got)
	}
	if got := expNegative(1e308); !(got > 0 && got < 1e-300) {
		t.Errorf("e^-1e308 is %v", got)
	}
}

func TestExtremeRows(t *testing.T) {
	for _, test := range []struct{ eta, target, loss, residual float64 }{
		{0, 0, math.Ln2, 0.5},
		{0, 1, math.Ln2, -0.5},
		{800, 1, 0, 0},
		{800, 0, 800, 1},
		{-800, 0, 0, 0},
		{-800, 1, 800, -1},
		{1e300, 0, 1e300, 1},
		{-1e300, 1, 1e300, -1},
		{40, 1, 4.248354255291589e-18, -4.248354255291589e-18}, // e^-40
		{-40, 0, 4.248354255291589e-18, 4.248354255291589e-18},
		{math.Copysign(0, -1), 0.25, math.Ln2, 0.25},
		{2, 0.5, math.Log1p(math.Exp(2)) - 1, 1/(1+math.Exp(-2)) - 0.5},
	} {
		for _, weight := range []float64{1, 3} {
			eta := []float64{test.eta}
			loss := 0.0
			// One row's loss by the product is exact to 1e-16 absolutely, by log1p relatively.
			tolerance := 2e-16 + 1e-15*test.loss
			if weight == 1 {
				loss = logisticRows(eta, []float64{test.target}).loss
			} else {
				loss = weightedRows(eta, []float64{test.target}, []float64{weight}).loss
			}
			if math.Abs(loss/weight-test.loss) > tolerance {
				t.Errorf("η=%v t=%v: loss %v, want %v", test.eta, test.target, loss/weight, test.loss)
			}
			if math.Abs(eta[0]/weight-test.residual) > 1e-15*math.Abs(test.residual)+1e-300 {
				t.Errorf("η=%v t=%v: residual %v, want %v", test.eta, test.target, eta[0]/weight, test.residual)
			}
		}
		h := []float64{test.eta}
		curvatureRows(h)
		if e := math.Exp(-math.Abs(test.eta)); math.Abs(h[0]-e/((1+e)*(1+e))) > 1e-15*h[0]+1e-300 {
			t.Errorf("η=%v: curvature %v", test.eta, h[0])
		}
	}
}

func TestSampleIsFair(t *testing.T) {
	for _, stride := range []int{1, 2, 7, 300} {
		s := sample{rows: 200_100, stride: stride, seed: 5}
		total, end := 0, 0
		hits := make([]int, 8) // by place in the block
		for b := range blocks(s.rows) {
			for c := range s.cells(b) {
				at := s.of(b, c)
				total += at.hi - at.lo
				if at.lo < max(end, b*blockRows) || at.hi > min(s.rows, (b+1)*blockRows) || at.hi < at.lo {
					t.Fatalf("stride %d, block %d, cell %d: rows %v", stride, b, c, at)
				}
				end = at.hi
				if at.hi > at.lo {
					hits[(at.lo-b*blockRows)*8/blockRows]++
				}
			}
		}
		if _, size := s.spans(); total != size {
			t.Errorf("stride %d: %d rows, spans has %d", stride, total, size)
		}
		if want := 200_100 / float64(stride); math.Abs(float64(total)-want) > want/50 {
			t.Errorf("stride %d: %d rows of 200100", stride, total)
		}
		if stride > 1 && slices.Contains(hits, 0) {
			t.Errorf("stride %d: the runs' places are not spread: %v", stride, hits)
		}
	}
}

// A sample is a problem like any other: its rows, its codes.
func TestPickedRows(t *testing.T) {
	for n, p := range variety() {
		o, _ := laidOut(t, p, false)
		s := sample{rows: p.Rows, stride: 3, seed: 5}
		spans, size := s.spans()
		var rows []int
		for _, at := range spans {
			for i := at.lo; i < at.hi; i++ {
				rows = append(rows, i)
			}
		}
		got, err := o.pick(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		want := rowsOf(p, rows)
		if len(rows) != size || got.problem.Rows != size || !slices.Equal(got.problem.Labels, want.Labels) ||
			!slices.Equal(got.problem.Targets, want.Targets) || !slices.Equal(got.problem.Weights, want.Weights) {
			t.Errorf("problem %d: %d rows, want %d, or their outcomes differ", n, got.problem.Rows, size)
		}
		for j := range p.Columns {
			for i, row := range rows {
				a, b := &got.problem.Columns[j], &want.Columns[j]
				if a.level(i) != b.level(i) || a.Levels == 0 && math.Float64bits(a.Numbers.number(i)) != math.Float64bits(b.Numbers.number(i)) {
					t.Fatalf("problem %d, column %d: row %d of the sample is not row %d", n, j, i, row)
				}
			}
		}
		for g := range got.groups {
			for i, row := range rows {
				if got.groups[g].codes.code(i) != o.groups[g].codes.code(row) {
					t.Fatalf("problem %d, group %d: row %d of the sample has another code than row %d", n, g, i, row)
				}
			}
		}
	}
}

func TestScan(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		x       []float64
		largest float64
		gap     bool
	}{
		{nil, 0, false},
		{[]float64{nan}, 0, true},
		{[]float64{0, math.Copysign(0, -1)}, 0, false},
		{[]float64{1, -3, nan, 2}, 3, true},
		{[]float64{-inf, 1}, inf, false},
		{[]float64{nan, -inf}, inf, true},
		{[]float64{-0x1p-149, nan}, 0x1p-149, true},
	} {
		if largest, gap := magnitude(test.x); largest != test.largest || gap != test.gap {
			t.Errorf("%v: largest %v, gap %v", test.x, largest, gap)
		}
		single := make([]float32, len(test.x))
		for i, v := range test.x {
			single[i] = float32(v)
		}
		if largest, gap := magnitude(single); largest != test.largest || gap != test.gap {
			t.Errorf("%v in single precision: largest %v, gap %v", test.x, largest, gap)
		}
	}
	for n := range 12 {
		codes := make([]uint8, n)
		for at := range codes {
			clear(codes)
			codes[at] = 7
			if top := largestCode(codes); top != 7 {
				t.Errorf("%v: largest code %d", codes, top)
			}
		}
	}
}

func TestFusingIsExact(t *testing.T) {
	p := synthetic(1, large)
	l, _ := newLayout(&p, false)
	for _, limit := range []int{1, 64, 500, fuseLimit} {
		groups := pack(members(l), limit)
		for i := range groups {
			groups[i].allocate(&p)
			for b := range blocks(p.Rows) {
				groups[i].fill(&p, blockSpan(p.Rows, b))
			}
		}
		theta, grad := make([]float64, l.intercept+1), make([]float64, l.intercept+1)
		for k := range theta {
			theta[k] = float64(k + 1)
		}
		for _, g := range groups {
			table := make([]float64, g.size)
			g.expand(theta, table)
			sums := make([]float64, g.size)
			for i := range p.Rows {
				want := 0.0
				for _, m := range g.members {
					level := p.Columns[m.column].level(i)
					want += m.coefficient(theta, level)
				}
				code := g.codes.code(i)
				if table[code] != want {
					t.Fatalf("limit %d: row %d: %v, want %v", limit, i, table[code], want)
				}
				sums[code]++
			}
			g.marginalise(sums, grad)
		}
		want := make([]float64, l.intercept+1)
		for j, s := range l.columns {
			for i := range p.Rows {
				level := p.Columns[j].level(i)
				if s.levels > 0 {
					want[s.offset+level]++
				} else {
					want[s.offset+1] += float64(level)
				}
			}
		}
		if !slices.Equal(grad, want) {
			t.Errorf("limit %d: margins are wrong", limit)
		}
	}
}
