package budget

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The quantiles of a value are those of drawn rates × drawn profits.
func TestValueQuantilesAreThoseOfDraws(t *testing.T) {
	for _, p := range []Posterior{
		{Rate: BetaOf(0.07, 1000), Profit: 4000, ProfitLogSE: 0.1},
		{Rate: BetaOf(0.02, 60), Profit: 900, ProfitLogSE: 0.6},
		{Rate: BetaOf(0.3, 12), Profit: 250},
	} {
		drawn := draws(p, Target{0, Marketing}, 4_000)
		for _, q := range []float64{0.05, 0.2, 0.5, 0.8, 0.95} {
			x, _ := Percentile(drawn, q).Value()
			closeTo(t, "share below the quantile", p.Below(p.Value(q)), q, 1e-9)
			closeTo(t, "quantile of draws", p.Below(x), q, 0.025)
		}
	}
}

// Without noise in the profit a value is a rate times the profit.
func TestValueOfAKnownProfit(t *testing.T) {
	p := Posterior{Rate: Beta{Alpha: 3.7, Beta: 26.3}, Profit: 1000}
	low, high := p.Rate.Interval(0.9)
	closeTo(t, "low", p.Value(0.05), 1000*low, 1e-9)
	closeTo(t, "high", p.Value(0.95), 1000*high, 1e-9)
	target := Target{0.25, Marketing}
	closeTo(t, "cap", p.CapAt(0.05, target), 800*low, 1e-9)
	closeTo(t, "P(cap above its own quantile)", p.CapAbove(target, p.CapAt(0.2, target)), 0.8, 1e-9)
	for _, loss := range []Posterior{{Rate: p.Rate, Profit: 0}, {Rate: p.Rate, Profit: -100}} {
		if loss.Value(0.5) != 0 || loss.Below(1) != 1 || loss.CapAt(0.95, target) != 0 {
			t.Errorf("profit %v: value %v", loss.Profit, loss.Value(0.5))
		}
	}
}

func TestPosteriors(t *testing.T) {
	if _, err := Posteriors([]Evidence{{Leads: 10}}); err == nil {
		t.Error("a rate from no wins")
	}
	if _, err := Posteriors([]Evidence{{Leads: 10, Wins: 11}}); err == nil {
		t.Error("more wins than leads")
	}
	// A group without an outcome knows what groups have in common; one with many knows itself.
	groups := []Evidence{{}, {Leads: 1e6, Wins: 7e4, Profit: 4000, SD: 2500}, {Leads: 1e6, Wins: 2e4, Profit: 1000, SD: 600}, {Leads: 20, Wins: 1, Profit: 9000}}
	p := must(Posteriors(groups))
	closeTo(t, "profit of many wins", p[1].Profit, 4000, 1e-3)
	closeTo(t, "its error", p[1].ProfitLogSE, 0, 0.01)
	closeTo(t, "rate of many leads", p[2].Rate.Mean(), 0.02, 1e-3)
	if p[0].Profit < 1000 || p[0].Profit > 4000 || p[0].ProfitLogSE < 0.1 {
		t.Errorf("a group without outcomes: %+v", p[0])
	}
	if p[3].Profit <= p[0].Profit || p[3].Profit >= 9000 {
		t.Errorf("a single sale of 9,000 makes a profit of %v", p[3].Profit)
	}
}

// What is known of a single group is what its own outcomes say: the prior is made of nothing else, and must not count
// them again.
func TestASingleGroupIsItsEvidence(t *testing.T) {
	for _, e := range []Evidence{{1000, 70, 4000, 2500}, {60, 3, 900, 1500}, {20_000, 900, 12, 30}} {
		p := must(Posteriors([]Evidence{e}))[0]
		rate := e.Wins / e.Leads
		closeTo(t, "rate", p.Rate.Mean(), rate, 1e-9)
		closeTo(t, "its variance", rate*(1-rate)/(p.Rate.Strength()+1), rate*(1-rate)/e.Leads, 0.01)
		closeTo(t, "profit", p.Profit, e.Profit, 1e-9)
		closeTo(t, "its error", math.Expm1(p.ProfitLogSE*p.ProfitLogSE), e.SD*e.SD/(e.Wins*e.Profit*e.Profit), 1e-9)
	}
}

// Sales that are worth ten times as much vary ten times as much: both groups are known equally well.
func TestSpreadGoesWithProfit(t *testing.T) {
	cheap, dear := Evidence{2000, 200, 1000, 1200}, Evidence{2000, 200, 10_000, 12_000}
	p := must(Posteriors([]Evidence{cheap, dear, {2000, 200, 1000, 1200}, {2000, 200, 10_000, 12_000}}))
	for i, e := range []Evidence{cheap, dear} {
		low, _ := must(e.Quantile(0.2)).Value()
		closeTo(t, "20th percentile", p[i].Value(0.2), low, 0.05)
	}
	closeTo(t, "spread", p[0].ProfitLogSE, p[1].ProfitLogSE, 0.1)
	// A group whose sales vary otherwise says so, once it has many.
	odd := must(Posteriors([]Evidence{cheap, dear, {200_000, 20_000, 5000, 25_000}}))[2]
	closeTo(t, "own spread", odd.ProfitLogSE, 5/math.Sqrt(20_000), 0.02)
}

// In other money nothing changes but the money.
func TestPosteriorsScale(t *testing.T) {
	groups := []Evidence{{800, 40, 3000, 2900}, {300, 4, 700, 900}, {50, 0, 0, 0}, {90, 9, -20, 40}}
	scaled := slices.Clone(groups)
	for i := range scaled {
		scaled[i].Profit, scaled[i].SD = 0.01*scaled[i].Profit, 0.01*scaled[i].SD
	}
	a, b := must(Posteriors(groups)), must(Posteriors(scaled))
	for i := range a {
		closeTo(t, "profit", b[i].Profit, 0.01*a[i].Profit, 1e-9)
		closeTo(t, "spread", b[i].ProfitLogSE, a[i].ProfitLogSE, 1e-9)
	}
}

// Shrunken values are nearer to the truth than raw ones; intervals of 90 % hold it about as often as that, and it is
// above the 20th percentile about 80 % of the time.
func TestPosteriorsCover(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 1))
	inside, careful, of, shrunken, raw := 0.0, 0.0, 0.0, 0.0, 0.0
	for range 100 {
		groups, truth := make([]Evidence, 8), make([]float64, 8)
		for i := range groups {
			p, m := BetaOf(0.06, 60).Quantile(random.Float64()), 3000*math.Exp(0.2*random.NormFloat64())
			n := 40.0 + float64(random.IntN(800))
			truth[i] = p * m
			groups[i] = drawnEvidence(random, n, p, m)
		}
		posteriors, err := Posteriors(groups)
		if err != nil {
			continue
		}
		for i, x := range posteriors {
			of++
			inside += step(x.Value(0.05) <= truth[i] && truth[i] <= x.Value(0.95))
			careful += step(x.Value(0.2) <= truth[i])
			v, _ := groups[i].Value().Value()
			shrunken += math.Abs(x.Rate.Mean()*x.Profit - truth[i])
			raw += math.Abs(v - truth[i])
		}
	}
	t.Logf("%.4f of %.0f intervals hold the truth, and %.4f of the truths are above the 20th percentile", inside/of, of, careful/of)
	if share := inside / of; share < 0.87 || share > 0.94 {
		t.Errorf("%.3f of %v intervals hold the truth", share, of)
	}
	if share := careful / of; share < 0.76 || share > 0.84 {
		t.Errorf("%.3f of %v truths are above the 20th percentile", share, of)
	}
	if shrunken >= raw {
		t.Errorf("shrunken values are off by %v, raw ones by %v", shrunken/of, raw/of)
	}
}

// drawnEvidence draws n leads of rate p and log-normal profits of mean m.
func drawnEvidence(random *rand.Rand, n, p, m float64) Evidence {
	var profits []float64
	for range int(n) {
		if random.Float64() < p {
			profits = append(profits, m*math.Exp(0.7*random.NormFloat64()-0.245))
		}
	}
	e := Evidence{Leads: n, Wins: float64(len(profits))}
	for _, x := range profits {
		e.Profit += x / e.Wins
	}
	for _, x := range profits {
		e.SD += (x - e.Profit) * (x - e.Profit)
	}
	if e.Wins > 1 {
		e.SD = math.Sqrt(e.SD / (e.Wins - 1))
	} else {
		e.SD = 0
	}
	return e
}

// draws are n draws of a group's cap, ascending: a drawn rate × a drawn profit at the target.
func draws(p Posterior, t Target, n int) []float64 {
	random := rand.New(rand.NewPCG(1, 0x636170))
	caps := make([]float64, n)
	for i := range caps {
		rate := p.Rate.Quantile(random.Float64())
		profit := p.Profit * math.Exp(p.ProfitLogSE*random.NormFloat64())
		caps[i] = t.capped(rate*profit, p.SalesCost).Max
	}
	slices.Sort(caps)
	return caps
}
