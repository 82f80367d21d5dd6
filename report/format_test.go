package report

import (
	"math"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/model"
)

func TestNumbersAreWritten(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{fixed(1234567.891, 2), "1,234,567.89"},
		{fixed(-0.5, 1), "−0.5"},
		{fixed(-0.0001, 2), "0.00"},
		{fixed(999, 0), "999"},
		{fixed(math.NaN(), 2), none},
		{count(41188), "41,188"},
		{count(12.25), "12.2"},
		{plural(1, "lead"), "1 lead"},
		{plural(1000, "lead"), "1,000 leads"},
		{percent(0.07123), "7.1\u00a0%"},
		{percent(0.00712), "0.71\u00a0%"},
		{percent(0.00001), "<0.01\u00a0%"},
		{percent(0), "0.0\u00a0%"},
		{percent(math.Inf(1)), none},
		{roundPercent(0.005), "0.5\u00a0%"},
		{roundPercent(0.30000000000000004), "30\u00a0%"},
		{short(15300), "15.3k"},
		{short(2e6), "2M"},
		{short(-0.25), "−0.25"},
		{short(9861), "9,861"},
		{odds(math.Log(2)), "2.00"},
		{odds(50), "over 1,000"},
		{odds(-50), "under 0.001"},
		{signed(0.5), "+0.500"},
		{between(model.Interval{0.1, 0.2}, decimals(1)), "0.1 to 0.2"},
		{between(model.Interval{}, decimals(1)), none},
		{between(model.Interval{math.NaN(), 1}, decimals(1)), none},
		{shorten("industry segment number 12", 20), "industry segm…ber 12"},
		{shorten("short", 20), "short"},
		{clean("a\x00b\nc\u202ed"), "a\ufffdb c\ufffdd"},
		{level("  "), "(empty)"},
		{lettered("日本語", 20), strings.Repeat(" ", 6) + "日本語"},
		{date(19000), "2022-01-08"},
		{day("2026-06-30T00:00:00Z"), "2026-06-30"},
		{day("June"), "June"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

// Names of steps get commas between thousands, and none among decimals.
func TestWithCommas(t *testing.T) {
	for name, want := range map[string]string{
		"15000 to below 25000.5": "15,000 to below 25,000.5", "14.7312 hours or more": "14.7312 hours or more", "below 0.123456": "below 0.123456",
		"999 to 1000": "999 to 1,000", "-20000": "-20,000",
	} {
		if got := withCommas(name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
