package datasets

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/leadscore/leadscore/features"
)

// plainNumbers converts plain values, as many as dst holds, into float64: the nearest ones. NaN is missing.
func plainNumbers(dst []float64, data []byte, c *storedColumn) error {
	switch c.form {
	case formInt32:
		for i := range dst {
			dst[i] = float64(int32(binary.LittleEndian.Uint32(data[4*i:])))
		}
	case formUint32:
		for i := range dst {
			dst[i] = float64(binary.LittleEndian.Uint32(data[4*i:]))
		}
	case formInt64:
		for i := range dst {
			dst[i] = float64(int64(binary.LittleEndian.Uint64(data[8*i:])))
		}
	case formUint64:
		for i := range dst {
			dst[i] = float64(binary.LittleEndian.Uint64(data[8*i:]))
		}
	case formFloat:
		for i := range dst {
			dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		}
	case formDouble:
		for i := range dst {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
		}
	default:
		return plainDecimals(dst, data, c)
	}
	return nil
}

func plainDecimals(dst []float64, data []byte, c *storedColumn) error {
	scale := c.Type.Scale
	for i := range dst {
		switch c.form {
		case formDecimal32:
			dst[i] = decimalNumber(int64(int32(binary.LittleEndian.Uint32(data[4*i:]))), scale)
		case formDecimal64:
			dst[i] = decimalNumber(int64(binary.LittleEndian.Uint64(data[8*i:])), scale)
		case formDecimalBytes:
			dst[i] = bytesDecimal(data[c.width*i:c.width*(i+1)], scale)
		default:
			return fmt.Errorf("a %v is not a number", c.Type)
		}
	}
	return nil
}

// decimalNumber returns the float64 nearest to units of the decimal. Up to 2⁵³ units, and up to the scale 22,
// both operands of the division are exact, so that it rounds once.
func decimalNumber(units int64, scale int) float64 {
	if -1<<53 <= units && units <= 1<<53 {
		return float64(units) / math.Pow10(scale)
	}
	return bigDecimal(big.NewInt(units), scale)
}

func bigDecimal(units *big.Int, scale int) float64 {
	x, _ := strconv.ParseFloat(units.String()+"e-"+strconv.Itoa(scale), 64) // digits always parse; overflow gives Inf
	return x
}

// bytesDecimal reads a decimal stored as a big-endian two's complement integer.
func bytesDecimal(data []byte, scale int) float64 {
	negative := len(data) > 0 && data[0]&0x80 != 0
	for len(data) > 8 { // digits that only repeat the sign
		if negative != (data[1]&0x80 != 0) || (data[0] != 0 && data[0] != 0xFF) || (data[0] == 0xFF) != negative {
			break
		}
		data = data[1:]
	}
	if len(data) <= 8 {
		units := int64(0)
		if negative {
			units = -1
		}
		for _, b := range data {
			units = units<<8 | int64(b)
		}
		return decimalNumber(units, scale)
	}
	units := new(big.Int).SetBytes(data)
	if negative {
		units.Sub(units, new(big.Int).Lsh(big.NewInt(1), uint(8*len(data))))
	}
	return bigDecimal(units, scale)
}

// The microseconds of the years that features.ParseTime accepts, the last one excluded.
var (
	firstMicro = mustTime("0001-01-01")
	pastMicro  = mustTime("9999-12-31") + microsPerDay
)

func mustTime(text string) int64 {
	t, err := features.ParseTime(text)
	if err != nil {
		panic(err)
	}
	return t
}

const (
	julianEpoch = 2440588 // the Julian day of 1970-01-01
	nanosPerDay = microsPerDay * 1000
)

// plainTimes converts plain values into microseconds since 1970, cutting off what is below them. It returns the
// position of the first value that is out of range, or -1.
func plainTimes(dst []int64, data []byte, c *storedColumn) (bad int) {
	bad = -1
	for i := range dst {
		var t int64
		fits := true
		switch c.form {
		case formDays:
			t = int64(int32(binary.LittleEndian.Uint32(data[4*i:])))
			fits, t = t >= firstMicro/microsPerDay && t < pastMicro/microsPerDay, t*microsPerDay
		case formMillis:
			t = int64(binary.LittleEndian.Uint64(data[8*i:]))
			fits, t = t >= firstMicro/1000 && t < pastMicro/1000, t*1000
		case formMicros:
			t = int64(binary.LittleEndian.Uint64(data[8*i:]))
		case formNanos:
			t = floorDivide(int64(binary.LittleEndian.Uint64(data[8*i:])), 1000)
		case formInt96:
			nanos := binary.LittleEndian.Uint64(data[12*i:])
			day := int64(int32(binary.LittleEndian.Uint32(data[12*i+8:]))) - julianEpoch
			fits = nanos < nanosPerDay && day >= firstMicro/microsPerDay && day < pastMicro/microsPerDay
			t = day*microsPerDay + int64(nanos/1000)
		}
		if !fits || t < firstMicro || t >= pastMicro {
			t = features.NoTime
			if bad < 0 {
				bad = i
			}
		}
		dst[i] = t
	}
	return bad
}

func floorDivide(x, y int64) int64 {
	q := x / y
	if x%y < 0 {
		q--
	}
	return q
}

var errTimeRange = fmt.Errorf("the time is outside the years 1 to 9999")

// numberCheck says what is left to do with numbers so that they are what the schema's type holds.
type numberCheck struct {
	finite bool // they may be infinite
	narrow bool // the file's type holds values that the schema's does not
	typ    features.Type
}

// checkOf returns what numbers of the stored type need to become those of the schema's.
func checkOf(schema, stored features.Type) numberCheck {
	float := stored.Base == features.Float32 || stored.Base == features.Float64
	return numberCheck{finite: float || stored.Base == features.Decimal, narrow: !within(stored, schema), typ: schema}
}

// within reports whether every value of a is a value of b, as float64.
func within(a, b features.Type) bool {
	switch {
	case a == b || b.Base == features.Float64:
		return true
	case a.Integer() && b.Integer():
		aBits, aSigned := integerWidth(a)
		bBits, bSigned := integerWidth(b)
		return aSigned == bSigned && aBits <= bBits || !aSigned && bSigned && aBits < bBits
	case a.Integer() && b.Base == features.Float32:
		bits, _ := integerWidth(a)
		return bits <= 16
	}
	return false
}

// apply finishes numbers in place: -0 becomes 0. It returns the position of the first one that the schema's type
// cannot hold, and why, or -1.
func (n numberCheck) apply(values []float64) (bad int, err error) {
	if !n.finite && !n.narrow {
		return -1, nil
	}
	for i, x := range values {
		if math.Abs(x) > math.MaxFloat64 {
			return i, fmt.Errorf("%v is not a finite number", x)
		}
		values[i] = x + 0
	}
	if !n.narrow {
		return -1, nil
	}
	for i, x := range values {
		if math.IsNaN(x) {
			continue
		}
		y, err := n.typ.Narrow(x)
		if err != nil {
			return i, err
		}
		values[i] = y + 0
	}
	return -1, nil
}

// noNumber is the NaN of what is missing. Single precision keeps its bits: features.Builder looks for numbers that lose some.
var noNumber = float64(float32(math.NaN()))

// spreadNumbers puts packed values where levels are 1 and NaN elsewhere. packed must have room for one more.
// There is no branch, which would be as random as the data.
func spreadNumbers(dst, packed []float64, levels []byte) {
	missing := math.Float64bits(noNumber)
	j := 0
	for i, level := range levels {
		mask := -uint64(level)
		dst[i] = math.Float64frombits(math.Float64bits(packed[j])&mask | missing&^mask)
		j += int(level)
	}
}

// spreadTimes is spreadNumbers for times.
func spreadTimes(dst, packed []int64, levels []byte) {
	j := 0
	for i, level := range levels {
		mask := -int64(level)
		dst[i] = packed[j]&mask | features.NoTime&^mask
		j += int(level)
	}
}

// spreadCodes is spreadNumbers for codes.
func spreadCodes(dst, packed []uint32, levels []byte) {
	j := 0
	for i, level := range levels {
		mask := -uint32(level)
		dst[i] = packed[j] | ^mask // NoCode has every bit set
		j += int(level)
	}
}
