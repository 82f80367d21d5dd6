package model

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/leadscore/leadscore/model/logit"
)

// How much the effects on the size of a sale vary is learnt from the sales, as recipe auto learns it of the log-odds
// (auto.go): an effect of column j is a Gaussian of precision τ_j·S_j, and τ_j takes Fellner–Schall steps on log profit,
// where the optimum and the traces are exact,
//
//	λ_j = φ·τ_j,   φ = Σ w·(ln y − μ)² ÷ (Σ w − effective coefficients)
//
// Slopes and missing flags of numbers share one τ: one coefficient alone does not tell its own variance. Another family
// has the same τ and its own φ, by Pearson's statistic; its start is that of the log-normal, CV² = e^φ − 1.
//
// Note: one λ for all, the best of a grid out of fold, lost 4 % of the RMSE at 100 and at 300 sales (economics.md, §2.1)
// to the noise of its choice; a τ for each slope gained nothing on a shared one.

const (
	penaltySteps = 10
	fewSteps     = 3    // from where all sales ended
	effectPrior  = 1e-4 // variance that the prior pulls to (auto.go): far below what sales can tell, so that columns without an effect go
)

// precisions are what the effects on the size of a sale vary by.
type precisions struct {
	tau  []float64 // of each column
	phi  float64   // of log profit
	free float64   // effective coefficients, with the intercept

	spread *precisions // of how far profits scatter, nil = not learnt
}

// left is how many of n sales are not spent on coefficients, at least half of them.
func (p *precisions) left(n float64) float64 { return max(n-p.free, n/2) }

// learnPrecisions takes steps from start (nil = none known) for the sales of the given weights.
func (l *valueLearner) learnPrecisions(d *valueDesign, w []float64, start *precisions) (*precisions, error) {
	p := &precisions{tau: make([]float64, len(d.columns))}
	for j := range p.tau {
		p.tau[j] = 1 / priorLevels
		if start != nil {
			p.tau[j] = start.tau[j]
		}
	}
	right, total := l.logMoments(d, w)
	gram := d.gram(w)
	mean := make([]float64, d.size)
	mean[0] = right[0] / total
	p.phi = l.logVariance(d, w, mean, total)
	steps := penaltySteps
	if start != nil {
		steps = fewSteps
	}
	for range steps {
		under := d.under(p.tau)
		factor, err := under.factorise(gram, 1, p.phi)
		if err != nil {
			return nil, err
		}
		var inverse mat.SymDense
		if err := factor.InverseTo(&inverse); err != nil {
			return nil, fmt.Errorf("model: value: %w: %w", errNoOptimum, err)
		}
		beta := mat.NewVecDense(d.size, nil)
		beta.MulVec(&inverse, mat.NewVecDense(d.size, right))
		moved := p.step(under, &inverse, beta.RawVector().Data)
		p.phi = l.logVariance(d, w, beta.RawVector().Data, p.left(total))
		if moved < 0.05 {
			break
		}
	}
	return p, nil
}

// logMoments returns X'W·ln y and Σ w.
func (l *valueLearner) logMoments(d *valueDesign, w []float64) (right []float64, total float64) {
	r := make([]float64, len(l.y))
	for i, w := range w {
		if w > 0 {
			r[i] = float64(w * math.Log(l.y[i]))
			total += w
		}
	}
	right = make([]float64, d.size)
	d.pull(r, right)
	return right, total
}

// logVariance is the sum of squares that β leaves of log profit, ÷ n.
func (l *valueLearner) logVariance(d *valueDesign, w, beta []float64, n float64) float64 {
	mu := make([]float64, len(l.y))
	d.predict(beta, mu)
	var sum float64
	for i, w := range w {
		if w > 0 {
			e := math.Log(l.y[i]) - mu[i]
			sum += float64(w * e * e)
		}
	}
	return max(sum/n, leastDispersion)
}

// leastDispersion keeps sales that a column tells exactly from a penalty of 0.
const leastDispersion = 1e-6

// step moves every τ, given (X'WX + λS)⁻¹ and β; it returns the largest change of a logarithm.
func (p *precisions) step(d *valueDesign, inverse *mat.SymDense, beta []float64) (moved float64) {
	var slopes logit.Penalised
	slopeSize, slopeTau := 0, 0.0
	next := make([]float64, len(p.tau))
	p.free = 1
	for j := range d.columns {
		c := &d.columns[j]
		f := logit.Penalised{Trace: p.phi * c.trace(inverse), Square: c.square(beta)}
		p.free += float64(c.size()) - f.Trace
		if c.straight() {
			slopeSize, slopeTau = slopeSize+c.size(), c.tau
			slopes.Trace += f.Trace
			slopes.Square += f.Square
			continue
		}
		next[j] = nextPenalty(c.tau, float64(c.size()), effectPrior, f)
	}
	for j := range d.columns {
		if d.columns[j].straight() {
			next[j] = nextPenalty(slopeTau, float64(slopeSize), effectPrior, slopes)
		}
		moved = max(moved, math.Abs(math.Log(next[j]/p.tau[j])))
	}
	p.tau = next
	return moved
}

// trace is tr(V·τS) of a column.
func (c *valueColumn) trace(v *mat.SymDense) float64 {
	var sum float64
	c.eachPenalty(func(a, b int, s float64) {
		x := float64(s * v.At(a, b))
		if a != b {
			x *= 2
		}
		sum += x
	})
	return sum
}

// dispersion is φ of a family by Pearson's statistic, about the predictions of a fit of so many effective coefficients.
func (f valueFamily) dispersion(y, mu, w []float64, p *precisions) float64 {
	var sum float64
	for i, w := range w {
		if w == 0 {
			continue
		}
		m := math.Exp(mu[i])
		d := y[i] - m
		if f == familyTweedie {
			m = m * math.Sqrt(m)
		} else {
			m *= m
		}
		sum += float64(w * d * d / m)
	}
	return sum / p.left(floats.Sum(w))
}

// regularised returns the design for the sales of the given weights under what they make of τ: of few sales, of the
// columns that say most, whose τ is that of all, for what is chosen for its size looks larger than it is.
func (l *valueLearner) regularised(w []float64, start *precisions) (*valueDesign, *precisions, error) {
	p := l.known
	if p == nil {
		var err error
		if p, err = l.learnPrecisions(l.design, w, start); err != nil {
			return nil, nil, err
		}
	}
	d := l.design.under(p.tau)
	d.temper()
	if l.paying < valueFew {
		d = d.only(l.screen(w))
	}
	return d, p, nil
}

// mostDispersion bounds φ: a sale of more than its column can tell would otherwise tell every other.
const mostDispersion = 100

// minimiseSize fits a family of sizes with λ = φ, its own; λ stays in the problem.
func (p *valueProblem) minimiseSize(gram *mat.SymDense, of *precisions) (o *valueOptimum, err error) {
	fit := func(phi float64, start []float64) error {
		p.lambda = min(max(phi, leastDispersion), mostDispersion)
		if p.factor, err = p.design.factorise(gram, 1, p.lambda); err == nil {
			o, err = p.minimise(start)
		}
		return err
	}
	if p.family == familyLogRidge {
		return o, fit(of.phi, nil)
	}
	if err := fit(math.Expm1(of.phi), nil); err != nil {
		return nil, err
	}
	return o, fit(p.family.dispersion(p.y, o.mu, p.w, of), o.beta)
}

// under returns the design whose columns have the given τ.
func (d *valueDesign) under(tau []float64) *valueDesign {
	out := *d
	out.columns = slices.Clone(d.columns)
	for j := range out.columns {
		out.columns[j].tau = tau[j]
	}
	return &out
}

// eachPenalty gives the entries of τS of a column, those beside the diagonal once.
func (c *valueColumn) eachPenalty(yield func(a, b int, s float64)) {
	for _, k := range c.plain {
		yield(k, k, c.tau)
	}
	weight := c.tau * chainWeight
	for i, k := range c.chain {
		own := chainRidge * weight
		if i > 0 {
			own += weight
			before := c.chain[i-1]
			yield(min(k, before), max(k, before), -weight)
		}
		if i < len(c.chain)-1 {
			own += weight
		}
		yield(k, k, own)
	}
}

// size is how many coefficients a column has.
func (c *valueColumn) size() int { return len(c.plain) + len(c.chain) }

// square is β'τSβ of a column.
func (c *valueColumn) square(beta []float64) float64 {
	var sum float64
	c.eachPenalty(func(a, b int, s float64) {
		x := float64(s * beta[a] * beta[b])
		if a != b {
			x *= 2
		}
		sum += x
	})
	return sum
}

// penalty returns β'Sβ and writes Sβ.
func (d *valueDesign) penalty(beta, out []float64) float64 {
	clear(out)
	for j := range d.columns {
		d.columns[j].eachPenalty(func(a, b int, s float64) {
			out[a] += float64(s * beta[b])
			if a != b {
				out[b] += float64(s * beta[a])
			}
		})
	}
	var square float64
	for k, x := range beta {
		square += float64(x * out[k])
	}
	return square
}

// addPenalty adds λS to the upper triangle of a Gram matrix.
func (d *valueDesign) addPenalty(g *mat.SymDense, lambda float64) {
	for j := range d.columns {
		d.columns[j].eachPenalty(func(a, b int, s float64) { g.SetSym(a, b, g.At(a, b)+float64(lambda*s)) })
	}
}
