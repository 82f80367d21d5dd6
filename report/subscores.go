package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"github.com/leadscore/leadscore/model"
)

// subScores shows what who the lead is and what it did are each worth, and how the sources differ in both.
func (b *builder) subScores() *section {
	s := &section{ID: "subscores", Title: "Fit and activity", Question: "what is it worth to know who the lead is, and what it did?", Layout: "two"}
	t := b.t.SubScores
	if t == nil {
		s.Missing = "it takes features declared as fit and others as activity (features.fit and features.activity), and enough leads held out"
		return s
	}
	models := soundModels(t.Models)
	if len(models) > 0 {
		s.Lead = subScoresLead(models)
		s.Text = append(s.Text, fmt.Sprintf("Each model was fitted again on %s before the holdout and measured, uncalibrated, on %s of the holdout. What a group adds is what leaving it out costs; alone it shows what the others would say in its stead.",
			plural(t.FitRows, "lead"), plural(t.Rows, "lead")))
		s.Figures = append(s.Figures, b.subModelsFigure(t, models))
	}
	if groups := soundSubGroups(t.Groups); len(groups) > 0 {
		if text := inSpite(groups, b.t.Holdout); text != "" {
			s.Text = append(s.Text, text)
		}
		s.Figures = append(s.Figures, b.activityFigure(groups))
		s.Tables = append(s.Tables, subGroupTable(groups))
	}
	if s.Figures == nil {
		s.Missing = "its figures are not finite"
	}
	return s
}

func soundModels(models []model.Candidate) []model.Candidate {
	var sound []model.Candidate
	for _, m := range models {
		if proportion(m.AUC) && drawable(m.LogLoss) {
			sound = append(sound, m)
		}
	}
	return sound
}

func soundSubGroups(groups []model.SubScoreGroup) []model.SubScoreGroup {
	var sound []model.SubScoreGroup
	for _, g := range groups {
		if g.Rows > 0 && drawable(g.Fit, g.Activity) && proportion(g.Mean, g.Rate, g.RateCI[0], g.RateCI[1]) {
			sound = append(sound, g)
		}
	}
	return sound
}

// subScoresLead says what each group adds out of sample.
func subScoresLead(models []model.Candidate) string {
	var said []string
	for _, group := range []struct{ name, without string }{{"Fit", model.WithoutFit}, {"activity", model.WithoutActivity}} {
		for _, m := range models {
			if m.Name != group.without || m.AUCDifference == nil || m.LogLossDifference == nil {
				continue
			}
			text := fmt.Sprintf("%s adds %s of AUC", group.name, fixed(-*m.AUCDifference, 3))
			if ci := m.AUCDifferenceCI; ci != nil && known(*ci) {
				text += fmt.Sprintf(" (%s to %s)", fixed(-ci[1], 3), fixed(-ci[0], 3))
			}
			said = append(said, text+fmt.Sprintf(" and takes %s off the log loss", fixed(*m.LogLossDifference, 4)))
		}
	}
	if said == nil {
		return ""
	}
	return "On leads that the model had not seen, " + strings.ToLower(said[0][:1]) + strings.Join(said, "; ")[1:] + "."
}

// inSpite names the source of the most active leads that is predicted to convert the least, "" if none stands out.
func inSpite(groups []model.SubScoreGroup, h *model.Evaluation) string {
	var found *model.SubScoreGroup
	for i := range groups {
		g := &groups[i]
		if g.Activity > 0 && (found == nil || g.Mean < found.Mean) {
			found = g
		}
	}
	if found == nil || h == nil || !(found.Mean < h.Mean/2) {
		return ""
	}
	converted := percent(found.Rate)
	if found.Rate == 0 {
		converted = "none"
	}
	return fmt.Sprintf("In spite of their activity (%s on the log-odds, the average being 0) the %s of %s %s are given %s: %s of them converted.",
		signed(found.Activity), plural(found.Rows, "lead"), level(found.By), level(found.Value), percent(found.Mean), converted)
}

func (b *builder) subModelsFigure(t *model.SubScores, models []model.Candidate) figure {
	p := newPlot("", "AUC on the holdout")
	low, high := 1.0, 0.5
	var points plotter.XYs
	bars := &whiskers{vertical: true, lineStyle: whisk}
	var names ticks
	for i := range models {
		m := &models[len(models)-1-i] // from the least to all
		at := float64(i)
		points = append(points, plotter.XY{X: at, Y: m.AUC})
		names = append(names, plot.Tick{Value: at, Label: strings.Replace(m.Name, " ", "\n", 1)})
		low, high = min(low, m.AUC), max(high, m.AUC)
		if ci := m.AUCDifferenceCI; ci != nil && known(*ci) && m.AUCDifference != nil {
			w := whisker{at, m.AUC - *m.AUCDifference + ci[0], m.AUC - *m.AUCDifference + ci[1]}
			bars.points = append(bars.points, w)
			low, high = min(low, w.low), max(high, w.high)
		}
	}
	p.X.Min, p.X.Max, p.X.Tick.Marker, p.X.Tick.Length = -0.5, float64(len(models))-0.5, names, 0
	p.Y.Min, p.Y.Max = math.Floor(20*min(low, 0.5))/20, min(1, math.Ceil(20*high+0.2)/20)
	p.Y.Tick.Marker = label(roundValues(p.Y.Min, p.Y.Max, 6), decimals(2))
	add(p, &plotter.Grid{Horizontal: rule}, across(p.X.Min, p.X.Max, 0.5, dotted), bars, marks(points, dot))
	for _, at := range points {
		add(p, noted(at.X, at.Y, 7, 0, fixed(at.Y, 3), -1))
	}
	f := b.draw("subscores-plot", "AUC by what the model knows",
		fmt.Sprintf("Dots: AUC on the holdout; bars: %s of the distance to the model on all features; dotted line: chance. “%s” knows the features of neither group, such as the source.", levelName(nil), model.NeitherGroup),
		"AUC of models on parts of the features. "+subScoresLead(models), half, 330, alone(p))
	f.Table = subModelTable(models)
	return f
}

func subModelTable(models []model.Candidate) *table {
	t := &table{Caption: "Models on parts of the features", Head: []string{"Features", "AUC", "Against all", levelName(nil), "Log loss", "Against all", levelName(nil)}}
	difference := func(x *float64, ci *model.Interval, digits int) (string, string) {
		if x == nil || ci == nil {
			return "–", "–"
		}
		return fixed(*x, digits), between(*ci, decimals(digits))
	}
	for _, m := range models {
		auc, aucCI := difference(m.AUCDifference, m.AUCDifferenceCI, 4)
		loss, lossCI := difference(m.LogLossDifference, m.LogLossCI, 5)
		t.Rows = append(t.Rows, []string{level(m.Name), fixed(m.AUC, 4), auc, aucCI, fixed(m.LogLoss, 5), loss, lossCI})
	}
	return t
}

// maxSubGroups is how many sources the picture shows, those of most leads.
const maxSubGroups = 20

func (b *builder) activityFigure(groups []model.SubScoreGroup) figure {
	groups = groups[:min(len(groups), maxSubGroups)]
	p := newPlot("mean activity of the source's leads, log-odds", "rate that converted, and was predicted")
	least, most, high := 0.0, 0.0, 0.0
	var predicted, seen plotter.XYs
	bars := &whiskers{vertical: true, lineStyle: whisk}
	for _, g := range groups {
		predicted = append(predicted, plotter.XY{X: g.Activity, Y: g.Mean})
		seen = append(seen, plotter.XY{X: g.Activity, Y: g.Rate})
		bars.points = append(bars.points, whisker{g.Activity, g.RateCI[0], g.RateCI[1]})
		least, most, high = min(least, g.Activity), max(most, g.Activity), max(high, g.RateCI[1], g.Mean)
	}
	room := max(0.12*(most-least), 1e-6)
	p.X.Min, p.X.Max = least-room, most+2*room
	p.X.Tick.Marker = label(roundValues(p.X.Min, p.X.Max, 6), trimmed)
	share(&p.Y, min(1, max(1.1*high, 1e-4)), false)
	add(p, gridlines(), line(plotter.XYs{{X: 0, Y: 0}, {X: 0, Y: p.Y.Max}}, dotted), bars, marks(seen, dot), marks(predicted, square))
	names := &labels{obstacles: append(slices.Clone(predicted), seen...)}
	for i, g := range groups {
		names.add(predicted[i], lettered(g.Value, 16))
	}
	add(p, names)
	return b.draw("activity-plot", "Activity and conversion by source",
		fmt.Sprintf("Squares: mean probability; dots: the rate that was seen, with its %s. To the right: leads that do more than the average of training.", levelName(nil)),
		"The mean activity of each source's leads against the rate at which they convert.", half, 330, alone(p))
}

func subGroupTable(groups []model.SubScoreGroup) table {
	t := table{Caption: "Fit and activity by " + level(groups[0].By) + ", in the holdout", Open: true,
		Head: []string{level(groups[0].By), "Leads", "Mean fit", "Mean activity", "Mean probability", "Rate", levelName(nil)}}
	shown := groups[:min(len(groups), maxTableRows)]
	for _, g := range shown {
		t.Rows = append(t.Rows, []string{level(g.Value), count(float64(g.Rows)), signed(g.Fit), signed(g.Activity), percent(g.Mean), percent(g.Rate), between(g.RateCI, percent)})
	}
	t.left(len(groups)-len(shown), "groups")
	t.Note = strings.TrimSpace("Fit and activity are log-odds, 0 for the average lead of training. " + t.Note)
	return t
}
