package model

import (
	"fmt"
	"math"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// Batches get the scores that their leads get one by one, bit for bit, whatever their dictionaries: unseen levels,
// missing values and numbers far out of range among them.
func TestBatchScorer(t *testing.T) {
	columns := world{rows: 3000, seed: 1}.columns()
	for name, o := range map[string]Options{"dated": dated(), "once": func() Options { o := options(); o.Holdout = 0; return o }()} {
		for _, left := range [][]string{nil, {"source"}, {"profit"}} {
			columns := without(columns, left...)
			m := train(t, tableOf(t, columns...), o).Model
			odd := picked(columns, seq(900))
			for i, c := range odd {
				for r := range 900 {
					switch {
					case c.texts != nil && c.field.Role.Feature() && r%7 == 0:
						c.texts[r] = []string{"", "never seen", fmt.Sprint("new ", r)}[r%3]
					case c.numbers != nil && r%11 == i:
						c.numbers[r] = []float64{nan, 1e15, -1e300, math.MaxFloat64}[r%4]
					case c.field.Name == "last_touch" && r%13 == 0:
						c.times[r] = features.NoTime
					}
				}
			}
			scorer := m.NewBatchScorer()
			var scores Scores
			for start := 0; start < 900; start += 300 {
				batch := batchOf(t, picked(odd, seq(900)[start:start+300])...)
				scorer.Score(batch, &scores)
				checkBatch(t, name, m, batch, &scores)
			}
			// A dictionary that grows from batch to batch.
			batch := batchOf(t, odd...)
			for i := range batch.Vectors {
				if v := &batch.Vectors[i]; v.Dictionary != nil {
					v.Dictionary.Levels = append(v.Dictionary.Levels, "web", "ads")
				}
			}
			scorer.Score(batch, &scores)
			for i := range batch.Vectors {
				if v := &batch.Vectors[i]; v.Dictionary != nil && batch.Schema.Fields()[i].Role.Feature() {
					v.Dictionary.Levels = append(v.Dictionary.Levels, "fair")
					for r := range v.Codes {
						v.Codes[r] = uint32(len(v.Dictionary.Levels) - 1 - r%3)
					}
				}
			}
			scorer.Score(batch, &scores)
			checkBatch(t, name, m, batch, &scores)
		}
	}
}

func checkBatch(t *testing.T, name string, m *Model, batch *features.Batch, scores *Scores) {
	t.Helper()
	b := features.NewBuilder(batch.Schema, batch.Rows)
	if err := b.Add(batch); err != nil {
		t.Fatal(err)
	}
	inTable := m.TableLogOdds(b.Table(), nil)
	var lead features.Lead
	for r := range batch.Rows {
		batch.Lead(r, &lead)
		s := m.Score(&lead)
		same := s.LogOdds == scores.LogOdds[r] && s.Probability == scores.Probability[r] && s.LogOdds == inTable[r] && !math.IsNaN(s.LogOdds)
		if s.ExpectedValue != nil {
			same = same && *s.ExpectedValue == scores.ExpectedValue[r] && *s.ProfitIfWon == scores.ProfitIfWon[r]
		} else {
			same = same && scores.ExpectedValue == nil && scores.ProfitIfWon == nil
		}
		if !same {
			t.Fatalf("%s, row %d of a batch: %v, %v, in the table %v, by itself %+v", name, r, scores.LogOdds[r], scores.Probability[r], inTable[r], s)
		}
	}
}
