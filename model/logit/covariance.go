package logit

import (
	"cmp"
	"math"
	"slices"
)

// covariance is (H+S)⁻¹ in factored form.
type covariance struct {
	layout *layout
	curved *curvature
	shift  []float64 // per column: the factor of d_bd_b'
	diag   []float64 // of the dense part of M⁻¹, and
	beside []float64 // its elements (p, p−1): see inverse
}

func newCovariance(c *curvature) *covariance {
	v := &covariance{layout: c.layout, curved: c, shift: make([]float64, len(c.layout.columns))}
	for j, s := range c.layout.columns {
		kappa, levels := c.anchors[j], float64(s.levels)
		switch {
		case kappa == 0:
		case s.ridge > 0:
			v.shift[j] = 1 / (s.ridge*s.ridge/kappa + levels*s.ridge)
		default:
			v.shift[j] = -1 / (kappa * levels * levels)
		}
	}
	return v
}

// diagonal returns the variances by position in θ.
func (v *covariance) diagonal() []float64 {
	l := v.layout
	variances := make([]float64, l.intercept+1)
	for p, d := range v.inverse() {
		variances[l.dense[p]] = d
	}
	for j, s := range l.columns {
		if v.shift[j] != 0 {
			variances[l.intercept] += v.shift[j]
		}
		for k := range s.size {
			at := s.offset + k
			switch {
			case l.fixed(s, k):
			case s.wide:
				variances[at] = 1 / v.curved.wide[at]
			default:
				variances[at] += v.shift[j]
			}
		}
	}
	for at := range variances {
		variances[at] = math.Max(0, variances[at]) // a sum-to-zero category of one level: 0 up to rounding
	}
	return variances
}

// variances are x'(H+S)⁻¹x, of each x by rising position in θ. Four are solved for together: L is read once for them.
func (v *covariance) variances(xs [][]entry) []float64 {
	n := v.curved.n
	variances, dense := make([]float64, len(xs)), make([]float64, 4*n)
	for from := 0; from < len(xs); from += 4 {
		clear(dense)
		four := xs[from:min(from+4, len(xs))]
		for i, x := range four {
			variances[from+i] = v.outside(x, dense[i*n:][:n])
		}
		if len(four) == 4 {
			divide4(v.curved.l, n, dense[:n], dense[n:2*n], dense[2*n:3*n], dense[3*n:])
		}
		for i := range four {
			solved := dense[i*n:][:n]
			if len(four) < 4 {
				solveLower(v.curved.l, n, solved)
			}
			variances[from+i] = math.Max(0, variances[from+i]+dot(solved, solved))
		}
	}
	return variances
}

// outside writes the dense part of x, and returns what the rest of it adds to the variance.
func (v *covariance) outside(x []entry, dense []float64) float64 {
	l := v.layout
	total, intercept := 0.0, 0.0
	shifts := make([]float64, len(l.columns))
	for _, e := range x {
		if p := l.place[e.at]; p >= 0 {
			dense[p] = e.value
		}
		t := l.term(e.at)
		if t.Column == InterceptColumn {
			intercept = e.value
			continue
		}
		shifts[t.Column] += e.value
		if s := l.columns[t.Column]; s.wide && !l.fixed(s, t.Level) {
			total += e.value * e.value / v.curved.wide[e.at]
		}
	}
	for j, shift := range shifts {
		total += v.shift[j] * (shift - intercept) * (shift - intercept)
	}
	return total
}

// times is (H+S)⁻¹x, of x by rising position in θ.
func (v *covariance) times(x []entry) []float64 {
	l := v.layout
	dense := make([]float64, v.curved.n)
	product := make([]float64, l.intercept+1)
	along := make([]float64, len(l.columns)) // d_b'x
	intercept := 0.0
	for _, e := range x {
		t := l.term(e.at)
		if p := l.place[e.at]; p >= 0 {
			dense[p] = e.value
		}
		switch {
		case t.Column == InterceptColumn:
			intercept = e.value
		case l.columns[t.Column].wide && !l.fixed(l.columns[t.Column], t.Level):
			product[e.at] = e.value / v.curved.wide[e.at]
		default:
			along[t.Column] += e.value
		}
	}
	solveLower(v.curved.l, v.curved.n, dense)
	solveUpper(v.curved.l, v.curved.n, dense)
	for p, at := range l.dense {
		product[at] = dense[p]
	}
	for j, s := range l.columns {
		if v.shift[j] == 0 {
			continue
		}
		shift := v.shift[j] * (along[j] - intercept)
		for k := range s.size {
			product[s.offset+k] += shift
		}
		product[l.intercept] -= shift
	}
	return product
}

// entry is an element of a sparse vector of the shape of θ.
type entry struct {
	at    int
	value float64
}

// Variance is the variance of Σ Value·β(Term), from the curvature that [Options.StandardErrors] chose. Terms may repeat;
// coefficients that Reference fixes have none. It returns [ErrNoCovariance] if the fit was made without standard errors,
// and a [*TermError] for a term that the fit does not have.
func (f *Fit) Variance(of []Loading) (float64, error) {
	v, err := f.Variances([][]Loading{of})
	if err != nil {
		return 0, err
	}
	return v[0], nil
}

// Variances are those of several combinations, at less cost than one by one. Errors are as of [Fit.Variance].
func (f *Fit) Variances(of [][]Loading) ([]float64, error) {
	xs := make([][]entry, len(of))
	for i := range of {
		var err error
		if xs[i], err = f.entries(of[i]); err != nil {
			return nil, err
		}
	}
	return f.covariance.variances(xs), nil
}

// entries is a combination of coefficients by rising position in θ, each once.
func (f *Fit) entries(of []Loading) ([]entry, error) {
	if f.covariance == nil {
		return nil, ErrNoCovariance
	}
	x := make([]entry, len(of))
	for i, t := range of {
		x[i] = entry{f.covariance.layout.at(t.Term), t.Value}
		if x[i].at < 0 {
			return nil, &TermError{t.Term}
		}
	}
	slices.SortStableFunc(x, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	merged := x[:0]
	for _, e := range x {
		if n := len(merged); n > 0 && merged[n-1].at == e.at {
			merged[n-1].value += e.value
		} else {
			merged = append(merged, e)
		}
	}
	return merged, nil
}

// Covariances is the covariance of Σ Value·β(Term) with each coefficient, in the shape of [Fit.Coefficients], and with the
// intercept. It costs two variances, however many coefficients there are. Terms and errors are as of [Fit.Variance].
func (f *Fit) Covariances(of []Loading) (columns [][]float64, intercept float64, err error) {
	x, err := f.entries(of)
	if err != nil {
		return nil, 0, err
	}
	columns, intercept = f.covariance.layout.split(f.covariance.times(x))
	return columns, intercept, nil
}
