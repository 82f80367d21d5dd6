package report

import (
	"slices"
	"testing"

	"github.com/leadscore/leadscore/model"
)

// Of many curves the fastest, the one of most conversions and the slowest are drawn; none that rests on nothing.
func TestLagLines(t *testing.T) {
	curves := []model.Lag{
		{Conversions: 0, Median: 1, P90: 200}, {Conversions: 9, Median: 20, P90: 60}, {Conversions: 50, Median: 25, P90: 70},
		{Conversions: 8, Median: 45, P90: 90}, {Conversions: 7, Median: 30, P90: 80},
	}
	if got := lagLines(curves); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("of five curves %v", got)
	}
	if got := lagLines(curves[:3]); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("of two that rest on conversions %v", got)
	}
	if got := lagLines(curves[:1]); !slices.Equal(got, []int{0}) {
		t.Errorf("of a single one %v", got)
	}
}
