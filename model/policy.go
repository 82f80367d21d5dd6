package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// The money part of the artifact. The policy says what is reckoned under: target return, costs of stages and of
// hours, nurture, and the cuts of the tiers. What it needs of a lead besides p and m is how often leads like it reach
// each stage that costs something,
//
//	S_k = shrunken share of the mature leads of its source that reached stage k,  S_won = p
//
// frozen here by source. Then tier, action and cap are those of [budget.Policy.Decide].

// StageRatesSource says that the rates of stages are those of the lead's source; StageRatesAll, that they are those of
// all leads, because no source is known. They stand beside whatever rests on them.
const (
	StageRatesSource = "source"
	StageRatesAll    = "all"
)

// moneyPolicy is the policy with what training has frozen for it.
type moneyPolicy struct {
	budget.Policy
	GrossMargin float64          `json:"gross_margin,omitempty"` // profit = revenue × this, where the data hold no profit; 0 = 1
	StageRates  string           `json:"stage_rates,omitempty"`  // "" = no stage costs anything
	Source      string           `json:"source,omitempty"`       // the source column, "" = one rate for all
	Reach       [][]float64      `json:"reach,omitempty"`        // S_k for each level of the source, in the order of its term
	Otherwise   []float64        `json:"reach_otherwise,omitempty"`
	Reference   *ReferencePeriod `json:"reference,omitempty"`
}

// ReferencePeriod is the leads that tiers were cut from.
type ReferencePeriod struct {
	From  string          `json:"from,omitempty"` // RFC 3339
	To    string          `json:"to,omitempty"`
	Leads int             `json:"leads"`
	Of    int             `json:"of"` // leads of the period, of which the reference holds at most 100,000, evenly spaced
	Tiers []TierReference `json:"tiers"`
}

// TierReference is what the leads of a tier were worth in the reference period.
type TierReference struct {
	Tier string `json:"tier"`
	budget.Group
}

// policyEffect is the compiled policy.
type policyEffect struct {
	*moneyPolicy
	term int // of the source, -1 = none
}

func (m *Model) compilePolicy() error {
	m.policy = nil
	p := m.document.Policy
	if p == nil {
		return nil
	}
	if err := p.Validate(); err != nil {
		return fmt.Errorf("model: policy: %w", err)
	}
	effect := &policyEffect{moneyPolicy: p, term: -1}
	if !(p.GrossMargin >= 0 && p.GrossMargin <= 1) {
		return fmt.Errorf("model: policy: the gross margin %v is no share", p.GrossMargin)
	}
	rates := append([][]float64{p.Otherwise}, p.Reach...)
	for _, reach := range rates {
		if err := p.checkReach(reach); err != nil {
			return err
		}
	}
	if p.Source != "" {
		for k, t := range m.encoder.Terms() {
			if t.Name == p.Source && !t.IsNumber() && t.Size() == len(p.Reach) {
				effect.term = k
			}
		}
		if effect.term < 0 {
			return fmt.Errorf("model: policy: the encoder has no category %q of %d levels", p.Source, len(p.Reach))
		}
	}
	m.policy = effect
	return nil
}

func (p *moneyPolicy) checkReach(reach []float64) error {
	if want := rateCount(p.StageCosts); len(reach) != want {
		return fmt.Errorf("model: policy: %d stage rates for %d stages", len(reach), want)
	}
	for _, s := range reach {
		if !(s >= 0 && s <= 1) {
			return fmt.Errorf("model: policy: the stage rate %v is no share", s)
		}
	}
	return nil
}

// rateCount is the number of stages whose rates a lead must bring: all that cost something but the sale.
func rateCount(costs []budget.StageCost) int {
	if n := len(costs); n > 0 && costs[n-1].Stage == budget.WonStage {
		return n - 1
	}
	return len(costs)
}

// Policy returns what a lead's money is reckoned under, nil if the model has none. The caller must not change it.
func (m *Model) Policy() *budget.Policy {
	if m.policy == nil {
		return nil
	}
	return &m.policy.Policy
}

// Reference returns the leads that tiers were cut from, nil if there are no tiers. The caller must not change it.
func (m *Model) Reference() *ReferencePeriod {
	if m.policy == nil {
		return nil
	}
	return m.policy.Reference
}

// StageRates says whose rates the cost of stages rests on, "" if no stage costs anything.
func (m *Model) StageRates() string {
	if m.policy == nil {
		return ""
	}
	return m.policy.StageRates
}

// reach returns S_k of a lead whose source has the level.
func (p *policyEffect) reach(level int32) []float64 {
	if p.term < 0 || level == features.NoLevel {
		return p.Otherwise
	}
	return p.Reach[level]
}

// decide applies the policy; profit is NaN without a value model, before the lead's tier so far.
func (p *policyEffect) decide(probability, profit float64, level int32, before string) budget.Decision {
	return p.Decide(budget.LeadValue{P: probability, Profit: profit, Reach: p.reach(level), Before: before})
}

// Decision returns what the policy says of a lead with this score, with the costs and worths that it rests on. before
// is the tier that the lead had, "" if it had none: it keeps that tier until it is past a cut by the hysteresis of the
// tiers. The zero Decision if the model has no policy.
func (m *Model) Decision(lead *features.Lead, s *Score, before string) budget.Decision {
	if m.policy == nil {
		return budget.Decision{}
	}
	profit, level := math.NaN(), int32(features.NoLevel)
	if s.ProfitIfWon != nil {
		profit = *s.ProfitIfWon
	}
	if k := m.policy.term; k >= 0 {
		level = m.encoder.Code(k, lead).Level
	}
	return m.policy.decide(s.Probability, profit, level, before)
}

// addDecision adds tier, cap and action to a score.
func (m *Model) addDecision(lead *features.Lead, s *Score) {
	d := m.Decision(lead, s, "")
	s.Tier = d.Tier
	if m.policy == nil || s.ProfitIfWon == nil {
		return
	}
	s.Action = d.Action
	if d.Missing == "" {
		s.MaxCost = amount(d.MaxCost.Major())
	}
}

// Decisions are what the policy says of the leads of a batch: those of Model.Score.
type Decisions struct {
	Tier    []string        // "" without tiers
	Action  []budget.Action // nil without a value model
	MaxCost []float64       // NaN = unknown; nil without a value model
	Cost    []float64       // s + μh; NaN = unknown; nil without a value model
}

// Decide reads what Score has left in scores for the same batch and writes what the policy says of it to out, whose
// memory it reuses. Without a policy all slices are nil.
func (s *BatchScorer) Decide(b *features.Batch, scores *Scores, out *Decisions) {
	p := s.model.policy
	if p == nil {
		*out = Decisions{}
		return
	}
	n := len(scores.Probability)
	out.Tier = resized(out.Tier, n)
	if scores.ProfitIfWon != nil {
		out.Action, out.MaxCost, out.Cost = resized(out.Action, n), resized(out.MaxCost, n), resized(out.Cost, n)
	}
	var levels []int32
	var codes []uint32
	if p.term >= 0 {
		v := &b.Vectors[s.model.encoder.Field(p.term)]
		codes = v.Codes
		_, levels = s.source.follow(v.Dictionary, func(value *features.Value) (float64, int32) {
			return 0, s.model.encoder.CodeOf(p.term, value).Level
		})
	}
	for i, probability := range scores.Probability {
		profit, level := math.NaN(), int32(features.NoLevel)
		if codes != nil {
			level = levels[codes[i]+1]
		}
		if scores.ProfitIfWon != nil {
			profit = scores.ProfitIfWon[i]
		}
		d := p.decide(probability, profit, level, "")
		out.Tier[i] = d.Tier
		if scores.ProfitIfWon != nil {
			out.Action[i], out.MaxCost[i], out.Cost[i] = d.Action, math.NaN(), math.NaN()
			if d.Missing == "" {
				out.MaxCost[i], out.Cost[i] = d.MaxCost.Major(), d.Cost
			}
		}
	}
}
