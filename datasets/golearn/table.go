package golearn

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sjwhitworth/golearn/base"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
)

// Load reads Parquet files of leads. The outcome is a column of yes or no (or true or false); every other column is
// a feature unless it is excluded.
func Load(ctx context.Context, paths []string, outcome string, exclude []string) (*features.Table, error) {
	d, err := datasets.Open(paths)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var fields []features.Field
	for _, c := range d.Columns() {
		f := features.Field{Name: c.Name, Type: c.Type, Kind: features.DefaultKind(c.Type), Role: features.RoleFeature}
		switch {
		case c.Name == outcome:
			f.Kind, f.Role = features.Category, features.RoleOutcome
		case slices.Contains(exclude, c.Name):
			f.Role = features.RoleExcluded
		}
		fields = append(fields, f)
	}
	for _, name := range append([]string{outcome}, exclude...) {
		if !slices.ContainsFunc(fields, func(f features.Field) bool { return f.Name == name }) {
			return nil, fmt.Errorf("golearn: load: the leads have no column %q", name)
		}
	}
	schema, err := features.NewSchema(fields, nil)
	if err != nil {
		return nil, err
	}
	builder := features.NewBuilder(schema, d.Rows())
	if err := d.Batches(ctx, schema, datasets.DefaultReadOptions(), builder.Add); err != nil {
		return nil, err
	}
	return builder.Table(), nil
}

// Names splits a list of columns at its commas.
func Names(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// schemaOf declares the attributes of any grid: its one class is the outcome, the others are features.
func schemaOf(grid base.FixedDataGrid) (*features.Schema, error) {
	class, err := classOf(grid)
	if err != nil {
		return nil, err
	}
	var fields []features.Field
	for _, a := range grid.AllAttributes() {
		f := features.Field{Name: a.GetName(), Role: features.RoleFeature, Kind: features.Category, Type: features.Type{Base: features.String}}
		switch a.(type) {
		case *base.FloatAttribute:
			f.Kind, f.Type.Base = features.Number, features.Float64
		case *base.BinaryAttribute:
			f.Type.Base = features.Bool
		}
		if a.Equals(class) {
			f.Role = features.RoleOutcome
		}
		fields = append(fields, f)
	}
	return features.NewSchema(fields, []string{features.MissingText})
}

// classOf returns the one class attribute of a grid.
func classOf(grid base.FixedDataGrid) (*base.CategoricalAttribute, error) {
	classes := grid.AllClassAttributes()
	if len(classes) != 1 {
		return nil, fmt.Errorf("golearn: the grid has %d class attributes, want one", len(classes))
	}
	class, ok := classes[0].(*base.CategoricalAttribute)
	if !ok {
		return nil, fmt.Errorf("golearn: the class %q is a %T, want a CategoricalAttribute", classes[0].GetName(), classes[0])
	}
	return class, nil
}

// tableOf reads the schema's features, and the outcome where the grid has it, from any grid. Other columns of the
// schema are missing. Rows are asked for one by one: a view's own MapOverRows forgets how it maps them.
func tableOf(grid base.FixedDataGrid, schema *features.Schema) (*features.Table, error) {
	named := map[string]base.Attribute{}
	for _, a := range grid.AllAttributes() {
		named[a.GetName()] = a
	}
	_, rows := grid.Size()
	batch := &features.Batch{Schema: schema, Rows: rows, Vectors: make([]features.Vector, len(schema.Fields()))}
	for i := range batch.Vectors {
		f := &schema.Fields()[i]
		a, found := named[f.Name]
		if !found && f.Role.Feature() {
			return nil, fmt.Errorf("golearn: the grid has no attribute %q", f.Name)
		}
		if !found || f.Role != features.RoleOutcome && !f.Role.Feature() {
			batch.Vectors[i] = absent(f.Kind, rows)
			continue
		}
		spec, err := grid.GetAttribute(a)
		if err != nil {
			return nil, fmt.Errorf("golearn: attribute %q: %w", f.Name, err)
		}
		if batch.Vectors[i], err = vectorOf(schema, i, a, rows, func(row int) []byte { return grid.Get(spec, row) }); err != nil {
			return nil, fmt.Errorf("golearn: attribute %q: %w", f.Name, err)
		}
	}
	builder := features.NewBuilder(schema, rows)
	if err := builder.Add(batch); err != nil {
		return nil, err
	}
	return builder.Table(), nil
}

// absent is a column without a value.
func absent(kind features.Kind, rows int) features.Vector {
	switch kind {
	case features.Number:
		return features.Vector{Numbers: slices.Repeat([]float64{math.NaN()}, rows)}
	case features.Time:
		return features.Vector{Times: slices.Repeat([]int64{features.NoTime}, rows)}
	}
	return features.Vector{Codes: slices.Repeat([]uint32{features.NoCode}, rows), Dictionary: &features.Dictionary{}}
}

// vectorOf reads an attribute as field i of the schema.
func vectorOf(schema *features.Schema, i int, a base.Attribute, rows int, at func(row int) []byte) (features.Vector, error) {
	f := &schema.Fields()[i]
	if _, isFloat := a.(*base.FloatAttribute); isFloat != (f.Kind != features.Category) {
		return features.Vector{}, fmt.Errorf("is a %T in the grid, but a %v in the model", a, f.Kind)
	}
	switch f.Kind {
	case features.Number:
		return numbers(f, rows, at)
	case features.Time:
		times := make([]int64, rows)
		for row := range times {
			times[row] = features.NoTime
			if days := base.UnpackBytesToFloat(at(row)); !math.IsNaN(days) {
				times[row] = features.Micros(days)
			}
		}
		return features.Vector{Times: times}, nil
	}
	return codes(schema, i, a, rows, at)
}

func numbers(f *features.Field, rows int, at func(row int) []byte) (features.Vector, error) {
	v := features.Vector{Numbers: make([]float64, rows)}
	for row := range v.Numbers {
		x := base.UnpackBytesToFloat(at(row))
		if math.IsNaN(x) {
			v.Numbers[row] = x
			continue
		}
		value, err := f.NumberValue(x)
		if err != nil {
			return v, fmt.Errorf("row %d: %w", row, err)
		}
		v.Numbers[row] = value.Number
	}
	return v, nil
}

// codes translates each of golearn's packed values once.
func codes(schema *features.Schema, i int, a base.Attribute, rows int, at func(row int) []byte) (features.Vector, error) {
	v := features.Vector{Codes: make([]uint32, rows), Dictionary: &features.Dictionary{}}
	known := map[string]uint32{}
	for row := range v.Codes {
		packed := at(row)
		code, seen := known[string(packed)]
		if !seen {
			text := a.GetStringFromSysVal(packed)
			if _, binary := a.(*base.BinaryAttribute); !binary && text == features.MissingText {
				text = ""
			}
			value, err := schema.TextValue(i, text)
			if err != nil {
				return v, fmt.Errorf("row %d: %w", row, err)
			}
			code = features.NoCode
			if value.Present {
				code = uint32(len(v.Dictionary.Levels))
				v.Dictionary.Levels = append(v.Dictionary.Levels, value.Text)
			}
			known[string(packed)] = code
		}
		v.Codes[row] = code
	}
	return v, nil
}
