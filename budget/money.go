package budget

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Money at the borders is a whole number of minor units. From an amount x with d decimal digits:
//
//	maximum   floor(x·10^d + 1e-6)   the guard keeps 7.20 from becoming 7.19 where x·100 = 719.9999999999999
//	estimate  x·10^d, half to even; within 1e-6 of a half it is one
//	parts     largest remainders: every part rounded down, the missing units to the largest remainders

// guard is how far binary fractions of a minor unit are from the decimal ones they stand for, at most.
const guard = 1e-6

// exact is the largest number of minor units that float64 counts without gaps.
const exact = 1 << 53

// Currency is an ISO 4217 code such as USD.
type Currency string

// Validate wants three capital letters.
func (c Currency) Validate() error {
	var b bounds
	b.require(c.isCode(), "currency", strconv.Quote(string(c)), "three capital letters such as USD")
	return b.err()
}

func (c Currency) isCode() bool {
	return len(c) == 3 && strings.Trim(string(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// Digits returns how many decimal digits the minor unit has: 2, or what ISO 4217 says of the exceptions.
func (c Currency) Digits() int {
	switch c {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

func (c Currency) minorPerMajor() float64 { return math.Pow10(c.Digits()) }

// Money is an amount in whole minor units of a currency. As JSON it is a number in major units, 226.66.
type Money struct {
	Minor    int64
	Currency Currency
}

// Maximum rounds x down to money: a price that may be paid is never more than x, but for the guard of a millionth of
// a minor unit. A negative x, or one below a minor unit, is 0. The reason is empty, or says why there is no money.
func (c Currency) Maximum(x float64) (Money, Reason) {
	return c.money(math.Floor(max(x, 0)*c.minorPerMajor() + guard))
}

// Estimate rounds x to the nearest money, halves to even.
func (c Currency) Estimate(x float64) (Money, Reason) {
	return c.money(halfEven(x * c.minorPerMajor()))
}

func (c Currency) money(minor float64) (Money, Reason) {
	if !(math.Abs(minor) <= exact) {
		return Money{Currency: c}, TooLarge
	}
	return Money{Minor: int64(minor), Currency: c}, ""
}

// halfEven rounds to the nearest integer; what is within the guard of a half is taken for one.
func halfEven(x float64) float64 {
	if half := math.Floor(x) + 0.5; math.Abs(x-half) <= guard {
		x = half
	}
	return math.RoundToEven(x)
}

// Major is the amount in major units, the float64 nearest to it.
func (m Money) Major() float64 { return float64(m.Minor) / m.Currency.minorPerMajor() }

// MarshalJSON writes the amount in major units with all digits of the currency.
func (m Money) MarshalJSON() ([]byte, error) { return []byte(m.decimal()), nil }

// decimal is the amount in major units, exact.
func (m Money) decimal() string {
	digits := m.Currency.Digits()
	text := strconv.FormatUint(magnitude(m.Minor), 10)
	if pad := digits + 1 - len(text); pad > 0 {
		text = strings.Repeat("0", pad) + text
	}
	if digits > 0 {
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	if m.Minor < 0 {
		text = "-" + text
	}
	return text
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return uint64(-(x + 1)) + 1
	}
	return uint64(x)
}

// String is the amount for people: $1,234.50, -€20, CHF 1,000. Whole amounts have no decimals.
func (m Money) String() string {
	if m.whole() {
		return m.text(0)
	}
	return m.text(m.Currency.Digits())
}

// whole reports whether the amount is one of major units.
func (m Money) whole() bool { return m.Minor%int64(m.Currency.minorPerMajor()) == 0 }

// text is the amount for people with all digits of the minor unit, or with none.
func (m Money) text(digits int) string { return m.written(m.Currency.symbol(), digits) }

// written is text after another symbol.
func (m Money) written(symbol string, digits int) string {
	text, minus := strings.CutPrefix(m.decimal(), "-")
	whole, fraction, _ := strings.Cut(text, ".")
	whole = Thousands(whole)
	if digits > 0 {
		whole += "." + fraction
	}
	sign := ""
	if minus {
		sign = "-"
	}
	return sign + symbol + whole
}

func (c Currency) symbol() string {
	switch c {
	case "USD":
		return "$"
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "":
		return ""
	}
	return string(c) + " "
}

// Format is an estimated amount for people, as [Money.String] writes it. What no money can hold is said in powers of
// ten.
func (c Currency) Format(x float64) string {
	m, why := c.Estimate(x)
	if why != "" {
		return fmt.Sprintf("%s%.4g", c.symbol(), x)
	}
	return m.String()
}

// Split divides the amount in proportion to the weights; the parts add up to it to the last minor unit. Every part
// is rounded down and the units that are left go to the largest remainders, of equal ones to the first. The amount,
// and every weight, must be ≥ 0 and the weights must not all be 0.
func (m Money) Split(weights []float64) ([]Money, error) {
	var b bounds
	total := 0.0
	for i, w := range weights {
		b.amount(at("weights", i), w)
		total += w
	}
	b.require(m.Minor >= 0, "amount", m.Minor, "an amount ≥ 0")
	b.require(total > 0 && isFinite(total), "weights", total, "a finite sum above 0")
	if err := b.err(); err != nil {
		return nil, err
	}
	shares := make([]float64, len(weights))
	for i, w := range weights {
		shares[i] = float64(m.Minor) * (w / total)
	}
	parts := make([]Money, len(weights))
	for i, minor := range largestRemainders(shares, m.Minor) {
		parts[i] = Money{Minor: minor, Currency: m.Currency}
	}
	return parts, nil
}

// largestRemainders rounds shares, which add up to about total, to integers that add up to exactly total ≥ 0.
func largestRemainders(shares []float64, total int64) []int64 {
	parts := make([]int64, len(shares))
	order := make([]int, len(shares))
	rest := total
	for i, x := range shares {
		parts[i] = int64(math.Floor(x + guard))
		order[i] = i
		rest -= parts[i]
	}
	remainder := func(i int) float64 { return shares[i] - float64(parts[i]) }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(remainder(j), remainder(i)) })
	for k := 0; rest > 0; k = (k + 1) % len(order) {
		parts[order[k]]++
		rest--
	}
	for k := len(order) - 1; rest < 0; k = (k + len(order) - 1) % len(order) {
		take := min(parts[order[k]], 1)
		parts[order[k]] -= take
		rest += take
	}
	return parts
}
