package features

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Codes is a column of small integers in the narrowest width that holds them; exactly one slice is set.
type Codes struct {
	U8  []uint8
	U16 []uint16
	U32 []uint32
}

// Len returns the number of codes.
func (c Codes) Len() int { return len(c.U8) + len(c.U16) + len(c.U32) }

// At returns the code of row i.
func (c Codes) At(i int) int {
	switch {
	case c.U8 != nil:
		return int(c.U8[i])
	case c.U16 != nil:
		return int(c.U16[i])
	}
	return int(c.U32[i])
}

// makeCodes returns n codes wide enough for values below levels.
func makeCodes(n, levels int) Codes {
	switch {
	case levels <= 1<<8:
		return Codes{U8: make([]uint8, n)}
	case levels <= 1<<16:
		return Codes{U16: make([]uint16, n)}
	}
	return Codes{U32: make([]uint32, n)}
}

// mapped returns the codes code[c.At(rows[i])]; rows nil means every row. levels bounds the new codes.
func (c Codes) mapped(rows []int32, code []uint32, levels int) Codes {
	n := c.Len()
	if rows != nil {
		n = len(rows)
	}
	out := makeCodes(n, levels)
	switch {
	case c.U8 != nil:
		out.fill(c.U8, nil, nil, rows, code)
	case c.U16 != nil:
		out.fill(nil, c.U16, nil, rows, code)
	default:
		out.fill(nil, nil, c.U32, rows, code)
	}
	return out
}

func (c Codes) fill(u8 []uint8, u16 []uint16, u32 []uint32, rows []int32, code []uint32) {
	switch {
	case c.U8 != nil:
		remapFrom(c.U8, u8, u16, u32, rows, code)
	case c.U16 != nil:
		remapFrom(c.U16, u8, u16, u32, rows, code)
	default:
		remapFrom(c.U32, u8, u16, u32, rows, code)
	}
}

type codeWidth interface{ ~uint8 | ~uint16 | ~uint32 }

func remapFrom[D codeWidth](dst []D, u8 []uint8, u16 []uint16, u32 []uint32, rows []int32, code []uint32) {
	switch {
	case u8 != nil:
		remap(dst, u8, rows, code)
	case u16 != nil:
		remap(dst, u16, rows, code)
	default:
		remap(dst, u32, rows, code)
	}
}

func remap[D, S codeWidth](dst []D, src []S, rows []int32, code []uint32) {
	if rows == nil {
		for i, c := range src {
			dst[i] = D(code[c])
		}
		return
	}
	for i, r := range rows {
		dst[i] = D(code[src[r]])
	}
}

// Numbers is a column of numbers, NaN = missing, in single precision where that loses nothing; exactly one
// slice is set.
type Numbers struct {
	F32 []float32
	F64 []float64
}

// Len returns the number of values.
func (x Numbers) Len() int { return len(x.F32) + len(x.F64) }

// At returns the value of row i.
func (x Numbers) At(i int) float64 {
	if x.F32 != nil {
		return float64(x.F32[i])
	}
	return x.F64[i]
}

// pick returns the values of the given rows; nil means every row and shares the memory.
func (x Numbers) pick(rows []int32) Numbers {
	return Numbers{F32: pick(x.F32, rows), F64: pick(x.F64, rows)}
}

// pick returns the codes of the given rows; nil means every row and shares the memory.
func (c Codes) pick(rows []int32) Codes {
	return Codes{U8: pick(c.U8, rows), U16: pick(c.U16, rows), U32: pick(c.U32, rows)}
}

func pick[T any](src []T, rows []int32) []T {
	if src == nil || rows == nil {
		return src
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = src[r]
	}
	return out
}

// Column is one column of a Table. The part that the field's Kind asks for is set.
type Column struct {
	Codes   Codes    // Category: positions in Levels; len(Levels) = missing
	Levels  []string // Category: sorted; every level that a row has is among them
	Numbers Numbers  // Number
	Times   []int64  // Time: microseconds since 1970 UTC, NoTime = missing
}

// Table is a data set in memory, column by column, as compactly as its values allow. Columns[i] belongs to
// field i of the Schema; those of excluded fields and of the id are empty. It does not change once built.
type Table struct {
	Schema  *Schema
	Rows    int
	Columns []Column
}

// Lead copies one row of the table into lead, whose memory it reuses. The id is not kept in a Table.
func (t *Table) Lead(row int, lead *Lead) {
	lead.reset(len(t.Columns))
	for i := range t.Columns {
		lead.Values[i] = t.Columns[i].value(t.Schema.fields[i].Kind, row)
	}
}

func (c *Column) value(kind Kind, row int) Value {
	switch {
	case kind == Category && c.Codes.Len() > 0:
		if code := c.Codes.At(row); code < len(c.Levels) {
			return Value{Present: true, Text: c.Levels[code]}
		}
	case kind == Number && c.Numbers.Len() > 0:
		if x := c.Numbers.At(row); !math.IsNaN(x) {
			return Value{Present: true, Number: x}
		}
	case kind == Time && len(c.Times) > 0:
		if t := c.Times[row]; t != NoTime {
			return Value{Present: true, Time: t}
		}
	}
	return Value{}
}

// Without returns the table with the named feature excluded. It shares the memory of t.
func (t *Table) Without(feature string) (*Table, error) {
	i := t.Schema.Index(feature)
	if i < 0 {
		return nil, fmt.Errorf("features: table: no column %q", feature)
	}
	fields := slices.Clone(t.Schema.fields)
	fields[i].Role = RoleExcluded
	schema, err := NewSchema(fields, t.Schema.missing)
	if err != nil {
		return nil, err
	}
	reduced := *t
	reduced.Schema = schema
	return &reduced, nil
}

// Sample returns a table of count rows, or of all if there are fewer, drawn at random without replacement and
// left in their order.
func (t *Table) Sample(count int, seed uint64) *Table {
	random := rand.New(rand.NewPCG(seed, 0x73616d706c65))
	rows := make([]int32, 0, count)
	for r := range t.Rows { // Vitter's selection sampling
		if left := t.Rows - r; random.IntN(left) < count-len(rows) {
			rows = append(rows, int32(r))
		}
	}
	sample := &Table{Schema: t.Schema, Rows: len(rows), Columns: make([]Column, len(t.Columns))}
	for i := range t.Columns {
		c := &t.Columns[i]
		sample.Columns[i] = Column{Codes: c.Codes.pick(rows), Levels: c.Levels, Numbers: c.Numbers.pick(rows), Times: pick(c.Times, rows)}
	}
	return sample
}
