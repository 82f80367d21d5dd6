package model

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/leadscore/leadscore/model/logit"
)

// Together is what the effects of all features add to their sum S = Σ f_k − mean f_k beyond it, in log-odds:
//
//	t(S) = Curvature·(S² − Tilt·S),   going on straight below From and above To
//
// Where effects add up on another scale than that of log-odds, every pair of features interacts, each too little to be
// found by itself, and all in one proportion: that of the product of the two effects. Tukey's one degree of freedom for
// non-additivity (1949, Biometrics 5; as a test of the link, Pregibon 1980, Applied Statistics 29) is all of them in one
// number. Tilt leaves out what a line in S could do as well. t is a reason of its own, so that reasons add up, and can be
// found by hand from the sum of the others. The slope of S + t(S) stays between leastTogether and mostTogether: a better
// lead is never scored lower.
type Together struct {
	Curvature float64 `json:"curvature"`
	Error     float64 `json:"standard_error"` // of Curvature
	Tilt      float64 `json:"tilt"`
	From      float64 `json:"from"`
	To        float64 `json:"to"`
	Intercept float64 `json:"intercept"` // keeps the mean probability of the leads fitted what it was
	Leads     int     `json:"leads"`     // that were predicted by fits without them
}

// TogetherReason is the Feature of the reason that Together is.
const TogetherReason = "(together)"

const (
	togetherWins   = 100    // and others: with fewer, nothing is looked for
	togetherTested = 40_000 // leads that are enough to find it by
	togetherErrors = 3.0    // standard errors that Curvature is away from 0: more than chance needs, for pairs were chosen on all leads
	togetherTail   = 0.01   // of the information on S that is beyond From, and beyond To
	leastTogether  = 0.25   // of 1 + t'(S)
	mostTogether   = 4.0
)

// bowl is t/Curvature.
func (t *Together) bowl(s float64) float64 {
	at := min(max(s, t.From), t.To)
	return float64(at*at) + float64(float64(2*at)*(s-at)) - float64(t.Tilt*s)
}

// At is t(S).
func (t *Together) At(s float64) float64 { return float64(t.Curvature * t.bowl(s)) }

// slope is 1 + t'(S).
func (t *Together) slope(s float64) float64 {
	return 1 + float64(t.Curvature*(float64(2*min(max(s, t.From), t.To))-t.Tilt))
}

// part returns S, given S + t(S).
func (t *Together) part(sum float64) float64 {
	if past := sum - t.From - t.At(t.From); past < 0 {
		return t.From + past/t.slope(t.From)
	}
	if past := sum - t.To - t.At(t.To); past > 0 {
		return t.To + past/t.slope(t.To)
	}
	straight := t.slope(0)
	root := math.Sqrt(max(0, float64(straight*straight)+float64(4*t.Curvature*sum)))
	return 2 * sum / (straight + root) // this form of the root holds where Curvature is 0
}

// variance is that of S + t(S), given that of S.
func (t *Together) variance(sum, v float64) float64 {
	s := t.part(sum)
	slope, unsure := t.slope(s), float64(t.Error*t.bowl(s))
	return float64(slope*slope*v) + float64(unsure*unsure)
}

// Scaled is t in the log-odds of a calibration with the given slope.
func (t *Together) Scaled(slope float64) *Together {
	s := *t
	s.Curvature, s.Error = t.Curvature/slope, t.Error/slope
	s.Tilt, s.From, s.To = float64(slope*t.Tilt), float64(slope*t.From), float64(slope*t.To)
	return &s
}

// check reports what a file says that cannot be.
func (t *Together) check() error {
	if !isLogOdds(t.Curvature, t.Error, t.Tilt, t.From, t.To, t.Intercept) || !(t.From <= 0 && t.To >= 0) || t.Error < 0 {
		return fmt.Errorf("model: what features add together: curvature %v ± %v, tilt %v, from %v to %v, intercept %v: must be finite, not huge, and in order",
			t.Curvature, t.Error, t.Tilt, t.From, t.To, t.Intercept)
	}
	if !(min(t.slope(t.From), t.slope(t.To)) > 0) {
		return fmt.Errorf("model: what features add together: curvature %v and tilt %v from %v to %v would score better leads lower", t.Curvature, t.Tilt, t.From, t.To)
	}
	return nil
}

// lookTogether finds out whether effects add up, on leads that fits with the learner's terms and penalties did not see;
// nil if nothing speaks against it.
func (l *learner) lookTogether(ctx context.Context) (*Together, error) {
	seen, bases, err := l.crossFit(ctx, togetherTested)
	if err != nil {
		return nil, err
	}
	for i, base := range bases {
		seen.eta[i] -= base
	}
	t, err := seen.together(ctx, l.options)
	if t != nil {
		t.balance(linearPredictor(&l.problem, l.fit), l.base(), l.problemWeight)
	}
	return t, err
}

// crossFit predicts leads, fold by fold until there are so many, by fits with the learner's terms and penalties that did
// not see them, and returns the base of each one's fit beside η; none where a fit would have too few of an outcome.
func (l *learner) crossFit(ctx context.Context, enough int) (p predictions, bases []float64, err error) {
	fold := l.folds()
	for k := 0; k < gateFolds && len(p.eta) < enough; k++ {
		inner, err := l.fitWithout(ctx, fold, k)
		if err != nil || inner == nil {
			return predictions{}, nil, err
		}
		base, eta := inner.base(), linearPredictor(&inner.problem, inner.fit)
		for i, f := range fold {
			if int(f) != k {
				continue
			}
			bases = append(bases, base)
			p.eta = append(p.eta, eta[i])
			l.addTested(&p, i)
		}
	}
	return p, bases, nil
}

// addTested adds a row that was tested, but for its η.
func (l *learner) addTested(p *predictions, i int) {
	p.y = append(p.y, outcomeOf(&l.problem, i))
	p.weight = append(p.weight, l.problemWeight(i))
	if l.accounts != nil {
		p.cluster = append(p.cluster, l.accounts[l.row(i)])
	}
}

// outcomes counts the conversions among the rows of some weight, and the others.
func (l *learner) outcomes() (won, lost float64) {
	for i := range l.problem.Rows {
		if l.problemWeight(i) > 0 {
			y := outcomeOf(&l.problem, i)
			won, lost = won+y, lost+1-y
		}
	}
	return won, lost
}

// base is η where every term has its mean effect.
func (l *learner) base() float64 {
	base := l.fit.Intercept
	for k := range l.fit.Coefficients {
		mean, _ := meanAndSpread(&l.encoder.Terms()[k], l.fit.Coefficients[k])
		base += mean
	}
	return base
}

// together fits outcomes on S, which is in eta, and t(S).
func (p *predictions) together(ctx context.Context, o logit.Options) (*Together, error) {
	if won, lost := p.outcomes(); won < togetherWins || lost < togetherWins {
		return nil, nil
	}
	line, ok := fitAffine(*p)
	if !ok || !(line.Slope > 0) {
		return nil, nil
	}
	t := p.bend(line)
	bowl := t.bowls(p.eta)
	o.Start, o.StandardErrors, o.Tolerance = nil, logit.NoErrors, learnTolerance/100
	fit, err := logit.Minimise(ctx, logit.Problem{Rows: len(p.eta), Targets: p.y, Weights: p.weight, Columns: []logit.Column{
		{Numbers: logit.Numbers{F64: p.eta}, Scale: 1}, {Numbers: logit.Numbers{F64: bowl}, Scale: 1}}}, o)
	if err != nil {
		return nil, err
	}
	slope, curvature := fit.Coefficients[0][0], fit.Coefficients[1][0]
	se := p.togetherError(bowl, func(i int) float64 { return Sigmoid(fit.Intercept + slope*p.eta[i] + curvature*bowl[i]) })
	z := curvature / se
	if !(slope > 0 && math.Abs(z) > togetherErrors) {
		return nil, nil
	}
	// The part of a square that chance does not explain: a variance learnt of one coefficient.
	t.bound(curvature / slope * (1 - 1/(z*z)))
	t.Error = se / slope
	return t, nil
}

// bend is t, as yet of curvature 0: where there is information on it, and tilted so that a line leaves it alone.
func (p *predictions) bend(l line) *Together {
	information := p.information(func(i int) float64 { return Sigmoid(l.at(p.eta[i])) })
	t := &Together{Leads: len(p.eta)}
	from, to := between(p.eta, information, togetherTail)
	t.From, t.To = min(from, 0), max(to, 0)
	_, t.Tilt = stat.LinearRegression(p.eta, t.bowls(p.eta), information, false)
	return t
}

// bowls is t/Curvature of each S.
func (t *Together) bowls(sums []float64) []float64 {
	bowl := make([]float64, len(sums))
	for i, s := range sums {
		bowl[i] = t.bowl(s)
	}
	return bowl
}

// information is w·p·(1−p) of each lead.
func (p *predictions) information(probability func(i int) float64) []float64 {
	h := make([]float64, len(p.eta))
	for i := range h {
		q := probability(i)
		h[i] = p.w(i) * q * (1 - q)
	}
	return h
}

// between returns the quantiles of x that leave tail of the weight on either side.
func between(x, weights []float64, tail float64) (from, to float64) {
	x, weights = slices.Clone(x), slices.Clone(weights)
	stat.SortWeighted(x, weights)
	return stat.Quantile(tail, stat.Empirical, x, weights), stat.Quantile(1-tail, stat.Empirical, x, weights)
}

// togetherError is the standard error of a coefficient of bowl beside a line in S, whatever the true model is, given the
// fitted probabilities: see line.errors. What the line explains of bowl is taken out of it.
func (p *predictions) togetherError(bowl []float64, probability func(i int) float64) float64 {
	information := p.information(probability)
	a, b := stat.LinearRegression(p.eta, bowl, information, false)
	scores, curvature := make([]float64, len(bowl)), 0.0
	for i, s := range p.eta {
		free := bowl[i] - a - b*s
		scores[i] = p.w(i) * (p.y[i] - probability(i)) * free
		curvature += information[i] * free * free
	}
	return math.Sqrt(squaresByCluster(scores, p.cluster)) / curvature
}

// bound takes a curvature, or as much of it as leaves the slope of S + t(S) within its bounds.
func (t *Together) bound(curvature float64) {
	t.Curvature = curvature
	for _, s := range []float64{t.From, t.To} {
		switch turn := t.slope(s) - 1; {
		case turn < leastTogether-1:
			t.Curvature *= (leastTogether - 1) / turn
		case turn > mostTogether-1:
			t.Curvature *= (mostTogether - 1) / turn
		}
	}
}

// balance finds the intercept, by Newton's method: the probabilities with t add up to those without. The intercept lies
// between the greatest falls and rises of a log-odds by t; a step past what is known of it ends half-way, as where a few
// leads of great weight are as good as certain.
func (t *Together) balance(eta []float64, base float64, weight func(i int) float64) {
	const steps, precise = 60, 1e-12
	var low, high float64
	for _, x := range eta {
		low, high = min(low, -t.At(x-base)), max(high, -t.At(x-base))
	}
	t.Intercept = 0
	for range steps {
		var gap, slope float64
		for i, x := range eta {
			q := Sigmoid(x + t.At(x-base) + t.Intercept)
			gap += weight(i) * (q - Sigmoid(x))
			slope += weight(i) * q * (1 - q)
		}
		switch {
		case gap == 0:
			return
		case math.Abs(gap) <= precise*slope:
			t.Intercept -= gap / slope
			return
		case gap > 0:
			high = t.Intercept
		default:
			low = t.Intercept
		}
		if t.Intercept -= gap / slope; !(t.Intercept >= low && t.Intercept <= high) {
			t.Intercept = (low + high) / 2
		}
	}
}
