package budget

import "math"

// Action is what to do with a lead.
type Action string

// The actions.
const (
	HandOff   Action = "hand_off" // to sales, now
	NurtureIt Action = "nurture"
	Recycle   Action = "recycle" // nurture, of a lead that sales had before
	Drop      Action = "drop"
	Review    Action = "review" // too little is known to decide: ask for what is missing
)

// WonStage is the name of the last stage: its cost, such as a commission, is due on a sale.
const WonStage = "won"

// StageCost is the variable sales cost of each lead that enters a stage.
type StageCost struct {
	Stage string  `json:"stage"`
	Cost  float64 `json:"cost"`
}

// Policy is what a lead's money is reckoned under: plain data from the configuration, kept in the artifact. Check it
// with [Policy.Validate] before use.
type Policy struct {
	Target
	Currency     Currency    `json:"currency"`
	StageCosts   []StageCost `json:"stage_costs,omitempty"`     // in the order of the stages; the last may be [WonStage]
	HoursPerLead float64     `json:"hours_per_lead,omitempty"`  // h
	HourPrice    float64     `json:"hour_price,omitempty"`      // μ; 0 = hours are slack or already in the stage costs
	Discount     float64     `json:"annual_discount,omitempty"` // at which profits were brought back from the sale to the lead ([PresentValue]); 0 = as they were paid
	Nurture      *Nurture    `json:"nurture,omitempty"`         // nil = no assumptions, so no lead is nurtured
	Tiers        *Tiers      `json:"tiers,omitempty"`           // nil = no tiers
}

// Note: the loaded cost of an hour is not in the policy. While the team has time, its wages are sunk and an hour
// costs nothing; while it has none, an hour costs what the next best lead would have brought. A caller that wants
// hours charged at their wage, because the stage costs leave it out, gives the wage as HourPrice.

// Validate lists what is out of bounds.
func (p *Policy) Validate() error {
	var b bounds
	p.Target.check(&b)
	b.require(p.Currency.isCode(), "currency", string(p.Currency), "three capital letters such as USD")
	for i, s := range p.StageCosts {
		b.amount("stage_costs."+s.Stage, s.Cost)
		b.require(s.Stage != WonStage || i == len(p.StageCosts)-1, at("stage_costs", i), s.Stage, "the last stage")
	}
	b.amount("hours_per_lead", p.HoursPerLead)
	b.amount("hour_price", p.HourPrice)
	b.share("annual_discount", p.Discount)
	if p.Nurture != nil {
		p.Nurture.check(&b)
	}
	if p.Tiers != nil {
		p.Tiers.check(&b)
	}
	return b.err()
}

// LeadValue is what is known of a lead's money. The slice stays the caller's.
type LeadValue struct {
	P            float64   // probability of a sale within the horizon
	Profit       float64   // m; NaN if there is no value model
	Reach        []float64 // S_k of the lead's source for each of StageCosts but won; S of the first stage is 1
	Insufficient bool      // too little is known of the lead to act on its score: it gets no tier
	Rejected     bool      // sales had it and turned it down, or it stalled
	Before       string    // its tier so far, "" if it had none
}

// Decision is what a policy says about a lead.
type Decision struct {
	Tier    string  // "" if the policy has no tiers
	Action  Action  //
	MaxCost Money   // rounded down; read it only if Missing is empty
	Missing Reason  // why there is no MaxCost
	Status  Status  // of MaxCost
	Value   float64 // v, 0 if there is no MaxCost
	Cost    float64 // s + μh
	Worth   Worth   // of the actions, for people who ask why
}

// SalesCost is s for a lead of probability p from a source that reaches the stages with S_k = reach[k]: the sale
// itself is reached with p.
func (p *Policy) SalesCost(probability float64, reach []float64) float64 {
	s := 0.0
	for k, stage := range p.StageCosts {
		switch {
		case stage.Stage == WonStage:
			s += probability * stage.Cost
		default:
			s += reach[k] * stage.Cost
		}
	}
	return s
}

// Decide returns the tier, the action and the most that leads like this one may cost. It allocates nothing. A lead
// whose probability is not one, whose profit is unknown, or whose stage rates are not all there, is to be reviewed.
//
// Note: the cap of one lead says what leads like it are worth; what is paid for a source or a segment is the cap of
// its group, from [Summarize], because behaviour after the purchase may not leak into the price.
func (p *Policy) Decide(lead LeadValue) Decision {
	d := Decision{Action: Review, MaxCost: Money{Currency: p.Currency}, Missing: p.missing(&lead), Worth: Worth{Nurture: Unknown(Unmeasured)}}
	if d.Missing == "" {
		p.value(lead, &d)
	}
	d.Tier = p.tier(lead, &d)
	return d
}

// rates is the number of stages whose rates a lead must bring.
func (p *Policy) rates() int {
	n := len(p.StageCosts)
	if n > 0 && p.StageCosts[n-1].Stage == WonStage {
		n--
	}
	return n
}

// missing says why a lead has no value.
func (p *Policy) missing(l *LeadValue) Reason {
	if !(l.P >= 0 && l.P <= 1) {
		return BadProbability
	}
	for _, s := range l.Reach {
		if !(s >= 0 && s <= 1) {
			return BadProbability
		}
	}
	if len(l.Reach) != p.rates() {
		return Unmeasured
	}
	switch {
	case math.IsNaN(l.Profit):
		return NoProfit
	case !isAmount(l.Profit):
		return TooLarge
	}
	return ""
}

// value reckons the money of a lead that has all that it takes.
func (p *Policy) value(lead LeadValue, d *Decision) {
	d.Value = lead.P * lead.Profit
	d.Cost = p.SalesCost(lead.P, lead.Reach) + p.HoursPerLead*p.HourPrice
	limit := p.capped(d.Value, d.Cost)
	d.MaxCost, d.Missing = p.Currency.Maximum(limit.Max)
	d.Status = limit.Status
	if d.Missing != "" || lead.Insufficient {
		return
	}
	d.Action, d.Worth = choose(lead.P, lead.Profit, d.Cost, p.Nurture)
	if lead.Rejected && d.Action == NurtureIt {
		d.Action = Recycle
	}
}

// tier places a lead. Tiers by probability need no value.
func (p *Policy) tier(lead LeadValue, d *Decision) string {
	switch {
	case p.Tiers == nil:
		return ""
	case lead.Insufficient, d.Missing == BadProbability:
		return Unscored
	case p.Tiers.By == ByProbability:
		return p.Tiers.Keep(lead.P, lead.Before)
	case d.Missing != "":
		return Unscored
	}
	return p.Tiers.Keep(p.TierValue(d.Value, d.Cost, lead.P), lead.Before)
}

// TierValue is the number that the policy's tiers are cut from, for a lead of value v, sales cost s with its hours,
// and probability; v if there are no tiers. Profit per hour is profit where leads take no hours.
func (p *Policy) TierValue(v, s, probability float64) float64 {
	if p.Tiers == nil {
		return v
	}
	return p.tierValue(p.Tiers.By, v, s, probability)
}

func (p *Policy) tierValue(by TierBy, v, s, probability float64) float64 {
	switch by {
	case ByProbability:
		return probability
	case ByCap:
		return p.capped(v, s).Max
	case ByProfitPerHour:
		profit := v - s + p.HoursPerLead*p.HourPrice
		if p.HoursPerLead > 0 {
			return profit / p.HoursPerLead
		}
		return profit
	}
	return v
}
