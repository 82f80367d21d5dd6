package model

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// NewBuyers compares what first-time buyers of the last quarter brought with those of the year before it: a fall is an
// early sign of a fall of revenue.
type NewBuyers struct {
	budget.Drift
	Since string `json:"since"` // start of the last quarter, RFC 3339
	Words string `json:"words"`
}

// newBuyers is nil where there is nothing to compare.
func (x *economist) newBuyers() (*NewBuyers, error) {
	if x.journeys == nil {
		return nil, nil
	}
	middle := x.clock.asOf.Add(-quarter)
	start := middle.Add(-4 * quarter)
	var latest, earlier []float64
	for _, sale := range budget.FirstPurchases(x.journeys, x.clock.asOf) {
		switch {
		case sale.At.After(middle):
			latest = append(latest, sale.Profit)
		case sale.At.After(start):
			earlier = append(earlier, sale.Profit)
		}
	}
	if len(latest) == 0 || len(earlier) == 0 {
		return nil, nil
	}
	drift, err := budget.Compare(latest, earlier)
	if err != nil {
		return nil, fmt.Errorf("model: economics: new buyers: %w", err)
	}
	b := &NewBuyers{Drift: drift, Since: features.FormatTime(middle.UnixMicro())}
	b.say(x.m.policy.Currency)
	return b, nil
}

func (b *NewBuyers) say(c budget.Currency) {
	latest, _ := b.Latest.Value()
	earlier, _ := b.Earlier.Value()
	b.Words = fmt.Sprintf("%s first purchases of the last quarter brought %s each, %s of the four quarters before %s",
		budget.Count(b.LatestN), c.Format(math.Round(latest)), budget.Count(b.EarlierN), c.Format(math.Round(earlier)))
	z, known := b.Z.Value()
	ratio, _ := b.Ratio.Value()
	switch {
	case !known && latest == earlier:
		b.Words += "; no change"
	case !known:
		b.Words += "; too few to tell a change from chance"
	case !b.Warning:
		b.Words += fmt.Sprintf("; typical ones %+.0f %% (z %+.1f): no more than chance", 100*(ratio-1), z)
	case ratio < 1:
		b.Words += fmt.Sprintf("; typical ones are worth %.0f %% less (z %+.1f): an early sign that revenue will fall", 100*(1-ratio), z)
	default:
		b.Words += fmt.Sprintf("; typical ones are worth %.0f %% more (z %+.1f)", 100*(ratio-1), z)
	}
}
