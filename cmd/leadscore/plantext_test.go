package main

import (
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// An end of a doubt at which the plan's bounds leave no answer is not one that changes nothing.
func TestTornadoSaysWhatIsNotPossible(t *testing.T) {
	var text strings.Builder
	describeTornado(&text, []budget.TornadoRow{{Name: "rate", Low: budget.Unknown(budget.OutOfReach), High: budget.Known(120)}}, "USD")
	if got := strings.Fields(text.String()[strings.Index(text.String(), "rate"):]); strings.Join(got, " ") != "rate not possible +$120" {
		t.Errorf("%q", got)
	}
}
