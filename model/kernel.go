package model

import "math"

// The inner loops of scoring a batch. Each adds to the log-odds of a run of leads, or turns them into probabilities; a
// lead's sum is in the order of the calls, and within a call in that of the columns.

// addLookup adds table[code+1] of a column of codes. NoCode, the largest, wraps to position 0.
func addLookup(l []float64, codes []uint32, table []float64) {
	codes = codes[:len(l)]
	for i, s := range l {
		l[i] = s + table[codes[i]+1]
	}
}

// addLookups2 is addLookup of two columns, whose sum stays in a register meanwhile; addLookups4 of four.
func addLookups2(l []float64, c0, c1 []uint32, t0, t1 []float64) {
	c0, c1 = c0[:len(l)], c1[:len(l)]
	for i, s := range l {
		l[i] = s + t0[c0[i]+1] + t1[c1[i]+1]
	}
}

func addLookups4(l []float64, c0, c1, c2, c3 []uint32, t0, t1, t2, t3 []float64) {
	c0, c1, c2, c3 = c0[:len(l)], c1[:len(l)], c2[:len(l)], c3[:len(l)]
	for i, s := range l {
		l[i] = s + t0[c0[i]+1] + t1[c1[i]+1] + t2[c2[i]+1] + t3[c3[i]+1]
	}
}

// A scaled line has an inverse deviation 2^scale times too large and a slope as much too small. That keeps every digit
// of a contribution, but from |z| = 2^39 on the product overflows, and the lead's sum is ±Inf or NaN: that is how a lead
// is found whose number may be beyond features.Reach, without comparing any number with a bound.
const scale = 1024 - 39

// scaled returns the line for addLine, and whether there is one: not for a slope below 2^−37 or a deviation below 2^−39.
func (l numberLine) scaled() (numberLine, bool) {
	s := l
	s.inverse, s.slope = math.Ldexp(l.inverse, scale), math.Ldexp(l.slope, -scale)
	return s, !math.IsInf(s.inverse, 0) && math.Ldexp(s.slope, scale) == l.slope
}

// missingBits are those of infinity without the sign, shifted by it: only a NaN's are above.
const missingBits = 0x7ff << 53

// addLine adds the contributions of numbers by a scaled line: those of numberLine.at, but no finite number for one that
// is far out. Whether one is missing is not told by a branch, which nobody could predict.
func addLine(sum, x []float64, l *numberLine) {
	x = x[:len(sum)]
	mean, inverse, slope, shift, absent := l.mean, l.inverse, l.slope, l.shift, math.Float64bits(l.absent)
	for i, s := range sum {
		c := math.Float64bits(float64(slope*((x[i]-mean)*inverse)) - shift)
		if math.Float64bits(x[i])<<1 > missingBits {
			c = absent
		}
		sum[i] = s + math.Float64frombits(c)
	}
}

// addLines2 is addLine of two columns.
func addLines2(sum, x, y []float64, l, m *numberLine) {
	x, y = x[:len(sum)], y[:len(sum)]
	xMean, xInverse, xSlope, xShift, xAbsent := l.mean, l.inverse, l.slope, l.shift, math.Float64bits(l.absent)
	yMean, yInverse, ySlope, yShift, yAbsent := m.mean, m.inverse, m.slope, m.shift, math.Float64bits(m.absent)
	for i, s := range sum {
		c := math.Float64bits(float64(xSlope*((x[i]-xMean)*xInverse)) - xShift)
		if math.Float64bits(x[i])<<1 > missingBits {
			c = xAbsent
		}
		d := math.Float64bits(float64(ySlope*((y[i]-yMean)*yInverse)) - yShift)
		if math.Float64bits(y[i])<<1 > missingBits {
			d = yAbsent
		}
		sum[i] = s + math.Float64frombits(c) + math.Float64frombits(d)
	}
}

// addLinesFirstWhole is addLines2 where the first column is believed to miss no number: of a lead that does the sum is NaN.
func addLinesFirstWhole(sum, x, y []float64, l, m *numberLine) {
	x, y = x[:len(sum)], y[:len(sum)]
	xMean, xInverse, xSlope, xShift := l.mean, l.inverse, l.slope, l.shift
	yMean, yInverse, ySlope, yShift, yAbsent := m.mean, m.inverse, m.slope, m.shift, math.Float64bits(m.absent)
	for i, s := range sum {
		d := math.Float64bits(float64(ySlope*((y[i]-yMean)*yInverse)) - yShift)
		if math.Float64bits(y[i])<<1 > missingBits {
			d = yAbsent
		}
		sum[i] = s + (float64(xSlope*((x[i]-xMean)*xInverse)) - xShift) + math.Float64frombits(d)
	}
}

// addLinesSecondWhole is addLines2 where the second column is.
func addLinesSecondWhole(sum, x, y []float64, l, m *numberLine) {
	x, y = x[:len(sum)], y[:len(sum)]
	xMean, xInverse, xSlope, xShift, xAbsent := l.mean, l.inverse, l.slope, l.shift, math.Float64bits(l.absent)
	yMean, yInverse, ySlope, yShift := m.mean, m.inverse, m.slope, m.shift
	for i, s := range sum {
		c := math.Float64bits(float64(xSlope*((x[i]-xMean)*xInverse)) - xShift)
		if math.Float64bits(x[i])<<1 > missingBits {
			c = xAbsent
		}
		sum[i] = s + math.Float64frombits(c) + (float64(ySlope*((y[i]-yMean)*yInverse)) - yShift)
	}
}

// Up to nearBy, 1/(1+e^−x) neither overflows nor rounds to 1. With k = round(−64x/ln 2) and −x = k·ln2/64 + r,
// |r| ≤ ln2/128,
//
//	e^−x = 2^(k/64)·e^r
//
// is a table, an exponent and five terms of the series, whose remainder is below 2⁻⁵⁴. ln2/64 is subtracted in two parts
// (Cody & Waite 1980), so that r keeps its digits.
//
// Note: math.Exp is as exact, but its call costs more than all the rest of a lead's sigmoid.
const (
	nearBy    = 36
	magic     = 0x1.8p52 // adding it rounds to a whole number, and leaves that in the low bits
	per64     = 0x1.71547652b82fep+6
	ln2By64Hi = 0x1.62e42fee00000p-7 // so short that its product with k is exact,
	ln2By64Lo = 0x1.a39ef35793c76p-39
)

// sigmoidsScalar is sigmoids of any number of leads.
func sigmoidsScalar(l, p []float64) bool {
	p = p[:len(l)]
	finite := true
	for i, x := range l {
		if !(math.Abs(x) <= nearBy) {
			p[i] = farSigmoid(x)
			finite = finite && math.Abs(x) <= math.MaxFloat64
			continue
		}
		shifted := magic - float64(x*per64)
		k := shifted - magic
		r := (-x - float64(k*ln2By64Hi)) - float64(k*ln2By64Lo)
		n := math.Float64bits(shifted) // its low bits are k, in two's complement
		square := float64(r * r)
		series := (1./2 + float64(r*(1./6))) + float64(square*(1./24+float64(r*(1./120))))
		power := exp2Table[n%64]
		power += float64(power * (r + float64(square*series)))
		p[i] = 1 / (1 + math.Float64frombits(math.Float64bits(power)+n>>6<<52))
	}
	return finite
}

// farSigmoid is the Sigmoid beyond nearBy, and NaN of NaN.
func farSigmoid(x float64) float64 {
	if x > 0 {
		return largest
	}
	e := math.Exp(x)
	return max(e/(1+e), smallest)
}

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
