package features

import (
	"fmt"
	"math"
	"slices"
)

// As returns the table under a schema of the same columns, some of whose numbers are categories there: their levels are
// the numbers' texts, as a loader of the schema would have made them. It shares the memory of the other columns.
func (t *Table) As(schema *Schema) (*Table, error) {
	if schema == t.Schema {
		return t, nil
	}
	if len(schema.fields) != len(t.Schema.fields) {
		return nil, fmt.Errorf("features: table: a schema of %d columns, want %d", len(schema.fields), len(t.Schema.fields))
	}
	as := &Table{Schema: schema, Rows: t.Rows, Columns: slices.Clone(t.Columns)}
	for i := range schema.fields {
		have, want := &t.Schema.fields[i], &schema.fields[i]
		switch {
		case have.Name != want.Name:
			return nil, fmt.Errorf("features: table: column %d is %q, want %q", i, have.Name, want.Name)
		case have.Kind == want.Kind:
		case have.Kind == Number && want.Kind == Category:
			as.Columns[i] = t.Columns[i].Numbers.asLevels(want)
		default:
			return nil, fmt.Errorf("features: table: column %q is a %v, want a %v", want.Name, have.Kind, want.Kind)
		}
	}
	return as, nil
}

// asLevels returns the category of the numbers' texts.
func (x Numbers) asLevels(field *Field) Column {
	entry := map[float64]uint32{}
	texts := &Dictionary{}
	codes := make([]uint32, x.Len())
	for i := range codes {
		number := x.At(i) + 0 // one zero
		if math.IsNaN(number) {
			codes[i] = NoCode
			continue
		}
		code, known := entry[number]
		if !known {
			code = uint32(len(texts.Levels))
			entry[number] = code
			texts.Levels = append(texts.Levels, field.Type.FormatNumber(number))
		}
		codes[i] = code
	}
	c := newColumnBuilder(field, len(codes))
	if err := c.addCodes(&Vector{Codes: codes, Dictionary: texts}); err != nil {
		panic(err) // the codes are the dictionary's own
	}
	return c.sorted()
}
