package model

import (
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// Buyers at one list price bring what they brought before; they are not too few to say so.
func TestNewBuyersAtOnePrice(t *testing.T) {
	for want, latest := range map[string][]float64{"; no change": {1000, 1000, 1000}, "; too few to tell a change from chance": {900}} {
		drift, err := budget.Compare(latest, []float64{1000, 1000, 1000, 1000})
		if err != nil {
			t.Fatal(err)
		}
		b := &NewBuyers{Drift: drift}
		if b.say("USD"); !strings.HasSuffix(b.Words, want) {
			t.Errorf("%v: %q, want %q", latest, b.Words, want)
		}
	}
}
