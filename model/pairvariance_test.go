package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// jointColumns are three categories of four levels, the first two of which have no effect but together: ±size.
func jointColumns(n int, size float64, seed uint64) []column {
	random := rand.New(rand.NewPCG(seed, 31))
	texts, won := make([][]string, 3), make([]bool, n)
	for i := range n {
		sum := 0
		for k := range texts {
			l := random.IntN(4)
			texts[k] = append(texts[k], fmt.Sprint("level ", l))
			if k < 2 {
				sum += l
			}
		}
		won[i] = random.Float64() < Sigmoid(size*float64(1-sum%2*2)-1)
	}
	return []column{category("a", features.RoleFeature, texts[0]), category("b", features.RoleFeature, texts[1]), category("c", features.RoleFeature, texts[2]), yesNo(won)}
}

// pairVarianceOf is that of a fit without pairs, as if recipe auto had found none.
func pairVarianceOf(t *testing.T, columns []column, workers int) float64 {
	t.Helper()
	o := options()
	o.Workers = workers
	tr, err := prepare(tableOf(t, columns...), o)
	if err != nil {
		t.Fatal(err)
	}
	f, err := tr.fit(t.Context(), "", tr.rows, true)
	if err != nil {
		t.Fatal(err)
	}
	left, err := tr.remainder(f, tr.rows)
	if err != nil {
		t.Fatal(err)
	}
	if v := tr.pairVariance(f, left); v != 0 {
		t.Errorf("a recipe that looks for no pairs leaves %v", v)
	}
	f.penalty, f.groups = make([]float64, len(f.encoder.Terms())), 4
	return tr.pairVariance(f, left)
}

// What a pair adds to the log-odds is found; where there is none, little is left, and less of more leads.
func TestPairVariance(t *testing.T) {
	const size = 0.8
	if got := pairVarianceOf(t, jointColumns(8000, size, 1), 1); math.Abs(got/(size*size)-1) > 0.2 {
		t.Errorf("a pair of effects ±%v has the variance %v", size, got)
	}
	var few, many float64
	for seed := range uint64(10) {
		few += pairVarianceOf(t, jointColumns(1000, 0, seed), 1) / 10
		many += pairVarianceOf(t, jointColumns(8000, 0, seed), 1) / 10
	}
	if !(few > 0 && few < 0.03 && many > 0 && many < few/4) {
		t.Errorf("without a pair: %v of 1,000 leads, %v of 8,000", few, many)
	}
	columns := jointColumns(3000, 0.2, 3)
	if one, four := pairVarianceOf(t, columns, 1), pairVarianceOf(t, columns, 4); one != four {
		t.Errorf("%v by one worker, %v by four", one, four)
	}
}

// A pair that the fit has a term for is not counted again.
func TestPairVarianceOfKnownPairs(t *testing.T) {
	tr, err := prepare(tableOf(t, jointColumns(8000, 0.8, 1)...), autoOptions())
	if err != nil {
		t.Fatal(err)
	}
	f, err := tr.fit(t.Context(), "", tr.rows, true)
	if err != nil {
		t.Fatal(err)
	}
	if terms := f.encoder.Terms(); len(terms) < 4 || terms[3].Name != "a × b" {
		t.Fatalf("%d terms, want a pair of the first two", len(terms))
	}
	u, err := tr.uncertainty(f, tr.rows)
	if err != nil {
		t.Fatal(err)
	}
	if !(u.Pair >= 0 && u.Pair <= 0.01) { // 0 if the others have terms too
		t.Errorf("the pair is known, and %v left", u.Pair)
	}
	u.Pair = -1
	m, err := f.model(identity())
	if err != nil {
		t.Fatal(err)
	}
	if err := u.check(m.encoder.Terms(), m.document.Coefficients); err == nil {
		t.Error("a negative variance passes")
	}
}

// Without an effect the log of B is below 0 more often than not; of a large effect it is far above, and the variance is the
// mean square of the cells.
func TestPairEffect(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	table := func(weight, size float64) (*crossTable, float64) {
		c, square := &crossTable{rows: 6, columns: 6}, 0.0
		for a := range c.rows {
			for b := range c.columns {
				effect := size * float64(1-(a+b)%2*2)
				square += effect * effect / 36
				c.weight[a][b] = weight
				c.residual[a][b] = weight*effect + math.Sqrt(weight)*random.NormFloat64()
			}
		}
		return c, square
	}
	below := 0
	for range 200 {
		c, _ := table(25, 0)
		below += b2i(c.effect().bayes < 0)
	}
	if below < 120 {
		t.Errorf("of 200 tables without an effect %d are said to have none", below)
	}
	c, square := table(400, 0.5)
	if e := c.effect(); e.bayes < 20 || math.Abs(e.variance/square-1) > 0.15 {
		t.Errorf("%+v of cells of mean square %v", e, square)
	}
	if e := (&crossTable{rows: 2, columns: 2}).effect(); e != (pairEffect{}) {
		t.Errorf("%+v of an empty table", e)
	}
}
