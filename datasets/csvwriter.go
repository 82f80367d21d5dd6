package datasets

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/leadscore/leadscore/features"
)

// CSVWriter writes Frames into a CSV file with a header, which appears under its name when Close succeeds. Missing
// values are empty cells; numbers are in their shortest form, dates as 2006-01-31, times in RFC 3339.
//
// A text that a spreadsheet would run as a formula, because it begins with =, +, -, @, a tab or a carriage return,
// gets a single quote in front. Numbers do not.
type CSVWriter struct {
	file    *atomicFile
	csv     *csv.Writer
	columns []columnEncoder
	cells   []string
	err     error
}

// NewCSVWriter begins the file at path. Of the columns only Name and Type are read.
func NewCSVWriter(path string, columns []FrameColumn) (*CSVWriter, error) {
	if err := checkColumns(path, columns, WriteOptions{}); err != nil {
		return nil, err
	}
	file, err := createAtomic(path)
	if err != nil {
		return nil, err
	}
	w := &CSVWriter{file: file, csv: csv.NewWriter(file), cells: make([]string, len(columns))}
	for i, c := range columns {
		w.columns = append(w.columns, columnEncoder{name: c.Name, typ: c.Type})
		w.cells[i] = harmless(c.Name)
	}
	return w, w.note(w.csv.Write(w.cells))
}

// harmless puts a quote before a text that would be a formula.
func harmless(text string) string {
	if text != "" && strings.IndexByte("=+-@\t\r", text[0]) >= 0 {
		return "'" + text
	}
	return text
}

// note keeps an error and drops the file.
func (w *CSVWriter) note(err error) error {
	if err != nil {
		w.err = fmt.Errorf("datasets: %s: %w", w.file.path, err)
		w.file.abort()
	}
	return w.err
}

// Write appends the rows of the frame, whose columns must be those of NewCSVWriter in their order.
func (w *CSVWriter) Write(f Frame) error {
	if w.err != nil {
		return w.err
	}
	if len(f.Columns) != len(w.columns) {
		return w.note(fmt.Errorf("frame has %d columns, the file %d", len(f.Columns), len(w.columns)))
	}
	for i := range f.Columns {
		if err := w.columns[i].check(&f.Columns[i], f.Rows); err != nil {
			return w.note(fmt.Errorf("column %q: %w", w.columns[i].name, err))
		}
	}
	for row := range f.Rows {
		for i := range f.Columns {
			w.cells[i] = f.Columns[i].cell(row)
		}
		if err := w.csv.Write(w.cells); err != nil {
			return w.note(err)
		}
	}
	return nil
}

// cell writes a value as text.
func (c *FrameColumn) cell(row int) string {
	if c.missing(row) {
		return ""
	}
	switch {
	case c.Type.Base == features.String:
		return harmless(c.text(row))
	case c.Type.Base == features.Bool:
		return strconv.FormatBool(c.Bools[row])
	case c.Type.Integer():
		return strconv.FormatInt(c.Ints[row], 10)
	case c.Type.Base == features.Date:
		return time.UnixMicro(c.Times[row]).UTC().Format(time.DateOnly)
	case c.Type.Base == features.Timestamp:
		return features.FormatTime(c.Times[row])
	case c.Type.Base == features.Float32:
		return strconv.FormatFloat(c.Floats[row], 'g', -1, 32)
	}
	return strconv.FormatFloat(c.Floats[row], 'g', -1, 64)
}

// Close finishes the file and puts it under its name.
func (w *CSVWriter) Close() error {
	if w.err != nil {
		return w.err
	}
	w.csv.Flush()
	if err := w.note(w.csv.Error()); err != nil {
		return err
	}
	w.err = errClosed
	return w.file.commit()
}

// Abort drops the file. After Close it does nothing.
func (w *CSVWriter) Abort() {
	if w.err == nil {
		w.err = errClosed
	}
	w.file.abort()
}
