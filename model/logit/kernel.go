package logit

import "math"

// The inner loops of a pass, over the rows of one block. They are plain Go and always built.
//
// With e = e^−|η|, every quantity of a row follows without overflow or cancellation:
//
//	σ(η)  = 1/(1+e) if η ≥ 0, else e/(1+e)
//	σ(−η) = 1 − σ(η) with the two cases exchanged
//	log(1+e^η) = max(η, 0) + log(1+e)
//
// and Σ log(1+eᵢ) = log Π(1+eᵢ), one logarithm for productRows rows, since every factor is at most 2.

// productRows factors of at most 2 do not overflow a float64.
const productRows = 512

// exp2Table holds 2^(j/64).
var exp2Table = [64]float64{
	0x1.0000000000000p+0, 0x1.02c9a3e778061p+0, 0x1.059b0d3158574p+0, 0x1.0874518759bc8p+0,
	0x1.0b5586cf9890fp+0, 0x1.0e3ec32d3d1a2p+0, 0x1.11301d0125b51p+0, 0x1.1429aaea92de0p+0,
	0x1.172b83c7d517bp+0, 0x1.1a35beb6fcb75p+0, 0x1.1d4873168b9aap+0, 0x1.2063b88628cd6p+0,
	0x1.2387a6e756238p+0, 0x1.26b4565e27cddp+0, 0x1.29e9df51fdee1p+0, 0x1.2d285a6e4030bp+0,
	0x1.306fe0a31b715p+0, 0x1.33c08b26416ffp+0, 0x1.371a7373aa9cbp+0, 0x1.3a7db34e59ff7p+0,
	0x1.3dea64c123422p+0, 0x1.4160a21f72e2ap+0, 0x1.44e086061892dp+0, 0x1.486a2b5c13cd0p+0,
	0x1.4bfdad5362a27p+0, 0x1.4f9b2769d2ca7p+0, 0x1.5342b569d4f82p+0, 0x1.56f4736b527dap+0,
	0x1.5ab07dd485429p+0, 0x1.5e76f15ad2148p+0, 0x1.6247eb03a5585p+0, 0x1.6623882552225p+0,
	0x1.6a09e667f3bcdp+0, 0x1.6dfb23c651a2fp+0, 0x1.71f75e8ec5f74p+0, 0x1.75feb564267c9p+0,
	0x1.7a11473eb0187p+0, 0x1.7e2f336cf4e62p+0, 0x1.82589994cce13p+0, 0x1.868d99b4492edp+0,
	0x1.8ace5422aa0dbp+0, 0x1.8f1ae99157736p+0, 0x1.93737b0cdc5e5p+0, 0x1.97d829fde4e50p+0,
	0x1.9c49182a3f090p+0, 0x1.a0c667b5de565p+0, 0x1.a5503b23e255dp+0, 0x1.a9e6b5579fdbfp+0,
	0x1.ae89f995ad3adp+0, 0x1.b33a2b84f15fbp+0, 0x1.b7f76f2fb5e47p+0, 0x1.bcc1e904bc1d2p+0,
	0x1.c199bdd85529cp+0, 0x1.c67f12e57d14bp+0, 0x1.cb720dcef9069p+0, 0x1.d072d4a07897cp+0,
	0x1.d5818dcfba487p+0, 0x1.da9e603db3285p+0, 0x1.dfc97337b9b5fp+0, 0x1.e502ee78b3ff6p+0,
	0x1.ea4afa2a490dap+0, 0x1.efa1bee615a27p+0, 0x1.f50765b6e4540p+0, 0x1.fa7c1819e90d8p+0,
}

const (
	signBit   = 1 << 63
	magic     = 0x1.8p52              // adding it rounds to an integer and leaves that in the low bits
	per64     = 0x1.71547652b82fep+6  // 64/ln 2
	ln2By64Hi = 0x1.62e42fee00000p-7  // ln 2/64, so short that its product with k is exact,
	ln2By64Lo = 0x1.a39ef35793c76p-39 // and the rest
	farthest  = 708.0                 // e^−708 is the smallest normal power
)

// expNegative is e^−a for a ≥ 0, and e^−708 beyond 708; relative error below 3e-16. With k = round(64a/ln 2) and
// a = k·ln2/64 − r it is 2^(−k/64)·e^r: a table, an exponent and five terms of the series, since |r| ≤ ln2/128.
func expNegative(a float64) float64 {
	a = min(a, farthest)
	t := magic - a*per64
	k := t - magic
	r := -a - k*ln2By64Hi - k*ln2By64Lo
	i := int64(math.Float64bits(t)) // its low bits are k, in two's complement
	p := r * r
	p = 1 + (r + p*((0.5+r*(1./6))+p*(1./24+r*(1./120))))
	return math.Float64frombits(math.Float64bits(p*exp2Table[i&63]) + uint64(i>>6)<<52)
}

// logisticRows turns η into residuals σ(η)−t, in place, and returns the rows' Σ log(1+e^η) − tη. It holds expNegative
// by hand, which is too long for the compiler to inline.
func logisticRows(eta, t []float64) float64 {
	t = t[:len(eta)]
	linear, logs, product := 0.0, 0.0, 1.0
	for i, x := range eta {
		bits := math.Float64bits(x)
		a := min(math.Float64frombits(bits&^signBit), farthest)
		shifted := magic - a*per64
		k := shifted - magic
		r := -a - k*ln2By64Hi - k*ln2By64Lo
		n := int64(math.Float64bits(shifted))
		p := r * r
		p = 1 + (r + p*((0.5+r*(1./6))+p*(1./24+r*(1./120))))
		e := math.Float64frombits(math.Float64bits(p*exp2Table[n&63]) + uint64(n>>6)<<52)

		one := 1 + e
		q := math.Float64bits(e / one) // σ(−|η|)
		// above − t ∓ σ(−|η|), with above = 1 if η ≥ 0, without a branch
		above := math.Float64frombits(0x3ff0000000000000 &^ uint64(int64(bits)>>63))
		d := above - t[i]
		linear += d * x
		eta[i] = d + math.Float64frombits(q|^bits&signBit)
		product *= one
		if i%productRows == productRows-1 {
			logs += math.Log(product)
			product = 1
		}
	}
	return linear + logs + math.Log(product)
}

// weightedRows is logisticRows with a weight per row.
func weightedRows(eta, t, w []float64) float64 {
	t, w = t[:len(eta)], w[:len(eta)]
	value := 0.0
	for i, x := range eta {
		e := expNegative(math.Abs(x))
		q := e / (1 + e)
		d, r := -t[i], q
		if x >= 0 {
			d, r = 1-t[i], -q
		}
		value += w[i] * (d*x + math.Log1p(e))
		eta[i] = w[i] * (d + r)
	}
	return value
}

// curvatureRows turns η into σ(η)σ(−η), in place.
func curvatureRows(eta []float64) {
	for i, x := range eta {
		e := expNegative(math.Abs(x))
		one := 1 + e
		eta[i] = e / (one * one)
	}
}

// gather adds table[code] to each row's η.
func gather[T uint8 | uint16 | uint32](codes []T, table, eta []float64) {
	eta = eta[:len(codes)]
	for i, code := range codes {
		eta[i] += table[code]
	}
}

// gatherPair adds the values of two fused tables to each row's η.
func gatherPair(a, b []uint16, ta, tb *[fuseLimit]float64, eta []float64) {
	b, eta = b[:len(a)], eta[:len(a)]
	for i, code := range a {
		eta[i] += ta[code%fuseLimit] + tb[b[i]%fuseLimit]
	}
}

// scatter adds each row's residual to table[code].
func scatter[T uint8 | uint16 | uint32](codes []T, table, residual []float64) {
	residual = residual[:len(codes)]
	for i, code := range codes {
		table[code] += residual[i]
	}
}

// scatterPair adds each row's residual to two fused tables.
func scatterPair(a, b []uint16, ta, tb *[fuseLimit]float64, residual []float64) {
	b, residual = b[:len(a)], residual[:len(a)]
	for i, code := range a {
		r := residual[i]
		ta[code%fuseLimit] += r
		tb[b[i]%fuseLimit] += r
	}
}

// addNumber adds slope·(x−center) to each row's η, nothing where x is missing.
func addNumber[F float32 | float64](x []F, center, slope float64, eta []float64) {
	eta = eta[:len(x)]
	for i, v := range x {
		eta[i] += float64(slope * present(float64(v)-center))
	}
}

// addNumbers adds slope·(x−center) of two columns, of which no value is missing, to each row's η.
func addNumbers[F float32 | float64](x, y []F, xCenter, yCenter, xSlope, ySlope float64, eta []float64) {
	y, eta = y[:len(x)], eta[:len(x)]
	for i, v := range x {
		eta[i] += float64(xSlope*(float64(v)-xCenter)) + float64(ySlope*(float64(y[i])-yCenter))
	}
}

// dotNumber is Σ r·(x−center) over the rows where x is not missing.
func dotNumber[F float32 | float64](x []F, center float64, residual []float64) float64 {
	residual = residual[:len(x)]
	var s0, s1, s2, s3 float64
	n := len(x) &^ 3
	for i := 0; i < n; i += 4 {
		v, r := x[i:i+4:i+4], residual[i:i+4:i+4]
		s0 += float64(r[0] * present(float64(v[0])-center))
		s1 += float64(r[1] * present(float64(v[1])-center))
		s2 += float64(r[2] * present(float64(v[2])-center))
		s3 += float64(r[3] * present(float64(v[3])-center))
	}
	for i := n; i < len(x); i++ {
		s0 += float64(residual[i] * present(float64(x[i])-center))
	}
	return (s0 + s1) + (s2 + s3)
}

// dotNumbers is dotNumber of two columns of which no value is missing.
func dotNumbers[F float32 | float64](x, y []F, xCenter, yCenter float64, residual []float64) (float64, float64) {
	y, residual = y[:len(x)], residual[:len(x)]
	var x0, x1, y0, y1 float64
	n := len(x) &^ 1
	for i := 0; i < n; i += 2 {
		v, u, r := x[i:i+2:i+2], y[i:i+2:i+2], residual[i:i+2:i+2]
		x0 += float64(r[0] * (float64(v[0]) - xCenter))
		x1 += float64(r[1] * (float64(v[1]) - xCenter))
		y0 += float64(r[0] * (float64(u[0]) - yCenter))
		y1 += float64(r[1] * (float64(u[1]) - yCenter))
	}
	if n < len(x) {
		x0 += float64(residual[n] * (float64(x[n]) - xCenter))
		y0 += float64(residual[n] * (float64(y[n]) - yCenter))
	}
	return x0 + x1, y0 + y1
}

// present is d, or 0 if d is NaN, as a conditional move: missing values come in no order that a branch could predict.
func present(d float64) float64 {
	bits := math.Float64bits(d)
	if d != d {
		bits = 0
	}
	return math.Float64frombits(bits)
}

// standardise writes (x−center)·inverse, 0 where x is missing.
func standardise[F float32 | float64](x []F, center, inverse float64, z []float64) {
	z = z[:len(x)]
	for i, v := range x {
		z[i] = present((float64(v) - center) * inverse)
	}
}
