//go:build !unix

package main

import "os"

// hangup does not exist on this system: replacing the model's file does the same.
var hangup os.Signal
