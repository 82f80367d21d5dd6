package model

import (
	"fmt"
	"math"
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// The first of the caps by stage is the cap of the lead, the last what a sale earns at the target, and A_k+1 = (A_k + c_k)/q_k
// between them; what marketing may cost is the cap of as many leads as it takes.
func TestStageCaps(t *testing.T) {
	m, _, e := reckoned(t, DefaultEconomicsOptions())
	rows := append(append([]EconomicRow{e.Total}, e.Rows...), e.Tiers...)
	for i := range rows {
		r := &rows[i]
		limit, _ := r.Cap.Value()
		profit, _ := r.ProfitPerSale.Value()
		p, _ := r.Probability.Value()
		if len(r.StageCaps) != len(e.Funnel.Stages) {
			t.Fatalf("%s has %d caps", r.Value, len(r.StageCaps))
		}
		first, last := r.StageCaps[0], r.StageCaps[len(r.StageCaps)-1]
		lead, _ := first.Max.Value()
		sale, _ := last.Max.Value()
		bought, _ := last.Marketing.Value()
		if near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(b, 1) }; !near(lead, limit) || !near(sale, max(profit/1.25-50, 0)) || !near(bought, limit/p) {
			t.Errorf("%s: a lead %v (%v), a sale %v of %v, its leads %v", r.Value, lead, limit, sale, profit, bought)
		}
		for k := range r.StageCaps[1:] {
			before, _ := r.StageCaps[k].Marketing.Value()
			if after, _ := r.StageCaps[k+1].Marketing.Value(); after < before {
				t.Errorf("%s: fewer leads get to %s, which yet may cost less", r.Value, e.Funnel.Stages[k+1])
			}
		}
	}
	if m.Policy().ROI != 0.25 {
		t.Fatal("another target")
	}
}

// Nothing may cost less at a later stage, not even in groups of a few leads, which reached more stages than their cap
// supposes.
func TestStageCapsRise(t *testing.T) {
	table, options := staged(t, world{rows: 3000, seed: 41}), withPolicy()
	options.Policy.HoursPerLead, options.Policy.StageCosts[1].Cost = 0, 40
	o := DefaultEconomicsOptions()
	o.By = []string{"account"}
	e, err := train(t, table, options).Model.Economics(table, o)
	if err != nil || len(e.Rows) < 500 {
		t.Fatalf("%d accounts, %v", len(e.Rows), err)
	}
	for i := range e.Rows {
		r := &e.Rows[i]
		for k := 1; k < len(r.StageCaps); k++ {
			before, _ := r.StageCaps[k-1].Max.Value()
			if after, _ := r.StageCaps[k].Max.Value(); after < before-1e-9*before {
				t.Errorf("%s: %v before %s and %v there", r.Value, before, r.StageCaps[k].Stage, after)
			}
		}
	}
}

// The tables have a cell for each stage and one more, and a dash for a group without caps.
func TestStageCapCells(t *testing.T) {
	caps := []StageCap{{"lead", budget.Known(1.239), budget.Known(1.239)}, {"won", budget.Known(20), budget.Known(300)}}
	cells := StageCapCells([]*EconomicRow{{StageCaps: caps}, {}}, "USD")
	if want := "[[$1.23 $20 $300] [– – –]]"; fmt.Sprint(cells) != want {
		t.Errorf("%v, want %s", cells, want)
	}
}

// As many leads as it takes to know a value, counted as they come in accounts.
func TestLeadsNeeded(t *testing.T) {
	e := budget.Evidence{Leads: 1000, Wins: 70, Profit: 4000, SD: 2500} // TV-16
	for mature, want := range map[int]float64{1000: 2181, 3000: 3 * 2181} {
		n, err := needed(mature, e)
		if x, known := n.Value(); err != nil || !known || x != want {
			t.Errorf("%v of %d leads, want %v: %v", n, mature, want, err)
		}
	}
	if n, err := needed(10, budget.Evidence{Leads: 10}); err != nil || n.Reason() != budget.NoWins {
		t.Errorf("%v, %v", n, err)
	}
	x := &Economics{Rows: []EconomicRow{
		{Value: "few", Mature: 5, Needed: budget.Known(90), Group: budget.Group{Few: true, Leads: 5}},
		{Value: "short", Mature: 500, Needed: budget.Known(2181)}, {Value: "known", Mature: 3000, Needed: budget.Known(2181)}, {Value: "none", Mature: 100, Needed: budget.Unknown(budget.NoWins)},
	}}
	if got, want := x.PrecisionWords(), "leads with a known outcome, of as many as it takes to know their value to within 20 %, 19 times in 20: short 500 of 2,181"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := x.TooFewWords(); got != "few (5)" {
		t.Errorf("%q", got)
	}
	if got := (&Economics{}).PrecisionWords(); got != "" {
		t.Errorf("%q of nothing", got)
	}
}

// Probabilities that held-out leads belie are told, and no others.
func TestCutoffDoubt(t *testing.T) {
	for _, c := range []struct {
		name string
		e    *Evaluation
		want int
	}{
		{"calibrated", &Evaluation{Rows: 1000, Mean: 0.07, BaseRate: 0.07, CalibrationSlope: 1}, 0},
		{"too sure", &Evaluation{Rows: 1000, Mean: 0.07, BaseRate: 0.07, CalibrationSlope: 0.7}, 1},
		{"too high", &Evaluation{Rows: 1000, Mean: 0.14, BaseRate: 0.07, CalibrationSlope: 1}, 1},
		{"not evaluated", nil, 0},
	} {
		if got := c.e.CutoffDoubt(); len(got) != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
