package model

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// ErrNoPolicy says that a model has no money to reckon with: it was trained without a policy, or without a profit.
var ErrNoPolicy = errors.New("the model knows no money: train it on leads with a profit or a revenue (value in leadscore.yaml)")

// EconomicsOptions say what to reckon. Start from DefaultEconomicsOptions.
type EconomicsOptions struct {
	By    []string       // category columns to group by; nil = the source and the segments
	Spend []budget.Spend // by source; nil = what the leads' own cost column says, if there is one
	AsOf  string         // moment of maturity, "" = the latest time in the data
	ROI   *float64       // target return; nil = the policy's
	Hours *float64       // of the team in a month of 365/12 days; nil = hours are not counted
	Level float64        // of intervals
	Seed  uint64
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
	Rows       []EconomicRow  `json:"rows"`  // by source, then by each segment
	Tiers      []EconomicRow  `json:"tiers"` // best first
	Hours      *HourBalance   `json:"hours,omitempty"`
	Change     *TargetChange  `json:"change,omitempty"`
	Funnel     *Funnel        `json:"funnel,omitempty"`
	Notes      []Warning      `json:"warnings"`
}

// EconomicRow is one group of leads.
type EconomicRow struct {
	By    string `json:"by,omitempty"`
	Value string `json:"group,omitempty"`
	budget.Group
	Share budget.Figure `json:"value_share"` // of the value of all leads

	Mature    int               `json:"mature"` // leads whose outcome is known
	Won       float64           `json:"won"`    // of them
	Evidence  budget.Evidence   `json:"evidence"`
	Posterior *budget.Posterior `json:"posterior,omitempty"`
	Low       budget.Figure     `json:"max_cost_low"`
	High      budget.Figure     `json:"max_cost_high"`
	Cautious  budget.Figure     `json:"cautious_max_cost"` // 20th percentile, and never above the cap

	Spend       budget.Figure    `json:"spend"`
	CostPerLead budget.Figure    `json:"cost_per_lead"`
	Purchase    *budget.Purchase `json:"at_actual_cost,omitempty"` // nil without a cost per lead
	CapAbove    budget.Figure    `json:"probability_within_cap"`   // that the cap is above the actual cost
	Costs       *budget.Costs    `json:"costs,omitempty"`          // by stage; nil without a creation time
	Arithmetic  string           `json:"arithmetic"`
	Words       string           `json:"words"`
}

// cautious is the percentile of a cautious cap.
const cautious = 0.2

// Economics reckons what the leads of a table are worth and cost. Group values are those of the model, lead by lead;
// how well they are known comes from the outcomes of mature leads alone. The table's schema must fit the model's.
func (m *Model) Economics(table *features.Table, o EconomicsOptions) (*Economics, error) {
	if m.policy == nil || m.value == nil {
		return nil, fmt.Errorf("model: economics: %w", ErrNoPolicy)
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
	journeys []budget.Journey      // nil without a creation time
	clock    tableClock
	value    float64 // of all leads
}

func (m *Model) economics(table *features.Table, o EconomicsOptions) (*Economics, error) {
	x, err := m.economist(table, o)
	if err != nil {
		return nil, err
	}
	e := &Economics{Model: m.Identity(), Policy: m.Policy(), StageRates: m.StageRates(), Leads: table.Rows, Level: o.Level, Notes: append([]Warning{}, x.out.warnings...)}
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
	e.Notes = append(e.Notes, x.doubts(e)...)
	e.Funnel, err = x.funnel()
	return e, err
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
		x.cost = table.Columns[i].Numbers.At
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
	return x, nil
}

// partition cuts the leads into groups.
type partition struct {
	by      string
	names   []string
	members [][]int32
	source  bool // the groups are the sources
	paid    bool // what was spent on a group can be known
}

func (x *economist) partitions() ([]partition, error) {
	schema := x.l.table.Schema
	by := x.o.By
	if by == nil {
		for _, f := range schema.Fields() {
			if f.Kind == features.Category && (f.Role == features.RoleSource || f.Role == features.RoleSegment) {
				by = append(by, f.Name)
			}
		}
	}
	var partitions []partition
	for _, name := range by {
		i := schema.Index(name)
		if i < 0 && name == features.RoleSource.String() {
			i = schema.ByRole(features.RoleSource)
		}
		if i < 0 || schema.Fields()[i].Kind != features.Category || x.l.table.Columns[i].Codes.Len() == 0 {
			return nil, fmt.Errorf("model: economics: cannot group by %q: it is not a category column of the data", name)
		}
		partitions = append(partitions, x.partition(i))
	}
	return partitions, nil
}

// partition groups by a category, the groups in the order of the value of their leads.
func (x *economist) partition(column int) partition {
	f, c := x.l.table.Schema.Fields()[column], &x.l.table.Columns[column]
	members := make([][]int32, len(c.Levels)+1)
	for r := range x.l.table.Rows {
		code := c.Codes.At(r)
		members[code] = append(members[code], int32(r))
	}
	p := partition{by: f.Name, source: f.Role == features.RoleSource, paid: f.Role == features.RoleSource || x.o.Spend == nil}
	for code, rows := range members {
		if len(rows) == 0 {
			continue
		}
		name := features.MissingText
		if code < len(c.Levels) {
			name = c.Levels[code]
		}
		p.names, p.members = append(p.names, name), append(p.members, rows)
	}
	return p.sorted(func(rows []int32) (value float64) {
		for _, r := range rows {
			value += x.money.Value[r]
		}
		return value / float64(len(rows))
	})
}

// sorted puts the groups in falling order of a figure.
func (p partition) sorted(figure func(rows []int32) float64) partition {
	figures, order := make([]float64, len(p.names)), make([]int, len(p.names))
	for i, rows := range p.members {
		figures[i], order[i] = figure(rows), i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case figures[a] > figures[b]:
			return -1
		case figures[a] < figures[b]:
			return 1
		}
		return 0
	})
	out := p
	out.names, out.members = nil, nil
	for _, i := range order {
		out.names, out.members = append(out.names, p.names[i]), append(out.members, p.members[i])
	}
	return out
}

// tierPartition groups by value tier, best first.
func (x *economist) tierPartition() partition {
	p := partition{by: "tier", paid: x.cost != nil}
	tiers := x.m.policy.Tiers
	if tiers == nil {
		return p
	}
	p.names = append(slices.Clone(tiers.Names), budget.Unscored)
	p.members = make([][]int32, len(p.names))
	for r := range x.money.Value {
		tier := tiers.Of(x.m.policy.TierValue(x.money.Value[r], x.money.Cost[r], x.money.Probability[r]))
		k := slices.Index(p.names, tier)
		p.members[k] = append(p.members[k], int32(r))
	}
	if last := len(p.names) - 1; len(p.members[last]) == 0 {
		p.names, p.members = p.names[:last], p.members[:last]
	}
	return p
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
	row.Mature, row.Won, row.Evidence = x.evidence(rows)
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
	row.Spend, row.CostPerLead = x.spent(row.Value, rows, p), budget.Unknown(budget.Unmeasured)
	if spend, known := row.Spend.Value(); known && row.Leads > 0 {
		row.CostPerLead = budget.Known(spend / row.Leads)
	} else if known {
		row.CostPerLead = budget.Unknown(budget.NoLeads)
	}
	row.CapAbove = budget.Unknown(budget.Unmeasured)
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
		}
	}
	var err error
	row.Costs, err = x.costs(row, rows)
	return err
}

// spent is what was spent on a group within the window of the leads.
func (x *economist) spent(name string, rows []int32, p partition) budget.Figure {
	unmeasured := budget.Unknown(budget.Unmeasured)
	switch {
	case !p.paid:
		return unmeasured
	case x.o.Spend != nil && (p.source || p.by == ""):
		total := unmeasured
		for _, s := range x.o.Spend {
			if (p.by == "" || s.Source == name) && x.clock.covers(s.Start) {
				before, _ := total.Value()
				total = budget.Known(before + s.Amount)
			}
		}
		return total
	case x.cost == nil:
		return unmeasured
	}
	total, known := 0.0, false
	for _, r := range rows {
		if c := x.cost(int(r)); c >= 0 {
			total, known = total+x.l.weight(r)*c, true
		}
	}
	if !known {
		return unmeasured
	}
	return budget.Known(total)
}

// tableClock is the window of the leads, from the start of its first month.
type tableClock struct {
	from, to time.Time
	asOf     time.Time
	days     [][]float64 // to go on from each stage, of those that did
	cycle    float64     // P90 of the days to a sale
}

func (c tableClock) covers(t time.Time) bool {
	return c.to.IsZero() || !t.Before(c.from) && t.Before(c.to)
}

func (x *economist) newClock() tableClock {
	first, _ := x.l.span(features.AllRows(x.l.table.Rows))
	c := tableClock{asOf: time.UnixMicro(x.out.asOf).UTC()}
	if first <= x.out.asOf {
		at := time.UnixMicro(first).UTC()
		c.from = time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	c.to = c.asOf.Add(time.Microsecond)
	var mature []budget.Journey
	for _, r := range x.l.rows {
		mature = append(mature, x.journeys[r])
	}
	c.days = progressTimes(mature, len(stagesBetween(x.l.table.Schema))+2)
	c.cycle = float64(x.m.document.Label.Horizon)
	if days, known := budget.SalesCycle(mature, 0.9).Value(); known {
		c.cycle = days
	}
	return c
}

// costs is the cost of each stage in a group, and how far its leads have come.
func (x *economist) costs(row *EconomicRow, rows []int32) (*budget.Costs, error) {
	if x.journeys == nil {
		return nil, nil
	}
	path := x.path(row, rows)
	o := budget.TableOptions{
		StageCosts: path.Costs, Basis: budget.Cohort, Period: budget.WholeWindow, From: x.clock.from, To: x.clock.to, AsOf: x.clock.asOf,
		CycleDays: x.clock.cycle,
		Outlook:   path.Outlook(func(stage int, days float64) float64 { return within(x.clock.days[stage], days) }),
	}
	journeys := make([]budget.Journey, len(rows))
	for i, r := range rows {
		journeys[i] = x.journeys[r]
		journeys[i].Source = row.Value
	}
	var spend []budget.Spend
	if amount, known := row.Spend.Value(); known {
		spend = []budget.Spend{{Source: row.Value, Start: x.clock.from, Amount: amount}}
	}
	table, err := budget.CostBySource(journeys, spend, o)
	if err != nil {
		return nil, fmt.Errorf("model: economics: %s: %w", row.Value, err)
	}
	return &table.Total, nil
}

// path is the way of a group's leads through the stages, at the rates of its mature leads: those of the policy's
// stages are shrunken elsewhere, here they are counted, but for the sale, whose rate is the posterior's.
func (x *economist) path(row *EconomicRow, rows []int32) budget.Path {
	stages := stagesBetween(x.l.table.Schema)
	path := budget.Path{Stages: Stages(x.l.table.Schema), Costs: x.stageCosts()}
	reached := make([]float64, len(path.Stages))
	for _, r := range rows {
		if x.mature[r] {
			for k := range x.l.reached(stages, x.out.asOf, r) + 1 {
				reached[k]++
			}
		}
	}
	last := len(path.Stages) - 1
	if row.Posterior != nil { // an unlucky group may yet win
		reached[last] = min(row.Posterior.Rate.Mean()*reached[0], reached[last-1])
	}
	for k := range last {
		rate := 0.0
		if reached[k] > 0 {
			rate = min(reached[k+1]/reached[k], 1)
		}
		path.Rates = append(path.Rates, rate)
	}
	return path
}

// stageCosts are those of the policy, for every stage of the data.
func (x *economist) stageCosts() []float64 {
	names := Stages(x.l.table.Schema)
	costs := make([]float64, len(names))
	for _, c := range x.m.policy.StageCosts {
		costs[slices.Index(names, c.Stage)] = c.Cost
	}
	return costs
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
	if row.Words = row.Group.Words(c, t); row.Purchase != nil {
		row.Words = row.Purchase.Words(c)
	}
}
