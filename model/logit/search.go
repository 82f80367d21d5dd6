package logit

import (
	"context"
	"math"
)

const (
	sufficient   = 1e-4  // of the decrease that the slope promises (Nocedal and Wright, Numerical Optimization, 2nd ed., 3.4)
	flat         = 1e-13 // differences of F below it are rounding, relative to F, and
	flatRow      = 1e-15 // absolutely per unit of weight; the slope decides then
	searchTrials = 40
)

// search goes from θ along step, as far as F falls, and makes the point found the new θ. It reports false if there is
// none. F is convex, so where its differences have drowned in rounding (Hager and Zhang 2005, section 4) a smaller slope
// at the end is progress.
func (s *solver) search(ctx context.Context) (bool, error) {
	slope := dot(s.grad, s.step)
	if !(slope < 0) {
		return false, nil
	}
	alpha, checked := 1.0, s.checked
	for range searchTrials {
		for k, v := range s.step {
			s.trial[k] = s.theta[k] + float64(alpha*v)
		}
		s.layout.recentre(s.trial)
		loss, value, err := s.pass(ctx, s.trial, s.trialG)
		if err != nil {
			return false, err
		}
		end := dot(s.trialG, s.step)
		falls := value <= s.value+sufficient*alpha*slope
		level := value <= s.value+flat*s.value+flatRow*s.weight && math.Abs(end) <= 0.9*math.Abs(slope)
		if falls || level {
			s.theta, s.trial = s.trial, s.theta
			s.grad, s.trialG = s.trialG, s.grad
			s.loss, s.value, s.exact = loss, value, false
			return true, nil
		}
		if s.exhausted() {
			break
		}
		alpha *= shrink(s.value, slope*alpha, value)
	}
	s.checked = checked
	return false, nil
}

// shrink is the fraction of a failed step to try next: the minimum of the parabola through both ends, kept in bounds.
func shrink(from, slope, to float64) float64 {
	fraction := -slope / (2 * (to - from - slope))
	if !(fraction > 0.1) { // also if F overflowed
		return 0.1
	}
	return min(fraction, 0.5)
}
