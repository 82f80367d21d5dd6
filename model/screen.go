package model

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/leadscore/leadscore/model/logit"
)

// Pairs of features are screened by what a fit without them leaves over. With rᵢ the residual and hᵢ the curvature of
// lead i, G and W are their sums over cell (a, b) of two coarsened features. A penalised fit leaves something over in
// the rows and columns, too, which is not the pair's: the additive fit (ρ_a + κ_b) of G/W with the weights W takes it
// out,
//
//	g = G − W·(ρ_a + κ_b),   v = W·(1 − W·q),   q = 1/W_a + uᵀM⁻¹u,   u = e_b − W_a·/W_a,   M = diag(W_b) − Σ_a W_a·W_a·ᵀ/W_a
//
// v is the variance of g if no cell has an effect: W times what the leverage of the additive fit leaves, 1 − W·q being the
// diagonal of a projection. How far a pair stands out from chance is scored as chance.go says.
//
// Candidates are the discoveries at pairFalseShare, for what of them is chance is shrunk away, and a gate follows; those at
// anyPairLevel if a number has to bend for the pair, for that costs it its slope. There must be discoveries at anyPairLevel
// in the first place, which is the chance of any where no pair has an effect: one that chance put first on all leads does
// well on most parts of them, too, and would come through the gate.

const (
	pairFalseShare = 0.5
	anyPairLevel   = 0.1
	mostPairs      = 16
	screenWork     = 400_000_000 // rows × pairs
	kindRows       = 10_000      // that are looked at to find features which say the same,
	kindShare      = 0.05        // and how many of them may differ
)

// candidatePair is a pair of terms with the score that the screening gave it.
type candidatePair struct {
	a, b int // positions in pairing.terms
	standing
	part float64 // of its variance that counts, given how many others there are
}

// leftover is what a fit leaves over: residual and curvature of each lead, and figures of all of them.
type leftover struct {
	residual, curvature []float64
	excess              float64 // Σ fourth cumulants / Σ variances of the residuals
	inflation           float64 // variance of a residual over its curvature: 1 without weights
}

func newLeftover(p *logit.Problem, eta []float64) *leftover {
	o := &leftover{residual: make([]float64, p.Rows), curvature: make([]float64, p.Rows)}
	var sum, fourth, variance float64
	for i, x := range eta {
		w := 1.0
		if p.Weights != nil {
			w = p.Weights[i]
		}
		q := Sigmoid(x)
		h := q * (1 - q)
		o.residual[i], o.curvature[i] = w*(outcomeOf(p, i)-q), w*h
		sum += w * h
		variance += w * w * h
		fourth += w * w * w * w * h * (1 - 6*h)
	}
	o.excess, o.inflation = fourth/sum, variance/sum
	return o
}

// outcomeOf is the outcome of a row, or the one expected of it.
func outcomeOf(p *logit.Problem, i int) float64 {
	if p.Targets != nil {
		return p.Targets[i]
	}
	return float64(p.Labels[i])
}

// screen scores every pair and returns those worth a trial, the best first.
func (s *pairing) screen(ctx context.Context, o *leftover, workers int) ([]candidatePair, error) {
	var all []candidatePair
	for a := range s.terms {
		for b := range a {
			all = append(all, candidatePair{a: b, b: a})
		}
	}
	inParallel(workers, len(all), func(i int) {
		if ctx.Err() == nil {
			all[i].standing = s.score(all[i], o)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b candidatePair) int { return cmp.Compare(b.score, a.score) })
	return s.candidates(all), nil
}

// candidates are those of the pairs, the best first, that are worth a trial.
func (s *pairing) candidates(sorted []candidatePair) []candidatePair {
	var found []candidatePair
	sure := discoveries(sorted, s.pairs, anyPairLevel)
	first, taken := s.firstOfKind(), map[[2]int]bool{}
	for k, c := range sorted[:discoveries(sorted, s.pairs, pairFalseShare)] {
		kind := [2]int{min(first[c.a], first[c.b]), max(first[c.a], first[c.b])}
		if taken[kind] {
			continue
		}
		share := pairFalseShare
		if s.straight[c.a] || s.straight[c.b] {
			share = anyPairLevel
		}
		if len(found) < mostPairs && (share == pairFalseShare || k < sure) {
			c.part = c.standing.part(k+1, s.pairs, share)
			found = append(found, c)
			taken[kind] = true
		}
	}
	return found
}

// firstOfKind gives each term the first one that says the same as it: minutes and what they cost, for one. Pairs of the
// same would take each other's place.
func (s *pairing) firstOfKind() []int {
	first := make([]int, len(s.terms))
	for a := range first {
		first[a] = slices.IndexFunc(s.codes[:a+1], func(other []uint8) bool { return alike(s.codes[a], other) })
	}
	return first
}

// alike reports whether two features fall into the same groups, but for a few leads.
func alike(a, b []uint8) bool {
	step := 1 + len(a)/kindRows
	strangers := int(kindShare * float64(len(a)/step))
	for i := 0; i < len(a) && strangers >= 0; i += step {
		if a[i] != b[i] {
			strangers--
		}
	}
	return strangers >= 0
}

// score is how far a pair stands out.
func (s *pairing) score(c candidatePair, o *leftover) standing {
	return s.cross(c, o.residual, o.curvature).score(o)
}

// cross sums residuals and curvatures of the leads over the cells of a pair.
func (s *pairing) cross(c candidatePair, residual, curvature []float64) *crossTable {
	codesA, codesB := s.codes[c.a], s.codes[c.b]
	codesB = codesB[:len(codesA)]
	t := &crossTable{rows: s.counts[c.a], columns: s.counts[c.b]}
	for i := 0; i < len(codesA); i += s.stride {
		a, b := codesA[i], codesB[i]
		t.residual[a][b] += residual[i]
		t.weight[a][b] += curvature[i]
	}
	return t
}

// crossTable holds the sums of residuals and curvatures over the cells of two features.
type crossTable struct {
	rows, columns    int
	residual, weight [mostGroups][mostGroups]float64
}

// score is how far the table stands out.
func (t *crossTable) score(o *leftover) standing {
	var sum gainSum
	t.cells(func(w, g, free float64) { sum.add(w, g, w*free, o) })
	return sum.standing()
}

// cells gives W, g and 1 − W·q of the cells that the additive fit leaves free, none if there is no fit.
func (t *crossTable) cells(yield func(w, g, free float64)) {
	fit, ok := t.additive()
	if !ok {
		return
	}
	for a := range t.rows {
		for b := range t.columns {
			w := t.weight[a][b]
			if free := 1 - w*fit.leverage[a][b]; w > 0 && free > leastFree {
				yield(w, t.residual[a][b]-w*(fit.row[a]+fit.column[b]), free)
			}
		}
	}
}

// additive is the weighted additive fit of a table: ρ, κ, and q of each cell.
type additive struct {
	row, column [mostGroups]float64
	leverage    [mostGroups][mostGroups]float64 // q: times W it is the leverage
}

// additive fits the rows and columns. M has a null space, along which nothing depends on κ; a trace of a ridge makes it
// positive definite.
func (t *crossTable) additive() (*additive, bool) {
	var rowWeight, rowSum, right [mostGroups]float64
	var m [mostGroups][mostGroups]float64
	total := 0.0
	for a := range t.rows {
		for b := range t.columns {
			rowWeight[a] += t.weight[a][b]
			rowSum[a] += t.residual[a][b]
			right[b] += t.residual[a][b]
			m[b][b] += t.weight[a][b]
		}
		total += rowWeight[a]
	}
	for a := range t.rows {
		for b := range t.columns {
			if rowWeight[a] <= 0 {
				continue
			}
			share := t.weight[a][b] / rowWeight[a]
			right[b] -= share * rowSum[a]
			for c := range t.columns {
				m[b][c] -= share * t.weight[a][c]
			}
		}
	}
	for b := range t.columns {
		m[b][b] += 1e-8 * total
	}
	l, ok := lower(&m, t.columns)
	if !ok {
		return nil, false
	}
	f := &additive{}
	f.column = forward(l, right, t.columns)
	f.column = backward(l, f.column, t.columns)
	for a := range t.rows {
		if rowWeight[a] <= 0 {
			continue
		}
		f.row[a] = rowSum[a]
		for b := range t.columns {
			f.row[a] -= t.weight[a][b] * f.column[b]
		}
		f.row[a] /= rowWeight[a]
		for b := range t.columns {
			f.leverage[a][b] = t.cellLeverage(l, a, b, rowWeight[a])
		}
	}
	return f, true
}

// cellLeverage is q of a cell.
func (t *crossTable) cellLeverage(l *[mostGroups][mostGroups]float64, a, b int, rowWeight float64) float64 {
	var u [mostGroups]float64
	for c := range t.columns {
		u[c] = -t.weight[a][c] / rowWeight
	}
	u[b]++
	q := 1 / rowWeight
	for _, x := range forward(l, u, t.columns) {
		q += x * x
	}
	return q
}

// lower is the Cholesky factor of the first n rows of a symmetric matrix; false if it has none.
func lower(m *[mostGroups][mostGroups]float64, n int) (*[mostGroups][mostGroups]float64, bool) {
	l := &[mostGroups][mostGroups]float64{}
	for i := range n {
		for j := range i + 1 {
			x := m[i][j]
			for k := range j {
				x -= l[i][k] * l[j][k]
			}
			switch {
			case i != j:
				l[i][j] = x / l[j][j]
			case !(x > 0):
				return nil, false
			default:
				l[i][i] = math.Sqrt(x)
			}
		}
	}
	return l, true
}

// forward solves L·x = y.
func forward(l *[mostGroups][mostGroups]float64, y [mostGroups]float64, n int) [mostGroups]float64 {
	for i := range n {
		for k := range i {
			y[i] -= l[i][k] * y[k]
		}
		y[i] /= l[i][i]
	}
	return y
}

// backward solves Lᵀ·x = y.
func backward(l *[mostGroups][mostGroups]float64, y [mostGroups]float64, n int) [mostGroups]float64 {
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			y[i] -= l[k][i] * y[k]
		}
		y[i] /= l[i][i]
	}
	return y
}
