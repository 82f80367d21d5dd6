package budget

// ExperimentAdvice is how to spend the reserve: on the arms that go on. One that graduates belongs to the core budget,
// one that stops gets no more. The parts add up to the reserve, or to nothing if no arm is left.
type ExperimentAdvice struct {
	Floor float64     `json:"floor"` // least share of an arm that goes on: 1/n of n if the plan's floor is more
	Arms  []ArmAdvice `json:"arms"`
	Power []PowerRow  `json:"power"` // leads per arm to tell a lift over the mean rate: 80 %, two-sided 5 %
}

// ArmAdvice is one arm's part of the reserve.
type ArmAdvice struct {
	ArmShare
	Money    Money      `json:"money"`
	Leads    float64    `json:"leads"`     // that it buys
	CapAbove float64    `json:"cap_above"` // probability that its price is within its cap
	Verdict  ArmVerdict `json:"verdict"`
}

// experiments split the reserve over the arms; nil without arms or reserve.
func (p Plan) experiments(reserve Money) (*ExperimentAdvice, error) {
	e := p.Experiments
	if e == nil || reserve.Minor == 0 {
		return nil, nil
	}
	out, rate := &ExperimentAdvice{}, 0.0
	var open []Arm
	for _, arm := range e.Arms {
		advice, err := p.judge(arm)
		if err != nil {
			return nil, err
		}
		advice.Money.Currency = p.Limits.Currency
		out.Arms = append(out.Arms, advice)
		if advice.Verdict == GoOn {
			open = append(open, arm)
		}
		rate += arm.Rate.Mean() / float64(len(e.Arms))
	}
	var err error
	if out.Power, err = PowerTable(rate, []float64{0.1, 0.2, 0.3, 0.5, 1}, 0.8, 0.05); err != nil || len(open) == 0 {
		return out, err
	}
	return out, out.share(e, open, reserve, p.Seed)
}

// judge says whether an arm goes on.
func (p Plan) judge(arm Arm) (ArmAdvice, error) {
	a := ArmAdvice{ArmShare: ArmShare{Name: arm.Name}}
	if arm.Value > 0 {
		a.CapAbove = arm.Rate.Above(arm.Price * (1 + p.Limits.ROI) / arm.Value)
	}
	var err error
	a.Verdict, err = JudgeArm(a.CapAbove)
	return a, err
}

// share splits the reserve over the open arms, in the order of all.
func (x *ExperimentAdvice) share(e *Experiments, open []Arm, reserve Money, seed uint64) error {
	shares, err := Thompson(open, e.Floor, e.Draws, seed)
	if err != nil {
		return err
	}
	x.Floor = floorOf(e.Floor, len(open))
	weights := make([]float64, len(shares))
	for i, s := range shares {
		weights[i] = s.Share
	}
	parts, err := reserve.Split(weights)
	if err != nil {
		return err
	}
	next := 0
	for i := range x.Arms {
		if a := &x.Arms[i]; a.Verdict == GoOn {
			a.ArmShare, a.Money, a.Leads = shares[next], parts[next], parts[next].Major()/open[next].Price
			next++
		}
	}
	return nil
}
