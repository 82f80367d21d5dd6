package model

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// A lead is marketing-qualified if it passes two gates: the probability from who it is, σ(ℓ0 + fit), and then the
// probability from all that is known. ℓ0 is the base of the scores, so that a lead whose features of neither group say
// more or less than the average's is judged by them at the second gate alone.

// ErrUngrouped says that there is no fit to set a gate on.
var ErrUngrouped = errors.New("a gate on fit needs features that say who the lead is (features.fit in leadscore.yaml)")

// checkGates checks the gates of an artifact.
func (m *Model) checkGates() error {
	g := m.document.Gates
	if g == nil {
		return nil
	}
	if err := g.Validate(); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return m.gated(*g)
}

// gated reports whether the model can tell fit where a gate asks for it.
func (m *Model) gated(g budget.Gates) error {
	if g.Fit > 0 && !m.grouped {
		return fmt.Errorf("model: mql.fit is %v: %w", g.Fit, ErrUngrouped)
	}
	return nil
}

// Gates returns those of a marketing-qualified lead, nil if the model has none. The caller must not change them.
func (m *Model) Gates() *budget.Gates { return m.document.Gates }

// Qualified reports whether a lead with this part of fit and this probability is marketing-qualified; false without gates.
func (m *Model) Qualified(fit, probability float64) bool {
	g := m.document.Gates
	return g != nil && g.Qualifies(m.base, fit, probability)
}

// qualified is the MQL of a score.
func (m *Model) qualified(s *Score) *bool {
	if m.document.Gates == nil {
		return nil
	}
	fit := 0.0
	if s.Fit != nil {
		fit = *s.Fit
	}
	yes := m.Qualified(fit, s.Probability)
	return &yes
}

// Qualified is how many leads pass the gates in a month, of leads such as those of the last quarter.
type Qualified struct {
	Gates budget.Gates   `json:"gates"`
	Rows  []QualifiedRow `json:"rows"` // by source, most MQLs first; none without a source
	Total QualifiedRow   `json:"total"`
	Words string         `json:"words"`
}

// QualifiedRow is the leads of one source in a month.
type QualifiedRow struct {
	Source       string  `json:"source,omitempty"`
	Leads        float64 `json:"leads"`
	Fit          float64 `json:"fit"`  // those that pass the first gate
	MQLs         float64 `json:"mqls"` // those that pass both
	ExpectedWins float64 `json:"expected_wins"`
	Hours        float64 `json:"hours,omitempty"` // that working the MQLs takes
}

// qualified counts the leads that pass the gates; nil without gates or without a creation time.
func (x *economist) qualified() (*Qualified, error) {
	gates := x.o.Gates
	if gates == nil || x.journeys == nil {
		return nil, nil
	}
	if err := x.m.gated(*gates); err != nil {
		return nil, err
	}
	recent := x.recent()
	fit, _ := x.m.TableSubScores(x.l.table, recent)
	source := textOf(x.l.table, x.l.table.Schema.ByRole(features.RoleSource))
	q := &Qualified{Gates: *gates, Rows: []QualifiedRow{}}
	place := map[string]int{}
	for i, r := range recent {
		row := QualifiedRow{Leads: 1}
		odds, p := 0.0, x.money.Probability[r]
		if fit != nil {
			odds = fit[i]
		}
		if gates.Fits(x.m.base, odds) {
			row.Fit = 1
		}
		if gates.Qualifies(x.m.base, odds, p) {
			row.MQLs, row.ExpectedWins, row.Hours = 1, p, x.m.policy.HoursPerLead
		}
		name := source(int(r))
		if _, seen := place[name]; !seen && name != "" {
			place[name] = len(q.Rows)
			q.Rows = append(q.Rows, QualifiedRow{Source: name})
		}
		if k, named := place[name]; named {
			q.Rows[k].add(row, 1.0/monthsOfQuarter)
		}
		q.Total.add(row, 1.0/monthsOfQuarter)
	}
	slices.SortStableFunc(q.Rows, func(a, b QualifiedRow) int {
		return cmp.Or(cmp.Compare(b.MQLs, a.MQLs), cmp.Compare(a.Source, b.Source))
	})
	q.Words = q.words()
	return q, nil
}

// add adds some of the leads of another row.
func (r *QualifiedRow) add(other QualifiedRow, share float64) {
	r.Leads += share * other.Leads
	r.Fit += share * other.Fit
	r.MQLs += share * other.MQLs
	r.ExpectedWins += share * other.ExpectedWins
	r.Hours += share * other.Hours
}

// words says what the gates let through.
func (q *Qualified) words() string {
	first := ""
	if q.Gates.Fit > 0 {
		first = fmt.Sprintf(" %s by who it is, and of", budget.Percent(q.Gates.Fit))
	}
	text := fmt.Sprintf("A lead is marketing-qualified from a probability of%s %s by all that is known of it: %s of %s leads a month are, and %s sales are expected of them",
		first, budget.Percent(q.Gates.Probability), budget.Count(q.Total.MQLs), budget.Count(q.Total.Leads), fewCount(q.Total.ExpectedWins))
	if q.Total.Hours > 0 {
		text += fmt.Sprintf("; working them takes %s hours", budget.Count(q.Total.Hours))
	}
	return text
}
