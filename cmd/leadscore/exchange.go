package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leadscore/leadscore/budget"
)

// rateColumns are the columns of a file of rates, in any order: a currency, the day from which on the rate holds (empty =
// ever since), and what one unit of it is worth in value.currency.
var rateColumns = []string{"currency", "from", "rate"}

// exchange is what turns amounts into the configuration's currency, nil where it knows no other; rates_file is beside the
// file of the configuration.
func (c *config) exchange(path string) (*budget.Exchange, error) {
	if v := &c.Value; v.CurrencyColumn == "" && len(v.Rates) == 0 && v.RatesFile == "" {
		return nil, nil
	}
	e := &budget.Exchange{To: budget.Currency(c.Value.Currency)}
	for _, name := range sortedKeys(c.Value.Rates) {
		e.Rates = append(e.Rates, budget.Rate{Currency: budget.Currency(name), Rate: c.Value.Rates[name]})
	}
	if file := c.Value.RatesFile; file != "" {
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(path), file)
		}
		in, err := os.Open(file)
		if err != nil {
			return nil, usageError{fmt.Errorf("config: value.rates_file: %w", err)}
		}
		defer in.Close()
		if e.Rates, err = parseRates(in); err != nil {
			return nil, usageError{fmt.Errorf("config: value.rates_file: %s: %w", file, err)}
		}
	}
	if err := e.Validate(); err != nil {
		return nil, usageError{fmt.Errorf("config: value.rates: %w", err)}
	}
	return e, nil
}

func parseRates(in io.Reader) (rates []budget.Rate, err error) {
	err = eachRecord(in, rateColumns, nil, func(record []string) error {
		r := budget.Rate{Currency: budget.Currency(record[0])}
		if record[1] != "" {
			if r.From, err = time.Parse(time.DateOnly, record[1]); err != nil {
				return fmt.Errorf("from: %q is not a day such as 2026-06-01", record[1])
			}
		}
		if r.Rate, err = strconv.ParseFloat(record[2], 64); err != nil || !(r.Rate > 0) {
			return fmt.Errorf("rate: %q is not a number above 0", record[2])
		}
		rates = append(rates, r)
		return nil
	})
	return rates, err
}

// eachRecord calls fn with the named columns of each record of a CSV file, in their order, and with those of the optional
// ones that are there, "" for others. An error names its line.
func eachRecord(in io.Reader, columns, optional []string, fn func(record []string) error) error {
	r := csv.NewReader(in)
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("no header: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	var at []int
	for i, name := range slices.Concat(columns, optional) {
		at = append(at, slices.Index(header, name))
		if at[i] < 0 && i < len(columns) {
			return fmt.Errorf("there is no column %q among %q", name, header)
		}
	}
	picked := make([]string, len(at))
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i, k := range at {
			if picked[i] = ""; k >= 0 {
				picked[i] = record[k]
			}
		}
		line, _ := r.FieldPos(0)
		if err := fn(picked); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}
