package logit

// Empirical Bayes asks of each column how much of its penalty the data leave standing: λ_b·tr((H+S)⁻¹S_b), S_b being the
// penalty for λ_b = 1. S_b is tridiagonal, so only the diagonal of (H+S)⁻¹ and the elements beside it are needed.

// Penalised is what a fit says about the penalty of one column: S = R·Ridge + D·Difference, R and D the column's Ridge and
// Difference.
type Penalised struct {
	Trace  float64 // tr((H+S)⁻¹S) over the column's coefficients, from 0 (free) to their number (held)
	Square float64 // β'Sβ
}

// Penalised returns the figures of every column. It returns [ErrNoCovariance] if the fit was made without standard errors.
// Wide columns count as if they were independent of all others.
func (f *Fit) Penalised() ([]Penalised, error) {
	if f.covariance == nil {
		return nil, ErrNoCovariance
	}
	v := f.covariance
	variances := v.diagonal()
	out := make([]Penalised, len(v.layout.columns))
	for j, s := range v.layout.columns {
		beta := f.Coefficients[j]
		p := &out[j]
		for k, b := range beta {
			p.Trace += float64(s.ridge * variances[s.offset+k])
			p.Square += float64(s.ridge * b * b)
		}
		for k := 1; k < s.chain; k++ {
			d := beta[k] - beta[k-1]
			p.Square += float64(s.difference * d * d)
			p.Trace += float64(s.difference * v.differenceVariance(s, k, variances))
		}
	}
	return out, nil
}

// differenceVariance is the variance of β_k − β_k−1. The anchor's part cancels.
func (v *covariance) differenceVariance(s slot, k int, variances []float64) float64 {
	at := s.offset + k
	p, q := v.layout.place[at], v.layout.place[at-1]
	if p < 0 || q < 0 {
		return variances[at] + variances[at-1]
	}
	return max(0, v.diag[p]+v.diag[q]-2*v.beside[p])
}

// inverse returns diag(M⁻¹) of the dense part, and keeps it, with what lies beside it.
func (v *covariance) inverse() []float64 {
	if v.diag == nil {
		v.diag, v.beside = inverseDiagonal(v.curved.l, v.curved.n, v.curved.lead)
	}
	return v.diag
}
