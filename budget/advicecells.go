package budget

// AdviceCells are the amounts of a source in the table of a plan, as they are written.
type AdviceCells struct {
	Current, Spend, Change     string
	AverageCost, LastCost, Cap string // of a lead, of the last lead, and the most that one may cost
}

// Cells writes the amounts of the sources, each column with the same decimals: what is spent today, with the change, is
// what is planned, and a cap is rounded down.
func (r *PlanResult) Cells() []AdviceCells {
	c := r.Plan.Limits.Currency
	column := func(of func(a *Advice) Figure) (amounts []Figure, k Column) {
		for i := range r.Sources {
			amounts = append(amounts, of(&r.Sources[i]))
		}
		return amounts, c.Prices(amounts...)
	}
	current, k := column(func(a *Advice) Figure { return Known(a.Current) })
	spend, l := column(func(a *Advice) Figure { return Known(a.Spend.Major()) })
	change, m := column(func(a *Advice) Figure { return Known(c.Difference(a.Spend.Major(), a.Current)) })
	average, n := column(func(a *Advice) Figure { return a.AverageCost })
	last, o := column((*Advice).LastCost)
	limit, p := column(func(a *Advice) Figure { return Known(c.RoundDown(a.Cap.Max)) })
	cells := make([]AdviceCells, len(r.Sources))
	for i := range cells {
		cells[i] = AdviceCells{k.Write(current[i]), l.Write(spend[i]), m.Signed(change[i]), n.Write(average[i]), o.Write(last[i]), p.Write(limit[i])}
	}
	return cells
}

// LastCost is what the last lead costs, where one is bought.
func (a *Advice) LastCost() Figure {
	if a.Spend.Minor == 0 {
		return Unknown(NoSpend)
	}
	return a.MarginalCost
}

// Notes say what binds a source and how its curve is known.
func (a *Advice) Notes() (notes []string) {
	switch {
	case a.Bound == AtLow && a.Spend.Minor == 0:
		notes = append(notes, "not worth a first lead")
	case a.Bound == AtLow:
		notes = append(notes, "at its least")
	case a.Bound == AtHigh:
		notes = append(notes, "at its most")
	case a.Bound == Locked:
		notes = append(notes, "locked")
	}
	if a.Assumed {
		notes = append(notes, "curve assumed")
	}
	if a.Extrapolated {
		notes = append(notes, "extrapolated")
	}
	return notes
}
