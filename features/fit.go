package features

import (
	"errors"
	"math"
	"slices"
	"sync"
)

// Fit learns the plain recipe from the given rows of a table (nil = all of it): levels, means and spreads,
// ranges and histograms. It never looks at an outcome. weights, one a row of the table or nil for all 1, are
// case weights: a row of weight 2 counts as two rows, one of weight 0 as none. Features without any value in
// these rows are left out and named in the second result. A feature whose numbers are too large for their
// variance to be a float64 is an error.
func Fit(table *Table, rows []int32, weights []float64) (*Encoder, []string, error) {
	return fit(table, rows, weights, fitColumn)
}

var (
	errNoRows   = errors.New("features: fit: no rows")
	errNoValues = errors.New("features: fit: no feature has a value")
)

// fit learns a term of each feature from the rows.
func fit(table *Table, rows []int32, weights []float64, learn func(c *Column, f *Field, part selection) Term) (*Encoder, []string, error) {
	part := selection{rows: positive(table, rows, weights), weights: weights, count: table.Rows}
	if part.rows != nil {
		part.count = len(part.rows)
	}
	if part.count == 0 {
		return nil, nil, errNoRows
	}
	fitted := make([]Term, len(table.Schema.fields))
	var columns sync.WaitGroup
	for i, f := range table.Schema.fields {
		if f.Role.Feature() {
			columns.Go(func() { fitted[i] = learn(table.Seen(i), &f, part) })
		}
	}
	columns.Wait()
	var terms []Term
	var empty []string
	for i, f := range table.Schema.fields {
		switch t := &fitted[i]; {
		case !f.Role.Feature():
		case t.present() == 0:
			empty = append(empty, f.Name)
		default:
			terms = append(terms, *t)
		}
	}
	if len(terms) == 0 {
		return nil, empty, errNoValues
	}
	e, err := NewEncoder(table.Schema, terms)
	return e, empty, err
}

// selection is the rows that a fit looks at: rows of a table, nil = all of them, and the weights of the table's
// rows, nil = all 1.
type selection struct {
	rows    []int32
	weights []float64
	count   int
}

// row returns the i-th row.
func (s *selection) row(i int) int32 {
	if s.rows == nil {
		return int32(i)
	}
	return s.rows[i]
}

func fitColumn(c *Column, f *Field, part selection) Term {
	var t Term
	switch {
	case f.Kind == Category:
		t = fitCategory(c, part)
	case f.Kind == Time:
		t = fitNumber(daysOf(c.Times), part)
	case c.Numbers.F32 != nil:
		t = fitNumber(c.Numbers.F32, part)
	default:
		t = fitNumber(c.Numbers.F64, part)
	}
	t.Name = f.Name
	return t
}

// DaysOf returns the number that a time is to the model, NaN if it is missing.
func DaysOf(t int64) float64 {
	if t == NoTime {
		return math.NaN()
	}
	return Days(t)
}

// daysOf returns the numbers that times are to the model, NaN = missing.
func daysOf(times []int64) []float64 {
	days := make([]float64, len(times))
	for i, t := range times {
		days[i] = DaysOf(t)
	}
	return days
}

// positive returns the rows of positive weight, nil if all rows of the table are meant and none has a weight.
func positive(table *Table, rows []int32, weights []float64) []int32 {
	if weights == nil {
		return rows
	}
	if rows == nil {
		rows = AllRows(table.Rows)
	}
	kept := make([]int32, 0, len(rows))
	for _, r := range rows {
		if weights[r] > 0 {
			kept = append(kept, r)
		}
	}
	return kept
}

// AllRows returns 0 … n−1.
func AllRows(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

func weightAt(weights []float64, row int32) float64 {
	if weights == nil {
		return 1
	}
	return weights[row]
}

func fitCategory(c *Column, part selection) Term {
	var counts []float64
	switch levels := len(c.Levels) + 1; {
	case c.Codes.U8 != nil:
		counts = count(c.Codes.U8, levels, part)
	case c.Codes.U16 != nil:
		counts = count(c.Codes.U16, levels, part)
	default:
		counts = count(c.Codes.U32, levels, part)
	}
	var t Term
	for i, level := range c.Levels {
		if counts[i] > 0 {
			t.Levels = append(t.Levels, level)
			t.Histogram = append(t.Histogram, counts[i])
		}
	}
	missing := counts[len(c.Levels)]
	t.Missing = missing > 0
	t.Histogram = append(t.Histogram, missing)
	return t
}

// count returns the weight of the rows of each code.
func count[T codeWidth](codes []T, levels int, part selection) []float64 {
	weight := make([]float64, levels)
	if part.weights != nil {
		for i := range part.count {
			r := part.row(i)
			weight[codes[r]] += part.weights[r]
		}
		return weight
	}
	rows := make([]int, levels)
	if part.rows == nil {
		for _, c := range codes {
			rows[c]++
		}
	} else {
		for _, r := range part.rows {
			rows[codes[r]]++
		}
	}
	for i, n := range rows {
		weight[i] = float64(n)
	}
	return weight
}

// reader returns the number that row i is to the model, NaN if missing.
func (c *Column) reader(kind Kind) func(row int) float64 {
	if kind == Time {
		return func(row int) float64 {
			if c.Times[row] == NoTime {
				return math.NaN()
			}
			return Days(c.Times[row])
		}
	}
	return c.Numbers.At
}

// histogramBins is how many bins of equal mass a number's training histogram has, at most; histogramRows is how
// many rows it is made of, at most, spread evenly over the part: its figures are then scaled to all of them.
const histogramBins, histogramRows = 10, 1 << 14

// fitNumber computes the moments about a centre near the mean, so that one pass loses no digits (Chan, Golub &
// LeVeque 1983), and the histogram.
func fitNumber[T float32 | float64](xs []T, part selection) Term {
	values, weights := spreadValues(xs, part)
	m := momentsOf(xs, part, centreOf(values))
	if m.weight == 0 {
		return Term{}
	}
	shift := total(m.sum) / m.weight
	t := Term{Mean: m.centre + shift, Missing: m.missing > 0, Min: m.least, Max: m.greatest}
	t.SD = math.Sqrt(max(0, total(m.squares)/m.weight-float64(shift*shift)))
	if t.Min == t.Max {
		t.Mean = t.Min
	}
	if t.Min == t.Max || t.SD == 0 {
		t.SD = 1
	}
	t.Edges = QuantileEdges(values, weights, histogramBins)
	t.Histogram = make([]float64, len(t.Edges)+2)
	var seen float64
	for i, x := range values {
		w := weightAt(weights, int32(i))
		t.Histogram[BinOf(t.Edges, x)] += w
		seen += w
	}
	switch {
	case seen == 0: // no value among the rows it is made of
		t.Histogram[0] = m.weight
	case seen != m.weight:
		for i := range t.Histogram {
			t.Histogram[i] *= m.weight / seen
		}
	}
	t.Histogram[len(t.Edges)+1] = m.missing
	return t
}

// spreadValues returns the values of at most histogramRows rows spread evenly over the part, and their weights (nil
// if all weigh 1).
func spreadValues[T float32 | float64](xs []T, part selection) (values, weights []float64) {
	stride := (part.count + histogramRows - 1) / histogramRows
	for i := 0; i < part.count; i += stride {
		r := part.row(i)
		if x := float64(xs[r]); !math.IsNaN(x) {
			values = append(values, x)
			if part.weights != nil {
				weights = append(weights, part.weights[r])
			}
		}
	}
	return values, weights
}

// centreOf returns a number near the middle of the values; it must be finite if they are.
func centreOf(values []float64) float64 {
	var centre float64
	for _, x := range values {
		centre += x / float64(len(values))
	}
	return centre
}

// moments are sums about a centre over the rows that have a value. The i-th row adds to lane i mod 4, so that a
// processor need not wait for one sum before it begins the next.
type moments struct {
	centre          float64
	weight, missing float64
	sum, squares    [4]float64
	least, greatest float64
}

func total(lanes [4]float64) float64 { return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) }

func momentsOf[T float32 | float64](xs []T, part selection, centre float64) moments {
	m := moments{centre: centre, least: math.Inf(1), greatest: math.Inf(-1)}
	if part.weights == nil && part.rows == nil {
		addWhole(&m, xs)
		return m
	}
	if part.weights == nil {
		var some [momentRows]T
		for rows := range slices.Chunk(part.rows[:part.count], momentRows) {
			for i, r := range rows {
				some[i] = xs[r]
			}
			addWhole(&m, some[:len(rows)])
		}
		return m
	}
	for i := range part.count {
		r := part.row(i)
		m.add(i, float64(xs[r]), weightAt(part.weights, r))
	}
	return m
}

func (m *moments) add(i int, x, w float64) {
	if math.IsNaN(x) {
		m.missing += w
		return
	}
	d := x - m.centre
	m.weight += w
	m.sum[i%4] += float64(w * d)
	m.squares[i%4] += float64(w * d * d)
	m.least, m.greatest = min(m.least, x), max(m.greatest, x)
}

// momentRows is how many rows of a part are taken at a time, a multiple of the lanes.
const momentRows = 4096

// addWhole adds numbers of weight 1, as many before them as a multiple of the lanes: what add does, without a branch on
// what is missing, which comes in no order that a processor could predict.
func addWhole[T float32 | float64](m *moments, xs []T) {
	least, greatest := T(m.least), T(m.greatest)
	sum, squares := m.sum, m.squares
	missing := 0
	for i, x := range xs {
		d, gone := presentOf(float64(x) - m.centre)
		missing += gone
		sum[i%4] += d
		squares[i%4] += float64(d * d)
		if x < least {
			least = x
		}
		if x > greatest {
			greatest = x
		}
	}
	m.sum, m.squares = sum, squares
	m.missing += float64(missing)
	m.weight += float64(len(xs) - missing)
	m.least, m.greatest = float64(least), float64(greatest)
}

// presentOf is d and 0, or 0 and 1 if d is NaN.
func presentOf(d float64) (float64, int) {
	const sign, leastNaN = 1 << 63, 0x7ff0000000000001
	bits := math.Float64bits(d)
	number := uint64(int64(bits&^sign-leastNaN) >> 63) // all ones, or 0 of a NaN
	return math.Float64frombits(bits & number), int(number + 1)
}
