package logit

import (
	"context"
	"math"
)

// verify computes F's parts and its gradient once more, column by column from the problem itself, with the mathematical
// library's functions: no fused codes, no tables, none of the kernels. It is what a fit's optimality rests on.
func (p *Problem) verify(ctx context.Context, l *layout, workers, chunks int, theta []float64) (loss, value float64, grad []float64, err error) {
	all := blocks(p.Rows)
	losses := make([]float64, chunks)
	grads := make([][]float64, chunks)
	err = each(ctx, workers, chunks, func(_, c int) error {
		grads[c] = make([]float64, len(theta))
		eta := make([]float64, blockRows)
		for b := c * all / chunks; b < (c+1)*all/chunks; b++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			losses[c] += p.verifyBlock(l, span{b * blockRows, min((b+1)*blockRows, p.Rows)}, theta, grads[c], eta)
		}
		return nil
	})
	if err != nil {
		return 0, 0, nil, err
	}
	for _, g := range grads[1:] {
		addTo(grads[0], g)
	}
	loss = sum(losses)
	value = loss + l.penalty(theta, grads[0])
	l.clearFixed(grads[0])
	return loss, value, grads[0], nil
}

func (p *Problem) verifyBlock(l *layout, at span, theta, grad, eta []float64) float64 {
	eta = eta[:at.hi-at.lo]
	for i := range eta {
		eta[i] = theta[l.intercept]
	}
	for j, s := range l.columns {
		p.Columns[j].verifyAdd(at, theta[s.offset:], eta)
	}
	loss := 0.0
	for i, x := range eta {
		w, t := p.weight(at.lo+i), p.target(at.lo+i)
		e := math.Exp(-math.Abs(x))
		loss += w * ((math.Max(x, 0) - t*x) + math.Log1p(e))
		if x >= 0 {
			eta[i] = w * ((1 - t) - e/(1+e))
		} else {
			eta[i] = w * (e/(1+e) - t)
		}
		grad[l.intercept] += eta[i]
	}
	for j, s := range l.columns {
		p.Columns[j].verifySum(at, eta, grad[s.offset:])
	}
	return loss
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
	for i, v := range x {
		if v == v {
			eta[i] += slope * ((float64(v) - center) * inverse)
		} else {
			eta[i] += missing
		}
	}
}

// verifySum adds the column's part of the gradient.
func (c *Column) verifySum(at span, residual, grad []float64) {
	switch {
	case c.Codes.U8 != nil:
		tallyUp(c.Codes.U8[at.lo:at.hi], residual, grad)
	case c.Codes.U16 != nil:
		tallyUp(c.Codes.U16[at.lo:at.hi], residual, grad)
	case c.Codes.U32 != nil:
		tallyUp(c.Codes.U32[at.lo:at.hi], residual, grad)
	case c.Numbers.F32 != nil:
		product(c, c.Numbers.F32[at.lo:at.hi], residual, grad)
	default:
		product(c, c.Numbers.F64[at.lo:at.hi], residual, grad)
	}
}

func tallyUp[T uint8 | uint16 | uint32](codes []T, residual, grad []float64) {
	for i, code := range codes {
		grad[code] += residual[i]
	}
}

func product[F float32 | float64](c *Column, x []F, residual, grad []float64) {
	center, inverse := c.Center, 1/c.Scale
	slope, missing := 0.0, 0.0
	for i, v := range x {
		if v == v {
			slope += residual[i] * ((float64(v) - center) * inverse)
		} else {
			missing += residual[i]
		}
	}
	grad[0] += slope
	if c.Flag {
		grad[1] += missing
	}
}
