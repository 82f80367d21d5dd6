package budget

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// concaveCase is a random allocation of concave curves.
func concaveCase(random *rand.Rand) ([]Source, Limits) {
	n := 2 + random.IntN(49)
	budget := math.Exp(5 + 9*random.Float64())
	sources := make([]Source, n)
	for i := range sources {
		s := Source{Name: fmt.Sprint(i), Worth: math.Exp(3 + 5*random.Float64()), Hours: random.Float64()}
		scale := budget * math.Exp(3*random.Float64()-2)
		switch random.IntN(4) {
		case 0:
			s.Curve = Curve{Form: Power, A: math.Exp(2*random.Float64() - 2), B: 0.2 + 0.75*random.Float64()}
		case 1:
			s.Curve = Curve{Form: Log, A: 10 + 500*random.Float64(), B: scale}
		case 2:
			s.Curve = Curve{Form: Saturation, A: 10 + 500*random.Float64(), B: scale}
		case 3:
			s.Curve = Curve{Form: Hill, A: 10 + 500*random.Float64(), B: scale, N: 1}
		}
		if random.IntN(3) == 0 {
			s.Low = budget / float64(n) * random.Float64()
		}
		if random.IntN(3) == 0 {
			s.High = ptr(s.Low + budget/float64(n)*random.Float64())
		}
		sources[i] = s
	}
	return sources, Limits{Mode: []Mode{SpendBudget, StopAtTarget, MostProfit}[random.IntN(3)], Budget: &budget, Reserve: 0, ROI: 0.25, Currency: "USD"}
}

// A thousand random problems, each with a proof that nothing is better.
func TestConcaveAllocationsAreProven(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 11))
	bound := map[Bound]int{}
	for i := range 1000 {
		sources, limits := concaveCase(random)
		a, err := Allocate(sources, limits)
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		if !(a.Gap < 1e-9) {
			t.Errorf("case %d: gap %v of %d sources, %s", i, a.Gap, len(sources), limits.Mode)
		}
		if a.Spent > *limits.Budget*(1+1e-12)+1e-6 {
			t.Errorf("case %d: spent %v of %v", i, a.Spent, *limits.Budget)
		}
		checkKKT(t, i, sources, a)
		for _, x := range a.Shares {
			bound[x.Bound]++
		}
	}
	for _, b := range []Bound{Free, AtLow, AtHigh} {
		if bound[b] < 500 {
			t.Errorf("only %d sources are %q: the cases do not test it", bound[b], b)
		}
	}
}

// checkKKT wants equal marginal returns between the bounds, no larger ones at the low and no smaller ones at the high.
func checkKKT(t *testing.T, name any, sources []Source, a *Allocation) {
	t.Helper()
	for i, x := range a.Shares {
		high := math.Inf(1)
		if sources[i].High != nil {
			high = *sources[i].High
		}
		if x.Spend < sources[i].Low-0.006 || x.Spend > high+0.006 {
			t.Errorf("case %v: %s gets %v of %v to %v", name, x.Name, x.Spend, sources[i].Low, high)
		}
		off := x.Return/a.Lambda - 1
		switch {
		case x.Bound == Free && x.Spend > 0 && a.Lambda > 0 && math.Abs(off) > 1e-6*max(1, 1/x.Spend):
			t.Errorf("case %v: %s is free at %v, its next dollar brings %v and not λ = %v", name, x.Name, x.Spend, x.Return, a.Lambda)
		case x.Bound == AtLow && off > 1e-9, x.Bound == AtHigh && off < -1e-9:
			t.Errorf("case %v: %s is at its %s, but its next dollar brings %v and λ is %v", name, x.Name, x.Bound, x.Return, a.Lambda)
		}
	}
}

// Hours and budget together are proven too, and neither is overdrawn.
func TestJointAllocationsAreProven(t *testing.T) {
	random := rand.New(rand.NewPCG(12, 12))
	scarce := 0
	for i := range 60 {
		sources, limits := concaveCase(random)
		for k := range sources {
			sources[k].Low = 0
		}
		free := must(Allocate(sources, limits))
		limits.Hours = ptr(free.Hours * (0.2 + random.Float64()))
		a := must(Allocate(sources, limits))
		if a.Hours > *limits.Hours*(1+1e-9) {
			t.Errorf("case %d: %v of %v hours", i, a.Hours, *limits.Hours)
		}
		if a.Mu > 0 {
			scarce++
		}
		if !(a.Gap < 1e-9) {
			t.Errorf("case %d: gap %v at μ = %v", i, a.Gap, a.Mu)
		}
	}
	if scarce < 20 {
		t.Errorf("hours were scarce in %d cases only", scarce)
	}
}

// λ is the derivative of the optimum in the budget, μ that in the hours.
func TestMultipliersAreDerivatives(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 13))
	for i := range 50 {
		sources, limits := concaveCase(random)
		limits.Mode = SpendBudget
		value := func(budget float64) *Allocation {
			limits.Budget = &budget
			return must(Allocate(sources, limits))
		}
		b := *limits.Budget
		at, d := value(b), 1e-4*b
		if numeric := (value(b+d).Gross - value(b-d).Gross) / (2 * d); math.Abs(numeric-at.Lambda) > 1e-3*at.Lambda {
			t.Errorf("case %d: λ = %v, numerically %v", i, at.Lambda, numeric)
		}
	}
	sources := roots([]float64{300, 400, 150})
	for i := range sources {
		sources[i].Hours = 1
	}
	gross := func(hours float64) float64 {
		return must(Allocate(sources, Limits{Mode: SpendBudget, Budget: ptr(31200), Hours: &hours, Currency: "USD"})).Gross
	}
	closeTo(t, "μ", (gross(280.1)-gross(279.9))/0.2, 50, 1e-4)
}

func TestAllocationLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		sources, limits := concaveCase(random)
		limits.Mode = SpendBudget
		a := must(Allocate(sources, limits))

		order := random.Perm(len(sources))
		mixed := make([]Source, len(sources))
		for i, k := range order {
			mixed[i] = sources[k]
		}
		permuted := must(Allocate(mixed, limits))
		for i, k := range order {
			if x, y := permuted.Shares[i].Spend, a.Shares[k].Spend; math.Abs(x-y) > 1e-6*max(1, y) {
				t.Fatalf("%s gets %v, in another order %v", sources[k].Name, y, x)
			}
		}

		more := limits
		more.Budget = ptr(*limits.Budget * 1.3)
		larger := must(Allocate(sources, more))
		if larger.Gross < a.Gross*(1-1e-9) || larger.Lambda > a.Lambda*(1+1e-9) {
			t.Fatalf("a larger budget brings %v after %v, λ %v after %v", larger.Gross, a.Gross, larger.Lambda, a.Lambda)
		}

		total := int64(0)
		for i, x := range a.Shares {
			total += x.Money.Minor
			if math.Abs(x.Money.Major()-x.Spend) > 0.0101 {
				t.Fatalf("%s gets %v, rounded %v", x.Name, x.Spend, x.Money)
			}
			if high := sources[i].High; high != nil && x.Money.Major() > math.Round(*high*100)/100 {
				t.Fatalf("rounding lifts %s to %v, above %v", x.Name, x.Money, *high)
			}
		}
		// Next to a whole cent the error of the sum decides, and no more than that.
		if exact := 100 * a.Spent; float64(total) <= exact-1 || float64(total) > exact+1e-4 {
			t.Fatalf("the shares add up to %d cents, the spend is %v", total, a.Spent)
		}
		perturb(t, sources, a)
	})
}

// What falls short of a whole cent by more than the error of a sum is rounded down.
func TestAllocationRoundsDown(t *testing.T) {
	for spend, want := range map[float64]int64{182.5999995845827: 18_259, 182.6 - 1e-11: 18_260, 182.6: 18_260, 182.6 + 1e-11: 18_260} {
		if got := Currency("USD").roundedDown([]float64{spend})[0].Minor; got != want {
			t.Errorf("%v is given as %d cents, want %d", spend, got, want)
		}
	}
}

// perturb moves a dollar between free sources: it never helps.
func perturb(t *rapid.T, sources []Source, a *Allocation) {
	for i, from := range a.Shares {
		for k, to := range a.Shares {
			if i == k || from.Bound != Free || to.Bound != Free || from.Spend < sources[i].Low+1 || sources[k].High != nil && to.Spend > *sources[k].High-1 {
				continue
			}
			gain := sources[k].Worth*(sources[k].Curve.Leads(to.Spend+1)-to.Leads) - sources[i].Worth*(from.Leads-sources[i].Curve.Leads(from.Spend-1))
			if gain > 1e-9*a.Gross {
				t.Fatalf("a dollar from %s to %s brings %v", from.Name, to.Name, gain)
			}
		}
	}
}

// Cents for dollars, or profit in millionths, is the same problem: general solvers stop at once on the second.
func TestUnitsDoNotMatter(t *testing.T) {
	sources := roots([]float64{300, 400, 150})
	limits := Limits{Mode: SpendBudget, Budget: ptr(27250), Currency: "USD"}
	want := must(Allocate(sources, limits))
	tiny := slices.Clone(sources)
	for i := range tiny {
		tiny[i].Worth *= 1e-6
	}
	for i, x := range must(Allocate(tiny, limits)).Shares {
		closeTo(t, "spend with profit in millions", x.Spend, want.Shares[i].Spend)
	}
	cents := slices.Clone(sources)
	for i := range cents {
		cents[i].Curve.A /= 10 // √(100·s)/10
		cents[i].Worth *= 100
	}
	limits.Budget = ptr(2725000)
	for i, x := range must(Allocate(cents, limits)).Shares {
		closeTo(t, "spend in cents", x.Spend/100, want.Shares[i].Spend)
	}
}

func TestAllocationWords(t *testing.T) {
	sources := roots([]float64{300, 400, 150, 100})
	for i := range sources {
		sources[i].Hours = 1
	}
	sources[2].Low, sources[3].Low, sources[3].High = 5000, 100, ptr(100)
	a := must(Allocate(sources, Limits{Mode: SpendBudget, Budget: ptr(30_000), Hours: ptr(280), Currency: "USD"}))
	for _, part := range []string{"C is at its least spend: $1,000 less would bring ", "D is locked", "hours are used up: one more would bring $"} {
		if !strings.Contains(a.Words("USD"), part) {
			t.Errorf("%q lacks %q", a.Words("USD"), part)
		}
	}
}

// What users of other optimisers report: of Robyn, Meridian, PyMC-Marketing and lightweight_mmm.
func TestFailuresOfOthers(t *testing.T) {
	usd := func(mode Mode, budget float64) Limits {
		return Limits{Mode: mode, Budget: &budget, ROI: 0.25, Currency: "USD"}
	}
	t.Run("optimised equals initial", func(t *testing.T) {
		a := must(Allocate(roots([]float64{300, 400, 150}), usd(SpendBudget, 30_000)))
		if math.Abs(a.Shares[0].Spend-10_000) < 10 || math.Abs(a.Shares[1].Spend-10_000) < 10 {
			t.Errorf("an equal split: %+v", a.Shares)
		}
	})
	t.Run("a start that is kept is told, with what binds", func(t *testing.T) {
		p := DefaultPlan()
		p.Limits, p.Draws = usd(SpendBudget, 30_000), 0
		for _, s := range roots([]float64{300, 400, 150}) {
			path := Path{Stages: []string{"lead", "won"}, Rates: []float64{1}, Costs: []float64{0, 0}}
			p.Sources = append(p.Sources, PlanSource{Name: s.Name, Curve: s.Curve, Path: path, Profit: s.Worth, Current: 10_000, Low: 10_000, High: ptr(10_000)})
		}
		r := must(p.Answer(t.Context(), Ask{}))
		if !strings.HasPrefix(r.Summary, "spend $30,000 as today: A is locked; B is locked; C is locked") {
			t.Error(r.Summary)
		}
	})
	t.Run("a bound violated", func(t *testing.T) {
		random := rand.New(rand.NewPCG(18, 18))
		for range 100 {
			sources, limits := concaveCase(random)
			a, total := must(Allocate(sources, limits)), int64(0)
			for i, x := range a.Shares {
				low, high := math.Round(sources[i].Low*100), math.Inf(1)
				if sources[i].High != nil {
					high = math.Round(*sources[i].High * 100)
				}
				if minor := float64(x.Money.Minor); minor < low || minor > high {
					t.Fatalf("%s gets %v cents of %v to %v", x.Name, minor, low, high)
				}
				total += x.Money.Minor
			}
			if float64(total) > *limits.Budget*100+1e-3 {
				t.Fatalf("%d cents of %v", total, *limits.Budget)
			}
		}
	})
	t.Run("budget left without a word", func(t *testing.T) {
		random := rand.New(rand.NewPCG(19, 19))
		for range 100 {
			sources, limits := concaveCase(random)
			a := must(Allocate(sources, limits))
			known(t, "unspent", a.Unspent, *limits.Budget-a.Spent, 1e-6)
			if rest, _ := a.Unspent.Value(); rest > 1 && !strings.Contains(a.Words("USD"), "better not spent") {
				t.Fatalf("%v unspent: %s", rest, a.Words("USD"))
			}
		}
	})
	t.Run("channels mixed up by position", func(t *testing.T) {
		sources := roots([]float64{300, 400, 150, 90})
		sources[2].High = ptr(500)
		want := map[string]float64{}
		for _, x := range must(Allocate(sources, usd(SpendBudget, 20_000))).Shares {
			want[x.Name] = x.Spend
		}
		slices.Reverse(sources)
		for i, x := range must(Allocate(sources, usd(SpendBudget, 20_000))).Shares {
			closeTo(t, x.Name, x.Spend, want[x.Name])
			if x.Name != sources[i].Name {
				t.Errorf("place %d is %s, want %s", i, x.Name, sources[i].Name)
			}
		}
	})
	t.Run("the scale of the units", func(t *testing.T) {
		sources := roots([]float64{300e-6, 400e-6, 150e-6})
		for i, x := range must(Allocate(sources, usd(SpendBudget, 27_250))).Shares {
			closeTo(t, "spend", x.Spend, []float64{9000, 16_000, 2250}[i])
		}
	})
	t.Run("target ignored", func(t *testing.T) {
		a := must(Allocate(roots([]float64{300, 400, 150}), usd(StopAtTarget, 1e6)))
		closeTo(t, "λ", a.Lambda, 1.25)
		known(t, "unspent", a.Unspent, 1e6-43_600)
		if !strings.Contains(a.Words("USD"), "$956,400 are better not spent") {
			t.Error(a.Words("USD"))
		}
	})
	t.Run("bounds clash", func(t *testing.T) {
		sources := roots([]float64{300, 400, 150})
		sources[0].Low, sources[1].Low = 8000, 3000
		_, err := Allocate(sources, usd(SpendBudget, 10_000))
		var clash *InfeasibleError
		if !errors.As(err, &clash) || clash.Needed-clash.Limit != 1000 || len(clash.Sources) != 2 {
			t.Fatalf("%v", err)
		}
		if want := "budget: allocate: the least spends take 11000 of a budget of 10000, 1000 too much: A 8000, B 3000"; err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
		sources[0].Hours, sources[1].Hours = 1, 1
		l := usd(SpendBudget, 1e6)
		l.Hours = ptr(100)
		if _, err := Allocate(sources, l); !errors.As(err, &clash) || clash.What != "hours" {
			t.Errorf("%v", err)
		}
	})
	t.Run("the reserve counts against the bounds", func(t *testing.T) {
		sources := roots([]float64{300})
		sources[0].Low = 950
		l := usd(SpendBudget, 1000)
		l.Reserve = 0.1
		if _, err := Allocate(sources, l); err == nil {
			t.Error("$950 fit into $900")
		}
		sources[0].Low = 0
		a := must(Allocate(sources, l))
		closeTo(t, "spent", a.Spent, 900)
		closeTo(t, "reserve", a.Reserve, 100)
	})
	t.Run("high below low", func(t *testing.T) {
		sources := roots([]float64{300})
		sources[0].Low, sources[0].High = 10, ptr(5)
		if _, err := Allocate(sources, usd(SpendBudget, 100)); !slices.Equal(fieldsOf(err), []string{"sources[0].high"}) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a source pinned", func(t *testing.T) {
		sources := roots([]float64{300, 400, 150})
		sources[2].Low, sources[2].High = 5000, ptr(5000)
		a := must(Allocate(sources, usd(SpendBudget, 30_000)))
		closeTo(t, "pinned", a.Shares[2].Spend, 5000)
		closeTo(t, "A", a.Shares[0].Spend, 9000)
		if a.Shares[2].Bound != Locked {
			t.Errorf("bound %q", a.Shares[2].Bound)
		}
	})
	t.Run("a bound is named with its price", func(t *testing.T) {
		sources := roots([]float64{300, 400, 150})
		sources[1].High = ptr(12_000)
		a := must(Allocate(sources, usd(SpendBudget, 27_250)))
		if b := a.Shares[1]; b.Bound != AtHigh || math.Abs(b.BoundPrice-(400/2/math.Sqrt(12_000)-a.Lambda)) > 1e-9 {
			t.Errorf("%+v", b)
		}
		if !strings.HasPrefix(a.Words("USD"), "B is at its most spend: $1,000 more would bring $467.7") {
			t.Error(a.Words("USD"))
		}
	})
	t.Run("budget that cannot be used up", func(t *testing.T) {
		sources := roots([]float64{300})
		sources[0].High = ptr(50)
		known(t, "unspent", must(Allocate(sources, usd(SpendBudget, 100))).Unspent, 50)
	})
	t.Run("all caps below the price", func(t *testing.T) {
		var sources []Source
		for i := range 3 {
			sources = append(sources, Source{Name: fmt.Sprint(i), Curve: Curve{Form: Log, A: 100, B: 10_000}, Worth: 90})
		}
		a := must(Allocate(sources, usd(MostProfit, 10_000)))
		closeTo(t, "spent", a.Spent, 0)
		known(t, "unspent", a.Unspent, 10_000)
	})
	t.Run("worthless leads", func(t *testing.T) {
		a := must(Allocate(roots([]float64{-5, 0}), usd(SpendBudget, 10_000)))
		closeTo(t, "spent", a.Spent, 0)
		if len(a.Warnings) != 2 {
			t.Errorf("%q", a.Warnings)
		}
	})
	t.Run("budget 0", func(t *testing.T) {
		a := must(Allocate(roots([]float64{300, 400}), usd(SpendBudget, 0)))
		closeTo(t, "spent", a.Spent, 0)
		closeTo(t, "gross", a.Gross, 0)
	})
	t.Run("all caps below price", func(t *testing.T) {
		var sources []Source
		for i, worth := range []float64{300, 400, 150} { // the first lead costs 1,000
			sources = append(sources, Source{Name: string(rune('A' + i)), Curve: Curve{Form: Log, A: 1, B: 1000}, Worth: worth})
		}
		a := must(Allocate(sources, usd(StopAtTarget, 10_000)))
		closeTo(t, "spent", a.Spent, 0)
		for _, x := range a.Shares {
			closeTo(t, x.Name, x.Spend, 0)
		}
	})
	t.Run("identical curves", func(t *testing.T) {
		for _, x := range must(Allocate(roots([]float64{300, 300, 300, 300}), usd(SpendBudget, 1000))).Shares {
			closeTo(t, "spend", x.Spend, 250)
		}
	})
	t.Run("straight lines", func(t *testing.T) {
		lines := []Source{
			{Name: "good", Curve: Curve{Form: Power, A: 0.02, B: 1}, Worth: 100},
			{Name: "bad", Curve: Curve{Form: Power, A: 0.01, B: 1}, Worth: 100, High: ptr(1e6)},
			{Name: "good too", Curve: Curve{Form: Power, A: 0.01, B: 1}, Worth: 200, High: ptr(300)},
		}
		a := must(Allocate(lines, usd(SpendBudget, 1000)))
		closeTo(t, "spent", a.Spent, 1000)
		closeTo(t, "bad", a.Shares[1].Spend, 0)
		closeTo(t, "gross", a.Gross, 2000)
		if len(a.Warnings) != 3 || !strings.Contains(a.Warnings[0], "straight line") || a.Gap > 1e-9 {
			t.Errorf("%q, gap %v", a.Warnings, a.Gap)
		}
		if _, err := Allocate(lines[:1], Limits{Mode: MostProfit, Currency: "USD"}); err == nil {
			t.Error("a line without a limit is bought for ever")
		}
	})
	t.Run("no hours", func(t *testing.T) {
		sources := roots([]float64{300, 400})
		sources[0].Hours, sources[1].Hours = 1, 1
		l := usd(SpendBudget, 1000)
		l.Hours = ptr(0)
		if a := must(Allocate(sources, l)); a.Hours > 1e-9 || !isFinite(a.Mu) {
			t.Errorf("%v hours at μ = %v", a.Hours, a.Mu)
		}
	})
	t.Run("limits out of bounds", func(t *testing.T) {
		_, err := Allocate([]Source{{Curve: Curve{Form: "line"}, Worth: nan, Hours: -1, Low: -1}},
			Limits{Mode: SpendBudget, Hours: ptr(-1), Reserve: 2, ROI: -1, Currency: "x"})
		want := []string{"sources[0].curve.a", "sources[0].curve.b", "sources[0].curve.form", "sources[0].worth", "sources[0].hours", "sources[0].low", "budget", "hours", "reserve", "target_roi", "currency"}
		if got := fieldsOf(err); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// The marginal cost of a lead at the target is the cap, on either basis.
func TestMarginalLeadCostsTheCap(t *testing.T) {
	const v, s, r = 280, 110, 0.25
	for basis, w := range map[Basis]float64{InInvestment: v - (1+r)*s, CostOfSale: v - s, Marketing: v} {
		a := must(Allocate(roots([]float64{w}), Limits{Mode: StopAtTarget, ROI: r, Currency: "USD"}))
		known(t, "marginal cost, "+string(basis), a.Shares[0].MarginalCost, must(Target{r, basis}.Cap(v, s, 0)).Max)
	}
}

func BenchmarkAllocate50(b *testing.B) {
	random := rand.New(rand.NewPCG(15, 15))
	var sources []Source
	var limits Limits
	for len(sources) != 50 {
		sources, limits = concaveCase(random)
	}
	limits.Mode = SpendBudget
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Allocate(sources, limits); err != nil {
			b.Fatal(err)
		}
	}
}
