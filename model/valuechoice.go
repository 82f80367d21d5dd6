package model

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// sizes are the predictions of a trial out of fold, in units.
func (l *valueLearner) sizes(t *familyFit) []float64 {
	s := make([]float64, len(t.mu))
	for i, mu := range t.mu {
		s[i] = math.Exp(l.clip(t.family, mu))
	}
	return s
}

// ratioOf preserves the total: Σ w·y ÷ Σ w·ŷ.
func ratioOf(y, predicted, w []float64) float64 {
	var made, promised float64
	for i, y := range y {
		made += float64(w[i] * y)
		promised += float64(w[i] * predicted[i])
	}
	return made / promised
}

// choose cross-fits the families that so many sales allow, and returns the best of them.
func (l *valueLearner) choose(ctx context.Context) (*familyFit, error) {
	families := []valueFamily{familyLogRidge, familyDouble, familyGamma, familyTweedie}
	switch {
	case l.paying < valueFew:
		families = families[:1]
	case l.paying < valueMany:
		families = families[:3]
	}
	tried := make([]*familyFit, len(families))
	for i, f := range families {
		var err error
		if tried[i], err = l.crossFit(ctx, f); err != nil {
			return nil, err
		}
	}
	if len(tried) > 1 && l.likelierGamma(tried[0], tried[2]) {
		tried[0], tried[1], tried[2] = tried[2], tried[0], tried[1]
	}
	best, least := tried[0], l.deviances(tried[0])
	for _, t := range tried[1:] {
		deviance := l.deviances(t)
		if gain, se := l.gain(func(i int) float64 { return least[i] - deviance[i] }); gain > familyMargin*se {
			best, least = t, deviance
		}
	}
	return best, nil
}

// deviances are the Gamma deviances of the sales from a trial's sizes out of fold, its total preserved; 0 of a sale that is
// worth nothing.
func (l *valueLearner) deviances(t *familyFit) []float64 {
	sizes := l.sizes(t)
	ratio := ratioOf(l.y, sizes, l.size)
	deviance := make([]float64, len(sizes))
	for i, w := range l.size {
		if w > 0 {
			deviance[i] = familyGamma.deviance(l.y[i], ratio*sizes[i])
		}
	}
	return deviance
}

// withoutFold returns the weighted mean of x without each fold.
func (l *valueLearner) withoutFold(x, w []float64) [valueFolds]float64 {
	var mean, weight [valueFolds]float64
	for i, f := range l.fold {
		for k := range mean {
			if int(f) != k {
				mean[k] += float64(w[i] * x[i])
				weight[k] += w[i]
			}
		}
	}
	for k := range mean {
		mean[k] /= weight[k]
	}
	return mean
}

// gain is the mean of a fall over the sales, and its standard error.
func (l *valueLearner) gain(fall func(i int) float64) (mean, se float64) {
	weighted := make([]float64, len(l.y))
	for i := range weighted {
		weighted[i] = float64(l.w[i] * fall(i))
	}
	p := predictions{weight: l.w, cluster: l.cluster}
	return p.meanAndError(weighted)
}

// profits are the predictions out of fold in units, before the ratio.
func (l *valueLearner) profits(size, paid *familyFit) []float64 {
	m := l.sizes(size)
	if paid != nil {
		for i, logit := range paid.mu {
			m[i] *= Sigmoid(logit)
		}
	}
	return m
}

// valueTold is how many standard errors tell sizes from their constant. The best of several families is asked: of 100 models of
// noise 1.64 lets through six to nine, and this three.
const valueTold = 1.96

// beatsConstant reports whether sizes out of fold can be told from the constant's, and lower the deviance of money at all: the
// Gamma's, or, where a sale is worth nothing, the Tweedie's. They are told by their covariance with log profit, which no
// whale decides. How far a loss falls tells less, as sizes pay in it for their own noise: of models of 100 sales that were
// twice as good as the constant, one in 25 was not told by it.
func (l *valueLearner) beatsConstant(size, paid *familyFit) bool {
	m := l.profits(size, paid)
	ratio := ratioOf(l.y, m, l.w)
	constant := l.withoutFold(l.y, l.w)
	family := familyGamma
	if l.paying < len(l.y) {
		family = familyTweedie
	}
	for _, c := range constant {
		if !(c > 0) {
			return false
		}
	}
	inMoney, _ := l.gain(func(i int) float64 {
		y := max(l.y[i], 0)
		return family.deviance(y, constant[l.fold[i]]) - family.deviance(y, ratio*m[i])
	})
	if paid != nil { // which was told from its share
		return inMoney > 0
	}
	log, level := l.levels(familyLogRidge), l.levels(size.family)
	gain, se := l.gain(func(i int) float64 {
		if l.size[i] == 0 {
			return 0
		}
		k := l.fold[i]
		return (math.Log(l.y[i]) - log[k]) * (l.clip(size.family, size.mu[i]) - level[k])
	})
	return gain > valueTold*se && inMoney > 0
}

// levels returns the constant μ of a family without each fold.
func (l *valueLearner) levels(family valueFamily) [valueFolds]float64 {
	if family != familyLogRidge {
		means := l.withoutFold(l.y, l.size)
		for k := range means {
			means[k] = math.Log(means[k])
		}
		return means
	}
	logs := make([]float64, len(l.y))
	for i, y := range l.y {
		if l.size[i] > 0 {
			logs[i] = math.Log(y)
		}
	}
	return l.withoutFold(logs, l.size)
}

// screen returns the columns that explain most of the log profit by themselves under a ridge of one sale's weight in ten,
// beyond what chance would: Σ (X'r)²/(X'X + 10) − σ²·Σ X'X/(X'X + 10).
func (l *valueLearner) screen(w []float64) []int {
	const ridge = 10
	r := make([]float64, len(l.y))
	var sum, weight, square float64
	for i, y := range l.y {
		if w[i] > 0 {
			r[i] = math.Log(y)
			sum += float64(w[i] * r[i])
			weight += w[i]
		}
	}
	for i := range r {
		if w[i] > 0 {
			r[i] -= sum / weight
			square += float64(w[i] * r[i] * r[i])
		}
	}
	excess := make([]float64, len(l.design.columns))
	for j := range excess {
		c := &l.design.columns[j]
		pull, mass := make([]float64, len(c.loads)+1), make([]float64, len(c.loads)+1)
		for i, g := range c.codes {
			if int(g) < len(c.loads)-1 && (!c.straight() || g > 0) {
				pull[g] += float64(w[i] * r[i])
				mass[g] += w[i]
			}
			if c.slope >= 0 {
				pull[len(c.loads)] += float64(w[i] * c.z[i] * r[i])
				mass[len(c.loads)] += float64(w[i] * c.z[i] * c.z[i])
			}
		}
		for g := range pull {
			excess[j] += (pull[g]*pull[g] - square/weight*mass[g]) / (mass[g] + ridge)
		}
	}
	columns := make([]int, len(excess))
	for j := range columns {
		columns[j] = j
	}
	slices.SortStableFunc(columns, func(a, b int) int { return cmp.Compare(excess[b], excess[a]) })
	columns = columns[:min(valueFeatures, len(columns))]
	columns = slices.DeleteFunc(columns, func(j int) bool { return !(excess[j] > 0) })
	slices.Sort(columns)
	return columns
}
