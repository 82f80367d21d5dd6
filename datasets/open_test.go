package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/leadscore/leadscore/features"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// numbered is a frame of one column n that counts from start.
func numbered(start, rows int) Frame {
	c := FrameColumn{Name: "n", Type: features.Type{Base: features.Int32}}
	for i := range rows {
		c.Ints = append(c.Ints, int64(start+i))
	}
	return Frame{Rows: rows, Columns: []FrameColumn{c}}
}

func TestOpenPaths(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, start int) string {
		path := filepath.Join(folder, name)
		writeFrame(t, path, numbered(start, 2), WriteOptions{Compression: Snappy, RowGroupRows: 1})
		return path
	}
	b, a := write("b.parquet", 2), write("a.parquet", 0)
	write("_part.parquet", 90)
	write(".hidden.parquet", 90)
	write("other.pq", 90)
	if err := os.Mkdir(filepath.Join(folder, "c.parquet"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		paths []string
		want  []any
	}{
		{[]string{folder}, []any{0.0, 1.0, 2.0, 3.0}},
		{[]string{filepath.Join(folder, "[ab].parquet")}, []any{0.0, 1.0, 2.0, 3.0}},
		{[]string{b, a}, []any{2.0, 3.0, 0.0, 1.0}},
		{[]string{a, a}, []any{0.0, 1.0, 0.0, 1.0}},
	} {
		d := open(t, test.paths...)
		got, err := read(d, schemaOf(t, d), ReadOptions{Workers: 2, BatchRows: 10})
		if err != nil || !cmp.Equal(got["n"], test.want) || d.Rows() != len(test.want) {
			t.Errorf("%q: got %v of %d rows: %v", test.paths, got["n"], d.Rows(), err)
		}
	}
	if files := open(t, folder).Files(); !slices.Equal(files, []string{a, b}) {
		t.Errorf("got files %q", files)
	}
}

func TestOpenErrors(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	table := filepath.Join(folder, "n.parquet")
	writeFrame(t, table, numbered(0, 2), DefaultWriteOptions())
	other := filepath.Join(folder, "m.parquet")
	f := numbered(0, 2)
	f.Columns[0].Name = "m"
	writeFrame(t, other, f, DefaultWriteOptions())
	typed := filepath.Join(folder, "typed.parquet")
	f.Columns[0].Name, f.Columns[0].Type.Base = "n", features.Int64
	writeFrame(t, typed, f, DefaultWriteOptions())
	wider := filepath.Join(folder, "wider.parquet")
	f.Columns = append(f.Columns, FrameColumn{Name: "more", Type: f.Columns[0].Type, Ints: []int64{1, 2}})
	f.Columns[0].Type.Base = features.Int32
	writeFrame(t, wider, f, DefaultWriteOptions())
	empty := t.TempDir()
	for _, test := range []struct {
		paths []string
		want  string
	}{
		{nil, "datasets: no paths to read"},
		{[]string{folder + "/none.parquet"}, "none.parquet: no such file or directory"},
		{[]string{folder + "/none*.parquet"}, "none*.parquet: no file matches"},
		{[]string{folder + "/[.parquet"}, "[.parquet: syntax error in pattern"},
		{[]string{empty}, empty + ": the folder has no *.parquet files"},
		{[]string{os.DevNull}, os.DevNull + ": it is not a regular file"},
		{[]string{file("short", "PAR1")}, "short: it is not a Parquet file: it has only 4 bytes"},
		{[]string{file("text", "a,b,c\n1,2,3\n4,5,6\n")}, `text: it is not a Parquet file: it begins with "a,b,", not "PAR1"`},
		{[]string{file("cut", "PAR1............")}, `cut: it is not a whole Parquet file: it ends with "....", not "PAR1"`},
		{[]string{file("sealed", "PARE............PARE")}, "sealed: it is encrypted"},
		{[]string{file("huge", "PAR1........\xff\xff\xff\xffPAR1")}, "huge: its footer is damaged: it claims 4294967295 bytes of a file of 20"},
		{[]string{table, other}, fmt.Sprintf(`%s: column "n": not in the file, but in %s`, other, table)},
		{[]string{table, typed}, fmt.Sprintf(`%s: column "n": is int64, but int32 in %s`, typed, table)},
		{[]string{table, wider}, fmt.Sprintf(`%s: column "more": in the file, but not in %s`, wider, table)},
	} {
		_, err := Open(test.paths)
		if err == nil || !strings.HasPrefix(err.Error(), "datasets: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got error %v, want %s", test.paths, err, test.want)
		}
	}
}

func TestSHA256(t *testing.T) {
	paths := []string{"testdata/duckdb.parquet", "testdata/pandas.parquet"}
	hash := sha256.New()
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		hash.Write(data)
	}
	d := open(t, paths[0])
	d.files = append(d.files, open(t, paths[1]).files...)
	defer func() { d.files = d.files[:1] }()
	got, err := d.SHA256(t.Context())
	if want := hex.EncodeToString(hash.Sum(nil)); got != want || err != nil {
		t.Errorf("got %s, want %s: %v", got, want, err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.SHA256(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}

// TestBlocks makes sure that blocks are whole, in order and within their bounds for any number of workers.
func TestBlocks(t *testing.T) {
	folder := t.TempDir()
	for i := range 3 {
		writeFrame(t, filepath.Join(folder, fmt.Sprint(i, ".parquet")), numbered(100*i, 100), WriteOptions{Compression: Zstd, RowGroupRows: 33})
	}
	d := open(t, folder)
	schema := schemaOf(t, d)
	for _, workers := range []int{1, 2, 7} {
		for _, size := range []int{1, 10, 33, 1000} {
			rows, last := 0, 0
			options := ReadOptions{Workers: workers, BatchRows: size, Progress: func(done int) { last = done }}
			err := d.Batches(t.Context(), schema, options, func(b *features.Batch) error {
				if b.Start != rows || b.Rows < 1 || b.Rows > size || len(b.Vectors[0].Numbers) != b.Rows || b.Schema != schema {
					t.Fatalf("block of %d rows at %d, want one at %d", b.Rows, b.Start, rows)
				}
				for i, x := range b.Vectors[0].Numbers {
					if x != float64(rows+i) {
						t.Fatalf("row %d is %v", rows+i, x)
					}
				}
				rows += b.Rows
				return nil
			})
			if err != nil || rows != 300 || last != 300 {
				t.Errorf("%d rows, progress %d: %v", rows, last, err)
			}
		}
	}
}

func TestBatchesStop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leads.parquet")
	writeFrame(t, path, benchFrame(5000), WriteOptions{Compression: Zstd, RowGroupRows: 1000})
	d := open(t, path)
	options := ReadOptions{Workers: 3, BatchRows: 100}
	boom := errors.New("boom")
	for stopAt := range 8 {
		calls := 0
		err := d.Batches(t.Context(), schemaOf(t, d), options, func(*features.Batch) error {
			if calls++; calls > stopAt {
				return boom
			}
			return nil
		})
		if err != boom || calls != stopAt+1 {
			t.Errorf("after %d calls: got error %v", calls, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		calls = 0
		err = d.Batches(ctx, schemaOf(t, d), options, func(*features.Batch) error {
			if calls++; calls > stopAt {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || calls > stopAt+1 {
			t.Errorf("after %d calls: got error %v", calls, err)
		}
		cancel()
	}
	func() {
		defer func() {
			if recover() != boom {
				t.Error("a panic of fn is lost")
			}
		}()
		_ = d.Batches(t.Context(), schemaOf(t, d), options, func(*features.Batch) error { panic(boom) })
	}()
	// The data set is as good as before.
	if _, err := read(d, schemaOf(t, d), options); err != nil {
		t.Error(err)
	}
}

func TestReadOptions(t *testing.T) {
	err := ReadOptions{Workers: 0, BatchRows: 1 << 30}.Validate()
	if err == nil || !strings.Contains(err.Error(), "Workers 0") || !strings.Contains(err.Error(), "BatchRows 1073741824") {
		t.Errorf("got error %v", err)
	}
	if err := DefaultReadOptions().Validate(); err != nil {
		t.Error(err)
	}
}

// TestOtherTypes reads files by schemas whose types differ from the files'.
func TestOtherTypes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	stored := map[string]FrameColumn{
		"int":    {Type: features.Type{Base: features.Int32}, Ints: []int64{-1, 200, 70000}},
		"whole":  {Type: features.Type{Base: features.Float64}, Floats: []float64{-1, 2, 3}},
		"float":  {Type: features.Type{Base: features.Float64}, Floats: []float64{0.1, 2, 1e300}},
		"money":  {Type: features.Type{Base: features.Decimal, Scale: 2}, Floats: []float64{0.1, 2.25, 3}},
		"date":   {Type: features.Type{Base: features.Date}, Times: []int64{0, microsPerDay, -microsPerDay}},
		"time":   {Type: features.Type{Base: features.Timestamp}, Times: []int64{1, microsPerDay + 1, -1}},
		"number": {Type: features.Type{Base: features.String}, Texts: []string{" 1.5", "?", "2"}},
		"when":   {Type: features.Type{Base: features.String}, Texts: []string{"1970-01-02", "", "x"}},
		"bool":   {Type: features.Type{Base: features.Bool}, Bools: []bool{true, false, true}},
	}
	for _, test := range []struct {
		column string
		typ    string
		kind   features.Kind
		want   []any
		err    string
	}{
		{"int", "int64", features.Number, []any{-1.0, 200.0, 70000.0}, ""},
		{"int", "float32", features.Number, []any{-1.0, 200.0, 70000.0}, ""},
		{"int", "int16", features.Number, nil, "row 2: 70000 is outside the range of int16"},
		{"int", "uint32", features.Number, nil, "row 0: -1 is outside the range of uint32"},
		{"int", "string", features.Category, nil, "is int32 in the file, but string in the schema"},
		{"int", "bool", features.Category, nil, "is int32 in the file, but bool in the schema"},
		{"int", "timestamp", features.Time, nil, "is int32 in the file, but timestamp in the schema"},
		{"int", "int64", features.Category, []any{"-1", "200", "70000"}, ""},
		{"whole", "int8", features.Number, []any{-1.0, 2.0, 3.0}, ""},
		{"float", "int8", features.Number, nil, "row 0: 0.1 is not a whole number"},
		{"float", "float32", features.Number, nil, "row 2: 1e+300 is outside the range of float32"},
		{"money", "float64", features.Number, []any{0.1, 2.25, 3.0}, ""},
		{"money", "decimal(1)", features.Number, []any{0.1, 2.2, 3.0}, ""},
		{"money", "float32", features.Number, []any{float64(float32(0.1)), 2.25, 3.0}, ""},
		{"date", "timestamp", features.Time, []any{int64(0), int64(microsPerDay), int64(-microsPerDay)}, ""},
		{"time", "date", features.Time, []any{int64(0), int64(microsPerDay), int64(-microsPerDay)}, ""},
		{"date", "date", features.Category, []any{"1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z", "1969-12-31T00:00:00Z"}, ""},
		{"number", "string", features.Number, []any{1.5, nil, 2.0}, ""},
		{"number", "string", features.Category, []any{"1.5", nil, "2"}, ""},
		{"when", "string", features.Time, nil, `row 2: "x" is not a date or time`},
		{"bool", "bool", features.Number, []any{1.0, 0.0, 1.0}, ""},
	} {
		var typ features.Type
		if err := typ.UnmarshalText([]byte(test.typ)); err != nil {
			t.Fatal(err)
		}
		c := stored[test.column]
		c.Name = test.column
		writeFrame(t, path, Frame{Rows: 3, Columns: []FrameColumn{c}}, WriteOptions{Compression: Zstd, RowGroupRows: 3})
		d := open(t, path)
		got, err := read(d, newSchema(t, []features.Field{featureField(c.Name, typ, test.kind)}, "?"), DefaultReadOptions())
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), `column "`+c.Name+`"`) {
				t.Errorf("%s as %s: got error %v, want %s", c.Name, test.typ, err, test.err)
			}
		} else if err != nil || !cmp.Equal(got[c.Name], test.want) {
			t.Errorf("%s as %s: got %v: %v", c.Name, test.typ, got[c.Name], err)
		}
	}
}

// TestIdentity reads a column that names its rows from a dictionary and from plain pages.
func TestIdentity(t *testing.T) {
	want := expected(t)
	for _, path := range []string{"testdata/pyarrow-v1-plain.parquet", "testdata/pyarrow-fallback-v2.parquet", "testdata/pandas.parquet"} {
		d := open(t, path)
		schema := newSchema(t, []features.Field{
			{Name: "id", Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleID},
			{Name: "row", Type: features.Type{Base: features.Int32}, Kind: features.Number, Role: features.RoleExcluded},
		})
		for _, rows := range []int{5, 40} {
			got, err := read(d, schema, ReadOptions{Workers: 1, BatchRows: rows})
			if err != nil {
				t.Fatal(err)
			}
			compareTables(t, got, want)
		}
	}
}

// TestWideFile reads ten thousand columns: the blocks must be short enough to stay small.
func TestWideFile(t *testing.T) {
	const columns, rows = 10_000, 850
	f := Frame{Rows: rows}
	ints := make([]int64, rows)
	for i := range columns {
		f.Columns = append(f.Columns, FrameColumn{Name: fmt.Sprint("c", i), Type: features.Type{Base: features.Int32}, Ints: ints})
	}
	path := filepath.Join(t.TempDir(), "wide.parquet")
	writeFrame(t, path, f, WriteOptions{Compression: Snappy, RowGroupRows: rows})
	d := open(t, path)
	largest := 0
	err := d.Batches(t.Context(), schemaOf(t, d), DefaultReadOptions(), func(b *features.Batch) error {
		largest = max(largest, b.Rows)
		return nil
	})
	if err != nil || largest*columns*8 > blockBytes || len(d.Columns()) != columns {
		t.Errorf("blocks of %d rows: %v", largest, err)
	}
}
