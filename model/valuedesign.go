package model

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/leadscore/leadscore/features"
)

// The columns of the value model are made of the codes that the log-odds are made of, in fewer coefficients, as sales
// are few:
//
//	number     its slope in z, and its missing flag, standardised too, as both share one τ: as it is, a rare flag would
//	           have to pay many times what a slope does
//	curve      bins whose effect is a slope in their score (valuecurve.go), and missing
//	category   a coefficient for each group of levels: those of most weight by themselves, the rest together, missing
//	bins       a coefficient for each group of neighbouring bins under a chain of differences, one for missing, and
//	           a slope in the score of the bin, so that a smooth effect costs one coefficient
//
// Pairs come later (valuepairs.go), with a coefficient for each cell. The penalty is ½λ·β'Sβ with S the sum of the columns'
// τ_jS_j: S_j is 1 for every coefficient of the column, and, for its groups of bins, chainWeight for each squared difference
// of neighbours plus chainRidge of it for each square. The intercept is free. Without τ, it is 1.

// The settings of the design.
const (
	valueCoefficients = 600 // all terms together are about so many
	leastValueGroups  = 8   // of a term, at most, where there are many terms, and
	mostValueGroups   = 32  // where there are few
	chainWeight       = startChain / startLevels
	leastFlag         = 0.01 // share of the leads that miss a number, or have it, at least that its flag is standardised for: a rarer one is not left free
)

// valueColumn is one term: what it adds to μ of each sale.
type valueColumn struct {
	term  int
	codes []uint8     // group of each sale; the last one adds nothing
	loads [][]loading // of each group
	group []int32     // of each level of the term
	slope int         // coefficient of z, −1 = none
	score []float64   // z of each bin
	z     []float64   // of each sale, 0 = missing
	chain []int       // coefficients of neighbouring groups of bins, in order
	plain []int       // the other coefficients
	tau   float64
	part  float64 // of a pair's variance that counts, 0 = no pair
}

// loading is a coefficient and what it is multiplied by.
type loading struct {
	coefficient int
	value       float64
}

// valueDesign is the coded sales.
type valueDesign struct {
	sales   int
	size    int // coefficients; 0 is the intercept
	columns []valueColumn
}

// newValueDesign codes the rows of sales; curved says which terms of bins are curves, nil = none.
func newValueDesign(encoder *features.Encoder, curved []bool, table *features.Table, rows []int32) *valueDesign {
	d := &valueDesign{sales: len(rows), size: 1}
	grouped := 1
	for k := range encoder.Terms() {
		if t := &encoder.Terms()[k]; !t.IsNumber() && !t.IsPair() && !(curved != nil && curved[k]) {
			grouped++
		}
	}
	groups := max(leastValueGroups, min(mostValueGroups, valueCoefficients/grouped))
	var codes []features.Code
	for k := range encoder.Terms() {
		t := &encoder.Terms()[k]
		if t.IsPair() {
			continue
		}
		codes = encoder.Codes(k, table, rows, codes[:0])
		c := valueColumn{term: k, slope: -1, tau: 1, codes: make([]uint8, len(rows))}
		switch {
		case t.IsNumber():
			d.addNumber(&c, t, codes)
		case curved != nil && curved[k]:
			c.score = curveScores(t)
			d.addCurve(&c, t, codes)
		default:
			d.addGroups(&c, t, codes, t.Coarsen(groups))
		}
		c.plain = c.unchained()
		d.columns = append(d.columns, c)
	}
	return d
}

// unchained are the coefficients of a column that are no part of its chain, in order.
func (c *valueColumn) unchained() []int {
	var plain []int
	if c.slope >= 0 {
		plain = append(plain, c.slope)
	}
	for _, loads := range c.loads {
		for _, l := range loads {
			if !slices.Contains(c.chain, l.coefficient) && !slices.Contains(plain, l.coefficient) {
				plain = append(plain, l.coefficient)
			}
		}
	}
	slices.Sort(plain)
	return plain
}

// next returns a new coefficient.
func (d *valueDesign) next() int {
	d.size++
	return d.size - 1
}

// addNumber makes the column of a slope; group 0 is a value, group 1 a missing one.
func (d *valueDesign) addNumber(c *valueColumn, t *features.Term, codes []features.Code) {
	d.addSlope(c, t, len(codes))
	for i, code := range codes {
		switch code.Level {
		case 0:
			c.z[i] = code.Z
		case 1:
			c.codes[i] = 1
		default:
			c.codes[i] = 2
		}
	}
}

// addSlope makes the coefficients of a slope and of missing.
func (d *valueDesign) addSlope(c *valueColumn, t *features.Term, sales int) {
	c.slope, c.z = d.next(), make([]float64, sales)
	c.loads = [][]loading{nil, nil, nil}
	if t.Missing {
		missing := min(max(leastFlag, t.MissingWeight()/t.Weight()), 1-leastFlag)
		c.loads[1] = []loading{{d.next(), 1 / math.Sqrt(missing*(1-missing))}}
	}
}

// addCurve is addNumber of bins with scores.
func (d *valueDesign) addCurve(c *valueColumn, t *features.Term, codes []features.Code) {
	d.addSlope(c, t, len(codes))
	for i, code := range codes {
		switch {
		case code.Level == features.NoLevel:
			c.codes[i] = 2
		case int(code.Level) < len(c.score):
			c.z[i] = c.score[code.Level]
		default:
			c.codes[i] = 1
		}
	}
}

// addGroups makes the column of a term of levels.
func (d *valueDesign) addGroups(c *valueColumn, t *features.Term, codes []features.Code, group []int32) {
	c.group = group
	count := 0
	for _, g := range group {
		count = max(count, int(g)+1)
	}
	c.loads = make([][]loading, count+1)
	for g := range count {
		c.loads[g] = []loading{{d.next(), 1}}
	}
	bins := count
	if t.Missing {
		bins--
	}
	if t.Ordered() && bins > 1 {
		for g := range bins {
			c.chain = append(c.chain, c.loads[g][0].coefficient)
		}
		if c.score = curveScores(t); c.score == nil {
			c.score = rankScores(t.Histogram[:len(t.Edges)+1])
		}
		c.slope, c.z = d.next(), make([]float64, len(codes))
	}
	for i, code := range codes {
		c.codes[i] = uint8(count)
		if code.Level != features.NoLevel {
			c.codes[i] = uint8(group[code.Level])
			if int(code.Level) < len(c.score) {
				c.z[i] = c.score[code.Level]
			}
		}
	}
}

// straight reports whether a column is a number's slope or a curve, with its missing flag.
func (c *valueColumn) straight() bool { return c.slope >= 0 && len(c.chain) == 0 }

// rankScores returns the mid-ranks of bins of the given weights, standardised.
func rankScores(weight []float64) []float64 {
	scores := make([]float64, len(weight))
	var total float64
	for g, w := range weight {
		scores[g] = total + w/2
		total += w
	}
	standardise(scores, weight)
	return scores
}

// standardise gives weighted scores the mean 0 and the variance 1, or leaves them at 0.
func standardise(scores, weight []float64) {
	var total, mean, square float64
	for g, w := range weight {
		total += w
		mean += float64(w * scores[g])
	}
	mean /= total
	for g, w := range weight {
		scores[g] -= mean
		square += float64(w * scores[g] * scores[g])
	}
	sd := math.Sqrt(square / total)
	for g := range scores {
		if sd > 0 {
			scores[g] /= sd
		}
	}
}

// only returns the design of the given columns, in their order.
func (d *valueDesign) only(columns []int) *valueDesign {
	part := &valueDesign{sales: d.sales, size: 1}
	for _, j := range columns {
		c := d.columns[j]
		place := map[int]int{}
		renamed := func(old int) int {
			if _, known := place[old]; !known {
				place[old] = part.next()
			}
			return place[old]
		}
		if c.slope >= 0 {
			c.slope = renamed(c.slope)
		}
		loads := make([][]loading, len(c.loads))
		for g := range c.loads {
			for _, l := range c.loads[g] {
				loads[g] = append(loads[g], loading{renamed(l.coefficient), l.value})
			}
		}
		c.loads = loads
		chain := make([]int, len(c.chain))
		for i, old := range c.chain {
			chain[i] = renamed(old)
		}
		c.chain = chain
		c.plain = c.unchained()
		part.columns = append(part.columns, c)
	}
	return part
}

// predict writes μ of every sale.
func (d *valueDesign) predict(beta, mu []float64) {
	for i := range mu {
		mu[i] = beta[0]
	}
	var by [256]float64
	for j := range d.columns {
		c := &d.columns[j]
		for g, loads := range c.loads {
			by[g] = combine(loads, beta)
		}
		for i, g := range c.codes {
			mu[i] += by[g]
		}
		if c.slope >= 0 {
			slope := beta[c.slope]
			for i, z := range c.z {
				mu[i] += float64(slope * z)
			}
		}
	}
}

func combine(loads []loading, beta []float64) float64 {
	var sum float64
	for _, l := range loads {
		sum += float64(beta[l.coefficient] * l.value)
	}
	return sum
}

// pull writes X'r.
func (d *valueDesign) pull(r, gradient []float64) {
	clear(gradient)
	for _, x := range r {
		gradient[0] += x
	}
	var by [256]float64
	for j := range d.columns {
		c := &d.columns[j]
		clear(by[:])
		for i, g := range c.codes {
			by[g] += r[i]
		}
		for g, loads := range c.loads {
			for _, l := range loads {
				gradient[l.coefficient] += float64(by[g] * l.value)
			}
		}
		if c.slope >= 0 {
			var sum float64
			for i, z := range c.z {
				sum += float64(z * r[i])
			}
			gradient[c.slope] += sum
		}
	}
}

// row appends the coefficients of a sale.
func (d *valueDesign) row(i int, dst []loading) []loading {
	dst = append(dst, loading{0, 1})
	for j := range d.columns {
		c := &d.columns[j]
		dst = append(dst, c.loads[c.codes[i]]...)
		if c.slope >= 0 && c.z[i] != 0 {
			dst = append(dst, loading{c.slope, c.z[i]})
		}
	}
	return dst
}

// gramSales is how many sales the Gram matrix is made of, at most: it steers the path to the optimum, not the optimum.
const gramSales = 10_000

// gram returns X'WX in its upper triangle, from sales evenly spread and scaled to all.
func (d *valueDesign) gram(w []float64) *mat.SymDense {
	g := mat.NewSymDense(d.size, nil)
	raw := g.RawSymmetric()
	stride := (d.sales + gramSales - 1) / gramSales
	var row []loading
	var all, seen float64
	for i := range d.sales {
		all += w[i]
		if i%stride != 0 || w[i] == 0 {
			continue
		}
		seen += w[i]
		row = d.row(i, row[:0])
		for _, a := range row {
			scaled := float64(w[i] * a.value)
			line := raw.Data[a.coefficient*raw.Stride:]
			for _, b := range row {
				if b.coefficient >= a.coefficient {
					line[b.coefficient] += float64(scaled * b.value)
				}
			}
		}
	}
	if seen > 0 {
		g.ScaleSym(all/seen, g)
	}
	return g
}
