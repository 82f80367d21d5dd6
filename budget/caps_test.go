package budget

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var bases = []Basis{Marketing, InInvestment, CostOfSale}

// A lead bought at exactly its cap returns exactly the target.
func TestCapReturnsTheTarget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := Target{rapid.Float64Range(-0.9, 5).Draw(t, "r"), rapid.SampledFrom(bases).Draw(t, "basis")}
		v := rapid.Float64Range(0, 1e5).Draw(t, "v")
		s := rapid.Float64Range(0, 1e4).Draw(t, "s")
		c, err := target.Cap(v, s, 0)
		if err != nil {
			t.Fatal(err)
		}
		if (c.Max == 0) != (c.Status == DoNotBuy) {
			t.Fatalf("cap %v has status %s", c.Max, c.Status)
		}
		if c.Max < 1e-3 {
			return
		}
		roi, err := target.Return(v, s, c.Max)
		if err != nil {
			t.Fatal(err)
		}
		if got, known := roi.Value(); !known || math.Abs(got-target.ROI) > 1e-6*(1+math.Abs(target.ROI)) {
			t.Fatalf("at the cap of %v the return is %v, want %v", c.Max, roi, target.ROI)
		}
		if x := target.value(c.Max, s); !near(x, v) {
			t.Fatalf("the value at the cap is %v, want %v", x, v)
		}
	})
}

// The two bases with sales cost differ by s·r/(1+r) and share a break-even.
func TestBasesDifferBySalesCost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.Float64Range(0, 3).Draw(t, "r")
		v := rapid.Float64Range(1000, 1e5).Draw(t, "v")
		s, hours := rapid.Float64Range(0, 100).Draw(t, "s"), rapid.Float64Range(0, 100).Draw(t, "μh")
		a, b := must(Target{r, InInvestment}.Cap(v, s, hours)), must(Target{r, CostOfSale}.Cap(v, s, hours))
		if want := (s + hours) * r / (1 + r); math.Abs(b.Max-a.Max-want) > 1e-9*v {
			t.Fatalf("caps %v and %v differ by %v, want %v", a.Max, b.Max, b.Max-a.Max, want)
		}
		if !near(a.BreakEven, b.BreakEven) || !near(a.BreakEven, v-s-hours) {
			t.Fatalf("break-evens %v and %v, want %v", a.BreakEven, b.BreakEven, v-s-hours)
		}
	})
}

// The cap of a lead follows from any stage: A_k+1 = (A_k + c_k)/q_k, and A_0 is the cap from v and s.
func TestStageCapsChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := drawPath(t)
		r := rapid.Float64Range(0, 2).Draw(t, "r")
		m := rapid.Float64Range(1e4, 1e6).Draw(t, "m")
		for basis, part := range map[Basis]float64{InInvestment: 1, CostOfSale: 1 / (1 + r), Marketing: 0} {
			target := Target{r, basis}
			costs, chances := path.CostsToCome(), path.Chances()
			for k, q := range path.Rates {
				a, b := target.price(chances[k]*m, costs[k]), target.price(chances[k+1]*m, costs[k+1])
				if want := (a + part*path.Costs[k]) / q; math.Abs(b-want) > 1e-9*m {
					t.Fatalf("%s: A_%d is %v, want %v", basis, k+1, b, want)
				}
			}
			caps, err := path.Caps(m, target)
			if err != nil {
				t.Fatal(err)
			}
			if lead := must(target.Cap(path.Conversion()*m, path.SalesCost(), 0)); lead != caps[0] {
				t.Fatalf("%s: A_0 is %v, the cap %v", basis, caps[0], lead)
			}
		}
		s := 0.0
		for k, reach := range path.Reach() {
			s += reach * path.Costs[k]
		}
		if !near(s, path.SalesCost()) {
			t.Fatalf("Σ S·c = %v, s = %v", s, path.SalesCost())
		}
	})
}

// Another conversion changes the last rate alone; one that too few leads get there for has no path.
func TestPathToConversion(t *testing.T) {
	path := examplePath()
	other, fits := path.To(0.1)
	if !fits || !near(other.Conversion(), 0.1) || !near(path.Conversion(), 0.07) {
		t.Fatalf("%v of %v, from %v", fits, other.Conversion(), path.Conversion())
	}
	for k, reach := range other.Reach()[:4] {
		closeTo(t, "reach of "+path.Stages[k], reach, path.Reach()[k])
	}
	for _, won := range []float64{0, -0.1, 0.1401, math.NaN()} {
		if _, fits := path.To(won); fits {
			t.Errorf("a path to %v", won)
		}
	}
}

func drawPath(t *rapid.T) Path {
	n := rapid.IntRange(2, 6).Draw(t, "stages")
	path := Path{Stages: make([]string, n), Rates: make([]float64, n-1), Costs: make([]float64, n)}
	for k := range n {
		path.Costs[k] = rapid.Float64Range(0, 500).Draw(t, "c")
		if k < n-1 {
			path.Rates[k] = rapid.Float64Range(0.01, 1).Draw(t, "q")
		}
	}
	if err := path.Validate(); err != nil {
		t.Fatal(err)
	}
	return path
}

// ∂v/∂q_k of profit and cost: a small lift earns what the formula says.
func TestRepairsAgreeWithDerivative(t *testing.T) {
	path := examplePath()
	reach, chances, costs := path.Reach(), path.Chances(), path.CostsToCome()
	for k, gain := range must(path.Repairs(4000, 1e-6)) {
		closeTo(t, "gain at "+path.Stages[k], gain/1e-6, reach[k]*(chances[k+1]*4000-costs[k+1]), 1e-5)
	}
	certain := path
	certain.Rates = []float64{1, 1, 1, 1}
	for k, gain := range must(certain.Repairs(4000, 0.05)) {
		if gain != 0 {
			t.Errorf("a rate of 1 at %s gains %v", path.Stages[k], gain)
		}
	}
}

func TestInputsOutOfBounds(t *testing.T) {
	good, nan := DefaultTarget(), math.NaN()
	for _, c := range []struct {
		name   string
		err    error
		fields []string
	}{
		{"r = −1", second(Target{-1, Marketing}.Cap(1, 1, 0)), []string{"target_roi"}},
		{"r below −1", second(Target{-2, Marketing}.Cap(1, 1, 0)), []string{"target_roi"}},
		{"r not a number", second(Target{nan, Marketing}.Cap(1, 1, 0)), []string{"target_roi"}},
		{"basis", second(Target{0.25, "profit"}.Cap(1, 1, 0)), []string{"roi_basis"}},
		{"v, s and μh", second(good.Cap(math.Inf(1), -1, nan)), []string{"v", "s", "μh"}},
		{"p above 1", second(good.RequiredProfit(1, 1.5, 0)), []string{"p"}},
		{"p not a number", second(good.RequiredProfit(1, nan, 0)), []string{"p"}},
		{"negative price", second(good.Return(1, 1, -1)), []string{"c"}},
		{"m not finite", second(good.RequiredProbability(1, nan, 0)), []string{"v"}},
		{"q, c and length", Path{Stages: []string{"a", "b"}, Rates: []float64{2}, Costs: []float64{-1}}.Validate(), []string{"costs", "rates[0]", "costs[0]"}},
		{"a group", second(Summarize([]Member{{P: 2, M: nan, SalesCost: -1, Weight: nan}}, good)), []string{"p[0]", "m[0]", "s[0]", "weight[0]"}},
		{"more wins than leads", Evidence{Leads: 1, Wins: 2}.Validate(), []string{"wins"}},
		{"a nurture", Nurture{P1: 2, Q: nan, Delay: -1, Cost: -1}.Validate(), []string{"nurture.p1", "nurture.q", "nurture.delay", "nurture.cost"}},
		{"a discount", second(PresentValue(1, -1, -1)), []string{"annual_discount", "cycle_days"}},
		{"a goal", second(Required(-1, 0, []float64{2}, 3)), []string{"goal", "revenue", "marketing_share", "rates[0]"}},
		{"a wait", second(WaitTimes([]Wait{{Days: -1}})), []string{"days[0]"}},
		{"a table", TableOptions{}.Validate(), []string{"stage_costs", "basis", "period", "window", "as_of"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fieldsOf(c.err); !slices.Equal(got, c.fields) {
				t.Errorf("problems with %v, want %v: %v", got, c.fields, c.err)
			}
		})
	}
	err := second(Target{-1, Marketing}.Cap(1, 1, 0))
	if want := "budget: target_roi is -1, want a finite share above -1, such as 0.25"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

func second[T any](_ T, err error) error { return err }

// fieldsOf lists the fields of all bound errors.
func fieldsOf(err error) (fields []string) {
	for _, e := range BoundErrors(err) {
		fields = append(fields, e.Field)
	}
	return fields
}

func TestPresentValue(t *testing.T) {
	closeTo(t, "4,000 at 12 % in 0.75 years", must(PresentValue(4000, 0.12, 0.75*365)), 3674.06, 1e-6)
}

func TestMaxReturn(t *testing.T) {
	known(t, "r*", must(DefaultTarget().MaxReturn(280, 110)), 280.0/110-1)
	if c := must(Target{280.0/110 - 1, InInvestment}.Cap(280, 110, 0)); c.Max > 1e-9 {
		t.Errorf("at r* the cap is %v", c.Max)
	}
	unknown(t, "without sales cost", must(DefaultTarget().MaxReturn(280, 0)), NoSales)
	unknown(t, "cost of sale", must(Target{0.25, CostOfSale}.MaxReturn(280, 110)), OutOfReach)
}

func TestArithmetic(t *testing.T) {
	for _, c := range []struct {
		basis       Basis
		p, m, s, mu float64
		want        string
	}{
		{Marketing, 0.07, 4000, 110, 0, "$4,000 / 1.25 × 7 % = $224"},
		{InInvestment, 0.07, 4000, 0, 0, "$4,000 / 1.25 × 7 % = $224"},
		{InInvestment, 0.07, 4000, 110, 60, "$4,000 / 1.25 × 7 % − $110 − $60 of hours = $54"},
		{CostOfSale, 0.07, 4000, 110, 0, "($4,000 × 7 % − $110) / 1.25 = $136"},
		{CostOfSale, 0.07, 4000, 0, 0, "$4,000 / 1.25 × 7 % = $224"},
		{InInvestment, 0.01, 4000, 110, 0, "$4,000 / 1.25 × 1 % − $110 = -$78, so do not buy"},
		{Marketing, 0.009, 1000, 0, 0, "$1,000 / 1.25 × 0.9 % = $7.20"},
	} {
		if got := (Target{0.25, c.basis}).Arithmetic("USD", c.p, c.m, c.s, c.mu); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// Whoever reckons with the numbers as they are written finds the cap as it is written, in every currency.
func TestArithmeticByHand(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for range 3000 {
		target := Target{[]float64{-0.5, 0, 0.25, 1. / 3, 3}[r.IntN(5)], []Basis{Marketing, InInvestment, CostOfSale}[r.IntN(3)]}
		c := []Currency{"USD", "JPY", "KWD"}[r.IntN(3)]
		p, m, s, mu := r.Float64(), math.Exp(16*r.Float64()), 0.0, 0.0
		if r.IntN(2) == 0 {
			s, mu = r.Float64()*p*m/4, r.Float64()*p*m/4
		}
		text := target.Arithmetic(c, p, m, s, mu)
		formula, result, _ := strings.Cut(text, " = ")
		want := c.AtMost(reckon(t, c, formula))
		if strings.HasSuffix(result, ", so do not buy") {
			want = c.Format(reckon(t, c, formula)) + ", so do not buy"
		}
		if result != want {
			t.Fatalf("%s: by hand %s", text, want)
		}
	}
}

// reckon evaluates what Arithmetic wrote before the equals sign.
func reckon(t *testing.T, c Currency, formula string) float64 {
	t.Helper()
	plain := strings.NewReplacer(c.symbol(), "", ",", "", " of hours", "", " %", "", "(", "", ")", "").Replace(formula)
	divided := strings.HasSuffix(formula, ") / "+plain[strings.LastIndex(plain, " ")+1:])
	var x, divisor float64 = 0, 1
	fields := strings.Fields(plain)
	for i := 0; i < len(fields); i += 2 {
		y, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			t.Fatalf("%q: %v", formula, err)
		}
		switch {
		case i == 0:
			x = y
		case fields[i-1] == "/" && divided:
			divisor = y
		case fields[i-1] == "/":
			x /= y
		case fields[i-1] == "×":
			x *= y / 100
		case fields[i-1] == "−":
			x -= y
		}
	}
	return x / divisor
}

// The article's segment C, bought at the average cap, returns $150 of profit.
func TestJudge(t *testing.T) {
	target := Target{0.25, Marketing}
	for _, c := range []struct {
		v, price float64
		verdict  Verdict
		words    string
	}{
		{150, 224, AtALoss, "bought at $224 a lead, it returns $150: a loss of $74 on every lead"},
		{150, 130, BelowTarget, "bought at $130 a lead, it earns $20, but $10 less would be needed for the target"},
		{300, 224, WithinCap, "bought at $224 a lead, it earns $76 and could cost $16 more"},
		{280, 224, WithinCap, "bought at $224 a lead, it earns $56 and could cost $0 more"},
		{280, 280, BelowTarget, "bought at $280 a lead, it earns $0, but $56 less would be needed for the target"},
	} {
		p := must(target.Judge(c.v, 0, c.price))
		if p.Verdict != c.verdict || p.Words("USD") != c.words {
			t.Errorf("%v at %v: %s, %q; want %s, %q", c.v, c.price, p.Verdict, p.Words("USD"), c.verdict, c.words)
		}
	}
	sales := must(DefaultTarget().Judge(280, 110, 114))
	known(t, "return with sales cost", sales.ROI, 0.25)
	closeTo(t, "profit", sales.Profit, 56)
}

// Where sales cost eats the return, even a lead for nothing misses the target, and no lower price is held out.
func TestJudgeWithoutAPrice(t *testing.T) {
	target := Target{0.25, InInvestment}
	for _, c := range []struct {
		v, s, price float64
		verdict     Verdict
		words       string
	}{
		{120, 100, 0, BelowTarget, "bought at $0 a lead, it earns $20, but no price meets the target"},
		{120, 100, 5, BelowTarget, "bought at $5 a lead, it earns $15, but no price meets the target"},
		{125, 100, 0, WithinCap, "bought at $0 a lead, it earns $25 and could cost $0 more"},
		{90, 100, 0, AtALoss, "bought at $0 a lead, it returns -$10: a loss of $10 on every lead"},
		{0, 0, 0, WithinCap, "bought at $0 a lead, it earns $0 and could cost $0 more"},
	} {
		p := must(target.Judge(c.v, c.s, c.price))
		if p.Verdict != c.verdict || p.Words("USD") != c.words {
			t.Errorf("%v: %s, %q", c, p.Verdict, p.Words("USD"))
		}
	}
}

// The article's "Total (average)" row: $224 from averages, $226.66 from the leads.
func TestAveragesAreATrap(t *testing.T) {
	segments := []Member{{P: 0.06, M: 5000, Weight: 1}, {P: 0.10, M: 4000, Weight: 1}, {P: 0.05, M: 3000, Weight: 1}}
	target := Target{0.25, Marketing}
	g := must(Summarize(segments, target))
	known(t, "averaged cap", g.Trap.Cap, 224)
	known(t, "cap", g.Cap, 850.0/3/1.25)
	known(t, "profit per sale", g.ProfitPerSale, 850/0.21)
	known(t, "covariance", g.Trap.Covariance, 10.0/3)
	known(t, "overpaid", g.Trap.Overpaid, -10.0/3/1.25)
	want := "lead by lead the expected value is $283.33 and the cap $226.66; the averages, 7 % × $4,000, would give $224 and underpay by $2.66 a lead, because here the leads worth more convert more often (covariance $3.33, / 1.25)"
	if got := g.Words("USD", target); got != want {
		t.Errorf("%q,\nwant %q", got, want)
	}
	segments[0].M, segments[1].M = 4000, 3000
	if g = must(Summarize(segments, target)); !strings.Contains(g.Words("USD", target), "overpay") == (g.Trap.Overpaid.value > 0) {
		t.Errorf("%q, overpaid %v", g.Words("USD", target), g.Trap.Overpaid)
	}
}

// Leads that are split or merged in weight change nothing, and the gap of the caps is the covariance's.
func TestGroupLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		target := Target{rapid.Float64Range(0, 2).Draw(t, "r"), Marketing}
		var once, twice []Member
		for range rapid.IntRange(1, 12).Draw(t, "n") {
			m := Member{P: rapid.Float64Range(0.01, 1).Draw(t, "p"), M: rapid.Float64Range(1, 1e4).Draw(t, "m"), Weight: 2}
			once = append(once, m)
			m.Weight = 1
			twice = append(twice, m, m)
		}
		a, b := must(Summarize(once, target)), must(Summarize(twice, target))
		for name, pair := range map[string][2]Figure{"cap": {a.Cap, b.Cap}, "averaged": {a.Trap.Cap, b.Trap.Cap}, "profit per sale": {a.ProfitPerSale, b.ProfitPerSale}} {
			if x, y := pair[0].value, pair[1].value; math.Abs(x-y) > 1e-9*max(1, math.Abs(x)) {
				t.Fatalf("%s: weight 2 gives %v, two leads %v", name, x, y)
			}
		}
		want := -a.Trap.Covariance.value / (1 + target.ROI)
		if math.Abs(a.Trap.Overpaid.value-want) > 1e-9*max(1, a.Cap.value) {
			t.Fatalf("overpaid %v, want −Cov/(1+r) = %v", a.Trap.Overpaid, want)
		}
	})
}

// A path can be made to cost what is known of its leads: at the lead where the stages cost less, and otherwise in
// proportion, the sale's own cost apart. Caps then never fall from a stage to the next.
func TestPathAt(t *testing.T) {
	p := Path{Stages: []string{"lead", "mql", "sql", "won"}, Rates: []float64{1, 0.9, 0.2}, Costs: []float64{1, 10, 60, 50}}
	for _, cost := range []float64{9, 20, p.SalesCost(), 120} {
		at := p.At(cost)
		if got := at.SalesCost(); math.Abs(got-cost) > 1e-12*cost || at.Costs[3] != 50 {
			t.Errorf("%v: a lead costs %v, %v", cost, got, at.Costs)
		}
		caps, err := at.Caps(3000, DefaultTarget())
		if err != nil {
			t.Fatal(err)
		}
		for k := range caps[1:] {
			if caps[k+1].Max < caps[k].Max-1e-9 {
				t.Errorf("%v: a unit may cost %v at %s and %v after it", cost, caps[k].Max, p.Stages[k], caps[k+1].Max)
			}
		}
	}
	if p.Costs[1] != 10 {
		t.Error("the path itself was changed")
	}
}
