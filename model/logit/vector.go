//go:build amd64 && !purego

package logit

import (
	"math"

	"golang.org/x/sys/cpu"
)

//go:generate sh -c "cd ../asm && go run . -fit -out ../logit/vector_amd64.s -stubs ../logit/vector_amd64.go -pkg logit"

// Vector versions of the kernels that pay, eight rows at a time, for processors with AVX-512; on others, on other
// architectures and with the build tag purego their scalar twins serve. Both round every product and every sum alike and
// add in the same order, so both give the same bits: which of them served can be told by its speed alone.
//
// Looking up fused tables and adding to them stays scalar: a gather instruction is no faster than eight loads, and a
// scatter may not hit a cell twice.
//
// The instructions trust their caller: lengths are checked here.

var vectors = cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL

// Vectors reports whether the kernels are vectors: the build has them, and the processor the instructions.
func Vectors() bool { return vectors }

// eights is how many of n elements the vectors take.
func eights(n int) int {
	if vectors {
		return n &^ 7
	}
	return 0
}

// exponents holds the constants of expNegative in the order in which the kernels read them, then exp2Table.
var exponents = [32]float64{
	math.Float64frombits(1<<63 - 1), math.Float64frombits(farthest), magic, per16, ln2By16Hi, ln2By16Lo, 1,
	1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, math.Float64frombits(0xfff << 52),
	16: exp2Table[0], exp2Table[1], exp2Table[2], exp2Table[3], exp2Table[4], exp2Table[5], exp2Table[6], exp2Table[7],
	exp2Table[8], exp2Table[9], exp2Table[10], exp2Table[11], exp2Table[12], exp2Table[13], exp2Table[14], exp2Table[15],
}

func logisticRows(eta, t []float64) sums {
	s, n := logisticSums{product: ones}, eights(len(eta))
	if t = t[:len(eta)]; n > 0 {
		logisticVector(&eta[0], &t[0], n, &exponents[0], &s.linear[0])
	}
	s.add(eta[n:], t[n:])
	return s.sums()
}

func curvatureRows(eta []float64) {
	n := eights(len(eta))
	if n > 0 {
		curvatureVector(&eta[0], n, &exponents[0])
	}
	curvatureRowsScalar(eta[n:])
}

// atLeast panics if a column has fewer than n rows.
func atLeast[F float32 | float64](x [][]F, n int) {
	for _, column := range x {
		_ = column[:n]
	}
}

func addNumbers32(whole, gapped [][]float32, slopes, eta []float64) {
	n := eights(len(eta))
	atLeast(whole, n)
	atLeast(gapped, n)
	later := slopes[len(whole):][:len(gapped)]
	if n > 0 && len(whole) > 0 {
		addWhole32(whole, &slopes[0], &eta[0], n)
	}
	if n > 0 && len(gapped) > 0 {
		addGapped32(gapped, &later[0], &eta[0], n)
	}
	addNumbersScalar(whole, slopes, n, eta)
	addGappedScalar(gapped, later, n, eta)
}

func addNumbers64(whole, gapped [][]float64, slopes, eta []float64) {
	n := eights(len(eta))
	atLeast(whole, n)
	atLeast(gapped, n)
	later := slopes[len(whole):][:len(gapped)]
	if n > 0 && len(whole) > 0 {
		addWhole64(whole, &slopes[0], &eta[0], n)
	}
	if n > 0 && len(gapped) > 0 {
		addGapped64(gapped, &later[0], &eta[0], n)
	}
	addNumbersScalar(whole, slopes, n, eta)
	addGappedScalar(gapped, later, n, eta)
}

func dotNumbers32(whole, gapped [][]float32, r, dots []float64) {
	if eights(len(r)) == 0 {
		dotNumbersScalar(whole, gapped, r, dots)
		return
	}
	atLeast(whole, len(r))
	atLeast(gapped, len(r))
	n := eights(len(r))
	var s [4]lanes
	for x, d := whole, dots; len(x) > 0; x, d = dotsTail(&s, x, d, r, n) {
		if len(x) >= 4 {
			dotsWhole32(&x[0][0], &x[1][0], &x[2][0], &x[3][0], &r[0], n, &s[0][0])
		} else {
			dotWhole32(&x[0][0], &r[0], n, &s[0][0])
		}
	}
	for x, d := gapped, dots[len(whole):]; len(x) > 0; x, d = dotsTail(&s, x, d, r, n) {
		if len(x) >= 4 {
			dotsGapped32(&x[0][0], &x[1][0], &x[2][0], &x[3][0], &r[0], n, &s[0][0])
		} else {
			dotGapped32(&x[0][0], &r[0], n, &s[0][0])
		}
	}
}

func dotNumbers64(whole, gapped [][]float64, r, dots []float64) {
	if eights(len(r)) == 0 {
		dotNumbersScalar(whole, gapped, r, dots)
		return
	}
	atLeast(whole, len(r))
	atLeast(gapped, len(r))
	n := eights(len(r))
	var s [4]lanes
	for x, d := whole, dots; len(x) > 0; x, d = dotsTail(&s, x, d, r, n) {
		if len(x) >= 4 {
			dotsWhole64(&x[0][0], &x[1][0], &x[2][0], &x[3][0], &r[0], n, &s[0][0])
		} else {
			dotWhole64(&x[0][0], &r[0], n, &s[0][0])
		}
	}
	for x, d := gapped, dots[len(whole):]; len(x) > 0; x, d = dotsTail(&s, x, d, r, n) {
		if len(x) >= 4 {
			dotsGapped64(&x[0][0], &x[1][0], &x[2][0], &x[3][0], &r[0], n, &s[0][0])
		} else {
			dotGapped64(&x[0][0], &r[0], n, &s[0][0])
		}
	}
}

// dotsTail adds the lanes of the next columns, four if there are so many, else one, and their rows from n on to their
// dots. It returns what is left.
func dotsTail[F float32 | float64](s *[4]lanes, x [][]F, dots, r []float64, n int) ([][]F, []float64) {
	columns := 1
	if len(x) >= 4 {
		columns = 4
	}
	for j := range columns {
		for i, v := range r[n:] {
			s[j][i] += float64(v * present(float64(x[j][n+i])))
		}
		dots[j] += s[j].sum()
	}
	return x[columns:], dots[columns:]
}

func dot(x, y []float64) float64 {
	n := eights(len(x))
	if n == 0 {
		return dotScalar(x, y)
	}
	var s lanes
	y = y[:len(x)]
	dotWhole64(&x[0], &y[0], n, &s[0])
	for i, v := range x[n:] {
		s[i] += float64(y[n+i] * v)
	}
	return s.sum()
}

func toTargets(labels []uint8, t []float64) {
	n := eights(len(labels))
	if t = t[:len(labels)]; n > 0 {
		targetsVector(&labels[0], &t[0], n)
	}
	toTargetsScalar(labels[n:], t[n:])
}

func axpy(a float64, x, y []float64) {
	n := eights(len(x))
	if y = y[:len(x)]; n > 0 {
		axpyVector(a, &x[0], &y[0], n)
	}
	axpyScalar(a, x[n:], y[n:])
}

func axpy4(a, x0, x1, x2, x3, y []float64) {
	n := eights(len(y))
	atLeast([][]float64{x0, x1, x2, x3}, len(y))
	if a = a[:4]; n > 0 {
		axpy4Vector(&a[0], &x0[0], &x1[0], &x2[0], &x3[0], &y[0], n)
	}
	axpy4Scalar(a, x0[n:], x1[n:], x2[n:], x3[n:], y[n:])
}

func axpy4x4(a, x, y []float64, apart, n int) {
	a, x, y = a[:3*apart+4], x[:3*apart+n], y[:3*apart+n]
	m := eights(n)
	if m > 0 {
		axpy4x4Vector(&a[0], &x[0], &y[0], apart, m)
	}
	axpy4x4Scalar(a, x[m:], y[m:], apart, n-m)
}

// subtractTiles is subtractProducts of as many rows as there are in eights, for a panel of eights of columns. It returns
// the first row that it has left. Every element is a sum over k in order, as in products4x2.
func subtractTiles(a []float64, n, j, w int) int {
	if !vectors || w%8 != 0 || j == 0 || j+w > n {
		return j
	}
	a = a[:n*n]
	i := j
	rows := make([]float64, 8*j) // of eight rows, k by k
	for ; i+8 <= n; i += 8 {
		for r := range 8 {
			for k, x := range a[(i+r)*n:][:j] {
				rows[8*k+r] = x
			}
		}
		for c := j; c < j+w; c += 8 {
			var s [8]lanes
			tileVector(&rows[0], &a[c*n], n, j, &s[0][0])
			for r := range 8 {
				row := a[(i+r)*n+c:][:8]
				for m := range row {
					row[m] -= s[m][r]
				}
			}
		}
	}
	return i
}

func products8x8(rows, a []float64, apart, wanted, columns int, s *[tileSide]lanes) {
	m := len(rows) / tileSide
	if !vectors || m == 0 {
		products8x8Scalar(rows, a, apart, wanted, columns, s)
		return
	}
	a = a[:(tileSide-1)*apart+m]
	tileVector(&rows[0], &a[0], apart, m, &s[0][0])
}

func scatterRows(codes []uint16, hz, table []float64, columns int) {
	if !vectors || columns%4 != 0 || len(codes) == 0 || columns == 0 {
		scatterRowsScalar(codes, hz, table, columns)
		return
	}
	hz, table = hz[:len(codes)*columns], table[:(int(largestCode(codes))+1)*columns]
	scatterVector(&codes[0], len(codes), &hz[0], &table[0], columns)
}
