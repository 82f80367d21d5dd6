package datasets

import (
	"context"
	"errors"
	"sync"

	"github.com/leadscore/leadscore/features"
)

// Load decodes the schema's columns, each from its first row to its last, and calls take with one run of values of
// a column after the other: those from row start on. It is what Batches does for a caller who needs no row whole:
// columns do not wait for each other, so take is called from several goroutines at a time, but for one column only
// from one, in the order of the rows. The Vector is take's until it returns.
//
// Values, dictionaries and errors are those of Batches. After an error the other columns are left where they are.
func (d *Dataset) Load(ctx context.Context, schema *features.Schema, options ReadOptions, take func(field, start int, v *features.Vector) error) error {
	if err := errors.Join(options.Validate(), d.checkSchema(schema)); err != nil {
		return err
	}
	p := newPipeline(d, schema, options)
	l := &loader{columns: p.columns, blocks: p.blocks, take: take, progress: options.Progress, failures: make([]error, len(p.columns))}
	var workers sync.WaitGroup
	for range min(options.Workers, len(l.columns)) {
		workers.Go(func() { l.work(ctx) })
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range l.failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// loader hands out whole columns to workers.
type loader struct {
	columns  []*columnReader
	blocks   blocks
	take     func(field, start int, v *features.Vector) error
	progress func(rows int)

	mutex    sync.Mutex
	next     int // column
	cells    int // read so far
	failed   bool
	failures []error // of each column
}

// work decodes columns until none is left.
func (l *loader) work(ctx context.Context) {
	var u unpacker
	defer u.close()
	var v features.Vector
	for {
		c := l.claim()
		if c < 0 {
			return
		}
		for i := range l.blocks.total {
			b := l.blocks.at(i)
			makeRoom(&v, l.columns[c].kind, b.rows)
			err := l.columns[c].read(b, &v, &u)
			if err == nil {
				err = l.take(l.columns[c].field, b.start, l.only(c, &v))
			}
			if !l.settle(c, b.rows, err) || ctx.Err() != nil {
				return
			}
		}
	}
}

// only returns the part of v that column c fills: v serves columns of all kinds.
func (l *loader) only(c int, v *features.Vector) *features.Vector {
	switch l.columns[c].kind {
	case features.Category:
		return &features.Vector{Codes: v.Codes, Dictionary: v.Dictionary}
	case features.Number:
		return &features.Vector{Numbers: v.Numbers}
	}
	return &features.Vector{Times: v.Times}
}

// claim returns the next column, or -1.
func (l *loader) claim() int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.failed || l.next == len(l.columns) {
		return -1
	}
	l.next++
	return l.next - 1
}

// settle notes that a column has come some rows further, or failed, and says whether to go on.
func (l *loader) settle(c, rows int, err error) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err != nil {
		l.failed, l.failures[c] = true, err
		return false
	}
	l.cells += rows
	if l.progress != nil {
		l.progress(l.cells / len(l.columns))
	}
	return !l.failed
}
