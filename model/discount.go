package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Discount returns the table with profits and revenues at their present value on the day of the lead's creation: each is
// discounted at an annual rate over the days from there to the conversion. Everything that is learnt and reckoned from
// them is a present value then, so that p·m = v and reasons add up as without. What has no date of a conversion, or one
// before the creation, stays as it is. At a rate of 0, or without profits and revenues, the table is returned as it is.
func Discount(table *features.Table, annual float64) (*features.Table, error) {
	if annual == 0 || table.Schema.ByRole(features.RoleProfit) < 0 && table.Schema.ByRole(features.RoleRevenue) < 0 {
		return table, nil
	}
	created, converted := timesOf(table, features.RoleCreatedAt), timesOf(table, features.RoleConvertedAt)
	if created == nil || converted == nil {
		return nil, fmt.Errorf("model: annual_discount is %v, but profits can be discounted only between two dates: columns.created_at and outcome.at", annual)
	}
	out := *table
	out.Columns = append([]features.Column(nil), table.Columns...)
	for _, role := range []features.Role{features.RoleProfit, features.RoleRevenue} {
		i := table.Schema.ByRole(role)
		if i < 0 || table.Schema.Fields()[i].Kind != features.Number {
			continue
		}
		numbers := make([]float64, table.Rows)
		for r := range numbers {
			x := table.Columns[i].Numbers.At(r)
			if numbers[r] = x; math.IsNaN(x) || created[r] == features.NoTime || converted[r] == features.NoTime || converted[r] < created[r] {
				continue
			}
			var err error
			if numbers[r], err = budget.PresentValue(x, annual, float64(converted[r]-created[r])/float64(day)); err != nil {
				return nil, fmt.Errorf("model: column %q, row %d: %w", table.Schema.Fields()[i].Name, r+1, err)
			}
		}
		out.Columns[i].Numbers = features.Numbers{F64: numbers}
	}
	return &out, nil
}
