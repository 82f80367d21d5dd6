package report

import (
	"slices"
	"testing"

	"github.com/leadscore/leadscore/model"
)

// A pair is laid out by its two features; a combination that training never saw has no factor.
func TestPairTable(t *testing.T) {
	e := model.Effect{Feature: "a × b", Pair: true, Points: []model.EffectPoint{{X: 1, LogOdds: 0.7}, {X: 0}},
		Grid: &model.EffectGrid{Rows: []string{"x", "y"}, Columns: []string{"u", "v"}, Cells: [][]int32{{0, 1}, {-1, 1}}}}
	got := pairTable(e)
	if !slices.Equal(got.Head, []string{"Group", "u", "v"}) || len(got.Rows) != 2 {
		t.Fatalf("%+v", got)
	}
	if want := []string{"y", "–", odds(0.7)}; !slices.Equal(got.Rows[1], want) {
		t.Errorf("%q, want %q", got.Rows[1], want)
	}
	if got.Class(0, 1) != "" || got.Class(0, 2) != "more3" || got.Class(1, 1) != "" || got.Class(0, 0) != "word" || tint(-0.1) != "less1" {
		t.Errorf("classes %q, %q and %q", got.Class(0, 1), got.Class(0, 2), got.Class(1, 1))
	}
	e.Grid.Cells[0] = e.Grid.Cells[0][:1]
	if wellFormed(e.Grid) || wellFormed(nil) {
		t.Error("a grid with a hole passes")
	}
}
