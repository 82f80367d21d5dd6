package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Funnel is how far leads came, where they were lost and how long they waited.
type Funnel struct {
	Stages   []string        `json:"stages"`
	Leaks    []budget.Leak   `json:"leaks"`     // of all leads, one a stage but the sale
	BySource []budget.Leak   `json:"by_source"` // one a stage and source
	Unlike   []budget.Leak   `json:"unlike"`    // of BySource those that go on otherwise than leads alike, the dearest first
	Repairs  []budget.Figure `json:"repairs"`   // what 5 points more on each rate would add to the value of a lead
	Contact  *ContactWaits   `json:"contact,omitempty"`
}

// repairLift is what a rate is lifted by to say what mending a leak is worth.
const repairLift = 0.05

// funnel counts the leaks; nil without a creation time or without stages between the lead and the sale.
func (x *economist) funnel() (*Funnel, error) {
	stages := Stages(x.l.table.Schema)
	if x.journeys == nil {
		return nil, nil
	}
	f := &Funnel{Stages: stages}
	all := features.AllRows(x.l.table.Rows)
	var total EconomicRow
	if err := x.worth(&total, all); err != nil {
		return nil, err
	}
	path := x.path(&total, all)
	m, _ := total.ProfitPerSale.Value()
	values := path.Chances()
	for k := range values {
		values[k] *= m
	}
	whole, compared := slices.Clone(x.journeys), slices.Clone(x.journeys)
	tenth := tenths(x.money.Probability)
	for i := range whole {
		whole[i].Source, compared[i].Peers = "", tenth(x.money.Probability[i])
	}
	var err error
	if f.Leaks, err = budget.Leakage(whole, values, x.clock.asOf); err != nil {
		return nil, fmt.Errorf("model: funnel: %w", err)
	}
	if f.BySource, err = budget.Leakage(compared, values, x.clock.asOf); err != nil {
		return nil, fmt.Errorf("model: funnel: %w", err)
	}
	f.forgetRates()
	f.findUnlike()
	repairs, err := path.Repairs(m, repairLift)
	if err != nil {
		return nil, fmt.Errorf("model: funnel: %w", err)
	}
	for _, gain := range repairs {
		f.Repairs = append(f.Repairs, budget.Known(gain))
	}
	f.Contact, err = x.contact(stages, values)
	return f, err
}

// Lossless reports whether no lead is known to be lost. Then all that did not go on count as open, and no rate of the
// resolved leads can be told.
func (f *Funnel) Lossless() bool {
	return !slices.ContainsFunc(f.Leaks, func(l budget.Leak) bool { return l.Lost > 0 })
}

// LosslessNote says what to do where no lead is known to be lost.
const LosslessNote = "no lead is known to be lost, so that a rate of those resolved cannot be told; name the column of when leads were given up: columns.stages: {lost: …}"

// forgetRates takes the rates of the resolved away where they would all be 100 %.
func (f *Funnel) forgetRates() {
	if !f.Lossless() {
		return
	}
	unknown := budget.Unknown(budget.Unmeasured)
	for _, leaks := range [][]budget.Leak{f.Leaks, f.BySource} {
		for i := range leaks {
			leaks[i].Rate, leaks[i].Low, leaks[i].High, leaks[i].Peers = unknown, unknown, unknown, nil
		}
	}
}

// tenths names the tenth of the values that a value is in, from 1, the lowest.
func tenths(values []float64) func(x float64) string {
	sorted := slices.Sorted(slices.Values(values))
	return func(x float64) string {
		below, _ := slices.BinarySearch(sorted, x)
		return strconv.Itoa(1 + 10*below/len(sorted))
	}
}

// unlikely is how many standard errors a stage of a source must be from leads alike to be told: with fifty of them chance
// passes it once in seven tables.
const unlikely = 3

// findUnlike picks the stages of sources that stand out.
func (f *Funnel) findUnlike() {
	f.Unlike = []budget.Leak{}
	worth := func(l budget.Leak) float64 { x, _ := l.Peers.Worth.Value(); return math.Abs(x) }
	for _, l := range f.BySource {
		if l.Peers == nil {
			continue
		}
		if z, known := l.Peers.Z.Value(); known && math.Abs(z) >= unlikely {
			f.Unlike = append(f.Unlike, l)
		}
	}
	slices.SortStableFunc(f.Unlike, func(a, b budget.Leak) int { return cmp.Compare(worth(b), worth(a)) })
}

// PeersWords says what a table of such stages compares.
func PeersWords(unlike []budget.Leak) string {
	if len(unlike) == 0 {
		return "at no stage does a source stand out beside the other sources' leads of like probability"
	}
	return fmt.Sprintf("beside leads alike: those of other sources in the same tenth by probability; told from %d standard errors on; came to: what the difference brought or cost so far, at the rates of the source from there on", unlikely)
}

// stagesOutOfOrder says which stage most leads enter before the one that it is counted after; "" if none.
func (x *economist) stagesOutOfOrder() string {
	names := Stages(x.l.table.Schema)
	for k := 1; k+2 < len(names); k++ {
		both, backwards := 0, 0
		for i := range x.journeys {
			if e := x.journeys[i].Entered; !e[k].IsZero() && !e[k+1].IsZero() {
				both++
				if e[k+1].Before(e[k]) {
					backwards++
				}
			}
		}
		if 2*backwards > both {
			return fmt.Sprintf("%s of %s leads with both enter %s before %s, after which it is counted (%s): rates, caps and costs of stages are wrong; leave one out of columns.stages, or give it a known name (%s)",
				budget.Count(backwards), budget.Count(both), names[k+1], names[k], strings.Join(names, ", "), strings.Join(funnelOrder, ", "))
		}
	}
	return ""
}

// oneSided says that the outcomes are all alike, where the model had expected otherwise with 95 %; "" if not.
func (x *economist) oneSided(total *EconomicRow) string {
	if total.Won != 0 && total.Won != float64(total.Mature) {
		return ""
	}
	expected, none, all := 0.0, 0.0, 0.0
	for _, r := range x.l.rows {
		p := x.money.Probability[r]
		expected += p
		none, all = none+math.Log1p(-p), all+math.Log(p)
	}
	surprise := math.Log(0.05)
	switch {
	case total.Won == 0 && none < surprise:
		return fmt.Sprintf("no sale of %s leads with a known outcome, of which the model expects %.1f: there are no intervals, and no reason to believe the caps; do the data lack the won leads?", budget.Count(total.Mature), expected)
	case total.Won > 0 && all < surprise:
		return fmt.Sprintf("all of %s leads with a known outcome were sold to, where the model expects %.1f: there are no intervals; do the data lack the lost leads?", budget.Count(total.Mature), expected)
	}
	return ""
}

// doubts are what a reader of the table should know before acting on it.
func (x *economist) doubts(e *Economics) (notes []Warning) {
	add := func(code, column, format string, args ...any) {
		notes = append(notes, Warning{Code: code, Column: column, Detail: fmt.Sprintf(format, args...)})
	}
	if e.Mature < e.Leads {
		add("immature", "", "%s of %s leads are younger than the horizon or undecided: they are valued, but their outcomes are not evidence yet", budget.Count(e.Leads-e.Mature), budget.Count(e.Leads))
	}
	for _, row := range slices.Concat(e.Rows, e.Tiers) {
		limit, known := row.Cap.Value()
		low, resolved := row.Low.Value()
		high, _ := row.High.Value()
		if known && resolved && !row.Few && (limit < low || limit > high) {
			add("cap_outside_interval", row.By, "%s: the model's cap of %s lies outside the %s interval of the outcomes, %s to %s: train anew, or trust the interval",
				row.Value, e.Policy.Currency.AtMost(limit), budget.Percent(e.Level), e.Policy.Currency.AtMost(low), e.Policy.Currency.AtMost(high))
		}
	}
	if text := x.oneSided(&e.Total); text != "" {
		add("outcomes_one_sided", "", "%s", text)
	}
	if text := x.stagesOutOfOrder(); text != "" {
		add("stages_out_of_order", "", "%s", text)
	}
	named := map[string]bool{}
	for i := range e.Rows {
		named[e.Rows[i].Value] = true
	}
	var strangers []string
	for _, s := range x.o.Spend {
		if !named[s.Source] && !slices.Contains(strangers, s.Source) {
			strangers = append(strangers, s.Source)
		}
	}
	if len(strangers) > 0 {
		slices.Sort(strangers)
		add("spend_without_leads", "", "money was spent on %q, of which the data have no lead", strangers)
	}
	return notes
}
