package main

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/internal/raced"
)

// market is the sample leads' sources with their truth, in a quarter.
type market struct {
	names []string
	truth []budget.Source // curve and worth after sales cost, as they are
	p, m  []float64       // of a lead, of a sale
	cost  []float64       // s
	last  []float64       // last year's spend in a quarter
}

// sampleMarket reads the truth of sample leads, as many as make run draws, and makes another company of it: the size
// of each source, its rate and its profit are off by about a fifth.
func sampleMarket(t *testing.T, random *rand.Rand, report *datasets.SyntheticReport) market {
	t.Helper()
	var k market
	for _, r := range datasets.DefaultSyntheticOptions().Responses() {
		i := slices.IndexFunc(report.Sources, func(s datasets.SyntheticSource) bool { return s.Source == r.Source })
		g := report.Sources[i].All
		off := func() float64 { return math.Exp(0.2*random.NormFloat64() - 0.02) }
		p, m := g.BaseRate*off(), g.ProfitPerSale*off()
		s := 34 + 10*math.Pow(p, 0.4) + 60*math.Pow(p, 0.65) + 250*math.Pow(p, 0.8)
		curve := budget.Curve{Form: budget.Power, A: r.A * math.Pow(3, 1-r.B) * off(), B: r.B}
		k.names, k.p, k.m, k.cost = append(k.names, r.Source), append(k.p, p), append(k.m, m), append(k.cost, s)
		k.truth = append(k.truth, budget.Source{Name: r.Source, Curve: curve, Worth: p*m - s})
		k.last = append(k.last, g.Spend/float64(report.Rows)*float64(datasets.DefaultSyntheticOptions().Rows)/float64(report.Months)*3)
	}
	return k
}

// profit is what spends are expected to earn in truth.
func (k market) profit(spend []float64) float64 {
	total := 0.0
	for i, s := range spend {
		total += k.truth[i].Worth*k.truth[i].Curve.Leads(s) - s
	}
	return total
}

// past is what a company has seen: spends and leads by period, and what became of the leads.
type past struct {
	points   [][]budget.SpendPoint
	evidence []budget.Evidence
	squares  []float64 // Σ profit², for the standard deviation
}

// happen draws what spends bring in a quarter.
func (k market) happen(random *rand.Rand, h *past, spend []float64) {
	for i, s := range spend {
		leads := distuv.Poisson{Lambda: max(k.truth[i].Curve.Leads(s), 1e-9), Src: random}.Rand()
		h.points[i] = append(h.points[i], budget.SpendPoint{Spend: s, Leads: leads})
		e := &h.evidence[i]
		wins := 0.0
		if leads > 0 {
			wins = distuv.Binomial{N: leads, P: k.p[i], Src: random}.Rand()
		}
		sum := e.Profit * e.Wins
		for range int(wins) {
			x := k.m[i] * math.Exp(0.5*random.NormFloat64()-0.125)
			sum, h.squares[i] = sum+x, h.squares[i]+x*x
		}
		e.Leads, e.Wins = e.Leads+leads, e.Wins+wins
		if e.Wins > 0 {
			e.Profit = sum / e.Wins
			e.SD = math.Sqrt(max(h.squares[i]/e.Wins-e.Profit*e.Profit, 0))
		}
	}
}

// planOf makes the plan that the company can make of its past.
func (k market) planOf(t *testing.T, h *past, limits budget.Limits, seed uint64) budget.Plan {
	t.Helper()
	fits, err := budget.FitCurves(h.points)
	if err != nil {
		t.Fatal(err)
	}
	known, err := budget.Posteriors(h.evidence)
	if err != nil {
		t.Fatal(err)
	}
	p := budget.DefaultPlan()
	p.Limits, p.Basis, p.Draws, p.Seed, p.Period = limits, budget.CostOfSale, 100, seed, "quarter"
	var arms []budget.Arm
	for i, fit := range fits {
		rate := known[i].Rate.Mean()
		s := budget.PlanSource{
			Name: k.names[i], Curve: fit.Curve, Profit: known[i].Profit, Current: h.points[i][len(h.points[i])-1].Spend,
			Path:  budget.Path{Stages: []string{"lead", "won"}, Rates: []float64{rate}, Costs: []float64{k.cost[i], 0}},
			Known: &budget.Knowledge{Rate: known[i].Rate, ProfitLogSE: known[i].ProfitLogSE, Response: fit.CurveEvidence},
		}
		p.Sources = append(p.Sources, s)
		if price, priced := s.Curve.AverageCost(max(s.Current, 1)).Value(); priced {
			arms = append(arms, budget.Arm{Name: s.Name, Rate: known[i].Rate, Value: s.Profit - k.cost[i]/rate, Price: price})
		}
	}
	p.Experiments = budget.DefaultExperiments(arms)
	return p
}

// advised are the spends of an answer: the plan's, or the smaller moves, and the experiments'. They must keep within
// the budget and its reserve to the cent.
func advised(t *testing.T, r *budget.PlanResult) []float64 {
	t.Helper()
	spend, core, tried := make([]float64, len(r.Sources)), int64(0), int64(0)
	for i, x := range r.Sources {
		money := x.Spend
		if m := movesOf(r); m != nil {
			money = m.Money[i]
		}
		core += money.Minor
		spend[i] = money.Major()
	}
	if r.Experiments == nil {
		return spend
	}
	for _, arm := range r.Experiments.Arms {
		tried += arm.Money.Minor
		spend[slices.IndexFunc(r.Sources, func(x budget.Advice) bool { return x.Name == arm.Name })] += arm.Money.Major()
	}
	whole := int64(math.Round(*r.Plan.Limits.Budget * 100))
	if reserve := int64(math.Floor(float64(whole)*r.Plan.Limits.Reserve + 1e-6)); tried > reserve || tried > r.Reserve.Minor || core+tried > whole {
		t.Errorf("%d cents on sources and %d of %d on experiments, of %d", core, tried, reserve, whole)
	}
	return spend
}

// split spends a budget in proportion.
func split(total float64, weights []float64) []float64 {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	out := make([]float64, len(weights))
	for i, w := range weights {
		out[i] = total * w / sum
	}
	return out
}

// With eight periods of history the plan earns almost what someone who knew the truth would earn with the whole
// budget, and more than an equal split and last year's; with a tenth of the budget kept for experiments, and without.
// LEADSCORE_SIMULATIONS is the number of quarters, eight of a company each.
func TestPlansEarnWhatTheOracleDoes(t *testing.T) {
	if raced.Enabled {
		t.Skip("a simulation: not under the race detector")
	}
	quarters := 16
	if text := os.Getenv("LEADSCORE_SIMULATIONS"); text != "" {
		var err error
		if quarters, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	options := datasets.DefaultSyntheticOptions()
	options.Rows, options.Workers = 20_000, 2
	report, err := datasets.Generate(t.Context(), t.TempDir(), options, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, reserve := range map[string]float64{"a tenth in reserve": 0.1, "no reserve": 0} {
		t.Run(name, func(t *testing.T) {
			var x earnings
			for company := range (quarters + perCompany - 1) / perCompany {
				x.company(t, report, uint64(company), reserve)
			}
			x.judge(t)
		})
	}
}

// perCompany is how many quarters a company plans, after eight that it has seen.
const perCompany = 8

// earnings are expected profits over quarters.
type earnings struct {
	ratios, first                 []float64 // of the oracle's, by quarter; of the first quarters
	plan, oracle, equal, lastYear float64
	beaten                        int // quarters in which the plan earns more than both
}

// company lets one company plan.
func (x *earnings) company(t *testing.T, report *datasets.SyntheticReport, seed uint64, reserve float64) {
	t.Helper()
	random := rand.New(rand.NewPCG(71, seed))
	k := sampleMarket(t, random, report)
	free, err := budget.Allocate(k.truth, budget.Limits{Mode: budget.MostProfit, Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	total := math.Round(0.6 * free.Spent)
	limits := budget.Limits{Mode: budget.MostProfit, Budget: &total, Currency: "USD"}
	oracle, err := budget.Allocate(k.truth, limits)
	if err != nil {
		t.Fatal(err)
	}
	limits.Reserve = reserve
	n := len(k.names)
	h := &past{points: make([][]budget.SpendPoint, n), evidence: make([]budget.Evidence, n), squares: make([]float64, n)}
	for range 8 {
		spend := make([]float64, n)
		for i, s := range k.last {
			spend[i] = s * math.Exp(0.3*random.NormFloat64())
		}
		k.happen(random, h, spend)
	}
	even, before := k.profit(split(total, slices.Repeat([]float64{1}, n))), k.profit(split(total, k.last))
	for q := range perCompany {
		r, err := k.planOf(t, h, limits, uint64(q)).Answer(t.Context(), budget.Ask{})
		if err != nil {
			t.Fatal(err)
		}
		spend := advised(t, r)
		plan := k.profit(spend)
		if x.ratios = append(x.ratios, plan/oracle.Net); q == 0 {
			x.first = append(x.first, plan/oracle.Net)
		}
		x.plan, x.oracle, x.equal, x.lastYear = x.plan+plan, x.oracle+oracle.Net, x.equal+even, x.lastYear+before
		if plan > max(even, before) {
			x.beaten++
		}
		k.happen(random, h, spend)
	}
}

func (x *earnings) judge(t *testing.T) {
	t.Helper()
	slices.Sort(x.ratios)
	at := func(q float64) float64 { r, _ := budget.Percentile(x.ratios, q).Value(); return r }
	t.Logf("%d quarters: %.2f %% of the oracle's profit, %.2f %% in the first; by quarter mean %.4f, least %.4f, 5 %% %.4f, 25 %% %.4f, median %.4f, 75 %% %.4f; equal split %.2f %%, last year's %.2f %%; both beaten in %d",
		len(x.ratios), 100*x.plan/x.oracle, 100*stat.Mean(x.first, nil), stat.Mean(x.ratios, nil), x.ratios[0], at(0.05), at(0.25), at(0.5), at(0.75), 100*x.equal/x.oracle, 100*x.lastYear/x.oracle, x.beaten)
	if x.plan < 0.95*x.oracle {
		t.Errorf("the plans earn %.2f %% of the oracle's profit", 100*x.plan/x.oracle)
	}
	if x.plan <= max(x.equal, x.lastYear) || x.beaten < len(x.ratios)*9/10 {
		t.Errorf("the plans earn %v, an equal split %v, last year's %v; better than both in %d of %d quarters", x.plan, x.equal, x.lastYear, x.beaten, len(x.ratios))
	}
}
