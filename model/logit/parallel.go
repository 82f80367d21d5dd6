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

// sample is every row (stride 1), or one run out of stride equal runs of every block: a file sorted by time or by
// outcome is then represented as fairly as a shuffled one.
type sample struct {
	rows   int
	stride int
	seed   uint64
}

// of is the span of the sample in a block.
func (s sample) of(block int) span {
	lo := block * blockRows
	hi := min(lo+blockRows, s.rows)
	if s.stride == 1 {
		return span{lo, hi}
	}
	run := int(splitmix(s.seed+uint64(block)) % uint64(s.stride))
	n := hi - lo
	return span{lo + run*n/s.stride, lo + (run+1)*n/s.stride}
}

// size is the number of rows in the sample.
func (s sample) size() int {
	n := 0
	for b := range blocks(s.rows) {
		at := s.of(b)
		n += at.hi - at.lo
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
