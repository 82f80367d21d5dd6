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

// blockSpan is the rows of a block.
func blockSpan(rows, block int) span {
	return span{block * blockRows, min((block+1)*blockRows, rows)}
}
