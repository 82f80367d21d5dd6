package model

import (
	"math"
	"slices"
)

// Whether the recipe finds anything on these leads is tested first on leads that the fits did not see: those of the rolling
// origins before the holdout, and the holdout. In each fold f the converted leads i are compared with the others j, with
// weights w:
//
//	V_i   = share of the weight of the others that rank below i, ties counting half; V_j likewise
//	AUC_f = Σ w_i V_i / W₁ = Σ w_j V_j / W₀
//	infl  = w_i (V_i − AUC_f) / W₁ of a converted lead, w_j (V_j − AUC_f) / W₀ of another
//
// (DeLong, DeLong & Clarke-Pearson 1988; each lead counts within its fold only, so that levels of different fits do not
// matter). The statistic is Σ ω_f AUC_f, Σ ω_f = 1, and its variance the sum of the squares of ω_f·infl, summed over
// accounts first where the data name them. Without an effect it is ½: folds that come one after the other each use
// earlier leads only, so that their errors are a martingale's and do not correlate.
//
// ω_f is proportional to √(conversions of the fit) / (1/W₁ + 1/W₀): a weak effect shows as AUC_f − ½ in proportion to the
// former, and the variance without an effect is proportional to the latter.
//
// Note: folds in random order are not a martingale. A pair of leads in two folds is looked at twice, once from either
// side, and both times tells the same: the variance is twice as large, at worst (Bengio & Grandvalet 2004), and counted
// as such here. For this reason the test is not made of the random folds that are shown for comparison.

// Where the folds alone do not exclude chance, how the columns go with the outcome (association.go) is asked beside. The two
// p-values, none counted above ½, are one by the Cauchy combination, which holds whatever their dependence (Liu & Xie 2020,
// JASA 115): with t = mean of cot(π·p_i) it is ½ − atan(t)/π, and at worst twice the smaller. An association that the folds
// contradict is none: their ranking must at least be on the right side of ½.

// evidenceLevel is the nominal level of the tests together: how often, at most, data without any effect pass.
const evidenceLevel = 0.01

// evidenceZ is the standard normal quantile of 1 − evidenceLevel/2.
const evidenceZ = 2.5758293035489004

// Evidence is the test of whether the recipe ranks better than chance leads that it was not fitted on.
type Evidence struct {
	Level float64 `json:"level"`  // nominal, of the folds and the columns together
	AUC   float64 `json:"auc"`    // mean over the folds
	SE    float64 `json:"auc_se"` // standard error of it, over leads or accounts
	Z     float64 `json:"z"`      // (AUC − ½)/SE
	Bound float64 `json:"bound"`  // that Z must exceed
	Leads int     `json:"leads"`
	Wins  int     `json:"conversions"`
	Folds int     `json:"folds"`

	Gain   float64 `json:"gain"` // mean log loss of the base rate of each fit, less that of the fit
	GainSE float64 `json:"gain_se"`

	// Absent where the folds alone exclude chance, or leads are weighted or have accounts.
	Columns *Association `json:"columns,omitempty"`
}

// Ranks reports whether chance is excluded at the level: by the folds alone, or beside the columns.
func (e *Evidence) Ranks() bool {
	return e.Z > e.Bound || e.Columns != nil && e.Z > 0 && cauchy(math.Erfc(e.Z/math.Sqrt2)/2, e.Columns.P) <= e.Level
}

// cauchy combines two p-values.
func cauchy(p, q float64) float64 {
	t := (1/math.Tan(math.Pi*min(p, 0.5)) + 1/math.Tan(math.Pi*min(q, 0.5))) / 2
	return 0.5 - math.Atan(t)/math.Pi
}

// passed reports whether the fits rank better than chance, and whether their probabilities are no worse than the base rate
// by more than a standard error: with few conversions for its columns a fit may rank, and still be far too sure.
func (e *Evidence) passed() bool { return e.Ranks() && e.Gain > -e.GainSE }

// trial is a fold that a fit did not see.
type trial struct {
	predictions
	fitWon int     // conversions that the fit saw
	base   float64 // log-odds of its base rate
	twice  float64 // factor on the variance: 2 where pairs are looked at from both sides
}

// trials are the turns of the last cross-fit. In random order the leads of one are fitted on in the others.
func (t *trainer) trials() []trial {
	twice := 1.0
	if t.kind == SplitRandom {
		twice = 2
	}
	var trials []trial
	for _, c := range t.crossed {
		trials = append(trials, trial{t.predictions(c.test, c.eta), t.won(c.fit), Logit(t.baseRate(c.fit)), twice})
	}
	return trials
}

// holdoutTrial is the holdout.
func (t *trainer) holdoutTrial(before, held []int32, logOdds []float64) trial {
	return trial{t.predictions(held, logOdds), t.won(before), Logit(t.baseRate(before)), 1}
}

// evidence tests the folds, and where they alone do not exclude chance the columns; nil if no fold holds both outcomes.
func (t *trainer) evidence(trials []trial) (*Evidence, error) {
	e := evidence(trials)
	if e == nil || e.Ranks() {
		return e, nil
	}
	var err error
	e.Columns, err = t.association(t.rows)
	return e, err
}

// evidence tests the folds; nil if none holds both outcomes.
func evidence(trials []trial) *Evidence {
	e := &Evidence{Level: evidenceLevel, Bound: evidenceZ}
	var influence []float64
	var cluster []int32
	total := 0.0
	single := true
	for i := range trials {
		t := &trials[i]
		auc, weight, infl := t.compare()
		if !(weight > 0) {
			continue
		}
		won, _ := t.outcomes()
		e.AUC += float64(weight * auc)
		e.Leads, e.Wins, e.Folds = e.Leads+len(t.y), e.Wins+int(won), e.Folds+1
		total += weight
		for k, x := range infl {
			infl[k] = x * weight * math.Sqrt(t.twice)
		}
		influence, cluster, single = append(influence, infl...), append(cluster, t.cluster...), single && t.cluster == nil
	}
	if e.Folds == 0 {
		return nil
	}
	if single {
		cluster = nil
	}
	variance := squaresByCluster(influence, cluster)
	e.addGain(trials)
	e.AUC /= total
	e.SE = math.Sqrt(variance) / total
	if e.SE > 0 {
		e.Z = (e.AUC - 0.5) / e.SE
	}
	return e
}

// addGain compares the log losses over all folds.
func (e *Evidence) addGain(trials []trial) {
	var all predictions
	var gains []float64
	for i := range trials {
		t := &trials[i]
		for k, x := range t.eta {
			gains = append(gains, t.w(k)*(logLoss(t.base, t.y[k])-logLoss(x, t.y[k])))
		}
		all.append(t.predictions)
	}
	e.Gain, e.GainSE = all.meanAndError(gains)
}

// compare returns the fold's AUC, the weight ω of it, 0 without both outcomes, and the influence of each lead.
func (t *trial) compare() (auc, weight float64, influence []float64) {
	order := make([]int, len(t.y))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case t.eta[a] < t.eta[b]:
			return -1
		case t.eta[a] > t.eta[b]:
			return 1
		}
		return 0
	})
	var mass [2]float64 // W₀ and W₁
	for i, y := range t.y {
		mass[int(y)] += t.w(i)
	}
	if mass[0] == 0 || mass[1] == 0 {
		return 0, 0, nil
	}
	influence = make([]float64, len(t.y))
	var below [2]float64
	for start := 0; start < len(order); {
		var tied [2]float64
		end := start
		for ; end < len(order) && t.eta[order[end]] == t.eta[order[start]]; end++ {
			tied[int(t.y[order[end]])] += t.w(order[end])
		}
		beaten := (below[0] + tied[0]/2) / mass[0]  // V of the converted among them
		beating := 1 - (below[1]+tied[1]/2)/mass[1] // and of the others
		auc += float64(tied[1] / mass[1] * beaten)  // the mean of V_i
		for _, i := range order[start:end] {
			if t.y[i] == 1 {
				influence[i] = beaten
			} else {
				influence[i] = beating
			}
		}
		below[0], below[1] = below[0]+tied[0], below[1]+tied[1]
		start = end
	}
	for i, y := range t.y {
		influence[i] = (influence[i] - auc) * t.w(i) / mass[int(y)]
	}
	return auc, math.Sqrt(float64(t.fitWon)) / (1/mass[0] + 1/mass[1]) / t.twice, influence
}

// winsFor is how many conversions, of rare ones, the folds must hold for the test to find an AUC nine times in ten: of so
// many the variance of an AUC near ½ is 1/12 of one over them.
func winsFor(auc float64) float64 {
	const power = 1.2815515655446004 // the standard normal quantile of .9
	z := (evidenceZ + power) / (auc - 0.5)
	return math.Ceil(z * z / 12)
}
