package logit

import (
	"cmp"
	"math"
	"slices"
)

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

// covariance is (H+S)⁻¹ in factored form.
type covariance struct {
	layout *layout
	curved *curvature
	shift  []float64 // per column: the factor of d_bd_b'
	diag   []float64 // of the dense part of M⁻¹, and
	beside []float64 // its elements (p, p−1): see inverse
}

func newCovariance(c *curvature) *covariance {
	v := &covariance{layout: c.layout, curved: c, shift: make([]float64, len(c.layout.columns))}
	for j, s := range c.layout.columns {
		kappa, levels := c.anchors[j], float64(s.levels)
		switch {
		case kappa == 0:
		case s.ridge > 0:
			v.shift[j] = 1 / (s.ridge*s.ridge/kappa + levels*s.ridge)
		default:
			v.shift[j] = -1 / (kappa * levels * levels)
		}
	}
	return v
}

// diagonal returns the variances by position in θ.
func (v *covariance) diagonal() []float64 {
	l := v.layout
	variances := make([]float64, l.intercept+1)
	for p, d := range v.inverse() {
		variances[l.dense[p]] = d
	}
	for j, s := range l.columns {
		if v.shift[j] != 0 {
			variances[l.intercept] += v.shift[j]
		}
		for k := range s.size {
			at := s.offset + k
			switch {
			case l.fixed(s, k):
			case s.wide:
				variances[at] = 1 / v.curved.wide[at]
			default:
				variances[at] += v.shift[j]
			}
		}
	}
	for at := range variances {
		variances[at] = math.Max(0, variances[at]) // a sum-to-zero category of one level: 0 up to rounding
	}
	return variances
}

// variance is x'(H+S)⁻¹x, of x by rising position in θ.
func (v *covariance) variance(x []entry) float64 {
	l := v.layout
	dense := make([]float64, v.curved.n)
	total, intercept := 0.0, 0.0
	column, shift := -1, 0.0
	shifts := make([]float64, len(l.columns))
	for _, e := range x {
		if p := l.place[e.at]; p >= 0 {
			dense[p] = e.value
		}
		t := l.term(e.at)
		if t.Column == InterceptColumn {
			intercept = e.value
			continue
		}
		if t.Column != column {
			column, shift = t.Column, 0
		}
		shift += e.value
		shifts[column] = shift
		if s := l.columns[column]; s.wide && !l.fixed(s, t.Level) {
			total += e.value * e.value / v.curved.wide[e.at]
		}
	}
	solveLower(v.curved.l, v.curved.n, dense)
	total += dot(dense, dense)
	for j, shift := range shifts {
		total += v.shift[j] * (shift - intercept) * (shift - intercept)
	}
	return math.Max(0, total)
}

// entry is an element of a sparse vector of the shape of θ.
type entry struct {
	at    int
	value float64
}

// Variance is the variance of Σ Value·β(Term), from the curvature that [Options.StandardErrors] chose. Terms may repeat;
// coefficients that Reference fixes have none. It returns [ErrNoCovariance] if the fit was made without standard errors,
// and a [*TermError] for a term that the fit does not have.
func (f *Fit) Variance(of []Loading) (float64, error) {
	if f.covariance == nil {
		return 0, ErrNoCovariance
	}
	x := make([]entry, len(of))
	for i, t := range of {
		x[i] = entry{f.covariance.layout.at(t.Term), t.Value}
		if x[i].at < 0 {
			return 0, &TermError{t.Term}
		}
	}
	slices.SortStableFunc(x, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	merged := x[:0]
	for _, e := range x {
		if n := len(merged); n > 0 && merged[n-1].at == e.at {
			merged[n-1].value += e.value
		} else {
			merged = append(merged, e)
		}
	}
	return f.covariance.variance(merged), nil
}
