package model

import (
	"cmp"
	"fmt"
	"maps"
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
		value := features.MissingText
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
	for i, r := range rows {
		month := monthOf(l.created[r])
		members[month] = append(members[month], int32(i))
	}
	var groups []Group
	for _, month := range slices.Sorted(maps.Keys(members)) {
		groups = append(groups, l.group(byCohort, month, rows, members[month], logOdds))
	}
	return groups
}

// monthOf names the month of an instant.
func monthOf(micros int64) string {
	if micros == features.NoTime {
		return missingLabel
	}
	return time.UnixMicro(micros).UTC().Format("2006-01")
}

// missingLabel stands for leads without a value.
const missingLabel = "(missing)"

// group measures the rows at the given positions.
func (l *leads) group(by, value string, rows, positions []int32, logOdds []float64) Group {
	part, own := make([]int32, len(positions)), make([]float64, len(positions))
	var t tally
	var expected float64
	for k, i := range positions {
		part[k], own[k] = rows[i], logOdds[i]
		w := l.weight(rows[i])
		t.add(w, float64(l.converted[rows[i]]))
		expected += float64(w * Sigmoid(logOdds[i]))
	}
	g := Group{By: by, Value: value, Rows: t.rows, Conversions: t.won, Rate: t.rate(), RateCI: t.interval(), Mean: expected / t.weight, Expected: expected}
	if won := l.won(part); won > 0 && won < len(part) {
		auc := rank(&sample{logOdds: own, y: l.labels(part), weight: l.weightsFor(part)}).measure(nil).auc
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
	case t.kind == SplitRandom && !slices.IsSorted(t.rows):
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

// datedPeriods are months, or quarters where those are too many.
func (t *trainer) datedPeriods(split SplitSummary) []Period {
	label := monthOf
	if months := t.labelled(monthOf); len(months) > maxPeriods {
		label = quarterOf
	}
	held := map[string]int{}
	if t.kind == SplitTime {
		for _, r := range t.rows[split.FitRows:] {
			held[label(t.created[r])]++
		}
	}
	members := t.labelled(label)
	var periods []Period
	for _, name := range slices.Sorted(maps.Keys(members)) {
		rows := members[name]
		periods = append(periods, t.period(Period{Label: name, Holdout: 2*held[name] > len(rows)}, rows))
	}
	return periods
}

// labelled gathers the rows by a label of their creation time.
func (l *leads) labelled(label func(micros int64) string) map[string][]int32 {
	members, names := map[string][]int32{}, map[int64]string{} // names of days: formatting costs more than looking up
	for _, r := range l.rows {
		at := l.created[r] / day
		name, known := names[at]
		if !known {
			name = label(l.created[r])
			names[at] = name
		}
		members[name] = append(members[name], r)
	}
	return members
}

func quarterOf(micros int64) string {
	if micros == features.NoTime {
		return missingLabel
	}
	at := time.UnixMicro(micros).UTC()
	return fmt.Sprintf("%d Q%d", at.Year(), (int(at.Month())+2)/3)
}

// period fills in what the rows say.
func (l *leads) period(p Period, rows []int32) Period {
	t := l.tally(rows)
	p.Rows, p.Conversions, p.Rate, p.CI = t.rows, t.won, t.rate(), t.interval()
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
