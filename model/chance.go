package model

import "math"

// How far what a fit leaves over in groups of leads stands out from chance, and what to believe of it that is there only
// because it stood out most.
//
// With g the residuals that a group of leads leaves over, v their variance if nothing is left to find, and W the group's
// curvature, the gain of giving each group a coefficient of precision screenRidge is about ½Σg²/(W+screenRidge). By chance
// the sum has the mean Σv/(W+screenRidge) and the variance 2·Σv·W/(W+screenRidge)², more by the fourth cumulants of the
// residuals; the cube root of Wilson and Hilferty (1931) turns it into a standard normal score z. With Σv below screenRidge
// there are no more outcomes to go by than a coefficient's own prior is worth, a single one of them would make any score,
// and what is free in a group may be no more than rounding: z is then 0.
//
// The best of many are partly so by chance, and a variance that is learnt of them is too large. The k-th best of n is a
// discovery if not more than share·k of n are expected to do as well by chance (Benjamini and Hochberg 1995), which is a
// bound z_k. What its gain has beyond that of z_k, of what it has beyond its mean by chance, is the part of the variance
// that counts: soft thresholding at the bound of the hard one (Donoho and Johnstone 1994, Biometrika 81). It leaves next to
// nothing of what just passes, and nearly everything of what stands out far.

const (
	screenRidge = 8.0
	leastFree   = 1e-6 // of a group's variance that must be left free
	leastPart   = 0.01 // of a variance that is left
)

// standing is how far a gain stands out.
type standing struct {
	score  float64 // z
	spread float64 // 2/(9ν), ν the degrees of freedom of the gain
}

// gainSum adds up the gain of groups.
type gainSum struct {
	gain, mean, variance, free float64
}

// add takes a group of curvature w, with what is left over there and its variance, but for the inflation of weights.
func (s *gainSum) add(w, rest, v float64, o *leftover) {
	ridged := w + screenRidge
	s.gain += rest * rest / ridged
	s.mean += v * o.inflation / ridged
	s.variance += (2*v*w*o.inflation*o.inflation + max(0, o.excess*v)) / (ridged * ridged)
	s.free += v
}

func (s *gainSum) standing() standing {
	if s.free < screenRidge {
		return standing{}
	}
	return wilsonHilferty(s.gain, s.mean, s.variance)
}

// wilsonHilferty returns how far a sum of squares of the given mean and variance stands out.
func wilsonHilferty(x, mean, variance float64) standing {
	if !(mean > 0 && variance > 0) {
		return standing{}
	}
	spread := 2.0 / 9 * variance / (2 * mean * mean)
	return standing{(math.Cbrt(x/mean) - (1 - spread)) / math.Sqrt(spread), spread}
}

// gainAt is the gain that has a score, relative to its mean by chance.
func (s standing) gainAt(score float64) float64 {
	root := score*math.Sqrt(s.spread) + 1 - s.spread
	return root * root * root
}

// part is that of the variance which counts, for the k-th best of n.
func (s standing) part(k, n int, share float64) float64 {
	bound := math.Sqrt2 * math.Erfcinv(2*share*float64(k)/float64(n))
	gain := s.gainAt(s.score)
	if !(gain > 1) {
		return leastPart
	}
	return max(leastPart, min(1, (gain-s.gainAt(bound))/(gain-1)))
}

// discoveries is how many of the scores, the best first, are discoveries of so many tested, whatever is left of them.
func discoveries(sorted []candidatePair, tested int, share float64) int {
	found := 0
	for k, c := range sorted {
		if chance := math.Erfc(c.score/math.Sqrt2) / 2; chance*float64(tested) <= share*float64(k+1) {
			found = k + 1
		}
	}
	return found
}
