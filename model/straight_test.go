package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// straightColumns are numbers with a straight effect each, and one that bends.
func straightColumns(n, count int, seed uint64) []column {
	random := rand.New(rand.NewPCG(seed, 21))
	var columns []column
	eta, won := make([]float64, n), make([]bool, n)
	for k := range count {
		x := make([]float64, n)
		slope := 0.25 * random.NormFloat64()
		for i := range x {
			x[i] = random.NormFloat64()
			if k == 0 {
				eta[i] += 0.8*math.Abs(x[i]) - 2
				continue
			}
			eta[i] += slope * x[i]
		}
		columns = append(columns, numeric(fmt.Sprint("x", k), features.RoleFeature, x))
	}
	for i := range won {
		won[i] = random.Float64() < Sigmoid(eta[i])
	}
	return append(columns, yesNo(won))
}

// A number that bends gets steps, those that do not keep one slope, and where all effects are straight the model ranks
// no worse than the plain one.
func TestStraightNumbersKeepASlope(t *testing.T) {
	simulates(t)
	const n, count = 8000, 30
	table := tableOf(t, straightColumns(n, count, 1)...)
	tr, err := prepare(table, autoOptions())
	if err != nil {
		t.Fatal(err)
	}
	f, err := tr.fit(t.Context(), "", tr.rows, false)
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	for k := range count {
		if f.encoder.Terms()[k].Ordered() {
			steps++
		}
	}
	if !f.encoder.Terms()[0].Ordered() || steps > 4 {
		t.Errorf("%d of %d numbers in steps, the bent one: %v", steps, count, f.encoder.Terms()[0].Ordered())
	}
	straight := tableOf(t, straightColumns(n, count, 2)[1:]...)
	if tr, err = prepare(straight, autoOptions()); err != nil {
		t.Fatal(err)
	}
	plain := *tr
	plain.options.Recipe = RecipePlain
	half := turn{fit: tr.rows[:n/2], test: tr.rows[n/2:]}
	var auc [2]float64
	for i, of := range []*trainer{tr, &plain} {
		eta, err := of.predict(t.Context(), "", half)
		if err != nil {
			t.Fatal(err)
		}
		auc[i] = rank(tr.sample(half.test, eta, 1)).measure(nil).auc
	}
	if auc[0] < auc[1]-0.005 {
		t.Errorf("AUC %v, plain %v", auc[0], auc[1])
	}
}

// Many bends that are each too weak to be sure of get steps, for together they predict better; without any, chance does
// not pass for them.
func TestLikelyBends(t *testing.T) {
	simulates(t)
	const n, count = 3000, 12
	steps := func(seed uint64, bow float64) (taken int) {
		random := rand.New(rand.NewPCG(seed, 31))
		var columns []column
		eta, won := make([]float64, n), make([]bool, n)
		for k := range count {
			x := make([]float64, n)
			for i := range x {
				x[i] = random.NormFloat64()
				eta[i] += 0.1*x[i] + bow*math.Abs(x[i])
			}
			columns = append(columns, numeric(fmt.Sprint("x", k), features.RoleFeature, x))
		}
		for i := range won {
			won[i] = random.Float64() < Sigmoid(eta[i]-1-bow*count*0.8)
		}
		for _, term := range train(t, tableOf(t, append(columns, yesNo(won))...), autoOptions()).Model.encoder.Terms() {
			taken += b2i(term.Ordered())
		}
		return taken
	}
	bowed, straight := 0, 0
	for seed := range uint64(4) {
		bowed += steps(seed, 0.2)
		straight += steps(seed, 0)
	}
	if bowed < 2*count || straight > 3 {
		t.Errorf("of %d numbers %d bowed and %d straight ones are in steps", 4*count, bowed, straight)
	}
}

// By chance alone the scores of bends are standard normal, near enough.
func TestBendScoreOfChance(t *testing.T) {
	columns := straightColumns(6000, 60, 3)[1:]
	tr, err := prepare(tableOf(t, columns...), autoOptions())
	if err != nil {
		t.Fatal(err)
	}
	shapes, _, err := tr.shapesOf(nil)
	if err != nil {
		t.Fatal(err)
	}
	// The bent number is not among the features: its part of the outcome is noise, the same to all of these.
	l := &learner{trainer: tr, options: tr.solverOptions("", true), shapes: shapes}
	if err := l.reshape(t.Context(), nil, straightSteps); err != nil {
		t.Fatal(err)
	}
	stepped := tr.problem(shapes.steps, nil)
	left := newLeftover(&l.problem, linearPredictor(&l.problem, l.fit))
	var sum, square float64
	count := len(columns) - 1
	for k := range count {
		z := l.curving(k, &stepped, left).score
		sum, square = sum+z, square+z*z
	}
	mean := sum / float64(count)
	if sd := math.Sqrt(square/float64(count) - mean*mean); math.Abs(mean) > 0.45 || sd < 0.65 || sd > 1.35 {
		t.Errorf("scores of chance have mean %v and sd %v", mean, sd)
	}
}

// An instant never gets a slope, and a number with an effect no slope that one lead steers.
func TestWhatMayNotBeStraight(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	const n = 5000
	far, at, won := make([]float64, n), make([]int64, n), make([]bool, n)
	for i := range n {
		far[i] = random.NormFloat64()
		won[i] = random.Float64() < Sigmoid(0.4*far[i]-1)
		at[i] = random.Int64N(365 * day)
	}
	far[17] = 1e6
	tr, err := prepare(tableOf(t, numeric("far", features.RoleFeature, far), timed("at", features.RoleFeature, at), yesNo(won)), autoOptions())
	if err != nil {
		t.Fatal(err)
	}
	f, err := tr.fit(t.Context(), "", tr.rows, false)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 2 {
		if term := &f.encoder.Terms()[k]; !term.Ordered() {
			t.Errorf("%s has a slope", term.Name)
		}
	}
}

// Where heavy tails have straight effects, steps would lose what tells leads apart in the tails.
func TestHeavyTailsKeepASlope(t *testing.T) {
	const n, count = 8000, 6
	random := rand.New(rand.NewPCG(8, 8))
	var columns []column
	eta, won := make([]float64, n), make([]bool, n)
	for k := range count {
		x := make([]float64, n)
		for i := range x {
			x[i] = math.Exp(1.2 * random.NormFloat64())
			eta[i] += 0.1 * float64(1-k%2*2) * x[i]
		}
		columns = append(columns, numeric(fmt.Sprint("x", k), features.RoleFeature, x))
	}
	for i := range won {
		won[i] = random.Float64() < Sigmoid(eta[i]-2)
	}
	tr, err := prepare(tableOf(t, append(columns, yesNo(won))...), autoOptions())
	if err != nil {
		t.Fatal(err)
	}
	f, err := tr.fit(t.Context(), "", tr.rows, false)
	if err != nil {
		t.Fatal(err)
	}
	for k := range count {
		if term := &f.encoder.Terms()[k]; !term.IsNumber() {
			t.Errorf("%s is in steps", term.Name)
		}
	}
}

// Straight columns alone get no pair: of these sets, one would if pairs were not asked first whether there are any.
func TestNoPairsOfChance(t *testing.T) {
	simulates(t)
	found := 0
	const sets = 8
	for seed := range uint64(sets) {
		tr, err := prepare(tableOf(t, straightColumns(1500, 40, 40+seed)[1:]...), autoOptions())
		if err != nil {
			t.Fatal(err)
		}
		f, err := tr.fit(t.Context(), "", tr.rows, false)
		if err != nil {
			t.Fatal(err)
		}
		for k := range f.encoder.Terms() {
			if f.encoder.Terms()[k].IsPair() {
				found++
			}
		}
	}
	if found > 0 {
		t.Errorf("%d pairs in %d sets without any", found, sets)
	}
}
