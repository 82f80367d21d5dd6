package model

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// GoalQuestion asks what it takes to reach a goal.
type GoalQuestion struct {
	Amount  float64 // of gross profit, or of revenue
	Revenue bool
	Share   float64 // of the leads that marketing brings
}

// Goal is what a goal takes, back from the sales to the leads, at the rates at which mature leads go on.
type Goal struct {
	Amount    float64       `json:"amount"`
	Of        string        `json:"of"` // profit or revenue
	PerSale   float64       `json:"per_sale"`
	Share     float64       `json:"marketing_share"`
	Stages    []string      `json:"stages"`
	Rates     []float64     `json:"rates"` // from each stage to the next
	Needed    budget.Needed `json:"needed"`
	PerMonth  budget.Figure `json:"leads_a_month"` // of the last quarter
	Months    budget.Figure `json:"months"`        // that the leads take to come at that pace
	Cost      budget.Figure `json:"cost"`          // of marketing's leads, at what leads cost
	SalesCost budget.Figure `json:"sales_cost"`    // of all leads
	Words     string        `json:"words"`
	Warning   string        `json:"note,omitempty"` // what speaks against it
}

// ErrNoRevenue says that a goal of revenue cannot be reckoned.
var ErrNoRevenue = errors.New("the model knows no revenue: say what share of it is profit (value.gross_margin in leadscore.yaml), or set a goal of profit")

// goal plans backwards; nil without a question.
func (x *economist) goal(total *EconomicRow) (*Goal, error) {
	q := x.o.Goal
	if q == nil {
		return nil, nil
	}
	if x.journeys == nil {
		return nil, errors.New("model: goal: no column has the role created_at, so that no stage has a rate")
	}
	m, known := total.ProfitPerSale.Value()
	if !known || m <= 0 {
		return nil, errors.New("model: goal: a sale brings no profit")
	}
	path := x.path(total, features.AllRows(x.l.table.Rows))
	g := &Goal{Amount: q.Amount, Of: "profit", PerSale: m, Share: q.Share, Stages: path.Stages, Rates: path.Rates}
	if q.Revenue {
		each, err := x.revenuePerSale(m)
		if err != nil {
			return nil, fmt.Errorf("model: goal: %w", err)
		}
		g.Of, g.PerSale = "revenue", each
	}
	var err error
	if g.Needed, err = budget.Required(g.Amount, g.PerSale, g.Rates, g.Share); err != nil {
		return nil, fmt.Errorf("model: goal: %w", err)
	}
	g.price(total, float64(len(x.recent()))/monthsOfQuarter)
	g.say(x.m.policy.Currency, total)
	return g, nil
}

// revenuePerSale is that of the sales with a revenue, or follows from the margin.
func (x *economist) revenuePerSale(profit float64) (float64, error) {
	if i := x.l.table.Schema.ByRole(features.RoleRevenue); i >= 0 {
		sum, sales := 0.0, 0.0
		for _, r := range x.l.rows {
			if amount := x.l.table.Columns[i].Numbers.At(int(r)); x.l.converted[r] == 1 && amount > 0 {
				sum, sales = sum+float64(x.l.weight(r)*amount), sales+x.l.weight(r)
			}
		}
		if sales > 0 {
			return sum / sales, nil
		}
	}
	if margin := x.m.policy.GrossMargin; margin > 0 && margin < 1 {
		return profit / margin, nil
	}
	return 0, ErrNoRevenue
}

// price says what the leads cost and how long they take to come.
func (g *Goal) price(total *EconomicRow, perMonth float64) {
	unmeasured := budget.Unknown(budget.Unmeasured)
	g.PerMonth, g.Months, g.Cost, g.SalesCost = budget.Known(perMonth), unmeasured, unmeasured, unmeasured
	leads, reachable := g.Needed.Units[0].Value()
	if !reachable {
		g.Months, g.Cost, g.SalesCost = g.Needed.Units[0], g.Needed.Units[0], g.Needed.Units[0]
		return
	}
	if perMonth > 0 {
		g.Months = budget.Known(leads / perMonth)
	}
	if c, known := total.CostPerLead.Value(); known {
		bought, _ := g.Needed.Marketing.Value()
		g.Cost = budget.Known(bought * c)
	}
	if s, known := total.SalesCost.Value(); known {
		g.SalesCost = budget.Known(leads * s)
	}
}

// unitsOf writes a number of leads at a stage.
func unitsOf(n float64, stage string) string {
	one, many := "at "+stage, "at "+stage
	switch stage {
	case LeadStage:
		one, many = "lead", "leads"
	case "mql", "sal", "sql":
		one = strings.ToUpper(stage)
		many = one + "s"
	case "opportunity":
		one, many = "opportunity", "opportunities"
	case budget.WonStage:
		one, many = "sale", "sales"
	}
	if n == 1 {
		return "1 " + one
	}
	return budget.Count(n) + " " + many
}

// say writes the plan as sentences.
func (g *Goal) say(c budget.Currency, total *EconomicRow) {
	leads, reachable := g.Needed.Units[0].Value()
	if !reachable {
		g.Words = fmt.Sprintf("no number of leads reaches %s of %s: none of them is won", c.Format(g.Amount), g.Of)
		return
	}
	var units []string
	for k := len(g.Stages) - 1; k >= 0; k-- {
		n, _ := g.Needed.Units[k].Value()
		units = append(units, unitsOf(n, g.Stages[k]))
	}
	g.Words = fmt.Sprintf("%s of %s at %s a sale takes %s", c.Format(g.Amount), g.Of, c.Format(g.PerSale), strings.Join(units, ", "))
	marketing, _ := g.Needed.Marketing.Value()
	if g.Share < 1 {
		g.Words += fmt.Sprintf("; marketing's %s of the leads is %s", budget.Percent(g.Share), budget.Count(marketing))
	}
	if cost, known := g.Cost.Value(); known {
		each, _ := total.CostPerLead.Value()
		g.Words += fmt.Sprintf("; they cost %s at %s a lead", c.Format(math.Round(cost)), c.Format(each))
	}
	if months, known := g.Months.Value(); known {
		pace, _ := g.PerMonth.Value()
		g.Words += fmt.Sprintf("; at the last quarter's %s leads a month %s leads take %.1f months to come", budget.Count(pace), budget.Count(leads), months)
	}
	if p := total.Purchase; p != nil && p.Verdict == budget.AtALoss {
		g.Warning = "leads are bought at a loss: more of the same mix lose more; see budget --budget today for where the money goes best"
	}
}
