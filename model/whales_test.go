package model

import (
	"math"
	"strings"
	"testing"
)

// Where the best hundredth of the sales made much of the profit, caps are told without it; elsewhere nothing is said.
func TestWhales(t *testing.T) {
	m, table, e := reckoned(t, DefaultEconomicsOptions())
	if e.Whales != nil {
		t.Fatalf("%+v", e.Whales)
	}
	m.document.Value.TopShare = 0.505
	e, err := m.Economics(table, DefaultEconomicsOptions())
	if err != nil {
		t.Fatal(err)
	}
	w := e.Whales
	if w == nil || math.Abs(w.Without-w.Profit/2) > 1e-9*w.Profit || len(w.Rows) < 2 || !strings.Contains(w.Words, "made 50 % of the profit") && !strings.Contains(w.Words, "made 51 % of the profit") {
		t.Fatalf("%+v", w)
	}
	with, _ := e.Total.Cap.Value()
	without, _ := w.Rows[0].Without.Value()
	v, _ := e.Total.Group.Value.Value()
	s, _ := e.Total.SalesCost.Value()
	if want := max(v/2/1.25-s, 0); with <= without || math.Abs(without-want) > 1e-9*with {
		t.Errorf("a cap of %v without the best sales, want %v; with them %v", without, want, with)
	}
}
