package main

import (
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// All leads have a row, whether or not there is a group to stand below.
func TestAllLeadsHaveARow(t *testing.T) {
	row := model.EconomicRow{Group: budget.Group{Leads: 5}}
	tier := row
	tier.By, tier.Value = model.ByTier, "A"
	source := row
	source.By, source.Value = "source", "web"
	for name, e := range map[string]*model.Economics{
		"nothing else": {},
		"tiers":        {Tiers: []model.EconomicRow{tier}},
		"both":         {Tiers: []model.EconomicRow{tier}, Rows: []model.EconomicRow{source}},
	} {
		e.Policy, e.Total = &budget.Policy{Target: budget.DefaultTarget(), Currency: "USD"}, row
		var out strings.Builder
		describeEconomics(&out, e, &budgetFlags{})
		if n := strings.Count(out.String(), "(all leads)  "); n != 1 {
			t.Errorf("%s: all leads have %d rows:\n%s", name, n, out.String())
		}
	}
}

// What cannot be told of young leads is said, not written as 0.
func TestYoungWithoutOutlook(t *testing.T) {
	costs := &budget.Costs{Counts: []float64{79, 5}, Maturity: budget.Maturity{Immature: true, MatureShare: budget.Known(0), ExpectedWins: budget.Unknown(budget.Unmeasured)}}
	if text := young(costs); !strings.Contains(text, "5 won so far; how many in the end cannot be told") {
		t.Errorf("%q", text)
	}
}
