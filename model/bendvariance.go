package model

import (
	"math"

	"github.com/leadscore/leadscore/features"
)

// A number that enters as one slope may still bend, by less than the data show. Cut into groups, each is given a deviation
// b_l from the line of precision λ, of which g_l and v_l, what the fit leaves over in the group and its variance
// (straight.go), are the score and the curvature. All numbers share λ, as their slopes do. With the mixture over λ of
// penaltyuncertainty.go, for β̂ = 0,
//
//	v_bend = Σ_l share_l · Σ_λ p(λ|g)·(1/(v_l + λ) + (g_l/(v_l + λ))²)
//
// is added to the variance of every lead that has a value: what the line is off by, in the mean of squares over leads.

// remainder is what a fit leaves over on some of its rows.
type remainder struct {
	rows                []int32
	residual, curvature []float64
	mean                float64 // curvature of a lead; NaN without rows
}

// addBends adds what straight numbers may bend by.
func (t *trainer) addBends(u *uncertainty, f *fitted, o *remainder) {
	terms := f.encoder.Terms()
	all := &hyper{ridge: 1}
	share := make([][]float64, len(terms)) // of the groups of each number
	for k := range terms {
		if !terms[k].IsNumber() || terms[k].Min == terms[k].Max {
			continue
		}
		total := 0.0
		f.deviations(k, t.table, o).each(func(w, rest, v float64) {
			all.h, all.score, all.beta = append(all.h, v), append(all.score, rest), append(all.beta, 0)
			share[k] = append(share[k], w)
			total += w
		})
		for l := range share[k] {
			share[k][l] /= total
		}
	}
	extra := all.extra(math.Inf(1), priorLevels)
	for k := range share {
		bend := 0.0
		for l, x := range share[k] {
			bend += x * extra[l]
		}
		extra = extra[len(share[k]):]
		u.Terms[k].Bend = rounded(bend)
		u.Terms[k].Unseen += bend
	}
}

// remainder measures what the fit leaves over on the rows.
func (t *trainer) remainder(f *fitted, rows []int32) (*remainder, error) {
	m, err := f.model(identity())
	if err != nil {
		return nil, err
	}
	if rows == nil {
		rows = features.AllRows(t.table.Rows)
	}
	o := &remainder{rows: rows, residual: make([]float64, len(rows)), curvature: make([]float64, len(rows))}
	var curvature, weight float64
	for i, eta := range m.TableLogOdds(t.table, rows) {
		q, w := Sigmoid(eta+f.sampled), t.fitWeight(rows[i])
		o.residual[i], o.curvature[i] = w*(float64(t.converted[rows[i]])-q), w*q*(1-q)
		curvature += o.curvature[i]
		weight += t.weight(rows[i])
	}
	o.mean = curvature / weight
	return o, nil
}

// deviations sums what is left over in groups of a number.
func (f *fitted) deviations(k int, table *features.Table, o *remainder) *fromLine {
	t, at := &f.encoder.Terms()[k], f.encoder.Values(k, table)
	bins, grid := len(t.Edges)+1, features.NewBinGrid(t.Edges)
	s := &fromLine{groups: min(bins, mostGroups)}
	for i, r := range o.rows {
		if x := at(int(r)); x == x {
			s.add(int(grid.Bin(x))*s.groups/bins, t.Standardise(x), o.residual[i], o.curvature[i])
		}
	}
	return s
}
