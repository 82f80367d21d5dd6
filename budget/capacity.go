package budget

import (
	"cmp"
	"slices"
)

// Whom to work first when hours are scarce. A lead brings e = p·m − s if it is worked, its price being sunk, and
// takes h hours. Working by e/h, best first, and never for e ≤ 0, is optimal if the last lead may be worked in part;
// its density e/h is the shadow price of an hour, μ. A team whose hour costs less than μ should grow. In whole leads
// the best is at most one lead worse.

// Work is a lead that may be worked.
type Work struct {
	ID     string
	Profit float64 // e = p·m − s
	Hours  float64 // h ≥ 0
}

// Worked is a lead of the queue.
type Worked struct {
	ID      string  `json:"id"`
	Part    float64 `json:"part"`    // 1, or less for the last one
	Density Figure  `json:"density"` // e/h; [NoSales] if it takes no hours
}

// Queue is the order of work.
type Queue struct {
	Leads  []Worked `json:"leads"`
	Profit float64  `json:"profit"`
	Used   float64  `json:"hours_used"`
	Idle   float64  `json:"hours_idle"`
	Mu     float64  `json:"mu"`     // what one more hour would bring; 0 if there is no work for it
	Left   int      `json:"left"`   // leads worth working that nobody gets to
	Below  int      `json:"below"`  // leads not worth working
	Whole  bool     `json:"whole"`  // no lead is worked in part
	Proven bool     `json:"proven"` // the profit is the largest possible
}

// Line orders the work for the hours of a period; equal densities by ID.
func Line(work []Work, hours float64) (Queue, error) {
	worth, below, err := worthwhile(work, hours)
	if err != nil {
		return Queue{}, err
	}
	q := Queue{Below: below, Whole: true, Proven: true}
	rest := hours
	for _, w := range worth {
		part := 1.0
		if w.Hours > rest {
			part = rest / w.Hours
		}
		if part < 1 && q.Mu == 0 {
			q.Mu = w.Profit / w.Hours
		}
		if part == 0 || q.Left > 0 {
			q.Left++
			continue
		}
		q.take(w, part)
		rest -= part * w.Hours
		if part < 1 {
			q.Left, q.Whole, rest = q.Left+1, false, 0
		}
	}
	q.Idle = max(hours-q.Used, 0)
	return q, nil
}

func (q *Queue) take(w Work, part float64) {
	q.Leads = append(q.Leads, Worked{ID: w.ID, Part: part, Density: over(w.Profit, w.Hours, NoSales)})
	q.Profit += part * w.Profit
	q.Used += part * w.Hours
}

// worthwhile returns the leads with e > 0, densest first.
func worthwhile(work []Work, hours float64) (worth []Work, below int, err error) {
	var b bounds
	b.amount("hours", hours)
	for _, w := range work {
		b.finite("profit of lead "+w.ID, w.Profit)
		b.amount("hours of lead "+w.ID, w.Hours)
		if w.Profit > 0 {
			worth = append(worth, w)
		}
	}
	if err := b.err(); err != nil {
		return nil, 0, err
	}
	slices.SortFunc(worth, func(a, b Work) int {
		return cmp.Or(cmp.Compare(b.Profit/b.Hours, a.Profit/a.Hours), cmp.Compare(b.Profit, a.Profit), cmp.Compare(a.ID, b.ID))
	})
	return worth, len(work) - len(worth), nil
}

// The limits of the exact search for whole leads.
const (
	wholeLeads = 200
	wholeNodes = 2_000_000
)

// LineWhole is [Line] without a lead worked in part: the exact optimum where all leads take the same hours, and for
// fewer than 200 leads, by branch and bound. With more, or if the search is cut off, it is the best found and Proven is false.
func LineWhole(work []Work, hours float64) (Queue, error) {
	worth, below, err := worthwhile(work, hours)
	if err != nil {
		return Queue{}, err
	}
	search := knapsack{work: worth, hours: hours, taken: make([]bool, len(worth)), best: make([]bool, len(worth))}
	search.greedy()
	proven := sameHours(worth) || len(worth) < wholeLeads && search.branch(0, 0, 0)
	q := Queue{Below: below, Whole: true, Proven: proven}
	for i, w := range worth {
		if search.best[i] {
			q.take(w, 1)
		}
	}
	fractional, _ := Line(work, hours)
	q.Mu, q.Left, q.Idle = fractional.Mu, len(worth)-len(q.Leads), max(hours-q.Used, 0)
	return q, nil
}

// sameHours reports whether all leads take the same hours: the first of the line are then the best set.
func sameHours(work []Work) bool {
	for _, w := range work {
		if w.Hours != work[0].Hours {
			return false
		}
	}
	return true
}

// knapsack searches subsets of work in the order of density.
type knapsack struct {
	work        []Work
	hours       float64
	taken, best []bool
	profit      float64 // of best
	nodes       int
}

// greedy fills the hours in order and is the first best.
func (k *knapsack) greedy() {
	used := 0.0
	for i, w := range k.work {
		if used+w.Hours <= k.hours {
			k.best[i] = true
			k.profit += w.Profit
			used += w.Hours
		}
	}
}

// branch decides on lead i and those after it; it returns false if it was cut off.
func (k *knapsack) branch(i int, used, profit float64) bool {
	if k.nodes++; k.nodes > wholeNodes {
		return false
	}
	if profit > k.profit {
		k.profit = profit
		copy(k.best, k.taken)
	}
	if i == len(k.work) || profit+k.bound(i, k.hours-used) <= k.profit*(1+1e-12) {
		return true
	}
	if w := k.work[i]; used+w.Hours <= k.hours {
		k.taken[i] = true
		done := k.branch(i+1, used+w.Hours, profit+w.Profit)
		k.taken[i] = false
		if !done {
			return false
		}
	}
	return k.branch(i+1, used, profit)
}

// bound is the most that the leads from i on can bring in the rest of the hours, the last in part.
func (k *knapsack) bound(i int, rest float64) float64 {
	total := 0.0
	for _, w := range k.work[i:] {
		if w.Hours > rest {
			return total + w.Profit*rest/w.Hours
		}
		total += w.Profit
		rest -= w.Hours
	}
	return total
}

// Load is how a team keeps up with its leads.
type Load struct {
	Utilization Figure  `json:"utilization"` // arrivals/capacity
	Wait        Figure  `json:"wait"`        // days until a lead that arrives now is worked (Little's law)
	Growth      float64 `json:"growth"`      // of the backlog, leads a day; negative if it shrinks
	Overloaded  bool    `json:"overloaded"`  // it grows for ever
}

// Workload returns how a team that works capacity leads a day keeps up with arrivals a day, with so many waiting.
func Workload(arrivals, capacity, waiting float64) (Load, error) {
	var b bounds
	b.amount("arrivals", arrivals)
	b.amount("capacity", capacity)
	b.amount("waiting", waiting)
	if err := b.err(); err != nil {
		return Load{}, err
	}
	l := Load{Utilization: over(arrivals, capacity, NoLeads), Growth: arrivals - capacity, Overloaded: arrivals > capacity}
	l.Wait = over(waiting, capacity, OutOfReach)
	if waiting == 0 {
		l.Growth = max(l.Growth, 0)
	}
	return l, nil
}
