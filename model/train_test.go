package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

func encoded(t testing.TB, m *Model) []byte {
	t.Helper()
	var w bytes.Buffer
	if err := m.Encode(&w); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

// Training finds what was planted, calibrated, and says how it did so.
func TestTrain(t *testing.T) {
	table := tableOf(t, without(world{rows: 8_000, seed: 5}.columns(), "last_touch")...)
	trained := train(t, table, dated())
	if got := trained.Split; got.Kind != SplitTime || !got.Refitted || got.HoldoutRows == 0 || got.FitRows+got.HoldoutRows != trained.Data.Used {
		t.Errorf("split %+v", got)
	}
	if d := trained.Data; d.Rows != 8_000 || d.Immature == 0 || d.Used+d.Immature != d.Rows || d.From != "2024-01-01T00:00:00Z" || d.AsOf == "" {
		t.Errorf("data %+v", d)
	}
	h := trained.Holdout
	if h == nil || h.AUC < 0.68 || h.AUC > 0.8 || h.LogLoss >= h.LogLossConstant || h.CalibrationSlopeCI[0] > 1 || h.CalibrationSlopeCI[1] < 1 {
		t.Errorf("holdout %+v", h)
	}
	if f := trained.Folds; f == nil || f.Count != 5 || f.Rows != trained.Data.Used || math.Abs(f.AUC-h.AUC) > 0.04 {
		t.Errorf("folds %+v", f)
	}
	effects := map[string]Effect{}
	for _, e := range trained.Effects {
		effects[e.Feature] = e
	}
	for _, p := range effects["source"].Points {
		want := planted[p.Label] - (planted["ads"]+planted["fair"]+planted["referral"]+planted["web"])/4
		if math.Abs(p.LogOdds-want) > 0.15 || p.CI[0] > want || p.CI[1] < want {
			t.Errorf("source %s: %+v, planted %v", p.Label, p, want)
		}
	}
	score := effects["score"].Points
	for _, p := range score {
		if math.Abs(p.LogOdds-0.8*p.X) > 0.1*(1+math.Abs(p.X)) {
			t.Errorf("score %v: %v, planted %v", p.X, p.LogOdds, 0.8*p.X)
		}
	}
	if trained.Effects[0].Feature != "score" || len(trained.Effects) != 4 {
		t.Errorf("the largest of %d effects is that of %s", len(trained.Effects), trained.Effects[0].Feature)
	}
	if v := trained.Value; v.Kind == ValueMean || v.Kind == ValueNone || v.Wins == 0 || v.Currency != "USD" {
		t.Errorf("value %+v", v)
	}
	if !strings.Contains(trained.Verdict.Sentence, "leads that the model had not seen") {
		t.Errorf("verdict %q", trained.Verdict)
	}
	if len(trained.Periods) < 6 || !trained.Periods[len(trained.Periods)-1].Holdout || trained.Periods[0].Holdout {
		t.Errorf("periods %+v", trained.Periods)
	}
	if _, err := json.Marshal(trained); err != nil {
		t.Error(err)
	}
	checkScores(t, trained.Model, table)
}

// checkScores checks the sums of every lead, and that both ways to a log-odds agree in every bit.
func checkScores(t *testing.T, m *Model, table *features.Table) {
	t.Helper()
	all := m.TableLogOdds(table, nil)
	var lead features.Lead
	for r := range table.Rows {
		table.Lead(r, &lead)
		s := m.Score(&lead)
		checkSums(t, &s)
		if math.Float64bits(s.LogOdds) != math.Float64bits(all[r]) || s.ExpectedValue == nil {
			t.Fatalf("row %d: log-odds %v by itself, %v in the table, expected value %v", r, s.LogOdds, all[r], s.ExpectedValue)
		}
	}
}

// Where the world drifts, random folds flatter and the holdout does not.
func TestTrainUnderDrift(t *testing.T) {
	trained := train(t, tableOf(t, world{rows: 6_000, seed: 2, drift: 1.6}.columns()...), options())
	if trained.Folds.AUC < trained.Holdout.AUC+0.03 {
		t.Errorf("folds %v, holdout %v", trained.Folds.AUC, trained.Holdout.AUC)
	}
	codes := codesOfWarnings(trained.Warnings)
	for _, want := range []string{"random_folds_flatter", "base_rate_drift"} {
		if !slices.Contains(codes, want) {
			t.Errorf("no %s among %v", want, codes)
		}
	}
	if c := trained.Fit.Calibration; c.Kind != affineKind || c.Slope <= 0 {
		t.Errorf("calibration %+v", c)
	}
}

// A number that leaves the range of training in the holdout, as every date does, is told.
func TestTrainExtrapolates(t *testing.T) {
	trained := train(t, tableOf(t, world{rows: 2000, seed: 3}.columns()...), options())
	if i := slices.Index(codesOfWarnings(trained.Warnings), "extrapolation"); i < 0 || trained.Warnings[i].Column != "last_touch" {
		t.Errorf("warnings %+v", trained.Warnings)
	}
}

// Without a holdout there is exactly one fit, on all leads, and no calibration.
func TestTrainOnce(t *testing.T) {
	table := tableOf(t, world{rows: 1500, seed: 3}.columns()...)
	o := options()
	o.Holdout = 0
	stages := map[string]int{}
	o.Progress = func(p Progress) {
		if p.Step != 1 || p.Steps != 1 {
			t.Errorf("progress %+v", p)
		}
		stages[p.Stage]++
	}
	trained := train(t, table, o)
	if len(stages) != 1 || trained.Holdout != nil || trained.Folds != nil || trained.Split.Kind != splitNone || trained.Split.FitRows != 1500 {
		t.Errorf("stages %v, split %+v", stages, trained.Split)
	}
	if c := trained.Fit.Calibration; c != identity() {
		t.Errorf("calibration %+v", c)
	}
	d := &trained.Model.document
	if b := trained.Model.base; math.Abs(b-d.Intercept-sumOfMeans(d)) > 1e-12 {
		t.Errorf("base %v, intercept %v, means %v", b, d.Intercept, sumOfMeans(d))
	}
}

func sumOfMeans(d *payload) float64 {
	var sum float64
	for _, c := range d.Coefficients {
		sum += c.Mean
	}
	return sum
}

// The fits are counted right, and the one that was evaluated can be shipped.
func TestTrainSteps(t *testing.T) {
	table := tableOf(t, world{rows: 3000, seed: 4}.lean()...)
	for _, refit := range []bool{true, false} {
		o := options()
		o.Refit = refit
		last := Progress{}
		o.Progress = func(p Progress) { last = p }
		trained := train(t, table, o)
		if last.Step == 0 || last.Step != last.Steps || last.Stage != "fitting" {
			t.Errorf("refit %v: ends at %+v", refit, last)
		}
		if trained.Split.Refitted != refit {
			t.Errorf("refit %v: %+v", refit, trained.Split)
		}
	}
}

// The artifact's bytes depend neither on workers nor on processors, and are the same in every run.
func TestTrainSameBytes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	table := tableOf(t, world{rows: 1500, seed: 5}.columns()...)
	var want []byte
	for _, workers := range []int{1, 2, 4, 1} {
		runtime.GOMAXPROCS(workers)
		o := dated()
		o.Workers = workers
		got := encoded(t, train(t, table, o).Model)
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d workers: other bytes", workers)
		}
	}
}

// Weight 2 is a lead twice and weight 0 is no lead, up to the solver's tolerance and what counts rows.
func TestTrainWeights(t *testing.T) {
	columns := without(world{rows: 1200, seed: 6}.columns(), "account", "converted_at")
	random := rand.New(rand.NewPCG(1, 2))
	weights := make([]float64, 1200)
	var rows []int
	for r := range weights {
		weights[r] = float64(random.IntN(3))
		for range int(weights[r]) {
			rows = append(rows, r)
		}
	}
	o := options()
	o.Tolerance = 1e-11
	repeated := train(t, tableOf(t, picked(columns, rows)...), o)
	weighted := train(t, tableOf(t, append(columns, numeric("weight", features.RoleWeight, weights))...), o)
	near := func(what string, a, b, tolerance float64) {
		if math.Abs(a-b) > tolerance*(1+math.Abs(b)) {
			t.Errorf("%s: weighted %v, repeated %v", what, a, b)
		}
	}
	near("base rate", weighted.Data.BaseRate, repeated.Data.BaseRate, 1e-12)
	near("objective", weighted.Fit.Objective, repeated.Fit.Objective, 1e-9)
	near("profit per sale", weighted.Value.Mean, repeated.Value.Mean, 1e-12) // the value model is cross-fitted on other folds
	near("base", weighted.Model.base, repeated.Model.base, 1e-2)             // calibration is cut at other rows
	a, b := weighted.Model.document.Coefficients, repeated.Model.document.Coefficients
	for k := range a {
		near("spread of "+a[k].Feature, a[k].Spread, b[k].Spread, 1e-7)
		for i := range a[k].Values {
			near("coefficient of "+a[k].Feature, a[k].Values[i], b[k].Values[i], 1e-7)
		}
	}
}

// picked takes rows of columns.
func picked(columns []column, rows []int) []column {
	out := slices.Clone(columns)
	for i, c := range columns {
		out[i].texts, out[i].numbers, out[i].times = pick(c.texts, rows), pick(c.numbers, rows), pick(c.times, rows)
	}
	return out
}

func pick[T any](x []T, rows []int) []T {
	if x == nil {
		return nil
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = x[r]
	}
	return out
}

// Noise is called no better than the base rate.
func TestTrainOnNoise(t *testing.T) {
	trained := train(t, tableOf(t, world{rows: 3000, seed: 8, noise: true}.lean()...), options())
	if !strings.HasPrefix(trained.Verdict.Sentence, "No better than the base rate") {
		t.Errorf("verdict %q, AUC %v", trained.Verdict, trained.Holdout.AUC)
	}
}

// Odd data give a model or a clear error, never a panic or a number that is none.
func TestTrainOddData(t *testing.T) {
	const n = 160
	random := rand.New(rand.NewPCG(8, 9))
	won, texts, numbers, weights := make([]bool, n), make([]string, n), make([]float64, n), make([]float64, n)
	late, rare, constant, nothing := make([]float64, n), make([]string, n), make([]float64, n), make([]string, n)
	extreme := make([]float64, n)
	for r := range n {
		won[r] = random.IntN(3) == 0
		texts[r], numbers[r], weights[r] = []string{"a", "b"}[random.IntN(2)], random.NormFloat64(), 1
		late[r], constant[r], rare[r] = random.NormFloat64(), 7, "usual"
		if r >= n/2 {
			late[r] = nan // missing throughout the holdout
		}
		if r == n-1 {
			rare[r] = "once, in the holdout"
		}
		extreme[r] = random.NormFloat64()
	}
	extreme[3] = 1e15
	leak := make([]string, n)
	for r := range leak {
		leak[r] = fmt.Sprint(won[r])
	}
	x := numeric("x", features.RoleFeature, numbers)
	c := category("c", features.RoleFeature, texts)
	trusted := category("leak", features.RoleFeature, leak)
	trusted.field.Trusted = true
	y := yesNo(won)
	for name, columns := range map[string][]column{
		"one number":             {y, x},
		"one category":           {y, c},
		"missing in the holdout": {y, c, numeric("late", features.RoleFeature, late)},
		"only that":              {y, numeric("late", features.RoleFeature, late)},
		"one level":              {y, x, category("rare", features.RoleFeature, rare)},
		"constant":               {y, x, numeric("constant", features.RoleFeature, constant)},
		"only a constant":        {y, numeric("constant", features.RoleFeature, constant)},
		"an empty column":        {y, x, category("nothing", features.RoleFeature, nothing)},
		"an extreme number":      {y, x, numeric("extreme", features.RoleFeature, extreme)},
		"a trusted leak":         {y, x, trusted},
		"half without weight":    {y, x, c, numeric("weight", features.RoleWeight, slices.Concat(make([]float64, n/2), weights[n/2:]))},
		"one account":            {y, x, category("account", features.RoleAccount, slices.Repeat([]string{"a"}, n))},
		"all at one time":        {y, x, timed("created_at", features.RoleCreatedAt, make([]int64, n))},
		"few rows":               picked([]column{y, x, c}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}),
	} {
		table := tableOf(t, columns...)
		for _, split := range []string{SplitAuto, SplitRowOrder, SplitRandom} {
			for _, holdout := range []float64{0, 0.3} {
				o := options()
				o.Split, o.Holdout = split, holdout
				trained, err := Train(context.Background(), table, o)
				if err != nil {
					if holdout == 0 || !strings.Contains(err.Error(), "use another --holdout") {
						t.Errorf("%s, %s, holdout %v: %v", name, split, holdout, err)
					}
					continue
				}
				if _, err := json.Marshal(trained); err != nil {
					t.Errorf("%s, %s, holdout %v: %v", name, split, holdout, err)
				}
				if _, err := Decode(bytes.NewReader(encoded(t, trained.Model))); err != nil {
					t.Errorf("%s, %s, holdout %v: %v", name, split, holdout, err)
				}
			}
		}
	}
}

func TestTrainRefuses(t *testing.T) {
	y := yesNo([]bool{true, false, true, false})
	x := numeric("x", features.RoleFeature, []float64{1, 2, 3, 4})
	known := x
	known.field.KnownAt = "sql"
	recorded := x
	recorded.field.RecordedAt = "x_at"
	for want, c := range map[string]struct {
		columns []column
		change  func(*Options)
		is      error
	}{
		"every lead has the same outcome: 4 of 4":        {[]column{yesNo([]bool{true, true, true, true}), x}, nil, ErrOneClass},
		"every lead has the same outcome: 0 of 4":        {[]column{yesNo(make([]bool, 4)), x}, nil, ErrOneClass},
		"no lead has a known outcome: 4 rows, 4 of them": {[]column{y, x, timed("created_at", features.RoleCreatedAt, days(1, 2, 3, 4))}, func(o *Options) { o.Label.Horizon = 9 }, ErrNoLeads},
		"no feature has a value":                         {[]column{y, numeric("x", features.RoleFeature, []float64{nan, nan, nan, nan})}, nil, nil},
		`column "x" is known only at "sql"`:              {[]column{y, known}, nil, nil},
		`column "x": 1 of 4 values were recorded (x_at) after the lead was created`: {[]column{y, recorded, timed("created_at", features.RoleCreatedAt, days(1, 2, 3, 4)),
			timed("x_at", features.RoleRecordedAt, days(1, -1, 3.5, 0))}, nil, nil},
		"by time, but no column has the role created_at": {[]column{y, x}, func(o *Options) { o.Split = SplitTime }, nil},
		"l2 is -1":                     {[]column{y, x}, func(o *Options) { o.L2 = -1 }, nil},
		"model: separation":            {[]column{y, category("c", features.RoleFeature, []string{"a", "b", "a", "b"})}, func(o *Options) { o.L2 = 0 }, nil},
		"c=a (always converts)":        {[]column{y, category("c", features.RoleFeature, []string{"a", "b", "a", "b"})}, func(o *Options) { o.L2 = 0 }, nil},
		"model: singular":              {[]column{y, x, numeric("z", features.RoleFeature, []float64{2, 4, 6, 8})}, func(o *Options) { o.L2 = 0 }, nil},
		"leaves 2 conversions among 2": {[]column{yesNo([]bool{true, true, false, false}), x}, func(o *Options) { o.Holdout, o.Split = 0.5, SplitRowOrder }, nil},
	} {
		o := options()
		o.Holdout = 0
		if c.change != nil {
			c.change(&o)
		}
		_, err := Train(context.Background(), tableOf(t, c.columns...), o)
		if err == nil || !strings.Contains(err.Error(), want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%v, want … %s …", err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Train(ctx, tableOf(t, world{rows: 300, seed: 1}.lean()...), options()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestOptionsValidate(t *testing.T) {
	if err := DefaultOptions().Validate(); err != nil {
		t.Error(err)
	}
	err := Options{L2: math.Inf(1), Holdout: nan, Recipe: "secret", Split: "coin", Tolerance: 1, SE: "none", GrossMargin: 2, Label: Label{Horizon: -1}}.Validate()
	for _, want := range []string{"recipe is secret", "l2 is +Inf", "split is coin", "holdout is NaN", "tolerance is 1", "se is none", "workers is 0", "gross margin is 2", "horizon is -1"} {
		if err == nil || !strings.Contains(err.Error(), "model: options: "+want) {
			t.Errorf("no line says %q: %v", want, err)
		}
	}
}

// The doubts that a table is made to raise.
func TestTrainDoubts(t *testing.T) {
	const n = 2700
	columns := world{rows: n, seed: 9}.lean()
	sparse, constant, extreme, side, nothing := make([]float64, n), make([]string, n), make([]float64, n), make([]string, n), make([]float64, n)
	for r := range n {
		sparse[r], constant[r], extreme[r], side[r], nothing[r] = nan, "one", float64(r%7), "usual", nan
		if r%3 == 0 {
			sparse[r] = float64(r % 5)
		}
		if columns[2].texts[r] == "false" && r%9 == 0 {
			side[r] = "never"
		}
	}
	extreme[5] = 1e6
	columns = append(columns, numeric("sparse", features.RoleFeature, sparse), category("constant", features.RoleFeature, constant), numeric("extreme", features.RoleFeature, extreme),
		category("side", features.RoleFeature, side), numeric("nothing", features.RoleFeature, nothing))
	trained := train(t, tableOf(t, columns...), options())
	got := map[string]string{}
	for _, w := range trained.Warnings {
		got[w.Code] = w.Column
	}
	for code, column := range map[string]string{"much_missing": "sparse", "constant_column": "constant", "extreme_number": "extreme", "one_sided_level": "side", "empty_column": "nothing"} {
		if got[code] != column {
			t.Errorf("%s of %q, want %q, among %+v", code, got[code], column, trained.Warnings)
		}
	}
	few := train(t, tableOf(t, picked(world{rows: 2000, seed: 9}.lean(), seq(200))...), options())
	if !slices.Contains(codesOfWarnings(few.Warnings), "few_conversions") {
		t.Errorf("warnings %+v", few.Warnings)
	}
	if clean := train(t, tableOf(t, world{rows: 4000, seed: 10}.lean()...), options()); len(clean.Warnings) > 0 {
		t.Errorf("clean data raise %+v", clean.Warnings)
	}
}

func seq(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = i
	}
	return x
}
