package logit

import (
	"context"
	"math"
)

// Minimise finds the minimum of F for a problem.
//
// It returns an error and no fit if the options or the problem are malformed ([Options.Validate] lists the former), if
// there are no rows ([ErrNoData]) or the labels are all the same ([ErrOneClass]), if unpenalised terms have no finite or
// no single optimum ([*SeparationError], [*SingularError]), if the tolerance is not reached ([*NotConvergedError]), or if
// ctx ends, which is noticed within a block of rows.
//
// The result's bits depend on the problem and the options, without Workers, and on the processor architecture.
func Minimise(ctx context.Context, p Problem, o Options) (*Fit, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := p.checkShape(); err != nil {
		return nil, err
	}
	l, err := newLayout(&p, o.Reference)
	if err != nil {
		return nil, err
	}
	objective, won, err := newObjective(ctx, &p, l, o.Workers)
	if err != nil {
		return nil, err
	}
	if p.oneClass(won) {
		return nil, ErrOneClass
	}
	theta, warm, err := start(l, won, o.Start)
	if err != nil {
		return nil, err
	}
	s := newSolver(objective, o, won.weight, theta)
	if err := s.solve(ctx, won, warm); err != nil {
		return nil, err
	}
	return s.finish(ctx, won)
}

// start is θ to begin with: an earlier fit, or no effects and the base rate.
func start(l *layout, won outcomes, from *Fit) (theta []float64, warm bool, err error) {
	if from == nil {
		theta = make([]float64, l.intercept+1)
		theta[l.intercept] = won.baseLogit()
		return theta, false, nil
	}
	theta, err = l.join(from)
	if err != nil {
		return nil, false, err
	}
	l.refer(theta)
	l.recentre(theta)
	return theta, true, nil
}

// baseLogit is the log-odds of the base rate, kept off the infinities that rounded sums of tiny targets could give.
func (o outcomes) baseLogit() float64 {
	return math.Log(max(o.won, 1e-15*o.weight) / max(o.weight-o.won, 1e-15*o.weight))
}

const (
	newtonRows  = 16384 // up to so many rows and
	newtonDense = 160   // so many dense coefficients every step is a Newton step
	sampleRows  = 16384 // rows that make a curvature worth using, or
	samplePer   = 96    // so many per dense coefficient if that is more, or
	sampleShare = 24    // one row in so many if that is more
	firstStride = 2     // one row in so many of those for the curvature to start with
	roughNorm   = 0.05  // the tolerance of the rough fit of the first sample and
	roughSteps  = 12    // the most steps in any
	climbs      = 4     // how many times the first sample a second one must be
	mostSteps   = 1 << 30
	checks      = 3 // of the optimum, before giving up
)

// solve finds the optimum: by Newton's method where that is cheap or where rank and finiteness are in question, else by
// L-BFGS over all rows, preconditioned with a subsample's curvature at a subsample's optimum.
func (s *solver) solve(ctx context.Context, won outcomes, warm bool) error {
	if warm {
		if err := s.distrust(ctx, won); err != nil {
			return err
		}
	}
	dense := len(s.layout.dense)
	rows := s.all.objective.problem.Rows
	if s.layout.free {
		return s.unpenalised(ctx, won)
	}
	if rows <= newtonRows && dense <= newtonDense && !s.layout.anyWide() {
		return s.newton(ctx, func(context.Context, bool, int) error { return nil })
	}
	if err := s.curveOr(ctx, firstStride*s.stride(0)); err != nil {
		return err
	}
	if !warm {
		if err := s.climb(ctx); err != nil {
			return err
		}
	}
	return s.converge(ctx, s.options.Tolerance)
}

// climb fits samples roughly, since passes over them are cheap: first as many rows as make a curvature worth using, then,
// where all are many more, those of closeStride, whose optimum is so much closer that they also give the curvature for
// the passes over all rows. A small sample's curvature at its own optimum would be of no use: it takes levels that no
// one in it converted at for certain.
func (s *solver) climb(ctx context.Context) error {
	stride, near := s.stride(0), s.closeStride()
	if stride == 1 {
		return nil
	}
	if err := s.rough(ctx, stride, roughNorm); err != nil || climbs*near > stride {
		return err
	}
	if err := s.rough(ctx, near, roughNorm*math.Sqrt(float64(near)/float64(stride))); err != nil {
		return err
	}
	return s.curveOr(ctx, near)
}

// curveOr makes the curvature at θ from one row in stride, or says that it cannot.
func (s *solver) curveOr(ctx context.Context, stride int) error {
	if ok, err := s.curve(ctx, stride); err != nil || !ok {
		return s.stopped(err, math.Inf(1), "the curvature is singular")
	}
	return nil
}

// converge descends over all rows until γ ≤ tolerance.
func (s *solver) converge(ctx context.Context, tolerance float64) error {
	norm, err := s.descend(ctx, tolerance, mostSteps)
	if err != nil {
		return err
	}
	if norm > tolerance {
		return s.stopped(nil, norm, "no further step lowers the objective, or MaxPasses is reached,")
	}
	return nil
}

// stride makes samples of about as many rows as a curvature needs, and at least so many.
func (s *solver) stride(least int) int {
	need := max(sampleRows, samplePer*len(s.layout.dense), least)
	return max(1, (s.all.objective.problem.Rows+need/2)/need)
}

// closeStride is that of curvatures near the optimum, which passes over all rows depend on.
func (s *solver) closeStride() int { return s.stride(s.all.objective.problem.Rows / sampleShare) }

// distrust replaces a start that is worse than none.
func (s *solver) distrust(ctx context.Context, won outcomes) error {
	if err := s.evaluate(ctx); err != nil {
		return err
	}
	rate := won.won / won.weight
	null := -won.weight * (rate*math.Log(rate) + (1-rate)*math.Log1p(-rate))
	if s.value > null {
		clear(s.theta)
		s.theta[s.layout.intercept] = won.baseLogit()
	}
	return nil
}

// rough descends over a sample until γ ≤ norm.
func (s *solver) rough(ctx context.Context, stride int, norm float64) (err error) {
	if s.on, err = s.sample(ctx, stride); err != nil {
		return err
	}
	_, err = s.descend(ctx, norm, roughSteps)
	s.on = s.all
	return err
}

// finish proves the optimum by an independent pass, with the curvature that the standard errors come from, and makes the
// fit. If that curvature finds γ above the tolerance after all, the descent goes on with it.
func (s *solver) finish(ctx context.Context, won outcomes) (*Fit, error) {
	for check := 1; ; check++ {
		if err := s.errors(ctx); err != nil {
			return nil, err
		}
		if !s.checked {
			var err error
			if s.loss, s.value, err = s.check(ctx, s.theta, s.grad); err != nil {
				return nil, err
			}
			s.checked = true
		}
		gap := s.curved.gap(s.grad, s.buffer)
		norm := relative(gap, s.value)
		if norm <= s.options.Tolerance {
			f := &Fit{Objective: s.value, LogLoss: s.loss, GradientNorm: norm, Gap: gap, MaxGradient: largest(s.grad), Rows: won.rows}
			s.fill(f)
			return f, nil
		}
		if check == checks || s.exhausted() {
			return nil, s.stopped(nil, norm, "the checking pass disagrees")
		}
		if err := s.converge(ctx, s.options.Tolerance/2); err != nil {
			return nil, err
		}
	}
}

// fill adds coefficients and standard errors to a fit.
func (s *solver) fill(f *Fit) {
	f.Coefficients, f.Intercept = s.layout.split(s.theta)
	f.Passes, f.SampleRows = s.passes, s.curved.rows
	if s.options.StandardErrors == NoErrors {
		return
	}
	f.covariance = newCovariance(s.curved)
	errors := f.covariance.diagonal()
	for k, v := range errors {
		errors[k] = math.Sqrt(v)
	}
	f.StandardErrors, f.InterceptSE = s.layout.split(errors)
}

// errors makes the curvature that standard errors are asked of.
func (s *solver) errors(ctx context.Context) error {
	subsample := s.options.StandardErrors == SubsampleErrors
	if s.options.StandardErrors == NoErrors || s.exact || subsample && s.curvedAt <= farNorm {
		return nil
	}
	stride := 1
	if subsample {
		stride = s.closeStride()
	}
	return s.curveOr(ctx, stride)
}
