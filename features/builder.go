package features

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// Builder collects Batches, or columns one by one, into a Table.
type Builder struct {
	schema  *Schema
	columns []columnBuilder
}

// columnBuilder gathers one column; codes are positions in levels until Table sorts them.
type columnBuilder struct {
	field   *Field
	rows    int
	codes   Codes
	levels  []string
	code    map[string]uint32
	last    *Dictionary // whose mapping seen holds
	seen    []uint32
	numbers Numbers
	times   []int64
}

// unmapped marks a dictionary entry that no row has used yet.
const unmapped = math.MaxUint32

// maxExpected bounds the room that is made for rows nobody has seen yet: a file may claim any number.
const maxExpected = 1 << 27

// NewBuilder returns an empty Builder with room for the expected number of rows.
func NewBuilder(schema *Schema, expected int) *Builder {
	b := &Builder{schema: schema, columns: make([]columnBuilder, len(schema.fields))}
	expected = min(max(expected, 0), maxExpected)
	for i := range b.columns {
		b.columns[i] = newColumnBuilder(&schema.fields[i], expected)
	}
	return b
}

// newColumnBuilder has room for the expected number of rows, if a Table keeps the column.
func newColumnBuilder(field *Field, expected int) columnBuilder {
	c := columnBuilder{field: field}
	if !stored(field) {
		return c
	}
	switch field.Kind {
	case Category:
		c.code = map[string]uint32{}
		c.codes = Codes{U8: make([]uint8, 0, expected)}
	case Number:
		c.numbers = Numbers{F32: make([]float32, 0, expected)}
	case Time:
		c.times = make([]int64, 0, expected)
	}
	return c
}

// stored reports whether a Table keeps the column.
func stored(f *Field) bool { return f.Role != RoleExcluded && f.Role != RoleID }

// Add appends the rows of a batch. Batches must come in order, without gaps. After an error the Builder is of
// no further use.
func (b *Builder) Add(batch *Batch) error {
	if len(batch.Vectors) != len(b.columns) {
		return fmt.Errorf("features: table: a batch of %d columns, want %d", len(batch.Vectors), len(b.columns))
	}
	for i := range b.columns {
		c := &b.columns[i]
		if !stored(c.field) {
			continue
		}
		if n := batch.Vectors[i].length(c.field.Kind); n != batch.Rows {
			return fmt.Errorf("features: table: column %q: %d values of a %v in a batch of %d rows", c.field.Name, n, c.field.Kind, batch.Rows)
		}
		if err := b.AddColumn(i, batch.Start, &batch.Vectors[i]); err != nil {
			return err
		}
	}
	return nil
}

// AddColumn appends a run of values to one column: those from row start on, in order and without gaps. Different
// columns may be added to from different goroutines at the same time. After an error the Builder is of no further
// use.
func (b *Builder) AddColumn(field, start int, v *Vector) error {
	c := &b.columns[field]
	if !stored(c.field) {
		return nil
	}
	if err := c.add(start, v); err != nil {
		return fmt.Errorf("features: table: column %q, values from row %d on: %w", c.field.Name, start, err)
	}
	return nil
}

// length is the number of values of a column of the kind.
func (v *Vector) length(kind Kind) int {
	switch kind {
	case Category:
		return len(v.Codes)
	case Number:
		return len(v.Numbers)
	}
	return len(v.Times)
}

func (c *columnBuilder) add(start int, v *Vector) error {
	n := v.length(c.field.Kind)
	switch {
	case start != c.rows:
		return fmt.Errorf("want row %d", c.rows)
	case c.rows+n > math.MaxInt32:
		return fmt.Errorf("more than %d rows", math.MaxInt32)
	}
	c.rows += n
	switch c.field.Kind {
	case Category:
		return c.addCodes(v)
	case Number:
		c.addNumbers(v.Numbers)
	case Time:
		c.times = append(c.times, v.Times...)
	}
	return nil
}

// addCodes maps the batch's codes to the column's own. Code 0 is "missing", so that the width grows with the
// levels alone.
func (c *columnBuilder) addCodes(v *Vector) error {
	c.follow(v.Dictionary)
	for done := 0; ; {
		switch {
		case c.codes.U8 != nil:
			c.codes.U8, done = mapCodes(c.codes.U8, v.Codes, c.seen, done)
		case c.codes.U16 != nil:
			c.codes.U16, done = mapCodes(c.codes.U16, v.Codes, c.seen, done)
		default:
			c.codes.U32, done = mapCodes(c.codes.U32, v.Codes, c.seen, done)
		}
		if done == len(v.Codes) {
			return nil
		}
		raw := v.Codes[done]
		if v.Dictionary == nil || int(raw) >= len(v.Dictionary.Levels) {
			return fmt.Errorf("value %d of them has code %d, which the dictionary does not have", done, raw)
		}
		c.seen[raw+1] = c.levelCode(v.Dictionary.Levels[raw])
	}
}

// follow makes seen the mapping of a dictionary. seen[code+1] is the column's code of a dictionary's code, so that
// NoCode, the largest, wraps to seen[0], the code of "missing".
func (c *columnBuilder) follow(d *Dictionary) {
	if d != c.last || len(c.seen) == 0 {
		c.last, c.seen = d, append(c.seen[:0], 0)
	}
	for d != nil && len(c.seen) <= len(d.Levels) {
		c.seen = append(c.seen, unmapped)
	}
}

// mapCodes appends the columns' codes of raw[from:] to dst, up to the first that seen does not know, and returns
// that one's position.
func mapCodes[D codeWidth](dst []D, raw, seen []uint32, from int) ([]D, int) {
	at := len(dst)
	dst = slices.Grow(dst, len(raw)-from)[:at+len(raw)-from]
	out := dst[at:]
	for i, r := range raw[from:] {
		k := r + 1
		if int(k) >= len(seen) || seen[k] == unmapped {
			return dst[:at+i], from + i
		}
		out[i] = D(seen[k])
	}
	return dst, len(raw)
}

func (c *columnBuilder) levelCode(level string) uint32 {
	code, known := c.code[level]
	if !known {
		c.levels = append(c.levels, level)
		code = uint32(len(c.levels))
		c.code[level] = code
		c.widen(int(code))
	}
	return code
}

// widen makes room for codes up to largest.
func (c *columnBuilder) widen(largest int) {
	if c.codes.U8 != nil && largest >= 1<<8 {
		c.codes = Codes{U16: widened[uint16](c.codes.U8)}
	}
	if c.codes.U16 != nil && largest >= 1<<16 {
		c.codes = Codes{U32: widened[uint32](c.codes.U16)}
	}
}

func widened[D, S codeWidth](src []S) []D {
	dst := make([]D, len(src), cap(src))
	for i, x := range src {
		dst[i] = D(x)
	}
	return dst
}

// addNumbers appends numbers in single precision until one would lose by it.
func (c *columnBuilder) addNumbers(xs []float64) {
	if c.numbers.F64 == nil {
		at := len(c.numbers.F32)
		single := slices.Grow(c.numbers.F32, len(xs))[:at+len(xs)]
		if narrow(single[at:], xs) {
			c.numbers.F32 = single
			return
		}
		double := make([]float64, at, max(cap(c.numbers.F32), at+len(xs)))
		for i, y := range c.numbers.F32 {
			double[i] = float64(y)
		}
		c.numbers = Numbers{F64: double}
	}
	c.numbers.F64 = append(c.numbers.F64, xs...)
}

// narrow writes numbers in single precision and reports whether they lost nothing by it. Other bits of a NaN are no loss.
func narrow(single []float32, xs []float64) bool {
	single = single[:len(xs)]
	lost := uint64(0) // without a branch: what is missing comes in no order that a processor could predict
	for i, x := range xs {
		y := float32(x)
		single[i] = y
		lost |= math.Float64bits(float64(y)) ^ math.Float64bits(x)
	}
	return lost == 0 || !slices.ContainsFunc(xs, func(x float64) bool { return x == x && float64(float32(x)) != x })
}

// Table returns what was added. Levels are sorted, so that the order of the rows leaves no trace in them. The
// Builder is of no further use. It panics if columns were given different numbers of rows.
func (b *Builder) Table() *Table {
	t := &Table{Schema: b.schema, Columns: make([]Column, len(b.columns))}
	known := false
	for i := range b.columns {
		c := &b.columns[i]
		switch {
		case !stored(c.field):
		case !known:
			known, t.Rows = true, c.rows
		case c.rows != t.Rows:
			panic("features: table: columns were given different numbers of rows")
		}
	}
	var columns sync.WaitGroup
	for i := range b.columns {
		c := &b.columns[i]
		t.Columns[i] = Column{Numbers: c.numbers, Times: c.times}
		if c.code != nil {
			columns.Go(func() { t.Columns[i] = c.sorted() })
		}
	}
	columns.Wait()
	return t
}

func (c *columnBuilder) sorted() Column {
	levels := slices.Clone(c.levels)
	slices.Sort(levels)
	code := make([]uint32, len(levels)+1)
	code[0] = uint32(len(levels))
	for position, level := range levels {
		code[c.code[level]] = uint32(position)
	}
	switch width := len(levels) + 1; { // in place, unless the code of "missing" needs one more bit
	case c.codes.U8 != nil && width <= 1<<8:
		remap(c.codes.U8, c.codes.U8, nil, code)
	case c.codes.U16 != nil && width <= 1<<16:
		remap(c.codes.U16, c.codes.U16, nil, code)
	case c.codes.U32 != nil:
		remap(c.codes.U32, c.codes.U32, nil, code)
	default:
		c.codes = c.codes.mapped(nil, code, width)
	}
	return Column{Levels: levels, Codes: c.codes}
}
