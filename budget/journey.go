package budget

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Journey is one record of a lead's way through the stages.
type Journey struct {
	Lead    string
	Account string
	Source  string
	Peers   string      // whom it is like, such as the tenth of the leads by probability that it is in; "" = not known
	Entered []time.Time // when each stage was entered, from the lead to the sale; the zero time where there is no record
	Lost    time.Time   // when it was lost, rejected or recycled; the zero time if it was not
	Reason  string      // why, as sales put it
	Profit  float64     // of the sale, in the currency of the table at the rate of its day; negative for a refund; NaN if not recorded
	Model   float64     // m, what the model expects of the sale; NaN if there is none
	Credit  float64     // share of the lead that counts for its source: 1 unless credit is shared
}

// Outcome is what has become of a lead.
type Outcome string

// The outcomes.
const (
	Open Outcome = "open"
	Won  Outcome = "won"
	Lost Outcome = "lost"
)

// State is where a lead stands on a day.
type State struct {
	Stage   int // the furthest that it has reached
	Outcome Outcome
	Since   time.Time // when it entered the stage, or the time of the outcome
}

// At returns where a lead stood at a time: what happened later is not seen. A lead that was closed and opened again
// counts once, with what came last: won and then lost is lost, lost and then moved on is open.
func (j *Journey) At(asOf time.Time) State {
	last := len(j.Entered) - 1
	var s State
	s.Outcome = Open
	latest := time.Time{}
	for k, t := range j.Entered {
		if t.IsZero() || t.After(asOf) {
			continue
		}
		s.Stage, s.Since = k, t
		if t.After(latest) {
			latest = t
		}
	}
	switch lost := !j.Lost.IsZero() && !j.Lost.After(asOf); {
	case lost && !j.Lost.Before(latest) && !(s.Stage == last && j.Lost.Equal(latest)):
		s.Outcome, s.Since = Lost, j.Lost
		s.Stage = min(s.Stage, last-1)
	case s.Stage == last:
		s.Outcome = Won
	}
	return s
}

// entered is when a stage was reached: its own record, or that of the first later stage if it was skipped.
func (j *Journey) entered(stage int) time.Time {
	if t := j.Entered[stage]; !t.IsZero() {
		return t
	}
	first := time.Time{}
	for _, t := range j.Entered[stage+1:] {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// flaws reports whether the lead skipped a record and whether its dates run backwards.
func (j *Journey) flaws(reached int) (skipped, backwards bool) {
	before := time.Time{}
	for _, t := range j.Entered[:reached+1] {
		if t.IsZero() {
			skipped = true
			continue
		}
		backwards = backwards || t.Before(before)
		before = t
	}
	return skipped, backwards
}

// merge adds another record of the same lead: the first time of each stage, the last loss, the last profit.
func (j *Journey) merge(other *Journey) {
	j.Entered = slices.Clone(j.Entered)
	for k, t := range other.Entered {
		if mine := j.Entered[k]; !t.IsZero() && (mine.IsZero() || t.Before(mine)) {
			j.Entered[k] = t
		}
	}
	if other.Lost.After(j.Lost) {
		j.Lost, j.Reason = other.Lost, other.Reason
	}
	if !math.IsNaN(other.Profit) {
		j.Profit = other.Profit
	}
	if math.IsNaN(j.Model) {
		j.Model = other.Model
	}
}

// keyed merges the records that share a key, in the order of their first; records without a key stay alone. join
// merges a record into an earlier one.
func keyed(journeys []Journey, key func(*Journey) string, join func(into, from *Journey)) (merged []Journey, duplicates int) {
	merged = make([]Journey, 0, len(journeys))
	place := make(map[string]int)
	for i := range journeys {
		if k := key(&journeys[i]); k != "" {
			if at, seen := place[k]; seen {
				join(&merged[at], &journeys[i])
				duplicates++
				continue
			}
			place[k] = len(merged)
		}
		merged = append(merged, journeys[i])
	}
	return merged, duplicates
}

// byLead merges the records of each lead. Shares of its credit add up, to 1 at most.
func byLead(journeys []Journey) ([]Journey, int) {
	return keyed(journeys, func(j *Journey) string { return j.Lead }, func(into, from *Journey) {
		if into.Source != from.Source {
			into.Credit = min(into.Credit+from.Credit, 1)
		}
		into.merge(from)
	})
}

// byAccount merges the leads of each account, which reaches a stage when its first lead does and earns the profit of
// all its sales. It is lost when its last lead is, and not while one is open.
func byAccount(journeys []Journey, asOf time.Time) []Journey {
	merged, _ := keyed(journeys, func(j *Journey) string { return j.Account }, func(into, from *Journey) {
		a, b := into.At(asOf), from.At(asOf)
		mine, added := into.earned(a), from.earned(b)
		into.settle(a)
		settled := *from
		settled.settle(b)
		into.merge(&settled)
		into.Profit, into.Model = math.NaN(), math.NaN()
		if sum, known := sumOf(mine, added); known {
			into.Profit = sum
		}
		if a.Outcome != Lost || b.Outcome != Lost {
			into.Lost, into.Reason = time.Time{}, ""
		}
		into.Credit = max(into.Credit, from.Credit)
	})
	return merged
}

// settle forgets the stages beyond the one that a lead stands at: a sale that was undone, or what is yet to come.
func (j *Journey) settle(s State) {
	j.Entered = slices.Clone(j.Entered)
	clear(j.Entered[s.Stage+1:])
}

// earned is the profit of a sale, the model's if there is no other.
func (j *Journey) earned(s State) Figure {
	if s.Outcome != Won {
		return Unknown(NoWins)
	}
	if !math.IsNaN(j.Profit) {
		return Known(j.Profit)
	}
	if math.IsNaN(j.Model) {
		return Unknown(Unmeasured)
	}
	return Known(j.Model)
}

func sumOf(a, b Figure) (sum float64, known bool) {
	x, hasX := a.Value()
	y, hasY := b.Value()
	return x + y, hasX || hasY
}

// SalesCycle is the number of days from lead to sale within which a share q of the sales were made.
func SalesCycle(journeys []Journey, q float64) Figure {
	var days []float64
	for i := range journeys {
		j := &journeys[i]
		if n := len(j.Entered); n > 1 && !j.Entered[0].IsZero() && !j.Entered[n-1].Before(j.Entered[0]) {
			days = append(days, Days(j.Entered[n-1].Sub(j.Entered[0])))
		}
	}
	slices.Sort(days)
	if len(days) == 0 {
		return Unknown(NoWins)
	}
	return Percentile(days, q)
}

// Days is a duration in days of 24 hours.
func Days(d time.Duration) float64 { return d.Hours() / 24 }

// FirstPurchases returns the profits of the sales that were each account's first, with their times, oldest first.
// Sales without a recorded profit, and leads without an account of their own, are left out and stand alone.
func FirstPurchases(journeys []Journey, asOf time.Time) []Sale {
	first := make(map[string]Sale)
	var sales []Sale
	for i := range journeys {
		j := &journeys[i]
		if s := j.At(asOf); s.Outcome == Won && !math.IsNaN(j.Profit) {
			sale := Sale{At: j.Entered[len(j.Entered)-1], Profit: j.Profit}
			if seen, known := first[j.Account]; j.Account == "" {
				sales = append(sales, sale)
			} else if !known || sale.At.Before(seen.At) {
				first[j.Account] = sale
			}
		}
	}
	for _, sale := range first {
		sales = append(sales, sale)
	}
	slices.SortFunc(sales, func(a, b Sale) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Profit, b.Profit)) })
	return sales
}

// Sale is a sale, its time and its profit.
type Sale struct {
	At     time.Time
	Profit float64
}
