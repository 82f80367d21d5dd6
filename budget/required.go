package budget

// From a revenue goal back to the leads that it takes: with P_k = P(won | stage k),
//
//	deals = ⌈goal/revenue per deal⌉,   units of stage k = ⌈deals/P_k⌉,   marketing's leads = ⌈share·deals/P_0⌉

// Needed is what a revenue goal takes.
type Needed struct {
	Deals     Figure   `json:"deals"`
	Units     []Figure `json:"units"`     // at each stage, from leads to sales
	Marketing Figure   `json:"marketing"` // leads that marketing must bring
}

// Required plans backwards from a goal: goal and the revenue of a deal in the same unit, the rates q_k from stage to
// stage, and the share of the leads that marketing brings.
func Required(goal, revenue float64, rates []float64, share float64) (Needed, error) {
	var b bounds
	b.amount("goal", goal)
	b.positive("revenue", revenue)
	b.share("marketing_share", share)
	for k, q := range rates {
		b.share(at("rates", k), q)
	}
	if err := b.err(); err != nil {
		return Needed{}, err
	}
	n := Needed{Deals: Known(goal / revenue).then(roundUp), Units: make([]Figure, len(rates)+1)}
	chance := 1.0
	for k := len(rates); ; k-- {
		n.Units[k] = n.Deals.over(chance, NoConversion).then(roundUp)
		if k == 0 {
			break
		}
		chance *= rates[k-1]
	}
	n.Marketing = n.Deals.over(chance, NoConversion).then(func(x float64) float64 { return roundUp(share * x) })
	return n, nil
}
