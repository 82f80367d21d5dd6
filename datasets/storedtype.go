package datasets

import (
	"fmt"

	"github.com/leadscore/leadscore/features"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// maxScale is the largest decimal scale that a features.Type has.
const maxScale = 22

// storedType returns the type of a leaf and how its bytes are understood, or what it is if it cannot be read. An
// annotation that does not go with the physical type makes a column unreadable rather than something else.
func storedType(e *format.SchemaElement) (features.Type, form, string) {
	note := annotationOf(e)
	if note.name == "" {
		return physicalType(e.Type.V)
	}
	for _, p := range note.physical {
		if p == e.Type.V {
			return note.typ, formOf(note, p), note.unsupported
		}
	}
	if note.unsupported != "" {
		return features.Type{}, 0, note.unsupported
	}
	return features.Type{}, 0, fmt.Sprintf("%s stored as %v", note.name, e.Type.V)
}

// annotation is what a logical or converted type says about a leaf.
type annotation struct {
	name        string
	typ         features.Type
	form        form          // 0: depends on the physical type
	physical    []format.Type // those that it goes with
	unsupported string
}

func formOf(a annotation, p format.Type) form {
	if a.form != 0 {
		return a.form
	}
	switch p { // of a decimal
	case format.Int32:
		return formDecimal32
	case format.Int64:
		return formDecimal64
	}
	return formDecimalBytes
}

func physicalType(p format.Type) (features.Type, form, string) {
	switch p {
	case format.Boolean:
		return features.Type{Base: features.Bool}, formBool, ""
	case format.Int32:
		return features.Type{Base: features.Int32}, formInt32, ""
	case format.Int64:
		return features.Type{Base: features.Int64}, formInt64, ""
	case format.Int96:
		return features.Type{Base: features.Timestamp}, formInt96, ""
	case format.Float:
		return features.Type{Base: features.Float32}, formFloat, ""
	case format.Double:
		return features.Type{Base: features.Float64}, formDouble, ""
	case format.ByteArray:
		return features.Type{Base: features.String}, formText, ""
	}
	return features.Type{}, 0, fmt.Sprintf("a column of physical type %v", p)
}

var (
	asBytes = []format.Type{format.ByteArray}
	as32    = []format.Type{format.Int32}
	as64    = []format.Type{format.Int64}
)

func textNote(name string) annotation {
	return annotation{name: name, typ: features.Type{Base: features.String}, form: formText, physical: asBytes}
}

func unreadable(name string) annotation {
	return annotation{name: name, unsupported: "a " + name + " column"}
}

func annotationOf(e *format.SchemaElement) annotation {
	switch t := e.LogicalType.Value.(type) {
	case nil:
		return convertedOf(e)
	case *format.StringType:
		return textNote("string")
	case *format.EnumType:
		return textNote("enum")
	case *format.JsonType:
		return textNote("JSON")
	case *format.DecimalType:
		return decimalNote(int(t.Scale))
	case *format.DateType:
		return annotation{name: "date", typ: features.Type{Base: features.Date}, form: formDays, physical: as32}
	case *format.TimestampType:
		return timestampNote(t)
	case *format.IntType:
		return integerNote(int(t.BitWidth), t.IsSigned)
	case *format.NullType:
		return annotation{name: "null", unsupported: "a column of nothing but nulls"}
	case *format.TimeType:
		return unreadable("time of day")
	default:
		return unreadable(fmt.Sprint(t))
	}
}

func timestampNote(t *format.TimestampType) annotation {
	a := annotation{name: "timestamp", typ: features.Type{Base: features.Timestamp}, physical: as64}
	switch t.Unit.Value.(type) {
	case *format.MilliSeconds:
		a.form = formMillis
	case *format.MicroSeconds:
		a.form = formMicros
	case *format.NanoSeconds:
		a.form = formNanos
	default:
		return unreadable("timestamp of unknown unit")
	}
	return a
}

func decimalNote(scale int) annotation {
	if scale < 0 || scale > maxScale {
		return unreadable(fmt.Sprintf("decimal of scale %d", scale))
	}
	return annotation{
		name: "decimal", typ: features.Type{Base: features.Decimal, Scale: scale},
		physical: []format.Type{format.Int32, format.Int64, format.ByteArray, format.FixedLenByteArray},
	}
}

func integerNote(bits int, signed bool) annotation {
	a := annotation{name: fmt.Sprintf("integer of %d bits", bits), physical: as32, form: formInt32}
	bases := map[int]features.Base{8: features.Int8, 16: features.Int16, 32: features.Int32, 64: features.Int64}
	if !signed {
		a.form = formUint32
		bases = map[int]features.Base{8: features.Uint8, 16: features.Uint16, 32: features.Uint32, 64: features.Uint64}
	}
	if bits == 64 {
		a.physical, a.form = as64, formInt64
		if !signed {
			a.form = formUint64
		}
	}
	a.typ.Base = bases[bits]
	if a.typ.Base == 0 {
		return annotation{name: a.name, unsupported: "an " + a.name}
	}
	return a
}

// convertedOf reads the annotation of files older than logical types.
func convertedOf(e *format.SchemaElement) annotation {
	if !e.ConvertedType.Valid {
		return annotation{}
	}
	switch t := e.ConvertedType.V; t {
	case deprecated.UTF8:
		return textNote("string")
	case deprecated.Enum:
		return textNote("enum")
	case deprecated.Json:
		return textNote("JSON")
	case deprecated.Decimal:
		return decimalNote(int(e.Scale.V))
	case deprecated.Date:
		return annotation{name: "date", typ: features.Type{Base: features.Date}, form: formDays, physical: as32}
	case deprecated.TimestampMillis:
		return annotation{name: "timestamp", typ: features.Type{Base: features.Timestamp}, form: formMillis, physical: as64}
	case deprecated.TimestampMicros:
		return annotation{name: "timestamp", typ: features.Type{Base: features.Timestamp}, form: formMicros, physical: as64}
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return integerNote(8<<(t-deprecated.Uint8), false)
	case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
		return integerNote(8<<(t-deprecated.Int8), true)
	default:
		return unreadable(fmt.Sprintf("converted type %d", t))
	}
}
