//go:build unix

package main

import (
	"runtime"
	"syscall"
)

// usage returns the processor seconds and the largest memory in bytes that the process has used.
func usage() (cpu float64, memory int64) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	memory = int64(r.Maxrss)
	if runtime.GOOS != "darwin" { // which counts bytes, not kilobytes
		memory <<= 10
	}
	return seconds(r.Utime) + seconds(r.Stime), memory
}
