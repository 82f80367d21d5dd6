package model

import (
	"fmt"

	"github.com/leadscore/leadscore/budget"
)

// EconomicRow is one group of leads.
type EconomicRow struct {
	By    string `json:"by,omitempty"`
	Value string `json:"group,omitempty"`
	budget.Group
	Share budget.Figure `json:"value_share"` // of the value of all leads

	Mature    int               `json:"mature"` // leads whose outcome is known
	Won       float64           `json:"won"`    // of them
	Evidence  budget.Evidence   `json:"evidence"`
	Needed    budget.Figure     `json:"leads_for_20_percent"` // with a known outcome, to know the value to within 20 % with 95 %
	Posterior *budget.Posterior `json:"posterior,omitempty"`
	Low       budget.Figure     `json:"max_cost_low"`
	High      budget.Figure     `json:"max_cost_high"`
	Cautious  budget.Figure     `json:"cautious_max_cost"` // 20th percentile, and never above the cap

	Spend       budget.Figure    `json:"spend"`
	CostPerLead budget.Figure    `json:"cost_per_lead"`
	Purchase    *budget.Purchase `json:"at_actual_cost,omitempty"` // nil without a cost per lead
	CapAbove    budget.Figure    `json:"probability_within_cap"`   // that the cap is above the actual cost
	RequiredP   budget.Figure    `json:"required_probability"`     // for the target at the actual cost, other things equal
	RequiredM   budget.Figure    `json:"required_profit_per_sale"` // likewise
	MaxReturn   budget.Figure    `json:"max_roi"`                  // the target at which the cap is 0
	Touch       *budget.Touch    `json:"touch,omitempty"`          // one more touch before the hand-off; nil if none was asked for
	Costs       *budget.Costs    `json:"costs,omitempty"`          // by stage; nil without a creation time
	StageCaps   []StageCap       `json:"stage_caps,omitempty"`     // by stage; nil without a creation time or a cap
	Arithmetic  string           `json:"arithmetic"`
	Words       string           `json:"words"`
}

// require says what would make the target at price c and sales cost s, and which target these leads could make at all.
func (row *EconomicRow) require(t budget.Target, c, s float64) (err error) {
	v, _ := row.Group.Value.Value()
	if m, sold := row.ProfitPerSale.Value(); sold {
		if row.RequiredP, err = t.RequiredProbability(c, m, s); err != nil {
			return err
		}
	}
	if p, known := row.Probability.Value(); known {
		if row.RequiredM, err = t.RequiredProfit(c, p, s); err != nil {
			return err
		}
	}
	row.MaxReturn, err = t.MaxReturn(v, s)
	return err
}

// explain writes the row out in words.
func (row *EconomicRow) explain(t budget.Target, c budget.Currency, hours float64) {
	p, known := row.Probability.Value()
	if !known {
		row.Words, row.Arithmetic = row.Group.Words(c, t), ""
		return
	}
	if m, sold := row.ProfitPerSale.Value(); sold {
		s, _ := row.SalesCost.Value()
		row.Arithmetic = t.Arithmetic(c, p, m, max(s-hours, 0), hours)
	}
	if row.Words = row.Group.Words(c, t); row.Purchase == nil {
		return
	}
	row.Words = row.Purchase.Words(c)
	if high, _ := row.High.Value(); row.Purchase.Verdict == budget.Doubtful {
		row.Words = fmt.Sprintf("bought at %s a lead, within the model's cap of %s; but of %s leads with a known outcome %s were won, which allows no more than %s",
			c.Format(row.Purchase.Price), c.AtMost(row.Purchase.Max), budget.Count(row.Mature), budget.Count(row.Won), c.AtMost(high))
		return
	}
	need, reachable := row.RequiredP.Value()
	if each, known := row.RequiredM.Value(); reachable && known && row.Purchase.Verdict != budget.WithinCap {
		row.Words += fmt.Sprintf("; the target at that price takes a conversion of %s, or %s a sale", budget.Percent(need), c.Format(each))
	}
}
