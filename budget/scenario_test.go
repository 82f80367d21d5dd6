package budget

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// examplePlan is the path of TV-2 on three root curves.
func examplePlan() Plan {
	p := Plan{Basis: InInvestment, PersonHours: 160, Limits: Limits{Mode: StopAtTarget, Budget: ptr(50_000), Reserve: 0.1, Hours: ptr(300), ROI: 0.25, Currency: "USD"}}
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
		r := must(p.Solve())
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
	base := must(p.Answer(t.Context(), Ask{Presets: true, Changes: []Change{{Name: "nothing"}, {Name: "too much", Least: map[string]float64{"list": 1e6}}}}))
	if after, _ := json.Marshal(p); string(after) != string(before) {
		t.Error("scenarios changed the plan")
	}
	byName := make(map[string]Scenario)
	for _, s := range base.Scenarios {
		byName[s.Name] = s
		if (s.Answer == nil) != (s.Impossible != "") {
			t.Errorf("%+v", s)
		}
	}
	if s := byName["nothing"]; s.Profit != 0 || s.Answer.Sum != base.Fingerprint {
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
		if s.Answer != nil && s.Answer.Sum == base.Fingerprint {
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
	tight := must(p.Solve())
	if tight.Allocation.Mu <= 0 {
		t.Fatal("the hours of the test are slack")
	}
	more := must(must(p.With(Change{Hours: ptr(50)})).Solve())
	if more.Planned.Hours <= tight.Planned.Hours || more.Planned.Profit <= tight.Planned.Profit {
		t.Errorf("50 hours more: %+v after %+v", more.Planned, tight.Planned)
	}
	if fewer := must(must(p.With(Change{Hours: ptr(-1e6)})).Solve()); fewer.Planned.Hours > 1e-9 {
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
	rows := must(examplePlan().Tornado(t.Context(), []Swing{
		{"little", Change{Profit: ptr(0.99)}, Change{Profit: ptr(1.01)}},
		{"much", Change{Profit: ptr(0.8)}, Change{Profit: ptr(1.2)}},
	}))
	if rows[0].Name != "much" || rows[0].Low.value >= 0 || rows[0].High.value <= 0 || rows[0].Span.value <= rows[1].Span.value {
		t.Errorf("%+v", rows)
	}
}

// A doubt that may leave no plan at all stands before any that has an answer at both ends, however far that one goes.
func TestTornadoWithoutAnAnswer(t *testing.T) {
	p := examplePlan()
	impossible := Change{Least: map[string]float64{p.Sources[0].Name: 1e9}}
	if s := p.scenario(impossible, Outcomes{}); s.Impossible == "" {
		t.Fatal("the bounds leave a plan")
	}
	rows := must(p.Tornado(t.Context(), []Swing{
		{"little", Change{Profit: ptr(0.99)}, Change{Profit: ptr(1.01)}},
		{"much", Change{Profit: ptr(0.5)}, Change{Profit: ptr(2.0)}},
		{"impossible above, little below", Change{Profit: ptr(0.999)}, impossible},
		{"impossible below, more above", impossible, Change{Profit: ptr(1.1)}},
		{"impossible", impossible, impossible},
		{"again impossible", impossible, impossible},
	}))
	want := []string{"again impossible", "impossible", "impossible below, more above", "impossible above, little below", "much", "little"}
	for i, row := range rows {
		if row.Name != want[i] {
			t.Errorf("row %d is %q, want %q", i, row.Name, want[i])
		}
		if _, known := row.Span.Value(); known != (i >= 4) {
			t.Errorf("%s: a span of %v", row.Name, row.Span)
		}
	}
}

// A doubt about a source's sales or leads, one standard error to either side, moves the profit its way; one about a source
// of which little is known further than one about a source of which much is.
func TestSwings(t *testing.T) {
	p := examplePlan()
	if swings := p.Swings(); len(swings) != 0 {
		t.Errorf("nothing is said of how well the sources are known, and yet %+v", swings)
	}
	p.Sources = slices.Clone(p.Sources)
	for i, strength := range []float64{100, 1e6} {
		p.Sources[i].Known = &Knowledge{Rate: BetaOf(0.07, strength), ProfitLogSE: 1 / math.Sqrt(strength), Response: CurveEvidence{Periods: 12, Low: 1000, High: 9000, Pivot: 4000, LeadsLogSE: 0.5 / math.Sqrt(strength), ElasticitySE: 0.1}}
	}
	rows := must(p.Tornado(t.Context(), p.Swings()))
	if len(rows) != 4 {
		t.Fatalf("%+v", rows)
	}
	for i, row := range rows {
		if !(row.Low.value < 0 && row.High.value > 0) {
			t.Errorf("%+v", row)
		}
		if thin := strings.Contains(row.Name, p.Sources[0].Name); thin != (i < 2) {
			t.Errorf("row %d is %q", i, row.Name)
		}
	}
	// The standard error of a rate and of a profit, as factors on the value: 1/100 of the variance of Beta(7, 93), and of the log.
	se := math.Sqrt(0.93/(0.07*101) + 0.01)
	if got := math.Log(p.Swings()[0].High.Values[p.Sources[0].Name]); math.Abs(got-se) > 1e-12 {
		t.Errorf("a standard error of %v, want %v", got, se)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Tornado(stopped, p.Swings()); err == nil {
		t.Error("a tornado goes on when it is told to stop")
	}
}

// A plan on firm ground is sure of itself, one on little data is told to move carefully.
func TestConfidence(t *testing.T) {
	p := examplePlan()
	p.Limits.Hours, p.Limits.Mode, p.Draws, p.Seed = nil, MostProfit, 100, 1
	p.Limits.Budget = nil
	on := func(strength float64) Plan {
		q := p
		q.Sources = slices.Clone(p.Sources)
		for i := range q.Sources {
			q.Sources[i].Known = &Knowledge{
				Rate: BetaOf(0.07, strength), ProfitLogSE: 2 / math.Sqrt(strength),
				Response: CurveEvidence{Periods: 12, Low: 1000, High: 9000, Pivot: 4000, LeadsLogSE: 1 / math.Sqrt(strength), ElasticitySE: 0.5 / math.Sqrt(strength)},
			}
		}
		return q
	}
	sure := func(q Plan) *Confidence { return must(q.Confidence(t.Context(), must(q.Solve()).Allocation)) }
	firm := sure(on(1e6))
	known(t, "better", firm.Better, 1)
	for i, band := range firm.Bands {
		best := must(p.Solve()).Allocation.Shares[i].Spend
		known(t, "median spend on "+band.Name, band.Median, best, 0.02)
	}
	for i := range p.Sources {
		p.Sources[i].Current = must(p.Solve()).Allocation.Shares[i].Spend * 1.5
	}
	thin := sure(on(20))
	if !thin.Careful || thin.Moves == nil || thin.Moves.Step >= 1 || thin.Bands[0].High.value < 2*thin.Bands[0].Low.value {
		t.Errorf("%+v", thin)
	}
	if again := sure(on(20)); again.Better != thin.Better {
		t.Error("the same seed gives another confidence")
	}
	if c, err := p.Confidence(t.Context(), must(p.Solve()).Allocation); c != nil || err != nil {
		t.Errorf("of what is certain: %+v, %v", c, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := on(20).Confidence(cancelled, must(p.Solve()).Allocation); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A draw in which more always pays does not end the answer.
func TestConfidenceOfAlmostStraightCurves(t *testing.T) {
	p := examplePlan()
	p.Limits.Hours, p.Limits.Budget, p.Limits.Reserve, p.Draws, p.Seed = nil, nil, 0, 60, 1
	for i := range p.Sources {
		p.Sources[i].Curve = Curve{Form: Power, A: 0.02, B: 0.9}
		p.Sources[i].Known = &Knowledge{Rate: BetaOf(0.07, 100), Response: CurveEvidence{Low: 1, High: 9000, Pivot: 4000, ElasticitySE: 0.15}}
	}
	c := must(p.Confidence(t.Context(), must(p.Solve()).Allocation))
	if high, known := c.Bands[0].High.Value(); !known || high < 10*9000 {
		t.Errorf("%+v", c.Bands)
	}
}

// Smaller moves are on the way from today's spends to the plan's, at least likely enough to be better, and whole.
func TestSmallerMoves(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 31))
	smaller := 0
	for i := range 12 {
		p := examplePlan()
		p.Limits.Hours, p.Draws, p.Seed = nil, 60, uint64(i)
		p.Limits.Budget = ptr(30_000)
		for k := range p.Sources {
			p.Sources[k].Current = 12_000 * random.Float64()
			p.Sources[k].Known = &Knowledge{Rate: BetaOf(0.07, 60), ProfitLogSE: 0.4, Response: CurveEvidence{Periods: 4, Low: 1, High: 9000, Pivot: 4000, LeadsLogSE: 0.2, ElasticitySE: 0.15}}
		}
		best := must(p.Solve()).Allocation
		c := must(p.Confidence(t.Context(), best))
		if (c.Moves != nil) != c.Careful {
			t.Fatalf("%+v", c)
		}
		if c.Moves == nil {
			continue
		}
		total := int64(0)
		for _, m := range c.Moves.Money {
			total += m.Minor
		}
		if total > 2_700_000 {
			t.Errorf("the moves spend %d cents of 2,700,000", total)
		}
		if chance := c.Moves.Better.value; c.Moves.Step > 0 {
			smaller++
			if chance < 0.8 || c.Moves.Step > 1 {
				t.Errorf("%+v", c.Moves)
			}
		}
	}
	if smaller == 0 {
		t.Error("no case makes a smaller move")
	}
}
