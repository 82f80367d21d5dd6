package features

import (
	"math"
	"sync"
)

// Design is the encoded, compact form of the rows of a table: what the solver streams. It shares memory with
// the Table where nothing had to change.
type Design struct {
	Rows    int
	Columns []DesignColumn // one for each term
}

// DesignColumn is one encoded feature. A category has Levels > 0 and codes below it; a number has raw
// Numbers, standardised as (x − Center)·(1/Scale) with missing = 0, and one more coefficient if Flag is set.
type DesignColumn struct {
	Codes   Codes
	Levels  int
	Numbers Numbers
	Center  float64
	Scale   float64
	Flag    bool
}

// Design encodes the given rows of a table (nil = all of it). Rows with a level that has no coefficient must
// not be among them: they are the rows that the Encoder was fitted on, or a part of them. The code of such a
// row would be Levels, which a solver refuses.
func (e *Encoder) Design(table *Table, rows []int32) *Design {
	d := &Design{Rows: table.Rows, Columns: make([]DesignColumn, len(e.terms))}
	if rows != nil {
		d.Rows = len(rows)
	}
	var columns, pairs sync.WaitGroup
	for i := range e.terms {
		if t := &e.terms[i]; !t.IsPair() {
			columns.Go(func() { d.Columns[i] = e.designColumn(t, table.Seen(t.field), rows, d.Rows) })
		}
	}
	columns.Wait()
	for i := range e.terms {
		if t := &e.terms[i]; t.IsPair() {
			a, b := t.Parts()
			pairs.Go(func() {
				d.Columns[i] = DesignColumn{Codes: t.cells(d.Columns[a].Codes, d.Columns[b].Codes, d.Rows), Levels: t.Size()}
			})
		}
	}
	pairs.Wait()
	return d
}

// designColumn encodes count rows of a column.
func (e *Encoder) designColumn(t *Term, c *Column, rows []int32, count int) DesignColumn {
	switch {
	case t.Bins:
		return DesignColumn{Codes: t.binned(c, rows, count), Levels: t.Size()}
	case t.IsNumber():
		return DesignColumn{Numbers: t.numbers(c, e.schema.fields[t.field].Kind, rows), Center: t.Mean, Scale: t.SD, Flag: t.Missing}
	}
	return DesignColumn{Codes: t.codes(c, rows), Levels: t.Size()}
}

// codes returns the term's codes of the rows of its column, Size where there is none.
func (t *Term) codes(c *Column, rows []int32) Codes {
	code, same := t.recode(c)
	if same {
		return c.Codes.pick(rows)
	}
	largest := 0
	for k := range code {
		if code[k] == noCode {
			code[k] = uint32(t.Size())
		}
		largest = max(largest, int(code[k]))
	}
	return c.Codes.mapped(rows, code, largest+1)
}

func (t *Term) numbers(c *Column, kind Kind, rows []int32) Numbers {
	if kind != Time {
		return c.Numbers.pick(rows)
	}
	times := c.Times
	if rows != nil {
		times = pick(c.Times, rows)
	}
	return Numbers{F64: daysOf(times)}
}

// binned returns the bins of the rows of a number's column.
func (t *Term) binned(c *Column, rows []int32, count int) Codes {
	out := makeCodes(count, t.Size()+1)
	switch {
	case out.U8 != nil:
		bin(out.U8, t, c, rows)
	case out.U16 != nil:
		bin(out.U16, t, c, rows)
	default:
		bin(out.U32, t, c, rows)
	}
	return out
}

// bin writes the codes of the rows to dst, Size where there is none.
func bin[D codeWidth](dst []D, t *Term, c *Column, rows []int32) {
	switch {
	case c.Times != nil:
		binNumbers(dst, t, daysOf(c.Times), rows)
	case c.Numbers.F32 != nil:
		binNumbers(dst, t, c.Numbers.F32, rows)
	default:
		binNumbers(dst, t, c.Numbers.F64, rows)
	}
}

func binNumbers[D codeWidth, T float32 | float64](dst []D, t *Term, xs []T, rows []int32) {
	absent, grid := D(t.present()), NewBinGrid(t.Edges) // absent is Size if there is no missing code
	for i := range dst {
		r := i
		if rows != nil {
			r = int(rows[i])
		}
		if x := float64(xs[r]); x == x {
			dst[i] = D(grid.Bin(x))
		} else {
			dst[i] = absent
		}
	}
}

// cells returns a pair's codes, given those of its parts; Size where there is none.
func (t *Term) cells(a, b Codes, count int) Codes {
	table := t.cellTable()
	stride := len(t.Pair[1].Groups) + 1
	out := makeCodes(count, t.Size()+1)
	for i := range count {
		c := table[a.At(i)*stride+b.At(i)]
		switch {
		case out.U8 != nil:
			out.U8[i] = uint8(c)
		case out.U16 != nil:
			out.U16[i] = uint16(c)
		default:
			out.U32[i] = uint32(c)
		}
	}
	return out
}

// cellTable returns the cell of each combination of the parts' codes, each with one more code for "none", Size where
// there is none.
func (t *Term) cellTable() []int32 {
	a, b := len(t.Pair[0].Groups), len(t.Pair[1].Groups)
	table := make([]int32, (a+1)*(b+1))
	for i := range a + 1 {
		for j := range b + 1 {
			c := int32(NoLevel)
			if i < a && j < b {
				c = t.cell(int32(i), int32(j))
			}
			if c == NoLevel {
				c = int32(t.Size())
			}
			table[i*(b+1)+j] = c
		}
	}
	return table
}

// noCode marks a level of a table that the term does not have.
const noCode = math.MaxUint32

// recode maps the table's codes to the term's, noCode where there is none, and tells whether that changes
// nothing.
func (t *Term) recode(c *Column) (code []uint32, same bool) {
	code = make([]uint32, len(c.Levels)+1)
	same = len(c.Levels) == len(t.Levels) && len(t.Pooled) == 0
	for i, level := range c.Levels {
		code[i] = noCode
		if k, known := t.code[level]; known {
			code[i] = uint32(k)
		}
		same = same && code[i] == uint32(i)
	}
	code[len(c.Levels)] = noCode
	if t.Missing {
		code[len(c.Levels)] = uint32(t.present())
	}
	return code, same
}

// Codes appends to dst the codes of term i for the given rows of a table: those that Code gives their leads.
func (e *Encoder) Codes(i int, table *Table, rows []int32, dst []Code) []Code {
	t := &e.terms[i]
	if t.IsNumber() {
		at, absent := e.Values(i, table), t.absent()
		for _, r := range rows {
			code := absent
			if x := at(int(r)); !math.IsNaN(x) {
				code = Code{Z: t.Standardise(x)}
			}
			dst = append(dst, code)
		}
		return dst
	}
	level := e.Level(i, table)
	for _, r := range rows {
		dst = append(dst, Code{Level: level(r), Z: 1})
	}
	return dst
}

// Count returns, for each coefficient of a term with levels, how many of the rows (nil = all) have its level, and how
// many of these have a label of 1. labels has one element a row of the table.
func (e *Encoder) Count(i int, table *Table, rows []int32, labels []uint8) (leads, won []int) {
	t := &e.terms[i]
	if t.IsPair() || t.Bins {
		return e.countLevels(i, table, rows, labels)
	}
	c := &table.Columns[t.field]
	code, _ := t.recode(c)
	var all, ones []int // by code of the table
	switch n := len(c.Levels) + 1; {
	case c.Codes.U8 != nil:
		all, ones = countLabels(c.Codes.U8, n, rows, labels)
	case c.Codes.U16 != nil:
		all, ones = countLabels(c.Codes.U16, n, rows, labels)
	default:
		all, ones = countLabels(c.Codes.U32, n, rows, labels)
	}
	leads, won = make([]int, t.Size()), make([]int, t.Size())
	for raw, level := range code {
		if level != noCode {
			leads[level] += all[raw]
			won[level] += ones[raw]
		}
	}
	return leads, won
}

func (e *Encoder) countLevels(i int, table *Table, rows []int32, labels []uint8) (leads, won []int) {
	size := e.terms[i].Size()
	leads, won = make([]int, size), make([]int, size)
	level := e.Level(i, table)
	count := func(r int32) {
		if l := level(r); l != NoLevel {
			leads[l]++
			won[l] += int(labels[r])
		}
	}
	if rows == nil {
		for r := range table.Rows {
			count(int32(r))
		}
		return leads, won
	}
	for _, r := range rows {
		count(r)
	}
	return leads, won
}

func countLabels[T codeWidth](codes []T, levels int, rows []int32, labels []uint8) (all, ones []int) {
	all, ones = make([]int, levels), make([]int, levels)
	if rows == nil {
		for r, c := range codes {
			all[c]++
			ones[c] += int(labels[r])
		}
		return all, ones
	}
	for _, r := range rows {
		c := codes[r]
		all[c]++
		ones[c] += int(labels[r])
	}
	return all, ones
}

// Level returns a function that gives the position of the coefficient of a term with levels for a row of a table,
// NoLevel if it has none.
func (e *Encoder) Level(i int, table *Table) func(row int32) int32 {
	t := &e.terms[i]
	switch {
	case t.IsPair():
		a, b := e.Level(t.parts[0], table), e.Level(t.parts[1], table)
		return func(row int32) int32 { return t.cell(a(row), b(row)) }
	case t.Bins:
		at, absent, grid := e.Values(i, table), t.absent().Level, NewBinGrid(t.Edges)
		return func(row int32) int32 {
			if x := at(int(row)); x == x {
				return grid.Bin(x)
			}
			return absent
		}
	}
	c := &table.Columns[t.field]
	code, _ := t.recode(c)
	return func(row int32) int32 { return int32(code[c.Codes.At(int(row))]) }
}
