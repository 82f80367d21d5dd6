package logit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Coefficients lie in one vector θ: column after column, the intercept last.
//
// Shifting a category's coefficients by s and the intercept by −s leaves every ηᵢ as it was. The shift is an exact null
// direction of the log loss, held by the ridge alone. It is taken out: every θ keeps Σₖ β_ck = 0, and the curvature that
// steps are computed from is anchored by ½κ(Σₖ β_ck)², which is zero there (anchors, in curvature.go).

const (
	// wideLevels is the number of levels above which a category has a diagonal block in the curvature.
	wideLevels = 512
	// denseLimit bounds the dense part of the curvature: beyond it the categories with most levels become diagonal.
	denseLimit = 2048
	// unpenalisedLimit bounds it where nothing can be left out, because exactness and rank are asked of it.
	unpenalisedLimit = 4096
)

// layout says where each column's coefficients are in θ and in the dense part of the curvature.
type layout struct {
	columns   []slot
	intercept int   // position of the intercept in θ, the last
	dense     []int // dense position → position in θ; the intercept is the last
	place     []int // position in θ → dense position, −1 if diagonal or fixed
	reference bool
	free      bool // some coefficient besides the intercept has no penalty
}

// slot is the place of a column.
type slot struct {
	offset, size      int
	levels            int
	flag              bool
	ridge, difference float64
	chain             int  // levels whose differences are penalised: the first ones
	wide              bool // diagonal in the curvature
}

func newLayout(p *Problem, reference bool) (*layout, error) {
	l := &layout{reference: reference, columns: make([]slot, len(p.Columns))}
	for j := range p.Columns {
		c := &p.Columns[j]
		s := slot{offset: l.intercept, size: 1, levels: c.Levels, ridge: c.Ridge, difference: c.Difference}
		switch {
		case c.Levels > 0:
			s.size, s.chain = c.Levels, c.Levels-c.Apart
		case c.Flag:
			s.size, s.flag = 2, true
		}
		l.free = l.free || l.unpenalised(s)
		l.intercept += s.size
		l.columns[j] = s
	}
	if err := l.widen(); err != nil {
		return nil, err
	}
	l.order()
	return l, nil
}

// unpenalised reports whether a column can run to infinity. A difference penalty alone leaves only the common shift,
// which the sum to zero or the reference takes out.
func (l *layout) unpenalised(s slot) bool { return s.ridge == 0 && s.difference == 0 }

// widen chooses the columns with diagonal blocks.
func (l *layout) widen() error {
	if l.free {
		if l.intercept >= unpenalisedLimit {
			return fmt.Errorf("logit: %d coefficients, an unpenalised fit takes at most %d", l.intercept+1, unpenalisedLimit)
		}
		return nil
	}
	byLevels := make([]int, len(l.columns))
	total := 0
	for j := range byLevels {
		byLevels[j] = j
		total += l.columns[j].size
	}
	slices.SortStableFunc(byLevels, func(a, b int) int { return cmp.Compare(l.columns[b].levels, l.columns[a].levels) })
	for _, j := range byLevels {
		s := &l.columns[j]
		if s.levels > wideLevels || s.levels > 0 && total > denseLimit {
			s.wide = true
			total -= s.size
		}
	}
	if total >= unpenalisedLimit {
		return fmt.Errorf("logit: %d coefficients of numbers, a fit takes at most %d", total, unpenalisedLimit)
	}
	return nil
}

func (l *layout) anyWide() bool {
	return slices.ContainsFunc(l.columns, func(s slot) bool { return s.wide })
}

// order numbers the dense coefficients: the largest category first (its block of the curvature is diagonal, which the
// factorisation uses), the intercept last.
func (l *layout) order() {
	l.place = make([]int, l.intercept+1)
	for i := range l.place {
		l.place[i] = -1
	}
	bySize := make([]int, len(l.columns))
	for j := range bySize {
		bySize[j] = j
	}
	slices.SortStableFunc(bySize, func(a, b int) int { return cmp.Compare(l.columns[b].levels, l.columns[a].levels) })
	for _, j := range bySize {
		s := l.columns[j]
		if s.wide {
			continue
		}
		for k := range s.size {
			if !l.fixed(s, k) {
				l.place[s.offset+k] = len(l.dense)
				l.dense = append(l.dense, s.offset+k)
			}
		}
	}
	l.place[l.intercept] = len(l.dense)
	l.dense = append(l.dense, l.intercept)
}

// fixed reports whether coefficient k of a column is the reference, held at 0.
func (l *layout) fixed(s slot, k int) bool { return l.reference && s.levels > 0 && k == 0 }

// anchored reports whether a column's coefficients are kept at sum zero.
func (l *layout) anchored(s slot) bool { return !l.reference && s.levels > 0 }

// recentre moves each category's mean into the intercept, which leaves every η and does not raise F.
func (l *layout) recentre(theta []float64) {
	if l.reference {
		return
	}
	for _, s := range l.columns {
		if s.levels == 0 {
			continue
		}
		beta := theta[s.offset : s.offset+s.size]
		mean := sum(beta) / float64(s.size)
		for k := range beta {
			beta[k] -= mean
		}
		theta[l.intercept] += mean
	}
}

// penalty returns the penalty of θ and adds its gradient to grad.
func (l *layout) penalty(theta, grad []float64) float64 {
	value := 0.0
	for _, s := range l.columns {
		beta, g := theta[s.offset:s.offset+s.size], grad[s.offset:s.offset+s.size]
		if s.ridge > 0 {
			square := 0.0
			for k, b := range beta {
				square += float64(b * b)
				g[k] += float64(s.ridge * b)
			}
			value += float64(0.5 * s.ridge * square)
		}
		if s.difference > 0 {
			square := 0.0
			for k := range max(0, s.chain-1) {
				d := beta[k+1] - beta[k]
				square += float64(d * d)
				g[k+1] += float64(s.difference * d)
				g[k] -= float64(s.difference * d)
			}
			value += float64(0.5 * s.difference * square)
		}
	}
	return value
}

// clearFixed zeroes the gradient of the coefficients that are held at 0.
func (l *layout) clearFixed(grad []float64) {
	for _, s := range l.columns {
		if l.fixed(s, 0) {
			grad[s.offset] = 0
		}
	}
}

// term names a position in θ.
func (l *layout) term(at int) Term {
	if at == l.intercept {
		return Term{Column: InterceptColumn}
	}
	j, _ := slices.BinarySearchFunc(l.columns, at, func(s slot, at int) int {
		if at < s.offset {
			return 1
		}
		if at >= s.offset+s.size {
			return -1
		}
		return 0
	})
	return Term{Column: j, Level: at - l.columns[j].offset}
}

// at is the position of a term in θ, or −1 if there is no such term.
func (l *layout) at(t Term) int {
	if t.Column == InterceptColumn && t.Level == 0 {
		return l.intercept
	}
	if t.Column < 0 || t.Column >= len(l.columns) || t.Level < 0 || t.Level >= l.columns[t.Column].size {
		return -1
	}
	return l.columns[t.Column].offset + t.Level
}

// split copies θ, or anything of its shape, into one slice per column and the intercept's value.
func (l *layout) split(theta []float64) ([][]float64, float64) {
	columns := make([][]float64, len(l.columns))
	for j, s := range l.columns {
		columns[j] = slices.Clone(theta[s.offset : s.offset+s.size])
	}
	return columns, theta[l.intercept]
}

// join is θ of a fit; the fit must be of the same shape.
func (l *layout) join(f *Fit) ([]float64, error) {
	if len(f.Coefficients) != len(l.columns) {
		return nil, fmt.Errorf("logit: start: %d columns, the problem has %d", len(f.Coefficients), len(l.columns))
	}
	theta := make([]float64, l.intercept+1)
	for j, s := range l.columns {
		if len(f.Coefficients[j]) != s.size {
			return nil, fmt.Errorf("logit: start: column %d: %d coefficients, the problem has %d", j, len(f.Coefficients[j]), s.size)
		}
		copy(theta[s.offset:], f.Coefficients[j])
	}
	theta[l.intercept] = f.Intercept
	for at, v := range theta {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("logit: start: %v: %v, must be finite", l.term(at), v)
		}
	}
	return theta, nil
}

// refer makes the first level of each category the reference, moving its coefficient into the intercept.
func (l *layout) refer(theta []float64) {
	for _, s := range l.columns {
		if !l.fixed(s, 0) {
			continue
		}
		beta := theta[s.offset : s.offset+s.size]
		first := beta[0]
		for k := range beta {
			beta[k] -= first
		}
		theta[l.intercept] += first
	}
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}

// dotScalar is x'y, in lanes.
func dotScalar(x, y []float64) float64 { return dotWhole(x, y) }
