package model

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// A table's money is in one currency wherever this package reckons with it: Convert brings it there first, by the column
// of the role currency and the rates that travel in the artifact.

// CurrencyError says which amount of a table cannot be converted. It wraps why, such as budget.ErrCurrency.
type CurrencyError struct {
	Column string
	Row    int // of the table, from 0
	Err    error
}

func (e *CurrencyError) Error() string {
	return fmt.Sprintf("model: currency: column %q, row %d: %v", e.Column, e.Row, e.Err)
}

// Unwrap returns why.
func (e *CurrencyError) Unwrap() error { return e.Err }

// Convert returns the table with profits, revenues and costs in the exchange's currency, each a whole number of minor
// units. Those of a row are in the currency that its column of that role says: a profit and a revenue at the rate of the
// day when the lead converted, or else was created; a cost at that of its creation. A cost of a row without a currency is
// taken to be in the exchange's; a profit or revenue of such a row, a currency without a rate, and an amount beyond any
// money are a CurrencyError. Without such a column, or
// without an exchange, the table is returned as it is.
func Convert(table *features.Table, e *budget.Exchange) (*features.Table, error) {
	at := table.Schema.ByRole(features.RoleCurrency)
	if at < 0 || e == nil {
		return table, nil
	}
	out := *table
	out.Columns = append([]features.Column(nil), table.Columns...)
	for _, role := range []features.Role{features.RoleProfit, features.RoleRevenue, features.RoleCost} {
		i := table.Schema.ByRole(role)
		if i < 0 {
			continue
		}
		numbers, err := converted(table, i, at, e)
		if err != nil {
			return nil, err
		}
		out.Columns[i].Numbers = features.Numbers{F64: numbers}
	}
	return &out, nil
}

// converted returns the amounts of column i, whose currencies column at names.
func converted(table *features.Table, i, at int, e *budget.Exchange) ([]float64, error) {
	f, currency, numbers := &table.Schema.Fields()[i], &table.Columns[at], table.Columns[i].Numbers
	day := moneyDay(table, f.Role)
	out := make([]float64, table.Rows)
	for r := range out {
		x := numbers.At(r)
		if out[r] = x; math.IsNaN(x) {
			continue
		}
		from := e.To
		if code := currency.Codes.At(r); code < len(currency.Levels) {
			from = budget.Currency(currency.Levels[code])
		} else if f.Role != features.RoleCost {
			return nil, &CurrencyError{table.Schema.Fields()[at].Name, r, fmt.Errorf("%s %g has no currency", f.Name, x)}
		}
		m, err := e.Convert(x, from, day(r))
		if err != nil {
			name := f.Name
			if errors.Is(err, budget.ErrCurrency) {
				name = table.Schema.Fields()[at].Name
			}
			return nil, &CurrencyError{name, r, err}
		}
		out[r] = m.Major()
	}
	return out, nil
}

// moneyDay returns the day that an amount of a role is of: zero where no column says.
func moneyDay(table *features.Table, role features.Role) func(row int) time.Time {
	roles := []features.Role{features.RoleConvertedAt, features.RoleCreatedAt}
	if role == features.RoleCost {
		roles = roles[1:]
	}
	var times [][]int64
	for _, r := range roles {
		if i := table.Schema.ByRole(r); i >= 0 {
			times = append(times, table.Columns[i].Times)
		}
	}
	return func(row int) time.Time {
		for _, t := range times {
			if t[row] != features.NoTime {
				return time.UnixMicro(t[row]).UTC()
			}
		}
		return time.Time{}
	}
}

// Exchange returns what turns amounts into the model's currency: its rates at training, or none.
func (m *Model) Exchange() *budget.Exchange {
	if e := m.document.Exchange; e != nil {
		return e
	}
	return &budget.Exchange{To: budget.Currency(m.document.Value.Currency)}
}

// compileExchange checks the rates of an artifact.
func (m *Model) compileExchange() error {
	e := m.document.Exchange
	if e == nil {
		return nil
	}
	if err := e.Validate(); err != nil {
		return fmt.Errorf("model: exchange: %w", err)
	}
	if c := m.document.Value.Currency; c != "" && c != string(e.To) {
		return fmt.Errorf("model: exchange: to %s, but the value is in %s", e.To, c)
	}
	return nil
}
