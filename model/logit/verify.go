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
	if c.Levels > 0 {
		for i := range eta {
			eta[i] += beta[c.Codes.code(at.lo+i)]
		}
		return
	}
	for i := range eta {
		if x := c.Numbers.number(at.lo + i); !math.IsNaN(x) {
			eta[i] += beta[0] * ((x - c.Center) / c.Scale)
		} else if c.Flag {
			eta[i] += beta[1]
		}
	}
}

// verifySum adds the column's part of the gradient.
func (c *Column) verifySum(at span, residual, grad []float64) {
	if c.Levels > 0 {
		for i, r := range residual {
			grad[c.Codes.code(at.lo+i)] += r
		}
		return
	}
	for i, r := range residual {
		if x := c.Numbers.number(at.lo + i); !math.IsNaN(x) {
			grad[0] += r * ((x - c.Center) / c.Scale)
		} else if c.Flag {
			grad[1] += r
		}
	}
}
