package datasets

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

// SyntheticGroup sums up the truth of some leads.
type SyntheticGroup struct {
	Leads         int     `json:"leads"`
	BaseRate      float64 `json:"base_rate"`       // mean p_horizon
	ExpectedWins  float64 `json:"expected_wins"`   // Σ p_horizon
	Wins          int     `json:"wins"`            // sales within the horizon that the leads file knows
	ProfitPerSale float64 `json:"profit_per_sale"` // Σ p·m / Σ p
	ExpectedValue float64 `json:"expected_value"`  // mean p·m
	Spend         float64 `json:"spend"`           // Σ acquisition cost
}

// SyntheticSource sums up the truth of a source.
type SyntheticSource struct {
	Source string          `json:"source"`
	Lag    float64         `json:"lag"` // how many times the usual time passes until the sale
	All    SyntheticGroup  `json:"all"`
	Mature *SyntheticGroup `json:"mature,omitempty"` // nil if no lead is mature
}

// SyntheticReport says what has been drawn: the part of truth.json that depends on the options.
type SyntheticReport struct {
	Seed          uint64            `json:"seed"`
	Rows          int               `json:"rows"`
	Start         string            `json:"start"`
	Months        int               `json:"months"`
	AsOf          string            `json:"as_of"` // a midnight when it is a date only
	Horizon       int               `json:"horizon_days"`
	ImmatureShare float64           `json:"immature_share"` // younger than the horizon on the as-of day
	JunkShare     float64           `json:"junk_share"`
	All           SyntheticGroup    `json:"all"`
	Mature        *SyntheticGroup   `json:"mature,omitempty"` // nil if no lead is mature
	Sources       []SyntheticSource `json:"sources"`          // those that have leads

	Responses []SyntheticResponse `json:"response"` // leads of a month by its spend
}

// sampleSums are the sums behind a SyntheticGroup.
type sampleSums struct {
	leads, wins int
	p, value    float64
	cents       int64
}

// sourceSums are the sums of a source's leads.
type sourceSums struct{ all, mature sampleSums }

func (s *sourceSums) add(p, m float64, cents int64, won, mature bool) {
	s.all.addLead(p, m, cents, won)
	if mature {
		s.mature.addLead(p, m, cents, won)
	}
}

func (s *sampleSums) addLead(p, m float64, cents int64, won bool) {
	s.leads++
	s.p += p
	s.value += p * m
	s.cents += cents
	if won {
		s.wins++
	}
}

func (s *sampleSums) addSums(t sampleSums) {
	s.leads += t.leads
	s.wins += t.wins
	s.p += t.p
	s.value += t.value
	s.cents += t.cents
}

// group returns what the sums say, or nil if they are of no leads.
func (s sampleSums) group() *SyntheticGroup {
	if s.leads == 0 {
		return nil
	}
	n := float64(s.leads)
	return &SyntheticGroup{
		Leads: s.leads, BaseRate: s.p / n, ExpectedWins: s.p, Wins: s.wins,
		ProfitPerSale: s.value / s.p, ExpectedValue: s.value / n, Spend: float64(s.cents) / centsPerUnit,
	}
}

// sampleTally adds up blocks in their order.
type sampleTally struct {
	opts    SyntheticOptions
	rows    int
	sources [len(sampleSources)]sourceSums
	months  []sampleMonth
	spend   [][len(sampleSources)]int64 // cents, by month
}

func (t *sampleTally) add(b *sampleBlock) {
	t.rows += b.leads.Rows
	for s := range t.sources {
		t.sources[s].all.addSums(b.sums[s].all)
		t.sources[s].mature.addSums(b.sums[s].mature)
	}
	if t.spend == nil {
		t.months, t.spend = b.calendar.months, make([][len(sampleSources)]int64, len(b.spend))
	}
	for month := range b.spend {
		for s, cents := range b.spend[month] {
			t.spend[month][s] += cents
		}
	}
}

func (t *sampleTally) report() *SyntheticReport {
	r := &SyntheticReport{
		Seed: t.opts.Seed, Rows: t.opts.Rows, Start: dayOf(t.opts.Start), Months: t.opts.Months, AsOf: dayOf(t.opts.AsOf), Horizon: t.opts.Horizon,
		Responses: t.opts.Responses(),
	}
	var all, mature sampleSums
	for s, sums := range t.sources {
		all.addSums(sums.all)
		mature.addSums(sums.mature)
		if sums.all.leads == 0 {
			continue
		}
		source := &sampleSources[s]
		r.Sources = append(r.Sources, SyntheticSource{Source: source.name, Lag: source.lag, All: *sums.all.group(), Mature: sums.mature.group()})
		if source.name == junkSource {
			r.JunkShare = float64(sums.all.leads) / float64(t.rows)
		}
	}
	r.All, r.Mature = *all.group(), mature.group()
	r.ImmatureShare = 1 - float64(mature.leads)/float64(all.leads)
	return r
}

// dayOf writes an instant as a date if it is a midnight in UTC.
func dayOf(at time.Time) string {
	at = at.UTC()
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format(time.DateOnly)
	}
	return at.Format(time.RFC3339)
}

// writeSpend writes what each source cost in each month, to the cent.
func (t *sampleTally) writeSpend(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "period,source,spend")
	for month, bySource := range t.spend {
		for s, cents := range bySource {
			fmt.Fprintf(out, "%s,%s,%d.%02d\n", t.months[month].name, sampleSources[s].name, cents/100, cents%100)
		}
	}
	return out.Flush()
}

// truthNotes writes the effects down for people and programs.
type truthNotes struct {
	Formulas   []string       `json:"formulas"`
	Intercept  float64        `json:"intercept"`
	LogProfit  float64        `json:"log_profit"`
	Levels     []levelNote    `json:"levels"`
	Numbers    []numberNote   `json:"numbers"`
	Lag        map[string]any `json:"lag_days"`
	LeakColumn string         `json:"leak_column"`
}

type levelNote struct {
	Feature   string  `json:"feature"`
	Level     *string `json:"level"` // null = missing
	LogOdds   float64 `json:"log_odds"`
	LogProfit float64 `json:"log_profit"`
}

type numberNote struct {
	Feature   string  `json:"feature"`
	Form      string  `json:"form"` // f(x)
	LogOdds   float64 `json:"log_odds"`
	LogProfit float64 `json:"log_profit"`
	Missing   float64 `json:"missing"` // log-odds
}

func newTruthNotes() truthNotes {
	n := truthNotes{
		Formulas: []string{
			"log-odds = intercept + sum of the levels + sum of log_odds*f(x) + the interactions",
			fmt.Sprintf("interaction: %+g if need is compliance and industry is finance, healthcare or public_sector", planted.compliance),
			fmt.Sprintf("interaction: %+g*ln(1 + pricing_page_views) if seniority is c_level or vp", planted.leader),
			fmt.Sprintf("q = 1/(1 + exp(-log-odds)), the probability of ever buying; of junk (%s): %g/(1 + exp(-log-odds of who the lead is, without intercept))", junkSource, planted.junkLimit),
			"p_horizon = q * P(lag <= horizon); ln lag is normal, with the median of the source",
			"m_true = exp(log_profit + sum of the levels + sum of log_profit*f(x))",
		},
		Intercept: planted.intercept, LogProfit: planted.logProfit, LeakColumn: leakColumn,
		Lag: map[string]any{"median": planted.lagMedian, "sd_of_ln": planted.lagSpread},
	}
	level := func(feature, name string, odds, value float64) {
		n.Levels = append(n.Levels, levelNote{feature, &name, odds, value})
	}
	for _, s := range sampleSources {
		level("source", s.name, s.odds, s.value)
		for _, c := range s.campaigns {
			level("campaign", c.name, c.odds, 0)
		}
	}
	for _, c := range planted.categories {
		for _, l := range c.levels {
			level(c.name, l.name, l.odds, l.value)
		}
		n.Levels = append(n.Levels, levelNote{Feature: c.name, LogOdds: c.gone})
	}
	level("webinar_attended", "true", planted.webinar, 0)
	level("demo_requested", "true", planted.demo, 0)
	for _, e := range planted.numbers {
		n.Numbers = append(n.Numbers, numberNote{numberColumns[e.number].name, e.form, e.odds, e.value, e.gone})
	}
	return n
}
