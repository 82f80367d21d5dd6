package budget

import (
	"math"
	"testing"
)

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

// Amounts that a reader subtracts add up as they are written.
func TestDifferencesAsWritten(t *testing.T) {
	for _, c := range []struct{ limit, price, want float64 }{
		{39.9853, 43.1434, -3.16}, {226.43, 345.51, -119.08}, {0, 28.1, -28.1}, {36.0299, 287.58, -251.56}, {237.979, 0, 237.97},
	} {
		if got := Currency("USD").Headroom(c.limit, c.price); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v less %v is %v, want %v", c.limit, c.price, got, c.want)
		}
	}
	if got := Currency("USD").Difference(121.874, 40.626); math.Abs(got-81.24) > 1e-9 { // $121.87 − $40.63
		t.Errorf("%v", got)
	}
	if got := Currency("USD").Headroom(1e300, 1); got != 1e300 {
		t.Errorf("beyond any money: %v", got)
	}
}

// An amount beside its currency has the digits of it.
func TestPlain(t *testing.T) {
	for want, got := range map[string]string{
		"88,834": Currency("JPY").Plain(88833.7), "-1,234.50": Currency("USD").Plain(-1234.5), "0.125": Currency("KWD").Plain(0.125), "0.00": Currency("EUR").Plain(-0.001), "3.00": Currency("").Plain(3),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestBrief(t *testing.T) {
	for x, want := range map[float64]string{0: "0", -7: "-7", 29_733: "29,733", 999_999: "999,999", 9_821_297_000: "9,821,000,000", 59_663.4: "59,660", -59_663.4: "-59,660",
		5.8110886: "5.811", 2618.1228: "2618", 0.0000123: "1.23e-05", 1e20: "1e+20"} {
		if got := Brief(x); got != want {
			t.Errorf("%v is written %q, want %q", x, got, want)
		}
	}
}
