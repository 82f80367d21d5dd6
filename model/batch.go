package model

import (
	"math"

	"github.com/leadscore/leadscore/features"
)

// Scores are the scores of a batch, column by column. Values are those of Model.Score, to the last bit.
type Scores struct {
	LogOdds       []float64
	Probability   []float64
	ProfitIfWon   []float64 // nil without a value model
	ExpectedValue []float64 // nil without a value model
}

// BatchScorer scores batches column by column, without reasons or warnings: about a nanosecond a feature and lead.
// It keeps memory from batch to batch and is not safe for concurrent use.
type BatchScorer struct {
	model  *Model
	terms  []batchTerm
	lines  []numberLine // of the terms that are numbers
	levels [][]int32    // of each lead, by term: of the terms that pairs are made of
	profit batchTerm    // e^μ by code of the source
}

// batchTerm holds what the codes of the present dictionary contribute. Position code+1 belongs to a code, so that
// features.NoCode, the largest, wraps to position 0, that of a missing value.
type batchTerm struct {
	dictionary *features.Dictionary
	by         []float64
	level      []int32 // of the term, by code+1
}

// NewBatchScorer returns a scorer of batches of the model's schema, of which columns that are not features may be
// excluded.
func (m *Model) NewBatchScorer() *BatchScorer {
	n := len(m.effect)
	s := &BatchScorer{model: m, terms: make([]batchTerm, n), lines: make([]numberLine, n), levels: make([][]int32, n)}
	for k := range m.effect {
		switch t := &m.encoder.Terms()[k]; {
		case t.IsNumber():
			s.lines[k] = m.line(k)
		case t.IsPair():
			a, b := t.Parts()
			s.levels[a], s.levels[b] = []int32{}, []int32{}
		}
	}
	return s
}

// Score scores a batch into out, whose memory it reuses.
func (s *BatchScorer) Score(b *features.Batch, out *Scores) {
	m := s.model
	out.LogOdds, out.Probability = resized(out.LogOdds, b.Rows), resized(out.Probability, b.Rows)
	for from := 0; from < b.Rows; from += cachedRows {
		to := min(from+cachedRows, b.Rows)
		l, p := out.LogOdds[from:to], out.Probability[from:to]
		for i := range l {
			l[i] = m.base
		}
		for k := range m.effect {
			if t := &m.encoder.Terms()[k]; t.IsPair() {
				s.addPair(k, t, l)
			} else {
				s.addTerm(k, &b.Vectors[m.encoder.Field(k)], from, l)
			}
		}
		for i := range l {
			p[i] = Sigmoid(l[i])
		}
	}
	if m.value != nil {
		s.addValue(b, out)
	}
}

func resized[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

// cachedRows is how many leads a BatchScorer scores at once, so that their log-odds stay in the processor's nearest cache.
const cachedRows = 1024

// addTerm adds the contributions of term k to the leads from row from on.
func (s *BatchScorer) addTerm(k int, v *features.Vector, from int, logOdds []float64) {
	m, t := s.model, &s.model.encoder.Terms()[k]
	if t.Bins {
		s.addBins(k, t, v, from, logOdds)
		return
	}
	if !t.IsNumber() {
		by, level := s.terms[k].follow(v.Dictionary, func(value *features.Value) (float64, int32) {
			code := m.encoder.CodeOf(k, value)
			return m.contribution(k, code), code.Level
		})
		codes := v.Codes[from:][:len(logOdds)]
		for i, code := range codes {
			logOdds[i] += by[code+1]
		}
		if s.levels[k] != nil {
			s.levels[k] = resized(s.levels[k], len(codes))
			for i, code := range codes {
				s.levels[k][i] = level[code+1]
			}
		}
		return
	}
	line := s.lines[k]
	if v.Times != nil {
		for i, t := range v.Times[from:][:len(logOdds)] {
			logOdds[i] += line.at(features.DaysOf(t))
		}
		return
	}
	line.addTo(logOdds, v.Numbers[from:])
}

// addBins adds the contributions of a term of bins.
func (s *BatchScorer) addBins(k int, t *features.Term, v *features.Vector, from int, logOdds []float64) {
	by, absent := s.terms[k].steps(s.model, k), s.model.encoder.CodeOf(k, &features.Value{}).Level
	if s.levels[k] != nil {
		s.levels[k] = resized(s.levels[k], len(logOdds))
	}
	for i := range logOdds {
		level := absent
		if x := v.Amount(from + i); x == x {
			level = int32(features.BinOf(t.Edges, x))
		}
		logOdds[i] += by[level+1]
		if s.levels[k] != nil {
			s.levels[k][i] = level
		}
	}
}

// addPair adds the contributions of a pair, given the levels of its parts.
func (s *BatchScorer) addPair(k int, t *features.Term, logOdds []float64) {
	a, b := t.Parts()
	by := s.terms[k].steps(s.model, k)
	for i := range logOdds {
		logOdds[i] += by[t.Cell(s.levels[a][i], s.levels[b][i])+1]
	}
}

// steps returns what the levels of a term without a dictionary contribute, by level+1.
func (t *batchTerm) steps(m *Model, k int) []float64 {
	if t.by == nil {
		t.by = m.byLevel(k)
	}
	return t.by
}

// follow makes the table for a dictionary, or what is new of it: a dictionary may grow from batch to batch. A nil
// dictionary has no codes.
func (t *batchTerm) follow(d *features.Dictionary, of func(*features.Value) (float64, int32)) ([]float64, []int32) {
	add := func(v *features.Value) {
		by, level := of(v)
		t.by, t.level = append(t.by, by), append(t.level, level)
	}
	if t.by == nil || t.dictionary != d {
		t.dictionary, t.by, t.level = d, t.by[:0], t.level[:0]
		add(&features.Value{})
	}
	if d != nil {
		for _, level := range d.Levels[len(t.by)-1:] {
			add(&features.Value{Present: true, Text: level})
		}
	}
	return t.by, t.level
}

// numberLine is the contribution of a number: slope·z − shift, or absent.
type numberLine struct{ mean, inverse, slope, shift, absent float64 }

// line returns the contribution of term k, a number, in a form that loops can inline.
func (m *Model) line(k int) numberLine {
	t := &m.encoder.Terms()[k]
	return numberLine{mean: t.Mean, inverse: t.Inverse(), slope: m.effect[k][0], shift: m.shift[k],
		absent: m.contribution(k, m.encoder.CodeOf(k, &features.Value{}))}
}

// at is the contribution of x, NaN = missing: bit for bit that of its code.
func (l *numberLine) at(x float64) float64 {
	z := (x - l.mean) * l.inverse
	if math.Abs(z) <= features.Reach {
		return float64(l.slope*z) - l.shift
	}
	return l.far(x, z)
}

// addTo adds the contributions of numbers. Whether one is missing is not told by a branch, which nobody could predict.
func (l numberLine) addTo(logOdds, numbers []float64) {
	numbers = numbers[:len(logOdds)]
	absent := math.Float64bits(l.absent)
	for i, x := range numbers {
		z := (x - l.mean) * l.inverse
		if math.Abs(z) > features.Reach {
			logOdds[i] += l.far(x, z)
			continue
		}
		var missing uint64
		if x != x {
			missing = 1
		}
		c := math.Float64bits(float64(l.slope*z) - l.shift)
		logOdds[i] += math.Float64frombits(c ^ (c^absent)&-missing)
	}
}

// far is the contribution of a missing value, or of one beyond Reach.
func (l *numberLine) far(x, z float64) float64 {
	if math.IsNaN(x) {
		return l.absent
	}
	return float64(l.slope*math.Copysign(features.Reach, z)) - l.shift
}

// addValue adds profit and expected value.
func (s *BatchScorer) addValue(b *features.Batch, out *Scores) {
	v := s.model.value
	out.ProfitIfWon, out.ExpectedValue = resized(out.ProfitIfWon, b.Rows), resized(out.ExpectedValue, b.Rows)
	if v.term < 0 {
		profit := math.Exp(v.base)
		for i := range out.ProfitIfWon {
			out.ProfitIfWon[i] = profit
		}
	} else {
		vector := &b.Vectors[s.model.encoder.Field(v.term)]
		by, _ := s.profit.follow(vector.Dictionary, func(value *features.Value) (float64, int32) {
			code := s.model.encoder.CodeOf(v.term, value)
			return math.Exp(v.base + v.effect(code)), code.Level
		})
		for i, code := range vector.Codes {
			out.ProfitIfWon[i] = by[code+1]
		}
	}
	for i, p := range out.Probability {
		out.ExpectedValue[i] = float64(p * out.ProfitIfWon[i])
	}
}
