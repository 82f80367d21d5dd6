package model

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Sales are a selected part of the leads, and often those who buy most readily buy least. Neither harms v = p·m, as long as m is
// the mean profit of the sales that leads of these features make, and p their share of sales. Two regressions ask whether
// they are.
//
// Of log profit, on the columns X of the value model and the log-odds ℓ of fits that had not seen the sale (Heckman 1979,
// Econometrica 47, with the log-odds in place of the inverse Mills ratio): with A = X'WX + φS, S the precision that the
// value model learns, and u = ℓ − X·A⁻¹X'Wℓ, what ℓ has beyond X, e the residuals of the regression,
//
//	δ = Σ w·u·ln y / Σ w·u·ℓ,   var δ = (Σ (w·u·e)² + φ²·b'Sb) / (Σ w·u·ℓ)²,   b = A⁻¹X'Wℓ
//
// the sum of squares over accounts, where there are any, and times n ÷ (n − effective coefficients).
//
// Of the outcome, on ℓ and ln m of leads held out: one step from the line a + b·ℓ,
//
//	δ = Σ w·(y − q)·u / Σ w·q(1 − q)·u²,   var δ = Σ (w·(y − q)·u)² / (Σ w·q(1 − q)·u²)²
//
// with u what ln m has beyond the line, by weighted least squares with the weights w·q(1 − q). This is reported and no more:
// ℓ is estimated, so that where the profit goes by the same features ln m knows some of what chance took from ℓ.
//
// Note: the term does not enter m. ℓ is a function of the same features, so what it says beyond X is a bend or a pair that m
// lacks; m of a lead that was not won is not asked for, which is what Heckman's correction is for. On donors whose two parts
// correlate by −.66 it moved the profit by 2 in 16,170 (economics.md, §2.3).

// leastBeside is the least share of a regressor's square that must be left beside the others: rounding leaves less.
const leastBeside = 1e-12

// dependenceBound is the |t| from which on a dependence of the profit is a doubt.
const dependenceBound = 3

// Dependence says whether one of probability and profit depends on the other beyond what the features make of it.
type Dependence struct {
	Leads       int     `json:"leads"` // that it was looked for on
	Coefficient float64 `json:"coefficient"`
	SE          float64 `json:"se"` // holds whatever the spread
	T           float64 `json:"t"`
}

func newDependence(leads int, coefficient, se float64) *Dependence {
	if t := coefficient / se; !math.IsNaN(t) && !math.IsInf(t, 0) {
		return &Dependence{leads, coefficient, se, t}
	}
	return nil
}

// Doubtful reports whether there is more of it than chance explains.
func (d *Dependence) Doubtful() bool { return d != nil && math.Abs(d.T) > dependenceBound }

// profitByProbability regresses the log profit of the sales of the last cross-fit on their log-odds beside the columns of
// the value model; nil where these are too few.
func (t *trainer) profitByProbability(ctx context.Context) (*Dependence, error) {
	if t.sales == nil {
		return nil, nil
	}
	part, logOdds := t.crossedSales()
	if len(part.profit) < valueFew {
		return nil, nil
	}
	data, err := t.sales.shaped(part)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return newValueLearner(data, part).dependence(logOdds)
}

// crossedSales are the sales, of those that the value model knows, which are worth something and were in a turn's test, with
// the log-odds that they had in it; valueLearn of them at most.
func (t *trainer) crossedSales() (*wins, []float64) {
	eta := map[int32]float64{}
	for _, c := range t.crossed {
		for i, r := range c.test {
			if t.converted[r] == 1 {
				eta[r] = c.eta[i]
			}
		}
	}
	known := &wins{}
	all := t.sales.wins
	for i, r := range all.rows {
		if _, found := eta[r]; found && all.profit[i] > 0 {
			known.take(all, i)
		}
	}
	known = known.evenly(valueLearn)
	logOdds := make([]float64, len(known.rows))
	for i, r := range known.rows {
		logOdds[i] = eta[r]
	}
	return known, logOdds
}

// dependence is the regression of log profit.
func (l *valueLearner) dependence(logOdds []float64) (*Dependence, error) {
	all, err := l.all(familyLogRidge)
	if err != nil {
		return nil, err
	}
	u, b, err := all.beside(logOdds)
	if err != nil {
		return nil, err
	}
	floats.Mul(u, all.w)
	pull, square := floats.Dot(u, logOdds), 0.0
	rest := make([]float64, len(l.y))
	for i, y := range l.y {
		rest[i] = math.Log(y)
		square += float64(all.w[i] * logOdds[i] * logOdds[i])
	}
	if !(pull > leastBeside*square) {
		return nil, nil
	}
	delta := floats.Dot(u, rest) / pull
	floats.AddScaled(rest, -delta, logOdds)
	e, _, err := all.beside(rest)
	if err != nil {
		return nil, err
	}
	floats.Mul(e, u)
	n, phi := floats.Sum(all.w), all.precisions.phi
	variance := phi * phi * all.design.penalty(b, make([]float64, len(b)))
	for _, s := range sumByCluster(e, l.cluster) {
		variance += float64(s*s) * n / all.precisions.left(n)
	}
	return newDependence(len(rest), delta, math.Sqrt(variance)/pull), nil
}

// beside returns what a ridge of x on the columns leaves over, and its coefficients A⁻¹X'Wx.
func (r *regularisedSales) beside(x []float64) (rest, beta []float64, err error) {
	factor, err := r.design.factorise(r.gram, 1, r.precisions.phi)
	if err != nil {
		return nil, nil, err
	}
	rest, beta = make([]float64, len(x)), make([]float64, r.design.size)
	floats.MulTo(rest, x, r.w)
	r.design.pull(rest, beta)
	v := mat.NewVecDense(len(beta), beta)
	if err := factor.SolveVecTo(v, v); err != nil {
		return nil, nil, fmt.Errorf("model: value: %w: %w", errNoOptimum, err)
	}
	r.design.predict(beta, rest)
	floats.SubTo(rest, x, rest)
	return rest, beta, nil
}

// on asks whether the outcomes depend on x beyond the linear predictor.
func (p *predictions) on(x []float64) *Dependence {
	l, ok := fitAffine(*p)
	if !ok {
		return nil
	}
	c := p.curve(l)
	inverse, ok := c.inverse()
	if !ok {
		return nil
	}
	var cross [2]float64
	curvature := make([]float64, len(x))
	for i, eta := range p.eta {
		q := Sigmoid(l.at(eta))
		curvature[i] = float64(p.w(i) * q * (1 - q))
		cross[0] += float64(curvature[i] * x[i])
		cross[1] += float64(curvature[i] * x[i] * eta)
	}
	along := times(inverse, cross)
	scores := make([]float64, len(x))
	var score, information, square float64
	for i, eta := range p.eta {
		u := x[i] - along[0] - float64(along[1]*eta)
		scores[i] = float64(p.w(i) * (p.y[i] - Sigmoid(l.at(eta))) * u)
		score += scores[i]
		information += float64(curvature[i] * u * u)
		square += float64(curvature[i] * x[i] * x[i])
	}
	if !(information > leastBeside*square) {
		return nil
	}
	return newDependence(len(x), score/information, math.Sqrt(squaresByCluster(scores, p.cluster))/information)
}

// probabilityByProfit asks of leads held out whether their outcomes depend on the profit that the model expects of each.
func (t *trainer) probabilityByProfit(held []int32, logOdds, profit []float64) *Dependence {
	logs := make([]float64, len(profit))
	for i, m := range profit {
		if logs[i] = math.Log(m); math.IsNaN(logs[i]) || math.IsInf(logs[i], 0) {
			return nil
		}
	}
	p := t.predictions(held, logOdds)
	return p.on(logs)
}

// addDependences adds the two dependences, the second of which was found on the holdout, and says if the first is doubtful.
// A model that gives every lead the base rate has none.
func (t *trainer) addDependences(ctx context.Context, result *Training, onProfit *Dependence) error {
	if result.Verdict.Code == VerdictNoBetter {
		return nil
	}
	onProbability, err := t.profitByProbability(ctx)
	if errors.Is(err, errNoOptimum) {
		err = nil
	}
	if err != nil {
		return err
	}
	result.Value.ProfitByProbability, result.Value.ProbabilityByProfit = onProbability, onProfit
	if d := onProbability; d.Doubtful() {
		var doubts doubtList
		doubts.say("profit_by_probability", "", "what a sale is worth depends on the probability beyond what the features make of it: %+.3f in log profit a unit of log-odds (t %.1f on %d sales): the value model misses a bend, or features that act together",
			d.Coefficient, d.T, d.Leads)
		result.Warnings = append(result.Warnings, doubts...)
	}
	return nil
}
