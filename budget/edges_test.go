package budget

import (
	"math"
	"testing"
	"time"
)

var nan = math.NaN()

func day(n int) time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

// record is a journey of the stages lead, opportunity and won, entered on days; -1 is no record.
func record(lead, source string, days ...int) Journey {
	j := Journey{Lead: lead, Source: source, Profit: nan, Model: nan, Credit: 1, Entered: make([]time.Time, len(days))}
	for k, d := range days {
		if d >= 0 {
			j.Entered[k] = day(d)
		}
	}
	return j
}

func lost(j Journey, on int, reason string) Journey {
	j.Lost, j.Reason = day(on), reason
	return j
}

func sold(j Journey, profit float64) Journey {
	j.Profit = profit
	return j
}

// options are those of a table of lead, opportunity and won over a year.
func options() TableOptions {
	return TableOptions{StageCosts: []float64{1, 10, 100}, Basis: Cohort, Period: WholeWindow, From: day(0), To: day(365), AsOf: day(365), CycleDays: 30}
}

// table makes the table of some journeys.
func table(t *testing.T, o TableOptions, spend []Spend, journeys ...Journey) *CostTable {
	t.Helper()
	c, err := CostBySource(journeys, spend, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func counts(t *testing.T, c Costs, want ...float64) {
	t.Helper()
	for k, n := range want {
		if c.Counts[k] != n {
			t.Errorf("%s: counts %v, want %v", c.Source, c.Counts, want)
			return
		}
	}
}

// The edge cases of the specification, by its names.
func TestEdgeCases(t *testing.T) {
	marketing := Target{0.25, Marketing}
	t.Run("no leads in segment", func(t *testing.T) {
		g := must(Summarize(nil, marketing))
		for name, f := range map[string]Figure{"cap": g.Cap, "v": g.Value, "p": g.Probability, "m": g.ProfitPerSale, "averaged": g.Trap.Cap} {
			unknown(t, name, f, NoLeads)
		}
		if got := g.Words("USD", marketing); got != "no leads, so no cap" {
			t.Error(got)
		}
		prior := must(FitPrior([]float64{12, 30}, []float64{150, 300}))
		closeTo(t, "the prior is shown", prior.After(0, 0).Mean(), prior.Mean())
	})
	t.Run("p = 0", func(t *testing.T) {
		c := must(marketing.Cap(0, 0, 0))
		if c.Max != 0 || c.Status != DoNotBuy {
			t.Errorf("%+v", c)
		}
		unknown(t, "required m", must(marketing.RequiredProfit(100, 0, 0)), NoConversion)
		unknown(t, "profit per sale", must(Summarize([]Member{{P: 0, M: 1000, Weight: 1}}, marketing)).ProfitPerSale, NoWins)
	})
	t.Run("p = 1", func(t *testing.T) {
		closeTo(t, "cap", must(marketing.Cap(1000, 0, 0)).Max, 800)
		e := Evidence{Leads: 10, Wins: 10, Profit: 1000, SD: 0}
		known(t, "se_log", e.LogSE(), 0)
		known(t, "P(v < 900)", must(e.Below(900)), 0)
	})
	t.Run("m ≤ 0", func(t *testing.T) {
		for _, m := range []float64{0, -500} {
			if c := must(marketing.Cap(0.1*m, 0, 0)); c.Max != 0 || c.Status != DoNotBuy {
				t.Errorf("m = %v: %+v", m, c)
			}
			unknown(t, "required p", must(marketing.RequiredProbability(100, m, 0)), NoProfit)
			unknown(t, "p*", must(Cutoff(m, 10, 0, 0)), NoProfit)
			unknown(t, "se_log", Evidence{Leads: 10, Wins: 2, Profit: m}.LogSE(), NoProfit)
			if action, _ := choose(0.1, m, 0, nil); action != Drop {
				t.Errorf("m = %v: %s", m, action)
			}
		}
	})
	t.Run("required p above 1", func(t *testing.T) {
		unknown(t, "required p", must(marketing.RequiredProbability(1000, 500, 0)), OutOfReach)
		unknown(t, "p*", must(Cutoff(100, 110, 0, 0)), OutOfReach)
	})
	t.Run("spend 0 with leads", func(t *testing.T) {
		row := costRow(Known(0), []float64{10, 4, 2}, []float64{0, 0, 0}, 500, 0)
		known(t, "cost per lead", row.PerUnit[0], 0)
		unknown(t, "ROI", row.ROI, NoSpend)
		unknown(t, "price 0", must(marketing.Return(100, 0, 0)), NoSpend)
	})
	t.Run("spend with no leads", func(t *testing.T) {
		row := costRow(Known(100), []float64{0, 0, 0}, []float64{0, 0, 0}, 0, 0)
		unknown(t, "cost per lead", row.PerUnit[0], NoLeads)
		unknown(t, "cost per opportunity", row.PerUnit[1], NotReached)
		unknown(t, "cost per won", row.PerUnit[2], NoWins)
		unknown(t, "bound", row.PerSaleAtLeast, NoLeads)
		known(t, "ROI", row.ROI, -1)
	})
	t.Run("no sale of leads half of which are too young", func(t *testing.T) {
		row := costRow(Known(4000), []float64{400, 0}, []float64{0, 0}, 0, 200)
		known(t, "win rate below", row.WinRateBelow, 1-math.Pow(0.05, 1./200), 1e-12)
		known(t, "a sale costs at least", row.PerSaleAtLeast, 10/(1-math.Pow(0.05, 1./200)), 1e-12)
		unknown(t, "all too young", costRow(Known(4000), []float64{400, 0}, []float64{0, 0}, 0, 400).WinRateBelow, NoLeads)
	})
	t.Run("no record of spend", func(t *testing.T) {
		c := table(t, options(), nil, sold(record("a", "x", 0, 1, 2), 500))
		unknown(t, "cost per lead", c.Rows[0].PerUnit[0], Unmeasured)
		unknown(t, "ROI", c.Rows[0].ROI, Unmeasured)
	})
	t.Run("won without opportunity record", func(t *testing.T) {
		c := table(t, options(), nil, sold(record("a", "x", 0, -1, 2), 500))
		counts(t, c.Rows[0], 1, 1, 1)
		if c.Rows[0].Doubts.SkippedStages != 1 {
			t.Errorf("%+v", c.Rows[0].Doubts)
		}
	})
	t.Run("stage dates out of order", func(t *testing.T) {
		c := table(t, options(), nil, sold(record("a", "x", 5, 1, 9), 500))
		counts(t, c.Rows[0], 1, 1, 1)
		if c.Rows[0].Doubts.OutOfOrder != 1 {
			t.Errorf("%+v", c.Rows[0].Doubts)
		}
	})
	t.Run("reopened deal", func(t *testing.T) {
		again := sold(lost(record("a", "x", 0, 1, 9), 5, "timing"), 500)
		undone := sold(lost(record("b", "x", 0, 1, 9), 12, "refund"), 500)
		working := lost(record("c", "x", 0, 7, -1), 5, "timing")
		c := table(t, options(), nil, again, undone, working)
		counts(t, c.Rows[0], 3, 3, 1)
		closeTo(t, "profit", c.Rows[0].Profit, 500)
		closeTo(t, "open", c.Rows[0].Maturity.Open, 1)
	})
	t.Run("won value missing", func(t *testing.T) {
		modelled := record("a", "x", 0, 1, 2)
		modelled.Model = 700
		c := table(t, options(), nil, modelled, record("b", "x", 0, 1, 2))
		closeTo(t, "profit", c.Rows[0].Profit, 700)
		if d := c.Rows[0].Doubts; d.ProfitsFilled != 1 || d.ProfitsMissing != 1 {
			t.Errorf("%+v", d)
		}
	})
	t.Run("several currencies", func(t *testing.T) {
		rates := Exchange{To: "USD", Rates: []Rate{{"EUR", time.Time{}, 1.1}}}
		if dollars := must(rates.Rate("EUR", day(0))) * 20; dollars != 22 {
			t.Errorf("€20 at 1.1 are $%v", dollars)
		}
		if _, err := rates.Rate("JPY", day(0)); err == nil {
			t.Error("a currency without a rate passes")
		}
	})
	t.Run("refund", func(t *testing.T) {
		c := table(t, options(), []Spend{{"x", day(0), 100}}, sold(record("a", "x", 0, 1, 2), -50))
		closeTo(t, "profit", c.Rows[0].Profit, -50)
		known(t, "ROI", c.Rows[0].ROI, (-50-211)/211.0)
	})
	t.Run("duplicates", func(t *testing.T) {
		a := sold(record("a", "x", 0, 1, 2), 500)
		c := table(t, options(), nil, a, a, record("a", "x", 3, -1, -1))
		counts(t, c.Rows[0], 1, 1, 1)
		closeTo(t, "profit", c.Rows[0].Profit, 500)
		if c.Duplicates != 2 {
			t.Errorf("%d duplicates", c.Duplicates)
		}
	})
	t.Run("lead in two segments", func(t *testing.T) {
		whole := table(t, options(), nil, sold(record("a", "x", 0, 1, 2), 500), sold(record("a", "y", 0, 1, 2), 500))
		counts(t, whole.Rows[0], 1, 1, 1)
		counts(t, whole.Rows[1], 1, 1, 1)
		counts(t, whole.Total, 1, 1, 1)
		closeTo(t, "total profit", whole.Total.Profit, 500)
		x, y := sold(record("a", "x", 0, 1, 2), 500), sold(record("a", "y", 0, 1, 2), 500)
		x.Credit, y.Credit = 0.25, 0.75
		shared := table(t, options(), nil, x, y)
		counts(t, shared.Rows[0], 0.25, 0.25, 0.25)
		counts(t, shared.Total, 1, 1, 1)
		closeTo(t, "x's profit", shared.Rows[0].Profit, 125)
	})
	t.Run("n < 30", func(t *testing.T) {
		for n, few := range map[float64]bool{29: true, 30: false} {
			if g := must(Summarize([]Member{{P: 0.1, M: 1, Weight: n}}, marketing)); g.Few != few {
				t.Errorf("%v leads: few is %v", n, g.Few)
			}
		}
	})
	t.Run("no wins", func(t *testing.T) {
		e := Evidence{Leads: 100}
		unknown(t, "se", e.SE(), NoWins)
		unknown(t, "cautious cap", must(e.CapAt(Cautious, marketing, 0)), NoWins)
		known(t, "mean cap", must(e.CapAt(Steady, marketing, 0)), 0)
		unknown(t, "leads needed", must(e.LeadsFor(0.2, 0.95)), NoWins)
		if _, err := FitPrior([]float64{0, 0}, []float64{10, 20}); err == nil {
			t.Error("a prior from no wins")
		}
	})
	t.Run("nothing to need", func(t *testing.T) {
		n := must(Required(1000, 100, []float64{0, 0.5}, 0.5))
		known(t, "opportunities", n.Units[1], 20)
		unknown(t, "leads", n.Units[0], NoConversion)
		unknown(t, "marketing's leads", n.Marketing, NoConversion)
	})
}
