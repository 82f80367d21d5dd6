package logit

import (
	"cmp"
	"slices"
)

// Fused codes. A pass over the rows looks up one coefficient per category and per missing flag. Columns whose numbers of
// levels multiply to at most fuseLimit share one code, so that ten categories and five flags are five lookups: a fused
// table holds the sum of its columns' coefficients for every combination (expand), the gradient is gathered in a table
// of the same shape, and its margins are the columns' gradients (marginalise). Both are exact.

// fuseLimit keeps a fused table of float64 within the first-level cache.
const fuseLimit = 4096

// member is one column, or the missing flag of a number, within a group.
type member struct {
	column int
	flag   bool
	levels int
	stride int // product of the levels of the members before
	offset int // place in θ of level 0 (of "missing" for a flag)
}

// group is a set of members that share a code.
type group struct {
	members []member
	size    int // number of codes
	codes   Codes
}

// allocate makes room for the group's codes. A category by itself keeps its own.
func (g *group) allocate(p *Problem) {
	if m := g.members[0]; len(g.members) == 1 && !m.flag {
		g.codes = p.Columns[m.column].Codes
	} else {
		g.codes.U16 = make([]uint16, p.Rows)
	}
}

// fill computes the codes of a span.
func (g *group) fill(p *Problem, at span) {
	if len(g.members) == 1 && !g.members[0].flag {
		return
	}
	codes := g.codes.U16[at.lo:at.hi]
	clear(codes) // new memory that is read before it is written faults twice a page
	for _, m := range g.members {
		m.addCodes(p, at, codes)
	}
}

// members lists what has a code: categories and missing flags.
func members(l *layout) []member {
	var all []member
	for j, s := range l.columns {
		switch {
		case s.levels > 0:
			all = append(all, member{column: j, levels: s.levels, offset: s.offset})
		case s.flag:
			all = append(all, member{column: j, flag: true, levels: 2, offset: s.offset + 1})
		}
	}
	return all
}

// pack puts members into groups of at most limit codes, first fit by falling size.
func pack(all []member, limit int) []group {
	slices.SortStableFunc(all, func(a, b member) int { return cmp.Compare(b.levels, a.levels) })
	var groups []group
	for _, m := range all {
		at := slices.IndexFunc(groups, func(g group) bool { return g.size*m.levels <= limit })
		if at < 0 {
			groups, at = append(groups, group{size: 1}), len(groups)
		}
		m.stride = groups[at].size
		groups[at].members = append(groups[at].members, m)
		groups[at].size *= m.levels
	}
	return groups
}

// addCodes adds the member's part of the fused codes of a span.
func (m member) addCodes(p *Problem, at span, codes []uint16) {
	c := &p.Columns[m.column]
	switch {
	case m.flag && c.Numbers.F32 != nil:
		addMissing(c.Numbers.F32[at.lo:at.hi], codes, m.stride)
	case m.flag:
		addMissing(c.Numbers.F64[at.lo:at.hi], codes, m.stride)
	case c.Codes.U8 != nil:
		addStrided(c.Codes.U8[at.lo:at.hi], codes, m.stride)
	case c.Codes.U16 != nil:
		addStrided(c.Codes.U16[at.lo:at.hi], codes, m.stride)
	default:
		addStrided(c.Codes.U32[at.lo:at.hi], codes, m.stride)
	}
}

func addStrided[T uint8 | uint16 | uint32](from []T, to []uint16, stride int) {
	to = to[:len(from)]
	for i, code := range from {
		to[i] += uint16(code) * uint16(stride)
	}
}

func addMissing[F float32 | float64](x []F, to []uint16, stride int) {
	to = to[:len(x)]
	for i, v := range x {
		to[i] += uint16(stride) & uint16(missing(float64(v)))
	}
}

// expand fills a table with the sum of the members' coefficients for every code.
func (g *group) expand(theta, table []float64) {
	table[0] = 0
	for _, m := range g.members {
		for level := m.levels - 1; level >= 0; level-- {
			beta := m.coefficient(theta, level)
			to := table[level*m.stride:][:m.stride]
			for i, v := range table[:m.stride] {
				to[i] = v + beta
			}
		}
	}
}

func (m member) coefficient(theta []float64, level int) float64 {
	switch {
	case !m.flag:
		return theta[m.offset+level]
	case level == 1:
		return theta[m.offset]
	default:
		return 0
	}
}

// marginalise adds the margins of a table of sums to the members' gradients. It destroys the table.
func (g *group) marginalise(table, grad []float64) {
	for _, m := range slices.Backward(g.members) {
		base := table[:m.stride]
		for level := range m.levels {
			from := table[level*m.stride:][:m.stride]
			total := sum(from)
			switch {
			case !m.flag:
				grad[m.offset+level] += total
			case level == 1:
				grad[m.offset] += total
			}
			if level > 0 {
				for i, v := range from {
					base[i] += v
				}
			}
		}
	}
}
