package model

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// column is a column of a test table: exactly one slice is set. nil texts and times, and NaN, are missing.
type column struct {
	field   features.Field
	texts   []string // "" = missing
	numbers []float64
	times   []int64
}

// tableOf makes a table of columns.
func tableOf(t testing.TB, columns ...column) *features.Table {
	t.Helper()
	batch := batchOf(t, columns...)
	b := features.NewBuilder(batch.Schema, batch.Rows)
	if err := b.Add(batch); err != nil {
		t.Fatal(err)
	}
	return b.Table()
}

// batchOf makes a batch of columns.
func batchOf(t testing.TB, columns ...column) *features.Batch {
	t.Helper()
	fields := make([]features.Field, len(columns))
	for i, c := range columns {
		fields[i] = c.field
	}
	schema, err := features.NewSchema(fields, []string{"?"})
	if err != nil {
		t.Fatal(err)
	}
	batch := &features.Batch{Schema: schema, Vectors: make([]features.Vector, len(columns))}
	for i, c := range columns {
		v := &batch.Vectors[i]
		switch c.field.Kind {
		case features.Category:
			v.Codes, v.Dictionary = codesOf(c.texts)
		case features.Number:
			v.Numbers = c.numbers
		case features.Time:
			v.Times = c.times
		}
		batch.Rows = max(batch.Rows, len(v.Codes), len(v.Numbers), len(v.Times))
	}
	return batch
}

func codesOf(texts []string) ([]uint32, *features.Dictionary) {
	codes, d, known := make([]uint32, len(texts)), &features.Dictionary{}, map[string]uint32{}
	for r, text := range texts {
		if text == "" {
			codes[r] = features.NoCode
			continue
		}
		code, seen := known[text]
		if !seen {
			code = uint32(len(d.Levels))
			known[text], d.Levels = code, append(d.Levels, text)
		}
		codes[r] = code
	}
	return codes, d
}

var (
	textType   = features.Type{Base: features.String}
	boolType   = features.Type{Base: features.Bool}
	doubleType = features.Type{Base: features.Float64}
	intType    = features.Type{Base: features.Int32}
	timeType   = features.Type{Base: features.Timestamp}
	moneyType  = features.Type{Base: features.Decimal, Scale: 2}
)

func category(name string, role features.Role, texts []string) column {
	return column{field: features.Field{Name: name, Type: textType, Kind: features.Category, Role: role}, texts: texts}
}

func numeric(name string, role features.Role, numbers []float64) column {
	return column{field: features.Field{Name: name, Type: doubleType, Kind: features.Number, Role: role}, numbers: numbers}
}

func timed(name string, role features.Role, times []int64) column {
	return column{field: features.Field{Name: name, Type: timeType, Kind: features.Time, Role: role}, times: times}
}

// yesNo is the outcome column.
func yesNo(converted []bool) column {
	texts := make([]string, len(converted))
	for i, y := range converted {
		texts[i] = fmt.Sprint(y)
	}
	c := category("converted", features.RoleOutcome, texts)
	c.field.Type = boolType
	return c
}

// world says how made-up leads come about: their log-odds are planted, plus a drift with time.
type world struct {
	rows  int
	seed  uint64
	drift float64 // by which the slope of score falls, and the base rate rises, from the first lead to the last
	noise bool    // no feature matters
}

// planted are the effects of the sources.
var planted = map[string]float64{"ads": -0.6, "fair": 0.4, "referral": 1.1, "web": 0}

// firstLead is 2024-01-01; leads come every half hour.
const firstLead, leadGap = int64(1704067200e6), day / 48

// leadColumns draws leads. The log-odds are −1.5 + source + 0.8·score·(1 − drift·t) − 0.5·(size missing) + 1.5·drift·t.
func (w world) columns() []column {
	random := rand.New(rand.NewPCG(w.seed, 7))
	n := w.rows
	source, industry, account := make([]string, n), make([]string, n), make([]string, n)
	score, size, profit := make([]float64, n), make([]float64, n), make([]float64, n)
	created, at, touched := make([]int64, n), make([]int64, n), make([]int64, n)
	converted := make([]bool, n)
	sources := []string{"ads", "fair", "referral", "web"}
	for r := range n {
		age := float64(r) / float64(n)
		source[r] = sources[random.IntN(4)]
		if industry[r] = fmt.Sprintf("industry %d", random.IntN(6)); random.IntN(5) == 0 {
			industry[r] = ""
		}
		account[r] = fmt.Sprintf("account %d", random.IntN(1+n/3))
		score[r], size[r], profit[r] = random.NormFloat64(), math.Floor(100*random.ExpFloat64()), math.NaN()
		created[r] = firstLead + int64(r)*leadGap
		touched[r] = created[r] - random.Int64N(30*day)
		at[r] = features.NoTime
		l := -1.5
		if !w.noise {
			l += planted[source[r]] + 0.8*score[r]*(1-w.drift*age) + 1.5*w.drift*age
		}
		if random.IntN(4) == 0 {
			if size[r] = math.NaN(); !w.noise {
				l -= 0.5
			}
		}
		if converted[r] = random.Float64() < Sigmoid(l); converted[r] {
			at[r] = created[r] + random.Int64N(20*day)
			profit[r] = math.Round(1000*math.Exp(planted[source[r]]+0.3*random.NormFloat64())*100) / 100
		}
	}
	money := numeric("profit", features.RoleProfit, profit)
	money.field.Type = moneyType
	employees := numeric("size", features.RoleFeature, size)
	employees.field.Type = intType
	return []column{
		timed("created_at", features.RoleCreatedAt, created), category("source", features.RoleSource, source), category("industry", features.RoleFeature, industry),
		numeric("score", features.RoleFeature, score), employees, timed("last_touch", features.RoleFeature, touched), category("account", features.RoleAccount, account),
		yesNo(converted), timed("converted_at", features.RoleConvertedAt, at), money,
	}
}

// without leaves the named columns out.
func without(columns []column, names ...string) []column {
	return slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return slices.Contains(names, c.field.Name) })
}

// columnOf returns the column of the name.
func columnOf(columns []column, name string) *column {
	i := slices.IndexFunc(columns, func(c column) bool { return c.field.Name == name })
	return &columns[i]
}

// lean keeps the columns that a small model needs.
func (w world) lean() []column {
	return without(w.columns(), "industry", "size", "last_touch", "account", "converted_at", "profit", "created_at")
}

// options are those of the world's leads.
func options() Options {
	o := DefaultOptions()
	o.Recipe, o.Label = RecipePlain, Label{Column: "converted"}
	o.Workers, o.Tool, o.DataSHA256 = 2, "leadscore test", "00"
	return o
}

// dated counts conversions within 25 days, as of the latest time in the data.
func dated() Options {
	o := options()
	o.Label.At, o.Label.Horizon = "converted_at", 25
	return o
}

func train(t testing.TB, table *features.Table, o Options) *Training {
	t.Helper()
	trained, err := Train(context.Background(), table, o)
	if err != nil {
		t.Fatal(err)
	}
	return trained
}

// The generator does what it says.
func TestWorld(t *testing.T) {
	columns := world{rows: 20_000, seed: 1}.columns()
	table := tableOf(t, columns...)
	if table.Rows != 20_000 {
		t.Fatalf("%d rows", table.Rows)
	}
	rate := map[string]*tally{}
	for r, source := range columns[1].texts {
		if rate[source] == nil {
			rate[source] = &tally{}
		}
		rate[source].add(1, float64(b2i(columns[7].texts[r] == "true")))
	}
	for source, effect := range planted {
		var want float64 // the mean over score and the missing size
		for k := range 2001 {
			x := float64(k-1000) / 200
			density := math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) / 200
			want += density * (0.75*Sigmoid(-1.5+effect+0.8*x) + 0.25*Sigmoid(-2+effect+0.8*x))
		}
		if ci := rate[source].interval(); want < ci[0]-0.01 || want > ci[1]+0.01 {
			t.Errorf("%s converts at %v, want %v", source, rate[source].rate(), want)
		}
	}
}
