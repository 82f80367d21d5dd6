package report

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// The parts of the section that are not folded away.
const (
	rankedEffects = 25 // bars of the ranking
	openEffects   = 12 // pictures
)

// farthest is the largest effect that is drawn; its factor on the odds is beyond any use.
const farthest = 100

// effects shows what each feature does to the score, those of the largest spread first.
func (b *builder) effects() *section {
	s := &section{ID: "effects", Title: "Effects", Question: "what moves the score?", Layout: "three"}
	effects := soundEffects(b.t.Effects)
	if len(effects) == 0 {
		s.Missing = "the model has no feature whose effect can be drawn"
		return s
	}
	if effects[0].Spread == 0 {
		s.Missing = "no feature moves the score: every lead gets the same"
		return s
	}
	s.Lead = effectsLead(effects)
	s.Text = []string{
		"Each effect is a factor on the odds of converting, compared with the average training lead and with the other features held as they are; × 1 is no effect. " +
			"Bars and bands are " + levelName(nil) + "s, one point at a time. An effect is an association in the data, not what would happen if the feature were changed.",
		fmt.Sprintf("For a scorecard, the tables give each effect in points: add them up, and %d points more double the odds.", model.PointsToDouble),
	}
	head := []figure{b.rankingFigure(effects)}
	if t := b.together(); t != nil {
		s.Text = append(s.Text, togetherText(t))
		head = append(head, b.togetherFigure(t))
	}
	var pictures []figure
	for i, e := range effects {
		pictures = append(pictures, b.effectFigure(i, e))
	}
	s.Figures = append(head, pictures[:min(openEffects, len(pictures))]...)
	s.More = pictures[min(openEffects, len(pictures)):]
	s.MoreTitle = plural(len(s.More), "feature") + " more, of smaller spread"
	return s
}

// soundEffects returns the effects that can be drawn, by falling spread, each with its finite points only.
func soundEffects(effects []model.Effect) []model.Effect {
	var sound []model.Effect
	for _, e := range effects {
		var points []model.EffectPoint
		for _, p := range e.Points {
			if drawable(p.X) && math.Abs(p.LogOdds) <= farthest {
				points = append(points, p)
			}
		}
		if e.Points = points; len(points) > 0 && e.Spread >= 0 && e.Spread <= farthest {
			sound = append(sound, e)
		}
	}
	slices.SortStableFunc(sound, func(a, b model.Effect) int { return cmp.Compare(b.Spread, a.Spread) })
	return sound
}

func effectsLead(effects []model.Effect) string {
	if len(effects) == 1 {
		return "The model has one feature: " + level(effects[0].Feature) + "."
	}
	text := "The score is moved most by " + level(effects[0].Feature)
	if len(effects) > 2 {
		text += ", " + level(effects[1].Feature) + " and " + level(effects[2].Feature)
	} else {
		text += ", then by " + level(effects[1].Feature)
	}
	return text + "."
}

// rankingFigure compares the spread of the effects.
func (b *builder) rankingFigure(effects []model.Effect) figure {
	const id, title = "ranking-plot", "How far each feature moves scores apart"
	if len(effects) < 2 {
		return figure{ID: id, Title: title, Missing: "a ranking needs two features and the model has one"}
	}
	shown := effects[:min(rankedEffects, len(effects))]
	p := newPlot("spread: standard deviation of the effect over the training leads, in log-odds", "")
	featureBars(p, shown[0].Spread*1.05, len(shown), func(i int, y float64) string {
		e := &shown[i]
		add(p, outlined(band, blue, box(0, y-0.32, e.Spread, y+0.32)), noted(e.Spread, y, 4, 0, fixed(e.Spread, 3), -1))
		return e.Feature
	})
	caption := "The longer the bar, the more the feature tells leads apart. Two leads one spread apart differ in their odds by the factor that the table gives."
	if left := len(effects) - len(shown); left > 0 {
		caption += " And " + plural(left, "feature") + " more, in the table."
	}
	f := b.draw(id, title, caption, "Bars of spread, by feature, longest first. "+effectsLead(effects), wide, vg.Length(17*len(shown)+52), alone(p))
	f.Table = rankingTable(effects)
	return f
}

// featureBars lays out a plot of one bar a feature, the first at the top; draw draws the bar around y and returns the name.
func featureBars(p *plot.Plot, most float64, bars int, draw func(i int, y float64) string) {
	amount(&p.X, most, false, 8)
	p.X.Tick.Marker = label(roundValues(0, p.X.Max, 8), trimmed)
	p.Y.Min, p.Y.Max = -0.6, float64(bars)-0.4
	add(p, &plotter.Grid{Vertical: rule})
	var names ticks
	for i := range bars {
		y := float64(bars - 1 - i)
		names = append(names, plot.Tick{Value: y, Label: lettered(draw(i, y), 28)})
	}
	p.Y.Tick.Marker, p.Y.Tick.Length = names, 0
}

func rankingTable(effects []model.Effect) *table {
	t := &table{Caption: "Features by spread", Head: []string{"Feature", "Kind", "Spread (log-odds)", "Factor on the odds of one spread", "Smallest effect", "Largest effect"}, Words: map[int]bool{1: true}}
	for _, e := range effects[:min(len(effects), 5*maxTableRows)] {
		least, most := e.Points[0].LogOdds, e.Points[0].LogOdds
		for _, p := range e.Points {
			least, most = min(least, p.LogOdds), max(most, p.LogOdds)
		}
		kind := plural(len(e.Points), "level")
		switch {
		case e.Steps:
			kind = "number, in steps"
		case e.Number:
			kind = "number"
		case e.Pair:
			kind = "pair, " + kind
		}
		t.Rows = append(t.Rows, []string{level(e.Feature), kind, fixed(e.Spread, 3), odds(e.Spread), odds(least), odds(most)})
	}
	t.left(len(effects)-len(t.Rows), "features")
	return t
}

// effectFigure draws one effect.
func (b *builder) effectFigure(i int, e model.Effect) figure {
	id := fmt.Sprintf("effect-%d", i+1)
	title := level(e.Feature)
	var f figure
	if e.Number {
		f = b.numberFigure(id, title, e)
	} else {
		f = b.levelFigure(id, title, e)
	}
	if f.Table = effectTable(e, b.isTime(e.Feature)); e.Pair && wellFormed(e.Grid) {
		f.Table, f.Wide = pairTable(e), true
	}
	return f
}

// unit names what the numbers of a feature count, "" if only its name says it.
func (b *builder) unit(feature string) string {
	for _, f := range b.options.Fields {
		if f.Name == feature && f.Since != "" {
			return "days before the lead"
		}
	}
	return ""
}

// isTime reports whether the feature is a date, which a model sees as days since 1970.
func (b *builder) isTime(feature string) bool {
	for _, f := range b.options.Fields {
		if f.Name == feature {
			return f.Kind == features.Time && f.Since == ""
		}
	}
	return false
}

// date writes days since 1970 as a date.
func date(days float64) string {
	if math.Abs(days) > 4e6 {
		return short(days)
	}
	return time.Unix(int64(days)*86400, 0).UTC().Format("2006-01-02")
}

// bounded reports whether a point has an interval; one without a width was not computed.
func bounded(p model.EffectPoint) bool { return known(p.CI) && p.CI[0] < p.CI[1] }

// reach returns the log-odds that an axis shows below and above no effect, each a factor of 2, 4, 16 or 256, so that
// pictures of one reach can be compared. Intervals may be cut, points are not.
func reach(points []model.EffectPoint) (low, high float64) {
	most := 0.0
	for _, p := range points {
		most = max(most, math.Abs(p.LogOdds))
	}
	var needs [2]float64 // below, above
	for _, p := range points {
		needs[0], needs[1] = max(needs[0], -1.03*p.LogOdds), max(needs[1], 1.03*p.LogOdds)
		if bounded(p) {
			needs[0], needs[1] = max(needs[0], min(-p.CI[0], 1.5*most)), max(needs[1], min(p.CI[1], 1.5*most))
		}
	}
	var reached [2]float64
	for i, need := range needs {
		for reached[i] = math.Ln2; reached[i] < need; {
			reached[i] *= 2
		}
	}
	return -reached[0], reached[1]
}

// The factors that an axis of effects is labelled by, the finest first, and the widest span in log-odds that each is for.
var factorMarks = []struct {
	span  float64
	marks []float64
}{
	{2.01 * math.Ln2, []float64{0.5, 0.7, 1, 1.4, 2}},
	{4.01 * math.Ln2, []float64{0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16}},
	{8.01 * math.Ln2, []float64{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100}},
	{3.5 * math.Ln10, powers},
	{math.Inf(1), []float64{1e-8, 1e-6, 1e-4, 0.01, 1, 100, 1e4, 1e6, 1e8}},
}

// factors makes an axis of log-odds from low to high labelled by the factor on the odds.
func factors(axis *plot.Axis, low, high float64) {
	axis.Min, axis.Max = low, high
	finest := 0
	for high-low > factorMarks[finest].span {
		finest++
	}
	var at ticks
	for _, factor := range factorMarks[finest].marks {
		at = append(at, plot.Tick{Value: math.Log(factor), Label: "×" + trimmed(factor)})
	}
	axis.Tick.Marker = at
}

// numberParts are the decimals in the name of a step, and the numbers before them that are long enough for commas.
var numberParts = regexp.MustCompile(`\.[0-9]+|\b[0-9]{4,}\b`)

// withCommas writes the numbers in the name of a step with commas between thousands.
func withCommas(name string) string {
	return numberParts.ReplaceAllStringFunc(name, func(part string) string {
		if part[0] == '.' {
			return part
		}
		return budget.Thousands(part)
	})
}

func effectTable(e model.Effect, isTime bool) *table {
	t := &table{Caption: "Effect of " + level(e.Feature), Head: []string{"Level", "Leads", "Factor", levelName(nil), "Log-odds", "Points"}}
	points := slices.Clone(e.Points)
	if e.Number {
		t.Head[0], t.Head[1] = "Value", "Leads near"
	} else {
		slices.SortStableFunc(points, func(a, b model.EffectPoint) int { return cmp.Compare(b.Rows, a.Rows) })
	}
	for _, p := range points[:min(len(points), maxTableRows)] {
		ci := none
		if bounded(p) {
			ci = between(p.CI, odds)
		}
		name := level(p.Label)
		if e.Number && !e.Steps && !named(&e, p) {
			if name = short(p.X); isTime {
				name = date(p.X)
			}
		}
		if e.Steps && !isTime {
			name = withCommas(name)
		}
		t.Rows = append(t.Rows, []string{name, count(p.Rows), odds(p.LogOdds), ci, signed(p.LogOdds), fixed(float64(p.Points), 0)})
	}
	t.left(len(points)-len(t.Rows), "levels")
	return t
}
