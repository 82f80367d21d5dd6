package features

import (
	"fmt"
	"math"
	"strconv"
)

// A date says little by itself: leads that come later lie beyond every date of training. What tells is how long before the
// lead something was, such as its last visit. So a feature of times may count from the column Field.Since, which says when
// the lead was created: the number that it is to the model is
//
//	x = (creation − time) in days
//
// below 0 where the time is later. Where one of the two is missing, so is the feature.

// since returns the position of the column that feature i counts from, −1 if it is a date by itself.
func (s *Schema) since(i int) int {
	if s.fields[i].Since == "" {
		return -1
	}
	return s.Index(s.fields[i].Since)
}

// checkSince wants every Field.Since to name the creation of the lead. A file of leads without it may exclude it: then
// what counts from it is missing.
func (s *Schema) checkSince() (problems []error) {
	for _, f := range s.fields {
		switch i := s.Index(f.Since); {
		case f.Since == "":
		case f.Kind != Time:
			problems = append(problems, fmt.Errorf("features: schema: column %q: only a time can count from %q", f.Name, f.Since))
		case i < 0 || s.fields[i].Kind != Time || s.fields[i].Role != RoleCreatedAt && s.fields[i].Role != RoleExcluded:
			problems = append(problems, fmt.Errorf("features: schema: column %q: no column %q says when a lead was created", f.Name, f.Since))
		}
	}
	return problems
}

// before returns how long before the creation a time was, as an instant that is so long after 1970; NoTime if one of the
// two is missing.
func before(t, created int64) int64 {
	if t == NoTime || created == NoTime {
		return NoTime
	}
	return created - t
}

// valueOf returns the value of a lead that a term sees.
func (t *Term) valueOf(lead *Lead) Value {
	v := lead.Values[t.field]
	if t.origin == 0 || !v.Present {
		return v
	}
	created := &lead.Values[t.origin-1]
	if !created.Present {
		return Value{}
	}
	v.Time = before(v.Time, created.Time)
	return v
}

// Seen returns column i as the model sees it, whose times may count from the creation of the leads. It shares memory with
// the table where nothing had to change.
func (t *Table) Seen(i int) *Column {
	c, since := &t.Columns[i], t.Schema.since(i)
	if since < 0 || c.Times == nil {
		return c
	}
	seen := *c
	seen.Times = make([]int64, len(c.Times))
	created := t.Columns[since].Times
	for r, at := range c.Times {
		seen.Times[r] = before(at, timeAt(created, r))
	}
	return &seen
}

// timeAt returns a time of a column, which is nil where it was not read.
func timeAt(times []int64, row int) int64 {
	if times == nil {
		return NoTime
	}
	return times[row]
}

// Amounts returns the numbers that column i, which holds numbers or times, is to the model on the rows from a row on, NaN
// where missing: as many as dst has, and in dst where they are not the column's own.
func (b *Batch) Amounts(i, from int, dst []float64) []float64 {
	v := &b.Vectors[i]
	if v.Times == nil {
		return v.Numbers[from:][:len(dst)]
	}
	times := v.Times[from:][:len(dst)]
	since := b.Schema.since(i)
	if since < 0 {
		for k, t := range times {
			dst[k] = DaysOf(t)
		}
		return dst
	}
	created := b.Vectors[since].Times
	for k, t := range times {
		dst[k] = DaysOf(before(t, timeAt(created, from+k)))
	}
	return dst
}

// daysText writes a number of days for people, to six digits: 196.483 days, 5.25 hours, 3 minutes.
func daysText(days float64) string {
	x, unit := days, " days"
	switch size := math.Abs(days); {
	case size < 1.0/24:
		x, unit = 24*60*days, " minutes"
	case size < 2:
		x, unit = 24*days, " hours"
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	return FormatNumber(rounded) + unit
}
