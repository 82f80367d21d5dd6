package budget

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// A curve is fitted in logarithms, about the geometric mean g of the spends. Each form has a level f(g) and an
// elasticity e = g·f'(g)/f(g), by how many percent leads grow with one percent more spend; Hill's N is one of a few
// values. The level is the mean of the residuals, and e minimises
//
//	Σ (ln leads − ln f(s))²/σ² + (e − e0)²/τ²
//
// where σ² is the residual variance about a power curve, but at least that of counting, the mean of 1/leads. e0 and τ
// are what elasticities usually are. Of the source's own N(0.7, 0.15²), half of the variance is assumed to be that of
// what sources have in common, so that the other sources tell a part of it:
//
//	μ ~ N(0.7, 0.15²/2),   e_i ~ N(μ, 0.15²/2),   ê_i ~ N(e_i, se_i²)
//	e0, τ² = mean and variance of e_i given ê_j, j ≠ i
//
// For a power curve alone, e = B = (B̂/se² + e0/τ²)/(1/se² + 1/τ²).
//
// The form is chosen by leaving the last period out: fitted to all periods before it, each form predicts each period
// of the later half, from 8 to 24 of them. Power stays unless another form's absolute error is smaller by more than two
// standard errors of the difference.
//
// Note: with one standard error, or with the 4 later ones of 8 periods, one of the five other forms wins by chance every
// few times, and an S-shaped curve that is none says that small spends buy nothing: nobody then finds out otherwise.
//
// 0.7 and 0.15 are an assumption. Spend is not given at random, as budgets chase demand, so elasticities tend to come
// out too large: only an experiment that varies spend on purpose tells.

// What elasticities usually are.
const (
	usualSlope  = 0.7
	usualSpread = 0.15
)

// A curve counts as measured from this many periods on, with this coefficient of variation of the spend.
const (
	enoughPeriods = 8
	enoughSpread  = 0.2
)

// How many periods the forms are compared on.
const (
	leastCompared = 8
	mostCompared  = 24
)

// unseenNoise is the standard deviation of ln leads about a curve where there are too few periods to see it.
const unseenNoise = 0.2

// CurveEvidence is what a curve rests on.
type CurveEvidence struct {
	Periods      int     `json:"periods"`       // with spend and leads
	Low          float64 `json:"low"`           // the least spend observed
	High         float64 `json:"high"`          // the most
	Pivot        float64 `json:"pivot"`         // geometric mean of the spends
	LeadsLogSE   float64 `json:"leads_log_se"`  // of the leads at the pivot
	ElasticitySE float64 `json:"elasticity_se"` // of the elasticity there
	Assumed      bool    `json:"assumed"`       // too few periods, or too little variation: the elasticity is mostly assumed
}

// CurveFit is a curve with what it rests on.
type CurveFit struct {
	Curve Curve `json:"curve"`
	CurveEvidence
	Slope   Figure      `json:"slope"`    // of a power curve, by least squares alone
	SlopeSE Figure      `json:"slope_se"` //
	Forms   []FormError `json:"forms,omitempty"`
}

// FormError is how well a form predicted the periods that it was not fitted to.
type FormError struct {
	Form  Form    `json:"form"`
	N     float64 `json:"n,omitempty"` // of hill
	Error float64 `json:"error"`       // mean absolute error of ln leads
}

// candidates are the forms that are tried; power, the first, is the default.
var candidates = []Curve{{Form: Power}, {Form: Log}, {Form: Saturation}, {Form: Hill, N: 1}, {Form: Hill, N: 2}, {Form: Hill, N: 3}}

// FitCurves fits a curve to the spends and leads of each source's past periods, which are in order of time and of
// which those without spend or leads are left out. A source without any is an error: there is nothing to fit.
func FitCurves(sources [][]SpendPoint) ([]CurveFit, error) {
	var b bounds
	series := make([]spendSeries, len(sources))
	for i, points := range sources {
		series[i] = newSeries(&b, at("sources", i), points)
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	fits := make([]CurveFit, len(series))
	for i := range series {
		fits[i] = series[i].fit(usualFor(series, i))
	}
	return fits, nil
}

// spendSeries are the periods of a source in logarithms.
type spendSeries struct {
	x, y      []float64 // ln spend, ln leads
	low, high float64
	cv        float64 // of the spends
	noise     float64 // σ²
	slope, se float64 // of a power curve by least squares; se = +Inf if there is none
}

func newSeries(b *bounds, name string, points []SpendPoint) spendSeries {
	s := spendSeries{low: math.Inf(1)}
	var spends []float64
	for i, p := range points {
		b.amount(at(name+".spend", i), p.Spend)
		b.amount(at(name+".leads", i), p.Leads)
		if p.Spend > 0 && p.Leads > 0 {
			s.x, s.y, spends = append(s.x, math.Log(p.Spend)), append(s.y, math.Log(p.Leads)), append(spends, p.Spend)
			s.low, s.high = min(s.low, p.Spend), max(s.high, p.Spend)
		}
	}
	b.require(len(s.x) > 0, name, len(s.x), "at least one period with spend and leads")
	if len(s.x) > 0 {
		mean, sd := stat.PopMeanStdDev(spends, nil)
		s.cv = sd / mean
		s.measure()
	}
	return s
}

// measure finds the slope in logarithms and the noise about it.
func (s *spendSeries) measure() {
	n, counting := float64(len(s.x)), 0.0
	for _, y := range s.y {
		counting += math.Exp(-y) / n
	}
	s.se, s.noise = math.Inf(1), max(counting, unseenNoise*unseenNoise)
	spread := stat.PopVariance(s.x, nil) * n
	if n < 3 || spread < 1e-12 {
		return
	}
	intercept, slope := stat.LinearRegression(s.x, s.y, nil, false)
	rest := 0.0
	for i := range s.x {
		e := s.y[i] - intercept - slope*s.x[i]
		rest += e * e
	}
	s.noise = max(rest/(n-2), counting, 1e-12)
	s.slope, s.se = slope, math.Sqrt(s.noise/spread)
}

// usual is the prior of an elasticity.
type usual struct{ mean, variance float64 }

// usualFor is what the sources but one say of its elasticity.
func usualFor(all []spendSeries, but int) usual {
	const half = usualSpread * usualSpread / 2
	precision, shift := 1/half, 0.0
	for j, s := range all {
		if j != but {
			w := 1 / (s.se*s.se + half)
			precision, shift = precision+w, shift+w*(s.slope-usualSlope)
		}
	}
	return usual{mean: usualSlope + shift/precision, variance: half + 1/precision}
}

func (s *spendSeries) fit(prior usual) CurveFit {
	f := CurveFit{Slope: Unknown(TooFew), SlopeSE: Unknown(TooFew)}
	n := float64(len(s.x))
	f.Periods, f.Low, f.High, f.Pivot = len(s.x), s.low, s.high, math.Exp(stat.Mean(s.x, nil))
	f.LeadsLogSE, f.ElasticitySE = min(math.Sqrt(s.noise/n), WorstLogSE), math.Sqrt(1/(1/(s.se*s.se)+1/prior.variance))
	f.Assumed = len(s.x) < enoughPeriods || s.cv <= enoughSpread
	if !math.IsInf(s.se, 1) {
		f.Slope, f.SlopeSE = Known(s.slope), Known(s.se)
	}
	shape := candidates[0]
	if !f.Assumed && len(s.x)/2 >= leastCompared {
		shape, f.Forms = s.choose(prior)
	}
	f.Curve = s.shaped(shape, prior)
	return f
}

// choose returns the form that predicts best what it was not fitted to.
func (s *spendSeries) choose(prior usual) (Curve, []FormError) {
	first := max(len(s.x)/2, len(s.x)-mostCompared)
	errors, table := make([][]float64, len(candidates)), make([]FormError, len(candidates))
	for i, shape := range candidates {
		for t := first; t < len(s.x); t++ {
			before := spendSeries{x: s.x[:t], y: s.y[:t], noise: s.noise}
			e := s.y[t] - math.Log(before.shaped(shape, prior).Leads(math.Exp(s.x[t])))
			errors[i] = append(errors[i], math.Abs(e))
		}
		table[i] = FormError{Form: shape.Form, N: shape.N, Error: stat.Mean(errors[i], nil)}
	}
	best := 0
	for i := 1; i < len(candidates); i++ {
		if table[i].Error < table[best].Error && betterBy(errors[0], errors[i]) {
			best = i
		}
	}
	return candidates[best], table
}

// betterBy reports whether b is smaller than a by more than two standard errors of the difference.
func betterBy(a, b []float64) bool {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	mean, sd := stat.MeanStdDev(d, nil)
	return mean > 2*sd/math.Sqrt(float64(len(d)))
}

// shaped fits the curve of a form.
func (s *spendSeries) shaped(shape Curve, prior usual) Curve {
	g, level := math.Exp(stat.Mean(s.x, nil)), stat.Mean(s.y, nil)
	if shape.Form == Power {
		slope := prior.mean
		if spread := stat.PopVariance(s.x, nil) * float64(len(s.x)); len(s.x) >= 3 && spread >= 1e-12 {
			_, own := stat.LinearRegression(s.x, s.y, nil, false)
			slope = shrunk(own, s.noise/spread, prior)
		}
		slope = min(max(slope, leastElasticity), 1)
		return Curve{Form: Power, A: math.Exp(level - slope*math.Log(g)), B: slope}
	}
	shape.A = 1
	of := func(logB float64) Curve {
		shape.B = math.Exp(logB)
		return shape
	}
	width := math.Log(100)
	best := of(maximize(math.Log(g)-width, math.Log(g)+width, 24, func(logB float64) float64 { return -s.misfit(of(logB), g, prior) }))
	best.A = math.Exp(level - s.meanLog(best))
	return best
}

// meanLog is the mean of ln f over the spends.
func (s *spendSeries) meanLog(c Curve) float64 {
	sum := 0.0
	for _, x := range s.x {
		sum += math.Log(c.Leads(math.Exp(x)))
	}
	return sum / float64(len(s.x))
}

// misfit is what the fit minimises, the level fitted.
func (s *spendSeries) misfit(c Curve, g float64, prior usual) float64 {
	level := stat.Mean(s.y, nil) - s.meanLog(c)
	d := c.Elasticity(g) - prior.mean
	sum := d * d / prior.variance
	for i, x := range s.x {
		e := s.y[i] - level - math.Log(c.Leads(math.Exp(x)))
		sum += e * e / s.noise
	}
	return sum
}

func shrunk(estimate, variance float64, prior usual) float64 {
	return (estimate/variance + prior.mean/prior.variance) / (1/variance + 1/prior.variance)
}

// ShrinkSlope is the slope between an estimate with its standard error, above 0, and what slopes usually are.
func ShrinkSlope(estimate, se float64) float64 {
	return shrunk(estimate, se*se, usual{usualSlope, usualSpread * usualSpread})
}

// Extrapolates reports whether a spend is outside half to one and a half times what was observed: nobody knows what
// it would buy.
func (e CurveEvidence) Extrapolates(spend float64) bool {
	return spend < 0.5*e.Low || spend > e.Reach()
}

// Reach is the largest spend that does not extrapolate: one and a half times what was observed.
func (e CurveEvidence) Reach() float64 { return 1.5 * e.High }

// leastElasticity keeps a curve rising.
const leastElasticity = 0.05

// Elasticity returns s·f'(s)/f(s), by how many percent leads grow with one percent more than a spend s > 0.
func (c Curve) Elasticity(s float64) float64 {
	switch c.Form {
	case Power:
		return c.B
	case Log:
		x := s / c.B
		return x / ((1 + x) * math.Log1p(x))
	case Saturation:
		x := s / c.B
		return x / math.Expm1(x)
	}
	return c.N / (1 + math.Pow(s/c.B, c.N))
}

// Bent returns the curve of the same form that buys factor times as many leads at a spend s > 0, with an elasticity
// there: what another draw from what is known of it looks like. An elasticity that the form does not reach becomes
// the nearest that it does.
func (c Curve) Bent(s, factor, elasticity float64) Curve {
	leads := factor * c.Leads(s)
	switch c.Form {
	case Power:
		c.B = min(max(elasticity, leastElasticity), 1)
	case Hill:
		e := min(max(elasticity, leastElasticity), 0.99*c.N)
		c.B = s * math.Pow(c.N/e-1, -1/c.N)
	default:
		e := min(max(elasticity, leastElasticity), 0.99)
		log := math.Log(s)
		c.B = math.Exp(bisect(log-10, log+10, func(logB float64) bool { c.B = math.Exp(logB); return c.Elasticity(s) < e }))
	}
	c.A = 1
	c.A = leads / c.Leads(s)
	return c
}
