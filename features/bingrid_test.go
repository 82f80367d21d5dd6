package features

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBinGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		any := rapid.OneOf(rapid.Float64Range(-3, 3), rapid.Float64(), rapid.SampledFrom([]float64{0, 1, 1e300, -1e300, math.MaxFloat64, 5e-324}),
			rapid.Custom(func(t *rapid.T) float64 { return math.Exp(rapid.Float64Range(-9, 9).Draw(t, "log")) }))
		edges := rapid.SliceOfN(any, 0, 40).Draw(t, "edges")
		slices.Sort(edges)
		g := NewBinGrid(edges)
		for _, x := range append(rapid.SliceOf(any).Draw(t, "numbers"), append(edges, math.Inf(1), math.Inf(-1))...) {
			for _, x := range []float64{x, math.Nextafter(x, 1e308), math.Nextafter(x, -1e308)} {
				if got, want := g.Bin(x), BinOf(edges, x); int(got) != want {
					t.Fatalf("the bin of %v among %v is %d, want %d", x, edges, got, want)
				}
			}
		}
	})
}
