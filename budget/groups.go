package budget

import "fmt"

// The value of a group is the mean of its leads' values, lead by lead. Multiplying two averages leaves out how they
// go together:
//
//	mean(p·m) = mean(p)·mean(m) + Cov(p, m)
//
// so a cap from averages is wrong by Cov(p, m)/(1+r): too high where the leads that convert are the small deals,
// too low where they are the big ones. Profit per sale is Σp·m/Σp, not mean(m).

// FewLeads is the number of leads below which a group is marked as thin.
const FewLeads = 30

// Member is one lead of a group, or Weight leads that are alike.
type Member struct {
	P         float64 // probability that it is won
	M         float64 // profit if it is
	SalesCost float64 // s, hours included
	Weight    float64 // leads that it stands for; 1 for a lead
}

func (x Member) valid() bool {
	return x.P >= 0 && x.P <= 1 && isAmount(x.M) && isAmount(x.SalesCost) && x.SalesCost >= 0 && isAmount(x.Weight) && x.Weight >= 0
}

// Group is what a set of leads is worth. Averages are over leads; in a group without leads they are [NoLeads].
type Group struct {
	Leads         float64 `json:"leads"`
	ExpectedWins  float64 `json:"expected_wins"`
	Probability   Figure  `json:"probability"`     // mean p
	ProfitPerSale Figure  `json:"profit_per_sale"` // Σp·m/Σp
	Value         Figure  `json:"expected_value"`  // v, the mean of p·m
	SalesCost     Figure  `json:"sales_cost"`      // mean s
	Cap           Figure  `json:"max_cost"`        // from v, ≥ 0, not rounded
	Few           bool    `json:"few"`             // fewer than [FewLeads]
	Trap          Trap    `json:"averages"`
}

// Trap is what averages would have made of a group.
type Trap struct {
	MeanProfit Figure `json:"mean_profit"`       // mean m over leads, not over sales
	Covariance Figure `json:"covariance"`        // mean(p·m) − mean(p)·mean(m)
	Cap        Figure `json:"averaged_max_cost"` // from mean(p)·mean(m)
	Overpaid   Figure `json:"overpaid"`          // that cap − the right one: negative if it underpays
}

// Summarize adds up a group, lead by lead, and compares its cap with the one from averages.
func Summarize(members []Member, t Target) (Group, error) {
	var b bounds
	t.check(&b)
	for i, x := range members {
		if x.valid() { // a name for each of millions of leads would take longer than the sums
			continue
		}
		b.share(at("p", i), x.P)
		b.finite(at("m", i), x.M)
		b.amount(at("s", i), x.SalesCost)
		b.amount(at("weight", i), x.Weight)
	}
	if err := b.err(); err != nil {
		return Group{}, err
	}
	var sum sums
	for _, x := range members {
		sum.add(x)
	}
	return sum.group(t), nil
}

// sums are Σw, Σw·p, Σw·m, Σw·p·m and Σw·s.
type sums struct{ n, p, m, v, s float64 }

func (u *sums) add(x Member) {
	u.n += x.Weight
	u.p += x.Weight * x.P
	u.m += x.Weight * x.M
	u.v += x.Weight * x.P * x.M
	u.s += x.Weight * x.SalesCost
}

func (u sums) group(t Target) Group {
	mean := func(total float64) Figure { return over(total, u.n, NoLeads) }
	g := Group{
		Leads: u.n, ExpectedWins: u.p, Few: u.n < FewLeads,
		Probability: mean(u.p), ProfitPerSale: over(u.v, u.p, NoWins), Value: mean(u.v), SalesCost: mean(u.s),
	}
	g.Trap.MeanProfit = mean(u.m)
	if u.n == 0 {
		g.ProfitPerSale = Unknown(NoLeads)
		g.Cap, g.Trap.Covariance, g.Trap.Cap, g.Trap.Overpaid = Unknown(NoLeads), Unknown(NoLeads), Unknown(NoLeads), Unknown(NoLeads)
		return g
	}
	v, averaged, s := u.v/u.n, u.p/u.n*(u.m/u.n), u.s/u.n
	right, wrong := t.capped(v, s).Max, t.capped(averaged, s).Max
	g.Cap, g.Trap.Cap = Known(right), Known(wrong)
	g.Trap.Covariance, g.Trap.Overpaid = Known(v-averaged), Known(wrong-right)
	return g
}

// Words explains the difference between the cap of the group and the one that averages would have given.
func (g Group) Words(c Currency, t Target) string {
	v, known := g.Value.Value()
	if !known {
		return "no leads, so no cap"
	}
	right, _ := g.Cap.Value()
	wrong, _ := g.Trap.Cap.Value()
	covariance, _ := g.Trap.Covariance.Value()
	p, _ := g.Probability.Value()
	m, _ := g.Trap.MeanProfit.Value()
	lead := fmt.Sprintf("lead by lead the expected value is %s and the cap %s", c.Format(v), c.AtMost(right))
	if near(right, wrong) {
		return lead + "; averages give the same"
	}
	means, effect := "convert less often", "overpay"
	if covariance > 0 {
		means, effect = "convert more often", "underpay"
	}
	return fmt.Sprintf("%s; the averages, %s × %s, would give %s and %s by %s a lead, because here the leads worth more %s (covariance %s, / %s)",
		lead, Percent(p), c.Format(m), c.AtMost(wrong), effect, c.Format(abs(c.Headroom(wrong, c.RoundDown(right)))), means, c.Format(covariance), short(1+t.ROI))
}

func abs(x float64) float64 { return max(x, -x) }
