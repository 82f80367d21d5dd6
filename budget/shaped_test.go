package budget

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// shapedCase is a random allocation with S-shaped curves.
func shapedCase(random *rand.Rand, n int) ([]Source, Limits) {
	budget := 10_000.0
	sources := make([]Source, n)
	for i := range sources {
		sources[i] = Source{
			Name: fmt.Sprint(i), Worth: 50 + 300*random.Float64(),
			Curve: Curve{Form: Hill, A: 20 + 300*random.Float64(), B: budget * (0.1 + random.Float64()), N: 1.2 + 2*random.Float64()},
		}
		if random.IntN(3) == 0 {
			sources[i].High = ptr(budget * random.Float64())
		}
	}
	return sources, Limits{Mode: []Mode{SpendBudget, MostProfit}[random.IntN(2)], Budget: &budget, Currency: "USD"}
}

// exhaustive tries every split on a grid.
func exhaustive(p *problem, step float64, left int, i int) float64 {
	if i == len(p.sources) {
		return 0
	}
	best := math.Inf(-1)
	for k := 0; k <= left && float64(k)*step <= p.high[i]+1e-9; k++ {
		s := float64(k) * step
		best = max(best, p.sources[i].Worth*p.sources[i].Curve.Leads(s)-p.floor*s+exhaustive(p, step, left-k, i+1))
	}
	return best
}

// S-shaped curves: the dynamic program equals trying every split, polishing only improves it, and the dual bound
// holds.
func TestShapedAllocationsEqualTheGrid(t *testing.T) {
	random := rand.New(rand.NewPCG(14, 14))
	for i := range 200 {
		sources, limits := shapedCase(random, 2+random.IntN(2))
		p := newProblem(sources, limits)
		p.gridPrecise = 40
		step := p.room() / 40
		grid := p.value(p.gridSplit(0))
		if want := exhaustive(p, step, 40, 0); math.Abs(grid-want) > 1e-9*max(1, want) {
			t.Errorf("case %d: the grid gives %v, every split tried %v", i, grid, want)
		}
		if i%4 != 0 {
			continue // the shipped grid is fine, and slow
		}
		a := must(Allocate(sources, limits))
		value := a.Gross - p.floor*a.Spent
		if value < grid*(1-1e-9) {
			t.Errorf("case %d: %v, a coarse grid gives %v", i, value, grid)
		}
		if a.Gap < 0 || a.Gap > 0.7 || a.Spent > *limits.Budget*(1+1e-9) {
			t.Errorf("case %d: gap %v, spent %v", i, a.Gap, a.Spent)
		}
	}
}

// withHours is exhaustive for splits that keep within hours.
func withHours(p *problem, step float64, left int, i int, hours float64) float64 {
	if i == len(p.sources) {
		return 0
	}
	best := math.Inf(-1)
	for k := 0; k <= left && float64(k)*step <= p.high[i]+1e-9; k++ {
		s := float64(k) * step
		leads := p.sources[i].Curve.Leads(s)
		if rest := hours - p.sources[i].Hours*leads; rest >= 0 {
			best = max(best, p.sources[i].Worth*leads-p.floor*s+withHours(p, step, left-k, i+1, rest))
		}
	}
	return best
}

// With scarce hours, S-shaped curves keep within them and bring what the best of all coarse splits brings, but for
// hours that a grid cannot use.
func TestShapedAllocationsKeepHours(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 17))
	for i := range 5 {
		sources, limits := shapedCase(random, 3)
		for k := range sources {
			sources[k].Hours = 0.5 + random.Float64()
		}
		limits.Hours = ptr(must(Allocate(sources, limits)).Hours * (0.3 + 0.6*random.Float64()))
		a, p := must(Allocate(sources, limits)), newProblem(sources, limits)
		want := withHours(p, p.room()/40, 40, 0, p.hours)
		if got := a.Gross - p.floor*a.Spent; a.Hours > *limits.Hours || a.Mu <= 0 || got < 0.99*want {
			t.Errorf("case %d: %v in %v of %v hours, a coarse grid brings %v; μ = %v", i, got, a.Hours, *limits.Hours, want, a.Mu)
		}
	}
}

// A straight line of slope K/(2h) touches an S of N = 2 at h: below, fund fully or not at all.
func TestMinimumViableSpend(t *testing.T) {
	c := Curve{Form: Hill, A: 300, B: 20_000, N: 2}
	closeTo(t, "minimum viable spend", c.MinimumViable(), 20_000)
	closeTo(t, "leads for a dollar", c.Leads(20_000)/20_000, 0.0075)
	two := []Source{{Name: "a", Curve: c, Worth: 200}, {Name: "b", Curve: c, Worth: 200}}
	a := must(Allocate(two, Limits{Mode: SpendBudget, Budget: ptr(20_000), Currency: "USD"}))
	if low := min(a.Shares[0].Spend, a.Shares[1].Spend); low > 1 || math.Abs(a.Spent-20_000) > 1 {
		t.Errorf("a budget for one is split %v and %v", a.Shares[0].Spend, a.Shares[1].Spend)
	}
}

func BenchmarkAllocateShaped20(b *testing.B) {
	sources, limits := shapedCase(rand.New(rand.NewPCG(16, 16)), 20)
	for b.Loop() {
		if _, err := Allocate(sources, limits); err != nil {
			b.Fatal(err)
		}
	}
}
