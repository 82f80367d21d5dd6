package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Where no column says when leads converted and nobody says until when outcomes are known (as_of), the latest creation is
// the least that it can be: a table may have been written long after. The newest leads tell. Where they converted at
// settledRate of the rate of the others, outcomes have come in, and no lead is too young. Were outcomes known only until the
// latest creation, the newest, which have had a third of the horizon at most, would have converted the less. They are as
// many as it takes to expect settledLeast conversions of them: fewer could not tell.
//
// Note: of leads that have had a third of their chance, 18 conversions where 30 are expected are seen 1.4 times in 100.
// Where conversions take hours, the newest leads have had all of it, too, and that is right.
const (
	settledLeast = 30
	settledRate  = 0.6
)

// settled says that the outcomes of leads younger than the horizon have come in, and by what; "" if that cannot be told.
func (c *clock) settled(won []uint8) string {
	rows := make([]int32, 0, len(won))
	all := 0.0
	latest := int64(features.NoTime)
	for r, at := range c.created {
		latest = max(latest, at)
		switch {
		case won[r] == open: // they say themselves what is not decided
			return ""
		case at != features.NoTime:
			rows = append(rows, int32(r))
			all += float64(won[r])
		}
	}
	newest := int(math.Ceil(settledLeast * float64(len(rows)) / max(all, 1)))
	if c.at != nil || latest != c.asOf || 2*newest > len(rows) {
		return ""
	}
	slices.SortStableFunc(rows, func(a, b int32) int { return cmp.Compare(c.created[b], c.created[a]) })
	if 3*(c.asOf-c.created[rows[newest-1]]) > c.horizon {
		return ""
	}
	seen := 0.0
	for _, r := range rows[:newest] {
		seen += float64(won[r])
	}
	young, old := seen/float64(newest), (all-seen)/float64(len(rows)-newest)
	if young < settledRate*old {
		return ""
	}
	return fmt.Sprintf("conversions have no date, and the newest %s leads converted at %.2f %%, the others at %.2f %%: outcomes are taken to have come in, and no lead is too young; as_of (the day until which they are known) or outcome.at says otherwise",
		budget.Count(newest), 100*young, 100*old)
}
