package model

import (
	"cmp"
	"math"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Score is one scored lead: the one definition that the command line, the server and the report share.
type Score struct {
	LeadID      string  `json:"lead_id,omitempty"`
	LogOdds     float64 `json:"log_odds"`
	Probability float64 `json:"probability"`
	// ProbabilityCI is an interval of IntervalLevel around Probability: see ProbabilityIntervalMeaning. Absent in a model
	// without standard errors.
	ProbabilityCI *Interval `json:"probability_ci,omitempty"`
	// InsufficientEvidence marks the scores of a model that is the base rate, because training found nothing better.
	InsufficientEvidence bool `json:"insufficient_evidence,omitempty"`
	// ProbabilityOpen is P(converts by the horizon | has not by AgeDays), where a moment was given: Model.ScoreAt.
	ProbabilityOpen *float64 `json:"probability_open,omitempty"`
	AgeDays         *float64 `json:"age_days,omitempty"`

	ProfitIfWon   *float64 `json:"profit_if_won,omitempty"`
	ExpectedValue *float64 `json:"expected_value,omitempty"`
	Currency      string   `json:"currency,omitempty"`
	// Tier, MaxCost and Action are what the model's policy says of the lead; absent in a model without one. MaxCost is
	// break-even at the target return for leads like this, rounded down to the minor unit of the currency.
	Tier    string        `json:"tier,omitempty"`
	MaxCost *float64      `json:"max_cost_per_lead,omitempty"`
	Action  budget.Action `json:"action,omitempty"`
	// Fit and Activity are the sums of the log-odds of the features that the schema puts in these groups: who the lead is,
	// and what it did. A pair across both counts half in each. Absent where no feature is grouped.
	Fit      *float64 `json:"fit,omitempty"`
	Activity *float64 `json:"activity,omitempty"`
	// MQL says whether the lead is marketing-qualified: who it is passes the first gate, and all that is known of it the
	// second. Absent in a model without gates.
	MQL *bool `json:"mql,omitempty"`

	Base     Base               `json:"base"`
	Reasons  []Reason           `json:"reasons,omitempty"`
	Warnings []features.Warning `json:"warnings,omitempty"`
	Model    Identity           `json:"model"`
}

// Base is where the reasons start from: the score at the weighted training mean of every term. Its
// probability is σ(log-odds), not the base rate.
type Base struct {
	LogOdds       float64  `json:"log_odds"`
	Probability   float64  `json:"probability"`
	ProfitIfWon   *float64 `json:"profit_if_won,omitempty"`
	ExpectedValue *float64 `json:"expected_value,omitempty"`
}

// Reason is one feature's part in a score, in log-odds, in probability and in money. Over all reasons the
// parts add up to the difference between the score and its base.
type Reason struct {
	Feature       string   `json:"feature"`
	Value         string   `json:"value,omitempty"`
	LogOdds       float64  `json:"log_odds"`
	Probability   float64  `json:"probability"`
	ExpectedValue *float64 `json:"expected_value,omitempty"`
	Text          string   `json:"text,omitempty"`
}

// Identity names the model that gave a score.
type Identity struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// OtherReasons is the Feature of the row that holds what the shown reasons leave out.
const OtherReasons = "(other)"

// effects returns which part of the score a reason makes up: of its probability or of its expected value, whichever is more.
func (s *Score) effects() func(r *Reason) float64 {
	p, v := 1/s.Probability, 0.0
	if s.ExpectedValue != nil && *s.ExpectedValue != 0 {
		v = 1 / *s.ExpectedValue
	}
	return func(r *Reason) float64 {
		part := math.Abs(r.Probability * p)
		if r.ExpectedValue != nil {
			part = max(part, math.Abs(*r.ExpectedValue*v))
		}
		return part
	}
}

// Top returns the score with the n reasons of the largest effect on its probability or its expected value, largest first,
// and, where that leaves any out, a last row "(other)" with the sum of the rest. n = 0 gives no reasons; a negative n all.
func (s Score) Top(n int) Score {
	if n == 0 {
		s.Reasons = nil
		return s
	}
	s.Reasons = slices.Clone(s.Reasons)
	effect := s.effects()
	slices.SortStableFunc(s.Reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(effect(&b), effect(&a)), cmp.Compare(math.Abs(b.LogOdds), math.Abs(a.LogOdds)))
	})
	if n < 0 || n >= len(s.Reasons) {
		return s
	}
	other := Reason{Feature: OtherReasons}
	for _, r := range s.Reasons[n:] {
		other.LogOdds += r.LogOdds
		other.Probability += r.Probability
		if r.ExpectedValue != nil {
			if other.ExpectedValue == nil {
				other.ExpectedValue = new(float64)
			}
			*other.ExpectedValue += *r.ExpectedValue
		}
	}
	s.Reasons = append(s.Reasons[:n], other)
	return s
}
