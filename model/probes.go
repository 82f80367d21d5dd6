package model

import (
	"math"
	"time"

	"github.com/leadscore/leadscore/features"
)

// Probes are made up from the encoder alone, never from a real lead: every level of every category (up to
// maxProbes of them), numbers spread over the range of training and a little beyond, missing values, and
// levels that training never saw.
const minProbes, maxProbes = 32, 512

// unseenLevel is a text that no data set is likely to hold.
const unseenLevel = "(never seen)"

func (m *Model) makeProbes() error {
	count := minProbes
	for _, t := range m.encoder.Terms() {
		count = max(count, min(t.Size()+2, maxProbes))
	}
	m.document.Probes = make([]probe, count)
	for i := range m.document.Probes {
		p := &m.document.Probes[i]
		p.Values = m.probeTexts(i)
		lead, err := m.probeLead(*p)
		if err != nil {
			return err
		}
		p.LogOdds = m.LogOdds(lead)
	}
	return nil
}

// probeTexts returns the values of probe i. Probe 0 misses everything, probe 1 has only unseen levels.
func (m *Model) probeTexts(i int) []string {
	schema := m.Schema()
	texts := make([]string, len(schema.Fields()))
	for k, t := range m.encoder.Terms() {
		field := schema.Index(t.Name)
		f := &schema.Fields()[field]
		switch {
		case i == 0:
		case f.Kind == features.Category:
			texts[field] = levelText(&t, f, i)
		default:
			texts[field] = numberText(&t, f, i+k)
		}
	}
	return texts
}

func levelText(t *features.Term, f *features.Field, i int) string {
	if i == 1 {
		if f.Type.Base == features.String {
			return unseenLevel
		}
		return ""
	}
	if level := (i - 2) % (len(t.Levels) + 1); level < len(t.Levels) {
		return t.Levels[level]
	}
	return ""
}

// numberText returns a number between 10 % below and 10 % above the range of training, or none.
func numberText(t *features.Term, f *features.Field, i int) string {
	if i%7 == 3 {
		return ""
	}
	share := math.Mod(float64(i)*math.Phi, 1)*1.2 - 0.1
	x := t.Min + share*(t.Max-t.Min)
	if f.Kind == features.Time {
		return features.FormatTime(int64(x * float64(24*time.Hour/time.Microsecond)))
	}
	if f.Type.Integer() || f.Type.Base == features.Bool {
		x = math.Round(x)
	}
	y, err := f.Type.Narrow(x)
	if err != nil { // beyond the type's range
		y = t.Max
	}
	if f.Type.Base == features.Bool {
		y = min(max(y, 0), 1)
	}
	return features.FormatNumber(y)
}
