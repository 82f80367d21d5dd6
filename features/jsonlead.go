package features

import (
	"fmt"
	"math"
	"unicode"
	"unicode/utf8"
)

// leadKey names the lead in every schema, whatever its id column is called.
const leadKey = "lead_id"

// leadReader reads the members of one lead after another.
type leadReader struct {
	scanner
	schema  *Schema
	options RequestOptions
	lead    *Lead

	fields    int               // members read
	guess     int               // the field that the next member probably is
	named     bool              // the id was given
	seen      []bool            // by field
	unknown   map[string]bool   // undeclared names met
	hints     map[string]string // suggestions made for the document so far
	notes     int               // members that are undeclared or unused
	problems  []*InputError
	truncated bool // there were more problems
}

// read reads one lead, at its opening brace, and returns what is wrong with it. ok reports whether the
// document could be read on.
func (r *leadReader) read(lead *Lead) (wrong *InputErrors, ok bool) {
	r.begin(lead)
	r.pos++
	ok = r.members()
	r.key = nil
	if extra := r.notes - maxNotes; extra > 0 {
		lead.Warnings = append(lead.Warnings, Warning{Code: WarnUnknownField, Detail: fmt.Sprintf("and %d more fields that are unknown or unused", extra)})
	}
	switch {
	case !ok:
		return nil, false
	case r.refusal != nil:
		return &InputErrors{Errors: []*InputError{r.refusal}}, true
	case r.problems != nil:
		return &InputErrors{Errors: r.problems, Truncated: r.truncated}, true
	}
	r.schema.DropLate(lead)
	return nil, true
}

func (r *leadReader) begin(lead *Lead) {
	lead.reset(len(r.schema.fields))
	r.lead = lead
	r.refusal, r.problems, r.truncated = nil, nil, false
	r.fields, r.guess, r.named, r.notes = 0, 0, false, 0
	if cap(r.seen) < len(r.schema.fields) {
		r.seen = make([]bool, len(r.schema.fields))
	}
	r.seen = r.seen[:len(r.schema.fields)]
	clear(r.seen)
	clear(r.unknown)
}

func (r *leadReader) members() bool {
	if r.next() == '}' {
		r.pos++
		return true
	}
	for {
		r.next()
		start := r.pos
		key, ok := r.member(&r.keyText)
		if !ok {
			return false
		}
		r.fields++
		if r.fields > MaxFields {
			r.refuse(InputTooManyFields, start, tooManyFields)
		}
		r.key = key
		if !r.value(start) {
			return false
		}
		if more, ok := r.more('}'); !more {
			return ok
		}
		r.key = nil
	}
}

// value reads the value of the member r.key. Once the lead is refused, only the grammar counts.
func (r *leadReader) value(start int) bool {
	if r.refusal != nil {
		return r.skip(1)
	}
	i := r.find()
	switch {
	case r.isID(i):
		return r.id(start)
	case i < 0:
		return r.undeclared(start)
	case r.seen[i]:
		r.refuse(InputDuplicate, start, "the field is given twice")
		return r.skip(1)
	}
	r.seen[i] = true
	switch f := &r.schema.fields[i]; {
	case f.Role.Feature() || r.schema.Dates(i) || r.options.Dated && f.Role.Dates():
		return r.feature(i)
	case f.KnownAt != "":
		r.note(Warning{Code: WarnKnownLater, Feature: f.Name, Detail: "known only from " + f.KnownAt + " on: not used"})
	case f.Role == RoleCreatedAt: // which as_of would ask for
	default:
		r.note(Warning{Code: WarnUnusedField, Feature: f.Name})
	}
	return r.skip(1)
}

// find returns the field that r.key names, or -1. Clients tend to keep the order of the schema, so the field
// after the last one is tried first.
func (r *leadReader) find() int {
	i := r.guess
	if i >= len(r.schema.fields) || r.schema.fields[i].Name != string(r.key) {
		var declared bool
		if i, declared = r.schema.index[string(r.key)]; !declared {
			return -1
		}
	}
	r.guess = i + 1
	return i
}

// isID reports whether the member names the lead: the id column does, and "lead_id" unless it is a feature.
func (r *leadReader) isID(i int) bool {
	if i >= 0 && r.schema.fields[i].Role == RoleID {
		return true
	}
	return string(r.key) == leadKey && (i < 0 || !r.schema.fields[i].Role.Feature())
}

func (r *leadReader) undeclared(start int) bool {
	name := string(r.key)
	switch {
	case r.unknown[name]:
		r.refuse(InputDuplicate, start, "the field is given twice")
		return r.skip(1)
	case len(name) > MaxText:
		r.key = nil
		r.problem(InputTooLong, start, "a field's name is too long")
		return r.skip(1)
	case name == batchKey && r.options.MaxLeads > 0:
		r.refuse(InputEnvelope, start, `"leads" must be an array and the only member of a batch`)
		return r.skip(1)
	}
	if r.unknown == nil {
		r.unknown = map[string]bool{}
	}
	r.unknown[name] = true
	r.unknownField(name, start)
	return r.skip(1)
}

func (r *leadReader) unknownField(name string, start int) {
	hint := ""
	if r.notes < maxNotes {
		hint = r.hint(name)
	}
	if r.options.Strict {
		if hint == "" {
			hint = "the model's schema does not declare the field"
		}
		r.problem(InputUnknownField, start, hint)
	}
	r.note(Warning{Code: WarnUnknownField, Feature: name, Detail: hint})
}

// hint suggests a declared name. The leads of a batch tend to share their undeclared names.
func (r *leadReader) hint(name string) string {
	if hint, known := r.hints[name]; known {
		return hint
	}
	hint := ""
	if near := r.schema.Suggest(name); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	if r.hints == nil {
		r.hints = map[string]string{}
	}
	if len(r.hints) < MaxFields {
		r.hints[name] = hint
	}
	return hint
}

func (r *leadReader) note(w Warning) {
	if r.notes++; r.notes <= maxNotes {
		r.lead.Warnings = append(r.lead.Warnings, w)
	}
}

func (r *leadReader) problem(code string, offset int, detail string) {
	if len(r.problems) == MaxProblems {
		r.truncated = true
		return
	}
	e := r.fault(code, offset, detail)
	e.Semantic = true
	r.problems = append(r.problems, e)
}

// id reads the name of the lead: a text, or a number as it is written. null is no name.
func (r *leadReader) id(start int) bool {
	if r.named {
		r.refuse(InputDuplicate, start, "the lead is named twice")
		return r.skip(1)
	}
	r.named = true
	switch c := r.next(); {
	case c == 'n':
		return r.literal("null")
	case c == '"':
		at := r.pos
		raw, ok := r.quoted(&r.text)
		if ok {
			r.setID(string(raw), at)
		}
		return ok
	case c == '-' || digit(c):
		at := r.pos
		raw, ok := r.numeral()
		if ok {
			r.setID(string(raw), at)
		}
		return ok
	}
	r.problem(InputLeadID, r.pos, wantLeadID)
	return r.skip(1)
}

const wantLeadID = `expected a text of 1 to 128 printable characters without "/"`

func (r *leadReader) setID(text string, at int) {
	text = Normalise(text)
	if n := utf8.RuneCountInString(text); n == 0 || n > MaxLeadID {
		r.problem(InputLeadID, at, wantLeadID)
		return
	}
	for _, c := range text {
		if c == '/' || !unicode.IsPrint(c) {
			r.problem(InputLeadID, at, wantLeadID)
			return
		}
	}
	r.lead.ID = text
}

// feature reads the value of field i.
func (r *leadReader) feature(i int) bool {
	f := &r.schema.fields[i]
	switch c := r.next(); {
	case c == '"':
		return r.textFeature(i)
	case c == '-' || digit(c):
		return r.numberFeature(i)
	case c == 't' || c == 'f':
		if f.Type.Base != Bool {
			r.wrongType(f)
			return r.skip(1)
		}
		r.lead.Values[i] = f.boolValue(c == 't')
		return r.skip(1)
	case c == 'n':
		return r.literal("null")
	case c == '{' || c == '[':
		r.wrongType(f)
	}
	return r.skip(1)
}

func (r *leadReader) wrongType(f *Field) { r.problem(InputType, r.pos, "expected "+f.expects()) }

// expects says which JSON values the field takes.
func (f *Field) expects() string {
	switch {
	case f.Type.Temporal() || f.Kind == Time:
		return "a date or time such as 2006-01-31 or 2006-01-31T15:04:05Z, as a text"
	case f.Type.Base == Bool:
		return "true or false"
	case f.Type.Base == String && f.Kind == Category:
		return "a text"
	case f.Type.Integer() && f.namedByNumber():
		return `a whole number, or a text that is written as one such as "147"`
	case f.namedByNumber():
		return `a number, or a text that is written as one is at its shortest, such as "147" or "1.5"`
	case f.Type.Integer():
		return "a whole number"
	}
	return "a number"
}

// textFeature reads a text as field i. A text that means "missing" does so for a field of any type.
func (r *leadReader) textFeature(i int) bool {
	f, at := &r.schema.fields[i], r.pos
	raw, ok := r.quoted(&r.text)
	switch {
	case !ok:
		return false
	case len(raw) > MaxText:
		r.problem(InputTooLong, at, "the text is longer than 1024 bytes")
		return true
	case r.schema.absent[string(raw)]:
		return true
	}
	value, err := r.schema.jsonText(f, i, string(raw))
	if err != nil {
		r.problem(InputType, at, "expected "+f.expects())
		return true
	}
	r.lead.Values[i] = value
	return true
}

// jsonText reads a JSON text as field i. It takes what TextValue takes, except that a number or a boolean must not be
// sent as a text: but where numbers name things, forms send the name, so that the text of a level is taken, written as
// the level is: "147", not "0147", "147.0" or "1e2".
func (s *Schema) jsonText(f *Field, i int, text string) (Value, error) {
	if f.Type.Base != Bool && !f.Type.Numeric() {
		return s.TextValue(i, text)
	}
	text = Normalise(text)
	if s.absent[text] {
		return Value{}, nil
	}
	if f.namedByNumber() {
		if value, err := s.TextValue(i, text); err == nil && value.Text == text {
			return value, nil
		}
	}
	return Value{}, fmt.Errorf("expected %s", f.expects())
}

// namedByNumber reports whether the field is a category whose levels are numbers.
func (f *Field) namedByNumber() bool { return f.Kind == Category && f.Type.Numeric() }

// numberFeature reads a number as field i.
func (r *leadReader) numberFeature(i int) bool {
	f, at := &r.schema.fields[i], r.pos
	x, ok := r.number()
	if !ok || r.refusal != nil {
		return ok
	}
	if f.Kind == Time || !(f.Type.Numeric() || f.Type.Base == String && f.Kind == Number) {
		r.problem(InputType, at, "expected "+f.expects())
		return true
	}
	value, err := f.NumberValue(x)
	switch {
	case err == nil:
		r.lead.Values[i] = value
	case f.Type.Integer() && x != math.Trunc(x):
		r.problem(InputType, at, "expected a whole number")
	default:
		r.problem(InputRange, at, "the number is outside the range of "+f.Type.String())
	}
	return true
}
