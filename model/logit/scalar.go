//go:build !amd64 || purego

package logit

// The kernels of a build without vectors: see vector.go.

// Vectors reports whether the kernels are vectors.
func Vectors() bool { return false }

func logisticRows(eta, t []float64) sums { return logisticRowsScalar(eta, t) }

func curvatureRows(eta []float64) { curvatureRowsScalar(eta) }

func toTargets(labels []uint8, t []float64) { toTargetsScalar(labels, t) }

func addNumbers32(whole, gapped [][]float32, slopes, eta []float64) {
	addNumbersScalar(whole, slopes, 0, eta)
	addGappedScalar(gapped, slopes[len(whole):], 0, eta)
}

func addNumbers64(whole, gapped [][]float64, slopes, eta []float64) {
	addNumbersScalar(whole, slopes, 0, eta)
	addGappedScalar(gapped, slopes[len(whole):], 0, eta)
}

func dotNumbers32(whole, gapped [][]float32, r, dots []float64) {
	dotNumbersScalar(whole, gapped, r, dots)
}

func dotNumbers64(whole, gapped [][]float64, r, dots []float64) {
	dotNumbersScalar(whole, gapped, r, dots)
}

func dot(x, y []float64) float64 { return dotScalar(x, y) }

func axpy(a float64, x, y []float64) { axpyScalar(a, x, y) }

func axpy4(a, x0, x1, x2, x3, y []float64) { axpy4Scalar(a, x0, x1, x2, x3, y) }

func axpy4x4(a, x, y []float64, apart, n int) { axpy4x4Scalar(a, x, y, apart, n) }

func subtractTiles(_ []float64, _, j, _ int) int { return j }

func products8x8(rows, a []float64, apart, wanted, columns int, s *[tileSide]lanes) {
	products8x8Scalar(rows, a, apart, wanted, columns, s)
}

func scatterRows(codes []uint16, hz, table []float64, columns int) {
	scatterRowsScalar(codes, hz, table, columns)
}
