package budget

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// What is known of the value of groups, from their outcomes. Rates are shrunken as shrinkage.go says, but over all κ
// that the outcomes leave possible: few groups do not tell κ, and to act as if they did makes intervals too narrow. Nor do
// they tell μ: with κ on a grid of logarithms from 5 to 2,000, and at its best μ,
//
//	Var μ = μ(1−μ)/(κ+1) ÷ Σ n_i/(κ+n_i)
//
// each κ is weighted by its marginal likelihood times √Var μ, that is over all μ (the restricted likelihood of Patterson &
// Thompson 1971), and the rate of group i is the mixture of the Betas, each widened by (κ/(κ+n_i))²·Var μ and all
// replaced by the Beta of its mean and variance.
//
// Profits are shrunken in the same way (Bühlmann & Straub 1970; Bühlmann & Gisler 2005, §4.8). With w_i wins of mean profit
// x_i and variance s_i² in group i, k on a grid from 1 to 50 the wins that the groups' common mean x̄ is worth, and
// z_i = w_i/(w_i + k),
//
//	m_i   = z_i·x_i + (1 − z_i)·x̄                      x̄ = Σ z_i·x_i ÷ Σ z_i
//	Var_i = z_i²·σ_i²/w_i + (1 − z_i)²·σ²·(1/k + 1/(k·Σ z))
//	φ     = Σ (w_i − 1)·s_i² ÷ Σ (w_i − 1)·x_i²        σ² = φ·(mean of all wins)²
//	σ_i²  = (50·φ·m_i² + (w_i − 1)·s_i²)/(50 + w_i − 1)
//
// Sales that are worth ten times as much vary about ten times as much: what groups have in common is φ = (σ/m)². It counts
// as 50 wins beside a group's own variance. se² = ln(1 + Var_i/m_i²) is that of the log-normal.
//
// A single group has nothing in common with others, and its variances are those of [Evidence]: μ(1−μ)/n and σ²/w. So
// are, nearly, those of a group of many wins. A rate β and a profit m·e^(se·Z), independent of each other, make the
// value v = β·m·e^(se·Z): centred on the log scale, as the intervals of Evidence are. Its distribution
//
//	P(v < x) = E_Z P(β < x/(m·e^(se·Z)))
//
// is summed over a grid of Z: no draws, so no seed.
//
// Note: the prior does not come from the model's probabilities. A model fitted to the same leads would agree with them,
// and be counted as evidence twice. One variance σ² for all groups gives groups of dear sales too narrow an interval, and
// groups of cheap ones too wide a one.

// The bounds of k: a prior of profit is worth from 1 to 50 wins.
const (
	MinProfitWins = 1
	MaxProfitWins = 50
)

// Posteriors returns what is known of each group's rate and profit after its outcomes, what groups have in common
// filled in. Without a win in any group, or with nothing but wins, there is no rate: an error.
func Posteriors(groups []Evidence) ([]Posterior, error) {
	var b bounds
	wins, leads := make([]float64, len(groups)), make([]float64, len(groups))
	for i, e := range groups {
		if err := e.Validate(); err != nil {
			b = append(b, err)
		}
		wins[i], leads[i] = e.Wins, e.Leads
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	priors, err := possiblePriors(wins, leads)
	if err != nil {
		return nil, err
	}
	profits := fitProfits(groups)
	posteriors := make([]Posterior, len(groups))
	for i, e := range groups {
		posteriors[i].Rate = priors.after(e.Wins, e.Leads)
		posteriors[i].Profit, posteriors[i].ProfitLogSE = profits.of(e)
	}
	return posteriors, nil
}

// weightedPriors are the priors that outcomes leave possible; the weights add up to 1.
type weightedPriors struct {
	priors  []Beta
	errors  []float64 // Var μ
	weights []float64
}

// strengths is the number of κ on the grid.
const strengths = 25

func possiblePriors(wins, leads []float64) (weightedPriors, error) {
	w, n, err := checkGroups(wins, leads)
	if err != nil {
		return weightedPriors{}, err
	}
	all := weightedPriors{make([]Beta, strengths), make([]float64, strengths), make([]float64, strengths)}
	for i := range all.priors {
		k := MinStrength * math.Pow(MaxStrength/MinStrength, float64(i)/(strengths-1))
		mean, told := bestMean(w, n, k), 0.0
		if len(w) == 1 { // as in [FitPrior]
			mean = w[0] / n[0]
		}
		for _, leads := range n {
			told += leads / (k + leads)
		}
		all.priors[i], all.errors[i] = BetaOf(mean, k), mean*(1-mean)/((k+1)*told)
		all.weights[i] = logMarginal(w, n, all.priors[i]) + math.Log(all.errors[i])/2
	}
	fromLogs(all.weights)
	return all, nil
}

// fromLogs turns logarithms of likelihoods into weights that add up to 1.
func fromLogs(weights []float64) {
	best, total := slices.Max(weights), 0.0
	for i, l := range weights {
		weights[i] = math.Exp(l - best)
		total += weights[i]
	}
	for i := range weights {
		weights[i] /= total
	}
}

// after is the Beta of the mean and the variance of the mixture after n leads with w wins.
func (p weightedPriors) after(w, n float64) Beta {
	mean, square := 0.0, 0.0
	for i, prior := range p.priors {
		d := prior.After(w, n)
		m, share := d.Mean(), prior.Strength()/d.Strength()
		mean += p.weights[i] * m
		square += p.weights[i] * (m*(1-m)/(d.Strength()+1) + share*share*p.errors[i] + m*m)
	}
	return BetaOf(mean, max(mean*(1-mean)/(square-mean*mean)-1, 1e-3))
}

// profitPriors are the priors of profits that outcomes leave possible; the weights add up to 1.
type profitPriors struct {
	spread   float64 // φ
	variance float64 // σ²
	priors   []profitPrior
	weights  []float64
}

// profitPrior is one of them.
type profitPrior struct {
	strength float64 // k
	mean     float64 // x̄
	error    float64 // Var x̄ ÷ σ²
}

// fitProfits weighs each k by the restricted likelihood of the groups' mean profits, x_i ~ N(x̄, σ²/w_i + σ²/k).
func fitProfits(groups []Evidence) profitPriors {
	p := profitPriors{spread: 1, priors: make([]profitPrior, strengths), weights: make([]float64, strengths)}
	wins, mean, within, squares := 0.0, 0.0, 0.0, 0.0
	for _, e := range groups {
		wins += e.Wins
		mean += e.Wins * e.Profit
		within += e.degrees() * e.SD * e.SD
		squares += e.degrees() * e.Profit * e.Profit
	}
	if mean /= wins; squares > 0 { // of single sales nothing is known but that they vary
		p.spread = within / squares
	}
	p.variance = p.spread * mean * mean
	for i := range p.priors {
		k := MinProfitWins * math.Pow(MaxProfitWins/MinProfitWins, float64(i)/(strengths-1))
		p.priors[i], p.weights[i] = p.at(k, groups)
	}
	fromLogs(p.weights)
	return p
}

// degrees are the degrees of freedom of the standard deviation.
func (e Evidence) degrees() float64 { return max(e.Wins-1, 0) }

// at returns the prior of strength k and the logarithm of its likelihood, but for a constant.
func (p profitPriors) at(k float64, groups []Evidence) (prior profitPrior, log float64) {
	total := 0.0
	for _, e := range groups {
		precision := e.Wins * k / (e.Wins + k)
		total += precision
		prior.mean += precision * e.Profit
	}
	prior = profitPrior{k, prior.mean / total, 1 / total}
	if p.variance == 0 {
		return prior, 0
	}
	for _, e := range groups {
		if precision := e.Wins * k / (e.Wins + k); precision > 0 {
			d := e.Profit - prior.mean
			log += math.Log(precision)/2 - precision*d*d/(2*p.variance)
		}
	}
	return prior, log + math.Log(prior.error)/2
}

// of returns the mean of the mixture for a group, and the standard error of its logarithm.
func (p profitPriors) of(e Evidence) (mean, se float64) {
	own, common, square := 0.0, 0.0, 0.0 // Σ z²/w, Σ (1 − z)²·(1/k + Var x̄/σ²), Σ m², weighted
	for i, prior := range p.priors {
		k := prior.strength
		z := e.Wins / (e.Wins + k)
		m := z*e.Profit + (1-z)*prior.mean
		mean += p.weights[i] * m
		square += p.weights[i] * m * m
		own += p.weights[i] * z / (e.Wins + k)
		common += p.weights[i] * (1 - z) * (1 - z) * (1/k + prior.error)
	}
	if mean <= 0 {
		return mean, 0
	}
	variance := own*p.varianceOf(e, mean) + common*p.variance + square - mean*mean
	return mean, math.Sqrt(math.Log1p(max(variance/(mean*mean), 0)))
}

// varianceOf returns σ_i² of a group of mean m.
func (p profitPriors) varianceOf(e Evidence, m float64) float64 {
	return (MaxProfitWins*p.spread*m*m + e.degrees()*e.SD*e.SD) / (MaxProfitWins + e.degrees())
}

// The grid of Z: the trapezium rule on a normal density converges faster than any power of its step.
const (
	gridReach = 5.0
	gridStep  = 0.25
)

// Below is the probability that a lead is worth less than x.
func (p Posterior) Below(x float64) float64 {
	switch {
	case p.Profit <= 0:
		return step(x > 0)
	case x <= 0:
		return 0
	case p.ProfitLogSE == 0:
		return 1 - p.Rate.Above(x/p.Profit)
	}
	total, below := 0.0, 0.0
	for z := -gridReach; z <= gridReach; z += gridStep {
		weight := distuv.UnitNormal.Prob(z)
		total += weight
		profit := p.Profit * math.Exp(p.ProfitLogSE*z)
		below += weight * (1 - p.Rate.Above(x/profit))
	}
	return below / total
}

// Value returns the value of a lead that the truth is below with probability q, 0 < q < 1. A sale at a loss has the
// value 0.
func (p Posterior) Value(q float64) float64 {
	if p.Profit <= 0 {
		return 0
	}
	high := p.Rate.Mean() * p.Profit
	for p.Below(high) < q {
		high *= 2
	}
	low := high / 2
	for low > 0 && p.Below(low) >= q {
		low, high = low/2, low
	}
	return falsePosition(low, high, func(x float64) float64 { return p.Below(x) - q })
}

// falsePosition returns where a rising function is 0, between low, where it is below, and high, where it is not, by
// the Illinois rule: an end that stays twice in a row counts half (Dowell & Jarratt 1971).
func falsePosition(low, high float64, f func(x float64) float64) float64 {
	a, b := f(low), f(high)
	side := 0
	for range 100 {
		if high-low <= 1e-10*high || b == 0 {
			break
		}
		x := (low*b - high*a) / (b - a)
		if !(x > low && x < high) {
			x = low + (high-low)/2
		}
		y := f(x)
		switch {
		case math.Abs(y) < 1e-12:
			return x
		case y < 0:
			if low, a = x, y; side == -1 {
				b /= 2
			}
			side = -1
		default:
			if high, b = x, y; side == 1 {
				a /= 2
			}
			side = 1
		}
	}
	return high
}

// CapAt returns the most that a lead may cost if it is worth what the truth is below with probability q.
func (p Posterior) CapAt(q float64, t Target) float64 { return t.capped(p.Value(q), p.SalesCost).Max }

// CapAbove is the probability that the cap is above a price c: that c meets the target.
func (p Posterior) CapAbove(t Target, c float64) float64 { return 1 - p.Below(t.value(c, p.SalesCost)) }
