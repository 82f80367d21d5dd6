package budget

import (
	"math"
	"slices"
)

// A lead is handed to sales if what it is expected to bring is more than what working it costs:
//
//	p·m − s·(1+r) > μ·h    so    p* = (s·(1+r) + μ·h)/m
//
// with r = 0 unless the sales spend must earn a return of its own. The price of the lead is sunk. As m differs from
// lead to lead, so does p*: there is no single threshold on probability.

// Cutoff is p*, the probability above which a lead of profit m is worth working. It is [NoProfit] where a sale
// brings none and [OutOfReach] where even a certain sale would not pay.
func Cutoff(m, s, muHours, r float64) (Figure, error) {
	var b bounds
	b.finite("m", m)
	b.amount("s", s)
	b.amount("μh", muHours)
	b.roi("r", r)
	if err := b.err(); err != nil {
		return Figure{}, err
	}
	p := (s*(1+r) + muHours) / m
	if m <= 0 {
		return Unknown(NoProfit), nil
	}
	if p > 1 {
		return Unknown(OutOfReach), nil
	}
	return Known(p), nil
}

// Gates are the two gates of a marketing-qualified lead: who it is must do first, then what it did must too.
type Gates struct {
	Fit         float64 `json:"fit"`         // g1, least probability from fit alone
	Probability float64 `json:"probability"` // g2, least probability from fit and activity
}

// Validate lists what is out of bounds.
func (g Gates) Validate() error {
	var b bounds
	b.share("mql.fit", g.Fit)
	b.share("mql.probability", g.Probability)
	return b.err()
}

// Fits reports whether a lead passes the first gate, from its log-odds without activity: the base and the part of fit.
func (g Gates) Fits(base, fit float64) bool { return sigmoid(base+fit) >= g.Fit }

// Qualifies reports whether a lead passes both gates, from the same and its probability from all that is known.
func (g Gates) Qualifies(base, fit, probability float64) bool {
	return g.Fits(base, fit) && probability >= g.Probability
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	return math.Exp(x) / (1 + math.Exp(x))
}

// BarPoint says what a bar on the probability lets through.
type BarPoint struct {
	Bar          float64 `json:"bar"`
	Leads        int     `json:"leads"`
	ExpectedWins float64 `json:"expected_wins"`
}

// BarCurve counts the leads at or above each bar: how volume answers to where the bar is set. Probabilities that
// are not numbers count nowhere.
func BarCurve(p, bars []float64) []BarPoint {
	sorted := slices.DeleteFunc(slices.Clone(p), math.IsNaN)
	slices.SortFunc(sorted, func(a, b float64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		}
		return 0
	})
	wins := make([]float64, len(sorted)+1)
	for i, x := range sorted {
		wins[i+1] = wins[i] + x
	}
	curve := make([]BarPoint, len(bars))
	for i, bar := range bars {
		n, _ := slices.BinarySearchFunc(sorted, bar, func(x, bar float64) int {
			if x >= bar {
				return -1
			}
			return 1
		})
		curve[i] = BarPoint{Bar: bar, Leads: n, ExpectedWins: wins[n]}
	}
	return curve
}

// The bounds of the calibration slope between which probabilities may be cut at.
const (
	MinSlope = 0.8
	MaxSlope = 1.25
)

// Trustworthy reports whether probabilities are calibrated well enough to cut at: a calibration slope of [MinSlope] to
// [MaxSlope] and a mean within two standard errors of the observed rate of n leads. A miscalibration by 2 moves the cut by 2.
func Trustworthy(slope, meanP, rate, n float64) (bool, error) {
	var b bounds
	b.finite("slope", slope)
	b.share("mean p", meanP)
	b.share("rate", rate)
	b.positive("n", n)
	if err := b.err(); err != nil {
		return false, err
	}
	se := math.Sqrt(meanP * (1 - meanP) / n)
	return slope >= MinSlope && slope <= MaxSlope && math.Abs(meanP-rate) <= 2*se, nil
}
