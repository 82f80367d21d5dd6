package datasets

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"golang.org/x/sync/errgroup"
)

// Compression names how the pages of a file are packed.
type Compression string

// The compressions that a Writer offers.
const (
	Zstd         Compression = "zstd"
	Snappy       Compression = "snappy"
	Uncompressed Compression = "none"
)

var codecs = map[Compression]compress.Codec{Zstd: &parquet.Zstd, Snappy: &parquet.Snappy, Uncompressed: &parquet.Uncompressed}

// WriteOptions says how a Parquet file is laid out.
type WriteOptions struct {
	Compression  Compression
	RowGroupRows int    // rows of a row group, which is what one goroutine reads at a time
	SortedBy     string // column that the rows ascend in, missing last, or "": recorded in the file, and checked
}

// maxRowGroupRows bounds what a Writer keeps in memory before a row group goes to the disk.
const maxRowGroupRows = 1 << 24

// DefaultWriteOptions returns zstd, and row groups small enough to be read in parallel.
func DefaultWriteOptions() WriteOptions {
	return WriteOptions{Compression: Zstd, RowGroupRows: 250_000}
}

// Validate lists every option that cannot be.
func (o WriteOptions) Validate() error {
	var problems []error
	if _, known := codecs[o.Compression]; !known {
		problems = append(problems, fmt.Errorf("datasets: options: Compression %q is none of zstd, snappy, none", o.Compression))
	}
	if o.RowGroupRows < 1 || o.RowGroupRows > maxRowGroupRows {
		problems = append(problems, fmt.Errorf("datasets: options: RowGroupRows %d is outside 1 to %d", o.RowGroupRows, maxRowGroupRows))
	}
	return errors.Join(problems...)
}

// Writer writes Frames into one Parquet file, which appears under its name when Close succeeds. Equal rows
// give equal bytes, however they are cut into frames. It is not safe for concurrent use.
type Writer struct {
	file    *atomicFile
	parquet *parquet.GenericWriter[any]
	columns []columnEncoder
	order   sortCheck
	limit   int // rows of a row group
	rows    int // rows of the open row group
	err     error
}

// NewWriter begins the file at path. Of the columns only Name, Type and whether Valid is nil are read: a column
// with a Valid that is not nil, though it may be empty, is optional.
func NewWriter(path string, columns []FrameColumn, options WriteOptions) (*Writer, error) {
	if err := errors.Join(options.Validate(), checkColumns(path, columns, options)); err != nil {
		return nil, err
	}
	file, err := createAtomic(path)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: file, limit: options.RowGroupRows, order: sortCheck{column: options.SortedBy}}
	w.parquet = parquet.NewGenericWriter[any](file, writerOptions(columns, options)...)
	for i, c := range columns {
		w.columns = append(w.columns, columnEncoder{
			name: c.Name, typ: c.Type, optional: c.Valid != nil, index: i, values: make([]parquet.Value, 0, valuesAtOnce),
		})
	}
	return w, nil
}

func checkColumns(path string, columns []FrameColumn, options WriteOptions) error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("datasets: %s: "+format, append([]any{path}, args...)...))
	}
	if len(columns) == 0 {
		bad("no columns to write")
	}
	known := map[string]bool{}
	for i, c := range columns {
		switch {
		case c.Name == "":
			bad("column %d has no name", i+1)
		case !utf8.ValidString(c.Name):
			bad("column %q: its name is not valid UTF-8", c.Name)
		case known[c.Name]:
			bad("column %q: there are two of this name", c.Name)
		}
		known[c.Name] = true
		if _, err := nodeOf(c.Type); err != nil {
			bad("column %q: %w", c.Name, err)
		}
	}
	if options.SortedBy != "" && !known[options.SortedBy] {
		bad("column %q: the file is to be sorted by it, but it is not in the file", options.SortedBy)
	}
	return errors.Join(problems...)
}

const (
	pageBytes       = 256 << 10
	dictionaryBytes = 1 << 20 // beyond it the rest of a row group's texts are written as they are
)

func writerOptions(columns []FrameColumn, options WriteOptions) []parquet.WriterOption {
	group := orderedGroup{Group: parquet.Group{}}
	for _, c := range columns {
		node, _ := nodeOf(c.Type) // checked by checkColumns
		if c.Valid != nil {
			node = parquet.Optional(node)
		}
		group.Group[c.Name] = node
		group.names = append(group.names, c.Name)
	}
	list := []parquet.WriterOption{
		parquet.NewSchema("leads", group),
		parquet.Compression(codecs[options.Compression]),
		parquet.CreatedBy("leadscore", "1.0.0", "datasets"), // fixed: the bytes must not depend on the build
		parquet.PageBufferSize(pageBytes),
		parquet.DataPageStatistics(true),
		parquet.DictionaryMaxBytes(dictionaryBytes),
	}
	if options.SortedBy != "" {
		list = append(list, parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending(options.SortedBy))))
	}
	return list
}

// orderedGroup is a group whose columns stand in the order given; those of a parquet.Group are sorted by name.
type orderedGroup struct {
	parquet.Group
	names []string
}

// Fields implements parquet.Node.
func (g orderedGroup) Fields() []parquet.Field {
	fields := g.Group.Fields()
	byName := make(map[string]parquet.Field, len(fields))
	for _, f := range fields {
		byName[f.Name()] = f
	}
	for i, name := range g.names {
		fields[i] = byName[name]
	}
	return fields
}

// Write appends the rows of the frame, whose columns must be those of NewWriter in their order. After an error
// the file is lost: Close returns the error again and leaves nothing.
func (w *Writer) Write(f Frame) error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.write(f); w.err != nil {
		w.err = fmt.Errorf("datasets: %s: %w", w.file.path, w.err)
		w.file.abort()
	}
	return w.err
}

func (w *Writer) write(f Frame) error {
	if err := w.check(f); err != nil {
		return err
	}
	for low := 0; low < f.Rows; {
		high := min(f.Rows, low+w.limit-w.rows)
		if err := w.writeRows(f, low, high); err != nil {
			return err
		}
		w.rows += high - low
		if w.rows == w.limit {
			if err := w.endRowGroup(); err != nil {
				return err
			}
		}
		low = high
	}
	return nil
}

// writeRows appends rows low to high, columns in parallel.
func (w *Writer) writeRows(f Frame, low, high int) error {
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	writers := w.parquet.ColumnWriters()
	failures := make([]error, len(w.columns)) // the first column's is told, whichever goroutine was first
	for i := range w.columns {
		group.Go(func() error {
			failures[i] = w.columns[i].write(writers[i], &f.Columns[i], low, high)
			return nil
		})
	}
	_ = group.Wait() // the goroutines return nil
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// endRowGroup sends the open row group to the file.
func (w *Writer) endRowGroup() error {
	for i, column := range w.parquet.ColumnWriters() {
		if err := w.columns[i].flush(column); err != nil {
			return err
		}
	}
	w.rows = 0
	return w.parquet.Flush()
}

func (w *Writer) check(f Frame) error {
	if len(f.Columns) != len(w.columns) {
		return fmt.Errorf("frame has %d columns, the file %d", len(f.Columns), len(w.columns))
	}
	for i := range f.Columns {
		if err := w.columns[i].check(&f.Columns[i], f.Rows); err != nil {
			return fmt.Errorf("column %q: %w", w.columns[i].name, err)
		}
	}
	if i := slices.IndexFunc(f.Columns, func(c FrameColumn) bool { return c.Name == w.order.column }); i >= 0 {
		return w.order.check(&f.Columns[i], f.Rows)
	}
	return nil
}

// Close finishes the file and puts it under its name.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	w.err = errClosed
	err := w.endRowGroup()
	if err == nil {
		err = w.parquet.Close()
	}
	if err != nil {
		w.file.abort()
		return fmt.Errorf("datasets: %s: %w", w.file.path, err)
	}
	return w.file.commit()
}

var errClosed = errors.New("datasets: writer: is closed")

// Abort drops the file. After Close it does nothing.
func (w *Writer) Abort() {
	if w.err == nil {
		w.err = errClosed
	}
	w.file.abort()
}
