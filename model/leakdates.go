package model

import (
	"slices"

	"github.com/leadscore/leadscore/features"
)

// A time tells by itself that its column was written afterwards. A column of times is a suspect when
//
//   - it is a feature, and ≥ 1 % of its values are later than the creation of their leads, or
//   - it is a feature or a stage, and ≥ 1 % of the converted leads that have it reached it after their conversion, or
//   - ≥ 10 % of its values fall on one day, though their leads were created over more than 30 days and most of them
//     before it: somebody filled it in for a batch; and
//   - a feature that was recorded after the creation of a lead is one whatever its share: that is refused by contract.
//
// Where one of two columns knows only days, they are compared by the day.

const (
	lateShare  = 0.01
	batchShare = 0.1
	batchDays  = 30
	batchLeads = 10 // on the day, at least
)

// lateTimes returns what times say against columns, by name.
func (t *trainer) lateTimes() map[string][]string {
	created, won := timesOf(t.table, features.RoleCreatedAt), timesOf(t.table, features.RoleConvertedAt)
	found := map[string][]string{}
	for i, f := range t.table.Schema.Fields() {
		var s Suspect
		times := t.table.Columns[i].Times
		if times != nil && f.Role == features.RoleFeature {
			t.judgeCreation(&s, times, created)
		}
		if times != nil && (f.Role == features.RoleFeature || f.Role == features.RoleStage) {
			t.judgeConversion(&s, times, won)
			t.judgeBatch(&s, times, created)
		}
		if stamps := t.table.Schema.Index(f.RecordedAt); stamps >= 0 && f.Role.Feature() {
			if late := recordedLate(t.table, i); late > 0 {
				s.say("%d of its values were recorded after the lead was created", late)
			}
			t.judgeBatch(&s, t.table.Columns[stamps].Times, created)
		}
		if s.Evidence != nil {
			found[f.Name] = s.Evidence
		}
	}
	return found
}

// later compares two columns of times lead by lead: how many have both, and how many the first later.
func (l *leads) later(first, second []int64, among func(row int32) bool) (both, later int) {
	unit := int64(1)
	if wholeDays(first) || wholeDays(second) {
		unit = day
	}
	for _, r := range l.rows {
		if first[r] == features.NoTime || second[r] == features.NoTime || !among(r) {
			continue
		}
		both++
		if floorTo(first[r], unit) > floorTo(second[r], unit) {
			later++
		}
	}
	return both, later
}

// wholeDays reports whether no time has a time of day.
func wholeDays(times []int64) bool {
	return !slices.ContainsFunc(times, func(t int64) bool { return t != features.NoTime && t%day != 0 })
}

// floorTo returns the start of the unit that a time lies in.
func floorTo(t, unit int64) int64 { return t - (t%unit+unit)%unit }

func (t *trainer) judgeCreation(s *Suspect, times, created []int64) {
	if created == nil {
		return
	}
	both, late := t.later(times, created, func(int32) bool { return true })
	if share := portion(float64(late), float64(both)); share >= lateShare {
		s.say("%d of its %d values (%.0f %%) are later than the creation of their leads", late, both, 100*share)
	}
}

func (t *trainer) judgeConversion(s *Suspect, times, won []int64) {
	if won == nil {
		return
	}
	both, late := t.later(times, won, func(r int32) bool { return t.converted[r] == 1 })
	if share := portion(float64(late), float64(both)); share >= lateShare {
		s.say("%d of the %d converted leads that have it (%.0f %%) have it from after their conversion", late, both, 100*share)
	}
}

// judgeBatch looks for the day that most values fall on.
func (t *trainer) judgeBatch(s *Suspect, times, created []int64) {
	if created == nil {
		return
	}
	counts, known := map[int64]int{}, 0
	for _, r := range t.rows {
		if times[r] != features.NoTime {
			counts[floorTo(times[r], day)]++
			known++
		}
	}
	var batch int64
	for at, n := range counts {
		if n > counts[batch] || n == counts[batch] && at < batch {
			batch = at
		}
	}
	n := counts[batch]
	if n < batchLeads || float64(n) < batchShare*float64(known) {
		return
	}
	var births []int64
	for _, r := range t.rows {
		if times[r] != features.NoTime && floorTo(times[r], day) == batch {
			births = append(births, floorTo(created[r], day))
		}
	}
	slices.Sort(births)
	if births[n/2] >= batch || births[n-1-n/20]-births[n/20] <= batchDays*day {
		return
	}
	s.say("%d of its %d values (%.0f %%) fall on %s, though their leads were created from %s to %s: it was filled in for a batch",
		n, known, 100*float64(n)/float64(known), dateOf(batch), dateOf(births[0]), dateOf(births[n-1]))
}

func dateOf(t int64) string { return features.FormatTime(t)[:len("2006-01-02")] }
