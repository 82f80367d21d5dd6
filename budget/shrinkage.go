package budget

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Rates of small groups are shrunk towards what all groups have in common. With w_i wins of n_i leads in group i:
//
//	w_i ~ Binomial(n_i, p_i),  p_i ~ Beta(μ·κ, (1−μ)·κ)        here μ is the mean rate, not the price of hours
//	p_i | w_i ~ Beta(μ·κ + w_i, (1−μ)·κ + n_i − w_i)
//
// μ and κ maximise the marginal likelihood Σ ln B(μκ + w_i, (1−μ)κ + n_i − w_i) − ln B(μκ, (1−μ)κ), with κ bounded.
// In μ it is concave, its derivative a sum of digammas, so μ is found by bisection; in κ it is searched on a grid
// of logarithms and then by golden section.
//
// Note: matching moments instead is simpler, but with few groups of different size it finds another κ.

// The bounds of κ: a prior is worth from 5 to 2,000 leads.
const (
	MinStrength = 5
	MaxStrength = 2000
)

// Beta is a distribution of a rate.
type Beta struct {
	Alpha float64 `json:"alpha"`
	Beta  float64 `json:"beta"`
}

// BetaOf is the distribution with a mean inside (0, 1) that is worth strength leads.
func BetaOf(mean, strength float64) Beta {
	return Beta{Alpha: mean * strength, Beta: (1 - mean) * strength}
}

// Validate lists what is out of bounds.
func (d Beta) Validate() error {
	var b bounds
	b.positive("alpha", d.Alpha)
	b.positive("beta", d.Beta)
	return b.err()
}

// Mean returns the expected rate.
func (d Beta) Mean() float64 { return d.Alpha / (d.Alpha + d.Beta) }

// Strength returns how many leads the distribution is worth, κ.
func (d Beta) Strength() float64 { return d.Alpha + d.Beta }

// After returns the distribution after n leads with w wins, 0 ≤ w ≤ n.
func (d Beta) After(w, n float64) Beta { return Beta{Alpha: d.Alpha + w, Beta: d.Beta + n - w} }

// Quantile returns the rate that the truth is below with probability q, 0 ≤ q ≤ 1.
func (d Beta) Quantile(q float64) float64 {
	if q <= 0 || q >= 1 {
		return step(q >= 1)
	}
	_, x := between(math.SmallestNonzeroFloat64, 1, func(x float64) bool { return mathext.RegIncBeta(d.Alpha, d.Beta, x) < q })
	return x
}

// Interval returns the interval that holds the rate with probability level, equal tails.
func (d Beta) Interval(level float64) (low, high float64) {
	return d.Quantile((1 - level) / 2), d.Quantile((1 + level) / 2)
}

// Above is the probability that the rate is above x.
func (d Beta) Above(x float64) float64 {
	if x <= 0 || x >= 1 {
		return step(x <= 0)
	}
	return 1 - mathext.RegIncBeta(d.Alpha, d.Beta, x)
}

// bisect returns the point of [low, high] up to which below holds, to the last bit that 200 halvings reach.
func bisect(low, high float64, below func(x float64) bool) float64 {
	for range 200 {
		x := low + (high-low)/2
		if x == low || x == high {
			break
		}
		if below(x) {
			low = x
		} else {
			high = x
		}
	}
	return low + (high-low)/2
}

// Prior is what groups have in common.
type Prior struct {
	Beta
	AtBound bool `json:"at_bound"` // κ is at one of its bounds: the data do not tell how much groups differ
}

// FitPrior finds the prior of groups with wins[i] of leads[i]. Groups without leads say nothing. Without any win, or
// with nothing but wins, there is no rate to fit: an error. A single group is its own prior, of strength
// [MinStrength].
func FitPrior(wins, leads []float64) (Prior, error) {
	w, n, err := checkGroups(wins, leads)
	if err != nil {
		return Prior{}, err
	}
	if len(w) == 1 {
		return Prior{Beta: BetaOf(w[0]/n[0], MinStrength), AtBound: true}, nil
	}
	likelihood := func(logStrength float64) float64 {
		k := math.Exp(logStrength)
		return logMarginal(w, n, BetaOf(bestMean(w, n, k), k))
	}
	low, high := math.Log(MinStrength), math.Log(MaxStrength)
	strength := math.Exp(maximize(low, high, 64, likelihood))
	strength = min(max(strength, MinStrength), MaxStrength)
	atBound := strength < MinStrength*1.0001 || strength > MaxStrength/1.0001
	return Prior{Beta: BetaOf(bestMean(w, n, strength), strength), AtBound: atBound}, nil
}

// checkGroups returns the groups that have leads.
func checkGroups(wins, leads []float64) (w, n []float64, err error) {
	var b bounds
	b.length("wins", len(wins), len(leads))
	if len(b) > 0 {
		return nil, nil, b.err()
	}
	won, all := 0.0, 0.0
	for i := range leads {
		b.amount(at("leads", i), leads[i])
		b.amount(at("wins", i), wins[i])
		b.require(!(wins[i] > leads[i]), at("wins", i), wins[i], "at most the leads")
		if leads[i] > 0 {
			w, n = append(w, wins[i]), append(n, leads[i])
		}
		won, all = won+wins[i], all+leads[i]
	}
	b.require(won > 0 && won < all, "wins", won, "more than none and fewer than all leads")
	return w, n, b.err()
}

// logMarginal is the logarithm of the likelihood of the wins under a prior, but for a constant.
func logMarginal(wins, leads []float64, d Beta) float64 {
	sum := 0.0
	for i, w := range wins {
		sum += mathext.Lbeta(d.Alpha+w, d.Beta+leads[i]-w) - mathext.Lbeta(d.Alpha, d.Beta)
	}
	return sum
}

// bestMean is the μ of the largest likelihood, given κ.
func bestMean(wins, leads []float64, strength float64) float64 {
	return bisect(1e-9, 1-1e-9, func(mean float64) bool {
		d := BetaOf(mean, strength)
		slope := 0.0
		for i, w := range wins {
			slope += mathext.Digamma(d.Alpha+w) - mathext.Digamma(d.Alpha)
			slope += mathext.Digamma(d.Beta) - mathext.Digamma(d.Beta+leads[i]-w)
		}
		return slope > 0
	})
}

// maximize returns the place of the largest value of f in [low, high]: the best of a grid, then golden section
// around it.
func maximize(low, high float64, grid int, f func(x float64) float64) float64 {
	step := (high - low) / float64(grid)
	best, at := math.Inf(-1), 0
	for i := range grid + 1 {
		if y := f(low + float64(i)*step); y > best {
			best, at = y, i
		}
	}
	a, b := max(low+float64(at-1)*step, low), min(low+float64(at+1)*step, high)
	const ratio = 0.6180339887498949
	c, d := b-ratio*(b-a), a+ratio*(b-a)
	fc, fd := f(c), f(d)
	for range 60 {
		if fc >= fd {
			b, d, fd = d, c, fc
			c = b - ratio*(b-a)
			fc = f(c)
		} else {
			a, c, fc = c, d, fd
			d = a + ratio*(b-a)
			fd = f(d)
		}
	}
	return a + (b-a)/2
}

// Posterior is what is known of a group's cap after its outcomes: its rate, and the profit of a sale with the
// standard error of its logarithm, centred on the log scale.
type Posterior struct {
	Rate        Beta    `json:"rate"`
	Profit      float64 `json:"profit"`        // m
	ProfitLogSE float64 `json:"profit_log_se"` // σ/(m·√w), or the error of a value model
	SalesCost   float64 `json:"sales_cost"`    // s, hours included
}

// Percentile returns the value below which a share q of the ascending draws lies, interpolated.
func Percentile(ascending []float64, q float64) Figure {
	if len(ascending) == 0 {
		return Unknown(TooFew)
	}
	x := min(max(q, 0), 1) * float64(len(ascending)-1)
	i := int(x)
	if i+1 >= len(ascending) {
		return Known(ascending[len(ascending)-1])
	}
	return Known(ascending[i] + (x-float64(i))*(ascending[i+1]-ascending[i]))
}

// ShareAbove is the share of the ascending draws that are above x.
func ShareAbove(ascending []float64, x float64) Figure {
	i, _ := slices.BinarySearchFunc(ascending, x, func(draw, x float64) int {
		if draw > x {
			return 1
		}
		return -1
	})
	return over(float64(len(ascending)-i), float64(len(ascending)), TooFew)
}
