package model

import (
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// Scores are the scores of a batch, column by column. Values are those of Model.Score, to the last bit.
type Scores struct {
	LogOdds       []float64
	Probability   []float64
	ProfitIfWon   []float64 // nil without a value model
	ExpectedValue []float64 // nil without a value model
	Fit           []float64 // nil unless the scorer was asked for sub-scores, and the model has them
	Activity      []float64
	CI            []Interval // nil unless the scorer was asked for intervals, and the model has them
}

// BatchScorer scores batches column by column, without reasons or warnings: about a nanosecond a feature and lead.
// It keeps memory from batch to batch and is not safe for concurrent use.
type BatchScorer struct {
	// SubScores asks for Fit and Activity, where the model is grouped. They take about as long as the rest.
	SubScores bool
	term      []float64 // contributions of one term

	// Intervals asks for CI, where the model has intervals. They take longer than the rest.
	Intervals bool
	variances batchVariances

	model  *Model
	odds   *batchSum
	size   *batchSum // of μ, nil without a value model
	pairs  *batchSum // of what its pairs add to that, nil without any
	paid   *batchSum // of the log-odds of a sale that is worth something, nil where the value model has none
	joint  []float64 // of each lead: what they add
	chance []float64 // of such a sale
	source batchTerm // of the policy
}

// batchSum sums one linear predictor.
type batchSum struct {
	*predictor
	terms  []batchTerm
	lines  []batchLine // of the terms that are numbers
	levels [][]int32   // of each lead, by term: of the terms that pairs are made of
	bases  []float64   // scoredAtOnce times the predictor's base
	lead   features.Lead
	days   []float64 // of times

	// The columns at hand, until the next kernel adds them.
	codes     [][]uint32
	tables    [][]float64
	numbers   [][]float64
	numbersOf []*batchLine
}

// batchTerm holds what the codes of the present dictionary contribute. Position code+1 belongs to a code, so that
// features.NoCode, the largest, wraps to position 0, that of a missing value.
type batchTerm struct {
	dictionary *features.Dictionary
	by         []float64
	level      []int32           // of the term, by code+1
	grid       *features.BinGrid // of bins
}

// batchLine is a number's line in both forms.
type batchLine struct {
	plain, scaled numberLine
	isScaled      bool
	gapped        bool      // training missed numbers, or a lead did since
	days          []float64 // of a time
}

// NewBatchScorer returns a scorer of batches of the model's schema, of which columns that are not features may be
// excluded.
func (m *Model) NewBatchScorer() *BatchScorer {
	s := &BatchScorer{model: m, odds: newBatchSum(&m.predictor)}
	if m.value != nil {
		s.size = newBatchSum(&m.value.size)
		if m.value.paid != nil {
			s.paid = newBatchSum(m.value.paid)
		}
		if m.value.pairs != nil {
			s.pairs = newBatchSum(m.value.pairs)
		}
	}
	return s
}

func newBatchSum(p *predictor) *batchSum {
	n := len(p.effect)
	s := &batchSum{predictor: p, terms: make([]batchTerm, n), lines: make([]batchLine, n), levels: make([][]int32, n),
		bases: slices.Repeat([]float64{p.base}, scoredAtOnce)}
	for k := range p.effect {
		switch t := &p.encoder.Terms()[k]; {
		case p.effect[k] == nil:
		case t.IsNumber():
			l := &s.lines[k]
			l.plain = p.line(k)
			l.scaled, l.isScaled = l.plain.scaled()
			l.gapped = t.Missing
		case t.Bins:
			s.terms[k].grid = features.NewBinGrid(t.Edges)
		case t.IsPair():
			a, b := t.Parts()
			s.levels[a], s.levels[b] = []int32{}, []int32{}
		}
	}
	return s
}

// Score scores a batch into out, whose memory it reuses.
func (s *BatchScorer) Score(b *features.Batch, out *Scores) {
	out.LogOdds, out.Probability = resized(out.LogOdds, b.Rows), resized(out.Probability, b.Rows)
	split := s.SubScores && s.model.grouped
	if out.Fit, out.Activity = nil, nil; split {
		out.Fit, out.Activity = make([]float64, b.Rows), make([]float64, b.Rows)
	}
	if s.size != nil {
		out.ProfitIfWon, out.ExpectedValue = resized(out.ProfitIfWon, b.Rows), resized(out.ExpectedValue, b.Rows)
	}
	out.CI = s.startIntervals(b.Rows, out.CI)
	for from := 0; from < b.Rows; from += scoredAtOnce {
		to := min(from+scoredAtOnce, b.Rows)
		s.odds.chances(b, from, out.LogOdds[from:to], out.Probability[from:to])
		if s.size != nil {
			s.addValue(b, from, out.Probability[from:to], out.ProfitIfWon[from:to], out.ExpectedValue[from:to])
		}
		if split {
			s.addSubScores(b, from, out.Fit[from:to], out.Activity[from:to])
		}
		if out.CI != nil {
			s.addIntervals(b, from, out.LogOdds[from:to], out.CI[from:to])
		}
	}
}

// chances finds the log-odds of the leads from row from on, and their probabilities.
func (s *batchSum) chances(b *features.Batch, from int, l, p []float64) {
	s.sum(b, from, l)
	if !sigmoids(l, p) {
		s.redo(b, from, l)
		sigmoids(l, p)
	}
}

// redo scores the leads by themselves that have no finite sum: a number is far out, or missing where none was before.
func (s *batchSum) redo(b *features.Batch, from int, l []float64) {
	for i, sum := range l {
		if !(math.Abs(sum) <= math.MaxFloat64) {
			b.Lead(from+i, &s.lead)
			l[i] = s.contributions(&s.lead, func(int, features.Code, float64) {})
			for k := range s.lines {
				if s.effect[k] != nil && s.encoder.Terms()[k].IsNumber() && !s.encoder.Known(k, &s.lead) {
					s.lines[k].gapped = true
				}
			}
		}
	}
}

// sum finds the predictor of the leads from row from on, or no finite number for some that have a number far out.
func (s *batchSum) sum(b *features.Batch, from int, l []float64) {
	copy(l, s.bases)
	for k := range s.effect {
		if s.effect[k] == nil {
			continue
		}
		t := &s.encoder.Terms()[k]
		if t.IsPair() {
			s.addPending(l)
			s.addPair(k, t, l)
			continue
		}
		switch {
		case t.IsNumber():
			s.addNumber(k, b, from, l)
		case t.Bins:
			s.addPending(l)
			s.addBins(k, b, from, l)
		default:
			s.addCategory(k, &b.Vectors[s.encoder.Field(k)], from, l)
		}
	}
	s.addPending(l)
	s.join(l)
}

func resized[T any](x []T, n int) []T {
	if cap(x) < n {
		return make([]T, n)
	}
	return x[:n]
}

// addCategory adds the contributions of a category, with the columns before and after it.
func (s *batchSum) addCategory(k int, v *features.Vector, from int, l []float64) {
	by, level := s.terms[k].follow(v.Dictionary, func(value *features.Value) (float64, int32) {
		code := s.encoder.CodeOf(k, value)
		return s.contribution(k, code), code.Level
	})
	codes := v.Codes[from:][:len(l)]
	if s.levels[k] != nil {
		s.levels[k] = resized(s.levels[k], len(codes))
		for i, code := range codes {
			s.levels[k][i] = level[code+1]
		}
	}
	if len(s.numbers) > 0 || len(s.codes) == 4 {
		s.addPending(l)
	}
	s.codes, s.tables = append(s.codes, codes), append(s.tables, by)
}

// addNumber adds the contributions of a number or a time, with the columns before and after it.
func (s *batchSum) addNumber(k int, b *features.Batch, from int, l []float64) {
	line := &s.lines[k]
	line.days = resized(line.days, len(l))
	x := b.Amounts(s.encoder.Field(k), from, line.days)
	if len(s.codes) > 0 || len(s.numbers) == 2 {
		s.addPending(l)
	}
	if !line.isScaled {
		s.addPending(l)
		for i, x := range x {
			l[i] += line.plain.at(x)
		}
		return
	}
	s.numbers, s.numbersOf = append(s.numbers, x), append(s.numbersOf, line)
}

// addPending adds the columns at hand: up to four categories, or up to two numbers.
func (s *batchSum) addPending(l []float64) {
	c, t := s.codes, s.tables
	if len(c) == 4 {
		addLookups4(l, c[0], c[1], c[2], c[3], t[0], t[1], t[2], t[3])
		c = nil
	}
	if len(c) >= 2 {
		addLookups2(l, c[0], c[1], t[0], t[1])
		c, t = c[2:], t[2:]
	}
	if len(c) == 1 {
		addLookup(l, c[0], t[0])
	}
	if x, of := s.numbers, s.numbersOf; len(x) == 2 {
		add := addLines2
		if !of[0].gapped {
			add = addLinesFirstWhole
		} else if !of[1].gapped {
			add = addLinesSecondWhole
		}
		n := addLinesVector(l, x[0], x[1], &of[0].scaled, &of[1].scaled)
		add(l[n:], x[0][n:], x[1][n:], &of[0].scaled, &of[1].scaled)
	} else if len(x) == 1 {
		n := addLineVector(l, x[0], &of[0].scaled)
		addLine(l[n:], x[0][n:], &of[0].scaled)
	}
	s.codes, s.tables, s.numbers, s.numbersOf = s.codes[:0], s.tables[:0], s.numbers[:0], s.numbersOf[:0]
}

// addBins adds the contributions of a term of bins.
func (s *batchSum) addBins(k int, b *features.Batch, from int, logOdds []float64) {
	by, grid, absent := s.terms[k].steps(s.predictor, k), s.terms[k].grid, s.encoder.CodeOf(k, &features.Value{}).Level
	if s.levels[k] != nil {
		s.levels[k] = resized(s.levels[k], len(logOdds))
	}
	s.days = resized(s.days, len(logOdds))
	for i, x := range b.Amounts(s.encoder.Field(k), from, s.days) {
		level := absent
		if x == x {
			level = grid.Bin(x)
		}
		logOdds[i] += by[level+1]
		if s.levels[k] != nil {
			s.levels[k][i] = level
		}
	}
}

// addPair adds the contributions of a pair, given the levels of its parts.
func (s *batchSum) addPair(k int, t *features.Term, logOdds []float64) {
	a, b := t.Parts()
	by := s.terms[k].steps(s.predictor, k)
	for i := range logOdds {
		logOdds[i] += by[t.Cell(s.levels[a][i], s.levels[b][i])+1]
	}
}

// steps returns what the levels of a term without a dictionary contribute, by level+1.
func (t *batchTerm) steps(p *predictor, k int) []float64 {
	if t.by == nil {
		t.by = p.byLevel(k)
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

// numberLine is the contribution of a number: slope·z − shift, or absent. Kernels read the fields in this order.
type numberLine struct{ mean, inverse, slope, shift, absent float64 }

// line returns the contribution of term k, a number, in a form that loops can inline.
func (p *predictor) line(k int) numberLine {
	t := &p.encoder.Terms()[k]
	return numberLine{mean: t.Mean, inverse: t.Inverse(), slope: p.effect[k][0], shift: p.shift[k],
		absent: p.contribution(k, p.encoder.CodeOf(k, &features.Value{}))}
}

// at is the contribution of x, NaN = missing: bit for bit that of its code.
func (l *numberLine) at(x float64) float64 {
	z := (x - l.mean) * l.inverse
	if math.Abs(z) <= features.Reach {
		return float64(l.slope*z) - l.shift
	}
	return l.far(x, z)
}

// far is the contribution of a missing value, or of one beyond Reach.
func (l *numberLine) far(x, z float64) float64 {
	if math.IsNaN(x) {
		return l.absent
	}
	return float64(l.slope*math.Copysign(features.Reach, z)) - l.shift
}

// addValue writes profit and expected value of the leads from row from on, given their probabilities.
func (s *BatchScorer) addValue(b *features.Batch, from int, probability, profit, expected []float64) {
	s.size.sum(b, from, profit)
	if s.pairs != nil {
		s.joint = resized(s.joint, len(profit))
		s.pairs.sum(b, from, s.joint)
	}
	for i, mu := range profit {
		if !(math.Abs(mu) <= math.MaxFloat64) {
			s.size.redo(b, from+i, profit[i:i+1])
			mu = profit[i]
		}
		if s.pairs != nil {
			mu += s.joint[i]
		}
		profit[i] = s.model.value.amount(mu)
	}
	if s.paid != nil {
		s.chance = resized(s.chance, 2*len(profit))
		l, q := s.chance[:len(profit)], s.chance[len(profit):]
		s.paid.chances(b, from, l, q)
		for i, q := range q {
			profit[i] = float64(q * profit[i])
		}
	}
	for i, p := range probability {
		expected[i] = float64(p * profit[i])
	}
}
