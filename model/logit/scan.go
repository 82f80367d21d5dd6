package logit

import (
	"context"
	"fmt"
	"math"
)

// The first pass over the rows reads every value once: it checks ranges and finiteness, finds out which numbers have
// missing values, adds the labels up and writes the fused codes.

// outcomes sums up a problem's labels: Σw, Σw·t and the rows of weight above zero.
type outcomes struct {
	weight, won float64
	rows        int
}

// scan makes the first pass. It fills the groups' codes and gaps: which columns are numbers with a missing value.
func (o *objective) scan(ctx context.Context) (won outcomes, gaps []bool, err error) {
	p := o.problem
	for i := range o.groups {
		o.groups[i].allocate(p)
	}
	parts := make([]outcomes, blocks(p.Rows))
	seen := make([][]bool, o.workers)
	for worker := range seen {
		seen[worker] = make([]bool, len(p.Columns))
	}
	err = each(ctx, o.workers, len(parts), func(worker, b int) (err error) {
		at := blockSpan(p.Rows, b)
		if err := p.scanColumns(at, seen[worker]); err != nil {
			return err
		}
		for i := range o.groups {
			o.groups[i].fill(p, at)
		}
		parts[b], err = p.scanOutcomes(at)
		return err
	})
	if err != nil {
		return outcomes{}, nil, err
	}
	for _, part := range parts {
		won.weight += part.weight
		won.won += part.won
		won.rows += part.rows
	}
	for _, other := range seen[1:] {
		for j, gap := range other {
			seen[0][j] = seen[0][j] || gap
		}
	}
	switch {
	case won.rows == 0:
		return won, nil, ErrNoData
	case math.IsInf(won.weight, 0):
		return won, nil, fmt.Errorf("logit: weights: their sum overflows")
	}
	return won, seen[0], nil
}

// scanColumns checks the values of a span and marks the columns with missing ones.
func (p *Problem) scanColumns(at span, gaps []bool) (err error) {
	for j := range p.Columns {
		gap := false
		switch c := &p.Columns[j]; {
		case c.Codes.U8 != nil:
			err = checkCodes(j, at, c.Codes.U8, c.Levels)
		case c.Codes.U16 != nil:
			err = checkCodes(j, at, c.Codes.U16, c.Levels)
		case c.Codes.U32 != nil:
			err = checkCodes(j, at, c.Codes.U32, c.Levels)
		case c.Numbers.F32 != nil:
			gap, err = checkNumbers(j, at, c.Numbers.F32, c.Center, 1/c.Scale)
		default:
			gap, err = checkNumbers(j, at, c.Numbers.F64, c.Center, 1/c.Scale)
		}
		if err != nil {
			return err
		}
		gaps[j] = gaps[j] || gap
	}
	return nil
}

func checkCodes[T uint8 | uint16 | uint32](j int, at span, codes []T, levels int) error {
	if top := largestCode(codes[at.lo:at.hi]); uint64(top) < uint64(levels) {
		return nil
	}
	for i := at.lo; ; i++ {
		if uint64(codes[i]) >= uint64(levels) {
			return fmt.Errorf("logit: column %d: row %d: code %d, must be below %d", j, i, codes[i], levels)
		}
	}
}

func largestCode[T uint8 | uint16 | uint32](codes []T) T {
	var a, b, c, d T
	for len(codes) >= 4 {
		a, b, c, d = max(a, codes[0]), max(b, codes[1]), max(c, codes[2]), max(d, codes[3])
		codes = codes[4:]
	}
	for _, code := range codes {
		a = max(a, code)
	}
	return max(a, b, c, d)
}

// largeNumber bounds |z|: sums of products of two such numbers over any number of rows stay finite.
const largeNumber = 1e100

// checkNumbers reports whether a number is missing, and returns an error if one is infinite or huge.
func checkNumbers[F float32 | float64](j int, at span, x []F, center, inverse float64) (gap bool, err error) {
	largest, gap := magnitude(x[at.lo:at.hi])
	if (largest+math.Abs(center))*inverse <= largeNumber {
		return gap, nil
	}
	for i := at.lo; i < at.hi; i++ {
		// Not the negation of "large": a NaN, which is missing, must pass.
		if z := (float64(x[i]) - center) * inverse; math.Abs(z) > largeNumber {
			return gap, fmt.Errorf("logit: column %d: row %d: %v, or %v when standardised, must be finite and not huge", j, i, x[i], z)
		}
	}
	return gap, nil
}

// magnitude is the largest |x| and whether there is a NaN. The bits of |x|, less those of the least NaN, order the NaNs
// before the numbers: their maximum is of the largest number, their minimum tells whether there is a NaN.
func magnitude[F float32 | float64](x []F) (largest float64, gap bool) {
	const leastNaN = 0x7ff0000000000001
	const zero = 1<<63 - leastNaN // where 0 comes, modulo 2⁶³
	least, most := uint64(1<<63), uint64(0)
	for _, v := range x {
		order := (math.Float64bits(float64(v)) - leastNaN) &^ signBit
		least, most = min(least, order), max(most, order)
	}
	if most >= zero {
		largest = math.Float64frombits((most + leastNaN) &^ signBit)
	}
	return largest, least < zero
}

// scanOutcomes checks and adds up the labels and weights of a span.
func (p *Problem) scanOutcomes(at span) (outcomes, error) {
	if p.Weights == nil && p.Labels != nil {
		n, won := at.hi-at.lo, 0
		for _, y := range p.Labels[at.lo:at.hi] {
			won += int(y)
		}
		if largestCode(p.Labels[at.lo:at.hi]) <= 1 {
			return outcomes{float64(n), float64(won), n}, nil
		}
	}
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
			o.won += float64(w * t)
		}
	}
	return o, nil
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
