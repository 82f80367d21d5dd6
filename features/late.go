package features

import "math"

// A feature may have a time stamp of its own: the column Field.RecordedAt says when its value was recorded. What was
// recorded after the lead was created was not known when it could first be scored. Training refuses such a value; a
// lead that is scored goes without it, and a warning says so. A lead that has not both times keeps the value.

// stamped is a feature and the column that says when it was recorded.
type stamped struct{ feature, stamp int }

// findStamped lists the features with a stamp, where the leads have a creation time to hold it against.
func (s *Schema) findStamped() (found []stamped) {
	if s.ByRole(RoleCreatedAt) < 0 {
		return nil
	}
	for i, f := range s.fields {
		if stamp := s.Index(f.RecordedAt); f.RecordedAt != "" && stamp >= 0 && f.Role.Feature() {
			found = append(found, stamped{i, stamp})
		}
	}
	return found
}

// Dates reports whether a feature asks for column i: a stamp that says if it was recorded in time, or the creation.
func (s *Schema) Dates(i int) bool {
	for _, f := range s.fields {
		if f.Since != "" && f.Role.Feature() && f.Since == s.fields[i].Name {
			return true
		}
	}
	for _, f := range s.stamped {
		if i == f.stamp || i == s.ByRole(RoleCreatedAt) {
			return true
		}
	}
	return false
}

// DropLate leaves out of a lead what was recorded after its creation, with a warning for each value.
func (s *Schema) DropLate(lead *Lead) {
	for _, f := range s.stamped {
		created, stamp := &lead.Values[s.ByRole(RoleCreatedAt)], &lead.Values[f.stamp]
		if !lead.Values[f.feature].Present || !created.Present || !stamp.Present || stamp.Time <= created.Time {
			continue
		}
		lead.Values[f.feature] = Value{}
		lead.Warnings = append(lead.Warnings, Warning{Code: WarnRecordedLate, Feature: s.fields[f.feature].Name,
			Detail: "recorded at " + FormatTime(stamp.Time) + ", after the creation of the lead: left out"})
	}
}

// DropLate leaves out of every lead what was recorded after its creation.
func (b *Batch) DropLate() {
	for _, f := range b.Schema.stamped {
		created, stamps, v := b.Vectors[b.Schema.ByRole(RoleCreatedAt)].Times, b.Vectors[f.stamp].Times, &b.Vectors[f.feature]
		for row := range b.Rows {
			if created[row] == NoTime || stamps[row] == NoTime || stamps[row] <= created[row] {
				continue
			}
			switch {
			case v.Codes != nil:
				v.Codes[row] = NoCode
			case v.Numbers != nil:
				v.Numbers[row] = math.NaN()
			case v.Times != nil:
				v.Times[row] = NoTime
			}
		}
	}
}
