//go:build !race

package features

// raceEnabled says that the race detector, under which a sync.Pool drops memory at random, is on.
const raceEnabled = false
