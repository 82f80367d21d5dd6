package model

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// A goal takes so many units of each stage that their rates lead back to its sales, and the pace of the last quarter says
// how long they take to come.
func TestGoal(t *testing.T) {
	o := DefaultEconomicsOptions()
	o.Goal = &GoalQuestion{Amount: 1e6, Share: 0.5}
	m, table, e := reckoned(t, o)
	g := e.Goal
	each, _ := e.Total.ProfitPerSale.Value()
	deals, _ := g.Needed.Deals.Value()
	leads, _ := g.Needed.Units[0].Value()
	marketing, _ := g.Needed.Marketing.Value()
	if g.PerSale != each || deals != math.Ceil(1e6/each) || math.Abs(marketing-leads/2) > 1 {
		t.Errorf("%+v", g)
	}
	sales := leads
	for _, q := range g.Rates {
		sales *= q
	}
	if sales < deals || sales > deals+1 {
		t.Errorf("%v leads at %v make %v sales, want %v", leads, g.Rates, sales, deals)
	}
	months, _ := g.Months.Value()
	if pace, _ := g.PerMonth.Value(); pace <= 0 || math.Abs(months*pace-leads) > 1e-6*leads {
		t.Errorf("%v leads at %v a month take %v months", leads, pace, months)
	}
	if !strings.Contains(g.Words, "$1,000,000 of profit") || !strings.Contains(g.Words, "marketing's 50 % of the leads") {
		t.Error(g.Words)
	}
	o.Goal.Revenue = true
	if _, err := m.Economics(table, o); !errors.Is(err, ErrNoRevenue) {
		t.Errorf("a goal of revenue without a revenue: %v", err)
	}
	m.policy.GrossMargin = 0.25
	e, err := m.Economics(table, o)
	if err != nil || math.Abs(e.Goal.PerSale-4*each) > 1e-9*each {
		t.Errorf("%v a sale at a margin of a quarter, want %v: %v", e.Goal.PerSale, 4*each, err)
	}
}

// The higher the bar, the fewer leads and the better they are.
func TestBars(t *testing.T) {
	_, _, e := reckoned(t, DefaultEconomicsOptions())
	if len(e.Bars) < 5 {
		t.Fatalf("%+v", e.Bars)
	}
	for i, b := range e.Bars {
		if b.Share > 1 || b.ExpectedWins < b.Probability*b.Leads || math.Abs(b.Hours-b.Leads*e.Policy.HoursPerLead) > 1e-9 {
			t.Errorf("%+v", b)
		}
		if i > 0 && (b.Leads > e.Bars[i-1].Leads || b.ExpectedWins/b.Leads < e.Bars[i-1].ExpectedWins/e.Bars[i-1].Leads) {
			t.Errorf("%+v after %+v", b, e.Bars[i-1])
		}
	}
}

// What would make the target does: a cap at the probability that is required is the price, and so at the profit.
func TestRequired(t *testing.T) {
	o := DefaultEconomicsOptions()
	_, _, e := reckoned(t, o)
	row := EconomicRow{Group: e.Rows[0].Group}
	s, _ := row.SalesCost.Value()
	p, _ := row.Probability.Value()
	m, _ := row.ProfitPerSale.Value()
	const price = 77
	if err := row.require(e.Policy.Target, price, s); err != nil {
		t.Fatal(err)
	}
	needP, _ := row.RequiredP.Value()
	needM, _ := row.RequiredM.Value()
	most, _ := row.MaxReturn.Value()
	for name, v := range map[string]float64{"probability": needP * m, "profit": p * needM} {
		if limit, err := e.Policy.Cap(v, s, 0); err != nil || math.Abs(limit.Max-price) > 1e-6 {
			t.Errorf("at the required %s the cap is %v, want %v (%v)", name, limit.Max, price, err)
		}
	}
	if limit, err := (budget.Target{ROI: most, Basis: e.Policy.Basis}).Cap(p*m, s, 0); err != nil || math.Abs(limit.Max) > 1e-6 {
		t.Errorf("at the greatest return the cap is %v (%v)", limit.Max, err)
	}
}

func TestNewBuyersInWords(t *testing.T) {
	drift := func(latest, earlier []float64) string {
		d, err := budget.Compare(latest, earlier)
		if err != nil {
			t.Fatal(err)
		}
		b := &NewBuyers{Drift: d}
		b.say("USD")
		return b.Words
	}
	for want, latest := range map[string][]float64{
		"worth 50 % less (z ": {50, 51, 49, 50}, "worth 100 % more": {200, 201, 199, 200}, "no more than chance": {90, 110, 100, 101}, "too few": {1},
	} {
		if words := drift(latest, []float64{100, 101, 99, 100}); !strings.Contains(words, want) {
			t.Errorf("%v: %s", latest, words)
		}
	}
}
