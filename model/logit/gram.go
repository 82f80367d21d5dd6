package logit

import (
	"cmp"
	"context"
	"slices"
)

// The Gram matrix H = Σᵢ hᵢ xᵢxᵢ', hᵢ = wᵢσ(ηᵢ)σ(−ηᵢ), of the dense coefficients, and its diagonal for the wide ones.
//
// Rows are taken a few blocks at a time. First each row's hᵢ, its standardised numbers and its codes are laid out. Then
// every pair of columns is a task of its own: for two columns of codes hᵢ is added to a table at (codeᵢ, codeᵢ'), for
// codes and numbers the row hᵢzᵢ is added to the table at codeᵢ, for numbers the products are dotted. Tasks own their
// sums and see the rows in order, so the bits do not depend on the workers. Small columns are lightly fused first, which
// makes pairs few; unlike the gradient's, these tables are squared, so the limit is low. All sums are of float64: in
// single precision the null directions of the one-hot columns drown in rounding.

const (
	gramFuseLimit = 40
	gramRows      = 2 * blockRows
)

// gram is a Gram matrix.
type gram struct {
	n      int       // dense coefficients
	dense  []float64 // n×n, lower triangle
	wide   []float64 // by position in θ, of all rows; 0 where not wide
	rows   int       // rows summed in dense
	weight float64   // Σhᵢ
}

// gramPlan holds the tasks' sums and the space for a few blocks of rows.
type gramPlan struct {
	objective *objective
	coded     []group  // lightly fused dense categories and flags
	wide      []member // categories with diagonal blocks
	numbers   int
	workers   int

	h     []float64   // gramRows
	codes [][]uint16  // per coded group
	z     [][]float64 // per number
	hz    []float64   // gramRows × numbers, row after row

	single  [][]float64 // per coded group: Σh
	pairs   []pairTable
	crossed [][]float64 // per coded group: Σhz, codes × numbers
	squares []float64   // numbers × numbers
	totals  []float64   // numbers: Σhz
	spans   []span      // of rows laid out
}

// pairTable is Σh per pair of codes of two groups.
type pairTable struct {
	a, b int
	sums []float64
}

func newGramPlan(o *objective) *gramPlan {
	g := &gramPlan{objective: o, numbers: len(o.numbers), workers: o.workers}
	var dense []member
	for _, m := range members(o.layout) {
		if o.layout.columns[m.column].wide {
			g.wide = append(g.wide, m)
		} else {
			dense = append(dense, m)
		}
	}
	g.coded = pack(dense, gramFuseLimit)
	slices.SortStableFunc(g.coded, func(a, b group) int { return cmp.Compare(b.size, a.size) })
	k := g.numbers
	g.h = make([]float64, gramRows)
	g.hz = make([]float64, gramRows*k)
	g.squares, g.totals = make([]float64, k*k), make([]float64, k)
	for range k {
		g.z = append(g.z, make([]float64, gramRows))
	}
	for a := range g.coded {
		size := g.coded[a].size
		g.codes = append(g.codes, make([]uint16, gramRows))
		g.single = append(g.single, make([]float64, size))
		g.crossed = append(g.crossed, make([]float64, size*k))
		for b := range a {
			g.pairs = append(g.pairs, pairTable{a, b, make([]float64, size*g.coded[b].size)})
		}
	}
	return g
}

// compute sums the rows of a sample at θ, and all rows for wide categories; weigh turns a span's η into h, in place.
func (g *gramPlan) compute(ctx context.Context, s sample, theta []float64, weigh func(rows span, eta []float64)) (*gram, error) {
	g.reset()
	g.objective.expand(theta)
	result := &gram{n: len(g.objective.layout.dense)}
	for next := (place{}); next.block < blocks(s.rows); {
		next = g.take(s, next)
		if err := g.lay(ctx, theta, weigh); err != nil {
			return nil, err
		}
		rows := g.laid()
		result.rows += rows
		result.weight += sum(g.h[:rows])
		if err := each(ctx, g.workers, g.tasks(), func(_, task int) error { g.task(task, rows); return nil }); err != nil {
			return nil, err
		}
	}
	g.assemble(result)
	var err error
	result.wide, err = g.wideDiagonals(ctx, theta, weigh)
	return result, err
}

func (g *gramPlan) reset() {
	for a := range g.coded {
		clear(g.single[a])
		clear(g.crossed[a])
	}
	for i := range g.pairs {
		clear(g.pairs[i].sums)
	}
	clear(g.squares)
	clear(g.totals)
}

// place is a cell of a block.
type place struct{ block, cell int }

// take collects spans of the sample from a place on, as many as fit, and returns the next place.
func (g *gramPlan) take(s sample, from place) place {
	g.spans = g.spans[:0]
	rows := 0
	for ; from.block < blocks(s.rows); from = (place{from.block + 1, 0}) {
		for ; from.cell < s.cells(from.block); from.cell++ {
			at := s.of(from.block, from.cell)
			if rows += at.hi - at.lo; rows > gramRows {
				return from
			}
			g.spans = append(g.spans, at)
		}
	}
	return from
}

func (g *gramPlan) laid() int {
	rows := 0
	for _, at := range g.spans {
		rows += at.hi - at.lo
	}
	return rows
}

// lay writes out h, the codes and the numbers of the spans.
func (g *gramPlan) lay(ctx context.Context, theta []float64, weigh func(rows span, eta []float64)) error {
	starts := make([]int, len(g.spans)+1)
	for i, at := range g.spans {
		starts[i+1] = starts[i] + at.hi - at.lo
	}
	return each(ctx, g.workers, len(g.spans), func(_, i int) error {
		at, lo, hi := g.spans[i], starts[i], starts[i+1]
		h := g.h[lo:hi]
		g.objective.predict(at, theta, h)
		weigh(at, h)
		for a := range g.coded {
			codes := g.codes[a][lo:hi]
			clear(codes)
			for _, m := range g.coded[a].members {
				m.addCodes(g.objective.problem, at, codes)
			}
		}
		g.layNumbers(at, lo, hi)
		return nil
	})
}

func (g *gramPlan) layNumbers(at span, lo, hi int) {
	k := g.numbers
	for n, j := range g.objective.numbers {
		c := &g.objective.problem.Columns[j]
		z := g.z[n][lo:hi]
		if c.Numbers.F32 != nil {
			standardise(c.Numbers.F32[at.lo:at.hi], c.Center, 1/c.Scale, z)
		} else {
			standardise(c.Numbers.F64[at.lo:at.hi], c.Center, 1/c.Scale, z)
		}
		for i, v := range z {
			g.hz[(lo+i)*k+n] = g.h[lo+i] * v
		}
	}
}

// tasks: pairs of coded groups, each coded group alone, numbers.
func (g *gramPlan) tasks() int { return len(g.pairs) + len(g.coded) + g.numbers }

func (g *gramPlan) task(task, rows int) {
	if task < len(g.pairs) {
		p := &g.pairs[task]
		scatterCells(g.codes[p.a][:rows], g.codes[p.b][:rows], g.coded[p.b].size, g.h, p.sums)
		return
	}
	if task -= len(g.pairs); task < len(g.coded) {
		codes := g.codes[task][:rows]
		scatter(codes, g.single[task], g.h)
		if g.numbers > 0 {
			scatterRows(codes, g.hz, g.crossed[task], g.numbers)
		}
		return
	}
	n := task - len(g.coded)
	k := g.numbers
	for i := range rows {
		g.totals[n] += g.hz[i*k+n]
	}
	for m := 0; m <= n; m += 4 {
		// A group of four may reach beyond the diagonal, into what nobody reads.
		last := k - 1
		s := dotsStrided(g.hz[n:], k, g.z[m][:rows], g.z[min(m+1, last)], g.z[min(m+2, last)], g.z[min(m+3, last)])
		for i, v := range s[:min(4, k-m)] {
			g.squares[n*k+m+i] += v
		}
	}
}

// assemble adds the tasks' tables into the matrix.
func (g *gramPlan) assemble(to *gram) {
	l := g.objective.layout
	to.dense = make([]float64, to.n*to.n)
	last := to.n - 1
	to.dense[last*to.n+last] = to.weight
	at := make([][][]int, len(g.coded))
	for a := range g.coded {
		at[a] = g.coded[a].dense(l)
		g.assembleSingle(to, at[a], a)
	}
	for _, p := range g.pairs {
		size := g.coded[p.b].size
		for _, ma := range at[p.a] {
			for _, mb := range at[p.b] {
				for i, row := range ma {
					if row >= 0 {
						to.addRow(row, mb, p.sums[i*size:][:size])
					}
				}
			}
		}
	}
	g.assembleNumbers(to)
}

// assembleSingle adds what one coded group gives: its members' diagonals, cross tables and their sums with intercept
// and numbers.
func (g *gramPlan) assembleSingle(to *gram, members [][]int, a int) {
	l := g.objective.layout
	last := to.n - 1
	k := g.numbers
	for i, h := range g.single[a] {
		for m, from := range members {
			p := from[i]
			if p < 0 {
				continue
			}
			to.dense[last*to.n+p] += h
			for _, other := range members[:m+1] {
				if q := other[i]; q >= 0 {
					to.dense[max(p, q)*to.n+min(p, q)] += h
				}
			}
			for n, j := range g.objective.numbers {
				q := l.place[l.columns[j].offset]
				to.dense[max(p, q)*to.n+min(p, q)] += g.crossed[a][i*k+n]
			}
		}
	}
}

func (g *gramPlan) assembleNumbers(to *gram) {
	l := g.objective.layout
	last := to.n - 1
	for n, j := range g.objective.numbers {
		p := l.place[l.columns[j].offset]
		to.dense[last*to.n+p] = g.totals[n]
		for m := 0; m <= n; m++ {
			q := l.place[l.columns[g.objective.numbers[m]].offset]
			to.dense[max(p, q)*to.n+min(p, q)] = g.squares[n*g.numbers+m]
		}
	}
}

// addRow adds values to row r (or column r, whichever is below the diagonal) at the places given.
func (to *gram) addRow(r int, places []int, values []float64) {
	for j, q := range places {
		if q >= 0 {
			to.dense[max(r, q)*to.n+min(r, q)] += values[j]
		}
	}
}

// dense lists, for each member and code, the member's dense position, −1 for none.
func (g *group) dense(l *layout) [][]int {
	at := make([][]int, len(g.members))
	for m, member := range g.members {
		at[m] = make([]int, g.size)
		for code := range at[m] {
			level := code / member.stride % member.levels
			switch {
			case !member.flag:
				at[m][code] = l.place[member.offset+level]
			case level == 1:
				at[m][code] = l.place[member.offset]
			default:
				at[m][code] = -1
			}
		}
	}
	return at
}

// scatterCells adds h to the cell (a, b) of a table of so many columns.
func scatterCells(a, b []uint16, columns int, h, table []float64) {
	b, h = b[:len(a)], h[:len(a)]
	for i, code := range a {
		table[int(code)*columns+int(b[i])] += h[i]
	}
}

// scatterRows adds row i of hz to the table's row codes[i].
func scatterRows(codes []uint16, hz, table []float64, columns int) {
	for i, code := range codes {
		from := hz[i*columns:][:columns]
		to := table[int(code)*columns:][:columns]
		for n, v := range from {
			to[n] += v
		}
	}
}

// dotsStrided is Σ x[i·stride]·z[i] for four z.
func dotsStrided(x []float64, stride int, z0, z1, z2, z3 []float64) (s [4]float64) {
	z1, z2, z3 = z1[:len(z0)], z2[:len(z0)], z3[:len(z0)]
	var s0, s1, s2, s3 float64
	for i, z := range z0 {
		v := x[i*stride]
		s0 += float64(v * z)
		s1 += float64(v * z1[i])
		s2 += float64(v * z2[i])
		s3 += float64(v * z3[i])
	}
	return [4]float64{s0, s1, s2, s3}
}
