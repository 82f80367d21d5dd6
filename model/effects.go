package model

import (
	"cmp"
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// effects returns what each feature does to the log-odds, those of the largest spread first, with intervals of
// level IntervalLevel. A level's interval is that of its difference to the training mean of the feature.
func (m *Model) effects(f *fitted) []Effect {
	effects := make([]Effect, 0, len(m.effect))
	c := f.contrasts()
	for k := range m.encoder.Terms() {
		t := &m.encoder.Terms()[k]
		e := Effect{Feature: t.Name, Number: t.IsNumber(), Spread: m.document.Calibration.Slope * f.spread[k]}
		if e.Pair = t.IsPair(); e.Pair {
			e.Grid = gridOf(t)
		}
		switch {
		case t.IsNumber():
			e.Points = m.numberPoints(k, t, c)
		case t.Ordered():
			e.Number, e.Steps = true, true
			e.Points = m.stepPoints(k, t, c)
		default:
			for level := range t.Size() {
				p := EffectPoint{Label: t.LevelName(level), X: float64(level), Rows: t.Histogram[level]}
				e.Points = append(e.Points, m.effectPoint(k, features.Code{Level: int32(level), Z: 1}, p, c))
			}
		}
		effects = append(effects, e)
	}
	slices.SortStableFunc(effects, func(a, b Effect) int { return cmp.Compare(b.Spread, a.Spread) })
	return effects
}

func gridOf(t *features.Term) *EffectGrid {
	g := &EffectGrid{}
	var cells []int32
	g.Rows, g.Columns, cells = t.Grid()
	for row := range slices.Chunk(cells, len(g.Columns)) {
		g.Cells = append(g.Cells, row)
	}
	return g
}

// PointsToDouble is how many points of a scorecard double the odds.
const PointsToDouble = 20

// stepPoints draws a number's steps, and its missing level.
func (m *Model) stepPoints(k int, t *features.Term, c *contrasts) []EffectPoint {
	points := make([]EffectPoint, t.Size())
	for level := range points {
		p := EffectPoint{Label: t.LevelName(level), X: t.Max, To: t.Max, Rows: t.Histogram[level]}
		if level <= len(t.Edges) {
			p.X, p.To = t.Span(level)
		}
		points[level] = m.effectPoint(k, features.Code{Level: int32(level), Z: 1}, p, c)
	}
	return points
}

// numberPoints draws a number's line from the 1st to the 9th tenth of training and at its ends, and its
// missing flag.
func (m *Model) numberPoints(k int, t *features.Term, c *contrasts) []EffectPoint {
	var points []EffectPoint
	xs := slices.Compact(slices.Concat([]float64{t.Min}, t.Edges, []float64{t.Max}))
	for _, x := range xs {
		p := EffectPoint{Label: features.FormatNumber(x), X: x, Rows: t.Histogram[features.BinOf(t.Edges, x)]}
		points = append(points, m.effectPoint(k, features.Code{Z: t.Standardise(x)}, p, c))
	}
	if t.Missing {
		p := EffectPoint{Label: t.LevelName(1), X: t.Max, Rows: t.MissingWeight()}
		points = append(points, m.effectPoint(k, features.Code{Level: 1, Z: 1}, p, c))
	}
	return points
}

// effectPoint fills in the effect of a code and its interval.
func (m *Model) effectPoint(k int, code features.Code, p EffectPoint, c *contrasts) EffectPoint {
	p.LogOdds = m.contribution(k, code)
	p.Points = int(math.Round(min(max(p.LogOdds, -maxPointOdds), maxPointOdds) * PointsToDouble / math.Ln2))
	if c == nil {
		return p
	}
	if half := intervalZ * m.document.Calibration.Slope * math.Sqrt(c.variance(k, code)); half > 0 {
		p.CI = Interval{p.LogOdds - half, p.LogOdds + half}
	}
	return p
}

// maxPointOdds bounds the log-odds that points are made of, so that they fit an int anywhere.
const maxPointOdds = 1e6

// maxLoadings bounds the levels over which the mean's part in a standard error is counted: the mean over more is known
// well.
const maxLoadings = 512
