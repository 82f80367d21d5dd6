package datasets

import "github.com/leadscore/leadscore/features"

// Frame is a block of typed columns on its way into a file. Its column order is the file's.
type Frame struct {
	Rows    int
	Columns []FrameColumn
}

// FrameColumn is one column of a Frame. The slice that the Type's family asks for is set, one element a row:
// Texts or Codes (with Levels) for strings, Bools, Ints for integer types, Floats for float32, float64 and
// decimals, Times (microseconds since 1970 UTC) for dates and timestamps.
type FrameColumn struct {
	Name   string
	Type   features.Type
	Texts  []string
	Codes  []uint32
	Levels []string
	Bools  []bool
	Ints   []int64
	Floats []float64
	Times  []int64
	Valid  []bool // false = missing; nil = every row has a value, and the column is required
}
