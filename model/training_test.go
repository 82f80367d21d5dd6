package model

import "testing"

func TestValueMethod(t *testing.T) {
	for want, v := range map[string]ValueSummary{
		"":                               {Kind: ValueNone},
		"one mean for all sales":         {Kind: ValueMean},
		"the mean by source":             {Kind: ValueMean, Features: 1},
		"ridge regression on log profit": {Kind: ValueLogRidge},
		"Gamma regression":               {Kind: ValueGamma},
		"Tweedie regression":             {Kind: ValueTweedie},
	} {
		if got := v.Method(); got != want {
			t.Errorf("%s is called %q, want %q", v.Kind, got, want)
		}
	}
}
