package logit

import "context"

// Wide categories, above wideLevels levels, have only the diagonal of their block of the Gram matrix: a pair of 100,000
// levels would fill memory, and levels with few rows each are hardly correlated. Since a sample would miss most of such
// levels altogether, the diagonal is summed over all rows, which costs less than a pass.

// wideDiagonals returns Σh per level of the wide categories, by position in θ.
func (g *gramPlan) wideDiagonals(ctx context.Context, theta []float64, weigh func(rows span, eta []float64)) ([]float64, error) {
	diagonal := make([]float64, len(theta))
	if len(g.wide) == 0 {
		return diagonal, nil
	}
	all := sample{rows: g.objective.problem.Rows, stride: 1}
	for next := (place{}); next.block < blocks(all.rows); {
		next = g.take(all, next)
		err := each(ctx, g.workers, len(g.spans), func(_, i int) error {
			at := g.spans[i]
			h := g.h[at.lo-g.spans[0].lo:][:at.hi-at.lo]
			g.objective.predict(at, theta, h)
			weigh(at, h)
			return nil
		})
		if err != nil {
			return nil, err
		}
		err = each(ctx, g.workers, len(g.wide), func(_, i int) error {
			m := g.wide[i]
			g.addWide(m, diagonal[m.offset:][:m.levels])
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return diagonal, nil
}

// addWide adds the h of the rows laid out to their levels.
func (g *gramPlan) addWide(m member, sums []float64) {
	codes := g.objective.problem.Columns[m.column].Codes
	start := 0
	for _, at := range g.spans {
		h := g.h[start:][:at.hi-at.lo]
		switch {
		case codes.U8 != nil:
			scatter(codes.U8[at.lo:at.hi], sums, h)
		case codes.U16 != nil:
			scatter(codes.U16[at.lo:at.hi], sums, h)
		default:
			scatter(codes.U32[at.lo:at.hi], sums, h)
		}
		start += at.hi - at.lo
	}
}
