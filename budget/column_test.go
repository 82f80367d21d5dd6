package budget

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// figures are the amounts, all known.
func figures(xs ...float64) (fs []Figure) {
	for _, x := range xs {
		fs = append(fs, Known(x))
	}
	return fs
}

func TestColumns(t *testing.T) {
	usd, yen, dinar := Currency("USD"), Currency("JPY"), Currency("KWD")
	for want, column := range map[string]Column{"≥ $2,245": usd.Estimates(Known(2245.58)), "≥ $2,245.58": usd.Prices(Known(2.5))} {
		if got := column.AtLeast(Known(2245.589)); got != want {
			t.Errorf("at least %s, want %s", got, want)
		}
	}
	if got := usd.Prices().AtLeast(Unknown(NoWins)); got != "–" {
		t.Errorf("an unknown bound is %s", got)
	}
	for _, c := range []struct {
		name    string
		column  func(...Figure) Column
		amounts []Figure
		want    string
	}{
		{"cents in one are cents in all", usd.Prices, figures(135, 134.5, 0, -28.04), "$135.00 $134.50 $0.00 -$28.04"},
		{"whole prices", usd.Prices, figures(135, 0, -28, 1200), "$135 $0 -$28 $1,200"},
		{"a fraction of a cent is none", usd.Prices, figures(135.0000001, 20), "$135 $20"},
		{"cents of great prices are paid too", usd.Prices, figures(1135.25, 20000), "$1,135.25 $20,000.00"},
		{"great estimates are whole", usd.Estimates, figures(3006.33, 2961.5, 3000), "$3,006 $2,962 $3,000"},
		{"a small estimate has cents, and so have all", usd.Estimates, figures(3006.33, 38.67), "$3,006.33 $38.67"},
		{"a small estimate that is whole", usd.Estimates, figures(3006.33, 38, 0), "$3,006 $38 $0"},
		{"a small loss", usd.Estimates, figures(-3006.33, -0.25), "-$3,006.33 -$0.25"},
		{"what is not known does not count", usd.Prices, []Figure{Unknown(NoWins), Known(7)}, "– $7"},
		{"no minor unit", yen.Prices, figures(134.5, 20), "JPY 134 JPY 20"},
		{"thousandths", dinar.Prices, figures(134.5, 20), "KWD 134.500 KWD 20.000"},
		{"beyond any money", usd.Prices, figures(1e300, 0.5), "$1e+300 $0.50"},
		{"nothing", usd.Prices, nil, ""},
	} {
		column := c.column(c.amounts...)
		var cells []string
		for _, f := range c.amounts {
			cells = append(cells, column.Write(f))
		}
		if got := strings.Join(cells, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// What is spent today and the change are what is planned, as they are written.
func TestAdviceCells(t *testing.T) {
	p := examplePlan()
	p.Sources = slices.Clone(p.Sources)
	p.Sources[0].Current += 0.37
	r := must(p.Answer(t.Context(), Ask{}))
	number := func(text string) float64 {
		x, err := strconv.ParseFloat(strings.NewReplacer("$", "", ",", "", "+", "").Replace(text), 64)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	cents := 0
	for i, cells := range r.Cells() {
		if strings.Contains(cells.Current, ".") {
			cents++
		}
		if now, planned, change := number(cells.Current), number(cells.Spend), number(cells.Change); math.Abs(planned-now-change) > 1e-6 {
			t.Errorf("%s: %s and %s are not %s", r.Sources[i].Name, cells.Current, cells.Change, cells.Spend)
		}
		if r.Sources[i].Spend.Major() > r.Sources[i].Current && !strings.HasPrefix(cells.Change, "+$") {
			t.Errorf("%s: more is written as %s", r.Sources[i].Name, cells.Change)
		}
		if limit := number(cells.Cap); limit > r.Sources[i].Cap.Max+1e-6 {
			t.Errorf("%s: a cap of %v is written as %s", r.Sources[i].Name, r.Sources[i].Cap.Max, cells.Cap)
		}
	}
	if cents != len(r.Sources) {
		t.Errorf("%d of %d amounts have cents", cents, len(r.Sources))
	}
}
