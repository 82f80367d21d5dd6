package logit

import (
	"context"
	"errors"
	"math"
	"slices"
)

// When do unpenalised coefficients run to infinity?
//
// The log loss has no minimum exactly if there is a direction d that the penalty does not see with x·d ≥ 0 on every row
// that won, ≤ 0 on every row that lost, = 0 on every row with a target in between, and ≠ 0 on some row (Albert and
// Anderson 1984; Konis 2007). The plain cases are a level none of whose rows, or all of whose rows, won, and a number that
// is higher on every row that won than on every row that lost, or the other way round.
//
// The others show in Newton's method: rows that d tells apart move by about 1 in η with every step, for ever, while the
// others come to rest. So d is zero on the resting rows: it lies in the null space of their Gram matrix. Candidates from
// that null space are tried on every row; only one that passes is a verdict.

const (
	suspectAfter = 5    // Newton steps
	restless     = 0.5  // a row that still moves by so much is suspect
	resting      = 0.25 // a row that moves by less is at rest
	wrongMargin  = 1e-7 // how far a row may be moved to the wrong side, relative to the farthest
	rightMargin  = 1e-3 // how far a row must be moved to the right side to be told apart
)

// unpenalised fits where some column has no penalty, by Newton's method, and looks for reasons why there is no optimum.
func (s *solver) unpenalised(ctx context.Context, won outcomes) error {
	separated, err := s.separatedLevels()
	if err != nil {
		return err
	}
	if separated == nil {
		separated = s.separatedNumber()
	}
	scales, err := s.dependence(ctx)
	if errs := errors.Join(asError(separated), err); errs != nil {
		return errs
	}
	last := make([]float64, len(s.theta))
	return s.newton(ctx, func(ctx context.Context, moved bool, iteration int) error {
		if moved {
			for k := range last {
				last[k] = s.theta[k] - s.trial[k]
			}
		}
		if iteration < suspectAfter {
			return nil
		}
		return s.suspect(ctx, last, scales)
	})
}

func asError(e *SeparationError) error {
	if e == nil {
		return nil
	}
	return e
}

// tally counts a level's rows, and those that won and lost (a fraction is both).
type tally struct{ rows, won, lost int }

// separatedLevels finds unpenalised levels and missing flags whose rows never or always win, and those without a row.
func (s *solver) separatedLevels() (*SeparationError, error) {
	p := s.all.objective.problem
	found := &SeparationError{Single: true}
	apart := make([]bool, p.Rows)
	for j, at := range s.layout.columns {
		if !s.layout.unpenalised(at) || at.levels == 0 && !at.flag {
			continue
		}
		tallies := p.tally(j)
		for level, t := range tallies {
			switch {
			case at.levels == 0 && level == 0:
			case t.rows == 0:
				return nil, &SingularError{Terms: []Loading{{Term{j, level}, 1}}}
			case t.won == 0:
				found.Terms = append(found.Terms, Loading{Term{j, level}, -1})
				p.mark(j, level, apart)
			case t.lost == 0:
				found.Terms = append(found.Terms, Loading{Term{j, level}, 1})
				p.mark(j, level, apart)
			}
		}
	}
	if len(found.Terms) == 0 {
		return nil, nil
	}
	for _, a := range apart {
		if a {
			found.Rows++
		}
	}
	return found, nil
}

// level is a row's level; a number's is 1 where it is missing, else 0.
func (c *Column) level(i int) int {
	switch {
	case c.Levels > 0:
		return c.Codes.code(i)
	case math.IsNaN(c.Numbers.number(i)):
		return 1
	default:
		return 0
	}
}

func (p *Problem) tally(j int) []tally {
	c := &p.Columns[j]
	tallies := make([]tally, max(2, c.Levels))
	for i := range p.Rows {
		if p.weight(i) == 0 {
			continue
		}
		t := &tallies[c.level(i)]
		t.rows++
		if p.target(i) > 0 {
			t.won++
		}
		if p.target(i) < 1 {
			t.lost++
		}
	}
	if c.Levels > 0 {
		return tallies[:c.Levels]
	}
	return tallies
}

// mark marks the rows of a level.
func (p *Problem) mark(j, level int, rows []bool) {
	c := &p.Columns[j]
	for i := range rows {
		if p.weight(i) > 0 && c.level(i) == level {
			rows[i] = true
		}
	}
}

// separatedNumber finds an unpenalised number with a threshold between the rows that won and those that lost.
func (s *solver) separatedNumber() *SeparationError {
	p := s.all.objective.problem
	for j, at := range s.layout.columns {
		if at.levels > 0 || !s.layout.unpenalised(at) {
			continue
		}
		won, lost := p.ranges(j)
		sign := 1.0
		if lost.lo >= won.hi {
			sign, won, lost = -1, lost, won
		}
		if won.lo < lost.hi || won.lo > won.hi || lost.lo > lost.hi || won.hi == lost.lo {
			continue // they overlap, or one is empty, or the number is constant
		}
		threshold := won.lo/2 + lost.hi/2
		e := &SeparationError{Terms: []Loading{{Term{j, 0}, sign}}}
		if threshold != 0 {
			if at.flag {
				e.Terms = append(e.Terms, Loading{Term{j, 1}, sign * threshold})
			}
			e.Terms = append(e.Terms, Loading{Term{Column: InterceptColumn}, -sign * threshold})
		}
		for i := range p.Rows {
			if z, ok := p.Columns[j].standardised(i); ok && p.weight(i) > 0 && z != threshold {
				e.Rows++
			}
		}
		return e
	}
	return nil
}

// interval is a range of numbers.
type interval struct{ lo, hi float64 }

// ranges are a number's ranges over the rows that won and those that lost (a fraction is both).
func (p *Problem) ranges(j int) (won, lost interval) {
	won = interval{math.Inf(1), math.Inf(-1)}
	lost = won
	for i := range p.Rows {
		z, ok := p.Columns[j].standardised(i)
		if !ok || p.weight(i) == 0 {
			continue
		}
		if p.target(i) > 0 {
			won = interval{min(won.lo, z), max(won.hi, z)}
		}
		if p.target(i) < 1 {
			lost = interval{min(lost.lo, z), max(lost.hi, z)}
		}
	}
	return won, lost
}

// standardised is a row's z; ok is false where a flag takes the place of a missing value.
func (c *Column) standardised(i int) (z float64, ok bool) {
	x := c.Numbers.number(i)
	if math.IsNaN(x) {
		return 0, !c.Flag
	}
	return (x - c.Center) / c.Scale, true
}

// suspect returns a *SeparationError if the last step moves rows that nothing will bring to rest.
func (s *solver) suspect(ctx context.Context, step, scales []float64) error {
	moves, err := s.reach(ctx, step, s.all.objective.vanish)
	if err != nil || moves.most < restless {
		return err
	}
	h, err := s.structure(ctx, step, s.keepResting)
	if err != nil {
		return err
	}
	null := s.nullSpace(h, scales)
	if len(null) == 0 {
		return nil
	}
	for _, d := range s.candidates(null, step) {
		found, err := s.certify(ctx, d)
		if err != nil {
			return err
		}
		if found != nil {
			return s.prune(ctx, d, found)
		}
	}
	return nil
}

// prune drops from a certified direction the columns that it does without.
func (s *solver) prune(ctx context.Context, d []float64, found *SeparationError) error {
	for _, at := range s.layout.columns {
		shorter := slices.Clone(d)
		clear(shorter[at.offset : at.offset+at.size])
		if terms(shorter) == terms(d) {
			continue
		}
		still, err := s.certify(ctx, shorter)
		if err != nil {
			return err
		}
		if still != nil {
			d, found = shorter, still
		}
	}
	return found
}

// keepResting counts once the rows of weight above zero that a step leaves at rest, and those with fractions.
func (s *solver) keepResting(rows span, eta []float64) {
	p := s.all.objective.problem
	for i, move := range eta {
		t := p.target(rows.lo + i)
		eta[i] = 0
		if p.weight(rows.lo+i) > 0 && (math.Abs(move) < resting || t > 0 && t < 1) {
			eta[i] = 1
		}
	}
}

// candidates are directions of the null space: the sparse ones, either way, then the one nearest to the step.
func (s *solver) candidates(null [][]float64, step []float64) [][]float64 {
	var list [][]float64
	near := make([]float64, len(step))
	for _, v := range null {
		free := s.own(v, null)
		axpy(step[free], v, near)
		minus := make([]float64, len(v))
		axpy(-1, v, minus)
		list = append(list, v, minus)
	}
	top := largest(near)
	if top == 0 {
		return list
	}
	for k := range near {
		if near[k] = near[k] / top; math.Abs(near[k]) < leastTerm {
			near[k] = 0
		}
	}
	return append(list, near)
}

// own is the position where v is 1 and the other vectors are 0.
func (s *solver) own(v []float64, null [][]float64) int {
	for k, x := range v {
		if x == 1 && !slices.ContainsFunc(null, func(w []float64) bool { return &w[0] != &v[0] && w[k] != 0 }) {
			return k
		}
	}
	return s.layout.intercept
}

// certify returns a *SeparationError if a direction moves no row to the wrong side and some to the right one.
func (s *solver) certify(ctx context.Context, d []float64) (*SeparationError, error) {
	margin := func(i int, eta float64) float64 {
		switch s.all.objective.problem.target(i) {
		case 0:
			return -eta
		case 1:
			return eta
		default:
			return -math.Abs(eta)
		}
	}
	moves, err := s.reach(ctx, d, margin)
	if err != nil || moves.most == 0 || moves.least < -wrongMargin*moves.most {
		return nil, err
	}
	apart := 0
	s.all.objective.expand(d)
	at := &s.all.objective.scratch[0]
	for b := range blocks(s.all.objective.problem.Rows) {
		rows := blockSpan(s.all.objective.problem.Rows, b)
		eta := at.eta[:rows.hi-rows.lo]
		s.all.objective.predict(rows, eta, at)
		for i, x := range eta {
			if s.all.objective.problem.weight(rows.lo+i) > 0 && margin(rows.lo+i, x) > rightMargin*moves.most {
				apart++
			}
		}
	}
	return &SeparationError{Terms: s.layout.loadings(d), Rows: apart}, nil
}
