package features

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// The plain recipe, feature by feature (scikit-learn's one-hot encoding and standardisation):
//
//	category   one code for each level of the training rows, in sorted order; missing is the last code if it occurs
//	number     z = (x − mean)/sd over the non-missing training rows, sd of the population, 1 if constant;
//	           missing gives z = 0, and a flag of its own if a training row misses the number
//	time       as a number, in days, since 1970 or to the creation of the lead
//
// A level that training never saw has no code; nor has "missing" where no training row missed the value.

// Term is one feature as the model sees it. A fitted coefficient belongs to each of its levels, being missing
// one of them where Missing is set (a category), or to its slope and, where Missing is set, to its being missing
// (a number).
type Term struct {
	Name    string   `json:"feature"`
	Levels  []string `json:"levels,omitempty"`  // category: sorted; code = position
	Missing bool     `json:"missing,omitempty"` // training rows miss the value: category, code len(Levels); number, Flag
	Mean    float64  `json:"mean"`              // number
	SD      float64  `json:"sd,omitempty"`      // number; > 0 marks the term as one
	Min     float64  `json:"min"`               // number: the range of training
	Max     float64  `json:"max"`
	// Histogram is what training looked like, for drift: the weight of the rows of each level, or of each bin
	// between Edges. Its last element counts the missing.
	Histogram []float64 `json:"histogram"`
	Edges     []float64 `json:"edges,omitempty"`
	// Of the auto recipe (bins.go, pair.go).
	Pooled []string `json:"pooled,omitempty"` // category: sorted; rare levels, which share code len(Levels)
	Bins   bool     `json:"bins,omitempty"`   // number: a code for each bin between Edges, then missing
	Pair   []Side   `json:"pair,omitempty"`   // two sides: a pair, named after them
	Cells  []int32  `json:"cells,omitempty"`  // pair: code of each combination of groups, −1 = never seen

	field   int // −1 of a pair
	origin  int // 1 + the column that times count from, 0 of all others
	kind    Kind
	code    map[string]int32
	inverse float64 // 1/SD
	parts   [2]int
	names   [2][]string // of the groups of a pair
	width   int32       // groups of its second side
}

// IsNumber reports whether the term has a slope rather than levels.
func (t *Term) IsNumber() bool { return t.SD > 0 }

// Size returns the number of coefficients of the term.
func (t *Term) Size() int {
	n := t.present()
	if t.Missing {
		n++
	}
	return n
}

// present returns the number of coefficients of values that are not missing.
func (t *Term) present() int {
	switch {
	case t.IsNumber():
		return 1
	case t.Bins:
		return len(t.Edges) + 1
	case t.IsPair():
		return len(t.Histogram) - 1
	case len(t.Pooled) > 0:
		return len(t.Levels) + 1
	}
	return len(t.Levels)
}

// Weight returns the weight of the training rows.
func (t *Term) Weight() float64 {
	var total float64
	for _, count := range t.Histogram {
		total += count
	}
	return total
}

// MissingWeight returns the weight of the training rows that miss the value.
func (t *Term) MissingWeight() float64 { return t.Histogram[len(t.Histogram)-1] }

// LevelName names coefficient i of the term.
func (t *Term) LevelName(i int) string {
	switch {
	case t.IsNumber() && i == 0:
		return "slope"
	case i >= t.present():
		return MissingText
	case t.Bins:
		return t.binName(i)
	case t.IsPair():
		return t.cellName(i)
	case i == len(t.Levels):
		return OtherText
	}
	return t.Levels[i]
}

// MissingText is how a missing value is shown to people.
const MissingText = "(missing)"

// Encoder turns leads, and tables of leads, into codes. It is immutable and travels inside the artifact.
type Encoder struct {
	schema *Schema
	terms  []Term
}

// NewEncoder binds the terms to the schema's columns and checks them: the error names the term. The encoder
// keeps the terms.
func NewEncoder(schema *Schema, terms []Term) (*Encoder, error) {
	e := &Encoder{schema: schema, terms: terms}
	named := map[string]bool{}
	for i := range terms {
		t := &terms[i]
		if named[t.Name] {
			return nil, fmt.Errorf("features: encoder: feature %q appears twice", t.Name)
		}
		named[t.Name] = true
		if err := t.bind(schema, terms[:i]); err != nil {
			return nil, fmt.Errorf("features: encoder: feature %q: %w", t.Name, err)
		}
	}
	return e, nil
}

func (t *Term) bind(schema *Schema, before []Term) error {
	if t.origin = 0; t.IsPair() {
		return t.bindPair(before)
	}
	if len(t.Cells) > 0 {
		return fmt.Errorf("only a pair has cells")
	}
	t.field = schema.Index(t.Name)
	if t.field < 0 || !schema.fields[t.field].Role.Feature() {
		return fmt.Errorf("the schema has no such feature")
	}
	t.origin = 1 + schema.since(t.field)
	for _, x := range slices.Concat([]float64{t.Mean, t.SD, t.Min, t.Max}, t.Histogram, t.Edges) {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%v is not a finite number", x)
		}
	}
	if t.kind = schema.fields[t.field].Kind; t.kind != Category {
		return t.checkNumber(t.kind)
	}
	return t.bindLevels(schema)
}

func (t *Term) checkNumber(kind Kind) error {
	switch {
	case t.Bins && (t.SD != 0 || t.Mean != 0):
		return fmt.Errorf("bins have no moments")
	case t.Bins:
	case !(t.SD > 0) || math.IsInf(1/t.SD, 0):
		return fmt.Errorf("the sd of a %v must be positive, not %v", kind, t.SD)
	}
	switch {
	case len(t.Levels)+len(t.Pooled) > 0:
		return fmt.Errorf("a %v has no levels", kind)
	case t.Min > t.Max:
		return fmt.Errorf("the range from %v to %v is empty", t.Min, t.Max)
	}
	if !t.Bins {
		t.inverse = 1 / t.SD
	}
	return t.checkHistogram(len(t.Edges) + 1)
}

// bindLevels wants the levels to be such that a lead's value can equal them.
func (t *Term) bindLevels(schema *Schema) error {
	if t.SD != 0 || t.Mean != 0 || t.Min != 0 || t.Max != 0 || len(t.Edges) > 0 || t.Bins {
		return fmt.Errorf("a category has neither moments nor edges")
	}
	if t.present() == 0 {
		return fmt.Errorf("a category needs at least one level")
	}
	t.code = make(map[string]int32, len(t.Levels)+len(t.Pooled))
	if err := t.bindCodes(schema, t.Levels, func(i int) int32 { return int32(i) }); err != nil {
		return err
	}
	if err := t.bindCodes(schema, t.Pooled, func(int) int32 { return int32(len(t.Levels)) }); err != nil {
		return err
	}
	return t.checkHistogram(t.present())
}

func (t *Term) bindCodes(schema *Schema, levels []string, code func(i int) int32) error {
	for i, level := range levels {
		if i > 0 && level <= levels[i-1] {
			return fmt.Errorf("level %q stands after level %q: levels must be sorted and different", level, levels[i-1])
		}
		if v, err := schema.TextValue(t.field, level); err != nil || !v.Present || v.Text != level || !utf8.ValidString(level) {
			return fmt.Errorf("level %q is not a value that a lead can have", level)
		}
		if _, taken := t.code[level]; taken {
			return fmt.Errorf("level %q is both pooled and not", level)
		}
		t.code[level] = code(i)
	}
	return nil
}

// checkHistogram wants a count for each bin and one for the missing.
func (t *Term) checkHistogram(bins int) error {
	if len(t.Histogram) != bins+1 {
		return fmt.Errorf("the histogram has %d counts, want %d", len(t.Histogram), bins+1)
	}
	for _, count := range t.Histogram {
		if count < 0 {
			return fmt.Errorf("the histogram has the count %v", count)
		}
	}
	if total := t.Weight(); !(total > 0) || math.IsInf(total, 0) {
		return fmt.Errorf("the histogram's sum is %v", total)
	}
	if t.Missing != (t.MissingWeight() > 0) {
		return fmt.Errorf("the histogram counts %v missing, but a coefficient for them: %v", t.MissingWeight(), t.Missing)
	}
	if !slices.IsSorted(t.Edges) {
		return fmt.Errorf("the histogram's edges are not sorted")
	}
	return nil
}

// Schema returns the schema that the terms belong to.
func (e *Encoder) Schema() *Schema { return e.schema }

// Terms returns the features in order. The caller must not change them.
func (e *Encoder) Terms() []Term { return e.terms }

// Code is one feature of one lead, encoded: a coefficient's position and what to multiply it by.
type Code struct {
	Level int32   // position of the coefficient, or NoLevel
	Z     float64 // of a number with a value: standardised; 1 otherwise
}

// NoLevel marks a level that training never saw, or a missing value where training missed none: it has no
// coefficient and contributes exactly nothing.
const NoLevel = -1

// Code returns the code of term i of a lead. A number with a value has the slope's position, 0; a missing one
// the flag's, 1.
func (e *Encoder) Code(i int, lead *Lead) Code {
	t := &e.terms[i]
	if t.IsPair() {
		return Code{Level: t.cell(e.Code(t.parts[0], lead).Level, e.Code(t.parts[1], lead).Level), Z: 1}
	}
	if t.origin > 0 {
		return e.counted(i, lead)
	}
	return e.CodeOf(i, &lead.Values[t.field])
}

// counted is the code of a time that counts from the creation of the lead.
func (e *Encoder) counted(i int, lead *Lead) Code {
	v := e.terms[i].valueOf(lead)
	return e.CodeOf(i, &v)
}

// Known reports whether a lead has a value of term i, which must not be a pair.
func (e *Encoder) Known(i int, lead *Lead) bool { return e.terms[i].valueOf(lead).Present }

// CodeOf returns the code of a value of term i, which must not be a pair, as the term sees it.
func (e *Encoder) CodeOf(i int, v *Value) Code {
	t := &e.terms[i]
	return t.encode(v, e.schema.fields[t.field].Kind)
}

// Field returns the position of term i's column in the schema, −1 of a pair.
func (e *Encoder) Field(i int) int { return e.terms[i].field }

func (t *Term) encode(v *Value, kind Kind) Code {
	switch {
	case !v.Present:
		return t.absent()
	case t.Bins:
		return Code{Level: int32(BinOf(t.Edges, v.amount(kind))), Z: 1}
	case kind != Category:
		return Code{Z: t.Standardise(v.amount(kind))}
	}
	if level, known := t.code[v.Text]; known {
		return Code{Level: level, Z: 1}
	}
	return Code{Level: NoLevel, Z: 1}
}

// absent is the code of a missing value.
func (t *Term) absent() Code {
	switch {
	case !t.Missing:
		return Code{Level: NoLevel, Z: 1}
	}
	return Code{Level: int32(t.present()), Z: 1}
}

// Reach bounds |z|: it keeps the arithmetic finite for numbers that are astronomically far outside the range of training.
const Reach = 1e12

// Inverse returns 1/SD of a number. (x − Mean)·Inverse is z, where it is within Reach.
func (t *Term) Inverse() float64 { return t.inverse }

// Standardise is the one definition of z.
func (t *Term) Standardise(x float64) float64 {
	return min(max((x-t.Mean)*t.inverse, -Reach), Reach)
}

// amount returns the number that a value of a number or a time is to the model.
func (v *Value) amount(kind Kind) float64 {
	if kind == Time {
		return Days(v.Time)
	}
	return v.Number
}

// Fits reports an error unless leads and tables of the other schema have the encoder's features in the places
// where the encoder looks for them.
func (e *Encoder) Fits(other *Schema) error {
	for i := range e.terms {
		field := e.terms[i].field
		if field < 0 {
			continue
		}
		want := e.schema.fields[field]
		if field >= len(other.fields) {
			return fmt.Errorf("features: encoder: the schema has no column %d, want %q", field, want.Name)
		}
		if got := other.fields[field]; got.Name != want.Name || got.Type != want.Type || got.Kind != want.Kind {
			return fmt.Errorf("features: encoder: column %d is %q, a %v of %v, want %q, a %v of %v", field, got.Name, got.Kind, got.Type, want.Name, want.Kind, want.Type)
		}
	}
	return nil
}
