package datasets

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/parquet-go/parquet-go"
)

var update = flag.Bool("update", false, "write the fixtures of this package and of the library anew")

// libraryRow is a row of the expected table as parquet-go writes structures.
type libraryRow struct {
	Row       int32    `parquet:"row"`
	Bool      *bool    `parquet:"bool,optional"`
	Int8      *int8    `parquet:"int8,optional"`
	Int32     *int32   `parquet:"int32,optional"`
	Uint16    *uint16  `parquet:"uint16,optional"`
	Uint32    *uint32  `parquet:"uint32,optional,dict"`
	Float     *float32 `parquet:"float,optional"`
	Double    *float64 `parquet:"double,optional"`
	Decimal9  *int32   `parquet:"decimal9,optional,decimal(2:9)"`
	Decimal18 *int64   `parquet:"decimal18,optional,decimal(4:18),dict"`
	Date      *int32   `parquet:"date,optional,date"`
	Millis    *int64   `parquet:"millis,optional,timestamp(millisecond)"`
	Micros    *int64   `parquet:"micros,optional,timestamp(microsecond:local)"`
	Nanos     *int64   `parquet:"nanos,optional,timestamp(nanosecond)"`
	Text      *string  `parquet:"text,optional,dict"`
	ID        string   `parquet:"id,enum"`
}

// pointer converts a value of the expected table.
func pointer[T any, V any](v any, convert func(V) T) *T {
	if v == nil {
		return nil
	}
	out := convert(v.(V))
	return &out
}

func libraryRows(want table) []libraryRow {
	rows := make([]libraryRow, len(want["row"]))
	for i := range rows {
		at := func(name string) any { return want[name][i] }
		same := func(x int64) int64 { return x }
		rows[i] = libraryRow{
			Row:       int32(i),
			Bool:      pointer(at("bool"), func(s string) bool { return s == "true" }),
			Int8:      pointer(at("int8"), func(x float64) int8 { return int8(x) }),
			Int32:     pointer(at("int32"), func(x float64) int32 { return int32(x) }),
			Uint16:    pointer(at("uint16"), func(x float64) uint16 { return uint16(x) }),
			Uint32:    pointer(at("uint32"), func(x float64) uint32 { return uint32(x) }),
			Float:     pointer(at("float"), func(x float64) float32 { return float32(x) }),
			Double:    pointer(at("double"), func(x float64) float64 { return x }),
			Decimal9:  pointer(at("decimal9"), func(x float64) int32 { return int32(round(x * 100)) }),
			Decimal18: pointer(at("decimal18"), func(x float64) int64 { return exactUnits[x] }),
			Date:      pointer(at("date"), func(x int64) int32 { return int32(floorDivide(x, microsPerDay)) }),
			Millis:    pointer(at("millis"), func(x int64) int64 { return x / 1000 }),
			Micros:    pointer(at("micros"), same),
			Nanos:     pointer(at("nanos"), func(x int64) int64 { return x * 1000 }),
			Text:      pointer(at("text"), func(s string) string { return s }),
			ID:        at("id").(string),
		}
	}
	return rows
}

func round(x float64) float64 {
	if x < 0 {
		return float64(int64(x - 0.5))
	}
	return float64(int64(x + 0.5))
}

// exactUnits are the ten-thousandths of column decimal18, which its float64 no longer tells.
var exactUnits = map[float64]int64{0.0001: 1, -99999999999999.9999: -999999999999999999, 12.5: 125000}

// TestLibraryFixture writes a file by the library's own writer; TestFixtures reads it.
func TestLibraryFixture(t *testing.T) {
	var out bytes.Buffer
	w := parquet.NewGenericWriter[libraryRow](&out, parquet.MaxRowsPerRowGroup(16), parquet.Compression(&parquet.Zstd),
		parquet.DataPageVersion(1), parquet.CreatedBy("parquet-go", "0.32.0", "fixture"))
	if _, err := w.Write(libraryRows(expected(t))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/parquet-go.parquet", out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readDamaged(t, out.Bytes())
	if err != nil || len(got) != 16 {
		t.Fatalf("%d columns: %v", len(got), err)
	}
	compareTables(t, got, expected(t))
}

// TestWrittenFixture writes the expected table by the Writer. make_fixtures.py makes sure that other programs read
// the same from it.
func TestWrittenFixture(t *testing.T) {
	want := expected(t)
	d := open(t, "testdata/pyarrow-v1-plain.parquet")
	f := Frame{Rows: len(want["row"])}
	for _, c := range d.Columns() {
		switch c.Name {
		case "uint64", "decimal38", "decimal18", "int64": // beyond what a float64 tells apart
			continue
		}
		f.Columns = append(f.Columns, expectedColumn(c, want[c.Name]))
	}
	path := t.TempDir() + "/leadscore.parquet"
	if *update {
		path = "testdata/leadscore.parquet"
	}
	writeFrame(t, path, f, WriteOptions{Compression: Zstd, RowGroupRows: 16, SortedBy: "row"})
	written := open(t, path)
	got, err := read(written, schemaOf(t, written), DefaultReadOptions())
	if err != nil || len(got) != 19 {
		t.Fatalf("%d columns: %v", len(got), err)
	}
	compareTables(t, got, want)
}

// expectedColumn makes a frame's column of the values that reading gives.
func expectedColumn(c Column, values []any) FrameColumn {
	out := FrameColumn{Name: c.Name, Type: c.Type}
	for _, v := range values {
		if c.Optional {
			out.Valid = append(out.Valid, v != nil)
		}
		number, _ := v.(float64)
		text, _ := v.(string)
		micros, _ := v.(int64)
		switch {
		case c.Type.Base == features.String:
			out.Texts = append(out.Texts, text)
		case c.Type.Base == features.Bool:
			out.Bools = append(out.Bools, text == "true")
		case c.Type.Integer():
			out.Ints = append(out.Ints, int64(number))
		case c.Type.Temporal():
			out.Times = append(out.Times, micros)
		default:
			out.Floats = append(out.Floats, number)
		}
	}
	return out
}
