package golearn

import (
	"fmt"

	"github.com/sjwhitworth/golearn/evaluation"
)

// Counts says how many leads were labelled right and wrong at a threshold.
type Counts struct {
	WonAsWon, WonAsLost   int // converted, and labelled so or not
	LostAsWon, LostAsLost int // not converted
}

// Count labels leads by their probabilities of converting and compares the labels with what became of them.
func Count(probabilities []float64, converted []bool, threshold float64) (Counts, error) {
	var c Counts
	if len(probabilities) != len(converted) {
		return c, fmt.Errorf("golearn: count: %d probabilities of %d outcomes", len(probabilities), len(converted))
	}
	for i, p := range probabilities {
		switch labelled := p >= threshold; {
		case converted[i] && labelled:
			c.WonAsWon++
		case converted[i]:
			c.WonAsLost++
		case labelled:
			c.LostAsWon++
		default:
			c.LostAsLost++
		}
	}
	return c, nil
}

// Confusion returns the counts as golearn's confusion matrix, with the given names of the two classes. As in
// golearn's own, a class that no lead has is not there.
func (c Counts) Confusion(lost, won string) evaluation.ConfusionMatrix {
	m := evaluation.ConfusionMatrix{}
	add := func(class, label string, count int) {
		if count == 0 {
			return
		}
		if m[class] == nil {
			m[class] = map[string]int{}
		}
		m[class][label] = count
	}
	add(won, won, c.WonAsWon)
	add(won, lost, c.WonAsLost)
	add(lost, won, c.LostAsWon)
	add(lost, lost, c.LostAsLost)
	return m
}

// Report prints a confusion matrix and golearn's figures on it. golearn prints the classes in no fixed order, and
// NaN for the precision of a class that was never given.
func Report(m evaluation.ConfusionMatrix) string {
	return evaluation.ShowConfusionMatrix(m) + "\n" + evaluation.GetSummary(m)
}
