package budget

import (
	"cmp"
	"slices"
)

// Who is worked in the hours of a period, and what becomes of the rest. Of the leads that a value can be reckoned of,
// that are still alive, and that are not better nurtured, those that bring the most in the hours are worked: in whole
// leads the best set for fewer than 200 of them, and otherwise by e/h as far as the hours go. With μ, the worth of one
// more hour, charged to every hour, the others are
//
//	verify   too little is known: the value cannot be reckoned, or the lead is thin
//	nurture  δ·q·max(p1·m − s − μh, 0) − c_n > 0
//	recycle  worth working, but nobody has the time, or stalled and worth nurturing: back into the pool
//	no       nothing of that: tell it early

// Place is what becomes of a lead.
type Place string

// The places.
const (
	WorkIt    Place = "work"
	VerifyIt  Place = "verify"
	NurtureAt Place = "nurture"
	RecycleIt Place = "recycle"
	No        Place = "no"
)

// Candidate is a lead that may be worked.
type Candidate struct {
	Work            // e = p·m − s and h
	M       float64 // profit of a sale
	Cost    float64 // s, without hours
	Unknown bool    // no value can be reckoned of it
	Thin    bool    // little is known of it: to be verified before it is given up
	Stalled bool    // its time is over, or sales turned it down
}

// Placed is a candidate with what becomes of it.
type Placed struct {
	ID      string  `json:"lead_id"`
	Place   Place   `json:"place"`
	Rank    int     `json:"rank,omitempty"` // in the order of work, from 1
	Profit  float64 `json:"profit"`         // e
	Hours   float64 `json:"hours"`          // h
	Density Figure  `json:"density"`        // e/h
	Later   Figure  `json:"later"`          // worth of nurturing it; [Unmeasured] without assumptions
}

// Dispatched are all candidates, those that are worked first and in their order.
type Dispatched struct {
	Leads  []Placed      `json:"leads"`
	Count  map[Place]int `json:"count"`
	Profit float64       `json:"profit"` // of the leads that are worked
	Used   float64       `json:"hours_used"`
	Idle   float64       `json:"hours_idle"`
	Wanted float64       `json:"hours_wanted"` // by all leads worth working
	Mu     float64       `json:"mu"`           // what one more hour would bring, from the line whose last lead is worked in part
	Proven bool          `json:"proven"`       // no other set of whole leads brings more
}

// Dispatch places candidates for the hours of a period. n may be nil: then nothing is nurtured.
func Dispatch(candidates []Candidate, hours float64, n *Nurture) (*Dispatched, error) {
	var b bounds
	b.amount("hours", hours)
	seen := make(map[string]bool, len(candidates))
	for _, c := range candidates {
		b.require(!seen[c.ID], "lead", c.ID, "an id of its own")
		seen[c.ID] = true
		if !c.Unknown {
			b.finite("profit of lead "+c.ID, c.Profit)
			b.finite("m of lead "+c.ID, c.M)
			b.amount("cost of lead "+c.ID, c.Cost)
		}
	}
	if n != nil {
		n.check(&b)
	}
	if err := b.err(); err != nil {
		return nil, err
	}
	var work []Work
	for _, c := range candidates {
		if !c.Unknown && !c.Stalled && c.Profit >= c.later(n, 0) {
			work = append(work, c.Work)
		}
	}
	queue, err := LineWhole(work, hours)
	if err != nil {
		return nil, err
	}
	d := &Dispatched{Leads: []Placed{}, Count: make(map[Place]int), Profit: queue.Profit, Used: queue.Used, Idle: queue.Idle, Mu: queue.Mu, Proven: queue.Proven}
	for _, w := range work {
		if w.Profit > 0 {
			d.Wanted += w.Hours
		}
	}
	rank := make(map[string]int, len(queue.Leads))
	for i, w := range queue.Leads {
		rank[w.ID] = i + 1
	}
	d.place(candidates, rank, n)
	return d, nil
}

// later is the worth of nurturing a lead when an hour is charged at μ.
func (c *Candidate) later(n *Nurture, mu float64) float64 {
	if n == nil {
		return 0
	}
	return max(n.Delay*n.Q*max(n.P1*c.M-c.Cost-mu*c.Hours, 0)-n.Cost, 0)
}

func (d *Dispatched) place(candidates []Candidate, rank map[string]int, n *Nurture) {
	for i := range candidates {
		c := &candidates[i]
		p := Placed{ID: c.ID, Rank: rank[c.ID], Profit: c.Profit, Hours: c.Hours, Density: over(c.Profit, c.Hours, NoSales), Later: Unknown(Unmeasured)}
		if c.Unknown {
			p.Profit, p.Density = 0, Unknown(Unmeasured)
		} else if n != nil {
			p.Later = Known(c.later(n, d.Mu))
		}
		p.Place = c.placed(p.Rank > 0, n, d.Mu)
		d.Count[p.Place]++
		d.Leads = append(d.Leads, p)
	}
	order := []Place{WorkIt, VerifyIt, NurtureAt, RecycleIt, No}
	slices.SortFunc(d.Leads, func(a, b Placed) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Place), slices.Index(order, b.Place)), cmp.Compare(a.Rank, b.Rank),
			cmp.Compare(b.Profit, a.Profit), cmp.Compare(a.ID, b.ID))
	})
}

func (c *Candidate) placed(worked bool, n *Nurture, mu float64) Place {
	later := !c.Unknown && c.later(n, mu) > 0
	switch {
	case worked:
		return WorkIt
	case c.Unknown, c.Thin && !c.Stalled:
		return VerifyIt
	case later && c.Stalled:
		return RecycleIt
	case later:
		return NurtureAt
	case c.Profit > 0 && !c.Stalled:
		return RecycleIt
	}
	return No
}
