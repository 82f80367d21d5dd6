package datasets

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/leadscore/leadscore/features"
)

// fixtures returns the paths of the files that testdata/make_fixtures.py wrote, but those named.
func fixtures(t testing.TB, but ...string) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.parquet")
	if err != nil || len(paths) < 30 {
		t.Fatalf("found %d fixtures: %v", len(paths), err)
	}
	return slices.DeleteFunc(paths, func(path string) bool {
		return slices.Contains(but, strings.TrimSuffix(filepath.Base(path), ".parquet"))
	})
}

// expected returns what make_fixtures.py says that the columns hold.
func expected(t testing.TB) table {
	t.Helper()
	data, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	raw := map[string][]json.RawMessage{}
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	all := table{}
	for name, cells := range raw {
		for _, cell := range cells {
			all[name] = append(all[name], expectedValue(t, name, cell))
		}
	}
	all["last"] = all["row"]
	return all
}

var timeColumns = []string{"date", "millis", "micros", "nanos", "local"}

func expectedValue(t testing.TB, column string, cell json.RawMessage) any {
	t.Helper()
	var v any
	if slices.Contains(timeColumns, column) {
		micros := new(int64)
		if err := json.Unmarshal(cell, &micros); err != nil {
			t.Fatal(err)
		}
		if micros == nil {
			return nil
		}
		return *micros
	}
	if err := json.Unmarshal(cell, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// otherTables are the fixtures that are refused or hold another table.
var otherTables = []string{"pyarrow-lz4", "pyarrow-infinite", "pyarrow-invalid", "pyarrow-empty"}

func TestFixtures(t *testing.T) {
	want := expected(t)
	for _, path := range fixtures(t, otherTables...) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			d := open(t, path)
			schema := schemaOf(t, d)
			if len(schema.Fields()) < 2 {
				t.Fatalf("only %d columns", len(schema.Fields()))
			}
			for _, options := range []ReadOptions{
				{Workers: 1, BatchRows: 1 << 16}, {Workers: 2, BatchRows: 7}, {Workers: 4, BatchRows: 1}, {Workers: 3, BatchRows: 16},
			} {
				got, err := read(d, schema, options)
				if err != nil {
					t.Fatal(err)
				}
				compareTables(t, got, want)
			}
		})
	}
}

// compareTables compares the columns of got, and their floats bit by bit.
func compareTables(t *testing.T, got, want table) {
	t.Helper()
	bits := cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
	for name := range got {
		if diff := cmp.Diff(want[name], got[name], bits); diff != "" {
			t.Errorf("column %s (-want +got):\n%s", name, diff)
		}
	}
}

// TestFixtureTypes makes sure that each program's types are what the reader says.
func TestFixtureTypes(t *testing.T) {
	want := map[string]string{
		"row": "int32", "bool": "bool", "int8": "int8", "int16": "int16", "int32": "int32", "int64": "int64",
		"uint8": "uint8", "uint16": "uint16", "uint32": "uint32", "uint64": "uint64", "float": "float32", "double": "float64",
		"decimal9": "decimal(2)", "decimal18": "decimal(4)", "decimal38": "decimal(6)", "date": "date", "millis": "timestamp",
		"micros": "timestamp", "nanos": "timestamp", "local": "timestamp", "text": "string", "id": "string", "allnull": "string",
	}
	for _, path := range []string{"testdata/pyarrow-v1-plain.parquet", "testdata/pyarrow-v2-dictionary.parquet", "testdata/duckdb.parquet", "testdata/spark-int96.parquet"} {
		for _, c := range open(t, path).Columns() {
			if c.Type.String() != want[c.Name] {
				t.Errorf("%s: column %s is %v, want %s", path, c.Name, c.Type, want[c.Name])
			}
		}
	}
	columns := open(t, "testdata/pyarrow-v1-plain.parquet").Columns()
	if columns[0].Optional || !columns[1].Optional || len(columns) != len(want) {
		t.Errorf("got %d columns, the first two %+v", len(columns), columns[:2])
	}
}

// TestCategories reads every column of every program as categories, whose levels are the values as texts.
func TestCategories(t *testing.T) {
	want := expected(t)
	for name, values := range want {
		for i, v := range values {
			switch v := v.(type) {
			case float64:
				values[i] = features.FormatNumber(v)
				if name == "float" { // of single precision: the shortest text of that
					values[i] = features.Type{Base: features.Float32}.FormatNumber(v)
				}
			case int64:
				values[i] = features.FormatTime(v)
			}
		}
		want[name] = values
	}
	for _, path := range fixtures(t, otherTables...) {
		d := open(t, path)
		var fields []features.Field
		for _, c := range d.Columns() {
			if c.Unsupported == "" {
				fields = append(fields, featureField(c.Name, c.Type, features.Category))
			}
		}
		for _, rows := range []int{3, 16, 100} {
			got, err := read(d, newSchema(t, fields), ReadOptions{Workers: 2, BatchRows: rows})
			if err != nil {
				t.Fatal(err)
			}
			compareTables(t, got, want)
		}
	}
}

func TestRefusedFixtures(t *testing.T) {
	for _, test := range []struct{ file, column, want string }{
		{"pyarrow-lz4", "text", `pyarrow-lz4.parquet: column "row", row group 0: compression LZ4_RAW is not supported`},
		{"pyarrow-infinite", "x", `pyarrow-infinite.parquet: column "x", row group 1, row 21: +Inf is not a finite number`},
		{"pyarrow-invalid", "x", `pyarrow-invalid.parquet: column "x", row group 1, row 30: "\xff\xfe" is not valid UTF-8`},
		{"pyarrow-nested", "list", `pyarrow-nested.parquet: column "list": is a nested column, which is not supported`},
		{"pyarrow-nested", "struct", `pyarrow-nested.parquet: column "struct": is a nested column, which is not supported`},
		{"pyarrow-nested", "time", `pyarrow-nested.parquet: column "time": is a time of day column, which is not supported`},
		{"pyarrow-nested", "fixed", `pyarrow-nested.parquet: column "fixed": is a column of physical type FIXED_LEN_BYTE_ARRAY, which is not supported`},
		{"pyarrow-nested", "txet", `pyarrow-nested.parquet: column "txet": not in the file (did you mean "text"?)`},
	} {
		d := open(t, "testdata/"+test.file+".parquet")
		schema := schemaOf(t, d)
		if schema.Index(test.column) < 0 {
			schema = newSchema(t, []features.Field{featureField(test.column, features.Type{Base: features.String}, features.Category)})
		}
		_, err := read(d, schema, DefaultReadOptions())
		if err == nil || !strings.HasPrefix(err.Error(), "datasets: testdata/"+test.want) {
			t.Errorf("%s, column %s: got error %v", test.file, test.column, err)
		}
	}
}

func TestEmptyFile(t *testing.T) {
	d := open(t, "testdata/pyarrow-empty.parquet")
	got, err := read(d, schemaOf(t, d), DefaultReadOptions())
	if err != nil || d.Rows() != 0 || len(got["row"]) != 0 {
		t.Errorf("read %v of %d rows: %v", got, d.Rows(), err)
	}
}
