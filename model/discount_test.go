package model

import (
	"math"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// $4,000 at 12 % in three quarters of a year are $3,674.06 (economics of the article, discounted).
func TestDiscount(t *testing.T) {
	profits := []float64{4000, 4000, 4000, math.NaN(), -4000}
	at := []int64{273.75 * 24 * 3600 * 1e6, 0, features.NoTime, 5 * day, 365 * day}
	dated := func(name string, role features.Role, times []int64) column {
		return column{field: features.Field{Name: name, Type: features.Type{Base: features.Timestamp}, Kind: features.Time, Role: role}, times: times}
	}
	profit := column{field: features.Field{Name: "profit", Type: features.Type{Base: features.Float64}, Kind: features.Number, Role: features.RoleProfit}, numbers: profits}
	created := dated("created_at", features.RoleCreatedAt, make([]int64, len(at)))
	table := tableOf(t, created, dated("won_at", features.RoleConvertedAt, at), profit)
	now, err := Discount(table, 0.12)
	if err != nil {
		t.Fatal(err)
	}
	got := now.Columns[now.Schema.ByRole(features.RoleProfit)].Numbers
	for r, want := range []float64{3674.06, 4000, 4000, math.NaN(), -4000 / 1.12} {
		if x := got.At(r); math.Abs(x-want) > 0.005 || math.IsNaN(x) != math.IsNaN(want) {
			t.Errorf("row %d: %v, want %v", r, x, want)
		}
	}
	if kept := table.Columns[table.Schema.ByRole(features.RoleProfit)].Numbers.At(0); kept != 4000 {
		t.Errorf("the table itself has %v now", kept)
	}
	if same, err := Discount(table, 0); same != table || err != nil {
		t.Error("a rate of 0 makes another table", err)
	}
	if _, err := Discount(tableOf(t, created, profit), 0.12); err == nil || !strings.Contains(err.Error(), "outcome.at") {
		t.Errorf("without dates of conversions: %v", err)
	}
	if same, err := Discount(tableOf(t, created), 0.12); same == nil || err != nil {
		t.Errorf("without profits there is nothing to discount: %v", err)
	}
}
