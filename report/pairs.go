package report

import (
	"github.com/leadscore/leadscore/model"
)

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
	t := &table{Caption: "Factor on the odds of " + level(e.Feature) + ", beside the effects of each alone", Head: []string{"Group"}}
	for _, name := range e.Grid.Columns {
		t.Head = append(t.Head, level(name))
	}
	at := map[int32]float64{}
	for _, p := range e.Points {
		at[int32(p.X)] = p.LogOdds
	}
	for i, row := range e.Grid.Cells {
		cells := []string{level(e.Grid.Rows[i])}
		for _, cell := range row {
			text := none
			if logOdds, known := at[cell]; known {
				text = odds(logOdds)
			}
			cells = append(cells, text)
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}
