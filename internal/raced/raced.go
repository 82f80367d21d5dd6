// Package raced turns the race detector's build tag into a constant, for tests.
package raced

// Enabled says that the race detector watches: code takes ten times as long, and a sync.Pool drops memory at random. Tests
// try fewer leads then, and leave out simulations, whose code other tests run under it.
const Enabled = enabled
