package budget

import (
	"fmt"
	"math"
	"testing"
)

func ptr(x float64) *float64 { return &x }

// The vectors of curves, allocation, capacity and experiments.
func TestAllocationVectors(t *testing.T) {
	for _, v := range []struct {
		name string
		test func(t *testing.T)
	}{{"TV-6", vector6}, {"TV-8", vector8}, {"TV-9", vector9}, {"TV-10", vector10}, {"TV-12", vector12}, {"TV-19", vector19}} {
		t.Run(v.name, v.test)
	}
}

func vector6(t *testing.T) {
	var v struct {
		Points       [2][2]float64
		A, B         float64
		Incremental  float64
		MarginalAt20 float64 `json:"marginal_at_20k"`
		Cap          float64
		AvgStop      float64 `json:"avg_stop"`
		MargStop     float64 `json:"marg_stop"`
	}
	vector(t, "TV-6", &v)
	low, high := SpendPoint{v.Points[0][0], v.Points[0][1]}, SpendPoint{v.Points[1][0], v.Points[1][1]}
	c := must(Through(low, high))
	closeTo(t, "a", c.A, v.A)
	closeTo(t, "b", c.B, v.B)
	known(t, "incremental cost", IncrementalCost(low, high), v.Incremental)
	known(t, "marginal cost", c.MarginalCost(20000), v.MarginalAt20)
	average, _ := c.AverageCost(20000).Value()
	closeTo(t, "marginal = average/b", average/c.B, v.MarginalAt20)
	stops := must(c.Stops(v.Cap, 1.25*v.Cap))
	known(t, "average stop", stops.Average, v.AvgStop)
	known(t, "marginal stop", stops.Marginal, v.MargStop)
	closeTo(t, "leads at the average stop", c.Leads(v.AvgStop), 234.9, 1e-3)
	closeTo(t, "leads at the marginal stop", c.Leads(v.MargStop), 103.6, 1e-3)
	closeTo(t, "shrunken slope", ShrinkSlope(0.678, 0.2), 0.6921, 1e-4)
}

// roots are the article's segments with f = √s.
func roots(w []float64) (sources []Source) {
	for i, worth := range w {
		sources = append(sources, Source{Name: string(rune('A' + i)), Curve: Curve{Form: Power, A: 1, B: 0.5}, Worth: worth})
	}
	return sources
}

func spends(t *testing.T, a *Allocation, want []float64) {
	t.Helper()
	for i, s := range want {
		closeTo(t, "spend on "+a.Shares[i].Name, a.Shares[i].Spend, s)
	}
	if a.Gap > 1e-9 {
		t.Errorf("duality gap %v", a.Gap)
	}
}

func vector8(t *testing.T) {
	type budgeted struct {
		S          []float64
		Lam, Gross float64
	}
	var v struct {
		W         []float64
		AvgStop   []float64 `json:"avg_stop"`
		MargStop  []float64 `json:"marg_stop"`
		ProfitMax []float64 `json:"profit_max"`
		Plain     budgeted  `json:"budget_27250"`
		Bounded   budgeted  `json:"budget_27250_hiB_12000"`
	}
	vector(t, "TV-8", &v)
	sources := roots(v.W)
	for i, s := range sources {
		stops := must(s.Curve.Stops(v.W[i]/1.25, v.W[i]))
		known(t, "average stop", stops.Average, v.AvgStop[i])
		known(t, "marginal stop", stops.Marginal, v.MargStop[i])
		known(t, "profit maximum", stops.ProfitMax, v.ProfitMax[i])
	}
	usd := Limits{Mode: StopAtTarget, ROI: 0.25, Currency: "USD"}
	stop := must(Allocate(sources, usd))
	spends(t, stop, v.MargStop)
	closeTo(t, "average ROI", stop.Gross/stop.Spent-1, 1.5)
	usd.Mode = MostProfit
	spends(t, must(Allocate(sources, usd)), v.ProfitMax)
	usd.Mode, usd.Budget = SpendBudget, ptr(27250)
	for i, want := range []budgeted{v.Plain, v.Bounded} {
		if i == 1 {
			sources[1].High = ptr(12000)
		}
		a := must(Allocate(sources, usd))
		spends(t, a, want.S)
		closeTo(t, "λ", a.Lambda, want.Lam)
		closeTo(t, "gross", a.Gross, want.Gross)
		closeTo(t, "net", a.Net, want.Gross-27250)
	}
}

func vector9(t *testing.T) {
	type cases []struct {
		B, Lam float64
		S      []float64
	}
	var v struct {
		Log struct {
			A, K  []float64
			Cases cases
		}
		Sat struct {
			K, Tau []float64
			Cases  cases
		}
	}
	vector(t, "TV-9", &v)
	check := func(form Form, a, b []float64, all cases) {
		for _, c := range all {
			var sources []Source
			for i, w := range []float64{300, 400, 150} {
				sources = append(sources, Source{Name: fmt.Sprint(i), Curve: Curve{Form: form, A: a[i], B: b[i]}, Worth: w})
			}
			plan := must(Allocate(sources, Limits{Mode: SpendBudget, Budget: &c.B, Currency: "USD"}))
			spends(t, plan, c.S)
			closeTo(t, string(form)+" λ", plan.Lambda, c.Lam)
		}
	}
	check(Log, v.Log.A, v.Log.K, v.Log.Cases)
	check(Saturation, v.Sat.K, v.Sat.Tau, v.Sat.Cases)
}

func vector10(t *testing.T) {
	var v struct {
		H       float64
		Leads   map[string][4]float64
		Take    map[string]float64
		Profit  float64
		Mu      float64
		Integer float64
	}
	vector(t, "TV-10", &v)
	var work []Work
	for id, x := range v.Leads {
		work = append(work, Work{ID: id, Profit: x[0]*x[1] - x[2], Hours: x[3]})
	}
	q := must(Line(work, v.H))
	closeTo(t, "profit", q.Profit, v.Profit)
	closeTo(t, "μ", q.Mu, v.Mu)
	if len(q.Leads) != len(v.Take) {
		t.Errorf("%d leads worked, want %d", len(q.Leads), len(v.Take))
	}
	for _, w := range q.Leads {
		closeTo(t, "part of "+w.ID, w.Part, v.Take[w.ID])
	}
	whole := must(LineWhole(work, v.H))
	closeTo(t, "whole leads", whole.Profit, v.Integer)
	if !whole.Proven || !whole.Whole {
		t.Errorf("%+v", whole)
	}
}

func vector12(t *testing.T) {
	// The capacity is H = 280 and h = 1 in the vector: two keys that differ in case only, so not read from it.
	var v struct {
		W, Leads, S            []float64
		B, Lam, Mu, Gross, Net float64
		Only                   struct {
			H, Mu, Net float64
			Leads      []float64
		} `json:"cap_only"`
	}
	vector(t, "TV-12", &v)
	sources := roots(v.W)
	for i := range sources {
		sources[i].Hours = 1
	}
	joint := must(Allocate(sources, Limits{Mode: SpendBudget, Budget: &v.B, Hours: ptr(280), Currency: "USD"}))
	spends(t, joint, v.S)
	for i, x := range joint.Shares {
		closeTo(t, "leads", x.Leads, v.Leads[i])
	}
	closeTo(t, "λ", joint.Lambda, v.Lam)
	closeTo(t, "μ", joint.Mu, v.Mu)
	closeTo(t, "gross", joint.Gross, v.Gross)
	closeTo(t, "net", joint.Net, v.Net)
	only := must(Allocate(sources, Limits{Mode: MostProfit, Hours: &v.Only.H, Currency: "USD"}))
	for i, x := range only.Shares {
		closeTo(t, "capacity only: leads", x.Leads, v.Only.Leads[i])
	}
	closeTo(t, "capacity only: μ", only.Mu, v.Only.Mu)
	closeTo(t, "capacity only: net", only.Net, v.Only.Net)
}

func vector19(t *testing.T) {
	var v struct {
		A, B [2]float64
		P    float64 `json:"p_B_gt_A"`
		PPF  [][4]float64
		Wins float64 `json:"n_per_arm_7_vs_5"`
		MQL  float64 `json:"n_per_arm_40_vs_30"`
	}
	vector(t, "TV-19", &v)
	a, b := Beta{v.A[0], v.A[1]}, Beta{v.B[0], v.B[1]}
	closeTo(t, "P(B > A)", b.Beats(a), v.P)
	for _, x := range v.PPF {
		closeTo(t, "inverse CDF", Beta{x[1], x[2]}.Quantile(x[0]), x[3])
	}
	known(t, "7 % vs 5 %", must(LeadsPerArm(0.07, 0.05, 0.8, 0.05)), v.Wins)
	known(t, "40 % vs 30 %", must(LeadsPerArm(0.4, 0.3, 0.8, 0.05)), v.MQL)
	shares := must(Thompson([]Arm{{"A", a, 4000, 100}, {"B", b, 4000, 160}, {"C", Beta{3, 29}, 4000, 80}}, DefaultFloor, 100_000, 1))
	for i, want := range []float64{0.241, 0.119, 0.640} {
		if math.Abs(shares[i].Best-want) > 0.006 {
			t.Errorf("%s is best with %v, want about %v", shares[i].Name, shares[i].Best, want)
		}
		closeTo(t, "share", shares[i].Share, 0.05+0.85*shares[i].Best)
	}
}
