package datasets

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/leadscore/leadscore/features"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// memory is a file in memory.
type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// readDamaged reads a file of the given bytes as far as it goes. An error must say which file it is about.
func readDamaged(t testing.TB, data []byte) (table, error) {
	t.Helper()
	d := &Dataset{}
	f, err := newFile("a.parquet", memory{bytes.NewReader(data)}, int64(len(data)))
	if err == nil {
		err = d.add(f)
	}
	if err == nil {
		got := table{}
		enough, rows := errors.New("enough"), 0
		err = d.Batches(t.Context(), schemaOf(t, d), ReadOptions{Workers: 2, BatchRows: 64}, func(b *features.Batch) error {
			appendBatch(got, b)
			if rows += b.Rows; rows > 10_000 { // a run may stand for any number of rows
				return enough
			}
			return nil
		})
		if err == nil || err == enough {
			return got, nil
		}
	}
	if !strings.HasPrefix(err.Error(), "datasets: a.parquet: ") {
		t.Fatalf("the error does not name the file: %v", err)
	}
	return nil, err
}

// small returns the bytes of a small file of every kind of page.
func small(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".parquet")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTruncated(t *testing.T) {
	data := small(t, "pyarrow-int96")
	for size := range data {
		if _, err := readDamaged(t, data[:size]); err == nil {
			t.Fatalf("%d of %d bytes are read as a whole file", size, len(data))
		}
	}
}

// TestMutants changes bytes at random. What is still read must not panic, hang or take the memory it claims; a file
// with checksums must give the same values or an error.
func TestMutants(t *testing.T) {
	mutants := 250
	if testing.Short() {
		mutants = 50
	}
	for _, name := range []string{
		"pyarrow-v1-dictionary", "pyarrow-v2-plain", "pyarrow-encodings", "pyarrow-fallback-v1", "pyarrow-gzip", "pyarrow-brotli",
		"pyarrow-snappy", "pyarrow-none", "pyarrow-int96", "pyarrow-nested", "pyarrow-statistics", "duckdb", "spark-v2",
	} {
		random, data := rand.New(rand.NewPCG(1, uint64(len(name)))), small(t, name)
		start, same := time.Now(), 0
		for range mutants {
			mutant := bytes.Clone(data)
			for range 1 + random.IntN(3) {
				mutant[random.IntN(len(mutant))] = byte(random.IntN(256))
			}
			if _, err := readDamaged(t, mutant); err == nil {
				same++
			}
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: %d mutants took %v", name, mutants, took)
		}
		t.Logf("%s: %d of %d mutants are read", name, same, mutants)
	}
}

func TestChecksums(t *testing.T) {
	data := small(t, "pyarrow-statistics")
	want, err := readDamaged(t, data)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		mutant := bytes.Clone(data)
		mutant[30+random.IntN(200)] ^= byte(1 + random.IntN(255))
		if got, err := readDamaged(t, mutant); err == nil && !cmp.Equal(got, want) {
			t.Fatal("damaged pages give other values")
		}
	}
}

// edit decodes the footer of a file, changes it and puts it back.
func edit(t testing.TB, data []byte, change func(*format.FileMetaData)) []byte {
	t.Helper()
	size := int(binary.LittleEndian.Uint32(data[len(data)-tailBytes:]))
	start := len(data) - tailBytes - size
	var meta format.FileMetaData
	if _, err := decodeThrift(data[start:len(data)-tailBytes], &meta); err != nil {
		t.Fatal(err)
	}
	change(&meta)
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(data[:start]), footer...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(footer))), magic...)
}

func TestFalseFooters(t *testing.T) {
	chunk := func(m *format.FileMetaData, column int) *format.ColumnMetaData {
		return &m.RowGroups[1].Columns[column].MetaData
	}
	for _, test := range []struct {
		name   string
		want   string
		change func(*format.FileMetaData)
	}{
		{"huge rows", "column \"row\", row group 0: its pages end before its rows do", func(m *format.FileMetaData) {
			m.NumRows += 1<<60 - m.RowGroups[0].NumRows
			m.RowGroups[0].NumRows = 1 << 60
		}},
		{"too many rows", "row group 1: it claims 9223372036854775807 rows", func(m *format.FileMetaData) { m.RowGroups[1].NumRows = 1<<63 - 1 }},
		{"negative rows", "row group 1: it claims -1 rows", func(m *format.FileMetaData) { m.RowGroups[1].NumRows = -1 }},
		{"other sum", "its footer claims 41 rows, its row groups 40", func(m *format.FileMetaData) { m.NumRows = 41 }},
		{"fewer rows", "column \"row\", row group 1: a page is damaged: it claims 16 values, but 15 rows are left", func(m *format.FileMetaData) {
			m.RowGroups[1].NumRows--
			m.NumRows--
		}},
		{"huge chunk", "column \"text\", row group 1: the footer is damaged: the pages claim 1099511627776 bytes", func(m *format.FileMetaData) {
			chunk(m, 3).TotalCompressedSize = 1 << 40
		}},
		{"far chunk", "column \"text\", row group 1: the footer is damaged: the pages claim", func(m *format.FileMetaData) { chunk(m, 3).DataPageOffset, chunk(m, 3).DictionaryPageOffset = 1<<40, 0 }},
		{"negative chunk", "column \"text\", row group 1: the footer is damaged", func(m *format.FileMetaData) { chunk(m, 3).TotalCompressedSize = -5 }},
		{"other type", "column \"text\", row group 1: the footer is damaged: the pages are of type DOUBLE, the schema has BYTE_ARRAY", func(m *format.FileMetaData) {
			chunk(m, 3).Type = format.Double
		}},
		{"other codec", "column \"text\", row group 1: a page is damaged", func(m *format.FileMetaData) { chunk(m, 3).Codec = format.Gzip }},
		{"old LZ4", "column \"text\", row group 1: compression LZ4 is not supported: write the file with zstd or snappy", func(m *format.FileMetaData) {
			chunk(m, 3).Codec = format.Lz4
		}},
		{"unknown codec", "column \"text\", row group 1: compression 99 is unknown", func(m *format.FileMetaData) { chunk(m, 3).Codec = 99 }},
		{"other file", "column \"text\", row group 1: its pages are in another file, \"x\"", func(m *format.FileMetaData) {
			m.RowGroups[1].Columns[3].FilePath = "x"
		}},
		{"column twice", `column "text": it is there twice`, func(m *format.FileMetaData) { m.Schema[1].Name = "text" }},
		{"fewer chunks", "row group 1: it has 5 columns, the schema 6", func(m *format.FileMetaData) {
			m.RowGroups[1].Columns = m.RowGroups[1].Columns[:5]
		}},
		{"no schema", "the schema has no root", func(m *format.FileMetaData) { m.Schema = m.Schema[:0] }},
		{"short schema", "the schema ends too early", func(m *format.FileMetaData) { m.Schema[0].NumChildren = thrift.New[int32](9) }},
		{"long schema", "1 elements of its schema belong to no column", func(m *format.FileMetaData) { m.Schema[0].NumChildren = thrift.New[int32](5) }},
		{"endless group", "claims -1 children", func(m *format.FileMetaData) {
			m.Schema[1].Type, m.Schema[1].NumChildren = thrift.Null[format.Type]{}, thrift.New[int32](-1)
		}},
	} {
		_, err := readDamaged(t, edit(t, small(t, "pyarrow-snappy"), test.change))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %s", test.name, err, test.want)
		}
	}
}

// fakeChunk is a chunk of one page with the given header and body.
func fakeChunk(t testing.TB, header *format.PageHeader, body []byte) (*bytes.Reader, chunkPlace) {
	t.Helper()
	data, err := thrift.Marshal(new(thrift.CompactProtocol), header)
	if err != nil {
		t.Fatal(err)
	}
	data = append(data, body...)
	return bytes.NewReader(data), chunkPlace{length: int64(len(data))}
}

func TestFalsePages(t *testing.T) {
	data := func(change func(*format.PageHeader)) *format.PageHeader {
		h := &format.PageHeader{Type: format.DataPage, UncompressedPageSize: 8, CompressedPageSize: 8}
		h.DataPageHeader = thrift.New(format.DataPageHeader{NumValues: 1, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE})
		change(h)
		return h
	}
	for _, test := range []struct {
		name, want string
		optional   bool
		header     *format.PageHeader
		body       string
	}{
		{"huge body", "claims 2147483647 bytes, but 8 are left", false, data(func(h *format.PageHeader) { h.CompressedPageSize = 1<<31 - 1 }), "12345678"},
		{"negative body", "claims -1 bytes", false, data(func(h *format.PageHeader) { h.CompressedPageSize = -1 }), "12345678"},
		{"huge page", "claims to unfold to 2147483647 bytes", false, data(func(h *format.PageHeader) { h.UncompressedPageSize = 1<<31 - 1 }), "12345678"},
		{"other size", "it has 8 bytes, its header claims 9", false, data(func(h *format.PageHeader) { h.UncompressedPageSize = 9 }), "12345678"},
		{"checksum", "its checksum does not match", false, data(func(h *format.PageHeader) { h.CRC = 1 }), "12345678"},
		{"long levels", "its levels are longer", true, data(func(*format.PageHeader) {}), "\xff\xff\xff\xff1234"},
		{"bit-packed levels", "levels of encoding BIT_PACKED", true, data(func(h *format.PageHeader) { h.DataPageHeader.V.DefinitionLevelEncoding = format.BitPacked }), "12345678"},
		{"no header", "its header is that of no page", false, data(func(h *format.PageHeader) { h.Type = format.DataPageV2 }), "12345678"},
		{"unknown page", "its header is that of no page of type 9", false, data(func(h *format.PageHeader) { h.Type = 9 }), "12345678"},
	} {
		source, place := fakeChunk(t, test.header, []byte(test.body))
		r := chunkReader{unpacker: &unpacker{}}
		if err := r.open(source, place, test.optional); err != nil {
			t.Fatal(err)
		}
		if _, err := r.next(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %s", test.name, err, test.want)
		}
	}
}

// TestBombs unpacks bytes that unfold to far more than the page header says.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 8<<20)
	for _, codec := range []format.CompressionCodec{format.Snappy, format.Zstd, format.Gzip, format.Brotli} {
		packed := pack(t, codec, zeros)
		u := &unpacker{}
		for _, size := range []int{0, 1000, len(zeros) - 1} {
			if err := u.unpack(codec, make([]byte, size), packed); err == nil {
				t.Errorf("%v: %d bytes fit into %d", codec, len(zeros), size)
			}
		}
		if err := u.unpack(codec, make([]byte, len(zeros)+1), packed); err == nil {
			t.Errorf("%v: a short page is accepted", codec)
		}
		if err := u.unpack(codec, make([]byte, len(zeros)), packed); err != nil {
			t.Errorf("%v: %v", codec, err)
		}
		u.close()
	}
}

func TestThrift(t *testing.T) {
	deep := bytes.Repeat([]byte{0x1C}, 1<<20) // field 1, a structure, and so on
	for name, data := range map[string][]byte{
		"nothing": {}, "deep": deep, "long list": {0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F}, "long text": {0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F},
		"empty structures": append([]byte{0x19, 0xFC, 0x80, 0x08}, make([]byte, 2000)...), "unknown kind": {0x1E, 0},
	} {
		var meta format.FileMetaData
		if _, err := decodeThrift(data, &meta); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := decodeThrift(nil, new(format.PageHeader)); !errors.Is(err, errCutShort) {
		t.Errorf("got error %v", err)
	}
}

func FuzzParquet(f *testing.F) {
	for _, path := range fixtures(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := readDamaged(t, data)
		if err != nil {
			return
		}
		rows := -1
		for _, values := range got { // every column has as many values
			if rows >= 0 && len(values) != rows {
				t.Fatalf("columns of %d and of %d values", rows, len(values))
			}
			rows = len(values)
		}
	})
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{"a,b\n1,x\n2,y\n", "a;b\r\n\"1\n2\";3\r\n", "\ufeffa\n2024-01-02\n", "a,b,\n1,,\n", "a\n007\n", "a,a\n"} {
		f.Add([]byte(text), ",")
	}
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte, separator string) {
		r, err := ParseSeparator(separator)
		if err != nil {
			return
		}
		file, err := os.CreateTemp(folder, "*.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file.Name())
		if _, err := file.Write(data); err != nil {
			t.Fatal(err)
		}
		file.Close()
		out := file.Name() + ".parquet"
		defer os.Remove(out)
		options := DefaultImportOptions()
		options.Separator = r
		report, err := ImportCSV(t.Context(), file.Name(), out, options)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "datasets: ") {
				t.Fatal(err)
			}
			return
		}
		d := open(t, out)
		if d.Rows() != report.Rows {
			t.Fatalf("%d rows became %d", report.Rows, d.Rows())
		}
		compareImport(t, file.Name(), r, d)
	})
}

// compareImport reads a CSV file and what became of it by one schema: the leads must be the same.
func compareImport(t *testing.T, path string, separator rune, d *Dataset) {
	schema := schemaOf(t, d)
	want := table{}
	for _, f := range schema.Fields() {
		want[f.Name] = []any{}
	}
	err := ReadCSV(t.Context(), path, schema, separator, func(b *features.Batch) error {
		appendBatch(want, b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(d, schema, DefaultReadOptions())
	if err != nil {
		t.Fatal(err)
	}
	compareTables(t, got, want)
}
