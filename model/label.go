package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// outcomes is what the label says of each row of a table.
type outcomes struct {
	converted  []uint8 // 1 = converted within the horizon
	rows       []int32 // labelled and mature, in the table's order
	immature   int     // rows younger than the horizon
	unlabelled int     // rows whose stage is open and that no horizon decides
	asOf       int64   // microseconds, NoTime if the data have no time
	warnings   []Warning
}

// label applies the definition to every row.
func (l Label) apply(table *features.Table) (*outcomes, error) {
	won, err := l.won(table)
	if err != nil {
		return nil, err
	}
	o := &outcomes{converted: make([]uint8, table.Rows)}
	if o.asOf, err = l.asOf(table); err != nil {
		return nil, err
	}
	created, at := timesOf(table, features.RoleCreatedAt), timesOf(table, features.RoleConvertedAt)
	horizon := int64(l.Horizon) * day
	bounded := l.Horizon > 0 && created != nil
	if l.Horizon > 0 && (created == nil || at == nil) {
		o.warnings = append(o.warnings, Warning{Code: "horizon_unused", Detail: "the horizon needs columns for created_at and for the conversion's date: " +
			"a lead counts as converted whenever it converted"})
	}
	var undated, early, untimed int
	for r := range table.Rows {
		if bounded && created[r] == features.NoTime {
			untimed++
			continue
		}
		if bounded && o.asOf-created[r] < horizon {
			o.immature++
			continue
		}
		y := won[r]
		if y == open {
			if !bounded || at == nil {
				o.unlabelled++
				continue
			}
			y = 0 // a whole horizon has passed without a conversion
		}
		if y == 1 && at != nil {
			switch {
			case at[r] == features.NoTime:
				undated++
			case created != nil && created[r] != features.NoTime && at[r] < created[r]:
				early++
			case bounded && at[r]-created[r] > horizon:
				y = 0
			}
		}
		o.converted[r] = y
		o.rows = append(o.rows, int32(r))
	}
	o.warn(undated, "converted_without_date", l.At, "leads converted without a date: they count as converted within the horizon")
	o.warn(early, "converted_before_creation", l.At, "leads converted before they were created: they count as converted")
	o.warn(untimed, "no_creation_time", "", "leads have no creation time and are left out")
	return o, nil
}

func (o *outcomes) warn(count int, code, column, detail string) {
	if count > 0 {
		o.warnings = append(o.warnings, Warning{Code: code, Column: column, Detail: fmt.Sprintf("%d %s", count, detail)})
	}
}

const day = int64(24*60*60) * 1_000_000 // in microseconds

// open marks a row whose outcome is not decided.
const open = 2

// won reads the outcome column: 1, 0 or open for each row.
func (l Label) won(table *features.Table) ([]uint8, error) {
	i := table.Schema.ByRole(features.RoleOutcome)
	if i < 0 {
		return nil, fmt.Errorf("model: label: no column has the role of the outcome")
	}
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
	meaning, err := l.meanings(f.Name, c.Levels)
	if err != nil {
		return nil, err
	}
	for r := range won {
		code := c.Codes.At(r)
		if code >= len(meaning) {
			return nil, fmt.Errorf("model: label: column %q, row %d: no value", f.Name, r)
		}
		won[r] = meaning[code]
	}
	return won, nil
}

func numberOrMissing(x float64) string {
	if math.IsNaN(x) {
		return "a missing value"
	}
	return features.FormatNumber(x)
}

// meanings says what each level of the outcome column stands for.
func (l Label) meanings(column string, levels []string) ([]uint8, error) {
	meaning := make([]uint8, len(levels))
	var unknown []string
	for i, level := range levels {
		switch {
		case len(l.Won) == 0:
			yes, err := features.ParseBool(level)
			if err != nil {
				return nil, fmt.Errorf("model: label: column %q: %w", column, err)
			}
			if yes {
				meaning[i] = 1
			}
		case slices.Contains(l.Won, level):
			meaning[i] = 1
		case slices.Contains(l.Open, level):
			meaning[i] = open
		case !slices.Contains(l.Lost, level):
			unknown = append(unknown, level)
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("model: label: column %q: stages that are neither won, lost nor open: %q", column, unknown)
	}
	return meaning, nil
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
