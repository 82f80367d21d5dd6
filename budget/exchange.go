package budget

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// An amount of another currency is converted once, at the border, at the rate of its own day (economics.md, §1.14): a sale
// at that of its close, a cost at that of the lead or of the period. What it becomes is a whole number of minor units,
// half to even; everything after it reckons in one currency.

// Rate is what one unit of a currency is worth in that of its Exchange, from a day on.
type Rate struct {
	Currency Currency  `json:"currency"`
	From     time.Time `json:"from,omitzero"` // zero = ever since
	Rate     float64   `json:"rate"`
}

// Exchange turns amounts of several currencies into one. Its rates are sorted, as Validate
// leaves them; after it, its methods may be called from several goroutines.
type Exchange struct {
	To    Currency `json:"to"`
	Rates []Rate   `json:"rates"`
}

// The errors of Convert.
var (
	ErrCurrency = errors.New("unknown currency")
	ErrNoRate   = errors.New("no rate")
)

// maxRates bounds what travels in an artifact.
const maxRates = 20_000

// Validate lists every rate that cannot be, and sorts them by currency and day.
func (e *Exchange) Validate() error {
	var b bounds
	b.require(e.To.isCode(), "currency", fmt.Sprintf("%q", e.To), "three capital letters such as USD")
	b.require(len(e.Rates) <= maxRates, "rates", fmt.Sprint(len(e.Rates)), fmt.Sprintf("at most %d: monthly ones will do", maxRates))
	for _, r := range e.Rates {
		name := fmt.Sprintf("rate of %s", r.Currency)
		b.require(r.Currency.isCode(), "currency", fmt.Sprintf("%q", r.Currency), "three capital letters such as USD")
		b.require(r.Rate > 0 && !math.IsInf(r.Rate, 0), name, fmt.Sprint(r.Rate), "above 0")
		b.require(r.Currency != e.To || r.Rate == 1, name, fmt.Sprint(r.Rate), "1: it is the currency that is converted to")
	}
	slices.SortStableFunc(e.Rates, func(a, b Rate) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), a.From.Compare(b.From))
	})
	for i := 1; i < len(e.Rates); i++ {
		a, r := e.Rates[i-1], e.Rates[i]
		b.require(a.Currency != r.Currency || !a.From.Equal(r.From), fmt.Sprintf("rate of %s", r.Currency), since(r.From), "one for each day")
	}
	return b.err()
}

func since(t time.Time) string {
	if t.IsZero() {
		return "given twice"
	}
	return "given twice from " + t.Format(time.DateOnly)
}

// Rate returns what one unit of a currency is worth on a day: the latest rate that is not younger. A zero day has the
// rates that hold ever since. The error is ErrCurrency or ErrNoRate and says of what.
func (e *Exchange) Rate(from Currency, day time.Time) (float64, error) {
	if from == e.To {
		return 1, nil
	}
	// The first of the currency's rates that begin after the day, or where it would be.
	i, _ := slices.BinarySearchFunc(e.Rates, from, func(r Rate, from Currency) int {
		switch {
		case r.Currency != from:
			return cmp.Compare(r.Currency, from)
		case r.From.After(day):
			return 0
		}
		return -1
	})
	switch known := i > 0 && e.Rates[i-1].Currency == from; {
	case known:
		return e.Rates[i-1].Rate, nil
	case i == len(e.Rates) || e.Rates[i].Currency != from:
		return 0, fmt.Errorf("%w %q: there is no rate of it in %s", ErrCurrency, from, e.To)
	case day.IsZero():
		return 0, fmt.Errorf("%w of %s: its rates begin on %s, and the amount has no day", ErrNoRate, from, e.Rates[i].From.Format(time.DateOnly))
	}
	return 0, fmt.Errorf("%w of %s on %s: the first is of %s", ErrNoRate, from, day.Format(time.DateOnly), e.Rates[i].From.Format(time.DateOnly))
}

// Convert returns an amount of a currency on a day as money. Besides those of Rate its error says that an amount is too
// large. NaN, not recorded, is not for it.
func (e *Exchange) Convert(x float64, from Currency, day time.Time) (Money, error) {
	rate, err := e.Rate(from, day)
	if err != nil {
		return Money{}, err
	}
	m, reason := e.To.Estimate(x * rate)
	if reason != "" {
		return Money{}, fmt.Errorf("%g %s is too large for money", x, from)
	}
	return m, nil
}
