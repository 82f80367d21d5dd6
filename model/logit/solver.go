package logit

import (
	"context"
	"math"
)

// solver is the state of a fit: where it stands, what F and its gradient are there, and the curvature in use.
type solver struct {
	all     *subject
	sampled *subject // the last sample that was made
	on      *subject // what passes go over
	layout  *layout
	options Options

	theta       []float64
	grad        []float64
	value, loss float64
	weight      float64 // Σw
	passes      int

	curved   *curvature
	curvedAt float64 // γ where the curvature was made, NaN until it is known
	exact    bool    // the curvature is that of every row at θ
	trust    bool    // the next pass is likely the last: make it the checking one
	checked  bool    // F and its gradient at θ are of a checking pass
	trial    []float64
	trialG   []float64
	step     []float64
	buffer   []float64
}

// subject is rows that passes and curvatures go over: all of them, or a sample.
type subject struct {
	objective *objective
	plan      *gramPlan // nil until a curvature is asked for
	stride    int       // one row in so many; 1 = all
	scale     float64   // makes a sum over the rows one over all rows
}

func newSolver(o *objective, options Options, weight float64, theta []float64) *solver {
	n := len(theta)
	all := &subject{objective: o, stride: 1, scale: 1}
	return &solver{all: all, on: all, layout: o.layout, options: options, weight: weight, theta: theta, grad: make([]float64, n),
		trial: make([]float64, n), trialG: make([]float64, n), step: make([]float64, n), buffer: make([]float64, n)}
}

// sample is one row in stride.
func (s *solver) sample(ctx context.Context, stride int) (*subject, error) {
	if stride == 1 {
		return s.all, nil
	}
	if s.sampled == nil || s.sampled.stride != stride {
		rows := s.all.objective.problem.Rows
		o, err := s.all.objective.pick(ctx, sample{rows: rows, stride: stride, seed: s.options.Seed})
		if err != nil {
			return nil, err
		}
		s.sampled = &subject{objective: o, stride: stride, scale: float64(rows) / float64(o.problem.Rows)}
	}
	return s.sampled, nil
}

// gram is the Gram matrix of the rows.
func (s *subject) gram(ctx context.Context, theta []float64, weigh func(rows span, eta []float64)) (*gram, error) {
	if s.plan == nil {
		s.plan = newGramPlan(s.objective)
	}
	return s.plan.compute(ctx, theta, weigh)
}

// evaluate passes over the rows at θ.
func (s *solver) evaluate(ctx context.Context) (err error) {
	s.loss, s.value, err = s.pass(ctx, s.theta, s.grad)
	return err
}

func (s *solver) pass(ctx context.Context, theta, grad []float64) (loss, value float64, err error) {
	if s.checked = s.trust && s.on == s.all; s.checked {
		s.trust = false
		return s.check(ctx, theta, grad)
	}
	if s.on == s.all {
		s.passes++
	}
	return s.on.objective.pass(ctx, s.on.scale, theta, grad)
}

// check passes over all rows without the solver's kernels.
func (s *solver) check(ctx context.Context, theta, grad []float64) (loss, value float64, err error) {
	o := s.all.objective
	return o.problem.verify(ctx, s.layout, s.options.Workers, len(o.chunks), theta, grad)
}

// curve makes the curvature at θ from one row in stride. Where M is not safely positive definite, which a faint ridge
// allows, its diagonal is raised: steps need no exact curvature. It reports false if that does not help either.
func (s *solver) curve(ctx context.Context, stride int) (bool, error) {
	from, err := s.sample(ctx, stride)
	if err != nil {
		return false, err
	}
	for _, raise := range []float64{0, 1e-11, 1e-8, 1e-5} {
		h, err := from.gram(ctx, s.theta, from.objective.curvatures)
		if err != nil {
			return false, err
		}
		// Levels are counted over all rows where they are too many for a sample.
		if h.wide, err = s.all.objective.wideDiagonals(ctx, s.theta, s.all.objective.curvatures); err != nil {
			return false, err
		}
		for p := range h.n {
			h.dense[p*h.n+p] *= 1 + raise
		}
		c, ok := newCurvature(s.layout, h, from.scale)
		if ok {
			s.curved, s.curvedAt = c, math.NaN()
			s.exact = raise == 0 && stride == 1
			return true, nil
		}
	}
	return false, nil
}

// norm is γ at θ, the relative length of the gradient.
func (s *solver) norm() float64 {
	return relative(s.curved.gap(s.grad, s.buffer), s.value)
}

func relative(gap, value float64) float64 {
	if gap == 0 {
		return 0
	}
	return math.Sqrt(gap / value)
}

func (s *solver) report(norm float64) {
	if s.on == s.all && s.options.Progress != nil {
		s.options.Progress(Progress{Passes: s.passes, Objective: s.value, GradientNorm: norm})
	}
}

func (s *solver) exhausted() bool { return s.passes >= s.options.MaxPasses }

func (s *solver) stopped(err error, norm float64, reason string) error {
	if err != nil {
		return err
	}
	return &NotConvergedError{Passes: s.passes, GradientNorm: norm, Tolerance: s.options.Tolerance, Reason: reason}
}
