package model

import (
	"fmt"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// A lead that converts within the horizon takes a while to: its lag, the time from creation to conversion. The lag
// curve G(a) is the share of such leads that have converted by the age a; G is 0 at creation and 1 at the horizon. A lead
// of probability p that is a old and has not converted converts by the horizon with
//
//	P(a) = p·(1 − G(a)) / (1 − p·G(a))
//
// Curves are steps of probability, of a day or, beyond mostSteps days, of several, spread evenly within a step. There is
// one for all leads, or one for each level of a single column.
//
// Where creation or conversion is known to the day only, a lag of 3 days is the whole of the fourth step, and an age of 3
// days has seen it pass: ages then count the present day.

// mostSteps bounds the steps of a curve.
const mostSteps = 730

// Delay is what training found out of lags, and what the immature leads contributed to the fit.
type Delay struct {
	Used      int     `json:"immature_used"` // immature leads in the fit: 0 in the plain recipe
	Converted float64 `json:"converted"`     // weight of those that have converted
	Expected  float64 `json:"expected"`      // conversions expected of the others by their horizon
	Rounds    int     `json:"rounds"`        // of expectation and maximisation at the final penalties
	DaysAStep int     `json:"days_a_step"`
	WholeDays bool    `json:"whole_days,omitempty"` // an age counts the present day
	By        string  `json:"by,omitempty"`         // the column whose levels have curves of their own
	Curves    []Lag   `json:"curves"`
}

// Lag is a lag curve.
type Lag struct {
	Level       string    `json:"level,omitempty"` // of Delay.By; "" = of all values without a curve of their own
	Conversions float64   `json:"conversions"`     // within the horizon: seen, and expected of immature leads
	Median      float64   `json:"median_days"`
	P90         float64   `json:"p90_days"`
	Cumulative  []float64 `json:"cumulative"` // G at the end of each step, the last is 1
}

// aged is P(a) of the head of this file, where g = G(a).
func aged(p, g float64) float64 {
	q, err := budget.Aged(p, g)
	if err != nil { // p and g are shares
		return 0
	}
	return q
}

// at is G after so many steps.
func (l *Lag) at(steps float64) float64 { return cumulativeAt(l.Cumulative, steps) }

func cumulativeAt(cumulative []float64, steps float64) float64 {
	switch k := int(max(0, min(steps, float64(len(cumulative))))); {
	case k == len(cumulative):
		return 1
	case k == 0:
		return max(0, steps) * cumulative[0]
	default:
		return cumulative[k-1] + (steps-float64(k))*(cumulative[k]-cumulative[k-1])
	}
}

// quantile returns the days after which a share of the conversions has come.
func (d *Delay) quantile(cumulative []float64, share float64) float64 {
	k, _ := slices.BinarySearch(cumulative, share)
	k = min(k, len(cumulative)-1)
	if d.WholeDays {
		return float64(k * d.DaysAStep)
	}
	before := 0.0
	if k > 0 {
		before = cumulative[k-1]
	}
	within := 1.0
	if height := cumulative[k] - before; height > 0 {
		within = (share - before) / height
	}
	return (float64(k) + within) * float64(d.DaysAStep)
}

// curve returns the curve of a text of the column By, "" = missing.
func (d *Delay) curve(level string) *Lag {
	for i := range d.Curves {
		if c := &d.Curves[i]; c.Level != "" && c.Level == level {
			return c
		}
	}
	return &d.Curves[len(d.Curves)-1]
}

// check says what is wrong with curves that were read from a file.
func (d *Delay) check(encoder *features.Encoder, horizon int) error {
	if d == nil {
		return nil
	}
	schema := encoder.Schema()
	if schema.ByRole(features.RoleCreatedAt) < 0 || schema.ByRole(features.RoleConvertedAt) < 0 || schema.ByRole(features.RoleOutcome) < 0 {
		return fmt.Errorf("model: delay: the schema does not say when leads are created and converted")
	}
	if d.DaysAStep < 1 || horizon < 1 || len(d.Curves) == 0 || d.Curves[len(d.Curves)-1].Level != "" {
		return fmt.Errorf("model: delay: %d curves of steps of %d days over %d days, the last of them for all other leads", len(d.Curves), d.DaysAStep, horizon)
	}
	if d.By != "" {
		if i := schema.Index(d.By); i < 0 || !mayHaveLags(&schema.Fields()[i]) {
			return fmt.Errorf("model: delay: %q is not a category among the features", d.By)
		}
	}
	for i := range d.Curves {
		c := &d.Curves[i]
		if want := stepsOf(horizon, d.DaysAStep, d.WholeDays); len(c.Cumulative) != want || c.Cumulative[want-1] != 1 {
			return fmt.Errorf("model: delay: curve %d has %d steps, want %d that end at 1", i, len(c.Cumulative), want)
		}
		before := 0.0
		for _, g := range c.Cumulative {
			if !(g >= before && g <= 1) {
				return fmt.Errorf("model: delay: curve %d: %v after %v is no cumulative share", i, g, before)
			}
			before = g
		}
	}
	return nil
}

// stepsOf is how many steps of so many days a curve up to the horizon has. A lag of whole days may be the horizon itself.
func stepsOf(horizon, days int, whole bool) int {
	if whole {
		horizon++
	}
	return (horizon + days - 1) / days
}

// lagTimes tells ages and lags of the rows of a table, in steps.
type lagTimes struct {
	created, at []int64
	asOf        int64
	days        int // a step
	steps       int
	whole       bool // known to the day
}

// lagTimes returns the times of the table's leads; nil unless they are created and converted at a time, within a horizon.
func (l Label) lagTimes(table *features.Table, asOf int64) *lagTimes {
	t := &lagTimes{created: timesOf(table, features.RoleCreatedAt), asOf: asOf}
	if l.At != "" {
		t.at = timesOf(table, features.RoleConvertedAt)
	}
	if l.Horizon == 0 || t.created == nil || t.at == nil {
		return nil
	}
	t.whole = midnights(t.created) || midnights(t.at)
	t.days = 1 + (l.Horizon-1)/mostSteps
	t.steps = stepsOf(l.Horizon, t.days, t.whole)
	return t
}

// midnights reports whether every time that is known is the start of a day.
func midnights(times []int64) bool {
	return !slices.ContainsFunc(times, func(t int64) bool { return t != features.NoTime && t%day != 0 })
}

// between returns the steps from one time to a later one.
func (t *lagTimes) between(from, to int64) float64 {
	if t.whole {
		return float64(floorDay(to)-floorDay(from)) / float64(t.days)
	}
	return float64(to-from) / float64(day) / float64(t.days)
}

func floorDay(micros int64) int64 { return (micros - (micros%day+day)%day) / day }

// age is how many steps have passed for a row, at most all.
func (t *lagTimes) age(row int32) float64 {
	return min(t.ageOf(t.created[row], t.asOf), float64(t.steps))
}

func (t *lagTimes) ageOf(created, asOf int64) float64 {
	age := t.between(created, asOf)
	if t.whole {
		age += 1 / float64(t.days)
	}
	return max(0, age)
}

// lag is the step in which a converted row converted, −1 if that is not known.
func (t *lagTimes) lag(row int32) int {
	if t.at[row] == features.NoTime {
		return -1
	}
	return min(int(max(0, t.between(t.created[row], t.at[row]))), t.steps-1)
}
