package model

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/leadscore/leadscore/features"
)

// Batches get the scores that their leads get one by one, bit for bit, whatever their dictionaries: unseen levels,
// missing values and numbers far out of range among them.
func TestBatchScorer(t *testing.T) {
	columns := world{rows: 3000, seed: 1}.columns()
	for name, o := range map[string]Options{"dated": dated(), "since": dated(), "once": func() Options { o := options(); o.Holdout = 0; return o }()} {
		for _, left := range [][]string{nil, {"source"}, {"profit"}} {
			columns := without(columns, left...)
			if name == "since" {
				for i := range columns {
					if columns[i].field.Name == "last_touch" {
						columns[i].field.Since = "created_at"
					}
				}
			}
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
					case name == "since" && c.field.Name == "created_at" && r%17 == 0:
						c.times[r] = features.NoTime
					}
				}
			}
			scorer := m.NewBatchScorer()
			scorer.Intervals = true
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
		if scores.CI != nil {
			same = same && *s.ProbabilityCI == scores.CI[r]
		}
		if !same {
			t.Fatalf("%s, row %d of a batch: %v, %v, in the table %v, by itself %+v", name, r, scores.LogOdds[r], scores.Probability[r], inTable[r], s)
		}
	}
}

// One lead has the same log-odds, bit for bit, from a table, from CSV's texts and from JSON: with single precision,
// decimals, time stamps of other zones, missing values, unseen levels and values out of range.
func TestOneLeadByAnyPath(t *testing.T) {
	columns := without(world{rows: 2000, seed: 2}.columns(), "account", "created_at", "converted_at", "size")
	texts := map[string][]string{"rate": nil, "price": nil}
	rate, price := numeric("rate", features.RoleFeature, nil), numeric("price", features.RoleFeature, nil)
	rate.field.Type, price.field.Type = features.Type{Base: features.Float32}, moneyType
	for r := range 2000 {
		rateText, priceText := fmt.Sprintf("0.%d", 1+r%97), fmt.Sprintf("%d.%02d", r%500, r%100)
		texts["rate"], texts["price"] = append(texts["rate"], rateText), append(texts["price"], priceText)
		for _, c := range []struct {
			column *column
			text   string
		}{{&rate, rateText}, {&price, priceText}} {
			x, err := strconv.ParseFloat(c.text, 64)
			if err != nil {
				t.Fatal(err)
			}
			if x, err = c.column.field.Type.Narrow(x); err != nil {
				t.Fatal(err)
			}
			c.column.numbers = append(c.column.numbers, x)
		}
	}
	table := tableOf(t, append(columns, rate, price)...)
	o := options()
	o.Split = SplitRowOrder
	m := train(t, table, o).Model
	want := m.TableLogOdds(table, nil)
	var fromTable, fromJSON features.Lead
	for r := range 300 {
		table.Lead(r, &fromTable)
		csv, doc := m.Schema().NewLead(), map[string]any{}
		for i, f := range m.Schema().Fields() {
			v := fromTable.Values[i]
			if !f.Role.Feature() || !v.Present {
				continue
			}
			text := v.Text
			doc[f.Name] = v.Text
			switch {
			case f.Kind == features.Time:
				zone := time.FixedZone("", 3600*(r%25-12))
				text = time.UnixMicro(v.Time).In(zone).Format(time.RFC3339Nano)
				doc[f.Name] = text
			case f.Kind == features.Number && texts[f.Name] != nil:
				text = texts[f.Name][r]
				doc[f.Name] = json.Number(text)
			case f.Kind == features.Number:
				text = features.FormatNumber(v.Number)
				doc[f.Name] = json.Number(text)
			}
			got, err := m.Schema().TextValue(i, text)
			if err != nil {
				t.Fatal(err)
			}
			csv.Values[i] = got
		}
		if err := m.Schema().ParseLead([]byte(asJSON(t, doc)), &fromJSON); err != nil {
			t.Fatal(err)
		}
		for name, got := range map[string]float64{"table": m.LogOdds(&fromTable), "CSV": m.LogOdds(csv), "JSON": m.LogOdds(&fromJSON)} {
			if math.Float64bits(got) != math.Float64bits(want[r]) {
				t.Fatalf("row %d from %s: %v, want %v", r, name, got, want[r])
			}
		}
	}
}
