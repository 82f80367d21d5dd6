package features

import (
	"math"
	"strconv"
)

// Lead is one prospect as known at the moment of scoring: one Value for each field of the Schema.
type Lead struct {
	ID       string // the text of the id column, or what the request called lead_id
	Values   []Value
	Warnings []Warning // what was odd about the input, in the order met
}

// Warning is a doubt about one input: it does not stop a score, but the score carries it.
type Warning struct {
	Code    string `json:"code"`
	Feature string `json:"feature,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// The codes of warnings on a lead.
const (
	WarnMissingField  = "missing_field"  // a feature has no value
	WarnUnseenLevel   = "unseen_level"   // a level that training never saw: it contributes exactly nothing
	WarnOutOfRange    = "out_of_range"   // a number outside the range of training; it is not clipped
	WarnUnknownField  = "unknown_field"  // a field that the schema does not declare
	WarnUnusedField   = "unused_field"   // a declared field that is not a feature
	WarnMostlyMissing = "mostly_missing" // more than half of the features have no value
	WarnRecordedLate  = "recorded_late"  // a value was recorded after the lead was created, and is left out
	WarnKnownLater    = "known_later"    // a field is known only from a later stage on, and is not used
)

func (l *Lead) reset(fields int) {
	l.ID = ""
	l.Warnings = l.Warnings[:0]
	if cap(l.Values) < fields {
		l.Values = make([]Value, fields)
	}
	l.Values = l.Values[:fields]
	clear(l.Values)
}

// NewLead returns a lead of the schema with every value missing.
func (s *Schema) NewLead() *Lead {
	l := &Lead{}
	l.reset(len(s.fields))
	return l
}

// TextValue reads a text, such as a CSV cell, as a value of field i. A text that means "missing" gives the
// missing value.
func (s *Schema) TextValue(i int, text string) (Value, error) {
	text = Normalise(text)
	if s.absent[text] {
		return Value{}, nil
	}
	f := &s.fields[i]
	switch {
	case f.Type.Temporal() || f.Kind == Time:
		t, err := ParseTime(text)
		if err != nil {
			return Value{}, err
		}
		return f.timeValue(t), nil
	case f.Type.Base == Bool:
		b, err := ParseBool(text)
		if err != nil {
			return Value{}, err
		}
		return f.boolValue(b), nil
	case f.Type.Base == String && f.Kind == Category:
		return Value{Present: true, Text: text}, nil
	}
	x, err := parseNumber(text)
	if err != nil {
		return Value{}, err
	}
	return f.NumberValue(x)
}

// NumberValue narrows x to the field's stored type and returns it as the field's kind asks: as a number, or
// as the level that the number is written as.
func (f *Field) NumberValue(x float64) (Value, error) {
	y, err := f.Type.Narrow(x)
	if err != nil {
		return Value{}, err
	}
	if f.Kind == Category {
		return Value{Present: true, Text: f.Type.FormatNumber(y)}, nil
	}
	return Value{Present: true, Number: y}, nil
}

func (f *Field) boolValue(b bool) Value {
	if f.Kind == Number {
		if b {
			return Value{Present: true, Number: 1}
		}
		return Value{Present: true}
	}
	return Value{Present: true, Text: strconv.FormatBool(b)}
}

const microsPerDay = 24 * 60 * 60 * 1_000_000

func (f *Field) timeValue(micros int64) Value {
	if f.Type.Base == Date { // a date column cannot hold the time of day
		micros -= (micros%microsPerDay + microsPerDay) % microsPerDay
	}
	if f.Kind == Category {
		return Value{Present: true, Text: FormatTime(micros)}
	}
	return Value{Present: true, Time: micros}
}

// Days converts microseconds since 1970 into days, the number that a time is to the model.
func Days(micros int64) float64 { return float64(micros) / microsPerDay }

// Micros converts days into microseconds since 1970, to the nearest: it undoes Days for the years 1 to 9999.
func Micros(days float64) int64 { return int64(math.Round(days * microsPerDay)) }
