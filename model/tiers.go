package model

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// TierCuts says how tiers are cut. At most one of the three is given; with none there are no tiers.
type TierCuts struct {
	By         budget.TierBy
	Shares     []float64 // of the reference leads, best first; they add up to 1
	Thresholds []float64 // values, highest first
	Hours      float64   // of the team in a month of 365/12 days: what it can work is the top tier
}

func (c TierCuts) given() int {
	n := 0
	for _, yes := range []bool{len(c.Shares) > 0, len(c.Thresholds) > 0, c.Hours > 0} {
		if yes {
			n++
		}
	}
	return n
}

// cut makes tiers of the reference leads, which arrived in a number of months, 0 = unknown.
func (c TierCuts) cut(leads []budget.Ranked, months float64) (*budget.Tiers, error) {
	o := budget.DefaultTierOptions()
	o.By = c.By
	switch {
	case c.given() == 0:
		return nil, nil
	case c.given() > 1:
		return nil, errors.New("model: tiers: cut by shares, by thresholds or by hours, not by several")
	case len(c.Shares) > 0:
		return budget.TiersByShares(leads, c.Shares, o)
	case len(c.Thresholds) > 0:
		return budget.TiersByThresholds(leads, c.Thresholds, o)
	case months <= 0:
		return nil, errors.New("model: tiers: the hours of a month are given, but the leads have no creation time")
	}
	return budget.TiersByCapacity(leads, c.Hours*months, o)
}

// maxReference bounds the leads that tiers are cut from: more do not move a cut.
const maxReference = 100_000

// Tiers are cut on the scores that the shipped model gives to the leads of the reference period, the holdout or, if
// nothing was held out, all leads of the fit: values, fixed from then on.
//
// Note: the out-of-sample scores of the holdout come from another model, whose level is off by as much as the world
// has moved since; what the shipped model gives to leads of its own fit is wider than what it gives to new ones by
// far less.

// addPolicy gives a model its policy, once it can reckon.
func (t *trainer) addPolicy(m *Model, value valueModel, rows []int32, result *Training) error {
	m.document.Value = value
	if err := m.compile(); err != nil {
		return err
	}
	policy, warnings, err := t.freezePolicy(m, rows, result.Split)
	m.document.Policy = policy
	result.Warnings = append(result.Warnings, warnings...)
	return err
}

// freezePolicy makes the policy of a compiled model: stage rates and tiers. Without a value model only tiers by
// probability can be told, and without those there is no policy.
func (t *trainer) freezePolicy(m *Model, rows []int32, split SplitSummary) (*moneyPolicy, []Warning, error) {
	o := t.options
	if o.Policy == nil || m.value == nil && o.Tiers.By != budget.ByProbability {
		return nil, nil, nil
	}
	p := &moneyPolicy{Policy: *o.Policy, GrossMargin: o.GrossMargin}
	p.Tiers = nil
	if err := t.freezeRates(p, m.encoder, rows); err != nil {
		return nil, nil, err
	}
	m.document.Policy = p
	if err := m.compilePolicy(); err != nil {
		return nil, nil, err
	}
	warnings, err := t.freezeTiers(m, t.referenceRows(split))
	return p, warnings, err
}

func (t *trainer) freezeRates(p *moneyPolicy, encoder *features.Encoder, rows []int32) error {
	names := Stages(t.table.Schema)
	for _, c := range p.StageCosts {
		if !slices.Contains(names, c.Stage) {
			return fmt.Errorf("model: policy: stage %q has a cost but no column has its times; stages are %q", c.Stage, names)
		}
	}
	if rateCount(p.StageCosts) == 0 {
		return nil
	}
	feature, weight, level := t.sources(encoder, rows)
	p.Source, p.StageRates = feature, StageRatesSource
	if feature == "" {
		p.StageRates = StageRatesAll
	}
	p.Reach, p.Otherwise = t.stageRates(p.StageCosts, rows, len(weight), level)
	if feature == "" { // all leads are one group, whose own rate needs no shrinking
		p.Reach = nil
	}
	return nil
}

// referenceRows returns the rows of the reference period.
func (t *trainer) referenceRows(split SplitSummary) []int32 {
	if split.HoldoutRows > 0 {
		return t.rows[split.FitRows:]
	}
	return t.rows
}

// freezeTiers cuts the tiers of a model that has a policy, and sums up each on the reference leads.
func (t *trainer) freezeTiers(m *Model, rows []int32) ([]Warning, error) {
	p := m.policy
	sample := spaced(rows, maxReference)
	money := m.TableMoney(t.table, sample)
	ranked := make([]budget.Ranked, len(sample))
	probe := budget.Policy{Target: p.Target, HoursPerLead: p.HoursPerLead, HourPrice: p.HourPrice, Tiers: &budget.Tiers{By: t.options.Tiers.By}}
	for i := range ranked {
		value := probe.TierValue(money.Value[i], money.Cost[i], money.Probability[i])
		ranked[i] = budget.Ranked{Value: value, P: money.Probability[i], Hours: p.HoursPerLead}
	}
	from, to := t.span(rows)
	months := 0.0
	if to > from {
		months = float64(to-from) / float64(day) * 12 / 365
	}
	tiers, err := t.options.Tiers.cut(ranked, months*float64(len(sample))/float64(max(len(rows), 1)))
	if err != nil || tiers == nil {
		return nil, err
	}
	var warnings []Warning
	for _, text := range tiers.Warnings {
		warnings = append(warnings, Warning{Code: "tier_too_small", Detail: text})
	}
	tiers.Warnings = nil
	p.Tiers = tiers
	p.Reference, err = m.reference(money, ranked, len(rows))
	if err == nil && from != math.MaxInt64 && to != features.NoTime {
		p.Reference.From, p.Reference.To = features.FormatTime(from), features.FormatTime(to)
	}
	return warnings, err
}

// span returns the first and the last creation of the rows.
func (l *leads) span(rows []int32) (from, to int64) {
	from, to = int64(math.MaxInt64), int64(features.NoTime)
	if l.created != nil {
		for _, r := range rows {
			from, to = min(from, l.created[r]), max(to, l.created[r])
		}
	}
	return from, to
}

// reference sums up the tiers.
func (m *Model) reference(money *Money, ranked []budget.Ranked, of int) (*ReferencePeriod, error) {
	p := m.policy
	members := make([][]budget.Member, len(p.Tiers.Names))
	for i := range ranked {
		k := slices.Index(p.Tiers.Names, p.Tiers.Of(ranked[i].Value))
		if k >= 0 {
			members[k] = append(members[k], money.Member(i, 1))
		}
	}
	r := &ReferencePeriod{Leads: len(ranked), Of: of}
	for k, name := range p.Tiers.Names {
		g, err := m.summarize(members[k])
		if err != nil {
			return nil, fmt.Errorf("model: tier %s: %w", name, err)
		}
		r.Tiers = append(r.Tiers, TierReference{Tier: name, Group: g})
	}
	return r, nil
}

// summarize adds up leads; without a value model nothing is known of their money.
func (m *Model) summarize(members []budget.Member) (budget.Group, error) {
	if m.value != nil {
		return budget.Summarize(members, m.policy.Target)
	}
	for i := range members {
		members[i].M = 0
	}
	g, err := budget.Summarize(members, m.policy.Target)
	unknown := budget.Unknown(budget.NoProfit)
	g.ProfitPerSale, g.Value, g.Cap = unknown, unknown, unknown
	g.Trap = budget.Trap{MeanProfit: unknown, Covariance: unknown, Cap: unknown, Overpaid: unknown}
	return g, err
}

// spaced returns at most n of the rows, evenly by position.
func spaced[T any](rows []T, n int) []T {
	if len(rows) <= n {
		return rows
	}
	kept := make([]T, n)
	for i := range kept {
		kept[i] = rows[int(int64(i)*int64(len(rows))/int64(n))]
	}
	return kept
}
