package budget

import "math"

// small is the amount, in major units, below which the minor units of an estimate say something.
const small = 100

// Column writes the amounts of one column of a table: all with the decimals of the minor unit, or all without.
type Column struct {
	currency Currency
	digits   int
}

// Prices is a column of what one lead is worth, costs or may cost: to the minor unit where one of the amounts has any,
// so that a reader who subtracts them finds what is written beside them. A maximum is given rounded down already
// ([Currency.Limit]). Figures without a value do not count.
func (c Currency) Prices(amounts ...Figure) Column {
	return c.column(amounts, func(Money) bool { return true })
}

// Estimates is a column of totals and averages that nobody pays: to the minor unit where an amount below 100 has any,
// else to the nearest whole one. Figures without a value do not count.
func (c Currency) Estimates(amounts ...Figure) Column {
	return c.column(amounts, func(m Money) bool { return abs(m.Major()) < small })
}

// column has decimals where an amount that counts has a fraction.
func (c Currency) column(amounts []Figure, counts func(Money) bool) Column {
	k := Column{currency: c}
	for _, f := range amounts {
		x, known := f.Value()
		if m, why := c.Estimate(x); known && why == "" && !m.whole() && counts(m) {
			k.digits = c.Digits()
		}
	}
	return k
}

// AtLeast is a lower bound ≥ 0 of an amount of the column, rounded down: ≥ $2,245. A dash where there is none.
func (k Column) AtLeast(f Figure) string {
	x, known := f.Value()
	switch {
	case !known:
		return k.Write(f)
	case k.digits == 0:
		x = math.Floor(x + guard)
	default:
		x = k.currency.RoundDown(x)
	}
	return "≥ " + k.Write(Known(x))
}

// Signed is a difference of the column, with a plus where it is one.
func (k Column) Signed(f Figure) string { return plus(k.Write(f), f) }

// Limit is a maximum as it is written: rounded down to the minor unit.
func (c Currency) Limit(f Figure) Figure {
	if x, known := f.Value(); known {
		return Known(c.RoundDown(x))
	}
	return f
}

// Write is an amount of the column, or a dash where there is none.
func (k Column) Write(f Figure) string {
	x, known := f.Value()
	if !known {
		return "–"
	}
	if k.digits == 0 {
		x = halfEven(x)
	}
	m, why := k.currency.Estimate(x)
	if why != "" {
		return k.currency.Format(x)
	}
	return m.text(k.digits)
}
