package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/internal/raced"
)

const simulationsVariable = "LEADSCORE_SIMULATIONS"

func simulationsAsked() bool { return os.Getenv(simulationsVariable) != "" }

// simulates skips a test of many fits under the race detector, unless simulations are asked for: it asks what fits find,
// and others run the same code under it.
func simulates(t testing.TB) {
	t.Helper()
	if raced.Enabled && !simulationsAsked() {
		t.Skip("a simulation: not under the race detector")
	}
}

// simulations are the seeds that a law of simulated truths is checked on: the first few, or those that the environment
// variable LEADSCORE_SIMULATIONS says, "200" or, of a part, "40:80".
func simulations(t testing.TB, few uint64) (from, to uint64) {
	t.Helper()
	simulates(t)
	text := os.Getenv(simulationsVariable)
	if text == "" {
		return 0, few
	}
	start, end, part := strings.Cut(text, ":")
	if !part {
		start, end = "0", start
	}
	from, err := strconv.ParseUint(start, 10, 32)
	to, err2 := strconv.ParseUint(end, 10, 32)
	if err != nil || err2 != nil || from >= to {
		t.Fatalf("%s is %q, want a number of sets, or from:to", simulationsVariable, text)
	}
	return from, to
}

// truth draws sets of leads whose log-odds are an additive function of their columns, drawn anew with the seed: half of
// the columns are categories, half numbers.
type truth struct {
	rows    int
	columns int
	levels  []int   // of the categories, in turn
	rate    float64 // conversions among the leads, on average
	spread  float64 // standard deviation of the log-odds; 0 = noise
	seed    uint64
}

// drawn is one set: its columns, the outcome last, and the true probability of each lead.
type drawn struct {
	columns []column
	p       []float64
}

// someLevels are levels of categories as they come; the largest is a column of 200 levels.
var someLevels = []int{200, 3, 8, 2, 20, 5, 12, 4, 50, 6}

// draw draws a set. Levels have shares that fall off like 1/rank, effects are normal with a standard deviation drawn for
// each column; a number's effect bends; neighbouring numbers correlate; a tenth of every third number is missing.
func (w truth) draw() drawn {
	random := rand.New(rand.NewPCG(w.seed, 0x7472757468))
	d := drawn{p: make([]float64, w.rows)}
	eta := make([]float64, w.rows)
	common := make([]float64, w.rows)
	for i := range common {
		common[i] = random.NormFloat64()
	}
	for k := range w.columns {
		name, size := fmt.Sprintf("c%02d", k), 0.2+random.ExpFloat64()
		if k%2 == 0 {
			d.columns = append(d.columns, category(name, features.RoleFeature, w.category(random, w.levels[k/2%len(w.levels)], size, eta)))
		} else {
			d.columns = append(d.columns, numeric(name, features.RoleFeature, number(random, k%3 == 0, size, common, eta)))
		}
	}
	w.scale(eta)
	won := make([]bool, w.rows)
	for i, x := range eta {
		d.p[i] = Sigmoid(x)
		won[i] = random.Float64() < d.p[i]
	}
	d.columns = append(d.columns, yesNo(won))
	return d
}

func (w truth) category(random *rand.Rand, levels int, size float64, eta []float64) []string {
	texts, effect, edges := make([]string, len(eta)), make([]float64, levels), make([]float64, levels)
	total := 0.0
	for l := range levels {
		effect[l] = size * random.NormFloat64()
		total += 1 / (1 + float64(l))
		edges[l] = total
	}
	for i := range texts {
		x, l := total*random.Float64(), 0
		for x > edges[l] {
			l++
		}
		texts[i] = fmt.Sprintf("level %d", l)
		eta[i] += effect[l]
	}
	return texts
}

func number(random *rand.Rand, holes bool, size float64, common, eta []float64) []float64 {
	x := make([]float64, len(eta))
	slope, bend, phase, gap := size*random.NormFloat64(), size*random.NormFloat64(), 6*random.Float64(), size*random.NormFloat64()
	for i := range x {
		z := 0.6*common[i] + 0.8*random.NormFloat64()
		x[i] = z
		if holes && random.IntN(10) == 0 {
			x[i] = math.NaN()
			eta[i] += gap
			continue
		}
		eta[i] += slope*z + bend*math.Sin(1.5*z+phase)
	}
	return x
}

// scale gives the log-odds their spread and the leads their rate.
func (w truth) scale(eta []float64) {
	var all spread
	for _, x := range eta {
		all.add(x)
	}
	sd := math.Sqrt(all.m2 / all.n)
	for i, x := range eta {
		eta[i] = w.spread * (x - all.mean) / sd
	}
	low, high := -20.0, 20.0
	for range 60 {
		shift, total := (low+high)/2, 0.0
		for _, x := range eta {
			total += Sigmoid(x + shift)
		}
		if total > w.rate*float64(len(eta)) {
			high = shift
		} else {
			low = shift
		}
	}
	for i := range eta {
		eta[i] += low
	}
}

// noiseDesign are 5,000 leads of 20 columns, one of them of 200 levels, of which 7 % convert.
func noiseDesign(seed uint64, spread float64) truth {
	return truth{rows: 5000, columns: 20, levels: someLevels, rate: 0.07, spread: spread, seed: seed}
}

// The generator has the rate and the spread that it is asked for, and the AUC that goes with it: for normal log-odds of
// standard deviation s and rare conversions it is about Φ(s/√2).
func TestTruth(t *testing.T) {
	w := noiseDesign(1, 0.44)
	w.rows = 50_000
	d := w.draw()
	eta, won, mean := make([]float64, w.rows), make([]uint8, w.rows), 0.0
	for i, p := range d.p {
		eta[i] = Logit(p)
		mean += p / float64(w.rows)
		won[i] = uint8(b2i(d.columns[w.columns].texts[i] == "true"))
	}
	f := rank(&sample{logOdds: eta, y: won}).measure(nil)
	if math.Abs(mean-w.rate) > 1e-6 || math.Abs(f.won/f.weight-w.rate) > 0.004 {
		t.Errorf("mean probability %v, %v converted, want %v", mean, f.won/f.weight, w.rate)
	}
	if math.Abs(f.auc-0.62) > 0.015 {
		t.Errorf("AUC %v, want .62", f.auc)
	}
}
