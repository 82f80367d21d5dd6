package features

import (
	"cmp"
	"fmt"
	"slices"
)

// A pair is a term of two features: the codes of each are put into groups, and each combination of groups that
// training rows hold, a cell, has a coefficient. Cells below a weight share one. A lead whose value of either feature
// has no code, and one whose combination training never saw, has no cell: the pair contributes exactly nothing.

// Side is a pair's view of one of its features.
type Side struct {
	Feature string  `json:"feature"`
	Groups  []int32 `json:"groups"` // by code of the feature's term
}

// groups returns the number of groups.
func (s *Side) groups() int {
	if len(s.Groups) == 0 {
		return 0
	}
	return int(slices.Max(s.Groups)) + 1
}

// noCell marks a combination that training never saw.
const noCell = -1

// IsPair reports whether the term is a pair of two others.
func (t *Term) IsPair() bool { return t.Pair != nil }

// Parts returns the positions of a pair's two terms.
func (t *Term) Parts() (a, b int) { return t.parts[0], t.parts[1] }

// cell returns the position of the coefficient for codes of the parts, NoLevel if there is none.
func (t *Term) cell(a, b int32) int32 {
	if a < 0 || b < 0 {
		return NoLevel
	}
	return t.Cells[t.Pair[0].Groups[a]*t.width+t.Pair[1].Groups[b]]
}

// Cell returns the position of a pair's coefficient for the positions of its parts'; NoLevel if there is none.
func (t *Term) Cell(a, b int32) int32 { return t.cell(a, b) }

// Coarsen groups the codes of a term that has levels: neighbouring bins, and all but the levels of most weight, until
// at most the given number of groups is left. Missing keeps a group of its own. groups must be at least 3.
func (t *Term) Coarsen(groups int) []int32 {
	n := t.present()
	if t.Missing {
		groups--
	}
	var group []int32
	if t.Bins {
		group = cut(t.Histogram[:n], groups, 0)
	} else {
		group = t.largest(n, groups)
	}
	if t.Missing {
		group = append(group, slices.Max(group)+1)
	}
	return group
}

// largest gives each of the levels of most weight a group, and the others one.
func (t *Term) largest(n, groups int) []int32 {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	if n > groups {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.Histogram[b], t.Histogram[a]) })
		slices.Sort(order[:groups-1])
	}
	group := make([]int32, n)
	for rank, i := range order {
		group[i] = int32(min(rank, groups-1))
	}
	return group
}

// Crossed returns the term of a pair of terms: weight holds the training weight of each combination of groups, row by
// row of the first; cells below least share a coefficient.
func (e *Encoder) Crossed(a, b int, groupsA, groupsB []int32, weight []float64, least float64) Term {
	ta, tb := &e.terms[a], &e.terms[b]
	t := Term{Name: ta.Name + " × " + tb.Name, Pair: []Side{{ta.Name, groupsA}, {tb.Name, groupsB}}}
	t.Cells = make([]int32, len(weight))
	rare := 0.0
	for i, w := range weight {
		switch {
		case w <= 0:
			t.Cells[i] = noCell
		case w < least:
			rare += w
		default:
			t.Cells[i] = int32(len(t.Histogram))
			t.Histogram = append(t.Histogram, w)
		}
	}
	if rare > 0 {
		for i, w := range weight {
			if w > 0 && w < least {
				t.Cells[i] = int32(len(t.Histogram))
			}
		}
		t.Histogram = append(t.Histogram, rare)
	}
	t.Histogram = append(t.Histogram, 0)
	return t
}

// With returns an encoder of the terms and more of them after these.
func (e *Encoder) With(more []Term) (*Encoder, error) {
	return NewEncoder(e.schema, append(slices.Clone(e.terms), more...))
}

// bindPair checks a pair against the terms before it.
func (t *Term) bindPair(before []Term) error {
	if len(t.Pair) != 2 || t.Bins || t.Missing || t.SD != 0 || t.Mean != 0 || t.Min != 0 || t.Max != 0 ||
		len(t.Levels)+len(t.Pooled)+len(t.Edges) > 0 {
		return fmt.Errorf("a pair has two sides and cells, and nothing else")
	}
	for s := range t.Pair {
		if err := t.bindSide(s, before); err != nil {
			return err
		}
	}
	if t.Pair[0].Feature == t.Pair[1].Feature {
		return fmt.Errorf("a pair of %q with itself", t.Pair[0].Feature)
	}
	t.field, t.width = -1, int32(t.Pair[1].groups())
	if want := t.Pair[0].groups() * t.Pair[1].groups(); len(t.Cells) != want {
		return fmt.Errorf("the pair has %d cells, want %d", len(t.Cells), want)
	}
	count := max(0, len(t.Histogram)-1)
	used := make([]bool, count)
	for _, c := range t.Cells {
		if c < noCell || int(c) >= count {
			return fmt.Errorf("the pair has the cell %d, and %d counts", c, count)
		}
		if c >= 0 {
			used[c] = true
		}
	}
	if slices.Contains(used, false) || count == 0 {
		return fmt.Errorf("a coefficient of the pair belongs to no cell")
	}
	return t.checkHistogram(count)
}

func (t *Term) bindSide(s int, before []Term) error {
	side := &t.Pair[s]
	at := slices.IndexFunc(before, func(o Term) bool { return o.Name == side.Feature })
	if at < 0 || before[at].IsNumber() || before[at].IsPair() {
		return fmt.Errorf("no term with levels, before the pair, is called %q", side.Feature)
	}
	if len(side.Groups) != before[at].Size() {
		return fmt.Errorf("%q has %d groups of codes, want %d", side.Feature, len(side.Groups), before[at].Size())
	}
	for _, g := range side.Groups {
		if g < 0 || int(g) >= len(side.Groups) {
			return fmt.Errorf("%q has the group %d", side.Feature, g)
		}
	}
	t.parts[s] = at
	t.names[s] = before[at].groupNames(side)
	return nil
}

// groupNames names the groups of a pair's side.
func (t *Term) groupNames(side *Side) []string {
	names := make([]string, side.groups())
	first, last, count := make([]int, len(names)), make([]int, len(names)), make([]int, len(names))
	for code := len(side.Groups) - 1; code >= 0; code-- {
		g := side.Groups[code]
		first[g] = code
		last[g] = max(last[g], code)
		count[g]++
	}
	for g := range names {
		switch {
		case count[g] <= 1:
			names[g] = t.LevelName(first[g])
		case t.Bins:
			names[g] = t.runName(first[g], last[g])
		default:
			names[g] = OtherText
		}
	}
	return names
}

// Grid returns the names of the groups of a pair's two features and, row by row of the first, the position of the
// coefficient of each combination, below 0 if training never saw it. The caller must not change them.
func (t *Term) Grid() (rows, columns []string, cells []int32) { return t.names[0], t.names[1], t.Cells }

// cellName names a cell.
func (t *Term) cellName(i int) string {
	name, count := "", 0
	for at, c := range t.Cells {
		if int(c) == i {
			name = t.names[0][at/int(t.width)] + " × " + t.names[1][at%int(t.width)]
			count++
		}
	}
	if count == 1 {
		return name
	}
	return RareText
}

// OtherText stands for levels that are taken together, RareText for combinations that are.
const (
	OtherText = "(other)"
	RareText  = "(rare combinations)"
)
