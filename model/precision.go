package model

import (
	"fmt"

	"github.com/leadscore/leadscore/budget"
)

// A value is known well enough for a cap of two digits where it is known to within closeEnough of itself with
// probability surely.
const (
	closeEnough = 0.2
	surely      = 0.95
)

// needed is how many leads with a known outcome it takes to know the value of a group well: leads that come in accounts and
// with weights as these do.
func needed(mature int, e budget.Evidence) (budget.Figure, error) {
	n, err := e.LeadsFor(closeEnough, surely)
	if x, known := n.Value(); known && err == nil {
		return budget.Known(x * float64(mature) / e.Leads), nil
	}
	return n, err
}

// TooFewWords names the groups that are too small to say more of, "" if none is.
func (e *Economics) TooFewWords() string {
	var few []string
	for i := range e.Rows {
		if r := &e.Rows[i]; r.Few {
			few = append(few, fmt.Sprintf("%s (%s)", r.Value, budget.Count(r.Leads)))
		}
	}
	return someNames(few)
}

// PrecisionWords says of which groups the outcomes are too few for a cap of two digits, and how many it would take; "" if
// of none. Groups of few leads are left out: little can be said of them anyway.
func (e *Economics) PrecisionWords() string {
	var short []string
	for i := range e.Rows {
		r := &e.Rows[i]
		if n, known := r.Needed.Value(); known && !r.Few && float64(r.Mature) < n {
			short = append(short, fmt.Sprintf("%s %s of %s", r.Value, budget.Count(r.Mature), budget.Count(n)))
		}
	}
	if len(short) == 0 {
		return ""
	}
	return fmt.Sprintf("leads with a known outcome, of as many as it takes to know their value to within %s, %.0f times in 20: %s",
		budget.Percent(closeEnough), 20*surely, someNames(short))
}
