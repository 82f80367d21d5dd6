package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// bootstrapIntervals are percentile intervals (Efron & Tibshirani 1993, An Introduction to the Bootstrap, §13.3) of the
// last testLeads of a set: the leads before them are drawn anew with replacement, and the model fitted to the draw, so many
// times over.
func bootstrapIntervals(t *testing.T, d drawn, o Options, times int, seed uint64) []Interval {
	t.Helper()
	n := len(d.p) - testLeads
	random := rand.New(rand.NewPCG(seed, 0x6566726f6e))
	fresh := tableOf(t, slice(d.columns, n, len(d.p))...)
	draws := make([][]float64, testLeads)
	rows := make([]int, n)
	for range times {
		for i := range rows {
			rows[i] = random.IntN(n)
		}
		m := train(t, tableOf(t, picked(d.columns, rows)...), o).Model
		for i, eta := range m.TableLogOdds(fresh, nil) {
			draws[i] = append(draws[i], Sigmoid(eta))
		}
	}
	ci := make([]Interval, testLeads)
	for i, x := range draws {
		slices.Sort(x)
		ci[i] = Interval{quantile(x, (1-IntervalLevel)/2), quantile(x, (1+IntervalLevel)/2)}
	}
	return ci
}

// quantile interpolates between order statistics (Hyndman & Fan 1996, type 7).
func quantile(sorted []float64, share float64) float64 {
	h := share * float64(len(sorted)-1)
	i := min(int(h), len(sorted)-2)
	return sorted[i] + (h-math.Floor(h))*(sorted[i+1]-sorted[i])
}

// The intervals beside percentile intervals of refits, of the same leads: their interval score is never far worse. Refits are
// slow: without simulations asked for there is one set, and few refits.
func TestIntervalsBesideBootstrap(t *testing.T) {
	if testing.Short() && !simulationsAsked() {
		t.Skip("fits a model ten times")
	}
	from, to := simulations(t, 1)
	times, sizes := 4, []int{100}
	if simulationsAsked() {
		times, sizes = 30, []int{100, 300, 1000}
	}
	for _, kind := range []string{"additive", benchmarkTruth} {
		if kind == benchmarkTruth && !benchmarkAsked() {
			continue
		}
		for _, wins := range sizes {
			t.Run(fmt.Sprintf("%s %d", kind, wins), func(t *testing.T) {
				var ours, refits coverage
				for seed := from; seed < to; seed++ {
					d := simulated[kind](t, wins, seed)
					o := options()
					o.Recipe, o.Holdout, o.Workers = RecipeAuto, 0, 1
					p := d.p[len(d.p)-testLeads:]
					ours.add(p, intervalsOf(t, d, o))
					refits.add(p, bootstrapIntervals(t, d, o, times, seed))
				}
				t.Logf("%d sets: %v", to-from, &ours)
				t.Logf("%d sets, %d refits: %v", to-from, times, &refits)
				if ours.meanScore() > 1.25*refits.meanScore() {
					t.Errorf("interval score %v, of refits %v", ours.meanScore(), refits.meanScore())
				}
			})
		}
	}
}
