package model

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// withPolicy are the options of a model that reckons: the world's leads with a stage between.
func withPolicy() Options {
	o := dated()
	o.Policy = &budget.Policy{
		Target: budget.Target{ROI: 0.25, Basis: budget.InInvestment}, Currency: "USD", HoursPerLead: 0.5, HourPrice: 20,
		StageCosts: []budget.StageCost{{Stage: "lead", Cost: 1}, {Stage: "sql", Cost: 8}, {Stage: "won", Cost: 50}},
		Nurture:    &budget.Nurture{P1: 0.5, Q: 0.5, Delay: 0.9, Cost: 10},
	}
	o.Tiers = TierCuts{By: budget.ByValue, Shares: []float64{0.2, 0.3, 0.5}}
	return o
}

// staged are the world's leads; of each source a share of its own reaches the stage sql.
func staged(t testing.TB, w world) *features.Table {
	t.Helper()
	return tableOf(t, stagedColumns(w)...)
}

func stagedColumns(w world) []column {
	columns := w.columns()
	var source []string
	for _, c := range columns {
		if c.field.Name == "source" {
			source = c.texts
		}
	}
	reached := make([]int64, w.rows)
	for r := range reached {
		reached[r] = features.NoTime
		if r%10 < 2+2*strings.Index("afrw", source[r][:1]) {
			reached[r] = 1_700_000_000_000_000
		}
	}
	sql := column{field: features.Field{Name: "sql_at", Type: features.Type{Base: features.Timestamp}, Kind: features.Time, Role: features.RoleStage, Stage: "sql"}, times: reached}
	return append(columns, sql)
}

func TestPolicyIsFrozen(t *testing.T) {
	table := staged(t, world{rows: 6000, seed: 31})
	trained := train(t, table, withPolicy())
	m := trained.Model
	back, err := Decode(bytes.NewReader(encoded(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	p, reference := back.Policy(), back.Reference()
	if p == nil || p.Tiers == nil || len(p.Tiers.Cuts) != 2 || back.StageRates() != StageRatesSource {
		t.Fatalf("%+v, stage rates %q", p, back.StageRates())
	}
	if reference.Leads != trained.Split.HoldoutRows || reference.Of != reference.Leads || reference.From == "" || len(reference.Tiers) != 3 {
		t.Errorf("%+v", reference)
	}
	for k, share := range []float64{0.2, 0.3, 0.5} {
		if got := reference.Tiers[k].Leads / float64(reference.Leads); math.Abs(got-share) > 0.02 {
			t.Errorf("tier %s holds %v of the reference leads, want %v", reference.Tiers[k].Tier, got, share)
		}
	}
	// The stage is reached by 20 to 80 % of the leads of a source, and by all that convert.
	policy := back.policy
	term := back.encoder.Terms()[policy.term]
	for level, reach := range policy.Reach {
		least := 0.2 + 0.2*float64(strings.Index("afrw", term.Levels[level][:1]))
		if reach[0] != 1 || reach[1] < least-0.02 || reach[1] > least+0.5 {
			t.Errorf("%s reaches its stages with %v, want at least about %v", term.Levels[level], reach, least)
		}
	}
}

// What Score says of a lead is what the policy decides from its parts, and what a batch gets.
func TestDecisionIsThePolicys(t *testing.T) {
	table := staged(t, world{rows: 4000, seed: 32})
	m := train(t, table, withPolicy()).Model
	money := m.TableMoney(table, nil)
	var lead features.Lead
	seen := map[budget.Action]int{}
	for r := range table.Rows {
		table.Lead(r, &lead)
		s := m.Score(&lead)
		reach := m.policy.Otherwise
		if level := m.encoder.Code(m.policy.term, &lead).Level; level != features.NoLevel {
			reach = m.policy.Reach[level]
		}
		d := m.Policy().Decide(budget.LeadValue{P: s.Probability, Profit: *s.ProfitIfWon, Reach: reach})
		if s.Tier != d.Tier || s.Action != d.Action || *s.MaxCost != d.MaxCost.Major() {
			t.Fatalf("row %d: %q, %q, %v: want %+v", r, s.Tier, s.Action, *s.MaxCost, d)
		}
		if d.Value != money.Value[r] || d.Cost != money.Cost[r] || *s.ExpectedValue != money.Value[r] {
			t.Fatalf("row %d: value %v and cost %v, want %v and %v", r, money.Value[r], money.Cost[r], d.Value, d.Cost)
		}
		seen[s.Action]++
	}
	if seen[budget.HandOff] == 0 || seen[budget.NurtureIt] == 0 {
		t.Errorf("actions %v", seen)
	}
}

func TestNoPolicy(t *testing.T) {
	table := tableOf(t, world{rows: 1500, seed: 33}.columns()...)
	plain := train(t, table, dated()).Model
	if plain.Policy() != nil || plain.Reference() != nil || plain.StageRates() != "" {
		t.Error("a model without a policy has one")
	}
	var lead features.Lead
	table.Lead(0, &lead)
	if text := asJSON(t, plain.Score(&lead)); strings.Contains(text, `"tier"`) || strings.Contains(text, `"action"`) || strings.Contains(text, "max_cost") {
		t.Errorf("%s", text)
	}

	o := withPolicy()
	o.Policy.StageCosts = nil
	worthless := tableOf(t, without(world{rows: 1500, seed: 33}.columns(), "profit")...)
	if m := train(t, worthless, o).Model; m.Policy() != nil {
		t.Error("without a profit there are no tiers by value")
	}
	o.Tiers.By = budget.ByProbability
	m := train(t, worthless, o).Model
	s := m.Score(&lead)
	if s.Tier == "" || s.Action != "" || s.MaxCost != nil {
		t.Errorf("tiers by probability: %+v", s)
	}
	if _, known := m.Reference().Tiers[0].Cap.Value(); known {
		t.Error("a cap without a profit")
	}
}

func TestTierCuts(t *testing.T) {
	table := staged(t, world{rows: 3000, seed: 34})
	for name, c := range map[string]struct {
		cuts TierCuts
		want string
	}{
		"shares and thresholds": {TierCuts{By: budget.ByValue, Shares: []float64{1}, Thresholds: []float64{1}}, "several"},
		"shares of more":        {TierCuts{By: budget.ByValue, Shares: []float64{0.5, 0.6}}, "sum of 1"},
		"unknown":               {TierCuts{By: "luck", Shares: []float64{1}}, "luck"},
	} {
		o := withPolicy()
		o.Tiers = c.cuts
		if _, err := Train(t.Context(), table, o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := withPolicy()
	o.Tiers = TierCuts{By: budget.ByCap, Thresholds: []float64{100, 20}}
	if p := train(t, table, o).Model.Policy(); p.Tiers.Cuts[0] != 100 {
		t.Errorf("%+v", p.Tiers)
	}
	o.Tiers = TierCuts{By: budget.ByProfitPerHour, Hours: 1}
	if p := train(t, table, o).Model.Policy(); len(p.Tiers.Names) > 2 {
		t.Errorf("%+v", p.Tiers)
	}
	o = withPolicy()
	o.Policy.StageCosts = []budget.StageCost{{Stage: "demo", Cost: 5}}
	if _, err := Train(t.Context(), table, o); err == nil || !strings.Contains(err.Error(), `"demo" has a cost`) {
		t.Errorf("%v", err)
	}
}

// Damage of the policy under a right checksum is refused.
func TestDecodeDamagedPolicy(t *testing.T) {
	o := withPolicy()
	o.Holdout = 0
	m := train(t, staged(t, world{rows: 600, seed: 35}), o).Model
	for name, change := range map[string]func(d map[string]any){
		"rate":                      func(d map[string]any) { set(d, 1.5, "policy", "reach", 0, 1) },
		"rates":                     func(d map[string]any) { set(d, []any{1.0}, "policy", "reach", 0) },
		"levels":                    func(d map[string]any) { set(d, []any{}, "policy", "reach") },
		"source":                    func(d map[string]any) { set(d, "sauce", "policy", "source") },
		"roi":                       func(d map[string]any) { set(d, -2, "policy", "target_roi") },
		"basis":                     func(d map[string]any) { set(d, "hope", "policy", "roi_basis") },
		"cuts":                      func(d map[string]any) { set(d, []any{1.0, 2.0}, "policy", "tiers", "cuts") },
		"names":                     func(d map[string]any) { set(d, []any{"A"}, "policy", "tiers", "names") },
		"unknown":                   func(d map[string]any) { set(d, 1, "policy", "luck") },
		"discount":                  func(d map[string]any) { set(d, 2, "policy", "annual_discount") },
		"gates":                     func(d map[string]any) { set(d, map[string]any{"fit": 0, "probability": 1.5}, "mql") },
		"a gate on fit without fit": func(d map[string]any) { set(d, map[string]any{"fit": 0.1, "probability": 0.2}, "mql") },
	} {
		if _, err := Decode(bytes.NewReader(tampered(t, m, change))); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStageOrder(t *testing.T) {
	of := func(stages ...string) string {
		fields := []features.Field{{Name: "x", Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleFeature}}
		for _, s := range stages {
			fields = append(fields, features.Field{Name: s + "_at", Type: features.Type{Base: features.Timestamp}, Kind: features.Time, Role: features.RoleStage, Stage: s})
		}
		schema, err := features.NewSchema(fields, nil)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(Stages(schema), " ")
	}
	if got := of("opportunity", "lost", "sql", "mql"); got != "lead mql sql opportunity won" {
		t.Error(got)
	}
	if got := of("opportunity", "contacted", "sql", "mql", "handed_off"); got != "lead mql handed_off contacted sql opportunity won" {
		t.Error(got)
	}
	if got := of("pilot", "mql"); got != "lead pilot mql won" {
		t.Error(got)
	}
	if got := of(); got != "lead won" {
		t.Error(got)
	}
}
