package serve

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// jsonSchema describes a lead to the model's clients, in JSON Schema 2020-12. Keywords that begin with x-
// are ours.
type jsonSchema struct {
	Schema               string         `json:"$schema"`
	Title                string         `json:"title"`
	Description          string         `json:"description"`
	Type                 string         `json:"type"`
	Properties           properties     `json:"properties"`
	AdditionalProperties bool           `json:"additionalProperties"`
	MaxProperties        int            `json:"maxProperties"`
	Missing              []string       `json:"x-missing"` // texts that mean "no value"
	Model                model.Identity `json:"x-model"`
}

type property struct {
	name string

	Description string           `json:"description,omitempty"`
	Type        []string         `json:"type"`
	AnyOf       []map[string]any `json:"anyOf,omitempty"`
	Minimum     *float64         `json:"minimum,omitempty"`
	Maximum     *float64         `json:"maximum,omitempty"`
	MinLength   int              `json:"minLength,omitempty"`
	MaxLength   int              `json:"maxLength,omitempty"`
	Role        features.Role    `json:"x-role"`
	Kind        string           `json:"x-kind,omitempty"`
	Stored      string           `json:"x-stored,omitempty"`
	Group       features.Group   `json:"x-group,omitempty"`
	Levels      []string         `json:"x-levels,omitempty"` // those of training, where few
	Range       []any            `json:"x-range,omitempty"`  // that of training
}

// properties keeps the order of the schema.
type properties []property

// MarshalJSON writes one member for each property.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i := range p {
		name, err := json.Marshal(p[i].name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(&p[i])
		if err != nil {
			return nil, err
		}
		b.WriteByte("{,"[min(i, 1)])
		b.Write(append(append(name, ':'), value...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// shownLevels is how many levels of a category the schema lists at most.
const shownLevels = 50

func inputSchema(id model.Identity, encoder *features.Encoder) ([]byte, error) {
	schema := encoder.Schema()
	doc := jsonSchema{
		Schema: "https://json-schema.org/draft/2020-12/schema", Model: id,
		Title: "Lead", Type: "object", AdditionalProperties: true, MaxProperties: features.MaxFields, Missing: missingTexts(schema),
		Description: "A lead as model " + id.Version + " reads it. null, an absent field and the texts of x-missing mean that there is no value. Other fields are ignored, with a warning.",
		Properties: properties{{
			name: "lead_id", Description: "Names the lead in the answer: printable, without \"/\".",
			Type: []string{"string", "number", "null"}, MinLength: 1, MaxLength: features.MaxLeadID, Role: features.RoleID,
		}},
	}
	terms := map[string]*features.Term{}
	for i := range encoder.Terms() {
		terms[encoder.Terms()[i].Name] = &encoder.Terms()[i]
	}
	for i := range schema.Fields() {
		switch f := &schema.Fields()[i]; {
		case f.Role.Feature():
			doc.Properties = append(doc.Properties, propertyOf(f, terms[f.Name]))
		case schema.Dates(i):
			p := propertyOf(f, nil)
			p.Description = "Not a feature: a value that was recorded after the creation of the lead is left out, and dates that count from it are missing without it."
			doc.Properties = append(doc.Properties, p)
		}
	}
	return json.Marshal(&doc)
}

// missingTexts returns the texts that mean "no value"; the empty one always does.
func missingTexts(schema *features.Schema) []string {
	if slices.Contains(schema.Missing(), "") {
		return schema.Missing()
	}
	return append([]string{""}, schema.Missing()...)
}

// propertyOf describes one feature; t is nil for one that training found empty.
func propertyOf(f *features.Field, t *features.Term) property {
	p := property{name: f.Name, Role: f.Role, Kind: f.Kind.String(), Stored: f.Type.String(), Group: f.Group}
	p.setType(f)
	switch {
	case t == nil:
		p.Description = "No lead of the training data has a value here: it has no effect."
	case f.Kind == features.Number:
		p.Range = []any{t.Min, t.Max}
	case f.Since != "":
		p.Range = []any{t.Min, t.Max}
		p.Description = "Counts as days before " + f.Since + ", in which x-range is too; without that it is missing."
	case f.Kind == features.Time:
		p.Range = []any{dayText(t.Min), dayText(t.Max)}
	case len(t.Levels) <= shownLevels:
		p.Levels = t.Levels
	}
	return p
}

// dayText writes days since 1970 as an instant.
func dayText(days float64) string {
	return features.FormatTime(int64(days * float64(24*time.Hour/time.Microsecond)))
}

// setType says which JSON values the field takes.
func (p *property) setType(f *features.Field) {
	switch {
	case f.Kind == features.Time || f.Type.Temporal():
		p.Type = []string{"string", "null"}
		p.AnyOf = []map[string]any{{"format": "date"}, {"format": "date-time"}, {"type": "null"}}
	case f.Type.Base == features.Bool:
		p.Type = []string{"boolean", "null"}
	case f.Type.Base == features.String && f.Kind == features.Category:
		p.Type, p.MaxLength = []string{"string", "null"}, features.MaxText
	case f.Type.Integer():
		p.Type = []string{"integer", "null"}
	default:
		p.Type = []string{"number", "null"}
	}
	if f.Kind == features.Category && f.Type.Numeric() {
		p.Type, p.MaxLength = slices.Insert(p.Type, 1, "string"), features.MaxText
		p.Description = "The number names something: it may be sent as a text too, written as the number is at its shortest."
	}
	if bounds, bounded := typeBounds[f.Type.Base]; bounded {
		p.Minimum, p.Maximum = &bounds[0], &bounds[1]
	}
}

// typeBounds are the ranges of the stored types that JSON numbers overstep most easily.
var typeBounds = map[features.Base][2]float64{
	features.Int8: {math.MinInt8, math.MaxInt8}, features.Int16: {math.MinInt16, math.MaxInt16}, features.Int32: {math.MinInt32, math.MaxInt32},
	features.Uint8: {0, math.MaxUint8}, features.Uint16: {0, math.MaxUint16}, features.Uint32: {0, math.MaxUint32},
	features.Float32: {-math.MaxFloat32, math.MaxFloat32},
}

func (s *Server) inputs(c *gin.Context) {
	reply(c, http.StatusOK, "application/schema+json", s.active.Load().inputs)
}
