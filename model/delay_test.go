package model

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// delayed draws leads whose conversions take a while: about 7 % convert within 90 days; the lag is Weibull of shape .7,
// cut at the horizon, and three times slower in the segment "slow", which holds 30 % of the leads.
type delayed struct {
	rows  int
	seed  uint64
	span  float64 // days of creation before as_of
	young float64 // the volume grows by e in so many days
	whole bool    // dates without a time of day
}

const delayHorizon = 90

// leads draws the leads as they are known at as_of, with the true probability of each.
func (d delayed) leads() (columns []column, truth []float64, slow []bool, unseen float64) {
	random := rand.New(rand.NewPCG(d.seed, 90))
	n := d.rows
	segment, source, x, noise := make([]string, n), make([]string, n), make([]float64, n), make([]string, n)
	created, at, won := make([]int64, n), make([]int64, n), make([]bool, n)
	truth, slow = make([]float64, n), make([]bool, n)
	asOf := firstLead + 1000*day
	total := 0.0
	for i := range n {
		age := -d.young * math.Log(1-random.Float64()*(1-math.Exp(-d.span/d.young)))
		slow[i] = random.Float64() < 0.3
		segment[i], source[i], noise[i] = "quick", []string{"ads", "fair", "referral", "web"}[random.IntN(4)], fmt.Sprint("n", random.IntN(5))
		scale := 15.0
		if slow[i] {
			segment[i], scale = "slow", 45
		}
		x[i] = random.NormFloat64()
		truth[i] = Sigmoid(-3.1 + planted[source[i]] + 0.8*x[i])
		lag := 0.0
		for ok := false; !ok; ok = lag <= delayHorizon {
			lag = scale * math.Pow(random.ExpFloat64(), 1/0.7)
		}
		created[i], at[i] = asOf-int64(age*float64(day)), features.NoTime
		if random.Float64() < truth[i] {
			total++
			if lag <= age {
				won[i], at[i] = true, created[i]+int64(lag*float64(day))
			} else {
				unseen++
			}
		}
		if d.whole {
			created[i] = floorDay(created[i]) * day
			if won[i] {
				at[i] = floorDay(at[i]) * day
			}
		}
	}
	columns = []column{
		timed("created_at", features.RoleCreatedAt, created), category("segment", features.RoleSegment, segment), category("source", features.RoleSource, source),
		category("noise", features.RoleFeature, noise), numeric("x", features.RoleFeature, x), yesNo(won), timed("converted_at", features.RoleConvertedAt, at),
	}
	return columns, truth, slow, unseen / total
}

func delayOptions() Options {
	o := autoOptions()
	o.Label = Label{Column: "converted", At: "converted_at", Horizon: delayHorizon, AsOf: features.FormatTime(firstLead + 1000*day)}
	o.Holdout = 0
	return o
}

// ratios are mean probability ÷ mean truth, of all leads and of the slow ones.
func ratios(m *Model, table *features.Table, truth []float64, slow []bool) (all, segment float64) {
	var p, q, ps, qs float64
	for i, l := range m.TableLogOdds(table, nil) {
		p, q = p+Sigmoid(l), q+truth[i]
		if slow[i] {
			ps, qs = ps+Sigmoid(l), qs+truth[i]
		}
	}
	return p / q, ps / qs
}

// Young leads do not pass for lost: with 30 % of the conversions still to come the mean probability is that of the truth,
// also in a segment of slow lags. LEADSCORE_SIMULATIONS=20 runs 20 seeds of 60,000 leads.
func TestDelayOnKnownTruth(t *testing.T) {
	for name, w := range map[string]delayed{
		"no mature leads":   {span: 90, young: 36},
		"half a year":       {span: 180, young: 45},
		"half a year, days": {span: 180, young: 45, whole: true},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := simulations(t, 1)
			seeds, bound, segmentBound := to-from, 0.1, 0.15 // of one small run; four standard errors
			w.rows = 12_000
			if seeds > 1 {
				w.rows, bound, segmentBound = 60_000, 0.02, 0.04
			}
			var mean, segment, naive, naiveSegment, unseen float64
			for s := from; s < to; s++ {
				w.seed = s + 1
				columns, truth, slow, share := w.leads()
				table := tableOf(t, columns...)
				training := train(t, table, delayOptions())
				d := training.Fit.Delay
				if d.By != "segment" {
					t.Errorf("seed %d: lags by %q, want segment", s, d.By)
				}
				a, b := ratios(training.Model, table, truth, slow)
				lost := delayOptions()
				lost.Label.At, lost.Label.Horizon = "", 0
				lost.TrustOutcome = true
				c, e := ratios(train(t, table, lost).Model, table, truth, slow)
				mean, segment, naive, naiveSegment, unseen = mean+a, segment+b, naive+c, naiveSegment+e, unseen+share
			}
			n := float64(seeds)
			t.Logf("%d seeds of %d leads, %.1f %% of conversions unseen: ratio %.4f, slow segment %.4f; open leads as lost: %.4f, %.4f",
				seeds, w.rows, 100*unseen/n, mean/n, segment/n, naive/n, naiveSegment/n)
			if math.Abs(mean/n-1) > bound || math.Abs(segment/n-1) > segmentBound {
				t.Errorf("mean p ÷ truth %.4f, in the slow segment %.4f", mean/n, segment/n)
			}
			if naive/n > 0.9 {
				t.Errorf("open leads as lost give %.4f: the simulation shows nothing", naive/n)
			}
		})
	}
}

// curveOf is the true lag curve of a lead.
func curveOf(slow bool, age float64) float64 {
	scale := 15.0
	if slow {
		scale = 45
	}
	g := func(a float64) float64 { return -math.Expm1(-math.Pow(a/scale, 0.7)) }
	return min(1, g(age)/g(delayHorizon))
}

// What is left of a probability: all of it at first, less every day, nothing at the horizon; and right on average in
// every band of ages.
func TestOpenProbability(t *testing.T) {
	bands := []float64{0, 7, 21, 45, delayHorizon}
	got, want := make([]float64, len(bands)), make([]float64, len(bands))
	var m *Model
	from, to := simulations(t, 4)
	bound := 0.3 // three standard errors of the oldest
	if to-from >= 20 {
		bound = 0.05
	}
	for seed := from; seed < to; seed++ {
		w := delayed{rows: 30_000, seed: seed + 1, span: 180, young: 45}
		columns, truth, slow, _ := w.leads()
		m = train(t, tableOf(t, columns...), delayOptions()).Model
		asOf := firstLead + 1000*day
		batch := batchOf(t, columns...)
		var lead features.Lead
		for r := range w.rows {
			batch.Lead(r, &lead)
			s := m.ScoreAt(&lead, asOf)
			if columnOf(columns, "converted").texts[r] == "true" {
				if s.ProbabilityOpen != nil {
					t.Fatalf("row %d has converted, and is open at %v", r, *s.ProbabilityOpen)
				}
				continue
			}
			age := float64(asOf-columns[0].times[r]) / float64(day)
			if *s.AgeDays != age || age >= delayHorizon && *s.ProbabilityOpen != 0 {
				t.Fatalf("row %d: age %v, want %v; open %v", r, *s.AgeDays, age, *s.ProbabilityOpen)
			}
			g := curveOf(slow[r], age)
			if b := slices.IndexFunc(bands, func(from float64) bool { return age < from }) - 1; b >= 0 {
				got[b], want[b] = got[b]+*s.ProbabilityOpen, want[b]+truth[r]*(1-g)/(1-truth[r]*g)
			}
		}
	}
	for b := range len(bands) - 1 {
		t.Logf("age %v to %v: expected %.1f, true %.1f, ratio %.3f", bands[b], bands[b+1], got[b], want[b], got[b]/want[b])
		if math.Abs(got[b]/want[b]-1) > bound {
			t.Errorf("age %v to %v: %.1f conversions expected of open leads, %.1f are true", bands[b], bands[b+1], got[b], want[b])
		}
	}
	for _, level := range []string{"slow", "quick", "never seen"} {
		before := 0.25
		for age := 0.0; age <= delayHorizon+1; age += 0.25 {
			p, err := m.OpenProbability(0.25, level, age)
			if err != nil || p > before || age == 0 && p != 0.25 || age >= delayHorizon && p != 0 {
				t.Fatalf("%s, age %v: %v after %v, %v", level, age, p, before, err)
			}
			before = p
		}
	}
}

// No round lowers the penalised likelihood at fixed penalties, from wherever it starts.
func TestRoundsNeverLowerTheLikelihood(t *testing.T) {
	for _, start := range []float64{0, -6, 3} {
		columns, _, _, _ := delayed{rows: 4000, seed: 5, span: 120, young: 40}.leads()
		for r, at := range columnOf(columns, "converted_at").times {
			if at != features.NoTime && r%10 == 0 {
				columnOf(columns, "converted_at").times[r] = features.NoTime // nobody knows when
			}
		}
		tr, err := prepare(tableOf(t, columns...), delayOptions())
		if err != nil {
			t.Fatal(err)
		}
		rows := slices.Concat(tr.rows, tr.outcomes.young)
		encoder, _, err := features.FitBins(tr.table, rows, nil, features.BinOptions{Bins: 8, MinWeight: autoWeight})
		if err != nil {
			t.Fatal(err)
		}
		m, err := tr.newLagModel(rows)
		if err != nil {
			t.Fatal(err)
		}
		for part := range m.f { // from far off
			for k := range m.f[part] {
				m.f[part][k] = 0.5*m.f[part][k] + 0.5/float64(len(m.f[part]))
			}
		}
		m.sum()
		l := m.over(tr, rows)
		p := tr.problem(encoder, rows)
		l.into(&p)
		penalise(&p, encoder, []float64{3, 20, 3, 3, 3}[:len(p.Columns)])
		o := tr.solverOptions("", false)
		o.Tolerance = 1e-8
		eta := make([]float64, len(rows))
		for i := range eta {
			eta[i] = start
		}
		penalty, last := 0.0, math.Inf(-1)
		for round := range 15 {
			value := l.logLikelihood(eta) - penalty
			if value < last-1e-9*math.Abs(last) {
				t.Errorf("start %v: round %d lowers the likelihood from %v to %v", start, round, last, value)
			}
			last = value
			l.round(eta)
			fit, err := logit.Minimise(t.Context(), p, o)
			if err != nil {
				t.Fatal(err)
			}
			o.Start = fit
			eta, penalty = linearPredictor(&p, fit), fit.Objective-fit.LogLoss
		}
	}
}

// Where every lead is mature, the fit by rounds is the fit to outcomes.
func TestMatureLeadsNeedNoDelay(t *testing.T) {
	columns, _, _, _ := delayed{rows: 5000, seed: 6, span: 400, young: 1000}.leads()
	o := delayOptions()
	tr, err := prepare(tableOf(t, columns...), o)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := tr.fit(t.Context(), "", tr.rows, false)
	if err != nil {
		t.Fatal(err)
	}
	cut := len(tr.rows) - 500
	tr.young = tr.rows[cut:] // they only seem so
	rounds, err := tr.fit(t.Context(), "", tr.rows[:cut], false)
	if err != nil {
		t.Fatal(err)
	}
	if rounds.delay == nil || whole.delay != nil || rounds.delay.Expected != 0 {
		t.Fatalf("delay %+v and %+v", rounds.delay, whole.delay)
	}
	a, b := linearOf(whole), linearOf(rounds)
	if len(a) != len(b) {
		t.Fatalf("%d and %d coefficients", len(a), len(b))
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-9 {
			t.Errorf("coefficient %d is %v, by rounds %v", i, a[i], b[i])
		}
	}
}

// linearOf lists the coefficients of a fit.
func linearOf(f *fitted) []float64 {
	return append(slices.Concat(f.linear.Coefficients...), f.linear.Intercept)
}

// The artifact holds the curves and comes back the same; neither the workers nor the order of the rows of one instant
// change it; curves that cannot be are refused.
func TestDelayInTheArtifact(t *testing.T) {
	columns, _, _, _ := delayed{rows: 6000, seed: 7, span: 200, young: 60}.leads()
	o := delayOptions()
	o.Holdout = 0.3
	training := train(t, tableOf(t, columns...), o)
	d := training.Fit.Delay
	if d.Used == 0 || training.Data.YoungUsed != d.Used || d.Used != training.Data.Immature || d.Rounds < 1 || training.Holdout == nil {
		t.Errorf("delay %+v of data %+v", d, training.Data)
	}
	if q, s := d.curve("quick"), d.curve("slow"); !(q.Median < s.Median && q.P90 < s.P90 && s.P90 < delayHorizon) {
		t.Errorf("median %v and %v, 90 %% by %v and %v", q.Median, s.Median, q.P90, s.P90)
	}
	var text, other bytes.Buffer
	if err := training.Model.Encode(&text); err != nil {
		t.Fatal(err)
	}
	o.Workers = 3
	if err := train(t, tableOf(t, columns...), o).Model.Encode(&other); err != nil || !bytes.Equal(text.Bytes(), other.Bytes()) {
		t.Errorf("three workers give another artifact, %v", err)
	}
	back, err := Decode(&text)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := training.Model.OpenProbability(0.1, "slow", 12.5)
	if b, err := back.OpenProbability(0.1, "slow", 12.5); err != nil || a != b {
		t.Errorf("open %v, from the file %v, %v", a, b, err)
	}
	for name, damage := range map[string]func(d *Delay){
		"steps":     func(d *Delay) { d.Curves[0].Cumulative = d.Curves[0].Cumulative[:80] },
		"falls":     func(d *Delay) { d.Curves[0].Cumulative[40] = 0 },
		"beyond":    func(d *Delay) { d.Curves[0].Cumulative[89] = 2 },
		"column":    func(d *Delay) { d.By = "x" },
		"no column": func(d *Delay) { d.By = "nobody" },
		"step":      func(d *Delay) { d.DaysAStep = 0 },
		"others":    func(d *Delay) { d.Curves[len(d.Curves)-1].Level = "slow" },
		"none":      func(d *Delay) { d.Curves = nil },
	} {
		broken := *training.Fit.Delay
		broken.Curves = slices.Clone(broken.Curves)
		broken.Curves[0].Cumulative = slices.Clone(broken.Curves[0].Cumulative)
		damage(&broken)
		if err := broken.check(back.encoder, delayHorizon); err == nil {
			t.Errorf("%s: a broken curve passes", name)
		}
	}
}

// Lags are told apart by the column that they depend on, and by none where they depend on none.
func TestStrataByEvidence(t *testing.T) {
	simulates(t)
	chosen := map[string]int{}
	const worlds = 10
	for seed := range uint64(worlds) {
		columns, _, slow, _ := delayed{rows: 20_000, seed: 100 + seed, span: 150, young: 60}.leads()
		by := func(o Options) string {
			tr, err := prepare(tableOf(t, columns...), o)
			if err != nil {
				t.Fatal(err)
			}
			m, err := tr.newLagModel(slices.Concat(tr.rows, tr.outcomes.young))
			if err != nil {
				t.Fatal(err)
			}
			return m.strata.by
		}
		o := delayOptions()
		chosen[by(o)]++
		o.LagBy = "noise"
		if got := by(o); got != "noise" {
			t.Errorf("asked for noise, got %q", got)
		}
		random := rand.New(rand.NewPCG(seed, 1))
		for r := range slow {
			columnOf(columns, "segment").texts[r] = fmt.Sprint(random.IntN(3))
		}
		o.LagBy = LagByAuto
		chosen["chance:"+by(o)]++
	}
	if chosen["segment"] < worlds-1 || chosen["chance:"] < worlds-3 {
		t.Errorf("chosen %v", chosen)
	}
	columns, _, _, _ := delayed{rows: 500, seed: 1, span: 150, young: 60}.leads()
	o := delayOptions()
	o.LagBy = "x"
	if _, err := Train(t.Context(), tableOf(t, columns...), o); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("lags by a number: %v", err)
	}
}

// logLikelihood is ℓ, but for −S.
func (l *lagged) logLikelihood(eta []float64) float64 {
	sum := 0.0
	open := 0
	for i, x := range eta {
		if open < len(l.open) && l.open[open].row == i {
			lead := l.open[open]
			sum += float64(lead.w * math.Log1p(-float64(Sigmoid(x)*cumulativeAt(l.g[lead.part], lead.age))))
			open++
			continue
		}
		sum -= float64(l.weight(i) * logLoss(x, l.targets[i]))
	}
	for _, u := range l.undated {
		sum += float64(u.w * math.Log(cumulativeAt(l.g[u.part], u.age)))
	}
	for part, f := range l.f {
		for k, x := range f {
			n := l.seen[part][k]
			if l.prior != nil {
				n += lagPrior * l.prior[k]
			}
			if n > 0 {
				sum += float64(n * math.Log(x))
			}
		}
	}
	return sum
}
