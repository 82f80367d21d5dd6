package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// The endings that say how a file of leads is written.
const (
	endingParquet = ".parquet"
	endingCSV     = ".csv"
	endingLines   = ".jsonl"
)

// ending returns the kind of a file of leads; a path without one of the endings is Parquet: a folder or glob.
func ending(path string) string {
	switch e := strings.ToLower(filepath.Ext(path)); e {
	case endingCSV, endingLines:
		return e
	}
	return endingParquet
}

// scoringSchema is the model's schema without the columns that scoring does not need. The column of ids, those that say
// whether a feature was recorded in time, and, if dated, those that say how old a lead is and what became of it, may be
// absent: has says whether one is there.
func scoringSchema(m *model.Model, dated bool, has func(name string) bool) (*features.Schema, error) {
	fields := append([]features.Field(nil), m.Schema().Fields()...)
	for i := range fields {
		f := &fields[i]
		if !f.Role.Feature() && !((f.Role == features.RoleID || m.Schema().Dates(i) || dated && f.Role.Dates()) && has(f.Name)) {
			f.Role = features.RoleExcluded
		}
	}
	for i := range fields {
		stamp := m.Schema().Index(fields[i].RecordedAt)
		if stamp >= 0 && fields[stamp].Role == features.RoleExcluded {
			fields[i].RecordedAt = ""
		}
	}
	return features.NewSchema(fields, m.Schema().Missing())
}

// eachLead calls fn with one lead of the file after the other; dated leads keep their dates and outcome. The lead is fn's until it returns.
func eachLead(ctx context.Context, path string, separator rune, m *model.Model, dated bool, fn func(*features.Lead) error) error {
	lead := m.Schema().NewLead()
	if ending(path) == endingLines {
		return datasets.ReadLines(ctx, path, func(line int, text []byte) error {
			if err := m.Schema().ParseLeadWith(text, features.RequestOptions{Dated: dated}, lead); err != nil {
				return fmt.Errorf("%s: line %d: %w", path, line, err)
			}
			return fn(lead)
		})
	}
	return rawBatches(ctx, path, separator, m, dated, func(b *features.Batch) error {
		for row := range b.Rows {
			b.Lead(row, lead)
			b.Schema.DropLate(lead)
			if err := fn(lead); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachBatch calls fn with one block of leads of a Parquet or CSV file after the other, without what was recorded after
// the leads were created. The batch is fn's until it returns.
func eachBatch(ctx context.Context, path string, separator rune, m *model.Model, dated bool, fn func(*features.Batch) error) error {
	return rawBatches(ctx, path, separator, m, dated, func(b *features.Batch) error {
		b.DropLate()
		return fn(b)
	})
}

// rawBatches is eachBatch with everything that the file holds.
func rawBatches(ctx context.Context, path string, separator rune, m *model.Model, dated bool, fn func(*features.Batch) error) error {
	if ending(path) == endingCSV {
		schema, err := scoringSchema(m, dated, func(string) bool { return true })
		if err != nil {
			return err
		}
		return datasets.ReadCSV(ctx, path, schema, separator, fn)
	}
	d, err := datasets.Open([]string{path})
	if err != nil {
		return err
	}
	defer d.Close()
	schema, err := scoringSchema(m, dated, func(name string) bool {
		return slices.ContainsFunc(d.Columns(), func(c datasets.Column) bool { return c.Name == name })
	})
	if err != nil {
		return err
	}
	return d.Batches(ctx, schema, datasets.DefaultReadOptions(), fn)
}
