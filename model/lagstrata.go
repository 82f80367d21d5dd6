package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// Lags that differ between leads must not be mixed: a slow segment would pass for a poor one. So the leads are cut by
// the levels of one column, the one whose lags differ most. To tell, Weibull curves do, cut at the horizon H,
//
//	G(t) = (1 − e^−(t/s)^k) / (1 − e^−(H/s)^k)
//
// with k that of all leads together. The leads of each level are given a probability and a scale s of their own, and twice
// the log likelihood that this gains over one s for all is set against as many free s but one: a column is worth its
// curves when the gain exceeds (levels−1)·(c + 2·ln columns). Of source and segments, which are tried first, c = 2 (Akaike):
// to part what is alike only costs precision, to mix what is not costs truth. Of the other categories c = ln n, n the
// conversions (the Bayesian criterion with as many columns to choose from: Chen & Chen 2008, Biometrika 95). Weights
// count as leads.
//
// Note: a log-rank test of the lags alone, backwards in time, hardly sees that one segment is slower: of lags that are
// cut off by the lead's age, those of a slow segment look much like any other's. How few of its leads have converted at
// an age tells more.
//
// The search for curves starts from the product limit backwards in time (Lagakos, Barraj & De Gruttola 1988, Biometrika
// 75): of the conversions with a lag of at most s whose lead is older than s, a share d_s/n_s has a lag of just s, and
//
//	G(t) = Π_{s>t} (1 − d_s/n_s)

const (
	lagLevels    = 16  // levels of source or of a segment whose lags may be told apart, at most,
	lagFewLevels = 8   // and of any other category
	lagLeast     = 100 // conversions that are enough to look for a column
	lagPrior     = 10  // conversions that the curve of all leads counts for in that of a level
	leastAtRisk  = 10  // conversions that a factor of the product limit rests on: fewer would halve all curve before them
	LagByAuto    = "auto"
	scales       = 25   // of Weibull curves that are tried, from
	leastScale   = 0.01 // of the horizon to
	mostScale    = 3.0
	evenShare    = 0.02 // of a curve is made even, so that no lag is out of the question
)

// lagShapes are the k that are tried.
var lagShapes = [...]float64{0.4, 0.55, 0.7, 0.85, 1, 1.3, 1.7, 2.5}

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

// strata cuts the leads as the options say: by a column, by the one that the lags of the rows speak for, given the model of
// all of them, or not at all.
func (t *trainer) strata(all *lagModel, rows []int32) (*strata, error) {
	switch by := t.options.LagBy; by {
	case "":
		return &strata{}, nil
	case LagByAuto:
		return t.strataByEvidence(all, rows), nil
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

func (t *trainer) strataByEvidence(all *lagModel, rows []int32) *strata {
	best, most := &strata{}, 0.0
	converted := len(t.dated(all.times, rows))
	if converted < lagLeast {
		return best
	}
	curves := t.likelyCurves(all, rows)
	for _, named := range []bool{true, false} {
		candidates := t.lagColumns(named)
		cost := 2.0
		if !named {
			cost = math.Log(float64(converted))
		}
		cost += 2 * math.Log(float64(max(1, len(candidates))))
		for _, s := range candidates {
			if gain, free := t.gain(s, all, curves, rows); gain-free*cost > most {
				best, most = s, gain-free*cost
			}
		}
		if most > 0 {
			break
		}
	}
	return best
}

// lagColumns are source and segments, or the other categories, of few levels.
func (t *trainer) lagColumns(named bool) []*strata {
	limit := lagFewLevels
	if named {
		limit = lagLevels
	}
	var columns []*strata
	for i := range t.table.Schema.Fields() {
		f := &t.table.Schema.Fields()[i]
		if n := len(t.table.Columns[i].Levels); mayHaveLags(f) && (f.Role != features.RoleFeature) == named && n > 1 && n <= limit {
			columns = append(columns, t.strataOf(i))
		}
	}
	return columns
}

// weibull are curves of the shape, one of each scale.
func (t *lagTimes) weibull(k float64) [][]float64 {
	curves := make([][]float64, scales)
	n := float64(t.steps)
	for i := range curves {
		s := n * leastScale * math.Pow(mostScale/leastScale, float64(i)/(scales-1))
		g := make([]float64, t.steps)
		for step := range g {
			end := float64(step + 1)
			g[step] = (1-evenShare)*math.Expm1(-math.Pow(end/s, k))/math.Expm1(-math.Pow(n/s, k)) + evenShare*end/n
		}
		curves[i] = g
	}
	return curves
}

// likelyCurves are the Weibull curves of the shape that suits all leads best.
func (t *trainer) likelyCurves(all *lagModel, rows []int32) (curves [][]float64) {
	l := (&lagModel{times: all.times, strata: &strata{}, f: all.f[:1]}).over(t, rows)
	ages, best := l.byAge()[0], math.Inf(-1)
	for _, k := range lagShapes {
		tried := all.times.weibull(k)
		for _, g := range tried {
			if likelihood := l.likelihood(0, ages, g); likelihood > best {
				best, curves = likelihood, tried
			}
		}
	}
	return curves
}

// gain is twice the log likelihood that curves of their own give the parts over one for all, and how many free scales that
// takes.
func (t *trainer) gain(s *strata, all *lagModel, curves [][]float64, rows []int32) (gain, free float64) {
	l := (&lagModel{times: all.times, strata: s, f: make([][]float64, s.count())}).over(t, rows)
	ages := l.byAge()
	common := make([]float64, len(curves))
	free = -1
	for part := range l.won {
		if l.won[part] == 0 {
			continue
		}
		best := math.Inf(-1)
		for i, g := range curves {
			likelihood := l.likelihood(part, ages[part], g)
			common[i] += likelihood
			best = max(best, likelihood)
		}
		gain += 2 * best
		free++
	}
	return gain - 2*slices.Max(common), free
}

// likelihood is the log likelihood of a part whose lags have the curve g, with the best probability for all its leads.
func (l *lagged) likelihood(part int, ages []openLead, g []float64) float64 {
	open := 0.0
	passed := make([]float64, len(ages))
	for i, at := range ages {
		passed[i] = cumulativeAt(g, at.age)
		open += at.w
	}
	won, lost := l.won[part], max(0, l.all[part]-l.won[part]-open)
	low, high := 0.0, 1.0
	for range 40 { // the slope falls with p
		p := (low + high) / 2
		slope := won/p - lost/(1-p)
		for i, at := range ages {
			slope -= at.w * passed[i] / (1 - p*passed[i])
		}
		if slope > 0 {
			low = p
		} else {
			high = p
		}
	}
	p := (low + high) / 2
	sum := won*math.Log(p) + lost*math.Log1p(-p)
	for i, at := range ages {
		sum += at.w * math.Log1p(-p*passed[i])
	}
	before := 0.0
	for k, n := range l.seen[part] {
		if n > 0 {
			sum += n * math.Log(g[k]-before)
		}
		before = g[k]
	}
	for _, u := range l.undated {
		if u.part == part {
			sum += u.w * math.Log(cumulativeAt(g, u.age))
		}
	}
	return sum
}

// dated returns the rows whose conversion has a date.
func (t *trainer) dated(times *lagTimes, rows []int32) []int32 {
	converted := []int32{}
	for _, r := range rows {
		if t.converted[r] == 1 && times.lag(r) >= 0 {
			converted = append(converted, r)
		}
	}
	return converted
}

func matrix(rows, columns int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, columns)
	}
	return m
}

// productLimit is the product limit of the conversions' lags, as steps, and the lags as they are seen.
func productLimit(times *lagTimes, converted []int32, weight func(int32) float64) (limit, seen []float64) {
	limit, seen = make([]float64, times.steps), make([]float64, times.steps)
	risk, leads := make([]float64, times.steps+1), make([]int, times.steps+1)
	for _, r := range converted {
		lag, w := times.lag(r), weight(r)
		end := max(lag+1, int(math.Ceil(times.age(r))))
		seen[lag] += w
		risk[lag] += w
		risk[end] -= w
		leads[lag]++
		leads[end]--
	}
	for k := range times.steps {
		risk[k+1] += risk[k]
		leads[k+1] += leads[k]
	}
	left := 1.0
	for k := times.steps - 1; k >= 0; k-- {
		if seen[k] > 0 && leads[k] >= leastAtRisk {
			limit[k] = left * min(1, seen[k]/risk[k])
			left -= limit[k]
		}
	}
	return normalised(limit), normalised(seen)
}

// normalised scales f to a sum of 1, if it has one.
func normalised(f []float64) []float64 {
	sum := 0.0
	for _, x := range f {
		sum += x
	}
	for k := range f {
		f[k] = portion(f[k], sum)
	}
	return f
}
