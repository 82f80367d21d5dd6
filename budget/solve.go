package budget

import "math"

// split sets spend to the best response to the multipliers, within bounds, and returns its sum.
func (p *problem) split(spend []float64, lambda, mu float64) (total float64) {
	for i := range p.sources {
		spend[i] = p.low[i]
		if w := p.worth(i, mu); w > 0 {
			spend[i] = min(max(p.sources[i].Curve.SpendAt(lambda/w), p.low[i]), p.high[i])
		}
		total += spend[i]
	}
	return total
}

// atHours solves the budget for a given price of hours: λ is the floor if that leaves money, else what uses it up.
func (p *problem) atHours(mu float64) solution {
	n := len(p.sources)
	spend, more := make([]float64, n), make([]float64, n)
	floor := max(p.floor, math.SmallestNonzeroFloat64)
	if p.split(spend, floor, mu) <= p.budget {
		return solution{spend, p.floor, mu}
	}
	lower, upper := between(floor, math.MaxFloat64, func(lambda float64) bool { return p.split(spend, lambda, mu) > p.budget })
	large, small := p.split(more, lower, mu), p.split(spend, upper, mu)
	p.mix(spend, more, small, large)
	return solution{spend, upper, mu}
}

// mix moves spend, of sum small, towards more, of sum large, up to the budget. Between two neighbouring multipliers
// only straight lines differ by more than a rounding error, and on them every point between is as good.
func (p *problem) mix(spend, more []float64, small, large float64) {
	if !isFinite(large) {
		large = small
		for i, s := range more {
			more[i] = min(s, spend[i]+p.budget)
			large += more[i] - spend[i]
		}
	}
	if large <= small {
		return
	}
	part := min(max((p.budget-small)/(large-small), 0), 1)
	for i := range spend {
		spend[i] += part * (more[i] - spend[i])
	}
}

// between returns the neighbouring float64 numbers in [low, high], above 0, between which a condition turns from
// true to false. Bisecting their bits takes 64 steps at any scale.
func between(low, high float64, holds func(x float64) bool) (lower, upper float64) {
	a, b := math.Float64bits(low), math.Float64bits(high)
	for b-a > 1 {
		if x := a + (b-a)/2; holds(math.Float64frombits(x)) {
			a = x
		} else {
			b = x
		}
	}
	return math.Float64frombits(a), math.Float64frombits(b)
}

// solve finds λ and μ on concave curves.
func (p *problem) solve() solution {
	free := p.atHours(0)
	if math.IsInf(p.hours, 1) || p.hoursOf(free.spend) <= p.hours*(1+1e-12) {
		return free
	}
	most := 0.0
	for i, s := range p.sources {
		if s.Hours > 0 {
			most = max(most, p.worth(i, 0)/s.Hours)
		}
	}
	over := func(mu float64) bool { return p.hoursOf(p.atHours(mu).spend) > p.hours }
	if !over(math.SmallestNonzeroFloat64) {
		return free
	}
	lower, upper := between(math.SmallestNonzeroFloat64, 2*most, over)
	return p.mixHours(p.atHours(upper), p.atHours(lower))
}

// mixHours moves a split that leaves hours towards its neighbour that takes too many, as far as they go.
func (p *problem) mixHours(under, over solution) solution {
	mixed := make([]float64, len(under.spend))
	set := func(part float64) {
		for i := range mixed {
			mixed[i] = under.spend[i] + part*(over.spend[i]-under.spend[i])
		}
	}
	part := bisect(0, 1, func(part float64) bool { set(part); return p.hoursOf(mixed) <= p.hours })
	set(part)
	return solution{mixed, under.lambda, under.mu}
}

// dual is the upper bound of the objective that the multipliers prove.
func (p *problem) dual(lambda, mu float64) float64 {
	total := 0.0
	if excess := lambda - p.floor; excess > 0 {
		total += excess * p.budget
	}
	if mu > 0 {
		total += mu * p.hours
	}
	for i := range p.sources {
		total += p.bestOf(i, lambda, mu)
	}
	return total
}

// bestOf is max (w − μh)·f(s) − λ·s over the bounds of a source.
func (p *problem) bestOf(i int, lambda, mu float64) float64 {
	w, curve := p.worth(i, mu), p.sources[i].Curve
	gain := func(s float64) float64 {
		if math.IsInf(s, 1) {
			return math.Inf(-1)
		}
		return w*curve.Leads(s) - lambda*s
	}
	best := max(gain(p.low[i]), gain(min(p.high[i], max(p.budget, p.low[i]))))
	if w > 0 && lambda > 0 {
		best = max(best, gain(min(max(curve.SpendAt(lambda/w), p.low[i]), p.high[i])))
	}
	return best
}

// gap is how far the value of a solution may be below the optimum, relative.
func (p *problem) gap(s solution) float64 {
	value, bound := p.value(s.spend), p.dual(s.lambda, s.mu)
	return max(bound-value, 0) / max(math.Abs(bound), math.Abs(value), math.SmallestNonzeroFloat64)
}

// allocateGrid solves problems with S-shaped curves: exactly on a grid of spends above the low bounds, by dynamic
// programming over sources, then polished on the concave parts. Scarce hours are a second dimension of the grid.
func (p *problem) allocateGrid() solution {
	best := solution{spend: p.polish(p.gridSplit(0))}
	if p.hoursOf(best.spend) > p.hours {
		best.mu = p.priceOfHours()
		best.spend = p.polish(p.jointSplit())
	}
	best.lambda = p.tightest(best.mu)
	return best
}

// priceOfHours is the least μ at which a coarse grid keeps within the hours: what the dual bound is taken at, which is
// a bound at any μ.
func (p *problem) priceOfHours() float64 {
	coarse := *p
	coarse.gridPrecise = jointSteps
	over := func(mu float64) bool { return p.hoursOf(coarse.gridSplit(mu)) > p.hours }
	upper := 1.0
	for over(upper) && upper < largest {
		upper *= 4
	}
	lower := 0.0
	for range 30 {
		if mu := lower + (upper-lower)/2; over(mu) {
			lower = mu
		} else {
			upper = mu
		}
	}
	return upper
}

// room is the money above the low bounds.
func (p *problem) room() float64 {
	room, reach := p.budget, 0.0
	for i, low := range p.low {
		room -= low
		high := p.high[i]
		if s := p.sources[i]; math.IsInf(high, 1) && s.Worth > 0 && p.floor > 0 {
			high = max(s.Curve.SpendAt(p.floor/s.Worth), low)
		}
		reach += high - low
	}
	return max(min(room, reach), 0)
}

// gridSplit is the dynamic program: best[j] is the most that the sources so far bring with j steps of money.
func (p *problem) gridSplit(mu float64) []float64 {
	steps, n := p.gridPrecise, len(p.sources)
	room := p.room()
	spend := make([]float64, n)
	copy(spend, p.low)
	if room == 0 || math.IsInf(room, 1) {
		return spend
	}
	step := room / float64(steps)
	best, next := make([]float64, steps+1), make([]float64, steps+1)
	taken := make([][]int, n)
	for i := range p.sources {
		gains := p.gains(i, mu, step, steps)
		taken[i] = make([]int, steps+1)
		for j := range steps + 1 {
			next[j] = math.Inf(-1)
			for k := range min(j, len(gains)-1) + 1 {
				if v := best[j-k] + gains[k]; v > next[j] {
					next[j], taken[i][j] = v, k
				}
			}
		}
		best, next = next, best
	}
	for i, j := n-1, steps; i >= 0; i-- {
		k := taken[i][j]
		spend[i] += float64(k) * step
		j -= k
	}
	return spend
}

// gains of 0, 1, 2 … steps of money on a source, as far as its high bound lets it.
func (p *problem) gains(i int, mu, step float64, steps int) []float64 {
	w, curve := p.worth(i, mu), p.sources[i].Curve
	n := steps
	if most := (p.high[i] - p.low[i]) / step; most < float64(steps) {
		n = int(most + 1e-9)
	}
	gains := make([]float64, n+1)
	start := w * curve.Leads(p.low[i])
	for k := range gains {
		extra := float64(k) * step
		gains[k] = w*curve.Leads(p.low[i]+extra) - start - p.floor*extra
	}
	return gains
}

// jointSteps is the grid of money and of hours, where both are scarce.
const jointSteps = 100

// jointSplit is the dynamic program over money and hours. Hours are rounded up, so that the split keeps within them.
func (p *problem) jointSplit() []float64 {
	spend := append([]float64(nil), p.low...)
	room, left := p.room(), p.hours-p.hoursOf(p.low)
	if room == 0 || math.IsInf(room, 1) || left <= 0 {
		return spend
	}
	const width = jointSteps + 1
	step, tick := room/jointSteps, left/jointSteps
	best, next := make([]float64, width*width), make([]float64, width*width)
	taken := make([][]uint8, len(p.sources))
	for i := range p.sources {
		gains, ticks := p.gains(i, 0, step, jointSteps), p.ticks(i, step, tick)
		taken[i] = make([]uint8, width*width)
		for at := range next {
			money, hours := at/width, at%width
			next[at] = math.Inf(-1)
			for k := 0; k <= money && k < len(gains) && ticks[k] <= hours; k++ {
				if v := best[at-k*width-ticks[k]] + gains[k]; v > next[at] {
					next[at], taken[i][at] = v, uint8(k)
				}
			}
		}
		best, next = next, best
	}
	for i, at := len(p.sources)-1, width*width-1; i >= 0; i-- {
		k := int(taken[i][at])
		spend[i] += float64(k) * step
		at -= k*width + p.ticks(i, step, tick)[k]
	}
	return spend
}

// ticks are the hours, in steps of the grid, of 0, 1, 2 … steps of money on a source.
func (p *problem) ticks(i int, step, tick float64) []int {
	ticks := make([]int, jointSteps+1)
	start := p.sources[i].Curve.Leads(p.low[i])
	for k := range ticks {
		hours := p.sources[i].Hours * (p.sources[i].Curve.Leads(p.low[i]+float64(k)*step) - start)
		ticks[k] = int(min(math.Ceil(hours/tick-1e-9), 2*jointSteps))
	}
	return ticks
}

// polish leaves sources below the inflection of their curve where the grid put them and solves the others, which are
// concave from there on, exactly. It returns the better of the two splits.
func (p *problem) polish(grid []float64) []float64 {
	q := *p
	q.low, q.high = append([]float64(nil), p.low...), append([]float64(nil), p.high...)
	for i, s := range grid {
		if turn := p.sources[i].Curve.inflection(); s < turn {
			q.low[i], q.high[i] = s, s
		} else {
			q.low[i] = max(q.low[i], turn)
		}
	}
	if q.feasible() != nil {
		return grid
	}
	if polished := q.solve().spend; p.value(polished) > p.value(grid) && p.hoursOf(polished) <= p.hours {
		return polished
	}
	return grid
}

// tightest is the λ of the smallest dual value at a price of hours: the dual is convex in λ.
func (p *problem) tightest(mu float64) float64 {
	if math.IsInf(p.budget, 1) {
		return p.floor
	}
	high := max(p.floor, 1)
	for p.dual(2*high, mu) < p.dual(high, mu) && high < largest {
		high *= 2
	}
	low := max(p.floor, 1e-12)
	at := maximize(math.Log(low), math.Log(2*high), 64, func(x float64) float64 { return -p.dual(math.Exp(x), mu) })
	if lambda := math.Exp(at); p.dual(lambda, mu) < p.dual(p.floor, mu) {
		return lambda
	}
	return p.floor
}
