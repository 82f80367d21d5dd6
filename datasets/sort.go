package datasets

import (
	"cmp"
	"fmt"

	"github.com/leadscore/leadscore/features"
)

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
