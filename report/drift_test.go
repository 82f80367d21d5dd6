package report

import (
	"strings"
	"testing"
)

// The page says in words what moved, how far the probabilities were off, and how much of it the mix of leads explains.
func TestDriftIsSaid(t *testing.T) {
	page := written(t, sampleTraining(4), DefaultOptions())
	for _, want := range []string{
		"Over 5 origins the AUC lies between 0.670 and 0.750",
		"farthest off on 2025-05-01 to 2025-05-28, where 6.3" + space + "% was predicted and 12.0" + space + "% came",
		"The base rate went from 6.5" + space + "% before the holdout to 12.0" + space + "% in it; by the mix of leads the model expected 7.1" + space + "%",
		"The mix of source has moved most (PSI 0.31): fair &lt;1&gt; went from 2.0" + space + "% of the leads to 31.0" + space + "%",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, id := range []string{"origins-plot", "mix-plot"} {
		if !strings.Contains(page, id) {
			t.Errorf("no picture %q", id)
		}
	}
}
