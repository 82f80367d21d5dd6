package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// numbered is leads whose conversion depends on a whole number.
type numbered struct {
	rows, values int
	logOdds      func(value int) float64
	copies       int // leads in a row of one account, all alike; 0 = no accounts
}

func (n numbered) table(t testing.TB, seed uint64) *features.Table {
	random := rand.New(rand.NewPCG(seed, 77))
	number, other := make([]float64, n.rows), make([]float64, n.rows)
	account, won := make([]string, n.rows), make([]bool, n.rows)
	for r := range n.rows {
		if n.copies > 0 && r%n.copies > 0 {
			number[r], other[r], account[r], won[r] = number[r-1], other[r-1], account[r-1], won[r-1]
			continue
		}
		v := random.IntN(n.values)
		number[r], other[r], account[r] = float64(v), random.NormFloat64(), features.FormatNumber(float64(r))
		won[r] = random.Float64() < Sigmoid(n.logOdds(v)+other[r])
		if r%17 == 3 {
			number[r] = nan
		}
	}
	columns := []column{numeric("number", features.RoleFeature, number), numeric("other", features.RoleFeature, other), yesNo(won)}
	if n.copies > 0 {
		columns = append(columns, category("account", features.RoleAccount, account))
	}
	return tableOf(t, columns...)
}

// effects are drawn once for all values.
func effects(seed uint64, sd, base float64) func(int) float64 {
	return func(v int) float64 {
		return base + sd*rand.New(rand.NewPCG(seed, uint64(v))).NormFloat64()
	}
}

func TestNominalNumbers(t *testing.T) {
	for name, test := range map[string]struct {
		numbered
		nominal bool
	}{
		"effects of the values":       {numbered{rows: 4000, values: 80, logOdds: effects(1, 1, -1)}, true},
		"effects beside a trend":      {numbered{rows: 6000, values: 100, logOdds: func(v int) float64 { return effects(2, 1, -2)(v) + float64(v)/100 }}, true},
		"effects of rare outcomes":    {numbered{rows: 100_000, values: 100, logOdds: effects(3, 1, -4.5)}, true},
		"values of a bin each":        {numbered{rows: 4000, values: autoBins, logOdds: effects(1, 1, -1)}, false},
		"nothing":                     {numbered{rows: 4000, values: 80, logOdds: func(int) float64 { return -1 }}, false},
		"nothing, of rare outcomes":   {numbered{rows: 4000, values: 300, logOdds: func(int) float64 { return -4.5 }}, false},
		"nothing, in accounts":        {numbered{rows: 8000, values: 300, logOdds: func(int) float64 { return -1 }, copies: 10}, false},
		"a line":                      {numbered{rows: 60_000, values: 60, logOdds: func(v int) float64 { return float64(v)/10 - 3 }}, false},
		"a curve":                     {numbered{rows: 60_000, values: 60, logOdds: func(v int) float64 { return 2 * math.Sin(float64(v)/5) }}, false},
		"a step":                      {numbered{rows: 60_000, values: 60, logOdds: func(v int) float64 { return 2 * float64(b2i(v > 25)) }}, false},
		"effects beside a steep line": {numbered{rows: 20_000, values: 60, logOdds: func(v int) float64 { return effects(4, .3, -3)(v) + float64(v)/10 }}, false},
	} {
		for seed := range uint64(3) {
			names, err := NominalNumbers(test.table(t, seed), options())
			if err != nil {
				t.Fatal(err)
			}
			if slices.Contains(names, "number") != test.nominal || slices.Contains(names, "other") {
				t.Errorf("%s, seed %d: nominal %v", name, seed, names)
			}
		}
	}
}

// Without an effect hardly any number is nominal, however many are asked.
func TestNominalNumbersOfNoise(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for range 2000 {
		values := make([]valueShare, 40+random.IntN(100))
		rate := math.Pow(10, -2.5*random.Float64())
		for i := range values {
			n := float64(1 + random.IntN(60))
			values[i] = valueShare{x: float64(i * i), weight: n, square: n}
			for range int(n) {
				values[i].won += float64(b2i(random.Float64() < rate))
			}
		}
		if nominal(values) {
			t.Errorf("%d values at %.4f look nominal", len(values), rate)
		}
	}
}

// A nominal number is trained on as a category of its texts, on the word of the leads before the holdout, and predicts
// better for it; Options.Numbers and recipe plain keep it a number.
func TestNominalNumberTrained(t *testing.T) {
	table := numbered{rows: 6000, values: 120, logOdds: effects(6, 1, -1)}.table(t, 9)
	o := options()
	o.Recipe, o.Split = RecipeAuto, SplitRandom
	trained := train(t, table, o)
	schema := trained.Model.Schema()
	if kind := schema.Fields()[schema.Index("number")].Kind; kind != features.Category || said(trained, "number_names") == "" {
		t.Fatalf("number is a %v; warnings %v", kind, trained.Warnings)
	}
	o.Numbers = []string{"number"}
	kept := train(t, table, o)
	if trained.Holdout.AUC < kept.Holdout.AUC+0.03 {
		t.Errorf("AUC %.3f with names, %.3f with numbers", trained.Holdout.AUC, kept.Holdout.AUC)
	}
	o = options()
	o.Recipe = RecipePlain
	for _, as := range []*Training{kept, train(t, table, o)} {
		if s := as.Model.Schema(); s != table.Schema || said(as, "number_names") != "" {
			t.Errorf("the schema changed: %v", as.Warnings)
		}
	}
	// A lead by itself, and a table under the model's schema, are scored alike.
	under, err := table.As(schema)
	if err != nil {
		t.Fatal(err)
	}
	logOdds := trained.Model.TableLogOdds(under, nil)
	lead := schema.NewLead()
	for row := range 200 {
		under.Lead(row, lead)
		if got := trained.Model.Score(lead).LogOdds; got != logOdds[row] {
			t.Fatalf("row %d: %v, in the table %v", row, got, logOdds[row])
		}
	}
}
