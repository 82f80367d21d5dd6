package budget

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func dated(t testing.TB, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func dollars(t testing.TB) *Exchange {
	e := &Exchange{To: "USD", Rates: []Rate{
		{"JPY", time.Time{}, 0.0067},
		{"EUR", dated(t, "2026-03-01"), 1.1},
		{"EUR", dated(t, "2026-01-01"), 1.05},
	}}
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	return e
}

// Amounts are converted at the rate of their day, to whole minor units, half to even.
func TestConvert(t *testing.T) {
	e := dollars(t)
	for _, c := range []struct {
		x    float64
		from Currency
		day  string
		want float64
	}{
		{12.34, "USD", "2026-02-01", 12.34},
		{1000, "JPY", "2026-02-01", 6.7},
		{100, "EUR", "2026-01-01", 105},
		{100, "EUR", "2026-02-28", 105},
		{100, "EUR", "2026-03-01", 110},
		{0.05, "EUR", "2026-03-02", 0.06}, // 5.5 cents, half to even
		{-100, "EUR", "2026-03-02", -110}, // a refund
		{0, "EUR", "2026-03-02", 0},
	} {
		if got, err := e.Convert(c.x, c.from, dated(t, c.day)); err != nil || got.Major() != c.want || got.Currency != "USD" {
			t.Errorf("%v %s on %s: %v, %v, want %v", c.x, c.from, c.day, got, err, c.want)
		}
	}
	for _, c := range []struct {
		from Currency
		day  time.Time
		is   error
		say  string
	}{
		{"GBP", dated(t, "2026-02-01"), ErrCurrency, `unknown currency "GBP": there is no rate of it in USD`},
		{"usd", dated(t, "2026-02-01"), ErrCurrency, `"usd"`},
		{"EUR", dated(t, "2025-12-31"), ErrNoRate, "EUR on 2025-12-31: the first is of 2026-01-01"},
		{"EUR", time.Time{}, ErrNoRate, "the amount has no day"},
	} {
		if _, err := e.Convert(1, c.from, c.day); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s on %v: %v, want %v, %q", c.from, c.day, err, c.is, c.say)
		}
	}
	if _, err := e.Convert(1e300, "EUR", dated(t, "2026-02-01")); err == nil {
		t.Error("1e300 is money")
	}
}

// A conversion is within half a minor unit of the product, and the latest rate that is not younger is used.
func TestConvertLaw(t *testing.T) {
	first := dated(t, "2026-01-01")
	rapid.Check(t, func(t *rapid.T) {
		e := &Exchange{To: Currency(rapid.SampledFrom([]string{"USD", "JPY", "KWD"}).Draw(t, "to"))}
		rates := rapid.SliceOfN(rapid.Float64Range(0.001, 500), 1, 12).Draw(t, "rates")
		for i := len(rates) - 1; i >= 0; i-- {
			e.Rates = append(e.Rates, Rate{"EUR", first.AddDate(0, 0, 10*i), rates[i]}, Rate{"CHF", first.AddDate(0, 0, 7*i), 2})
		}
		if err := e.Validate(); err != nil {
			t.Fatal(err)
		}
		x, after := rapid.Float64Range(-1e6, 1e6).Draw(t, "amount"), rapid.IntRange(0, 200).Draw(t, "days")
		got, err := e.Convert(x, "EUR", first.AddDate(0, 0, after))
		want := x * rates[min(after/10, len(rates)-1)]
		if err != nil || math.Abs(got.Major()-want) > 0.5/e.To.minorPerMajor()+1e-6 {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
	})
}

func TestExchangeValidate(t *testing.T) {
	e := &Exchange{To: "usd", Rates: []Rate{{"EUR", time.Time{}, 0}, {"Euro", time.Time{}, 1}, {"CHF", time.Time{}, 1.1}, {"CHF", time.Time{}, 1.2}}}
	err := e.Validate()
	for _, want := range []string{"usd", "rate of EUR", "Euro", "rate of CHF"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if own := (&Exchange{To: "USD", Rates: []Rate{{"USD", time.Time{}, 1.1}}}); own.Validate() == nil {
		t.Error("a dollar is worth 1.1 dollars")
	}
}
