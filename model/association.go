package model

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/leadscore/leadscore/features"
)

// The folds of the evidence look at every conversion with a fit of only some of the others, and each column with the noise
// of all columns. Whether any column goes with the outcome can be asked of all leads at once, without a fit. Of column k,
// a number cut into bins, let s_l be the conversions of level l less those expected of its leads. Then
//
//	Q_k = Σ s_l² of levels,   Σ (s_1 + … + s_l)² of bins,   T = Σ_k max(0, (Q_k − mean)/sd)²
//
// Q_k is the score test against random effects of the levels (Goeman et al. 2004, Bioinformatics 20: the global test), T
// favours a few strong columns over many weak ones. Mean and sd, and the rank of T that is its p-value (Phipson & Smyth
// 2010), are those over permutations of the outcomes: exact for leads that are exchangeable without an effect. Outcomes
// move only within tenths of the leads, in their order, so that a base rate and a mix that both drift are no effect.
//
// Outcomes of leads of one account, and of weighted ones, are not exchangeable: there the folds alone are asked.

// The permutations, the leads that are permuted at most, and the parts within which they are.
const permutations, permutedLeads, permutedParts = 1999, 50_000, 10

// Association is the test of whether any column goes with the outcome.
type Association struct {
	P            float64 `json:"p"`
	Permutations int     `json:"permutations"`
	Leads        int     `json:"leads"`
}

// sentence says what came out where it is not enough.
func (a *Association) sentence() string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf(", also beside how the columns go with the outcome (p = %.2g)", a.P)
}

// association tests the rows, which are in order; nil where their outcomes are not exchangeable.
func (t *trainer) association(rows []int32) (*Association, error) {
	if t.weights != nil || t.accounts != nil {
		return nil, nil
	}
	rows = t.someOf(rows, permutedLeads)
	encoder, _, err := features.FitBins(t.table, t.whole(rows), nil, features.BinOptions{Bins: binsFor(t.table.Schema), MinWeight: autoWeight})
	if err != nil {
		return nil, err
	}
	p := newPermuted(encoder, t.leads, rows)
	random := rand.New(rand.NewPCG(t.options.Seed, 0x6173736f63))
	q := make([][]float64, permutations+1) // the first is what was observed
	for i := range q {
		if i > 0 {
			p.shuffle(random)
		}
		q[i] = p.scores()
	}
	return &Association{P: rankOf(overColumns(q)), Permutations: permutations, Leads: len(rows)}, nil
}

// permuted are leads whose outcomes move about.
type permuted struct {
	cells    []int32   // of each lead and term, in one numbering over all terms
	first    []int     // cell of each term, and the number of all
	bins     []bool    // of each term
	expected []float64 // conversions of each cell
	order    []int32   // of the leads, by part; the first won[i] of part i have converted
	starts   []int     // of each part in the order, and the number of leads
	won      []int
}

// newPermuted prepares the rows, as they are.
func newPermuted(encoder *features.Encoder, l *leads, rows []int32) *permuted {
	terms := encoder.Terms()
	p := &permuted{cells: make([]int32, len(rows)*len(terms)), first: []int{0}}
	for k := range terms {
		level := encoder.Level(k, l.table)
		for i, r := range rows {
			p.cells[i*len(terms)+k] = int32(p.first[k]) + 1 + level(r) // the first is of no level
		}
		p.first, p.bins = append(p.first, p.first[k]+1+terms[k].Size()), append(p.bins, terms[k].Ordered())
	}
	p.expected = make([]float64, p.first[len(terms)])
	for part := range permutedParts {
		from, to := part*len(rows)/permutedParts, (part+1)*len(rows)/permutedParts
		var lost []int32
		start := len(p.order)
		for i := from; i < to; i++ {
			if l.converted[rows[i]] == 1 {
				p.order = append(p.order, int32(i))
			} else {
				lost = append(lost, int32(i))
			}
		}
		won := len(p.order) - start
		p.order = append(p.order, lost...)
		p.starts, p.won = append(p.starts, start), append(p.won, won)
		for i := from; i < to; i++ {
			for _, c := range p.of(int32(i)) {
				p.expected[c] += float64(won) / float64(to-from)
			}
		}
	}
	p.starts = append(p.starts, len(rows))
	return p
}

// of returns the cells of a lead.
func (p *permuted) of(lead int32) []int32 {
	n := len(p.bins)
	return p.cells[int(lead)*n:][:n]
}

// shuffle draws who has converted anew, within each part.
func (p *permuted) shuffle(random *rand.Rand) {
	for i, won := range p.won {
		part := p.order[p.starts[i]:p.starts[i+1]]
		for j := range won {
			other := j + random.IntN(len(part)-j)
			part[j], part[other] = part[other], part[j]
		}
	}
}

// scores returns Q of each term.
func (p *permuted) scores() []float64 {
	excess := make([]float64, len(p.expected))
	for i, won := range p.won {
		for _, lead := range p.order[p.starts[i]:][:won] {
			for _, c := range p.of(lead) {
				excess[c]++
			}
		}
	}
	q := make([]float64, len(p.bins))
	for k := range q {
		sum := 0.0
		for c := p.first[k]; c < p.first[k+1]; c++ {
			if !p.bins[k] {
				sum = 0
			}
			sum += excess[c] - p.expected[c]
			q[k] += float64(sum * sum)
		}
	}
	return q
}

// overColumns returns T of each draw.
func overColumns(q [][]float64) []float64 {
	t := make([]float64, len(q))
	for k := range q[0] {
		var all spread
		for i := range q {
			all.add(q[i][k])
		}
		sd := math.Sqrt(all.m2 / all.n)
		if sd < 1e-9 { // every lead has the same level
			continue
		}
		for i := range q {
			if z := (q[i][k] - all.mean) / sd; z > 0 {
				t[i] += float64(z * z)
			}
		}
	}
	return t
}

// rankOf is the share of draws that the first does not exceed, itself among them.
func rankOf(t []float64) float64 {
	n := 0
	for _, x := range t {
		if x >= t[0]*(1-1e-12) { // equal ones may be summed in another order
			n++
		}
	}
	return float64(n) / float64(len(t))
}
