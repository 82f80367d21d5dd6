package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// moneyTerms are what the money of a table is brought to as it is read.
type moneyTerms struct {
	exchange *budget.Exchange
	discount float64 // a year
}

// newTerms are those of an exchange and a policy; either may be nil.
func newTerms(e *budget.Exchange, p *budget.Policy) moneyTerms {
	t := moneyTerms{exchange: e}
	if p != nil {
		t.discount = p.Discount
	}
	return t
}

// termsOf are those that a model was trained under.
func termsOf(m *model.Model) moneyTerms { return newTerms(m.Exchange(), m.Policy()) }

// terms are those of the configuration.
func (in *trainInput) terms() moneyTerms { return newTerms(in.options.Exchange, in.options.Policy) }

// loadTable reads the schema's columns of a data set into memory, their money in the currency of the terms and, where
// they discount it, at its present value.
func (a *app) loadTable(ctx context.Context, d *datasets.Dataset, schema *features.Schema, terms moneyTerms, workers int) (*features.Table, error) {
	bar := a.newBar("reading leads", d.Rows())
	defer bar.done()
	options := datasets.DefaultReadOptions()
	options.Workers = workers
	options.Progress = bar.at
	builder := features.NewBuilder(schema, d.Rows())
	if err := d.Load(ctx, schema, options, builder.AddColumn); err != nil {
		return nil, err
	}
	table, err := model.Convert(builder.Table(), terms.exchange)
	var odd *model.CurrencyError
	if errors.As(err, &odd) {
		var path string
		path, odd.Row = d.Place(odd.Row)
		return nil, fmt.Errorf("%s: %w", path, odd)
	}
	if err != nil {
		return nil, err
	}
	return model.Discount(table, terms.discount)
}

// loadHashed is loadTable with the hash of the data, which is computed meanwhile: what one of the two reads from the
// disk, the other finds in memory.
func (a *app) loadHashed(ctx context.Context, in *trainInput) (table *features.Table, sum string, err error) {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		sum, err = in.dataset.SHA256(ctx)
		return err
	})
	both.Go(func() (err error) {
		table, err = a.loadTable(ctx, in.dataset, in.schema, in.terms(), in.options.Workers)
		return err
	})
	err = both.Wait()
	return table, sum, err
}

// loadModel reads and checks an artifact.
func loadModel(path string) (*model.Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("model: %s: not a regular file", path)
	}
	m, err := model.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// saveModel writes an artifact, whole or not at all.
func saveModel(path string, m *model.Model) error {
	return datasets.WriteFile(path, func(w io.Writer) error { return m.Encode(w) })
}

// workerCount is the number of processors when nothing else is asked for.
func workerCount(asked int) int {
	if asked > 0 {
		return asked
	}
	return runtime.GOMAXPROCS(0)
}
