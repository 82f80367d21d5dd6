package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// wins are the sales that the value model learns from: won leads at a known profit.
type wins struct {
	rows     []int32 // of the table
	profit   []float64
	weight   []float64
	level    []int32 // of the source, NoLevel = none
	cluster  []int32 // accounts from 0, nil = each sale by itself
	unknown  int     // won leads of unknown profit
	uncapped float64 // mean profit before Options.ValueCap
}

// mean returns the mean profit.
func (w *wins) mean() float64 {
	var sum, n float64
	for i, x := range w.profit {
		sum += float64(w.weight[i] * x)
		n += w.weight[i]
	}
	return sum / n
}

// evenly returns at most count of the sales, evenly spread.
func (w *wins) evenly(count int) *wins {
	places := evenly(nil, len(w.profit), count)
	if places == nil {
		return w
	}
	part := &wins{}
	for _, i := range places {
		part.take(w, int(i))
	}
	return part
}

// take adds sale i of others.
func (w *wins) take(of *wins, i int) {
	w.rows = append(w.rows, of.rows[i])
	w.profit = append(w.profit, of.profit[i])
	w.weight = append(w.weight, of.weight[i])
	if of.cluster != nil {
		w.cluster = append(w.cluster, of.cluster[i])
	}
}

// worthNothing counts the sales whose profit is 0 or a loss, and sums up the losses.
func (w *wins) worthNothing() (count, losses int, lost float64) {
	for i, x := range w.profit {
		if x <= 0 {
			count++
		}
		if x < 0 {
			losses++
			lost -= float64(w.weight[i] * x)
		}
	}
	return count, losses, lost
}

// whales is the share of the best sales in their number that TopShare is about, and muchTop the share of the profit in
// them from which on it is a doubt.
const whales, muchTop = 0.01, 0.3

// top returns the share of the profit in the best hundredth of the sales, and the mean profit of the others; the sale on
// the boundary counts in part.
func (w *wins) top() (share, rest float64) {
	order := features.AllRows(len(w.profit))
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(w.profit[b], w.profit[a]) })
	var total, earned float64
	for i, x := range w.profit {
		total += w.weight[i]
		earned += float64(w.weight[i] * x)
	}
	left, best := whales*total, 0.0
	for _, i := range order {
		part := min(w.weight[i], left)
		best += float64(part * w.profit[i])
		if left -= part; left <= 0 {
			break
		}
	}
	return best / earned, (earned - best) / (total * (1 - whales))
}

// winsOf gathers the sales among the rows.
func (t *trainer) winsOf(encoder *features.Encoder, rows []int32) (w *wins, source string, leads []float64, err error) {
	profit, err := profitOf(t.table, t.options.GrossMargin)
	if err != nil {
		return nil, "", nil, err
	}
	source, leads, level := t.sources(encoder, rows)
	w = &wins{}
	var raw float64
	for _, r := range rows {
		if t.converted[r] == 0 {
			continue
		}
		x := profit(int(r))
		if math.IsNaN(x) {
			w.unknown++
			continue
		}
		raw += float64(t.weight(r) * x)
		if t.options.ValueCap > 0 {
			x = min(x, t.options.ValueCap)
		}
		w.rows = append(w.rows, r)
		w.profit = append(w.profit, x)
		w.weight = append(w.weight, t.weight(r))
		w.level = append(w.level, level(r))
	}
	var weight float64
	for _, x := range w.weight {
		weight += x
	}
	w.uncapped = raw / weight
	if t.accounts != nil {
		w.cluster = renumbered(t.accounts, w.rows)
	}
	return w, source, leads, nil
}

// value learns the value model from the won rows, and says what is doubtful about them.
func (t *trainer) value(ctx context.Context, encoder *features.Encoder, rows []int32) (valueModel, []Warning, error) {
	t.sales = nil
	w, source, leads, err := t.winsOf(encoder, rows)
	if err != nil {
		return valueModel{}, nil, err
	}
	v := valueModel{Kind: ValueNone, Wins: len(w.profit)}
	if v.Wins == 0 {
		return v, nil, nil
	}
	var doubts doubtList
	if v.Mean = w.mean(); !(v.Mean > 0) {
		v.Currency = t.options.Currency
		doubts.say("value_not_positive", "", "%s sales brought %s each in the mean: no lead is worth a price, and no value model is made", budget.Count(v.Wins), t.money(v.Mean))
		return v, doubts, nil
	}
	shapes, err := t.valueShapes(encoder, rows)
	if err != nil {
		return v, nil, err
	}
	t.sales = &valueData{encoder: encoder, shapes: shapes, table: t.table, wins: w, seed: t.options.Seed}
	fitted, err := fitValue(ctx, t.sales)
	if errors.Is(err, errNoOptimum) {
		doubts.say("value_not_fitted", "", "%v: the mean profit is used", err)
		err = nil
	}
	switch {
	case err != nil:
		return v, nil, err
	case fitted != nil:
		fitted.Wins, fitted.Mean = v.Wins, v.Mean
		v = *fitted
	default:
		var doubt *Warning
		if v, doubt = credibleValue(w, source, leads); doubt != nil {
			doubts = append(doubts, *doubt)
		}
	}
	v.Currency, v.Unknown = t.options.Currency, w.unknown
	v.Nothing, _, _ = w.worthNothing()
	v.TopShare, _ = w.top()
	t.aboutWins(&doubts, w)
	return v, doubts, nil
}

// money writes an amount in the currency of the profits.
func (t *trainer) money(x float64) string { return budget.Currency(t.options.Currency).Format(x) }

// aboutWins doubts the sales.
func (t *trainer) aboutWins(doubts *doubtList, w *wins) {
	mean := w.mean()
	if w.unknown > 0 {
		doubts.say("value_unknown", "", "%s of %s won leads have no known profit and teach nothing about it", budget.Count(w.unknown), budget.Count(w.unknown+len(w.profit)))
	}
	if n := t.revenueAsProfit(w.rows); n > 0 {
		doubts.say("revenue_as_profit", "", "the whole revenue of %s of %s sales counts as profit, and every cap with it: say in value.gross_margin what share of it is", budget.Count(n), budget.Count(len(w.rows)))
	}
	if _, losses, lost := w.worthNothing(); losses > 0 {
		doubts.say("value_losses", "", "%s sales made a loss, %s in all: they count as worth nothing, and their losses lower every profit in proportion", budget.Count(losses), t.money(lost))
	}
	if share, rest := w.top(); share > muchTop {
		doubts.say("value_whales", "", "the best hundredth of the sales made %.0f %% of the profit: %s a sale with them, %s without; value.cap limits what one sale counts", 100*share, t.money(mean), t.money(rest))
	}
	if t.options.ValueCap > 0 && mean != w.uncapped {
		doubts.say("value_capped", "", "profits above %s count as that much: the mean is %s instead of %s (%+.1f %%)", t.money(t.options.ValueCap), t.money(mean), t.money(w.uncapped), 100*(mean/w.uncapped-1))
	}
}

// revenueAsProfit counts the sales whose revenue stands for their profit without a margin.
func (t *trainer) revenueAsProfit(sales []int32) (n int) {
	revenue, profit := t.table.Schema.ByRole(features.RoleRevenue), t.table.Schema.ByRole(features.RoleProfit)
	if revenue < 0 || t.options.GrossMargin != 1 {
		return 0
	}
	for _, r := range sales {
		if profit < 0 || math.IsNaN(t.table.Columns[profit].Numbers.At(int(r))) {
			n++
		}
	}
	return n
}

// holdoutValue measures the value model of the rows before the holdout on it, as far as there is enough to measure.
func (t *trainer) holdoutValue(ctx context.Context, m *Model, before, held []int32, logOdds []float64) (*ValueFigures, *Dependence, error) {
	v, _, err := t.value(ctx, m.encoder, before)
	if err != nil || v.Kind == ValueNone {
		return nil, nil, err
	}
	m.document.Value = v
	if err := m.compileValue(); err != nil {
		return nil, nil, err
	}
	profit, err := profitOf(t.table, t.options.GrossMargin)
	if err != nil {
		return nil, nil, err
	}
	predicted := m.TableProfit(t.table, held)
	s := &valueSample{predicted: predicted, weight: t.weightsFor(held), constant: v.Mean, seed: t.options.Seed,
		probability: make([]float64, len(held)), profit: make([]float64, len(held))}
	for i, r := range held {
		s.probability[i], s.profit[i] = Sigmoid(logOdds[i]), math.NaN()
		if t.converted[r] == 1 {
			s.profit[i] = profit(int(r))
		}
	}
	if t.accounts != nil {
		s.cluster = renumbered(t.accounts, held)
	}
	return valueFigures(s), t.probabilityByProfit(held, logOdds, predicted), nil
}

// summary says what the value model came to.
func (v *valueModel) summary() ValueSummary {
	s := ValueSummary{Kind: v.Kind, Wins: v.Wins, Mean: v.Mean, Currency: v.Currency, Nothing: v.Nothing, Unknown: v.Unknown,
		TopShare: v.TopShare, Features: len(v.Terms), ValueFigures: v.Holdout}
	if v.Feature != "" {
		s.Features = 1
	}
	return s
}

// sources returns the name of the source feature, the weight of the rows of each of its levels, and the level of
// a row; "" without a source among the encoder's categories.
func (t *trainer) sources(encoder *features.Encoder, rows []int32) (feature string, weight []float64, level func(row int32) int32) {
	column := t.table.Schema.ByRole(features.RoleSource)
	for k := range encoder.Terms() {
		term := &encoder.Terms()[k]
		if column < 0 || term.IsNumber() || term.Name != t.table.Schema.Fields()[column].Name {
			continue
		}
		level = encoder.Level(k, t.table)
		weight = make([]float64, term.Size())
		for _, r := range rows {
			if l := level(r); l != features.NoLevel {
				weight[l] += t.weight(r)
			}
		}
		return term.Name, weight, level
	}
	return "", nil, func(int32) int32 { return features.NoLevel }
}

// profitOf returns the profit of a row's sale: what the profit column holds, and where that is missing revenue × margin;
// NaN if unknown.
func profitOf(table *features.Table, margin float64) (func(row int) float64, error) {
	var known []func(row int) float64
	for _, from := range []struct {
		role   features.Role
		factor float64
	}{{features.RoleProfit, 1}, {features.RoleRevenue, margin}} {
		i := table.Schema.ByRole(from.role)
		if i < 0 {
			continue
		}
		if f := &table.Schema.Fields()[i]; f.Kind != features.Number {
			return nil, fmt.Errorf("model: value: column %q is a %v, want a number", f.Name, f.Kind)
		}
		known = append(known, func(row int) float64 { return table.Columns[i].Numbers.At(row) * from.factor })
	}
	return func(row int) float64 {
		for _, profit := range known {
			if x := profit(row); !math.IsNaN(x) {
				return x
			}
		}
		return math.NaN()
	}, nil
}
