package model

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/leadscore/leadscore/features"
)

// The columns of the value model are made of the codes that the log-odds are made of, in fewer coefficients, as sales
// are few:
//
//	number     its slope in z, and its missing flag
//	category   a coefficient for each group of levels: those of most weight by themselves, the rest together, missing
//	bins       a coefficient for each group of neighbouring bins under a chain of differences, one for missing, and a
//	           trend: the standardised rank of the group, so that a smooth effect costs one coefficient
//
// Pairs have no part in it. The penalty is ½λ·β'Sβ with one λ for all: S is 1 for every coefficient but the intercept's,
// which is free, and, for the groups of bins, chainWeight for each squared difference of neighbours plus chainRidge of it
// for each square.

// The settings of the design.
const (
	valueCoefficients = 600 // all terms together are about so many
	leastValueGroups  = 8   // of a term, at most, where there are many terms, and
	mostValueGroups   = 32  // where there are few
	chainWeight       = startChain / startLevels
)

// valueColumn is one term: what it adds to μ of each sale.
type valueColumn struct {
	term  int
	codes []uint8     // group of each sale; the last one adds nothing
	loads [][]loading // of each group
	group []int32     // of each level of the term
	slope int         // coefficient of z, −1 = none
	z     []float64   // of each sale, 0 = missing
	chain []int       // coefficients of neighbouring groups of bins, in order
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

// newValueDesign codes the rows of sales.
func newValueDesign(encoder *features.Encoder, table *features.Table, rows []int32) *valueDesign {
	d := &valueDesign{sales: len(rows), size: 1}
	groups := max(leastValueGroups, min(mostValueGroups, valueCoefficients/len(encoder.Terms())))
	var codes []features.Code
	for k := range encoder.Terms() {
		t := &encoder.Terms()[k]
		if t.IsPair() {
			continue
		}
		codes = encoder.Codes(k, table, rows, codes[:0])
		c := valueColumn{term: k, slope: -1, codes: make([]uint8, len(rows))}
		if t.IsNumber() {
			d.addNumber(&c, t, codes)
		} else {
			d.addGroups(&c, t, codes, t.Coarsen(groups))
		}
		d.columns = append(d.columns, c)
	}
	return d
}

// next returns a new coefficient.
func (d *valueDesign) next() int {
	d.size++
	return d.size - 1
}

// addNumber makes the column of a slope; group 0 is a value, group 1 a missing one.
func (d *valueDesign) addNumber(c *valueColumn, t *features.Term, codes []features.Code) {
	c.slope, c.z = d.next(), make([]float64, len(codes))
	c.loads = [][]loading{nil, nil, nil}
	if t.Missing {
		c.loads[1] = []loading{{d.next(), 1}}
	}
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

// addGroups makes the column of a term of levels.
func (d *valueDesign) addGroups(c *valueColumn, t *features.Term, codes []features.Code, group []int32) {
	c.group = group
	count := 0
	for _, g := range group {
		count = max(count, int(g)+1)
	}
	weight := make([]float64, count)
	for level, g := range group {
		weight[g] += t.Histogram[level]
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
		trend := d.next()
		for g, score := range rankScores(weight[:bins]) {
			c.chain = append(c.chain, c.loads[g][0].coefficient)
			c.loads[g] = append(c.loads[g], loading{trend, score})
		}
	}
	for i, code := range codes {
		c.codes[i] = uint8(count)
		if code.Level != features.NoLevel {
			c.codes[i] = uint8(group[code.Level])
		}
	}
}

// rankScores returns the mid-ranks of groups of the given weights, standardised.
func rankScores(weight []float64) []float64 {
	scores := make([]float64, len(weight))
	var total, mean, square float64
	for g, w := range weight {
		scores[g] = total + w/2
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
	return scores
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

// penalty returns β'Sβ and writes Sβ.
func (d *valueDesign) penalty(beta, out []float64) float64 {
	copy(out, beta)
	out[0] = 0
	for j := range d.columns {
		chain := d.columns[j].chain
		for _, k := range chain {
			out[k] = chainRidge * chainWeight * beta[k]
		}
		for i := 1; i < len(chain); i++ {
			d := chainWeight * (beta[chain[i]] - beta[chain[i-1]])
			out[chain[i]] += d
			out[chain[i-1]] -= d
		}
	}
	var square float64
	for k, x := range beta {
		square += float64(x * out[k])
	}
	return square
}

// addPenalty adds λS to a Gram matrix.
func (d *valueDesign) addPenalty(g *mat.SymDense, lambda float64) {
	add := func(i, j int, x float64) { g.SetSym(i, j, g.At(i, j)+x) }
	chained := make([]bool, d.size)
	for j := range d.columns {
		chain := d.columns[j].chain
		for i, k := range chain {
			chained[k] = true
			add(k, k, lambda*chainRidge*chainWeight)
			if i > 0 {
				add(k, k, lambda*chainWeight)
				add(chain[i-1], chain[i-1], lambda*chainWeight)
				add(min(k, chain[i-1]), max(k, chain[i-1]), -lambda*chainWeight)
			}
		}
	}
	for k := 1; k < d.size; k++ {
		if !chained[k] {
			add(k, k, lambda)
		}
	}
}
