package datasets

import (
	"math"
	"testing"
	"time"
)

// The drawn leads of each month lie on the source's response to what was spent in it.
func TestSampleLeadsFollowTheirResponse(t *testing.T) {
	o := sampleOptions(60_000, 31)
	d := drawSample(t, o)
	type cell struct{ leads, spend float64 }
	months := map[string]map[string]*cell{}
	for row, cost := range d.leads.Columns[colCost].Floats {
		source := sampleSources[d.source(row)].name
		month := time.UnixMicro(d.leads.Columns[colCreatedAt].Times[row]).UTC().Format("2006-01")
		if months[source] == nil {
			months[source] = map[string]*cell{}
		}
		c := months[source][month]
		if c == nil {
			c = &cell{}
			months[source][month] = c
		}
		c.leads, c.spend = c.leads+1, c.spend+cost
	}
	responses := o.Responses()
	if len(responses) != 8 {
		t.Fatalf("%d sources cost something", len(responses))
	}
	for _, r := range responses {
		off, n := 0.0, 0.0
		for _, c := range months[r.Source] {
			miss := math.Log(c.leads / (r.A * math.Pow(c.spend, r.B)))
			if math.Abs(miss) > 0.35 {
				t.Errorf("%s: a month has %v leads for %v, the response says %v", r.Source, c.leads, c.spend, r.A*math.Pow(c.spend, r.B))
			}
			off, n = off+miss, n+1
		}
		sampleBetween(t, "mean distance from the response of "+r.Source, off/n, -.04, .04)
	}
}
