package report

import (
	"fmt"

	"gonum.org/v1/plot/plotter"

	"github.com/leadscore/leadscore/model"
)

// curves shows how well converting leads are told from the others: ROC and precision against recall.
func (b *builder) curves() *section {
	s := &section{ID: "curves", Title: "ROC and precision–recall", Question: "how well are leads told apart?", Layout: "two"}
	if s.Missing = b.curvesMissing(); s.Missing != "" {
		return s
	}
	h := b.t.Holdout
	s.Lead = fmt.Sprintf("AUC %s (%s); average precision %s (%s), where chance gives %s.",
		fixed(h.AUC, 3), interval(h, h.AUCCI, decimals(3)), fixed(h.AveragePrecision, 3), interval(h, h.AveragePrecisionCI, decimals(3)), fixed(h.BaseRate, 3))
	s.Figures = []figure{b.rocFigure(h), b.precisionFigure(h)}
	return s
}

// soundPoints returns the points that can be drawn, at most a few hundred.
func soundPoints(points []model.Point) plotter.XYs {
	var sound plotter.XYs
	for _, p := range points {
		if proportion(p.X, p.Y) {
			sound = append(sound, plotter.XY{X: min(max(p.X, 0), 1), Y: min(max(p.Y, 0), 1)})
		}
	}
	return spread(sound, 240)
}

func (b *builder) rocFigure(h *model.Evaluation) figure {
	points := soundPoints(h.Curves.ROC)
	if len(points) < 2 {
		return figure{ID: "roc-plot", Title: "ROC curve", Missing: "the evaluation holds fewer than two points of it"}
	}
	p := newPlot("share of other leads taken (false positives)", "share of converting leads taken")
	share(&p.X, 1, false)
	share(&p.Y, 1, false)
	add(p, gridlines(), line(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}, dotted), line(points, solid),
		noted(0.72, 0.72, 5, -8, "chance: 0.5", -1), noted(0.97, 0.08, 0, 0, "AUC "+fixed(h.AUC, 3), 1))
	f := b.draw("roc-plot", "ROC curve", "Solid line: the model; dotted line: chance. The further the line bends to the upper left, the better the ranking.",
		fmt.Sprintf("True positive rate against false positive rate. The area under the curve is %s.", fixed(h.AUC, 3)), half, 330, alone(p))
	f.Table = pointTable("ROC curve", "False positive rate", "True positive rate", points)
	return f
}

func (b *builder) precisionFigure(h *model.Evaluation) figure {
	points := soundPoints(h.Curves.Precision)
	if len(points) < 2 {
		return figure{ID: "precision-plot", Title: "Precision against recall", Missing: "the evaluation holds fewer than two points of it"}
	}
	high := h.BaseRate
	for _, p := range points {
		if taken := p.X * h.Conversions / p.Y; taken >= fewLeads {
			high = max(high, p.Y)
		}
	}
	if high = min(1, max(1.25*high, 0.01)); !finite(high) {
		high = 1
	}
	p := newPlot("share of converting leads taken (recall)", "rate among leads taken (precision)")
	share(&p.X, 1, false)
	share(&p.Y, high, false)
	add(p, gridlines(), line(points, solid))
	if h.BaseRate > 0 && h.BaseRate < high {
		add(p, across(0, 1, h.BaseRate, dotted), noted(1, h.BaseRate, -4, -7, "chance: base rate "+percent(h.BaseRate), 1))
	}
	add(p, noted(0.97, 0.93*high, 0, 0, "average precision "+fixed(h.AveragePrecision, 3), 1))
	f := b.draw("precision-plot", "Precision against recall", "Solid line: the model; dotted line: chance. Where few leads are taken, at the left, the line rests on few and is noisy.",
		fmt.Sprintf("Precision against recall. Average precision is %s; chance gives %s.", fixed(h.AveragePrecision, 3), fixed(h.BaseRate, 3)), half, 330, alone(p))
	f.Table = pointTable("Precision against recall", "Recall", "Precision", points)
	return f
}

func pointTable(caption, x, y string, points plotter.XYs) *table {
	t := &table{Caption: caption, Head: []string{x, y}}
	for _, p := range spread(points, 21) {
		t.Rows = append(t.Rows, []string{percent(p.X), percent(p.Y)})
	}
	return t
}
