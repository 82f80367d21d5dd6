package model

import (
	"math"

	"github.com/leadscore/leadscore/features"
)

// Two features may have an effect together that the recipe did not find: a few hundred conversions tell little of the 190
// pairs of twenty columns. Each pair that the fit has no term for has one with a probability π, or none (a spike and a
// slab: Mitchell & Beauchamp 1988, JASA 83). The effects of its cells have a precision λ, with the prior of
// penaltyuncertainty.go. With W_l, g_l and f_l = 1 − W_l·q_l of cell l from what the fit leaves over (screen.go), g_l/√f_l is
// the score of a cell that counts f_l times: the f_l add up to the degrees of freedom that rows and columns leave. So
//
//	log B(λ) = ½Σ_l f_l·(log λ − log(W_l + λ) + z_l²),   z_l² = g_l²/(f_l·(W_l + λ)),   B = Σ_λ p(λ)·B(λ)
//	v_pair   = Σ_pairs πB/(1 − π + πB) · Σ_λ p(λ|g)·Σ_l share_l·f_l·(1 + z_l²)/(W_l + λ)
//
// is added to the variance of every lead: what pairs add to the square of the log-odds, in the mean over leads. Where no
// pair has an effect it falls like 1/n.

// partners is how many others a feature has an effect together with, as π expects.
const partners = 0.5

// pairEffect is what the data say of a pair.
type pairEffect struct {
	bayes    float64 // log B
	variance float64 // that it adds to a lead, if it has an effect
}

// pairVariance is v_pair of a fit of recipe auto, 0 of one that looks for no pairs.
func (t *trainer) pairVariance(f *fitted, o *remainder) float64 {
	if f.penalty == nil {
		return 0
	}
	s := f.pairing(t.table, o)
	pairs := s.left(f)
	effects := make([]pairEffect, len(pairs))
	inParallel(t.options.Workers, len(pairs), func(i int) { effects[i] = s.cross(pairs[i], o.residual, o.curvature).effect() })
	prior, variance := partners/float64(len(s.terms)-1), 0.0
	for _, e := range effects {
		variance += e.variance / (1 + (1-prior)/prior*math.Exp(-e.bayes))
	}
	return variance
}

// pairing coarsens the terms of the fit, those of numbers by their bins.
func (f *fitted) pairing(table *features.Table, o *remainder) *pairing {
	s := &pairing{}
	for k := range f.encoder.Terms() {
		if f.encoder.Terms()[k].IsPair() {
			continue
		}
		if codes, count := f.coarseCodes(k, table, o.rows); count > 1 {
			s.terms, s.codes, s.counts = append(s.terms, k), append(s.codes, codes), append(s.counts, count)
		}
	}
	s.count(len(o.rows))
	return s
}

// coarseCodes are the groups that the rows have in a term, and how many there are.
func (f *fitted) coarseCodes(k int, table *features.Table, rows []int32) (codes []uint8, count int) {
	t := &f.encoder.Terms()[k]
	codes = make([]uint8, len(rows))
	if !t.IsNumber() {
		group, level := t.Coarsen(f.groups), f.encoder.Level(k, table)
		for i, r := range rows {
			if l := level(r); l != features.NoLevel {
				codes[i] = uint8(group[l])
				count = max(count, int(codes[i])+1)
			}
		}
		return codes, count
	}
	at, bins, grid := f.encoder.Values(k, table), len(t.Edges)+1, features.NewBinGrid(t.Edges)
	groups := min(bins, f.groups)
	if t.Missing { // which has one of its own
		groups = min(bins, f.groups-1)
	}
	for i, r := range rows {
		group := groups
		if x := at(int(r)); x == x {
			group = int(grid.Bin(x)) * groups / bins
		}
		codes[i], count = uint8(group), max(count, group+1)
	}
	return codes, count
}

// left are the pairs that the fit has no term for.
func (s *pairing) left(f *fitted) []candidatePair {
	known := map[[2]int]bool{}
	for k := range f.encoder.Terms() {
		if t := &f.encoder.Terms()[k]; t.IsPair() {
			a, b := t.Parts()
			known[[2]int{min(a, b), max(a, b)}] = true
		}
	}
	var pairs []candidatePair
	for b := range s.terms {
		for a := range b {
			if !known[[2]int{s.terms[a], s.terms[b]}] {
				pairs = append(pairs, candidatePair{a: a, b: b})
			}
		}
	}
	return pairs
}

// effect is that of the pair that the table is of.
func (t *crossTable) effect() pairEffect {
	var weight, free, g []float64
	total := 0.0
	t.cells(func(w, rest, f float64) {
		weight, free, g = append(weight, w), append(free, f), append(g, rest)
		total += w
	})
	if total == 0 {
		return pairEffect{}
	}
	var logs, prior, variances [penaltyGrid]float64
	for i := range penaltyGrid {
		x := penaltyAt(i)
		lambda := math.Exp(x)
		prior[i] = penaltyPrior(x, priorLevels)
		logs[i] = prior[i]
		for l, w := range weight {
			precision := w + lambda
			square := g[l] * g[l] / (free[l] * precision)
			logs[i] += free[l] * (x - math.Log(precision) + square) / 2
			variances[i] += w / total * free[l] * (1 + square) / precision
		}
	}
	all, posterior := logSum(logs[:])
	none, _ := logSum(prior[:])
	e := pairEffect{bayes: all - none}
	for i, p := range posterior {
		e.variance += p * variances[i]
	}
	return e
}

// logSum is the logarithm of the sum of exp x, and what share of the sum each has.
func logSum(x []float64) (sum float64, share []float64) {
	most := math.Inf(-1)
	for _, y := range x {
		most = max(most, y)
	}
	share = make([]float64, len(x))
	for i, y := range x {
		share[i] = math.Exp(y - most)
		sum += share[i]
	}
	for i := range share {
		share[i] /= sum
	}
	return most + math.Log(sum), share
}
