package report

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/model"
)

// tintSteps are the factors on the odds from which on a cell of a pair is coloured, stronger from one to the next.
var tintSteps = [3]float64{1.05, 1.25, 1.6}

// tint returns the class of a cell by its effect, "" near no effect.
func tint(logOdds float64) string {
	class, strength := "more", 0
	if logOdds < 0 {
		class = "less"
	}
	for _, factor := range tintSteps {
		if math.Abs(logOdds) >= math.Log(factor) {
			strength++
		}
	}
	if strength == 0 {
		return ""
	}
	return fmt.Sprintf("%s%d", class, strength)
}

// wellFormed reports whether every row of a grid has a cell for each column.
func wellFormed(g *model.EffectGrid) bool {
	if g == nil || len(g.Rows) == 0 || len(g.Rows) > maxTableRows || len(g.Columns) == 0 || len(g.Columns) > maxTableRows || len(g.Cells) != len(g.Rows) {
		return false
	}
	for _, row := range g.Cells {
		if len(row) != len(g.Columns) {
			return false
		}
	}
	return true
}

// pairTable crosses the features of a pair: the factor on the odds that each combination adds to the effects of the two.
func pairTable(e model.Effect) *table {
	t := &table{Caption: "Factor on the odds of " + level(e.Feature) + ", beside the effects of each alone", Head: []string{"Group"}, Open: true,
		Note: "Factor on the odds that a combination adds to the effects of the two features; the darker, the farther from 1 (blue above, orange below)."}
	for _, name := range e.Grid.Columns {
		t.Head = append(t.Head, level(name))
	}
	at := map[int32]float64{}
	for _, p := range e.Points {
		at[int32(p.X)] = p.LogOdds
	}
	classes := make([][]string, len(e.Grid.Cells))
	t.Shade = func(row, column int) string { return classes[row][column-1] }
	for i, row := range e.Grid.Cells {
		cells := []string{level(e.Grid.Rows[i])}
		for _, cell := range row {
			text, class := "–", ""
			if logOdds, known := at[cell]; known {
				text, class = odds(logOdds), tint(logOdds)
			}
			cells, classes[i] = append(cells, text), append(classes[i], class)
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}
