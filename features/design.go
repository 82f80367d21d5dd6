package features

import "math"

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
	for i := range e.terms {
		t := &e.terms[i]
		c := &table.Columns[t.field]
		if t.IsNumber() {
			d.Columns[i] = DesignColumn{Numbers: t.numbers(c, e.schema.fields[t.field].Kind, rows), Center: t.Mean, Scale: t.SD, Flag: t.Missing}
			continue
		}
		d.Columns[i] = DesignColumn{Codes: t.codes(c, rows), Levels: t.Size()}
	}
	return d
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
	if rows == nil {
		rows = AllRows(len(c.Times))
	}
	days, at := make([]float64, len(rows)), c.reader(Time)
	for i, r := range rows {
		days[i] = at(int(r))
	}
	return Numbers{F64: days}
}

// noCode marks a level of a table that the term does not have.
const noCode = math.MaxUint32

// recode maps the table's codes to the term's, noCode where there is none, and tells whether that changes
// nothing.
func (t *Term) recode(c *Column) (code []uint32, same bool) {
	code = make([]uint32, len(c.Levels)+1)
	same = len(c.Levels) == len(t.Levels)
	for i, level := range c.Levels {
		code[i] = noCode
		if k, known := t.code[level]; known {
			code[i] = uint32(k)
		}
		same = same && code[i] == uint32(i)
	}
	code[len(c.Levels)] = noCode
	if t.Missing {
		code[len(c.Levels)] = uint32(len(t.Levels))
	}
	return code, same
}

// Codes appends to dst the codes of term i for the given rows of a table: those that Code gives their leads.
func (e *Encoder) Codes(i int, table *Table, rows []int32, dst []Code) []Code {
	t := &e.terms[i]
	c := &table.Columns[t.field]
	if t.IsNumber() {
		at, absent := c.reader(e.schema.fields[t.field].Kind), t.absent()
		for _, r := range rows {
			code := absent
			if x := at(int(r)); !math.IsNaN(x) {
				code = Code{Z: t.Standardise(x)}
			}
			dst = append(dst, code)
		}
		return dst
	}
	code, _ := t.recode(c)
	for _, r := range rows {
		dst = append(dst, Code{Level: int32(code[c.Codes.At(int(r))]), Z: 1})
	}
	return dst
}

// Count returns, for each coefficient of a category's term, how many of the rows (nil = all) have its level, and how
// many of these have a label of 1. labels has one element a row of the table.
func (e *Encoder) Count(i int, table *Table, rows []int32, labels []uint8) (leads, won []int) {
	t := &e.terms[i]
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
		if level != math.MaxUint32 {
			leads[level], won[level] = all[raw], ones[raw]
		}
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

// Level returns a function that gives the position of the coefficient of a category's term for a row of a table,
// NoLevel if it has none.
func (e *Encoder) Level(i int, table *Table) func(row int32) int32 {
	t := &e.terms[i]
	c := &table.Columns[t.field]
	code, _ := t.recode(c)
	return func(row int32) int32 { return int32(code[c.Codes.At(int(row))]) }
}
