// Package archtest turns the import table of this module into a test.
//
// It holds no code of the program: run its tests.
package archtest
