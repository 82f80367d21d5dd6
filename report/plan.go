package report

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/internal/pages"
)

// WritePlan writes a page about the answer to a plan to w: the recommendation and what binds, the curve of each source
// with today's spend, the plan's and the stops, and the table. The same answer gives the same bytes.
func WritePlan(w io.Writer, r *budget.PlanResult) error {
	if r == nil {
		return errors.New("report: no plan to report on")
	}
	b := &builder{sheet: newSheet()}
	p := page{Title: "Where the budget goes", Subtitle: planSubtitle(r), Sections: []*section{planVerdict(r), b.planCurves(r), planScenarios(r)}, Footer: planFooter(r)}
	if b.err != nil {
		return fmt.Errorf("report: plan: %w", b.err)
	}
	css := pages.Style + b.sheet.css()
	p.Style, p.Policy = template.CSS(css), pages.Policy(css)
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, p); err != nil {
		return fmt.Errorf("report: plan: %w", err)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("report: write: %w", err)
	}
	return nil
}

func planSubtitle(r *budget.PlanResult) string {
	l := r.Plan.Limits
	text := "Target return " + roundPercent(l.ROI)
	if l.Budget != nil {
		text += ", a budget of " + l.Currency.Format(*l.Budget)
	}
	if l.Hours != nil {
		text += ", " + count(*l.Hours) + " hours of the team"
	}
	return text + ", " + modeWords(l.Mode)
}

// modeWords says when a plan stops.
func modeWords(m budget.Mode) string {
	switch m {
	case budget.StopAtTarget:
		return "spent until the last unit of money returns no more than that"
	case budget.MostProfit:
		return "spent until the last unit of money returns itself"
	}
	return "all of it spent"
}

func planFooter(r *budget.PlanResult) []string {
	return []string{"Plan SHA-256 " + r.Fingerprint, "Model " + recorded(r.Plan.Model)}
}

// planVerdict says what to do, what changes, and what binds.
func planVerdict(r *budget.PlanResult) *section {
	s := &section{ID: "verdict", Title: "Recommendation", Question: "what should be spent on each source?", Lead: clean(sentence(r.Summary))}
	if r.Difference != nil {
		s.Text = append(s.Text, clean("What changes: "+r.Difference.Text+"."))
	}
	s.Text = append(s.Text, clean("What binds: "+r.Binds+"."))
	if r.Capacity != nil {
		s.Text = append(s.Text, clean(sentence(r.Capacity.Words)))
	}
	for _, text := range r.Warnings {
		s.Warnings = append(s.Warnings, warning{Code: "plan", Detail: clean(text)})
	}
	s.Tables = append(s.Tables, adviceTable(r))
	if r.Experiments != nil {
		s.Tables = append(s.Tables, armTable(r))
	}
	return s
}

// sentence starts with a capital and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func adviceTable(r *budget.PlanResult) table {
	t := table{Caption: "What to spend", Open: true, Words: map[int]bool{8: true},
		Head: []string{"Source", "Today", "Plan", "Change", "Leads", "Cost of a lead", "Of the last lead", "Most it may cost", "Notes"}}
	for i, cells := range r.Cells() {
		x := &r.Sources[i]
		t.Rows = append(t.Rows, []string{clean(x.Name), cells.Current, cells.Spend, minus(cells.Change), fixed(x.Leads, 1), cells.AverageCost, cells.LastCost, cells.Cap, strings.Join(x.Notes(), ", ")})
	}
	t.Note = fmt.Sprintf("The next unit of money brings %s on every source between its bounds; the duality gap is %.0e.", fixed(r.Certificate.Lambda, 4), r.Certificate.Gap)
	return t
}

func armTable(r *budget.PlanResult) table {
	t := table{Caption: "Experiments: how to spend the reserve of " + r.Reserve.String(), Words: map[int]bool{6: true},
		Head: []string{"Arm", "Spend", "Share", "Leads", "Best with", "Price within its cap with", "Verdict"}}
	for _, arm := range r.Experiments.Arms {
		share, leads, best := "–", "–", "–"
		if arm.Verdict == budget.GoOn {
			share, leads, best = percent(arm.Share), count(arm.Leads), percent(arm.Best)
			t.Note = fmt.Sprintf("Each arm that goes on gets at least %s, the rest goes by the chance of bringing the most for the money.", roundPercent(r.Experiments.Floor))
		}
		t.Rows = append(t.Rows, []string{clean(arm.Name), arm.Money.String(), share, leads, best, percent(arm.CapAbove), strings.ReplaceAll(string(arm.Verdict), "_", " ")})
	}
	return t
}

// planCurves draws what each source's spend buys.
func (b *builder) planCurves(r *budget.PlanResult) *section {
	s := &section{ID: "curves", Title: "Curves", Question: "what does the next unit of money buy?", Layout: "three",
		Text: []string{"Circle: today. Square: the plan. Dashed: where the last lead costs what it may cost. Dotted: where the average lead does, which is too far. Shaded: beyond half to one and a half times what was ever spent."}}
	for i := range r.Sources {
		x := &r.Sources[i]
		figure := b.draw(fmt.Sprintf("curve-%d", i), clean(x.Name), adviceCaption(r, x), adviceCaption(r, x), third, 220, alone(curvePlot(r, i)))
		s.Figures = append(s.Figures, figure)
	}
	return s
}

func adviceCaption(r *budget.PlanResult, x *budget.Advice) string {
	c := r.Plan.Limits.Currency
	if x.Spend.Minor == 0 {
		return clean(fmt.Sprintf("%s today, nothing planned: a lead may cost %s.", c.Format(x.Current), most(c, budget.Known(x.Cap.Max))))
	}
	return clean(fmt.Sprintf("%s today, %s planned; the last lead then costs %s and may cost %s.", c.Format(x.Current), x.Spend, estimated(c, x.LastCost()), most(c, budget.Known(x.Cap.Max))))
}

// curvePoints is how many points a curve is drawn by.
const curvePoints = 61

// curvePlot is the curve of a source.
func curvePlot(r *budget.PlanResult, i int) *plot.Plot {
	x, source := &r.Sources[i], &r.Plan.Sources[i]
	high := 1.25 * max(x.Current, x.Spend.Major(), 1)
	if k := source.Known; k != nil {
		high = max(high, min(1.6*k.Response.High, 4*high))
	}
	if stop, known := x.Stops.Marginal.Value(); known {
		high = max(high, min(1.1*stop, 3*high))
	}
	points := make(plotter.XYs, curvePoints)
	for k := range points {
		spend := high * float64(k) / (curvePoints - 1)
		points[k] = plotter.XY{X: spend, Y: source.Curve.Leads(spend)}
	}
	top := points[curvePoints-1].Y
	p := newPlot("spend", "leads")
	amount(&p.X, high, false, 3)
	amount(&p.Y, top, false, 4)
	if k := source.Known; k != nil {
		add(p, area(shade, box(0, 0, min(0.5*k.Response.Low, high), p.Y.Max)))
		if beyond := k.Response.Reach(); beyond < p.X.Max {
			add(p, area(shade, box(beyond, 0, p.X.Max, p.Y.Max)))
		}
	}
	add(p, gridlines(), line(points, solid))
	upright := func(f budget.Figure, style draw.LineStyle) {
		if s, known := f.Value(); known && s > 0 && s <= p.X.Max {
			add(p, line(plotter.XYs{{X: s, Y: 0}, {X: s, Y: p.Y.Max}}, style))
		}
	}
	upright(x.Stops.Average, dotted)
	upright(x.Stops.Marginal, dashed)
	add(p, marks(plotter.XYs{{X: x.Current, Y: source.Curve.Leads(x.Current)}}, dot),
		marks(plotter.XYs{{X: x.Spend.Major(), Y: source.Curve.Leads(x.Spend.Major())}}, square))
	return p
}

func planScenarios(r *budget.PlanResult) *section {
	s := &section{ID: "scenarios", Title: "Scenarios", Question: "what would change it?"}
	if len(r.Scenarios) == 0 {
		s.Missing = "none were asked for (--scenarios)"
		return s
	}
	c := r.Plan.Limits.Currency
	t := table{Caption: "Differences to the plan", Open: true, Words: map[int]bool{4: true}, Head: []string{"Scenario", "Spend", "Sales", "Profit", "What binds"}}
	for _, x := range r.Scenarios {
		if x.Impossible != "" {
			t.Rows = append(t.Rows, []string{clean(x.Name), "–", "–", "–", clean(x.Impossible)})
			continue
		}
		t.Rows = append(t.Rows, []string{clean(x.Name), gain(c, x.Spend), fixed(x.Sales, 1), gain(c, x.Profit), clean(x.Binds)})
	}
	s.Tables = []table{t}
	if len(r.Tornado) > 0 {
		s.Tables = append(s.Tables, tornadoTable(r))
	}
	return s
}

// tornadoTable says which doubt moves the profit most.
func tornadoTable(r *budget.PlanResult) table {
	c := r.Plan.Limits.Currency
	t := table{Caption: "What is not well known, and what it does to the profit", Open: true, Head: []string{"Doubt", "One standard error lower", "Higher"}}
	end := func(f budget.Figure) string {
		if x, known := f.Value(); known {
			return gain(c, x)
		}
		return "not possible"
	}
	for _, row := range r.Tornado[:min(len(r.Tornado), maxTableRows)] {
		t.Rows = append(t.Rows, []string{clean(row.Name), end(row.Low), end(row.High)})
	}
	t.Note = "One doubt at a time, the spends chosen anew."
	return t
}

// gain writes a difference of money with its sign.
func gain(c budget.Currency, x float64) string { return minus(c.Signed(x)) }

// Size of one source in the picture of a plan, in points.
const (
	tileWidth  = third
	tileHeight = 220
	tilesInRow = 3
)

// DrawPlan writes the curves of an answer's sources to w as one SVG picture of its own.
func DrawPlan(w io.Writer, r *budget.PlanResult) error {
	if r == nil {
		return errors.New("report: no plan to draw")
	}
	n := len(r.Sources)
	rows := int(math.Ceil(float64(n) / tilesInRow))
	canvas := vgsvg.NewWith(vgsvg.UseWH(vg.Length(min(n, tilesInRow)*tileWidth), vg.Length(rows*tileHeight)))
	c := draw.New(canvas)
	for i := range r.Sources {
		tile := c
		tile.Min.X = c.Min.X + vg.Length(i%tilesInRow)*tileWidth
		tile.Max.X = tile.Min.X + tileWidth
		tile.Max.Y = c.Max.Y - vg.Length(i/tilesInRow)*tileHeight
		tile.Min.Y = tile.Max.Y - tileHeight
		p := curvePlot(r, i)
		p.Title.Text, p.Title.TextStyle = lettered(r.Sources[i].Name, 32), lettering(labelSize+1, ink)
		alone(p)(draw.Crop(tile, 4, -4, 4, -10))
	}
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("report: draw: %w", err)
	}
	return nil
}
