package logit

import (
	"context"
	"math"
	"slices"
)

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
// Over all rows the curvature is made anew once θ is so much closer to the optimum that the old one is worth little, and
// with more rows if that still gets nowhere.
func (s *solver) descend(ctx context.Context, tolerance float64, steps int) (float64, error) {
	if !s.checked {
		if err := s.evaluate(ctx); err != nil {
			return 0, err
		}
	}
	var m memory
	norm, rate := s.norm(), 1.0
	if math.IsNaN(s.curvedAt) {
		s.curvedAt = norm
	}
	p := pace{start: norm, stride: s.closeStride()}
	for range steps {
		s.report(norm)
		if norm <= tolerance || s.on == s.all && s.exhausted() {
			return norm, nil
		}
		var err error
		if norm, err = s.renewed(ctx, &p, norm); err != nil {
			return norm, err
		}
		m.direct(s.curved, s.grad, s.step, s.buffer)
		s.trust = s.on == s.all && norm*rate*trustMargin <= tolerance
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
		last := norm
		norm = s.norm()
		rate = norm / last
		if s.checked && norm > tolerance {
			s.passes++ // it was an ordinary pass after all
		}
		p.since++
	}
	return norm, nil
}

// pace is how fast γ falls under one curvature.
type pace struct {
	start  float64 // γ where the stretch of steps began
	since  int     // steps since
	stride int     // the next curvature is made from every so manyth row
}

// renewed makes the curvature anew where it is worth it, and returns γ.
func (s *solver) renewed(ctx context.Context, p *pace, norm float64) (float64, error) {
	slow := s.on == s.all && p.since >= slowSteps && norm > p.start*slowRate
	if slow {
		p.stride = max(1, p.stride/4)
	}
	if slow || s.on == s.all && s.outdated(norm) {
		if err := s.curveOr(ctx, p.stride); err != nil {
			return norm, err
		}
		norm = s.norm()
		s.curvedAt = norm
		p.start, p.since = norm, 0
	} else if p.since == slowSteps {
		p.start, p.since = norm, 0
	}
	return norm, nil
}

// outdated reports whether the curvature is of a θ so far off that a new one saves more passes than it costs.
func (s *solver) outdated(norm float64) bool {
	return s.curvedAt > farNorm && norm < nearNorm
}

const (
	farNorm     = 0.03 // a curvature made where γ was above it is outdated
	nearNorm    = 0.02 // where γ is below it
	slowSteps   = 6    // steps after which a curvature is not good enough if
	slowRate    = 0.03 // γ has not fallen by this
	trustMargin = 1.3  // how much worse than the last a step may do and still be expected to be the last
)
