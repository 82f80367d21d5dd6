package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/features"
)

// WarnAge is the code of a warning that a lead has no probability for its age, with the reason.
const WarnAge = "age_unknown"

// ScoreAt is Score, with what is left of the probability at a moment (microseconds since 1970 UTC) at which the lead is
// as old as its created_at says: Score.ProbabilityOpen. It is absent, with a warning unless the lead has an outcome by
// then, where it cannot be told: the lead has no creation time, or one after the moment, or the model has no lag curves.
func (m *Model) ScoreAt(lead *features.Lead, asOf int64) Score {
	s := m.Score(lead)
	age, open, why := m.ageAt(lead, asOf)
	switch {
	case why != "":
		s.Warnings = append(s.Warnings, features.Warning{Code: WarnAge, Detail: why})
	case open:
		s.AgeDays = &age
		s.ProbabilityOpen = amount(m.open(s.Probability, m.lagOf(lead), age))
	}
	return s
}

// OpenProbability is P(converts by the horizon | not yet at the age), for a lead that scores the given probability.
// level is the lead's value in the column that lag curves differ by, "" = missing; age is in days. Without lag curves
// it is an error.
func (m *Model) OpenProbability(probability float64, level string, age float64) (float64, error) {
	d := m.document.Fit.Delay
	switch {
	case d == nil:
		return 0, fmt.Errorf("model: open probability: %s", noCurves)
	case !(probability >= 0 && probability <= 1):
		return 0, fmt.Errorf("model: open probability: %v is not a probability", probability)
	case !(age >= 0):
		return 0, fmt.Errorf("model: open probability: an age of %v days", age)
	}
	return m.open(probability, d.curve(level), age), nil
}

// StillOpen is OpenProbability of a lead of a table or a batch, with the score's probability, at a moment. It is not
// known where ScoreAt has none.
func (m *Model) StillOpen(lead *features.Lead, probability float64, asOf int64) (p float64, known bool) {
	age, open, why := m.ageAt(lead, asOf)
	if why != "" || !open {
		return 0, false
	}
	return m.open(probability, m.lagOf(lead), age), true
}

const noCurves = "the model has no lag curves: its conversions have no dates, or no horizon"

func (m *Model) open(probability float64, curve *Lag, age float64) float64 {
	if age >= float64(m.document.Label.Horizon) {
		return 0
	}
	return aged(probability, curve.at(age/float64(m.document.Fit.Delay.DaysAStep)))
}

// lagOf returns the lag curve of a lead.
func (m *Model) lagOf(lead *features.Lead) *Lag {
	d, level := m.document.Fit.Delay, ""
	if d.By != "" {
		level = lead.Values[m.Schema().Index(d.By)].Text
	}
	return d.curve(level)
}

// ageAt returns the age of a lead in days, as lag curves count it, and whether it is open then; why says why that cannot
// be told.
func (m *Model) ageAt(lead *features.Lead, asOf int64) (age float64, open bool, why string) {
	d, schema := m.document.Fit.Delay, m.Schema()
	if d == nil {
		return 0, false, noCurves
	}
	created := lead.Values[schema.ByRole(features.RoleCreatedAt)]
	switch {
	case !created.Present:
		return 0, false, "the lead has no creation time"
	case created.Time > asOf:
		return 0, false, "the lead was created after the moment asked for"
	case m.decided(lead, asOf):
		return 0, false, ""
	}
	t := lagTimes{whole: d.WholeDays, days: 1}
	return t.between(created.Time, asOf), true, ""
}

// decided reports whether the lead had an outcome at the moment, as far as it says.
func (m *Model) decided(lead *features.Lead, asOf int64) bool {
	l, schema := &m.document.Label, m.Schema()
	outcome := lead.Values[schema.ByRole(features.RoleOutcome)]
	at := lead.Values[schema.ByRole(features.RoleConvertedAt)]
	if !outcome.Present {
		return at.Present && at.Time <= asOf
	}
	meaning := uint8(math.Min(math.Abs(outcome.Number), 1))
	if outcome.Text != "" {
		meaning = l.meaning(outcome.Text)
	}
	switch meaning {
	case 1:
		return !at.Present || at.Time <= asOf
	case 0:
		return len(l.Won) > 0 // a stage that is the end; a mere false is not
	}
	return false
}
