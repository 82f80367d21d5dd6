package budget

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Where leads are lost, and why. Of the units that entered a stage, some progressed, some were lost and some are
// open:
//
//	rate on resolved = progressed/(progressed + lost)     raw rate = progressed/entered
//
// A reason is worth at most the profit that its leads were expected to bring when they entered the stage: an upper
// bound of what removing the reason would bring.

// Cause is the kind of a reason for losing a lead.
type Cause string

// The causes.
const (
	CauseFit         Cause = "fit" // the wrong company or person: a disqualifier to learn from
	CauseNeed        Cause = "need"
	CauseBudget      Cause = "budget" // may come back: nurture
	CauseTiming      Cause = "timing" // may come back: nurture
	CauseAuthority   Cause = "authority"
	CauseCompetitor  Cause = "competitor"
	CauseUnreachable Cause = "unreachable"
	CauseData        Cause = "data"
	CauseDuplicate   Cause = "duplicate"
	CauseUnknown     Cause = "unknown"
)

// causeWords are what the causes are also called, first match first.
var causeWords = []struct {
	cause Cause
	words []string
}{
	{CauseDuplicate, []string{"duplicate"}},
	{CauseUnreachable, []string{"unreachable", "no answer", "no response", "no reply", "not reached", "bounced"}},
	{CauseBudget, []string{"budget", "price", "too expensive", "funding"}},
	{CauseAuthority, []string{"authority", "decision maker", "decision-maker"}},
	{CauseTiming, []string{"timing", "not now", "too early", "later", "postponed", "on hold", "no decision", "stalled"}},
	{CauseCompetitor, []string{"competitor", "competition", "lost to"}},
	{CauseNeed, []string{"no need", "need", "no interest", "not interested", "no pain"}},
	{CauseFit, []string{"fit", "persona", "wrong industry", "too small", "student", "job seeker", "not a buyer", "unqualified", "disqualified", "out of territory", "out of scope"}},
	{CauseData, []string{"data", "wrong number", "wrong contact", "invalid", "spam", "test lead"}},
}

// CauseOf sorts a reason as sales put it, such as "no budget", under a cause. Whatever it does not know is
// [CauseUnknown]; the words of the reason stay its own row in a table.
func CauseOf(reason string) Cause {
	text := strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(reason, "_", " ")), " "))
	for _, c := range causeWords {
		if slices.ContainsFunc(c.words, func(word string) bool { return containsWord(text, word) }) {
			return c.cause
		}
	}
	return CauseUnknown
}

// containsWord reports whether text has a word, not only as a part of another one.
func containsWord(text, word string) bool {
	letter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 0x80 }
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(word)
		if (start == 0 || !letter(text[start-1])) && (end == len(text) || !letter(text[end])) {
			return true
		}
		from = start + 1
	}
}

// Recyclable reports whether leads lost for a cause may be worth nurturing.
func (c Cause) Recyclable() bool { return c == CauseBudget || c == CauseTiming }

// ReasonCount is how many units a reason has cost.
type ReasonCount struct {
	Reason string  `json:"reason"` // "" = none was given
	Cause  Cause   `json:"cause"`
	Count  float64 `json:"count"`
	Worth  float64 `json:"worth"` // what they were expected to bring, at most to be won back
}

// UnknownAlarm is the share of losses without a known reason above which the record of reasons is not to be trusted.
const UnknownAlarm = 0.2

// Leak is what became of the units that entered a stage.
type Leak struct {
	Stage         int           `json:"stage"`
	Source        string        `json:"source,omitempty"`
	Tier          string        `json:"tier,omitempty"`
	Entered       float64       `json:"entered"`
	Progressed    float64       `json:"progressed"`
	Lost          float64       `json:"lost"`
	Open          float64       `json:"open"`
	Rate          Figure        `json:"rate"`      // of the resolved
	Low           Figure        `json:"rate_low"`  // 90 % interval (Wilson 1927)
	High          Figure        `json:"rate_high"` //
	RawRate       Figure        `json:"raw_rate"`
	Ratio         Figure        `json:"ratio"` // entered for each that progressed, such as MQL:SQL
	Reasons       []ReasonCount `json:"reasons"`
	UnknownShare  Figure        `json:"unknown_share"` // of the lost
	UnknownIsMany bool          `json:"unknown_is_many"`
}

// NewLeak makes the row of a stage from its units and the reasons of the lost ones, by count. value is what a unit
// that enters the stage is expected to bring, P(won | stage)·m.
func NewLeak(entered, progressed float64, reasons []ReasonCount, value float64) (Leak, error) {
	var b bounds
	b.amount("entered", entered)
	b.amount("progressed", progressed)
	b.finite("value", value)
	lost := 0.0
	for i, r := range reasons {
		b.amount(at("reasons", i), r.Count)
		lost += r.Count
	}
	b.require(!(progressed+lost > entered*(1+1e-9)), "progressed + lost", progressed+lost, "at most entered")
	if err := b.err(); err != nil {
		return Leak{}, err
	}
	l := Leak{Entered: entered, Progressed: progressed, Lost: lost, Open: max(entered-progressed-lost, 0)}
	l.fill(reasons, value)
	return l, nil
}

func (l *Leak) fill(reasons []ReasonCount, value float64) {
	l.Reasons = []ReasonCount{}
	resolved, unknown := l.Progressed+l.Lost, 0.0
	for _, r := range reasons {
		r.Cause = CauseOf(r.Reason)
		r.Worth = r.Count * max(value, 0)
		if r.Cause == CauseUnknown {
			unknown += r.Count
		}
		l.Reasons = append(l.Reasons, r)
	}
	slices.SortStableFunc(l.Reasons, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	why := NotReached
	if l.Entered > 0 {
		why = Unresolved
	}
	l.Rate, l.RawRate = over(l.Progressed, resolved, why), over(l.Progressed, l.Entered, NotReached)
	l.Low, l.High = wilson(l.Progressed, resolved, why)
	l.Ratio = over(l.Entered, l.Progressed, NotReached)
	l.UnknownShare = over(unknown, l.Lost, NoLeads)
	l.UnknownIsMany = unknown > UnknownAlarm*l.Lost
}

// wilson is the 90 % score interval of a rate.
func wilson(w, n float64, why Reason) (low, high Figure) {
	if n == 0 {
		return Unknown(why), Unknown(why)
	}
	const z2 = 1.6448536269514722 * 1.6448536269514722
	p := w / n
	middle := (p + z2/(2*n)) / (1 + z2/n)
	half := math.Sqrt(z2*(p*(1-p)/n+z2/(4*n*n))) / (1 + z2/n)
	return Known(max(middle-half, 0)), Known(min(middle+half, 1))
}

// Gap compares a stage with what its mix of leads should have done.
type Gap struct {
	Expected   Figure `json:"expected"`   // mean of the leads' own rates
	Difference Figure `json:"difference"` // observed − expected
	Z          Figure `json:"z"`          // in standard errors
	Worth      Figure `json:"worth"`      // the difference × v/q, for all that entered: negative is lost money
}

// Against compares the rate on resolved units with q, the rate that a model expects of each resolved unit, so that
// a source is not blamed for its mix. v is what a unit that enters the stage is expected to bring.
func (l Leak) Against(q []float64, v float64) (Gap, error) {
	var b bounds
	b.finite("v", v)
	sum, variance := 0.0, 0.0
	for i, x := range q {
		b.share(at("q", i), x)
		sum += x
		variance += x * (1 - x)
	}
	if err := b.err(); err != nil {
		return Gap{}, err
	}
	n := float64(len(q))
	rate, known := l.Rate.Value()
	if n == 0 || !known {
		why := cmp.Or(l.Rate.Reason(), NoLeads)
		return Gap{Unknown(why), Unknown(why), Unknown(why), Unknown(why)}, nil
	}
	expected := sum / n
	g := Gap{Expected: Known(expected), Difference: Known(rate - expected)}
	g.Z = over((rate-expected)*n, math.Sqrt(variance), TooFew)
	g.Worth = over((rate-expected)*v*l.Entered, expected, NoConversion)
	return g, nil
}

// Leakage counts what became of the leads at every stage but the sale, for each source and tier, on a day. values[k]
// is what a lead that enters stage k is expected to bring. Records of one lead count once.
func Leakage(journeys []Journey, values []float64, asOf time.Time) ([]Leak, error) {
	b := checkJourneys(journeys, len(values))
	b.require(len(values) >= 2, "values", len(values), "at least two stages, lead and sale")
	for k, v := range values {
		b.finite(at("values", k), v)
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	merged, _ := byLead(journeys)
	rows := make(map[leakCell]*leakTally)
	for i := range merged {
		j := &merged[i]
		if start := j.entered(0); !start.IsZero() && !start.After(asOf) {
			countLeak(rows, j, j.At(asOf), len(values)-1)
		}
	}
	leaks := make([]Leak, 0, len(rows))
	for where, t := range rows {
		leaks = append(leaks, t.leak(where, values[where.stage]))
	}
	slices.SortFunc(leaks, func(a, b Leak) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Tier, b.Tier))
	})
	return leaks, nil
}

type leakCell struct {
	stage        int
	source, tier string
}

type leakTally struct {
	entered, progressed float64
	reasons             map[string]float64
}

// countLeak counts a lead at each of the stages that it has reached, the sale left out.
func countLeak(rows map[leakCell]*leakTally, j *Journey, s State, last int) {
	for k := range min(s.Stage+1, last) {
		where := leakCell{k, j.Source, j.Tier}
		t := rows[where]
		if t == nil {
			t = &leakTally{reasons: make(map[string]float64)}
			rows[where] = t
		}
		t.entered++
		switch {
		case k < s.Stage:
			t.progressed++
		case s.Outcome == Lost:
			t.reasons[j.Reason]++
		}
	}
}

func (t *leakTally) leak(where leakCell, value float64) Leak {
	l := Leak{Stage: where.stage, Source: where.source, Tier: where.tier, Entered: t.entered, Progressed: t.progressed}
	var reasons []ReasonCount
	for _, reason := range slices.Sorted(maps.Keys(t.reasons)) {
		reasons = append(reasons, ReasonCount{Reason: reason, Count: t.reasons[reason]})
		l.Lost += t.reasons[reason]
	}
	l.Open = l.Entered - l.Progressed - l.Lost
	l.fill(reasons, value)
	return l
}
