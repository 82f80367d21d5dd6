package golearn

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// sampleTable draws leads of every kind of column, with missing values, that convert by a known law.
func sampleTable(t testing.TB, rows int, seed uint64) *features.Table {
	t.Helper()
	text := features.Type{Base: features.String}
	schema, err := features.NewSchema([]features.Field{
		{Name: "lead_id", Type: text, Kind: features.Category, Role: features.RoleID},
		{Name: "industry", Type: text, Kind: features.Category, Role: features.RoleFeature},
		{Name: "visits", Type: features.Type{Base: features.Int32}, Kind: features.Number, Role: features.RoleFeature},
		{Name: "spend", Type: features.Type{Base: features.Float64}, Kind: features.Number, Role: features.RoleFeature},
		{Name: "won", Type: text, Kind: features.Category, Role: features.RoleOutcome},
		{Name: "source", Type: text, Kind: features.Category, Role: features.RoleSource},
		{Name: "trial", Type: features.Type{Base: features.Bool}, Kind: features.Category, Role: features.RoleFeature},
		{Name: "founded", Type: features.Type{Base: features.Date}, Kind: features.Time, Role: features.RoleFeature},
		{Name: "notes", Type: text, Kind: features.Category, Role: features.RoleExcluded},
	}, []string{"n/a"})
	if err != nil {
		t.Fatal(err)
	}
	levels := [][]string{nil, {"retail", "health", "steel"}, nil, nil, {"no", "yes"}, {"search", "referral", "list"}, {"false", "true"}, nil, nil}
	b := &features.Batch{Schema: schema, Rows: rows, Vectors: make([]features.Vector, len(levels))}
	for i := range levels {
		b.Vectors[i].Dictionary = &features.Dictionary{Levels: levels[i]}
	}
	random := rand.New(rand.NewPCG(seed, 1))
	code := func(i int, missing float64) uint32 {
		c := uint32(random.IntN(len(levels[i])))
		if random.Float64() < missing {
			c = features.NoCode
		}
		b.Vectors[i].Codes = append(b.Vectors[i].Codes, c)
		return c
	}
	for range rows {
		eta := -1.5
		if code(1, 0.1) == 0 {
			eta += 0.8
		}
		visits := math.Floor(random.ExpFloat64() * 5)
		b.Vectors[2].Numbers = append(b.Vectors[2].Numbers, visits)
		spend := random.NormFloat64() * 100
		if random.Float64() < 0.15 {
			spend = math.NaN()
		} else {
			eta += 0.006 * spend
		}
		b.Vectors[3].Numbers = append(b.Vectors[3].Numbers, spend)
		if code(5, 0) == 1 {
			eta += 1.2
		}
		if code(6, 0) == 1 {
			eta += 0.7
		}
		founded := int64(random.IntN(9000))
		b.Vectors[7].Times = append(b.Vectors[7].Times, founded*24*60*60*1e6)
		eta += 0.08*visits - float64(founded)/9000
		won := uint32(0)
		if random.Float64() < model.Sigmoid(eta) {
			won = 1
		}
		b.Vectors[4].Codes = append(b.Vectors[4].Codes, won)
	}
	builder := features.NewBuilder(schema, rows)
	if err := builder.Add(b); err != nil {
		t.Fatal(err)
	}
	return builder.Table()
}

func sampleGrid(t testing.TB, rows int, seed uint64) *Grid {
	t.Helper()
	g, err := NewGrid(sampleTable(t, rows, seed))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// train trains on the table itself, without golearn.
func train(t testing.TB, table *features.Table, options model.Options) *model.Model {
	t.Helper()
	options.Label.Column = "won"
	training, err := model.Train(t.Context(), table, options)
	if err != nil {
		t.Fatal(err)
	}
	return training.Model
}

func TestSampleTable(t *testing.T) {
	table := sampleTable(t, 4000, 1)
	won, missing := 0, 0
	for row := range table.Rows {
		won += table.Columns[4].Codes.At(row)
		if math.IsNaN(table.Columns[3].Numbers.At(row)) {
			missing++
		}
	}
	if rate := float64(won) / 4000; rate < 0.25 || rate > 0.4 {
		t.Errorf("%.3f of the sample leads convert", rate)
	}
	if share := float64(missing) / 4000; share < 0.12 || share > 0.18 {
		t.Errorf("%.3f of the sample leads miss their spend", share)
	}
	// The sign of each effect is that of its law.
	var artifact bytes.Buffer
	m := train(t, table, DefaultOptions())
	if err := m.Encode(&artifact); err != nil {
		t.Fatal(err)
	}
	lead := m.Schema().NewLead()
	score := func(name string, v features.Value) float64 {
		lead.Values[m.Schema().Index(name)] = v
		defer func() { lead.Values[m.Schema().Index(name)] = features.Value{} }()
		return m.LogOdds(lead)
	}
	if score("source", features.Value{Present: true, Text: "referral"}) < score("source", features.Value{Present: true, Text: "list"})+0.8 {
		t.Error("referrals should convert more often than lists")
	}
	if score("spend", features.Value{Present: true, Number: 100}) < score("spend", features.Value{Present: true, Number: -100})+0.8 {
		t.Error("spenders should convert more often")
	}
}
