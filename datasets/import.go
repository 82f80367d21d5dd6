package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/leadscore/leadscore/features"
)

// ImportOptions says how a CSV file is to be understood.
type ImportOptions struct {
	Separator  rune
	Null       []string                 // texts that mean "no value"; the empty text always does
	TimeLayout string                   // how times are written, as package time's layouts say it; "" = ISO 8601
	Types      map[string]features.Type // types of columns that are not to be inferred
	Write      WriteOptions
	Progress   func(done, total int64) // told now and then how many bytes have been read of two passes, or nil
}

// DefaultImportOptions returns a comma, no null texts, ISO times and the default layout of the file written.
func DefaultImportOptions() ImportOptions {
	return ImportOptions{Separator: ',', Write: DefaultWriteOptions()}
}

// Validate lists every option that cannot be.
func (o ImportOptions) Validate() error {
	var problems []error
	if !validSeparator(o.Separator) {
		problems = append(problems, fmt.Errorf("datasets: options: Separator %q cannot separate values", o.Separator))
	}
	for name, t := range o.Types {
		if _, err := nodeOf(t); err != nil {
			problems = append(problems, fmt.Errorf("datasets: options: Types: column %q: %w", name, err))
		}
	}
	return errors.Join(append(problems, o.Write.Validate())...)
}

// ImportReport is what an import found.
type ImportReport struct {
	Rows    int        `json:"rows"`
	Columns []Inferred `json:"columns"`
	Notes   []string   `json:"notes,omitempty"` // what the caller may have meant otherwise
}

// ImportCSV turns a CSV file into a Parquet file. It reads the file twice: to infer the types from all cells, and
// to write; neither keeps more than a block of rows in memory. A column is a boolean (true and false), an integer,
// a number, a date, a time or else a text; yes and no, and digits that begin with a zero or a plus, are texts.
// Texts are written as they are, for the reader to normalise.
func ImportCSV(ctx context.Context, in, out string, options ImportOptions) (*ImportReport, error) {
	if err := options.Validate(); err != nil {
		return nil, err
	}
	m := &importer{path: in, options: options, null: map[string]bool{"": true}}
	for _, text := range options.Null {
		m.null[features.Normalise(text)] = true
	}
	report, err := m.infer(ctx)
	if err != nil {
		return nil, err
	}
	return report, m.write(ctx, out, report)
}

// importer holds what the two passes share.
type importer struct {
	path    string
	options ImportOptions
	null    map[string]bool
	passed  int64 // bytes of the passes before
	size    int64
}

// rowsAtOnce is how many rows of a text file are handled between two looks at the context.
const rowsAtOnce = 8192

// each calls fn for every row of the file.
func (m *importer) each(ctx context.Context, c *CSV, fn func(line int, cells []string) error) error {
	info, err := c.file.Stat()
	if err != nil {
		return fmt.Errorf("datasets: %s: %w", m.path, rootCause(err))
	}
	m.size = info.Size()
	for row := 0; ; row++ {
		if row%rowsAtOnce == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if m.options.Progress != nil {
				m.options.Progress(m.passed+c.guard.done, 2*m.size)
			}
		}
		line, cells, err := c.Next()
		if err == io.EOF {
			m.passed += c.guard.done
			return nil
		}
		if err == nil {
			err = fn(line, cells)
		}
		if err != nil {
			return err
		}
	}
}

// infer is the first pass.
func (m *importer) infer(ctx context.Context) (*ImportReport, error) {
	c, err := OpenCSV(m.path, m.options.Separator)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	columns := make([]*inference, len(c.header))
	for i, name := range c.header {
		columns[i] = newInference(name, m.options.TimeLayout)
	}
	for name := range m.options.Types {
		if !slices.Contains(c.header, name) {
			return nil, fmt.Errorf("datasets: %s: column %q: has a type given, but is not in the file%s", m.path, name, suggest(name, c.header))
		}
	}
	report := &ImportReport{}
	err = m.each(ctx, c, func(line int, cells []string) error {
		report.Rows++
		for i, cell := range cells {
			if text := features.Normalise(cell); m.null[text] {
				columns[i].missing++
			} else {
				columns[i].add(line, text)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.conclude(report, columns, c.unnamed)
	return report, nil
}

func (m *importer) conclude(report *ImportReport, columns []*inference, unnamed int) {
	if unnamed > 0 {
		report.Notes = append(report.Notes, fmt.Sprintf("left out at the end: %d without a name and without a value", unnamed))
	}
	for _, column := range columns {
		result := column.result()
		if t, given := m.options.Types[column.column]; given {
			result.Type = t
		} else {
			report.Notes = append(report.Notes, column.notes()...)
		}
		if column.cells == 0 && report.Rows > 0 {
			report.Notes = append(report.Notes, fmt.Sprintf("column %q has no value", column.column))
		}
		report.Columns = append(report.Columns, result)
	}
}

// write is the second pass.
func (m *importer) write(ctx context.Context, out string, report *ImportReport) error {
	c, err := OpenCSV(m.path, m.options.Separator)
	if err != nil {
		return err
	}
	defer c.Close()
	frame := newImportFrame(report.Columns)
	w, err := NewWriter(out, frame.Columns, m.options.Write)
	if err != nil {
		return err
	}
	defer w.Abort()
	rows := 0
	err = m.each(ctx, c, func(line int, cells []string) error {
		if len(cells) != len(frame.Columns) || rows == report.Rows {
			return fmt.Errorf("datasets: %s: line %d: the file changed while it was being read", m.path, line)
		}
		rows++
		for i, cell := range cells {
			if err := m.addCell(&frame.Columns[i], cell); err != nil {
				return fmt.Errorf("datasets: %s: line %d, column %q: %w", m.path, line, frame.Columns[i].Name, err)
			}
		}
		if frame.Rows++; frame.Rows < rowsAtOnce {
			return nil
		}
		return flushFrame(w, &frame)
	})
	if err == nil {
		err = flushFrame(w, &frame)
	}
	if err != nil {
		return err
	}
	return w.Close()
}

// newImportFrame makes an empty frame. A column is optional if it has missing cells.
func newImportFrame(columns []Inferred) Frame {
	f := Frame{Columns: make([]FrameColumn, len(columns))}
	for i, c := range columns {
		f.Columns[i] = FrameColumn{Name: c.Column, Type: c.Type}
		f.Columns[i].empty()
		if c.Missing > 0 {
			f.Columns[i].Valid = []bool{}
		}
	}
	return f
}

// empty drops the column's values and keeps their memory.
func (c *FrameColumn) empty() {
	switch {
	case c.Type.Base == features.String:
		c.Texts = c.Texts[:0]
	case c.Type.Base == features.Bool:
		c.Bools = c.Bools[:0]
	case c.Type.Integer():
		c.Ints = c.Ints[:0]
	case c.Type.Temporal():
		c.Times = c.Times[:0]
	default:
		c.Floats = c.Floats[:0]
	}
	if c.Valid != nil {
		c.Valid = c.Valid[:0]
	}
}

func flushFrame(w *Writer, f *Frame) error {
	if f.Rows == 0 {
		return nil
	}
	err := w.Write(*f)
	for i := range f.Columns {
		f.Columns[i].empty()
	}
	f.Rows = 0
	return err
}

// addCell appends a cell to a column.
func (m *importer) addCell(c *FrameColumn, cell string) error {
	text := features.Normalise(cell)
	missing := m.null[text]
	if missing && c.Valid == nil {
		return errors.New("the file changed while it was being read")
	}
	if c.Valid != nil {
		c.Valid = append(c.Valid, !missing)
	}
	if missing {
		c.addZero()
		return nil
	}
	switch {
	case c.Type.Base == features.String:
		c.Texts = append(c.Texts, cell)
	case c.Type.Base == features.Bool:
		b, err := features.ParseBool(text)
		c.Bools = append(c.Bools, b)
		return err
	case c.Type.Temporal():
		t, err := parseTime(text, m.options.TimeLayout)
		c.Times = append(c.Times, t)
		return err
	case c.Type.Integer():
		x, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%s is not a whole number", shorten(text))
		}
		c.Ints = append(c.Ints, x)
		_, err = integerValue(c.Type, x)
		return err
	default:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(x) {
			return fmt.Errorf("%s is not a number", shorten(text))
		}
		c.Floats = append(c.Floats, x)
		_, err = c.Type.Narrow(x)
		return err
	}
	return nil
}

// addZero appends what stands where a value is missing.
func (c *FrameColumn) addZero() {
	switch {
	case c.Type.Base == features.String:
		c.Texts = append(c.Texts, "")
	case c.Type.Base == features.Bool:
		c.Bools = append(c.Bools, false)
	case c.Type.Integer():
		c.Ints = append(c.Ints, 0)
	case c.Type.Temporal():
		c.Times = append(c.Times, 0)
	default:
		c.Floats = append(c.Floats, 0)
	}
}
