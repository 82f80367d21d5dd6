package model

import (
	"math"
	"math/rand/v2"
	"testing"
)

// drawnValues are leads with predictions that are right on average.
func drawnValues(n int, seed uint64) *valueSample {
	random := rand.New(rand.NewPCG(seed, 1))
	s := &valueSample{constant: 100, seed: 1}
	for range n {
		m := 100 * math.Exp(0.8*random.NormFloat64()-0.32)
		p, y := 0.5*random.Float64(), nan
		if random.Float64() < p {
			y = m * gammaVariate(random, 2)
		}
		s.probability, s.predicted, s.profit = append(s.probability, p), append(s.predicted, m), append(s.profit, y)
	}
	return s
}

// Right predictions have no bias, and are better than the constant in all else.
func TestValueFigures(t *testing.T) {
	f := valueFigures(drawnValues(8000, 1))
	if f.BiasCI[0] > 1 || f.BiasCI[1] < 1 || f.GiniCI[0] < f.GiniConstant || f.D2CI[0] < f.D2Constant || f.Deviance != ValueGamma ||
		*f.DecileError > 0.15 || *f.DecileErrorConstant < 0.4 || f.CapacityGainCI[0] <= 0 {
		t.Errorf("%+v", f)
	}
	for _, ci := range []Interval{f.BiasCI, f.GiniCI, f.D2CI, f.DecileErrorCI, f.CapacityProfitCI} {
		if !(ci[0] < ci[1]) {
			t.Errorf("interval %v", ci)
		}
	}
}

// Weight 2 is a lead twice.
func TestValueFigureWeights(t *testing.T) {
	s := drawnValues(400, 2)
	twice := &valueSample{constant: 100}
	for i := range s.predicted {
		s.weight = append(s.weight, float64(1+i%2))
		for range 1 + i%2 {
			twice.probability, twice.predicted, twice.profit = append(twice.probability, s.probability[i]), append(twice.predicted, s.predicted[i]), append(twice.profit, s.profit[i])
		}
	}
	a, b := rankValues(s).measure(nil), rankValues(twice).measure(nil)
	for name, pair := range map[string][2]float64{"bias": {a.bias, b.bias}, "D²": {a.d2, b.d2}, "capacity": {a.capacity, b.capacity}, "earned": {a.earned, b.earned}} {
		if math.Abs(pair[0]-pair[1]) > 1e-9*math.Abs(pair[1]) {
			t.Errorf("%s: weighted %v, repeated %v", name, pair[0], pair[1])
		}
	}
}

// Sales that are worth nothing, or hardly any sales, do no harm.
func TestValueFiguresDegenerate(t *testing.T) {
	s := drawnValues(2000, 3)
	for i, y := range s.profit {
		if y == y && i%2 == 0 {
			s.profit[i] = -float64(i % 4)
		}
	}
	if f := valueFigures(s); f == nil || f.Deviance != ValueTweedie || math.IsNaN(f.D2) || math.IsNaN(f.Gini) {
		t.Errorf("half worth nothing: %+v", f)
	}
	same := drawnValues(2000, 3)
	for i, y := range same.profit {
		if y == y {
			same.profit[i] = 999.99
		}
	}
	if f := valueFigures(same); f != nil {
		t.Errorf("sales at one price: %+v", f)
	}
	for i := range s.profit {
		s.profit[i] = min(s.profit[i], 0)
	}
	if f := valueFigures(s); f != nil {
		t.Errorf("nothing earned: %+v", f)
	}
	if f := valueFigures(drawnValues(10, 4)); f != nil {
		t.Errorf("hardly any sales: %+v", f)
	}
}

// Sales of one account are all drawn or none of them.
func TestValueFiguresOfOneAccount(t *testing.T) {
	s := drawnValues(2000, 4)
	s.cluster = make([]int32, len(s.profit))
	for i, y := range s.profit {
		if y != y {
			s.cluster[i] = int32(i + 1)
		}
	}
	f := valueFigures(s)
	if f == nil || f.DecileError == nil || math.IsNaN(f.D2) || math.IsNaN(f.GiniCI[0]) {
		t.Errorf("%+v", f)
	}
}
