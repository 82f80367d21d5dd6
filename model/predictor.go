package model

import "github.com/leadscore/leadscore/features"

// predictor is a linear predictor over the terms of an encoder in the form that scoring wants: base + Σ c_k, with
// c_k = effect_k(code) − shift_k centred on the weighted training mean. Sums run in the order of the terms, everywhere.
type predictor struct {
	encoder *features.Encoder
	base    float64
	effect  [][]float64 // of each coefficient of each term; nil = the term has no part in it
	shift   []float64   // the training mean of each term's effect
	joint   *Together   // what is added to base + Σ c_k, nil = nothing
}

// contribution is c_k of an encoded value.
func (p *predictor) contribution(k int, code features.Code) float64 {
	if code.Level == features.NoLevel || p.effect[k] == nil {
		return 0
	}
	return float64(p.effect[k][code.Level]*code.Z) - p.shift[k]
}

// contributions calls each with the code of each term and c_k, and returns base + Σ c_k, summed in that order,
// with what is added to it.
func (p *predictor) contributions(lead *features.Lead, each func(k int, code features.Code, c float64)) float64 {
	l := p.base
	for k := range p.effect {
		if p.effect[k] == nil {
			continue
		}
		code := p.encoder.Code(k, lead)
		c := p.contribution(k, code)
		each(k, code, c)
		l += c
	}
	return p.joined(l)
}

// joined adds to base + Σ c_k what the terms add together.
func (p *predictor) joined(l float64) float64 {
	if p.joint == nil {
		return l
	}
	return l + p.joint.At(l-p.base)
}

// join is joined of each of a run of sums.
func (p *predictor) join(l []float64) {
	if p.joint == nil {
		return
	}
	for i, sum := range l {
		l[i] = sum + p.joint.At(sum-p.base)
	}
}

// table returns the predictor of the given rows of a table (nil = all), bit for bit what contributions gives each lead.
func (p *predictor) table(table *features.Table, rows []int32) []float64 {
	if rows == nil {
		rows = features.AllRows(table.Rows)
	}
	l := make([]float64, len(rows))
	inBlocks(len(rows), func(_, from, to int) {
		part := l[from:to]
		for i := range part {
			part[i] = p.base
		}
		p.addTable(table, rows[from:to], part)
	})
	return l
}

// scoredAtOnce is how many leads are scored together: few enough for their log-odds, and their levels of the parts of
// pairs, to stay in the processor's second cache, and enough to read columns in long runs.
const scoredAtOnce = 1 << 14

// addTable adds the contributions of every term to the base.
func (p *predictor) addTable(table *features.Table, rows []int32, l []float64) {
	levels := make([][]int32, len(p.effect))
	for k := range p.effect {
		p.addTerm(k, table, rows, levels, l)
	}
	p.join(l)
}

// addTerm adds the contributions of term k; levels keeps those of the terms before it, for the pairs.
func (p *predictor) addTerm(k int, table *features.Table, rows []int32, levels [][]int32, l []float64) {
	if p.effect[k] == nil {
		return
	}
	t := &p.encoder.Terms()[k]
	if t.IsNumber() {
		p.addNumbers(k, table.Seen(p.encoder.Field(k)), rows, l)
		return
	}
	levels[k] = p.levels(k, table, rows, levels)
	by := p.byLevel(k)
	for i, level := range levels[k] {
		l[i] += by[level+1]
	}
}

// levels returns the levels of a term of the rows; those of a pair from its parts', where they are known.
func (p *predictor) levels(k int, table *features.Table, rows []int32, known [][]int32) []int32 {
	levels := make([]int32, len(rows))
	if t := &p.encoder.Terms()[k]; t.IsPair() {
		if a, b := t.Parts(); known[a] != nil && known[b] != nil {
			for i := range rows {
				levels[i] = t.Cell(known[a][i], known[b][i])
			}
			return levels
		}
	}
	level := p.encoder.Level(k, table)
	for i, r := range rows {
		levels[i] = level(r)
	}
	return levels
}

// byLevel returns what each level of a term contributes, after what a value without one does, which is nothing.
func (p *predictor) byLevel(k int) []float64 {
	by := make([]float64, p.encoder.Terms()[k].Size()+1)
	for level := range by {
		by[level] = p.contribution(k, features.Code{Level: int32(level - 1), Z: 1})
	}
	return by
}

// addNumbers adds the contributions of a term that is a number.
func (p *predictor) addNumbers(k int, c *features.Column, rows []int32, l []float64) {
	line := p.line(k)
	if c.Times != nil {
		for i, r := range rows {
			l[i] += line.at(features.DaysOf(c.Times[r]))
		}
		return
	}
	if c.Numbers.F32 != nil {
		addLineAt(l, c.Numbers.F32, rows, &line)
	} else {
		addLineAt(l, c.Numbers.F64, rows, &line)
	}
}

// addLineAt adds a line's contributions of the numbers of the rows.
func addLineAt[F float32 | float64](l []float64, xs []F, rows []int32, line *numberLine) {
	l = l[:len(rows)]
	for i, r := range rows {
		l[i] += line.at(float64(xs[r]))
	}
}
