package datasets

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// ReadOptions says how a data set is read. No option changes a value.
type ReadOptions struct {
	Workers   int            // goroutines that decode
	BatchRows int            // most rows of a Batch
	Progress  func(rows int) // told after each Batch how many rows have been read, or nil
}

const (
	maxWorkers   = 1024
	maxBatchRows = 1 << 20
)

// DefaultReadOptions returns a goroutine for each processor, and Batches of 65,536 rows.
func DefaultReadOptions() ReadOptions {
	return ReadOptions{Workers: runtime.GOMAXPROCS(0), BatchRows: 1 << 16}
}

// Validate lists every option that cannot be.
func (o ReadOptions) Validate() error {
	var problems []error
	if o.Workers < 1 || o.Workers > maxWorkers {
		problems = append(problems, fmt.Errorf("datasets: options: Workers %d is outside 1 to %d", o.Workers, maxWorkers))
	}
	if o.BatchRows < 1 || o.BatchRows > maxBatchRows {
		problems = append(problems, fmt.Errorf("datasets: options: BatchRows %d is outside 1 to %d", o.BatchRows, maxBatchRows))
	}
	return errors.Join(problems...)
}

// Batches decodes the schema's columns and calls fn with one block of rows after the other, in the order of the
// rows and from one goroutine, while the next blocks are being decoded. A block does not reach over a row group.
//
// Columns of RoleExcluded are not read, and their Vectors are empty. A file whose column has another type than the
// schema is an error, unless both are numbers or both are times: then each value is narrowed to the schema's type,
// and a value that it cannot hold is an error. Numbers are never -0 and never infinite.
//
// Codes refer to the dictionary that the row group's pages refer to. A block with values that are in no dictionary
// has a Dictionary of its own.
//
// The Batch and its memory are fn's until it returns; Dictionaries and their texts stay as they are for ever.
// Batches returns when all goroutines that it started have ended: with fn's error as it is, with ctx's, or with
// one that names file, column, row group and, where one is at fault, row. Row groups and rows of a file are counted
// from 0.
func (d *Dataset) Batches(ctx context.Context, schema *features.Schema, options ReadOptions, fn func(*features.Batch) error) error {
	if err := options.Validate(); err != nil {
		return err
	}
	if err := d.checkSchema(schema); err != nil {
		return err
	}
	return newPipeline(d, schema, options).run(ctx, options, fn)
}

// checkSchema makes sure that every file has the schema's columns, and of types that can become the schema's.
func (d *Dataset) checkSchema(schema *features.Schema) error {
	for _, f := range d.files {
		for i := range schema.Fields() {
			field := &schema.Fields()[i]
			if field.Role == features.RoleExcluded {
				continue
			}
			if err := f.checkField(field); err != nil {
				return fmt.Errorf("datasets: %s: column %q: %w", f.path, field.Name, err)
			}
		}
	}
	return nil
}

func (f *file) checkField(field *features.Field) error {
	at, found := f.at[field.Name]
	if !found {
		names := make([]string, len(f.columns))
		for i, c := range f.columns {
			names[i] = c.Name
		}
		return fmt.Errorf("not in the file%s", suggest(field.Name, names))
	}
	c := f.columns[at]
	if c.Unsupported != "" {
		return fmt.Errorf("is %s, which is not supported", c.Unsupported)
	}
	if family(c.Type) != family(field.Type) {
		return fmt.Errorf("is %v in the file, but %v in the schema", c.Type, field.Type)
	}
	return nil
}

// family returns a type that stands for those whose values can become one another's.
func family(t features.Type) features.Base {
	switch {
	case t.Numeric():
		return features.Float64
	case t.Temporal():
		return features.Timestamp
	}
	return t.Base
}

// block is a run of rows within a row group.
type block struct {
	file, group int
	first       int64 // its first row in the row group
	rows        int
	start       int // its first row in the data set
}

// blocks cuts a data set into blocks.
type blocks struct {
	groups []groupBlocks
	total  int
	rows   int // of a block
}

type groupBlocks struct {
	file, group int
	first       int // number of its first block
	start       int // its first row in the data set
	rows        int64
}

func newBlocks(d *Dataset, rows int) blocks {
	b := blocks{rows: rows}
	start := 0
	for i, f := range d.files {
		for j, g := range f.groups {
			if g.rows == 0 {
				continue
			}
			b.groups = append(b.groups, groupBlocks{file: i, group: j, first: b.total, start: start, rows: g.rows})
			b.total += int((g.rows-1)/int64(rows)) + 1
			start += int(g.rows)
		}
	}
	return b
}

// at returns block i.
func (b *blocks) at(i int) block {
	n, found := slices.BinarySearchFunc(b.groups, i, func(g groupBlocks, i int) int { return g.first - i })
	if !found {
		n--
	}
	g := b.groups[n]
	first := int64(i-g.first) * int64(b.rows)
	return block{
		file: g.file, group: g.group, first: first, rows: int(min(int64(b.rows), g.rows-first)), start: g.start + int(first),
	}
}
