package datasets

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// SortFrame puts the rows of the frame into ascending order of the named column, missing last; rows that are
// equal in it keep their order.
func SortFrame(f *Frame, by string) error {
	i := slices.IndexFunc(f.Columns, func(c FrameColumn) bool { return c.Name == by })
	if i < 0 {
		return fmt.Errorf("datasets: sort: column %q: not in the frame", by)
	}
	key := &f.Columns[i]
	order := make([]int, f.Rows)
	for row := range order {
		order[row] = row
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareRows(key, a, key, b) })
	for i := range f.Columns {
		f.Columns[i].permute(order)
	}
	return nil
}

// compareRows compares a row of a with a row of b, two pieces of one column. Missing comes last.
func compareRows(a *FrameColumn, i int, b *FrameColumn, j int) int {
	if x, y := a.missing(i), b.missing(j); x || y {
		switch {
		case x && y:
			return 0
		case x:
			return 1
		}
		return -1
	}
	switch {
	case a.Type.Base == features.String:
		return cmp.Compare(a.text(i), b.text(j))
	case a.Type.Base == features.Bool:
		return cmp.Compare(boolInt(a.Bools[i]), boolInt(b.Bools[j]))
	case a.Type.Integer():
		return cmp.Compare(a.Ints[i], b.Ints[j])
	case a.Type.Temporal():
		return cmp.Compare(a.Times[i], b.Times[j])
	}
	return cmp.Compare(a.Floats[i], b.Floats[j])
}

func (c *FrameColumn) text(row int) string {
	if c.Texts != nil {
		return c.Texts[row]
	}
	return c.Levels[c.Codes[row]]
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (c *FrameColumn) permute(order []int) {
	c.Texts, c.Codes, c.Bools = permuted(c.Texts, order), permuted(c.Codes, order), permuted(c.Bools, order)
	c.Ints, c.Floats, c.Times = permuted(c.Ints, order), permuted(c.Floats, order), permuted(c.Times, order)
	c.Valid = permuted(c.Valid, order)
}

func permuted[T any](values []T, order []int) []T {
	if len(values) != len(order) { // not the slice that this column uses
		return values
	}
	out := make([]T, len(values))
	for i, from := range order {
		out[i] = values[from]
	}
	return out
}

// sortCheck makes sure that a file which says that it is sorted is.
type sortCheck struct {
	column string
	rows   int
	last   FrameColumn // the last row so far
}

// check looks at the next rows of the column.
func (s *sortCheck) check(c *FrameColumn, rows int) error {
	for i := range rows {
		before, at := c, i-1
		if i == 0 {
			before, at = &s.last, 0
		}
		if s.rows+i > 0 && compareRows(before, at, c, i) > 0 {
			return fmt.Errorf("column %q, row %d: the file is to be sorted by this column, but the row is below the one before", s.column, s.rows+i)
		}
	}
	if rows > 0 {
		s.last = c.row(rows - 1)
		s.rows += rows
	}
	return nil
}

// row returns a copy of one row of the column.
func (c *FrameColumn) row(i int) FrameColumn {
	one := FrameColumn{Name: c.Name, Type: c.Type, Levels: c.Levels}
	one.Texts, one.Codes, one.Bools = single(c.Texts, i), single(c.Codes, i), single(c.Bools, i)
	one.Ints, one.Floats, one.Times = single(c.Ints, i), single(c.Floats, i), single(c.Times, i)
	one.Valid = single(c.Valid, i)
	return one
}

func single[T any](values []T, i int) []T {
	if i >= len(values) {
		return nil
	}
	return []T{values[i]}
}
