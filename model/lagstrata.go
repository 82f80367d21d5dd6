package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/features"
)

// Lags that differ between leads must not be mixed: a slow segment would pass for a poor one. So the leads are cut by
// the levels of one column, the one whose lags differ most. Of immature leads only the short lags are seen, so lags are
// compared backwards in time (Lagakos, Barraj & De Gruttola 1988, Biometrika 75): of the conversions with a lag of at most
// s whose lead is older than s, a share d_s/n_s has a lag of just s. Of one curve this gives the product-limit estimate
//
//	G(t) = Π_{s>t} (1 − d_s/n_s)
//
// and between levels the log-rank statistic Σ (O−E)²/E, with O the conversions of a level and E = Σ d_s·n_ls/n_s (less
// than χ² of levels−1 degrees of freedom: Peto & Peto 1972). A column is worth its curves when that exceeds
// (levels−1)·(ln n + 2·ln columns), n the conversions: the Bayesian criterion with as many columns to choose from (Chen &
// Chen 2008, Biometrika 95). Source and segments are tried first, then the other categories.

const (
	lagLevels     = 16  // levels of source or of a segment whose lags may be told apart, at most,
	lagFewLevels  = 8   // and of any other category
	lagLeast      = 100 // conversions that are enough to look for a column
	lagPrior      = 10  // conversions that the curve of all leads counts for in that of a level
	LagByAuto     = "auto"
	startOfCurves = 0.5 // share of the seen lags, besides the product limit, in the curves that EM starts from
)

// strata are the parts of the leads that have lag curves of their own.
type strata struct {
	by     string
	levels []string
	codes  *features.Codes // nil = all leads are one part
}

func (s *strata) count() int { return len(s.levels) + 1 }

// of is the part of a row; the last is of the rows without a value.
func (s *strata) of(row int32) int {
	if s.codes == nil {
		return 0
	}
	return s.codes.At(int(row))
}

func mayHaveLags(f *features.Field) bool { return f.Role.Feature() && f.Kind == features.Category }

// strata cuts the leads as the options say: by a column, by the one that the lags of the rows speak for, or not at all.
func (t *trainer) strata(times *lagTimes, rows []int32) (*strata, error) {
	switch by := t.options.LagBy; by {
	case "":
		return &strata{}, nil
	case LagByAuto:
		return t.strataByEvidence(times, rows), nil
	default:
		i := t.table.Schema.Index(by)
		if i < 0 || !mayHaveLags(&t.table.Schema.Fields()[i]) {
			return nil, fmt.Errorf("model: delay: lags by %q: it is not a category among the features", by)
		}
		if n := len(t.table.Columns[i].Levels); n > lagLevels {
			return nil, fmt.Errorf("model: delay: lags by %q: it has %d levels, at most %d can have lag curves of their own", by, n, lagLevels)
		}
		return t.strataOf(i), nil
	}
}

func (t *trainer) strataOf(column int) *strata {
	c := &t.table.Columns[column]
	return &strata{by: t.table.Schema.Fields()[column].Name, levels: c.Levels, codes: &c.Codes}
}

func (t *trainer) strataByEvidence(times *lagTimes, rows []int32) *strata {
	converted := t.dated(times, rows)
	best, most := &strata{}, 0.0
	if len(converted) < lagLeast {
		return best
	}
	for _, named := range []bool{true, false} {
		var candidates []*strata
		for i := range t.table.Schema.Fields() {
			f := &t.table.Schema.Fields()[i]
			limit := lagFewLevels
			if named {
				limit = lagLevels
			}
			if n := len(t.table.Columns[i].Levels); mayHaveLags(f) && (f.Role != features.RoleFeature) == named && n > 1 && n <= limit {
				candidates = append(candidates, t.strataOf(i))
			}
		}
		for _, s := range candidates {
			if score := s.evidence(times, converted, len(candidates)); score > most {
				best, most = s, score
			}
		}
		if most > 0 {
			break
		}
	}
	return best
}

// dated returns the rows whose conversion has a date.
func (t *trainer) dated(times *lagTimes, rows []int32) []int32 {
	var converted []int32
	for _, r := range rows {
		if t.converted[r] == 1 && times.lag(r) >= 0 {
			converted = append(converted, r)
		}
	}
	return converted
}

// reverse counts, by part and step, conversions d and those at risk n of having converted in just that step.
func (s *strata) reverse(times *lagTimes, converted []int32, weight func(int32) float64) (d, n [][]float64) {
	d, n = matrix(s.count(), times.steps), matrix(s.count(), times.steps+1)
	for _, r := range converted {
		part, lag, w := s.of(r), times.lag(r), weight(r)
		d[part][lag] += w
		n[part][lag] += w
		n[part][max(lag+1, int(math.Ceil(times.age(r))))] -= w
	}
	for part := range n {
		for k := range times.steps {
			n[part][k+1] += n[part][k]
		}
	}
	return d, n
}

func matrix(rows, columns int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, columns)
	}
	return m
}

// evidence is how much more than chance the lags differ between the parts; above 0 they do.
func (s *strata) evidence(times *lagTimes, converted []int32, columns int) float64 {
	d, n := s.reverse(times, converted, func(int32) float64 { return 1 })
	observed, expected := make([]float64, s.count()), make([]float64, s.count())
	for k := range times.steps {
		var dAll, nAll float64
		for part := range d {
			dAll += d[part][k]
			nAll += n[part][k]
		}
		for part := range d {
			observed[part] += d[part][k]
			if nAll > 0 {
				expected[part] += dAll * n[part][k] / nAll
			}
		}
	}
	chi, free := 0.0, -1.0
	for part := range observed {
		if expected[part] > 0 {
			chi += (observed[part] - expected[part]) * (observed[part] - expected[part]) / expected[part]
			free++
		}
	}
	return chi - free*(math.Log(float64(len(converted)))+2*math.Log(float64(columns)))
}

// productLimit is the curve of all the conversions, as steps: half of it the product limit, half the lags as they are
// seen, so that no lag that was seen is out of the question.
func productLimit(times *lagTimes, converted []int32, weight func(int32) float64) []float64 {
	d, n := (&strata{}).reverse(times, converted, weight)
	f := make([]float64, times.steps)
	left, all := 1.0, 0.0
	for k := times.steps - 1; k >= 0; k-- {
		all += d[0][k]
		if n[0][k] > 0 {
			share := min(1, d[0][k]/n[0][k])
			f[k] = left * share
			left -= f[k]
		}
	}
	for k := range f {
		f[k] = (1-startOfCurves)*f[k] + startOfCurves*d[0][k]/all
	}
	return normalised(f)
}

func normalised(f []float64) []float64 {
	sum := 0.0
	for _, x := range f {
		sum += x
	}
	for k := range f {
		f[k] /= sum
	}
	return f
}
