package logit

import (
	"context"
	"math"
)

// newton takes Newton steps with the curvature of every row until γ is below the tolerance and further steps stop
// helping, so that coefficients are as exact as double precision allows. watch is asked after every step (moved, from
// trial to θ) and at the end.
func (s *solver) newton(ctx context.Context, watch func(ctx context.Context, moved bool, iteration int) error) error {
	if err := s.evaluate(ctx); err != nil {
		return err
	}
	last := math.Inf(1)
	for iteration := 0; ; iteration++ {
		if ok, err := s.curve(ctx, 1); err != nil || !ok {
			return s.stopped(err, last, "the curvature is singular")
		}
		norm := s.norm()
		s.report(norm)
		good := norm <= s.options.Tolerance
		if good && (norm < 1e-13 || norm > last/4) {
			return watch(ctx, false, iteration)
		}
		if s.exhausted() && !good {
			return s.stopped(nil, norm, "MaxPasses is reached")
		}
		s.curved.solve(s.step, s.grad)
		for k := range s.step {
			s.step[k] = -s.step[k]
		}
		ok, err := s.search(ctx)
		switch {
		case err != nil:
			return err
		case !ok && good:
			return watch(ctx, false, iteration)
		case !ok:
			return s.stopped(nil, norm, "no step lowers the objective")
		}
		if err := watch(ctx, true, iteration); err != nil {
			return err
		}
		last = norm
	}
}
