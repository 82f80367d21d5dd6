package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// shownReasons is how many reasons of a stage are printed; --json has all.
const shownReasons = 6

// describeLeaks prints where leads are lost and why, and what mending it is worth.
func describeLeaks(w io.Writer, f *model.Funnel, c budget.Currency, level float64) {
	fmt.Fprint(w, "\nwhere leads are lost\n\n")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "stage\tentered\twent on\tlost\topen\tof the resolved\t%.0f %% interval\tof all\t5 points more, a lead\t\n", 100*level)
	for _, l := range f.Leaks {
		interval, gain := "–", budget.Unknown(budget.Unmeasured)
		if low, known := l.Low.Value(); known {
			high, _ := l.High.Value()
			interval = fmt.Sprintf("%.2f–%.2f %%", 100*low, 100*high)
		}
		if l.Stage < len(f.Repairs) {
			gain = f.Repairs[l.Stage]
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", f.Stages[l.Stage], budget.Count(l.Entered), budget.Count(l.Progressed), budget.Count(l.Lost), budget.Count(l.Open),
			percentFigure(l.Rate), interval, percentFigure(l.RawRate), estimate(c, gain))
	}
	_ = t.Flush()
	if f.Lossless() {
		paragraph(w, "%s", model.LosslessNote)
		return
	}
	paragraph(w, "resolved leads went on or were lost, open ones may still do either; 5 points more: what each lead would be worth more if so many more went on")
	fmt.Fprintln(w)
	fmt.Fprintln(t, "stage\treason\tkind\tlost\tof the lost\tworth at most\t")
	for _, l := range f.Leaks {
		for _, r := range l.Reasons[:min(len(l.Reasons), shownReasons)] {
			name, share := r.Reason, budget.Unknown(budget.NoLeads)
			if name == "" {
				name = "(none given)"
			}
			if l.Lost > 0 {
				share = budget.Known(r.Count / l.Lost)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", f.Stages[l.Stage], name, r.Cause.Words(), budget.Count(r.Count), returnFigure(share), c.Format(math.Round(r.Worth)))
		}
	}
	_ = t.Flush()
	paragraph(w, "worth at most: what those leads were expected to bring when they entered the stage, more than mending the reason can bring")
	describePeers(w, f, c)
	for _, l := range f.Leaks {
		if share, known := l.UnknownShare.Value(); known && l.UnknownIsMany {
			paragraph(w, "at %s, %s of the losses have no known reason: too many to trust the others", f.Stages[l.Stage], budget.Percent(share))
		}
	}
}

// describePeers prints where the leads of a source go on otherwise than those of the others that are like them.
func describePeers(w io.Writer, f *model.Funnel, c budget.Currency) {
	fmt.Fprintf(w, "\n%s\n", wrapped("", model.PeersWords(f.Unlike)))
	if len(f.Unlike) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "source\tstage\tresolved\twent on\tof leads alike\tz\tcame to\t")
	for _, l := range f.Unlike {
		z, _ := l.Peers.Z.Value()
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%+.1f\t%s\t\n", l.Source, f.Stages[l.Stage], budget.Count(l.Peers.Units), percentFigure(l.Peers.Rate), percentFigure(l.Peers.Expected), z, c.Estimates().Write(l.Peers.Worth))
	}
	_ = t.Flush()
}
