package model

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/leadscore/leadscore/features"
)

// leadsOf labels and orders the rows of columns.
func leadsOf(t testing.TB, split string, columns ...column) *leads {
	t.Helper()
	table := tableOf(t, columns...)
	o, err := Label{Column: "converted"}.apply(table)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := weightsOf(table)
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLeads(table, o, weights, split)
	if err != nil {
		t.Fatal(err)
	}
	l.arrange(1)
	return l
}

// Cuts keep the order, tear nothing that belongs together, and every turn looks only forward, or outside its fit.
func TestTurns(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 120).Draw(rt, "n")
		spread := rapid.IntRange(1, 40).Draw(rt, "spread")
		created, accounts, won, weights := make([]int64, n), make([]string, n), make([]bool, n), make([]float64, n)
		used := 0
		for r := range n {
			created[r] = int64(rapid.IntRange(0, spread).Draw(rt, "created")) * day
			won[r] = rapid.Bool().Draw(rt, "won")
			weights[r] = float64(rapid.IntRange(0, 2).Draw(rt, "weight"))
			if k := rapid.IntRange(0, spread).Draw(rt, "account"); k > 0 {
				accounts[r] = fmt.Sprint(k)
			}
			used += b2i(weights[r] > 0)
		}
		split := rapid.SampledFrom([]string{SplitAuto, SplitTime, SplitRowOrder, SplitRandom}).Draw(rt, "split")
		l := leadsOf(t, split, timed("created_at", features.RoleCreatedAt, created), category("account", features.RoleAccount, accounts), yesNo(won), numeric("weight", features.RoleWeight, weights))
		if len(l.rows) != used || l.kind == SplitAuto {
			rt.Fatalf("%d rows of a %s split, want %d", len(l.rows), l.kind, used)
		}
		before := func(a, b int32) bool { return true }
		switch l.kind {
		case SplitTime:
			before = func(a, b int32) bool { return created[a] < created[b] }
		case SplitRowOrder:
			before = func(a, b int32) bool { return a < b }
		case SplitRandom:
			before = func(a, b int32) bool { return accounts[a] != accounts[b] || accounts[a] == "" }
		}
		for _, u := range l.turns(l.rows) {
			if len(u.test) == 0 {
				rt.Fatalf("an empty turn")
			}
			for _, a := range u.fit {
				for _, b := range u.test {
					if a == b || !before(a, b) {
						rt.Fatalf("%s split: row %d is fitted, row %d tested", l.kind, a, b)
					}
				}
			}
		}
		if l.kind == SplitRandom { // each lead is looked at once
			var tested []int32
			for _, u := range l.turns(l.rows) {
				tested = append(tested, u.test...)
			}
			slices.Sort(tested)
			if len(slices.Compact(tested)) != used {
				rt.Fatalf("%d of %d leads tested", len(slices.Compact(tested)), used)
			}
		}
	})
}

// A random order is the same for the same seed, another for another, and keeps each lead.
func TestShuffled(t *testing.T) {
	for _, name := range []string{"", "account"} {
		columns := world{rows: 500, seed: 1}.columns()
		if name == "" {
			columns = without(columns, "account")
		}
		l := leadsOf(t, SplitRandom, columns...)
		a, b, c := l.shuffled(1), l.shuffled(1), l.shuffled(2)
		if !slices.Equal(a, b) || slices.Equal(a, c) {
			t.Errorf("accounts %q: seeds do not decide", name)
		}
		slices.Sort(c)
		if !slices.Equal(c, features.AllRows(500)) {
			t.Errorf("accounts %q: leads are lost", name)
		}
		if a[0] == 0 && a[1] == 1 && a[2] == 2 {
			t.Errorf("accounts %q: not shuffled: %v", name, a[:9])
		}
	}
}

func TestCutAtTies(t *testing.T) {
	l := leadsOf(t, SplitTime, timed("created_at", features.RoleCreatedAt, days(3, 1, 2, 2, 2, 2, 1, 0)), yesNo(make([]bool, 8)))
	if !slices.Equal(l.rows, []int32{7, 1, 6, 2, 3, 4, 5, 0}) {
		t.Fatalf("rows %v", l.rows)
	}
	for share, want := range map[float64]int{0: 0, 0.1: 1, 0.25: 3, 0.5: 7, 0.6: 7, 0.9: 7, 1: 8} {
		if got := l.cut(l.rows, share); got != want {
			t.Errorf("share %v is cut at %d, want %d", share, got, want)
		}
	}
}

func TestGroupsAndPeriods(t *testing.T) {
	columns := world{rows: 3000, seed: 2}.columns()
	segment := without(columns, "")
	segment[2].field.Role = features.RoleSegment
	trained := train(t, tableOf(t, segment...), options())
	rows := map[string]int{}
	expected := map[string]float64{}
	for _, g := range trained.Groups {
		rows[g.By] += g.Rows
		expected[g.By] += g.Expected
		if g.Rate < g.RateCI[0] || g.Rate > g.RateCI[1] || g.AUC != nil && (*g.AUC < 0 || *g.AUC > 1) || g.Conversions != g.Rate*float64(g.Rows) && g.Conversions-g.Rate*float64(g.Rows) > 1e-9 {
			t.Errorf("group %+v", g)
		}
	}
	if len(rows) != 4 || rows[byAccount] != trained.Holdout.Rows || rows["source"] != trained.Holdout.Rows || rows["industry"] != trained.Holdout.Rows || rows[byCohort] != trained.Holdout.Rows {
		t.Errorf("rows by group %v of %d", rows, trained.Holdout.Rows)
	}
	for by, n := range expected {
		if want := trained.Holdout.Mean * float64(trained.Holdout.Rows); n < want-1e-6 || n > want+1e-6 {
			t.Errorf("%s: %v conversions expected, %v overall", by, n, want)
		}
	}
	count := func(periods []Period) (n int) {
		for _, p := range periods {
			n += p.Rows
		}
		return n
	}
	if got := trained.Periods; count(got) != 3000 || got[0].Label != "2024-01" || got[0].Holdout || !got[len(got)-1].Holdout {
		t.Errorf("periods %+v", got)
	}
	for _, split := range []string{SplitRowOrder, SplitRandom} {
		o := options()
		o.Split = split
		got := train(t, tableOf(t, without(world{rows: 1000, seed: 2}.columns(), "created_at")...), o).Periods
		if len(got) != rowPeriods || count(got) != 1000 || got[0].Label != "rows 1–100" || got[9].Holdout != (split == SplitRowOrder) {
			t.Errorf("%s: periods %+v", split, got)
		}
	}
	years := timed("created_at", features.RoleCreatedAt, nil)
	for r := range 1000 {
		years.times = append(years.times, firstLead+int64(r)*2*day)
	}
	got := train(t, tableOf(t, append(without(world{rows: 1000, seed: 2}.columns(), "created_at"), years)...), options()).Periods
	if len(got) != 22 || got[0].Label != "2024 Q1" || got[21].Label != "2029 Q2" || count(got) != 1000 {
		t.Errorf("quarters %+v", got)
	}
}

func TestOutcomes(t *testing.T) {
	table := tableOf(t, world{rows: 3000, seed: 2}.columns()...)
	data, periods, err := Outcomes(table, dated())
	if err != nil || data.Rows != 3000 || data.Used+data.Immature != 3000 || len(periods) < 2 {
		t.Errorf("%+v, %v, %v", data, periods, err)
	}
	if _, _, err := Outcomes(tableOf(t, yesNo(make([]bool, 9))), options()); err == nil {
		t.Error("one outcome: no error")
	}
}
