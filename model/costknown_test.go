package model

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// paidTable is leads of three sources and 24 months with costs: source k costs 10·(k+1) a lead.
func paidTable(t *testing.T) (*Model, *features.Table, []string) {
	t.Helper()
	table := staged(t, world{rows: 3000, seed: 41})
	m := train(t, table, withPolicy()).Model
	source := table.Schema.ByRole(features.RoleSource)
	return m, table, table.Columns[source].Levels
}

func noted(e *Economics, code string) string {
	for _, n := range e.Notes {
		if n.Code == code {
			return n.Detail
		}
	}
	return ""
}

func ofSource(t *testing.T, e *Economics, name string) *EconomicRow {
	t.Helper()
	i := slices.IndexFunc(e.Rows, func(r EconomicRow) bool { return r.Value == name })
	if i < 0 {
		t.Fatalf("no row of %s", name)
	}
	return &e.Rows[i]
}

// Spend of one month is shared by the leads of that month, and told.
func TestSpendOfAPartOfTheTime(t *testing.T) {
	m, table, sources := paidTable(t)
	base, err := m.Economics(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	from, err := time.Parse(time.RFC3339, base.From)
	if err != nil {
		t.Fatal(err)
	}
	month := time.Date(from.Year(), from.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	created, source := table.Columns[table.Schema.ByRole(features.RoleCreatedAt)], table.Columns[table.Schema.ByRole(features.RoleSource)]
	leads := make([]float64, len(sources)+1)
	for r := range table.Rows {
		if at := time.UnixMicro(created.Times[r]).UTC(); !at.Before(month) && at.Before(month.AddDate(0, 1, 0)) {
			leads[source.Codes.At(r)]++
		}
	}
	o := DefaultEconomicsOptions()
	for _, s := range sources {
		o.Spend = append(o.Spend, budget.Spend{Source: s, Start: month, Amount: 1000})
	}
	o.Spend = append(o.Spend, budget.Spend{Source: sources[0], Start: month.AddDate(50, 0, 0), Amount: 77})
	e, err := m.Economics(table, o)
	if err != nil {
		t.Fatal(err)
	}
	for k, s := range sources {
		row := ofSource(t, e, s)
		if c, known := row.CostPerLead.Value(); !known || math.Abs(c-1000/leads[k]) > 1e-9 || row.Costs.Counts[0] != leads[k] {
			t.Errorf("%s: %v a lead of %v, want 1000 / %v", s, row.CostPerLead, row.Costs.Counts[0], leads[k])
		}
	}
	if !strings.Contains(noted(e, "spend_window"), month.Format(time.DateOnly)) || !strings.Contains(noted(e, "spend_outside"), "$77") {
		t.Errorf("%+v", e.Notes)
	}
}

// A source without a record has unknown costs, and so have all leads; periods without a record are told.
func TestSpendOfSomeSources(t *testing.T) {
	m, table, sources := paidTable(t)
	base, err := m.Economics(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	from, _ := time.Parse(time.RFC3339, base.From)
	month := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	o := DefaultEconomicsOptions()
	o.Costs = []CostQuestion{{Basis: budget.Cohort, Period: budget.WholeWindow}}
	o.Spend = []budget.Spend{{Source: sources[0], Start: month, Amount: 100}, {Source: sources[1], Start: month, Amount: 100}, {Source: sources[0], Start: month.AddDate(0, 1, 0), Amount: 5}}
	e, err := m.Economics(table, o)
	if err != nil {
		t.Fatal(err)
	}
	_, total := e.Total.CostPerLead.Value()
	_, known := ofSource(t, e, sources[0]).CostPerLead.Value()
	_, whole := e.CostTables[0].Total.Spend.Value()
	if total || whole || !known {
		t.Errorf("cost of all leads known: %v, in the table %v; of %s: %v", total, whole, sources[0], known)
	}
	if !strings.Contains(noted(e, "cost_of_source_unknown"), sources[2]) || !strings.Contains(noted(e, "spend_gaps"), sources[1]+" (1 of 2)") {
		t.Errorf("%+v", e.Notes)
	}
}

// A lead whose cost is missing costs what the others of its source do, not nothing.
func TestMissingCosts(t *testing.T) {
	_, table, sources := paidTable(t)
	cost := make([]float64, table.Rows)
	group := table.Columns[table.Schema.ByRole(features.RoleSource)].Codes
	for r := range cost {
		if cost[r] = 10 * float64(group.At(r)+1); r%2 == 0 || int(group.At(r)) == len(sources)-1 {
			cost[r] = math.NaN()
		}
	}
	x := &economist{l: &leads{table: table}}
	of := x.leadCosts(&features.Column{Numbers: features.Numbers{F64: cost}})
	for r := range cost {
		want, last := 10*float64(group.At(r)+1), int(group.At(r)) == len(sources)-1
		if got := of(r); last != math.IsNaN(got) || !last && got != want {
			t.Fatalf("lead %d of source %d costs %v, want %v", r, group.At(r), got, want)
		}
	}
	if x.costless == 0 || x.costless == table.Rows {
		t.Errorf("%d leads without a cost", x.costless)
	}
}

func TestLastEnd(t *testing.T) {
	day := func(s string) time.Time {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for want, starts := range map[string][]string{
		"2024-02-01": {"2024-01-01"},
		"2024-04-01": {"2024-01-01", "2024-02-01", "2024-03-01"},
		"2024-06-01": {"2024-01-01", "2024-02-01", "2024-05-01"},
		"2024-10-01": {"2024-01-01", "2024-04-01", "2024-07-01"},
		"2024-01-22": {"2024-01-01", "2024-01-08", "2024-01-15"},
	} {
		var times []time.Time
		for _, s := range starts {
			times = append(times, day(s))
		}
		if got := lastEnd(times); !got.Equal(day(want)) {
			t.Errorf("%v end at %v, want %s", starts, got, want)
		}
	}
}

// A price within the model's cap, but above all that the outcomes of its leads allow, is in doubt and says so.
func TestDoubtfulPurchase(t *testing.T) {
	m, table, sources := paidTable(t)
	base, err := m.Economics(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	x := &economist{m: m, o: DefaultEconomicsOptions(), l: &leads{table: table}}
	row := *ofSource(t, base, sources[0])
	limit, _ := row.Cap.Value()
	for _, c := range []struct {
		high float64
		want budget.Verdict
	}{{limit, budget.WithinCap}, {limit / 4, budget.Doubtful}} {
		row.High = budget.Known(c.high)
		x.o.Spend = []budget.Spend{{Source: sources[0], Amount: limit / 2 * row.Leads}}
		if err := x.price(&row, nil, partition{source: true, paid: true, by: row.By}); err != nil {
			t.Fatal(err)
		}
		row.explain(m.policy.Target, m.policy.Currency, 0)
		doubted := strings.Contains(row.Words, "which allows no more than "+m.policy.Currency.AtMost(c.high))
		if row.Purchase.Verdict != c.want || doubted != (c.want == budget.Doubtful) {
			t.Errorf("high %v: %s, %q", c.high, row.Purchase.Verdict, row.Words)
		}
	}
}

// Outcomes that are all alike are doubted, an empty table is refused, and open leads have an outlook without mature ones.
func TestOutcomesAllAlike(t *testing.T) {
	m, table, sources := paidTable(t)
	l, _, err := m.leadsOf(table, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	x := &economist{m: m, l: l, money: m.TableMoney(table, nil)}
	for won, want := range map[float64]string{0: "no sale of", 5: "", float64(len(l.rows)): "all of"} {
		if got := x.oneSided(&EconomicRow{Won: won, Mature: len(l.rows)}); !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%v won: %q", won, got)
		}
	}
	if _, err := m.Economics(&features.Table{Schema: table.Schema, Columns: table.Columns}, DefaultEconomicsOptions()); err == nil || !strings.Contains(err.Error(), "no lead") {
		t.Errorf("an empty table: %v", err)
	}
	full, err := m.economist(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	base, err := m.Economics(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	young := *ofSource(t, base, sources[0])
	young.Mature = 0
	if chance := full.outlook(&young, nil)(0, 0); !(chance > 0 && chance < 1) {
		t.Errorf("the leads of a new source are sold to with %v", chance)
	}
}

// Groups stand in the order of the value that is printed, which is that of weighted leads.
func TestGroupsInOrderOfWeightedValue(t *testing.T) {
	m, table, _ := paidTable(t)
	x, err := m.economist(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	x.l.weights = make([]float64, table.Rows)
	source := table.Schema.ByRole(features.RoleSource)
	for r := range x.l.weights { // the last source by value weighs its best lead alone
		x.l.weights[r] = 1
	}
	members := x.partition(source).members
	last := members[len(members)-1]
	best := slices.MaxFunc(last, func(a, b int32) int { return cmp.Compare(x.money.Value[a], x.money.Value[b]) })
	for _, r := range last {
		x.l.weights[r] = 1e-6
	}
	x.l.weights[best] = 1e6
	rows, err := x.rows(x.partition(source))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(rows, func(a, b EconomicRow) int {
		v, _ := a.Group.Value.Value()
		w, _ := b.Group.Value.Value()
		return cmp.Compare(w, v)
	}) {
		t.Error("the groups are not in the order of their values")
	}
}

// A plan tells what its costs rest on, too.
func TestPlanDoubtsItsCosts(t *testing.T) {
	m, table, sources := paidTable(t)
	base, err := m.Economics(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	from, _ := time.Parse(time.RFC3339, base.From)
	month := time.Date(from.Year(), from.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	var o PlanOptions
	for k := range 4 {
		for i, s := range sources {
			if i != 1 || k != 2 {
				o.Spend = append(o.Spend, budget.Spend{Source: s, Start: month.AddDate(0, 0, 7*k), Amount: 1000})
			}
		}
	}
	_, warnings, err := m.Plan(table, o)
	if err != nil {
		t.Fatal(err)
	}
	if e := (&Economics{Notes: warnings}); !strings.Contains(noted(e, "spend_gaps"), sources[1]+" (1 of 4)") || noted(e, costOfSourceUnknown) != "" {
		t.Errorf("%+v", warnings)
	}
}
