//go:build race

package main

// raced says that the race detector watches, under which a lead takes ten times as long: fewer will do for it.
const raced = true
