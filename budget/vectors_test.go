package budget

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// The vectors of testdata/vectors.json were computed twice, by hand or closed form and by a program of their own.

// vector reads one vector into x.
func vector(t *testing.T, name string, x any) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all[name], x); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// closeTo wants two numbers equal but for rounding: relative 1e-9 unless a tolerance is given.
func closeTo(t *testing.T, what string, got, want float64, tolerance ...float64) {
	t.Helper()
	tol := 1e-9
	if len(tolerance) > 0 {
		tol = tolerance[0]
	}
	if !(math.Abs(got-want) <= tol*max(1, math.Abs(want))) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// known wants a figure to have a value.
func known(t *testing.T, what string, f Figure, want float64, tolerance ...float64) {
	t.Helper()
	got, ok := f.Value()
	if !ok {
		t.Errorf("%s is unknown (%s), want %v", what, f.Reason(), want)
		return
	}
	closeTo(t, what, got, want, tolerance...)
}

// unknown wants a figure not to have one.
func unknown(t *testing.T, what string, f Figure, why Reason) {
	t.Helper()
	if f.Reason() != why {
		t.Errorf("%s is %v (reason %q), want reason %q", what, f, f.Reason(), why)
	}
}

// must drops the error of inputs that are valid.
func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// cents is a maximum in dollars.
func cents(x float64) float64 {
	m, _ := Currency("USD").Maximum(x)
	return m.Major()
}

func TestVectors(t *testing.T) {
	for _, v := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"TV-0", vector0}, {"TV-1", vector1}, {"TV-2", vector2}, {"TV-3", vector3}, {"TV-4", vector4}, {"TV-5", vector5},
		{"TV-7", vector7}, {"TV-11", vector11}, {"TV-13", vector13}, {"TV-14", vector14}, {"TV-15", vector15},
		{"TV-16", vector16}, {"TV-17", vector17}, {"TV-18", vector18}, {"TV-20", vector20}, {"TV-21", vector21},
		{"TV-22", vector22}, {"TV-30", vector30},
	} {
		t.Run(v.name, v.test)
	}
}

func vector0(t *testing.T) {
	var v struct {
		M, P, R  float64
		CapFloor float64 `json:"cap_floor"`
	}
	vector(t, "TV-0", &v)
	c := must(Target{v.R, Marketing}.Cap(v.P*v.M, 0, 0))
	if got := cents(c.Max); got != v.CapFloor {
		t.Errorf("cap %v, want %v", got, v.CapFloor)
	}
	article := v.M / (1 + v.R) * v.P // in the order of the article: 7.199999999999999
	if got := cents(article); got != v.CapFloor {
		t.Errorf("cap %v, want %v", got, v.CapFloor)
	}
	if math.Floor(article*100)/100 == v.CapFloor {
		t.Error("the naive floor is right too: this input does not show the guard")
	}
}

func vector1(t *testing.T) {
	var rows []struct {
		P, M, R, Cap float64
		ROI          float64   `json:"roi_at_224"`
		Pooled       []float64 `json:"pooled_equal"`
	}
	vector(t, "TV-1", &rows)
	for _, v := range rows {
		target := Target{v.R, Marketing}
		value := v.P * v.M
		if v.Pooled != nil {
			value = (v.Pooled[0] + v.Pooled[1] + v.Pooled[2]) / 3
		}
		c := must(target.Cap(value, 0, 0))
		if got := cents(c.Max); got != v.Cap {
			t.Errorf("cap of %v is %v, want %v", value, got, v.Cap)
		}
		if v.Pooled == nil {
			known(t, "ROI at 224", must(target.Return(value, 0, 224)), v.ROI)
		}
	}
	known(t, "pooled ROI at 224", must(Target{0.25, Marketing}.Return(850.0/3, 0, 224)), 0.2649, 1e-4)
	breakEven, quarter := Target{0, Marketing}, Target{0.25, Marketing}
	known(t, "C's p to break even at 224", must(breakEven.RequiredProbability(224, 3000, 0)), 0.224/3)
	known(t, "C's p for 25 % at 224", must(quarter.RequiredProbability(224, 3000, 0)), 0.28/3)
	known(t, "C's m for 25 % at 224", must(quarter.RequiredProfit(224, 0.05, 0)), 5600)
	for r, want := range map[float64]float64{0: 280, 0.1: 254.54, 0.25: 224, 0.5: 186.66, 1: 140} {
		if got := cents(must(Target{r, Marketing}.Cap(280, 0, 0)).Max); got != want {
			t.Errorf("cap at r = %v is %v, want %v", r, got, want)
		}
	}
}

// examplePath is the path of TV-2 to TV-5.
func examplePath() Path {
	return Path{
		Stages: []string{"lead", "mql", "sql", "opportunity", "won"},
		Rates:  []float64{0.4, 0.5, 0.7, 0.5}, Costs: []float64{0, 60, 150, 400, 0},
	}
}

func vector2(t *testing.T) {
	var v struct {
		Q, C           []float64
		M, R, S, V     float64
		CapInvestment  float64   `json:"cap_in_investment"`
		CapCostOfSale  float64   `json:"cap_cost_of_sale"`
		BreakEven      float64   `json:"break_even"`
		CapsInvestment []float64 `json:"A_in_investment"`
		CapsCostOfSale []float64 `json:"A_cost_of_sale"`
	}
	vector(t, "TV-2", &v)
	path := examplePath()
	path.Rates, path.Costs = v.Q, append(v.C, 0)
	if err := path.Validate(); err != nil {
		t.Fatal(err)
	}
	closeTo(t, "s", path.SalesCost(), v.S)
	closeTo(t, "v", path.Conversion()*v.M, v.V)
	for _, b := range []struct {
		basis Basis
		cap   float64
		caps  []float64
	}{{InInvestment, v.CapInvestment, v.CapsInvestment}, {CostOfSale, v.CapCostOfSale, v.CapsCostOfSale}} {
		target := Target{v.R, b.basis}
		c := must(target.Cap(v.V, v.S, 0))
		closeTo(t, "cap "+string(b.basis), c.Max, b.cap)
		closeTo(t, "break-even", c.BreakEven, v.BreakEven)
		known(t, "ROI at the cap", must(target.Return(v.V, v.S, c.Max)), v.R)
		for k, a := range must(path.Caps(v.M, target)) {
			closeTo(t, string(b.basis)+" at "+path.Stages[k], a.Max, b.caps[k])
		}
	}
}

func vector3(t *testing.T) {
	var v struct{ Delta []float64 }
	vector(t, "TV-3", &v)
	for k, gain := range must(examplePath().Repairs(4000, 0.05)) {
		closeTo(t, "+5 points at "+examplePath().Stages[k], gain, v.Delta[k])
	}
}

func vector4(t *testing.T) {
	var rows []struct {
		Source string
		Spend  float64
		Counts []float64
		Per    []*float64
		Bound  *float64 `json:"zero_wins_lower_bound"`
	}
	vector(t, "TV-4", &rows)
	loaded := map[string]float64{"Search": 3353.57, "Webinar": 3504.17}
	roi := map[string]float64{"Search": 0.1928, "Webinar": 0.1415, "List": -1}
	costs := make(map[string]Costs)
	for _, v := range rows {
		if v.Bound != nil {
			known(t, "lower bound of List", costs["List"].PerSaleAtLeast, *v.Bound, 0.005 / *v.Bound)
			continue
		}
		row := costRow(Known(v.Spend), v.Counts, examplePath().Costs, 4000*v.Counts[4], 0)
		costs[v.Source] = row
		for k, want := range v.Per {
			if want == nil {
				unknown(t, v.Source+" cost per won", row.PerUnit[k], NoWins)
				unknown(t, v.Source+" loaded cost per won", row.Loaded[k], NoWins)
				continue
			}
			known(t, v.Source+" cost per "+examplePath().Stages[k], row.PerUnit[k], *want)
		}
		if want, has := loaded[v.Source]; has {
			known(t, v.Source+" loaded per won", row.Loaded[4], want, 1e-5)
			unknown(t, v.Source+" bound", row.PerSaleAtLeast, HasWins)
		}
		known(t, v.Source+" ROI", row.ROI, roi[v.Source], 1e-4)
	}
	known(t, "List's win rate is below", costs["List"].WinRateBelow, 0.00498, 1e-5)
}

func vector5(t *testing.T) {
	var v struct {
		Wins float64 `json:"expected_wins"`
		Cost float64
	}
	vector(t, "TV-5", &v)
	var journeys []Journey
	for stage, n := range []int{30, 20, 10, 6, 28} { // still open at each stage, and won
		for range n {
			days := []int{0, -1, -1, -1, -1}
			for k := range stage + 1 {
				days[k] = k
			}
			journeys = append(journeys, record("", "Search", days...))
		}
	}
	o := options()
	o.StageCosts, o.Outlook = examplePath().Costs, examplePath().Outlook(nil)
	m := table(t, o, []Spend{{"Search", day(0), 48000}}, journeys...).Rows[0].Maturity
	known(t, "expected wins", m.ExpectedWins, v.Wins)
	known(t, "cost per expected win", m.PerExpected, v.Cost)
	closeTo(t, "open", m.Open, 66)
}

func vector7(t *testing.T) {
	var v struct {
		Leads map[string][2]float64
		Order []string
		Tiers [][]string
		Caps  []float64
	}
	vector(t, "TV-7", &v)
	var leads []Ranked
	var byCap []Ranked
	target := Target{0.25, Marketing}
	for id, x := range v.Leads {
		leads = append(leads, Ranked{ID: id, Value: x[0] * x[1], P: x[0]})
		byCap = append(byCap, Ranked{ID: id, Value: must(target.Cap(x[0]*x[1], 0, 0)).Max, P: x[0]})
	}
	var order []string
	for _, l := range Rank(leads) {
		order = append(order, l.ID)
	}
	if !slices.Equal(order, v.Order) {
		t.Errorf("order %v, want %v", order, v.Order)
	}
	o := DefaultTierOptions()
	o.MinLeads, o.MinWins = 0, 0
	tiers := must(TiersByShares(leads, []float64{0.2, 0.3, 0.5}, o))
	got := members(tiers, Rank(leads))
	averaged := []float64{1260, 512, 144}
	for i, want := range v.Tiers {
		name := tiers.Names[i]
		if !slices.Equal(got[name], want) {
			t.Errorf("tier %s holds %v, want %v", name, got[name], want)
		}
		group := must(Summarize(alike(v.Leads, want), target))
		capped, _ := group.Cap.Value()
		if got := cents(capped); got != v.Caps[i] {
			t.Errorf("cap of tier %s is %v, want %v", name, got, v.Caps[i])
		}
		known(t, "averaged cap of tier "+name, group.Trap.Cap, averaged[i])
	}
	o.By = ByCap
	thresholds := must(TiersByThresholds(byCap, []float64{600, 200}, o))
	want := map[string][]string{"A": {"a", "c", "b"}, "B": {"d", "e", "f"}, "C": {"g", "h", "i", "j"}}
	for name, ids := range members(thresholds, Rank(byCap)) {
		if !slices.Equal(ids, want[name]) {
			t.Errorf("by threshold, tier %s holds %v, want %v", name, ids, want[name])
		}
	}
	all, top := 0.0, 0.0
	for i, l := range Rank(leads) {
		all += l.Value
		if i < 2 {
			top += l.Value
		}
	}
	closeTo(t, "all value", all, 5505)
	closeTo(t, "top tier's share of value", top/all, 0.534, 1e-3)
}

// members lists the leads of each tier, in the given order.
func members(tiers *Tiers, leads []Ranked) map[string][]string {
	m := make(map[string][]string)
	for _, l := range leads {
		m[tiers.Of(l.Value)] = append(m[tiers.Of(l.Value)], l.ID)
	}
	return m
}

// alike are leads of (p, m), by id.
func alike(leads map[string][2]float64, ids []string) (group []Member) {
	for _, id := range ids {
		group = append(group, Member{P: leads[id][0], M: leads[id][1], Weight: 1})
	}
	return group
}

func vector11(t *testing.T) {
	var v struct {
		V, S, H, Mu, R float64
		InInvestment   float64 `json:"cap_in_investment"`
		CostOfSale     float64 `json:"cap_cost_of_sale"`
	}
	vector(t, "TV-11", &v)
	closeTo(t, "in_investment", must(Target{v.R, InInvestment}.Cap(v.V, v.S, v.Mu*v.H)).Max, v.InInvestment)
	closeTo(t, "cost_of_sale", must(Target{v.R, CostOfSale}.Cap(v.V, v.S, v.Mu*v.H)).Max, v.CostOfSale)
}

func vector13(t *testing.T) {
	var v struct {
		S, M, Pstar float64
		R25         float64 `json:"pstar_r25"`
		MuH60       float64 `json:"pstar_mu_h_60"`
	}
	vector(t, "TV-13", &v)
	known(t, "p*", must(Cutoff(v.M, v.S, 0, 0)), v.Pstar)
	known(t, "p* at r = 25 %", must(Cutoff(v.M, v.S, 0, 0.25)), v.R25)
	known(t, "p* with μh = 60", must(Cutoff(v.M, v.S, 60, 0)), v.MuH60)
}

func vector14(t *testing.T) {
	var rows []struct{ P0, P1, Q, Now, Nurture float64 }
	vector(t, "TV-14", &rows)
	actions := []Action{NurtureIt, HandOff, NurtureIt, Drop}
	for i, v := range rows {
		action, worth := choose(v.P0, 4000, 160, &Nurture{P1: v.P1, Q: v.Q, Delay: 0.97, Cost: 30})
		closeTo(t, "now", worth.Now, v.Now)
		known(t, "nurture", worth.Nurture, v.Nurture)
		if action != actions[i] {
			t.Errorf("row %d: %s, want %s", i, action, actions[i])
		}
	}
}

func vector15(t *testing.T) {
	var v struct {
		DP, M, C, ROI, Breakeven float64
		AtR25                    float64 `json:"at_r25"`
	}
	vector(t, "TV-15", &v)
	touch := must(ExtraTouch(v.DP, v.M, 0, v.C, 0.25))
	known(t, "ROI", touch.ROI, v.ROI)
	known(t, "break-even lift", touch.BreakEven, v.Breakeven)
	known(t, "lift for 25 %", touch.AtTarget, v.AtR25)
}

func vector16(t *testing.T) {
	var v struct {
		N, W, M, Sigma float64
		SECap          float64    `json:"se_cap"`
		Linear         [2]float64 `json:"ci_lin"`
		Log            [2]float64 `json:"ci_log"`
		Lower80        float64
		For20          float64 `json:"n_for_20pct"`
	}
	vector(t, "TV-16", &v)
	e := Evidence{Leads: v.N, Wins: v.W, Profit: v.M, SD: v.Sigma}
	target := Target{0.25, Marketing}
	known(t, "se of the cap", e.SE().then(func(x float64) float64 { return x / 1.25 }), v.SECap)
	low, high, err := e.LinearInterval(0.95)
	if err != nil {
		t.Fatal(err)
	}
	known(t, "linear low", low, 1.25*v.Linear[0])
	known(t, "linear high", high, 1.25*v.Linear[1])
	if low, high, err = e.Interval(0.95); err != nil {
		t.Fatal(err)
	}
	known(t, "log low", low, 1.25*v.Log[0])
	known(t, "log high", high, 1.25*v.Log[1])
	known(t, "cautious cap", must(e.CapAt(Cautious, target, 0)), v.Lower80)
	known(t, "mean cap", must(e.CapAt(Steady, target, 0)), 224)
	known(t, "leads for ±20 %", must(e.LeadsFor(0.2, 0.95)), v.For20)
}

func vector17(t *testing.T) {
	var v struct {
		Prior         [2]float64
		Wins, N, Mean float64
		Q05, Q95      float64
		Zero          struct{ N, Mean, Q05, Q95 float64 }
		EB            struct {
			Wins, N []float64
			Mu      float64 `json:"ml_mu"`
			Kappa   float64 `json:"ml_kappa"`
			Tol     float64 `json:"ml_tol"`
		}
	}
	vector(t, "TV-17", &v)
	prior := Beta{v.Prior[0], v.Prior[1]}
	after := prior.After(v.Wins, v.N)
	closeTo(t, "mean", after.Mean(), v.Mean)
	low, high := after.Interval(0.9)
	closeTo(t, "5 %", low, v.Q05)
	closeTo(t, "95 %", high, v.Q95)
	zero := prior.After(0, v.Zero.N)
	low, high = zero.Interval(0.9)
	closeTo(t, "no wins: mean", zero.Mean(), v.Zero.Mean)
	closeTo(t, "no wins: 5 %", low/v.Zero.Q05, 1)
	closeTo(t, "no wins: 95 %", high, v.Zero.Q95)
	fitted := must(FitPrior(v.EB.Wins, v.EB.N))
	closeTo(t, "μ", fitted.Mean(), v.EB.Mu, v.EB.Tol)
	closeTo(t, "κ", fitted.Strength(), v.EB.Kappa, v.EB.Tol)
	if fitted.AtBound {
		t.Error("κ is said to be at a bound")
	}
}

func vector18(t *testing.T) {
	var v struct {
		P, N, M, Sigma, Price float64
		SELog                 float64 `json:"se_log"`
		Below                 float64 `json:"p_below_breakeven"`
	}
	vector(t, "TV-18", &v)
	e := Evidence{Leads: v.N, Wins: v.P * v.N, Profit: v.M, SD: v.Sigma}
	known(t, "se_log", e.LogSE(), v.SELog)
	known(t, "P(v < price)", must(e.Below(v.Price)), v.Below)
	b := Evidence{Leads: 1000, Wins: 100, Profit: 4000, SD: 2000}
	known(t, "B: P(v < price)", must(b.Below(224)), 3e-8, 1e-8)
	known(t, "P(cap > price) at r = 0", must(e.CapAbove(Target{0, Marketing}, 0, v.Price)), 1-v.Below)
}

func vector20(t *testing.T) {
	var v struct {
		Entered, Progressed, Lost, Open float64
		Rate                            float64 `json:"rate_resolved"`
	}
	vector(t, "TV-20", &v)
	var journeys []Journey
	add := func(n int, j Journey) {
		for range n {
			journeys = append(journeys, j)
		}
	}
	stuck := record("", "", 0, 0, -1)
	add(90, record("", "", 0, 0, 1))
	add(20, stuck)
	add(15, lost(stuck, 1, "unreachable"))
	add(30, lost(stuck, 1, "no budget"))
	add(25, lost(stuck, 1, "wrong persona"))
	l := must(Leakage(journeys, []float64{0, examplePath().Chances()[1] * 4000, 4000}, day(30)))[1]
	closeTo(t, "entered", l.Entered, v.Entered)
	closeTo(t, "progressed", l.Progressed, v.Progressed)
	closeTo(t, "lost", l.Lost, v.Lost)
	closeTo(t, "open", l.Open, v.Open)
	known(t, "rate of resolved", l.Rate, v.Rate)
	known(t, "raw rate", l.RawRate, 0.5)
	known(t, "MQL:SQL", l.Ratio, 2)
	known(t, "unknown", l.UnknownShare, 0)
	for i, want := range []ReasonCount{{"no budget", CauseBudget, 30, 21000}, {"wrong persona", CauseFit, 25, 17500}, {"unreachable", CauseUnreachable, 15, 10500}} {
		got := l.Reasons[i]
		closeTo(t, want.Reason+" is worth", got.Worth, want.Worth)
		if got.Reason != want.Reason || got.Cause != want.Cause {
			t.Errorf("reason %d is %s (%s), want %s (%s)", i, got.Reason, got.Cause, want.Reason, want.Cause)
		}
	}
}

func vector21(t *testing.T) {
	var v struct {
		Days   []float64
		Event  []int
		KM     map[string]float64
		Median float64
		RMST10 float64
		Naive  float64 `json:"naive_mean"`
	}
	vector(t, "TV-21", &v)
	var waits []Wait
	for i, days := range v.Days {
		waits = append(waits, Wait{Days: days, Contacted: v.Event[i] == 1})
	}
	w := must(WaitTimes(waits))
	for _, p := range w.Curve {
		day, _ := json.Marshal(p.Days)
		closeTo(t, "S at day "+string(day), p.Waiting, v.KM[string(day)])
	}
	if len(w.Curve) != len(v.KM) {
		t.Errorf("%d steps, want %d", len(w.Curve), len(v.KM))
	}
	known(t, "median", w.Quantile(0.5), v.Median)
	known(t, "restricted mean", w.Mean(10), v.RMST10)
	known(t, "naive mean", w.NaiveMean, v.Naive)
	known(t, "within 3 days", w.Within(3), 2.0/3)
	unknown(t, "P90", w.Quantile(0.9), Unresolved)
	unknown(t, "waiting after 11 days", w.Waiting(11), Unmeasured)
}

func vector22(t *testing.T) {
	var v struct {
		Goal, Revenue float64
		Need          []float64
		Share         float64 `json:"marketing_share"`
		Leads         float64 `json:"marketing_leads"`
	}
	vector(t, "TV-22", &v)
	n := must(Required(v.Goal, v.Revenue, examplePath().Rates, v.Share))
	for k, want := range v.Need {
		known(t, "units", n.Units[len(n.Units)-1-k], want)
	}
	known(t, "deals", n.Deals, v.Need[0])
	known(t, "marketing's leads", n.Marketing, v.Leads)
}

func vector30(t *testing.T) {
	var v struct {
		Q, F float64
		Aged float64 `json:"q_given_age"`
		Won  float64 `json:"p_won"`
	}
	vector(t, "TV-30", &v)
	closeTo(t, "aged rate", must(Aged(v.Q, v.F)), v.Aged)
	outlook := examplePath().Outlook(func(int, float64) float64 { return v.F })
	closeTo(t, "P(won)", outlook(0, 30), v.Won)
	closeTo(t, "P(won) of a fresh lead", examplePath().Outlook(nil)(0, 30), 0.07)
}
