package features_test

import (
	"math"
	"slices"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// asSchema is a schema of a number and a text.
func asSchema(t *testing.T, kind features.Kind, names ...string) *features.Schema {
	t.Helper()
	double, text := features.Type{Base: features.Float64}, features.Type{Base: features.String}
	s, err := features.NewSchema([]features.Field{{Name: names[0], Type: double, Kind: kind, Role: features.RoleFeature},
		{Name: names[1], Type: text, Kind: features.Category, Role: features.RoleFeature}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Numbers become the category that a lead's own number is read as, in the order of the texts.
func TestTableAs(t *testing.T) {
	numbers, names := asSchema(t, features.Number, "shop", "town"), asSchema(t, features.Category, "shop", "town")
	table := &features.Table{Schema: numbers, Rows: 6, Columns: []features.Column{
		{Numbers: features.Numbers{F64: []float64{10, 9, math.NaN(), math.Copysign(0, -1), 0, 2.5}}},
		{Levels: []string{"a"}, Codes: features.Codes{U8: make([]uint8, 6)}},
	}}
	as, err := table.As(names)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := as.Columns[0].Levels, []string{"0", "10", "2.5", "9"}; !slices.Equal(got, want) {
		t.Errorf("levels %v, want %v", got, want)
	}
	lead := names.NewLead()
	for row, want := range []string{"10", "9", "", "0", "0", "2.5"} {
		if as.Lead(row, lead); lead.Values[0].Text != want || lead.Values[0].Present != (want != "") {
			t.Errorf("row %d: %+v, want %q", row, lead.Values[0], want)
		}
	}
	if same, err := table.As(numbers); same != table || err != nil {
		t.Errorf("the same schema: %v, %v", same, err)
	}
	if _, err := as.As(numbers); err == nil {
		t.Error("a category became a number")
	}
	if _, err := table.As(asSchema(t, features.Number, "store", "town")); err == nil {
		t.Error("another column was taken")
	}
}
