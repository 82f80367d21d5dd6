package logit

import "context"

// Wide categories, above wideLevels levels, have only the diagonal of their block of the Gram matrix: a pair of 100,000
// levels would fill memory, and levels with few rows each are hardly correlated. Since a sample would miss most of such
// levels altogether, the diagonal is summed over all rows, which costs less than a pass.

// wideDiagonals returns Σh per level of the wide categories, by position in θ.
func (o *objective) wideDiagonals(ctx context.Context, theta []float64, weigh func(rows span, eta []float64)) ([]float64, error) {
	diagonal := make([]float64, len(theta))
	var wide []member
	for _, m := range members(o.layout) {
		if o.layout.columns[m.column].wide {
			wide = append(wide, m)
		}
	}
	if len(wide) == 0 {
		return diagonal, nil
	}
	o.expand(theta)
	h := make([]float64, wideRows)
	for lo := 0; lo < o.problem.Rows; lo += wideRows {
		all := span{lo, min(lo+wideRows, o.problem.Rows)}
		err := each(ctx, o.workers, blocks(all.hi-all.lo), func(worker, b int) error {
			part := blockSpan(all.hi-all.lo, b)
			at := span{lo + part.lo, lo + part.hi}
			eta := h[part.lo:part.hi]
			o.predict(at, eta, &o.scratch[worker])
			weigh(at, eta)
			return nil
		})
		if err != nil {
			return nil, err
		}
		err = each(ctx, o.workers, len(wide), func(_, i int) error {
			m := wide[i]
			o.problem.Columns[m.column].Codes.addTo(all, diagonal[m.offset:][:m.levels], h)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return diagonal, nil
}

// wideRows are taken at a time.
const wideRows = 8 * blockRows

// addTo adds the h of a span of rows to their levels.
func (c Codes) addTo(at span, sums, h []float64) {
	switch {
	case c.U8 != nil:
		scatter(c.U8[at.lo:at.hi], sums, h)
	case c.U16 != nil:
		scatter(c.U16[at.lo:at.hi], sums, h)
	default:
		scatter(c.U32[at.lo:at.hi], sums, h)
	}
}
