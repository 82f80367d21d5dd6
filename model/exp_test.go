package model

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestExp1(t *testing.T) {
	for x, want := range map[float64]float64{0: 1, math.Inf(1): 0, 709: 0, 1e300: 0, 5e-324: 1} {
		if got := exp1(x); got != want {
			t.Errorf("e^-%v is %v, want %v", x, got, want)
		}
	}
	if !math.IsNaN(exp1(math.NaN())) {
		t.Error("NaN has an exponential")
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(0, 708).Draw(t, "x")
		got, want := exp1(x), math.Exp(-x)
		if d := math.Abs(got - want); d > 4.5e-16*want {
			t.Fatalf("e^-%v is %v, want %v, off by %g", x, got, want, d/want)
		}
	})
}

func BenchmarkSigmoid(b *testing.B) {
	x := make([]float64, 1024)
	for i := range x {
		x[i] = -4 + float64(i%97)/24
	}
	var sum float64
	for b.Loop() {
		for _, v := range x {
			sum += Sigmoid(v)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/1024, "ns/lead")
}
