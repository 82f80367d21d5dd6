package model

import "math"

// Figures over folds that different fits were measured on. Leads are compared within their fold only, for levels of
// different fits do not matter to a ranking: where the base rate moves, even the constants of the fits would rank leads
// of different folds. With W₁ and W₀ the weights of converted and other leads of fold f,
//
//	AUC = Σ_f ω_f·AUC_f / Σ_f ω_f,   ω_f = 1/(1/W₁ + 1/W₀)
//
// the inverse of the variance of AUC_f but for a factor; log loss and Brier score are means over leads. The expected
// calibration error is of all leads together: its bins would be small within folds, and chance large.

// fold is a part of some leads: those that one fit was measured on.
type fold struct{ from, to int }

// wholeOf is one fold of all the rows.
func wholeOf(rows []int32) []fold { return []fold{{0, len(rows)}} }

// folded is a sample in folds.
type folded struct {
	*sample
	folds  []fold
	ranked []*ranked // within each
}

// folded makes rows that stand fold by fold ready to be measured.
func (l *leads) folded(rows []int32, folds []fold, logOdds []float64, seed uint64) *folded {
	f := &folded{sample: l.sample(rows, logOdds, seed), folds: folds}
	for _, at := range folds {
		f.ranked = append(f.ranked, rank(f.part(at)))
	}
	return f
}

// part is the sample of a fold.
func (s *sample) part(at fold) *sample {
	p := &sample{logOdds: s.logOdds[at.from:at.to], y: s.y[at.from:at.to]}
	if s.weight != nil {
		p.weight = s.weight[at.from:at.to]
	}
	return p
}

// measure computes AUC, log loss and Brier score; times is as in ranked.measure. The AUC is NaN if no fold holds both
// outcomes.
func (f *folded) measure(times []float64) (auc, logLoss, brier float64) {
	var weight, compared float64
	for i, at := range f.folds {
		var drawn []float64
		if times != nil {
			drawn = times[at.from:at.to]
		}
		m := f.ranked[i].measure(drawn)
		if !(m.weight > 0) {
			continue
		}
		weight += m.weight
		logLoss += float64(m.weight * m.logLoss)
		brier += float64(m.weight * m.brier)
		if lost := m.weight - m.won; m.won > 0 && lost > 0 {
			omega := 1 / (1/m.won + 1/lost)
			compared += omega
			auc += float64(omega * m.auc)
		}
	}
	if compared == 0 {
		return math.NaN(), logLoss / weight, brier / weight
	}
	return auc / compared, logLoss / weight, brier / weight
}
