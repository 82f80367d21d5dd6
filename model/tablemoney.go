package model

import (
	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Money is what a model says of the money of leads, column by column: for each, to the last bit, what Score rests on.
type Money struct {
	Probability []float64
	Profit      []float64 // m; NaN without a value model
	Value       []float64 // v = p·m; NaN without a value model
	Cost        []float64 // s + μh; 0 without a policy
}

// Member is lead i, which stands for weight leads, as a part of a group.
func (m *Money) Member(i int, weight float64) budget.Member {
	return budget.Member{P: m.Probability[i], M: m.Profit[i], SalesCost: m.Cost[i], Weight: weight}
}

// TableMoney returns the money of the given rows of a table (nil = all). The table's schema must fit the encoder: see
// features.Encoder.Fits.
func (m *Model) TableMoney(table *features.Table, rows []int32) *Money {
	if rows == nil {
		rows = features.AllRows(table.Rows)
	}
	n := len(rows)
	money := &Money{Probability: m.TableLogOdds(table, rows), Profit: m.TableProfit(table, rows), Value: make([]float64, n), Cost: make([]float64, n)}
	level := m.sourceLevel(table)
	for i, r := range rows {
		p := Sigmoid(money.Probability[i])
		money.Probability[i] = p
		money.Value[i] = float64(p * money.Profit[i])
		if m.policy != nil {
			money.Cost[i] = m.policy.SalesCost(p, m.policy.reach(level(r))) + float64(m.policy.HoursPerLead*m.policy.HourPrice)
		}
	}
	return money
}

// sourceLevel returns the level of the policy's source of a row.
func (m *Model) sourceLevel(table *features.Table) func(row int32) int32 {
	if m.policy == nil || m.policy.term < 0 {
		return func(int32) int32 { return features.NoLevel }
	}
	return m.encoder.Level(m.policy.term, table)
}
