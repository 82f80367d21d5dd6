// Package features turns a lead, or a column batch of leads, into the codes a model sees.
//
// It is the only definition of a feature. The trainer reads Batches into a Table, fits an Encoder on it and
// takes a Design from it; the server parses a request into a Lead and encodes it with the same Encoder, which
// travels inside the artifact. Both sides share the Schema, which says what each column is for, how it is
// stored and when it becomes known; a value is narrowed to its stored type in one place, Type.Narrow, and a
// text is normalised in one place, Normalise.
//
// Nothing here is safe for concurrent change; Schema, Table, Encoder and Design are never changed once made
// and may then be shared freely.
package features

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kind is what a column means to the model.
type Kind uint8

// The kinds of a column.
const (
	Category Kind = iota + 1 // a set of levels; a boolean is a category of the levels "false" and "true"
	Number                   // a quantity
	Time                     // an instant; as a feature it is the number of days since 1970-01-01 UTC, or to the creation (Field.Since)
)

var kindNames = []string{Category: "category", Number: "number", Time: "time"}

// String returns the name of the kind.
func (k Kind) String() string { return nameOf(kindNames, k) }

// MarshalText writes the name of the kind.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the name of a kind.
func (k *Kind) UnmarshalText(text []byte) error { return parseName(kindNames, "kind", text, k) }

// Role is what a column is for.
type Role uint8

// The roles of a column. Source and segments are features too; no other role but RoleFeature is.
const (
	RoleFeature     Role = iota + 1
	RoleSource           // where the lead came from
	RoleSegment          // a grouping that figures are shown by
	RoleID               // names the lead
	RoleCreatedAt        // when the lead could first be scored
	RoleAccount          // the customer several leads may belong to
	RoleCost             // what the lead cost
	RoleWeight           // case weight
	RoleStage            // when the lead reached Field.Stage
	RoleLostReason       // why it was lost
	RoleOutcome          // whether it converted, or the stage that says so
	RoleConvertedAt      // when it converted
	RoleProfit           // profit of the sale
	RoleRevenue          // revenue of the sale
	RoleCurrency         // what its profit, revenue and cost are in: an ISO 4217 code
	RoleRecordedAt       // when another column's value was recorded
	RoleExcluded         // not used
)

var roleNames = [...]string{
	RoleFeature: "feature", RoleSource: "source", RoleSegment: "segment", RoleID: "id", RoleCreatedAt: "created_at",
	RoleAccount: "account", RoleCost: "cost", RoleWeight: "weight", RoleStage: "stage", RoleLostReason: "lost_reason",
	RoleOutcome: "outcome", RoleConvertedAt: "converted_at", RoleProfit: "profit", RoleRevenue: "revenue",
	RoleCurrency: "currency", RoleRecordedAt: "recorded_at", RoleExcluded: "excluded",
}

// String returns the name of the role.
func (r Role) String() string { return nameOf(roleNames[:], r) }

// MarshalText writes the name of the role.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the name of a role.
func (r *Role) UnmarshalText(text []byte) error { return parseName(roleNames[:], "role", text, r) }

// Feature reports whether columns of this role enter the model.
func (r Role) Feature() bool { return r == RoleFeature || r == RoleSource || r == RoleSegment }

// Dates reports whether columns of this role say how old a lead is, or what became of it when.
func (r Role) Dates() bool {
	return r == RoleCreatedAt || r == RoleOutcome || r == RoleConvertedAt
}

// Group is the sub-score a feature belongs to.
type Group string

// The groups of features: who the lead is, and what it did.
const (
	NoGroup       Group = ""
	FitGroup      Group = "fit"
	ActivityGroup Group = "activity"
)

// KnownAtOutcome is the Field.KnownAt of a column that is known only once the outcome is.
const KnownAtOutcome = "outcome"

// Field declares one column.
type Field struct {
	Name       string `json:"name"`
	Type       Type   `json:"type"`
	Kind       Kind   `json:"kind"`
	Role       Role   `json:"role"`
	Stage      string `json:"stage,omitempty"`       // of a RoleStage column: mql, sql, …
	Group      Group  `json:"group,omitempty"`       // fit, activity or neither
	KnownAt    string `json:"known_at,omitempty"`    // stage from which the value is known; "" = from creation
	RecordedAt string `json:"recorded_at,omitempty"` // column that holds when the value was recorded
	Since      string `json:"since,omitempty"`       // of a time: the column of the creation, which it counts from; "" = it is a date
	Trusted    bool   `json:"trusted,omitempty"`     // the leak scanner may not refuse it
}

// Schema is the ordered set of declared columns. Make it with NewSchema; it does not change afterwards.
type Schema struct {
	fields  []Field
	missing []string
	index   map[string]int
	absent  map[string]bool
	first   [len(roleNames)]int // position of the first column of each role, or -1
	stamped []stamped           // features with a time stamp of their own
}

// NewSchema checks the fields and returns their schema. missing lists the texts that mean "no value"; the
// empty text always does. The error lists every problem found.
func NewSchema(fields []Field, missing []string) (*Schema, error) {
	s := &Schema{
		fields: slices.Clone(fields), missing: slices.Clone(missing),
		index: make(map[string]int, len(fields)), absent: map[string]bool{"": true},
	}
	for role := range s.first {
		s.first[role] = slices.IndexFunc(s.fields, func(f Field) bool { return int(f.Role) == role })
	}
	var problems []error
	once := map[Role]string{}
	stages := map[string]string{}
	for i, f := range s.fields {
		if earlier, taken := s.index[f.Name]; taken {
			problems = append(problems, fmt.Errorf("features: schema: column %q is declared twice, as %v and as %v", f.Name, s.fields[earlier].Role, f.Role))
		}
		s.index[f.Name] = i
		problems = append(problems, checkField(f)...)
		if single(f.Role) {
			if other, taken := once[f.Role]; taken {
				problems = append(problems, fmt.Errorf("features: schema: columns %q and %q both have the role %v", other, f.Name, f.Role))
			}
			once[f.Role] = f.Name
		}
		if f.Role == RoleStage && f.Stage != "" {
			if other, taken := stages[f.Stage]; taken {
				problems = append(problems, fmt.Errorf("features: schema: columns %q and %q both hold when the stage %q was reached", other, f.Name, f.Stage))
			}
			stages[f.Stage] = f.Name
		}
	}
	problems = append(problems, s.checkRecordedAt()...)
	problems = append(problems, s.checkSince()...)
	for _, text := range missing {
		s.absent[Normalise(text)] = true
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	s.stamped = s.findStamped()
	return s, nil
}

func checkField(f Field) (problems []error) {
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("features: schema: column %q: "+format, append([]any{f.Name}, args...)...))
	}
	if f.Name == "" || !utf8.ValidString(f.Name) {
		bad("the name must be a text of UTF-8")
	}
	if err := f.Type.check(); err != nil {
		bad("%w", err)
	}
	if f.Role.String() == "unknown" {
		bad("has no role")
	}
	if f.Group != NoGroup && f.Group != FitGroup && f.Group != ActivityGroup {
		bad("group %q is neither fit nor activity", f.Group)
	}
	if f.Role == RoleStage && f.Stage == "" {
		bad("is a stage time but names no stage")
	}
	switch f.Kind {
	case Category:
	case Number:
		if f.Type.Temporal() {
			bad("a %v cannot be a number", f.Type)
		}
	case Time:
		if !f.Type.Temporal() && f.Type.Base != String {
			bad("a %v cannot be a time", f.Type)
		}
	default:
		bad("has no kind")
	}
	if want := kindOf(f.Role); want != 0 && f.Kind != want {
		bad("the role %v needs a %v, not a %v", f.Role, want, f.Kind)
	}
	return problems
}

// kindOf returns the kind that columns of the role must have, 0 if any will do.
func kindOf(r Role) Kind {
	switch r {
	case RoleCreatedAt, RoleConvertedAt, RoleStage, RoleRecordedAt:
		return Time
	case RoleCost, RoleWeight, RoleProfit, RoleRevenue:
		return Number
	case RoleAccount, RoleCurrency:
		return Category
	}
	return 0
}

// checkRecordedAt wants every Field.RecordedAt to name a column of times.
func (s *Schema) checkRecordedAt() (problems []error) {
	for _, f := range s.fields {
		if f.RecordedAt == "" {
			continue
		}
		if i := s.Index(f.RecordedAt); i < 0 || s.fields[i].Role != RoleRecordedAt {
			problems = append(problems, fmt.Errorf("features: schema: column %q: no column %q says when it was recorded", f.Name, f.RecordedAt))
		}
	}
	return problems
}

// single reports whether at most one column may have the role.
func single(r Role) bool {
	switch r {
	case RoleFeature, RoleSegment, RoleStage, RoleRecordedAt, RoleExcluded:
		return false
	}
	return true
}

// Fields returns the declared columns in order. The caller must not change them.
func (s *Schema) Fields() []Field { return s.fields }

// Missing returns the texts that mean "no value", as they were declared.
func (s *Schema) Missing() []string { return s.missing }

// Index returns the position of the named column, or -1.
func (s *Schema) Index(name string) int {
	if i, ok := s.index[name]; ok {
		return i
	}
	return -1
}

// ByRole returns the position of the first column with the role, or -1.
func (s *Schema) ByRole(role Role) int {
	if int(role) >= len(s.first) {
		return -1
	}
	return s.first[role]
}

// StageIndex returns the position of the column that holds when the stage was reached, or -1.
func (s *Schema) StageIndex(stage string) int {
	return slices.IndexFunc(s.fields, func(f Field) bool { return f.Role == RoleStage && f.Stage == stage })
}

// IsMissing reports whether a normalised text means "no value".
func (s *Schema) IsMissing(text string) bool { return s.absent[text] }

// Suggest returns the declared name nearest to an undeclared one, or "" when none is near.
func (s *Schema) Suggest(name string) string {
	best, distance := "", 3
	for _, f := range s.fields {
		if d := editDistance(strings.ToLower(name), strings.ToLower(f.Name), distance); d < distance {
			best, distance = f.Name, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance of two texts, or at least limit when it is not below it.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit || len(a) > 256 {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

type schemaJSON struct {
	Fields  []Field  `json:"fields"`
	Missing []string `json:"missing"`
}

// MarshalJSON writes the declared columns and missing texts.
func (s *Schema) MarshalJSON() ([]byte, error) { return json.Marshal(schemaJSON{s.fields, s.missing}) }

// UnmarshalJSON reads what MarshalJSON wrote, refuses unknown keys and checks the rest as NewSchema does.
func (s *Schema) UnmarshalJSON(data []byte) error {
	var raw schemaJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&raw); err != nil {
		return fmt.Errorf("features: schema: %w", err)
	}
	made, err := NewSchema(raw.Fields, raw.Missing)
	if err != nil {
		return err
	}
	*s = *made
	return nil
}

func nameOf[T ~uint8](names []string, value T) string {
	if value == 0 || int(value) >= len(names) {
		return "unknown"
	}
	return names[value]
}

func parseName[T ~uint8](names []string, what string, text []byte, out *T) error {
	i := slices.Index(names, string(text))
	if i <= 0 {
		return fmt.Errorf("features: %s: %q is none of %s", what, text, strings.Join(names[1:], ", "))
	}
	*out = T(i)
	return nil
}

// DefaultKind returns the kind that a column of the type has unless the configuration says otherwise.
func DefaultKind(t Type) Kind {
	switch {
	case t.Temporal():
		return Time
	case t.Numeric():
		return Number
	}
	return Category
}

// NoTime marks a missing instant among microsecond counts.
const NoTime = math.MinInt64
