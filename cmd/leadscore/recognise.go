package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// What CRMs and forms call the columns that have a role, the likeliest first: letters and digits alone, in lower case. inspect
// proposes them; train goes by the conventional names and the configuration, and says what it passes over.
var usualNames = map[features.Role][]string{
	features.RoleID:          {"leadid", "recordid", "prospectid", "mqlid", "contactid", "leadnumber", "id"},
	features.RoleCreatedAt:   {"createdat", "createddate", "createdate", "datecreated", "creationdate", "createdon", "created", "leadcreated", "leadcreatedat", "leadcreateddate", "leaddate", "firstcontactdate", "inquirydate", "enquirydate"},
	features.RoleSource:      {"source", "leadsource", "originalsource", "sourcename", "origin", "leadorigin", "channel", "utmsource"},
	features.RoleAccount:     {"accountid", "companyid", "account", "accountname"},
	features.RoleCost:        {"acquisitioncost", "costperlead", "leadcost", "cpl"},
	features.RoleLostReason:  {"lostreason", "closedlostreason", "reasonlost", "lossreason", "rejectionreason"},
	features.RoleOutcome:     {"converted", "isconverted", "won", "iswon"},
	features.RoleConvertedAt: {"convertedat", "converteddate", "conversiondate", "wonat", "wondate", "closedwondate", "closedate", "closedat"},
}

// suits reports whether columns of the type can have the role.
func suits(t features.Type, role features.Role) bool {
	switch role {
	case features.RoleCreatedAt, features.RoleConvertedAt:
		return t.Temporal()
	case features.RoleCost:
		return t.Numeric()
	case features.RoleID, features.RoleAccount:
		return t.Base == features.String || t.Integer()
	case features.RoleOutcome:
		return t.Base == features.Bool || t.Integer()
	}
	return t.Base == features.String
}

// recognised is a column that has the name of a role, and the key of the configuration that gives it.
type recognised struct{ column, key string }

// recognise fills in the roles that the configuration leaves to the names of the columns, and says which; conventional names
// come first.
func (c *config) recognise(columns []datasets.Column) (found []recognised) {
	taken := map[string]bool{}
	for _, name := range conventional {
		taken[name] = true
	}
	for _, p := range []struct {
		key  string
		role features.Role
		name *string
	}{
		{"outcome.converted", features.RoleOutcome, &c.Outcome.Converted}, {"outcome.at", features.RoleConvertedAt, &c.Outcome.At},
		{"columns.id", features.RoleID, &c.Columns.ID}, {"columns.created_at", features.RoleCreatedAt, &c.Columns.CreatedAt},
		{"columns.source", features.RoleSource, &c.Columns.Source}, {"columns.account", features.RoleAccount, &c.Columns.Account},
		{"columns.cost", features.RoleCost, &c.Columns.Cost}, {"columns.lost_reason", features.RoleLostReason, &c.Columns.LostReason},
	} {
		has := func(name string) bool {
			return slices.ContainsFunc(columns, func(c datasets.Column) bool { return c.Name == name })
		}
		given := *p.name != auto && *p.name != "" || p.role != features.RoleOutcome && *p.name == "" || p.role == features.RoleOutcome && c.Outcome.Stage.Column != ""
		if given || has(conventional[p.role]) || p.role == features.RoleOutcome && has("converted") {
			continue
		}
		if name := usualColumn(columns, p.role, taken); name != "" {
			*p.name, taken[name] = name, true
			found = append(found, recognised{name, p.key})
		}
	}
	return found
}

// passedOver warns of the features of a schema that have the name of a role which is no feature; a source is one.
func (c config) passedOver(columns []datasets.Column, schema *features.Schema) []model.Warning {
	var names []string
	for _, r := range c.recognise(columns) {
		if i := schema.Index(r.column); i >= 0 && schema.Fields()[i].Role == features.RoleFeature && r.key != "columns.source" {
			names = append(names, fmt.Sprintf("%q (%s)", r.column, r.key))
		}
	}
	if names == nil {
		return nil
	}
	return []model.Warning{{Code: "role_by_name", Detail: fmt.Sprintf("features with the name of a role: %s; leadscore inspect --write-config proposes a configuration that gives it them, or features.exclude leaves them out", strings.Join(names, ", "))}}
}

// usualColumn finds the column of the likeliest name for a role, "" if there is none.
func usualColumn(columns []datasets.Column, role features.Role, taken map[string]bool) string {
	for _, usual := range usualNames[role] {
		for _, c := range columns {
			if !taken[c.Name] && c.Unsupported == "" && suits(c.Type, role) && plainName(c.Name) == usual {
				return c.Name
			}
		}
	}
	return ""
}

// plainName is a name without anything but letters and digits, in lower case.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
