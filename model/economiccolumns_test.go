package model

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
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

// In a column all amounts have the same decimals, and the cap less the price is the headroom, as they are written.
func TestAmountsOfColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	number := strings.NewReplacer("$", "", ",", "")
	for range 200 {
		rows := make([]EconomicRow, 6)
		for i := range rows {
			size := math.Pow(10, 4*rng.Float64()) // now a few dollars, now thousands
			limit, price := size*rng.Float64(), math.Round(rng.Float64()*float64(i)*size)/4
			row := &rows[i]
			row.ProfitPerSale, row.Group.Value, row.Cap, row.CostPerLead = budget.Known(20*size), budget.Known(2*limit), budget.Known(limit), budget.Known(price)
			row.Low, row.High, row.Cautious = budget.Known(limit/2), budget.Known(2*limit), budget.Known(limit/1.1)
			row.Purchase = &budget.Purchase{Cap: budget.Cap{Max: limit}, Price: price}
		}
		written := map[string][]float64{}
		for _, column := range EconomicColumns() {
			if column.Kind != PriceCell && column.Kind != EstimateCell {
				continue
			}
			amounts, decimals := column.Amounts(rows[1:], &rows[0], "USD"), -1
			for i := range rows {
				text := number.Replace(amounts.Write(column.Of(&rows[i], "USD")))
				_, fraction, _ := strings.Cut(text, ".")
				if decimals >= 0 && len(fraction) != decimals {
					t.Fatalf("%s: %s has not %d decimals as those above it", column.Name, text, decimals)
				}
				decimals = len(fraction)
				x, err := strconv.ParseFloat(text, 64)
				if err != nil {
					t.Fatal(err)
				}
				written[column.Name] = append(written[column.Name], x)
			}
		}
		for i := range rows {
			limit, price, room := written["max CPL"][i], written["actual CPL"][i], written["headroom"][i]
			if most := rows[i].Purchase.Max; limit > most+1e-6 {
				t.Errorf("a cap of %v is written as %v", most, limit)
			}
			if math.Abs(limit-price-room) > 1e-9 {
				t.Errorf("%v less %v is written as %v", limit, price, room)
			}
		}
	}
}
