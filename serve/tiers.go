package serve

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// tierTable says what the model's tiers are and what their leads were worth in the reference period.
type tierTable struct {
	Model      model.Identity `json:"model"`
	By         budget.TierBy  `json:"by,omitempty"`
	Hysteresis float64        `json:"hysteresis,omitempty"`
	Policy     *tierPolicy    `json:"policy,omitempty"`
	From       string         `json:"from,omitempty"`
	To         string         `json:"to,omitempty"`
	Leads      int            `json:"leads,omitempty"`
	Tiers      []tierRow      `json:"tiers"`
}

// tierPolicy is what caps are reckoned under.
type tierPolicy struct {
	budget.Target
	Currency     budget.Currency    `json:"currency"`
	StageCosts   []budget.StageCost `json:"stage_costs,omitempty"`
	StageRates   string             `json:"stage_rates,omitempty"`
	HoursPerLead float64            `json:"hours_per_lead,omitempty"`
	HourPrice    float64            `json:"hour_price,omitempty"`
	Discount     float64            `json:"annual_discount,omitempty"`
	Nurture      *budget.Nurture    `json:"nurture,omitempty"`
}

// tierRow is one tier; what is not known is absent.
type tierRow struct {
	Tier          string   `json:"tier"`
	AtLeast       *float64 `json:"at_least,omitempty"` // absent in the last tier
	Leads         float64  `json:"leads"`
	Share         float64  `json:"share"` // of the leads of the reference period
	ExpectedWins  float64  `json:"expected_wins"`
	Probability   *float64 `json:"probability,omitempty"`
	ProfitPerSale *float64 `json:"profit_per_sale,omitempty"`
	ExpectedValue *float64 `json:"expected_value,omitempty"`
	MaxCost       *float64 `json:"max_cost_per_lead,omitempty"` // rounded down
}

func tiersOf(m *model.Model) ([]byte, error) {
	doc := tierTable{Model: m.Identity(), Tiers: []tierRow{}}
	if p := m.Policy(); p != nil {
		doc.Policy = &tierPolicy{p.Target, p.Currency, p.StageCosts, m.StageRates(), p.HoursPerLead, p.HourPrice, p.Discount, p.Nurture}
		if reference := m.Reference(); p.Tiers != nil && reference != nil {
			doc.By, doc.Hysteresis = p.Tiers.By, p.Tiers.Hysteresis
			doc.From, doc.To, doc.Leads = reference.From, reference.To, reference.Leads
			for k := range reference.Tiers {
				doc.Tiers = append(doc.Tiers, tierOf(p, reference, k))
			}
		}
	}
	return json.Marshal(&doc)
}

func tierOf(p *budget.Policy, reference *model.ReferencePeriod, k int) tierRow {
	g := &reference.Tiers[k]
	row := tierRow{
		Tier: g.Tier, Leads: g.Leads, Share: g.Leads / float64(max(reference.Leads, 1)), ExpectedWins: g.ExpectedWins,
		Probability: numberOf(g.Probability), ProfitPerSale: numberOf(g.ProfitPerSale), ExpectedValue: numberOf(g.Value),
	}
	if k < len(p.Tiers.Cuts) {
		row.AtLeast = &p.Tiers.Cuts[k]
	}
	if x, known := g.Cap.Value(); known {
		if limit, why := p.Currency.Maximum(x); why == "" {
			row.MaxCost = new(limit.Major())
		}
	}
	return row
}

// numberOf returns the value of a figure, nil if it has none.
func numberOf(f budget.Figure) *float64 {
	x, known := f.Value()
	if !known {
		return nil
	}
	return &x
}

func (s *Server) tiers(c *gin.Context) {
	reply(c, http.StatusOK, jsonType, s.active.Load().tiers)
}
