package logit

import "math"

// Kernels over columns of numbers, on their raw scale (expand, in objective.go). A missing value counts as 0.
//
// A sum over rows is taken in eight lanes, row i in lane i mod 8, which are added at the end: the order of a vector of
// eight. Products are rounded before they are added. So the vector kernels give the same bits as these.

// lanes is partial sums, of the rows of equal remainder by eight.
type lanes [8]float64

func (s *lanes) sum() float64 {
	return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
}

// addNumbersScalar adds Σⱼ slopes[j]·x[j][i] to each η[i] from a row on.
func addNumbersScalar[F float32 | float64](x [][]F, slopes []float64, from int, eta []float64) {
	if from == len(eta) {
		return
	}
	eta = eta[from:]
	for ; len(x) >= 4; x, slopes = x[4:], slopes[4:] {
		x0, x1, x2, x3 := x[0][from:][:len(eta)], x[1][from:][:len(eta)], x[2][from:][:len(eta)], x[3][from:][:len(eta)]
		s0, s1, s2, s3 := slopes[0], slopes[1], slopes[2], slopes[3]
		for i := range eta {
			eta[i] = (((eta[i] + float64(s0*float64(x0[i]))) + float64(s1*float64(x1[i]))) + float64(s2*float64(x2[i]))) + float64(s3*float64(x3[i]))
		}
	}
	for j := range x {
		column, slope := x[j][from:][:len(eta)], slopes[j]
		for i := range eta {
			eta[i] += float64(slope * float64(column[i]))
		}
	}
}

// addGappedScalar is addNumbersScalar of columns with missing values.
func addGappedScalar[F float32 | float64](x [][]F, slopes []float64, from int, eta []float64) {
	if from == len(eta) {
		return
	}
	eta = eta[from:]
	for ; len(x) >= 4; x, slopes = x[4:], slopes[4:] {
		x0, x1, x2, x3 := x[0][from:][:len(eta)], x[1][from:][:len(eta)], x[2][from:][:len(eta)], x[3][from:][:len(eta)]
		s0, s1, s2, s3 := slopes[0], slopes[1], slopes[2], slopes[3]
		for i := range eta {
			a, b, c, d := present(float64(x0[i])), present(float64(x1[i])), present(float64(x2[i])), present(float64(x3[i]))
			eta[i] = (((eta[i] + float64(s0*a)) + float64(s1*b)) + float64(s2*c)) + float64(s3*d)
		}
	}
	for j := range x {
		column, slope := x[j][from:][:len(eta)], slopes[j]
		for i := range eta {
			eta[i] += float64(slope * present(float64(column[i])))
		}
	}
}

// dotNumbersScalar adds each column's Σ r·x to its dot.
func dotNumbersScalar[F float32 | float64](whole, gapped [][]F, r, dots []float64) {
	for j, x := range whole {
		dots[j] += dotWhole(x, r)
	}
	for j, x := range gapped {
		dots[len(whole)+j] += dotGapped(x, r)
	}
}

func dotWhole[F float32 | float64](x []F, r []float64) float64 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for len(x) >= 8 && len(r) >= 8 {
		s0 += float64(r[0] * float64(x[0]))
		s1 += float64(r[1] * float64(x[1]))
		s2 += float64(r[2] * float64(x[2]))
		s3 += float64(r[3] * float64(x[3]))
		s4 += float64(r[4] * float64(x[4]))
		s5 += float64(r[5] * float64(x[5]))
		s6 += float64(r[6] * float64(x[6]))
		s7 += float64(r[7] * float64(x[7]))
		x, r = x[8:], r[8:]
	}
	s := lanes{s0, s1, s2, s3, s4, s5, s6, s7}
	for i, v := range x {
		s[i] += float64(r[i] * float64(v))
	}
	return s.sum()
}

func dotGapped[F float32 | float64](x []F, r []float64) float64 {
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for len(x) >= 8 && len(r) >= 8 {
		s0 += float64(r[0] * present(float64(x[0])))
		s1 += float64(r[1] * present(float64(x[1])))
		s2 += float64(r[2] * present(float64(x[2])))
		s3 += float64(r[3] * present(float64(x[3])))
		s4 += float64(r[4] * present(float64(x[4])))
		s5 += float64(r[5] * present(float64(x[5])))
		s6 += float64(r[6] * present(float64(x[6])))
		s7 += float64(r[7] * present(float64(x[7])))
		x, r = x[8:], r[8:]
	}
	s := lanes{s0, s1, s2, s3, s4, s5, s6, s7}
	for i, v := range x {
		s[i] += float64(r[i] * present(float64(v)))
	}
	return s.sum()
}

// addNumber adds slope·(x−center) to each row's η, nothing where x is missing.
func addNumber[F float32 | float64](x []F, center, slope float64, eta []float64) {
	eta = eta[:len(x)]
	for i, v := range x {
		eta[i] += float64(slope * present(float64(v)-center))
	}
}

// dotNumber is Σ r·(x−center) over the rows where x is not missing.
func dotNumber[F float32 | float64](x []F, center float64, residual []float64) float64 {
	residual = residual[:len(x)]
	total := 0.0
	for i, v := range x {
		total += float64(residual[i] * present(float64(v)-center))
	}
	return total
}

// standardise writes (x−center)·inverse, 0 where x is missing.
func standardise[F float32 | float64](x []F, center, inverse float64, z []float64) {
	z = z[:len(x)]
	for i, v := range x {
		z[i] = present((float64(v) - center) * inverse)
	}
}

// present is d, or 0 if d is NaN. Missing values come in no order that a branch could predict.
func present(d float64) float64 {
	return math.Float64frombits(math.Float64bits(d) & ^missing(d))
}

// missing is all ones if d is NaN, else 0.
func missing(d float64) uint64 {
	const leastNaN = 0x7ff0000000000001
	return ^uint64(int64(math.Float64bits(d)&^signBit-leastNaN) >> 63)
}

// toTargetsScalar writes labels as targets.
func toTargetsScalar(labels []uint8, t []float64) {
	t = t[:len(labels)]
	for i, y := range labels {
		t[i] = float64(y)
	}
}
