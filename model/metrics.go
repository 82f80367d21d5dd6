package model

import (
	"math"
	"math/rand/v2"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// With leads in falling order of probability, weights w, outcomes y, W₁ = Σ w·y, W₀ = Σ w·(1−y):
//
//	AUC     P(a converted lead ranks above another), ties counting half (Hanley & McNeil 1982)
//	AP      Σ (R_n − R_{n−1})·P_n over the distinct probabilities (scikit-learn's average_precision_score)
//	ECE     Σ over 20 bins of equal mass of their weight × |mean y − mean p|
//	lift    rate among the best tenth ÷ base rate, the lead on the boundary counting in part
//
// Intervals are value ± z·se with the standard error of a bootstrap over leads, or accounts.

// IntervalLevel is the level of every interval.
const IntervalLevel = 0.9

var intervalZ = distuv.UnitNormal.Quantile(0.5 + IntervalLevel/2)

// sample is what evaluate looks at: one element a lead.
type sample struct {
	logOdds []float64
	y       []uint8
	weight  []float64 // nil = all 1
	cluster []int32   // accounts, nil = each lead by itself
	seed    uint64
}

func (s *sample) w(i int32) float64 {
	if s.weight == nil {
		return 1
	}
	return s.weight[i]
}

// ranked is a sample in falling order of its log-odds.
type ranked struct {
	*sample
	order []int32
	loss  []float64 // log loss of each lead, in that order
	p     []float64 // probability, in that order
}

func rank(s *sample) *ranked {
	r := &ranked{sample: s, order: make([]int32, len(s.y)), loss: make([]float64, len(s.y)), p: make([]float64, len(s.y))}
	for i := range r.order {
		r.order[i] = int32(i)
	}
	sort.SliceStable(r.order, func(a, b int) bool { return s.logOdds[r.order[a]] > s.logOdds[r.order[b]] })
	for k, i := range r.order {
		r.p[k] = Sigmoid(s.logOdds[i])
		r.loss[k] = logLoss(s.logOdds[i], float64(s.y[i]))
	}
	return r
}

// figures are the measures of one sample, or of one bootstrap resample of it.
type figures struct {
	weight, won, mean                    float64
	auc, precision, logLoss, brier, lift float64
}

// measure computes every figure in one pass. times[i] says how often lead i is drawn, nil = once.
func (r *ranked) measure(times []float64) figures {
	var f figures
	weightOf := func(k int) float64 {
		w := r.w(r.order[k])
		if times != nil {
			w *= times[r.order[k]]
		}
		return w
	}
	for k, i := range r.order {
		w := weightOf(k)
		f.weight += w
		f.won += float64(w * float64(r.y[i]))
		f.mean += float64(w * r.p[k])
		f.logLoss += float64(w * r.loss[k])
		d := r.p[k] - float64(r.y[i])
		f.brier += float64(w * d * d)
	}
	f.mean /= f.weight
	f.logLoss /= f.weight
	f.brier /= f.weight
	lost := f.weight - f.won
	var above, wonAbove, pairs, tenth float64 // weight and wins ranked above
	for start := 0; start < len(r.order); {
		end, tied, tiedWon := start, 0.0, 0.0
		for ; end < len(r.order) && r.logOdds[r.order[end]] == r.logOdds[r.order[start]]; end++ {
			w := weightOf(end)
			tied += w
			tiedWon += float64(w * float64(r.y[r.order[end]]))
		}
		lostAbove := above - wonAbove
		pairs += tiedWon * (lost - lostAbove - (tied-tiedWon)/2)
		if room := f.weight/10 - above; room > 0 && tied > 0 {
			tenth += tiedWon * min(1, room/tied)
		}
		above += tied
		wonAbove += tiedWon
		if above > 0 && f.won > 0 {
			f.precision += tiedWon / f.won * (wonAbove / above)
		}
		start = end
	}
	f.auc = pairs / (f.won * lost)
	f.lift = tenth / (f.weight / 10) / (f.won / f.weight)
	return f
}

// resamples is how many bootstrap resamples a sample of n leads gets: fewer where n makes each one certain.
func resamples(n int) int { return min(200, max(40, 20_000_000/max(n, 1))) }

// bootstrap calls each with the figures of one resample after another.
func (r *ranked) bootstrap(each func(times []float64)) {
	random := rand.New(rand.NewPCG(r.seed, 0x626f6f74))
	n := len(r.y)
	times := make([]float64, n)
	clusters := 0
	for _, c := range r.cluster {
		clusters = max(clusters, int(c)+1)
	}
	drawn := make([]float64, clusters)
	for range resamples(n) {
		if r.cluster == nil {
			clear(times)
			for range n {
				times[random.IntN(n)]++
			}
		} else {
			clear(drawn)
			for range clusters {
				drawn[random.IntN(clusters)]++
			}
			for i, c := range r.cluster {
				times[i] = drawn[c]
			}
		}
		each(times)
	}
}

// spread accumulates a mean and a standard deviation (Welford 1962).
type spread struct{ n, mean, m2 float64 }

func (s *spread) add(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return // a resample of one class
	}
	s.n++
	d := x - s.mean
	s.mean += d / s.n
	s.m2 += d * (x - s.mean)
}

func (s *spread) sd() float64 {
	if s.n < 2 {
		return 0
	}
	return math.Sqrt(s.m2 / (s.n - 1))
}

// around returns value ± z·sd, within the bounds.
func (s *spread) around(value, low, high float64) Interval {
	return Interval{max(low, value-intervalZ*s.sd()), min(high, value+intervalZ*s.sd())}
}

// evaluate measures a sample that holds both outcomes.
func evaluate(s *sample, curves bool) *Evaluation {
	r := rank(s)
	f := r.measure(nil)
	e := &Evaluation{
		Level: IntervalLevel, Rows: len(s.y), Conversions: f.won, BaseRate: f.won / f.weight, Mean: f.mean,
		AUC: f.auc, AveragePrecision: f.precision, LogLoss: f.logLoss, Brier: f.brier, TopDecileLift: f.lift,
	}
	e.LogLossConstant = entropy(e.BaseRate)
	var auc, precision, loss, brier, lift spread
	r.bootstrap(func(times []float64) {
		g := r.measure(times)
		auc.add(g.auc)
		precision.add(g.precision)
		loss.add(g.logLoss)
		brier.add(g.brier)
		lift.add(g.lift)
	})
	e.AUCCI, e.AveragePrecisionCI = auc.around(f.auc, 0, 1), precision.around(f.precision, 0, 1)
	e.LogLossCI, e.BrierCI = loss.around(f.logLoss, 0, math.Inf(1)), brier.around(f.brier, 0, 1)
	e.TopDecileLiftCI = lift.around(f.lift, 0, 10)
	e.ECE, e.ECEExpected = r.ece()
	line, se := fitAffine(s.logOdds, targets(s.y), s.weight)
	e.CalibrationIntercept, e.CalibrationSlope = line.Intercept, line.Slope
	e.InterceptCI = Interval{line.Intercept - intervalZ*se[0], line.Intercept + intervalZ*se[0]}
	e.CalibrationSlopeCI = Interval{line.Slope - intervalZ*se[1], line.Slope + intervalZ*se[1]}
	if curves {
		e.Curves = r.curves()
	}
	return e
}

// entropy is the log loss of the constant p.
func entropy(p float64) float64 {
	if p <= 0 || p >= 1 {
		return 0
	}
	return -p*math.Log(p) - (1-p)*math.Log1p(-p)
}

func targets(y []uint8) []float64 {
	t := make([]float64, len(y))
	for i, v := range y {
		t[i] = float64(v)
	}
	return t
}

// bins cuts a sample in order of probability into parts of equal mass, calling each with their bounds.
func (r *ranked) bins(count int, each func(start, end int)) {
	var total, seen float64
	for _, i := range r.order {
		total += r.w(i)
	}
	start := 0
	for k, i := range r.order {
		seen += r.w(i)
		bin := int(seen / total * float64(count) * (1 + 1e-12))
		if done := k == len(r.order)-1; done || bin > int((seen-r.w(i))/total*float64(count)*(1+1e-12)) {
			each(start, k+1)
			start = k + 1
		}
	}
}

// part sums up a bin.
func (r *ranked) part(start, end int) (weight, won, mean, variance, squares float64) {
	for k := start; k < end; k++ {
		i := r.order[k]
		w, p := r.w(i), r.p[k]
		weight += w
		squares += float64(w * w)
		won += float64(w * float64(r.y[i]))
		mean += float64(w * p)
		variance += float64(w * w * p * (1 - p))
	}
	return weight, won, mean, variance, squares
}

// eceBins is how many bins the expected calibration error has.
const eceBins = 20

// ece returns the expected calibration error and what it would be if the probabilities were true: the mean of
// |N(0, σ²)| is σ·√(2/π).
func (r *ranked) ece() (ece, expected float64) {
	var total float64
	r.bins(eceBins, func(start, end int) {
		weight, won, mean, variance, _ := r.part(start, end)
		ece += math.Abs(won - mean)
		expected += math.Sqrt(variance * 2 / math.Pi)
		total += weight
	})
	return ece / total, expected / total
}

// Wilson returns the score interval of a rate of won out of n (Wilson 1927).
func Wilson(won, n float64) Interval {
	if n <= 0 {
		return Interval{0, 1}
	}
	z2 := intervalZ * intervalZ
	rate := won / n
	centre := (rate + z2/(2*n)) / (1 + z2/n)
	half := intervalZ / (1 + z2/n) * math.Sqrt(max(0, rate*(1-rate)/n+z2/(4*n*n)))
	return Interval{max(0, centre-half), min(1, centre+half)}
}
