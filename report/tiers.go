package report

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// money says what leads are worth and may cost: the tier table.
func (b *builder) money() *section {
	s := &section{ID: "money", Title: "Money", Question: "what is a lead worth, and what may it cost?"}
	e := b.options.Economics
	if e == nil {
		s.Missing = "the model knows no money: it was trained without a profit or a revenue of won leads, or the table was not asked for"
		return s
	}
	c := e.Policy.Currency
	s.Lead = moneyLead(e)
	s.Text = []string{trap(e), fmt.Sprintf("Values are the model's, lead by lead. Intervals (%s) come from the outcomes of the %s whose outcome is known. "+
		"The cautious cap is the 20th percentile: what to bid to buy more of what little is known of. %s",
		roundPercent(e.Level), plural(e.Mature, "lead"), costWords(e.Policy, e.StageRates))}
	if e.NewBuyers != nil {
		s.Text = append(s.Text, "New buyers: "+e.NewBuyers.Words+".")
	}
	if text := e.PrecisionWords(); text != "" {
		s.Text = append(s.Text, "How well it is known: "+text+".")
	}
	s.Warnings = warningsOf(e.Notes)
	for i, part := range partsOf(e.Rows) {
		s.Figures = append(s.Figures, b.capsFigure(i, part, c))
		s.Tables = append(s.Tables, economicTable("What leads may cost, by "+level(part[0].By), part, &e.Total, c))
	}
	s.Layout = "one"
	if len(e.Tiers) > 0 {
		total := &e.Total
		if len(e.Rows) > 0 { // all leads stand above
			total = nil
		}
		s.Tables = append(s.Tables, economicTable("What leads may cost, by value tier", e.Tiers, total, c))
	}
	s.Tables = append(s.Tables, arithmeticTable(e), trapTable(e, c))
	s.Tables = append(s.Tables, valueTable(&b.t.Value, c)...)
	if e.Whales != nil {
		s.Text = append(s.Text, "Great sales: "+e.Whales.Words+".")
		s.Tables = append(s.Tables, whaleTable(e.Whales, c))
	}
	if len(e.Bars) > 0 {
		s.Tables = append(s.Tables, barTable(e))
	}
	if e.Qualified != nil {
		s.Tables = append(s.Tables, qualifiedTable(e.Qualified))
	}
	return s
}

// trap says in money what averages would have done.
func trap(e *model.Economics) string {
	c := e.Policy.Currency
	overpaid, underpaid := 0.0, 0.0
	for i := range e.Rows {
		if x, known := e.Rows[i].Trap.Overpaid.Value(); known && e.Rows[i].By == e.Rows[0].By {
			overpaid += max(x, 0) * e.Rows[i].Leads
			underpaid += max(-x, 0) * e.Rows[i].Leads
		}
	}
	text := "Never multiply averages: for all leads together, " + signs(e.Total.Group.Words(c, e.Policy.Target)) + "."
	if max(overpaid, underpaid) < 0.5 {
		return text
	}
	var off []string
	for _, x := range []struct {
		sum  float64
		word string
	}{{overpaid, " too much"}, {underpaid, " too little"}} {
		if x.sum >= 0.5 {
			off = append(off, amountIn(c, math.Round(x.sum))+x.word)
		}
	}
	return text + " Paid at caps from averages, group by group, these leads would have cost " + strings.Join(off, " and ") + "."
}

// minusSigns are those of negative amounts.
var minusSigns = strings.NewReplacer("-$", "−$", "-€", "−€", "-£", "−£")

// signs writes the negative amounts of a sentence with a proper minus sign.
func signs(text string) string { return minusSigns.Replace(clean(text)) }

// partsOf cuts the rows where the column changes that they are grouped by.
func partsOf(rows []model.EconomicRow) (parts [][]model.EconomicRow) {
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && rows[to].By == rows[from].By {
			to++
		}
		parts = append(parts, rows[from:min(to, from+maxTableRows)])
		from = to
	}
	return parts
}

// capsFigure draws caps with their intervals and what was paid.
func (b *builder) capsFigure(part int, rows []model.EconomicRow, c budget.Currency) figure {
	id, title := fmt.Sprintf("caps-%d", part+1), "The most that a lead may cost, by "+level(rows[0].By)
	highest := 0.0
	for i := range rows {
		for _, f := range []budget.Figure{rows[i].Cap, rows[i].High, rows[i].CostPerLead} {
			if x, known := f.Value(); known && drawable(x) {
				highest = max(highest, x)
			}
		}
	}
	if highest == 0 {
		return figure{ID: id, Title: title, Missing: "no group may be bought at any price, and nothing was paid"}
	}
	p := newPlot("cost of a lead ("+string(c)+")", "")
	amount(&p.X, highest*1.08, false, 8)
	p.Y.Min, p.Y.Max = -0.6, float64(len(rows))-0.4
	add(p, &plotter.Grid{Vertical: rule})
	var names ticks
	var paid plotter.XYs
	bars := &whiskers{lineStyle: whisk}
	for i := range rows {
		r, y := &rows[i], float64(len(rows)-1-i)
		names = append(names, plot.Tick{Value: y, Label: lettered(r.Value, 28)})
		limit, _ := r.Cap.Value()
		add(p, outlined(band, blue, box(0, y-0.32, limit, y+0.32)))
		low, resolved := r.Low.Value()
		high, _ := r.High.Value()
		if resolved {
			bars.points = append(bars.points, whisker{y, low, high})
		}
		if cost, known := r.CostPerLead.Value(); known {
			paid = append(paid, plotter.XY{X: cost, Y: y})
		}
	}
	add(p, bars, marks(paid, square))
	p.Y.Tick.Marker, p.Y.Tick.Length = names, 0
	caption := "Bar: the most that a lead may cost; whisker: its interval from the outcomes. Square: what a lead did cost; a square beyond its bar is paid too much."
	return b.draw(id, title, caption, "Bars of caps by "+level(rows[0].By)+", largest value first, with intervals and actual costs.", wide, vg.Length(22*len(rows)+52), alone(p))
}

// economicTable is one part of the table of groups, the total last.
func economicTable(caption string, rows []model.EconomicRow, total *model.EconomicRow, c budget.Currency) table {
	columns := model.EconomicColumns()
	t := table{Caption: caption, Open: true, Words: map[int]bool{}, Head: []string{level(rows[0].By)}}
	amounts := make([]budget.Column, len(columns))
	for i, column := range columns {
		amounts[i] = column.Amounts(rows, total, c)
		t.Head = append(t.Head, column.Title)
		t.Words[i+1] = column.Kind == model.VerdictCell
	}
	line := func(name string, r *model.EconomicRow) {
		cells := []string{name}
		for i, column := range columns {
			cells = append(cells, economicCell(column, r, c, amounts[i]))
		}
		t.Rows = append(t.Rows, cells)
	}
	for i := range rows {
		line(level(rows[i].Value), &rows[i])
	}
	if total != nil {
		line("All leads", total)
	}
	return t
}

// economicCell writes a cell of the table.
func economicCell(column model.EconomicColumn, r *model.EconomicRow, c budget.Currency, amounts budget.Column) string {
	f := column.Of(r, c)
	switch column.Kind {
	case model.CountCell:
		return count(r.Leads)
	case model.ShareCell:
		return shareTo(f, 2)
	case model.RangeCell:
		if _, known := f.Value(); !known {
			return "no sale yet"
		}
		return amountOf(amounts, f) + "–" + amountOf(amounts, column.To(r, c))
	case model.ReturnCell:
		return shareTo(f, 1)
	case model.VerdictCell:
		text := "unmeasured"
		if r.Purchase != nil {
			text = verdictWords(r.Purchase.Verdict)
		}
		if r.Few {
			text += ", few leads"
		}
		return text
	}
	return amountOf(amounts, f)
}

func verdictWords(v budget.Verdict) string {
	switch v {
	case budget.AtALoss:
		return "▼ at a loss"
	case budget.BelowTarget:
		return "▽ below target"
	case budget.Doubtful:
		return "? doubtful"
	}
	return "▲ within cap"
}

// eachGroup calls line with the groups, the tiers and all leads, by the names that they have where they stand in one table.
func eachGroup(e *model.Economics, line func(name string, r *model.EconomicRow)) {
	for _, rows := range [][]model.EconomicRow{e.Rows[:min(len(e.Rows), 2*maxTableRows)], e.Tiers, {e.Total}} {
		for i := range rows {
			line(groupName(rows[i].By, rows[i].Value), &rows[i])
		}
	}
}

// groupName is the name of a group beside groups of other kinds.
func groupName(by, value string) string {
	switch by {
	case "":
		return "All leads"
	case model.ByTier:
		return "tier " + level(value)
	}
	return level(value)
}

func arithmeticTable(e *model.Economics) table {
	t := table{Caption: "How each cap is reckoned", Head: []string{"Group", "Profit a sale ÷ (1 + target) × conversion − sales cost", "At the actual cost"}, Words: map[int]bool{1: true, 2: true}}
	eachGroup(e, func(name string, r *model.EconomicRow) {
		words := ""
		if r.Purchase != nil {
			words = r.Words
		}
		t.Rows = append(t.Rows, []string{name, strings.ReplaceAll(signs(r.Arithmetic), " %", space+"%"), signs(words)})
	})
	return t
}

// trapTable compares caps lead by lead with those of averages.
func trapTable(e *model.Economics, c budget.Currency) table {
	t := table{Caption: "What averages would have paid", Head: []string{"Group", "Leads", "Cap, lead by lead", "Mean conversion × mean profit", "Cap from averages", "Overpaid a lead", "Overpaid in all"}}
	var right, wrong, over []budget.Figure
	eachGroup(e, func(name string, r *model.EconomicRow) {
		p, known := r.Probability.Value()
		if !known {
			return
		}
		m, _ := r.Trap.MeanProfit.Value()
		each, _ := r.Trap.Overpaid.Value()
		limit, _ := r.Cap.Value()
		averaged, _ := r.Trap.Cap.Value()
		right, wrong = append(right, c.Limit(r.Cap)), append(wrong, c.Limit(r.Trap.Cap))
		over = append(over, budget.Known(c.Headroom(averaged, c.RoundDown(limit))))
		t.Rows = append(t.Rows, []string{name, count(r.Leads), "", shareTo(budget.Known(p), 2) + " × " + amountIn(c, m), "", "", amountIn(c, math.Round(each*r.Leads))})
	})
	t.amounts(2, right, c)
	t.amounts(4, wrong, c)
	t.amounts(5, over, c)
	t.Note = "A negative amount is underpaid."
	return t
}

// amounts fills a column with prices, a row each.
func (t *table) amounts(column int, prices []budget.Figure, c budget.Currency) {
	k := c.Prices(prices...)
	for i, f := range prices {
		t.Rows[i][column] = amountOf(k, f)
	}
}

// barTable says what a bar on the probability lets through.
func barTable(e *model.Economics) table {
	t := table{Caption: "Where to set the bar for a hand-off", Head: []string{"Probability of at least", "Leads a month", "Share of the leads", "Sales expected of them", "One sale in"}}
	hours := e.Bars[0].Hours > 0
	if hours {
		t.Head = append(t.Head, "Hours of the team")
	}
	for _, bar := range e.Bars {
		row := []string{percent(bar.Probability), fixed(bar.Leads, 0), percent(bar.Share), fixed(bar.ExpectedWins, 1), fixed(bar.Leads/bar.ExpectedWins, 1)}
		if hours {
			row = append(row, fixed(bar.Hours, 0))
		}
		t.Rows = append(t.Rows, row)
	}
	t.Note = "Leads as those of the last quarter, in a month. A bar on the probability alone hands off leads that are worth little; the action of each lead weighs its value against what it costs to work."
	return t
}

// qualifiedTable says how many leads the two gates let through.
func qualifiedTable(q *model.Qualified) table {
	t := table{Caption: "Marketing-qualified leads, a month", Head: []string{"Source", "Leads", "Right fit", "MQLs", "Share of the leads", "Sales expected of them", "One sale in"}}
	line := func(name string, r *model.QualifiedRow) {
		one := "–"
		if r.ExpectedWins > 0 {
			one = fixed(r.MQLs/r.ExpectedWins, 1)
		}
		t.Rows = append(t.Rows, []string{name, fixed(r.Leads, 0), fixed(r.Fit, 0), fixed(r.MQLs, 0), percent(r.MQLs / max(r.Leads, 1e-9)), fixed(r.ExpectedWins, 1), one})
	}
	shown := q.Rows[:min(len(q.Rows), maxTableRows)]
	for i := range shown {
		line(level(shown[i].Source), &shown[i])
	}
	line("All leads", &q.Total)
	t.left(len(q.Rows)-len(shown), "sources")
	t.Note = strings.TrimSpace("Of leads as those of the last quarter. " + q.Words + ". " + t.Note)
	return t
}

// shareTo writes a share in percent with a number of decimals, or that it is not known.
func shareTo(f budget.Figure, decimals int) string {
	if x, known := f.Value(); known {
		return fixed(100*x, decimals) + space + "%"
	}
	return "–"
}

// minus sets the proper sign before a negative amount.
func minus(amount string) string { return strings.Replace(amount, "-", "−", 1) }

// amountIn writes an amount of money.
func amountIn(c budget.Currency, x float64) string { return minus(c.Format(x)) }

// amountOf writes an amount of a column.
func amountOf(k budget.Column, f budget.Figure) string { return minus(k.Write(f)) }

// estimated writes an amount, rounded to the nearest.
func estimated(c budget.Currency, f budget.Figure) string {
	if x, known := f.Value(); known {
		return amountIn(c, x)
	}
	return "–"
}

// most writes a maximum, rounded down.
func most(c budget.Currency, f budget.Figure) string {
	x, known := f.Value()
	if !known {
		return "–"
	}
	return minus(c.AtMost(x))
}
