package datasets

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/leadscore/leadscore/features"
	"github.com/parquet-go/parquet-go"
)

// nodeOf returns how a type is stored.
func nodeOf(t features.Type) (parquet.Node, error) {
	switch t.Base {
	case features.String:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary), nil
	case features.Bool:
		return parquet.Leaf(parquet.BooleanType), nil
	case features.Float32:
		return parquet.Leaf(parquet.FloatType), nil
	case features.Float64:
		return parquet.Leaf(parquet.DoubleType), nil
	case features.Date:
		return parquet.Date(), nil
	case features.Timestamp:
		return parquet.Timestamp(parquet.Microsecond), nil
	case features.Decimal:
		if t.Scale < 0 || t.Scale > decimalDigits {
			return nil, fmt.Errorf("%v: scales from 0 to %d can be written", t, decimalDigits)
		}
		return parquet.Decimal(t.Scale, decimalDigits, parquet.Int64Type), nil
	}
	if t.Integer() {
		bits, signed := integerWidth(t)
		if signed {
			return parquet.Int(bits), nil
		}
		return parquet.Uint(bits), nil
	}
	return nil, fmt.Errorf("type %v cannot be written", t)
}

const decimalDigits = 18 // what an int64 holds

func integerWidth(t features.Type) (bits int, signed bool) {
	switch t.Base {
	case features.Int8, features.Uint8:
		bits = 8
	case features.Int16, features.Uint16:
		bits = 16
	case features.Int32, features.Uint32:
		bits = 32
	default:
		bits = 64
	}
	return bits, t.Base <= features.Int64
}

// columnEncoder turns the rows of one column into values of a Parquet column.
type columnEncoder struct {
	name     string
	typ      features.Type
	optional bool
	index    int
	values   []parquet.Value
}

// valuesAtOnce is how many values go to a column between two looks at the size of its page.
const valuesAtOnce = 2048

// check compares a frame's column with the declared one.
func (e *columnEncoder) check(c *FrameColumn, rows int) error {
	if c.Name != e.name || c.Type != e.typ {
		return fmt.Errorf("frame has column %q of type %v here, the file has %v", c.Name, c.Type, e.typ)
	}
	have := len(c.Texts)
	switch {
	case e.typ.Base == features.String:
		if c.Texts == nil {
			have = len(c.Codes)
		}
		for _, level := range c.Levels {
			if !utf8.ValidString(level) {
				return fmt.Errorf("%q is not valid UTF-8", level)
			}
		}
	case e.typ.Base == features.Bool:
		have = len(c.Bools)
	case e.typ.Integer():
		have = len(c.Ints)
	case e.typ.Temporal():
		have = len(c.Times)
	default:
		have = len(c.Floats)
	}
	if have != rows {
		return fmt.Errorf("frame has %d values, but %d rows", have, rows)
	}
	if c.Valid != nil && len(c.Valid) != rows {
		return fmt.Errorf("frame has %d marks of validity, but %d rows", len(c.Valid), rows)
	}
	return nil
}

// write appends rows low to high of the frame's column. Values go on in lots of one size, so that the pages do not
// depend on how the rows were cut into frames.
func (e *columnEncoder) write(w *parquet.ColumnWriter, c *FrameColumn, low, high int) error {
	for row := low; row < high; row++ {
		v, err := e.value(c, row)
		if err != nil {
			return fmt.Errorf("column %q, row %d of the frame: %w", e.name, row, err)
		}
		if e.values = append(e.values, v); len(e.values) == valuesAtOnce {
			if err := e.flush(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush hands the values kept so far on.
func (e *columnEncoder) flush(w *parquet.ColumnWriter) error {
	_, err := w.WriteRowValues(e.values)
	clear(e.values)
	e.values = e.values[:0]
	if err != nil {
		return fmt.Errorf("column %q: %w", e.name, err)
	}
	return nil
}

// value returns the value of one row with its levels set.
func (e *columnEncoder) value(c *FrameColumn, row int) (parquet.Value, error) {
	if c.missing(row) {
		if !e.optional {
			return parquet.Value{}, fmt.Errorf("has no value, but the column is required")
		}
		return parquet.NullValue().Level(0, 0, e.index), nil
	}
	v, err := e.present(c, row)
	if err != nil {
		return v, err
	}
	if e.optional {
		return v.Level(0, 1, e.index), nil
	}
	return v.Level(0, 0, e.index), nil
}

// missing reports whether the row has no value: by its mark, or by the mark of missing among its values.
func (c *FrameColumn) missing(row int) bool {
	if c.Valid != nil && !c.Valid[row] {
		return true
	}
	switch {
	case c.Floats != nil:
		return math.IsNaN(c.Floats[row])
	case c.Times != nil:
		return c.Times[row] == features.NoTime
	case c.Codes != nil && c.Texts == nil:
		return c.Codes[row] == features.NoCode
	}
	return false
}

func (e *columnEncoder) present(c *FrameColumn, row int) (parquet.Value, error) {
	switch {
	case e.typ.Base == features.String:
		return textValue(c, row)
	case e.typ.Base == features.Bool:
		return parquet.BooleanValue(c.Bools[row]), nil
	case e.typ.Integer():
		return integerValue(e.typ, c.Ints[row])
	case e.typ.Base == features.Date:
		return dateValue(c.Times[row])
	case e.typ.Base == features.Timestamp:
		return parquet.Int64Value(c.Times[row]), nil
	case e.typ.Base == features.Decimal:
		return decimalValue(e.typ, c.Floats[row])
	}
	x, err := e.typ.Narrow(c.Floats[row])
	if err != nil {
		return parquet.Value{}, err
	}
	if e.typ.Base == features.Float32 {
		return parquet.FloatValue(float32(x)), nil
	}
	return parquet.DoubleValue(x), nil
}

func textValue(c *FrameColumn, row int) (parquet.Value, error) {
	var text string
	switch {
	case c.Texts != nil:
		if text = c.Texts[row]; !utf8.ValidString(text) {
			return parquet.Value{}, fmt.Errorf("%q is not valid UTF-8", text)
		}
	case int64(c.Codes[row]) >= int64(len(c.Levels)):
		return parquet.Value{}, fmt.Errorf("code %d has no level: there are %d", c.Codes[row], len(c.Levels))
	default:
		text = c.Levels[c.Codes[row]]
	}
	return parquet.ByteArrayValue(bytesOf(text)), nil
}

func integerValue(t features.Type, x int64) (parquet.Value, error) {
	bits, signed := integerWidth(t)
	low, high := int64(0), int64(math.MaxInt64)
	switch {
	case signed:
		low, high = math.MinInt64>>(64-bits), math.MaxInt64>>(64-bits)
	case bits < 64:
		high = 1<<bits - 1
	}
	if x < low || x > high {
		return parquet.Value{}, fmt.Errorf("%d is outside the range of %v", x, t)
	}
	if bits == 64 {
		return parquet.Int64Value(x), nil
	}
	return parquet.Int32Value(int32(uint32(x))), nil
}

const microsPerDay = 24 * 60 * 60 * 1_000_000

func dateValue(micros int64) (parquet.Value, error) {
	days := floorDivide(micros, microsPerDay)
	if days < math.MinInt32 || days > math.MaxInt32 {
		return parquet.Value{}, fmt.Errorf("%d microseconds since 1970 is outside the range of a date", micros)
	}
	return parquet.Int32Value(int32(days)), nil
}

// decimalValue returns x in units of the decimal. Beyond 2⁵³ units a float64 no longer tells them apart.
func decimalValue(t features.Type, x float64) (parquet.Value, error) {
	units := features.DecimalUnits(x, t.Scale)
	if !(math.Abs(units) <= 1<<53) {
		return parquet.Value{}, fmt.Errorf("%v is outside the range in which a %v is exact", x, t)
	}
	return parquet.Int64Value(int64(units)), nil
}
