package budget

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// examplePolicy is that of TV-2, with nurture of TV-14.
func examplePolicy() *Policy {
	return &Policy{
		Target: DefaultTarget(), Currency: "USD",
		StageCosts: []StageCost{{"lead", 0}, {"mql", 60}, {"sql", 150}, {"opportunity", 400}, {WonStage, 0}},
		Nurture:    &Nurture{P1: 0.12, Q: 0.5, Delay: 0.97, Cost: 30},
		Tiers:      &Tiers{By: ByValue, Names: []string{"A", "B", "C"}, Cuts: []float64{250, 100}, Hysteresis: 0.05},
	}
}

var exampleReach = []float64{1, 0.4, 0.2, 0.14}

func TestDecide(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		lead   LeadValue
		change func(p *Policy)
		tier   string
		action Action
		cap    string // "" = none
		why    Reason
	}{
		{name: "TV-2", lead: LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach}, tier: "A", action: HandOff, cap: "$114"},
		{name: "cost of sale", lead: LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach}, change: func(p *Policy) { p.Basis = CostOfSale }, tier: "A", action: HandOff, cap: "$136"},
		{name: "marketing", lead: LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach}, change: func(p *Policy) { p.Basis = Marketing }, tier: "A", action: HandOff, cap: "$224"},
		{name: "scarce hours", lead: LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach}, change: func(p *Policy) { p.HoursPerLead, p.HourPrice = 1.2, 50; p.Nurture = nil }, tier: "A", action: HandOff, cap: "$54"},
		{name: "commission", lead: LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach}, change: func(p *Policy) { p.StageCosts[4].Cost = 100 }, tier: "A", action: HandOff, cap: "$107"},
		{name: "nurture is better", lead: LeadValue{P: 0.03, Profit: 4000, Reach: exampleReach}, tier: "B", action: NurtureIt, cap: "$0"},
		{name: "sales had it", lead: LeadValue{P: 0.03, Profit: 4000, Reach: exampleReach, Rejected: true}, tier: "B", action: Recycle, cap: "$0"},
		{name: "sales had it and should again", lead: LeadValue{P: 0.2, Profit: 4000, Reach: exampleReach, Rejected: true}, tier: "A", action: HandOff, cap: "$530"},
		{name: "sales had it for nothing", lead: LeadValue{P: 0.01, Profit: 400, Reach: exampleReach, Rejected: true}, tier: "C", action: Drop, cap: "$0"},
		{name: "no assumptions on nurture", lead: LeadValue{P: 0.02, Profit: 4000, Reach: exampleReach}, change: func(p *Policy) { p.Nurture = nil }, tier: "C", action: Drop, cap: "$0"},
		{name: "hopeless", lead: LeadValue{P: 0.01, Profit: 400, Reach: exampleReach}, tier: "C", action: Drop, cap: "$0"},
		{name: "a loss", lead: LeadValue{P: 0.5, Profit: -400, Reach: exampleReach}, tier: "C", action: Drop, cap: "$0"},
		{name: "p = 0 and no costs", lead: LeadValue{P: 0, Profit: 400, Reach: exampleReach}, change: func(p *Policy) { p.StageCosts[1].Cost = 0; p.Nurture = nil }, tier: "C", action: Drop, cap: "$0"},
		{name: "stays in its tier", lead: LeadValue{P: 0.06, Profit: 4000, Reach: exampleReach, Before: "A"}, tier: "A", action: NurtureIt, cap: "$82"},
		{name: "insufficient", lead: LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach, Insufficient: true}, tier: Unscored, action: Review, cap: "$114"},
		{name: "no value model", lead: LeadValue{P: 0.07, Profit: nan, Reach: exampleReach}, tier: Unscored, action: Review, why: NoProfit},
		{name: "no value model, tiers by probability", lead: LeadValue{P: 0.07, Profit: nan, Reach: exampleReach}, change: func(p *Policy) {
			p.Tiers = &Tiers{By: ByProbability, Names: []string{"hot", "cold"}, Cuts: []float64{0.05}}
		}, tier: "hot", action: Review, why: NoProfit},
		{name: "no probability", lead: LeadValue{P: nan, Profit: 4000, Reach: exampleReach}, tier: Unscored, action: Review, why: BadProbability},
		{name: "no rates", lead: LeadValue{P: 0.07, Profit: 4000}, tier: Unscored, action: Review, why: Unmeasured},
		{name: "a rate above 1", lead: LeadValue{P: 0.07, Profit: 4000, Reach: []float64{1, 2, 0, 0}}, tier: Unscored, action: Review, why: BadProbability},
		{name: "beyond money", lead: LeadValue{P: 1, Profit: 1e300, Reach: exampleReach}, tier: Unscored, action: Review, why: TooLarge},
		{name: "no tiers", lead: LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach}, change: func(p *Policy) { p.Tiers = nil }, tier: "", action: HandOff, cap: "$114"},
		{name: "tiers by cap", lead: LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach}, change: func(p *Policy) { p.Tiers.By = ByCap }, tier: "B", action: HandOff, cap: "$114"},
		{name: "tiers by profit per hour", lead: LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach}, change: func(p *Policy) { p.Tiers.By = ByProfitPerHour; p.HoursPerLead = 0.5 }, tier: "A", action: HandOff, cap: "$114"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := examplePolicy()
			if c.change != nil {
				c.change(p)
			}
			if err := p.Validate(); err != nil {
				t.Fatal(err)
			}
			d := p.Decide(c.lead)
			if d.Tier != c.tier || d.Action != c.action || d.Missing != c.why {
				t.Errorf("tier %q, action %s, reason %q; want %q, %s, %q", d.Tier, d.Action, d.Missing, c.tier, c.action, c.why)
			}
			if c.why == "" && d.MaxCost.String() != c.cap {
				t.Errorf("cap %v, want %s", d.MaxCost, c.cap)
			}
		})
	}
}

func TestTierValue(t *testing.T) {
	p := examplePolicy()
	p.HoursPerLead, p.HourPrice = 0.5, 20
	for by, want := range map[TierBy]float64{ByValue: 280, ByProbability: 0.07, ByCap: 104, ByProfitPerHour: 340} {
		p.Tiers.By = by
		closeTo(t, string(by), p.TierValue(280, 120, 0.07), want)
	}
	p.Tiers.By, p.HoursPerLead = ByProfitPerHour, 0
	closeTo(t, "per hour of no hours", p.TierValue(280, 110, 0.07), 170)
	p.Tiers = nil
	closeTo(t, "no tiers", p.TierValue(280, 110, 0.07), 280)
}

func TestDecideAllocatesNothing(t *testing.T) {
	p, lead := examplePolicy(), LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach, Before: "B"}
	if n := testing.AllocsPerRun(100, func() { p.Decide(lead) }); n != 0 {
		t.Errorf("%v allocations a lead", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	p, lead := examplePolicy(), LeadValue{P: 0.07, Profit: 4000, Reach: exampleReach, Before: "B"}
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(lead)
	}
}

func TestPolicyRefuses(t *testing.T) {
	p := &Policy{
		Target: Target{ROI: -1, Basis: "x"}, Currency: "dollars", StageCosts: []StageCost{{WonStage, -1}, {"lead", 0}},
		HoursPerLead: -1, HourPrice: math.Inf(1), Nurture: &Nurture{P1: 2}, Tiers: &Tiers{},
	}
	want := []string{"target_roi", "roi_basis", "currency", "stage_costs.won", "stage_costs[0]", "hours_per_lead", "hour_price", "nurture.p1", "tiers.by", "tiers.names", "tiers.cuts"}
	got := fieldsOf(p.Validate())
	if len(got) != len(want) {
		t.Fatalf("problems with %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("problem %d is with %s, want %s", i, got[i], want[i])
		}
	}
}

// A policy that passes its checks never gives a number that is none, whatever the lead.
func FuzzPolicy(f *testing.F) {
	text, err := json.Marshal(examplePolicy())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, 0.07, 4000.0, 0.4)
	f.Add([]byte(`{"target_roi":-0.999999,"roi_basis":"marketing","currency":"KWD"}`), 1.0, 1e300, 1.0)
	f.Add([]byte(`{"target_roi":1e300,"roi_basis":"cost_of_sale","currency":"USD","tiers":{"by":"profit_per_hour","names":["A","B"],"cuts":[1e308]},"hours_per_lead":1e-300}`), 0.5, 1e10, 1.0)
	f.Fuzz(func(t *testing.T, text []byte, p, m, q float64) {
		var policy Policy
		if json.Unmarshal(text, &policy) != nil || policy.Validate() != nil {
			return
		}
		lead := LeadValue{P: p, Profit: m, Reach: make([]float64, policy.rates())}
		for k := range lead.Reach {
			lead.Reach[k] = q
		}
		d := policy.Decide(lead)
		if d.Missing == "" && (!isFinite(d.Value) || !isFinite(d.Cost) || !isFinite(d.Worth.Now) || d.MaxCost.Minor < 0) {
			t.Fatalf("%+v gives %+v", lead, d)
		}
		if d.Action == HandOff && !(d.Worth.Now > 0) {
			t.Fatalf("%+v is handed off for %v", lead, d.Worth.Now)
		}
		if (d.Tier == "") != (policy.Tiers == nil) {
			t.Fatalf("tier %q", d.Tier)
		}
	})
}

// The action is worth at least as much as every other one.
func TestActionIsTheBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0, 1)
		n := &Nurture{P1: share.Draw(t, "p1"), Q: share.Draw(t, "q"), Delay: share.Draw(t, "δ"), Cost: rapid.Float64Range(0, 100).Draw(t, "c")}
		s, hours := rapid.Float64Range(0, 500).Draw(t, "s"), rapid.Float64Range(0, 100).Draw(t, "μh")
		action, worth := choose(share.Draw(t, "p0"), rapid.Float64Range(-100, 1e4).Draw(t, "m"), s+hours, n)
		later, _ := worth.Nurture.Value()
		if got := map[Action]float64{HandOff: worth.Now, NurtureIt: later, Drop: 0}[action]; got < max(worth.Now, later, 0) {
			t.Fatalf("%s is worth %v of %+v", action, got, worth)
		}
	})
}
