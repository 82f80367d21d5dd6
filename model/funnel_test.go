package model

import (
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// Where no lead is known to be lost, the rate of the resolved is unknown, not 100 %.
func TestLosslessFunnel(t *testing.T) {
	for name, c := range map[string]struct {
		lost  float64
		known bool
	}{"some lost": {10, true}, "none lost": {0, false}} {
		rate := budget.Known(40 / max(40+c.lost, 1))
		leak := budget.Leak{Entered: 100, Progressed: 40, Lost: c.lost, Open: 60 - c.lost, Rate: rate, Low: rate, High: rate, RawRate: budget.Known(0.4)}
		f := &Funnel{Leaks: []budget.Leak{leak}, BySource: []budget.Leak{leak}}
		f.forgetRates()
		for _, l := range append(f.Leaks, f.BySource...) {
			_, rate := l.Rate.Value()
			_, low := l.Low.Value()
			if _, raw := l.RawRate.Value(); rate != c.known || low != c.known || !raw {
				t.Errorf("%s: rate %v, raw rate %v", name, l.Rate, l.RawRate)
			}
		}
	}
}
