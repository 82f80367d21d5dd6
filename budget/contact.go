package budget

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Days from hand-off to first contact. Leads that nobody has contacted yet have waited at least until today; leaving
// them out flatters the team. With d_t contacts at wait t and n_t leads that waited at least t (Kaplan & Meier 1958):
//
//	S(t) = Π_u≤t (1 − d_u/n_u)      the share still waiting after t
//
// Its restricted mean to a day is the area under S up to that day.

// Wait is how long a lead has waited.
type Wait struct {
	Days      float64
	Contacted bool // at that time; else it is still waiting
}

// WaitPoint is a step of S.
type WaitPoint struct {
	Days    float64 `json:"days"`
	Waiting float64 `json:"waiting"` // S(t), just after the contacts of that time
}

// Waits is how long leads wait for their first contact.
type Waits struct {
	Leads     int         `json:"leads"`
	Contacted int         `json:"contacted"`
	Curve     []WaitPoint `json:"curve"`
	NaiveMean Figure      `json:"naive_mean"` // over the contacted alone: too short
	longest   float64
}

// WaitTimes estimates S.
func WaitTimes(waits []Wait) (Waits, error) {
	var b bounds
	for i, w := range waits {
		b.amount(at("days", i), w.Days)
	}
	if err := b.err(); err != nil {
		return Waits{}, err
	}
	// Contacts come before the leads that are still waiting at the same time, which are still there to be counted.
	sorted := slices.Clone(waits)
	slices.SortFunc(sorted, func(a, b Wait) int {
		return cmp.Or(cmp.Compare(a.Days, b.Days), cmp.Compare(step(b.Contacted), step(a.Contacted)))
	})
	w := Waits{Leads: len(sorted)}
	total, share := 0.0, 1.0
	for i, x := range sorted {
		w.longest = x.Days
		if !x.Contacted {
			continue
		}
		w.Contacted++
		total += x.Days
		share -= share / float64(len(sorted)-i)
		if n := len(w.Curve); n > 0 && w.Curve[n-1].Days == x.Days {
			w.Curve[n-1].Waiting = share
		} else {
			w.Curve = append(w.Curve, WaitPoint{x.Days, share})
		}
	}
	w.NaiveMean = over(total, float64(w.Contacted), Unmeasured)
	return w, nil
}

// Waiting returns S(t), the share still waiting after so many days. Beyond the longest wait it is [Unmeasured],
// unless nobody is left by then.
func (w Waits) Waiting(days float64) Figure {
	if w.Leads == 0 {
		return Unknown(NoLeads)
	}
	s := 1.0
	for _, p := range w.Curve {
		if p.Days <= days {
			s = p.Waiting
		}
	}
	if days > w.longest && s > 0 {
		return Unknown(Unmeasured)
	}
	return Known(s)
}

// Within returns the share contacted within so many days, such as those of a service agreement.
func (w Waits) Within(days float64) Figure {
	return w.Waiting(days).then(func(s float64) float64 { return 1 - s })
}

// Quantile returns the first day by which a share q has been contacted: 0.5 is the median. It is [Unresolved] if so
// many have not been.
func (w Waits) Quantile(q float64) Figure {
	if w.Leads == 0 {
		return Unknown(NoLeads)
	}
	for _, p := range w.Curve {
		if p.Waiting <= 1-q+1e-12 {
			return Known(p.Days)
		}
	}
	return Unknown(Unresolved)
}

// Mean returns the mean wait up to a day, at which every lead that still waits counts.
func (w Waits) Mean(until float64) Figure {
	if w.Waiting(until).Reason() != "" {
		return w.Waiting(until)
	}
	area, from, s := 0.0, 0.0, 1.0
	for _, p := range w.Curve {
		if p.Days >= until {
			break
		}
		area += s * (p.Days - from)
		from, s = p.Days, p.Waiting
	}
	return Known(area + s*(until-from))
}

// StaleLoss is the value lost by waiting: v·(1 − e^(−κ·days)), where the chance of a sale decays at a rate κ a day.
// κ is confounded unless leads wait by chance: the good ones are called first.
func StaleLoss(v, kappa, days float64) (float64, error) {
	var b bounds
	b.finite("v", v)
	b.amount("κ", kappa)
	b.amount("days", days)
	if err := b.err(); err != nil {
		return 0, err
	}
	return -v * math.Expm1(-kappa*days), nil
}

// Loss is what a lead of value v is expected to lose by its wait: [StaleLoss] over the steps of S. Leads that have
// waited longer than the last contact took lose at least what they would have lost by then. It is [Unmeasured] where
// nobody was contacted.
func (w Waits) Loss(v, kappa float64) (Figure, error) {
	if len(w.Curve) == 0 {
		return Unknown(Unmeasured), nil
	}
	total, before, lost := 0.0, 1.0, 0.0
	for _, p := range w.Curve {
		var err error
		if lost, err = StaleLoss(v, kappa, p.Days); err != nil {
			return Figure{}, err
		}
		total += (before - p.Waiting) * lost
		before = p.Waiting
	}
	return Known(total + before*lost), nil
}

// Workweek is when a team works, to measure waits in business hours.
type Workweek struct {
	Days     [7]bool        // by [time.Weekday]
	From, To time.Duration  // after midnight
	Zone     *time.Location // where the team is
}

// Validate lists what is out of bounds.
func (w Workweek) Validate() error {
	var b bounds
	b.require(slices.Contains(w.Days[:], true), "workweek.days", "none", "at least one")
	b.require(w.From >= 0 && w.From < w.To && w.To <= 24*time.Hour, "workweek.hours", w.From.String()+"–"+w.To.String(), "from before to, within a day")
	b.require(w.Zone != nil, "workweek.zone", "none", "a time zone")
	return b.err()
}

// Between returns the working time between two times; 0 if the second is not later. The workweek must be valid.
// Hours are those of the clock on the wall, also on the days when it is put forward or back.
func (w Workweek) Between(from, to time.Time) time.Duration {
	total := time.Duration(0)
	from, to = from.In(w.Zone), to.In(w.Zone)
	year, month, day := from.Date()
	for d := 0; ; d++ {
		midnight := time.Date(year, month, day+d, 0, 0, 0, 0, w.Zone)
		if !midnight.Before(to) {
			return total
		}
		if next := midnight.Add(week); !midnight.Before(from) && !next.After(to) && sameOffset(midnight, next) {
			total += w.hours()
			d += 6
			continue
		}
		if !w.Days[midnight.Weekday()] {
			continue
		}
		opens, closes := w.clock(midnight, w.From), w.clock(midnight, w.To)
		if opens.Before(from) {
			opens = from
		}
		if closes.After(to) {
			closes = to
		}
		total += max(closes.Sub(opens), 0)
	}
}

// week is one in which the clock is not put forward or back.
const week = 7 * 24 * time.Hour

// hours is the working time of such a week.
func (w Workweek) hours() (total time.Duration) {
	for _, works := range w.Days {
		if works {
			total += w.To - w.From
		}
	}
	return total
}

// sameOffset reports whether the clock stands at the same distance from UTC at both times.
func sameOffset(a, b time.Time) bool {
	_, x := a.Zone()
	_, y := b.Zone()
	return x == y
}

// clock is a time of day on the wall.
func (w Workweek) clock(midnight time.Time, since time.Duration) time.Time {
	y, m, d := midnight.Date()
	return time.Date(y, m, d, 0, 0, 0, int(since), w.Zone)
}
