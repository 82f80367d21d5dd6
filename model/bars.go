package model

import "github.com/leadscore/leadscore/budget"

// Bar is what a bar on the probability lets through in a month, of leads such as those of the last quarter.
type Bar struct {
	Probability  float64 `json:"probability"`
	Leads        float64 `json:"leads"`
	Share        float64 `json:"share"` // of the leads
	ExpectedWins float64 `json:"expected_wins"`
	Hours        float64 `json:"hours,omitempty"` // that working them takes
}

// bars are where the bar may be set.
var bars = []float64{0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5}

// barCurve says how the volume answers to the bar; nil without a creation time, and up to where no lead is left.
func (x *economist) barCurve() (curve []Bar) {
	if x.journeys == nil {
		return nil
	}
	var p []float64
	for _, r := range x.recent() {
		p = append(p, x.money.Probability[r])
	}
	for _, point := range budget.BarCurve(p, bars) {
		if point.Leads == 0 {
			break
		}
		month := float64(point.Leads) / monthsOfQuarter
		curve = append(curve, Bar{Probability: point.Bar, Leads: month, Share: float64(point.Leads) / float64(len(p)),
			ExpectedWins: point.ExpectedWins / monthsOfQuarter, Hours: month * x.m.policy.HoursPerLead})
	}
	return curve
}
