package features

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// edgesBySorting is QuantileEdges by its definition.
func edgesBySorting(values, weights []float64, bins int) []float64 {
	order := make([]int, len(values))
	var total float64
	for i := range order {
		order[i] = i
		total += weights[i]
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	var edges []float64
	for k := 1; k < bins; k++ {
		var below float64
		for _, i := range order {
			below += weights[i]
			if below > float64(k)*total/float64(bins) {
				x, last := values[i], values[order[0]]
				if len(edges) > 0 {
					last = edges[len(edges)-1]
				}
				if x == last { // the next larger one
					if above := slices.IndexFunc(order, func(j int) bool { return values[j] > x }); above >= 0 {
						x = values[order[above]]
					}
				}
				if x > last {
					edges = append(edges, x)
				}
				break
			}
		}
	}
	return edges
}

func TestQuantileEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 400).Draw(t, "n")
		if rapid.IntRange(0, 9).Draw(t, "many") == 0 {
			n += manyValues
		}
		distinct := rapid.IntRange(1, 500).Draw(t, "distinct")
		bins := rapid.IntRange(2, 20).Draw(t, "bins")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		values, weights := make([]float64, n), make([]float64, n)
		for i := range values {
			values[i], weights[i] = float64(random.IntN(distinct)-distinct/2), float64(1+random.IntN(3))
		}
		before := slices.Clone(values)
		if got, want := QuantileEdges(values, weights, bins), edgesBySorting(values, weights, bins); !slices.Equal(got, want) {
			t.Fatalf("%d values: %v, want %v", n, got, want)
		}
		if !slices.Equal(values, before) {
			t.Fatal("the values were reordered")
		}
		var twice []float64 // weight 2 = value twice
		for i, x := range values {
			for range int(weights[i]) {
				twice = append(twice, x)
			}
		}
		if got, want := QuantileEdges(twice, nil, bins), QuantileEdges(values, weights, bins); !slices.Equal(got, want) {
			t.Fatalf("repeated values: %v, weighted: %v", got, want)
		}
	})
	if got := QuantileEdges(nil, nil, 10); got != nil {
		t.Errorf("no values: %v", got)
	}
}

// Sorted, reversed and constant input must not take quadratic time.
func TestQuantileEdgesOrdered(t *testing.T) {
	const n = 200_000
	rising, constant := make([]float64, n), make([]float64, n)
	for i := range rising {
		rising[i] = float64(i)
	}
	falling := slices.Clone(rising)
	slices.Reverse(falling)
	want := []float64{n / 4, n / 2, n * 3 / 4}
	if got := QuantileEdges(rising, nil, 4); !slices.Equal(got, want) {
		t.Errorf("rising: %v", got)
	}
	if got := QuantileEdges(falling, nil, 4); !slices.Equal(got, want) {
		t.Errorf("falling: %v", got)
	}
	if got := QuantileEdges(constant, nil, 4); got != nil {
		t.Errorf("constant: %v", got)
	}
}

// A value that holds most of the weight has a bin of its own.
func TestQuantileEdgesOfAtoms(t *testing.T) {
	values := make([]float64, 1000)
	values[0], values[1], values[2] = -1, 2, 3
	if got := QuantileEdges(values, nil, 10); !slices.Equal(got, []float64{0, 2}) {
		t.Errorf("around an atom: %v", got)
	}
	values[0] = 0
	if got := QuantileEdges(values, nil, 10); !slices.Equal(got, []float64{2}) {
		t.Errorf("above an atom: %v", got)
	}
}

func TestBinOfCounts(t *testing.T) {
	least := math.SmallestNonzeroFloat64
	values := []float64{math.Inf(-1), -math.MaxFloat64, -2, -1, -least, math.Copysign(0, -1), 0, least, 1, 1.5, 2, math.MaxFloat64, math.Inf(1)}
	for count := range 40 {
		random := rand.New(rand.NewPCG(uint64(count), 1))
		edges := make([]float64, count)
		for i := range edges {
			edges[i] = values[1+random.IntN(len(values)-2)]
		}
		slices.Sort(edges)
		for _, x := range values {
			want := 0
			for _, edge := range edges {
				if edge <= x {
					want++
				}
			}
			if got := BinOf(edges, x); got != want {
				t.Errorf("BinOf(%v, %v) = %d, want %d", edges, x, got, want)
			}
		}
	}
}

func TestBinOf(t *testing.T) {
	edges := []float64{1, 2, 2.5}
	for x, want := range map[float64]int{math.Inf(-1): 0, 0.9: 0, 1: 1, 1.5: 1, 2: 2, 2.4: 2, 2.5: 3, 9: 3} {
		if got := BinOf(edges, x); got != want {
			t.Errorf("BinOf(%v) = %d, want %d", x, got, want)
		}
	}
	if got := BinOf(nil, 1); got != 0 {
		t.Errorf("no edges: bin %d", got)
	}
}

func BenchmarkQuantileEdges(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 1<<20)
	for i := range values {
		values[i] = random.NormFloat64()
	}
	b.ReportAllocs()
	for b.Loop() {
		QuantileEdges(values, nil, histogramBins)
	}
}
