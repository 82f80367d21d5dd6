package logit

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Every kernel gives the bits of its scalar twin, for any number of rows. In a build without vectors there is nothing to
// tell apart; `GOEXPERIMENT=simd go test` is the one that compares.

// lengths are around the widths that kernels work in.
var lengths = []int{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 24, 31, 33, 64, 100, 255, blockRows - 1, blockRows}

func sameBits(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// etas are log-odds of every size.
func etas(r *rand.Rand, n int) []float64 {
	special := []float64{0, math.Copysign(0, -1), 708, -708, 709, 1e300, -1e300, math.Inf(1), math.Inf(-1), 1e-300, 40, -40, 0x1p-1074}
	eta := make([]float64, n)
	for i := range eta {
		eta[i] = r.NormFloat64() * math.Exp(3*r.NormFloat64())
		if r.IntN(10) == 0 {
			eta[i] = special[r.IntN(len(special))]
		}
	}
	return eta
}

func TestLogisticTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range lengths {
		for range 20 {
			eta := etas(r, n)
			targets := make([]float64, n)
			for i := range targets {
				targets[i] = [...]float64{0, 1, r.Float64()}[r.IntN(3)]
			}
			a, b := slices.Clone(eta), slices.Clone(eta)
			got, want := logisticRows(a, targets), logisticRowsScalar(b, targets)
			if !sameBits(a, b) || !sameBits([]float64{got.loss, got.residual}, []float64{want.loss, want.residual}) {
				t.Fatalf("%d rows: %v %v, scalar %v %v, of %v", n, got, a, want, b, eta)
			}
			a, b = slices.Clone(eta), slices.Clone(eta)
			curvatureRows(a)
			curvatureRowsScalar(b)
			if !sameBits(a, b) {
				t.Fatalf("%d rows: curvatures %v, scalar %v, of %v", n, a, b, eta)
			}
		}
	}
}

// rawColumns are numbers of which about a share is missing.
func rawColumns[F float32 | float64](r *rand.Rand, columns, n int, missing float64) [][]F {
	x := make([][]F, columns)
	for j := range x {
		x[j] = make([]F, n)
		for i := range x[j] {
			if x[j][i] = F(r.NormFloat64() * math.Exp(3*r.NormFloat64())); r.Float64() < missing {
				x[j][i] = F(math.NaN())
			}
		}
	}
	return x
}

func testNumberTwins[F float32 | float64](t *testing.T, add func(whole, gapped [][]F, slopes, eta []float64), dots func(whole, gapped [][]F, r, dots []float64)) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, n := range lengths {
		for columns := range 11 {
			whole := rawColumns[F](r, columns, n, 0)
			gapped := rawColumns[F](r, (columns*7)%11, n, .3)
			k := len(whole) + len(gapped)
			slopes, eta := make([]float64, k), make([]float64, n)
			for j := range slopes {
				slopes[j] = r.NormFloat64()
			}
			for i := range eta {
				eta[i] = r.NormFloat64()
			}
			a, b := slices.Clone(eta), slices.Clone(eta)
			add(whole, gapped, slopes, a)
			for i := range b {
				for j, x := range slices.Concat(whole, gapped) {
					if v := float64(x[i]); v == v {
						b[i] += float64(slopes[j] * v)
					}
				}
			}
			if !sameBits(a, b) {
				t.Fatalf("%d rows, %d columns: η %v, row by row %v", n, k, a, b)
			}
			got, want := slices.Clone(slopes), slices.Clone(slopes)
			dots(whole, gapped, eta, got)
			dotNumbersScalar(whole, gapped, eta, want)
			if !sameBits(got, want) {
				t.Fatalf("%d rows, %d columns: dots %v, scalar %v", n, k, got, want)
			}
			for j, x := range slices.Concat(whole, gapped) {
				plain, size := slopes[j], 1.0
				for i, v := range x {
					if v == v {
						plain += eta[i] * float64(v)
						size += math.Abs(eta[i] * float64(v))
					}
				}
				if math.Abs(plain-got[j]) > 1e-14*size {
					t.Fatalf("%d rows, column %d: dot %v, row by row %v", n, j, got[j], plain)
				}
			}
		}
	}
}

func TestNumberTwins(t *testing.T) {
	testNumberTwins(t, addNumbers32, dotNumbers32)
	testNumberTwins(t, addNumbers64, dotNumbers64)
}

func TestSmallTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, n := range lengths {
		x, y := rawColumns[float64](r, 2, n, 0), make([]float64, n)
		if a, b := dot(x[0], x[1]), dotScalar(x[0], x[1]); a != b {
			t.Errorf("%d rows: dot %v, scalar %v", n, a, b)
		}
		labels := make([]uint8, n)
		for i := range labels {
			labels[i] = uint8(r.IntN(256))
		}
		toTargets(labels, y)
		for i, label := range labels {
			if y[i] != float64(label) {
				t.Fatalf("%d rows: label %d is %v", n, label, y[i])
			}
		}
	}
}

func TestMatrixTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, n := range lengths {
		x := rawColumns[float64](r, 5, n, 0)
		a := []float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
		got, want := slices.Clone(x[4]), slices.Clone(x[4])
		axpy(a[0], x[0], got)
		axpyScalar(a[0], x[0], want)
		axpy4(a, x[0], x[1], x[2], x[3], got)
		axpy4Scalar(a, x[0], x[1], x[2], x[3], want)
		if !sameBits(got, want) {
			t.Errorf("%d rows: axpy %v, scalar %v", n, got, want)
		}
		const apart = blockRows + 3
		x4, y4, a4 := rawColumns[float64](r, 1, 3*apart+n, 0)[0], rawColumns[float64](r, 1, 3*apart+n, 0)[0], rawColumns[float64](r, 1, 3*apart+4, 0)[0]
		got, want = slices.Clone(y4), slices.Clone(y4)
		axpy4x4(a4, x4, got, apart, n)
		axpy4x4Scalar(a4, x4, want, apart, n)
		if !sameBits(got, want) {
			t.Errorf("%d rows: four axpy4 are %v, scalar %v", n, got, want)
		}
		codes := make([]uint16, n)
		for i := range codes {
			codes[i] = uint16(r.IntN(5))
		}
		for _, columns := range []int{4, 8, 12, 16, 20} {
			hz := rawColumns[float64](r, 1, n*columns, 0)[0]
			got, want := make([]float64, 5*columns), make([]float64, 5*columns)
			scatterRows(codes, hz, got, columns)
			scatterRowsScalar(codes, hz, want, columns)
			if !sameBits(got, want) {
				t.Errorf("%d rows of %d: %v, scalar %v", n, columns, got, want)
			}
		}
	}
	testProductTwins(t, r)
	for _, n := range []int{33, 40, 57, 64, 100} {
		a := positive(n, 0)
		for _, at := range []span{{8, 32}, {16, 24}, {5, 30}, {32, 33}, {1, n}} {
			got, want := slices.Clone(a), slices.Clone(a)
			subtractProducts(got, n, at.lo, at.hi-at.lo)
			subtractScalar(want, n, at.lo, at.hi-at.lo, at.lo)
			for i := range n {
				if !sameBits(got[i*n:][:i+1], want[i*n:][:i+1]) {
					t.Fatalf("%d rows, panel %v: row %d is %v, scalar %v", n, at, i, got[i*n:][:i+1], want[i*n:][:i+1])
				}
			}
		}
	}
}

func testProductTwins(t *testing.T, r *rand.Rand) {
	for _, n := range lengths {
		const apart = blockRows + 3
		rows, a := rawColumns[float64](r, 1, tileSide*n, 0)[0], rawColumns[float64](r, 1, tileSide*apart, 0)[0]
		for wanted := 1; wanted <= tileSide; wanted++ {
			var got, want [tileSide]lanes
			columns := 1 + r.IntN(tileSide)
			products8x8(rows, a, apart, wanted, columns, &got)
			products8x8Scalar(rows, a, apart, wanted, columns, &want)
			for c := range columns {
				if !sameBits(got[c][:wanted], want[c][:wanted]) {
					t.Fatalf("%d rows, %d × %d: column %d is %v, scalar %v", n, wanted, columns, c, got[c], want[c])
				}
			}
		}
	}
}

// FuzzLogisticTwins compares them on any bits at all.
func FuzzLogisticTwins(f *testing.F) {
	f.Add([]byte("000000\xca<")) // η so small that its curvature rounds up from 1/4
	f.Add([]byte("eight bytes are one log-odds, and there may be any number of them: zero to a whole block of rows."))
	f.Fuzz(func(t *testing.T, data []byte) {
		var eta []float64
		for ; len(data) >= 8 && len(eta) < blockRows; data = data[8:] {
			eta = append(eta, math.Float64frombits(binary.LittleEndian.Uint64(data)))
		}
		targets := make([]float64, len(eta))
		for i, x := range eta {
			if v := math.Abs(x); v <= 1 {
				targets[i] = v
			}
		}
		a, b := slices.Clone(eta), slices.Clone(eta)
		got, want := logisticRows(a, targets), logisticRowsScalar(b, targets)
		a, b = append(a, got.loss, got.residual), append(b, want.loss, want.residual)
		curvatureRows(eta)
		for i := range a {
			if a[i] != b[i] && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
				t.Fatalf("%v, scalar %v", a, b)
			}
		}
		for _, h := range eta {
			if !(h >= 0 && h <= 0.25+1e-16) {
				t.Fatalf("curvature %v", h)
			}
		}
	})
}
