package model

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// S comes back from S + t(S), which rises everywhere, within its bounds; t is 0 at 0 and has no edges.
func TestTogetherLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 5))
		j := drawTogether(random)
		if err := j.check(); err != nil {
			t.Fatal(err)
		}
		if j.At(0) != 0 {
			t.Fatalf("%+v: t(0) is %v", *j, j.At(0))
		}
		for _, s := range []float64{j.From, j.To, rapid.Float64Range(-10, 10).Draw(t, "S"), rapid.Float64Range(-1e6, 1e6).Draw(t, "far S")} {
			const h = 1e-6
			if got := j.part(s + j.At(s)); math.Abs(got-s) > 1e-9*max(1, math.Abs(s)) {
				t.Fatalf("%+v: S = %v came back as %v", *j, s, got)
			}
			slope := j.slope(s)
			if slope < leastTogether-1e-12 || slope > mostTogether+1e-12 {
				t.Fatalf("%+v: the slope at %v is %v", *j, s, slope)
			}
			if got := 1 + (j.At(s+h)-j.At(s-h))/(2*h); math.Abs(got-slope) > 1e-4*max(1, math.Abs(s)) {
				t.Fatalf("%+v: the slope at %v is %v, differences give %v", *j, s, slope, got)
			}
			b := 0.5 + random.Float64()
			if got, want := j.Scaled(b).At(b*s), b*j.At(s); math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
				t.Fatalf("%+v scaled by %v: %v, want %v", *j, b, got, want)
			}
		}
	})
}

// The intercept keeps the mean probability, whatever leads weigh and however sure they are.
func TestTogetherBalances(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 6))
		j := &Together{Curvature: -0.163, Tilt: 14.97, To: 9.78}
		base := 4 * random.NormFloat64()
		eta, weight := make([]float64, 300), make([]float64, 300)
		for i := range eta {
			eta[i], weight[i] = base+6*random.NormFloat64(), 1
			if random.IntN(100) == 0 {
				weight[i] = 1e6
			}
		}
		j.balance(eta, base, func(i int) float64 { return weight[i] })
		var with, without, total float64
		for i, x := range eta {
			with += weight[i] * Sigmoid(x+j.At(x-base)+j.Intercept)
			without += weight[i] * Sigmoid(x)
			total += weight[i]
		}
		if !(math.Abs(with-without) <= 1e-9*total) {
			t.Fatalf("seed %d: intercept %v gives %v, want %v of %v", seed, j.Intercept, with, without, total)
		}
	}
}

// warped are outcomes of s + c·(s² − 1), as predictions.
func warped(random *rand.Rand, n int, c float64) *predictions {
	p := &predictions{}
	for range n {
		s := random.NormFloat64()
		p.eta = append(p.eta, s)
		p.y = append(p.y, float64(b2i(random.Float64() < Sigmoid(-1.5+s+c*(s*s-1)))))
	}
	return p
}

func togetherOf(t *testing.T, p *predictions) *Together {
	t.Helper()
	found, err := p.together(context.Background(), logit.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A planted curvature is found within its error, which is what its estimates scatter by; copies of leads in one account
// make it no more certain; where there is none, it is hardly ever found.
func TestTogetherFound(t *testing.T) {
	simulates(t)
	random := rand.New(rand.NewPCG(1, 6))
	const sets, planted = 30, -0.1
	var mean, square, errors float64
	for range sets {
		j := togetherOf(t, warped(random, 40_000, planted))
		if j == nil {
			continue
		}
		mean, square, errors = mean+j.Curvature/sets, square+j.Curvature*j.Curvature/sets, errors+j.Error/sets
	}
	if sd := math.Sqrt(square - mean*mean); math.Abs(mean-planted) > 0.015 || math.Abs(sd/errors-1) > 0.3 {
		t.Errorf("curvature %v ± %v with the error %v, planted %v", mean, sd, errors, planted)
	}
	found := 0
	for range 200 {
		found += b2i(togetherOf(t, warped(random, 2000, 0)) != nil)
	}
	if found > 4 { // of 200, at .0027: a chance of .0003
		t.Errorf("found in %d of 200 sets without", found)
	}
	p := warped(random, 40_000, planted)
	single, copies := togetherOf(t, p), &predictions{}
	for i := range p.eta {
		for range 3 {
			copies.eta, copies.y, copies.cluster = append(copies.eta, p.eta[i]), append(copies.y, p.y[i]), append(copies.cluster, int32(i))
		}
	}
	if c := togetherOf(t, copies); math.Abs(c.Error/single.Error-1) > 1e-3 || math.Abs(c.Curvature/single.Curvature-1) > 1e-3 {
		t.Errorf("copies give %+v, single leads %+v", *c, *single)
	}
	if few := warped(random, 150, planted); togetherOf(t, few) != nil {
		t.Error("150 leads are enough")
	}
}

// additiveColumns are leads whose effects add up in the probability.
func additiveColumns(n int, seed uint64) ([]column, []float64) {
	random := rand.New(rand.NewPCG(seed, 7))
	var columns []column
	p := slices.Repeat([]float64{0.01}, n)
	for k := range 12 {
		texts := make([]string, n)
		for i := range n {
			level := random.IntN(2)
			texts[i] = fmt.Sprint(level)
			p[i] += 0.04 * float64(level)
		}
		columns = append(columns, category(fmt.Sprint("f", k), features.RoleFeature, texts))
	}
	won := make([]bool, n)
	for i := range won {
		won[i] = random.Float64() < p[i]
	}
	return append(columns, yesNo(won)), p
}

// What adds up in probability bends in log-odds: the recipe finds that, predicts better, keeps the mean, and has a reason
// for it with which reasons add up; a file, a batch, a table and one lead agree; an interval holds its probability.
func TestTogetherInTheRecipe(t *testing.T) {
	columns, truth := additiveColumns(30_000, 1)
	m := train(t, tableOf(t, columns...), autoOptions()).Model
	j := m.document.Fit.Together
	if j == nil || !(j.Curvature < 0) {
		t.Fatalf("together %+v", j)
	}
	var text bytes.Buffer
	if err := m.Encode(&text); err != nil {
		t.Fatal(err)
	}
	m, err := Decode(&text)
	if err != nil {
		t.Fatal(err)
	}
	straight := *m
	straight.joint = nil
	straight.base = m.document.Calibration.Intercept + m.base - j.Intercept
	var sum, won, excess, excessStraight float64
	with, without := m.TableLogOdds(tableOf(t, columns...), nil), straight.TableLogOdds(tableOf(t, columns...), nil)
	for i, p := range truth {
		sum += Sigmoid(with[i])
		won += Sigmoid(without[i])
		excess += p*logLoss(with[i], 1) + (1-p)*logLoss(with[i], 0)
		excessStraight += p*logLoss(without[i], 1) + (1-p)*logLoss(without[i], 0)
	}
	if math.Abs(sum-won) > 1e-4*won {
		t.Errorf("probabilities add up to %v, without it to %v", sum, won)
	}
	if !(excess < excessStraight) {
		t.Errorf("log loss under the truth %v, without it %v", excess, excessStraight)
	}
	batch := batchOf(t, columns...)
	scorer := m.NewBatchScorer()
	scorer.Intervals = true
	var scores Scores
	scorer.Score(batch, &scores)
	checkBatch(t, "together", m, batch, &scores)
	var lead features.Lead
	for r := range 200 {
		batch.Lead(r, &lead)
		s := m.Score(&lead)
		checkSums(t, &s)
		last := s.Reasons[len(s.Reasons)-1]
		others := s.LogOdds - s.Base.LogOdds - last.LogOdds
		if want := m.joint.At(others); last.Feature != TogetherReason || math.Abs(last.LogOdds-want) > 1e-12 {
			t.Fatalf("row %d: the last reason is %+v, want %v", r, last, want)
		}
		if ci := s.ProbabilityCI; !(ci[0] <= s.Probability && s.Probability <= ci[1]) {
			t.Fatalf("row %d: probability %v, interval %v", r, s.Probability, *ci)
		}
	}
}
