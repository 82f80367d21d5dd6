//go:build goexperiment.simd && amd64

package logit

import (
	"simd/archsimd"
)

// Vector versions of the kernels that pay, eight rows at a time, for processors with AVX-512; on others their scalar
// twins serve. Both round every product and every sum alike and add in the same order, so both give the same bits: a
// build with vectors can be told from one without by its speed alone.
//
// Looking up fused tables and adding to them stays scalar: a gather instruction is no faster than eight loads, and a
// scatter may not hit a cell twice.
//
// Note: every kernel ends with ClearAVXUpperBits, without which the scalar code after it runs at half its speed. And none
// has a bitwise Or of an AndNot: Go 1.26 fuses the two into one instruction and gets it wrong. Masks do the same.

// vectors reports whether the processor has the instructions.
func vectors() bool { return archsimd.X86.AVX512() }

// settle forgets the upper halves of registers, which scalar code would carry along at a cost: after a goroutine was
// preempted all of them are in use again.
func settle() {
	if vectors() {
		archsimd.ClearAVXUpperBits()
	}
}

func logisticRows(eta, t []float64) sums {
	if !vectors() {
		return logisticRowsScalar(eta, t)
	}
	return logisticRowsVector(eta, t)
}

func curvatureRows(eta []float64) {
	if !vectors() {
		curvatureRowsScalar(eta)
		return
	}
	n := len(eta) &^ 7
	for i := 0; i < n; i += 8 {
		at := (*[8]float64)(eta[i:])
		e := expNegativeVector(archsimd.LoadFloat64x8(at))
		one := e.Add(archsimd.BroadcastFloat64x8(1))
		e.Div(one.Mul(one)).Store(at)
	}
	archsimd.ClearAVXUpperBits()
	curvatureRowsScalar(eta[n:])
}

// expNegativeVector is expNegative(|x|).
func expNegativeVector(x archsimd.Float64x8) archsimd.Float64x8 {
	bits := x.AsInt64x8().And(archsimd.BroadcastInt64x8(1<<63 - 1)).Min(archsimd.BroadcastInt64x8(farthest))
	a := bits.AsFloat64x8()
	round := archsimd.BroadcastFloat64x8(magic)
	shifted := round.Sub(a.Mul(archsimd.BroadcastFloat64x8(per16)))
	k := shifted.Sub(round)
	// −a − k·hi is 0 − a − k·hi up to the sign of zero, which the series loses.
	r := archsimd.Float64x8{}.Sub(a).Sub(k.Mul(archsimd.BroadcastFloat64x8(ln2By16Hi))).Sub(k.Mul(archsimd.BroadcastFloat64x8(ln2By16Lo)))
	square := r.Mul(r)
	high := archsimd.BroadcastFloat64x8(1. / 720).Add(r.Mul(archsimd.BroadcastFloat64x8(1. / 5040)))
	middle := archsimd.BroadcastFloat64x8(1. / 24).Add(r.Mul(archsimd.BroadcastFloat64x8(1. / 120)))
	series := archsimd.BroadcastFloat64x8(1. / 2).Add(r.Mul(archsimd.BroadcastFloat64x8(1. / 6))).Add(square.Mul(middle.Add(square.Mul(high))))
	n := shifted.AsInt64x8()
	low, up := archsimd.LoadFloat64x8((*[8]float64)(exp2Table[:8])), archsimd.LoadFloat64x8((*[8]float64)(exp2Table[8:]))
	power := archsimd.BroadcastFloat64x8(1).Add(r.Add(square.Mul(series))).Mul(low.ConcatPermute(up, n.AsUint64x8()))
	exponent := n.ShiftAllLeft(48).And(archsimd.BroadcastInt64x8(-1 << 52))
	return power.AsInt64x8().Add(exponent).AsFloat64x8()
}

// logisticRowsVector holds expNegativeVector by hand, which is too long to be inlined.
func logisticRowsVector(eta, t []float64) sums {
	t = t[:len(eta)]
	n := len(eta) &^ 7
	one, magnitudes := archsimd.BroadcastFloat64x8(1), archsimd.BroadcastInt64x8(1<<63-1)
	round := archsimd.BroadcastFloat64x8(magic)
	low, up := archsimd.LoadFloat64x8((*[8]float64)(exp2Table[:8])), archsimd.LoadFloat64x8((*[8]float64)(exp2Table[8:]))
	linear, residual, product := archsimd.Float64x8{}, archsimd.Float64x8{}, one
	for i := 0; i < n; i += 8 {
		at := (*[8]float64)(eta[i:])
		x := archsimd.LoadFloat64x8(at)
		bits := x.AsInt64x8()
		a := bits.And(magnitudes).Min(archsimd.BroadcastInt64x8(farthest)).AsFloat64x8()
		shifted := round.Sub(a.Mul(archsimd.BroadcastFloat64x8(per16)))
		k := shifted.Sub(round)
		r := archsimd.Float64x8{}.Sub(a).Sub(k.Mul(archsimd.BroadcastFloat64x8(ln2By16Hi))).Sub(k.Mul(archsimd.BroadcastFloat64x8(ln2By16Lo)))
		square := r.Mul(r)
		high := archsimd.BroadcastFloat64x8(1. / 720).Add(r.Mul(archsimd.BroadcastFloat64x8(1. / 5040)))
		middle := archsimd.BroadcastFloat64x8(1. / 24).Add(r.Mul(archsimd.BroadcastFloat64x8(1. / 120)))
		series := archsimd.BroadcastFloat64x8(1. / 2).Add(r.Mul(archsimd.BroadcastFloat64x8(1. / 6))).Add(square.Mul(middle.Add(square.Mul(high))))
		table := low.ConcatPermute(up, shifted.AsUint64x8())
		power := one.Add(r.Add(square.Mul(series))).Mul(table)
		exponent := shifted.AsInt64x8().ShiftAllLeft(48).And(archsimd.BroadcastInt64x8(-1 << 52))
		e := power.AsInt64x8().Add(exponent).AsFloat64x8()

		factor := one.Add(e)
		q := e.Div(factor)
		negative := bits.Less(archsimd.Int64x8{})
		d := archsimd.Float64x8{}.Merge(one, negative).Sub(archsimd.LoadFloat64x8((*[8]float64)(t[i:])))
		y := d.Add(q).Merge(d.Sub(q), negative)
		y.Store(at)
		linear = linear.Add(d.Mul(x))
		residual = residual.Add(y)
		product = product.Mul(factor)
	}
	var s logisticSums
	linear.Store((*[8]float64)(&s.linear))
	residual.Store((*[8]float64)(&s.residual))
	product.Store((*[8]float64)(&s.product))
	archsimd.ClearAVXUpperBits()
	s.add(eta[n:], t[n:])
	return s.sums()
}

func addNumbers32(whole, gapped [][]float32, slopes, eta []float64) {
	n := 0
	if vectors() {
		n = len(eta) &^ 7
		addVector32(whole, slopes, eta[:n])
		addVector32(gapped, slopes[len(whole):], eta[:n])
	}
	addNumbersScalar(whole, slopes, n, eta)
	addGappedScalar(gapped, slopes[len(whole):], n, eta)
}

// addVector32 is addGappedScalar of a multiple of eight rows.
func addVector32(x [][]float32, slopes, eta []float64) {
	slopes = slopes[:len(x)]
	for i := 0; i < len(eta); i += 8 {
		at := (*[8]float64)(eta[i:])
		sum := archsimd.LoadFloat64x8(at)
		for j, column := range x {
			v := archsimd.LoadFloat32x8((*[8]float32)(column[i:])).ConvertToFloat64()
			sum = sum.Add(archsimd.BroadcastFloat64x8(slopes[j]).Mul(v.Masked(v.Equal(v))))
		}
		sum.Store(at)
	}
	archsimd.ClearAVXUpperBits()
}

func addNumbers64(whole, gapped [][]float64, slopes, eta []float64) {
	n := 0
	if vectors() {
		n = len(eta) &^ 7
		addVector64(whole, slopes, eta[:n])
		addVector64(gapped, slopes[len(whole):], eta[:n])
	}
	addNumbersScalar(whole, slopes, n, eta)
	addGappedScalar(gapped, slopes[len(whole):], n, eta)
}

func addVector64(x [][]float64, slopes, eta []float64) {
	slopes = slopes[:len(x)]
	for i := 0; i < len(eta); i += 8 {
		at := (*[8]float64)(eta[i:])
		sum := archsimd.LoadFloat64x8(at)
		for j, column := range x {
			v := archsimd.LoadFloat64x8((*[8]float64)(column[i:]))
			sum = sum.Add(archsimd.BroadcastFloat64x8(slopes[j]).Mul(v.Masked(v.Equal(v))))
		}
		sum.Store(at)
	}
	archsimd.ClearAVXUpperBits()
}

func dotNumbers32(whole, gapped [][]float32, r, dots []float64) {
	if !vectors() {
		dotNumbersScalar(whole, gapped, r, dots)
		return
	}
	dotVector32(whole, r, dots)
	dotVector32(gapped, r, dots[len(whole):])
}

func dotVector32(x [][]float32, r, dots []float64) {
	n := len(r) &^ 7
	for len(x) >= 4 {
		var a, b, c, d archsimd.Float64x8
		x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
		for i := 0; i < n; i += 8 {
			v := archsimd.LoadFloat64x8((*[8]float64)(r[i:]))
			v0 := archsimd.LoadFloat32x8((*[8]float32)(x0[i:])).ConvertToFloat64()
			v1 := archsimd.LoadFloat32x8((*[8]float32)(x1[i:])).ConvertToFloat64()
			v2 := archsimd.LoadFloat32x8((*[8]float32)(x2[i:])).ConvertToFloat64()
			v3 := archsimd.LoadFloat32x8((*[8]float32)(x3[i:])).ConvertToFloat64()
			a = a.Add(v.Mul(v0.Masked(v0.Equal(v0))))
			b = b.Add(v.Mul(v1.Masked(v1.Equal(v1))))
			c = c.Add(v.Mul(v2.Masked(v2.Equal(v2))))
			d = d.Add(v.Mul(v3.Masked(v3.Equal(v3))))
		}
		var s [4]lanes
		a.Store((*[8]float64)(&s[0]))
		b.Store((*[8]float64)(&s[1]))
		c.Store((*[8]float64)(&s[2]))
		d.Store((*[8]float64)(&s[3]))
		archsimd.ClearAVXUpperBits()
		for j := range s {
			dots[j] += dotTail(&s[j], x[j][n:], r[n:])
		}
		x, dots = x[4:], dots[4:]
	}
	for j, column := range x {
		var a archsimd.Float64x8
		for i := 0; i < n; i += 8 {
			v := archsimd.LoadFloat32x8((*[8]float32)(column[i:])).ConvertToFloat64()
			a = a.Add(archsimd.LoadFloat64x8((*[8]float64)(r[i:])).Mul(v.Masked(v.Equal(v))))
		}
		var s lanes
		a.Store((*[8]float64)(&s))
		archsimd.ClearAVXUpperBits()
		dots[j] += dotTail(&s, column[n:], r[n:])
	}
}

// dotTail adds the last rows to the lanes of a dot product.
func dotTail[F float32 | float64](s *lanes, x []F, r []float64) float64 {
	for i, v := range x {
		s[i] += float64(r[i] * present(float64(v)))
	}
	return s.sum()
}

func dotNumbers64(whole, gapped [][]float64, r, dots []float64) {
	if !vectors() {
		dotNumbersScalar(whole, gapped, r, dots)
		return
	}
	dotVector64(whole, r, dots)
	dotVector64(gapped, r, dots[len(whole):])
}

func dotVector64(x [][]float64, r, dots []float64) {
	n := len(r) &^ 7
	for j, column := range x {
		var a archsimd.Float64x8
		for i := 0; i < n; i += 8 {
			v := archsimd.LoadFloat64x8((*[8]float64)(column[i:]))
			a = a.Add(archsimd.LoadFloat64x8((*[8]float64)(r[i:])).Mul(v.Masked(v.Equal(v))))
		}
		var s lanes
		a.Store((*[8]float64)(&s))
		archsimd.ClearAVXUpperBits()
		dots[j] += dotTail(&s, column[n:], r[n:])
	}
}

func dot(x, y []float64) float64 {
	if !vectors() {
		return dotScalar(x, y)
	}
	y = y[:len(x)]
	n := len(x) &^ 7
	var a archsimd.Float64x8
	for i := 0; i < n; i += 8 {
		a = a.Add(archsimd.LoadFloat64x8((*[8]float64)(y[i:])).Mul(archsimd.LoadFloat64x8((*[8]float64)(x[i:]))))
	}
	var s lanes
	a.Store((*[8]float64)(&s))
	archsimd.ClearAVXUpperBits()
	for i, v := range x[n:] {
		s[i] += float64(y[n+i] * v)
	}
	return s.sum()
}

func toTargets(labels []uint8, t []float64) {
	n := 0
	if vectors() {
		for ; n+16 <= len(labels); n += 8 {
			archsimd.LoadUint8x16((*[16]uint8)(labels[n:])).ExtendLo8ToUint64().ConvertToFloat64().Store((*[8]float64)(t[n:]))
		}
		archsimd.ClearAVXUpperBits()
	}
	toTargetsScalar(labels[n:], t[n:])
}

func axpy(a float64, x, y []float64) {
	n := 0
	if vectors() {
		n = len(x) &^ 7
		y = y[:len(x)]
		factor := archsimd.BroadcastFloat64x8(a)
		for i := 0; i < n; i += 8 {
			at := (*[8]float64)(y[i:])
			archsimd.LoadFloat64x8(at).Add(factor.Mul(archsimd.LoadFloat64x8((*[8]float64)(x[i:])))).Store(at)
		}
		archsimd.ClearAVXUpperBits()
	}
	axpyScalar(a, x[n:], y[n:])
}

func axpy4(a, x0, x1, x2, x3, y []float64) {
	n := 0
	if vectors() {
		n = len(y) &^ 7
		a0, a1 := archsimd.BroadcastFloat64x8(a[0]), archsimd.BroadcastFloat64x8(a[1])
		a2, a3 := archsimd.BroadcastFloat64x8(a[2]), archsimd.BroadcastFloat64x8(a[3])
		for i := 0; i < n; i += 8 {
			at := (*[8]float64)(y[i:])
			v0, v1 := archsimd.LoadFloat64x8((*[8]float64)(x0[i:])), archsimd.LoadFloat64x8((*[8]float64)(x1[i:]))
			v2, v3 := archsimd.LoadFloat64x8((*[8]float64)(x2[i:])), archsimd.LoadFloat64x8((*[8]float64)(x3[i:]))
			sum := a0.Mul(v0).Add(a1.Mul(v1)).Add(a2.Mul(v2).Add(a3.Mul(v3)))
			archsimd.LoadFloat64x8(at).Add(sum).Store(at)
		}
		archsimd.ClearAVXUpperBits()
	}
	axpy4Scalar(a, x0[n:], x1[n:], x2[n:], x3[n:], y[n:])
}

// subtractTiles is subtractProducts of as many rows as there are in eights, for a panel of eights of columns. It returns
// the first row that it has left. Every element is a sum over k in order, as in products4x2.
func subtractTiles(a []float64, n, j, w int) int {
	if !vectors() || w%8 != 0 {
		return j
	}
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
			tile(rows, a[c*n:], n, j, &s)
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

// tile is the products of eight rows, laid out k by k, with eight rows that are n apart, over m values of k.
func tile(rows, a []float64, n, m int, s *[8]lanes) {
	c0, c1, c2, c3 := a[:m], a[n:][:m], a[2*n:][:m], a[3*n:][:m]
	c4, c5, c6, c7 := a[4*n:][:m], a[5*n:][:m], a[6*n:][:m], a[7*n:][:m]
	var s0, s1, s2, s3, s4, s5, s6, s7 archsimd.Float64x8
	for k := range m {
		v := archsimd.LoadFloat64x8((*[8]float64)(rows[8*k:]))
		s0 = s0.Add(v.Mul(archsimd.BroadcastFloat64x8(c0[k])))
		s1 = s1.Add(v.Mul(archsimd.BroadcastFloat64x8(c1[k])))
		s2 = s2.Add(v.Mul(archsimd.BroadcastFloat64x8(c2[k])))
		s3 = s3.Add(v.Mul(archsimd.BroadcastFloat64x8(c3[k])))
		s4 = s4.Add(v.Mul(archsimd.BroadcastFloat64x8(c4[k])))
		s5 = s5.Add(v.Mul(archsimd.BroadcastFloat64x8(c5[k])))
		s6 = s6.Add(v.Mul(archsimd.BroadcastFloat64x8(c6[k])))
		s7 = s7.Add(v.Mul(archsimd.BroadcastFloat64x8(c7[k])))
	}
	s0.Store((*[8]float64)(&s[0]))
	s1.Store((*[8]float64)(&s[1]))
	s2.Store((*[8]float64)(&s[2]))
	s3.Store((*[8]float64)(&s[3]))
	s4.Store((*[8]float64)(&s[4]))
	s5.Store((*[8]float64)(&s[5]))
	s6.Store((*[8]float64)(&s[6]))
	s7.Store((*[8]float64)(&s[7]))
	archsimd.ClearAVXUpperBits()
}

func scatterRows(codes []uint16, hz, table []float64, columns int) {
	if !vectors() {
		scatterRowsScalar(codes, hz, table, columns)
		return
	}
	for i, code := range codes {
		from, to := hz[i*columns:][:columns], table[int(code)*columns:][:columns]
		for len(from) >= 8 && len(to) >= 8 {
			at := (*[8]float64)(to)
			archsimd.LoadFloat64x8(at).Add(archsimd.LoadFloat64x8((*[8]float64)(from))).Store(at)
			from, to = from[8:], to[8:]
		}
		if len(from) >= 4 && len(to) >= 4 {
			at := (*[4]float64)(to)
			archsimd.LoadFloat64x4(at).Add(archsimd.LoadFloat64x4((*[4]float64)(from))).Store(at)
		}
	}
	archsimd.ClearAVXUpperBits()
}
