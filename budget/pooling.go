package budget

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// What is known of the value of groups, from their outcomes. Rates are shrunken as shrinkage.go says, but over all κ
// that the outcomes leave possible: few groups do not tell κ, and to act as if they did makes intervals too narrow. With
// κ on a grid of logarithms from 5 to 2,000, each weighted by its marginal likelihood at its best μ, a rate is the mixture
// of the Betas, replaced by the Beta of its mean and variance. Profits are shrunken in the same way: with w_i wins of
// mean profit x_i in group i, σ² the variance within groups and k = σ²/τ² on a grid from 1 to 50, the wins that the
// groups' common mean x̄ is worth (Bühlmann & Straub 1970),
//
//	m_i  = (w_i·x_i + k·x̄)/(w_i + k)
//	Var  = σ²·(1/(w_i + k) + (k/(w_i + k))²/Σw)      and se² = ln(1 + Var/m_i²), the log-normal of that variance
//
// A rate β and a profit m·e^(se·Z − se²/2), independent of each other, make the value v = β·m, whose distribution
//
//	P(v < x) = E_Z P(β < x/(m·e^(se·Z − se²/2)))
//
// is summed over a grid of Z: no draws, so no seed.
//
// Note: the prior does not come from the model's probabilities. A model fitted to the same leads would agree with them,
// and be counted as evidence twice.

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
	weights []float64
}

// strengths is the number of κ on the grid.
const strengths = 25

func possiblePriors(wins, leads []float64) (weightedPriors, error) {
	w, n, err := checkGroups(wins, leads)
	if err != nil {
		return weightedPriors{}, err
	}
	all := weightedPriors{priors: make([]Beta, strengths), weights: make([]float64, strengths)}
	for i := range all.priors {
		k := MinStrength * math.Pow(MaxStrength/MinStrength, float64(i)/(strengths-1))
		all.priors[i] = BetaOf(bestMean(w, n, k), k)
		all.weights[i] = logMarginal(w, n, all.priors[i])
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
		m := d.Mean()
		mean += p.weights[i] * m
		square += p.weights[i] * (m*(1-m)/(d.Strength()+1) + m*m)
	}
	return BetaOf(mean, max(mean*(1-mean)/(square-mean*mean)-1, 1e-3))
}

// profitPriors are the priors of profits that outcomes leave possible; the weights add up to 1.
type profitPriors struct {
	wins     float64 // Σw
	variance float64 // σ²
	means    []float64
	strength []float64 // k
	weights  []float64
}

// fitProfits weighs each k by the likelihood of the groups' mean profits, x_i ~ N(x̄_k, σ²/w_i + σ²/k), at its best x̄_k.
func fitProfits(groups []Evidence) profitPriors {
	p := profitPriors{means: make([]float64, strengths), strength: make([]float64, strengths), weights: make([]float64, strengths)}
	within, degrees, mean := 0.0, 0.0, 0.0
	for _, e := range groups {
		p.wins += e.Wins
		mean += e.Wins * e.Profit
		within += max(e.Wins-1, 0) * e.SD * e.SD
		degrees += max(e.Wins-1, 0)
	}
	mean /= p.wins
	if p.variance = mean * mean; degrees > 0 { // of single sales nothing is known but that they vary
		p.variance = within / degrees
	}
	for i := range p.weights {
		k := MinProfitWins * math.Pow(MaxProfitWins/MinProfitWins, float64(i)/(strengths-1))
		p.strength[i] = k
		p.means[i], p.weights[i] = p.likelihood(groups, k, mean)
	}
	fromLogs(p.weights)
	return p
}

// likelihood returns x̄_k and the logarithm of the likelihood, but for a constant.
func (p profitPriors) likelihood(groups []Evidence, k, otherwise float64) (mean, log float64) {
	if p.variance == 0 {
		return otherwise, 0
	}
	total := 0.0
	for _, e := range groups {
		precision := e.Wins * k / (e.Wins + k)
		total += precision
		mean += precision * e.Profit
	}
	mean /= total
	for _, e := range groups {
		if precision := e.Wins * k / (e.Wins + k); precision > 0 {
			d := e.Profit - mean
			log += math.Log(precision)/2 - precision*d*d/(2*p.variance)
		}
	}
	return mean, log
}

// of returns the mean of the mixture for a group, and the standard error of its logarithm.
func (p profitPriors) of(e Evidence) (mean, se float64) {
	square := 0.0
	for i, k := range p.strength {
		z := e.Wins / (e.Wins + k)
		m := z*e.Profit + (1-z)*p.means[i]
		mean += p.weights[i] * m
		square += p.weights[i] * (m*m + p.variance*(1/(e.Wins+k)+(1-z)*(1-z)/p.wins))
	}
	if mean <= 0 {
		return mean, 0
	}
	return mean, math.Sqrt(math.Log1p(max(square/(mean*mean)-1, 0)))
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
		profit := p.Profit * math.Exp(p.ProfitLogSE*z-p.ProfitLogSE*p.ProfitLogSE/2)
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
