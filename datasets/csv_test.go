package datasets

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/leadscore/leadscore/features"
)

func textFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "leads.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll returns the header and the rows of a text as CSV.
func readAll(t testing.TB, text string, separator rune) (rows [][]string, err error) {
	t.Helper()
	c, err := OpenCSV(textFile(t, text), separator)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	rows = append(rows, c.header)
	for {
		_, cells, err := c.Next()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, append([]string(nil), cells...))
	}
}

func TestCSV(t *testing.T) {
	want := [][]string{{"a", "b"}, {"1", "x"}, {"2", "y"}}
	for name, text := range map[string]string{
		"plain":              "a,b\n1,x\n2,y\n",
		"no last line break": "a,b\n1,x\n2,y",
		"CRLF":               "a,b\r\n1,x\r\n2,y\r\n",
		"mark":               "\ufeffa,b\n1,x\n2,y\n",
		"mark and quote":     "\ufeff\"a\",\"b\"\n1,x\n2,y\n",
		"quotes":             "\"a\",b\n\"1\",\"x\"\n2,y\n",
		"empty lines":        "a,b\n\n1,x\n\n2,y\n\n",
		"unnamed at the end": "a,b,\n1,x,\n2,y, \n",
		"space in header":    " a ,b \n1,x\n2,y\n",
	} {
		got, err := readAll(t, text, ',')
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: got %q: %v", name, got, err)
		}
	}
	got, err := readAll(t, "a;b\n1,5;\"x;\"\"y\"\"\nz\"\n", ';')
	if err != nil || !cmp.Equal(got, [][]string{{"a", "b"}, {"1,5", "x;\"y\"\nz"}}) {
		t.Errorf("got %q: %v", got, err)
	}
}

func TestCSVErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "it is empty: the first row must name the columns"},
		{"a;b;c\n1;2;3\n", "line 1: the header is one column with the separator ',': the separator may be another: --separator ';'"},
		{"a\tb\n1\t2\n", "--separator tab"},
		{"\"a\";\"b\"\n1;2\n", "line 1: the header is one column with the separator ',': the separator may be another: --separator ';'"},
		{"a,b\n1,2\n3\n", "line 3: has 1 cells, the header 2"},
		{"a,b\n1,2,3\n", "line 2: has 3 cells, the header 2"},
		{"a,b\n\"1\n2\",3\n4\n", "line 4: has 1 cells"},
		{"a,a\n1,2\n", `line 1: column "a": it is there twice, as column 1 and as column 2`},
		{"a,,b\n1,2,3\n", "line 1: column 2 has no name"},
		{",a\n0,1\n", "line 1: column 1 has no name"},
		{"a,b,\n1,2,3\n", `line 2: "3" stands in column 3, which has no name`},
		{"a,b\n1,\"2\n", `line 2, byte 6: extraneous or missing " in quoted-field`},
		{"a,b\n1,2\"3\n", `line 2, byte 4: bare " in non-quoted-field`},
		{"a,b\n1,Gr\xf6\xdfe\n", `line 2, column "b": "Gr\xf6\xdfe" is not valid UTF-8`},
		{"\xff\xfea\x00", "it is UTF-16: save it as UTF-8"},
		{"a,b\n1," + strings.Repeat("x", maxRecordBytes+1<<17) + "\n", "line 2: the row has more than 16777216 bytes: is a quote open?"},
	} {
		_, err := readAll(t, test.text, ',')
		if err == nil || !strings.HasPrefix(err.Error(), "datasets: ") || !strings.Contains(err.Error(), "leads.csv: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q: got error %v, want %s", test.text, err, test.want)
		}
	}
}

func TestParseSeparator(t *testing.T) {
	for text, want := range map[string]rune{",": ',', ";": ';', "tab": '\t', `\t`: '\t', "|": '|', "·": '·'} {
		if got, err := ParseSeparator(text); got != want || err != nil {
			t.Errorf("%q: got %q: %v", text, got, err)
		}
	}
	for _, text := range []string{"", ",,", "\"", "\n", "\xff", "comma"} {
		if _, err := ParseSeparator(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestInference(t *testing.T) {
	for _, test := range []struct {
		cells, want, note string
	}{
		{"true False TRUE", "bool", ""},
		{"yes no", "string", ""},
		{"0 1 1", "int64", ""},
		{"-5 0 9007199254740992", "int64", ""},
		{"12345678901234567890 1", "string", ""},
		{"1 2.5", "float64", ""},
		{"-1e-5 .5 3.", "float64", ""},
		{"007 1", "string", ""},
		{"01.5", "string", ""},
		{"+4930123 +4930124", "string", ""},
		{"1,5 2,5", "string", "has a comma: write numbers with a decimal point"},
		{"1,500.00 2,500.00", "string", "has a thousands separator"},
		{"NaN 1 2", "string", `"NaN" on line 2 is not a float64; if it means missing`},
		{"1 2 n/a", "string", `"n/a" on line 4 is not a float64`},
		{"0x10", "string", ""},
		{"1_000", "string", ""},
		{"inf", "string", ""},
		{"2024-02-29 1969-12-31", "date", ""},
		{"2024-02-29 1969-12-31T01:02", "timestamp", ""},
		{"2024-02-30", "string", ""},
		{"20240229", "int64", ""},
		{"31.12.2024 01.01.2025", "string", `"31.12.2024" on line 2 is a time written as 02.01.2006; give its layout (--time-layout '02.01.2006')`},
		{"03/04/2024 05/06/2024", "string", "written as 02/01/2006 or 01/02/2006"},
		{"03/04/2024 05/16/2024", "string", "written as 01/02/2006;"},
		{"03/04/2024 later", "string", ""},
		{"null null", "string", "has no value"},
	} {
		cells := strings.Fields(test.cells)
		text := "x\n\"" + strings.Join(cells, "\"\n\"") + "\"\n"
		options := DefaultImportOptions()
		options.Null = []string{"null"}
		report, err := ImportCSV(t.Context(), textFile(t, text), filepath.Join(t.TempDir(), "out.parquet"), options)
		if err != nil {
			t.Fatal(err)
		}
		c, notes := report.Columns[0], strings.Join(report.Notes, "\n")
		if c.Type.String() != test.want || !strings.Contains(notes, test.note) || (test.note == "") != (notes == "") {
			t.Errorf("%s: got %+v, %q, want %s, %q", test.cells, c, notes, test.want, test.note)
		}
	}
}

func TestImport(t *testing.T) {
	in := textFile(t, strings.Join([]string{
		"id;won;n;x;day;at;zip;empty;note;",
		"a;true;1;1.5;2024-02-29;2024-02-29T12:00:00+01:00;01234;;\"a;b\";",
		"b;false;;?;;2024-03-01;1;?; x ;",
		"c;;3;-0;1970-01-01;;99999;;\"1\n2\";",
	}, "\r\n"))
	out := filepath.Join(t.TempDir(), "out.parquet")
	options := DefaultImportOptions()
	options.Separator, options.Null = ';', []string{"?"}
	var progress []int64
	options.Progress = func(done, total int64) { progress = append(progress, done, total) }
	report, err := ImportCSV(t.Context(), in, out, options)
	if err != nil {
		t.Fatal(err)
	}
	want := []Inferred{
		{"id", features.Type{Base: features.String}, 0, 3, "a"}, {"won", features.Type{Base: features.Bool}, 1, 2, "true"},
		{"n", features.Type{Base: features.Int64}, 1, 2, "1"}, {"x", features.Type{Base: features.Float64}, 1, 2, "1.5"},
		{"day", features.Type{Base: features.Date}, 1, 2, "2024-02-29"}, {"at", features.Type{Base: features.Timestamp}, 1, 2, "2024-02-29T12:00:00+01:00"},
		{"zip", features.Type{Base: features.String}, 0, 3, "01234"}, {"empty", features.Type{Base: features.String}, 3, 0, ""},
		{"note", features.Type{Base: features.String}, 0, 3, "a;b"},
	}
	if diff := cmp.Diff(want, report.Columns); diff != "" || report.Rows != 3 || len(report.Notes) != 2 || len(progress) == 0 {
		t.Errorf("%d rows, notes %q, progress %v: %s", report.Rows, report.Notes, progress, diff)
	}
	d := open(t, out)
	got, err := read(d, schemaOf(t, d), DefaultReadOptions())
	if err != nil {
		t.Fatal(err)
	}
	compareTables(t, got, table{
		"id": {"a", "b", "c"}, "won": {"true", "false", nil}, "n": {1.0, nil, 3.0}, "x": {1.5, nil, 0.0},
		"day": {int64(1709164800e6), nil, int64(0)}, "at": {int64(1709204400e6), int64(1709251200e6), nil},
		"zip": {"01234", "1", "99999"}, "empty": {nil, nil, nil}, "note": {"a;b", "x", "1\n2"},
	})
	if columns := d.Columns(); columns[0].Optional || !columns[1].Optional {
		t.Errorf("got columns %+v", columns)
	}
}

func TestImportTypesGiven(t *testing.T) {
	in := textFile(t, "a,b,c\n1,yes,31.12.2024 13:45\n2,no,01.01.2025 00:00\n")
	out := filepath.Join(t.TempDir(), "out.parquet")
	options := DefaultImportOptions()
	options.TimeLayout = "02.01.2006 15:04"
	options.Types = map[string]features.Type{"a": {Base: features.Decimal, Scale: 2}, "b": {Base: features.Bool}}
	if _, err := ImportCSV(t.Context(), in, out, options); err != nil {
		t.Fatal(err)
	}
	d := open(t, out)
	got, err := read(d, schemaOf(t, d), DefaultReadOptions())
	if err != nil {
		t.Fatal(err)
	}
	compareTables(t, got, table{"a": {1.0, 2.0}, "b": {"true", "false"}, "c": {int64(1735652700e6), int64(1735689600e6)}})

	options.Types = map[string]features.Type{"b": {Base: features.Int8}, "c": {Base: features.String}}
	_, err = ImportCSV(t.Context(), in, out, options)
	if want := `line 2, column "b": "yes" is not a whole number`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v", err)
	}
	options.Types = map[string]features.Type{"d": {Base: features.Int8}}
	if _, err = ImportCSV(t.Context(), in, out, options); err == nil || !strings.Contains(err.Error(), `column "d": has a type given, but is not in the file`) {
		t.Errorf("got error %v", err)
	}
}

func TestImportLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"ragged": "a,b\n1,2\n3\n", "header only": ""} {
		if _, err := ImportCSV(t.Context(), textFile(t, text), filepath.Join(folder, "out.parquet"), DefaultImportOptions()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ImportCSV(stopped, textFile(t, "a\n1\n"), filepath.Join(folder, "out.parquet"), DefaultImportOptions()); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 0 {
		t.Errorf("the folder has %v", entries)
	}
}

func csvSchema(t testing.TB) *features.Schema {
	return newSchema(t, []features.Field{
		{Name: "id", Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleID},
		featureField("source", features.Type{Base: features.String}, features.Category),
		featureField("visits", features.Type{Base: features.Int32}, features.Number),
		featureField("member", features.Type{Base: features.Bool}, features.Category),
		featureField("seen", features.Type{Base: features.Timestamp}, features.Time),
		{Name: "won", Type: features.Type{Base: features.Bool}, Kind: features.Category, Role: features.RoleOutcome},
		{Name: "gone", Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleExcluded},
	}, "?")
}

func TestReadCSV(t *testing.T) {
	text := "seen,visits,source,id,more,member\n2024-01-02,3, web ,a,1,yes\n?,,?,b,2,\n2024-01-02 00:00:01,1e2,Web,b,3,0\n"
	got := table{}
	err := ReadCSV(t.Context(), textFile(t, text), csvSchema(t), ',', func(b *features.Batch) error {
		appendBatch(got, b)
		if b.Vectors[6].Codes != nil {
			t.Error("an excluded column was read")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	compareTables(t, got, table{
		"id": {"a", "b", "b"}, "source": {"web", nil, "Web"}, "visits": {3.0, nil, 100.0}, "member": {"true", nil, "false"},
		"seen": {int64(1704153600e6), nil, int64(1704153601e6)}, "won": {nil, nil, nil},
	})
}

func TestReadCSVBlocks(t *testing.T) {
	const rows = rowsAtOnce*2 + 5
	text := "id,source,visits,member,seen\n" + strings.Repeat("a,b,1,true,2024-01-02\n", rows)
	starts, sum := []int{}, 0
	err := ReadCSV(t.Context(), textFile(t, text), csvSchema(t), ',', func(b *features.Batch) error {
		starts = append(starts, b.Start)
		sum += b.Rows
		if len(b.Vectors[0].Codes) != b.Rows || len(b.Vectors[1].Dictionary.Levels) != 1 {
			t.Errorf("block at %d: %d codes, levels %q", b.Start, len(b.Vectors[0].Codes), b.Vectors[1].Dictionary.Levels)
		}
		return nil
	})
	if err != nil || sum != rows || !cmp.Equal(starts, []int{0, rowsAtOnce, 2 * rowsAtOnce}) {
		t.Errorf("%d rows in blocks at %v: %v", sum, starts, err)
	}
}

func TestReadCSVErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"id,source,visits,member\n", `column "seen": not in the file`},
		{"id,Source,visits,member,seen\n", `column "source": not in the file (did you mean "Source"?)`},
		{"source,visits,member,seen\nweb,1.5,yes,\n", `line 2, column "visits": 1.5 is not a whole number`},
		{"source,visits,member,seen\nweb,,yes,\nweb,,maybe,\n", `line 3, column "member": "maybe" is neither`},
		{"source,visits,member,seen\nweb,,,soon\n", `line 2, column "seen": "soon" is not a date`},
		{"source;visits;member;seen\n", "--separator ';'"},
	} {
		err := ReadCSV(t.Context(), textFile(t, test.text), csvSchema(t), ',', func(*features.Batch) error { return nil })
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got error %v", test.text, err)
		}
	}
	boom := errors.New("boom")
	err := ReadCSV(t.Context(), textFile(t, "source,visits,member,seen\nweb,1,,\n"), csvSchema(t), ',', func(*features.Batch) error { return boom })
	if err != boom {
		t.Errorf("got error %v", err)
	}
}

func TestReadLines(t *testing.T) {
	var got []string
	err := ReadLines(t.Context(), textFile(t, "\ufeff{\"a\":1}\r\n\n  {}  \nlast"), func(line int, text []byte) error {
		got = append(got, string(rune('0'+line))+string(text))
		return nil
	})
	if err != nil || !cmp.Equal(got, []string{`1{"a":1}`, "3{}", "4last"}) {
		t.Errorf("got %q: %v", got, err)
	}
	boom := errors.New("boom")
	err = ReadLines(t.Context(), textFile(t, "\n{}\n"), func(int, []byte) error { return boom })
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), "leads.csv: line 2: boom") {
		t.Errorf("got error %v", err)
	}
	err = ReadLines(t.Context(), textFile(t, "{}\n"+strings.Repeat("x", maxRecordBytes+1)), func(int, []byte) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "line 2: it has more than 16777216 bytes") {
		t.Errorf("got error %v", err)
	}
}
