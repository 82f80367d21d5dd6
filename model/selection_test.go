package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// bendingLogOdds are log-odds of the sales of effectsOf: a line in its numbers, and a bend of the first.
func bendingLogOdds(l *valueLearner, seed uint64) []float64 {
	random := rand.New(rand.NewPCG(seed, 17))
	logOdds := make([]float64, len(l.y))
	for j := range l.design.columns {
		a := 0.3 * random.NormFloat64()
		for i, z := range l.design.columns[j].z {
			logOdds[i] += a * z
			if j == 0 {
				logOdds[i] += 0.3 * z * z
			}
		}
	}
	return logOdds
}

// The coefficient of the log-odds in the regression of log profit is that which was planted, with t as it says: about 0, of
// a standard deviation of 1, where none was, also where the spread of profits depends on the log-odds.
func TestProfitByProbability(t *testing.T) {
	from, to := simulations(t, 60)
	for _, planted := range []float64{0, 0.3} {
		for _, uneven := range []bool{false, true} {
			var coefficient, ts spread
			for seed := from; seed < to; seed++ {
				l := effectsOf(t, 400, 0.2, seed)
				logOdds := bendingLogOdds(l, seed)
				random := rand.New(rand.NewPCG(seed, 18))
				for i, x := range logOdds {
					e := planted * x
					if uneven {
						e += 0.8 * math.Abs(x) * random.NormFloat64()
					}
					l.y[i] *= math.Exp(e)
				}
				d, err := l.dependence(logOdds)
				if err != nil || d == nil {
					t.Fatal(d, err)
				}
				coefficient.add(d.Coefficient)
				ts.add((d.Coefficient - planted) / d.SE)
			}
			sd, se := math.Sqrt(ts.m2/(ts.n-1)), 1/math.Sqrt(ts.n)
			t.Logf("planted %v, uneven %v: coefficient %.3f, t of mean %.2f and standard deviation %.2f", planted, uneven, coefficient.mean, ts.mean, sd)
			if math.Abs(coefficient.mean-planted) > 0.05 || math.Abs(ts.mean) > 0.1+3*se || math.Abs(sd-1) > 3*se {
				t.Errorf("planted %v, uneven %v: coefficient %v, t of mean %v and standard deviation %v, want 0 and 1", planted, uneven, coefficient.mean, ts.mean, sd)
			}
		}
	}
}

// sizedLeads are leads with their log-odds, and what is expected of a sale of each: the log-odds of the outcome are those, and
// so much of the logarithm of the expected profit.
func sizedLeads(n int, of float64, seed uint64) (p predictions, logs []float64) {
	random := rand.New(rand.NewPCG(seed, 19))
	p.weight = make([]float64, n)
	for i := range n {
		eta, common := -1+random.NormFloat64(), random.NormFloat64()
		logs = append(logs, 3-0.7*eta+common)
		p.eta = append(p.eta, eta)
		p.y = append(p.y, float64(b2i(random.Float64() < Sigmoid(eta+of*common))))
		p.weight[i] = 1 + 3*float64(random.IntN(2))
	}
	return p, logs
}

// The step beyond the line finds what was planted, and t is of a standard deviation of 1 where nothing was.
func TestProbabilityByProfit(t *testing.T) {
	from, to := simulations(t, 200)
	var ts spread
	for seed := from; seed < to; seed++ {
		p, logs := sizedLeads(500, 0, seed)
		ts.add(p.on(logs).T)
	}
	sd, se := math.Sqrt(ts.m2/(ts.n-1)), 1/math.Sqrt(ts.n)
	t.Logf("t of mean %.2f and standard deviation %.2f", ts.mean, sd)
	if math.Abs(ts.mean) > 3*se || math.Abs(sd-1) > 3*se {
		t.Errorf("t of mean %v and standard deviation %v, want 0 and 1", ts.mean, sd)
	}
	p, logs := sizedLeads(20_000, 0.3, 1)
	d := p.on(logs)
	if math.Abs(d.Coefficient-0.3) > 3*d.SE || !d.Doubtful() {
		t.Errorf("planted 0.3, found %+v", d)
	}
	for i := range logs { // its origin, unit, and what of it is a line in the log-odds do not matter
		logs[i] = 10*logs[i] - 4 + 2*p.eta[i]
	}
	if other := p.on(logs); math.Abs(other.T-d.T) > 1e-6 || math.Abs(10*other.Coefficient-d.Coefficient) > 1e-9 {
		t.Errorf("%+v of another unit, %+v", other, d)
	}
	for i, eta := range p.eta {
		logs[i] = 3.3 - 0.1*eta
	}
	if d := p.on(logs); d != nil {
		t.Errorf("%+v of a line in the log-odds", d)
	}
}

// Where two features decide together who buys and how much, the value model, which has no pairs, is told to lack them. Where
// nothing does, nothing is said.
func TestDependenceWarnings(t *testing.T) {
	simulates(t)
	const n = 8_000
	for _, joint := range []bool{true, false} {
		random := rand.New(rand.NewPCG(5, 20))
		a, b, x := make([]string, n), make([]string, n), make([]float64, n)
		won, profit := make([]bool, n), make([]float64, n)
		for r := range n {
			i, j := random.IntN(4), random.IntN(4)
			a[r], b[r], x[r], profit[r] = string(rune('a'+i)), string(rune('a'+j)), random.NormFloat64(), nan
			together := 0.0
			if joint {
				together = float64(2*((i+j)%2) - 1)
			}
			if won[r] = random.Float64() < Sigmoid(-1.5+0.3*x[r]+0.7*together); won[r] {
				profit[r] = 100 * math.Exp(0.5*x[r]-0.4*together+0.7*random.NormFloat64())
			}
		}
		o := options()
		o.Recipe = RecipeAuto
		trained := train(t, tableOf(t, category("a", features.RoleFeature, a), category("b", features.RoleFeature, b), numeric("x", features.RoleFeature, x), yesNo(won), numeric("profit", features.RoleProfit, profit)), o)
		d := trained.Value.ProfitByProbability
		if d == nil || d.Doubtful() != joint || (said(trained, "profit_by_probability") != "") != joint || joint && d.Coefficient > 0 {
			t.Errorf("joint %v: %+v, warnings %v", joint, d, trained.Warnings)
		}
		if trained.Value.ProbabilityByProfit == nil {
			t.Errorf("joint %v: nothing on the leads held out", joint)
		}
	}
}
