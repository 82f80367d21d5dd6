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

// Words is the cause for people, with what may become of its leads.
func (c Cause) Words() string {
	if c.Recyclable() {
		return string(c) + ", may come back"
	}
	return string(c)
}

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
	Peers         *Gap          `json:"peers,omitempty"` // beside leads alike of the other sources; nil without any
}

// fill adds what follows from the counts, from the reasons of the lost ones, by count, and from what a unit that enters
// the stage is expected to bring, P(won | stage)·m.
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

// Gap compares a source with the others' leads that are like its own, so that it is not blamed for its mix. With n of its
// resolved units like m of the others', of which w and u progressed,
//
//	expected = Σ n·u/m ÷ Σ n     Var Σ (w − n·u/m) = Σ n·r·(1 − r)·(1 + n/m),  r = (w + u)/(n + m)
type Gap struct {
	Units      float64 `json:"units"`      // resolved ones that the others have the like of
	Rate       Figure  `json:"rate"`       // of them
	Expected   Figure  `json:"expected"`   // of as many of the others
	Difference Figure  `json:"difference"` // rate − expected
	Z          Figure  `json:"z"`          // in standard errors
	Worth      Figure  `json:"worth"`      // of the difference, at the source's own rates from there on: negative is lost
}

// gap adds up the comparison over the kinds of leads; worth is what a unit that goes on comes to.
func (t *leakTally) gap(all map[string]*resolved, worth Figure) *Gap {
	var n, w, expected, variance float64
	for _, peers := range slices.Sorted(maps.Keys(t.peers)) {
		own, m := t.peers[peers], all[peers].units-t.peers[peers].units
		if peers == "" || m == 0 {
			continue
		}
		q, r := (all[peers].progressed-own.progressed)/m, all[peers].progressed/all[peers].units
		n, w, expected = n+own.units, w+own.progressed, expected+own.units*q
		variance += own.units * r * (1 - r) * (1 + own.units/m)
	}
	if n == 0 {
		return nil
	}
	return &Gap{
		Units: n, Rate: Known(w / n), Expected: Known(expected / n), Difference: Known((w - expected) / n),
		Z: over(w-expected, math.Sqrt(variance), TooFew), Worth: worth.then(func(x float64) float64 { return (w - expected) * x }),
	}
}

// Leakage counts what became of the leads at every stage but the sale, for each source, on a day. values[k] is what a
// lead that enters stage k is expected to bring. Records of one lead count once.
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
	rows, all := make(map[leakCell]*leakTally), make([]map[string]*resolved, len(values))
	for k := range all {
		all[k] = make(map[string]*resolved)
	}
	for i := range merged {
		j := &merged[i]
		if start := j.entered(0); !start.IsZero() && !start.After(asOf) {
			countLeak(rows, all, j, j.At(asOf))
		}
	}
	leaks := make([]Leak, 0, len(rows))
	for where, t := range rows {
		leak := t.leak(where, values[where.stage])
		leak.Peers = t.gap(all[where.stage], onwards(rows, where, values))
		leaks = append(leaks, leak)
	}
	slices.SortFunc(leaks, func(a, b Leak) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Source, b.Source))
	})
	return leaks, nil
}

// onwards is what a unit of a source that goes on from a stage comes to, at the source's own rates.
func onwards(rows map[leakCell]*leakTally, from leakCell, values []float64) Figure {
	worth := Known(max(values[len(values)-1], 0))
	for k := from.stage + 1; k < len(values)-1; k++ {
		t := rows[leakCell{k, from.source}]
		if t == nil {
			return Unknown(NotReached)
		}
		worth = worth.then(func(x float64) float64 { return x * t.progressed }).over(t.progressed+t.lost, Unresolved)
	}
	return worth
}

type leakCell struct {
	stage  int
	source string
}

type leakTally struct {
	entered, progressed, lost float64
	reasons                   map[string]float64
	peers                     map[string]*resolved
}

// resolved are units that progressed or were lost.
type resolved struct{ units, progressed float64 }

// count counts a unit of a kind.
func count(of map[string]*resolved, kind string, progressed float64) {
	r := of[kind]
	if r == nil {
		r = &resolved{}
		of[kind] = r
	}
	r.units++
	r.progressed += progressed
}

// countLeak counts a lead at each of the stages that it has reached, the sale left out.
func countLeak(rows map[leakCell]*leakTally, all []map[string]*resolved, j *Journey, s State) {
	for k := range min(s.Stage+1, len(all)-1) {
		where := leakCell{k, j.Source}
		t := rows[where]
		if t == nil {
			t = &leakTally{reasons: make(map[string]float64), peers: make(map[string]*resolved)}
			rows[where] = t
		}
		t.entered++
		progressed := step(k < s.Stage)
		switch {
		case k < s.Stage:
			t.progressed++
		case s.Outcome == Lost:
			t.lost++
			t.reasons[j.Reason]++
		default: // open
			continue
		}
		count(t.peers, j.Peers, progressed)
		count(all[k], j.Peers, progressed)
	}
}

func (t *leakTally) leak(where leakCell, value float64) Leak {
	l := Leak{Stage: where.stage, Source: where.source, Entered: t.entered, Progressed: t.progressed, Lost: t.lost}
	var reasons []ReasonCount
	for _, reason := range slices.Sorted(maps.Keys(t.reasons)) {
		reasons = append(reasons, ReasonCount{Reason: reason, Count: t.reasons[reason]})
	}
	l.Open = l.Entered - l.Progressed - l.Lost
	l.fill(reasons, value)
	return l
}
