package budget

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// CountBasis says which events a table counts.
type CountBasis string

// The bases of counting.
const (
	Cohort   CountBasis = "cohort"   // leads acquired in the window, at the stage that they have reached since
	Calendar CountBasis = "calendar" // stages entered in the window, whenever the lead was acquired
)

// Period splits a window into rows.
type Period string

// The periods.
const (
	WholeWindow Period = "window"
	Monthly     Period = "month"
	Quarterly   Period = "quarter"
)

// of is the name of the period that a time is in.
func (p Period) of(t time.Time) string {
	switch p {
	case Monthly:
		return t.Format("2006-01")
	case Quarterly:
		return t.Format("2006") + "-Q" + string(rune('1'+(int(t.Month())-1)/3))
	}
	return ""
}

// Spend is money spent on a source in the period that starts at a time.
type Spend struct {
	Source string
	Start  time.Time
	Amount float64
}

// Outlook is the probability that a lead that has been at a stage for some days is won in the end.
type Outlook func(stage int, days float64) float64

// Outlook returns P(won | stage, days there). progressed(k, days) is the share of those that ever leave stage k for
// the next that have done so after some days; nil if age says nothing.
func (p Path) Outlook(progressed func(stage int, days float64) float64) Outlook {
	chances := p.Chances()
	return func(stage int, days float64) float64 {
		if progressed == nil || stage >= len(p.Rates) {
			return chances[stage]
		}
		q, err := Aged(p.Rates[stage], progressed(stage, days))
		if err != nil {
			return 0
		}
		return q * chances[stage+1]
	}
}

// TableOptions say what a cost table shows.
type TableOptions struct {
	StageCosts []float64 // c_k; its length is the number of stages
	Basis      CountBasis
	Period     Period
	From, To   time.Time // the window, To excluded
	AsOf       time.Time // what happened later is not seen
	ByAccount  bool      // count accounts, not leads
	CycleDays  float64   // the sales cycle (P90): leads younger than this make a row immature
	Outlook    Outlook   // nil = no expected sales
}

// Validate lists what is out of bounds.
func (o TableOptions) Validate() error {
	var b bounds
	b.require(len(o.StageCosts) >= 2, "stage_costs", len(o.StageCosts), "at least two stages, lead and sale")
	for k, c := range o.StageCosts {
		b.amount(at("stage_costs", k), c)
	}
	b.require(o.Basis == Cohort || o.Basis == Calendar, "basis", o.Basis, "cohort or calendar")
	b.require(o.Period == WholeWindow || o.Period == Monthly || o.Period == Quarterly, "period", o.Period, "window, month or quarter")
	b.require(o.From.Before(o.To), "window", o.From, "a start before its end")
	b.require(!o.AsOf.IsZero(), "as_of", o.AsOf, "a time")
	b.amount("cycle_days", o.CycleDays)
	return b.err()
}

// CostTable is the cost of leads, of each stage and of sales, by source.
type CostTable struct {
	Basis CountBasis `json:"basis"`
	Rows  []Costs    `json:"rows"`  // by source and period
	Total Costs      `json:"total"` // each lead once, whatever the sources it counts for

	Duplicates int `json:"duplicates"` // records of a lead that its source has another record of
}

// CostBySource makes a cost table from the records of leads and the spend. Records of one lead count once for each
// source. A source without a record of spend has unknown costs: give organic ones a spend of 0.
func CostBySource(journeys []Journey, spend []Spend, o TableOptions) (*CostTable, error) {
	b := checkJourneys(journeys, len(o.StageCosts))
	if err := o.Validate(); err != nil {
		b = append(b, err)
	}
	for i, s := range spend {
		b.amount(at("spend", i), s.Amount)
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	cells := make(map[cell]*tally)
	table := &CostTable{Basis: o.Basis, Duplicates: o.countAll(journeys, cells)}
	o.spendAll(spend, cells)
	for where, t := range cells {
		row := t.row(o)
		row.Source, row.Period = where.source, where.period
		table.Rows = append(table.Rows, row)
	}
	slices.SortFunc(table.Rows, func(a, b Costs) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Period, b.Period))
	})
	table.Total = o.total(journeys, spend)
	return table, nil
}

func checkJourneys(journeys []Journey, stages int) (b bounds) {
	for i := range journeys {
		j := &journeys[i]
		if len(j.Entered) == stages && j.Credit >= 0 && j.Credit <= 1 && !math.IsInf(j.Profit, 0) && !math.IsInf(j.Model, 0) {
			continue
		}
		b.require(len(j.Entered) == stages, at("journeys", i)+".entered", len(j.Entered), "one time a stage")
		b.share(at("journeys", i)+".credit", j.Credit)
		b.require(!math.IsInf(j.Profit, 0) && !math.IsInf(j.Model, 0), at("journeys", i)+".profit", j.Profit, "finite or NaN")
	}
	return b
}

// cell is a place in the table.
type cell struct{ source, period string }

// tally is what a row is made of.
type tally struct {
	counts   []float64
	profit   float64
	spend    Figure
	open     float64
	expected float64 // sales to come of the open leads
	young    float64
	doubts   Doubts
}

func newTally(stages int) *tally {
	return &tally{counts: make([]float64, stages), spend: Unknown(Unmeasured)}
}

func find(cells map[cell]*tally, where cell, stages int) *tally {
	t := cells[where]
	if t == nil {
		t = newTally(stages)
		cells[where] = t
	}
	return t
}

func (o TableOptions) countAll(journeys []Journey, cells map[cell]*tally) (duplicates int) {
	sources := make(map[string][]Journey)
	for i := range journeys {
		sources[journeys[i].Source] = append(sources[journeys[i].Source], journeys[i])
	}
	for source, own := range sources {
		duplicates += o.countSource(own, func(period string) *tally {
			return find(cells, cell{source, period}, len(o.StageCosts))
		})
	}
	return duplicates
}

// countSource counts leads, each once, into the tallies of their periods, and returns how many records were merged.
func (o TableOptions) countSource(journeys []Journey, in func(period string) *tally) int {
	merged, duplicates := byLead(journeys)
	if o.ByAccount {
		merged = byAccount(merged, o.AsOf)
	}
	for i := range merged {
		if o.Basis == Calendar {
			o.countEvents(&merged[i], in)
		} else {
			o.countLead(&merged[i], in)
		}
	}
	return duplicates
}

func (o TableOptions) inWindow(t time.Time) bool {
	return !t.IsZero() && !t.Before(o.From) && t.Before(o.To) && !t.After(o.AsOf)
}

// countLead counts a lead of the cohort at every stage that it has reached.
func (o TableOptions) countLead(j *Journey, in func(period string) *tally) {
	start := j.entered(0)
	if !o.inWindow(start) {
		return
	}
	t, s := in(o.Period.of(start)), j.At(o.AsOf)
	for k := range s.Stage + 1 {
		t.counts[k] += j.Credit
	}
	t.note(j, s)
	if Days(o.AsOf.Sub(start)) < o.CycleDays {
		t.young += j.Credit
	}
	switch s.Outcome {
	case Won:
		t.sell(j, s)
	case Open:
		t.open += j.Credit
		if o.Outlook != nil {
			t.expected += j.Credit * o.Outlook(s.Stage, Days(o.AsOf.Sub(s.Since)))
		}
	}
}

// countEvents counts the stages that a lead entered in the window.
func (o TableOptions) countEvents(j *Journey, in func(period string) *tally) {
	s := j.At(o.AsOf)
	for k := range s.Stage + 1 {
		entered := j.entered(k)
		if !o.inWindow(entered) {
			continue
		}
		t := in(o.Period.of(entered))
		t.counts[k] += j.Credit
		if k == 0 {
			t.note(j, s)
		}
		if s.Outcome == Won && k == len(j.Entered)-1 {
			t.sell(j, s)
		}
	}
}

func (t *tally) note(j *Journey, s State) {
	skipped, backwards := j.flaws(s.Stage)
	t.doubts.SkippedStages += int(step(skipped))
	t.doubts.OutOfOrder += int(step(backwards))
}

func (t *tally) sell(j *Journey, s State) {
	profit, known := j.earned(s).Value()
	t.profit += j.Credit * profit
	t.doubts.ProfitsMissing += int(step(!known))
	t.doubts.ProfitsFilled += int(step(known && math.IsNaN(j.Profit)))
}

func (o TableOptions) spendAll(spend []Spend, cells map[cell]*tally) {
	for _, s := range spend {
		if o.inWindow(s.Start) {
			find(cells, cell{s.Source, o.Period.of(s.Start)}, len(o.StageCosts)).pay(s.Amount)
		}
	}
}

func (t *tally) pay(amount float64) {
	before, _ := t.spend.Value()
	t.spend = Known(before + amount)
}

func (t *tally) row(o TableOptions) Costs {
	row := costRow(t.spend, t.counts, o.StageCosts, t.profit, t.young)
	row.Doubts = t.doubts
	if o.Basis == Calendar {
		return row
	}
	m := &row.Maturity
	m.Open, m.Immature = t.open, t.young > 0
	m.MatureShare = over(t.counts[0]-t.young, t.counts[0], NoLeads)
	if o.Outlook != nil {
		m.ExpectedWins = Known(t.counts[len(t.counts)-1] + t.expected)
		m.PerExpected = t.spend.over(t.counts[len(t.counts)-1]+t.expected, NoWins)
	}
	return row
}

// total counts every lead once over the whole window.
func (o TableOptions) total(journeys []Journey, spend []Spend) Costs {
	whole := o
	whole.Period = WholeWindow
	all := newTally(len(o.StageCosts))
	whole.countSource(journeys, func(string) *tally { return all })
	for _, s := range spend {
		if o.inWindow(s.Start) {
			all.pay(s.Amount)
		}
	}
	return all.row(whole)
}
