package budget

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Tiers are classes of leads invested in and worked alike, cut from one number a lead. The cuts are fixed on a
// reference period and kept as values: shares taken anew every day would hide that the mix is changing.
//
//	shares      cut where the given shares of the reference leads end, best first, between two leads
//	thresholds  cut at given values
//	capacity    cut below the last lead that the team's hours reach
//
// A lead is in the first tier whose cut it is not below. Leads of equal value are always in one tier.

// TierBy names the number that tiers are cut from.
type TierBy string

// What tiers can be cut from.
const (
	ByValue         TierBy = "expected_value"
	ByProbability   TierBy = "probability"
	ByCap           TierBy = "max_cost"
	ByProfitPerHour TierBy = "profit_per_hour" // (v − s)/h
)

// Unscored is the tier of leads that lack what tiers are cut from. It is no bottom tier: nothing is known of them.
const Unscored = "unscored"

// Tiers are frozen cuts: plain data, kept in the artifact. Make them with [TiersByShares], [TiersByThresholds] or
// [TiersByCapacity].
type Tiers struct {
	By         TierBy    `json:"by"`
	Names      []string  `json:"names"`      // best first
	Cuts       []float64 `json:"cuts"`       // descending, one fewer than names: the least value of each tier but the last
	Hysteresis float64   `json:"hysteresis"` // share of a cut by which a lead must pass it to change tiers
	Warnings   []string  `json:"warnings,omitempty"`
}

// TierOptions say how tiers are made.
type TierOptions struct {
	By         TierBy
	Names      []string // nil = A, B, C …
	Hysteresis float64
	MinLeads   float64 // a tier needs this many reference leads,
	MinWins    float64 // or this many expected wins; else it is merged
}

// DefaultTierOptions cut by expected value, keep a lead in its tier within 5 % of a cut and want 30 leads or 5
// expected wins a tier.
func DefaultTierOptions() TierOptions {
	return TierOptions{By: ByValue, Hysteresis: 0.05, MinLeads: FewLeads, MinWins: 5}
}

// Ranked is a lead to cut tiers from.
type Ranked struct {
	ID    string
	Value float64 // what the tiers are by; not finite = unscored
	P     float64 // its probability, for the expected wins of a tier
	Hours float64 // h, for tiers by capacity
}

// Rank orders leads by value, best first, equal ones by ID, and leaves out the unscored.
func Rank(leads []Ranked) []Ranked {
	ranked := slices.DeleteFunc(slices.Clone(leads), func(l Ranked) bool { return !isFinite(l.Value) })
	slices.SortFunc(ranked, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.ID, b.ID))
	})
	return ranked
}

// TiersByShares cuts the reference leads into shares, best first, that add up to 1.
func TiersByShares(leads []Ranked, shares []float64, o TierOptions) (*Tiers, error) {
	b := o.check(len(shares))
	total := 0.0
	for i, x := range shares {
		b.require(x > 0 && x <= 1, at("shares", i), x, "a share above 0 and at most 1")
		total += x
	}
	b.require(near(total, 1), "shares", total, "a sum of 1")
	ranked := Rank(leads)
	b.require(len(ranked) > 0, "leads", len(ranked), "at least one with a value")
	if err := b.err(); err != nil {
		return nil, err
	}
	cuts := make([]float64, 0, len(shares)-1)
	reached := 0.0
	for _, share := range shares[:len(shares)-1] {
		reached += share
		cuts = append(cuts, cutAfter(ranked, int(math.Round(reached*float64(len(ranked))))))
	}
	return o.freeze(cuts, ranked), nil
}

// cutAfter is the cut below the first n ranked leads: halfway to the next one, or no lower than equal leads allow.
func cutAfter(ranked []Ranked, n int) float64 {
	n = min(max(n, 1), len(ranked))
	last := ranked[n-1].Value
	if n == len(ranked) {
		return last
	}
	if middle := last/2 + ranked[n].Value/2; middle <= last {
		return middle
	}
	return last
}

// TiersByThresholds cuts at values, highest first. The reference leads say only which tiers are too small; without
// any, all are kept.
func TiersByThresholds(leads []Ranked, cuts []float64, o TierOptions) (*Tiers, error) {
	b := o.check(len(cuts) + 1)
	for i, x := range cuts {
		b.finite(at("thresholds", i), x)
		b.require(i == 0 || x < cuts[i-1], at("thresholds", i), x, "less than the one before")
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	return o.freeze(slices.Clone(cuts), Rank(leads)), nil
}

// TiersByCapacity cuts below the last of the reference leads that hours reach, worked from the best value on. Only
// leads of a value above 0 are worked.
func TiersByCapacity(leads []Ranked, hours float64, o TierOptions) (*Tiers, error) {
	b := o.check(2)
	b.amount("hours", hours)
	ranked := Rank(leads)
	b.require(len(ranked) > 0, "leads", len(ranked), "at least one with a value")
	for _, l := range ranked {
		b.amount("hours of lead "+l.ID, l.Hours)
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	worked := 0
	for _, l := range ranked {
		if hours -= l.Hours; hours < 0 || l.Value <= 0 {
			break
		}
		worked++
	}
	if worked == 0 {
		return o.freeze([]float64{math.Nextafter(ranked[0].Value, math.MaxFloat64)}, ranked), nil
	}
	return o.freeze([]float64{max(cutAfter(ranked, worked), math.SmallestNonzeroFloat64)}, ranked), nil
}

func (o TierOptions) check(tiers int) bounds {
	var b bounds
	b.require(isTierBy(o.By), "by", o.By, "expected_value, probability, max_cost or profit_per_hour")
	b.require(tiers >= 1 && tiers <= 26, "tiers", tiers, "1 to 26")
	b.require(o.Names == nil || len(o.Names) == tiers, "names", len(o.Names), fmt.Sprintf("%d, one a tier", tiers))
	checkNames(&b, o.Names)
	b.require(o.Hysteresis >= 0 && o.Hysteresis < 1, "hysteresis", o.Hysteresis, "a share below 1")
	b.amount("min_leads", o.MinLeads)
	b.amount("min_wins", o.MinWins)
	return b
}

func isTierBy(by TierBy) bool {
	return by == ByValue || by == ByProbability || by == ByCap || by == ByProfitPerHour
}

func checkNames(b *bounds, names []string) {
	for i, name := range names {
		b.require(name != "" && name != Unscored && !slices.Contains(names[:i], name), at("names", i), name,
			"a name of its own other than "+Unscored)
	}
}

// freeze makes tiers of cuts and merges those that the reference leads leave too small.
func (o TierOptions) freeze(cuts []float64, ranked []Ranked) *Tiers {
	t := &Tiers{By: o.By, Names: slices.Clone(o.Names), Cuts: cuts, Hysteresis: o.Hysteresis}
	for i := len(t.Names); i <= len(cuts); i++ {
		t.Names = append(t.Names, string(rune('A'+i)))
	}
	if len(ranked) > 0 {
		o.merge(t, ranked)
	}
	return t
}

// merge joins a tier that is too small with the one below it, the last with the one above. What remains keeps the
// name of the tier that took the other in.
func (o TierOptions) merge(t *Tiers, ranked []Ranked) {
	for k := 0; k < len(t.Names) && len(t.Names) > 1; {
		leads, wins := t.count(k, ranked)
		if leads >= o.MinLeads || wins >= o.MinWins {
			k++
			continue
		}
		into, cut := k+1, k
		if k == len(t.Names)-1 {
			into, cut = k-1, k-1
		}
		t.Warnings = append(t.Warnings, fmt.Sprintf("tier %s of %g leads and %.1f expected wins is too small and joins tier %s",
			t.Names[k], leads, wins, t.Names[into]))
		t.Names = slices.Delete(t.Names, k, k+1)
		t.Cuts = slices.Delete(t.Cuts, cut, cut+1)
		k = max(into-1, 0)
	}
}

// count returns the leads and expected wins of a tier.
func (t *Tiers) count(tier int, ranked []Ranked) (leads, wins float64) {
	for _, l := range ranked {
		if t.index(l.Value) == tier {
			leads++
			wins += l.P
		}
	}
	return leads, wins
}

// Validate lists what is out of bounds.
func (t *Tiers) Validate() error {
	var b bounds
	t.check(&b)
	return b.err()
}

func (t *Tiers) check(b *bounds) {
	b.require(isTierBy(t.By), "tiers.by", t.By, "expected_value, probability, max_cost or profit_per_hour")
	b.require(len(t.Names) > 0, "tiers.names", len(t.Names), "at least one")
	b.length("tiers.cuts", len(t.Cuts), len(t.Names)-1)
	checkNames(b, t.Names)
	b.require(t.Hysteresis >= 0 && t.Hysteresis < 1, "tiers.hysteresis", t.Hysteresis, "a share below 1")
	for i, x := range t.Cuts {
		b.finite(at("tiers.cuts", i), x)
		b.require(i == 0 || x <= t.Cuts[i-1], at("tiers.cuts", i), x, "at most the one before")
	}
}

// Of returns the tier of a value; [Unscored] if it is not finite.
func (t *Tiers) Of(value float64) string {
	if !isFinite(value) {
		return Unscored
	}
	return t.Names[t.index(value)]
}

func (t *Tiers) index(value float64) int {
	for i, cut := range t.Cuts {
		if value >= cut {
			return i
		}
	}
	return len(t.Cuts)
}

// Keep returns the tier of a value whose lead was in a tier before: it changes only if the value has passed a cut
// by more than the hysteresis. A lead whose earlier tier is unknown is placed as [Tiers.Of] does.
func (t *Tiers) Keep(value float64, before string) string {
	was := slices.Index(t.Names, before)
	if was < 0 || !isFinite(value) {
		return t.Of(value)
	}
	for i, cut := range t.Cuts {
		margin := t.Hysteresis * math.Abs(cut)
		if i < was && value >= cut+margin || i >= was && value >= cut-margin {
			return t.Names[i]
		}
	}
	return t.Names[len(t.Cuts)]
}
