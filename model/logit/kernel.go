package logit

import "math"

// The inner loops of a pass, over the rows of one block. They are plain Go and always built; where a vector version of
// one pays it has the same bits (vector.go).
//
// With e = e^−|η|, every quantity of a row follows without overflow or cancellation:
//
//	σ(η)  = 1/(1+e) if η ≥ 0, else e/(1+e)
//	σ(−η) = 1 − σ(η) with the two cases exchanged
//	log(1+e^η) = max(η, 0) + log(1+e)
//
// and Σ log(1+eᵢ) = log Π(1+eᵢ), a product of a block's rows in two lanes of eight, that is blockRows/4 factors of at
// most 2, which do not overflow.

// exp2Table holds 2^(j/16).
var exp2Table = [16]float64{
	0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
	0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
	0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
	0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0,
}

const (
	signBit   = 1 << 63
	magic     = 0x1.8p52              // adding it rounds to an integer and leaves that in the low bits
	per16     = 0x1.71547652b82fep+4  // 16/ln 2
	ln2By16Hi = 0x1.62e42fee00000p-5  // ln 2/16, so short that its product with k is exact,
	ln2By16Lo = 0x1.a39ef35793c76p-37 // and the rest
	farthest  = 0x4086200000000000    // the bits of 708: e^−708 is the smallest normal power
)

// expNegative is e^−a for a ≥ 0, and e^−708 beyond 708; relative error below 4e-16. With k = round(16a/ln 2) and
// a = k·ln2/16 − r it is 2^(−k/16)·e^r: a table, an exponent and seven terms of the series, since |r| ≤ ln2/32.
func expNegative(a float64) float64 {
	a = math.Float64frombits(min(math.Float64bits(a), farthest))
	t := magic - float64(a*per16)
	k := t - magic
	r := (-a - float64(k*ln2By16Hi)) - float64(k*ln2By16Lo)
	n := math.Float64bits(t) // its low bits are k, in two's complement
	square := float64(r * r)
	series := (1./2 + float64(r*(1./6))) + float64(square*((1./24+float64(r*(1./120)))+float64(square*(1./720+float64(r*(1./5040))))))
	power := float64((1 + (r + float64(square*series))) * exp2Table[n%16])
	return math.Float64frombits(math.Float64bits(power) + n>>4<<52)
}

// sums is what the rows of a block add up to.
type sums struct{ loss, residual float64 }

// logisticSums is the lanes of a block's sums and products: row i is in lane i mod 8, as in numbers.go.
type logisticSums struct{ linear, residual, product lanes }

// add turns the η of rows from a multiple of eight on into residuals σ(η)−t, in place. It holds expNegative by hand, which
// is too long to be inlined.
func (s *logisticSums) add(eta, t []float64) {
	t = t[:len(eta)]
	for i, x := range eta {
		bits := math.Float64bits(x)
		a := math.Float64frombits(min(bits&^signBit, farthest))
		shifted := magic - float64(a*per16)
		k := shifted - magic
		r := (-a - float64(k*ln2By16Hi)) - float64(k*ln2By16Lo)
		n := math.Float64bits(shifted)
		square := float64(r * r)
		series := (1./2 + float64(r*(1./6))) + float64(square*((1./24+float64(r*(1./120)))+float64(square*(1./720+float64(r*(1./5040))))))
		power := float64((1 + (r + float64(square*series))) * exp2Table[n%16])
		e := math.Float64frombits(math.Float64bits(power) + n>>4<<52)

		one := 1 + e
		q := math.Float64bits(e / one) // σ(−|η|)
		// above − t ∓ σ(−|η|), with above = 1 if η ≥ 0, without a branch
		above := math.Float64frombits(0x3ff0000000000000 &^ uint64(int64(bits)>>63))
		d := above - t[i]
		y := d + math.Float64frombits(q|^bits&signBit)
		eta[i] = y
		s.linear[i%8] += float64(d * x)
		s.residual[i%8] += y
		s.product[i%8] *= one
	}
}

// sums are Σ log(1+e^η) − tη and Σ σ(η)−t.
func (s *logisticSums) sums() sums {
	logs := 0.0
	for i := 0; i < 8; i += 2 {
		logs += math.Log(s.product[i] * s.product[i+1])
	}
	return sums{s.linear.sum() + logs, s.residual.sum()}
}

var ones = lanes{1, 1, 1, 1, 1, 1, 1, 1}

// logisticRowsScalar turns the η of at most a block into residuals, in place.
func logisticRowsScalar(eta, t []float64) sums {
	s := logisticSums{product: ones}
	s.add(eta, t)
	return s.sums()
}

// weightedRows is logisticRows with a weight per row.
func weightedRows(eta, t, w []float64) sums {
	t, w = t[:len(eta)], w[:len(eta)]
	var all sums
	for i, x := range eta {
		e := expNegative(math.Abs(x))
		q := e / (1 + e)
		d, r := -t[i], q
		if x >= 0 {
			d, r = 1-t[i], -q
		}
		all.loss += float64(w[i] * (float64(d*x) + math.Log1p(e)))
		eta[i] = w[i] * (d + r)
		all.residual += eta[i]
	}
	return all
}

// curvatureRowsScalar turns η into σ(η)σ(−η), in place.
func curvatureRowsScalar(eta []float64) {
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
