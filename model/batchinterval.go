package model

import "github.com/leadscore/leadscore/features"

// batchVariances is what a BatchScorer needs for intervals.
type batchVariances struct {
	terms  []batchTerm // v_k by code of the dictionary, with levels
	by     [][]float64 // v_k of each term that has levels, by level+1, after that of a value without one
	levels [][]int32   // of each lead that is being scored, by term
	parts  []float64   // Σ v_k of each
}

// startIntervals returns where the intervals of so many leads go, nil where there are none.
func (s *BatchScorer) startIntervals(rows int, out []Interval) []Interval {
	m, v := s.model, &s.variances
	if !s.Intervals || !m.HasIntervals() {
		return nil
	}
	if n := len(m.effect); v.by == nil {
		v.terms, v.by, v.levels = make([]batchTerm, n), make([][]float64, n), make([][]int32, n)
		for k := range n {
			t := &m.encoder.Terms()[k]
			for level := -1; level < t.Size() && !t.IsNumber(); level++ {
				v.by[k] = append(v.by[k], m.partVariance(k, features.Code{Level: int32(level), Z: 1}))
			}
		}
	}
	return resized(out, rows)
}

// addIntervals writes the intervals of the leads from row from on. The sum runs term by term, as that of one lead does.
func (s *BatchScorer) addIntervals(b *features.Batch, from int, logOdds []float64, out []Interval) {
	m, v := s.model, &s.variances
	v.parts = resized(v.parts, len(out))
	clear(v.parts)
	for k := range m.effect {
		t := &m.encoder.Terms()[k]
		if t.IsNumber() {
			s.addNumberVariances(k, t, b, from)
			continue
		}
		v.levels[k] = resized(v.levels[k], len(out))
		if t.IsPair() {
			one, other := t.Parts()
			for i := range v.levels[k] {
				v.levels[k][i] = t.Cell(v.levels[one][i], v.levels[other][i])
			}
		} else {
			s.findLevels(k, t, b, from)
		}
		for i, level := range v.levels[k] {
			v.parts[i] += v.by[k][level+1]
		}
	}
	for i := range out {
		out[i] = interval(logOdds[i], m.variance(logOdds[i], v.parts[i]))
	}
}

// findLevels finds the levels of a category or of bins.
func (s *BatchScorer) findLevels(k int, t *features.Term, b *features.Batch, from int) {
	m, levels := s.model, s.variances.levels[k]
	if !t.Bins {
		vector := &b.Vectors[m.encoder.Field(k)]
		_, level := s.variances.terms[k].follow(vector.Dictionary, func(value *features.Value) (float64, int32) {
			return 0, m.encoder.CodeOf(k, value).Level
		})
		for i, code := range vector.Codes[from:][:len(levels)] {
			levels[i] = level[code+1]
		}
		return
	}
	absent, grid := m.encoder.CodeOf(k, &features.Value{}).Level, s.odds.terms[k].grid
	s.odds.days = resized(s.odds.days, len(levels))
	for i, x := range b.Amounts(m.encoder.Field(k), from, s.odds.days) {
		levels[i] = absent
		if x == x {
			levels[i] = grid.Bin(x)
		}
	}
}

// addNumberVariances adds v_k of a number.
func (s *BatchScorer) addNumberVariances(k int, t *features.Term, b *features.Batch, from int) {
	m, parts := s.model, s.variances.parts
	absent := m.partVariance(k, m.encoder.CodeOf(k, &features.Value{}))
	s.odds.days = resized(s.odds.days, len(parts))
	for i, x := range b.Amounts(m.encoder.Field(k), from, s.odds.days) {
		if x == x {
			parts[i] += m.partVariance(k, features.Code{Z: t.Standardise(x)})
		} else {
			parts[i] += absent
		}
	}
}
