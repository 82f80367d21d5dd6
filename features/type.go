package features

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Base is the family of a stored type.
type Base uint8

// The stored types a column can have. They are those of Parquet's logical types that a flat column can hold.
const (
	String Base = iota + 1
	Bool
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float32
	Float64
	Decimal
	Date
	Timestamp
)

var baseNames = [...]string{
	String: "string", Bool: "bool",
	Int8: "int8", Int16: "int16", Int32: "int32", Int64: "int64",
	Uint8: "uint8", Uint16: "uint16", Uint32: "uint32", Uint64: "uint64",
	Float32: "float32", Float64: "float64", Decimal: "decimal", Date: "date", Timestamp: "timestamp",
}

// Type is how a column's values are stored: it decides which values a lead may carry and how they are rounded.
type Type struct {
	Base  Base
	Scale int // digits after the point of a Decimal, 0 otherwise
}

// String returns the name used in artifacts and messages, such as "int32" or "decimal(2)".
func (t Type) String() string {
	if t.Base == Decimal {
		return fmt.Sprintf("decimal(%d)", t.Scale)
	}
	if t.Base == 0 || int(t.Base) >= len(baseNames) {
		return "unknown"
	}
	return baseNames[t.Base]
}

// maxScale is the largest decimal scale whose power of ten is an exact float64.
const maxScale = 22

// check says what is wrong with the type.
func (t Type) check() error {
	switch {
	case t.Base == 0 || int(t.Base) >= len(baseNames):
		return fmt.Errorf("base %d is not a type", t.Base)
	case t.Base == Decimal && (t.Scale < 0 || t.Scale > maxScale):
		return fmt.Errorf("a decimal has a scale of 0 to %d, not %d", maxScale, t.Scale)
	case t.Base != Decimal && t.Scale != 0:
		return fmt.Errorf("a %v has no scale", t)
	}
	return nil
}

// MarshalText writes the name of the type.
func (t Type) MarshalText() ([]byte, error) {
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("features: type: %w", err)
	}
	return []byte(t.String()), nil
}

// UnmarshalText reads a name written by MarshalText.
func (t *Type) UnmarshalText(text []byte) error {
	name := string(text)
	if digits, ok := strings.CutPrefix(name, "decimal("); ok {
		scale, err := strconv.Atoi(strings.TrimSuffix(digits, ")"))
		decimal := Type{Decimal, scale}
		if err != nil || decimal.check() != nil || decimal.String() != name {
			return fmt.Errorf("features: type: %q: want decimal(scale) with a scale of 0 to %d", name, maxScale)
		}
		*t = decimal
		return nil
	}
	for base, known := range baseNames {
		if base != int(Decimal) && known != "" && known == name {
			*t = Type{Base: Base(base)}
			return nil
		}
	}
	return fmt.Errorf("features: type: %q is not a type", name)
}

// Integer reports whether the type holds whole numbers only.
func (t Type) Integer() bool { return t.Base >= Int8 && t.Base <= Uint64 }

// Numeric reports whether the type holds numbers.
func (t Type) Numeric() bool { return t.Base >= Int8 && t.Base <= Decimal }

// Temporal reports whether the type holds dates or instants.
func (t Type) Temporal() bool { return t.Base == Date || t.Base == Timestamp }

// integerBounds holds the range of each integer type as float64. The upper bounds of the 64-bit types are
// rounded up to a power of two by float64, as their values are.
var integerBounds = [...][2]float64{
	Int8: {math.MinInt8, math.MaxInt8}, Int16: {math.MinInt16, math.MaxInt16},
	Int32: {math.MinInt32, math.MaxInt32}, Int64: {math.MinInt64, math.MaxInt64},
	Uint8: {0, math.MaxUint8}, Uint16: {0, math.MaxUint16},
	Uint32: {0, math.MaxUint32}, Uint64: {0, math.MaxUint64},
}

// Narrow rounds x to the nearest value that the type can store. It is the only place where a number is
// narrowed, so that a float32 column of a training file and the number 0.1 of a request agree in every bit.
// It fails when x is not finite, not whole for an integer type, or outside the type's range. -0 becomes 0, and
// what is narrow already stays as it is.
func (t Type) Narrow(x float64) (float64, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%v is not a finite number", x)
	}
	switch {
	case t.Base == Float32:
		y := float64(float32(x))
		if math.IsInf(y, 0) {
			return 0, fmt.Errorf("%v is outside the range of %v", x, t)
		}
		x = y
	case t.Base == Decimal:
		x = roundDecimal(x, t.Scale)
	case t.Integer():
		bounds := integerBounds[t.Base]
		if x < bounds[0] || x > bounds[1] {
			return 0, fmt.Errorf("%v is outside the range of %v", x, t)
		}
		if x != math.Trunc(x) {
			return 0, fmt.Errorf("%v is not a whole number", x)
		}
	}
	return x + 0, nil // -0 + 0 is 0
}

// roundDecimal returns the float64 nearest to the decimal, of the given number of digits after the point, that
// is nearest to x; half-way it takes the even one. It is what strconv makes of the decimal's text.
func roundDecimal(x float64, scale int) float64 {
	if units := DecimalUnits(x, scale); math.Abs(units) < 1<<53 {
		return units / math.Pow10(scale) // both operands are exact: it rounds once
	}
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', scale, 64), 64) // digits always parse
	return y
}

// DecimalUnits returns the whole number of units of a decimal of the given scale (10⁻ˢᶜᵃˡᵉ, at most 22) that is
// nearest to x; half-way it takes the even one. Below 2⁵³ units it is exact: x = n / 10ˢᶜᵃˡᵉ gives a number of units
// that reads as x again.
func DecimalUnits(x float64, scale int) float64 {
	power := math.Pow10(scale)
	units := x * power
	rest := math.FMA(x, power, -units) // what rounding the product left out: it decides next to half a unit alone
	whole := math.RoundToEven(units)
	switch off := units - whole; {
	case off == 0.5 && rest > 0:
		whole++
	case off == -0.5 && rest < 0:
		whole--
	}
	return whole
}
