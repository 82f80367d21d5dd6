package model

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// inParallel calls do for every task, on at most workers goroutines, and waits. Which goroutine gets which task is open, so
// do must write only to what belongs to the task.
func inParallel(workers, tasks int, do func(task int)) {
	if workers = min(workers, tasks); workers <= 1 {
		for task := range tasks {
			do(task)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for task := int(next.Add(1)) - 1; task < tasks; task = int(next.Add(1)) - 1 {
				do(task)
			}
		})
	}
	wait.Wait()
}

// blocksOf is how many blocks of scoredAtOnce rows there are.
func blocksOf(rows int) int { return (rows + scoredAtOnce - 1) / scoredAtOnce }

// inBlocks is inParallel over blocks of rows, on all processors.
func inBlocks(rows int, do func(block, from, to int)) {
	inParallel(runtime.GOMAXPROCS(0), blocksOf(rows), func(block int) {
		do(block, block*scoredAtOnce, min((block+1)*scoredAtOnce, rows))
	})
}
