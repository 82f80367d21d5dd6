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

// About the median is where the median is: most leads have not seen the price, so that the usual count is 0, not the edge
// above it; and a long tail does not move it.
func TestUsualIsInTheMiddleBin(t *testing.T) {
	whole, real := &Field{Type: Type{Base: Int32}, Kind: Number}, &Field{Type: Type{Base: Float64}, Kind: Number}
	for name, test := range map[string]struct {
		field *Field
		term  Term
		want  string
	}{
		"most are 0":              {whole, Term{Min: 0, Max: 16, Edges: []float64{1, 2}, Histogram: []float64{77, 16, 7, 30}}, "0"},
		"more than half are 0":    {whole, Term{Min: 0, Max: 16, Edges: []float64{1, 2}, Histogram: []float64{52, 41, 7, 0}}, "0"},
		"the second value":        {whole, Term{Min: 1, Max: 56, Edges: []float64{2, 3}, Histogram: []float64{43, 26, 31, 0}}, "2"},
		"most say never":          {whole, Term{Min: 0, Max: 999, Edges: []float64{5, 500}, Histogram: []float64{2, 2, 96, 0}}, "999"},
		"a long tail":             {real, Term{Min: 0, Max: 1e9, Edges: []float64{10, 20}, Histogram: []float64{20, 20, 60, 0}}, "20"},
		"a bin of many":           {real, Term{Min: 0, Max: 1e9, Edges: []float64{10, 20}, Histogram: []float64{40, 40, 20, 0}}, "12.5"},
		"most are next to 0":      {real, Term{Min: 0, Max: 9, Edges: []float64{0.5}, Histogram: []float64{80, 20, 0}}, "0"},
		"two bins, the first one": {real, Term{Min: 4, Max: 5000, Edges: []float64{104}, Histogram: []float64{51, 49, 0}}, "102"},
	} {
		if got := test.term.Usual(test.field, 0); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
