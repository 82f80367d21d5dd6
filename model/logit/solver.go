package logit

import (
	"context"
	"math"
)

// solver is the state of a fit: where it stands, what F and its gradient are there, and the curvature in use.
type solver struct {
	objective *objective
	layout    *layout
	options   Options

	theta       []float64
	grad        []float64
	value, loss float64
	weight      float64 // Σw
	passes      int

	plan     *gramPlan
	curved   *curvature
	curvedAt float64 // γ where the curvature was made, NaN until it is known
	exact    bool    // the curvature is that of every row at θ
	trial    []float64
	trialG   []float64
	step     []float64
	buffer   []float64
	subject  sample // rows that passes go over
	scale    float64
	progress bool // passes are over all rows: count and report them
}

func newSolver(o *objective, options Options, weight float64, theta []float64) *solver {
	n := len(theta)
	s := &solver{objective: o, layout: o.layout, options: options, weight: weight, theta: theta, grad: make([]float64, n), plan: newGramPlan(o),
		trial: make([]float64, n), trialG: make([]float64, n), step: make([]float64, n), buffer: make([]float64, n)}
	s.on(1)
	return s
}

// on makes passes go over one row in stride, scaled to all rows.
func (s *solver) on(stride int) {
	s.subject = sample{rows: s.objective.problem.Rows, stride: stride, seed: s.options.Seed}
	s.progress = stride == 1
	s.scale = s.subject.scale()
}

// scale is what makes a sum over the sample one over all rows.
func (s sample) scale() float64 {
	if s.stride == 1 {
		return 1
	}
	return float64(s.rows) / float64(s.size())
}

// evaluate passes over the rows at θ.
func (s *solver) evaluate(ctx context.Context) (err error) {
	s.loss, s.value, err = s.pass(ctx, s.theta, s.grad)
	return err
}

func (s *solver) pass(ctx context.Context, theta, grad []float64) (loss, value float64, err error) {
	if s.progress {
		s.passes++
	}
	return s.objective.pass(ctx, s.subject, s.scale, theta, grad)
}

// curve makes the curvature at θ from one row in stride. Where M is not safely positive definite, which a faint ridge
// allows, its diagonal is raised: steps need no exact curvature. It reports false if that does not help either.
func (s *solver) curve(ctx context.Context, stride int) (bool, error) {
	from := sample{rows: s.objective.problem.Rows, stride: stride, seed: s.options.Seed}
	for _, raise := range []float64{0, 1e-11, 1e-8, 1e-5} {
		h, err := s.plan.compute(ctx, from, s.theta, s.objective.curvatures)
		if err != nil {
			return false, err
		}
		for p := range h.n {
			h.dense[p*h.n+p] *= 1 + raise
		}
		c, ok := newCurvature(s.layout, h, from.scale())
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
	if s.progress && s.options.Progress != nil {
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
