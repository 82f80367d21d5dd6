package features

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Every way to cut obeys: groups are neighbours and at most as many as asked for; an atom is alone unless its
// neighbours are too light to stand by themselves; no group is lighter than the least, if there are two.
func TestCut(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for trial := range 3000 {
		masses := make([]float64, 1+random.IntN(60))
		total := 0.0
		for i := range masses {
			masses[i] = float64(1 + random.IntN(5))
			if random.IntN(8) == 0 {
				masses[i] = float64(random.IntN(300))
			}
			total += masses[i]
		}
		groups, least := 2+random.IntN(31), float64(random.IntN(12))
		group := cut(masses, groups, least)
		mass, members := map[int32]float64{}, map[int32]int{}
		for i, g := range group {
			if i > 0 && g != group[i-1] && g != group[i-1]+1 {
				t.Fatalf("trial %d: groups %v are not neighbours", trial, group)
			}
			mass[g] += masses[i]
			members[g]++
		}
		if len(mass) > groups {
			t.Fatalf("trial %d: %d groups, want at most %d", trial, len(mass), groups)
		}
		for i, g := range group {
			alone := mass[g] - masses[i]
			if masses[i] >= total/float64(groups) && members[g] > 1 && len(mass) < groups && alone >= least+300 {
				t.Fatalf("trial %d: the atom %d of %v is in a group of %v", trial, i, masses[i], mass[g])
			}
			if len(mass) > 1 && mass[g] < min(least, total/float64(groups)) {
				t.Fatalf("trial %d: a group of %v, least is %v", trial, mass[g], least)
			}
		}
	}
}

func binnedTerm(t *testing.T, xs []float64, o BinOptions) *Term {
	t.Helper()
	term := fitBins(xs, selection{count: len(xs)}, o)
	return &term
}

func TestFitBins(t *testing.T) {
	o := BinOptions{Bins: 32, MinWeight: 10}
	nan := math.NaN()
	t.Run("constant", func(t *testing.T) {
		term := binnedTerm(t, []float64{3, 3, 3, nan}, o)
		if len(term.Edges) != 0 || !term.Missing || !slices.Equal(term.Histogram, []float64{3, 1}) {
			t.Errorf("%+v", term)
		}
	})
	t.Run("empty", func(t *testing.T) {
		if term := binnedTerm(t, []float64{nan, nan}, o); term.present() != 0 {
			t.Errorf("%+v", term)
		}
	})
	t.Run("atom and rare counts", func(t *testing.T) {
		xs := make([]float64, 10_000)
		for i := range 200 {
			xs[i] = float64(1 + i%4) // 50 each: rarer than 1/32, but not lost in the zeros
		}
		term := binnedTerm(t, xs, o)
		if !slices.Equal(term.Edges, []float64{1, 2, 3, 4}) {
			t.Errorf("edges %v", term.Edges)
		}
	})
	t.Run("quantiles", func(t *testing.T) {
		random := rand.New(rand.NewPCG(2, 2))
		xs := make([]float64, 5000)
		for i := range xs {
			xs[i] = math.Exp(random.NormFloat64())
		}
		term := binnedTerm(t, xs, o)
		if len(term.Edges) < 28 || len(term.Edges) > 31 {
			t.Errorf("%d edges", len(term.Edges))
		}
		for _, n := range term.Histogram[:len(term.Edges)+1] {
			if n < 100 || n > 250 {
				t.Errorf("a bin of %v, want about 156", n)
			}
		}
	})
}

func TestBetween(t *testing.T) {
	for _, c := range [][3]float64{{2, 3, 3}, {0, 0.0123, 0.01}, {10, 11, 11}, {1.25, 1.31, 1.3}, {-1, 1, 1}, {-5, -0.2, -0.2}, {999, 1002, 1000}} {
		if got := between(c[0], c[1]); got != c[2] {
			t.Errorf("between(%v, %v) = %v, want %v", c[0], c[1], got, c[2])
		}
	}
	random := rand.New(rand.NewPCG(3, 3))
	for range 10_000 {
		a := random.NormFloat64() * math.Exp(20*random.NormFloat64())
		b := math.Nextafter(a, math.Inf(1))
		if random.IntN(2) == 0 {
			b = a + math.Abs(a)*random.Float64()
		}
		if x := between(a, b); a < b && !(a < x && x <= b) {
			t.Fatalf("between(%v, %v) = %v", a, b, x)
		}
	}
}

// mixedTable holds a number with an atom and gaps and a category with rare levels.
func mixedTable(t *testing.T) (*Table, *Batch) { return mixedSince(t, "") }

// mixedSince is mixedTable with times that count from a column, of which a tenth is missing.
func mixedSince(t *testing.T, since string) (*Table, *Batch) {
	t.Helper()
	schema, err := NewSchema([]Field{
		{Name: "size", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature},
		{Name: "source", Type: Type{Base: String}, Kind: Category, Role: RoleFeature},
		{Name: "seen", Type: Type{Base: Timestamp}, Kind: Time, Role: RoleFeature, Since: since},
		{Name: "created", Type: Type{Base: Timestamp}, Kind: Time, Role: RoleCreatedAt},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(4, 4))
	const n = 3000
	batch := &Batch{Schema: schema, Rows: n, Vectors: make([]Vector, 4)}
	d := &Dictionary{}
	for i := range 40 {
		d.Levels = append(d.Levels, fmt.Sprint("s", i))
	}
	for range n {
		x, code := math.Floor(50*random.ExpFloat64()), uint32(min(39, 8*random.ExpFloat64()))
		switch random.IntN(6) {
		case 0:
			x = math.NaN()
		case 1:
			code = NoCode
		case 2, 3:
			x = 0
		}
		batch.Vectors[0].Numbers = append(batch.Vectors[0].Numbers, x)
		batch.Vectors[1].Codes = append(batch.Vectors[1].Codes, code)
		batch.Vectors[2].Times = append(batch.Vectors[2].Times, random.Int64N(1e15))
	}
	created := rand.New(rand.NewPCG(5, 5))
	for range n {
		at := int64(1e15) + created.Int64N(1e13)
		if created.IntN(10) == 0 {
			at = NoTime
		}
		batch.Vectors[3].Times = append(batch.Vectors[3].Times, at)
	}
	batch.Vectors[1].Dictionary = d
	b := NewBuilder(schema, n)
	if err := b.Add(batch); err != nil {
		t.Fatal(err)
	}
	return b.Table(), batch
}

// One lead by itself, the rows of a table and the design get the same codes, pairs and pooled levels among them.
func TestBinsPoolsAndPairsAreOneDefinition(t *testing.T) {
	for _, since := range []string{"", "created"} {
		t.Run(since, func(t *testing.T) { checkOneDefinition(t, since) })
	}
}

func checkOneDefinition(t *testing.T, since string) {
	table, batch := mixedSince(t, since)
	e, empty, err := FitBins(table, nil, nil, BinOptions{Bins: 16, MinWeight: 10})
	if err != nil || len(empty) != 0 {
		t.Fatal(err, empty)
	}
	if len(e.terms[1].Pooled) == 0 || len(e.terms[1].Levels) < 5 {
		t.Fatalf("levels %v, pooled %v", e.terms[1].Levels, e.terms[1].Pooled)
	}
	ga, gb := e.terms[0].Coarsen(6), e.terms[1].Coarsen(5)
	if slices.Max(ga) != 5 || slices.Max(gb) != 4 {
		t.Fatalf("groups %v and %v", ga, gb)
	}
	weight := make([]float64, 30)
	la, lb := e.Level(0, table), e.Level(1, table)
	for r := range int32(table.Rows) {
		weight[ga[la(r)]*5+gb[lb(r)]]++
	}
	if e, err = e.With([]Term{e.Crossed(0, 1, ga, gb, weight, 25)}); err != nil {
		t.Fatal(err)
	}
	design := e.Design(table, nil)
	var lead Lead
	for k := range e.terms {
		level := e.Level(k, table)
		leads := make([]float64, e.terms[k].Size()+1)
		for r := range table.Rows {
			batch.Lead(r, &lead)
			code := e.Code(k, &lead)
			if code.Level != level(int32(r)) || int(code.Level) != design.Columns[k].Codes.At(r) {
				t.Fatalf("term %d, row %d: by itself %v, in the table %d, in the design %d", k, r, code, level(int32(r)), design.Columns[k].Codes.At(r))
			}
			leads[code.Level]++
		}
		got := slices.Clone(e.terms[k].Histogram)
		if !e.terms[k].Missing {
			leads = append(leads[:len(got)-1], 0)
		}
		if !slices.Equal(got, leads[:len(got)]) {
			t.Errorf("term %d: histogram %v, counted %v", k, got, leads)
		}
		names := map[string]bool{}
		for i := range e.terms[k].Size() {
			names[e.terms[k].LevelName(i)] = true
		}
		if len(names) != e.terms[k].Size() {
			t.Errorf("term %d: %d names for %d levels", k, len(names), e.terms[k].Size())
		}
	}
	// Unseen in one part: no cell, and one warning.
	batch.Lead(0, &lead)
	lead.Values[1] = Value{Present: true, Text: "never"}
	if code := e.Code(3, &lead); code.Level != NoLevel {
		t.Errorf("the pair of a level never seen has %v", code)
	}
	warned := 0
	for _, w := range e.Warnings(&lead, nil) {
		if w.Code == WarnUnseenLevel {
			warned++
		}
	}
	if warned != 1 {
		t.Errorf("%d warnings of an unseen level", warned)
	}
}

func TestPairsAreChecked(t *testing.T) {
	table, _ := mixedTable(t)
	e, _, err := FitBins(table, nil, nil, BinOptions{Bins: 4, MinWeight: 10})
	if err != nil {
		t.Fatal(err)
	}
	good := func() Term {
		ga, gb := e.terms[0].Coarsen(3), e.terms[1].Coarsen(3)
		weight := slices.Repeat([]float64{30}, 9)
		return e.Crossed(0, 1, ga, gb, weight, 1)
	}
	if _, err := e.With([]Term{good()}); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Term){
		"one side":        func(p *Term) { p.Pair = p.Pair[:1] },
		"unknown part":    func(p *Term) { p.Pair[0].Feature = "nobody" },
		"itself":          func(p *Term) { p.Pair[1] = p.Pair[0] },
		"groups missing":  func(p *Term) { p.Pair[0].Groups = p.Pair[0].Groups[1:] },
		"negative group":  func(p *Term) { p.Pair[0].Groups[0] = -1 },
		"cells missing":   func(p *Term) { p.Cells = p.Cells[1:] },
		"cell beyond":     func(p *Term) { p.Cells[0] = 99 },
		"cell below":      func(p *Term) { p.Cells[0] = -2 },
		"unused":          func(p *Term) { p.Cells[0] = p.Cells[1] },
		"histogram short": func(p *Term) { p.Histogram = p.Histogram[:3] },
		"levels too":      func(p *Term) { p.Levels = []string{"x"} },
	} {
		p := good()
		spoil(&p)
		if _, err := e.With([]Term{p}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
