package model

import (
	"reflect"
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// A column of costs has cents in all its rows or in none; a row without a sale says what one costs at least.
func TestWriteCosts(t *testing.T) {
	known := budget.Known
	row := func(spend, lead, sale, loaded, expected, each float64) *budget.Costs {
		return &budget.Costs{Spend: known(spend), PerUnit: []budget.Figure{known(lead), known(sale)}, Loaded: []budget.Figure{known(lead), known(loaded)},
			PerSaleAtLeast: budget.Unknown(budget.Unmeasured), Maturity: budget.Maturity{ExpectedWins: known(expected), PerExpected: known(each)}}
	}
	cheap, dear, none := row(1234.5, 38.67, 171.71, 402.5, 8, 88.01), row(125745.88, 306.7, 2675.44, 4336.06, 19.1, 6572.4), row(5000, 120, 0, 0, 0.3, 16666.67)
	none.PerUnit[1], none.Loaded[1], none.PerSaleAtLeast = budget.Unknown(budget.NoWins), budget.Unknown(budget.NoWins), known(1649.72)
	want := []CostCells{
		{"$1,234", []string{"$38.67", "$172"}, "$402", "$88.01"},
		{"$125,746", []string{"$306.70", "$2,675"}, "$4,336", "$6,572.40"},
		{"$5,000", []string{"$120.00", "≥ $1,649"}, "–", "–"},
	}
	if got := WriteCosts([]*budget.Costs{cheap, dear, none}, "USD"); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := WriteCosts(nil, "USD"); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
