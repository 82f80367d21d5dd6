package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/features"
)

// Probes are made up from the encoder alone, never from a real lead: every level of every category, numbers
// spread over the range of training and a little beyond, missing values, and levels that training never saw.

// probe is a verification lead: a text for each feature that has a value, with its expected log-odds, profit if won and, of
// the first fullProbes, its interval.
type probe struct {
	Values  map[string]string `json:"values"`
	LogOdds float64           `json:"log_odds"`
	Profit  *float64          `json:"profit_if_won,omitempty"` // absent without a value model, and in older artifacts
	CI      *Interval         `json:"probability_ci,omitempty"`
}

// probeTolerance bounds how far a reader's log-odds of a probe may be off, profitTolerance how far, relatively, its profit.
const probeTolerance, profitTolerance = 1e-12, 1e-10

// Verify re-scores the probes.
func (m *Model) Verify() error {
	for i, p := range m.document.Probes {
		lead, err := m.probeLead(p)
		if err != nil {
			return fmt.Errorf("%w: probe %d: %w", ErrProbe, i, err)
		}
		if got := m.LogOdds(lead); !(math.Abs(got-p.LogOdds) <= probeTolerance) {
			return fmt.Errorf("%w: probe %d: log-odds %v, want %v, off by %.3g", ErrProbe, i, got, p.LogOdds, got-p.LogOdds)
		}
		if got := m.profit(lead); p.Profit != nil && (got == nil || !(math.Abs(*got-*p.Profit) <= profitTolerance**p.Profit)) {
			return fmt.Errorf("%w: probe %d: another profit than %v", ErrProbe, i, *p.Profit)
		}
		if got := m.probabilityCI(lead); i < fullProbes && !p.CI.near(got) {
			return fmt.Errorf("%w: probe %d: interval of the probability %v, want %v", ErrProbe, i, got, p.CI)
		}
	}
	return nil
}

func (m *Model) probeLead(p probe) (*features.Lead, error) {
	schema := m.Schema()
	lead := schema.NewLead()
	known := 0
	for i, f := range schema.Fields() {
		text, given := p.Values[f.Name]
		if !given {
			continue
		}
		known++
		v, err := schema.TextValue(i, text)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		lead.Values[i] = v
	}
	if known != len(p.Values) {
		return nil, fmt.Errorf("it has %d values, but only %d of them for columns of the schema", len(p.Values), known)
	}
	return lead, nil
}

// fullProbes is how many probes have a value for every feature; those after them go through the levels that are
// left.
const fullProbes = 16

// unseenLevel is a text that no data set is likely to hold.
const unseenLevel = "(never seen)"

func (m *Model) makeProbes() error {
	count := fullProbes
	for _, t := range m.encoder.Terms() {
		count = max(count, probedLevels(&t)+firstLevelProbe)
		if t.Bins {
			count = max(count, len(t.Edges)+1+firstLevelProbe)
		}
	}
	m.document.Probes = make([]probe, count)
	for i := range m.document.Probes {
		p := &m.document.Probes[i]
		p.Values = m.probeTexts(i)
		lead, err := m.probeLead(*p)
		if err != nil {
			return fmt.Errorf("model: probe %d: %w", i, err)
		}
		p.LogOdds, p.Profit = m.LogOdds(lead), m.profit(lead)
		if i < fullProbes {
			p.CI = m.probabilityCI(lead)
		}
	}
	return nil
}

// firstLevelProbe is the first probe that has known levels: probe 0 misses everything, probe 1 has only levels
// never seen.
const firstLevelProbe = 2

// probeTexts returns the values of probe i.
func (m *Model) probeTexts(i int) map[string]string {
	texts := map[string]string{}
	if i == 0 {
		return texts
	}
	for k, t := range m.encoder.Terms() {
		if t.IsPair() { // its parts have values
			continue
		}
		f := &m.Schema().Fields()[m.Schema().Index(t.Name)]
		text := ""
		switch {
		case f.Kind == features.Category:
			text = levelText(&t, f, i)
		case t.Bins && i >= firstLevelProbe && i-firstLevelProbe <= len(t.Edges):
			text = binText(&t, f, i-firstLevelProbe)
		case i < fullProbes:
			text = numberText(&t, f, i+k)
		}
		if text != "" {
			texts[t.Name] = text
		}
		if text != "" && f.Since != "" {
			texts[f.Since] = features.FormatTime(probeCreated)
		}
	}
	return texts
}

// probeCreated is when the probes are created that have a time which counts from it: 2000-01-01.
const probeCreated = 946_684_800_000_000

// probedLevels is how many levels of a category probes go through: of those that share a code only the first.
func probedLevels(t *features.Term) int { return len(t.Levels) + min(1, len(t.Pooled)) }

func probedLevel(t *features.Term, i int) string {
	if i < len(t.Levels) {
		return t.Levels[i]
	}
	return t.Pooled[0]
}

// binText returns a number of a bin, or one beside it if the type has none within.
func binText(t *features.Term, f *features.Field, bin int) string {
	low, _ := t.Span(bin)
	return typedText(t, f, low)
}

func levelText(t *features.Term, f *features.Field, i int) string {
	levels := probedLevels(t)
	level := i - firstLevelProbe
	switch {
	case level < 0 && f.Type.Base == features.String:
		return unseenLevel
	case level < 0:
		return ""
	case level < levels:
		return probedLevel(t, level)
	case i >= fullProbes:
		return ""
	}
	if level %= levels + 1; level < levels {
		return probedLevel(t, level)
	}
	return ""
}

// numberText returns a number between 10 % below and 10 % above the range of training, or none.
func numberText(t *features.Term, f *features.Field, i int) string {
	if i%7 == 3 {
		return ""
	}
	_, share := math.Modf(float64(i) * math.Phi)
	share = share*1.2 - 0.1
	return typedText(t, f, t.Min+share*(t.Max-t.Min))
}

// typedText writes a number as the field may hold it.
func typedText(t *features.Term, f *features.Field, x float64) string {
	if f.Kind == features.Time {
		at := features.Micros(x)
		if f.Since != "" {
			at = probeCreated - at
		}
		text := features.FormatTime(at)
		if _, err := features.ParseTime(text); err != nil { // beyond the calendar
			return ""
		}
		return text
	}
	if f.Type.Integer() || f.Type.Base == features.Bool {
		x = math.Round(x)
	}
	if f.Type.Base == features.Bool {
		x = min(max(x, 0), 1)
	}
	y, err := f.Type.Narrow(x)
	if err != nil { // beyond the type's range
		y = t.Max
	}
	return f.Type.FormatNumber(y)
}
