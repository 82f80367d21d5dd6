package logit

import (
	"context"
	"math"
)

// objective computes F and its gradient in passes over the rows.
//
// A pass is cut into chunks, whose number depends on the problem alone. Every chunk adds up its blocks in order into
// sums of its own; then the chunks' sums are added in order. So the bits do not depend on who computed what.
type objective struct {
	problem *Problem
	layout  *layout
	groups  []group
	tables  []int // where each group's table starts
	size    int   // of all tables
	numbers []int // columns that are numbers: pairs of one width without missing values, one by one, then the others
	pairs   int   // how many of them are in pairs
	workers int

	expanded []float64 // tables of coefficients
	chunks   []chunk
	scratch  []scratch
}

// chunk is the sums of a range of blocks.
type chunk struct {
	blocks    span
	loss      float64
	intercept float64
	tables    []float64 // Σ residual per fused code
	numbers   []float64 // Σ residual·(x−center) per number
}

// scratch is a worker's space for one block.
type scratch struct {
	eta    [blockRows]float64
	target [blockRows]float64
}

const (
	chunkRows   = 8192    // at least so many rows make a chunk,
	mostChunks  = 32      // there are at most so many,
	chunkFloats = 8 << 20 // and at most so many sums in all of them together, if more than one chunk
)

func newObjective(ctx context.Context, p *Problem, l *layout, workers int) (*objective, error) {
	// Tables should be small against the rows that fill them.
	limit := min(fuseLimit, max(64, p.Rows/16))
	groups, err := fuse(ctx, p, l, workers, limit)
	if err != nil {
		return nil, err
	}
	o := &objective{problem: p, layout: l, groups: groups, workers: workers, scratch: make([]scratch, workers)}
	for i := range groups {
		o.tables = append(o.tables, o.size)
		o.size += groups[i].tableSize()
	}
	o.expanded = make([]float64, o.size)
	if err := o.pair(ctx); err != nil {
		return nil, err
	}
	o.cut()
	return o, nil
}

// pair orders the numbers so that those that the pair kernels serve come first.
func (o *objective) pair(ctx context.Context) error {
	gaps, err := o.problem.gaps(ctx, o.workers)
	if err != nil {
		return err
	}
	var whole32, whole64, rest []int
	for j, s := range o.layout.columns {
		switch {
		case s.levels > 0:
		case gaps[j]:
			rest = append(rest, j)
		case o.problem.Columns[j].Numbers.F32 != nil:
			whole32 = append(whole32, j)
		default:
			whole64 = append(whole64, j)
		}
	}
	for _, whole := range [][]int{whole32, whole64} {
		even := len(whole) &^ 1
		o.numbers = append(o.numbers, whole[:even]...)
		rest = append(rest, whole[even:]...)
	}
	o.pairs = len(o.numbers)
	o.numbers = append(o.numbers, rest...)
	return nil
}

// tableSize is the length of a group's table: at least fuseLimit where kernels index it without bounds checks.
func (g *group) tableSize() int {
	if g.fast() {
		return fuseLimit
	}
	return g.size
}

// fast reports whether the pair kernels serve the group.
func (g *group) fast() bool { return g.codes.U16 != nil && g.size <= fuseLimit }

// cut divides the blocks into chunks.
func (o *objective) cut() {
	n := 1
	for n < mostChunks && 2*n*chunkRows <= o.problem.Rows && 2*n*(o.size+len(o.numbers)) <= chunkFloats {
		n *= 2
	}
	all := blocks(o.problem.Rows)
	o.chunks = make([]chunk, n)
	for i := range o.chunks {
		o.chunks[i] = chunk{
			blocks:  span{i * all / n, (i + 1) * all / n},
			tables:  make([]float64, o.size),
			numbers: make([]float64, len(o.numbers)),
		}
	}
}

// pass returns the log loss over a sample, times scale, plus the penalty, and writes the gradient of both.
func (o *objective) pass(ctx context.Context, s sample, scale float64, theta, grad []float64) (loss, value float64, err error) {
	o.expand(theta)
	err = each(ctx, o.workers, len(o.chunks), func(worker, i int) error {
		return o.chunks[i].pass(ctx, o, s, theta, &o.scratch[worker])
	})
	if err != nil {
		return 0, 0, err
	}
	loss = o.reduce(grad)
	loss *= scale
	for k := range grad {
		grad[k] *= scale
	}
	value = loss + o.layout.penalty(theta, grad)
	o.layout.clearFixed(grad)
	return loss, value, nil
}

// expand fills the fused tables with the coefficients of θ.
func (o *objective) expand(theta []float64) {
	for i := range o.groups {
		o.groups[i].expand(theta, o.expanded[o.tables[i]:])
	}
}

// reduce adds the chunks up, in order, and writes the gradient of the log loss.
func (o *objective) reduce(grad []float64) (loss float64) {
	first := &o.chunks[0]
	for _, c := range o.chunks[1:] {
		first.loss += c.loss
		first.intercept += c.intercept
		addTo(first.tables, c.tables)
		addTo(first.numbers, c.numbers)
	}
	clear(grad)
	for i := range o.groups {
		o.groups[i].marginalise(first.tables[o.tables[i]:], grad)
	}
	for n, j := range o.numbers {
		grad[o.layout.columns[j].offset] = first.numbers[n] / o.problem.Columns[j].Scale
	}
	grad[o.layout.intercept] = first.intercept
	return first.loss
}

func addTo(to, from []float64) {
	from = from[:len(to)]
	for i := range to {
		to[i] += from[i]
	}
}

func (c *chunk) pass(ctx context.Context, o *objective, s sample, theta []float64, at *scratch) error {
	c.loss, c.intercept = 0, 0
	clear(c.tables)
	clear(c.numbers)
	for b := c.blocks.lo; b < c.blocks.hi; b++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		for cell := range s.cells(b) {
			rows := s.of(b, cell)
			eta := at.eta[:rows.hi-rows.lo]
			o.predict(rows, theta, eta)
			c.loss += o.residuals(rows, eta, at)
			c.gather(o, rows, eta)
		}
	}
	return nil
}

// predict writes η of a span of rows, from the tables that expand filled.
func (o *objective) predict(rows span, theta, eta []float64) {
	intercept := theta[o.layout.intercept]
	for i := range eta {
		eta[i] = intercept
	}
	for i := 0; i < len(o.groups); i++ {
		g := &o.groups[i]
		table := o.expanded[o.tables[i]:][:g.tableSize()]
		switch {
		case g.fast() && i+1 < len(o.groups) && o.groups[i+1].fast():
			next := o.groups[i+1].codes.U16[rows.lo:rows.hi]
			gatherPair(g.codes.U16[rows.lo:rows.hi], next, (*[fuseLimit]float64)(table), (*[fuseLimit]float64)(o.expanded[o.tables[i+1]:]), eta)
			i++
		case g.codes.U8 != nil:
			gather(g.codes.U8[rows.lo:rows.hi], table, eta)
		case g.codes.U16 != nil:
			gather(g.codes.U16[rows.lo:rows.hi], table, eta)
		default:
			gather(g.codes.U32[rows.lo:rows.hi], table, eta)
		}
	}
	o.predictNumbers(rows, theta, eta)
}

// predictNumbers adds the numbers' part of η.
func (o *objective) predictNumbers(rows span, theta, eta []float64) {
	for n := 0; n < len(o.numbers); n++ {
		c, slope := o.slope(n, theta)
		switch x := c.Numbers; {
		case n < o.pairs:
			n++
			d, other := o.slope(n, theta)
			if y := d.Numbers; x.F32 != nil {
				addNumbers(x.F32[rows.lo:rows.hi], y.F32[rows.lo:rows.hi], c.Center, d.Center, slope, other, eta)
			} else {
				addNumbers(x.F64[rows.lo:rows.hi], y.F64[rows.lo:rows.hi], c.Center, d.Center, slope, other, eta)
			}
		case x.F32 != nil:
			addNumber(x.F32[rows.lo:rows.hi], c.Center, slope, eta)
		default:
			addNumber(x.F64[rows.lo:rows.hi], c.Center, slope, eta)
		}
	}
}

// slope is the n-th number and its coefficient per unit of its raw scale.
func (o *objective) slope(n int, theta []float64) (*Column, float64) {
	j := o.numbers[n]
	c := &o.problem.Columns[j]
	return c, theta[o.layout.columns[j].offset] / c.Scale
}

// residuals turns η into weighted residuals and returns the log loss.
func (o *objective) residuals(rows span, eta []float64, at *scratch) float64 {
	p := o.problem
	t := at.target[:len(eta)]
	if p.Labels != nil {
		for i, y := range p.Labels[rows.lo:rows.hi] {
			t[i] = float64(y)
		}
	} else {
		t = p.Targets[rows.lo:rows.hi]
	}
	if p.Weights != nil {
		return weightedRows(eta, t, p.Weights[rows.lo:rows.hi])
	}
	return logisticRows(eta, t)
}

// gather adds a block's residuals to the chunk's sums.
func (c *chunk) gather(o *objective, rows span, residual []float64) {
	c.intercept += sum(residual)
	for i := 0; i < len(o.groups); i++ {
		g := &o.groups[i]
		table := c.tables[o.tables[i]:][:g.tableSize()]
		switch {
		case g.fast() && i+1 < len(o.groups) && o.groups[i+1].fast():
			next := o.groups[i+1].codes.U16[rows.lo:rows.hi]
			scatterPair(g.codes.U16[rows.lo:rows.hi], next, (*[fuseLimit]float64)(table), (*[fuseLimit]float64)(c.tables[o.tables[i+1]:]), residual)
			i++
		case g.codes.U8 != nil:
			scatter(g.codes.U8[rows.lo:rows.hi], table, residual)
		case g.codes.U16 != nil:
			scatter(g.codes.U16[rows.lo:rows.hi], table, residual)
		default:
			scatter(g.codes.U32[rows.lo:rows.hi], table, residual)
		}
	}
	c.gatherNumbers(o, rows, residual)
}

func (c *chunk) gatherNumbers(o *objective, rows span, residual []float64) {
	for n := 0; n < len(o.numbers); n++ {
		col := &o.problem.Columns[o.numbers[n]]
		switch x := col.Numbers; {
		case n < o.pairs:
			other := &o.problem.Columns[o.numbers[n+1]]
			var a, b float64
			if y := other.Numbers; x.F32 != nil {
				a, b = dotNumbers(x.F32[rows.lo:rows.hi], y.F32[rows.lo:rows.hi], col.Center, other.Center, residual)
			} else {
				a, b = dotNumbers(x.F64[rows.lo:rows.hi], y.F64[rows.lo:rows.hi], col.Center, other.Center, residual)
			}
			c.numbers[n] += a
			n++
			c.numbers[n] += b
		case x.F32 != nil:
			c.numbers[n] += dotNumber(x.F32[rows.lo:rows.hi], col.Center, residual)
		default:
			c.numbers[n] += dotNumber(x.F64[rows.lo:rows.hi], col.Center, residual)
		}
	}
}

// curvatures turns the η of a span of rows into w·σ(η)σ(−η).
func (o *objective) curvatures(rows span, eta []float64) {
	curvatureRows(eta)
	if o.problem.Weights != nil {
		for i, w := range o.problem.Weights[rows.lo:rows.hi] {
			eta[i] *= w
		}
	}
}

// largest is max|x|.
func largest(x []float64) float64 {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	return top
}
