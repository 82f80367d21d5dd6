package budget

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// A power curve is a line in logarithms, ln f = ln A + B·ln s. Its slope is fitted by least squares and shrunk
// towards what slopes usually are:
//
//	B = (B̂/se² + B0/τ²)/(1/se² + 1/τ²),   B ~ N(B0 = 0.7, τ = 0.15)
//
// B0 and τ are an assumption. Spend is not given at random, as budgets chase demand, so slopes tend to come out too
// steep: only an experiment that varies spend on purpose tells.

// What slopes usually are.
const (
	usualSlope  = 0.7
	usualSpread = 0.15
)

// A slope counts as measured from this many periods on, with this coefficient of variation of the spend.
const (
	enoughPeriods = 8
	enoughSpread  = 0.2
)

// CurveFit is a curve with what it rests on.
type CurveFit struct {
	Curve   Curve   `json:"curve"`
	Slope   Figure  `json:"slope"`    // B̂, by least squares
	SlopeSE Figure  `json:"slope_se"` //
	Assumed bool    `json:"assumed"`  // too few periods, or too little variation: the slope is mostly assumed
	Low     float64 `json:"low"`      // the least spend observed
	High    float64 `json:"high"`     // the most
}

// FitCurve fits a power curve to the spends and leads of past periods, of which those without spend or leads are
// left out. Without any, there is nothing to fit.
func FitCurve(points []SpendPoint) (CurveFit, error) {
	var x, y, spends []float64
	var b bounds
	fit := CurveFit{Slope: Unknown(TooFew), SlopeSE: Unknown(TooFew), Low: math.Inf(1)}
	for i, p := range points {
		b.amount(at("spend", i), p.Spend)
		b.amount(at("leads", i), p.Leads)
		if p.Spend > 0 && p.Leads > 0 {
			x, y, spends = append(x, math.Log(p.Spend)), append(y, math.Log(p.Leads)), append(spends, p.Spend)
			fit.Low, fit.High = min(fit.Low, p.Spend), max(fit.High, p.Spend)
		}
	}
	b.require(len(x) > 0, "points", len(x), "at least one with spend and leads")
	if err := b.err(); err != nil {
		return CurveFit{}, err
	}
	slope := usualSlope
	if estimate, se, ok := line(x, y); ok {
		fit.Slope, fit.SlopeSE = Known(estimate), Known(se)
		slope = min(max(ShrinkSlope(estimate, se), 0.05), 1)
	}
	mean, sd := stat.PopMeanStdDev(spends, nil)
	fit.Assumed = len(x) < enoughPeriods || sd <= enoughSpread*mean
	fit.Curve = Curve{Form: Power, A: math.Exp(stat.Mean(y, nil) - slope*stat.Mean(x, nil)), B: slope}
	return fit, nil
}

// ShrinkSlope is the slope between an estimate with its standard error, above 0, and what slopes usually are.
func ShrinkSlope(estimate, se float64) float64 {
	own, usual := 1/(se*se), 1/(usualSpread*usualSpread)
	return (estimate*own + usualSlope*usual) / (own + usual)
}

// line is the slope of y on x and its standard error; not ok with fewer than three points or no spread.
func line(x, y []float64) (slope, se float64, ok bool) {
	n := float64(len(x))
	if n < 3 {
		return 0, 0, false
	}
	spread := stat.PopVariance(x, nil) * n
	if spread < 1e-12 {
		return 0, 0, false
	}
	intercept, slope := stat.LinearRegression(x, y, nil, false)
	rest := 0.0
	for i := range x {
		e := y[i] - intercept - slope*x[i]
		rest += e * e
	}
	return slope, max(math.Sqrt(rest/(n-2)/spread), 1e-6), true
}

// Extrapolates reports whether a spend is outside half to one and a half times what was observed: nobody knows what
// it would buy.
func (f CurveFit) Extrapolates(spend float64) bool {
	return spend < 0.5*f.Low || spend > 1.5*f.High
}
