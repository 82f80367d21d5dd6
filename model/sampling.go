package model

import (
	"math"

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
// What is counted, shown and measured (base rates, histograms, calibration, the holdout) keeps the weights: they say what
// the sample stands for. Weights that differ in any other way enter the fit: a weight of 2 is the lead twice.

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
	return t.weightsFor(rows)
}

// fitWeight is the weight that a row has in a fit.
func (t *trainer) fitWeight(row int32) float64 {
	if t.sampled != 0 {
		return 1
	}
	return t.weight(row)
}

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
