package logit

import (
	"context"
	"math"
)

// verify computes F's parts and its gradient once more, column by column from the problem itself, with the mathematical
// library's functions: no fused codes, no tables, none of the kernels. It is what a fit's optimality rests on.
func (p *Problem) verify(ctx context.Context, l *layout, workers, chunks int, theta, grad []float64) (loss, value float64, err error) {
	all := blocks(p.Rows)
	parts := make([]verification, chunks)
	err = each(ctx, workers, chunks, func(_, c int) error {
		v := verification{even: make([]float64, len(theta)), odd: make([]float64, len(theta))}
		for b := c * all / chunks; b < (c+1)*all/chunks; b++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			v.block(p, l, blockSpan(p.Rows, b), theta)
		}
		parts[c] = v
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	clear(grad)
	for _, v := range parts {
		loss += v.loss
		for k := range grad {
			grad[k] += v.even[k] + v.odd[k]
		}
	}
	value = loss + l.penalty(theta, grad)
	l.clearFixed(grad)
	return loss, value, nil
}

// verification is the sums of a range of blocks. Rows take turns between two gradients: adding twice in a row to the
// same level would have to wait.
type verification struct {
	loss      float64
	even, odd []float64
	eta       [blockRows]float64
	target    [blockRows]float64
	weight    [blockRows]float64
}

func (v *verification) block(p *Problem, l *layout, at span, theta []float64) {
	n := at.hi - at.lo
	eta, target, weight := v.eta[:n], v.target[:n], v.weight[:n]
	for i := range eta {
		eta[i], target[i], weight[i] = theta[l.intercept], p.target(at.lo+i), p.weight(at.lo+i)
	}
	for j, s := range l.columns {
		p.Columns[j].verifyAdd(at, theta[s.offset:], eta)
	}
	v.rows(eta, target, weight, l.intercept)
	for j, s := range l.columns {
		p.Columns[j].verifySum(at, eta, v.even[s.offset:], v.odd[s.offset:])
	}
}

// rows turns η into weighted residuals. Equal weights share a logarithm: Σ log(1+e) = log Π(1+e).
func (v *verification) rows(eta, target, weight []float64, intercept int) {
	loss, total, product, common := 0.0, 0.0, 1.0, 1.0
	for i, x := range eta {
		w, t := weight[i], target[i]
		e := math.Exp(-math.Abs(x))
		if w != common || product > 1e100 {
			loss += common * math.Log(product)
			product, common = 1, w
		}
		product *= 1 + e
		small := e / (1 + e) // of σ(η) and σ(−η)
		if x >= 0 {
			loss += w * ((1 - t) * x)
			eta[i] = w * ((1 - t) - small)
		} else {
			loss -= w * (t * x)
			eta[i] = w * (small - t)
		}
		total += eta[i]
	}
	v.loss += loss + common*math.Log(product)
	v.even[intercept] += total
}

// verifyAdd adds the column's part of η.
func (c *Column) verifyAdd(at span, beta, eta []float64) {
	switch {
	case c.Codes.U8 != nil:
		lookUp(c.Codes.U8[at.lo:at.hi], beta, eta)
	case c.Codes.U16 != nil:
		lookUp(c.Codes.U16[at.lo:at.hi], beta, eta)
	case c.Codes.U32 != nil:
		lookUp(c.Codes.U32[at.lo:at.hi], beta, eta)
	case c.Numbers.F32 != nil:
		multiply(c, c.Numbers.F32[at.lo:at.hi], beta, eta)
	default:
		multiply(c, c.Numbers.F64[at.lo:at.hi], beta, eta)
	}
}

func lookUp[T uint8 | uint16 | uint32](codes []T, beta, eta []float64) {
	eta = eta[:len(codes)]
	for i, code := range codes {
		eta[i] += beta[code]
	}
}

func multiply[F float32 | float64](c *Column, x []F, beta, eta []float64) {
	center, inverse := c.Center, 1/c.Scale
	slope, missing := beta[0], 0.0
	if c.Flag {
		missing = beta[1]
	}
	eta = eta[:len(x)]
	if !anyMissing(x) {
		for i, v := range x {
			eta[i] += slope * ((float64(v) - center) * inverse)
		}
		return
	}
	for i, v := range x {
		z := float64(v) - center
		gone := isMissing(z)
		eta[i] += math.Float64frombits(math.Float64bits(slope*(z*inverse))&^gone | math.Float64bits(missing)&gone)
	}
}

// isMissing is all ones if x is NaN, else 0. Where values are missing is not predictable, a branch would cost more.
func isMissing(x float64) uint64 {
	const infinity, magnitude = 0x7ff << 52, 1<<63 - 1
	return uint64((infinity - int64(math.Float64bits(x)&magnitude)) >> 63)
}

func anyMissing[F float32 | float64](x []F) bool {
	for _, v := range x {
		if v != v {
			return true
		}
	}
	return false
}

// verifySum adds the column's part of the gradient.
func (c *Column) verifySum(at span, residual, even, odd []float64) {
	switch {
	case c.Codes.U8 != nil:
		tallyUp(c.Codes.U8[at.lo:at.hi], residual, even, odd)
	case c.Codes.U16 != nil:
		tallyUp(c.Codes.U16[at.lo:at.hi], residual, even, odd)
	case c.Codes.U32 != nil:
		tallyUp(c.Codes.U32[at.lo:at.hi], residual, even, odd)
	case c.Numbers.F32 != nil:
		product(c, c.Numbers.F32[at.lo:at.hi], residual, even)
	default:
		product(c, c.Numbers.F64[at.lo:at.hi], residual, even)
	}
}

func tallyUp[T uint8 | uint16 | uint32](codes []T, residual, even, odd []float64) {
	for len(codes) >= 2 && len(residual) >= 2 {
		even[codes[0]] += residual[0]
		odd[codes[1]] += residual[1]
		codes, residual = codes[2:], residual[2:]
	}
	for i, code := range codes {
		even[code] += residual[i]
	}
}

func product[F float32 | float64](c *Column, x []F, residual, grad []float64) {
	center, inverse := c.Center, 1/c.Scale
	even, odd, missing := 0.0, 0.0, 0.0
	residual = residual[:len(x)]
	if anyMissing(x) {
		for i, v := range x {
			z := float64(v) - center
			gone := isMissing(z)
			even += residual[i] * math.Float64frombits(math.Float64bits(z*inverse)&^gone)
			missing += math.Float64frombits(math.Float64bits(residual[i]) & gone)
		}
	} else {
		for len(x) >= 2 && len(residual) >= 2 {
			even += residual[0] * ((float64(x[0]) - center) * inverse)
			odd += residual[1] * ((float64(x[1]) - center) * inverse)
			x, residual = x[2:], residual[2:]
		}
		for i, v := range x {
			even += residual[i] * ((float64(v) - center) * inverse)
		}
	}
	grad[0] += even + odd
	if c.Flag {
		grad[1] += missing
	}
}
