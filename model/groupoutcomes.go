package model

import (
	"math"

	"github.com/leadscore/leadscore/budget"
)

// What became of a group is counted in leads that are worth as much as independent ones of weight 1. With e = w·(y − p) of each
// mature lead, Σ over its accounts,
//
//	d = max(1, Σ_accounts (Σ e)² / Σ e²)·Σw²/Σw
//
// leads stand for one: those of an account win or fail together, and unequal weights say less than equal ones (Kish
// 1965). A group's leads and wins are divided by d; its rate stays what it is.

// outcomes returns what became of the mature ones of the rows: how many there are, the weight of those won, and what both are
// worth as evidence.
func (x *economist) outcomes(rows []int32) (mature int, won float64, e budget.Evidence) {
	var residual, squares, weight, weights float64
	byAccount := map[int32]float64{}
	var profit, modelled moments
	for _, r := range rows {
		if !x.mature[r] {
			continue
		}
		w, y := x.l.weight(r), float64(x.l.converted[r])
		mature++
		weight, weights = weight+w, weights+w*w
		won += w * y
		u := w * (y - x.money.Probability[r])
		residual += u * u
		if x.l.accounts != nil {
			byAccount[x.l.accounts[r]] += u
		}
		if y == 1 {
			modelled.add(w, x.money.Profit[r])
			if m := x.profit(int(r)); !math.IsNaN(m) && !math.IsInf(m, 0) {
				profit.add(w, m)
			}
		}
	}
	if mature == 0 || weight == 0 {
		return mature, won, e
	}
	squares = sumOfSquares(x.l.accounts, rows, x.mature, byAccount)
	design := weights / weight
	if x.l.accounts != nil && residual > 0 {
		design *= max(1, squares/residual)
	}
	e.Leads, e.Wins = weight/design, won/design
	if profit.weight > 0 {
		e.Profit, e.SD = profit.mean, profit.sd()
		return mature, won, e
	}
	e.Profit = modelled.mean // no profit is recorded: that of the model, whose error is then left out
	return mature, won, e
}

// sumOfSquares adds up (Σe)² of the accounts, in the order of the rows.
func sumOfSquares(accounts, rows []int32, mature []bool, residuals map[int32]float64) (total float64) {
	if accounts == nil {
		return 0
	}
	done := make(map[int32]bool, len(residuals))
	for _, r := range rows {
		if a := accounts[r]; mature[r] && !done[a] {
			done[a] = true
			total += residuals[a] * residuals[a]
		}
	}
	return total
}

// moments accumulates a weighted mean and standard deviation (West 1979).
type moments struct{ n, weight, mean, m2 float64 }

func (s *moments) add(w, x float64) {
	if w == 0 {
		return
	}
	s.n++
	s.weight += w
	d := x - s.mean
	s.mean += d * w / s.weight
	s.m2 += w * d * (x - s.mean)
}

// sd is the standard deviation, 0 of fewer than two.
func (s *moments) sd() float64 {
	if s.n < 2 {
		return 0
	}
	return math.Sqrt(max(s.m2, 0) / s.weight * s.n / (s.n - 1))
}
