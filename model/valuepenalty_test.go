package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// effectsOf are sales of 30 numbers whose effects on the log profit have a standard deviation.
func effectsOf(t *testing.T, n int, sd float64, seed uint64) *valueLearner {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 5))
	columns := make([]column, 30)
	profit := make([]float64, n)
	for i := range profit {
		profit[i] = math.Exp(0.8 * random.NormFloat64())
	}
	for k := range columns {
		x, b := make([]float64, n), sd*random.NormFloat64()
		for i := range x {
			x[i] = random.NormFloat64()
			profit[i] *= math.Exp(b * x[i])
		}
		columns[k] = numeric(string(rune('a'+k)), features.RoleFeature, x)
	}
	table := tableOf(t, columns...)
	rows := features.AllRows(n)
	encoder, _, err := features.Fit(table, rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	return newValueLearner(&valueData{encoder: encoder, table: table}, &wins{rows: rows, profit: profit, weight: onesOf(n)})
}

// The variance of the effects and that of the residuals are found; effects that are not there are held.
func TestPrecisions(t *testing.T) {
	for _, sd := range []float64{0, 0.1, 0.3} {
		var found, phi float64
		for seed := range uint64(8) {
			l := effectsOf(t, 400, sd, seed)
			p, err := l.learnPrecisions(l.design, l.size, nil)
			if err != nil {
				t.Fatal(err)
			}
			found += 1 / p.tau[0] / 8
			phi += p.phi / 8
		}
		if sd > 0 && math.Abs(math.Sqrt(found)/sd-1) > 0.25 || sd == 0 && found > 0.0015 {
			t.Errorf("effects of standard deviation %v: found %v", sd, math.Sqrt(found))
		}
		if math.Abs(phi-0.64) > 0.05 {
			t.Errorf("residual variance %v, want 0.64", phi)
		}
	}
}

// A weight of 2 is the sale twice.
func TestPrecisionsWeights(t *testing.T) {
	l := effectsOf(t, 200, 0.2, 1)
	w := make([]float64, 200)
	for i := range w {
		w[i] = 2
	}
	twice, err := l.learnPrecisions(l.design, w, nil)
	if err != nil {
		t.Fatal(err)
	}
	doubled := *l.design
	doubled.sales *= 2
	doubled.columns = append([]valueColumn(nil), doubled.columns...)
	for j := range doubled.columns {
		c := &doubled.columns[j]
		c.codes, c.z = append(c.codes[:200:200], c.codes...), append(c.z[:200:200], c.z...)
	}
	l.y = append(l.y[:200:200], l.y...)
	both, err := l.learnPrecisions(&doubled, onesOf(400), nil)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(both.tau[0]/twice.tau[0]-1) > 1e-6 || math.Abs(both.phi/twice.phi-1) > 1e-6 || math.Abs(both.free-twice.free) > 1e-6 {
		t.Errorf("weights of 2: %v, %v; twice the sales: %v, %v", twice.tau[0], twice.phi, both.tau[0], both.phi)
	}
}
