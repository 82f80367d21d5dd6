package budget

import "slices"

// A lead goes through stages, k = 0 … n−1, from lead to won. With P_k = P(won | stage k reached):
//
//	S_0 = 1, S_k+1 = S_k·q_k        reach
//	s   = Σ_k S_k·c_k               sales cost of a lead
//	P_n−1 = 1, P_k = q_k·P_k+1
//	t_n−1 = c_n−1, t_k = c_k + q_k·t_k+1    sales cost still to come at stage k, its own included
//	A_k = cap(P_k·m, t_k)           the most that a unit which arrives at stage k may have cost
//
// so that A_k+1 = (A_k + c_k)/q_k where sales cost is invested, (A_k + c_k/(1+r))/q_k where it is a cost of the
// sale, and A_0 is the cap of a lead.

// Path is the way of a lead to a sale.
type Path struct {
	Stages []string  `json:"stages"` // from the lead to the sale, at least two
	Rates  []float64 `json:"rates"`  // q_k, one fewer than stages
	Costs  []float64 `json:"costs"`  // c_k of entering each stage; the last is a cost of the sale, such as a commission
}

// Validate lists what is out of bounds.
func (p Path) Validate() error {
	var b bounds
	p.check(&b, "")
	return b.err()
}

func (p Path) check(b *bounds, prefix string) {
	b.require(len(p.Stages) >= 2, prefix+"stages", len(p.Stages), "at least two, a lead and a sale")
	b.length(prefix+"rates", len(p.Rates), max(len(p.Stages)-1, 0))
	b.length(prefix+"costs", len(p.Costs), len(p.Stages))
	for k, q := range p.Rates {
		b.share(at(prefix+"rates", k), q)
	}
	for k, c := range p.Costs {
		b.amount(at(prefix+"costs", k), c)
	}
}

// Reach returns S_k for every stage. The path must be valid, here and in all methods but Validate.
func (p Path) Reach() []float64 {
	reach := make([]float64, len(p.Stages))
	reach[0] = 1
	for k, q := range p.Rates {
		reach[k+1] = reach[k] * q
	}
	return reach
}

// Chances returns P(won | stage reached) for every stage.
func (p Path) Chances() []float64 {
	chances := make([]float64, len(p.Stages))
	chances[len(p.Rates)] = 1
	for k := len(p.Rates) - 1; k >= 0; k-- {
		chances[k] = p.Rates[k] * chances[k+1]
	}
	return chances
}

// Conversion returns P(won) of a lead.
func (p Path) Conversion() float64 { return p.Chances()[0] }

// To is the path on which a lead is won with probability won: with another rate of the last stage. It is false where no
// rate will do, for fewer leads than that get there.
func (p Path) To(won float64) (Path, bool) {
	reach, last := p.Reach(), len(p.Rates)-1
	if !(won > 0 && won <= reach[last]) {
		return p, false
	}
	p.Rates, p.Costs = slices.Clone(p.Rates), slices.Clone(p.Costs)
	p.Rates[last] = won / reach[last]
	return p, true
}

// At is the path on which the sales cost of a lead is cost, at least that of its sale. What the stages do not cost, such as
// hours, is a cost of the lead; where they cost more, as where cost rests on other rates than the path's, all before the
// sale cost as much less in proportion. No cost falls below 0, so that no later stage has a lower cap.
func (p Path) At(cost float64) Path {
	p.Costs = slices.Clone(p.Costs)
	sale := len(p.Costs) - 1
	sold := p.Conversion() * p.Costs[sale]
	own, before := p.SalesCost(), max(cost-sold, 0)
	if before >= own-sold {
		p.Costs[0] += before - (own - sold)
		return p
	}
	for k := range p.Costs[:sale] {
		p.Costs[k] *= before / (own - sold)
	}
	return p
}

// CostsToCome returns the expected sales cost of a unit from each stage on, the cost of entering it included.
func (p Path) CostsToCome() []float64 {
	t := make([]float64, len(p.Stages))
	copy(t, p.Costs)
	for k := len(p.Rates) - 1; k >= 0; k-- {
		t[k] += p.Rates[k] * t[k+1]
	}
	return t
}

// SalesCost returns s, the expected sales cost of a lead.
func (p Path) SalesCost() float64 { return p.CostsToCome()[0] }

// Caps returns A_k, the most that a unit arriving at each stage may have cost in all, from the profit m of a sale.
func (p Path) Caps(m float64, t Target) ([]Cap, error) {
	var b bounds
	t.check(&b)
	b.finite("m", m)
	if err := b.err(); err != nil {
		return nil, err
	}
	caps := make([]Cap, len(p.Stages))
	costs := p.CostsToCome()
	for k, chance := range p.Chances() {
		caps[k] = t.capped(chance*m, costs[k])
	}
	return caps, nil
}

// Repairs returns, for every rate, what a lead would be worth more if it were lift higher: the change of v − s. A
// rate ends at 1, and the lift with it.
func (p Path) Repairs(m, lift float64) ([]float64, error) {
	var b bounds
	b.finite("m", m)
	b.share("lift", lift)
	if err := b.err(); err != nil {
		return nil, err
	}
	net := func(q Path) float64 { return q.Conversion()*m - q.SalesCost() }
	gains := make([]float64, len(p.Rates))
	changed := Path{Stages: p.Stages, Rates: make([]float64, len(p.Rates)), Costs: p.Costs}
	for k := range p.Rates {
		copy(changed.Rates, p.Rates)
		changed.Rates[k] = min(p.Rates[k]+lift, 1)
		gains[k] = net(changed) - net(p)
	}
	return gains, nil
}

// Aged is a rate q after a time without progress by which a share f of those that progress at all have done so:
// q·(1−f)/(1−q·f). A lead that stays behind is worth less every day.
func Aged(q, f float64) (float64, error) {
	if !(q >= 0 && q <= 1 && f >= 0 && f <= 1) { // it is called for every open lead: no allocation
		var b bounds
		b.share("q", q)
		b.share("f", f)
		return 0, b.err()
	}
	if q*f == 1 {
		return 0, nil
	}
	return q * (1 - f) / (1 - q*f), nil
}
