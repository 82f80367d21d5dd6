package model

import (
	"errors"
	"fmt"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// EconomicsOptions say what to reckon. Start from DefaultEconomicsOptions.
type EconomicsOptions struct {
	By    []string       // category columns to group by; nil = the source and the segments
	Spend []budget.Spend // by source; nil = what the leads' own cost column says, if there is one
	AsOf  string         // moment of maturity, "" = the latest time in the data
	ROI   *float64       // target return; nil = the policy's
	Costs []CostQuestion // tables of the cost of each stage to make
	Goal  *GoalQuestion  // to plan backwards from; nil = none
	Gates *budget.Gates  // of a marketing-qualified lead; nil = they are not counted
	Touch *TouchQuestion // one more touch before the hand-off; nil = none
	Hours *float64       // of the team in a month of 365/12 days; nil = hours are not counted
	Level float64        // of intervals
	Seed  uint64

	Contact ContactRules // of waits for the first contact
}

// DefaultEconomicsOptions group by source and segments and ask for intervals of 90 %.
func DefaultEconomicsOptions() EconomicsOptions {
	return EconomicsOptions{Level: IntervalLevel}
}

// Economics is what leads are worth and cost: the tier table, by source, by segment and by value tier.
type Economics struct {
	Model      Identity       `json:"model"`
	Policy     *budget.Policy `json:"policy"`
	StageRates string         `json:"stage_rates,omitempty"`
	AsOf       string         `json:"as_of,omitempty"`
	From       string         `json:"from,omitempty"`
	To         string         `json:"to,omitempty"`
	Leads      int            `json:"leads"`
	Mature     int            `json:"mature"`
	Level      float64        `json:"level"`
	Total      EconomicRow    `json:"total"`
	Rows       []EconomicRow  `json:"rows"`                 // by source, then by each segment
	Tiers      []EconomicRow  `json:"tiers"`                // best first
	NewBuyers  *NewBuyers     `json:"new_buyers,omitempty"` // nil without dated sales
	Whales     *Whales        `json:"whales,omitempty"`     // nil where the best sales do not matter much
	Bars       []Bar          `json:"bars,omitempty"`       // what a bar on the probability lets through
	Qualified  *Qualified     `json:"mql,omitempty"`        // nil without gates
	Goal       *Goal          `json:"goal,omitempty"`
	Touch      *TouchQuestion `json:"touch,omitempty"`       // what the touches of the rows are
	CostTables []CostTable    `json:"cost_tables,omitempty"` // as asked for; none without a creation time
	Hours      *HourBalance   `json:"hours,omitempty"`
	Change     *TargetChange  `json:"change,omitempty"`
	Funnel     *Funnel        `json:"funnel,omitempty"`
	Notes      []Warning      `json:"warnings"`
}

// cautious is the percentile of a cautious cap.
const cautious = 0.2

// Economics reckons what the leads of a table are worth and cost. Group values are those of the model, lead by lead;
// how well they are known comes from the outcomes of mature leads alone. The table's schema must fit the model's.
func (m *Model) Economics(table *features.Table, o EconomicsOptions) (*Economics, error) {
	if err := m.NoMoney(); err != nil {
		return nil, fmt.Errorf("model: economics: %w", err)
	}
	if table.Rows == 0 {
		return nil, errors.New("model: economics: the data have no lead")
	}
	base, err := m.under(m.policy.Policy).economics(table, o)
	if err != nil || o.ROI == nil && o.Hours == nil {
		return base, err
	}
	changed := m.policy.Policy
	if o.ROI != nil {
		changed.ROI = *o.ROI
	}
	var balance *HourBalance
	if o.Hours != nil {
		if balance, err = base.balance(m, table, *o.Hours); err != nil {
			return nil, err
		}
		changed.HourPrice = balance.Price
	}
	if err := changed.Validate(); err != nil {
		return nil, err
	}
	e, err := m.under(changed).economics(table, o)
	if err != nil {
		return nil, err
	}
	e.Hours = balance
	if changed.ROI != m.policy.ROI || changed.HourPrice != m.policy.HourPrice {
		e.Change = changeFrom(base, e)
	}
	return e, nil
}

// under is the model with another policy.
func (m *Model) under(p budget.Policy) *Model {
	own := *m.policy.moneyPolicy
	own.Policy = p
	other := *m
	other.policy = &policyEffect{moneyPolicy: &own, term: m.policy.term}
	return &other
}

// economist reckons under one policy.
type economist struct {
	m        *Model
	o        EconomicsOptions
	l        *leads
	out      *outcomes
	money    *Money
	mature   []bool
	profit   func(row int) float64
	cost     func(row int) float64 // NaN = unknown; nil without a column
	costless int                   // leads without a cost in the column
	unpaid   []string              // sources of whose cost nothing is known
	journeys []budget.Journey      // nil without a creation time
	clock    tableClock
	value    float64 // of all leads
}

func (m *Model) economics(table *features.Table, o EconomicsOptions) (*Economics, error) {
	x, err := m.economist(table, o)
	if err != nil {
		return nil, err
	}
	e := &Economics{Model: m.Identity(), Policy: m.Policy(), StageRates: m.StageRates(), Leads: table.Rows, Touch: o.Touch, Level: o.Level, Rows: []EconomicRow{}, Notes: append(append([]Warning{}, x.out.warnings...), m.Holdout().CutoffDoubt()...)}
	e.Mature = len(x.l.rows)
	if x.out.asOf != features.NoTime {
		e.AsOf = features.FormatTime(x.out.asOf)
	}
	if from, to := x.l.span(features.AllRows(table.Rows)); from <= to {
		e.From, e.To = features.FormatTime(from), features.FormatTime(to)
	}
	total, err := x.rows(partition{members: [][]int32{features.AllRows(table.Rows)}, names: []string{""}, paid: true})
	if err != nil {
		return nil, err
	}
	e.Total = total[0]
	partitions, err := x.partitions()
	if err != nil {
		return nil, err
	}
	for _, p := range partitions {
		rows, err := x.rows(p)
		if err != nil {
			return nil, err
		}
		e.Rows = append(e.Rows, rows...)
	}
	if e.Tiers, err = x.rows(x.tierPartition()); err != nil {
		return nil, err
	}
	e.Notes = append(append(e.Notes, x.doubts(e)...), x.costDoubts()...)
	return e, x.beside(e)
}

// beside fills in what stands beside the tier table.
func (x *economist) beside(e *Economics) (err error) {
	if e.CostTables, err = x.costTables(&e.Total); err != nil {
		return err
	}
	if e.NewBuyers, err = x.newBuyers(); err != nil {
		return err
	}
	if e.Goal, err = x.goal(&e.Total); err != nil {
		return err
	}
	if e.Whales, err = x.whalesOf(e); err != nil {
		return err
	}
	e.Bars = x.barCurve()
	if e.Qualified, err = x.qualified(); err != nil {
		return err
	}
	e.Funnel, err = x.funnel()
	return err
}

func (m *Model) economist(table *features.Table, o EconomicsOptions) (*economist, error) {
	l, out, err := m.leadsOf(table, o.AsOf, o.Seed)
	if err != nil {
		return nil, err
	}
	profit, err := profitOf(table, m.grossMargin())
	if err != nil {
		return nil, err
	}
	x := &economist{m: m, o: o, l: l, out: out, profit: profit, mature: make([]bool, table.Rows)}
	for _, r := range l.rows {
		x.mature[r] = true
	}
	if i := table.Schema.ByRole(features.RoleCost); i >= 0 && table.Schema.Fields()[i].Kind == features.Number {
		x.cost = x.leadCosts(&table.Columns[i])
	}
	x.money = m.TableMoney(table, nil)
	for r, v := range x.money.Value {
		x.value += float64(l.weight(int32(r)) * v)
	}
	if l.created != nil {
		if x.journeys, err = m.journeys(l, out); err != nil {
			return nil, err
		}
		x.clock = x.newClock()
	}
	x.findUnpaid()
	return x, nil
}

// rows reckons the groups of a partition.
func (x *economist) rows(p partition) ([]EconomicRow, error) {
	rows := make([]EconomicRow, len(p.names))
	evidence := make([]budget.Evidence, len(p.names))
	for i, members := range p.members {
		row := &rows[i]
		row.By, row.Value = p.by, p.names[i]
		if err := x.worth(row, members); err != nil {
			return nil, err
		}
		evidence[i] = row.Evidence
	}
	if err := x.uncertainty(rows, evidence); err != nil {
		return nil, err
	}
	for i, members := range p.members {
		if err := x.price(&rows[i], members, p); err != nil {
			return nil, err
		}
		rows[i].explain(x.m.policy.Target, x.m.policy.Currency, x.m.policy.HoursPerLead*x.m.policy.HourPrice)
	}
	return rows, nil
}

// worth fills in what the model says of a group and what became of its mature leads.
func (x *economist) worth(row *EconomicRow, rows []int32) error {
	members := make([]budget.Member, len(rows))
	for i, r := range rows {
		members[i] = x.money.Member(int(r), x.l.weight(r))
	}
	var err error
	if row.Group, err = budget.Summarize(members, x.m.policy.Target); err != nil {
		return fmt.Errorf("model: economics: %s: %w", row.Value, err)
	}
	row.Share = budget.Unknown(budget.NoProfit)
	if v, known := row.Group.Value.Value(); known && x.value > 0 {
		row.Share = budget.Known(v * row.Leads / x.value)
	}
	row.Mature, row.Won, row.Evidence = x.outcomes(rows)
	if row.Needed, err = needed(row.Mature, row.Evidence); err != nil {
		return fmt.Errorf("model: economics: %s: %w", row.Value, err)
	}
	return nil
}

// uncertainty fills in the intervals of the caps.
func (x *economist) uncertainty(rows []EconomicRow, evidence []budget.Evidence) error {
	for i := range rows {
		row := &rows[i]
		row.Low, row.High, row.Cautious, row.CapAbove = noWins, noWins, noWins, noWins
	}
	wins, leads := 0.0, 0.0
	for _, e := range evidence {
		wins, leads = wins+e.Wins, leads+e.Leads
	}
	if !(wins > 0 && wins < leads) {
		return nil
	}
	posteriors, err := budget.Posteriors(evidence)
	if err != nil {
		return fmt.Errorf("model: economics: %w", err)
	}
	for i := range rows {
		row, p := &rows[i], &posteriors[i]
		if s, known := row.SalesCost.Value(); known {
			p.SalesCost = s
		}
		t := x.m.policy.Target
		row.Posterior = p
		row.Low, row.High = budget.Known(p.CapAt((1-x.o.Level)/2, t)), budget.Known(p.CapAt((1+x.o.Level)/2, t))
		careful := p.CapAt(cautious, t)
		if limit, known := row.Cap.Value(); known {
			careful = min(careful, limit)
		}
		row.Cautious = budget.Known(careful)
	}
	return nil
}

var noWins = budget.Unknown(budget.NoWins)

// price fills in what was paid for a group.
func (x *economist) price(row *EconomicRow, rows []int32, p partition) error {
	unmeasured := budget.Unknown(budget.Unmeasured)
	row.Spend, row.CostPerLead = x.spent(row.Value, rows, p), unmeasured
	if spend, known := row.Spend.Value(); known {
		row.CostPerLead = budget.Unknown(budget.NoLeads)
		if leads := x.costed(row, rows, p); leads > 0 {
			row.CostPerLead = budget.Known(spend / leads)
		}
	}
	row.CapAbove, row.RequiredP, row.RequiredM, row.MaxReturn = unmeasured, unmeasured, unmeasured, unmeasured
	v, valued := row.Group.Value.Value()
	if c, known := row.CostPerLead.Value(); known && valued {
		s, _ := row.SalesCost.Value()
		purchase, err := x.m.policy.Judge(v, s, c)
		if err != nil {
			return fmt.Errorf("model: economics: %s: %w", row.Value, err)
		}
		row.Purchase = &purchase
		if row.Posterior != nil {
			row.CapAbove = budget.Known(row.Posterior.CapAbove(x.m.policy.Target, c))
			if high, _ := row.High.Value(); purchase.Verdict == budget.WithinCap && high < c {
				row.Purchase.Verdict = budget.Doubtful
			}
		}
		if err := row.require(x.m.policy.Target, c, s); err != nil {
			return fmt.Errorf("model: economics: %s: %w", row.Value, err)
		}
	}
	var err error
	if row.Touch, err = x.touch(row); err != nil {
		return err
	}
	if row.StageCaps, err = x.stageCaps(row, rows); err != nil {
		return err
	}
	row.Costs, err = x.costs(row, rows)
	return err
}
