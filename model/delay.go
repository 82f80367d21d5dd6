package model

import (
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// Immature leads enter a fit through a mixture: a lead converts within the horizon with probability p, and then by the
// age a with probability G(a), whatever else is known of it, within its part of the leads. With the lag curve's steps f,
// the weight w of a lead and the penalty S of the coefficients, the fit is the maximum of
//
//	ℓ = Σ_converted w·log(p·f(lag)) + Σ_immature w·log(1 − p·G(a)) + Σ_lost w·log(1 − p) + prior − S
//
// (Boag 1949; with logistic p Farewell 1982), found by expectation and maximisation (Dempster, Laird & Rubin 1977):
//
//	E   q = p·(1−G(a))/(1−p·G(a)) of an immature lead that has not converted; 1 and 0 of the others
//	M   coefficients: the fit of q in the place of outcomes, from the last one on
//	    f_k ∝ seen_k + lagPrior·f⁰_k + f_k·Σ_immature w·q·(share of the step that is still to come)/(1 − G(a))
//
// No round lowers ℓ. The prior, log f weighted by lagPrior·f⁰ with f⁰ the curve of all leads, keeps the curve of a part
// with few conversions near that of all. What an immature lead lost before its horizon tells of others is not used: lost
// leads are immature too until their horizon has passed, or else the open ones that are left would look better than p.
//
// The curves must be learnt from somewhere: beyond the age of the oldest lead nothing says how many conversions follow, and
// none are supposed to.
//
// The penalties and pairs of recipe auto are learnt on q as it stands: every step of the penalties is a round. Then rounds
// follow at fixed penalties until q settles: at most mostRounds warm-started fits, of some two to five passes each.
//
// Note: standard errors are those of a fit to known outcomes q; they are too small by what is not yet known of immature
// leads.

const (
	mostRounds  = 20
	settled     = 1e-4 // relative change of the expected conversions that ends the rounds
	startRounds = 500  // of the fit without features that the rounds start from, at most,
	startTight  = 1e-7 // and the change of f that ends them
	ageFine     = 4    // ages are told apart to this part of a step in it
)

// lagModel is what the leads of a fit share: times, parts, and curves, which the rounds change.
type lagModel struct {
	times  *lagTimes
	strata *strata
	f      [][]float64 // by part and step
	g      [][]float64 // and its running sum
	prior  []float64   // f⁰, nil where there is one part
	p      []float64   // by part: the probability that the rounds start from
}

// newLagModel fits curves to leads without a look at their features.
func (t *trainer) newLagModel(rows []int32) (*lagModel, error) {
	times := t.options.Label.lagTimes(t.table, t.outcomes.asOf)
	if times == nil {
		return nil, nil
	}
	if rows == nil {
		rows = features.AllRows(t.table.Rows)
	}
	converted := t.dated(times, rows)
	if len(converted) == 0 {
		return nil, nil
	}
	start, seen := productLimit(times, converted, t.weight)
	for k := range start { // no lag that was seen is out of the question
		start[k] += seen[k]
	}
	m := &lagModel{times: times, strata: &strata{}, f: [][]float64{normalised(start)}}
	m.sum()
	m.settle(m.over(t, rows))
	cut, err := t.strata(m, rows)
	if err != nil || cut.codes == nil {
		return m, err
	}
	m.strata, m.prior, m.p = cut, m.f[0], nil
	m.f = make([][]float64, cut.count())
	for part := range m.f {
		m.f[part] = m.prior
	}
	m.sum()
	m.settle(m.over(t, rows))
	return m, nil
}

// sum makes G of f.
func (m *lagModel) sum() {
	m.g = make([][]float64, len(m.f))
	for part, f := range m.f {
		g, total := make([]float64, len(f)), 0.0
		for k, x := range f {
			total += x
			g[k] = min(total, 1)
		}
		g[len(g)-1] = 1
		m.g[part] = g
	}
}

// lagged are the leads of a problem in the order of its rows.
type lagged struct {
	*lagModel
	targets []float64 // q
	weights []float64 // in the fit, nil = all 1
	unit    float64   // by which they were divided
	open    []openLead
	undated []openLead  // converted, nobody knows when before this age
	seen    [][]float64 // weight of dated conversions by part and step
	all     []float64   // weight of the leads by part,
	won     []float64   // and of those that have converted
}

// openLead is a lead whose conversion, if it comes, is not dated.
type openLead struct {
	row  int // of the problem
	part int
	age  float64
	w    float64
}

// over looks at the leads of the rows, nil = all of the table; nil without a model of lags, for all leads are mature.
func (m *lagModel) over(t *trainer, rows []int32) *lagged {
	if m == nil {
		return nil
	}
	if rows == nil {
		rows = features.AllRows(t.table.Rows)
	}
	n := m.strata.count()
	l := &lagged{lagModel: m, targets: make([]float64, len(rows)), weights: t.fitWeightsFor(rows), unit: t.unit, seen: matrix(n, m.times.steps), all: make([]float64, n), won: make([]float64, n)}
	for i, r := range rows {
		lead := openLead{row: i, part: m.strata.of(r), age: m.times.age(r), w: t.fitWeight(r)}
		l.all[lead.part] += lead.w
		switch {
		case t.converted[r] == 1:
			l.targets[i] = 1
			l.won[lead.part] += lead.w
			if lag := m.times.lag(r); lag >= 0 {
				l.seen[lead.part][lag] += lead.w
			} else {
				l.undated = append(l.undated, lead)
			}
		case m.times.asOf-m.times.created[r] < int64(t.options.Label.Horizon)*day:
			l.open = append(l.open, lead)
			if m.p != nil {
				l.targets[i] = aged(m.p[lead.part], cumulativeAt(m.g[lead.part], lead.age))
			}
		}
	}
	return l
}

// into makes the problem one of expected outcomes.
func (l *lagged) into(p *logit.Problem) {
	if l != nil {
		p.Labels, p.Targets = nil, l.targets
	}
}

// arrivals sums up what one round expects of lags: of a lead with so much of a conversion to come, to it belong the part
// of the present step that is left and all later steps, in proportion to f; of an undated one what is before.
type arrivals struct{ seen, later, within, sooner, begun [][]float64 }

func (l *lagged) arrivals() *arrivals {
	n, k := len(l.f), l.times.steps+1
	a := &arrivals{seen: l.seen, later: matrix(n, k), within: matrix(n, k), sooner: matrix(n, k), begun: matrix(n, k)}
	for _, u := range l.undated {
		step, share := math.Modf(u.age)
		if g := cumulativeAt(l.g[u.part], u.age); g > 0 {
			a.sooner[u.part][int(step)] += u.w / g
			a.begun[u.part][int(step)] += float64(u.w * share / g)
		}
	}
	return a
}

// add takes in conversions expected of an open lead.
func (a *arrivals) add(part int, age, expected, g float64) {
	if !(g < 1) || expected == 0 {
		return
	}
	step, share := math.Modf(age)
	x := expected / (1 - g)
	a.later[part][int(step)] += x
	a.within[part][int(step)] += float64(x * (1 - share))
}

// refresh makes the curves of the sums, and returns the largest change of a step.
func (m *lagModel) refresh(a *arrivals) float64 {
	moved := 0.0
	for part, f := range m.f {
		next := make([]float64, len(f))
		sooner := 0.0
		for _, x := range a.sooner[part] {
			sooner += x
		}
		later, total := 0.0, 0.0
		for k := range f {
			sooner -= a.sooner[part][k]
			next[k] = a.seen[part][k] + float64(f[k]*(later+a.within[part][k]+sooner+a.begun[part][k]))
			if m.prior != nil {
				next[k] += lagPrior * m.prior[k]
			}
			later += a.later[part][k]
			total += next[k]
		}
		if total == 0 {
			continue
		}
		for k := range next {
			next[k] /= total
			moved = max(moved, math.Abs(next[k]-f[k]))
		}
		m.f[part] = next
	}
	m.sum()
	return moved
}

// round is E and the part of M that is about lags, given η of every row. It returns the change of the expected
// conversions, relative to all.
func (l *lagged) round(eta []float64) float64 {
	a := l.arrivals()
	var change, all float64
	for _, lead := range l.open {
		g := cumulativeAt(l.g[lead.part], lead.age)
		q := aged(Sigmoid(eta[lead.row]), g)
		change += float64(lead.w * math.Abs(q-l.targets[lead.row]))
		l.targets[lead.row] = q
		a.add(lead.part, lead.age, float64(lead.w*q), g)
	}
	l.refresh(a)
	for i, q := range l.targets {
		all += float64(l.weight(i) * q)
	}
	return change / all
}

func (l *lagged) weight(i int) float64 {
	if l.weights == nil {
		return 1
	}
	return l.weights[i]
}

// settle fits the curves and one probability for each part to leads counted by part and age.
func (m *lagModel) settle(l *lagged) {
	ages := l.byAge()
	m.p = make([]float64, len(m.f))
	for part := range m.p {
		m.p[part] = portion(l.won[part], l.all[part])
	}
	for range startRounds {
		a := l.arrivals()
		for part := range m.p {
			won := l.won[part]
			for _, at := range ages[part] {
				g := cumulativeAt(m.g[part], at.age)
				expected := float64(at.w * aged(m.p[part], g))
				won += expected
				a.add(part, at.age, expected, g)
			}
			m.p[part] = min(1, portion(won, l.all[part]))
		}
		if m.refresh(a) < startTight {
			return
		}
	}
}

// byAge gathers the open leads of a part that are about as old.
func (l *lagged) byAge() [][]openLead {
	ages := make([][]openLead, len(l.f))
	for part := range ages {
		ages[part] = make([]openLead, ageFine*l.times.steps+1)
	}
	for _, lead := range l.open {
		at := &ages[lead.part][int(lead.age*ageFine)]
		at.w, at.age = at.w+lead.w, at.age+float64(lead.w*lead.age)
	}
	for part := range ages {
		ages[part] = slices.DeleteFunc(ages[part], func(at openLead) bool { return at.w == 0 })
		for i := range ages[part] {
			ages[part][i].age /= ages[part][i].w
		}
	}
	return ages
}

// summary says what the rounds came to.
func (l *lagged) summary(rounds int) *Delay {
	d := &Delay{Rounds: rounds, DaysAStep: l.times.days, WholeDays: l.times.whole, By: l.strata.by}
	expected := slices.Clone(l.won)
	for _, lead := range l.open {
		q := float64(lead.w * l.targets[lead.row])
		d.Expected += q * l.unit
		expected[lead.part] += q
	}
	for part, g := range l.g {
		c := Lag{Conversions: expected[part] * l.unit, Cumulative: make([]float64, len(g))}
		if part < len(l.strata.levels) {
			c.Level = l.strata.levels[part]
		}
		for k, x := range g {
			c.Cumulative[k] = math.Round(x*1e6) / 1e6
		}
		c.Median, c.P90 = d.quantile(c.Cumulative, 0.5), d.quantile(c.Cumulative, 0.9)
		d.Curves = append(d.Curves, c)
	}
	return d
}
