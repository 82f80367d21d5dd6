package datasets

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// sampleEpoch is the month from which the drift of volume and mix is counted; it runs for sampleMonths and goes
// on at the same pace for a quarter of that.
var sampleEpoch = time.Date(2024, time.July, 1, 0, 0, 0, 0, time.UTC)

const (
	sampleMonths = 24
	driftEnd     = 1.25
	growth       = .45 // of the volume over the drift
	burstSpread  = .25 // sd of the logarithm of a source's monthly luck
	calendarSeed = 20240701
)

// sampleCalendar says when leads of a window are created, and what is going on then.
type sampleCalendar struct {
	start  int64     // seconds since 1970
	volume []float64 // volume[h] is the volume before hour h of the window; the last entry is all of it
	month  []int     // of each hour: the index in months
	months []sampleMonth
}

// sampleMonth is what a calendar month is like.
type sampleMonth struct {
	name      string                                          // 2024-07
	sources   [len(sampleSources)]float64                     // cumulative shares
	campaigns [len(sampleSources)][campaignsPerSource]float64 // cumulative shares
	price     [len(sampleSources)]float64                     // mean cost of a lead
}

var (
	hourVolume = [24]float64{.2, .15, .1, .1, .15, .3, .6, 1, 1.6, 2.1, 2.3, 2.2, 1.8, 2, 2.2, 2.1, 1.9, 1.5, 1.1, .8, .7, .6, .4, .3}
	dayVolume  = [7]float64{.3, 1.05, 1.15, 1.1, 1.05, .9, .3} // Sunday first
)

func newSampleCalendar(start, end time.Time) *sampleCalendar {
	c := &sampleCalendar{start: start.Unix(), volume: []float64{0}}
	for at := start; at.Before(end); at = at.Add(time.Hour) {
		if name := at.Format("2006-01"); len(c.months) == 0 || c.months[len(c.months)-1].name != name {
			c.months = append(c.months, newSampleMonth(at))
		}
		hour := hourVolume[at.Hour()] * dayVolume[at.Weekday()] * volumeAt(drift(at))
		c.volume = append(c.volume, c.volume[len(c.volume)-1]+hour)
		c.month = append(c.month, len(c.months)-1)
	}
	return c
}

// at returns the second at which the share q of the window's leads has been created, and the month's index.
func (c *sampleCalendar) at(q float64) (second int64, month int) {
	total := c.volume[len(c.volume)-1]
	hour, exact := slices.BinarySearch(c.volume, q*total)
	if !exact {
		hour--
	}
	hour = min(max(hour, 0), len(c.month)-1)
	part := (q*total - c.volume[hour]) / (c.volume[hour+1] - c.volume[hour])
	return c.start + int64(hour)*3600 + int64(min(max(part, 0), 1)*3599), c.month[hour]
}

// drift returns how far the drift has gone: 0 at the epoch, 1 after sampleMonths.
func drift(at time.Time) float64 {
	months := float64(monthsSinceEpoch(at)) + float64(at.Day()-1)/31
	return min(max(months/sampleMonths, 0), driftEnd)
}

func monthsSinceEpoch(at time.Time) int {
	return (at.Year()-sampleEpoch.Year())*12 + int(at.Month()) - int(sampleEpoch.Month())
}

func volumeAt(drift float64) float64 { return 1 + growth*drift }

// newSampleMonth mixes the sources by their drift, the season and luck, and prices their leads: since leads grow
// as spend^elasticity, a month of twice the usual leads costs 2^(1/elasticity) times the usual spend.
func newSampleMonth(at time.Time) sampleMonth {
	middle := time.Date(at.Year(), at.Month(), 15, 0, 0, 0, 0, time.UTC)
	months, d := monthsSinceEpoch(at), drift(middle)
	m := sampleMonth{name: at.Format("2006-01")}
	total := 0.0
	for s := range sampleSources {
		m.sources[s] = sampleSources[s].shareAt(middle, d, s)
		total += m.sources[s]
		m.campaigns[s] = sampleSources[s].campaignsAt(months)
	}
	for s := range sampleSources {
		source := &sampleSources[s]
		m.sources[s] /= total
		usual := m.sources[s] * volumeAt(d) / source.share[0]
		m.price[s] = source.cost * math.Pow(usual, 1/source.elasticity-1)
	}
	cumulate(m.sources[:])
	return m
}

// shareAt returns the source's share of the leads, up to a factor common to all.
func (s *sampleSource) shareAt(at time.Time, drift float64, index int) float64 {
	luck := rand.New(rand.NewPCG(calendarSeed, uint64(monthsSinceEpoch(at)*len(sampleSources)+index))).NormFloat64()
	share := (s.share[0] + (s.share[1]-s.share[0])*drift) * math.Exp(burstSpread*luck)
	if !s.fairs {
		return share
	}
	switch at.Month() {
	case time.March, time.April, time.May, time.September, time.October:
		return share * 1.4
	}
	return share * .75
}

// campaignsAt returns the cumulative shares of the campaigns that are active in the month.
func (s *sampleSource) campaignsAt(month int) (shares [campaignsPerSource]float64) {
	total := 0.0
	for k, c := range s.campaigns {
		if month >= c.from && month < c.until || c.from == 0 && month < 0 {
			shares[k] = c.share
			total += c.share
		}
	}
	for k := range shares {
		shares[k] /= total
	}
	cumulate(shares[:])
	return shares
}

// cumulate turns shares into their running sums; the last becomes 1 to the bit.
func cumulate(shares []float64) {
	for k := 1; k < len(shares); k++ {
		shares[k] += shares[k-1]
	}
	shares[len(shares)-1] = 1
}

// pickShare returns the first position whose cumulative share exceeds u.
func pickShare(cumulative []float64, u float64) int {
	for k, c := range cumulative {
		if u < c {
			return k
		}
	}
	return len(cumulative) - 1
}
