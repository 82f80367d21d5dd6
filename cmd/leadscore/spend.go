package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// spendColumns are the columns of a file of spend, in any order: a period (2026-06 or 2026-06-15, where it starts), a
// source and an amount with a decimal point. spendCurrency is what the amount is in, where that is not the model's
// currency: it is converted at the rate of the day when the period starts.
var (
	spendColumns  = []string{"period", "source", "spend"}
	spendCurrency = []string{"currency"}
)

// readSpend reads what was spent by period and source.
func readSpend(path string, e *budget.Exchange) ([]budget.Spend, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("spend: %w", err)
	}
	defer f.Close()
	spend, err := parseSpend(f, e)
	if err != nil {
		return nil, fmt.Errorf("spend: %s: %w", path, err)
	}
	return spend, nil
}

// trainedEconomics is the tier table of the leads that a model was trained on, nil if it knows no money. The
// configuration's file of spend is beside the configuration; one that is not there is told, and costs are those of the
// leads' own column.
func (a *app) trainedEconomics(in *trainInput, f *trainFlags, table *features.Table, m *model.Model) (*model.Economics, error) {
	o := model.DefaultEconomicsOptions()
	o.AsOf, o.Gates = in.options.Label.AsOf, in.options.Gates
	o.Costs = []model.CostQuestion{{Basis: budget.Cohort, Period: budget.Quarterly}, {Basis: budget.Calendar, Period: budget.Quarterly}}
	var err error
	if o.Contact, err = in.config.Contact.rules("contact."); err != nil {
		return nil, err
	}
	if path := in.config.Spend; path != "" {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(f.config), path)
		}
		spend, err := readSpend(path, m.Exchange())
		switch {
		case errors.Is(err, os.ErrNotExist):
			fmt.Fprintf(a.stderr, "leadscore: warning: spend: %v\n", err)
		case err != nil:
			return nil, err
		}
		o.Spend = spend
	}
	e, err := m.Economics(table, o)
	if errors.Is(err, model.ErrNoPolicy) {
		return nil, nil
	}
	return e, err
}

func parseSpend(in io.Reader, e *budget.Exchange) ([]budget.Spend, error) {
	spend := []budget.Spend{}
	err := eachRecord(in, spendColumns, spendCurrency, func(record []string) error {
		s, err := spendOf(record[0], record[1], record[2])
		if from := budget.Currency(record[3]); err == nil && from != "" && from != e.To {
			var m budget.Money
			m, err = e.Convert(s.Amount, from, s.Start)
			s.Amount = m.Major()
		}
		spend = append(spend, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return spend, nil
}

func spendOf(period, source, amount string) (budget.Spend, error) {
	s := budget.Spend{Source: features.Normalise(source)}
	var err error
	if s.Start, err = time.Parse("2006-01", period); err != nil {
		if s.Start, err = time.Parse(time.DateOnly, period); err != nil {
			return s, fmt.Errorf("period: %q is neither a month such as 2026-06 nor a day", period)
		}
	}
	if s.Amount, err = strconv.ParseFloat(amount, 64); err != nil || !(s.Amount >= 0) || math.IsInf(s.Amount, 0) {
		return s, fmt.Errorf("spend: %q is not an amount of 0 or more", amount)
	}
	return s, nil
}
