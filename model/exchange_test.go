package model

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// inCurrencies adds a column of currencies, in which the amounts are those of the columns at twice or a half.
func inCurrencies(columns []column, money ...int) []column {
	columns = append([]column(nil), columns...)
	rows := len(columns[money[0]].numbers)
	currency := make([]string, rows)
	for r := range currency {
		currency[r] = []string{"USD", "EUR", "JPY"}[r%3]
	}
	for _, i := range money {
		amounts := append([]float64(nil), columns[i].numbers...)
		for r := range amounts {
			amounts[r] *= []float64{1, 0.5, 100}[r%3]
		}
		columns[i].numbers = amounts
	}
	return append(columns, category("currency", features.RoleCurrency, currency))
}

func twoRates() *budget.Exchange {
	return &budget.Exchange{To: "USD", Rates: []budget.Rate{{Currency: "EUR", Rate: 2}, {Currency: "JPY", Rate: 0.01}}}
}

// Leads in several currencies teach what they teach in one, and the artifact keeps the rates.
func TestTrainCurrencies(t *testing.T) {
	o := options()
	columns := sold{rows: 900, seed: 3, refunds: 10}.columns()
	for i, x := range columns[3].numbers { // so that a half is a whole number of cents
		columns[3].numbers[i] = math.Round(x)
		columns[4].numbers[i] = 4 * columns[3].numbers[i]
	}
	one := train(t, tableOf(t, columns...), o)
	table, err := Convert(tableOf(t, inCurrencies(columns, 3, 4)...), twoRates())
	if err != nil {
		t.Fatal(err)
	}
	o.Exchange = twoRates()
	several := train(t, table, o)
	if one.Value.Mean != several.Value.Mean || one.Value.Kind != several.Value.Kind || several.Value.Nothing != 10 {
		t.Errorf("value %+v, in one currency %+v", several.Value, one.Value)
	}
	var text bytes.Buffer
	if err := several.Model.Encode(&text); err != nil {
		t.Fatal(err)
	}
	read, err := Decode(&text)
	if err != nil {
		t.Fatal(err)
	}
	if e := read.Exchange(); e.To != "USD" || len(e.Rates) != 2 || e.Rates[0].Currency != "EUR" || e.Rates[0].Rate != 2 {
		t.Errorf("rates of the artifact: %+v", e)
	}
	o.Exchange = nil
	if _, err := Train(t.Context(), table, o); err == nil || !strings.Contains(err.Error(), `column "currency"`) {
		t.Errorf("without rates: %v", err)
	}
}

// Sales are converted at the rate of their close, costs at that of the lead's creation.
func TestConvertDays(t *testing.T) {
	days := func(texts ...string) (times []int64) {
		for _, text := range texts {
			at, err := features.ParseTime(text)
			if err != nil {
				at = features.NoTime
			}
			times = append(times, at)
		}
		return times
	}
	from := func(text string) time.Time { return time.UnixMicro(days(text)[0]).UTC() }
	e := &budget.Exchange{To: "USD", Rates: []budget.Rate{{Currency: "EUR", From: from("2026-01-01"), Rate: 1.1}, {Currency: "EUR", From: from("2026-02-01"), Rate: 1.2}}}
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	table := tableOf(t,
		column{field: features.Field{Name: "created", Kind: features.Time, Role: features.RoleCreatedAt, Type: features.Type{Base: features.Timestamp}}, times: days("2026-01-15", "2026-01-15", "2026-01-15")},
		column{field: features.Field{Name: "closed", Kind: features.Time, Role: features.RoleConvertedAt, Type: features.Type{Base: features.Timestamp}}, times: days("2026-02-10", "", "2026-02-10")},
		category("currency", features.RoleCurrency, []string{"EUR", "EUR", ""}),
		numeric("profit", features.RoleProfit, []float64{100, 100, nan}),
		numeric("cost", features.RoleCost, []float64{10, nan, 10}))
	got, err := Convert(table, e)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int][]float64{3: {120, 110, nan}, 4: {11, nan, 10}} {
		for r, x := range want {
			if at := got.Columns[i].Numbers.At(r); at != x && !(math.IsNaN(at) && math.IsNaN(x)) {
				t.Errorf("%s, row %d: %v, want %v", table.Schema.Fields()[i].Name, r, at, x)
			}
		}
	}
	if table.Columns[3].Numbers.At(0) != 100 {
		t.Error("the table itself was changed")
	}
}

// What cannot be converted is told by column and row.
func TestConvertErrors(t *testing.T) {
	for _, c := range []struct{ currency, want string }{
		{"GBP", `column "currency", row 1: unknown currency "GBP"`},
		{"", `column "currency", row 1: profit 5 has no currency`},
	} {
		table := tableOf(t, category("currency", features.RoleCurrency, []string{"EUR", c.currency}), numeric("profit", features.RoleProfit, []float64{4, 5}))
		if _, err := Convert(table, twoRates()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.currency, err, c.want)
		}
	}
}
