package model

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// The minimum of F(β) = Σ w·loss(y, μ) + ½λ·β'Sβ is found by limited-memory BFGS (Nocedal & Wright 2006, §7.2) that starts
// from the inverse of X'WX + λS, the curvature of F where m = 1: Fisher scoring of the log ridge and of the Gamma, whose
// weights are all 1, with one Cholesky factor for every step and for every fold.

const (
	solverMemory    = 8
	solverSteps     = 200
	solverTolerance = 1e-10 // of ½g'(X'WX + λS)⁻¹g, the distance to the minimum, ÷ Σ w
	looseTolerance  = 1e-6  // will do where rounding stops the search
)

// errNoOptimum says that a value model has no optimum to be found. Training then says so and uses the credible mean.
var errNoOptimum = errors.New("there is no value model of these sales")

// valueProblem is one fit of a design.
type valueProblem struct {
	design  *valueDesign
	family  valueFamily
	y, w    []float64
	lambda  float64
	factor  *mat.Cholesky // of about X'WX + λS
	scratch []float64     // of a sale
}

// valueOptimum is a point of a valueProblem.
type valueOptimum struct {
	beta, mu, gradient []float64
	value              float64
}

// at completes a point whose β and μ are known.
func (p *valueProblem) at(beta, mu []float64) *valueOptimum {
	o := &valueOptimum{beta: beta, mu: mu, gradient: make([]float64, len(beta))}
	o.value = p.family.residuals(p.y, mu, p.w, p.scratch)
	p.design.pull(p.scratch, o.gradient)
	pull := make([]float64, len(beta))
	o.value += p.lambda / 2 * p.design.penalty(beta, pull)
	floats.AddScaled(o.gradient, p.lambda, pull)
	return o
}

// minimise searches from start (nil = 0).
func (p *valueProblem) minimise(start []float64) (*valueOptimum, error) {
	d := p.design
	beta, mu := make([]float64, d.size), make([]float64, d.sales)
	copy(beta, start)
	d.predict(beta, mu)
	p.scratch = make([]float64, d.sales)
	total := floats.Sum(p.w)
	o := p.at(beta, mu)
	var memory []correction
	for step := 0; ; step++ {
		direction := p.direction(o.gradient, memory)
		gap := -floats.Dot(direction, o.gradient) / 2
		if math.Abs(gap) <= solverTolerance*total {
			return o, nil
		}
		next := p.search(o, direction)
		if next == nil || step == solverSteps {
			if gap <= looseTolerance*total {
				return o, nil
			}
			return nil, fmt.Errorf("%w: the search for %s with penalty %.3g stopped %.3g above its minimum", errNoOptimum, p.family.name(), p.lambda, gap)
		}
		c := correction{step: make([]float64, d.size), turn: make([]float64, d.size)}
		floats.SubTo(c.step, next.beta, o.beta)
		floats.SubTo(c.turn, next.gradient, o.gradient)
		if c.inner = floats.Dot(c.step, c.turn); c.inner > 0 {
			if memory = append(memory, c); len(memory) > solverMemory {
				memory = memory[1:]
			}
		}
		o = next
	}
}

// correction is a step and the change of the gradient over it.
type correction struct {
	step, turn []float64
	inner      float64 // their product
}

// direction is −H·g by the two-loop recursion.
func (p *valueProblem) direction(gradient []float64, memory []correction) []float64 {
	q := mat.NewVecDense(len(gradient), nil)
	raw := q.RawVector().Data
	floats.AddScaled(raw, -1, gradient)
	share := make([]float64, len(memory))
	for i := len(memory) - 1; i >= 0; i-- {
		c := &memory[i]
		share[i] = floats.Dot(c.step, raw) / c.inner
		floats.AddScaled(raw, -share[i], c.turn)
	}
	if err := p.factor.SolveVecTo(q, q); err != nil { // badly conditioned, but solved
		raw = q.RawVector().Data
	}
	for i := range memory {
		c := &memory[i]
		floats.AddScaled(raw, share[i]-floats.Dot(c.turn, raw)/c.inner, c.step)
	}
	return raw
}

// search halves the step until F falls by a part of what the gradient promises; nil if it never does.
func (p *valueProblem) search(o *valueOptimum, direction []float64) *valueOptimum {
	const halvings, part = 40, 1e-4
	promised := floats.Dot(direction, o.gradient)
	move := make([]float64, len(o.mu))
	p.design.predict(direction, move)
	for k := range halvings {
		t := math.Ldexp(1, -k)
		beta, mu := make([]float64, len(o.beta)), make([]float64, len(o.mu))
		floats.AddScaledTo(beta, o.beta, t, direction)
		floats.AddScaledTo(mu, o.mu, t, move)
		if next := p.at(beta, mu); next.value <= o.value+part*t*promised {
			return next
		}
	}
	return nil
}

// factorise returns the Cholesky factor of scale·gram + λS.
func (d *valueDesign) factorise(gram *mat.SymDense, scale, lambda float64) (*mat.Cholesky, error) {
	var h mat.SymDense
	h.ScaleSym(scale, gram)
	d.addPenalty(&h, lambda)
	var factor mat.Cholesky
	if !factor.Factorize(&h) {
		return nil, fmt.Errorf("model: value: %w: the curvature of %d coefficients under penalty %.3g is not positive", errNoOptimum, d.size, lambda)
	}
	return &factor, nil
}
