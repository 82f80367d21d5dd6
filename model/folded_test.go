package model

import (
	"math"
	"math/rand/v2"
	"testing"
)

// foldedOf cuts a sample at the given places.
func foldedOf(s *sample, ends ...int) *folded {
	f := &folded{sample: s}
	from := 0
	for _, to := range ends {
		f.folds = append(f.folds, fold{from, to})
		f.ranked = append(f.ranked, rank(s.part(fold{from, to})))
		from = to
	}
	return f
}

func TestFolded(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n = 600
	s := &sample{logOdds: make([]float64, n), y: make([]uint8, n), weight: make([]float64, n)}
	times := make([]float64, n)
	for i := range n {
		s.logOdds[i], s.weight[i], times[i] = random.NormFloat64(), 0.5+random.Float64(), float64(random.IntN(3))
		if random.Float64() < Sigmoid(s.logOdds[i]-1) {
			s.y[i] = 1
		}
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) < 1e-12) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	for _, drawn := range [][]float64{nil, times} {
		auc, loss, brier := foldedOf(s, n).measure(drawn)
		want := rank(s).measure(drawn)
		near("one fold: AUC", auc, want.auc)
		near("one fold: log loss", loss, want.logLoss)
		near("one fold: Brier", brier, want.brier)

		parts := foldedOf(s, 200, 450, n)
		auc, loss, brier = parts.measure(drawn)
		near("log loss of folds", loss, want.logLoss)
		near("Brier of folds", brier, want.brier)
		var sum, total float64
		for i, at := range parts.folds {
			var inFold []float64
			if drawn != nil {
				inFold = drawn[at.from:at.to]
			}
			m := rank(s.part(parts.folds[i])).measure(inFold)
			omega := m.won * (m.weight - m.won) / m.weight
			sum, total = sum+omega*m.auc, total+omega
		}
		near("AUC of folds", auc, sum/total)

		shifted := *s
		shifted.logOdds = append([]float64{}, s.logOdds...)
		for i := range 200 {
			shifted.logOdds[i] += 5
		}
		moved, _, _ := foldedOf(&shifted, 200, 450, n).measure(drawn)
		near("the level of a fold", moved, auc)
	}
}

// Constants rank nothing, whatever the base rates of the folds; a fold of one outcome compares no leads.
func TestFoldedConstants(t *testing.T) {
	s := &sample{logOdds: []float64{-2, -2, -2, -2, 1, 1, 1, 1, 3, 3}, y: []uint8{0, 0, 0, 1, 1, 1, 1, 0, 1, 1}}
	f := foldedOf(s, 4, 8, 10)
	if auc, loss, _ := f.measure(nil); auc != 0.5 || math.Abs(loss-rank(s).measure(nil).logLoss) > 1e-12 {
		t.Errorf("AUC %v, log loss %v", auc, loss)
	}
	if pooled := rank(s).measure(nil).auc; pooled < 0.7 {
		t.Errorf("the leads of all folds together: AUC %v, which the test is about", pooled)
	}
	if auc, loss, _ := f.measure([]float64{1, 1, 1, 0, 0, 0, 0, 0, 1, 1}); !math.IsNaN(auc) || math.IsNaN(loss) {
		t.Errorf("folds of one outcome: AUC %v, log loss %v", auc, loss)
	}
}
