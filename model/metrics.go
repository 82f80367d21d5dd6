package model

import (
	"cmp"
	"math"
	"slices"
)

// With leads in falling order of probability, weights w, outcomes y, W₁ = Σ w·y, W₀ = Σ w·(1−y):
//
//	AUC     P(a converted lead ranks above another), ties counting half (Hanley & McNeil 1982)
//	AP      Σ (R_n − R_{n−1})·P_n over the distinct probabilities (scikit-learn's average_precision_score)
//	ECE     Σ over 20 bins of equal mass of their weight × |mean y − mean p|; no bin splits equal probabilities
//	gains   share of W₁ among the best share of Σ w, leads on the boundary counting in part
//	lift    gains ÷ that share

// sample is what evaluate looks at: one element a lead.
type sample struct {
	logOdds []float64
	y       []uint8
	weight  []float64 // nil = all 1
	cluster []int32   // accounts, nil = each lead by itself
	seed    uint64
}

// ranked is a sample in falling order of its log-odds; order says where each lead stood in the sample.
type ranked struct {
	*sample
	order     []int32
	eta, y, w []float64
	p, loss   []float64 // probability and log loss
	scratch   []float64 // weights of a resample
}

func rank(s *sample) *ranked {
	n := len(s.y)
	r := &ranked{sample: s, order: make([]int32, n)}
	for i := range r.order {
		r.order[i] = int32(i)
	}
	slices.SortFunc(r.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(s.logOdds[b], s.logOdds[a]), cmp.Compare(a, b))
	})
	memory := make([]float64, 6*n)
	part := func(k int) []float64 { return memory[k*n : (k+1)*n : (k+1)*n] }
	r.eta, r.y, r.w, r.p, r.loss, r.scratch = part(0), part(1), part(2), part(3), part(4), part(5)
	for k, i := range r.order {
		r.eta[k], r.y[k], r.w[k] = s.logOdds[i], float64(s.y[i]), 1
		if s.weight != nil {
			r.w[k] = s.weight[i]
		}
		r.p[k], r.loss[k] = Sigmoid(r.eta[k]), logLoss(r.eta[k], r.y[k])
	}
	return r
}

// tieEnd returns where the leads of the same log-odds as lead k end.
func (r *ranked) tieEnd(k int) int {
	end := k + 1
	for end < len(r.eta) && r.eta[end] == r.eta[k] {
		end++
	}
	return end
}

// gainSteps is how many shares of the leads gains are measured at; liftStep is that of the best tenth.
const gainSteps, liftStep = 200, gainSteps/10 - 1

// gainShare is the share of the leads at a step.
func gainShare(step int) float64 { return float64(step+1) / gainSteps }

// figures are the measures of one sample, or of one bootstrap resample of it. Those of ranking are NaN where only
// one outcome occurs.
type figures struct {
	weight, won, mean              float64
	auc, precision, logLoss, brier float64
	captured                       [gainSteps]float64
}

// lift is that of the best tenth.
func (f *figures) lift() float64 { return f.captured[liftStep] / gainShare(liftStep) }

// measure computes every figure. times[i] says how often lead i of the sample is drawn, nil = once. It must not
// run twice at a time.
func (r *ranked) measure(times []float64) *figures {
	w := r.w
	if times != nil {
		w = r.scratch
		for k, i := range r.order {
			w[k] = r.w[k] * times[i]
		}
	}
	f := &figures{}
	for k, w := range w {
		d := r.p[k] - r.y[k]
		f.weight += w
		f.won += float64(w * r.y[k])
		f.mean += float64(w * r.p[k])
		f.logLoss += float64(w * r.loss[k])
		f.brier += float64(w * d * d)
	}
	f.mean /= f.weight
	f.logLoss /= f.weight
	f.brier /= f.weight
	r.measureRanking(f, w)
	return f
}

// measureRanking goes down the ranks, leads of the same log-odds together.
func (r *ranked) measureRanking(f *figures, w []float64) {
	lost := f.weight - f.won
	var above, wonAbove, pairs float64 // weight and conversions ranked above
	step := 0
	for start := 0; start < len(w); {
		var tied, tiedWon float64
		end := r.tieEnd(start)
		for k := start; k < end; k++ {
			tied += w[k]
			tiedWon += float64(w[k] * r.y[k])
		}
		pairs += float64(tiedWon * (lost - (above - wonAbove) - (tied-tiedWon)/2))
		for ; step < gainSteps && gainShare(step)*f.weight <= above+tied; step++ {
			f.captured[step] = (wonAbove + tiedWon*portion(gainShare(step)*f.weight-above, tied)) / f.won
		}
		above += tied
		wonAbove += tiedWon
		if above > 0 {
			f.precision += float64(tiedWon / f.won * (wonAbove / above))
		}
		start = end
	}
	for ; step < gainSteps; step++ { // the last one, where rounding hides it
		f.captured[step] = wonAbove / f.won
	}
	f.precision = min(f.precision, 1) // but for rounding it is
	f.auc = min(pairs/(f.won*lost), 1)
}

// portion returns part/whole, 0 of nothing.
func portion(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

// evaluate measures a sample that holds both outcomes.
func evaluate(s *sample) *Evaluation {
	r := rank(s)
	f := r.measure(nil)
	e := &Evaluation{
		Level: IntervalLevel, Rows: len(s.y), Conversions: f.won, BaseRate: f.won / f.weight, Mean: f.mean,
		AUC: f.auc, AveragePrecision: f.precision, LogLoss: f.logLoss, Brier: f.brier, TopDecileLift: f.lift(), Curves: r.curves(),
	}
	e.LogLossConstant = entropy(e.BaseRate)
	var auc, precision, loss, brier spread
	var captured [gainSteps]spread
	r.bootstrap(func(times []float64) {
		g := r.measure(times)
		auc.add(g.auc)
		precision.add(g.precision)
		loss.add(g.logLoss)
		brier.add(g.brier)
		for step := range captured {
			captured[step].add(g.captured[step])
		}
	})
	e.AUCCI, e.AveragePrecisionCI = auc.around(f.auc, 0, 1), precision.around(f.precision, 0, 1)
	e.LogLossCI, e.BrierCI = loss.around(f.logLoss, 0, math.Inf(1)), brier.around(f.brier, 0, 1)
	for step := range captured {
		share := gainShare(step)
		ci := captured[step].around(f.captured[step], 0, 1)
		e.Curves.Gains = append(e.Curves.Gains, Gain{Share: share, Captured: f.captured[step], CI: ci, Lift: f.captured[step] / share})
		if step == liftStep {
			e.TopDecileLiftCI = Interval{ci[0] / share, ci[1] / share}
		}
	}
	e.ECE, e.ECEExpected = r.ece()
	e.addCalibration(predictions{eta: s.logOdds, y: targets(s.y), weight: s.weight, cluster: s.cluster})
	return e
}

// addCalibration fits the outcomes on the log-odds.
func (e *Evaluation) addCalibration(p predictions) {
	l, found := fitAffine(p)
	e.CalibrationIntercept, e.CalibrationSlope = l.Intercept, l.Slope
	if se, known := l.errors(p); found && known {
		e.InterceptCI = Interval{l.Intercept - intervalZ*se[0], l.Intercept + intervalZ*se[0]}
		e.CalibrationSlopeCI = Interval{l.Slope - intervalZ*se[1], l.Slope + intervalZ*se[1]}
	}
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

// bins cuts a sample in order of probability into at most count parts of about equal mass, calling each with
// their bounds. Leads of the same probability stay together.
func (r *ranked) bins(count int, each func(start, end int)) {
	const rounding = 1e-12
	var total, seen float64
	for _, w := range r.w {
		total += w
	}
	start, next := 0, 1
	for k := 0; k < len(r.w); {
		end := r.tieEnd(k)
		for ; k < end; k++ {
			seen += r.w[k]
		}
		if part := seen / total * float64(count) * (1 + rounding); end == len(r.w) || part >= float64(next) {
			each(start, end)
			start, next = end, int(part)+1
		}
	}
}

// eceBins is how many bins the expected calibration error has.
const eceBins = 20

// ece returns the expected calibration error and what it would be if the probabilities were true: the mean of
// |N(0, σ²)| is σ·√(2/π).
func (r *ranked) ece() (ece, expected float64) {
	var total float64
	r.bins(eceBins, func(start, end int) {
		var difference, variance float64
		for k := start; k < end; k++ {
			total += r.w[k]
			difference += float64(r.w[k] * (r.y[k] - r.p[k]))
			variance += float64(r.w[k] * r.w[k] * r.p[k] * (1 - r.p[k]))
		}
		ece += math.Abs(difference)
		expected += math.Sqrt(variance * 2 / math.Pi)
	})
	return ece / total, expected / total
}
