//go:build unix

package main

import (
	"os"
	"syscall"
)

// hangup is the signal that asks a server to read its model again.
var hangup os.Signal = syscall.SIGHUP
