package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/leadscore/leadscore/features"
	"github.com/parquet-go/parquet-go/format"
)

// A Parquet file is the magic word, column chunks, the footer, the footer's length and the magic word again.
const (
	magic          = "PAR1"
	encryptedMagic = "PARE"
	tailBytes      = 8
	maxFooterBytes = 256 << 20
)

// footer is what the reader needs of a file's metadata.
type footer struct {
	columns []storedColumn
	groups  []rowGroup
	rows    int64
}

// rowGroup is one horizontal slice of a file.
type rowGroup struct {
	start  int64 // its first row in the file
	rows   int64
	chunks []chunkPlace // one for each leaf of the file's schema
}

// chunkPlace says where the pages of one column of one row group are.
type chunkPlace struct {
	offset   int64
	length   int64
	physical format.Type
	codec    format.CompressionCodec
	problem  string // why it cannot be read
}

// readFooter reads and checks the metadata of a file of the given size.
func readFooter(r io.ReaderAt, size int64) (_ *footer, err error) {
	defer recoverDamage(&err)
	data, err := footerBytes(r, size)
	if err != nil {
		return nil, err
	}
	var meta format.FileMetaData
	if _, err := decodeThrift(data, &meta); err != nil {
		return nil, fmt.Errorf("its footer is damaged: %w", err)
	}
	if meta.EncryptionAlgorithm.Value != nil {
		return nil, errEncrypted
	}
	f := &footer{}
	leaves, err := f.readSchema(meta.Schema)
	if err != nil {
		return nil, err
	}
	for i := range meta.RowGroups {
		if err := f.addGroup(&meta.RowGroups[i], leaves, size-tailBytes-int64(len(data))); err != nil {
			return nil, fmt.Errorf("row group %d: %w", i, err)
		}
	}
	if meta.NumRows != f.rows {
		return nil, fmt.Errorf("its footer claims %d rows, its row groups %d", meta.NumRows, f.rows)
	}
	return f, nil
}

var errEncrypted = errors.New("it is encrypted, which is not supported")

// recoverDamage turns a panic of a decoder, which only damaged bytes can bring about, into an error.
func recoverDamage(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("it is damaged: %v", r)
	}
}

func footerBytes(r io.ReaderAt, size int64) ([]byte, error) {
	if size < int64(len(magic))+tailBytes {
		return nil, fmt.Errorf("it is not a Parquet file: it has only %d bytes", size)
	}
	var head [4]byte
	var tail [tailBytes]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, err
	}
	if _, err := r.ReadAt(tail[:], size-tailBytes); err != nil && err != io.EOF {
		return nil, err
	}
	if string(head[:]) == encryptedMagic || string(tail[4:]) == encryptedMagic {
		return nil, errEncrypted
	}
	if string(head[:]) != magic {
		return nil, fmt.Errorf("it is not a Parquet file: it begins with %q, not %q", head, magic)
	}
	if string(tail[4:]) != magic {
		return nil, fmt.Errorf("it is not a whole Parquet file: it ends with %q, not %q", tail[4:], magic)
	}
	length := int64(binary.LittleEndian.Uint32(tail[:4]))
	if length > min(size-tailBytes-int64(len(magic)), maxFooterBytes) {
		return nil, fmt.Errorf("its footer is damaged: it claims %d bytes of a file of %d", length, size)
	}
	data := make([]byte, length)
	if _, err := r.ReadAt(data, size-tailBytes-length); err != nil {
		return nil, err
	}
	return data, nil
}

// readSchema collects the columns, and the types of all leaves, which are more where there are nested columns.
func (f *footer) readSchema(elements []format.SchemaElement) (leaves []format.Type, err error) {
	if len(elements) == 0 || elements[0].Type.Valid {
		return nil, errors.New("its footer is damaged: the schema has no root")
	}
	next, known := 1, map[string]bool{}
	for range elements[0].NumChildren.V {
		if next >= len(elements) {
			return nil, errors.New("its footer is damaged: the schema ends too early")
		}
		e := &elements[next]
		if !utf8.ValidString(e.Name) || e.Name == "" {
			return nil, fmt.Errorf("its footer is damaged: it names a column %q", e.Name)
		}
		if known[e.Name] {
			return nil, fmt.Errorf("column %q: it is there twice", e.Name)
		}
		known[e.Name] = true
		column := storedColumn{leaf: len(leaves)}
		if e.Type.Valid {
			column.describe(e)
		} else {
			column.Name, column.Unsupported = e.Name, "a nested column"
		}
		f.columns = append(f.columns, column)
		if next, leaves, err = skipElement(elements, next, leaves); err != nil {
			return nil, err
		}
	}
	if next != len(elements) {
		return nil, fmt.Errorf("its footer is damaged: %d elements of its schema belong to no column", len(elements)-next)
	}
	return leaves, nil
}

// skipElement steps over the element at i and all that it holds, collecting its leaves.
func skipElement(elements []format.SchemaElement, i int, leaves []format.Type) (int, []format.Type, error) {
	for open := 1; open > 0; open-- { // elements still to come
		if i >= len(elements) {
			return 0, nil, errors.New("its footer is damaged: the schema ends too early")
		}
		e := &elements[i]
		i++
		if e.Type.Valid {
			leaves = append(leaves, e.Type.V)
			continue
		}
		if n := int(e.NumChildren.V); n < 0 || n > len(elements) {
			return 0, nil, fmt.Errorf("its footer is damaged: %q claims %d children", e.Name, n)
		}
		open += int(e.NumChildren.V)
	}
	return i, leaves, nil
}

// addGroup checks a row group against the bytes of the file that are data, those before end.
func (f *footer) addGroup(g *format.RowGroup, leaves []format.Type, end int64) error {
	if g.NumRows < 0 || g.NumRows > math.MaxInt64/2-f.rows {
		return fmt.Errorf("it claims %d rows", g.NumRows)
	}
	if len(g.Columns) != len(leaves) {
		return fmt.Errorf("it has %d columns, the schema %d", len(g.Columns), len(leaves))
	}
	group := rowGroup{start: f.rows, rows: g.NumRows, chunks: make([]chunkPlace, len(leaves))}
	for i := range g.Columns {
		group.chunks[i] = placeChunk(&g.Columns[i], leaves[i], end)
	}
	f.groups = append(f.groups, group)
	f.rows += g.NumRows
	return nil
}

// placeChunk notes where a chunk is. What is wrong with it matters only if its column is wanted.
func placeChunk(c *format.ColumnChunk, leaf format.Type, end int64) chunkPlace {
	meta := &c.MetaData
	p := chunkPlace{offset: meta.DataPageOffset, length: meta.TotalCompressedSize, physical: meta.Type, codec: meta.Codec}
	if d := meta.DictionaryPageOffset; d > 0 && d < p.offset {
		p.offset = d
	}
	switch {
	case c.FilePath != "":
		p.problem = fmt.Sprintf("its pages are in another file, %q", c.FilePath)
	case c.CryptoMetadata.Value != nil || c.EncryptedColumnMetadata != nil:
		p.problem = errEncrypted.Error()
	case p.physical != leaf:
		p.problem = fmt.Sprintf("the footer is damaged: the pages are of type %v, the schema has %v", p.physical, leaf)
	case p.offset < int64(len(magic)) || p.length < 0 || p.offset > end || p.length > end-p.offset:
		p.problem = fmt.Sprintf("the footer is damaged: the pages claim %d bytes at %d of the %d", p.length, p.offset, end)
	}
	return p
}

// Column describes a column of a data set.
type Column struct {
	Name        string
	Type        features.Type // the zero Type if the column is not supported
	Optional    bool          // whether values may be missing
	Unsupported string        // what the column is, if it cannot be read; "" otherwise
}

// form is how the bytes of a stored value are understood.
type form uint8

const (
	formText form = iota + 1
	formBool
	formInt32
	formUint32
	formInt64
	formUint64
	formFloat
	formDouble
	formDecimal32
	formDecimal64
	formDecimalBytes // big-endian two's complement, of fixed length or not
	formDays
	formMillis
	formMicros
	formNanos
	formInt96 // nanoseconds of the day and Julian day, as Impala and Spark wrote instants
)

// storedColumn is a column as one file stores it.
type storedColumn struct {
	Column
	leaf     int // its chunk among a row group's
	physical format.Type
	form     form
	width    int // bytes of a value; 0 for those that tell their own length, and for booleans
}

// describe fills the column in from its schema element, a leaf.
func (c *storedColumn) describe(e *format.SchemaElement) {
	c.Name, c.physical = e.Name, e.Type.V
	c.Optional = e.RepetitionType.Valid && e.RepetitionType.V == format.Optional
	switch c.physical {
	case format.Int32, format.Float:
		c.width = 4
	case format.Int64, format.Double:
		c.width = 8
	case format.Int96:
		c.width = 12
	case format.FixedLenByteArray:
		c.width = int(e.TypeLength.V)
	}
	if e.RepetitionType.Valid && e.RepetitionType.V == format.Repeated {
		c.Unsupported = "a repeated column"
		return
	}
	c.Type, c.form, c.Unsupported = storedType(e)
	if c.Unsupported == "" && c.physical == format.FixedLenByteArray && c.width < 1 {
		c.Unsupported = fmt.Sprintf("a column of values %d bytes long", c.width)
	}
	if c.Unsupported != "" {
		c.Type, c.form = features.Type{}, 0
	}
}
