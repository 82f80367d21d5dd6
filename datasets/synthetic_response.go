package datasets

import (
	"math"
	"time"
)

// SyntheticResponse is how the leads of a source answer to spend: in a month of the usual length, A·spend^B on average.
// Sources without a cost have none.
type SyntheticResponse struct {
	Source string  `json:"source"`
	A      float64 `json:"a"`
	B      float64 `json:"b"`
}

// Responses returns the response of each source that costs something. With usual leads L of a month, those of the
// source's first share, at c each, a month of u·L leads costs L·c·u^(1/elasticity), so that leads are
// L·(spend/(L·c))^elasticity: the months of the sample lie on that curve, but for chance and their length.
func (o SyntheticOptions) Responses() []SyntheticResponse {
	start, end := o.Start.UTC(), o.End().UTC()
	calendar := newSampleCalendar(start, end)
	hours := 0.0
	for at := start; at.Before(end); at = at.Add(time.Hour) {
		hours += hourVolume[at.Hour()] * dayVolume[at.Weekday()]
	}
	usual := float64(o.Rows) * hours / float64(len(calendar.months)) / calendar.volume[len(calendar.volume)-1]
	var responses []SyntheticResponse
	for i := range sampleSources {
		s := &sampleSources[i]
		if s.cost == 0 {
			continue
		}
		leads := usual * s.share[0]
		responses = append(responses, SyntheticResponse{s.name, math.Pow(leads, 1-s.elasticity) * math.Pow(s.cost, -s.elasticity), s.elasticity})
	}
	return responses
}
