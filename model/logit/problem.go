package logit

import (
	"fmt"
	"math"
)

// checkShape checks what needs no look at the values: lengths, widths, penalties.
func (p *Problem) checkShape() error {
	if p.Rows < 0 {
		return fmt.Errorf("logit: Rows is %d, must not be negative", p.Rows)
	}
	if (p.Labels == nil) == (p.Targets == nil) && p.Rows > 0 {
		return fmt.Errorf("logit: exactly one of Labels and Targets must be given")
	}
	if p.Labels != nil && len(p.Labels) != p.Rows {
		return fmt.Errorf("logit: labels: length is %d, Rows is %d", len(p.Labels), p.Rows)
	}
	if p.Targets != nil && len(p.Targets) != p.Rows {
		return fmt.Errorf("logit: targets: length is %d, Rows is %d", len(p.Targets), p.Rows)
	}
	if p.Weights != nil && len(p.Weights) != p.Rows {
		return fmt.Errorf("logit: weights: length is %d, Rows is %d", len(p.Weights), p.Rows)
	}
	for j := range p.Columns {
		if err := p.Columns[j].checkShape(p.Rows); err != nil {
			return fmt.Errorf("logit: column %d: %w", j, err)
		}
	}
	return nil
}

func (c *Column) checkShape(rows int) error {
	if !finiteAtLeastZero(c.Ridge) || !finiteAtLeastZero(c.Difference) {
		return fmt.Errorf("penalties Ridge %v and Difference %v must be finite and not negative", c.Ridge, c.Difference)
	}
	slices, length := 0, 0
	for _, n := range []struct {
		given bool
		len   int
		code  bool
	}{
		{c.Codes.U8 != nil, len(c.Codes.U8), true},
		{c.Codes.U16 != nil, len(c.Codes.U16), true},
		{c.Codes.U32 != nil, len(c.Codes.U32), true},
		{c.Numbers.F32 != nil, len(c.Numbers.F32), false},
		{c.Numbers.F64 != nil, len(c.Numbers.F64), false},
	} {
		if n.given {
			if n.code != (c.Levels > 0) {
				return fmt.Errorf("its Levels is %d, but the values are of the other kind", c.Levels)
			}
			slices, length = slices+1, n.len
		}
	}
	switch {
	case c.Levels < 0:
		return fmt.Errorf("its Levels is %d, must not be negative", c.Levels)
	case slices > 1 || slices == 0 && rows > 0:
		return fmt.Errorf("%d slices of values are given, must be exactly one", slices)
	case length != rows:
		return fmt.Errorf("length is %d, Rows is %d", length, rows)
	case c.Apart < 0 || c.Apart > c.Levels:
		return fmt.Errorf("its Apart is %d, must be 0 to Levels, %d", c.Apart, c.Levels)
	case c.Levels > 0:
		return nil
	case c.Difference != 0:
		return fmt.Errorf("its Difference is %v, a number has none", c.Difference)
	case math.IsNaN(c.Center) || math.IsInf(c.Center, 0):
		return fmt.Errorf("its Center is %v, must be finite", c.Center)
	case !(c.Scale > 0) || math.IsInf(1/c.Scale, 0) || math.IsInf(c.Scale, 0):
		return fmt.Errorf("its Scale is %v, must be positive and finite", c.Scale)
	}
	return nil
}

func finiteAtLeastZero(x float64) bool { return x >= 0 && !math.IsInf(x, 1) }

func (p *Problem) weight(i int) float64 {
	if p.Weights == nil {
		return 1
	}
	return p.Weights[i]
}

func (p *Problem) target(i int) float64 {
	if p.Labels != nil {
		return float64(p.Labels[i])
	}
	return p.Targets[i]
}

// code is the code of row i.
func (c Codes) code(i int) int {
	switch {
	case c.U8 != nil:
		return int(c.U8[i])
	case c.U16 != nil:
		return int(c.U16[i])
	default:
		return int(c.U32[i])
	}
}

// number is the raw number of row i, NaN if missing.
func (n Numbers) number(i int) float64 {
	if n.F32 != nil {
		return float64(n.F32[i])
	}
	return n.F64[i]
}
