package model

import (
	"fmt"
	"math"
	"strconv"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// HourBalance compares the hours of the team with the hours that leads worth working take, in a month.
type HourBalance struct {
	Available float64 `json:"available"`  // a month
	Wanted    float64 `json:"wanted"`     // by the leads worth working
	Shadow    float64 `json:"mu"`         // what one more hour would bring; 0 = hours are idle
	Wage      float64 `json:"hour_price"` // of the policy
	Price     float64 `json:"price"`      // charged in the caps: the larger of the two
	Load      *Load   `json:"load"`       // nil where no lead takes hours
	Words     string  `json:"words"`
}

// Load is how the team keeps up with the leads that are worth working.
type Load struct {
	Arrivals float64       `json:"arrivals"`        // leads worth working that come in a day
	Capacity float64       `json:"capacity"`        // leads that the team can work in a day
	Stage    string        `json:"stage,omitempty"` // of the hand-off, "" if the data have none
	Waiting  budget.Figure `json:"waiting"`         // leads that entered it and neither went on nor were lost
	budget.Load
}

// balance finds the price of an hour when the team has so many a month.
func (e *Economics) balance(m *Model, table *features.Table, hours float64) (*HourBalance, error) {
	p := m.policy
	if !(p.HoursPerLead > 0) {
		return nil, fmt.Errorf("model: economics: hours are given, but the policy does not say how many a lead takes (economics.hours_per_lead)")
	}
	l := timesOf(table, features.RoleCreatedAt)
	if l == nil {
		return nil, fmt.Errorf("model: economics: the hours of a month are given, but no column has the role created_at")
	}
	own := leads{created: l}
	from, to := own.span(features.AllRows(table.Rows))
	months := max(float64(to-from)/float64(day)*12/365, 1.0/31)
	money := m.TableMoney(table, nil)
	work := make([]budget.Work, table.Rows)
	b := &HourBalance{Available: hours, Wage: p.HourPrice}
	for r := range work {
		profit := money.Value[r] - money.Cost[r] + p.HoursPerLead*p.HourPrice
		work[r] = budget.Work{ID: strconv.Itoa(r), Profit: profit, Hours: p.HoursPerLead}
		if profit > 0 {
			b.Wanted += p.HoursPerLead / months
		}
	}
	queue, err := budget.Line(work, hours*months)
	if err != nil {
		return nil, fmt.Errorf("model: economics: %w", err)
	}
	b.Shadow = queue.Mu
	b.Price = max(b.Shadow, b.Wage)
	if b.Load, err = e.load(b, p.HoursPerLead); err != nil {
		return nil, err
	}
	c := p.Currency
	switch {
	case b.Shadow == 0:
		b.Words = fmt.Sprintf("the team has %s hours a month and the leads worth working take %s: hours are idle, and one more would bring nothing", budget.Count(hours), budget.Count(b.Wanted))
	case b.Shadow > b.Wage:
		b.Words = fmt.Sprintf("the team has %s hours a month and the leads worth working take %s: one more hour would bring %s for the %s it costs, so that every lead is charged %s an hour", budget.Count(hours), budget.Count(b.Wanted), c.Format(b.Shadow), c.Format(b.Wage), c.Format(b.Price))
	default:
		b.Words = fmt.Sprintf("the team has %s hours a month and the leads worth working take %s: one more hour would bring %s, less than the %s it costs", budget.Count(hours), budget.Count(b.Wanted), c.Format(b.Shadow), c.Format(b.Wage))
	}
	b.Words += "; " + b.Load.words()
	return b, nil
}

// load sets the leads that come and wait beside those that the team can work, in a day.
func (e *Economics) load(b *HourBalance, hoursPerLead float64) (*Load, error) {
	perDay := 12.0 / 365 / hoursPerLead
	l := &Load{Arrivals: b.Wanted * perDay, Capacity: b.Available * perDay, Waiting: budget.Unknown(budget.Unmeasured)}
	if f := e.Funnel; f != nil {
		if k := stageOf(f.Stages, handOffStages); k >= 0 && k < len(f.Leaks) {
			l.Stage, l.Waiting = f.Stages[k], budget.Known(f.Leaks[k].Open)
		}
	}
	waiting, known := l.Waiting.Value()
	var err error
	if l.Load, err = budget.Workload(l.Arrivals, l.Capacity, waiting); err != nil {
		return nil, fmt.Errorf("model: economics: %w", err)
	}
	if !known {
		l.Wait = l.Waiting
	}
	return l, nil
}

// words says how the team keeps up.
func (l *Load) words() string {
	text := fmt.Sprintf("it can work %s leads a day", fewCount(l.Capacity))
	if used, known := l.Utilization.Value(); known {
		text += fmt.Sprintf(" and %s worth it come, %s of that", fewCount(l.Arrivals), budget.Percent(math.Round(100*used)/100))
	} else {
		text += fmt.Sprintf(" and %s worth it come", fewCount(l.Arrivals))
	}
	if l.Overloaded {
		text += fmt.Sprintf(": the backlog grows by %s a day", fewCount(l.Growth))
	}
	waiting, known := l.Waiting.Value()
	if !known {
		return text
	}
	have := "have"
	if waiting == 1 {
		have = "has"
	}
	text += fmt.Sprintf("; %s at %s %s neither gone on nor been lost", unitsOf(waiting, LeadStage), l.Stage, have)
	if days, known := l.Wait.Value(); known && waiting > 0 {
		text += fmt.Sprintf(", %s days of the team's work", fewCount(days))
	}
	return text
}

// fewCount writes a number of leads or days, with one place where it is small.
func fewCount(x float64) string {
	if x > 0 && x < 10 {
		return fmt.Sprintf("%.1f", x)
	}
	return budget.Count(x)
}
