package model

import (
	"cmp"
	"math"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Measures of a value model on sales that it has not seen, with profits y, predictions m and weights w:
//
//	bias      Σ w·m ÷ Σ w·y
//	Gini      2·(mean of the cumulative share of Σ w·y, in falling order of m) − 1, ÷ the same in falling order of y;
//	          sales of the same m share what they hold, so that a constant has about 0
//	          (Wang, Liu & Miao 2019, arXiv:1912.07753)
//	D²        1 − deviance of m ÷ deviance of the mean of y (Hastie, Tibshirani & Wainwright 2015, §3.2): the Gamma's, or, where
//	          a sale is worth nothing, the Tweedie's of power 1.5, in which such sales have a deviance
//	decile    mean over the tenths in order of m of |Σ w·m ÷ Σ w·y − 1|
//	capacity  profit of the best fifth of all leads in order of p·m
//
// The constant is the mean profit of the sales that the model was fitted on; at capacity it ranks by p alone.

// ValueFigures says how good a value model is on sales that it has not seen. Each interval is one of Level over leads,
// or over accounts.
type ValueFigures struct {
	Level               float64  `json:"level"`
	Sales               int      `json:"holdout_wins"`
	Profit              float64  `json:"holdout_mean"` // per sale
	Bias                float64  `json:"bias"`
	BiasCI              Interval `json:"bias_ci"`
	BiasConstant        float64  `json:"bias_constant"`
	Gini                float64  `json:"gini"`
	GiniCI              Interval `json:"gini_ci"`
	GiniConstant        float64  `json:"gini_constant"`
	D2                  float64  `json:"d2"`
	D2CI                Interval `json:"d2_ci"`
	D2Constant          float64  `json:"d2_constant"`
	Deviance            string   `json:"d2_deviance"`            // gamma or tweedie
	DecileError         *float64 `json:"decile_error,omitempty"` // absent where a tenth earned nothing
	DecileErrorCI       Interval `json:"decile_error_ci"`
	DecileErrorConstant *float64 `json:"decile_error_constant,omitempty"`
	Capacity            float64  `json:"capacity"` // share of the leads
	CapacityProfit      float64  `json:"capacity_profit"`
	CapacityProfitCI    Interval `json:"capacity_profit_ci"`
	CapacityConstant    float64  `json:"capacity_profit_constant"`
	CapacityGainCI      Interval `json:"capacity_gain_ci"` // of the difference of these two
}

// capacityShare is the share of the leads that profit at capacity counts.
const capacityShare = 0.2

// minFigureWins is the least number of sales that a value model is measured on.
const minFigureWins = 2 * minOutcomes

// valueSample is what valueFigures looks at: leads with their probability and predicted profit, and, of those that were
// won at a known profit, that profit.
type valueSample struct {
	probability, predicted, profit []float64 // profit is NaN where it is unknown, or the lead was not won
	weight                         []float64 // nil = all 1
	cluster                        []int32
	constant                       float64
	seed                           uint64
}

// valueFigures measures a sample; nil if it holds too few sales, or these earned nothing, or all the same: then there is
// nothing to rank or to explain.
func valueFigures(s *valueSample) *ValueFigures {
	r := rankValues(s)
	f := r.measure(nil)
	if len(r.byPredicted) < minFigureWins || !(f.earned > 0) || r.alike() {
		return nil
	}
	g := &ValueFigures{
		Level: IntervalLevel, Sales: len(r.byPredicted), Profit: f.earned / f.weight, Bias: f.bias, BiasConstant: f.biasConstant,
		Gini: f.gini, GiniConstant: f.giniConstant, D2: f.d2, D2Constant: f.d2Constant, Deviance: r.family.name(),
		DecileError: finite(f.decile), DecileErrorConstant: finite(f.decileConstant),
		Capacity: capacityShare, CapacityProfit: f.capacity, CapacityConstant: f.capacityConstant,
	}
	var bias, gini, d2, decile, capacity, gain spread
	n := len(s.predicted)
	budget.Bootstrap(n, s.cluster, resamples(n), s.seed, func(times []float64) {
		f := r.measure(times)
		bias.add(f.bias)
		gini.add(f.gini)
		d2.add(f.d2)
		decile.add(f.decile)
		capacity.add(f.capacity)
		gain.add(f.capacity - f.capacityConstant)
	})
	all := math.Inf(1)
	g.BiasCI, g.GiniCI, g.D2CI = bias.around(f.bias, 0, all), gini.around(f.gini, -all, all), d2.around(f.d2, -all, 1)
	if g.DecileError != nil {
		g.DecileErrorCI = decile.around(f.decile, 0, all)
	}
	g.CapacityProfitCI, g.CapacityGainCI = capacity.around(f.capacity, -all, all), gain.around(f.capacity-f.capacityConstant, -all, all)
	return g
}

// finite returns x, nil where it is not a number.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// rankedValues is a sample in the orders that its measures need.
type rankedValues struct {
	*valueSample
	family        valueFamily
	byPredicted   []int32 // sales, in falling order
	byProfit      []int32
	byExpected    []int32 // leads, in falling order
	byProbability []int32
}

func rankValues(s *valueSample) *rankedValues {
	r := &rankedValues{valueSample: s, family: familyGamma}
	var sales []int32
	expected := make([]float64, len(s.predicted))
	for i, y := range s.profit {
		expected[i] = s.probability[i] * s.predicted[i]
		if y == y {
			sales = append(sales, int32(i))
			if y <= 0 {
				r.family = familyTweedie
			}
		}
	}
	all := features.AllRows(len(s.predicted))
	r.byPredicted, r.byProfit = falling(sales, s.predicted), falling(sales, s.profit)
	r.byExpected, r.byProbability = falling(all, expected), falling(all, s.probability)
	return r
}

// alike says whether all sales earned the same, as at one list price.
func (r *rankedValues) alike() bool {
	first, last := r.byProfit[0], r.byProfit[len(r.byProfit)-1]
	return r.profit[first] == r.profit[last]
}

// falling returns the elements in falling order of x, equal ones in their order.
func falling(elements []int32, x []float64) []int32 {
	out := slices.Clone(elements)
	slices.SortStableFunc(out, func(a, b int32) int { return cmp.Compare(x[b], x[a]) })
	return out
}

// valueMeasures are the measures of one sample, or of one bootstrap resample of it.
type valueMeasures struct {
	weight, earned             float64
	bias, biasConstant         float64
	gini, giniConstant         float64
	d2, d2Constant             float64
	decile, decileConstant     float64
	capacity, capacityConstant float64
}

// measure computes every measure. times says how often each lead is drawn, nil = once.
func (r *rankedValues) measure(times []float64) valueMeasures {
	w := func(i int32) float64 {
		x := 1.0
		if r.weight != nil {
			x = r.weight[i]
		}
		if times != nil {
			x *= times[i]
		}
		return x
	}
	constant := func(int32) float64 { return r.constant }
	predicted := func(i int32) float64 { return r.predicted[i] }
	profit := func(i int32) float64 { return r.profit[i] }
	var f valueMeasures
	var promised float64
	for _, i := range r.byPredicted {
		f.weight += w(i)
		f.earned += float64(w(i) * r.profit[i])
		promised += float64(w(i) * r.predicted[i])
	}
	f.bias, f.biasConstant = promised/f.earned, float64(r.constant*f.weight)/f.earned
	best := r.giniIn(r.byProfit, profit, w, &f)
	f.gini, f.giniConstant = r.giniIn(r.byPredicted, predicted, w, &f)/best, r.giniIn(r.byPredicted, constant, w, &f)/best
	var own, mean, fixed float64
	for _, i := range r.byPredicted {
		y := max(r.profit[i], 0)
		own += float64(w(i) * r.family.deviance(y, r.predicted[i]))
		mean += float64(w(i) * r.family.deviance(y, f.earned/f.weight))
		fixed += float64(w(i) * r.family.deviance(y, r.constant))
	}
	f.d2, f.d2Constant = 1-own/mean, 1-fixed/mean
	f.decile, f.decileConstant = r.decileError(predicted, w, &f), r.decileError(constant, w, &f)
	f.capacity, f.capacityConstant = r.profitAt(r.byExpected, w), r.profitAt(r.byProbability, w)
	return f
}

// giniIn is 2·(mean cumulative share) − 1 in the given order; sales of the same score share what they hold.
func (r *rankedValues) giniIn(order []int32, score, w func(int32) float64, f *valueMeasures) float64 {
	var held, area float64
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && score(order[to]) == score(order[from]) {
			to++
		}
		var tied, earned, steps float64 // steps: Σ w·(share of the tie up to and with this sale)
		for _, i := range order[from:to] {
			tied += w(i)
			earned += float64(w(i) * r.profit[i])
			steps += float64(w(i) * tied)
		}
		if tied > 0 {
			area += float64(tied*held) + float64(earned*steps/tied)
		}
		held += earned
		from = to
	}
	return 2*area/(f.weight*f.earned) - 1
}

// decileError is the mean over tenths of |promised ÷ earned − 1|, NaN where one earned nothing, or where no sale was drawn, as
// happens where few accounts hold them all.
func (r *rankedValues) decileError(predicted, w func(int32) float64, f *valueMeasures) float64 {
	if !(f.weight > 0) {
		return math.NaN()
	}
	const tenths = 10
	var promised, earned [tenths]float64
	seen := 0.0
	for _, i := range r.byPredicted {
		tenth := min(int(seen/f.weight*tenths), tenths-1)
		seen += w(i)
		promised[tenth] += float64(w(i) * predicted(i))
		earned[tenth] += float64(w(i) * r.profit[i])
	}
	var sum float64
	for k := range promised {
		if !(earned[k] > 0) {
			return math.NaN()
		}
		sum += math.Abs(promised[k]/earned[k] - 1)
	}
	return sum / tenths
}

// profitAt is the profit of the first capacityShare of the leads in order; the last of them may count in part.
func (r *rankedValues) profitAt(order []int32, w func(int32) float64) float64 {
	var total, profit float64
	for _, i := range order {
		total += w(i)
	}
	left := capacityShare * total
	for _, i := range order {
		part := min(w(i), left)
		if left -= part; r.profit[i] == r.profit[i] {
			profit += float64(part * r.profit[i])
		}
		if left <= 0 {
			break
		}
	}
	return profit
}
