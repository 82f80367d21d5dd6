package logit

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func reference() Options {
	o := quiet()
	o.Reference = true
	return o
}

// bare is synthetic without penalties.
func bare(seed uint64, rows int, levels ...int) Problem {
	return synthetic(seed, shape{rows: rows, levels: levels, numbers: 2, scale: 0.5})
}

func TestMalformedProblems(t *testing.T) {
	good := func() Problem {
		return synthetic(1, shape{rows: 50, levels: []int{3, 4, 5}, numbers: 2, ridge: 1, scale: 1})
	}
	for name, test := range map[string]struct {
		spoil func(p *Problem)
		want  string
	}{
		"negative rows":    {func(p *Problem) { *p = Problem{Rows: -1} }, "Rows is -1"},
		"no outcome":       {func(p *Problem) { p.Labels = nil }, "exactly one of Labels and Targets"},
		"both outcomes":    {func(p *Problem) { p.Targets = make([]float64, 50) }, "exactly one of Labels and Targets"},
		"labels short":     {func(p *Problem) { p.Labels = p.Labels[1:] }, "length is 49, Rows is 50"},
		"label 2":          {func(p *Problem) { p.Labels[7] = 2 }, "row 7: 2"},
		"target above one": {func(p *Problem) { p.Labels, p.Targets = nil, make([]float64, 50); p.Targets[9] = 1.5 }, "row 9: 1.5"},
		"target NaN":       {func(p *Problem) { p.Labels, p.Targets = nil, make([]float64, 50); p.Targets[9] = math.NaN() }, "row 9: NaN"},
		"targets short":    {func(p *Problem) { p.Labels, p.Targets = nil, make([]float64, 5) }, "length is 5"},
		"weights short":    {func(p *Problem) { p.Weights = make([]float64, 3) }, "length is 3"},
		"negative weight":  {func(p *Problem) { p.Weights = make([]float64, 50); p.Weights[3] = -1 }, "row 3: -1"},
		"infinite weight":  {func(p *Problem) { p.Weights = make([]float64, 50); p.Weights[3] = math.Inf(1) }, "row 3: +Inf"},
		"huge weights":     {func(p *Problem) { p.Weights = slices.Repeat([]float64{1e308}, 50) }, "overflows"},
		"code too large":   {func(p *Problem) { p.Columns[0].Codes.U8[4] = 3 }, "column 0: row 4: code 3, must be below 3"},
		"code too large 2": {func(p *Problem) { p.Columns[1].Codes.U16[4] = 9 }, "column 1: row 4: code 9, must be below 4"},
		"code too large 4": {func(p *Problem) { p.Columns[2].Codes.U32[4] = 1 << 31 }, "column 2: row 4: code 2147483648"},
		"codes short":      {func(p *Problem) { p.Columns[0].Codes.U8 = p.Columns[0].Codes.U8[:2] }, "column 0: length is 2"},
		"two widths":       {func(p *Problem) { p.Columns[0].Codes.U16 = make([]uint16, 50) }, "column 0: 2 slices"},
		"no values":        {func(p *Problem) { p.Columns[0].Codes = Codes{} }, "column 0: 0 slices"},
		"numbers as codes": {func(p *Problem) { p.Columns[3].Levels = 4 }, "column 3: its Levels is 4, but"},
		"codes as numbers": {func(p *Problem) { p.Columns[0].Levels = 0 }, "column 0: its Levels is 0, but"},
		"negative levels":  {func(p *Problem) { p.Columns[3].Levels = -1 }, "Levels is -1"},
		"infinite number":  {func(p *Problem) { p.Columns[3].Numbers = Numbers{F64: slices.Repeat([]float64{math.Inf(-1)}, 50)} }, "column 3: row 0: -Inf"},
		"huge number":      {func(p *Problem) { p.Columns[4].Scale = 1e-200 }, "column 4: row 0"},
		"zero scale":       {func(p *Problem) { p.Columns[4].Scale = 0 }, "column 4: its Scale is 0"},
		"NaN scale":        {func(p *Problem) { p.Columns[4].Scale = math.NaN() }, "column 4: its Scale is NaN"},
		"infinite scale":   {func(p *Problem) { p.Columns[4].Scale = math.Inf(1) }, "column 4: its Scale is +Inf"},
		"NaN center":       {func(p *Problem) { p.Columns[4].Center = math.NaN() }, "column 4: its Center is NaN"},
		"negative ridge":   {func(p *Problem) { p.Columns[1].Ridge = -1 }, "column 1: penalties Ridge -1"},
		"NaN difference":   {func(p *Problem) { p.Columns[1].Difference = math.NaN() }, "Difference NaN"},
		"smooth number":    {func(p *Problem) { p.Columns[4].Difference = 1 }, "column 4: its Difference is 1"},
	} {
		p := good()
		test.spoil(&p)
		f, err := Minimise(context.Background(), p, quiet())
		if err == nil || f != nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "logit: ") {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
}

func TestOptionsValidateListsAll(t *testing.T) {
	if err := DefaultOptions().Validate(); err != nil {
		t.Fatal(err)
	}
	err := Options{Tolerance: math.NaN(), StandardErrors: 7}.Validate()
	for _, word := range []string{"Tolerance", "MaxPasses", "Workers", "StandardErrors"} {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("error %v does not name %s", err, word)
		}
	}
	if _, err := Minimise(context.Background(), synthetic(1, ordinary), Options{}); err == nil {
		t.Error("zero options were accepted")
	}
}

func TestStartOfAnotherShape(t *testing.T) {
	p := synthetic(1, ordinary)
	f := mustFit(t, p, quiet())
	for name, spoil := range map[string]func(f *Fit){
		"columns": func(f *Fit) { f.Coefficients = f.Coefficients[1:] },
		"levels":  func(f *Fit) { f.Coefficients[2] = f.Coefficients[2][1:] },
		"NaN":     func(f *Fit) { f.Coefficients[1] = []float64{1, math.NaN(), 2} },
	} {
		g := &Fit{Intercept: f.Intercept, Coefficients: slices.Clone(f.Coefficients)}
		spoil(g)
		o := quiet()
		o.Start = g
		if _, err := Minimise(context.Background(), p, o); err == nil || !strings.Contains(err.Error(), "start") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestNoDataAndOneClass(t *testing.T) {
	p := synthetic(1, ordinary)
	p.Weights = make([]float64, p.Rows)
	for name, test := range map[string]struct {
		p    Problem
		want error
	}{
		"nothing":        {Problem{}, ErrNoData},
		"no rows":        {Problem{Labels: []uint8{}, Columns: []Column{{Levels: 3, Codes: Codes{U8: []uint8{}}}}}, ErrNoData},
		"no weight":      {p, ErrNoData},
		"all lost":       {Problem{Rows: 2, Labels: []uint8{0, 0}}, ErrOneClass},
		"all won":        {Problem{Rows: 2, Labels: []uint8{1, 1}}, ErrOneClass},
		"all targets 1":  {Problem{Rows: 2, Targets: []float64{1, 1}}, ErrOneClass},
		"weighted class": {Problem{Rows: 2, Labels: []uint8{1, 0}, Weights: []float64{1, 0}}, ErrOneClass},
	} {
		if f, err := Minimise(context.Background(), test.p, quiet()); !errors.Is(err, test.want) || f != nil {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
	}
	f := mustFit(t, Problem{Rows: 3, Targets: []float64{1, 1, 1 - 1e-6}}, quiet())
	if math.Abs(f.Intercept-math.Log(3e6-1)) > 1e-6 {
		t.Errorf("intercept %v", f.Intercept)
	}
}

func separation(t *testing.T, p Problem) *SeparationError {
	t.Helper()
	f, err := Minimise(context.Background(), p, reference())
	var e *SeparationError
	if !errors.As(err, &e) || f != nil {
		t.Fatalf("error %v, want a *SeparationError", err)
	}
	return e
}

func TestLevelThatNeverWins(t *testing.T) {
	p := bare(30, 2000, 6, 4)
	rows := 0
	for i := range p.Labels {
		if p.Columns[0].Codes.code(i) == 5 {
			p.Labels[i] = 0
			rows++
		}
		if p.Columns[1].Codes.code(i) == 0 {
			p.Labels[i] = 1
		}
	}
	for i := range p.Labels { // neither rule wins where both hold
		if p.Columns[0].Codes.code(i) == 5 && p.Columns[1].Codes.code(i) == 0 {
			p.Weights = append(p.Weights, 0)
		} else {
			p.Weights = append(p.Weights, 1)
		}
	}
	e := separation(t, p)
	want := []Loading{{Term{0, 5}, -1}, {Term{1, 0}, 1}}
	if !e.Single || !slices.Equal(e.Terms, want) {
		t.Errorf("%v, want terms %v", e, want)
	}
	for _, words := range []string{"column 0 level 5 (never wins)", "column 1 level 0 (always wins)"} {
		if !strings.Contains(e.Error(), words) {
			t.Errorf("message %q does not say %q", e.Error(), words)
		}
	}
	// A ridge makes it finite; so does one on that column alone.
	p.Columns[0].Ridge, p.Columns[1].Ridge = 1e-3, 1e-3
	mustFit(t, p, reference())
}

func TestMissingThatNeverWins(t *testing.T) {
	p := synthetic(31, shape{rows: 2000, levels: []int{4}, numbers: 1, missing: .1, scale: .5})
	rows := 0
	for i := range p.Labels {
		if p.Columns[1].level(i) == 1 {
			p.Labels[i] = 0
			rows++
		}
	}
	e := separation(t, p)
	if want := []Loading{{Term{1, 1}, -1}}; !e.Single || !slices.Equal(e.Terms, want) || e.Rows != rows {
		t.Errorf("%v, want terms %v and %d rows", e, want, rows)
	}
}

// Level 1 of the one column without level 3 of the other always wins, level 3 without level 1 never does, both together
// are mixed: no level alone tells rows apart, the difference of the two does.
func TestPairThatSeparates(t *testing.T) {
	p := bare(32, 3000, 5, 5)
	apart := 0
	for i := range p.Labels {
		one, three := p.Columns[0].Codes.U8[i] == 1, p.Columns[1].Codes.U16[i] == 3
		if one != three {
			p.Labels[i] = uint8(btoi(one))
			apart++
		}
	}
	e := separation(t, p)
	if e.Single {
		t.Fatalf("%v: a single level, want a direction", e)
	}
	if want := []Loading{{Term{0, 1}, 1}, {Term{1, 3}, -1}}; !slices.Equal(e.Terms, want) || e.Rows != apart {
		t.Errorf("%v, want terms %v and %d rows", e, want, apart)
	}
	certifies(t, p, e)
}

// certifies checks an error's direction by itself.
func certifies(t *testing.T, p Problem, e *SeparationError) {
	t.Helper()
	f := &Fit{}
	for _, c := range p.Columns {
		f.Coefficients = append(f.Coefficients, make([]float64, max(2, c.Levels)))
	}
	for _, term := range e.Terms {
		if term.Column == InterceptColumn {
			f.Intercept = term.Value
		} else {
			f.Coefficients[term.Column][term.Level] = term.Value
		}
	}
	apart := 0
	for i, y := range p.Labels {
		move := predict(p, f, i) * (2*float64(y) - 1)
		if move < -1e-6 {
			t.Fatalf("row %d is moved by %v to the wrong side", i, move)
		}
		if move > 1e-6 {
			apart++
		}
	}
	if apart == 0 {
		t.Errorf("no row is moved to the right side")
	}
}

func TestNumberThatSeparates(t *testing.T) {
	p := bare(33, 1000, 3)
	for i := range p.Labels {
		p.Labels[i] = uint8(btoi(p.Columns[1].Numbers.number(i) > 11))
	}
	e := separation(t, p)
	want := []Term{{1, 0}, {InterceptColumn, 0}}
	var got []Term
	for _, term := range e.Terms {
		got = append(got, term.Term)
	}
	if !slices.Equal(got, want) || e.Rows < 990 {
		t.Errorf("%v, want terms %v", e, want)
	}
	certifies(t, p, e)
}

// A threshold with a mixed value at it: quasi-complete separation in a number.
func TestNumberThatNearlySeparates(t *testing.T) {
	p := bare(34, 1000, 3)
	x := make([]float64, p.Rows)
	for i := range x {
		x[i] = float64(i % 10)
		p.Labels[i] = uint8(btoi(x[i] > 5 || x[i] == 5 && i%20 < 10))
	}
	p.Columns[1] = number(x, 0, false, 0)
	e := separation(t, p)
	if e.Rows != 900 {
		t.Errorf("%v, want 900 rows", e)
	}
	certifies(t, p, e)
	// One row on the wrong side and there is an optimum, if a steep one.
	p.Labels[9] = 0
	o := reference()
	o.StandardErrors = FullErrors
	if f := mustFit(t, p, o); !(f.Coefficients[1][0] > 3) {
		t.Errorf("slope %v", f.Coefficients[1][0])
	}
}

func singular(t *testing.T, p Problem) *SingularError {
	t.Helper()
	f, err := Minimise(context.Background(), p, reference())
	var e *SingularError
	if !errors.As(err, &e) || f != nil {
		t.Fatalf("error %v, want a *SingularError", err)
	}
	return e
}

// ratios lists the terms relative to the first.
func ratios(e *SingularError) []Loading {
	list := slices.Clone(e.Terms)
	for i := range list {
		list[i].Value = math.Round(1e9*list[i].Value/e.Terms[0].Value) / 1e9
	}
	return list
}

func TestSameLevelInTwoColumns(t *testing.T) {
	p := bare(35, 2000, 5, 4, 6)
	for i := range p.Rows {
		if p.Columns[0].Codes.U8[i] == 3 {
			p.Columns[2].Codes.U32[i] = 5
		} else if p.Columns[2].Codes.U32[i] == 5 {
			p.Columns[2].Codes.U32[i] = 1
		}
	}
	e := singular(t, p)
	if want := []Loading{{Term{0, 3}, 1}, {Term{2, 5}, -1}}; !slices.Equal(ratios(e), want) {
		t.Errorf("%v, want %v", e, want)
	}
	if want := "column 0 level 3 = column 2 level 5 on every row"; !strings.Contains(e.Error(), want) {
		t.Errorf("message %q does not say %q", e.Error(), want)
	}
	// A ridge on either column resolves it.
	p.Columns[2].Ridge = 0.1
	mustFit(t, p, reference())
}

func TestDependentNumbers(t *testing.T) {
	p := bare(36, 2000, 3)
	x := make([]float64, p.Rows)
	for i := range x {
		x[i] = 2*p.Columns[1].Numbers.number(i) - 3*p.Columns[2].Numbers.number(i) + 1000
	}
	p.Columns = append(p.Columns, number(x, 0, false, 0))
	e := singular(t, p)
	var columns []int
	for _, term := range e.Terms {
		columns = append(columns, term.Column)
	}
	// Standardised by means that are not quite zero, an intercept may remain.
	if columns = slices.DeleteFunc(columns, func(c int) bool { return c == InterceptColumn }); !slices.Equal(columns, []int{1, 2, 3}) {
		t.Errorf("%v, want columns 1, 2 and 3", e)
	}
	// Nearly dependent numbers have an optimum.
	for i := range x {
		x[i] += 1e-3 * math.Sin(float64(i*i))
	}
	p.Columns[3] = number(x, 0, false, 0)
	if f := mustFit(t, p, reference()); f.GradientNorm > 1e-9 {
		t.Errorf("relative gradient norm %v", f.GradientNorm)
	}
}

func TestConstantNumber(t *testing.T) {
	p := bare(37, 500, 3)
	p.Columns = append(p.Columns, Column{Numbers: Numbers{F64: slices.Repeat([]float64{7}, 500)}, Center: 7, Scale: 1})
	e := singular(t, p)
	if want := []Loading{{Term{3, 0}, 1}}; !slices.Equal(e.Terms, want) || !strings.Contains(e.Error(), "zero on every row") {
		t.Errorf("%v, want %v", e, want)
	}
}

func TestLevelWithoutRows(t *testing.T) {
	for level := range 2 {
		p := bare(38, 500, 3)
		for i := range p.Rows {
			if p.Columns[0].Codes.U8[i] == uint8(level) {
				p.Columns[0].Codes.U8[i] = 2
			}
		}
		e := singular(t, p)
		if want := []Loading{{Term{0, level}, 1}}; !slices.Equal(e.Terms, want) {
			t.Errorf("%v, want %v", e, want)
		}
	}
}

func TestSeparationAndDependenceAreBothNamed(t *testing.T) {
	p := bare(39, 2000, 5, 5)
	for i := range p.Rows {
		p.Columns[1].Codes.U16[i] = uint16(p.Columns[0].Codes.U8[i])
		if p.Columns[0].Codes.U8[i] == 4 {
			p.Labels[i] = 0
		}
	}
	separation(t, p)
	singular(t, p)
}

func TestTooManyUnpenalised(t *testing.T) {
	p := synthetic(40, shape{rows: 100, levels: []int{5000}, scale: 1})
	if _, err := Minimise(context.Background(), p, reference()); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("error %v", err)
	}
}

// A dependence is told in the fewest terms, even if it is on the reference level.
func TestReferenceLevelInTwoColumns(t *testing.T) {
	p := bare(41, 2000, 5, 4)
	for i := range p.Rows {
		p.Columns[1].Codes.U16[i] = 1 + p.Columns[1].Codes.U16[i]%3
		if p.Columns[0].Codes.U8[i] == 0 {
			p.Columns[1].Codes.U16[i] = 0
		}
	}
	e := singular(t, p)
	if want := []Loading{{Term{0, 0}, 1}, {Term{1, 0}, -1}}; !slices.Equal(ratios(e), want) {
		t.Errorf("%v, want %v", e, want)
	}
}
