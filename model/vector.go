//go:build amd64 && !purego

package model

import (
	"math"

	"github.com/leadscore/leadscore/model/logit"
)

//go:generate sh -c "cd asm && go run . -out ../vector_amd64.s -stubs ../vector_amd64.go -pkg model"

// Vector versions of the kernels of scoring, with the bits of their scalar twins: see package logit, which says where
// they serve. Lengths are checked here.

// sigmoidConstants are those of sigmoids in the order in which the kernel reads them.
var sigmoidConstants = [12]float64{
	math.Float64frombits(1<<63 - 1), nearBy, magic, per64, ln2By64Hi, ln2By64Lo, 1,
	1. / 2, 1. / 6, 1. / 24, 1. / 120, math.Float64frombits(63),
}

// sigmoids writes the Sigmoid of each of the log-odds, and reports whether all of these are finite.
func sigmoids(l, p []float64) bool {
	if !logit.Vectors() || len(l) < 8 {
		return sigmoidsScalar(l, p)
	}
	p = p[:len(l)]
	finite := true
	for at := 0; at < len(l); {
		if n := (len(l) - at) &^ 7; n > 0 {
			at += sigmoidsVector(&l[at], &p[at], n, &sigmoidConstants[0], &exp2Table[0])
		}
		to := min(at+8, len(l)) // an eight with one that is far out, or the rest
		finite = sigmoidsScalar(l[at:to], p[at:to]) && finite
		at = to
	}
	return finite
}

// addLineVector is addLine of as many leads as there are in eights; it returns how many.
func addLineVector(sum, x []float64, l *numberLine) int {
	n := len(sum) &^ 7
	if !logit.Vectors() || n == 0 {
		return 0
	}
	lineVector(&sum[0], &x[:n][0], n, &l.mean)
	return n
}

// addLinesVector is addLineVector of two columns.
func addLinesVector(sum, x, y []float64, l, m *numberLine) int {
	n := len(sum) &^ 7
	if !logit.Vectors() || n == 0 {
		return 0
	}
	linesVector(&sum[0], &x[:n][0], &y[:n][0], n, &l.mean, &m.mean)
	return n
}
