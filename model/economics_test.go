package model

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// reckoned trains on staged leads and reckons over them.
func reckoned(t *testing.T, o EconomicsOptions) (*Model, *features.Table, *Economics) {
	t.Helper()
	table := staged(t, world{rows: 3000, seed: 41})
	m := train(t, table, withPolicy()).Model
	e, err := m.Economics(table, o)
	if err != nil {
		t.Fatal(err)
	}
	return m, table, e
}

func TestEconomics(t *testing.T) {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	o := DefaultEconomicsOptions()
	m, table, e := reckoned(t, o)
	if len(e.Rows) != 4 || e.Leads != 3000 || e.Mature == 0 || e.Mature > e.Leads || len(e.Tiers) != 3 || e.Policy.ROI != 0.25 {
		t.Fatalf("%d rows, %d tiers, %d of %d leads mature", len(e.Rows), len(e.Tiers), e.Mature, e.Leads)
	}
	money := m.TableMoney(table, nil)
	value := 0.0
	for _, v := range money.Value {
		value += v
	}
	for name, rows := range map[string][]EconomicRow{"sources": e.Rows, "tiers": e.Tiers, "total": {e.Total}} {
		leads, sum, won := 0.0, 0.0, 0.0
		for _, r := range rows {
			v, _ := r.Group.Value.Value()
			leads, sum, won = leads+r.Leads, sum+v*r.Leads, won+r.Won
			limit, _ := r.Cap.Value()
			careful, _ := r.Cautious.Value()
			low, _ := r.Low.Value()
			high, known := r.High.Value()
			if !known || low > high || careful > limit || r.CostPerLead.Reason() != budget.Unmeasured || r.Purchase != nil {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if leads != 3000 || math.Abs(sum-value) > 1e-9*value || won != e.Total.Won {
			t.Errorf("%s add up to %v leads, a value of %v and %v wins, want 3000, %v and %v", name, leads, sum, won, value, e.Total.Won)
		}
	}
	// Spend outside of the window is not of these leads; a stranger's is told.
	o.Spend = []budget.Spend{{Source: e.Rows[0].Value, Start: start, Amount: 1e9}, {Source: "stranger", Start: time.UnixMicro(1_700_000_000_000_000), Amount: 5}}
	paid, err := m.Economics(table, o)
	if err != nil {
		t.Fatal(err)
	}
	if why := paid.Rows[0].Spend.Reason(); why != budget.Unmeasured {
		t.Errorf("spend of another time counts: %v", paid.Rows[0].Spend)
	}
	if !strings.Contains(asJSON(t, paid.Notes), "spend_without_leads") {
		t.Errorf("%+v", paid.Notes)
	}
}

// The tiers of an assessment hold the mature leads that the tier table holds, best first.
func TestAssessByTier(t *testing.T) {
	m, table, e := reckoned(t, DefaultEconomicsOptions())
	a, err := m.Assess(table, AssessOptions{By: []string{"tier"}})
	if err != nil || len(a.Groups) != len(e.Tiers) {
		t.Fatalf("%+v, %v", a, err)
	}
	for i, g := range a.Groups {
		if g.By != "tier" || g.Value != e.Tiers[i].Value || g.Rows != e.Tiers[i].Mature || g.Conversions != e.Tiers[i].Won {
			t.Errorf("%+v, want %d leads of %s with %v won", g, e.Tiers[i].Mature, e.Tiers[i].Value, e.Tiers[i].Won)
		}
	}
	if all, err := m.Assess(table, AssessOptions{}); err != nil || all.Groups[len(all.Groups)-1].By != "tier" {
		t.Errorf("%v: no tiers among all groups", err)
	}
	plain := train(t, table, dated()).Model
	if _, err := plain.Assess(table, AssessOptions{By: []string{"tier"}}); err == nil || !strings.Contains(err.Error(), "no value tiers") {
		t.Error(err)
	}
}

func TestEconomicsAtAnotherTarget(t *testing.T) {
	roi := 0.6
	o := DefaultEconomicsOptions()
	o.ROI = &roi
	m, table, e := reckoned(t, o)
	if e.Change == nil || e.Change.ToROI != 0.6 || len(e.Change.Rows) == 0 || e.Policy.ROI != 0.6 || m.Policy().ROI != 0.25 {
		t.Fatalf("%+v", e.Change)
	}
	for _, r := range e.Change.Rows {
		before, _ := r.Before.Value()
		after, _ := r.After.Value()
		if after > before {
			t.Errorf("%+v", r)
		}
	}
	wrong := -1.5
	o.ROI = &wrong
	if _, err := m.Economics(table, o); err == nil || !strings.Contains(err.Error(), "-1.5") {
		t.Errorf("%v", err)
	}
}

// Without a creation time there is no funnel, no window and no hours of a month; the rest is there.
func TestEconomicsWithoutDates(t *testing.T) {
	table := tableOf(t, without(world{rows: 1500, seed: 42}.columns(), "created_at", "converted_at")...)
	o := options()
	o.Policy = &budget.Policy{Target: budget.DefaultTarget(), Currency: "EUR", HoursPerLead: 1}
	o.Tiers = TierCuts{By: budget.ByValue, Shares: []float64{0.5, 0.5}}
	m := train(t, table, o).Model
	e, err := m.Economics(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	if e.Funnel != nil || e.Rows[0].Costs != nil || e.From != "" || e.Mature != 1500 {
		t.Errorf("%+v", e)
	}
	hours, x := 10.0, DefaultEconomicsOptions()
	x.Hours = &hours
	if _, err := m.Economics(table, x); err == nil || !strings.Contains(err.Error(), "created_at") {
		t.Errorf("%v", err)
	}
	if _, err := m.Journeys(table, ""); err == nil || !strings.Contains(err.Error(), "created_at") {
		t.Errorf("%v", err)
	}
	plain := train(t, table, options()).Model
	if _, err := plain.Economics(table, DefaultEconomicsOptions()); !errors.Is(err, ErrNoPolicy) {
		t.Errorf("%v", err)
	}
}

// Journeys know what was known on the day, and no more; waits count those that still wait.
func TestJourneysAndWaits(t *testing.T) {
	const rows = 300
	days := func(n int) int64 { return 1_700_000_000_000_000 + int64(n)*day }
	text := func(name string, role features.Role, f func(r int) string) column {
		c := column{field: features.Field{Name: name, Type: features.Type{Base: features.String}, Kind: features.Category, Role: role}}
		for r := range rows {
			c.texts = append(c.texts, f(r))
		}
		return c
	}
	times := func(name, stage string, role features.Role, f func(r int) int64) column {
		c := column{field: features.Field{Name: name, Type: features.Type{Base: features.Timestamp}, Kind: features.Time, Role: role, Stage: stage}}
		for r := range rows {
			c.times = append(c.times, f(r))
		}
		return c
	}
	when := func(yes bool, t int64) int64 {
		if yes {
			return t
		}
		return features.NoTime
	}
	profit := column{field: features.Field{Name: "profit", Type: features.Type{Base: features.Float64}, Kind: features.Number, Role: features.RoleProfit}}
	for r := range rows {
		x := math.NaN()
		if r%10 == 0 {
			x = 500
		}
		profit.numbers = append(profit.numbers, x)
	}
	table := tableOf(t,
		text("source", features.RoleSource, func(r int) string { return []string{"a", "b"}[r%2] }),
		text("won", features.RoleOutcome, func(r int) string { return []string{"1", "0"}[min(r%10, 1)] }),
		text("why", features.RoleLostReason, func(r int) string { return "no budget" }),
		times("created_at", "", features.RoleCreatedAt, func(int) int64 { return days(0) }),
		times("won_at", "", features.RoleConvertedAt, func(r int) int64 { return when(r%10 == 0, days(40)) }),
		times("mql_at", "mql", features.RoleStage, func(r int) int64 { return when(r%2 == 0, days(2)) }),
		times("contacted_at", "contacted", features.RoleStage, func(r int) int64 { return when(r%4 == 0, days(5)) }),
		times("lost_at", "lost", features.RoleStage, func(r int) int64 { return when(r%10 == 3, days(50)) }),
		profit)
	o := options()
	o.Holdout, o.Label.Column, o.Label.At, o.Label.Horizon = 0, "won", "won_at", 30
	o.Label.AsOf = features.FormatTime(days(60))
	o.Policy = &budget.Policy{Target: budget.DefaultTarget(), Currency: "USD"}
	o.Label.Horizon = 45
	m := train(t, table, o).Model
	early, err := m.Journeys(table, features.FormatTime(days(10)))
	if err != nil {
		t.Fatal(err)
	}
	late, err := m.Journeys(table, features.FormatTime(days(60)))
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMicro(days(60)).UTC()
	if s := early[0].At(at); s.Outcome != budget.Open || s.Stage != 2 {
		t.Errorf("on day 10: %+v", s)
	}
	if s := late[0].At(at); s.Outcome != budget.Won || late[0].Profit != 500 || late[0].Source != "a" {
		t.Errorf("on day 60: %+v of %+v", s, late[0])
	}
	if s := late[3].At(at); s.Outcome != budget.Lost || late[3].Reason != "no budget" || early[3].Reason != "" {
		t.Errorf("on day 60: %+v of %+v, on day 10 %q", s, late[3], early[3].Reason)
	}
	x := DefaultEconomicsOptions()
	x.AsOf = features.FormatTime(days(60))
	e, err := m.Economics(table, x)
	if err != nil {
		t.Fatal(err)
	}
	w := e.Funnel.Contact
	if w == nil || w.From != "mql" || w.To != "contacted" || w.Leads != 150 || w.Contacted != 75 {
		t.Fatalf("%+v", w)
	}
	if median, _ := w.Median.Value(); median != 3 {
		t.Errorf("median %v, want 3: half are contacted on the third day", w.Median)
	}
	if p90 := w.P90.Reason(); p90 != budget.Unresolved {
		t.Errorf("P90 %v", w.P90)
	}
	// Source b never wins: no cost per sale, but a bound.
	for _, r := range e.Rows {
		if r.Value == "b" {
			if _, known := r.Costs.WinRateBelow.Value(); !known || r.Won != 0 {
				t.Errorf("%+v", r.Costs)
			}
			if _, known := r.Low.Value(); !known {
				t.Error("a source without wins has no interval, though others win")
			}
		}
	}
}

// Leads of an account that win together say less than as many leads alone.
func TestEvidenceOfAccounts(t *testing.T) {
	world := world{rows: 2000, seed: 44}
	table := staged(t, world)
	m := train(t, table, withPolicy()).Model
	e, err := m.Economics(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	if e.Total.Evidence.Leads > float64(e.Total.Mature)+1e-9 {
		t.Errorf("%v effective leads of %d", e.Total.Evidence.Leads, e.Total.Mature)
	}
	twice := *table
	accounts := table.Columns[table.Schema.ByRole(features.RoleAccount)]
	one := make([]uint32, table.Rows)
	converted := table.Columns[table.Schema.ByRole(features.RoleOutcome)]
	for r := range one { // all that convert share ten accounts
		one[r] = uint32(r % len(accounts.Levels))
		if converted.Levels[converted.Codes.At(r)] == "true" {
			one[r] = uint32(r % 10)
		}
	}
	twice.Columns = append([]features.Column{}, table.Columns...)
	twice.Columns[table.Schema.ByRole(features.RoleAccount)] = features.Column{Levels: accounts.Levels, Codes: features.Codes{U32: one}}
	tied, err := m.Economics(&twice, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	if !(tied.Total.Evidence.Leads < 0.5*e.Total.Evidence.Leads) {
		t.Errorf("%v effective leads in ten accounts, %v in their own", tied.Total.Evidence.Leads, e.Total.Evidence.Leads)
	}
}
