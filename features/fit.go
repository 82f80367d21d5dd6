package features

import (
	"fmt"
	"math"
	"slices"
)

// Fit learns the plain recipe from the given rows of a table (nil = all of it): levels, means and spreads,
// ranges and histograms. It never looks at an outcome. weights, one a row of the table or nil for all 1, are
// case weights: a row of weight 2 counts as two rows, one of weight 0 as none. Features without any value in
// these rows are left out and named in the second result. A feature whose numbers are too large for their
// variance to be a float64 is an error.
func Fit(table *Table, rows []int32, weights []float64) (*Encoder, []string, error) {
	rows = positive(table, rows, weights)
	if len(rows) == 0 {
		return nil, nil, fmt.Errorf("features: fit: no rows")
	}
	var terms []Term
	var empty []string
	for i, f := range table.Schema.fields {
		if !f.Role.Feature() {
			continue
		}
		var term Term
		if f.Kind == Category {
			term = fitCategory(&table.Columns[i], rows, weights)
		} else {
			term = fitNumber(table.Columns[i].reader(f.Kind), rows, weights)
		}
		if term.Name = f.Name; !term.IsNumber() && len(term.Levels) == 0 {
			empty = append(empty, f.Name)
			continue
		}
		terms = append(terms, term)
	}
	if len(terms) == 0 {
		return nil, empty, fmt.Errorf("features: fit: no feature has a value")
	}
	e, err := NewEncoder(table.Schema, terms)
	return e, empty, err
}

// positive returns the rows of positive weight.
func positive(table *Table, rows []int32, weights []float64) []int32 {
	if rows == nil {
		rows = AllRows(table.Rows)
	}
	if weights == nil {
		return rows
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

func fitCategory(c *Column, rows []int32, weights []float64) Term {
	counts := make([]float64, len(c.Levels)+1)
	for _, r := range rows {
		counts[c.Codes.At(int(r))] += weightAt(weights, r)
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

// histogramBins is how many bins of equal mass a number's training histogram has, at most.
const histogramBins = 10

// fitNumber computes the moments in two passes; the second corrects the rounding of the mean (Chan, Golub &
// LeVeque 1983).
func fitNumber(at func(int) float64, rows []int32, weights []float64) Term {
	values, own, missing := present(at, rows, weights)
	if len(values) == 0 {
		return Term{}
	}
	w := func(i int) float64 {
		if own == nil {
			return 1
		}
		return own[i]
	}
	var sum, total float64
	for i, x := range values {
		sum += float64(w(i) * x)
		total += w(i)
	}
	t := Term{Mean: sum / total, Missing: missing > 0, Min: slices.Min(values), Max: slices.Max(values)}
	var squares, residue float64
	for i, x := range values {
		d := x - t.Mean
		squares += float64(w(i) * d * d)
		residue += float64(w(i) * d)
	}
	shift := residue / total
	t.Mean += shift
	t.SD = math.Sqrt(max(0, squares/total-float64(shift*shift)))
	if t.Min == t.Max {
		t.Mean = t.Min
	}
	if t.Min == t.Max || t.SD == 0 {
		t.SD = 1
	}
	t.Edges = QuantileEdges(values, own, histogramBins)
	t.Histogram = make([]float64, len(t.Edges)+2)
	for i, x := range values {
		t.Histogram[BinOf(t.Edges, x)] += w(i)
	}
	t.Histogram[len(t.Edges)+1] = missing
	return t
}

// present returns the values of the rows and their weights (nil if all weigh 1), and the weight of the rows that
// have none.
func present(at func(int) float64, rows []int32, weights []float64) (values, own []float64, missing float64) {
	values = make([]float64, 0, len(rows))
	if weights != nil {
		own = make([]float64, 0, len(rows))
	}
	for _, r := range rows {
		x := at(int(r))
		switch {
		case math.IsNaN(x):
			missing += weightAt(weights, r)
		default:
			values = append(values, x)
			if weights != nil {
				own = append(own, weights[r])
			}
		}
	}
	return values, own, missing
}
