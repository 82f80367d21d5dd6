package budget

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

// examplePlan is the path of TV-2 on three root curves.
func examplePlan() Plan {
	p := Plan{Basis: InInvestment, Limits: Limits{Mode: StopAtTarget, Budget: ptr(50_000), Reserve: 0.1, Hours: ptr(300), ROI: 0.25, Currency: "USD"}}
	for i, name := range []string{"search", "webinar", "list"} {
		p.Sources = append(p.Sources, PlanSource{
			Name: name, Curve: Curve{Form: Power, A: 1, B: 0.5}, Path: examplePath(), Profit: 4000 + 1000*float64(i), Hours: 1.2, Current: 4000,
		})
	}
	return p
}

// The last lead of every free source costs its cap.
func TestPlanStopsAtTheCaps(t *testing.T) {
	p := examplePlan()
	p.Limits.Hours, p.Limits.Budget = nil, nil
	for _, basis := range bases {
		p.Basis = basis
		r := must(p.Solve("m"))
		for i, x := range r.Allocation.Shares {
			s := p.Sources[i]
			known(t, string(basis)+" "+x.Name, x.MarginalCost, must(s.Path.Caps(s.Profit, Target{0.25, basis}))[0].Max)
		}
		if o := r.Planned; math.Abs(o.Value-o.Spend-o.SalesCost-o.Profit) > 1e-6 || r.Gain != o.Profit-r.Now.Profit {
			t.Errorf("%+v", r)
		}
	}
}

func TestScenarios(t *testing.T) {
	p := examplePlan()
	before, _ := json.Marshal(p)
	base, scenarios, err := p.Scenarios("m", append(p.Presets(160), Change{Name: "nothing"}, Change{Name: "too much", Least: map[string]float64{"list": 1e6}}))
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := json.Marshal(p); string(after) != string(before) {
		t.Error("scenarios changed the plan")
	}
	byName := make(map[string]Scenario)
	for _, s := range scenarios {
		byName[s.Name] = s
		if (s.Answer == nil) != (s.Impossible != "") {
			t.Errorf("%+v", s)
		}
	}
	if s := byName["nothing"]; s.Profit != 0 || s.Answer.Sum != base.Sum {
		t.Errorf("no change changes %v", s.Profit)
	}
	if s := byName["too much"]; !strings.Contains(s.Impossible, "955000 too much") {
		t.Errorf("%q", s.Impossible)
	}
	for name, sign := range map[string]float64{
		"target return 10 points higher": -1, "leads cost 15 % more": -1, "without search": -1, "without list": -1, "5 points more of opportunity go on": 1,
	} {
		s, has := byName[name]
		if !has || s.Profit*sign <= 0 {
			t.Errorf("%s: profit changes by %v", name, s.Profit)
		}
		if s.Answer != nil && s.Answer.Sum == base.Sum {
			t.Errorf("%s has the fingerprint of the plan", name)
		}
	}
	if a := byName["without list"].Answer.Allocation; a.Shares[2].Spend != 0 || a.Shares[2].Bound != Locked {
		t.Errorf("%+v", a.Shares[2])
	}
}

func TestChangesOfHoursAndBudget(t *testing.T) {
	p := examplePlan()
	p.Limits.Hours = ptr(100)
	tight := must(p.Solve("m"))
	if tight.Allocation.Mu <= 0 {
		t.Fatal("the hours of the test are slack")
	}
	more := must(must(p.With(Change{Hours: ptr(50)})).Solve("m"))
	if more.Planned.Hours <= tight.Planned.Hours || more.Planned.Profit <= tight.Planned.Profit {
		t.Errorf("50 hours more: %+v after %+v", more.Planned, tight.Planned)
	}
	if fewer := must(must(p.With(Change{Hours: ptr(-1e6)})).Solve("m")); fewer.Planned.Hours > 1e-9 {
		t.Errorf("no hours: %+v", fewer.Planned)
	}
}

func TestChangesRefuse(t *testing.T) {
	for _, c := range []Change{
		{Prices: map[string]float64{"gone": 1}}, {Rates: map[string]float64{"gone": 1}}, {Costs: map[string]float64{"mql": -1}},
		{Price: ptr(0)}, {ROI: ptr(-1)}, {Prices: map[string]float64{"list": 0}}, {Profit: ptr(nan)},
	} {
		if _, err := examplePlan().With(c); err == nil {
			t.Errorf("%+v passes", c)
		}
	}
}

func TestTornado(t *testing.T) {
	rows := must(examplePlan().Tornado([]Swing{
		{"little", Change{Profit: ptr(0.99)}, Change{Profit: ptr(1.01)}},
		{"much", Change{Profit: ptr(0.8)}, Change{Profit: ptr(1.2)}},
	}))
	if rows[0].Name != "much" || rows[0].Low.value >= 0 || rows[0].High.value <= 0 || rows[0].Span <= rows[1].Span {
		t.Errorf("%+v", rows)
	}
}

// A plan on firm ground is sure of itself, one on little data is told to move carefully.
func TestConfidence(t *testing.T) {
	p := examplePlan()
	p.Limits.Hours, p.Limits.Mode = nil, MostProfit
	posteriors := func(strength float64) (known []Posterior) {
		for _, s := range p.Sources {
			known = append(known, Posterior{Rate: BetaOf(0.07, strength), Profit: s.Profit, ProfitLogSE: 2 / math.Sqrt(strength)})
		}
		return known
	}
	firm := must(p.Confidence(posteriors(1e5), 100, 1))
	known(t, "better", firm.Better, 1)
	for i, band := range firm.Bands {
		best := must(p.Solve("")).Allocation.Shares[i].Spend
		known(t, "median spend on "+band.Name, band.Median, best, 0.02)
	}
	for i := range p.Sources {
		p.Sources[i].Current = must(p.Solve("")).Allocation.Shares[i].Spend * 1.5
	}
	thin := must(p.Confidence(posteriors(20), 100, 1))
	if !thin.Careful || thin.Bands[0].High.value < 2*thin.Bands[0].Low.value {
		t.Errorf("%+v", thin)
	}
	again := must(p.Confidence(posteriors(20), 100, 1))
	if !again.Better.Equal(thin.Better) {
		t.Error("the same seed gives another confidence")
	}
}
