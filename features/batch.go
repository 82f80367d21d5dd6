package features

import "math"

// NoCode marks a missing category among a Batch's codes.
const NoCode = math.MaxUint32

// Dictionary holds the texts that the codes of a Vector stand for. Batches of one row group share one
// Dictionary, so that work per level can be kept by its address: once handed on, texts may be added to it but
// never changed. It may hold texts that no row uses, and a text twice. Its texts are those that Schema.TextValue
// gives: normalised, and none of them means "missing".
type Dictionary struct {
	Levels []string
}

// Vector is one column of a Batch. The slice that the field's Kind asks for is set, the others are nil.
type Vector struct {
	Codes      []uint32    // Category: positions in Dictionary, NoCode = missing
	Dictionary *Dictionary // Category
	Numbers    []float64   // Number: narrowed values, NaN = missing
	Times      []int64     // Time: microseconds since 1970 UTC, NoTime = missing
}

// Batch is one block of raw columns: rows Start to Start+Rows of a data set. Vectors[i] belongs to field i
// of the Schema. Whoever hands a Batch on says until when its memory is valid.
type Batch struct {
	Schema  *Schema
	Start   int
	Rows    int
	Vectors []Vector
}

// Value is one value of a lead, as the model sees it: normalised and narrowed. The zero Value is missing.
type Value struct {
	Present bool
	Text    string  // of a Category
	Number  float64 // of a Number
	Time    int64   // of a Time, microseconds since 1970 UTC
}

// Lead copies one row of the batch into lead, whose memory it reuses.
func (b *Batch) Lead(row int, lead *Lead) {
	lead.reset(len(b.Vectors))
	for i := range b.Vectors {
		lead.Values[i] = b.Vectors[i].value(row)
	}
	if i := b.Schema.ByRole(RoleID); i >= 0 {
		lead.ID = b.Schema.fields[i].written(&lead.Values[i])
	}
}

// written returns a value of the field as a text that Schema.TextValue reads, "" if it is missing.
func (f *Field) written(v *Value) string {
	switch {
	case !v.Present:
		return ""
	case f.Kind == Number:
		return f.Type.FormatNumber(v.Number)
	case f.Kind == Time:
		return FormatTime(v.Time)
	}
	return v.Text
}

func (v *Vector) value(row int) Value {
	switch {
	case v.Codes != nil:
		if code := v.Codes[row]; code != NoCode {
			return Value{Present: true, Text: v.Dictionary.Levels[code]}
		}
	case v.Numbers != nil:
		if x := v.Numbers[row]; !math.IsNaN(x) {
			return Value{Present: true, Number: x}
		}
	case v.Times != nil:
		if t := v.Times[row]; t != NoTime {
			return Value{Present: true, Time: t}
		}
	}
	return Value{}
}
