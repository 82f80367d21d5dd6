package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// earlierTiers reads the tier that each lead had from a file of earlier scores, .parquet or .csv.
func earlierTiers(ctx context.Context, path string, separator rune, m *model.Model) (map[string]string, error) {
	switch {
	case m.Policy() == nil || m.Policy().Tiers == nil:
		return nil, errors.New("--before: the model has no tiers")
	case m.Schema().ByRole(features.RoleID) < 0:
		return nil, errors.New("--before: the model's data have no id column to match leads by")
	case ending(path) == endingLines:
		return nil, fmt.Errorf("--before: %s: earlier scores are read from .parquet or .csv", path)
	}
	text := func(name string) features.Field {
		return features.Field{Name: name, Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleFeature}
	}
	schema, err := features.NewSchema([]features.Field{text("lead_id"), text("tier")}, nil)
	if err != nil {
		return nil, err
	}
	tiers := map[string]string{}
	read := func(b *features.Batch) error {
		for row := range b.Rows {
			id, tier := b.Vectors[0].Codes[row], b.Vectors[1].Codes[row]
			if id != features.NoCode && tier != features.NoCode {
				tiers[b.Vectors[0].Dictionary.Levels[id]] = b.Vectors[1].Dictionary.Levels[tier]
			}
		}
		return nil
	}
	if ending(path) == endingCSV {
		err = datasets.ReadCSV(ctx, path, schema, separator, read)
	} else {
		err = readParquet(ctx, path, schema, read)
	}
	if err != nil {
		return nil, fmt.Errorf("--before: %w", err)
	}
	return tiers, nil
}

// strangeTiers counts the leads that were in a tier which there is no more.
func strangeTiers(earlier map[string]string, tiers *budget.Tiers) (n int) {
	for _, tier := range earlier {
		if tier != budget.Unscored && !slices.Contains(tiers.Names, tier) {
			n++
		}
	}
	return n
}

func readParquet(ctx context.Context, path string, schema *features.Schema, fn func(*features.Batch) error) error {
	d, err := datasets.Open([]string{path})
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Batches(ctx, schema, datasets.DefaultReadOptions(), fn)
}
