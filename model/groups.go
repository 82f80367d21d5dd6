package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/leadscore/leadscore/features"
)

// byCohort groups leads by the month of their creation.
const byCohort = "cohort"

// groups measures rows by source, by each segment and by cohort.
func (l *leads) groups(rows []int32, logOdds []float64) []Group {
	var groups []Group
	for i, f := range l.table.Schema.Fields() {
		if f.Kind == features.Category && (f.Role == features.RoleSource || f.Role == features.RoleSegment) {
			groups = append(groups, l.groupsBy(f.Name, &l.table.Columns[i], rows, logOdds)...)
		}
	}
	return append(groups, l.cohorts(rows, logOdds)...)
}

// groupsBy measures rows by the levels of a category, the largest group first.
func (l *leads) groupsBy(name string, c *features.Column, rows []int32, logOdds []float64) []Group {
	members := make([][]int32, len(c.Levels)+1)
	for i, r := range rows {
		code := c.Codes.At(int(r))
		members[code] = append(members[code], int32(i))
	}
	var groups []Group
	for code, positions := range members {
		if len(positions) == 0 {
			continue
		}
		value := "(missing)"
		if code < len(c.Levels) {
			value = c.Levels[code]
		}
		groups = append(groups, l.group(name, value, rows, positions, logOdds))
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return cmp.Compare(b.Rows, a.Rows) })
	return groups
}

// cohorts measures rows by month of creation.
func (l *leads) cohorts(rows []int32, logOdds []float64) []Group {
	if l.created == nil {
		return nil
	}
	members := map[string][]int32{}
	var months []string
	for i, r := range rows {
		month := "(missing)"
		if t := l.created[r]; t != features.NoTime {
			month = monthOf(t)
		}
		if members[month] == nil {
			months = append(months, month)
		}
		members[month] = append(members[month], int32(i))
	}
	slices.Sort(months)
	var groups []Group
	for _, month := range months {
		groups = append(groups, l.group(byCohort, month, rows, members[month], logOdds))
	}
	return groups
}

func monthOf(micros int64) string { return time.UnixMicro(micros).UTC().Format("2006-01") }

// group measures the rows at the given positions.
func (l *leads) group(by, value string, rows, positions []int32, logOdds []float64) Group {
	g := Group{By: by, Value: value, Rows: len(positions)}
	part, own := make([]int32, len(positions)), make([]float64, len(positions))
	var weight, squares float64
	for k, i := range positions {
		part[k], own[k] = rows[i], logOdds[i]
		w := l.weight(rows[i])
		weight += w
		squares += w * w
		g.Conversions += w * float64(l.converted[rows[i]])
		g.Expected += w * Sigmoid(logOdds[i])
	}
	g.Rate, g.Mean = g.Conversions/weight, g.Expected/weight
	effective := weight * weight / squares
	g.RateCI = Wilson(g.Rate*effective, effective)
	if auc := rank(&sample{logOdds: own, y: l.labels(part), weight: l.weightsFor(part)}).measure(nil).auc; !math.IsNaN(auc) {
		g.AUC = &auc
	}
	return g
}

// maxPeriods is how many stretches of time a picture of the base rate has at most; more months than that are
// shown as quarters.
const maxPeriods = 36

// rowPeriods is how many stretches rows without a time are cut into.
const rowPeriods = 10

// periods returns the base rate over time, or, in row order, over tenths of the data.
func (t *trainer) periods(split SplitSummary) []Period {
	switch {
	case t.created != nil:
		return t.datedPeriods(split)
	case t.kind == SplitRandom:
		rows := slices.Clone(t.rows)
		slices.Sort(rows)
		return t.rowPeriods(rows, len(rows))
	}
	return t.rowPeriods(t.rows, split.FitRows)
}

func (t *trainer) rowPeriods(rows []int32, fitRows int) []Period {
	var periods []Period
	count := min(rowPeriods, len(rows))
	for i := range count {
		from, to := i*len(rows)/count, (i+1)*len(rows)/count
		p := Period{Label: fmt.Sprintf("rows %d–%d", rows[from]+1, rows[to-1]+1), Holdout: (from+to)/2 >= fitRows}
		periods = append(periods, t.period(p, rows[from:to]))
	}
	return periods
}

func (t *trainer) datedPeriods(split SplitSummary) []Period {
	label := monthOf
	months := map[string]bool{}
	for _, r := range t.rows {
		if t.created[r] != features.NoTime {
			months[monthOf(t.created[r])] = true
		}
	}
	if len(months) > maxPeriods {
		label = func(micros int64) string {
			at := time.UnixMicro(micros).UTC()
			return fmt.Sprintf("%d Q%d", at.Year(), (int(at.Month())+2)/3)
		}
	}
	members := map[string][]int32{}
	held := map[string]int{}
	var labels []string
	for i, r := range t.rows {
		if t.created[r] == features.NoTime {
			continue
		}
		name := label(t.created[r])
		if members[name] == nil {
			labels = append(labels, name)
		}
		members[name] = append(members[name], r)
		if t.kind == SplitTime && i >= split.FitRows {
			held[name]++
		}
	}
	slices.Sort(labels)
	var periods []Period
	for _, name := range labels {
		periods = append(periods, t.period(Period{Label: name, Holdout: 2*held[name] > len(members[name])}, members[name]))
	}
	return periods
}

func (l *leads) period(p Period, rows []int32) Period {
	var weight, squares float64
	for _, r := range rows {
		w := l.weight(r)
		weight += w
		squares += w * w
		p.Conversions += w * float64(l.converted[r])
	}
	p.Rows, p.Rate = len(rows), p.Conversions/weight
	effective := weight * weight / squares
	p.CI = Wilson(p.Rate*effective, effective)
	return p
}

// Outcomes returns what the label says of a table: the leads it holds and the base rate over time.
func Outcomes(table *features.Table, options Options) (DataSummary, []Period, error) {
	t, err := prepare(table, options)
	if err != nil {
		return DataSummary{}, nil, err
	}
	return t.summary(), t.periods(SplitSummary{FitRows: len(t.rows)}), nil
}
