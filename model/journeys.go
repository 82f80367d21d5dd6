package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Journeys returns the way of each lead of a table through the stages that Stages names, as known on the day that
// the label is applied at: nothing later is in them. A conversion that counts no more, because it came after the
// horizon, is a sale all the same. A sale without a date of its own is dated by its last stage, or its creation. The
// table needs a creation time; its schema must fit the model's.
func (m *Model) Journeys(table *features.Table, asOf string) ([]budget.Journey, error) {
	l, out, err := m.leadsOf(table, asOf, 0)
	if err != nil {
		return nil, err
	}
	return m.journeys(l, out)
}

func (m *Model) journeys(l *leads, out *outcomes) ([]budget.Journey, error) {
	if l.created == nil {
		return nil, fmt.Errorf("model: journeys: no column has the role created_at")
	}
	won, err := m.document.Label.won(l.table)
	if err != nil {
		return nil, err
	}
	profit, err := profitOf(l.table, m.grossMargin())
	if err != nil {
		return nil, err
	}
	w := walker{
		table: l.table, asOf: out.asOf, stages: stagesBetween(l.table.Schema), created: l.created, won: won,
		at: timesOf(l.table, features.RoleConvertedAt), lost: stageTimes(l.table, LostStage),
	}
	text := func(role features.Role) func(row int) string { return textOf(l.table, l.table.Schema.ByRole(role)) }
	id, account, source, reason := text(features.RoleID), text(features.RoleAccount), text(features.RoleSource), text(features.RoleLostReason)
	expected := m.TableProfit(l.table, features.AllRows(l.table.Rows))
	journeys := make([]budget.Journey, l.table.Rows)
	times := make([]time.Time, l.table.Rows*(len(w.stages)+2))
	for r := range journeys {
		j := &journeys[r]
		*j = budget.Journey{Lead: id(r), Account: account(r), Source: source(r), Profit: profit(r), Model: expected[r], Credit: 1}
		j.Entered, times = times[:len(w.stages)+2:len(w.stages)+2], times[len(w.stages)+2:]
		w.walk(r, j)
		if !j.Lost.IsZero() {
			j.Reason = reason(r)
		}
		if math.IsInf(j.Profit, 0) {
			j.Profit = math.NaN()
		}
	}
	return journeys, nil
}

// grossMargin is what revenue is multiplied by where the data hold no profit.
func (m *Model) grossMargin() float64 {
	if m.policy != nil && m.policy.GrossMargin > 0 {
		return m.policy.GrossMargin
	}
	return 1
}

// walker dates the stages of leads.
type walker struct {
	table             *features.Table
	asOf              int64
	stages            []stage
	created, at, lost []int64
	won               []uint8
}

func (w *walker) walk(r int, j *budget.Journey) {
	latest := w.created[r]
	j.Entered[0] = w.known(w.created[r])
	for k, s := range w.stages {
		t := w.table.Columns[s.column].Times[r]
		j.Entered[k+1] = w.known(t)
		if t != features.NoTime && t <= w.asOf {
			latest = max(latest, t)
		}
	}
	if w.won[r] == 1 {
		if w.at != nil && w.at[r] != features.NoTime {
			latest = w.at[r]
		}
		j.Entered[len(w.stages)+1] = w.known(latest)
	}
	if w.lost != nil {
		j.Lost = w.known(w.lost[r])
	}
}

// known is a time, the zero time if it is missing or yet to come.
func (w *walker) known(micros int64) time.Time {
	if micros == features.NoTime || micros > w.asOf {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// stageTimes returns the times of a stage, nil if the data have none.
func stageTimes(table *features.Table, name string) []int64 {
	i := slices.IndexFunc(table.Schema.Fields(), func(f features.Field) bool { return f.Role == features.RoleStage && f.Stage == name })
	if i < 0 {
		return nil
	}
	return table.Columns[i].Times
}

// textOf returns the text of a category of a row, "" if it is missing.
func textOf(table *features.Table, column int) func(row int) string {
	if column < 0 || table.Columns[column].Codes.Len() == 0 {
		return func(int) string { return "" }
	}
	c := &table.Columns[column]
	return func(row int) string {
		if code := c.Codes.At(row); code < len(c.Levels) {
			return c.Levels[code]
		}
		return ""
	}
}

// progress times of a stage: sorted days from it to the next, of the leads that went on.
func progressTimes(journeys []budget.Journey, stages int) [][]float64 {
	days := make([][]float64, stages-1)
	for i := range journeys {
		e := journeys[i].Entered
		for k := range days {
			if !e[k].IsZero() && e[k+1].After(e[k]) {
				days[k] = append(days[k], budget.Days(e[k+1].Sub(e[k])))
			}
		}
	}
	for k := range days {
		slices.Sort(days[k])
	}
	return days
}

// within returns the share of the sorted days that are at most d.
func within(days []float64, d float64) float64 {
	if len(days) == 0 {
		return 0
	}
	n, _ := slices.BinarySearchFunc(days, d, func(x, d float64) int {
		if x <= d {
			return -1
		}
		return cmp.Compare(x, d)
	})
	return float64(n) / float64(len(days))
}
