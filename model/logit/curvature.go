package logit

// The curvature M = c·H + S + Σ_b κ_b 1_b1_b', factored, that steps and standard errors come from: H the Gram matrix of
// a sample, c what scales the sample to all rows, S the penalty, and one anchor per category b that is kept at sum zero.
//
// The anchor is there for the null direction d_b = (1 on the category b, −1 on the intercept), for which Hd_b = 0 and
// Sd_b = λ_b1_b. From a θ with Σβ_b = 0 the exact gradient g has g'd_b = 0, so the step −M⁻¹g again has Σ = 0: the
// anchor changes no step, but it lifts the smallest eigenvalue of M from λ to the size of the others. It comes out of
// the inverse exactly, by Woodbury's identity, since (H+S)⁻¹1_b = d_b/λ_b:
//
//	(H+S)⁻¹ = M⁻¹ + Σ_b d_bd_b' / (λ_b²/κ_b + L_bλ_b)
//
// and where λ_b = 0, the inverse on the subspace Σβ_b = 0 is M⁻¹ − d_bd_b'/(κ_bL_b²). The largest category has no anchor
// if it has a ridge: its block of M then stays diagonal, which the factorisation uses, and one small eigenvalue is
// harmless in double precision unless the ridge is below leastRidge of the others.
//
// Wide categories enter by their diagonal alone, and their part of a step is projected to sum zero (κ → ∞).

// leastRidge is the ridge, relative to the mean curvature of a level, below which the largest category is anchored too.
const leastRidge = 1e-9

type curvature struct {
	layout  *layout
	l       []float64 // the factor of the dense part
	n       int
	lead    int       // its first rows that are diagonal
	anchors []float64 // κ per column, 0 = none
	wide    []float64 // diagonal of M by position in θ, where wide
	sums    []float64 // per wide column: Σ 1/diagonal
	rows    int       // that H was summed over
	buffer  []float64
}

// newCurvature factors M. It takes over the matrix. ok is false if M is not safely positive definite.
func newCurvature(l *layout, h *gram, scale float64) (*curvature, bool) {
	c := &curvature{layout: l, l: h.dense, n: h.n, wide: h.wide, rows: h.rows, anchors: make([]float64, len(l.columns)),
		sums: make([]float64, len(l.columns)), buffer: make([]float64, h.n)}
	for i := range c.l {
		c.l[i] *= scale
	}
	for j, s := range l.columns {
		if s.wide {
			c.addWide(j)
			continue
		}
		c.addPenalty(s)
		diagonal := s.levels > 1 && s.difference == 0 && l.place[s.offset+s.size-1] == l.leading(s)-1
		mean := scale * h.weight / float64(max(s.levels, 1))
		if diagonal && (l.reference || s.ridge > leastRidge*mean) {
			c.lead = l.leading(s)
			continue
		}
		if l.anchored(s) {
			c.anchor(j, (mean+s.ridge)/float64(s.levels))
		}
	}
	return c, factor(c.l, c.n, c.lead, 1e-13)
}

// leading is the number of dense coefficients that a category has.
func (l *layout) leading(s slot) int {
	if l.fixed(s, 0) {
		return s.size - 1
	}
	return s.size
}

// addPenalty adds S of a dense column.
func (c *curvature) addPenalty(s slot) {
	for k := range s.size {
		p := c.layout.place[s.offset+k]
		if p < 0 {
			continue
		}
		c.l[p*c.n+p] += s.ridge
		if k > 0 && k < s.chain {
			c.l[p*c.n+p] += s.difference
			if q := c.layout.place[s.offset+k-1]; q >= 0 {
				c.l[p*c.n+q] -= s.difference
			}
		}
		if k < s.chain-1 {
			c.l[p*c.n+p] += s.difference
		}
	}
}

// anchor adds κ11' to the block of a dense category.
func (c *curvature) anchor(j int, kappa float64) {
	c.anchors[j] = kappa
	s := c.layout.columns[j]
	for k := range s.size {
		p := c.layout.place[s.offset+k]
		for m := range k + 1 {
			c.l[p*c.n+p-k+m] += kappa
		}
	}
}

// addWide makes the diagonal of M for a wide column.
func (c *curvature) addWide(j int) {
	s := c.layout.columns[j]
	for k := range s.size {
		d := &c.wide[s.offset+k]
		*d += s.ridge
		if k > 0 && k < s.chain {
			*d += s.difference
		}
		if k < s.chain-1 {
			*d += s.difference
		}
		c.sums[j] += 1 / *d
	}
}

// solve writes M⁻¹g, projected to sum zero on wide columns.
func (c *curvature) solve(to, g []float64) {
	for p, at := range c.layout.dense {
		c.buffer[p] = g[at]
	}
	solveLower(c.l, c.n, c.buffer)
	solveUpper(c.l, c.n, c.buffer)
	clear(to)
	for p, at := range c.layout.dense {
		to[at] = c.buffer[p]
	}
	for j, s := range c.layout.columns {
		if s.wide {
			c.solveWide(j, s, to, g)
		}
	}
}

func (c *curvature) solveWide(j int, s slot, to, g []float64) {
	total := 0.0
	for at := s.offset; at < s.offset+s.size; at++ {
		to[at] = g[at] / c.wide[at]
		total += to[at]
	}
	if c.layout.reference {
		return
	}
	for at := s.offset; at < s.offset+s.size; at++ {
		to[at] -= total / c.sums[j] / c.wide[at]
	}
}

// gap is ½g'M⁻¹g, half the squared Newton decrement.
func (c *curvature) gap(g, buffer []float64) float64 {
	c.solve(buffer, g)
	return max(0, 0.5*dot(g, buffer))
}
