package budget

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// A maximum of decimal inputs is what exact arithmetic floors it to, at any order of the operations.
func TestMaximumIsTheExactFloor(t *testing.T) {
	naive := 0
	rapid.Check(t, func(t *rapid.T) {
		m := 50 * rapid.Int64Range(1, 40_000).Draw(t, "m, 50 dollars")
		p := 10 * rapid.Int64Range(0, 1_000).Draw(t, "p, 10 basis points")
		r := rapid.SampledFrom([]int64{-50, 0, 15, 25, 33, 60, 100, 300}).Draw(t, "r, percent")
		x := big.NewRat(m*p*100, 10_000)
		x.Mul(x, big.NewRat(100, 100+r))
		want := new(big.Int).Div(x.Num(), x.Denom()).Int64()
		for _, f := range []float64{
			float64(m) * (float64(p) / 10_000) / (1 + float64(r)/100),
			float64(m) / (1 + float64(r)/100) * (float64(p) / 10_000),
		} {
			got, why := Currency("USD").Maximum(f)
			if why != "" || got.Minor != want {
				t.Fatalf("maximum of %v is %v (%s), want %d cents", f, got, why, want)
			}
			if int64(math.Floor(f*100)) != want {
				naive++
			}
		}
	})
	if naive == 0 {
		t.Error("the naive floor was always right: the inputs do not test the guard")
	}
}

func TestEstimateRoundsHalvesToEven(t *testing.T) {
	for x, want := range map[float64]int64{0.285: 28, 0.295: 30, 1.005: 100, 1.015: 102, -0.285: -28, 2.675: 268, 0.2850001: 29, 0: 0} {
		if got, why := Currency("USD").Estimate(x); got.Minor != want || why != "" {
			t.Errorf("estimate of %v is %d, want %d", x, got.Minor, want)
		}
	}
}

func TestMoneyInOtherCurrencies(t *testing.T) {
	for _, c := range []struct {
		currency Currency
		x        float64
		text     string
		json     string
	}{
		{"USD", 1234.567, "$1,234.56", "1234.56"},
		{"USD", 4000, "$4,000", "4000.00"},
		{"JPY", 1234567.8, "JPY 1,234,567", "1234567"},
		{"KWD", 0.0567, "KWD 0.056", "0.056"},
		{"EUR", 0.07, "€0.07", "0.07"},
		{"GBP", -3, "£0", "0.00"},
	} {
		m, why := c.currency.Maximum(c.x)
		if why != "" || m.String() != c.text {
			t.Errorf("%s %v is %q, want %q", c.currency, c.x, m, c.text)
		}
		if text, err := json.Marshal(m); err != nil || string(text) != c.json {
			t.Errorf("%s %v is %s in JSON (%v), want %s", c.currency, c.x, text, err, c.json)
		}
	}
	if text := (Money{Minor: math.MinInt64, Currency: "USD"}).String(); text != "-$92,233,720,368,547,758.08" {
		t.Error(text)
	}
}

func TestMoneyRefuses(t *testing.T) {
	for _, x := range []float64{math.Inf(1), math.NaN(), 1e15} {
		if _, why := Currency("USD").Maximum(x); why != TooLarge {
			t.Errorf("maximum of %v: reason %q", x, why)
		}
		if _, why := Currency("USD").Estimate(-x); why != TooLarge {
			t.Errorf("estimate of %v: reason %q", -x, why)
		}
	}
}

func TestSplit(t *testing.T) {
	parts, err := Money{1_000_000, "USD"}.Split([]float64{90000, 160000, 22500})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{330275, 587156, 82569} {
		if parts[i].Minor != want {
			t.Errorf("part %d is %v, want %d cents", i, parts[i], want)
		}
	}
	for _, weights := range [][]float64{nil, {0, 0}, {-1, 2}, {math.NaN()}, {math.Inf(1)}} {
		if _, err := (Money{100, "USD"}).Split(weights); err == nil {
			t.Errorf("weights %v pass", weights)
		}
	}
}

func TestSplitAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(0, 1<<50).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 30).Draw(t, "weights")
		weights[0] += 0.5
		sum, whole := int64(0), 0.0
		for _, w := range weights {
			whole += w
		}
		parts, err := Money{total, "USD"}.Split(weights)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range parts {
			sum += p.Minor
			if exact := float64(total) * weights[i] / whole; math.Abs(float64(p.Minor)-exact) > 1+1e-9*exact {
				t.Fatalf("part %d is %d, its share is %v", i, p.Minor, exact)
			}
		}
		if sum != total {
			t.Fatalf("the parts add up to %d, want %d", sum, total)
		}
	})
}

func TestFigureRoundTrip(t *testing.T) {
	for _, f := range []Figure{Known(0), Known(-1.5), Known(1e-300), Unknown(NoWins), Known(math.Inf(1))} {
		text, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var g Figure
		if err := json.Unmarshal(text, &g); err != nil || f != g {
			t.Errorf("%s became %v (%v)", text, g, err)
		}
	}
	if text, _ := json.Marshal(Unknown(NoWins)); string(text) != `{"value":null,"reason":"no_wins"}` {
		t.Errorf("%s", text)
	}
}

func FuzzFigure(f *testing.F) {
	for _, seed := range []string{`{"value":1}`, `{"value":null,"reason":"no_wins"}`, `{}`, `{"value":1,"reason":"x"}`, `null`, `{"value":1e999}`, `{"valu":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var g Figure
		if json.Unmarshal(text, &g) != nil {
			return
		}
		if x, known := g.Value(); known && !isFinite(x) {
			t.Fatalf("%s has the value %v", text, x)
		}
		again, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		var h Figure
		if err := json.Unmarshal(again, &h); err != nil || h != g {
			t.Fatalf("%s became %s (%v)", text, again, err)
		}
	})
}

func TestCurrencyIsACode(t *testing.T) {
	for _, c := range []Currency{"", "US", "usd", "USDX", "U$D", "ÄBC"} {
		var bound *BoundError
		if err := c.Validate(); !errors.As(err, &bound) || bound.Field != "currency" {
			t.Errorf("%q: %v", c, err)
		}
	}
}
