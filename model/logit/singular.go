package logit

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Which unpenalised terms depend on one another on every row?
//
// The Gram matrix of the rows, plus penalties and anchors, scaled to a unit diagonal, is factored with pivoting (Golub and
// Van Loan, section 4.2.8). A pivot is the share of a term's variation that the terms before it do not explain. Terms
// whose share is below leastShare give a candidate dependence each, which is then tried on every row: nearly dependent
// terms are a fit's own trouble, exactly dependent ones have no fit.

const (
	leastShare  = 1e-9 // of variation, below which a term is suspect
	rowRounding = 1e-6 // how far from zero a dependence may be on a row, relative to its largest term
	leastTerm   = 1e-7 // below it a scaled factor in a dependence is rounding
)

// nullSpace is vectors v, by position in θ, that (nearly) vanish on the rows that a Gram matrix was summed over. Each has
// a term of its own, with factor 1, that no other has.
func (s *solver) nullSpace(h *gram, scales []float64) [][]float64 {
	n := h.n
	for p := range n {
		for q := range p + 1 {
			h.dense[p*n+q] /= scales[p] * scales[q]
		}
	}
	pivots, rank := factorPivoted(h.dense, n, leastShare)
	var vectors [][]float64
	for r := rank; r < n; r++ {
		x := slices.Clone(h.dense[r*n:][:rank])
		solveUpper(h.dense, n, x)
		v := make([]float64, len(s.theta))
		free := pivots[r]
		v[s.layout.dense[free]] = 1
		for i, c := range x {
			if math.Abs(c) > leastTerm {
				v[s.layout.dense[pivots[i]]] = simple(-c * scales[free] / scales[pivots[i]])
			}
		}
		vectors = append(vectors, v)
	}
	slices.SortStableFunc(vectors, func(a, b []float64) int { return cmp.Compare(terms(a), terms(b)) })
	return vectors
}

// simple rounds to an integer if that is within rounding.
func simple(x float64) float64 {
	if r := math.Round(x); r != 0 && math.Abs(x-r) < 1e-7*math.Abs(r) {
		return r
	}
	return x
}

// terms counts the terms of a vector.
func terms(v []float64) int {
	n := 0
	for _, x := range v {
		if x != 0 {
			n++
		}
	}
	return n
}

// factorPivoted overwrites a, given by its lower triangle, with the rows of L of a pivoted factorisation, in the order of
// pivots, and stops where no pivot is above tiny. Ties go to the later row.
func factorPivoted(a []float64, n int, tiny float64) (pivots []int, rank int) {
	pivots = make([]int, n)
	for i := range pivots {
		pivots[i] = i
	}
	for k := range n {
		best := k
		for i := k; i < n; i++ {
			// Equal up to rounding: the later, so that intercept and numbers come before levels.
			if x, top := a[i*n+i], a[best*n+best]; x > top*(1-1e-9) && (x > top*(1+1e-9) || pivots[i] > pivots[best]) {
				best = i
			}
		}
		if !(a[best*n+best] > tiny) {
			return pivots, k
		}
		swap(a, n, k, best)
		pivots[k], pivots[best] = pivots[best], pivots[k]
		eliminate(a, n, k)
	}
	return pivots, n
}

// swap exchanges rows and columns k < b of a lower triangle.
func swap(a []float64, n, k, b int) {
	if k == b {
		return
	}
	a[k*n+k], a[b*n+b] = a[b*n+b], a[k*n+k]
	for j := range k {
		a[k*n+j], a[b*n+j] = a[b*n+j], a[k*n+j]
	}
	for i := k + 1; i < b; i++ {
		a[i*n+k], a[b*n+i] = a[b*n+i], a[i*n+k]
	}
	for i := b + 1; i < n; i++ {
		a[i*n+k], a[i*n+b] = a[i*n+b], a[i*n+k]
	}
}

// eliminate takes one step of the outer-product factorisation.
func eliminate(a []float64, n, k int) {
	root := math.Sqrt(a[k*n+k])
	a[k*n+k] = root
	for i := k + 1; i < n; i++ {
		a[i*n+k] /= root
	}
	for i := k + 1; i < n; i++ {
		factor := a[i*n+k]
		if factor == 0 {
			continue
		}
		row := a[i*n:]
		for j := k + 1; j <= i; j++ {
			row[j] -= float64(factor * a[j*n+k])
		}
	}
}

// structure is the Gram matrix of the rows that keep chooses, each counted once, with penalties and anchors.
func (s *solver) structure(ctx context.Context, theta []float64, keep func(rows span, eta []float64)) (*gram, error) {
	h, err := s.all.gram(ctx, theta, keep)
	if err != nil {
		return nil, err
	}
	c := &curvature{layout: s.layout, l: h.dense, n: h.n, anchors: make([]float64, len(s.layout.columns))}
	for j, at := range s.layout.columns {
		c.addPenalty(at)
		if s.layout.anchored(at) {
			c.anchor(j, float64(s.all.objective.problem.Rows)/float64(at.levels*at.levels))
		}
	}
	return h, nil
}

// keepAll counts every row of weight above zero once.
func (s *solver) keepAll(rows span, eta []float64) {
	for i := range eta {
		eta[i] = 0
		if s.all.objective.problem.weight(rows.lo+i) > 0 {
			eta[i] = 1
		}
	}
}

// dependence returns a *SingularError if unpenalised terms depend on one another, and otherwise the scales of the terms.
func (s *solver) dependence(ctx context.Context) (scales []float64, err error) {
	h, err := s.structure(ctx, s.theta, s.keepAll)
	if err != nil {
		return nil, err
	}
	scales = make([]float64, h.n)
	for p := range scales {
		scales[p] = math.Sqrt(h.dense[p*h.n+p])
		if scales[p] == 0 {
			return nil, &SingularError{Terms: []Loading{{s.layout.term(s.layout.dense[p]), 1}}}
		}
	}
	for _, v := range s.nullSpace(h, scales) {
		reach, err := s.reach(ctx, v, s.all.objective.vanish)
		if err != nil {
			return nil, err
		}
		if reach.most <= rowRounding*largest(v) {
			return nil, &SingularError{Terms: s.layout.loadings(v)}
		}
	}
	return scales, nil
}

// loadings lists the terms of a vector, in the fewest terms: shifting a category's factors and taking the shift from the
// intercept's says the same, and turns "every level but the reference" into the reference.
func (l *layout) loadings(v []float64) []Loading {
	v = slices.Clone(v)
	for _, s := range l.columns {
		if s.levels == 0 {
			continue
		}
		beta := v[s.offset : s.offset+s.size]
		if shift := mode(beta); shift != 0 {
			for k := range beta {
				beta[k] -= shift
			}
			v[l.intercept] += shift
		}
	}
	var list []Loading
	for at, x := range v {
		if math.Abs(x) > leastTerm {
			list = append(list, Loading{l.term(at), x})
		}
	}
	return list
}

// mode is the most frequent value, 0 unless another is more frequent by two.
func mode(x []float64) float64 {
	counts := make(map[float64]int, len(x))
	for _, v := range x {
		counts[v]++
	}
	best, most := 0.0, counts[0]+1
	for _, v := range x { // in order: the result must not depend on the map's
		if counts[v] > most {
			best, most = v, counts[v]
		}
	}
	return best
}

// reach is how far a direction moves the rows: the least and the most of what each row is moved by.
type reach struct{ least, most float64 }

// reach passes over the rows of weight above zero; measure turns a span's η = x·v into what counts.
func (s *solver) reach(ctx context.Context, v []float64, measure func(i int, eta float64) float64) (reach, error) {
	o := s.all.objective
	o.expand(v)
	parts := make([]reach, blocks(o.problem.Rows))
	err := each(ctx, o.workers, len(parts), func(worker, b int) error {
		rows := blockSpan(o.problem.Rows, b)
		at := &o.scratch[worker]
		eta := at.eta[:rows.hi-rows.lo]
		o.predict(rows, eta, at)
		for i, x := range eta {
			if o.problem.weight(rows.lo+i) > 0 {
				m := measure(rows.lo+i, x)
				parts[b].least, parts[b].most = min(parts[b].least, m), max(parts[b].most, m)
			}
		}
		return nil
	})
	var all reach
	for _, r := range parts {
		all.least, all.most = min(all.least, r.least), max(all.most, r.most)
	}
	return all, err
}

// vanish measures how far a row is from zero.
func (o *objective) vanish(_ int, eta float64) float64 { return math.Abs(eta) }
