package budget

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"
)

// The delta method's variance is that of profit per lead: of w profits and n − w zeros, divided by n.
func TestDeltaIsTheDirectVariance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		profits := rapid.SliceOfN(rapid.Float64Range(1, 1e4), 1, 40).Draw(t, "profits")
		n := len(profits) + rapid.IntRange(0, 100).Draw(t, "losses")
		perLead := append(make([]float64, n-len(profits)), profits...)
		mean, variance := stat.PopMeanVariance(profits, nil)
		_, direct := stat.PopMeanVariance(perLead, nil)
		e := Evidence{Leads: float64(n), Wins: float64(len(profits)), Profit: mean, SD: math.Sqrt(variance)}
		se, _ := e.SE().Value()
		if want := math.Sqrt(direct / float64(n)); math.Abs(se-want) > 1e-9*(1+want) {
			t.Fatalf("delta method %v, direct %v", se, want)
		}
		if logSE, _ := e.LogSE().Value(); math.Abs(logSE*mean*e.Wins/e.Leads-se) > 1e-9*(1+se) {
			t.Fatalf("se_log·v = %v, se = %v", logSE*mean*e.Wins/e.Leads, se)
		}
	})
}

func TestCautionIsBelowTheMean(t *testing.T) {
	e := Evidence{Leads: 1000, Wins: 70, Profit: 4000, SD: 2500}
	last := 0.0
	for _, risk := range []Risk{Cautious, Steady, Experiment} {
		c, _ := must(e.CapAt(risk, DefaultTarget(), 100)).Value()
		if c <= last {
			t.Errorf("%s cap %v is not above %v", risk, c, last)
		}
		last = c
	}
	if _, err := e.CapAt("bold", DefaultTarget(), 0); err == nil {
		t.Error("an unknown risk passes")
	}
}

// 90 % intervals of a lead's value hold the truth about 90 % of the time.
func TestIntervalCoverage(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	const p, mu, sigma, n, trials = 0.1, 8.0, 0.6, 800, 2000
	truth, covered := p*math.Exp(mu+sigma*sigma/2), 0
	for range trials {
		var profits []float64
		for range n {
			if random.Float64() < p {
				profits = append(profits, math.Exp(mu+sigma*random.NormFloat64()))
			}
		}
		mean, sd := stat.MeanStdDev(profits, nil)
		low, high, err := Evidence{Leads: n, Wins: float64(len(profits)), Profit: mean, SD: sd}.Interval(0.9)
		if err != nil {
			t.Fatal(err)
		}
		if low.value <= truth && truth <= high.value {
			covered++
		}
	}
	if share := float64(covered) / trials; share < 0.88 || share > 0.92 {
		t.Errorf("%v of the intervals hold the truth, want 0.9", share)
	}
}

// The prior of many groups is found again.
func TestPriorIsRecovered(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	var wins, leads []float64
	for range 400 {
		rate, w := BetaOf(0.1, 50).Quantile(random.Float64()), 0.0
		for range 200 {
			w += step(random.Float64() < rate)
		}
		wins, leads = append(wins, w), append(leads, 200)
	}
	prior := must(FitPrior(wins, leads))
	if math.Abs(prior.Mean()-0.1) > 0.007 || prior.Strength() < 38 || prior.Strength() > 66 {
		t.Errorf("mean %v, strength %v; the truth is 0.1 and 50", prior.Mean(), prior.Strength())
	}
}

func TestPriorBounds(t *testing.T) {
	alike := must(FitPrior([]float64{10, 20, 30}, []float64{100, 200, 300}))
	if !alike.AtBound || math.Abs(alike.Strength()-MaxStrength) > 1 {
		t.Errorf("groups that do not differ: %+v", alike)
	}
	apart := must(FitPrior([]float64{0, 200}, []float64{200, 200}))
	if !apart.AtBound || math.Abs(apart.Strength()-MinStrength) > 0.01 {
		t.Errorf("groups that have nothing in common: %+v", apart)
	}
	one := must(FitPrior([]float64{0, 7}, []float64{0, 100}))
	closeTo(t, "a single group keeps its rate", one.After(7, 100).Mean(), 0.07)
	for name, err := range map[string]error{
		"only wins":             second(FitPrior([]float64{5}, []float64{5})),
		"no leads":              second(FitPrior(nil, nil)),
		"lengths":               second(FitPrior([]float64{1}, []float64{5, 5})),
		"more wins than leads":  second(FitPrior([]float64{6, 1}, []float64{5, 5})),
		"a number that is none": second(FitPrior([]float64{math.NaN(), 1}, []float64{5, 5})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Shrinking moves a rate towards the mean of the prior and never past it; quantiles invert the distribution.
func TestShrinkageLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prior := BetaOf(rapid.Float64Range(0.01, 0.5).Draw(t, "mean"), rapid.Float64Range(5, 2000).Draw(t, "strength"))
		n := float64(rapid.IntRange(1, 1000).Draw(t, "n"))
		w := math.Floor(n * rapid.Float64Range(0, 1).Draw(t, "rate"))
		after := prior.After(w, n)
		low, high := min(w/n, prior.Mean()), max(w/n, prior.Mean())
		if after.Mean() < low-1e-12 || after.Mean() > high+1e-12 {
			t.Fatalf("%v is not between %v and %v", after.Mean(), low, high)
		}
		q := rapid.Float64Range(0.001, 0.999).Draw(t, "q")
		if got := after.Above(after.Quantile(q)); math.Abs(got-(1-q)) > 1e-9 {
			t.Fatalf("above its %v quantile lies %v", q, got)
		}
	})
}

// Draws of the cap have the mean and percentiles that the two-part posterior implies.
func TestCapDraws(t *testing.T) {
	p := Posterior{Rate: Beta{70, 930}, Profit: 4000, ProfitLogSE: 2500.0 / 4000 / math.Sqrt(70)}
	drawn := draws(p, Target{0.25, Marketing}, 2000)
	if mean := stat.Mean(drawn, nil); math.Abs(mean-224) > 2 {
		t.Errorf("mean cap %v, want about 224", mean)
	}
	known(t, "20th percentile", Percentile(drawn, 0.2), 199.5, 0.015)
	known(t, "97.5th percentile", Percentile(drawn, 0.975), 293, 0.03)
	known(t, "above its median", ShareAbove(drawn, Percentile(drawn, 0.5).value), 0.5, 0.001)
	wide := Posterior{Rate: p.Rate, Profit: 4000, ProfitLogSE: 0.8}
	known(t, "median of widely spread profits", Percentile(draws(wide, Target{0.25, Marketing}, 2000), 0.5), 224, 0.05)
	unknown(t, "no draws", Percentile(nil, 0.5), TooFew)
	unknown(t, "no draws above", ShareAbove(nil, 0.5), TooFew)
}

// Accounts of ten leads that win together: drawing leads is too sure of itself.
func TestBootstrapByAccountIsWider(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	var accounts []int32
	var won []float64
	for a := range 100 {
		outcome := step(random.Float64() < 0.3)
		for range 10 {
			accounts, won = append(accounts, int32(a)), append(won, outcome)
		}
	}
	rates := func(clusters []int32) (rates []float64) {
		Bootstrap(len(won), clusters, 1000, 1, func(times []float64) {
			w := 0.0
			n := 0.0
			for i, k := range times {
				w += k * won[i]
				n += k
			}
			rates = append(rates, w/n)
		})
		return rates
	}
	clustered := rates(accounts)
	ratio := stat.StdDev(clustered, nil) / stat.StdDev(rates(nil), nil)
	if ratio < 2.8 || ratio > 3.6 {
		t.Errorf("by account the spread is %v times as wide, want about √10", ratio)
	}
	if !slices.Equal(rates(accounts), clustered) {
		t.Error("the same seed gives other resamples")
	}
}
