package budget

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// planText is the documented example of a plan.
func planText(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPlanFile(t *testing.T) {
	p := must(ParsePlan([]byte(planText(t))))
	if len(p.Sources) != 3 || *p.Limits.Hours != 400 || p.Sources[0].Known.Response.Periods != 24 || p.Experiments.Arms[1].Price != 40 {
		t.Fatalf("%+v", p)
	}
	again := must(ParsePlan(must(json.Marshal(p))))
	if again.Fingerprint() != p.Fingerprint() {
		t.Error("written and read, the plan is another")
	}
	least := must(ParsePlan([]byte(`{"sources":[{"name":"a","curve":{"form":"log","a":1,"b":1},"path":{"stages":["lead","won"],"rates":[0.1],"costs":[0,0]},"profit":100}]}`)))
	if want := DefaultPlan(); least.Limits != want.Limits || least.Draws != want.Draws || least.Basis != want.Basis {
		t.Errorf("%+v", least)
	}
}

func TestPlanFileRefuses(t *testing.T) {
	good := planText(t)
	for _, c := range []struct{ old, new, want string }{
		{good, "", "ends early"},
		{good, "[]", "where an object is wanted"},
		{good, "7", "not an object"},
		{good, good[:300], "ends early"},
		{good, good + "{}", "something follows"},
		{good, good + "x", "something follows"},
		{good, "\xff" + good, "not UTF-8"},
		{good, `{"sources":[]}`, "at least one source"},
		{`"period"`, `"Period"`, "/Period: unknown key"},
		{`"seed": 1`, `"seed": 1, "seed": 2`, "/seed: given twice"},
		{`"seed": 1`, `"seed": -1`, "/seed: a number -1 cannot be a whole number"},
		{`"hours": 400`, `"hours": "400"`, "/limits/hours: a string cannot be a number"},
		{`"n": 2`, `"n": 2, "m": 1`, "/sources/2/curve/m: unknown key"},
		{`"n": 2`, `"n": [2]`, `/sources/2/curve/n: "[" where a number is wanted`},
		{`"profit": 6000`, `"profit": 1e999`, "/sources/2/profit: 1e999 is beyond"},
		{`"hour_cost": 45`, `"hour_cost": 1e999`, "/hour_cost: 1e999 is beyond"},
		{`"profit": 6000`, `"profit": "6000"`, "/sources/2/profit: a string cannot be a number"},
		{`"rates": [0.08]`, `"rates": [true]`, "/sources/2/path/rates/0: a bool cannot be a number"},
		{`"stages": ["lead", "won"], "rates": [0.08]`, `"stages": [], "rates": [0.08]`, "sources[2].path.rates is 1 long, want 0 elements"},
		{`"form": "hill"`, `"form": 7`, "/sources/2/curve/form: a number cannot be a text"},
		{`"profit": 6000`, `"profit": NaN`, "invalid character"},
		{`"profit": 6000`, `"profit": 1e16`, "sources[2].profit is 1e+16"},
		{`"rates": [0.08]`, `"rates": [1.08]`, "sources[2].path.rates[0] is 1.08"},
		{`"name": "webinar"`, `"name": "search"`, "sources[1].name is search, want a name of its own"},
		{`"draws": 200`, `"draws": 20000`, "draws is 20000"},
		{`"floor": 0.05`, `"floor": 0.6`, "experiments.floor is 0.6"},
		{`"pivot": 15500`, `"pivot": 0`, "response.pivot is 0"},
		{`"profit_log_se": 0.12`, `"profit_log_se": 12`, "profit_log_se is 12"},
		{`"USD"`, `"usd"`, "currency is usd"},
	} {
		p, err := ParsePlan([]byte(strings.Replace(good, c.old, c.new, 1)))
		if err == nil {
			_, err = p.Solve()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q for %.20q: %v, want %q", c.new, c.old, err, c.want)
		}
	}
}

// An arm that goes on gets a twentieth of the reserve however many have stopped, and if the plan does not say how
// little an arm may get; a plan that says nothing is as good.
func TestExperimentsKeepTheFloor(t *testing.T) {
	p := must(ParsePlan([]byte(planText(t))))
	dull := Arm{"dull", Beta{143, 9857}, 3500, 40} // known to be about at the target, while the hopes may be far above it
	hope, hopeless := Arm{"hope", Beta{1, 3}, 4000, 300}, Arm{"hopeless", Beta{1, 400}, 4000, 4000}
	p.Experiments.Arms = append([]Arm{dull, hope, hope, hope}, slices.Repeat([]Arm{hopeless}, 15)...)
	for name, e := range map[string]*Experiments{"default": DefaultExperiments(p.Experiments.Arms), "as given": p.Experiments} {
		p.Draws, p.Experiments = 0, e
		r := must(p.Answer(t.Context(), Ask{})).Experiments
		closeTo(t, name+": floor", r.Floor, 0.05)
		for _, arm := range r.Arms {
			if arm.Verdict == GoOn && arm.Share < 0.05 || arm.Verdict != GoOn && arm.Money.Minor != 0 {
				t.Errorf("%s: %+v", name, arm)
			}
		}
		if r.Arms[0].Verdict != GoOn || r.Arms[0].Best > 0.03 || r.Arms[4].Verdict != StopArm {
			t.Errorf("%s: the arms do not show the floor: %+v", name, r.Arms[:5])
		}
	}
	silent := must(ParsePlan([]byte(strings.Replace(planText(t), `"floor": 0.05,`, "", 1))))
	if silent.Experiments.Floor != DefaultFloor || silent.Experiments.Draws == 0 {
		t.Errorf("a plan without a floor has %+v", silent.Experiments)
	}
	nothing := strings.Replace(planText(t), `"experiments": {`, `"experiments": null}`, 1)
	if none := must(ParsePlan([]byte(nothing[:strings.Index(nothing, "null}")+5]))); none.Experiments != nil {
		t.Errorf("experiments that are null are %+v", none.Experiments)
	}
}

func FuzzParsePlan(f *testing.F) {
	f.Add([]byte(planText(f)))
	f.Add([]byte(`{"sources":[{"name":"a","curve":{"form":"power","a":1e15,"b":1},"path":{"stages":["l","w"],"rates":[1],"costs":[0,0]},"profit":1e15}],"limits":{"budget":1e15}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePlan(text)
		if err != nil {
			return
		}
		if len(p.Sources) > 4 {
			return
		}
		p.Draws = min(p.Draws, 2)
		if p.Experiments != nil {
			p.Experiments.Draws = min(p.Experiments.Draws, 10)
		}
		r, err := p.Answer(context.Background(), Ask{})
		if err != nil {
			return
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	})
}

func TestAnswer(t *testing.T) {
	p := must(ParsePlan([]byte(planText(t))))
	base := p
	r := must(p.Answer(t.Context(), Ask{Presets: true, Baseline: &base}))
	if r.Difference != nil {
		t.Errorf("a plan differs from itself: %+v", r.Difference)
	}
	spent := int64(0)
	for i, x := range r.Sources {
		spent += x.Spend.Minor
		s := p.Sources[i]
		if x.Name != s.Name || math.Abs(x.Change-(x.Spend.Major()-s.Current)) > 1e-9 || x.Spend.Major() < s.Low {
			t.Errorf("%+v", x)
		}
	}
	if spent != r.Spend.Minor || spent > 4_500_000 {
		t.Errorf("the parts are %d cents, the whole %d", spent, r.Spend.Minor)
	}
	if r.Sources[2].Bound != Locked || r.Sources[2].Spend.Major() != 12_000 {
		t.Errorf("the pinned source: %+v", r.Sources[2])
	}
	reserve := int64(0)
	for _, arm := range r.Experiments.Arms {
		reserve += arm.Money.Minor
	}
	if r.Experiments.Arms[0].Verdict != GoOn || r.Experiments.Arms[1].Verdict != GoOn {
		t.Errorf("%+v", r.Experiments.Arms)
	}
	if reserve != r.Reserve.Minor || reserve != 500_000 {
		t.Errorf("the arms get %d cents of %d", reserve, r.Reserve.Minor)
	}
	if len(r.Scenarios) != 6+1+1+3 || r.Confidence == nil || len(r.Confidence.Bands) != 3 || r.Capacity == nil {
		t.Errorf("%d scenarios, confidence %+v, capacity %+v", len(r.Scenarios), r.Confidence, r.Capacity)
	}
	if !strings.Contains(r.Summary, "a month") || !strings.Contains(r.Summary, "likely better than today") || r.Binds == "" {
		t.Errorf("%q; %q", r.Summary, r.Binds)
	}
	text := must(json.Marshal(r))
	if again := must(json.Marshal(must(p.Answer(t.Context(), Ask{Presets: true, Baseline: &base})))); string(again) != string(text) {
		t.Error("the same plan has another answer")
	}
}

// Where the target stops a source, its last lead costs the cap, whatever the hours are worth.
func TestLastLeadCostsTheCapWithScarceHours(t *testing.T) {
	p := examplePlan()
	p.Limits.Budget, p.Limits.Reserve, p.Limits.Hours = nil, 0, ptr(150)
	for _, basis := range bases {
		p.Basis = basis
		r := must(p.Answer(t.Context(), Ask{}))
		if r.Certificate.Mu <= 0 {
			t.Fatal("the hours of the test are slack")
		}
		for _, x := range r.Sources {
			known(t, string(basis)+" "+x.Name, x.MarginalCost, x.Cap.Max, 1e-6)
			known(t, string(basis)+" "+x.Name+" stops", x.Stops.Marginal, x.Spend.Major(), 1e-3)
		}
	}
}

// The difference to a baseline: by name, whatever the order, and the parts add up.
func TestDifference(t *testing.T) {
	base := must(ParsePlan([]byte(planText(t))))
	p := base
	p.Limits.Budget, p.Limits.ROI, p.Limits.Hours = ptr(60_000), 0.5, nil
	p.Sources = []PlanSource{base.Sources[2], base.Sources[0], base.Sources[1]}
	r := must(p.Answer(t.Context(), Ask{Baseline: &base}))
	d := r.Difference
	if d == nil || d.Why != "a budget of $60,000 instead of $50,000, a target return of 50 % instead of 25 %, hours of no limit instead of 400" {
		t.Fatalf("%+v", d)
	}
	closeTo(t, "profit", d.Profit, r.Planned.Profit-d.Before.Profit)
	closeTo(t, "spend", d.Spend, r.Planned.Spend-d.Before.Spend)
	was := must(base.Answer(t.Context(), Ask{}))
	for _, row := range d.Rows {
		if row.Name == "trade fairs" {
			t.Error("the locked source moves")
		}
		for _, x := range was.Sources {
			if x.Name == row.Name && x.Spend != row.Before {
				t.Errorf("%s: %v before, %v in the baseline's answer", x.Name, row.Before, x.Spend)
			}
		}
	}
	base.Sources[0].Low, base.Sources[0].High = 1e6, nil
	if d := must(p.Answer(t.Context(), Ask{Baseline: &base})).Difference; !strings.Contains(d.Reason, "too much") {
		t.Errorf("%+v", d)
	}
}

// Smaller teams, what an hour is worth, and idle hours are told.
func TestPlanCapacity(t *testing.T) {
	p := examplePlan()
	hours := must(p.Solve()).Planned.Hours
	for _, c := range []struct {
		hours *float64
		words string
	}{{ptr(hours * 2), "hours are idle"}, {ptr(hours / 2), "a larger team pays"}, {nil, "leads take"}} {
		p.Limits.Hours = c.hours
		r := must(p.Answer(t.Context(), Ask{}))
		if !strings.Contains(r.Capacity.Words, c.words) {
			t.Errorf("%q lacks %q", r.Capacity.Words, c.words)
		}
		if c.words == "a larger team pays" {
			closeTo(t, "hours without a limit", r.Capacity.Unlimited, 300, 1)
			known(t, "utilization", r.Capacity.Utilization, 1, 1e-6)
		}
	}
}

// The prices of a certificate are derivatives of the optimum: relax what binds by a little, and solve again.
func TestCertificatePricesAreDerivatives(t *testing.T) {
	random := rand.New(rand.NewPCG(41, 41))
	checked := map[string]int{}
	for i := range 40 {
		p := DefaultPlan()
		sources, limits := concaveCase(random)
		p.Limits, p.Limits.Mode, p.Basis, p.Draws = limits, MostProfit, Marketing, 0
		for _, s := range sources[:min(len(sources), 8)] {
			p.Sources = append(p.Sources, PlanSource{Name: s.Name, Curve: s.Curve, Path: Path{Stages: []string{"lead", "won"}, Rates: []float64{1}, Costs: []float64{0, 0}}, Profit: s.Worth, Hours: s.Hours, Low: math.Round(s.Low), High: s.High})
		}
		if i%2 == 0 {
			p.Limits.Hours = ptr(0.6 * must(p.Solve()).Allocation.Hours)
		}
		r, err := p.Answer(t.Context(), Ask{})
		if err != nil {
			continue // least spends above the hours
		}
		for _, b := range r.Certificate.Binding {
			profit := func(step float64) float64 {
				q := p
				q.Sources = append([]PlanSource(nil), p.Sources...)
				switch b.What {
				case "budget":
					q.Limits.Budget = ptr(*p.Limits.Budget + step)
				case "hours":
					q.Limits.Hours = ptr(*p.Limits.Hours + step)
				default:
					for k := range q.Sources {
						if s := &q.Sources[k]; s.Name == b.Source && b.What == "high" {
							s.High = ptr(*s.High + step)
						} else if s.Name == b.Source {
							s.Low -= step
						}
					}
				}
				a, err := q.Solve()
				if err != nil {
					return math.NaN()
				}
				return a.Allocation.Gross - a.Allocation.Spent
			}
			step := math.Max(1, math.Round(1e-3*b.Limit))
			if b.What == "hours" {
				step = 1e-4 * b.Limit
			}
			numeric := (profit(step) - profit(-step)) / (2 * step)
			if math.IsNaN(numeric) || b.What == "low" && b.Limit <= 2*step || b.What == string(Locked) || b.Limit < 100*step && b.What != "hours" {
				continue
			}
			checked[b.What]++
			if math.Abs(numeric-b.Price) > 0.02*max(b.Price, 0.05) {
				t.Errorf("case %d: %s %s costs %v, numerically %v", i, b.What, b.Source, b.Price, numeric)
			}
		}
	}
	for _, what := range []string{"budget", "hours", "low", "high"} {
		if checked[what] < 5 {
			t.Errorf("%s is checked %d times only", what, checked[what])
		}
	}
}

func TestAnswerStopsWithItsContext(t *testing.T) {
	p := must(ParsePlan([]byte(planText(t))))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Answer(ctx, Ask{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func BenchmarkAnswer(b *testing.B) {
	p := must(ParsePlan([]byte(planText(b))))
	for b.Loop() {
		must(p.Answer(b.Context(), Ask{Presets: true}))
	}
}
