package budget

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawCurve(t *rapid.T) Curve {
	c := Curve{Form: rapid.SampledFrom([]Form{Power, Log, Saturation, Hill}).Draw(t, "form"), A: rapid.Float64Range(0.1, 500).Draw(t, "a")}
	if c.Form == Power {
		c.B = rapid.Float64Range(0.1, 0.95).Draw(t, "b")
		return c
	}
	c.B = rapid.Float64Range(100, 1e5).Draw(t, "b")
	if c.Form == Hill {
		c.N = rapid.SampledFrom([]float64{0.5, 1, 1.5, 2, 3}).Draw(t, "n")
	}
	return c
}

// f' is the derivative of f, its inverse gives it back, and inflation is leads at spend/factor.
func TestCurveLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCurve(t)
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		s := rapid.Float64Range(10, 1e6).Draw(t, "s")
		d := 1e-4 * s
		numeric := (c.Leads(s+d) - c.Leads(s-d)) / (2 * d)
		if math.Abs(numeric-c.Marginal(s)) > 1e-5*c.Marginal(s)+1e-12*c.A/d {
			t.Fatalf("f'(%v) = %v, numerically %v", s, c.Marginal(s), numeric)
		}
		if slope := c.Marginal(s); s > c.inflection() && slope > 1e-12 {
			if back := c.SpendAt(slope); math.Abs(back-s) > 1e-6*s {
				t.Fatalf("f' is %v at %v, but SpendAt says %v", slope, s, back)
			}
		}
		factor := rapid.Float64Range(0.5, 3).Draw(t, "factor")
		if got, want := c.Inflated(factor).Leads(s), c.Leads(s/factor); math.Abs(got-want) > 1e-9*want {
			t.Fatalf("inflated by %v: %v leads, want %v", factor, got, want)
		}
		if c.Leads(0) != 0 {
			t.Fatalf("f(0) = %v", c.Leads(0))
		}
	})
}

// The average rule stops no earlier than the marginal rule, and at the cap on average.
func TestStops(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCurve(t)
		limit := rapid.Float64Range(1, 1e4).Draw(t, "cap")
		stops, err := c.Stops(limit, 1.25*limit)
		if err != nil {
			t.Fatal(err)
		}
		average, _ := stops.Average.Value()
		marginal, _ := stops.Marginal.Value()
		most, _ := stops.ProfitMax.Value()
		if marginal > average*(1+1e-6)+1e-6 || marginal > most*(1+1e-9) {
			t.Fatalf("stops %+v", stops)
		}
		if average > 1 {
			if cost, _ := c.AverageCost(average).Value(); math.Abs(cost-limit) > 1e-6*limit {
				t.Fatalf("at the average stop of %v a lead costs %v, want %v", average, cost, limit)
			}
		}
	})
	line := Curve{Form: Power, A: 0.01, B: 1}
	unknown(t, "a line below the cap", must(line.Stops(200, 200)).Average, OutOfReach)
	known(t, "a line above the cap", must(line.Stops(50, 50)).Average, 0)
	known(t, "a line above the cap", must(line.Stops(50, 50)).Marginal, 0)
}

func TestCurvesRefuse(t *testing.T) {
	for _, c := range []Curve{{}, {Form: Power, A: 1, B: 1.1}, {Form: Power, A: -1, B: 0.5}, {Form: Log, A: 1}, {Form: Hill, A: 1, B: 1}, {Form: Hill, A: 1, B: 1, N: math.NaN()}, {Form: Log, A: 1, B: 1, N: 2}, {Form: "line", A: 1, B: 1}} {
		if c.Validate() == nil {
			t.Errorf("%+v passes", c)
		}
	}
	for _, p := range [][2]SpendPoint{{{100, 10}, {200, 30}}, {{100, 10}, {200, 9}}, {{0, 0}, {200, 9}}, {{100, 10}, {100, 10}}} {
		if _, err := Through(p[0], p[1]); err == nil {
			t.Errorf("a curve through %v", p)
		}
	}
}

// fitCurve fits the curve of one source.
func fitCurve(points []SpendPoint) (CurveFit, error) {
	fits, err := FitCurves([][]SpendPoint{points})
	if err != nil {
		return CurveFit{}, err
	}
	return fits[0], nil
}

func TestFitCurve(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 21))
	var points []SpendPoint
	for i := range 200 {
		s := 1000 * (1 + float64(i%20))
		points = append(points, SpendPoint{s, 0.5 * math.Pow(s, 0.6) * math.Exp(0.1*random.NormFloat64())})
	}
	fit := must(fitCurve(append(points, SpendPoint{0, 5}, SpendPoint{5, 0})))
	if math.Abs(fit.Curve.B-0.6) > 0.02 || math.Abs(fit.Curve.Leads(10_000)/(0.5*math.Pow(10_000, 0.6))-1) > 0.02 || fit.Assumed {
		t.Errorf("%+v", fit)
	}
	if fit.Low != 1000 || fit.High != 20_000 || fit.Extrapolates(30_000) || !fit.Extrapolates(30_001) || !fit.Extrapolates(499) {
		t.Errorf("observed from %v to %v", fit.Low, fit.High)
	}
	one := must(fitCurve(points[:1]))
	if !one.Assumed || one.Curve.B != usualSlope || math.Abs(one.Curve.Leads(points[0].Spend)-points[0].Leads) > 1e-9 {
		t.Errorf("%+v", one)
	}
	unknown(t, "slope of one period", one.Slope, TooFew)
	same := must(fitCurve([]SpendPoint{{100, 9}, {100, 10}, {100, 11}, {100, 9}}))
	if !same.Assumed || same.Curve.B != usualSlope {
		t.Errorf("a spend that never varies: %+v", same)
	}
	if _, err := fitCurve(nil); err == nil {
		t.Error("a fit of nothing")
	}
}

// Whole leads against every subset; in part, never worse and at most one lead better.
func TestQueueIsOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var work []Work
		most := 0.0
		for i := range rapid.IntRange(0, 12).Draw(t, "n") {
			w := Work{fmt.Sprint(i), rapid.Float64Range(-100, 1000).Draw(t, "e"), rapid.Float64Range(0, 5).Draw(t, "h")}
			work, most = append(work, w), max(most, w.Profit)
		}
		hours := rapid.Float64Range(0, 20).Draw(t, "hours")
		best := 0.0
		for set := range 1 << len(work) {
			profit, used := 0.0, 0.0
			for i, w := range work {
				if set>>i&1 == 1 {
					profit, used = profit+w.Profit, used+w.Hours
				}
			}
			if used <= hours {
				best = max(best, profit)
			}
		}
		whole, part := must(LineWhole(work, hours)), must(Line(work, hours))
		if math.Abs(whole.Profit-best) > 1e-9*max(1, best) || !whole.Proven {
			t.Fatalf("whole leads bring %v, the best subset %v", whole.Profit, best)
		}
		if part.Profit < best-1e-9*max(1, best) || part.Profit > best+most {
			t.Fatalf("in part %v, whole %v", part.Profit, best)
		}
		if whole.Used > hours || part.Used > hours*(1+1e-12) || part.Mu > 0 && part.Idle > 1e-9 {
			t.Fatalf("%v hours: %+v", hours, part)
		}
		again := must(Line(rapid.Permutation(work).Draw(t, "order"), hours))
		if !slices.Equal(again.Leads, part.Leads) {
			t.Fatalf("another order gives %v, want %v", again.Leads, part.Leads)
		}
	})
}

func TestQueueEdges(t *testing.T) {
	work := []Work{{"a", 100, 1}, {"b", 500, 2}, {"loss", -1, 1}, {"free", 10, 0}}
	none := must(Line(work, 0))
	closeTo(t, "μ without hours is the largest density", none.Mu, 250)
	if len(none.Leads) != 1 || none.Leads[0].ID != "free" || none.Left != 2 || none.Below != 1 {
		t.Errorf("%+v", none)
	}
	slack := must(Line(work, 10))
	if slack.Mu != 0 || slack.Idle != 7 || slack.Profit != 610 {
		t.Errorf("%+v", slack)
	}
	exactly := must(Line(work, 2))
	closeTo(t, "μ at the edge is that of the next lead", exactly.Mu, 100)
	random := rand.New(rand.NewPCG(1, 1))
	var many []Work
	for i := range 199 {
		many = append(many, Work{fmt.Sprint(i), 1000 * random.Float64(), 0.1 + random.Float64()})
	}
	if q := must(LineWhole(many, 40)); !q.Proven || q.Profit > must(Line(many, 40)).Profit {
		t.Errorf("199 leads: proven %v", q.Proven)
	}
	if _, err := Line([]Work{{"a", nan, -1}}, -1); len(fieldsOf(err)) != 3 {
		t.Error(err)
	}
}

func TestWorkload(t *testing.T) {
	l := must(Workload(45, 40, 180))
	known(t, "utilization", l.Utilization, 1.125)
	known(t, "wait", l.Wait, 4.5)
	if !l.Overloaded || l.Growth != 5 {
		t.Errorf("%+v", l)
	}
	unknown(t, "nobody works", must(Workload(1, 0, 5)).Wait, OutOfReach)
}

// The finite sum, the integral and each other's complement agree.
func TestBeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.IntRange(1, 60)
		a := Beta{float64(whole.Draw(t, "αa")), float64(whole.Draw(t, "βa"))}
		b := Beta{float64(whole.Draw(t, "αb")), float64(whole.Draw(t, "βb"))}
		p := b.Beats(a)
		if q := a.Beats(b); math.Abs(p+q-1) > 1e-9 {
			t.Fatalf("P(b > a) + P(a > b) = %v", p+q)
		}
	})
	a, b := Beta{8, 94}, Beta{11, 91}
	closeTo(t, "integral", Beta{11 + 1e-9, 91}.Beats(a), b.Beats(a), 1e-5)
}

func TestExperiments(t *testing.T) {
	arms := []Arm{{"a", Beta{8, 94}, 4000, 100}, {"b", Beta{1, 1}, 4000, 100}, {"never", Beta{1, 1e6}, 4000, 100}}
	shares := must(Thompson(arms, 0.05, 1000, 3))
	total := 0.0
	for _, s := range shares {
		total += s.Share
	}
	closeTo(t, "all shares", total, 1)
	closeTo(t, "the hopeless arm keeps the floor", shares[2].Share, 0.05)
	if again := must(Thompson(arms, 0.05, 1000, 3)); !slices.Equal(again, shares) {
		t.Error("the same seed gives other shares")
	}
	if _, err := Thompson(arms, 0.5, 0, 1); len(fieldsOf(err)) != 2 {
		t.Error(err)
	}
	crowd := make([]Arm, 25)
	for i := range crowd {
		crowd[i] = Arm{string(rune('a' + i)), Beta{1, float64(1 + 100*i)}, 4000, 100}
	}
	for n, least := range map[int]float64{2: 0.05, 12: 0.05, 20: 0.05, 25: 0.04} {
		total := 0.0
		for _, s := range must(Thompson(crowd[:n], DefaultFloor, 200, 1)) {
			total += s.Share
			if s.Share < least-1e-12 {
				t.Errorf("of %d arms, %s gets %v, want at least %v", n, s.Name, s.Share, least)
			}
		}
		closeTo(t, "all shares", total, 1)
	}
	for p, want := range map[float64]ArmVerdict{0.96: Graduate, 0.95: GoOn, 0.5: GoOn, 0.05: GoOn, 0.04: StopArm} {
		if got := must(JudgeArm(p)); got != want {
			t.Errorf("P = %v: %s, want %s", p, got, want)
		}
	}
	if _, err := JudgeArm(nan); err == nil {
		t.Error("a probability that is none passes")
	}
	rows := must(PowerTable(0.5, []float64{0, 0.1, 0.2, 1.5}, 0.8, 0.05))
	unknown(t, "no lift", rows[0].Leads, OutOfReach)
	unknown(t, "more than all", rows[3].Leads, OutOfReach)
	if rows[1].Leads.value <= rows[2].Leads.value {
		t.Errorf("a smaller lift needs more leads: %+v", rows)
	}
}

// The elasticity is the logarithmic derivative, and a bent curve has the leads and the elasticity asked for.
func TestElasticity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCurve(t)
		s := rapid.Float64Range(100, 1e5).Draw(t, "s")
		if want := s * c.Marginal(s) / c.Leads(s); math.Abs(c.Elasticity(s)-want) > 1e-9*max(want, 1e-3) {
			t.Fatalf("elasticity %v, want %v", c.Elasticity(s), want)
		}
		factor := rapid.Float64Range(0.5, 2).Draw(t, "factor")
		e := rapid.Float64Range(0.1, 0.45).Draw(t, "e")
		bent := c.Bent(s, factor, e)
		if err := bent.Validate(); err != nil {
			t.Fatal(err)
		}
		if got, want := bent.Leads(s), factor*c.Leads(s); math.Abs(got-want) > 1e-9*want {
			t.Fatalf("bent: %v leads, want %v", got, want)
		}
		if got := bent.Elasticity(s); math.Abs(got-e) > 1e-9 {
			t.Fatalf("bent: elasticity %v, want %v", got, e)
		}
	})
}

// periodsOf draws what a curve buys at varied spends.
func periodsOf(random *rand.Rand, c Curve, n int, centre, spread, noise float64) (points []SpendPoint) {
	for range n {
		s := centre * math.Exp(spread*random.NormFloat64())
		points = append(points, SpendPoint{s, c.Leads(s) * math.Exp(noise*random.NormFloat64())})
	}
	return points
}

// The form is the one that predicts the next period; where forms look alike over the spends seen, it stays power.
func TestFormIsChosenByTheNextPeriod(t *testing.T) {
	random := rand.New(rand.NewPCG(22, 22))
	for _, c := range []struct {
		truth Curve
		want  []Form
	}{
		{Curve{Form: Power, A: 2, B: 0.6}, []Form{Power}},
		{Curve{Form: Saturation, A: 900, B: 8000}, []Form{Saturation}},
		{Curve{Form: Hill, A: 900, B: 9000, N: 3}, []Form{Hill}},
		{Curve{Form: Log, A: 100, B: 200}, []Form{Log, Hill}},
	} {
		right := 0
		for range 10 {
			fit := must(fitCurve(periodsOf(random, c.truth, 36, 10_000, 0.8, 0.02)))
			if slices.Contains(c.want, fit.Curve.Form) {
				right++
			}
			if len(fit.Forms) != len(candidates) || fit.Forms[0].Form != Power {
				t.Fatalf("%+v", fit.Forms)
			}
		}
		if right < 6 {
			t.Errorf("%s is told in %d of 10 histories", c.truth.Form, right)
		}
	}
	short := must(fitCurve(periodsOf(random, Curve{Form: Hill, A: 900, B: 9000, N: 3}, 15, 10_000, 0.7, 0.05)))
	if short.Curve.Form != Power || short.Assumed || short.Forms != nil {
		t.Errorf("of 15 periods: %+v", short)
	}
}

// Of a power curve, with the noise of counting, another form is hardly ever chosen.
func TestFormIsSeldomChosenByChance(t *testing.T) {
	random := rand.New(rand.NewPCG(25, 25))
	wrong := 0
	for range 60 {
		if fit := must(fitCurve(periodsOf(random, Curve{Form: Power, A: 2, B: 0.7}, 24, 10_000, 0.3, 0.06))); fit.Curve.Form != Power {
			wrong++
		}
	}
	if wrong > 6 {
		t.Errorf("another form is chosen in %d of 60 histories", wrong)
	}
}

// Sources tell each other what elasticities are like: with many alike, one of little data is drawn to them, but not
// by itself, and not by sources of no data.
func TestElasticitiesArePooled(t *testing.T) {
	random := rand.New(rand.NewPCG(23, 23))
	var sources [][]SpendPoint
	for range 12 {
		sources = append(sources, periodsOf(random, Curve{Form: Power, A: 2, B: 0.45}, 24, 10_000, 0.5, 0.02))
	}
	thin := []SpendPoint{{1000, 50}, {1100, 53}}
	alone, among := must(fitCurve(thin)), must(FitCurves(append(sources, thin)))
	if alone.Curve.B != usualSlope || alone.ElasticitySE != usualSpread {
		t.Errorf("alone: %+v", alone)
	}
	last := among[len(sources)]
	if math.Abs(last.Curve.B-0.45) > 0.05 || last.ElasticitySE >= alone.ElasticitySE || !last.Assumed {
		t.Errorf("among others: %+v", last)
	}
	for _, f := range among[:len(sources)] {
		if math.Abs(f.Curve.Elasticity(f.Pivot)-0.45) > 0.03 {
			t.Errorf("%+v", f)
		}
	}
	empty := must(FitCurves([][]SpendPoint{thin, thin[:1], thin[:1]}))
	if math.Abs(empty[0].Curve.B-usualSlope) > 1e-12 {
		t.Errorf("of nothing: %+v", empty[0])
	}
	if _, err := FitCurves([][]SpendPoint{thin, {}}); len(fieldsOf(err)) != 1 {
		t.Errorf("%v", err)
	}
}

// The interval of the elasticity covers it as often as it says, over sources drawn from what sources are like.
func TestElasticityIntervalsCover(t *testing.T) {
	random := rand.New(rand.NewPCG(24, 24))
	inside, all := 0, 0
	for range 60 {
		var sources [][]SpendPoint
		var truth []float64
		common := usualSlope + usualSpread/math.Sqrt2*random.NormFloat64()
		for range 6 {
			b := min(max(common+usualSpread/math.Sqrt2*random.NormFloat64(), 0.1), 0.98)
			truth = append(truth, b)
			sources = append(sources, periodsOf(random, Curve{Form: Power, A: 200 / math.Pow(10_000, b), B: b}, 7, 10_000, 0.3, 0.1))
		}
		for i, f := range must(FitCurves(sources)) {
			all++
			if math.Abs(f.Curve.B-truth[i]) < 1.2816*f.ElasticitySE {
				inside++
			}
		}
	}
	if share := float64(inside) / float64(all); share < 0.73 || share > 0.87 {
		t.Errorf("80 %% intervals hold the truth in %.1f %% of %d", 100*share, all)
	}
}
