package datasets

import (
	"context"
	"sync"

	"github.com/leadscore/leadscore/features"
)

// pipeline decodes blocks ahead of the function that takes them. Each column goes through the blocks on its own,
// at most so many blocks ahead as there are slots; a worker takes the column that is furthest behind.
//
// Note: one goroutine for each row group, the usual way, needs a row group's rows in memory to keep more than one
// processor busy, and leaves all but one idle in a file of one row group.
type pipeline struct {
	blocks  blocks
	columns []*columnReader
	slots   []features.Batch // block i is in slot i mod len(slots)

	mutex   sync.Mutex
	change  sync.Cond
	next    []int   // of each column: the block that it comes to next
	busy    []bool  // of each column: whether a worker has it
	failed  []error // of each column: why it stopped
	taken   int     // blocks that fn is done with
	stopped bool
}

const (
	slotCount  = 4
	blockBytes = 64 << 20 // most bytes of a block's vectors, so that many columns make short blocks
)

func newPipeline(d *Dataset, schema *features.Schema, options ReadOptions) *pipeline {
	p := &pipeline{slots: make([]features.Batch, slotCount)}
	p.change.L = &p.mutex
	for i := range schema.Fields() {
		if schema.Fields()[i].Role != features.RoleExcluded {
			p.columns = append(p.columns, newColumnReader(d, schema, i))
		}
	}
	rows := max(1, min(options.BatchRows, blockBytes/8/max(1, len(p.columns))))
	p.blocks = newBlocks(d, rows)
	p.next, p.busy, p.failed = make([]int, len(p.columns)), make([]bool, len(p.columns)), make([]error, len(p.columns))
	for i := range p.slots {
		p.slots[i] = features.Batch{Schema: schema, Vectors: make([]features.Vector, len(schema.Fields()))}
	}
	return p
}

// run decodes with the given number of workers and hands the blocks to fn.
func (p *pipeline) run(ctx context.Context, options ReadOptions, fn func(*features.Batch) error) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	defer p.stop()
	defer context.AfterFunc(ctx, p.stop)()
	for range min(options.Workers, max(1, len(p.columns))) {
		workers.Go(p.work)
	}
	done := 0
	for i := range p.blocks.total {
		if err := p.await(ctx, i); err != nil {
			return err
		}
		b := p.blocks.at(i)
		batch := &p.slots[i%slotCount]
		batch.Start, batch.Rows = b.start, b.rows
		if err := fn(batch); err != nil {
			return err
		}
		p.release()
		if done += b.rows; options.Progress != nil {
			options.Progress(done)
		}
	}
	return ctx.Err()
}

// await waits until block i is decoded. Of several columns that failed at it, the first one's error counts.
func (p *pipeline) await(ctx context.Context, i int) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for !p.stopped && ctx.Err() == nil {
		ready := true
		var failure error
		for c := range p.columns {
			if p.next[c] > i {
				continue
			}
			if p.failed[c] == nil {
				ready = false
				break
			}
			if failure == nil {
				failure = p.failed[c]
			}
		}
		if ready {
			return failure
		}
		p.change.Wait()
	}
	return ctx.Err()
}

// release gives the slot of the block that fn was called with back.
func (p *pipeline) release() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.taken++
	p.change.Broadcast()
}

func (p *pipeline) stop() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.stopped = true
	p.change.Broadcast()
}

// work decodes until nothing is left.
func (p *pipeline) work() {
	var u unpacker
	defer u.close()
	for {
		c, i := p.claim()
		if c < 0 {
			return
		}
		b, column := p.blocks.at(i), p.columns[c]
		v := &p.slots[i%slotCount].Vectors[column.field]
		makeRoom(v, column.kind, b.rows)
		p.settle(c, column.read(b, v, &u))
	}
}

// claim waits for a column that may go on, and returns it and its block, or -1 at the end.
func (p *pipeline) claim() (column, block int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for !p.stopped {
		behind, unfinished := -1, false
		for c, next := range p.next {
			if p.failed[c] != nil || next == p.blocks.total {
				continue
			}
			unfinished = true
			if !p.busy[c] && next < p.taken+slotCount && (behind < 0 || next < p.next[behind]) {
				behind = c
			}
		}
		if behind >= 0 {
			p.busy[behind] = true
			return behind, p.next[behind]
		}
		if !unfinished {
			break
		}
		p.change.Wait()
	}
	return -1, 0
}

// settle notes that a column is done with its block, or failed.
func (p *pipeline) settle(c int, err error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.busy[c] = false
	if p.failed[c] = err; err == nil {
		p.next[c]++
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
