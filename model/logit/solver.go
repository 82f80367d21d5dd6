package logit

import (
	"context"
	"math"
	"slices"
)

// solver is the state of a fit: where it stands, what F and its gradient are there, and the curvature in use.
type solver struct {
	objective *objective
	layout    *layout
	options   Options

	theta       []float64
	grad        []float64
	value, loss float64
	passes      int

	plan     *gramPlan
	curved   *curvature
	curvedAt float64 // γ where the curvature was made, NaN until it is known
	fresh    bool    // the curvature is that of every row, at θ or a Newton step before it
	trial    []float64
	trialG   []float64
	step     []float64
	buffer   []float64
	subject  sample // rows that passes go over
	scale    float64
	progress bool // passes are over all rows: count and report them
}

func newSolver(o *objective, options Options, theta []float64) *solver {
	n := len(theta)
	s := &solver{objective: o, layout: o.layout, options: options, theta: theta, grad: make([]float64, n), plan: newGramPlan(o),
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
			s.fresh = raise == 0 && stride == 1
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

const (
	sufficient   = 1e-4  // of the decrease that the slope promises (Nocedal and Wright, Numerical Optimization, 2nd ed., 3.4)
	flat         = 1e-13 // relative differences of F below it are rounding; the slope decides
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
	alpha := 1.0
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
		level := value <= s.value+flat*math.Abs(s.value) && math.Abs(end) <= 0.9*math.Abs(slope)
		if falls || level {
			s.theta, s.trial = s.trial, s.theta
			s.grad, s.trialG = s.trialG, s.grad
			s.loss, s.value = loss, value
			return true, nil
		}
		if s.exhausted() {
			return false, nil
		}
		alpha *= shrink(s.value, slope*alpha, value)
	}
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

func (s *solver) stopped(err error, norm float64, reason string) error {
	if err != nil {
		return err
	}
	return &NotConvergedError{Passes: s.passes, GradientNorm: norm, Tolerance: s.options.Tolerance, Reason: reason}
}

// memory is the last steps and what the gradient changed by, the newest last.
type memory struct {
	s, y [][]float64
	rho  []float64 // 1/s'y
}

const memoryPairs = 12

func (m *memory) add(from, to, gradFrom, gradTo []float64) {
	var s, y []float64
	if len(m.s) == memoryPairs {
		s, y = m.s[0], m.y[0]
		m.s, m.y, m.rho = slices.Delete(m.s, 0, 1), slices.Delete(m.y, 0, 1), slices.Delete(m.rho, 0, 1)
	} else {
		s, y = make([]float64, len(from)), make([]float64, len(from))
	}
	for k := range s {
		s[k] = to[k] - from[k]
		y[k] = gradTo[k] - gradFrom[k]
	}
	if product := dot(s, y); product > 0 {
		m.s, m.y, m.rho = append(m.s, s), append(m.y, y), append(m.rho, 1/product)
	}
}

// direct overwrites step with the quasi-Newton step at gradient grad, with M⁻¹ as the initial inverse curvature:
// the two loops of Nocedal and Wright, algorithm 7.4.
func (m *memory) direct(c *curvature, grad, step, buffer []float64) {
	copy(buffer, grad)
	alpha := make([]float64, len(m.s))
	for i := len(m.s) - 1; i >= 0; i-- {
		alpha[i] = m.rho[i] * dot(m.s[i], buffer)
		axpy(-alpha[i], m.y[i], buffer)
	}
	c.solve(step, buffer)
	for i := range m.s {
		beta := m.rho[i] * dot(m.y[i], step)
		axpy(alpha[i]-beta, m.s[i], step)
	}
	for k := range step {
		step[k] = -step[k]
	}
}

// descend minimises over the current subject by preconditioned L-BFGS until γ ≤ tolerance, or for at most so many steps.
// The curvature is made anew, from one row in stride, once θ is so much closer to the optimum that the old one is worth
// little, and with more rows if that still gets nowhere.
func (s *solver) descend(ctx context.Context, tolerance float64, steps int, stride int) (float64, error) {
	if err := s.evaluate(ctx); err != nil {
		return 0, err
	}
	var m memory
	norm := s.norm()
	if math.IsNaN(s.curvedAt) {
		s.curvedAt = norm
	}
	start, since := norm, 0
	for range steps {
		s.report(norm)
		if norm <= tolerance || s.progress && s.exhausted() {
			return norm, nil
		}
		slow := s.progress && since >= slowSteps && norm > start*slowRate
		if slow {
			stride = max(1, stride/4)
		}
		if slow || s.progress && s.outdated(norm) {
			if ok, err := s.curve(ctx, stride); err != nil || !ok {
				return norm, s.stopped(err, norm, "the curvature is singular")
			}
			norm = s.norm()
			s.curvedAt = norm
			start, since = norm, 0
		} else if since == slowSteps {
			start, since = norm, 0
		}
		m.direct(s.curved, s.grad, s.step, s.buffer)
		ok, err := s.search(ctx)
		if err != nil {
			return norm, err
		}
		if !ok {
			if len(m.s) == 0 {
				return norm, nil
			}
			m = memory{}
			continue
		}
		m.add(s.trial, s.theta, s.trialG, s.grad)
		norm = s.norm()
		since++
	}
	return norm, nil
}

// outdated reports whether the curvature is of a θ so far off that a new one saves more passes than it costs.
func (s *solver) outdated(norm float64) bool {
	return s.curvedAt > farNorm && norm < nearNorm
}

const (
	farNorm   = 0.05 // a curvature made where γ was above it is outdated
	nearNorm  = 0.02 // where γ is below it
	slowSteps = 12   // steps after which a curvature is not good enough if
	slowRate  = 1e-3 // γ has not fallen by this
)
