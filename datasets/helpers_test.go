package datasets

import (
	"context"
	"math"
	"testing"

	"github.com/leadscore/leadscore/features"
)

func writeFrame(t testing.TB, path string, f Frame, options WriteOptions) {
	t.Helper()
	w, err := NewWriter(path, f.Columns, options)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(f); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, paths ...string) *Dataset {
	t.Helper()
	d, err := Open(paths)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// schemaOf declares every supported column as a feature of its default kind.
func schemaOf(t testing.TB, d *Dataset) *features.Schema {
	t.Helper()
	var fields []features.Field
	for _, c := range d.Columns() {
		if c.Unsupported == "" {
			fields = append(fields, featureField(c.Name, c.Type, features.DefaultKind(c.Type)))
		}
	}
	return newSchema(t, fields)
}

func featureField(name string, typ features.Type, kind features.Kind) features.Field {
	return features.Field{Name: name, Type: typ, Kind: kind, Role: features.RoleFeature}
}

func newSchema(t testing.TB, fields []features.Field, missing ...string) *features.Schema {
	t.Helper()
	s, err := features.NewSchema(fields, missing)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// table is a data set as a test compares it: for each column, a value for each row; nil is missing.
type table map[string][]any

// read collects all rows of a data set.
func read(d *Dataset, schema *features.Schema, options ReadOptions) (table, error) {
	all := table{}
	for _, f := range schema.Fields() {
		if f.Role != features.RoleExcluded {
			all[f.Name] = []any{}
		}
	}
	err := d.Batches(context.Background(), schema, options, func(b *features.Batch) error {
		appendBatch(all, b)
		return nil
	})
	return all, err
}

func appendBatch(all table, b *features.Batch) {
	for i, f := range b.Schema.Fields() {
		if f.Role == features.RoleExcluded {
			continue
		}
		v := &b.Vectors[i]
		for row := range b.Rows {
			all[f.Name] = append(all[f.Name], valueAt(v, f.Kind, row))
		}
	}
}

func valueAt(v *features.Vector, kind features.Kind, row int) any {
	switch kind {
	case features.Category:
		if code := v.Codes[row]; code != features.NoCode {
			return v.Dictionary.Levels[code]
		}
	case features.Number:
		if x := v.Numbers[row]; !math.IsNaN(x) {
			return x
		}
	case features.Time:
		if t := v.Times[row]; t != features.NoTime {
			return t
		}
	}
	return nil
}
