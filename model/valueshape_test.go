package model

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// shapedSales are sales whose profit grows with what was spent, jumps where age passes 40, is straight in size and
// does not depend on noise.
func shapedSales(t *testing.T, n int, seed uint64) *valueData {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 11))
	columns := map[string][]float64{"spent": nil, "age": nil, "size": nil, "noise": nil}
	profit := make([]float64, n)
	for i := range n {
		spent, age, size := 20*math.Exp(1.2*random.NormFloat64()), 20+60*random.Float64(), random.NormFloat64()
		profit[i] = 50 * (2.7 + spent) * math.Exp(0.5*float64(b2i(math.Abs(age-50) < 10))+0.3*size+0.5*random.NormFloat64())
		if random.IntN(10) == 0 {
			spent = nan
		}
		for name, x := range map[string]float64{"spent": spent, "age": age, "size": size, "noise": random.NormFloat64()} {
			columns[name] = append(columns[name], x)
		}
	}
	table := tableOf(t, numeric("spent", features.RoleFeature, columns["spent"]), numeric("age", features.RoleFeature, columns["age"]),
		numeric("size", features.RoleFeature, columns["size"]), numeric("noise", features.RoleFeature, columns["noise"]))
	return numberedSales(t, table, profit, seed)
}

// numberedSales are the rows of a table as sales, whose numbers may be slopes or steps.
func numberedSales(t *testing.T, table *features.Table, profit []float64, seed uint64) *valueData {
	t.Helper()
	rows := features.AllRows(table.Rows)
	slopes, _, err := features.Fit(table, rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	steps, _, err := features.FitBins(table, rows, nil, features.BinOptions{Bins: curveBins, MinWeight: autoWeight})
	if err != nil {
		t.Fatal(err)
	}
	return &valueData{encoder: slopes, shapes: newValueShapes(slopes, &shapes{steps, slopes}), table: table, seed: seed,
		wins: &wins{rows: rows, profit: profit, weight: onesOf(len(rows))}}
}

// Each number gets the shape that it was given.
func TestValueShapes(t *testing.T) {
	data := shapedSales(t, 3000, 1)
	shaped, err := data.shaped(data.wins)
	if err != nil {
		t.Fatal(err)
	}
	terms := shaped.encoder.Terms()
	bins := []bool{terms[0].Ordered(), terms[1].Ordered(), terms[2].Ordered(), terms[3].Ordered()}
	if want := []bool{true, true, false, false}; !slices.Equal(bins, want) || !shaped.curved[0] || shaped.curved[1] {
		t.Fatalf("spent, age, size and noise in bins: %v, curved %v", bins, shaped.curved)
	}
	v, err := fitValue(context.Background(), data)
	if err != nil || v == nil || len(v.Numbers) != 2 {
		t.Fatalf("%+v, %v", v, err)
	}
	v.Mean = 1
	m := &Model{predictor: predictor{encoder: data.encoder}}
	if m.document.Value = *v; m.compileValue() != nil {
		t.Fatal(m.compileValue())
	}
	worth := func(spent, age float64) float64 {
		lead := m.Schema().NewLead()
		for i, x := range []float64{spent, age, 0, 0} {
			lead.Values[i] = features.Value{Present: true, Number: x}
		}
		return *m.profit(lead)
	}
	if ratio := worth(80, 50) / worth(20, 50); math.Abs(ratio-82.7/22.7) > 0.5 {
		t.Errorf("80 spent instead of 20 are worth × %v, want %v", ratio, 82.7/22.7)
	}
	if ratio := worth(20, 50) / worth(20, 30); math.Abs(math.Log(ratio)-0.5) > 0.15 {
		t.Errorf("forty to sixty is worth × %v, want %v", ratio, math.Exp(0.5))
	}
	// A table's profits are those of its leads, to the last bit; missing values, too.
	var lead features.Lead
	for i, got := range m.TableProfit(data.table, nil) {
		data.table.Lead(i, &lead)
		if want := *m.profit(&lead); got != want {
			t.Fatalf("sale %d: %v, its lead %v", i, got, want)
		}
	}
	for name, wrong := range map[string][]features.Term{"same shape": {data.encoder.Terms()[0]}, "no such": {func() features.Term { x := v.Numbers[0]; x.Name = "nobody"; return x }()}} {
		if m.document.Value.Numbers = wrong; m.compileValue() == nil {
			t.Errorf("%s: numbers %v are taken", name, wrong[0].Name)
		}
	}
}

// Straight numbers stay so: of 20 sets of 400 sales with four of them, few have one in bins.
func TestValueStraight(t *testing.T) {
	bent := 0
	for seed := range uint64(20) {
		table, profit, _ := drawSales(t, &truths[0], 400, seed)
		data := numberedSales(t, table, profit, 0)
		shaped, err := data.shaped(data.wins)
		if err != nil {
			t.Fatal(err)
		}
		bent += b2i(slices.ContainsFunc(shaped.encoder.Terms(), func(t features.Term) bool { return t.Ordered() }))
	}
	if bent > 3 {
		t.Errorf("%d of 20 sets have a bent number", bent)
	}
}

// A score grows with the number, has the mean 0 and the variance 1, and does not depend on the unit.
func TestCurveScores(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	x, cents := make([]float64, 2000), make([]float64, 2000)
	for i := range x {
		x[i] = math.Round(100*math.Exp(1.5*random.NormFloat64())) - 20
		cents[i] = 100 * x[i]
	}
	table := tableOf(t, numeric("x", features.RoleFeature, x), numeric("cents", features.RoleFeature, cents), numeric("none", features.RoleFeature, make([]float64, 2000)))
	e, _, err := features.FitBins(table, nil, nil, features.BinOptions{Bins: curveBins, MinWeight: autoWeight})
	if err != nil {
		t.Fatal(err)
	}
	a, b := curveScores(&e.Terms()[0]), curveScores(&e.Terms()[1])
	if !slices.IsSorted(a) || len(a) != len(e.Terms()[0].Edges)+1 || len(a) != len(b) {
		t.Fatalf("%v", a)
	}
	var mean, square float64
	for i, w := range e.Terms()[0].Histogram[:len(a)] {
		mean += w * a[i] / 2000
		square += w * a[i] * a[i] / 2000
		if math.Abs(a[i]-b[i]) > 0.01 {
			t.Errorf("bin %d: score %v, in cents %v", i, a[i], b[i])
		}
	}
	if math.Abs(mean) > 1e-12 || math.Abs(square-1) > 1e-12 {
		t.Errorf("mean %v, variance %v", mean, square)
	}
	if none := curveScores(&e.Terms()[2]); none != nil {
		t.Errorf("a number that is always 0 has scores %v", none)
	}
}

// Under both recipes a model whose profit has other shapes than its log-odds survives its artifact, and scores batches,
// missing and far numbers among them, as it scores leads; reasons add up.
func TestValueShapesScored(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 3))
	spent, size, profit, won := make([]float64, 4000), make([]float64, 4000), make([]float64, 4000), make([]bool, 4000)
	for i := range won {
		spent[i], size[i], profit[i] = 20*math.Exp(1.2*random.NormFloat64()), random.NormFloat64(), nan
		if won[i] = random.Float64() < Sigmoid(size[i]-1); won[i] {
			profit[i] = 40 * (2.7 + spent[i]) * math.Exp(0.3*size[i]+0.5*random.NormFloat64())
		}
	}
	columns := []column{numeric("spent", features.RoleFeature, spent), numeric("size", features.RoleFeature, size), yesNo(won), numeric("profit", features.RoleProfit, profit)}
	for _, recipe := range []string{RecipePlain, RecipeAuto} {
		o := options()
		o.Recipe = recipe
		var text bytes.Buffer
		if err := train(t, tableOf(t, columns...), o).Model.Encode(&text); err != nil {
			t.Fatal(err)
		}
		m, err := Decode(&text)
		if err != nil {
			t.Fatal(err)
		}
		if n := m.document.Value.Numbers; len(n) != 1 || n[0].Name != "spent" {
			t.Fatalf("%s: numbers %v", recipe, n)
		}
		odd := picked(columns, seq(300))
		for r := range 300 {
			if r%7 == 0 {
				odd[r%2].numbers[r] = []float64{nan, 1e15, -1e300}[r%3]
			}
		}
		batch := batchOf(t, odd...)
		var scores Scores
		m.NewBatchScorer().Score(batch, &scores)
		checkBatch(t, recipe, m, batch, &scores)
		lead := m.Schema().NewLead()
		for r := range 300 {
			batch.Lead(r, lead)
			s := m.Score(lead)
			checkSums(t, &s)
		}
	}
}
