package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/leadscore/leadscore/features"
)

// Label defines a conversion: which column says that a lead converted, and within how many days of its
// creation it must have done so to count. The definition is hashed into the artifact, since probabilities of
// two definitions must not be compared.
type Label struct {
	Column  string   `json:"column"`
	Won     []string `json:"won,omitempty"`  // of a stage column: the stages that are a conversion,
	Lost    []string `json:"lost,omitempty"` // … that are the end without one,
	Open    []string `json:"open,omitempty"` // … and that decide nothing yet
	At      string   `json:"at,omitempty"`   // column that says when it converted
	Horizon int      `json:"horizon_days,omitempty"`
	AsOf    string   `json:"as_of,omitempty"` // RFC 3339; "" = the latest time in the data
}

// Hash returns the SHA-256 of the definition, without the date that it was applied at.
func (l Label) Hash() string {
	l.AsOf = ""
	text, _ := json.Marshal(l) // a struct of texts and a number cannot fail
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// String says the definition in words.
func (l Label) String() string {
	text := fmt.Sprintf("%s is true", l.Column)
	if len(l.Won) > 0 {
		text = fmt.Sprintf("%s is %s", l.Column, strings.Join(l.Won, " or "))
	}
	if l.Horizon > 0 && l.At != "" {
		text += fmt.Sprintf(", within %d days of creation", l.Horizon)
	}
	return text
}

// check says what is wrong with the definition for data of the schema.
func (l Label) check(schema *features.Schema) error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("model: label: "+format, args...))
	}
	switch i := schema.ByRole(features.RoleOutcome); {
	case i < 0:
		bad("no column has the role of the outcome")
	case schema.Fields()[i].Name != l.Column:
		bad("the outcome is column %q, the definition names %q", schema.Fields()[i].Name, l.Column)
	}
	if i := schema.ByRole(features.RoleConvertedAt); l.At != "" && (i < 0 || schema.Fields()[i].Name != l.At) {
		bad("the schema has no column %q that says when a lead converted", l.At)
	}
	if len(l.Won) == 0 && len(l.Lost)+len(l.Open) > 0 {
		bad("no stage is a conversion")
	}
	seen := map[string]bool{}
	for _, stage := range slices.Concat(l.Won, l.Lost, l.Open) {
		if seen[stage] {
			bad("stage %q is listed twice", stage)
		}
		seen[stage] = true
	}
	return errors.Join(problems...)
}

// outcomes is what the label says of each row of a table.
type outcomes struct {
	converted  []uint8 // 1 = converted within the horizon
	rows       []int32 // labelled and mature, in the table's order
	immature   int     // rows younger than the horizon
	young      []int32 // those of them that a model of delays can use, in the table's order; converted says what is seen of them
	unlabelled int     // rows whose stage is open and that no horizon decides
	asOf       int64   // microseconds, NoTime if the data have no time
	warnings   []Warning
}

// apply applies the definition to every row.
func (l Label) apply(table *features.Table) (*outcomes, error) {
	if err := l.check(table.Schema); err != nil {
		return nil, err
	}
	won, err := l.won(table)
	if err != nil {
		return nil, err
	}
	asOf, err := l.asOf(table)
	if err != nil {
		return nil, err
	}
	o := &outcomes{converted: make([]uint8, table.Rows), rows: make([]int32, 0, table.Rows), asOf: asOf}
	c := clock{
		created: timesOf(table, features.RoleCreatedAt), asOf: asOf, horizon: int64(l.Horizon) * day,
	}
	if l.At != "" {
		c.at = timesOf(table, features.RoleConvertedAt)
	}
	if l.Horizon > 0 && (c.created == nil || c.at == nil) {
		o.warnings = append(o.warnings, Warning{Code: "horizon_unused", Detail: "the horizon needs columns for created_at and for the conversion's date: " +
			"a lead counts as converted whenever it converted"})
	}
	if l.AsOf == "" && c.created != nil && c.horizon > 0 {
		if why := c.settled(won); why != "" {
			c.horizon = 0
			o.warnings = append(o.warnings, Warning{Code: "outcomes_settled", Detail: why})
		}
	}
	for r := range table.Rows {
		switch y := c.outcome(r, won[r]); y {
		case immature:
			o.immature++
			if c.at != nil && c.horizon > 0 && c.created[r] <= asOf {
				o.converted[r] = c.seen(r, won[r])
				o.young = append(o.young, int32(r))
			}
		case open:
			o.unlabelled++
		case untimed:
		default:
			o.converted[r] = y
			o.rows = append(o.rows, int32(r))
		}
	}
	o.warn(c.undated, "converted_without_date", l.At, "leads converted without a date: they count as converted within the horizon")
	o.warn(c.early, "converted_before_creation", l.At, "leads converted before they were created: they count as converted")
	o.warn(c.untimed, "no_creation_time", "", "leads have no creation time and are left out")
	return o, nil
}

// What a row can be besides converted, 1, or not, 0.
const (
	open     = 2 + iota // its outcome is not decided
	immature            // younger than the horizon, or created after as_of
	untimed             // without a creation time, where others have one
)

// clock decides what of an outcome counts in time.
type clock struct {
	created, at   []int64 // nil = no such column
	asOf, horizon int64

	undated, early, untimed int // rows met
}

// outcome is the outcome of a row that the outcome column says is y.
func (c *clock) outcome(row int, y uint8) uint8 {
	if c.created != nil {
		switch {
		case c.created[row] == features.NoTime:
			c.untimed++
			return untimed
		case c.asOf-c.created[row] < c.horizon:
			return immature
		}
	}
	if c.at == nil {
		return y
	}
	bounded := c.created != nil && c.horizon > 0
	switch {
	case y == open && bounded:
		return 0 // a whole horizon has passed without a conversion
	case y != 1:
		return y
	case c.at[row] == features.NoTime:
		c.undated++
	case c.created != nil && c.at[row] < c.created[row]:
		c.early++
	case bounded && c.at[row]-c.created[row] > c.horizon:
		return 0
	}
	return 1
}

// seen is 1 if a conversion was known at as_of of a row that the outcome column says is y.
func (c *clock) seen(row int, y uint8) uint8 {
	if y == 1 && (c.at[row] == features.NoTime || c.at[row] <= c.asOf) {
		return 1
	}
	return 0
}

func (o *outcomes) warn(count int, code, column, detail string) {
	if count > 0 {
		o.warnings = append(o.warnings, Warning{Code: code, Column: column, Detail: fmt.Sprintf("%d %s", count, detail)})
	}
}

const day = int64(24*60*60) * 1_000_000 // in microseconds

// won reads the outcome column: 1, 0 or open for each row.
func (l Label) won(table *features.Table) ([]uint8, error) {
	i := table.Schema.Index(l.Column)
	f, c := &table.Schema.Fields()[i], &table.Columns[i]
	won := make([]uint8, table.Rows)
	if f.Kind == features.Number {
		for r := range won {
			switch x := c.Numbers.At(r); {
			case x == 1:
				won[r] = 1
			case x != 0:
				return nil, fmt.Errorf("model: label: column %q, row %d: %s is neither 0 nor 1", f.Name, r, numberOrMissing(x))
			}
		}
		return won, nil
	}
	if f.Kind != features.Category {
		return nil, fmt.Errorf("model: label: column %q is a %v, want a boolean, 0/1, yes/no or a stage", f.Name, f.Kind)
	}
	meaning := make([]uint8, len(c.Levels))
	for k, level := range c.Levels {
		meaning[k] = l.meaning(level)
	}
	for r := range won {
		code := c.Codes.At(r)
		if code >= len(meaning) {
			return nil, fmt.Errorf("model: label: column %q, row %d: no value", f.Name, r)
		}
		if won[r] = meaning[code]; won[r] == unclear {
			want := "true/false, yes/no or 1/0"
			if len(l.Won) > 0 {
				want = "one of the stages that are won, lost or open"
			}
			return nil, fmt.Errorf("model: label: column %q, row %d: %q is not %s", f.Name, r, c.Levels[code], want)
		}
	}
	return won, nil
}

// Closed reports whether an outcome is decided for good: a conversion, or a stage that is the end without one. Where
// the outcome is yes or no, no may yet become yes.
func (l Label) Closed(outcome features.Value) bool {
	if !outcome.Present {
		return false
	}
	if outcome.Text == "" {
		return outcome.Number == 1
	}
	meaning := l.meaning(outcome.Text)
	return meaning == 1 || meaning == 0 && len(l.Won) > 0
}

// unclear marks a level of the outcome column that the definition does not know.
const unclear = 255

func numberOrMissing(x float64) string {
	if math.IsNaN(x) {
		return "a missing value"
	}
	return features.FormatNumber(x)
}

// meaning says what a level of the outcome column stands for.
func (l Label) meaning(level string) uint8 {
	is := func(stage string) bool { return features.Normalise(stage) == level }
	switch {
	case len(l.Won) == 0:
		yes, err := features.ParseBool(level)
		switch {
		case err != nil:
			return unclear
		case yes:
			return 1
		}
		return 0
	case slices.ContainsFunc(l.Won, is):
		return 1
	case slices.ContainsFunc(l.Lost, is):
		return 0
	case slices.ContainsFunc(l.Open, is):
		return open
	}
	return unclear
}

// asOf returns the moment that maturity is measured at: the one declared, or the latest time in the data.
func (l Label) asOf(table *features.Table) (int64, error) {
	if l.AsOf != "" {
		t, err := features.ParseTime(l.AsOf)
		if err != nil {
			return 0, fmt.Errorf("model: label: as_of: %w", err)
		}
		return t, nil
	}
	latest := int64(features.NoTime)
	for i, f := range table.Schema.Fields() {
		switch f.Role {
		case features.RoleCreatedAt, features.RoleConvertedAt, features.RoleStage:
			for _, t := range table.Columns[i].Times {
				latest = max(latest, t)
			}
		}
	}
	return latest, nil
}

// timesOf returns the times of the column with the role, nil if there is none.
func timesOf(table *features.Table, role features.Role) []int64 {
	if i := table.Schema.ByRole(role); i >= 0 {
		return table.Columns[i].Times
	}
	return nil
}

// weightsOf returns the case weights, nil if there are none.
func weightsOf(table *features.Table) ([]float64, error) {
	i := table.Schema.ByRole(features.RoleWeight)
	if i < 0 {
		return nil, nil
	}
	f, c := &table.Schema.Fields()[i], &table.Columns[i]
	if f.Kind != features.Number {
		return nil, fmt.Errorf("model: weight: column %q is a %v, want a number", f.Name, f.Kind)
	}
	weights := make([]float64, table.Rows)
	for r := range weights {
		w := c.Numbers.At(r)
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("model: weight: column %q, row %d: %s is not a weight", f.Name, r, numberOrMissing(w))
		}
		weights[r] = w
	}
	return weights, nil
}
