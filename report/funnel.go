package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// funnel shows how far leads come, where they are lost, and why.
func (b *builder) funnel() *section {
	s := &section{ID: "funnel", Title: "Funnel", Question: "where are leads lost, and why?", Layout: "one"}
	e := b.options.Economics
	if e == nil || e.Funnel == nil || len(e.Funnel.Leaks) == 0 {
		s.Missing = "the data name no creation time, or the table was not asked for"
		return s
	}
	f, c := e.Funnel, e.Policy.Currency
	s.Lead = leakLead(f, c)
	if f.Lossless() {
		s.Text = []string{"Note that " + model.LosslessNote + "."}
	}
	s.Figures = []figure{b.funnelFigure(e)}
	s.Tables = []table{leakTable(f, c), reasonTable(f, c), sourceLeaks(f)}
	if len(f.Unlike) > 0 {
		s.Tables = append(s.Tables, peersTable(f, c))
	}
	s.Tables = append(s.Tables, costTables(e, c)...)
	contact := facts{"From hand-off to first contact", []fact{{"Days", none + " because the data have no time of a first contact (a stage named contacted)"}}}
	if w := f.Contact; w != nil {
		contact.Rows = contactFacts(w, c)
	}
	s.Facts = []facts{contact}
	return s
}

func leakLead(f *model.Funnel, c budget.Currency) string {
	weakest, gain := 0, math.Inf(-1)
	for k, r := range f.Repairs {
		if x, known := r.Value(); known && x > gain {
			weakest, gain = k, x
		}
	}
	if math.IsInf(gain, 0) {
		return "No leak can be valued."
	}
	return fmt.Sprintf("Five points more of the leads going on from %s to %s would be worth most: %s on every lead.",
		stageName(f.Stages[weakest]), stageName(f.Stages[weakest+1]), amountIn(c, gain))
}

func stageName(name string) string { return level(name) }

// funnelFigure draws how many leads reach each stage.
func (b *builder) funnelFigure(e *model.Economics) figure {
	const id, title = "funnel-plot", "How many leads reach each stage"
	f := e.Funnel
	reached := make([]float64, len(f.Stages))
	for _, l := range f.Leaks {
		reached[l.Stage] = l.Entered
	}
	last := f.Leaks[len(f.Leaks)-1]
	if last.Stage == len(f.Stages)-2 {
		reached[len(f.Stages)-1] = last.Progressed
	}
	p := newPlot("leads", "")
	amount(&p.X, reached[0]*1.12, false, 8)
	p.Y.Min, p.Y.Max = -0.6, float64(len(reached))-0.4
	add(p, &plotter.Grid{Vertical: rule})
	var names ticks
	for k, n := range reached {
		y := float64(len(reached) - 1 - k)
		names = append(names, plot.Tick{Value: y, Label: lettered(f.Stages[k], 24)})
		words := count(n) + " (" + percent(n/max(reached[0], 1)) + ")"
		add(p, outlined(band, blue, box(0, y-0.32, n, y+0.32)), noted(n, y, 4, 0, words, -1))
	}
	p.Y.Tick.Marker, p.Y.Tick.Length = names, 0
	caption := "Leads that have reached each stage so far, those too young to have come further included; in brackets their share of all leads."
	return b.draw(id, title, caption, "Bars of the leads at each stage, from the lead to the sale.", wide, vg.Length(26*len(reached)+52), alone(p))
}

func leakTable(f *model.Funnel, c budget.Currency) table {
	t := table{Caption: "Leaks, stage by stage", Open: true, Head: []string{"Stage", "Entered", "Went on", "Lost", "Open", "Rate of the resolved", levelName(nil), "Raw rate", "Entered for one that went on", "Five points more are worth, a lead"}}
	for _, l := range f.Leaks {
		gain := "–"
		if l.Stage < len(f.Repairs) {
			gain = estimated(c, f.Repairs[l.Stage])
		}
		ratio := "–"
		if x, known := l.Ratio.Value(); known {
			ratio = fixed(x, 1)
		}
		t.Rows = append(t.Rows, []string{stageName(f.Stages[l.Stage]), count(l.Entered), count(l.Progressed), count(l.Lost), count(l.Open), shareTo(l.Rate, 2), interval2(l.Low, l.High), shareTo(l.RawRate, 2), ratio, gain})
	}
	t.Note = "Resolved leads went on or were lost; open ones may still do either."
	return t
}

func interval2(low, high budget.Figure) string {
	if _, known := low.Value(); !known {
		return "–"
	}
	return shareTo(low, 2) + " to " + shareTo(high, 2)
}

// shownReasons is how many reasons of a stage the table has.
const shownReasons = 8

func reasonTable(f *model.Funnel, c budget.Currency) table {
	t := table{Caption: "Why leads are lost", Open: true, Head: []string{"Stage", "Reason", "Kind", "Lost", "Share of the lost", "Worth at most"}, Words: map[int]bool{1: true, 2: true}}
	for _, l := range f.Leaks {
		for _, r := range l.Reasons[:min(len(l.Reasons), shownReasons)] {
			reason := "(none given)"
			if r.Reason != "" {
				reason = level(r.Reason)
			}
			t.Rows = append(t.Rows, []string{stageName(f.Stages[l.Stage]), reason, r.Cause.Words(), count(r.Count), percent(r.Count / max(l.Lost, 1)), amountIn(c, math.Round(r.Worth))})
		}
	}
	t.Note = "Worth is what the leads were expected to bring when they entered the stage: an upper bound of what removing the reason would bring."
	for _, l := range f.Leaks {
		if x, known := l.UnknownShare.Value(); known && l.UnknownIsMany {
			t.Note += fmt.Sprintf(" At %s, %s of the losses have no known reason: too many to trust the others.", stageName(f.Stages[l.Stage]), percent(x))
		}
	}
	return t
}

// sourceLeaks is the rate of each stage by source.
func sourceLeaks(f *model.Funnel) table {
	t := table{Caption: "Leaks by source", Head: []string{"Source"}}
	for k := range len(f.Stages) - 1 {
		t.Head = append(t.Head, stageName(f.Stages[k])+" → "+stageName(f.Stages[k+1]))
	}
	place := map[string]int{}
	for _, l := range f.BySource {
		i, seen := place[l.Source]
		if !seen {
			if len(t.Rows) == maxTableRows {
				continue
			}
			i = len(t.Rows)
			place[l.Source] = i
			row := make([]string, len(t.Head))
			for k := range row {
				row[k] = "–"
			}
			row[0] = level(l.Source)
			t.Rows = append(t.Rows, row)
		}
		if rate, known := l.Rate.Value(); known && 1+l.Stage < len(t.Head) {
			low, _ := l.Low.Value()
			high, _ := l.High.Value()
			t.Rows[i][1+l.Stage] = fmt.Sprintf("%s (%s–%s)", percent(rate), fixed(100*low, 1), fixed(100*high, 1))
		}
	}
	t.Note = "In brackets the " + levelName(nil) + ", in percent."
	return t
}

// peersTable is where the leads of a source go on otherwise than those of the others that are like them.
func peersTable(f *model.Funnel, c budget.Currency) table {
	t := table{Caption: "Sources beside leads alike of the others", Head: []string{"Source", "Stage", "Resolved", "Went on", "Of leads alike", "Standard errors", "Came to"}, Words: map[int]bool{1: true}}
	shown := f.Unlike[:min(len(f.Unlike), maxTableRows)]
	for _, l := range shown {
		z, _ := l.Peers.Z.Value()
		t.Rows = append(t.Rows, []string{level(l.Source), stageName(f.Stages[l.Stage]), count(l.Peers.Units), shareTo(l.Peers.Rate, 2), shareTo(l.Peers.Expected, 2), minus(fmt.Sprintf("%+.1f", z)), amountOf(c.Estimates(), l.Peers.Worth)})
	}
	t.Note = sentence(model.PeersWords(f.Unlike))
	return t
}

func contactFacts(w *model.ContactWaits, c budget.Currency) []fact {
	days := func(f budget.Figure) string {
		x, known := f.Value()
		switch {
		case known:
			return fixed(x, 1) + " days"
		case f.Reason() == budget.Unresolved:
			return "not yet: so many are not contacted at all"
		}
		return none
	}
	share := func(f budget.Figure) string {
		if x, known := f.Value(); known {
			return percent(x)
		}
		return none
	}
	facts := []fact{
		{"From, to", stageName(w.From) + ", " + stageName(w.To)},
		{"Leads", fmt.Sprintf("%s, of which %s were contacted", count(float64(w.Leads)), count(float64(w.Contacted)))},
		{"Median, those still waiting counted", days(w.Median)},
		{"Nine in ten contacted within", days(w.P90)},
		{"Contacted within one day, seven days", share(w.Within1) + ", " + share(w.Within7)},
		{"Mean, up to 30 days", days(w.Mean30)},
		{"Mean of the contacted alone, which is too short", days(w.NaiveMean)},
	}
	if w.Working != nil {
		facts = append(facts, fact{"In working time", w.Working.Words()})
	}
	if w.Service != nil {
		facts = append(facts, fact{"Agreement", w.Service.Words()})
	}
	if w.Stale != nil {
		facts = append(facts, fact{"What waiting costs", w.Stale.Words(c)})
	}
	return facts
}
