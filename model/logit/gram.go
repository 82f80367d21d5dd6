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
// codes and numbers the row hᵢzᵢ is added to the table at codeᵢ, for numbers the products are dotted, eight by eight. Tasks own their
// sums and see the rows in order, so the bits do not depend on the workers. Small columns are lightly fused first, which
// makes pairs few; unlike the gradient's, these tables are squared, so the limit is low. All sums are of float64: in
// single precision the null directions of the one-hot columns drown in rounding.

const (
	gramFuseLimit = 40
	gramRows      = 2 * blockRows
	layRows       = 256 // a task of laying out
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
	coded     []group // lightly fused dense categories and flags
	numbers   int
	stride    int // numbers, padded to a multiple of four
	workers   int

	h     []float64  // gramRows
	codes [][]uint16 // per coded group
	z     []float64  // per number gramRows, and zeros up to a whole tile
	hz    []float64  // gramRows × stride, row after row

	single  [][]float64 // per coded group: Σh
	pairs   []pairTable
	duets   []duet
	crossed [][]float64 // per coded group: Σhz, codes × stride
	packs   [][]float64 // per worker: hz of a tile, row after row
	squares []float64   // numbers × numbers
	totals  []float64   // numbers: Σhz
}

// pairTable is Σh per pair of codes of two groups.
type pairTable struct {
	a, b int
	sums []float64 // the codes of b fastest
}

func newGramPlan(o *objective) *gramPlan {
	k := len(o.numbers.columns)
	g := &gramPlan{objective: o, numbers: k, stride: (k + 3) &^ 3, workers: o.workers}
	var dense []member
	for _, m := range members(o.layout) {
		if !o.layout.columns[m.column].wide {
			dense = append(dense, m)
		}
	}
	g.coded = pack(dense, gramFuseLimit)
	slices.SortStableFunc(g.coded, func(a, b group) int { return cmp.Compare(b.size, a.size) })
	g.h = make([]float64, gramRows)
	g.hz = make([]float64, gramRows*g.stride)
	g.squares, g.totals = make([]float64, k*k), make([]float64, k)
	g.z = make([]float64, tiles(k)*tileSide*gramRows)
	for range o.workers {
		g.packs = append(g.packs, make([]float64, tileSide*gramRows))
	}
	for a := range g.coded {
		size := g.coded[a].size
		g.codes = append(g.codes, make([]uint16, gramRows))
		g.single = append(g.single, make([]float64, size))
		g.crossed = append(g.crossed, make([]float64, size*g.stride))
		for b := range a {
			g.pairs = append(g.pairs, pairTable{a, b, make([]float64, size*g.coded[b].size)})
		}
	}
	for i := 0; i < len(g.pairs); i++ {
		d := duet{first: &g.pairs[i]}
		if i+1 < len(g.pairs) && g.pairs[i+1].a == g.pairs[i].a {
			i++
			d.second = &g.pairs[i]
		}
		g.duets = append(g.duets, d)
	}
	return g
}

// compute sums the rows at θ; weigh turns a span's η into h, in place. Wide categories are left to wideDiagonals.
func (g *gramPlan) compute(ctx context.Context, theta []float64, weigh func(rows span, eta []float64)) (*gram, error) {
	g.reset()
	g.objective.expand(theta)
	result := &gram{n: len(g.objective.layout.dense), rows: g.objective.problem.Rows}
	for lo := 0; lo < result.rows; lo += gramRows {
		at := span{lo, min(lo+gramRows, result.rows)}
		rows := at.hi - at.lo
		if err := g.lay(ctx, at, weigh); err != nil {
			return nil, err
		}
		result.weight += sum(g.h[:rows])
		if err := each(ctx, g.workers, g.tasks(), func(worker, task int) error { g.task(worker, task, rows); return nil }); err != nil {
			return nil, err
		}
	}
	g.margins()
	g.assemble(result)
	return result, nil
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

// lay writes out h, the codes and the numbers of a span.
func (g *gramPlan) lay(ctx context.Context, all span, weigh func(rows span, eta []float64)) error {
	rows := all.hi - all.lo
	return each(ctx, g.workers, (rows+layRows-1)/layRows, func(worker, i int) error {
		lo, hi := i*layRows, min((i+1)*layRows, rows)
		at := span{all.lo + lo, all.lo + hi}
		h := g.h[lo:hi]
		g.objective.predict(at, h, &g.objective.scratch[worker])
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
	for n, j := range g.objective.numbers.columns {
		c := &g.objective.problem.Columns[j]
		z := g.z[n*gramRows:][lo:hi]
		if c.Numbers.F32 != nil {
			standardise(c.Numbers.F32[at.lo:at.hi], c.Center, 1/c.Scale, z)
		} else {
			standardise(c.Numbers.F64[at.lo:at.hi], c.Center, 1/c.Scale, z)
		}
		h, hz := g.h[lo:hi], g.hz[lo*g.stride+n:]
		for i, v := range z {
			hz[i*g.stride] = h[i] * v
		}
	}
}

// tasks: for each coded group its pairs with the groups before, two at a time, and itself; then tiles of numbers.
func (g *gramPlan) tasks() int { return len(g.duets) + len(g.coded) + tiles(g.numbers) }

func (g *gramPlan) task(worker, task, rows int) {
	if task < len(g.duets) {
		g.duets[task].add(g, rows)
		return
	}
	if task -= len(g.duets); task < len(g.coded) {
		codes := g.codes[task][:rows]
		if len(g.coded) == 1 {
			scatter(codes, g.single[task], g.h)
		}
		if g.numbers > 0 {
			scatterRows(codes, g.hz, g.crossed[task], g.stride)
		}
		return
	}
	g.tile((task-len(g.coded))*tileSide, rows, g.packs[worker])
}

// tileSide is how many numbers are dotted with as many at once.
const tileSide = 8

// tiles is how many tiles so many numbers make.
func tiles(numbers int) int { return (numbers + tileSide - 1) / tileSide }

// tile adds the products of a tile of numbers, from the given one on, with those before it and its own.
func (g *gramPlan) tile(from, rows int, pack []float64) {
	k := g.numbers
	wanted := min(tileSide, k-from)
	for i := range rows {
		copy(pack[i*tileSide:][:wanted], g.hz[i*g.stride+from:])
	}
	if len(g.coded) == 0 {
		for i := range rows {
			for r, v := range pack[i*tileSide:][:wanted] {
				g.totals[from+r] += v
			}
		}
	}
	for at := 0; at <= from; at += tileSide {
		var s [tileSide]lanes
		columns := min(tileSide, k-at)
		products8x8(pack[:rows*tileSide], g.z[at*gramRows:], gramRows, wanted, columns, &s)
		for r := range wanted { // of the last tile some lie beyond the diagonal, where nobody reads
			to := g.squares[(from+r)*k+at:][:columns]
			for c := range to {
				to[c] += s[c][r]
			}
		}
	}
}

// duet is two pairs, or the last one, of a group.
type duet struct{ first, second *pairTable }

func (d duet) add(g *gramPlan, rows int) {
	a, b := g.codes[d.first.a][:rows], g.codes[d.first.b][:rows]
	size := g.coded[d.first.b].size
	if d.second == nil {
		scatterCells(a, b, size, g.h, d.first.sums)
		return
	}
	c := g.codes[d.second.b][:rows]
	scatterCellsTwice(a, b, c, size, g.coded[d.second.b].size, g.h, d.first.sums, d.second.sums)
}

// margins fills what the tasks left out, because other sums contain it: the sums of single groups and of numbers.
func (g *gramPlan) margins() {
	for i := range g.pairs {
		p := &g.pairs[i]
		if p.b != 0 {
			continue
		}
		single, first := g.single[p.a], g.single[0]
		for code := range single {
			row := p.sums[code*len(first):][:len(first)]
			single[code] = sum(row)
			if p.a == 1 {
				addTo(first, row)
			}
		}
	}
	if len(g.coded) == 0 {
		return
	}
	for at, v := range g.crossed[0] {
		if n := at % g.stride; n < g.numbers {
			g.totals[n] += v
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
			for n, j := range g.objective.numbers.columns {
				q := l.place[l.columns[j].offset]
				to.dense[max(p, q)*to.n+min(p, q)] += g.crossed[a][i*g.stride+n]
			}
		}
	}
}

func (g *gramPlan) assembleNumbers(to *gram) {
	l := g.objective.layout
	last := to.n - 1
	for n, j := range g.objective.numbers.columns {
		p := l.place[l.columns[j].offset]
		to.dense[last*to.n+p] = g.totals[n]
		for m := 0; m <= n; m++ {
			q := l.place[l.columns[g.objective.numbers.columns[m]].offset]
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
