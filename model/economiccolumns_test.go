package model

import (
	"math"
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// The headroom of a table is what a reader finds who subtracts the price from the cap beside it.
func TestHeadroomColumn(t *testing.T) {
	for _, c := range []struct{ limit, price, want float64 }{{39.9853, 43.1434, -3.16}, {226.43, 345.51, -119.08}, {237.979, 0, 237.97}} {
		row := EconomicRow{Purchase: &budget.Purchase{Cap: budget.Cap{Max: c.limit}, Price: c.price, Headroom: c.limit - c.price}}
		for _, column := range EconomicColumns() {
			if column.Name != "headroom" {
				continue
			}
			if got, _ := column.Of(&row, "USD").Value(); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("%v less %v is %v, want %v", c.limit, c.price, got, c.want)
			}
			if f := column.Of(&EconomicRow{}, "USD"); f.Reason() != budget.Unmeasured {
				t.Errorf("without a price the headroom is %v", f)
			}
		}
	}
}
