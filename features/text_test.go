package features

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""}, {"retail", "retail"}, {"Retail", "Retail"},
		{" \t\r\n retail\u00a0\u3000", "retail"},
		{"\uFEFFretail\u200b", "retail"}, {"\u200e\u200fretail\u2060\u00ad", "retail"},
		{"two  words", "two  words"}, {"zero\u200bwidth", "zero\u200bwidth"},
		{"Cafe\u0301", "Caf\u00e9"}, {"Caf\u00e9", "Caf\u00e9"}, {"\u212b", "\u00c5"}, {"\u1e9b\u0323", "\u1e9b\u0323"},
		{"\u1112\u1161\u11ab", "\ud55c"}, {"ﬁ", "ﬁ"},
		{" \u200b\uFEFF ", ""},
	} {
		if got := Normalise(c.text); got != c.want {
			t.Errorf("Normalise(%+q) = %+q, want %+q", c.text, got, c.want)
		}
	}
}

func TestNormaliseTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		once := Normalise(text)
		if twice := Normalise(once); twice != once {
			t.Fatalf("%+q becomes %+q and then %+q", text, once, twice)
		}
	})
}

func TestParseTime(t *testing.T) {
	at := func(y int, m time.Month, d, h, min, s, micros int) int64 {
		return time.Date(y, m, d, h, min, s, 1000*micros, time.UTC).UnixMicro()
	}
	noon := at(2024, 2, 29, 12, 30, 5, 0)
	for text, want := range map[string]int64{
		"2024-02-29":                          at(2024, 2, 29, 0, 0, 0, 0),
		"2024-02-29T12:30:05Z":                noon,
		"2024-02-29T12:30:05":                 noon,
		"2024-02-29 12:30:05":                 noon,
		"2024-02-29T14:30:05+02:00":           noon,
		"2024-02-29T07:00:05-05:30":           noon,
		"2024-02-29 12:30:05+00":              noon,
		"2024-02-29 14:30:05+02:00":           noon,
		"2024-02-29 14:30:05 +02:00":          noon,
		"2024-02-29 12:30:05 UTC":             noon,
		"2024-02-29T12:30:05.000+0000":        noon,
		"2024-02-29T12:30":                    at(2024, 2, 29, 12, 30, 0, 0),
		"2024-02-29 12:30":                    at(2024, 2, 29, 12, 30, 0, 0),
		"2024-02-29T12:30Z":                   at(2024, 2, 29, 12, 30, 0, 0),
		"2024-02-29T12:30:05.123456Z":         noon + 123456,
		"2024-02-29 12:30:05.1":               noon + 100000,
		"2024-02-29T12:30:05.123456789Z":      noon + 123456, // below the microsecond: cut off
		"2024-02-29T12:30:05.1234569999Z":     noon + 123456,
		"1969-12-31T23:59:59.9999999Z":        -1,
		"0001-01-01":                          at(1, 1, 1, 0, 0, 0, 0),
		"9999-12-31T23:59:59.999999Z":         at(9999, 12, 31, 23, 59, 59, 999999),
		"2024-03-31T02:30:00+01:00":           at(2024, 3, 31, 1, 30, 0, 0), // an hour that Berlin's clocks skip
		"2024-02-29T12:30:05.123456789+00:00": noon + 123456,
	} {
		if got, err := ParseTime(text); err != nil || got != want {
			t.Errorf("ParseTime(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "2024", "2024-02", "2024-2-29", "2023-02-29", "2024-13-01", "29.02.2024", "02/29/2024", "20240229", "2024-02-29T", "2024-02-29T25:00:00Z",
		"2024-02-29T12:30:60Z", "2024-02-29T12:30:05 CET", "12:30:05", "1709209805", "now", "0000-12-31", "10000-01-01", "-2024-02-29", "2024-02-29T12:30:05Z trailing",
		"9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+01:00", // year 10000 and year 0 in UTC
	} {
		if got, err := ParseTime(text); err == nil {
			t.Errorf("ParseTime(%q) = %v, want an error", text, FormatTime(got))
		}
	}
}

func TestTimeRoundTrip(t *testing.T) {
	first, err := ParseTime("0001-01-01")
	if err != nil {
		t.Fatal(err)
	}
	last, err := ParseTime("9999-12-31T23:59:59.999999Z")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(first, last).Draw(t, "micros")
		if back, err := ParseTime(FormatTime(micros)); err != nil || back != micros {
			t.Fatalf("%d is written %s and read as %d, %v", micros, FormatTime(micros), back, err)
		}
		near := micros % (70 * 365 * microsPerDay)
		if back := Micros(Days(near)); back != near {
			t.Fatalf("%d are %v days, which are %d", near, Days(near), back)
		}
	})
}

func TestFormatNumber(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 94105: "94105", -3: "-3", 1e15: "1000000000000000", 1 << 53: "9.007199254740992e+15", 1e21: "1e+21",
		0.1: "0.1", float64(float32(0.1)): "0.10000000149011612", 1e-7: "1e-07", math.MaxFloat64: "1.7976931348623157e+308",
	} {
		if got := FormatNumber(x); got != want {
			t.Errorf("FormatNumber(%v) = %q, want %q", x, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64().Draw(t, "x")
		if back, err := parseNumber(FormatNumber(x)); err != nil || back != x {
			t.Fatalf("%v is written %q and read as %v, %v", x, FormatNumber(x), back, err)
		}
	})
}

// A stored number reads back from its text as the same stored number.
func TestTypeFormatNumber(t *testing.T) {
	types := everyType()
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(types).Draw(t, "type")
		x := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Float32(), func(x float32) float64 { return float64(x) }), rapid.Map(rapid.Int32(), func(n int32) float64 { return float64(n) / 64 })).Draw(t, "x")
		stored, err := typ.Narrow(x)
		if err != nil {
			return
		}
		text := typ.FormatNumber(stored)
		back, err := parseNumber(text)
		if err != nil {
			t.Fatal(err)
		}
		if back, err = typ.Narrow(back); err != nil || back != stored {
			t.Fatalf("%v: %v is written %q and read as %v, %v", typ, stored, text, back, err)
		}
	})
}

func TestParseNumberRefuses(t *testing.T) {
	for _, text := range []string{"", "0x10", "0X1p-2", "1_000", "inf", "-Inf", "NaN", "nan", "1,5", "1 000", "12%", "$5", "1e400", "١٢"} {
		if x, err := parseNumber(text); err == nil {
			t.Errorf("parseNumber(%q) = %v", text, x)
		}
	}
}

func TestParseBool(t *testing.T) {
	for _, text := range []string{"true", "TRUE", "Yes", "y", "T", "1"} {
		if b, err := ParseBool(text); err != nil || !b {
			t.Errorf("ParseBool(%q) = %v, %v", text, b, err)
		}
	}
	for _, text := range []string{"false", "False", "NO", "n", "F", "0"} {
		if b, err := ParseBool(text); err != nil || b {
			t.Errorf("ParseBool(%q) = %v, %v", text, b, err)
		}
	}
	for _, text := range []string{"", "2", "on", "ja", "truee", " true"} {
		if b, err := ParseBool(text); err == nil {
			t.Errorf("ParseBool(%q) = %v", text, b)
		}
	}
}

// textSchema has a field of every combination of type and kind that NewSchema takes.
func textSchema(t testing.TB) *Schema {
	t.Helper()
	var fields []Field
	for _, typ := range everyType() {
		for _, kind := range []Kind{Category, Number, Time} {
			f := Field{Name: fmt.Sprintf("%v as %v", typ, kind), Type: typ, Kind: kind, Role: RoleFeature}
			if len(checkField(f)) == 0 {
				fields = append(fields, f)
			}
		}
	}
	s, err := NewSchema(fields, []string{"?", "n/a"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What a value is written as reads back as the same value.
func checkWritten(t testing.TB, s *Schema, i int, text string) {
	t.Helper()
	v, err := s.TextValue(i, text)
	if err != nil {
		return
	}
	f := s.Fields()[i]
	back, err := s.TextValue(i, f.written(&v))
	if err != nil || back != v {
		t.Fatalf("%s: %q reads as %+v, which is written %q and reads as %+v, %v", f.Name, text, v, f.written(&v), back, err)
	}
	if math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
		t.Fatalf("%s: %q reads as %v", f.Name, text, v.Number)
	}
	if v.Present != (s.IsMissing(Normalise(text)) == false) {
		t.Fatalf("%s: %q: present %v", f.Name, text, v.Present)
	}
}

func TestTextValue(t *testing.T) {
	s := textSchema(t)
	for i, f := range s.Fields() {
		for _, missing := range []string{"", " ", "?", " n/a\u200b", "\uFEFF"} {
			if v, err := s.TextValue(i, missing); err != nil || v.Present {
				t.Errorf("%s: %q reads as %+v, %v", f.Name, missing, v, err)
			}
		}
		for _, text := range []string{
			"0", "-0", "1", "0.1", "-12.5", "1e5", "127", "70000", "9007199254740993", "true", "No", "2024-02-29", "1999-12-31T23:59:59.5+02:00", "retail", " Cafe\u0301 ", "\xff",
		} {
			checkWritten(t, s, i, text)
		}
	}
	for _, c := range []struct {
		field, text string
		want        Value
	}{
		{"string as category", " a ", Value{Present: true, Text: "a"}},
		{"string as number", "0.5", Value{Present: true, Number: 0.5}},
		{"string as time", "1970-01-02", Value{Present: true, Time: microsPerDay}},
		{"bool as category", "Yes", Value{Present: true, Text: "true"}},
		{"bool as number", "yes", Value{Present: true, Number: 1}},
		{"bool as number", "0", Value{Present: true}},
		{"int32 as category", "007", Value{Present: true, Text: "7"}},
		{"float32 as number", "0.1", Value{Present: true, Number: float64(float32(0.1))}},
		{"float32 as category", "0.1", Value{Present: true, Text: "0.1"}},
		{"float32 as category", "0.10000000149011612", Value{Present: true, Text: "0.1"}},
		{"decimal(2) as number", "12.345", Value{Present: true, Number: 12.35}}, // the float64 nearest to 12.345 is above it
		{"date as time", "1970-01-02T23:00:00-03:00", Value{Present: true, Time: 2 * microsPerDay}},
		{"date as time", "1969-12-31T23:00:00Z", Value{Present: true, Time: -microsPerDay}},
		{"date as category", "1970-01-02", Value{Present: true, Text: "1970-01-02T00:00:00Z"}},
	} {
		if got, err := s.TextValue(s.Index(c.field), c.text); err != nil || got != c.want {
			t.Errorf("%s: %q reads as %+v, %v, want %+v", c.field, c.text, got, err, c.want)
		}
	}
	for _, c := range [][2]string{
		{"int8 as number", "128"}, {"int32 as number", "0.5"}, {"uint8 as number", "-1"}, {"float32 as number", "1e39"}, {"float64 as number", "inf"},
		{"bool as category", "2"}, {"timestamp as time", "yesterday"}, {"string as number", "12 apples"}, {"decimal(2) as number", "0x10"},
	} {
		if got, err := s.TextValue(s.Index(c[0]), c[1]); err == nil {
			t.Errorf("%s: %q reads as %+v", c[0], c[1], got)
		}
	}
}

func FuzzTextValue(f *testing.F) {
	s := textSchema(f)
	for _, text := range []string{"", "?", "0.1", "-0", "1e308", "true", "2024-02-29T12:30:05.1+02:00", "Cafe\u0301", "\xff\u200d", "9223372036854775807"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for i := range s.Fields() {
			checkWritten(t, s, i, text)
		}
	})
}
