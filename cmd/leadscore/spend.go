package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// spendColumns are the columns of a file of spend, in any order: a period (2026-06 or 2026-06-15, where it starts), a
// source and an amount with a decimal point.
var spendColumns = []string{"period", "source", "spend"}

// readSpend reads what was spent by period and source.
func readSpend(path string) ([]budget.Spend, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("spend: %w", err)
	}
	defer f.Close()
	spend, err := parseSpend(f)
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
	o.AsOf = in.options.Label.AsOf
	if path := in.config.Spend; path != "" {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(f.config), path)
		}
		spend, err := readSpend(path)
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

func parseSpend(in io.Reader) ([]budget.Spend, error) {
	r := csv.NewReader(in)
	r.TrimLeadingSpace = true
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("no header: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	var at [3]int
	for i, name := range spendColumns {
		if at[i] = slices.Index(header, name); at[i] < 0 {
			return nil, fmt.Errorf("there is no column %q among %q", name, header)
		}
	}
	spend := []budget.Spend{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return spend, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		s, err := spendOf(record[at[0]], record[at[1]], record[at[2]])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		spend = append(spend, s)
	}
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
