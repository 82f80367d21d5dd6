package features

import "fmt"

// What a lead's values are to people, and what is doubtful about them.

// Warnings appends what is doubtful about a lead's values: missing features, unseen levels, numbers outside
// the range of training.
func (e *Encoder) Warnings(lead *Lead, dst []Warning) []Warning {
	absent, features := 0, 0
	for i := range e.terms {
		t := &e.terms[i]
		if t.IsPair() { // its parts are warned about
			continue
		}
		features++
		v := t.valueOf(lead)
		if !v.Present {
			absent++
			dst = append(dst, Warning{Code: WarnMissingField, Feature: t.Name, Detail: t.unseen(e.schema, lead)})
			continue
		}
		kind := e.schema.fields[t.field].Kind
		if kind == Category {
			if _, known := t.code[v.Text]; !known {
				dst = append(dst, Warning{Code: WarnUnseenLevel, Feature: t.Name})
			}
			continue
		}
		if x := v.amount(kind); x < t.Min || x > t.Max {
			dst = append(dst, Warning{Code: WarnOutOfRange, Feature: t.Name, Detail: "outside " + t.span() + ", the range of training"})
		}
	}
	if 2*absent > features {
		dst = append(dst, Warning{Code: WarnMostlyMissing, Detail: fmt.Sprintf("%d of %d features have no value", absent, features)})
	}
	return dst
}

// unseen says why a value that a lead has is missing for the term, "" if the lead has none.
func (t *Term) unseen(schema *Schema, lead *Lead) string {
	if t.origin > 0 && lead.Values[t.field].Present {
		return "it counts from " + schema.fields[t.origin-1].Name + ", which has no value"
	}
	return ""
}

// span writes down the range of training.
func (t *Term) span() string { return t.amountText(t.Min) + " to " + t.amountText(t.Max) }

// amountText writes a number of the term, for people.
func (t *Term) amountText(x float64) string {
	switch {
	case t.origin > 0:
		return daysText(x)
	case t.kind == Time:
		return FormatTime(Micros(x))
	}
	return FormatNumber(x)
}

// Text returns how the value of term i is shown to people.
func (e *Encoder) Text(i int, lead *Lead) string {
	if t := &e.terms[i]; t.IsPair() {
		return e.Text(t.parts[0], lead) + " × " + e.Text(t.parts[1], lead)
	}
	t := &e.terms[i]
	v := t.valueOf(lead)
	switch {
	case !v.Present:
		return MissingText
	case t.origin > 0:
		return daysText(Days(v.Time)) + " before"
	}
	return e.schema.fields[t.field].written(&v)
}
