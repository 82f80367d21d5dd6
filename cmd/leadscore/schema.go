package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// schemaBuilder gives the columns of a data set their roles.
type schemaBuilder struct {
	config   *config
	columns  []datasets.Column
	role     map[string]features.Role
	stage    map[string]string
	problems []error
}

// schema declares the columns of a data set as the configuration says. Columns that it does not mention are
// features. needOutcome demands an outcome column.
func (c *config) schema(columns []datasets.Column, needOutcome bool) (*features.Schema, error) {
	b := &schemaBuilder{config: c, columns: columns, role: map[string]features.Role{}, stage: map[string]string{}}
	b.assignRoles(needOutcome)
	b.checkFeatureLists()
	fields := b.fields()
	b.checkLagBy(fields)
	if err := errors.Join(b.problems...); err != nil {
		return nil, usageError{err}
	}
	schema, err := features.NewSchema(fields, c.Missing)
	if err != nil {
		return nil, usageError{err}
	}
	return schema, nil
}

func (b *schemaBuilder) has(name string) bool {
	return slices.ContainsFunc(b.columns, func(c datasets.Column) bool { return c.Name == name })
}

func (b *schemaBuilder) fail(format string, args ...any) {
	b.problems = append(b.problems, fmt.Errorf("config: "+format, args...))
}

// assign gives the named column a role; auto means the conventional name, where the data have it.
func (b *schemaBuilder) assign(key, name string, role features.Role) {
	if name == auto {
		if name = conventional[role]; !b.has(name) || b.role[name] != 0 {
			return
		}
	}
	if name == "" {
		return
	}
	if !b.has(name) {
		b.fail("%s: the data have no column %q%s", key, name, b.suggestion(name))
		return
	}
	if earlier := b.role[name]; earlier != 0 && earlier != role {
		b.fail("%s: column %q already has the role %v", key, name, earlier)
		return
	}
	b.role[name] = role
}

// suggestion names the column that was perhaps meant.
func (b *schemaBuilder) suggestion(name string) string {
	fields := make([]features.Field, len(b.columns))
	for i, c := range b.columns {
		fields[i] = features.Field{Name: c.Name, Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleFeature}
	}
	if s, err := features.NewSchema(fields, nil); err == nil {
		if near := s.Suggest(name); near != "" {
			return fmt.Sprintf(" (did you mean %q?)", near)
		}
	}
	return ""
}

func (b *schemaBuilder) assignRoles(needOutcome bool) {
	c := b.config
	switch {
	case c.Outcome.Stage.Column != "":
		b.assign("outcome.stage.column", c.Outcome.Stage.Column, features.RoleOutcome)
	case c.Outcome.Converted != "":
		b.assign("outcome.converted", c.Outcome.Converted, features.RoleOutcome)
	case b.has("converted"):
		b.role["converted"] = features.RoleOutcome
	case needOutcome:
		b.fail("outcome: which column says that a lead converted? Set outcome.converted, or pass --outcome COLUMN")
	}
	b.assign("outcome.at", c.Outcome.At, features.RoleConvertedAt)
	b.assign("columns.id", c.Columns.ID, features.RoleID)
	b.assign("columns.created_at", c.Columns.CreatedAt, features.RoleCreatedAt)
	b.assign("columns.source", c.Columns.Source, features.RoleSource)
	b.assign("columns.account", c.Columns.Account, features.RoleAccount)
	b.assign("columns.cost", c.Columns.Cost, features.RoleCost)
	b.assign("columns.lost_reason", c.Columns.LostReason, features.RoleLostReason)
	b.assign("columns.weight", c.Columns.Weight, features.RoleWeight)
	b.assign("value.revenue", c.Value.Revenue, features.RoleRevenue) // for sales of unknown profit
	b.assign("value.profit", c.Value.Profit, features.RoleProfit)
	b.assign("value.currency_column", c.Value.CurrencyColumn, features.RoleCurrency)
	for _, name := range c.Columns.Segments {
		if b.role[name] != features.RoleSource {
			b.assign("columns.segments", name, features.RoleSegment)
		}
	}
	b.assignStages()
	for _, column := range sortedKeys(c.Features.RecordedAt) {
		b.assign("features.recorded_at", c.Features.RecordedAt[column], features.RoleRecordedAt)
	}
}

func (b *schemaBuilder) assignStages() {
	stages := b.config.Columns.Stages
	for _, stage := range sortedKeys(stages) {
		b.assign("columns.stages."+stage, stages[stage], features.RoleStage)
		b.stage[stages[stage]] = stage
	}
	for _, stage := range sortedKeys(conventionalStages) {
		name := conventionalStages[stage]
		if _, given := stages[stage]; !given && b.has(name) && b.role[name] == 0 {
			b.role[name], b.stage[name] = features.RoleStage, stage
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// checkFeatureLists demands that every column named under features exists.
func (b *schemaBuilder) checkFeatureLists() {
	f := &b.config.Features
	lists := map[string][]string{
		"include": f.Include, "exclude": f.Exclude, "fit": f.Fit, "activity": f.Activity, "trusted": f.Trusted,
		"known_at": sortedKeys(f.KnownAt), "recorded_at": sortedKeys(f.RecordedAt), "kinds": sortedKeys(f.Kinds),
	}
	for _, key := range sortedKeys(lists) {
		for _, name := range lists[key] {
			if !b.has(name) {
				b.fail("features.%s: the data have no column %q%s", key, name, b.suggestion(name))
			}
		}
	}
}

// checkLagBy demands a category among the features.
func (b *schemaBuilder) checkLagBy(fields []features.Field) {
	by := b.config.Outcome.LagBy
	if by == "" || by == auto {
		return
	}
	i := slices.IndexFunc(fields, func(f features.Field) bool { return f.Name == by })
	switch {
	case i < 0:
		b.fail("outcome.lag_by: the data have no column %q%s", by, b.suggestion(by))
	case !fields[i].Role.Feature() || fields[i].Kind != features.Category:
		b.fail("outcome.lag_by: column %q is a %v (%v), want a category among the features", by, fields[i].Kind, fields[i].Role)
	}
}

func (b *schemaBuilder) fields() []features.Field {
	f := &b.config.Features
	var fields []features.Field
	for _, c := range b.columns {
		role := b.role[c.Name]
		if role == 0 {
			role = features.RoleFeature
		}
		listed := len(f.Include) == 0 || slices.Contains(f.Include, c.Name)
		if role.Feature() && (!listed || slices.Contains(f.Exclude, c.Name)) || role == features.RoleFeature && c.Unsupported != "" && !slices.Contains(f.Include, c.Name) {
			role = features.RoleExcluded
		}
		if c.Unsupported != "" {
			if role != features.RoleExcluded {
				b.fail("column %q is %s, which is not supported as %v", c.Name, c.Unsupported, role)
			}
			continue
		}
		field := features.Field{Name: c.Name, Type: c.Type, Kind: b.kind(c, role), Role: role, Stage: b.stage[c.Name],
			KnownAt: f.KnownAt[c.Name], RecordedAt: f.RecordedAt[c.Name], Trusted: slices.Contains(f.Trusted, c.Name)}
		switch {
		case slices.Contains(f.Fit, c.Name):
			field.Group = features.FitGroup
		case slices.Contains(f.Activity, c.Name):
			field.Group = features.ActivityGroup
		}
		if role.Feature() && field.Kind == features.Time {
			field.Since = b.createdAt()
		}
		if role.Feature() && field.KnownAt != "" {
			b.fail("column %q is known only at %q (features.known_at), after a lead is scored: exclude it", c.Name, field.KnownAt)
		}
		fields = append(fields, field)
	}
	return fields
}

// createdAt is the column of the creation, "" if there is none.
func (b *schemaBuilder) createdAt() string {
	for _, c := range b.columns {
		if b.role[c.Name] == features.RoleCreatedAt {
			return c.Name
		}
	}
	return ""
}

// kind is what the column means: what the configuration says, or what its role or type asks for.
func (b *schemaBuilder) kind(c datasets.Column, role features.Role) features.Kind {
	var kind features.Kind
	if name, given := b.config.Features.Kinds[c.Name]; given {
		_ = kind.UnmarshalText([]byte(name)) // validate has seen it
		return kind
	}
	switch role {
	case features.RoleID, features.RoleAccount, features.RoleSource, features.RoleSegment, features.RoleLostReason, features.RoleCurrency:
		return features.Category
	case features.RoleCreatedAt, features.RoleConvertedAt, features.RoleStage, features.RoleRecordedAt:
		return features.Time
	case features.RoleCost, features.RoleProfit, features.RoleRevenue, features.RoleWeight:
		return features.Number
	}
	return features.DefaultKind(c.Type)
}

// label is the definition of a conversion.
func (c *config) label(schema *features.Schema) model.Label {
	l := model.Label{Won: c.Outcome.Stage.Won, Lost: c.Outcome.Stage.Lost, Open: c.Outcome.Stage.Open, AsOf: c.AsOf}
	if i := schema.ByRole(features.RoleOutcome); i >= 0 {
		l.Column = schema.Fields()[i].Name
	}
	if i := schema.ByRole(features.RoleConvertedAt); i >= 0 {
		l.At = schema.Fields()[i].Name
	}
	l.Horizon = int(c.Outcome.Horizon)
	return l
}

// describeRoles says which column is what, for people.
func describeRoles(schema *features.Schema) string {
	var roles []string
	count := 0
	for _, f := range schema.Fields() {
		switch {
		case f.Role.Feature():
			count++
			if f.Role != features.RoleFeature {
				roles = append(roles, fmt.Sprintf("%s=%v", f.Name, f.Role))
			}
		case f.Role == features.RoleExcluded:
			roles = append(roles, f.Name+" excluded")
		case f.Role == features.RoleStage:
			roles = append(roles, fmt.Sprintf("%s=%s time", f.Name, f.Stage))
		default:
			roles = append(roles, fmt.Sprintf("%s=%v", f.Name, f.Role))
		}
	}
	return fmt.Sprintf("%d features; %s", count, strings.Join(roles, ", "))
}
