package logit

import (
	"context"
	"math"
	"slices"
)

// objective computes F and its gradient in passes over the rows of a problem: the whole one, or a sample of it.
//
// A pass is cut into chunks, whose number depends on the problem alone. Every chunk adds up its blocks in order into
// sums of its own; then the chunks' sums are added in order. So the bits do not depend on who computed what.
type objective struct {
	problem *Problem
	layout  *layout
	groups  []group
	tables  []int // where each group's table starts
	size    int   // of all tables
	numbers numbers
	workers int

	expanded []float64 // tables of coefficients, on the raw scale
	slopes   []float64 // per number, on the raw scale
	base     float64   // intercept on the raw scale
	raw      []float64 // buffer of the shape of θ
	chunks   []chunk
	scratch  []scratch
}

// numbers lists the columns that are numbers in the order in which kernels take them: those on their raw scale, by width,
// without missing values first, then the centred ones.
type numbers struct {
	columns []int
	single  banded
	double  banded
}

// banded counts columns of one width: so many without and with missing values.
type banded struct{ whole, gapped int }

func (n *numbers) plain() int {
	return n.single.whole + n.single.gapped + n.double.whole + n.double.gapped
}

// rawCenter is the |Center|/Scale beyond which a number is centred row by row: the raw sums would cancel.
const rawCenter = 16

// chunk is the sums of a range of blocks.
type chunk struct {
	blocks  span
	sums    sums
	tables  []float64 // Σ residual per fused code
	numbers []float64 // Σ residual·x per number, of raw scale, or Σ residual·(x−center)
}

// scratch is a worker's space for one block.
type scratch struct {
	eta    [blockRows]float64
	target [blockRows]float64
	single [][]float32 // the block's part of the plain numbers
	double [][]float64
}

const (
	chunkRows   = 8192    // at least so many rows make a chunk,
	mostChunks  = 32      // there are at most so many,
	chunkFloats = 8 << 20 // and at most so many sums in all of them together, if more than one chunk
)

// newObjective makes the first pass over a problem whose shape has been checked.
func newObjective(ctx context.Context, p *Problem, l *layout, workers int) (*objective, outcomes, error) {
	// Tables should be small against the rows that fill them.
	limit := min(fuseLimit, max(64, p.Rows/16))
	o := &objective{problem: p, layout: l, groups: pack(members(l), limit), workers: workers}
	won, gaps, err := o.scan(ctx)
	if err != nil {
		return nil, won, err
	}
	o.order(gaps)
	o.allocate()
	return o, won, nil
}

// order orders the numbers by the kernels that serve them.
func (o *objective) order(gaps []bool) {
	var by [5][]int
	for j, s := range o.layout.columns {
		if s.levels > 0 {
			continue
		}
		c := &o.problem.Columns[j]
		kind := 2 * btoi(c.Numbers.F32 == nil)
		if gaps[j] {
			kind++
		}
		if math.Abs(c.Center) > rawCenter*c.Scale || gaps[j] && !c.Flag {
			kind = 4
		}
		by[kind] = append(by[kind], j)
	}
	n := &o.numbers
	n.single, n.double = banded{len(by[0]), len(by[1])}, banded{len(by[2]), len(by[3])}
	n.columns = slices.Concat(by[:]...)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// allocate makes the space that passes need.
func (o *objective) allocate() {
	o.tables = make([]int, len(o.groups))
	for i := range o.groups {
		o.tables[i] = o.size
		o.size += o.groups[i].tableSize()
	}
	o.expanded = make([]float64, o.size)
	o.slopes = make([]float64, len(o.numbers.columns))
	o.raw = make([]float64, o.layout.intercept+1)
	o.scratch = make([]scratch, o.workers)
	for worker := range o.scratch {
		n := &o.numbers
		o.scratch[worker].single = make([][]float32, n.single.whole+n.single.gapped)
		o.scratch[worker].double = make([][]float64, n.double.whole+n.double.gapped)
	}
	o.cut()
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
	for n < mostChunks && 2*n*chunkRows <= o.problem.Rows && 2*n*(o.size+len(o.slopes)) <= chunkFloats {
		n *= 2
	}
	all := blocks(o.problem.Rows)
	o.chunks = make([]chunk, n)
	for i := range o.chunks {
		o.chunks[i] = chunk{
			blocks:  span{i * all / n, (i + 1) * all / n},
			tables:  make([]float64, o.size),
			numbers: make([]float64, len(o.slopes)),
		}
	}
}

// pass returns the log loss, times scale, plus the penalty, and writes the gradient of both.
func (o *objective) pass(ctx context.Context, scale float64, theta, grad []float64) (loss, value float64, err error) {
	o.expand(theta)
	err = each(ctx, o.workers, len(o.chunks), func(worker, i int) error {
		return o.chunks[i].pass(ctx, o, &o.scratch[worker])
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

// expand takes θ to the raw scale of the plain numbers and fills the fused tables. With s = slope/Scale,
//
//	slope·z = s·x − s·Center, or 0 where x is missing,
//
// so with missing x counted as 0, s·Center leaves the intercept and is given back by the flag.
func (o *objective) expand(theta []float64) {
	copy(o.raw, theta)
	o.base = theta[o.layout.intercept]
	for n, j := range o.numbers.columns {
		c, at := &o.problem.Columns[j], o.layout.columns[j].offset
		o.slopes[n] = theta[at] / c.Scale
		if n >= o.numbers.plain() {
			continue
		}
		shift := float64(o.slopes[n] * c.Center)
		o.base -= shift
		if c.Flag {
			o.raw[at+1] += shift
		}
	}
	for i := range o.groups {
		o.groups[i].expand(o.raw, o.expanded[o.tables[i]:])
	}
}

// reduce adds the chunks up, in order, and writes the gradient of the log loss: that of expand, transposed.
func (o *objective) reduce(grad []float64) (loss float64) {
	first := &o.chunks[0]
	for _, c := range o.chunks[1:] {
		first.sums.loss += c.sums.loss
		first.sums.residual += c.sums.residual
		addTo(first.tables, c.tables)
		addTo(first.numbers, c.numbers)
	}
	clear(grad)
	for i := range o.groups {
		o.groups[i].marginalise(first.tables[o.tables[i]:], grad)
	}
	for n, j := range o.numbers.columns {
		c, at := &o.problem.Columns[j], o.layout.columns[j].offset
		total := first.numbers[n]
		if n < o.numbers.plain() {
			present := first.sums.residual
			if c.Flag {
				present -= grad[at+1]
			}
			total -= float64(c.Center * present)
		}
		grad[at] = total / c.Scale
	}
	grad[o.layout.intercept] = first.sums.residual
	return first.sums.loss
}

func addTo(to, from []float64) {
	from = from[:len(to)]
	for i := range to {
		to[i] += from[i]
	}
}

func (c *chunk) pass(ctx context.Context, o *objective, at *scratch) error {
	c.sums = sums{}
	clear(c.tables)
	clear(c.numbers)
	for b := c.blocks.lo; b < c.blocks.hi; b++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows := blockSpan(o.problem.Rows, b)
		eta := at.eta[:rows.hi-rows.lo]
		o.predict(rows, eta, at)
		block := o.residuals(rows, eta, at)
		c.sums.loss += block.loss
		c.sums.residual += block.residual
		c.gather(o, rows, eta, at)
	}
	return nil
}

// predict writes η of a span of rows, at the θ that expand was given.
func (o *objective) predict(rows span, eta []float64, at *scratch) {
	for i := range eta {
		eta[i] = o.base
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
	o.predictNumbers(rows, eta, at)
}

// view points the scratch at a span of the plain numbers.
func (o *objective) view(rows span, at *scratch) {
	columns := o.numbers.columns
	for n := range at.single {
		at.single[n] = o.problem.Columns[columns[n]].Numbers.F32[rows.lo:rows.hi]
	}
	columns = columns[len(at.single):]
	for n := range at.double {
		at.double[n] = o.problem.Columns[columns[n]].Numbers.F64[rows.lo:rows.hi]
	}
}

// predictNumbers adds the numbers' part of η.
func (o *objective) predictNumbers(rows span, eta []float64, at *scratch) {
	o.view(rows, at)
	n := &o.numbers
	singles := len(at.single)
	addNumbers32(at.single[:n.single.whole], at.single[n.single.whole:], o.slopes, eta)
	addNumbers64(at.double[:n.double.whole], at.double[n.double.whole:], o.slopes[singles:], eta)
	for k := n.plain(); k < len(n.columns); k++ {
		if c := &o.problem.Columns[n.columns[k]]; c.Numbers.F32 != nil {
			addNumber(c.Numbers.F32[rows.lo:rows.hi], c.Center, o.slopes[k], eta)
		} else {
			addNumber(c.Numbers.F64[rows.lo:rows.hi], c.Center, o.slopes[k], eta)
		}
	}
}

// residuals turns η into weighted residuals and returns the log loss and the residuals' sum.
func (o *objective) residuals(rows span, eta []float64, at *scratch) sums {
	p := o.problem
	t := at.target[:len(eta)]
	if p.Labels != nil {
		toTargets(p.Labels[rows.lo:rows.hi], t)
	} else {
		t = p.Targets[rows.lo:rows.hi]
	}
	if p.Weights != nil {
		return weightedRows(eta, t, p.Weights[rows.lo:rows.hi])
	}
	return logisticRows(eta, t)
}

// gather adds a block's residuals to the chunk's sums; the scratch still has predict's view of the block.
func (c *chunk) gather(o *objective, rows span, residual []float64, at *scratch) {
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
	n := &o.numbers
	dotNumbers32(at.single[:n.single.whole], at.single[n.single.whole:], residual, c.numbers)
	dotNumbers64(at.double[:n.double.whole], at.double[n.double.whole:], residual, c.numbers[len(at.single):])
	for k := n.plain(); k < len(n.columns); k++ {
		if col := &o.problem.Columns[n.columns[k]]; col.Numbers.F32 != nil {
			c.numbers[k] += dotNumber(col.Numbers.F32[rows.lo:rows.hi], col.Center, residual)
		} else {
			c.numbers[k] += dotNumber(col.Numbers.F64[rows.lo:rows.hi], col.Center, residual)
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
