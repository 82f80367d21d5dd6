package model

import (
	"fmt"
	"math"
	"strconv"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// The interval of a probability is that of the log-odds, mapped through σ. With V = (H+S)⁻¹, the covariance of the
// coefficients given the leads when the penalty S is the precision of a Gaussian prior, the variance of a lead's η is
// x'Vx. Such an interval has its level on average over the leads, not for each of them (Wahba 1983, J. R. Statist. Soc. B
// 45; Nychka 1988, JASA 83; Wood 2017, Generalized Additive Models, §6.10).
//
// V itself is too large for the artifact. With x = base + Σ (x_k − mean x_k), the parts of different features hardly
// correlate, so the artifact keeps
//
//	var η ≈ φ·(v₀ + Σ v_k) + v_pair,    v_k = var(base + β_k·x_k − mean) − v₀, by level; of a number a quadratic in z,
//
// which holds the covariance with the base, so that v_k may be negative; and φ, the ratio of Σ x'Vx to what the parts add
// up to, over training leads: what correlations do on average. What is not known of the penalties and of the bends of
// straight numbers is added to v_k (penaltyuncertainty.go, bendvariance.go); v_pair is what features may do together
// (pairvariance.go). A calibration ℓ = a + b·η adds var(a) + 2η·cov(a,b) + η²·var(b) to b²·var η; what features
// add together stretches var η by the square of its slope, and adds the variance of its curvature.
//
// A level that training never saw contributes nothing to ℓ and the most to its variance: that of a level drawn as the
// training leads' are, the variance of the effect over them plus the mean of v_k.

// uncertainty is what an artifact knows about the variance of η, before calibration.
type uncertainty struct {
	Base        float64        `json:"base"`           // v₀
	Pair        float64        `json:"pair,omitempty"` // v_pair
	Correlation float64        `json:"correlation"`    // φ
	Terms       []termVariance `json:"terms"`
}

// termVariance is v_k.
type termVariance struct {
	// By level; of a number: variances of slope and missing flag, their covariance, and those of either with the base.
	// Absent of more than maxLoadings levels, whose standard errors are their own.
	Values []float64 `json:"values,omitempty"`
	Unseen float64   `json:"unseen"`
	Bend   float64   `json:"bend,omitempty"` // of a number that has a value: what its line may be off by
}

// The training leads that φ, and what the fit leaves over, are measured on, at most.
const correlationLeads, remainderLeads = 128, 50_000

// uncertainty measures the variances of a fit on the given rows, which it was made on; nil if it has no standard errors.
func (t *trainer) uncertainty(f *fitted, rows []int32) (*uncertainty, error) {
	c := f.contrasts()
	if c == nil {
		return nil, nil
	}
	u := &uncertainty{Base: rounded(c.baseVariance), Correlation: 1}
	for k := range f.encoder.Terms() {
		u.Terms = append(u.Terms, f.termVariance(k, c))
	}
	u.Correlation = rounded(f.correlation(u, t.table, t.someOf(rows, correlationLeads)))
	o, err := t.remainder(f, t.someOf(rows, remainderLeads))
	if err != nil {
		return nil, err
	}
	for k := range u.Terms {
		f.addPenaltyUncertainty(k, &u.Terms[k], o.mean)
	}
	t.addBends(u, f, o)
	u.Pair = rounded(t.pairVariance(f, o))
	for k := range u.Terms {
		u.Terms[k].round()
	}
	return u, nil
}

// someOf returns at most count of the rows, evenly spread.
func (t *trainer) someOf(rows []int32, count int) []int32 {
	if part := evenly(rows, t.table.Rows, count); part != nil {
		return part
	}
	return rows
}

// rounded keeps an artifact short: a variance is not known to more than four digits.
func rounded(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	return y
}

// loadingOf is a coefficient of a fit, times a value.
func loadingOf(k, level int, value float64) logit.Loading {
	return logit.Loading{Term: logit.Term{Column: k, Level: level}, Value: value}
}

// meanLoadings are those of the mean of the term over the training leads, nil if it is 0 or counts as known.
func (f *fitted) meanLoadings(k int) []logit.Loading {
	t := &f.encoder.Terms()[k]
	n := t.Weight()
	switch {
	case t.IsNumber() && t.Missing:
		return []logit.Loading{loadingOf(k, 1, t.MissingWeight()/n)}
	case t.IsNumber() || wide(t):
		return nil
	}
	loadings := make([]logit.Loading, t.Size())
	for level := range loadings {
		loadings[level] = loadingOf(k, level, t.Histogram[level]/n)
	}
	return loadings
}

// baseLoadings are those of η at the mean of every term.
func (f *fitted) baseLoadings() []logit.Loading {
	loadings := []logit.Loading{loadingOf(logit.InterceptColumn, 0, 1)}
	for k := range f.encoder.Terms() {
		loadings = append(loadings, f.meanLoadings(k)...)
	}
	return loadings
}

// contrasts are the covariances that a fit's intervals are made of: K + 1 products with V for K terms, whatever their levels.
type contrasts struct {
	errors       [][]float64 // standard errors of the coefficients
	mean         [][]float64 // covariance of each coefficient with the mean effect of its own term
	meanVariance []float64
	base         [][]float64 // covariance of each coefficient with the base
	meanBase     []float64   // covariance of each term's mean effect with the base
	baseVariance float64
}

// contrasts returns those of the fit, made once, nil if it has no standard errors.
func (f *fitted) contrasts() *contrasts {
	if f.linear.StandardErrors == nil || f.contrasted != nil {
		return f.contrasted
	}
	n := len(f.encoder.Terms())
	c := &contrasts{errors: f.linear.StandardErrors, mean: make([][]float64, n), meanVariance: make([]float64, n), meanBase: make([]float64, n)}
	loadings := f.baseLoadings()
	var intercept float64
	c.base, intercept = f.covariances(loadings)
	c.baseVariance = max(0, combined(loadings, c.base, intercept))
	for k := range c.mean {
		loadings := f.meanLoadings(k)
		if loadings == nil {
			c.mean[k] = make([]float64, len(c.base[k]))
			continue
		}
		with, _ := f.covariances(loadings)
		c.mean[k] = with[k]
		c.meanVariance[k], c.meanBase[k] = combined(loadings, with, 0), combined(loadings, c.base, 0)
	}
	f.contrasted = c
	return c
}

// covariances are those of a combination of the fit's coefficients with each of them, and with the intercept.
func (f *fitted) covariances(of []logit.Loading) (columns [][]float64, intercept float64) {
	columns, intercept, err := f.linear.Covariances(of)
	if err != nil {
		panic(err) // the fit has standard errors, and the terms are its own
	}
	return columns, intercept
}

// combined is a combination of the coefficients' values.
func combined(of []logit.Loading, values [][]float64, intercept float64) float64 {
	sum := 0.0
	for _, l := range of {
		if l.Column == logit.InterceptColumn {
			sum += float64(l.Value * intercept)
		} else {
			sum += float64(l.Value * values[l.Column][l.Level])
		}
	}
	return sum
}

// variance is that of a code's effect less its mean over the training leads. The mean over more than maxLoadings levels
// counts as known.
func (c *contrasts) variance(k int, code features.Code) float64 {
	own := float64(code.Z * c.errors[k][code.Level])
	return max(0, float64(own*own)-float64(2*code.Z*c.mean[k][code.Level])+c.meanVariance[k])
}

func (f *fitted) termVariance(k int, c *contrasts) termVariance {
	t := &f.encoder.Terms()[k]
	n := t.Weight()
	v := termVariance{Unseen: f.spread[k] * f.spread[k]}
	if t.IsNumber() {
		v.Values = c.number(k, t)
		missing := t.MissingWeight() / n
		v.Unseen += (1-missing)*(v.Values[0]+missing*missing*v.Values[1]) + missing*(1-missing)*(1-missing)*v.Values[1]
		return v
	}
	for level := range t.Size() {
		x := c.variance(k, features.Code{Level: int32(level), Z: 1})
		v.Unseen += x * t.Histogram[level] / n
		if !wide(t) {
			v.Values = append(v.Values, x+2*(c.base[k][level]-c.meanBase[k]))
		}
	}
	return v
}

// numberValues is how many Values a number has.
const numberValues = 5

// number returns the Values of a number.
func (c *contrasts) number(k int, t *features.Term) []float64 {
	v := []float64{c.errors[k][0] * c.errors[k][0], 0, 0, c.base[k][0], 0}
	if t.Missing {
		share := t.MissingWeight() / t.Weight() // of the flag in the mean
		v[1], v[2], v[4] = c.errors[k][1]*c.errors[k][1], c.mean[k][0]/share, c.base[k][1]
	}
	return v
}

func (v *termVariance) round() {
	v.Unseen = rounded(v.Unseen)
	for i, x := range v.Values {
		v.Values[i] = rounded(x)
	}
}

// correlation is φ over the given rows of the table.
func (f *fitted) correlation(u *uncertainty, table *features.Table, rows []int32) float64 {
	if rows == nil {
		rows = features.AllRows(table.Rows)
	}
	terms := f.encoder.Terms()
	codes := make([][]features.Code, len(terms))
	for k := range terms {
		codes[k] = f.encoder.Codes(k, table, rows, nil)
	}
	var exact, parts float64
	of := make([][]logit.Loading, len(rows))
	for i := range rows {
		x := []logit.Loading{loadingOf(logit.InterceptColumn, 0, 1)}
		parts += u.Base
		for k := range terms {
			code := codes[k][i]
			if code.Level == features.NoLevel {
				x = append(x, f.meanLoadings(k)...)
				continue
			}
			x = append(x, loadingOf(k, int(code.Level), code.Z))
			parts += u.Terms[k].of(&terms[k], code, f.linear.StandardErrors[k])
		}
		of[i] = x
	}
	variances, err := f.linear.Variances(of)
	if err != nil {
		panic(err) // the fit has standard errors, and the terms are its own
	}
	for _, v := range variances {
		exact += v
	}
	if !(exact > 0 && parts > 0) {
		return 1
	}
	return exact / parts
}

// wide reports whether a term has so many levels that they count as independent of one another.
func wide(t *features.Term) bool { return !t.IsNumber() && t.Size() > maxLoadings }

// of is v_k of a code, given the standard errors of the term's coefficients.
func (v *termVariance) of(t *features.Term, code features.Code, errors []float64) float64 {
	switch {
	case code.Level == features.NoLevel:
		return v.Unseen
	case wide(t):
		return errors[code.Level] * errors[code.Level]
	case !t.IsNumber():
		return v.Values[code.Level]
	}
	missing := t.MissingWeight() / t.Weight()
	slope, flag, bend := code.Z, -missing, v.Bend
	if code.Level == 1 {
		slope, flag, bend = 0, 1-missing, 0
	}
	return bend + float64(slope*slope*v.Values[0]) + float64(flag*flag*v.Values[1]) + float64(2*slope*flag*v.Values[2]) +
		float64(2*slope*v.Values[3]) + float64(2*flag*v.Values[4])
}

// check refuses variances that do not fit the terms, or are none.
func (u *uncertainty) check(terms []features.Term, blocks []coefficients) error {
	if len(u.Terms) != len(terms) {
		return fmt.Errorf("model: variances of %d features, want %d", len(u.Terms), len(terms))
	}
	if !isVariance(u.Base, u.Pair, u.Correlation) || u.Correlation == 0 {
		return fmt.Errorf("model: the base has the variance %v, pairs %v and the factor %v: must be finite and not negative", u.Base, u.Pair, u.Correlation)
	}
	for k := range u.Terms {
		v, want := &u.Terms[k], terms[k].Size()
		switch {
		case terms[k].IsNumber():
			want = numberValues
		case wide(&terms[k]) && len(blocks[k].StandardErrors) == want:
			want = 0
		}
		if len(v.Values) != want {
			return fmt.Errorf("model: feature %q has %d variances, want %d", terms[k].Name, len(v.Values), want)
		}
		if !isVariance(v.Unseen, v.Bend) || !isLogOdds(v.Values...) {
			return fmt.Errorf("model: feature %q has a variance that is not finite, or that of a new level, %v, or of a bend, %v, is negative", terms[k].Name, v.Unseen, v.Bend)
		}
	}
	return nil
}

func isVariance(xs ...float64) bool {
	for _, x := range xs {
		if !(x >= 0 && x <= maxLogOdds) {
			return false
		}
	}
	return true
}

// partVariance is v_k of an encoded value.
func (m *Model) partVariance(k int, code features.Code) float64 {
	return m.document.Uncertainty.Terms[k].of(&m.encoder.Terms()[k], code, m.document.Coefficients[k].StandardErrors)
}

// leastVariance bounds the variance of a lead from below, in that of the base: covariances with it, taken term by term,
// could add up to more than there is.
const leastVariance = 0.25

// variance is the variance of a log-odds whose terms' v_k add up to parts.
func (m *Model) variance(logOdds, parts float64) float64 {
	u, c := m.document.Uncertainty, &m.document.Calibration
	square := float64(c.Slope * c.Slope)
	v := float64(square*u.Correlation*max(u.Base+parts, float64(leastVariance*u.Base))) + float64(square*u.Pair)
	if m.joint != nil {
		v = m.joint.variance(logOdds-m.base, v)
	}
	if s := c.Covariance; s != nil {
		eta := (logOdds - c.Intercept) / c.Slope
		v += max(0, s[0]+float64(2*eta*s[1])+float64(eta*eta*s[2]))
	}
	return v
}

// checkUncertainty checks what the document says about variances, if it says anything.
func (m *Model) checkUncertainty() error {
	if s := m.document.Calibration.Covariance; s != nil && !isVariance(s[0], math.Abs(s[1]), s[2]) {
		return fmt.Errorf("model: the calibration has the covariance %v: must be finite", *s)
	}
	if u := m.document.Uncertainty; u != nil {
		return u.check(m.encoder.Terms(), m.document.Coefficients)
	}
	return nil
}

// HasIntervals reports whether scores carry a ProbabilityCI.
func (m *Model) HasIntervals() bool { return m.document.Uncertainty != nil }

// probabilityCI is Score.ProbabilityCI of a lead.
func (m *Model) probabilityCI(lead *features.Lead) *Interval {
	if m.document.Uncertainty == nil {
		return nil
	}
	parts := 0.0
	logOdds := m.contributions(lead, func(k int, code features.Code, _ float64) { parts += m.partVariance(k, code) })
	ci := interval(logOdds, m.variance(logOdds, parts))
	return &ci
}

// near reports whether two intervals agree to probeTolerance, or are both absent.
func (i *Interval) near(other *Interval) bool {
	if i == nil || other == nil {
		return i == other
	}
	return math.Abs(i[0]-other[0]) <= probeTolerance && math.Abs(i[1]-other[1]) <= probeTolerance
}

// interval is the interval of a probability p, given its log-odds and their variance s². The log-odds of a fit are the mode
// of what they may be. To second order their mean, whose probabilities p is the mean of, lies ½(1−2p)·s² below, and the
// median, the centre of an interval with equal tails, two thirds of the way (Pearson's rule). The interval holds p.
func interval(logOdds, variance float64) Interval {
	centre := logOdds - float64((1-2*Sigmoid(logOdds))*variance/3)
	half := float64(intervalZ * math.Sqrt(variance))
	return Interval{Sigmoid(min(centre-half, logOdds)), Sigmoid(max(centre+half, logOdds))}
}
