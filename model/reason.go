package model

import (
	"fmt"
	"math"
	"strings"

	"github.com/leadscore/leadscore/budget"
)

// reasonText says a reason in words: what the value does to the probability and to the money.
func reasonText(r *Reason, currency string) string {
	verb := "raises"
	if r.Feature == TogetherReason {
		return togetherText(r, currency)
	}
	switch {
	case r.LogOdds == 0 && r.ExpectedValue != nil && *r.ExpectedValue != 0:
		return fmt.Sprintf("%s = %s changes only what a sale is worth (%s)", words(r.Feature), r.Value, signedMoney(*r.ExpectedValue, currency))
	case r.LogOdds == 0:
		return fmt.Sprintf("%s = %s makes no difference", words(r.Feature), r.Value)
	case r.LogOdds < 0:
		verb = "lowers"
	}
	text := fmt.Sprintf("%s = %s %s the probability by %.2f points", words(r.Feature), r.Value, verb, 100*math.Abs(r.Probability))
	if r.ExpectedValue != nil {
		text += fmt.Sprintf(" (%s)", signedMoney(*r.ExpectedValue, currency))
	}
	return text
}

// togetherText says in words what features add together.
func togetherText(r *Reason, currency string) string {
	how := "more"
	if r.LogOdds < 0 {
		how = "less"
	}
	text := fmt.Sprintf("all of it together makes a conversion %s likely than the effects add up to, by %.2f points", how, 100*math.Abs(r.Probability))
	if r.ExpectedValue != nil {
		text += fmt.Sprintf(" (%s)", signedMoney(*r.ExpectedValue, currency))
	}
	return text
}

// signedMoney writes an amount with its sign.
func signedMoney(x float64, currency string) string {
	return strings.TrimSpace(budget.Currency(currency).SignedPlain(x) + " " + currency)
}

// inWords turns the separators of a column's name into blanks.
var inWords = strings.NewReplacer("_", " ", ".", " ")

// words turns a column name into words.
func words(column string) string { return inWords.Replace(column) }
