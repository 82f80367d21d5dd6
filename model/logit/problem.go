package logit

import (
	"context"
	"fmt"
	"math"
)

// outcomes sums up a problem's labels: Σw, Σw·t and the rows of weight above zero.
type outcomes struct {
	weight, won float64
	rows        int
}

// check scans the problem once: lengths, ranges, finiteness. It returns what the labels add up to.
func (p *Problem) check(ctx context.Context, workers int) (outcomes, error) {
	if err := p.checkShape(); err != nil {
		return outcomes{}, err
	}
	parts := make([]outcomes, blocks(p.Rows))
	err := each(ctx, workers, len(parts), func(_, b int) error {
		at := span{b * blockRows, min((b+1)*blockRows, p.Rows)}
		for j := range p.Columns {
			if err := p.Columns[j].checkValues(j, at); err != nil {
				return err
			}
		}
		var err error
		parts[b], err = p.checkOutcomes(at)
		return err
	})
	if err != nil {
		return outcomes{}, err
	}
	var sum outcomes
	for _, o := range parts {
		sum.weight += o.weight
		sum.won += o.won
		sum.rows += o.rows
	}
	switch {
	case sum.rows == 0:
		return sum, ErrNoData
	case math.IsInf(sum.weight, 0):
		return sum, fmt.Errorf("logit: weights: their sum overflows")
	}
	return sum, nil
}

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

func (c *Column) checkValues(j int, at span) error {
	switch {
	case c.Codes.U8 != nil:
		return checkCodes(j, at, c.Codes.U8, c.Levels)
	case c.Codes.U16 != nil:
		return checkCodes(j, at, c.Codes.U16, c.Levels)
	case c.Codes.U32 != nil:
		return checkCodes(j, at, c.Codes.U32, c.Levels)
	case c.Numbers.F32 != nil:
		return checkNumbers(j, at, c.Numbers.F32, c.Center, 1/c.Scale)
	default:
		return checkNumbers(j, at, c.Numbers.F64, c.Center, 1/c.Scale)
	}
}

func checkCodes[T uint8 | uint16 | uint32](j int, at span, codes []T, levels int) error {
	top := T(0)
	for _, code := range codes[at.lo:at.hi] {
		top = max(top, code)
	}
	if uint64(top) < uint64(levels) {
		return nil
	}
	for i := at.lo; ; i++ {
		if uint64(codes[i]) >= uint64(levels) {
			return fmt.Errorf("logit: column %d: row %d: code %d, must be below %d", j, i, codes[i], levels)
		}
	}
}

// largeNumber bounds |z|: sums of products of two such numbers over any number of rows stay finite.
const largeNumber = 1e100

func checkNumbers[F float32 | float64](j int, at span, x []F, center, inverse float64) error {
	good := true
	for _, v := range x[at.lo:at.hi] {
		// Not the negation of "large": a NaN, which is missing, must pass.
		if math.Abs((float64(v)-center)*inverse) > largeNumber {
			good = false
		}
	}
	if good {
		return nil
	}
	for i := at.lo; ; i++ {
		z := (float64(x[i]) - center) * inverse
		if math.Abs(z) > largeNumber {
			return fmt.Errorf("logit: column %d: row %d: %v, or %v when standardised, must be finite and not huge", j, i, x[i], z)
		}
	}
}

// gaps reports for each column whether it is a number with a missing value.
func (p *Problem) gaps(ctx context.Context, workers int) ([]bool, error) {
	missing := make([]bool, len(p.Columns))
	err := each(ctx, workers, len(p.Columns), func(_, j int) error {
		missing[j] = hasNaN(p.Columns[j].Numbers.F32) || hasNaN(p.Columns[j].Numbers.F64)
		return nil
	})
	return missing, err
}

func hasNaN[F float32 | float64](x []F) bool {
	for _, v := range x {
		if v != v {
			return true
		}
	}
	return false
}

func (p *Problem) checkOutcomes(at span) (outcomes, error) {
	var o outcomes
	for i := at.lo; i < at.hi; i++ {
		w, t := p.weight(i), p.target(i)
		if !finiteAtLeastZero(w) {
			return o, fmt.Errorf("logit: weights: row %d: %v, must be finite and not negative", i, w)
		}
		if !(t >= 0 && t <= 1) {
			return o, fmt.Errorf("logit: labels or targets: row %d: %v, must be 0 or 1, or in [0, 1]", i, t)
		}
		if w > 0 {
			o.rows++
			o.weight += w
			o.won += w * t
		}
	}
	return o, nil
}

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

// oneClass reports whether every target is 0 or every target is 1, exactly, whatever the sums have been rounded to.
func (p *Problem) oneClass(o outcomes) bool {
	if o.won > 0 && o.won < o.weight {
		return false
	}
	below, above := false, false
	for i := range p.Rows {
		if p.weight(i) > 0 {
			above = above || p.target(i) > 0
			below = below || p.target(i) < 1
		}
	}
	return !(above && below)
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
