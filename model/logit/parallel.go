package logit

import (
	"context"
	"sync"
	"sync/atomic"
)

// blockRows is how many rows one step of a pass takes: few enough for its columns to stay in the first two caches.
const blockRows = 2048

// each calls f(worker, task) for every task, on at most workers goroutines, and waits. Which worker gets which task is
// open, so f must write only to what belongs to the task, or to scratch that belongs to the worker.
// It returns the context's error, checked before every task, or the first error of f.
func each(ctx context.Context, workers, tasks int, f func(worker, task int) error) error {
	if workers = min(workers, tasks); workers <= 1 {
		for task := range tasks {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f(0, task); err != nil {
				return err
			}
		}
		return nil
	}
	var next atomic.Int64
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for worker := range workers {
		wait.Go(func() {
			for task := int(next.Add(1)) - 1; task < tasks; task = int(next.Add(1)) - 1 {
				if errs[worker] = ctx.Err(); errs[worker] != nil {
					return
				}
				if errs[worker] = f(worker, task); errs[worker] != nil {
					next.Store(int64(tasks))
					return
				}
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// span is a range of rows.
type span struct{ lo, hi int }

// blocks is the number of blocks that rows make.
func blocks(rows int) int { return (rows + blockRows - 1) / blockRows }

// runRows is about how many neighbouring rows a sample takes at a time: few, so that rows which a sorted file keeps
// together are all represented, yet enough to be worth reading together.
const runRows = 16

// sample is every row (stride 1), or about one row in stride: every block is cut into cells, every cell into stride equal
// runs, of which one is taken, drawn by the seed. A file sorted by time or by outcome is represented like a shuffled one.
type sample struct {
	rows   int
	stride int
	seed   uint64
}

// cells is the number of cells of a block.
func (s sample) cells(block int) int {
	if s.stride == 1 {
		return 1
	}
	return max(1, (min(s.rows-block*blockRows, blockRows))/(runRows*s.stride))
}

// of is the span that the sample takes of a cell.
func (s sample) of(block, cell int) span {
	lo, n := block*blockRows, min(blockRows, s.rows-block*blockRows)
	if s.stride == 1 {
		return span{lo, lo + n}
	}
	cells := s.cells(block)
	from, to := lo+cell*n/cells, lo+(cell+1)*n/cells
	run := int(splitmix(splitmix(s.seed+uint64(block))+uint64(cell)) % uint64(s.stride))
	return span{from + run*(to-from)/s.stride, from + (run+1)*(to-from)/s.stride}
}

// size is the number of rows in the sample.
func (s sample) size() int {
	n := 0
	for b := range blocks(s.rows) {
		for c := range s.cells(b) {
			at := s.of(b, c)
			n += at.hi - at.lo
		}
	}
	return n
}

// splitmix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014, figure 15): a seed's well-mixed bits.
func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
