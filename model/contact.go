package model

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/leadscore/leadscore/budget"
)

// ContactWaits is how long leads waited from one stage to the first contact, those that still wait counted.
type ContactWaits struct {
	From      string        `json:"from"` // the stage of the hand-off
	To        string        `json:"to"`   // the stage of the first contact
	Leads     int           `json:"leads"`
	Contacted int           `json:"contacted"`
	NaiveMean budget.Figure `json:"naive_mean_days"` // over the contacted alone: too short
	Median    budget.Figure `json:"median_days"`
	P90       budget.Figure `json:"p90_days"`
	Within1   budget.Figure `json:"within_1_day"`
	Within7   budget.Figure `json:"within_7_days"`
	Mean30    budget.Figure `json:"mean_days_to_day_30"` // restricted to 30 days

	Working *WorkingWaits `json:"working_time,omitempty"` // nil without a workweek
	Service *ServiceLevel `json:"sla,omitempty"`          // nil without an agreement
	Stale   *StaleWaits   `json:"stale,omitempty"`        // nil without an assumption of what a day of waiting costs
}

// ContactRules say what waits for the first contact are measured by.
type ContactRules struct {
	Workweek *budget.Workweek // of the team; nil = waits are not measured in working time
	Agreed   time.Duration    // within which a lead is to be contacted, in working time where there is a workweek; 0 = nothing is agreed
	Decay    float64          // κ, what the chance of a sale is assumed to lose a day until the first contact; 0 = no assumption
}

// WorkingWaits are the waits in the time that the team works.
type WorkingWaits struct {
	Median budget.Figure `json:"median_hours"`
	P90    budget.Figure `json:"p90_hours"`
}

// ServiceLevel is how far an agreement on the first contact is kept.
type ServiceLevel struct {
	Hours   float64       `json:"hours"`   // within which a lead is to be contacted
	Working bool          `json:"working"` // they are hours of the team's work
	Met     budget.Figure `json:"met"`     // share of the leads
}

// StaleWaits is what waiting is assumed to cost.
type StaleWaits struct {
	Decay float64       `json:"decay"` // κ a day: assumed
	Worth float64       `json:"worth"` // of a lead at the hand-off
	Lost  budget.Figure `json:"lost"`  // of it by the waits that were measured, at least
	After []StaleAfter  `json:"after"`
}

// StaleAfter is what is lost of a lead after some days.
type StaleAfter struct {
	Days float64 `json:"days"`
	Lost float64 `json:"lost"`
}

// staleDays are the days of which StaleWaits says what they cost.
var staleDays = []float64{1, 3, 7, 14}

// span is the time from a hand-off to the first contact, or to the end of the wait without one.
type span struct {
	from, to  time.Time
	contacted bool
}

// contact measures the waits from hand-off to first contact; nil where the data do not have both. values are those of
// a lead at each stage.
func (x *economist) contact(stages []string, values []float64) (*ContactWaits, error) {
	from, to := stageOf(stages, handOffStages), stageOf(stages, contactStages)
	if from < 0 || to < 0 {
		return nil, nil
	}
	spans := x.contactSpans(from, to)
	w, err := waitTimes(spans, func(s span) float64 { return budget.Days(s.to.Sub(s.from)) })
	if err != nil {
		return nil, err
	}
	c := &ContactWaits{
		From: stages[from], To: stages[to], Leads: w.Leads, Contacted: w.Contacted, NaiveMean: w.NaiveMean,
		Median: w.Quantile(0.5), P90: w.Quantile(0.9), Within1: w.Within(1), Within7: w.Within(7), Mean30: w.Mean(30),
	}
	rules := x.o.Contact
	agreed, within := rules.Agreed.Hours()/24, w
	if week := rules.Workweek; week != nil {
		agreed = rules.Agreed.Hours()
		if within, err = waitTimes(spans, func(s span) float64 { return week.Between(s.from, s.to).Hours() }); err != nil {
			return nil, err
		}
		c.Working = &WorkingWaits{Median: within.Quantile(0.5), P90: within.Quantile(0.9)}
	}
	if rules.Agreed > 0 {
		c.Service = &ServiceLevel{Hours: rules.Agreed.Hours(), Working: rules.Workweek != nil, Met: within.Within(agreed)}
	}
	if rules.Decay > 0 {
		c.Stale, err = staleWaits(w, values[from], rules.Decay)
	}
	return c, err
}

// stageOf returns the first of the names that is a stage, -1 if none is.
func stageOf(stages, names []string) int {
	for _, name := range names {
		if k := slices.Index(stages, name); k >= 0 {
			return k
		}
	}
	return -1
}

// contactSpans are the waits of all leads that entered the stage of the hand-off.
func (x *economist) contactSpans(from, to int) (spans []span) {
	for i := range x.journeys {
		j := &x.journeys[i]
		start, end := j.Entered[from], j.Entered[to]
		switch {
		case start.IsZero():
		case !end.IsZero():
			spans = append(spans, span{start, end, true})
		case j.Lost.After(start):
			spans = append(spans, span{start, j.Lost, false})
		default:
			spans = append(spans, span{start, x.clock.asOf, false})
		}
	}
	return spans
}

// waitTimes estimates the waits of the spans; one that ends before it starts has length 0.
func waitTimes(spans []span, length func(span) float64) (budget.Waits, error) {
	waits := make([]budget.Wait, len(spans))
	for i, s := range spans {
		waits[i] = budget.Wait{Days: math.Max(length(s), 0), Contacted: s.contacted}
	}
	w, err := budget.WaitTimes(waits)
	if err != nil {
		return w, fmt.Errorf("model: funnel: %w", err)
	}
	return w, nil
}

// staleWaits says what the waits cost leads of a value at the hand-off.
func staleWaits(w budget.Waits, value, decay float64) (*StaleWaits, error) {
	s := &StaleWaits{Decay: decay, Worth: value}
	var err error
	if s.Lost, err = w.Loss(value, decay); err != nil {
		return nil, fmt.Errorf("model: funnel: %w", err)
	}
	for _, days := range staleDays {
		lost, err := budget.StaleLoss(value, decay, days)
		if err != nil {
			return nil, fmt.Errorf("model: funnel: %w", err)
		}
		s.After = append(s.After, StaleAfter{days, lost})
	}
	return s, nil
}

// Words says how long half and nine in ten of the leads wait while the team works.
func (w *WorkingWaits) Words() string {
	wait := func(share string, f budget.Figure) string {
		if hours, known := f.Value(); known {
			return fmt.Sprintf("%s within %.1f hours", share, hours)
		}
		return fmt.Sprintf("fewer than %s are contacted", share)
	}
	return wait("half", w.Median) + ", " + wait("nine in ten", w.P90)
}

// Words says what share of the leads is contacted in time.
func (s *ServiceLevel) Words() string {
	span := fmt.Sprintf("%g hours", s.Hours)
	switch {
	case s.Working && s.Hours == 1:
		span = "working hour"
	case s.Working:
		span = fmt.Sprintf("%g working hours", s.Hours)
	case s.Hours >= 48:
		span = fmt.Sprintf("%g days", s.Hours/24)
	case s.Hours == 1:
		span = "hour"
	}
	met, known := s.Met.Value()
	if !known {
		return fmt.Sprintf("whether leads are contacted within %s is not known: none has waited so long", span)
	}
	return fmt.Sprintf("%s of the leads are contacted within the agreed %s", budget.Percent(math.Round(1e3*met)/1e3), span)
}

// Words says what waiting is assumed to cost.
func (s *StaleWaits) Words(c budget.Currency) string {
	text := fmt.Sprintf("at an assumed decay of %s a day, a lead worth %s at the hand-off loses", budget.Percent(s.Decay), c.Format(s.Worth))
	for i, after := range s.After {
		switch i {
		case 0:
			text += fmt.Sprintf(" %s in a day", c.Format(after.Lost))
		default:
			text += fmt.Sprintf(", %s in %g", c.Format(after.Lost), after.Days)
		}
	}
	if lost, known := s.Lost.Value(); known {
		text += fmt.Sprintf("; the waits that were measured cost at least %s a lead", c.Format(lost))
	}
	return text + " (who is called first is no chance: only a test tells the decay)"
}
