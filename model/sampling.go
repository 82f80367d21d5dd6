package model

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/leadscore/leadscore/features"
)

// Leads that were sampled by their outcome, such as every conversion and one in ten of the others, have weights that take
// one value w₁ where a lead converted and another w₀ where it did not. Sampling then moves every lead's log-odds by the
// same ln(w₀/w₁), and changes nothing else about how they depend on the features (Prentice & Pyke 1979, Biometrika 66;
// King & Zeng 2001, Political Analysis 9). Recipe auto fits such leads without weights, and takes from the intercept the
// shift s that restores the base rate,
//
//	Σ w·σ(η − s) = Σ w·y
//
// which is ln(w₀/w₁) but for chance, and for what penalties flatten. This is the maximum likelihood, which the weighted fit
// falls short of: its few heavy leads make it noisier (Scott & Wild 1986, J. R. Statist. Soc. B 48), and as if a lead of
// weight six were six leads seen, its penalties would be too small, and chance would pass for bends and pairs.
//
// Other weights enter the fit. Whole ones count leads: a weight of 2 is the lead twice. Those that are not all whole count
// nothing: shares of a sample, or leads that fade with age. Their size means nothing, and what they leave of the data is
// less, or more, than their sum: with ȳ the base rate they are divided by the design effect of the score of the intercept
// (Kish 1965, Survey Sampling; Rao & Scott 1984, Annals of Statistics 12),
//
//	φ = Σ w²·(y − ȳ)² / Σ w·(y − ȳ)²
//
// so that penalties, bends and pairs are learnt by as much as was seen. The fits of recipe auto, and of the profit of sales,
// whose φ is Σw²/Σw, are made of leads as seen. What is counted, shown and measured (base rates, histograms, calibration, the
// holdout) keeps the weights: they say what the leads stand for.

// weighting is what the weights of the leads mean to fits of recipe auto.
type weighting struct {
	sampled float64 // ln(w₀/w₁) of leads sampled by outcome, 0 of others
	unit    float64 // weight that a lead seen stands for: φ; of leads sampled by outcome the mean weight
}

// weighting reads the weights. Where the outcomes of some leads are still open, it is not known how those were sampled.
func (l *leads) weighting(closed bool) weighting {
	if l.weights == nil {
		return weighting{unit: 1}
	}
	all := l.tally(l.rows)
	if shift := l.sampledByOutcome(); closed && shift != 0 {
		return weighting{shift, all.weight / float64(len(l.rows))}
	}
	if whole(l.weights) {
		return weighting{unit: 1}
	}
	var squares, sum float64
	for _, r := range l.rows {
		e := float64(l.converted[r]) - all.rate()
		sum += float64(l.weights[r] * e * e)
		squares += float64(l.weights[r] * l.weights[r] * e * e)
	}
	if sum == 0 {
		return weighting{unit: 1}
	}
	return weighting{unit: squares / sum}
}

// whole reports whether weights count.
func whole(weights []float64) bool {
	return !slices.ContainsFunc(weights, func(w float64) bool { return w != math.Trunc(w) })
}

// asSeen returns sales whose weights, unless they count, add up to as many as were seen.
func (w *wins) asSeen() *wins {
	if whole(w.weight) {
		return w
	}
	out := *w
	out.weight = slices.Clone(w.weight)
	floats.Scale(floats.Sum(w.weight)/floats.Dot(w.weight, w.weight), out.weight)
	return &out
}

// sampledByOutcome returns ln(w₀/w₁) of leads that were sampled by their outcome, 0 of others.
func (l *leads) sampledByOutcome() float64 {
	if l.weights == nil {
		return 0
	}
	var weight [2]float64
	for _, r := range l.rows {
		switch y, w := l.converted[r], l.weights[r]; {
		case weight[y] == 0:
			weight[y] = w
		case weight[y] != w:
			return 0
		}
	}
	if weight[0] == 0 || weight[1] == 0 {
		return 0
	}
	return math.Log(weight[0] / weight[1])
}

// fitWeightsFor returns the weight that each of the rows (nil = all of the table) has in a fit, nil if all weigh 1.
func (t *trainer) fitWeightsFor(rows []int32) []float64 {
	if t.sampled != 0 {
		return nil
	}
	weights := t.weightsFor(rows)
	if t.unit == 1 {
		return weights
	}
	if rows == nil {
		weights = slices.Clone(weights)
	}
	for i := range weights {
		weights[i] /= t.unit
	}
	return weights
}

// fitWeight is the weight that a row has in a fit.
func (t *trainer) fitWeight(row int32) float64 {
	if t.sampled != 0 {
		return 1
	}
	return t.weight(row) / t.unit
}

// leastWeight is the least weight of a bin, a level or a cell that stands for itself.
func (t *trainer) leastWeight() float64 { return autoWeight * t.unit }

// restore takes from the intercept of a fit on the rows what sampling by outcome added to it, by Newton's method.
func (t *trainer) restore(f *fitted, rows []int32) error {
	m, err := f.model(identity())
	if err != nil {
		return err
	}
	if rows == nil {
		rows = features.AllRows(t.table.Rows)
	}
	const steps, precise = 50, 1e-13
	p := t.predictions(rows, m.TableLogOdds(t.table, rows))
	f.sampled = t.sampled
	for range steps {
		c := p.curve(line{-f.sampled, 1})
		move := min(max(c.gradient[0]/c.hessian[0], -1), 1)
		if f.sampled += move; math.Abs(move) <= precise {
			break
		}
	}
	f.linear.Intercept -= f.sampled
	return nil
}
