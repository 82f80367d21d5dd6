package budget

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Figures written out, for people: "$4,000 / 1.25 × 7 % = $224".

// Percent writes a share as a percentage of at most four significant digits: 7 %, 7.467 %.
func Percent(x float64) string { return digits(100*x, 4) + " %" }

// Count writes a number of leads, sales or hours, to the nearest whole one, with commas between thousands: 25,722.
func Count[T int | float64](n T) string {
	digits, minus := strings.CutPrefix(strconv.FormatFloat(float64(n), 'f', 0, 64), "-")
	if minus {
		return "-" + Thousands(digits)
	}
	return Thousands(digits)
}

// Brief writes a number of any kind in about four digits, a whole one below a million in full, with commas between
// thousands: 8.311, 29,733, 9,821,000,000.
func Brief(x float64) string {
	switch size := math.Abs(x); {
	case x == math.Trunc(x) && size < 1e6:
		return Count(x)
	case size >= 1e4 && size < 1e15:
		unit := math.Pow(10, math.Floor(math.Log10(size))-3)
		return Count(math.Round(x/unit) * unit)
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// Thousands sets commas between the thousands of a number's digits before its point.
func Thousands(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// short writes a number of at most six significant digits.
func short(x float64) string { return digits(x, 6) }

// digits writes a number of at most n significant digits, without an exponent.
func digits(x float64, n int) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', n, 64), 64)
	if err != nil {
		return strconv.FormatFloat(x, 'g', n, 64)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// Plain writes an amount to the nearest minor unit, with all of its digits and without the currency, for where that
// stands beside it: 1,234.50, or 1,235 of yen.
func (c Currency) Plain(x float64) string {
	m, why := c.Estimate(x)
	if why != "" {
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
	return m.written("", c.Digits())
}

// SignedPlain is Plain with a plus where there is no minus.
func (c Currency) SignedPlain(x float64) string {
	text := c.Plain(x)
	if strings.HasPrefix(text, "-") {
		return text
	}
	return "+" + text
}

// AtMost writes a price that must not be exceeded, rounded down where Format rounds to the nearest.
func (c Currency) AtMost(x float64) string {
	m, why := c.Maximum(x)
	if why != "" {
		return c.Format(x)
	}
	return m.String()
}

// Signed writes a difference as Format does, with a plus where it is one.
func (c Currency) Signed(x float64) string { return plus(c.Format(x), Known(x)) }

// plus sets a plus before the text of a figure above 0.
func plus(text string, f Figure) string {
	if x, known := f.Value(); known && x > 0 {
		return "+" + text
	}
	return text
}

// RoundDown is an amount rounded down to the minor unit, as [Currency.AtMost] writes it; what cannot be an amount stays.
func (c Currency) RoundDown(x float64) float64 {
	if m, why := c.Maximum(x); why == "" {
		return m.Major()
	}
	return x
}

// Headroom is what is left between a limit and a price as they are written, the limit rounded down, so that a reader
// who subtracts them finds it.
func (c Currency) Headroom(limit, price float64) float64 {
	return c.Difference(c.RoundDown(limit), price)
}

// Difference is a − b as a reader finds it who subtracts them as they are written.
func (c Currency) Difference(a, b float64) float64 {
	x, tooLarge := c.Estimate(a)
	y, unheard := c.Estimate(b)
	if tooLarge != "" || unheard != "" {
		return a - b
	}
	return Money{Currency: c, Minor: x.Minor - y.Minor}.Major()
}

// Arithmetic writes out the cap of a lead with probability p and profit m, sales cost s and hours at μh. Whoever reckons
// with the numbers as they are written finds the cap, to the minor unit: the percentage has as many digits as that
// takes, and stands for what the rounded amounts lose.
func (t Target) Arithmetic(c Currency, p, m, s, muHours float64) string {
	divisor, share := short(1+t.ROI), t.factor(c, p, m, s, muHours)
	gain := c.Format(m) + " × " + share
	costs := terms(c, s, muHours)
	var formula string
	switch {
	case t.Basis == CostOfSale && costs != "":
		formula = "(" + gain + costs + ") / " + divisor
	case t.Basis == InInvestment:
		formula = c.Format(m) + " / " + divisor + " × " + share + costs
	default:
		formula = c.Format(m) + " / " + divisor + " × " + share
	}
	return formula + " = " + t.concluded(c, p*m, s+muHours)
}

// concluded is what a formula comes to.
func (t Target) concluded(c Currency, v, s float64) string {
	if x := t.price(v, s); x <= 0 {
		return c.Format(x) + ", so do not buy"
	}
	return c.AtMost(t.price(v, s))
}

// factor writes the share p as the percentage of the fewest digits, six or more, with which the cap comes out as it is
// written: 7.46667 %.
func (t Target) factor(c Currency, p, m, s, muHours float64) string {
	result := t.concluded(c, p*m, s+muHours)
	costs := c.Difference(s, 0) + c.Difference(muHours, 0)
	hand, sale := Target{ROI: written(short(1+t.ROI)) - 1, Basis: t.Basis}, c.Difference(m, 0)
	exact := p
	if sale != 0 {
		exact = hand.value(t.price(p*m, s+muHours), costs) / sale
	}
	for n := 6; n <= 14; n++ {
		for _, x := range []float64{p, exact} {
			if text := digits(100*x, n); hand.concluded(c, written(text)/100*sale, costs) == result {
				return text + " %"
			}
		}
	}
	return short(100*p) + " %"
}

// written is the number that a text of digits says.
func written(text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return x
}

// terms are the costs that a cap subtracts.
func terms(c Currency, s, muHours float64) string {
	var text strings.Builder
	if s != 0 {
		text.WriteString(" − " + c.Format(s))
	}
	if muHours != 0 {
		text.WriteString(" − " + c.Format(muHours) + " of hours")
	}
	return text.String()
}

// Room is the headroom of the purchase as a reader finds it who subtracts the price from the cap as they are written;
// below 0 what is paid too much.
func (p Purchase) Room(c Currency) float64 { return c.Headroom(p.Max, p.Price) }

// Words says what the purchase means.
func (p Purchase) Words(c Currency) string {
	price := "bought at " + c.Format(p.Price) + " a lead"
	switch p.Verdict {
	case AtALoss:
		return fmt.Sprintf("%s, it returns %s: a loss of %s on every lead", price, c.Format(p.Profit+p.Price), c.Format(c.Difference(p.Price, p.Profit+p.Price)))
	case BelowTarget:
		if p.Status == DoNotBuy {
			return fmt.Sprintf("%s, it earns %s, but no price meets the target", price, c.Format(p.Profit))
		}
		return fmt.Sprintf("%s, it earns %s, but %s less would be needed for the target", price, c.Format(p.Profit), c.Format(-p.Room(c)))
	}
	return fmt.Sprintf("%s, it earns %s and could cost %s more", price, c.Format(p.Profit), c.Format(p.Room(c)))
}
