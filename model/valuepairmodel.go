package model

import (
	"fmt"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// pairModel is what pairs of features add to μ. It has an encoder of its own, as a number may be a line by itself and
// steps in a pair.
type pairModel struct {
	Numbers []features.Term `json:"numbers,omitempty"` // of them, those that are lines in the log-odds, in steps
	Pairs   []features.Term `json:"pairs"`
	Terms   []valueTerm     `json:"terms"` // one for each pair
}

// predictor compiles the pairs: a sum about 0. The features that they are made of have a part of 0 in it, which gives
// every loop of scoring their levels.
func (m *pairModel) predictor(own *features.Encoder) (*predictor, error) {
	if len(m.Pairs) == 0 || len(m.Terms) != len(m.Pairs) {
		return nil, fmt.Errorf("model: value: %d effects for %d pairs", len(m.Terms), len(m.Pairs))
	}
	single, err := valueEncoder(own, m.Numbers)
	if err != nil {
		return nil, err
	}
	encoder, err := features.NewEncoder(own.Schema(), append(singleTerms(single), m.Pairs...))
	if err != nil {
		return nil, fmt.Errorf("model: value: %w", err)
	}
	p, err := valuePredictor(encoder, 0, m.Terms, true)
	if err != nil {
		return nil, err
	}
	for k := range encoder.Terms() {
		if t := &encoder.Terms()[k]; t.IsPair() {
			a, b := t.Parts()
			p.effect[a], p.effect[b] = make([]float64, encoder.Terms()[a].Size()), make([]float64, encoder.Terms()[b].Size())
		}
	}
	return &p, nil
}

// mu returns μ of a lead and calls each with d_k of its features, and pair with those of its pairs.
func (v *valueParts) mu(lead *features.Lead, each, pair func(k int, code features.Code, d float64)) float64 {
	mu := v.size.contributions(lead, each)
	if v.pairs == nil {
		return mu
	}
	return mu + v.pairs.contributions(lead, func(k int, code features.Code, d float64) {
		if v.pairs.encoder.Terms()[k].IsPair() {
			pair(k, code, d)
		}
	})
}

// tableMu returns μ of the given rows of a table (nil = all), bit for bit that of each lead.
func (v *valueParts) tableMu(table *features.Table, rows []int32) []float64 {
	mu := v.size.table(table, rows)
	if v.pairs != nil {
		for i, d := range v.pairs.table(table, rows) {
			mu[i] += d
		}
	}
	return mu
}

// addPairReasons gives a score a reason for each pair of the value model that the log-odds do not have, and returns the
// place of each term's reason.
func (v *valueParts) addPairReasons(lead *features.Lead, s *Score) []int {
	if v.pairs == nil {
		return nil
	}
	terms := v.pairs.encoder.Terms()
	place := make([]int, len(terms))
	for k := range terms {
		if !terms[k].IsPair() {
			continue
		}
		place[k] = slices.IndexFunc(s.Reasons, func(r Reason) bool { return r.Feature == terms[k].Name })
		if place[k] < 0 {
			place[k] = len(s.Reasons)
			s.Reasons = append(s.Reasons, Reason{Feature: terms[k].Name, Value: v.pairs.encoder.Text(k, lead)})
		}
	}
	return place
}
