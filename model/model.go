// Package model turns outcomes into a calibrated conversion probability, a deal value and their reasons, kept
// in one artifact.
//
// Train learns a Model from a features.Table and reports what it found as a Training. A Model scores one lead
// after another; Encode and Decode write it and read it back. In the letters of the code, for features k with
// fitted effects f_k:
//
//	η  = intercept + Σ f_k(x)                    the linear predictor
//	ℓ  = a + b·η = ℓ0 + Σ c_k                    the log-odds, calibrated; and t(Σ c_k) where effects do not add up (together.go)
//	c_k = b·(f_k(x) − mean f_k)                  the reason of feature k, centred on the weighted training mean
//	ℓ0 = a + b·(intercept + Σ mean f_k)          the base
//	p  = σ(ℓ)                                    the probability of converting within the horizon
//	m  = e^μ, μ = μ0 + Σ d_k                     the profit if won (value.go)
//	v  = p·m                                     the expected value
//
// A value that training never saw has f_k = mean f_k: it contributes exactly nothing.
//
// The files, by what they are about:
//
//	the way of a training   train.go label.go leaks.go unfinished.go split.go fit.go calibration.go training.go verdict.go
//	recipe auto             auto.go straight.go screen.go pairs.go gate.go together.go penaltyuncertainty.go
//	immature leads          delay.go lag.go lagstrata.go immature.go open.go
//	how good it is          metrics.go evaluation.go evidence.go rolling.go compare.go assess.go effects.go subscores.go baserate.go
//	what a sale is worth    value.go and the files that begin with value, credibility.go
//	a score                 score.go batch.go predictor.go kernel.go interval.go uncertainty.go bendvariance.go pairvariance.go
//	money                   exchange.go discount.go policy.go tiers.go economics.go economicgroups.go economiccosts.go groupoutcomes.go
//	                        funnel.go contact.go stages.go journeys.go gates.go touch.go hourbalance.go goal.go
//	the file                artifact.go probes.go
package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/features"
)

// Model scores leads. It is immutable and safe for concurrent use.
type Model struct {
	predictor // of ℓ: base ℓ0, effects b·β, shifts b·mean f_k
	document  payload
	id        string
	value     *valueParts
	policy    *policyEffect

	grouped bool // a feature belongs to fit or activity
}

// coefficients are those of one term, as the artifact holds them.
type coefficients struct {
	Feature        string    `json:"feature"`
	Values         []float64 `json:"values"`            // of the term's levels; or slope, then missing flag
	StandardErrors []float64 `json:"standard_errors"`   // as long as Values, or empty
	Mean           float64   `json:"mean"`              // weighted training mean of f_k
	Spread         float64   `json:"spread"`            // and its standard deviation
	Penalty        float64   `json:"penalty,omitempty"` // λ of the term, where it has one of its own
}

// compile derives what scoring needs from the document. The order of every sum here and in logOdds is fixed:
// trainer, command line and server get the same bits.
func (m *Model) compile() error {
	if err := m.compileOdds(); err != nil {
		return err
	}
	if err := m.checkUncertainty(); err != nil {
		return err
	}
	if err := m.document.Fit.Delay.check(m.encoder, m.document.Label.Horizon); err != nil {
		return err
	}
	if err := m.compileExchange(); err != nil {
		return err
	}
	if err := m.compileValue(); err != nil {
		return err
	}
	if err := m.checkGates(); err != nil {
		return err
	}
	return m.compilePolicy()
}

// compileOdds derives the predictor of ℓ.
func (m *Model) compileOdds() error {
	d := &m.document
	terms := m.encoder.Terms()
	if len(d.Coefficients) != len(terms) {
		return fmt.Errorf("model: %d coefficient blocks for %d features", len(d.Coefficients), len(terms))
	}
	a, b := d.Calibration.Intercept, d.Calibration.Slope
	if !(b > 0) || !isLogOdds(a, b) {
		return fmt.Errorf("model: calibration %v + %v·η: the slope must be positive and both must be finite and not huge", a, b)
	}
	if !isLogOdds(d.Intercept) || !(d.InterceptSE >= 0) || math.IsInf(d.InterceptSE, 0) {
		return fmt.Errorf("model: intercept %v with the standard error %v: must be finite and not huge", d.Intercept, d.InterceptSE)
	}
	m.effect, m.shift = make([][]float64, len(terms)), make([]float64, len(terms))
	eta := d.Intercept
	for k := range terms {
		c := &d.Coefficients[k]
		if err := c.check(&terms[k]); err != nil {
			return err
		}
		if field := m.encoder.Field(k); field >= 0 && m.encoder.Schema().Fields()[field].Group != features.NoGroup {
			m.grouped = true
		}
		eta += c.Mean
		m.shift[k] = float64(b * c.Mean)
		m.effect[k] = make([]float64, len(c.Values))
		for i, beta := range c.Values {
			m.effect[k][i] = float64(b * beta)
		}
	}
	if t := d.Fit.Together; t != nil {
		if err := t.check(); err != nil {
			return err
		}
		eta += t.Intercept
		m.joint = t.Scaled(b)
	}
	m.base = a + float64(b*eta)
	return nil
}

// maxLogOdds bounds coefficients: what is beyond it is damage, and sums of such would not be finite.
const maxLogOdds = 1e9

func isLogOdds(xs ...float64) bool {
	for _, x := range xs {
		if !(math.Abs(x) <= maxLogOdds) {
			return false
		}
	}
	return true
}

func (c *coefficients) check(t *features.Term) error {
	if c.Feature != t.Name {
		return fmt.Errorf("model: coefficients of %q stand where those of %q belong", c.Feature, t.Name)
	}
	if len(c.Values) != t.Size() || len(c.StandardErrors) != 0 && len(c.StandardErrors) != t.Size() {
		return fmt.Errorf("model: feature %q has %d coefficients and %d standard errors, want %d", t.Name, len(c.Values), len(c.StandardErrors), t.Size())
	}
	if !isLogOdds(c.Values...) || !isLogOdds(c.Mean) {
		return fmt.Errorf("model: feature %q has a coefficient that is not finite, or beyond ±%g", t.Name, float64(maxLogOdds))
	}
	for _, x := range append([]float64{c.Spread, c.Penalty}, c.StandardErrors...) {
		if !(x >= 0) || math.IsInf(x, 0) {
			return fmt.Errorf("model: feature %q has the standard error, spread or penalty %v", t.Name, x)
		}
	}
	return nil
}

// Schema returns the columns that the model was trained on.
func (m *Model) Schema() *features.Schema { return m.encoder.Schema() }

// Encoder returns the encoder that trainer and server share.
func (m *Model) Encoder() *features.Encoder { return m.encoder }

// Identity returns the hash of the model's content and its version: the day of its data and the start of the
// hash.
func (m *Model) Identity() Identity {
	version := m.id[:min(8, len(m.id))]
	if asOf := m.document.Data.AsOf; len(asOf) >= 10 {
		version = asOf[:10] + "." + version
	}
	return Identity{ID: m.id, Version: version}
}

// Label returns the definition of a conversion.
func (m *Model) Label() Label { return m.document.Label }

// Data says what the model was trained on.
func (m *Model) Data() DataSummary { return m.document.Data }

// Holdout returns the figures of the evaluation before the model was refitted, nil if there was none. The caller
// must not change them.
func (m *Model) Holdout() *Evaluation { return m.document.Holdout }

// Score scores one lead of the model's schema, with the reasons of every feature in the order of the schema, and after
// them what features add together, where they do.
func (m *Model) Score(lead *features.Lead) Score {
	s := Score{LeadID: lead.ID, Model: m.Identity()}
	terms := m.encoder.Terms()
	s.Reasons = make([]Reason, len(terms), len(terms)+1)
	uncertain, parts := m.document.Uncertainty != nil, 0.0
	s.LogOdds = m.contributions(lead, func(k int, code features.Code, c float64) {
		s.Reasons[k].LogOdds = c + 0 // no −0 where a feature tells nothing
		if uncertain {
			parts += m.partVariance(k, code)
		}
	})
	s.Probability = Sigmoid(s.LogOdds)
	if uncertain {
		ci := interval(s.LogOdds, m.variance(s.LogOdds, parts))
		s.ProbabilityCI = &ci
	}
	s.InsufficientEvidence = m.document.Insufficient
	s.Base = Base{LogOdds: m.base, Probability: Sigmoid(m.base)}
	for k := range s.Reasons {
		s.Reasons[k].Feature, s.Reasons[k].Value = terms[k].Name, m.encoder.Text(k, lead)
	}
	if m.joint != nil {
		s.Reasons = append(s.Reasons, Reason{Feature: TogetherReason, LogOdds: m.joint.At(m.joint.part(s.LogOdds - m.base))})
	}
	slope := dividedSigmoid(s.LogOdds, m.base)
	for k := range s.Reasons {
		s.Reasons[k].Probability = float64(s.Reasons[k].LogOdds * slope)
	}
	s.Fit, s.Activity = m.subScore(&s, features.FitGroup), m.subScore(&s, features.ActivityGroup)
	s.MQL = m.qualified(&s)
	m.addMoney(lead, &s)
	m.addDecision(lead, &s)
	for k := range s.Reasons {
		s.Reasons[k].Text = reasonText(&s.Reasons[k], m.document.Value.Currency)
	}
	s.Warnings = m.encoder.Warnings(lead, append([]features.Warning(nil), lead.Warnings...))
	return s
}

// subScore sums the reasons of a group of features; nil if the schema groups none.
func (m *Model) subScore(s *Score, group features.Group) *float64 {
	if !m.grouped {
		return nil
	}
	var sum float64
	for k := range m.effect {
		sum += float64(m.groupShare(k, group) * s.Reasons[k].LogOdds)
	}
	return &sum
}

// groupShare is how much of term k belongs to a group: of a pair, half for each part.
func (m *Model) groupShare(k int, group features.Group) float64 {
	if t := &m.encoder.Terms()[k]; t.IsPair() {
		a, b := t.Parts()
		return (m.groupShare(a, group) + m.groupShare(b, group)) / 2
	}
	if m.Schema().Fields()[m.encoder.Field(k)].Group == group {
		return 1
	}
	return 0
}

// LogOdds returns ℓ of one lead: the LogOdds of its Score, to the last bit.
func (m *Model) LogOdds(lead *features.Lead) float64 {
	return m.contributions(lead, func(int, features.Code, float64) {})
}

// TableLogOdds returns ℓ of the given rows of a table (nil = all), bit for bit what Score gives each. The table's
// schema must fit the encoder: see features.Encoder.Fits.
func (m *Model) TableLogOdds(table *features.Table, rows []int32) []float64 {
	return m.predictor.table(table, rows)
}

// Currency returns the currency of the money, "" without a value model.
func (m *Model) Currency() string { return m.document.Value.Currency }
