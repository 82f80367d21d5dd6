package datasets

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/leadscore/leadscore/features"
)

// ReadCSV reads a CSV file as leads of the schema and calls fn with one block of rows after the other. Columns are
// found by their names in the header, in any order; others are left alone. A feature that the file does not have is
// an error; other columns of the schema may be absent, and are missing then. The Batch is fn's until it returns.
func ReadCSV(ctx context.Context, path string, schema *features.Schema, separator rune, fn func(*features.Batch) error) error {
	c, err := OpenCSV(path, separator)
	if err != nil {
		return err
	}
	defer c.Close()
	b, err := newCSVBlock(c, schema)
	if err != nil {
		return err
	}
	for {
		line, cells, err := c.Next()
		if err == nil {
			if err = b.add(line, cells); err == nil && b.batch.Rows < rowsAtOnce {
				continue
			}
		}
		if err != nil && err != io.EOF {
			return err
		}
		end := err == io.EOF
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.batch.Rows > 0 {
			if err := b.hand(fn); err != nil {
				return err
			}
		}
		if end {
			return nil
		}
	}
}

// csvBlock is a Batch that is being filled from rows of texts.
type csvBlock struct {
	path    string
	schema  *features.Schema
	at      []int // of each field: its column of the file, or -1
	entries []*entries
	batch   features.Batch
}

func newCSVBlock(c *CSV, schema *features.Schema) (*csvBlock, error) {
	fields := schema.Fields()
	b := &csvBlock{path: c.path, schema: schema, at: make([]int, len(fields)), entries: make([]*entries, len(fields))}
	b.batch = features.Batch{Schema: schema, Vectors: make([]features.Vector, len(fields))}
	columns := map[string]int{}
	for i, name := range c.header {
		columns[name] = i
	}
	for i, f := range fields {
		column, found := columns[f.Name]
		if !found {
			if f.Role.Feature() {
				return nil, fmt.Errorf("datasets: %s: column %q: not in the file%s", c.path, f.Name, suggest(f.Name, c.header))
			}
			column = -1
		}
		b.at[i] = column
		b.entries[i] = newEntries(schema, i, f.Role != features.RoleID)
	}
	return b, nil
}

// add appends a row.
func (b *csvBlock) add(line int, cells []string) error {
	for i := range b.batch.Vectors {
		f := &b.schema.Fields()[i]
		if f.Role == features.RoleExcluded {
			continue
		}
		cell := ""
		if b.at[i] >= 0 {
			cell = cells[b.at[i]]
		}
		if err := b.addCell(i, f, cell); err != nil {
			return fmt.Errorf("datasets: %s: line %d, column %q: %w", b.path, line, f.Name, err)
		}
	}
	b.batch.Rows++
	return nil
}

func (b *csvBlock) addCell(i int, f *features.Field, cell string) error {
	v := &b.batch.Vectors[i]
	if f.Kind == features.Category {
		e := b.entries[i]
		at := e.cell(cell)
		v.Codes = append(v.Codes, e.codes[at])
		return e.problems[at]
	}
	value, err := b.schema.TextValue(i, cell)
	if f.Kind == features.Number {
		if !value.Present {
			value.Number = math.NaN()
		}
		v.Numbers = append(v.Numbers, value.Number)
		return err
	}
	if !value.Present {
		value.Time = features.NoTime
	}
	v.Times = append(v.Times, value.Time)
	return err
}

// hand calls fn with the rows so far and begins anew.
func (b *csvBlock) hand(fn func(*features.Batch) error) error {
	for i, f := range b.schema.Fields() {
		if f.Kind == features.Category && f.Role != features.RoleExcluded {
			b.batch.Vectors[i].Dictionary = &features.Dictionary{Levels: b.entries[i].levels}
		}
	}
	if err := fn(&b.batch); err != nil {
		return err
	}
	b.batch.Start, b.batch.Rows = b.batch.Start+b.batch.Rows, 0
	for i := range b.batch.Vectors {
		v := &b.batch.Vectors[i]
		v.Codes, v.Numbers, v.Times = v.Codes[:0], v.Numbers[:0], v.Times[:0]
		b.entries[i].reset()
	}
	return nil
}
