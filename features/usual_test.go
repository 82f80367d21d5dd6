package features

import (
	"slices"
	"testing"
)

// What is usual reads as a value of the field, warns of nothing, and is the level of most rows or in the middle of them.
func TestUsual(t *testing.T) {
	table, _ := mixedTable(t)
	straight, _, err := Fit(table, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	cut, _, err := FitBins(table, nil, nil, BinOptions{Bins: 16, MinWeight: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*Encoder{straight, cut} {
		lead := table.Schema.NewLead()
		for i := range e.Terms() {
			term := &e.Terms()[i]
			at := table.Schema.Index(term.Name)
			if lead.Values[at], err = table.Schema.TextValue(at, term.Usual(&table.Schema.fields[at], 0)); err != nil {
				t.Fatal(err)
			}
		}
		if w := e.Warnings(lead, nil); len(w) != 0 {
			t.Errorf("%+v: %+v", lead.Values, w)
		}
		counts := make([]int, len(table.Columns[1].Levels)+1)
		for r := range table.Rows {
			counts[table.Columns[1].Codes.At(r)]++
		}
		if most := slices.Index(counts, slices.Max(counts[:len(counts)-1])); lead.Values[1].Text != table.Columns[1].Levels[most] {
			t.Errorf("source %q, want %q", lead.Values[1].Text, table.Columns[1].Levels[most])
		}
		below, above := 0, 0
		for r := range table.Rows {
			switch x := table.Columns[2].Times[r]; {
			case x < lead.Values[2].Time:
				below++
			default:
				above++
			}
		}
		if share := float64(below) / float64(below+above); share < 0.4 || share > 0.6 {
			t.Errorf("%.2f of the times are below the usual one", share)
		}
	}
	for mean, want := range map[float64]string{0.2: "false", 0.7: "true"} {
		if got := (&Term{Mean: mean, SD: 1}).Usual(&Field{Type: Type{Base: Bool}, Kind: Number}, 0); got != want {
			t.Errorf("a mean of %v is %q", mean, got)
		}
	}
	if got := (&Term{Mean: 2.6, Min: 0, Max: 9}).Usual(&Field{Type: Type{Base: Int32}, Kind: Number}, 0); got != "3" {
		t.Errorf("a whole number is %q", got)
	}
	if got := (&Term{Mean: 12345.678, Min: 0, Max: 12_321}).Usual(&Field{Type: Type{Base: Float64}, Kind: Number}, 0); got != "12300" {
		t.Errorf("to three digits it is %q", got)
	}
	if got := (&Term{Pooled: []string{"a"}, Histogram: []float64{3, 0}}).Usual(&Field{Type: Type{Base: String}, Kind: Category}, 0); got != "" {
		t.Errorf("of rare levels alone it is %q", got)
	}
}
