package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// soldAbroad writes leads whose profit and cost are in the currency of a column, or converted to dollars, and returns the
// folder. A euro is worth 2 dollars, a hundred yen 1; rows from odd on are in another currency.
func soldAbroad(t *testing.T, rows int, odd string) string {
	t.Helper()
	dir := t.TempDir()
	text := func(name string) datasets.FrameColumn {
		return datasets.FrameColumn{Name: name, Type: features.Type{Base: features.String}, Valid: []bool{}}
	}
	number := func(name string) datasets.FrameColumn {
		return datasets.FrameColumn{Name: name, Type: features.Type{Base: features.Float64}, Valid: []bool{}}
	}
	source, size, currency := text("source"), number("size"), text("money")
	profit, cost, inProfit, inCost := number("profit"), number("acquisition_cost"), number("profit"), number("acquisition_cost")
	won := datasets.FrameColumn{Name: "converted", Type: features.Type{Base: features.Bool}}
	add := func(c *datasets.FrameColumn, x float64, valid bool) {
		c.Floats, c.Valid = append(c.Floats, x), append(c.Valid, valid)
	}
	for i := range rows {
		sold, unit := i*7919%5 == 0, []float64{1, 0.5, 100}[i%3]
		z := float64(i*31%97) / 97
		source.Texts, source.Valid = append(source.Texts, []string{"web", "fair"}[i%2]), append(source.Valid, true)
		name := []string{"USD", "EUR", "JPY"}[i%3]
		if odd != "" && i == rows-1 {
			name = odd
		}
		currency.Texts, currency.Valid = append(currency.Texts, name), append(currency.Valid, true)
		add(&size, z, true)
		won.Bools = append(won.Bools, sold)
		dollars := math.Round(100*math.Exp(2*z)) * 2
		add(&profit, dollars, sold)
		add(&inProfit, dollars*unit, sold || i == rows-1)
		add(&cost, 6, true)
		add(&inCost, 6*unit, true)
	}
	for name, columns := range map[string][]datasets.FrameColumn{
		"dollars.parquet": {source, size, won, profit, cost}, "abroad.parquet": {source, size, won, inProfit, inCost, currency},
	} {
		writeFrame(t, filepath.Join(dir, name), datasets.Frame{Rows: rows, Columns: columns})
	}
	return dir
}

// Leads in several currencies are trained on, budgeted and evaluated as those converted beforehand are.
func TestCurrencies(t *testing.T) {
	dir := soldAbroad(t, 1500, "")
	at := func(name string) string { return filepath.Join(dir, name) }
	one := write(t, dir, "one.yaml", "value: {profit: profit, currency: USD}\n")
	several := write(t, dir, "several.yaml", "value: {profit: profit, currency: USD, currency_column: money, rates: {EUR: 2, JPY: 0.01}}\n")
	dated := write(t, dir, "dated.yaml", "value: {profit: profit, currency: USD, currency_column: money, rates_file: rates.csv}\n")
	write(t, dir, "rates.csv", "currency,from,rate\nEUR,,2\nJPY,,0.01\nEUR,2036-01-01,3\n")
	spend := write(t, dir, "spend.csv", "period,source,spend,currency\n2026-01,web,100,USD\n2026-01,fair,100,EUR\n")
	var want *model.Economics
	for _, run := range []struct{ data, config string }{{"dollars.parquet", one}, {"abroad.parquet", several}, {"abroad.parquet", dated}} {
		var trained struct {
			Value model.ValueSummary `json:"value"`
		}
		r := must(t, "train", "--data", at(run.data), "--config", run.config, "--out", at("m.json"), "--json")
		if err := json.Unmarshal([]byte(r.stdout), &trained); err != nil {
			t.Fatal(err)
		}
		e := reckoned(t, "--model", at("m.json"), "--data", at(run.data))
		if want == nil {
			want = e
		}
		if trained.Value.Kind == model.ValueNone || trained.Value.Currency != "USD" {
			t.Fatalf("%s: value %+v", run.config, trained.Value)
		}
		for i, row := range e.Rows {
			got, _ := row.CostPerLead.Value()
			before, _ := want.Rows[i].CostPerLead.Value()
			worth, _ := row.Group.Value.Value()
			other, _ := want.Rows[i].Group.Value.Value()
			if got != 6 || got != before || math.Abs(worth-other) > 1e-9*other {
				t.Errorf("%s: %s costs %v and is worth %v, in dollars %v and %v", run.config, row.Value, got, worth, before, other)
			}
		}
		if run.config == one {
			refused := leadscore(t, "budget", "--model", at("m.json"), "--data", at(run.data), "--spend", spend)
			if refused.code != exitFailed || !strings.Contains(refused.stderr, `line 3: unknown currency "EUR"`) {
				t.Errorf("spend in euros: exit %d: %s", refused.code, refused.stderr)
			}
			continue
		}
		for _, row := range reckoned(t, "--model", at("m.json"), "--data", at(run.data), "--spend", spend).Rows {
			if got, _ := row.Spend.Value(); row.By == "source" && got != map[string]float64{"web": 100, "fair": 200}[row.Value] {
				t.Errorf("%s: %v spent on %s", run.config, got, row.Value)
			}
		}
		must(t, "evaluate", "--model", at("m.json"), "--data", at(run.data))
		must(t, "score", "--model", at("m.json"), "--data", at(run.data), "--out", at("s.csv"))
		if scores := readCSV(t, at("s.csv")); len(scores) != 1501 {
			t.Errorf("%d lines of scores", len(scores))
		}
	}
}

// What cannot be converted is refused by file, column and row.
func TestCurrenciesRefused(t *testing.T) {
	dir := soldAbroad(t, 200, "GBP")
	data := filepath.Join(dir, "abroad.parquet")
	for text, c := range map[string]struct {
		code int
		want string
	}{
		"currency_column: money, rates: {EUR: 2, JPY: 0.01}":       {exitFailed, `abroad.parquet: model: currency: column "money", row ` + strconv.Itoa(199) + `: unknown currency "GBP": there is no rate of it in USD`},
		"currency_column: money":                                   {exitFailed, `row 5: unknown currency "JPY"`},
		"currency_column: mone":                                    {exitUsage, `value.currency_column: the data have no column "mone" (did you mean "money"?)`},
		"rates: {EUR: -1}":                                         {exitUsage, "value.rates.EUR is -1"},
		"rates: {euro: 1}":                                         {exitUsage, "value.rates.euro is 1"},
		"rates: {USD: 2}":                                          {exitUsage, "value.rates.USD is 2"},
		"rates_file: none.csv":                                     {exitUsage, "value.rates_file: open"},
		"rates_file: rates.csv":                                    {exitUsage, `rates.csv: line 3: rate: "x" is not a number`},
		"rates: {EUR: 2}, rates_file: rates.csv":                   {exitUsage, "either rates or rates_file"},
		"currency_column: money, rates_file: late.csv":             {exitFailed, "EUR: its rates begin on 2026-01-01, and the amount has no day"},
		"currency_column: money, currency: EUR, rates: {USD: 0.5}": {exitFailed, `row 5: unknown currency "JPY"`},
	} {
		write(t, dir, "rates.csv", "currency,from,rate\nEUR,2026-01-01,2\nJPY,,x\n")
		write(t, dir, "late.csv", "currency,from,rate\nEUR,2026-01-01,2\nJPY,,0.01\nGBP,,1.3\n")
		r := leadscore(t, "train", "--data", data, "--config", write(t, dir, "c.yaml", "value: {profit: profit, "+text+"}\n"), "--out", filepath.Join(dir, "m.json"))
		if r.code != c.code || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: exit %d: %s, want %d, %q", text, r.code, r.stderr, c.code, c.want)
		}
	}
}
