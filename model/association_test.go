package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// associationOf tests columns in the order of the rows.
func associationOf(t *testing.T, columns ...column) *Association {
	t.Helper()
	o := options()
	o.Split = SplitRowOrder
	tr, err := prepare(tableOf(t, columns...), o)
	if err != nil {
		t.Fatal(err)
	}
	tr.arrange(o.Seed)
	a, err := tr.association(tr.rows)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Permuting keeps the conversions of each part, and Q is what its formula says of them.
func TestPermuted(t *testing.T) {
	n := 200
	texts, x, won := make([]string, n), make([]float64, n), make([]bool, n)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		texts[i], x[i], won[i] = string(rune('a'+i%3)), random.NormFloat64(), random.IntN(4) == 0
	}
	table := tableOf(t, category("c", features.RoleFeature, texts), numeric("x", features.RoleFeature, x), yesNo(won))
	tr, err := prepare(table, options())
	if err != nil {
		t.Fatal(err)
	}
	encoder, _, err := features.FitBins(table, nil, nil, features.BinOptions{Bins: 4, MinWeight: 10})
	if err != nil {
		t.Fatal(err)
	}
	p := newPermuted(encoder, tr.leads, tr.rows)
	for range 3 {
		moved := make([]float64, n)
		for i, count := range p.won {
			want := 0
			for r := p.starts[i]; r < p.starts[i+1]; r++ {
				want += b2i(won[r])
			}
			if count != want {
				t.Fatalf("part %d has %d conversions, want %d", i, count, want)
			}
			for _, lead := range p.order[p.starts[i]:][:count] {
				if int(lead) < p.starts[i] || int(lead) >= p.starts[i+1] {
					t.Fatalf("lead %d moved to part %d", lead, i)
				}
				moved[lead]++
			}
			for r := p.starts[i]; r < p.starts[i+1]; r++ {
				moved[r] -= float64(want) / float64(p.starts[i+1]-p.starts[i])
			}
		}
		var levels [3]float64
		var bins [4]float64
		for r, excess := range moved {
			levels[r%3] += excess
			bins[features.BinOf(encoder.Terms()[1].Edges, x[r])] += excess
		}
		first := bins[0] + bins[1]
		want := []float64{levels[0]*levels[0] + levels[1]*levels[1] + levels[2]*levels[2], bins[0]*bins[0] + first*first + (first+bins[2])*(first+bins[2])}
		for k, q := range p.scores() {
			if math.Abs(q-want[k]) > 1e-9 {
				t.Errorf("term %d: Q %v, want %v", k, q, want[k])
			}
		}
		p.shuffle(random)
	}
}

// Without an effect p is uniform, also where base rate and mix both drift; a column with an effect is found among others.
func TestAssociation(t *testing.T) {
	from, to := simulations(t, 20)
	var null spread
	small := 0
	for seed := from; seed < to; seed++ {
		random := rand.New(rand.NewPCG(seed, 9))
		n := 1000
		texts, other, won := make([]string, n), make([]float64, n), make([]bool, n)
		for i := range n {
			late := i / 100 // the mix and the rate jump ten times
			texts[i] = string(rune('a' + min(random.IntN(4)+late, 10)))
			other[i] = random.NormFloat64()
			won[i] = random.Float64() < 0.05+0.03*float64(late)
		}
		p := associationOf(t, category("c", features.RoleFeature, texts), numeric("x", features.RoleFeature, other), yesNo(won)).P
		if !(p >= 1.0/(permutations+1) && p <= 1) {
			t.Fatalf("p %v", p)
		}
		null.add(p)
		small += b2i(p <= 0.05)
		for i := range won {
			won[i] = random.Float64() < 0.06+0.16*float64(b2i(other[i] > 0.5))
		}
		if a := associationOf(t, category("c", features.RoleFeature, texts), numeric("x", features.RoleFeature, other), yesNo(won)); a.P > 0.005 {
			t.Errorf("seed %d: p %v of an effect", seed, a.P)
		}
	}
	t.Logf("p %.3f on average, ≤ .05 in %d of %v", null.mean, small, null.n)
	if share := float64(small) / null.n; math.Abs(null.mean-0.5) > 4*0.289/math.Sqrt(null.n) || share > 0.05+3*math.Sqrt(0.05*0.95/null.n) {
		t.Errorf("p %v on average, ≤ .05 in %d of %v", null.mean, small, null.n)
	}
	table := tableOf(t, category("acme", features.RoleAccount, []string{"a", "a", "b"}), numeric("x", features.RoleFeature, []float64{1, 2, 3}), yesNo([]bool{true, false, true}))
	tr, err := prepare(table, options())
	if err != nil {
		t.Fatal(err)
	}
	if a, err := tr.association(tr.rows); a != nil || err != nil {
		t.Errorf("leads of accounts: %+v, %v", a, err)
	}
}

// Both p-values small are more than either, one alone counts half, and none makes the other worse than that.
func TestCauchy(t *testing.T) {
	for _, c := range [][3]float64{{0.01, 0.01, 0.01}, {0.2, 0.2, 0.2}, {0.01, 0.99, 0.02}, {0.01, 0.5, 0.02}, {1, 1, 0.5}} {
		if got := cauchy(c[0], c[1]); math.Abs(got-c[2]) > 3e-5*float64(b2i(c[1] > 0.3))+1e-12 {
			t.Errorf("%v and %v make %v, want %v", c[0], c[1], got, c[2])
		}
	}
	if got := cauchy(1e-300, 1); !(got >= 0 && got < 1e-9) {
		t.Errorf("none and 1 make %v", got)
	}
}
