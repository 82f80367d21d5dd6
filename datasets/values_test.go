package datasets

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// TestDecimals compares with decimal texts, which strconv rounds correctly.
func TestDecimals(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		size, scale := 1+random.IntN(16), random.IntN(maxScale+1)
		raw := make([]byte, size)
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		raw[0] &= 0x7F // room for the sign
		units := new(big.Int).Rsh(new(big.Int).SetBytes(raw), uint(random.IntN(8*size)))
		if random.IntN(2) == 0 {
			units.Neg(units)
		}
		data := twosComplement(units, size)
		want, err := strconv.ParseFloat(units.String()+"e-"+strconv.Itoa(scale), 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytesDecimal(data, scale); got != want {
			t.Fatalf("%v of scale %d, % x: got %v, want %v", units, scale, data, got, want)
		}
		if units.IsInt64() && decimalNumber(units.Int64(), scale) != want {
			t.Fatalf("%v of scale %d: got %v, want %v", units, scale, decimalNumber(units.Int64(), scale), want)
		}
	}
	if bytesDecimal(nil, 2) != 0 {
		t.Error("no bytes are not 0")
	}
}

func twosComplement(x *big.Int, size int) []byte {
	if x.Sign() < 0 {
		x = new(big.Int).Add(x, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	return x.FillBytes(make([]byte, size))
}

// TestSpread compares with the plain loop.
func TestSpread(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 100 {
		levels, present := make([]byte, n), 0
		for i := range levels {
			levels[i] = byte(random.IntN(2))
			present += int(levels[i])
		}
		numbers, times, codes := make([]float64, present+1), make([]int64, present+1), make([]uint32, present+1)
		for i := range present {
			numbers[i], times[i], codes[i] = random.NormFloat64(), random.Int64(), random.Uint32()
		}
		gotNumbers, gotTimes, gotCodes := make([]float64, n), make([]int64, n), make([]uint32, n)
		spreadNumbers(gotNumbers, numbers, levels)
		spreadTimes(gotTimes, times, levels)
		spreadCodes(gotCodes, codes, levels)
		j := 0
		for i, level := range levels {
			number, time, code := noNumber, int64(features.NoTime), uint32(features.NoCode)
			if level == 1 {
				number, time, code = numbers[j], times[j], codes[j]
				j++
			}
			if math.Float64bits(gotNumbers[i]) != math.Float64bits(number) || gotTimes[i] != time || gotCodes[i] != code {
				t.Fatalf("row %d of %v: got %v, %v, %v", i, levels, gotNumbers[i], gotTimes[i], gotCodes[i])
			}
		}
	}
}

// TestTimeRange reads times around the first and past the last that are accepted.
func TestTimeRange(t *testing.T) {
	le := func(x int64, size int) []byte {
		data := make([]byte, 8)
		for i := range data {
			data[i] = byte(x >> (8 * i))
		}
		return data[:size]
	}
	for _, test := range []struct {
		form  form
		unit  int64 // values of a day
		width int
	}{{formDays, 1, 4}, {formMillis, microsPerDay / 1000, 8}, {formMicros, microsPerDay, 8}} {
		c := &storedColumn{form: test.form, width: test.width}
		first, past := firstMicro/microsPerDay*test.unit, pastMicro/microsPerDay*test.unit
		for value, fits := range map[int64]bool{first: true, first - 1: false, past: false, past - 1: true, math.MinInt32: test.unit > 1, math.MaxInt64: test.form == formDays} {
			if value == math.MaxInt64 && test.form == formDays {
				value = 0
			}
			got := make([]int64, 1)
			if bad := plainTimes(got, le(value, test.width), c); (bad < 0) != fits || fits && got[0] != value*(microsPerDay/test.unit) {
				t.Errorf("form %d, %d: got %d, bad %d", test.form, value, got[0], bad)
			}
		}
	}
	nanos := make([]int64, 2)
	plainTimes(nanos, append(le(-1, 8), le(1999, 8)...), &storedColumn{form: formNanos, width: 8})
	if !slices.Equal(nanos, []int64{-1, 1}) {
		t.Errorf("got %v", nanos)
	}
	for _, data := range [][]byte{append(le(nanosPerDay, 8), le(julianEpoch, 4)...), append(le(0, 8), le(math.MaxInt32, 4)...), append(le(-1, 8), le(julianEpoch, 4)...)} {
		if plainTimes(nanos[:1], data, &storedColumn{form: formInt96, width: 12}) != 0 {
			t.Errorf("% x is read as %d", data, nanos[0])
		}
	}
}

// TestStoredTypes reads annotations, old and new, also ones that do not go with their physical type.
func TestStoredTypes(t *testing.T) {
	logical := func(v format.LogicalTypeValue) format.LogicalType { return format.LogicalType{Value: v} }
	old := func(c deprecated.ConvertedType) thrift.Null[deprecated.ConvertedType] { return thrift.New(c) }
	unit := format.TimeUnit{Value: new(format.NanoSeconds)}
	for _, test := range []struct {
		want    string
		element format.SchemaElement
		typ     format.Type
	}{
		{"bool", format.SchemaElement{}, format.Boolean},
		{"timestamp", format.SchemaElement{}, format.Int96},
		{"string", format.SchemaElement{}, format.ByteArray},
		{"a column of physical type FIXED_LEN_BYTE_ARRAY", format.SchemaElement{}, format.FixedLenByteArray},
		{"string", format.SchemaElement{ConvertedType: old(deprecated.UTF8)}, format.ByteArray},
		{"string", format.SchemaElement{ConvertedType: old(deprecated.Enum)}, format.ByteArray},
		{"string", format.SchemaElement{ConvertedType: old(deprecated.Json)}, format.ByteArray},
		{"string", format.SchemaElement{LogicalType: logical(new(format.JsonType))}, format.ByteArray},
		{"string", format.SchemaElement{LogicalType: logical(new(format.EnumType))}, format.ByteArray},
		{"string stored as INT32", format.SchemaElement{ConvertedType: old(deprecated.UTF8)}, format.Int32},
		{"date", format.SchemaElement{ConvertedType: old(deprecated.Date)}, format.Int32},
		{"timestamp", format.SchemaElement{ConvertedType: old(deprecated.TimestampMillis)}, format.Int64},
		{"timestamp", format.SchemaElement{ConvertedType: old(deprecated.TimestampMicros)}, format.Int64},
		{"timestamp stored as INT32", format.SchemaElement{ConvertedType: old(deprecated.TimestampMicros)}, format.Int32},
		{"int16", format.SchemaElement{ConvertedType: old(deprecated.Int16)}, format.Int32},
		{"uint64", format.SchemaElement{ConvertedType: old(deprecated.Uint64)}, format.Int64},
		{"decimal(3)", format.SchemaElement{ConvertedType: old(deprecated.Decimal), Scale: thrift.New[int32](3)}, format.ByteArray},
		{"a converted type 7 column", format.SchemaElement{ConvertedType: old(deprecated.TimeMillis)}, format.Int32},
		{"a decimal of scale 23 column", format.SchemaElement{LogicalType: logical(&format.DecimalType{Scale: 23, Precision: 30})}, format.ByteArray},
		{"decimal stored as DOUBLE", format.SchemaElement{LogicalType: logical(&format.DecimalType{Scale: 2, Precision: 30})}, format.Double},
		{"an integer of 7 bits", format.SchemaElement{LogicalType: logical(&format.IntType{BitWidth: 7})}, format.Int32},
		{"timestamp", format.SchemaElement{LogicalType: logical(&format.TimestampType{Unit: unit})}, format.Int64},
		{"a timestamp of unknown unit column", format.SchemaElement{LogicalType: logical(&format.TimestampType{})}, format.Int64},
		{"a time of day column", format.SchemaElement{LogicalType: logical(&format.TimeType{Unit: unit})}, format.Int64},
		{"a column of nothing but nulls", format.SchemaElement{LogicalType: logical(new(format.NullType))}, format.Int32},
		{"a UUID column", format.SchemaElement{LogicalType: logical(new(format.UUIDType)), TypeLength: thrift.New[int32](16)}, format.FixedLenByteArray},
		{"a repeated column", format.SchemaElement{RepetitionType: thrift.New(format.Repeated)}, format.Int32},
		{"a column of values 0 bytes long", format.SchemaElement{LogicalType: logical(&format.DecimalType{Scale: 2, Precision: 30})}, format.FixedLenByteArray},
	} {
		test.element.Type = thrift.New(test.typ)
		var c storedColumn
		c.describe(&test.element)
		if c.kind() != test.want || (c.form == 0) != (c.Unsupported != "") {
			t.Errorf("%v: got %q, form %d", test.element, c.kind(), c.form)
		}
	}
}

func TestIndexOutsideDictionary(t *testing.T) {
	r := &columnReader{dictionary: &entries{codes: make([]uint32, 3)}}
	r.indexes, _ = newRuns([]byte{4, 2, 2, 3}, 2) // two of index 2, one of index 3
	var bad *valueError
	if err := r.nextIndexes(make([]uint32, 2)); err != nil {
		t.Error(err)
	}
	if err := r.nextIndexes(make([]uint32, 1)); !errors.As(err, &bad) || bad.at != 0 {
		t.Errorf("got error %v", err)
	}
}

func TestRecoverDamage(t *testing.T) {
	err := func() (err error) {
		defer recoverDamage(&err)
		return errors.New(string([]byte{}[len(t.Name()):]))
	}()
	if err == nil || !strings.HasPrefix(err.Error(), "it is damaged: runtime error: slice bounds out of range") {
		t.Errorf("got error %v", err)
	}
}

// TestCompareRows sorts by each type; missing comes last, and equal rows keep their order.
func TestCompareRows(t *testing.T) {
	for _, typ := range everyType {
		c := FrameColumn{Name: "x", Type: typ, Valid: []bool{true, false, true, true, true}}
		switch {
		case typ.Base == features.String:
			c.Texts = []string{"b", "", "a", "c", "a"}
		case typ.Base == features.Bool:
			c.Bools = []bool{true, true, false, true, false}
		case typ.Integer():
			c.Ints = []int64{2, 9, 1, 3, 1}
		case typ.Temporal():
			c.Times = []int64{2, 9, 1, 3, 1}
		default:
			c.Floats = []float64{2, 9, 1, 3, 1}
		}
		got := []int{0, 1, 2, 3, 4}
		slices.SortStableFunc(got, func(a, b int) int { return compareRows(&c, a, &c, b) })
		if !slices.Equal(got, []int{2, 4, 0, 3, 1}) {
			t.Errorf("%v: got order %v", typ, got)
		}
	}
}

// TestPeek reads a chunk in pieces of growing length.
func TestPeek(t *testing.T) {
	data := make([]byte, 3*windowBytes)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	r := chunkReader{unpacker: &unpacker{}}
	if err := r.open(bytes.NewReader(data), chunkPlace{length: int64(len(data))}, false); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for i := 0; len(got) < len(data); i++ {
		if err := r.peek(1 + i*5000); err != nil {
			t.Fatal(err)
		}
		n := min(len(r.window), 1+i*5000)
		got = append(got, r.window[:n]...)
		r.window = r.window[n:]
	}
	if !bytes.Equal(got, data) {
		t.Error("the window gives other bytes")
	}
	r = chunkReader{unpacker: &unpacker{}}
	if err := r.open(bytes.NewReader(data[:5]), chunkPlace{length: 6}, false); err != nil {
		t.Fatal(err)
	}
	if err := r.peek(6); err == nil {
		t.Error("bytes that are not there are read")
	}
}
