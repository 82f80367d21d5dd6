package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// sold is a table of won and lost leads: profit depends on size, being worth something on channel.
type sold struct {
	rows             int
	seed             uint64
	noise, zeros     bool // profit does not depend on size; some sales are worth nothing
	refunds, unknown int  // sales at a loss; sales of unknown profit
}

func (s sold) columns() []column {
	random := rand.New(rand.NewPCG(s.seed, 9))
	size, profit, revenue := make([]float64, s.rows), make([]float64, s.rows), make([]float64, s.rows)
	channel, won := make([]string, s.rows), make([]bool, s.rows)
	sales := 0
	for r := range s.rows {
		size[r], channel[r], won[r] = random.NormFloat64(), []string{"a", "b"}[random.IntN(2)], random.IntN(3) == 0
		profit[r], revenue[r] = nan, nan
		if !won[r] {
			continue
		}
		effect := size[r]
		if s.noise {
			effect = 0
		}
		profit[r] = math.Round(1e5*math.Exp(effect+0.5*random.NormFloat64())) / 100
		revenue[r] = 4 * profit[r]
		if worthless := map[string]float64{"a": 0.7, "b": 0.2}[channel[r]]; s.zeros && random.Float64() < worthless {
			profit[r] = 0
		}
		if sales++; sales <= s.refunds {
			profit[r] = -50
		} else if sales <= s.refunds+s.unknown {
			profit[r] = nan
		}
	}
	return []column{numeric("size", features.RoleFeature, size), category("channel", features.RoleFeature, channel), yesNo(won),
		numeric("profit", features.RoleProfit, profit), numeric("amount", features.RoleRevenue, revenue)}
}

func said(t *Training, code string) string {
	for _, w := range t.Warnings {
		if w.Code == code {
			return w.Detail
		}
	}
	return ""
}

// The value model finds what was planted, and its figures say so.
func TestValueTrained(t *testing.T) {
	s := sold{rows: 3000, seed: 1}
	trained := train(t, tableOf(t, s.columns()...), options())
	v := trained.Value
	if v.Kind == ValueMean || v.Kind == ValueNone || v.ValueFigures == nil || v.Features != 2 {
		t.Fatalf("value %+v", v)
	}
	if math.Abs(v.Bias-1) > 0.15 || v.GiniCI[0] < 0.5 || v.D2CI[0] < 0.3 || math.Abs(v.GiniConstant) > 0.05 || v.D2Constant > 0 {
		t.Errorf("figures %+v", v.ValueFigures)
	}
	if v.CapacityProfit <= v.CapacityConstant || v.CapacityGainCI[0] <= 0 || v.DecileError == nil || *v.DecileError >= *v.DecileErrorConstant {
		t.Errorf("figures %+v", v.ValueFigures)
	}
	lead := trained.Model.Schema().NewLead()
	lead.Values[0] = features.Value{Present: true, Number: 0}
	one := *trained.Model.Score(lead).ProfitIfWon
	lead.Values[0].Number = 1
	if ratio := *trained.Model.Score(lead).ProfitIfWon / one; math.Abs(ratio-math.E) > 0.25 {
		t.Errorf("one more of size is worth × %v, want e", ratio)
	}
}

// Where the profit depends on nothing, it is the mean.
func TestValueOfNoise(t *testing.T) {
	models := 0
	for seed := range uint64(12) {
		trained := train(t, tableOf(t, sold{rows: 600, seed: seed, noise: true}.columns()...), func() Options { o := options(); o.Holdout = 0; return o }())
		models += b2i(trained.Value.Kind != ValueMean)
	}
	if models > 3 {
		t.Errorf("%d of 12 value models of noise", models)
	}
}

// Sales that are worth nothing: by channel, where that is told from chance; the total is preserved.
func TestValueZeros(t *testing.T) {
	trained := train(t, tableOf(t, sold{rows: 4000, seed: 2, zeros: true}.columns()...), options())
	v := &trained.Model.document.Value
	if v.Paid == nil || v.Nothing == 0 || trained.Value.Deviance != ValueTweedie {
		t.Fatalf("%+v, %d worth nothing", v.Paid, v.Nothing)
	}
	if v.Holdout.BiasCI[0] > 1 || v.Holdout.BiasCI[1] < 1 {
		t.Errorf("bias %v, %v", v.Holdout.Bias, v.Holdout.BiasCI)
	}
	lead := trained.Model.Schema().NewLead()
	lead.Values[0] = features.Value{Present: true}
	worth := map[string]float64{}
	for _, channel := range []string{"a", "b"} {
		lead.Values[1] = features.Value{Present: true, Text: channel}
		s := trained.Model.Score(lead)
		checkSums(t, &s)
		worth[channel] = *s.ProfitIfWon
	}
	if ratio := worth["b"] / worth["a"]; math.Abs(ratio-0.8/0.3) > 0.5 {
		t.Errorf("channel b is worth × %v, want %v", ratio, 0.8/0.3)
	}
}

// Refunds lower the total; they, unknown profits, whales and a cap are told.
func TestValueOddSales(t *testing.T) {
	o := options()
	o.Holdout = 0
	s := sold{rows: 900, seed: 3, refunds: 30, unknown: 7}
	columns := s.columns()
	trained := train(t, tableOf(t, without(columns, "amount")...), o)
	if v := trained.Value; v.Nothing != 30 || v.Unknown != 7 {
		t.Errorf("%d worth nothing, %d unknown", v.Nothing, v.Unknown)
	}
	if got := said(trained, "value_losses"); !strings.Contains(got, "30 sales made a loss, $1,500 in all") {
		t.Errorf("losses: %q", got)
	}
	if got := said(trained, "value_unknown"); !strings.HasPrefix(got, "7 of ") {
		t.Errorf("unknown: %q", got)
	}
	// With a revenue, no profit is unknown: revenue × margin stands for it. A whole revenue is no profit.
	if got := said(train(t, tableOf(t, columns...), o), "revenue_as_profit"); !strings.Contains(got, "revenue of 7 of ") {
		t.Errorf("revenue for profit: %q", got)
	}
	o.GrossMargin = 0.25
	with := train(t, tableOf(t, columns...), o)
	if v := with.Value; v.Unknown != 0 || v.Wins != trained.Value.Wins+7 || said(with, "revenue_as_profit") != "" {
		t.Errorf("with revenue: %d unknown of %d", v.Unknown, v.Wins)
	}
	// A whale, and a cap on it.
	sale := 0
	for r, x := range columns[3].numbers {
		if x > 0 {
			columns[3].numbers[r], sale = 1e6, r
			break
		}
	}
	whale := train(t, tableOf(t, columns...), o)
	if whale.Value.TopShare < muchTop || said(whale, "value_whales") == "" {
		t.Errorf("sale %d: top share %v, %q", sale, whale.Value.TopShare, said(whale, "value_whales"))
	}
	o.ValueCap = 5000
	capped := train(t, tableOf(t, columns...), o)
	if capped.Value.Mean >= whale.Value.Mean || !strings.Contains(said(capped, "value_capped"), "instead of "+budget.Currency("USD").Format(whale.Value.Mean)) {
		t.Errorf("cap: mean %v, %q", capped.Value.Mean, said(capped, "value_capped"))
	}
}

// Too few sales have the mean; a few have at most five features.
// Where the sales earned nothing, that is said, not that there was no profit.
func TestValueOfLosses(t *testing.T) {
	o := options()
	o.Holdout = 0
	columns := sold{rows: 900, seed: 3, refunds: 30}.columns()
	for r, x := range columns[3].numbers {
		columns[3].numbers[r] = -math.Abs(x)
	}
	table := tableOf(t, without(columns, "amount")...)
	trained := train(t, table, o)
	_, err := trained.Model.Economics(table, DefaultEconomicsOptions())
	if !errors.Is(err, ErrNoPolicy) || !strings.Contains(err.Error(), "brought -$") || strings.Contains(err.Error(), "train it on") {
		t.Errorf("%v", err)
	}
	if got := said(trained, "value_not_positive"); !strings.Contains(got, "brought -$") {
		t.Errorf("%q", got)
	}
}

func TestValueFewSales(t *testing.T) {
	table, profit, _ := drawSales(t, &truths[1], 90, 4)
	rows := features.AllRows(90)
	encoder, _, err := features.Fit(table, rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	for n, most := range map[int]int{valueFewest - 1: 0, 90: valueFeatures} {
		v, err := fitValue(context.Background(), &valueData{encoder: encoder, table: table, wins: &wins{rows: rows[:n], profit: profit[:n], weight: onesOf(n)}})
		if err != nil {
			t.Fatal(err)
		}
		if n == 90 && (v == nil || v.Kind != ValueLogRidge || len(v.Terms) == 0) || v != nil && len(v.Terms) > most {
			t.Errorf("%d sales: %+v", n, v)
		}
	}
}

// Sales of one account, or with a number that is out of this world, leave the mean, and training says so.
func TestValueNotFitted(t *testing.T) {
	o := options()
	o.Split, o.Holdout = SplitRowOrder, 0
	columns := sold{rows: 600, seed: 5}.columns()
	account := make([]string, 600)
	for r := range account {
		account[r] = "one"
	}
	trained := train(t, tableOf(t, append(columns, category("account", features.RoleAccount, account))...), o)
	if trained.Value.Kind != ValueMean || !strings.Contains(said(trained, "value_not_fitted"), "accounts") {
		t.Errorf("one account: %s, %q", trained.Value.Kind, said(trained, "value_not_fitted"))
	}
	columns[0].numbers[7] = 1e200
	if odd := train(t, tableOf(t, columns...), o); odd.Value.Kind == ValueNone || math.IsNaN(odd.Model.document.Value.Base) {
		t.Errorf("a huge number: %+v", odd.Value)
	}
}

// A table's profits are those of its leads, to the last bit, and the ratio preserves the total out of fold.
func TestValueTotals(t *testing.T) {
	data, _ := codedSales(t, 400, 7, false)
	l := newValueLearner(data, data.wins)
	size, err := l.choose(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.model(size, nil)
	if err != nil {
		t.Fatal(err)
	}
	var made, promised float64
	for i, s := range l.sizes(size) {
		made += l.y[i]
		promised += v.Ratio * s
	}
	if math.Abs(made-promised) > 1e-9*made {
		t.Errorf("%v made, %v promised", made, promised)
	}
	v.Mean = data.wins.mean()
	m := &Model{predictor: predictor{encoder: data.encoder}}
	if m.document.Value = *v; m.compileValue() != nil {
		t.Fatal(m.compileValue())
	}
	var lead features.Lead
	for i, got := range m.TableProfit(data.table, nil) {
		data.table.Lead(i, &lead)
		if want := *m.profit(&lead); got != want {
			t.Fatalf("sale %d: %v, its lead %v", i, got, want)
		}
	}
}

// What it says that a number is missing is learnt also where few sales miss it and the other numbers say next to nothing:
// of an effect of 0.5 on the log profit of 1 in 80 of 2,500 sales (the standard error is 0.09) the penalty leaves a third
// and more, in each of 10 sets.
func TestValueRareFlag(t *testing.T) {
	const sales = 2500
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 0x666c6167))
		profit := make([]float64, sales)
		columns := make([]column, 30)
		for k := range columns {
			columns[k] = numeric(fmt.Sprintf("x%d", k), features.RoleFeature, make([]float64, sales))
		}
		for i := range profit {
			log := 0.5 * random.NormFloat64()
			for k := range columns {
				x := random.NormFloat64()
				columns[k].numbers[i] = x
				log += 0.01 * x
			}
			if random.IntN(80) == 0 {
				columns[0].numbers[i] = nan
				log += 0.5
			}
			profit[i] = 100 * math.Exp(log)
		}
		table := tableOf(t, columns...)
		encoder, _, err := features.Fit(table, features.AllRows(sales), nil)
		if err != nil {
			t.Fatal(err)
		}
		v, err := fitValue(context.Background(), &valueData{encoder: encoder, table: table, wins: &wins{rows: features.AllRows(sales), profit: profit, weight: onesOf(sales)}})
		if err != nil || v == nil {
			t.Fatalf("%v, %v", v, err)
		}
		if effect := v.Terms[0].Values[1]; !(effect > 0.15 && effect < 0.65) {
			t.Errorf("seed %d: effect %.2f of a missing number, truth 0.5", seed, effect)
		}
	}
}
