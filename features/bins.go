package features

import (
	"cmp"
	"slices"
	"strconv"
)

// The auto recipe, feature by feature. Nothing here looks at an outcome:
//
//	number, time   a step function: one code for each of at most Bins bins, missing a code of its own if it occurs.
//	               A value that holds 1/Bins of the weight or more is an atom and has a bin of its own; the rest is cut
//	               into bins of about equal weight, of at least MinWeight each
//	category       one code for each level of at least MinWeight, in sorted order; the levels below it share the code
//	               after them; missing is the last code if it occurs
//
// A bin is the numbers from its lower edge to below the next. Edges are the shortest decimals between two values.
// A rare level shares a code, but is known: only a level that training never saw has no code.

// BinOptions says how FitBins cuts.
type BinOptions struct {
	Bins      int     // of a number, at most; at least 2
	MinWeight float64 // of the training rows of a bin, or of a level that is not pooled
}

// binRows is how many rows bins are cut by, at most, spread evenly over the part.
const binRows = 1 << 17

// FitBins learns the auto recipe's terms of single features. Its arguments and results are those of Fit.
func FitBins(table *Table, rows []int32, weights []float64, o BinOptions) (*Encoder, []string, error) {
	return fit(table, rows, weights, func(c *Column, f *Field, part selection) Term {
		var t Term
		switch {
		case f.Kind == Category:
			t = fitCategory(c, part)
			t.pool(o.MinWeight)
		case f.Kind == Time:
			t = fitBins(daysOf(c.Times), part, o)
		case c.Numbers.F32 != nil:
			t = fitBins(c.Numbers.F32, part, o)
		default:
			t = fitBins(c.Numbers.F64, part, o)
		}
		t.Name = f.Name
		return t
	})
}

// pool moves the levels below a weight to Pooled.
func (t *Term) pool(least float64) {
	var levels []string
	var histogram []float64
	pooled := 0.0
	for i, level := range t.Levels {
		if t.Histogram[i] < least {
			t.Pooled = append(t.Pooled, level)
			pooled += t.Histogram[i]
			continue
		}
		levels, histogram = append(levels, level), append(histogram, t.Histogram[i])
	}
	if t.Pooled == nil {
		return
	}
	t.Levels, t.Histogram = levels, append(histogram, pooled, t.MissingWeight())
}

// fitBins cuts a number. A Term without a name's field is left as it is where the rows hold no value.
func fitBins[T float32 | float64](xs []T, part selection, o BinOptions) Term {
	values := distinct(xs, part)
	if len(values) == 0 {
		return Term{}
	}
	masses := make([]float64, len(values))
	for i, v := range values {
		masses[i] = v.w
	}
	group := cut(masses, o.Bins, o.MinWeight)
	t := Term{Bins: true, Min: values[0].x, Max: values[len(values)-1].x}
	for i := 1; i < len(values); i++ {
		if group[i] != group[i-1] {
			t.Edges = append(t.Edges, between(values[i-1].x, values[i].x))
		}
	}
	t.Histogram = make([]float64, len(t.Edges)+2)
	grid := NewBinGrid(t.Edges)
	for i := range part.count {
		r := part.row(i)
		x := float64(xs[r])
		if x != x {
			t.Histogram[len(t.Edges)+1] += weightAt(part.weights, r)
			continue
		}
		t.Min, t.Max = min(t.Min, x), max(t.Max, x)
		t.Histogram[grid.Bin(x)] += weightAt(part.weights, r)
	}
	t.Missing = t.MissingWeight() > 0
	return t
}

// distinct returns the different values of at most binRows rows spread evenly over the part, sorted, with their
// weights; of all rows if those have no value.
func distinct[T float32 | float64](xs []T, part selection) []weighted {
	stride := (part.count + binRows - 1) / binRows
	var all []weighted
	for ; len(all) == 0 && stride > 0; stride /= max(2, stride) {
		for i := 0; i < part.count; i += stride {
			r := part.row(i)
			if x := float64(xs[r]); x == x {
				all = append(all, weighted{x + 0, weightAt(part.weights, r)})
			}
		}
	}
	sortValues(all, part.weights == nil)
	merged := all[:0]
	for _, v := range all {
		if n := len(merged); n > 0 && merged[n-1].x == v.x {
			merged[n-1].w += v.w
		} else {
			merged = append(merged, v)
		}
	}
	return merged
}

// sortValues sorts by value. Numbers alone sort several times as fast as pairs.
func sortValues(all []weighted, equal bool) {
	if !equal {
		slices.SortStableFunc(all, func(a, b weighted) int { return cmp.Compare(a.x, b.x) })
		return
	}
	xs := make([]float64, len(all))
	for i, v := range all {
		xs[i] = v.x
	}
	slices.Sort(xs)
	for i, x := range xs {
		all[i].x = x
	}
}

// cut divides values in order, given by their masses, into at most the given number of groups of neighbours, and
// returns the group of each. A value of 1/groups of the mass is a group of its own, if need be together with
// neighbours that are less than least; other groups hold at least that.
func cut(masses []float64, groups int, least float64) []int32 {
	total := 0.0
	for _, m := range masses {
		total += m
	}
	atom := total / float64(groups)
	rest, atoms := total, 0
	for _, m := range masses {
		if m >= atom {
			rest -= m
			atoms++
		}
	}
	target := max(least, rest/float64(max(1, groups-atoms)))
	var pieces []piece
	for i := 0; i < len(masses); {
		if masses[i] >= atom {
			pieces = append(pieces, piece{i, i + 1, masses[i], true})
			i++
			continue
		}
		end, mass := i, 0.0
		for ; end < len(masses) && masses[end] < atom; end++ {
			mass += masses[end]
		}
		pieces = append(pieces, cutEvenly(masses, i, end, mass, max(1, int(mass/target+1e-9)))...)
		i = end
	}
	pieces = mergeSmall(pieces, groups, least)
	group := make([]int32, len(masses))
	for g, p := range pieces {
		for i := p.lo; i < p.hi; i++ {
			group[i] = int32(g)
		}
	}
	return group
}

// piece is a run of values.
type piece struct {
	lo, hi int
	mass   float64
	atom   bool
}

// cutEvenly divides the values lo to hi into at most count pieces of about equal mass.
func cutEvenly(masses []float64, lo, hi int, mass float64, count int) []piece {
	var pieces []piece
	now := piece{lo: lo}
	left := mass
	for i := lo; i < hi; i++ {
		now.mass += masses[i]
		now.hi = i + 1
		want := left / float64(count-len(pieces))
		next := 0.0
		if i+1 < hi {
			next = masses[i+1]
		}
		if i+1 == hi || len(pieces) < count-1 && now.mass+next/2 >= want {
			pieces = append(pieces, now)
			left -= now.mass
			now = piece{lo: i + 1}
		}
	}
	return pieces
}

// mergeSmall joins pieces below least, and the smallest of too many, with the lighter of their neighbours, atoms last.
func mergeSmall(pieces []piece, groups int, least float64) []piece {
	for len(pieces) > 1 {
		small := 0
		for i, p := range pieces {
			if p.atom == pieces[small].atom && p.mass < pieces[small].mass || !p.atom && pieces[small].atom {
				small = i
			}
		}
		if len(pieces) <= groups && (pieces[small].atom || pieces[small].mass >= least) {
			break
		}
		into := small - 1
		if small == 0 || small+1 < len(pieces) && lighter(pieces[small+1], pieces[small-1]) {
			into = small + 1
		}
		a, b := min(small, into), max(small, into)
		pieces[a] = piece{pieces[a].lo, pieces[b].hi, pieces[a].mass + pieces[b].mass, pieces[a].atom || pieces[b].atom}
		pieces = slices.Delete(pieces, b, b+1)
	}
	return pieces
}

func lighter(a, b piece) bool {
	if a.atom != b.atom {
		return !a.atom
	}
	return a.mass < b.mass
}

// between returns the shortest decimal above a and not above b, the nearer to b of equally short ones.
func between(a, b float64) float64 {
	middle := a/2 + b/2
	for digits := 1; digits < 17; digits++ {
		for _, x := range []float64{b, middle} {
			y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', digits-1, 64), 64)
			if err == nil && a < y && y <= b {
				return y + 0
			}
		}
	}
	return b
}

// runName names neighbouring bins.
func (t *Term) runName(first, last int) string {
	run := Term{Edges: t.Edges[max(0, first-1):min(last+1, len(t.Edges))], Min: t.Min, Max: t.Max, kind: t.kind, origin: t.origin}
	switch {
	case first == 0 && last == len(t.Edges):
		run.Edges = nil
	case first == 0:
		return (&Term{Edges: t.Edges[last:], kind: t.kind, origin: t.origin}).binName(0)
	case last == len(t.Edges):
		return (&Term{Edges: t.Edges[:first], kind: t.kind, origin: t.origin}).binName(first)
	default:
		run.Edges = []float64{t.Edges[first-1], t.Edges[last]}
		return run.binName(1)
	}
	return run.binName(0)
}

// binName names a bin by what it holds.
func (t *Term) binName(i int) string {
	text := t.amountText
	switch {
	case len(t.Edges) == 0:
		return text(t.Min) + " to " + text(t.Max)
	case i == 0:
		return "below " + text(t.Edges[0])
	case i == len(t.Edges):
		return text(t.Edges[i-1]) + " or more"
	}
	return text(t.Edges[i-1]) + " to below " + text(t.Edges[i])
}

// Span returns the numbers of bin i: from its lower edge, or the least value of training, to its upper one, or the
// greatest.
func (t *Term) Span(i int) (low, high float64) {
	low, high = t.Min, t.Max
	if i > 0 {
		low = t.Edges[i-1]
	}
	if i < len(t.Edges) {
		high = t.Edges[i]
	}
	return low, max(low, high)
}

// Ordered reports whether the term's levels, but for missing, are bins of a number.
func (t *Term) Ordered() bool { return t.Bins }

// Values returns a function that gives the number that term i's feature is on a row of a table, NaN if it is missing.
// The feature must be a number or a time.
func (e *Encoder) Values(i int, table *Table) func(row int) float64 {
	f := e.terms[i].field
	return table.Seen(f).reader(e.schema.fields[f].Kind)
}
