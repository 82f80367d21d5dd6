package budget

import "testing"

func TestCount(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 7: "7", 999.4: "999", 999.5: "1,000", 25722: "25,722", -1234567: "-1,234,567"} {
		if got := Count(x); got != want {
			t.Errorf("%v is written %s, want %s", x, got, want)
		}
	}
	if got := Count(100000); got != "100,000" {
		t.Error(got)
	}
}
