package model

import (
	"fmt"
	"strings"
)

// reasonText says a reason in words: what the value does to the probability and to the money.
func reasonText(r *Reason, currency string) string {
	verb := "raises"
	switch {
	case r.LogOdds == 0:
		return fmt.Sprintf("%s = %s makes no difference", words(r.Feature), r.Value)
	case r.LogOdds < 0:
		verb = "lowers"
	}
	text := fmt.Sprintf("%s = %s %s the probability by %.2f points", words(r.Feature), r.Value, verb, 100*abs(r.Probability))
	if r.ExpectedValue != nil {
		text += fmt.Sprintf(" (%+.2f %s)", *r.ExpectedValue, currency)
	}
	return strings.TrimSpace(text)
}

// words turns a column name into words.
func words(column string) string { return strings.NewReplacer("_", " ", ".", " ").Replace(column) }

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}
