package datasets

import (
	"context"
	"sync"

	"github.com/leadscore/leadscore/features"
)

// pipeline decodes blocks ahead of the function that takes them. Each column goes through the blocks on its own,
// at most so many blocks ahead as there are slots; a worker takes a column of those that are furthest behind.
//
// Note: one goroutine for each row group, the usual way, needs a row group's rows in memory to keep more than one
// processor busy, and leaves all but one idle in a file of one row group.
type pipeline struct {
	blocks  blocks
	columns []*columnReader

	mutex   sync.Mutex
	change  sync.Cond
	slots   [slotCount]slot      // block i is in slot i mod slotCount
	ready   [slotCount + 1][]int // columns that may begin block i are at i mod (slotCount+1)
	taken   int                  // blocks that fn is done with
	stopped bool
}

// slot holds a block that is being decoded or waits for fn.
type slot struct {
	batch    features.Batch
	finished int   // columns
	failure  error // of the first column that failed
	failed   int   // which column that was
}

const (
	slotCount  = 4
	blockBytes = 64 << 20 // most bytes of a block's vectors, so that many columns make short blocks
)

func newPipeline(d *Dataset, schema *features.Schema, options ReadOptions) *pipeline {
	p := &pipeline{}
	p.change.L = &p.mutex
	for i := range schema.Fields() {
		if schema.Fields()[i].Role != features.RoleExcluded {
			p.ready[0] = append(p.ready[0], len(p.columns))
			p.columns = append(p.columns, newColumnReader(d, schema, i))
		}
	}
	p.blocks = newBlocks(d, max(1, min(options.BatchRows, blockBytes/8/max(1, len(p.columns)))))
	for i := range p.slots {
		p.slots[i].batch = features.Batch{Schema: schema, Vectors: make([]features.Vector, len(schema.Fields()))}
	}
	return p
}

// run decodes with the given number of workers and hands the blocks to fn.
func (p *pipeline) run(ctx context.Context, options ReadOptions, fn func(*features.Batch) error) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	defer p.stop()
	defer context.AfterFunc(ctx, p.stop)()
	for range min(options.Workers, len(p.columns)) {
		workers.Go(p.work)
	}
	done := 0
	for i := range p.blocks.total {
		batch, err := p.await(ctx, i)
		if err != nil {
			return err
		}
		if err := fn(batch); err != nil {
			return err
		}
		p.release(i)
		if done += batch.Rows; options.Progress != nil {
			options.Progress(done)
		}
	}
	return ctx.Err()
}

// await waits until block i is decoded. Of several columns that failed at it, the first one's error counts.
func (p *pipeline) await(ctx context.Context, i int) (*features.Batch, error) {
	b, s := p.blocks.at(i), &p.slots[i%slotCount]
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for s.finished < len(p.columns) && !p.stopped {
		p.change.Wait()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.batch.Start, s.batch.Rows = b.start, b.rows
	return &s.batch, s.failure
}

// release gives the slot of block i back.
func (p *pipeline) release(i int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.taken++
	p.slots[i%slotCount].finished = 0
	p.change.Broadcast()
}

func (p *pipeline) stop() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.stopped = true
	p.change.Broadcast()
}

// work decodes until it is stopped.
func (p *pipeline) work() {
	var u unpacker
	defer u.close()
	for {
		c, i := p.claim()
		if c < 0 {
			return
		}
		b, column := p.blocks.at(i), p.columns[c]
		v := &p.slots[i%slotCount].batch.Vectors[column.field]
		makeRoom(v, column.kind, b.rows)
		p.settle(c, i, column.read(b, v, &u))
	}
}

// claim waits for a column that may begin a block, and returns both, or -1 when the pipeline is stopped.
func (p *pipeline) claim() (column, block int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for !p.stopped {
		for i := p.taken; i < min(p.taken+slotCount, p.blocks.total); i++ {
			ready := &p.ready[i%len(p.ready)]
			if n := len(*ready); n > 0 {
				column = (*ready)[n-1]
				*ready = (*ready)[:n-1]
				return column, i
			}
		}
		p.change.Wait()
	}
	return -1, 0
}

// settle notes that a column is done with block i, or failed at it. A column that failed goes no further.
func (p *pipeline) settle(c, i int, err error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	s := &p.slots[i%slotCount]
	s.finished++
	switch {
	case err == nil:
		next := (i + 1) % len(p.ready)
		p.ready[next] = append(p.ready[next], c)
	case s.failure == nil || c < s.failed:
		s.failure, s.failed = err, c
	}
	p.change.Broadcast()
}

// makeRoom sets the slice of the vector that the kind asks for.
func makeRoom(v *features.Vector, kind features.Kind, rows int) {
	switch kind {
	case features.Category:
		v.Codes = roomFor(v.Codes, rows)
	case features.Number:
		v.Numbers = roomFor(v.Numbers, rows)
	case features.Time:
		v.Times = roomFor(v.Times, rows)
	}
}

func roomFor[T any](values []T, rows int) []T {
	if cap(values) < rows {
		values = make([]T, rows)
	}
	return values[:rows]
}
