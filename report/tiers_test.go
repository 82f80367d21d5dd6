package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// economicRow is a group of n leads alike, paid at cost (negative = unknown).
func economicRow(t *testing.T, by, name string, n, p, m, cost float64, target budget.Target) model.EconomicRow {
	t.Helper()
	g, err := budget.Summarize([]budget.Member{{P: p, M: m, Weight: n / 2, SalesCost: 10}, {P: p / 2, M: 2 * m, Weight: n / 2, SalesCost: 10}}, target)
	if err != nil {
		t.Fatal(err)
	}
	unknown := budget.Unknown(budget.Unmeasured)
	r := model.EconomicRow{By: by, Value: name, Group: g, Won: n * p, Low: unknown, High: unknown, Cautious: unknown, Spend: unknown, CostPerLead: unknown, CapAbove: unknown, Share: unknown}
	if limit, known := g.Cap.Value(); known && p > 0 {
		r.Low, r.High, r.Cautious = budget.Known(0.8*limit), budget.Known(1.3*limit), budget.Known(0.9*limit)
		r.Arithmetic = target.Arithmetic("USD", p, m, 10, 0)
	}
	if v, known := g.Value.Value(); known && cost >= 0 {
		purchase, err := target.Judge(v, 10, cost)
		if err != nil {
			t.Fatal(err)
		}
		r.CostPerLead, r.Purchase, r.Words = budget.Known(cost), &purchase, purchase.Words("USD")
	}
	return r
}

func sampleEconomics(t *testing.T) *model.Economics {
	target := budget.DefaultTarget()
	row := func(by, name string, n, p, m, cost float64) model.EconomicRow {
		return economicRow(t, by, name, n, p, m, cost, target)
	}
	leaks := budget.Leak{
		Entered: 1000, Progressed: 300, Lost: 505, Open: 195,
		Rate: budget.Known(0.3727), Low: budget.Known(0.345), High: budget.Known(0.401), RawRate: budget.Known(0.3), Ratio: budget.Known(10.0 / 3),
		Reasons: []budget.ReasonCount{
			{Reason: "", Cause: budget.CauseUnknown, Count: 300, Worth: 27000}, {Reason: "no budget", Cause: budget.CauseBudget, Count: 200, Worth: 18000}, {Reason: "<b>rude</b>", Cause: budget.CauseUnknown, Count: 5, Worth: 450},
		},
		UnknownShare: budget.Known(305.0 / 505), UnknownIsMany: true,
		Peers: &budget.Gap{Units: 800, Rate: budget.Known(0.37), Expected: budget.Known(0.3), Difference: budget.Known(0.07), Z: budget.Known(4.2), Worth: budget.Known(5678)},
	}
	leaks.Source = "<i>list</i>"
	return &model.Economics{
		Policy: &budget.Policy{Target: target, Currency: "USD", StageCosts: []budget.StageCost{{Stage: "lead", Cost: 10}}}, StageRates: "source",
		Leads: 1500, Mature: 1200, Level: 0.9, Total: row("", "", 1500, 0.07, 4000, 120),
		Rows: []model.EconomicRow{
			row("source", "referral", 500, 0.10, 4000, 0), row("source", "<i>list</i>", 500, 0.01, 300, 40), row("source", "fair", 500, 0.1, 4000, 330),
			row("source", "none yet", 10, 0, 4000, -1), row("industry", "", 0, 0, 0, -1),
		},
		Tiers: []model.EconomicRow{row("tier", "A", 300, 0.2, 5000, -1), row("tier", "B", 1200, 0.03, 2000, -1)},
		Funnel: &model.Funnel{
			Stages: []string{"lead", "won"}, Leaks: []budget.Leak{leaks}, BySource: []budget.Leak{leaks}, Unlike: []budget.Leak{leaks}, Repairs: []budget.Figure{budget.Known(12)},
			Contact: &model.ContactWaits{From: "mql", To: "contacted", Leads: 100, Contacted: 80, Median: budget.Known(1.5), P90: budget.Unknown(budget.Unresolved),
				Working: &model.WorkingWaits{Median: budget.Known(6), P90: budget.Unknown(budget.Unresolved)}, Service: &model.ServiceLevel{Hours: 8, Working: true, Met: budget.Known(0.625)},
				Stale: &model.StaleWaits{Decay: 0.05, Worth: 700, Lost: budget.Known(40), After: []model.StaleAfter{{Days: 1, Lost: 34.14}}}},
		},
	}
}

// The page says what leads may cost, at a loss in words, and what averages would have paid.
func TestMoneyAndFunnel(t *testing.T) {
	training := sampleTraining(20)
	o := sampleOptions(training)
	o.Economics = sampleEconomics(t)
	page := written(t, training, o)
	seen := map[string]bool{}
	for _, e := range parse(t, page) {
		if id := e.attrs["id"]; id != "" {
			if seen[id] {
				t.Errorf("two elements have the id %q", id)
			}
			seen[id] = true
		}
	}
	for _, want := range []string{
		`id="caps-1"`, "no group may be bought at any price", "2 of 3 groups of known cost are paid above the cap", "▼ at a loss", "▽ below target", "unmeasured", "few leads",
		"Never multiply averages", "Paid at caps from averages", "no sale yet", "What averages would have paid", "Why leads are lost", "no budget", "(none given)",
		"Five points more", "1.5 days", "have no known reason",
		"half within 6.0 hours, fewer than nine in ten are contacted", "62.5 % of the leads are contacted within the agreed 8 working hours", "loses $34.14 in a day",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, raw := range []string{"<i>list", "<b>rude"} {
		if strings.Contains(page, raw) {
			t.Errorf("%q is on the page as it is", raw)
		}
	}
}

// A table of hundreds of groups stays a page.
func TestManyGroups(t *testing.T) {
	training := sampleTraining(20)
	o := sampleOptions(training)
	e := sampleEconomics(t)
	for i := range 500 {
		e.Rows = append(e.Rows, economicRow(t, "city", fmt.Sprint("city ", i), 40, 0.05, 1000, 5, e.Policy.Target))
	}
	o.Economics = e
	if page := written(t, training, o); strings.Contains(page, "city 450") || !strings.Contains(page, "city 1") {
		t.Error("the table of cities is not cut")
	}
	e.Rows, e.Tiers, e.Funnel = nil, nil, nil
	if page := written(t, training, o); !strings.Contains(page, "What was paid for leads is not known") {
		t.Error("without groups the page does not say so")
	}
}

// The money section tells its doubts, a doubtful purchase, and all leads where there are no groups.
func TestMoneyDoubts(t *testing.T) {
	training := sampleTraining(20)
	o := sampleOptions(training)
	e := sampleEconomics(t)
	e.Notes = []model.Warning{{Code: "cost_unknown", Column: "price", Detail: "missing on 3 of 9 leads"}}
	e.Rows[0].Purchase.Verdict = budget.Doubtful
	o.Economics = e
	page := written(t, training, o)
	for _, want := range []string{"missing on 3 of 9 leads", "? doubtful", "2 of 3 groups of known cost are paid above the cap, and those bought at a loss", "; 1 more above what their outcomes allow"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	e.Rows = nil
	if page := written(t, training, o); strings.Count(page, ">All leads<") != 3 {
		t.Errorf("all leads stand in %d tables, want 3: tiers, arithmetic and averages", strings.Count(page, ">All leads<"))
	}
}
