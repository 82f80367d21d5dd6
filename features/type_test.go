package features

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// everyType is one type of each base.
func everyType() []Type {
	var types []Type
	for base := String; base <= Timestamp; base++ {
		types = append(types, Type{Base: base})
	}
	types[Decimal-1].Scale = 2
	return types
}

func TestTypeNamesRoundTrip(t *testing.T) {
	types := append(everyType(), Type{Decimal, 0}, Type{Decimal, maxScale})
	for _, typ := range types {
		text, err := json.Marshal(typ)
		if err != nil {
			t.Fatal(err)
		}
		var back Type
		if err := json.Unmarshal(text, &back); err != nil || back != typ {
			t.Errorf("%v: %s reads as %v, %v", typ, text, back, err)
		}
	}
	for _, name := range []string{"", "unknown", "decimal", "decimal()", "decimal(2", "decimal(-1)", "decimal(23)", "decimal(+2)", "decimal(02)", "decimal(2))", "Int8", "int9"} {
		var typ Type
		if err := typ.UnmarshalText([]byte(name)); err == nil {
			t.Errorf("%q reads as %v", name, typ)
		}
	}
	for _, typ := range []Type{{}, {Base: Timestamp + 1}, {Decimal, -1}, {Decimal, maxScale + 1}, {Int8, 1}} {
		if text, err := typ.MarshalText(); err == nil {
			t.Errorf("%d is written as %s", typ, text)
		}
	}
}

func TestNarrow(t *testing.T) {
	for _, c := range []struct {
		typ     string
		x, want float64
	}{
		{"float32", 0.1, float64(float32(0.1))},
		{"float32", 16777217, 16777216},
		{"float32", 1e-50, 0},
		{"float64", 0.1, 0.1},
		{"float64", 1e308, 1e308},
		{"string", 0.1, 0.1},
		{"int8", -128, -128}, {"int8", 127, 127}, {"uint8", 255, 255}, {"int16", -32768, -32768}, {"uint16", 65535, 65535},
		{"int32", math.MaxInt32, math.MaxInt32}, {"uint32", math.MaxUint32, math.MaxUint32},
		{"int64", math.MinInt64, math.MinInt64}, {"int64", math.MaxInt64, 1 << 63}, {"uint64", math.MaxUint64, 1 << 64},
		{"decimal(2)", 0.1, 0.1}, {"decimal(2)", 1.005, 1}, {"decimal(2)", 0.125, 0.12}, {"decimal(2)", 0.375, 0.38}, {"decimal(0)", 2.5, 2},
		{"float64", math.Copysign(0, -1), 0}, {"float32", -1e-50, 0}, {"int8", math.Copysign(0, -1), 0}, {"decimal(2)", -0.001, 0}, {"decimal(2)", -0.375, -0.38},
		{"decimal(22)", 1e300, 1e300}, {"decimal(3)", 4503599627370497.5, 4503599627370497.5},
		// strconv rounds the exact value, 1.1149999999999999911…: 100 times it is 111.5 as a float64.
		{"decimal(2)", 1.115, 1.11},
	} {
		var typ Type
		if err := typ.UnmarshalText([]byte(c.typ)); err != nil {
			t.Fatal(err)
		}
		if got, err := typ.Narrow(c.x); err != nil || got != c.want || math.Signbit(got) != (c.want < 0) {
			t.Errorf("%s: Narrow(%v) = %v, %v, want %v", c.typ, c.x, got, err, c.want)
		}
	}
}

func TestNarrowRefuses(t *testing.T) {
	for _, typ := range everyType() {
		for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			if y, err := typ.Narrow(x); err == nil {
				t.Errorf("%v: Narrow(%v) = %v", typ, x, y)
			}
		}
		if !typ.Integer() {
			continue
		}
		bounds := integerBounds[typ.Base]
		for _, x := range []float64{math.Nextafter(bounds[0], math.Inf(-1)), math.Nextafter(bounds[1], math.Inf(1)), 0.5} {
			if y, err := typ.Narrow(x); err == nil {
				t.Errorf("%v: Narrow(%v) = %v", typ, x, y)
			}
		}
	}
	for _, x := range []float64{3.5e38, -1e300} {
		if y, err := (Type{Base: Float32}).Narrow(x); err == nil {
			t.Errorf("float32: Narrow(%v) = %v", x, y)
		}
	}
}

// A narrow value stays as it is, and no value is -0.
func TestNarrowTwice(t *testing.T) {
	types := everyType()
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(types).Draw(t, "type")
		if typ.Base == Decimal {
			typ.Scale = rapid.IntRange(0, maxScale).Draw(t, "scale")
		}
		x := rapid.Float64().Draw(t, "x")
		if typ.Integer() {
			x = math.Trunc(x)
		}
		y, err := typ.Narrow(x)
		if err != nil {
			return
		}
		if z, err := typ.Narrow(y); err != nil || math.Float64bits(z) != math.Float64bits(y) || z == 0 && math.Signbit(z) {
			t.Fatalf("%v: %v narrows to %v, and that to %v, %v", typ, x, y, z, err)
		}
	})
}

// A decimal is the float64 that strconv makes of its text, whatever its number of digits.
func TestNarrowDecimalText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.IntRange(0, maxScale).Draw(t, "scale")
		units := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1<<41, 1<<41), rapid.Int64Range(1<<50, 1<<54)).Draw(t, "units")
		x, err := strconv.ParseFloat(fmt.Sprintf("%de-%d", units, scale), 64)
		if err != nil {
			t.Fatal(err)
		}
		if y, err := (Type{Decimal, scale}).Narrow(x); err != nil || y != x {
			t.Fatalf("%d units of decimal(%d) are %v, which narrows to %v, %v", units, scale, x, y, err)
		}
	})
}

func TestNarrowDecimalNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.IntRange(0, 6).Draw(t, "scale")
		half := float64(rapid.Int64Range(-1<<42, 1<<42).Draw(t, "half units")) / 2 / math.Pow10(scale)
		x := rapid.SampledFrom([]float64{half, math.Nextafter(half, 9e99), math.Nextafter(half, -9e99)}).Draw(t, "x")
		want, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', scale, 64), 64)
		if y, err := (Type{Decimal, scale}).Narrow(x); err != nil || y != want {
			t.Fatalf("decimal(%d): %v narrows to %v, %v, want %v", scale, x, y, err, want)
		}
	})
}

func TestDefaultKind(t *testing.T) {
	for _, typ := range everyType() {
		want := Category
		switch {
		case typ.Base >= Int8 && typ.Base <= Decimal:
			want = Number
		case typ.Base >= Date:
			want = Time
		}
		if got := DefaultKind(typ); got != want {
			t.Errorf("%v: kind %v, want %v", typ, got, want)
		}
		if typ.Numeric() != (want == Number) || typ.Temporal() != (want == Time) {
			t.Errorf("%v: numeric %v, temporal %v", typ, typ.Numeric(), typ.Temporal())
		}
	}
}

func BenchmarkNarrowDecimal(b *testing.B) {
	typ := Type{Decimal, 2}
	for b.Loop() {
		if _, err := typ.Narrow(1234.56); err != nil {
			b.Fatal(err)
		}
	}
}

// TestDecimalUnits compares with the digits that strconv writes, which are rounded exactly, and reads decimals back.
func TestDecimalUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.IntRange(0, maxScale).Draw(t, "scale")
		x := rapid.OneOf(rapid.Float64(), rapid.Custom(func(t *rapid.T) float64 {
			halves := float64(rapid.Int64Range(-1<<53, 1<<53).Draw(t, "halves"))
			return math.Nextafter(halves/2/math.Pow10(scale), rapid.SampledFrom([]float64{math.Inf(-1), halves, math.Inf(1)}).Draw(t, "towards"))
		})).Draw(t, "x")
		units := DecimalUnits(x, scale)
		if !(math.Abs(units) < 1<<53) {
			return
		}
		digits := strings.Replace(strconv.FormatFloat(x, 'f', scale, 64), ".", "", 1)
		if want, err := strconv.ParseFloat(digits, 64); err != nil || units != want {
			t.Fatalf("%v has %v units of scale %d, want %v (%v)", x, units, scale, want, err)
		}
		if read := units / math.Pow10(scale); DecimalUnits(read, scale)/math.Pow10(scale) != read {
			t.Fatalf("%v units of scale %d are not read back", units, scale)
		}
	})
}
