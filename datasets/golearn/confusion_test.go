package golearn

import (
	"strings"
	"testing"

	"github.com/sjwhitworth/golearn/evaluation"
)

func TestCount(t *testing.T) {
	c, err := Count([]float64{0.9, 0.5, 0.4, 0.6, 0.1}, []bool{true, true, true, false, false}, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Counts{WonAsWon: 2, WonAsLost: 1, LostAsWon: 1, LostAsLost: 1}); c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	if _, err := Count([]float64{0.5}, nil, 0.5); err == nil {
		t.Error("a probability without an outcome")
	}
}

// Twelve dogs, eight of them found; eight cats, five of them taken for dogs.
func TestConfusionIsGolearns(t *testing.T) {
	m := Counts{WonAsWon: 8, WonAsLost: 4, LostAsWon: 5, LostAsLost: 3}.Confusion("cat", "dog")
	for name, got := range map[string][2]float64{
		"true positives":  {evaluation.GetTruePositives("dog", m), 8},
		"false positives": {evaluation.GetFalsePositives("dog", m), 5},
		"false negatives": {evaluation.GetFalseNegatives("dog", m), 4},
		"true negatives":  {evaluation.GetTrueNegatives("dog", m), 3},
		"precision":       {evaluation.GetPrecision("dog", m), 8.0 / 13},
		"recall":          {evaluation.GetRecall("dog", m), 8.0 / 12},
		"accuracy":        {evaluation.GetAccuracy(m), 11.0 / 20},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %v, want %v", name, got[0], got[1])
		}
	}
	for _, want := range []string{"cat", "dog", "Overall accuracy: 0.5500"} {
		if !strings.Contains(Report(m), want) {
			t.Errorf("the report lacks %q:\n%s", want, Report(m))
		}
	}
}
