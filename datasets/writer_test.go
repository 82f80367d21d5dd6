package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/leadscore/leadscore/features"
	"pgregory.net/rapid"
)

var everyType = []features.Type{
	{Base: features.String}, {Base: features.Bool}, {Base: features.Int8}, {Base: features.Int16}, {Base: features.Int32}, {Base: features.Int64},
	{Base: features.Uint8}, {Base: features.Uint16}, {Base: features.Uint32}, {Base: features.Uint64}, {Base: features.Float32},
	{Base: features.Float64}, {Base: features.Decimal}, {Base: features.Decimal, Scale: 2}, {Base: features.Decimal, Scale: 18},
	{Base: features.Date}, {Base: features.Timestamp},
}

// drawColumn draws a column, and the values that reading it must give.
func drawColumn(t *rapid.T, name string, rows int) (FrameColumn, []any) {
	c := FrameColumn{Name: name, Type: rapid.SampledFrom(everyType).Draw(t, "type")}
	coded := c.Type.Base == features.String && rapid.Bool().Draw(t, "coded")
	if coded {
		c.Levels = []string{"a", "Größe", " x ", "", "e\u0301"}
	}
	optional := rapid.Bool().Draw(t, "optional")
	want := []any{}
	for range rows {
		value := drawValue(t, &c, coded)
		if optional {
			c.Valid = append(c.Valid, rapid.Bool().Draw(t, "valid"))
			if !c.Valid[len(c.Valid)-1] {
				value = nil
			}
		}
		want = append(want, value)
	}
	if optional && c.Valid == nil {
		c.Valid = []bool{}
	}
	return c, want
}

func drawValue(t *rapid.T, c *FrameColumn, coded bool) any {
	switch {
	case coded:
		code := rapid.Uint32Range(0, uint32(len(c.Levels)-1)).Draw(t, "code")
		c.Codes = append(c.Codes, code)
		return textOrMissing(c.Levels[code])
	case c.Type.Base == features.String:
		text := rapid.String().Draw(t, "text")
		c.Texts = append(c.Texts, text)
		return textOrMissing(text)
	case c.Type.Base == features.Bool:
		c.Bools = append(c.Bools, rapid.Bool().Draw(t, "bool"))
		return fmt.Sprint(c.Bools[len(c.Bools)-1])
	case c.Type.Integer():
		bits, signed := integerWidth(c.Type)
		low, high := int64(0), int64(math.MaxInt64)
		if signed {
			low, high = math.MinInt64>>(64-bits), high>>(64-bits)
		} else if bits < 64 {
			high = 1<<bits - 1
		}
		x := rapid.Int64Range(low, high).Draw(t, "integer")
		c.Ints = append(c.Ints, x)
		return float64(x)
	case c.Type.Temporal():
		micros := rapid.Int64Range(firstMicro, pastMicro-1).Draw(t, "time")
		c.Times = append(c.Times, micros)
		if c.Type.Base == features.Date {
			micros = floorDivide(micros, microsPerDay) * microsPerDay
		}
		return micros
	}
	x := rapid.Float64Range(-1e5, 1e5).Draw(t, "float")
	if c.Type.Base == features.Decimal {
		x = float64(rapid.Int64Range(-1<<53+1, 1<<53-1).Draw(t, "units")) / math.Pow10(c.Type.Scale)
	}
	c.Floats = append(c.Floats, x)
	y, err := c.Type.Narrow(x)
	if err != nil {
		t.Fatal(err)
	}
	return y + 0
}

func textOrMissing(text string) any {
	if text = features.Normalise(text); text != "" {
		return text
	}
	return nil
}

// TestRoundTrip writes frames of every type, cut anyhow, and reads the same values back.
func TestRoundTrip(t *testing.T) {
	folder := t.TempDir()
	drawn := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(0, 40).Draw(t, "rows")
		f, want := Frame{Rows: rows}, table{}
		for i := range rapid.IntRange(1, 6).Draw(t, "columns") {
			c, values := drawColumn(t, fmt.Sprintf("c%d", 9-i), rows)
			f.Columns = append(f.Columns, c)
			want[c.Name] = values
			drawn[c.Type.String()] = true
		}
		options := WriteOptions{
			Compression:  rapid.SampledFrom([]Compression{Zstd, Snappy, Uncompressed}).Draw(t, "compression"),
			RowGroupRows: rapid.IntRange(1, 50).Draw(t, "row group"),
		}
		path := filepath.Join(folder, "leads.parquet")
		if err := writeCut(t, path, f, options); err != nil {
			t.Fatal(err)
		}
		d, err := Open([]string{path})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		compareDrawn(t, d, f, want)
	})
	if len(drawn) != len(everyType) {
		t.Errorf("drew only %d of %d types", len(drawn), len(everyType))
	}
}

// writeCut writes the frame in two pieces.
func writeCut(t *rapid.T, path string, f Frame, options WriteOptions) error {
	w, err := NewWriter(path, f.Columns, options)
	if err != nil {
		return err
	}
	cut := rapid.IntRange(0, f.Rows).Draw(t, "cut")
	if err := errors.Join(w.Write(slice(f, 0, cut)), w.Write(slice(f, cut, f.Rows))); err != nil {
		return err
	}
	return w.Close()
}

func compareDrawn(t *rapid.T, d *Dataset, f Frame, want table) {
	var fields []features.Field
	for i, c := range d.Columns() {
		if c.Name != f.Columns[i].Name || c.Type != f.Columns[i].Type || c.Optional != (f.Columns[i].Valid != nil) {
			t.Fatalf("column %d is %+v, wrote %s of type %v", i, c, f.Columns[i].Name, f.Columns[i].Type)
		}
		fields = append(fields, featureField(c.Name, c.Type, features.DefaultKind(c.Type)))
	}
	schema, err := features.NewSchema(fields, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(d, schema, ReadOptions{Workers: rapid.IntRange(1, 4).Draw(t, "workers"), BatchRows: rapid.IntRange(1, 30).Draw(t, "batch")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

// slice returns rows low to high of a frame.
func slice(f Frame, low, high int) Frame {
	out := Frame{Rows: high - low, Columns: slices.Clone(f.Columns)}
	for i := range out.Columns {
		c := &out.Columns[i]
		c.Texts, c.Codes, c.Bools = part(c.Texts, low, high), part(c.Codes, low, high), part(c.Bools, low, high)
		c.Ints, c.Floats, c.Times = part(c.Ints, low, high), part(c.Floats, low, high), part(c.Times, low, high)
		c.Valid = part(c.Valid, low, high)
	}
	return out
}

func part[T any](values []T, low, high int) []T {
	if len(values) == 0 {
		return values
	}
	return values[low:high]
}

// TestSameBytes writes the same rows in pieces of several sizes: the files must not differ.
func TestSameBytes(t *testing.T) {
	f := benchFrame(20_000)
	var first []byte
	for _, size := range []int{20_000, 1, 7777} {
		if size == 1 {
			f, first = slice(f, 0, 5000), nil
		}
		path := filepath.Join(t.TempDir(), "leads.parquet")
		w, err := NewWriter(path, f.Columns, WriteOptions{Compression: Zstd, RowGroupRows: 3000})
		if err != nil {
			t.Fatal(err)
		}
		for low := 0; low < f.Rows; low += size {
			if err := w.Write(slice(f, low, min(f.Rows, low+size))); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		} else if !bytes.Equal(first, data) {
			t.Errorf("pieces of %d rows give other bytes", size)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	text, number, year := features.Type{Base: features.String}, features.Type{Base: features.Float64}, features.Type{Base: features.Int16}
	for _, test := range []struct {
		column FrameColumn
		want   string
	}{
		{FrameColumn{Name: "x", Type: number, Floats: []float64{1, math.Inf(1)}}, `column "x", row 1 of the frame: +Inf is not a finite number`},
		{FrameColumn{Name: "x", Type: number, Floats: []float64{1, math.NaN()}}, `row 1 of the frame: has no value, but the column is required`},
		{FrameColumn{Name: "x", Type: number, Floats: []float64{1}}, `column "x": frame has 1 values, but 2 rows`},
		{FrameColumn{Name: "x", Type: number, Floats: []float64{1, 2}, Valid: []bool{true}}, "1 marks of validity, but 2 rows"},
		{FrameColumn{Name: "x", Type: year, Ints: []int64{1, 40000}}, "40000 is outside the range of int16"},
		{FrameColumn{Name: "x", Type: text, Texts: []string{"a", "\xff"}}, `"\xff" is not valid UTF-8`},
		{FrameColumn{Name: "x", Type: text, Codes: []uint32{0, 1}, Levels: []string{"a"}}, "code 1 has no level: there are 1"},
		{FrameColumn{Name: "x", Type: features.Type{Base: features.Decimal, Scale: 2}, Floats: []float64{0, 1e15}}, "1e+15 is outside the range in which a decimal(2) is exact"},
		{FrameColumn{Name: "x", Type: features.Type{Base: features.Float32}, Floats: []float64{0, 1e39}}, "1e+39 is outside the range of float32"},
	} {
		folder := t.TempDir()
		w, err := NewWriter(filepath.Join(folder, "x.parquet"), []FrameColumn{test.column}, DefaultWriteOptions())
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(Frame{Rows: 2, Columns: []FrameColumn{test.column}})
		if err == nil {
			err = w.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "datasets: "+folder) {
			t.Errorf("got error %v, want %s", err, test.want)
		}
		if again := w.Close(); !errors.Is(again, err) {
			t.Errorf("Close gave %v", again)
		}
		if entries, _ := os.ReadDir(folder); len(entries) != 0 {
			t.Errorf("left %v", entries)
		}
	}
}

func TestNewWriterRefuses(t *testing.T) {
	text := features.Type{Base: features.String}
	for _, test := range []struct {
		path    string
		columns []FrameColumn
		options WriteOptions
		want    string
	}{
		{"x.parquet", nil, DefaultWriteOptions(), "no columns to write"},
		{"x.parquet", []FrameColumn{{Name: "a", Type: text}, {Name: "a", Type: text}}, DefaultWriteOptions(), `column "a": there are two`},
		{"x.parquet", []FrameColumn{{Type: text}}, DefaultWriteOptions(), "column 1 has no name"},
		{"x.parquet", []FrameColumn{{Name: "\xff", Type: text}}, DefaultWriteOptions(), `column "\xff": its name is not valid UTF-8`},
		{"x.parquet", []FrameColumn{{Name: "a"}}, DefaultWriteOptions(), "type unknown cannot be written"},
		{"x.parquet", []FrameColumn{{Name: "a", Type: text}}, WriteOptions{}, "RowGroupRows 0 is outside"},
		{"x.parquet", []FrameColumn{{Name: "a", Type: text}}, WriteOptions{Compression: "lz4", RowGroupRows: 1}, `Compression "lz4" is none of`},
		{"x.parquet", []FrameColumn{{Name: "a", Type: text}}, WriteOptions{Zstd, 1, "b"}, `column "b": the file is to be sorted by it`},
		{"none/x.parquet", []FrameColumn{{Name: "a", Type: text}}, DefaultWriteOptions(), "no such file or directory"},
		{"", []FrameColumn{{Name: "a", Type: text}}, DefaultWriteOptions(), "not a regular file"},
	} {
		folder := t.TempDir()
		_, err := NewWriter(filepath.Join(folder, test.path), test.columns, test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got error %v, want %s", err, test.want)
		}
		if entries, _ := os.ReadDir(folder); len(entries) != 0 {
			t.Errorf("left %v", entries)
		}
	}
}

func TestWriterAbort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leads.parquet")
	f := benchFrame(100)
	writeFrame(t, path, f, DefaultWriteOptions())
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(path, f.Columns, DefaultWriteOptions())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(f); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if w.Write(f) == nil || w.Close() == nil {
		t.Error("an aborted writer goes on")
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed: %v", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left %v", entries)
	}
}

func TestSortedFile(t *testing.T) {
	when := features.Type{Base: features.Timestamp}
	f := Frame{Rows: 5, Columns: []FrameColumn{
		{Name: "at", Type: when, Times: []int64{5, 3, 0, 3, 1}, Valid: []bool{true, true, false, true, true}},
		{Name: "n", Type: features.Type{Base: features.Int32}, Ints: []int64{0, 1, 2, 3, 4}},
		{Name: "s", Type: features.Type{Base: features.String}, Codes: []uint32{0, 1, 0, 1, 0}, Levels: []string{"a", "b"}},
	}}
	options := WriteOptions{Compression: Zstd, RowGroupRows: 2, SortedBy: "at"}
	path := filepath.Join(t.TempDir(), "leads.parquet")
	w, err := NewWriter(path, f.Columns, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(f); err == nil || !strings.Contains(err.Error(), `column "at", row 1: the file is to be sorted`) {
		t.Errorf("got error %v", err)
	}
	f = Frame{Rows: 5, Columns: []FrameColumn{
		{Name: "at", Type: when, Times: []int64{1, 3, 3, 5, 0}, Valid: []bool{true, true, true, true, false}},
		{Name: "n", Type: features.Type{Base: features.Int32}, Ints: []int64{4, 1, 3, 0, 2}},
		{Name: "s", Type: features.Type{Base: features.String}, Codes: []uint32{0, 1, 1, 0, 0}, Levels: []string{"a", "b"}},
	}}
	writeFrame(t, path, f, options)
	d := open(t, path)
	got, err := read(d, schemaOf(t, d), DefaultReadOptions())
	if err != nil {
		t.Fatal(err)
	}
	compareTables(t, got, table{
		"at": {int64(1), int64(3), int64(3), int64(5), nil}, "n": {4.0, 1.0, 3.0, 0.0, 2.0}, "s": {"a", "b", "b", "a", "a"},
	})
	w, err = NewWriter(path, f.Columns, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(slice(f, 2, 4)), w.Write(slice(f, 0, 2))); err == nil || !strings.Contains(err.Error(), "row 2: the file is to be sorted") {
		t.Errorf("got error %v", err)
	}
}

func TestCSVWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scores.csv")
	f := Frame{Rows: 3, Columns: []FrameColumn{
		{Name: "id", Type: features.Type{Base: features.String}, Texts: []string{"=1+1", "a,\"b\"", "-5"}},
		{Name: "source", Type: features.Type{Base: features.String}, Codes: []uint32{0, features.NoCode, 1}, Levels: []string{"@web", "web"}},
		{Name: "p", Type: features.Type{Base: features.Float64}, Floats: []float64{-0.5, math.NaN(), 1e-7}},
		{Name: "f", Type: features.Type{Base: features.Float32}, Floats: []float64{float64(float32(0.1)), 0, 1}},
		{Name: "n", Type: features.Type{Base: features.Int64}, Ints: []int64{-1, 2, 3}, Valid: []bool{true, false, true}},
		{Name: "won", Type: features.Type{Base: features.Bool}, Bools: []bool{true, false, false}},
		{Name: "day", Type: features.Type{Base: features.Date}, Times: []int64{0, 1, features.NoTime}},
		{Name: "at", Type: features.Type{Base: features.Timestamp}, Times: []int64{0, 1, features.NoTime}},
	}}
	w, err := NewCSVWriter(path, f.Columns)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(slice(f, 0, 2)), w.Write(slice(f, 2, 3)), w.Close()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	want := "id,source,p,f,n,won,day,at\n" +
		"'=1+1,'@web,-0.5,0.1,-1,true,1970-01-01,1970-01-01T00:00:00Z\n" +
		"\"a,\"\"b\"\"\",,,0,,false,1970-01-01,1970-01-01T00:00:00.000001Z\n" +
		"'-5,web,1e-07,1,3,false,,\n"
	if string(got) != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	if w, err = NewCSVWriter(path, f.Columns); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(slice(f, 0, 1)); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if again, _ := os.ReadFile(path); string(again) != want {
		t.Errorf("an aborted write left %s", again)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left %v", entries)
	}
}

func TestLineWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scores.jsonl")
	w, err := NewLineWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	if w.Write([]byte("a\nb")) == nil {
		t.Error("a line break is accepted")
	}
	if err := errors.Join(w.Write([]byte("{}")), w.Write([]byte("[]")), w.Close()); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "{}\n[]\n" {
		t.Errorf("got %q", got)
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth.json")
	write := func(text string, result error) error {
		return WriteFile(path, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, result)
		})
	}
	boom := errors.New("boom")
	if err := write("one", nil); err != nil {
		t.Fatal(err)
	}
	if err := write("two", boom); !errors.Is(err, boom) {
		t.Errorf("got error %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "one" {
		t.Errorf("got %q", got)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("left %v", entries)
	}
}
