package logit

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// shape says what synthetic makes.
type shape struct {
	rows    int
	levels  []int
	numbers int
	missing float64 // share of each number
	ridge   float64
	weights bool
	targets bool // fractional
	scale   float64
}

// synthetic makes a problem whose labels are drawn from known coefficients, in every width of codes and numbers.
func synthetic(seed uint64, s shape) Problem {
	r := rand.New(rand.NewPCG(seed, 1))
	p := Problem{Rows: s.rows}
	eta := make([]float64, s.rows)
	for i := range eta {
		eta[i] = -1
	}
	for j, levels := range s.levels {
		codes := make([]int, s.rows)
		beta := make([]float64, levels)
		for k := range beta {
			beta[k] = r.NormFloat64() * s.scale
		}
		for i := range codes {
			codes[i] = int(float64(levels) * math.Pow(r.Float64(), 1.5))
			eta[i] += beta[codes[i]]
		}
		p.Columns = append(p.Columns, category(codes, levels, s.ridge, j))
	}
	for j := range s.numbers {
		x := make([]float64, s.rows)
		beta, gone := r.NormFloat64()*s.scale, r.NormFloat64()*s.scale
		for i := range x {
			x[i] = float64(float32(10 + 3*r.NormFloat64()))
			if r.Float64() < s.missing {
				x[i] = math.NaN()
				eta[i] += gone
			} else {
				eta[i] += beta * (x[i] - 10) / 3
			}
		}
		p.Columns = append(p.Columns, number(x, s.ridge, s.missing > 0, j))
	}
	for i := range eta {
		prob := 1 / (1 + math.Exp(-eta[i]))
		if s.targets {
			p.Targets = append(p.Targets, prob)
		} else {
			p.Labels = append(p.Labels, uint8(btoi(r.Float64() < prob)))
		}
		if s.weights {
			p.Weights = append(p.Weights, 0.5+r.ExpFloat64())
		}
	}
	return p
}

// category makes a column in one of the widths.
func category(codes []int, levels int, ridge float64, width int) Column {
	c := Column{Levels: levels, Ridge: ridge}
	for _, code := range codes {
		switch {
		case width%3 == 0 && levels <= 256:
			c.Codes.U8 = append(c.Codes.U8, uint8(code))
		case width%3 == 1 && levels <= 65536:
			c.Codes.U16 = append(c.Codes.U16, uint16(code))
		default:
			c.Codes.U32 = append(c.Codes.U32, uint32(code))
		}
	}
	return c
}

// number makes a column in one of the widths, standardised by its own mean and deviation.
func number(x []float64, ridge float64, flag bool, width int) Column {
	sum, square, n := 0.0, 0.0, 0.0
	for _, v := range x {
		if !math.IsNaN(v) {
			sum, square, n = sum+v, square+v*v, n+1
		}
	}
	c := Column{Ridge: ridge, Flag: flag, Center: sum / n, Scale: 1}
	if v := square/n - c.Center*c.Center; v > 0 {
		c.Scale = math.Sqrt(v)
	}
	if width%2 == 0 {
		c.Numbers.F64 = x
		return c
	}
	for _, v := range x {
		c.Numbers.F32 = append(c.Numbers.F32, float32(v))
	}
	return c
}

// ordinary is a problem with a bit of everything.
var ordinary = shape{rows: 5000, levels: []int{7, 3, 40, 12}, numbers: 3, missing: 0.2, ridge: 1, scale: 0.6}

// large has rows enough for subsamples and more coefficients than Newton's method is used for.
var large = shape{rows: 36_000, levels: []int{80, 30, 5, 40}, numbers: 3, missing: 0.2, ridge: 1, scale: 0.4}

func quiet() Options {
	o := DefaultOptions()
	o.Tolerance = 1e-7
	o.Workers = 2
	o.StandardErrors = NoErrors
	return o
}

func mustFit(t testing.TB, p Problem, o Options) *Fit {
	t.Helper()
	f, err := Minimise(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// flat is all coefficients of a fit in one slice, the intercept last.
func flatten(f *Fit) []float64 {
	return append(slices.Concat(f.Coefficients...), f.Intercept)
}

// near checks that two fits have the same coefficients within an absolute tolerance.
func near(t *testing.T, got, want *Fit, tolerance float64) {
	t.Helper()
	a, b := flatten(got), flatten(want)
	if len(a) != len(b) {
		t.Fatalf("%d coefficients, want %d", len(a), len(b))
	}
	worst := 0.0
	for k := range a {
		worst = max(worst, math.Abs(a[k]-b[k]))
	}
	if !(worst <= tolerance) {
		t.Errorf("coefficients differ by %.3g, want at most %.3g", worst, tolerance)
	}
}

// gather picks rows of a problem, in the order given, with repetition.
func rowsOf(p Problem, rows []int) Problem {
	q := Problem{Rows: len(rows)}
	for _, c := range p.Columns {
		d := c
		d.Codes = Codes{choose(c.Codes.U8, rows), choose(c.Codes.U16, rows), choose(c.Codes.U32, rows)}
		d.Numbers = Numbers{choose(c.Numbers.F32, rows), choose(c.Numbers.F64, rows)}
		q.Columns = append(q.Columns, d)
	}
	q.Labels, q.Targets, q.Weights = choose(p.Labels, rows), choose(p.Targets, rows), choose(p.Weights, rows)
	return q
}

func choose[T any](x []T, rows []int) []T {
	if x == nil {
		return nil
	}
	y := make([]T, len(rows))
	for i, r := range rows {
		y[i] = x[r]
	}
	return y
}

func upTo(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

func TestSyntheticIsVaried(t *testing.T) {
	p := synthetic(1, ordinary)
	won := 0
	for _, y := range p.Labels {
		won += int(y)
	}
	if won < p.Rows/20 || won > p.Rows*19/20 {
		t.Errorf("%d of %d rows won", won, p.Rows)
	}
	for j, c := range p.Columns {
		seen := map[int]int{}
		missing := 0
		for i := range p.Rows {
			if c.Levels > 0 {
				seen[c.Codes.code(i)]++
			} else if math.IsNaN(c.Numbers.number(i)) {
				missing++
			}
		}
		if c.Levels > 0 && len(seen) != c.Levels {
			t.Errorf("column %d: %d of %d levels occur", j, len(seen), c.Levels)
		}
		if c.Levels == 0 && (missing < p.Rows/10 || missing > p.Rows/3) {
			t.Errorf("column %d: %d missing", j, missing)
		}
	}
}

func TestWeightTwoIsRowTwice(t *testing.T) {
	for _, s := range []shape{ordinary, large} {
		p := synthetic(2, s)
		twice := upTo(p.Rows)
		p.Weights = make([]float64, p.Rows)
		for i := range p.Weights {
			p.Weights[i] = 1
			if i%3 == 0 {
				p.Weights[i] = 2
				twice = append(twice, i)
			}
		}
		q := rowsOf(p, twice)
		q.Weights = nil
		a, b := mustFit(t, p, quiet()), mustFit(t, q, quiet())
		near(t, a, b, 2e-6)
	}
}

func TestWeightZeroIsAbsent(t *testing.T) {
	for _, s := range []shape{ordinary, large} {
		p := synthetic(3, s)
		p.Weights = make([]float64, p.Rows)
		var rows []int
		for i := range p.Weights {
			if i%4 != 0 {
				p.Weights[i] = 1
				rows = append(rows, i)
			}
		}
		a, b := mustFit(t, p, quiet()), mustFit(t, rowsOf(p, rows), quiet())
		near(t, a, b, 2e-6)
		if a.Rows != len(rows) {
			t.Errorf("Rows is %d, want %d", a.Rows, len(rows))
		}
	}
}

func TestStackedHalves(t *testing.T) {
	p := synthetic(4, ordinary)
	q := rowsOf(p, append(upTo(p.Rows), upTo(p.Rows)...))
	q.Weights = make([]float64, q.Rows)
	for i := range q.Weights {
		q.Weights[i] = 0.5
	}
	near(t, mustFit(t, q, quiet()), mustFit(t, p, quiet()), 1e-9)
}

func TestRowOrder(t *testing.T) {
	for _, s := range []shape{ordinary, large} {
		p := synthetic(5, s)
		want := mustFit(t, p, quiet())
		rows := upTo(p.Rows)
		slices.SortStableFunc(rows, func(a, b int) int { return int(p.Labels[a]) - int(p.Labels[b]) })
		near(t, mustFit(t, rowsOf(p, rows), quiet()), want, 2e-6)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		near(t, mustFit(t, rowsOf(p, rows), quiet()), want, 2e-6)
	}
}

// At the default tolerance no row's log-odds depend on the order of the rows by more than 1e-3, and F is its minimum to 1e-9.
func TestDefaultTolerance(t *testing.T) {
	p := synthetic(21, large)
	tight := quiet()
	tight.Tolerance = 1e-10
	best := mustFit(t, p, tight)
	rows := upTo(p.Rows)
	orders := map[string][]int{"given": slices.Clone(rows)}
	slices.SortStableFunc(rows, func(a, b int) int { return int(p.Labels[a]) - int(p.Labels[b]) })
	orders["by outcome"] = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b int) int { return p.Columns[0].Codes.code(a) - p.Columns[0].Codes.code(b) })
	orders["by category"] = slices.Clone(rows)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	orders["shuffled"] = rows
	for name, rows := range orders {
		f := mustFit(t, rowsOf(p, rows), DefaultOptions())
		if gap := f.Objective - best.Objective; gap > 1e-9*best.Objective {
			t.Errorf("%s: F is %v above its minimum", name, gap)
		}
		worst := 0.0
		for i := range p.Rows {
			worst = max(worst, math.Abs(predict(p, f, i)-predict(p, best, i)))
		}
		if worst > 5e-4 { // of two orders, 1e-3
			t.Errorf("%s: log-odds differ by %v", name, worst)
		}
	}
}

func TestWorkersDoNotChangeBits(t *testing.T) {
	wide := large
	wide.levels = []int{1000, 30, 5}
	weighted := large
	weighted.weights = true
	for _, s := range []shape{ordinary, large, wide, weighted} {
		p := synthetic(6, s)
		o := DefaultOptions()
		o.Workers = 1
		want := mustFit(t, p, o)
		for _, o.Workers = range []int{2, 3, 4} {
			got := mustFit(t, p, o)
			if !slices.Equal(flatten(got), flatten(want)) || got.Objective != want.Objective || got.Passes != want.Passes ||
				!slices.Equal(slices.Concat(got.StandardErrors...), slices.Concat(want.StandardErrors...)) {
				t.Errorf("%d workers: bits differ from those of one", o.Workers)
			}
		}
	}
}

func TestSeedDoesNotMoveTheOptimum(t *testing.T) {
	p := synthetic(7, large)
	o := quiet()
	want := mustFit(t, p, o)
	o.Seed = 99
	near(t, mustFit(t, p, o), want, 2e-6)
}

func TestWarmStartIsColdStart(t *testing.T) {
	for _, s := range []shape{ordinary, large} {
		p := synthetic(8, s)
		cold := mustFit(t, p, quiet())
		o := quiet()
		o.Start = cold
		warm := mustFit(t, p, o)
		near(t, warm, cold, 2e-6)
		if warm.Passes >= cold.Passes {
			t.Errorf("a warm start took %d passes, a cold one %d", warm.Passes, cold.Passes)
		}
		far := &Fit{Intercept: 800}
		for _, b := range cold.Coefficients {
			far.Coefficients = append(far.Coefficients, make([]float64, len(b)))
		}
		far.Coefficients[0][0] = -1600
		o.Start = far
		near(t, mustFit(t, p, o), cold, 2e-6)
	}
}

func TestMaxPassesIsAnError(t *testing.T) {
	for _, s := range []shape{ordinary, large} {
		o := quiet()
		o.MaxPasses = 3
		f, err := Minimise(context.Background(), synthetic(9, s), o)
		if e, ok := err.(*NotConvergedError); !ok || f != nil || e.Passes > 3+1 {
			t.Errorf("fit %v, error %v, want a *NotConvergedError", f, err)
		}
	}
}

func TestCoefficientsAddUpToZero(t *testing.T) {
	p := synthetic(10, large)
	p.Columns[1].Ridge, p.Columns[1].Difference = 0.1, 5
	f := mustFit(t, p, quiet())
	for j, c := range p.Columns {
		if c.Levels > 0 && math.Abs(sum(f.Coefficients[j])) > 1e-9 {
			t.Errorf("column %d: coefficients add up to %v", j, sum(f.Coefficients[j]))
		}
	}
}

// The optimum satisfies Σ x(t−σ(η)) = λβ for every coefficient, so targets can be made for which any β is the optimum
// of an unpenalised fit: t = σ(η).
func TestKnownSolution(t *testing.T) {
	s := ordinary
	s.targets, s.ridge = true, 0
	p := synthetic(11, s)
	o := quiet()
	o.Reference = true
	f := mustFit(t, p, o)
	for i := range p.Rows {
		if eta := predict(p, f, i); math.Abs(1/(1+math.Exp(-eta))-p.Targets[i]) > 1e-11 {
			t.Fatalf("row %d: probability %v, want %v", i, 1/(1+math.Exp(-eta)), p.Targets[i])
		}
	}
	if f.Coefficients[0][0] != 0 {
		t.Errorf("the reference level has coefficient %v", f.Coefficients[0][0])
	}
}

// predict is η of a row, written out.
func predict(p Problem, f *Fit, i int) float64 {
	eta := f.Intercept
	for j, c := range p.Columns {
		switch {
		case c.Levels > 0:
			eta += f.Coefficients[j][c.Codes.code(i)]
		case !math.IsNaN(c.Numbers.number(i)):
			eta += f.Coefficients[j][0] * (c.Numbers.number(i) - c.Center) / c.Scale
		case c.Flag:
			eta += f.Coefficients[j][1]
		}
	}
	return eta
}

func TestMissingFlagIsALevel(t *testing.T) {
	s := ordinary
	s.numbers = 1
	p := synthetic(12, s)
	j := len(p.Columns) - 1
	// The flag is the same as the second level of a two-level category whose first level is the reference, so with
	// difference coding out of the way an unpenalised fit must agree.
	for k := range p.Columns {
		p.Columns[k].Ridge = 0
	}
	q := p
	q.Columns = slices.Clone(p.Columns)
	q.Columns[j].Flag = false
	codes := make([]int, p.Rows)
	for i := range codes {
		codes[i] = btoi(math.IsNaN(p.Columns[j].Numbers.number(i)))
	}
	q.Columns = append(q.Columns, category(codes, 2, 0, 0))
	o := quiet()
	o.Reference = true
	o.StandardErrors = FullErrors
	a, b := mustFit(t, p, o), mustFit(t, q, o)
	if d := math.Abs(a.Coefficients[j][1] - b.Coefficients[j+1][1]); d > 1e-10 {
		t.Errorf("the flag's coefficient differs by %v from the level's", d)
	}
	if d := math.Abs(a.StandardErrors[j][1] - b.StandardErrors[j+1][1]); d > 1e-10 {
		t.Errorf("the flag's standard error differs by %v from the level's", d)
	}
}

func TestDifferencePenaltySmooths(t *testing.T) {
	p := synthetic(13, shape{rows: 4000, levels: []int{20}, scale: 1})
	rough := math.Inf(1)
	for _, d := range []float64{0, 10, 1000, 1e7} {
		p.Columns[0].Difference = d
		f := mustFit(t, p, quiet())
		square := 0.0
		for k := range 19 {
			e := f.Coefficients[0][k+1] - f.Coefficients[0][k]
			square += e * e
		}
		if !(square < rough) {
			t.Errorf("difference penalty %v: squared differences %v, not below %v", d, square, rough)
		}
		rough = square
	}
	if rough > 1e-8 {
		t.Errorf("an infinite difference penalty leaves squared differences of %v", rough)
	}
}

func TestInterceptOnly(t *testing.T) {
	f := mustFit(t, Problem{Rows: 4, Labels: []uint8{1, 0, 0, 0}}, DefaultOptions())
	if math.Abs(f.Intercept-math.Log(1./3)) > 1e-14 {
		t.Errorf("intercept %v, want log(1/3)", f.Intercept)
	}
	// The information of four rows of p = 1/4 is 4·3/16.
	if math.Abs(f.InterceptSE-math.Sqrt(4./3)) > 1e-12 {
		t.Errorf("standard error %v, want √(4/3)", f.InterceptSE)
	}
}

func TestContext(t *testing.T) {
	for _, s := range []shape{ordinary, large} {
		ctx, cancel := context.WithCancel(context.Background())
		o := quiet()
		o.Progress = func(p Progress) {
			if p.Passes == 2 {
				cancel()
			}
		}
		if f, err := Minimise(ctx, synthetic(14, s), o); err != context.Canceled || f != nil {
			t.Errorf("fit %v, error %v, want context.Canceled", f, err)
		}
	}
}

func TestProgressIsReported(t *testing.T) {
	o := quiet()
	var seen []Progress
	o.Progress = func(p Progress) { seen = append(seen, p) }
	f := mustFit(t, synthetic(15, large), o)
	if len(seen) == 0 || seen[len(seen)-1].Passes != f.Passes {
		t.Fatalf("last progress %v, passes %d", seen, f.Passes)
	}
	for i := 1; i < len(seen); i++ {
		if seen[i].Objective > seen[i-1].Objective*(1+1e-12) {
			t.Errorf("the objective rose from %v to %v", seen[i-1].Objective, seen[i].Objective)
		}
	}
}

func TestWideCategory(t *testing.T) {
	s := large
	s.levels = []int{20_000, 8}
	p := synthetic(16, s)
	o := DefaultOptions()
	o.Tolerance = 1e-7
	f := mustFit(t, p, o)
	if f.GradientNorm > 1e-7 {
		t.Errorf("relative gradient norm %v", f.GradientNorm)
	}
	if len(f.StandardErrors[0]) != 20_000 || !(f.StandardErrors[0][19_999] > 0) {
		t.Errorf("standard errors of the wide column are missing")
	}
	// Many dense columns beyond the limit become diagonal too.
	s.levels = []int{500, 500, 500, 500, 500, 400}
	if g := mustFit(t, synthetic(17, s), o); g.GradientNorm > 1e-7 {
		t.Errorf("relative gradient norm %v", g.GradientNorm)
	}
}

// The tolerance bounds the relative gap, as estimated and as it turns out.
func TestToleranceIsKept(t *testing.T) {
	p := synthetic(18, large)
	o := quiet()
	o.StandardErrors = FullErrors
	o.Tolerance = 1e-9
	best := mustFit(t, p, o)
	for _, o.Tolerance = range []float64{1e-2, 1e-3, 1e-4, 1e-5, 1e-6} {
		f := mustFit(t, p, o)
		gap := f.Objective - best.Objective
		if !(f.GradientNorm <= o.Tolerance) || gap > 1.5*f.Gap+1e-13*f.Objective || math.Abs(f.GradientNorm-math.Sqrt(f.Gap/f.Objective)) > 1e-12 {
			t.Errorf("tolerance %v: γ %v, gap %v, estimated as %v", o.Tolerance, f.GradientNorm, gap, f.Gap)
		}
	}
}
