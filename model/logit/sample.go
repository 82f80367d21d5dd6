package logit

import "context"

// runRows is about how many neighbouring rows a sample takes at a time: few, so that rows which a sorted file keeps
// together are all represented, yet enough to be worth reading together.
const runRows = 16

// sample is about one row in stride: every block is cut into cells, every cell into stride equal runs, of which one is
// taken, drawn by the seed. A file sorted by time or by outcome is represented like a shuffled one.
type sample struct {
	rows   int
	stride int
	seed   uint64
}

// cells is the number of cells of a block.
func (s sample) cells(block int) int {
	return max(1, (min(s.rows-block*blockRows, blockRows))/(runRows*s.stride))
}

// of is the span that the sample takes of a cell.
func (s sample) of(block, cell int) span {
	at := blockSpan(s.rows, block)
	n, cells := at.hi-at.lo, s.cells(block)
	from, to := at.lo+cell*n/cells, at.lo+(cell+1)*n/cells
	run := int(splitmix(splitmix(s.seed+uint64(block))+uint64(cell)) % uint64(s.stride))
	return span{from + run*(to-from)/s.stride, from + (run+1)*(to-from)/s.stride}
}

// spans lists the spans of the sample and counts their rows.
func (s sample) spans() (list []span, rows int) {
	for b := range blocks(s.rows) {
		for c := range s.cells(b) {
			at := s.of(b, c)
			list = append(list, at)
			rows += at.hi - at.lo
		}
	}
	return list, rows
}

// pick is the objective of a sample of its rows, copied out so that they lie together.
func (o *objective) pick(ctx context.Context, s sample) (*objective, error) {
	spans, rows := s.spans()
	from := o.problem
	p := &Problem{Rows: rows, Columns: make([]Column, len(from.Columns))}
	to := &objective{problem: p, layout: o.layout, groups: make([]group, len(o.groups)), numbers: o.numbers, workers: o.workers}
	var tasks []func()
	for j := range p.Columns {
		tasks = append(tasks, func() {
			c := from.Columns[j]
			c.Codes = c.Codes.pick(spans, rows)
			c.Numbers = Numbers{pick(c.Numbers.F32, spans, rows), pick(c.Numbers.F64, spans, rows)}
			p.Columns[j] = c
		})
	}
	for i := range to.groups {
		tasks = append(tasks, func() {
			to.groups[i] = o.groups[i]
			to.groups[i].codes = o.groups[i].codes.pick(spans, rows)
		})
	}
	tasks = append(tasks, func() {
		p.Labels, p.Targets, p.Weights = pick(from.Labels, spans, rows), pick(from.Targets, spans, rows), pick(from.Weights, spans, rows)
	})
	if err := each(ctx, o.workers, len(tasks), func(_, task int) error { tasks[task](); return nil }); err != nil {
		return nil, err
	}
	to.allocate()
	return to, nil
}

func (c Codes) pick(spans []span, rows int) Codes {
	return Codes{pick(c.U8, spans, rows), pick(c.U16, spans, rows), pick(c.U32, spans, rows)}
}

// pick copies spans of x; nil stays nil.
func pick[T any](x []T, spans []span, rows int) []T {
	if x == nil {
		return nil
	}
	to := make([]T, 0, rows)
	for _, at := range spans {
		to = append(to, x[at.lo:at.hi]...)
	}
	return to
}

// splitmix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014, figure 15): a seed's well-mixed bits.
func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
