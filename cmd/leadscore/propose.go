package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// proposal is a commented leadscore.yaml being written.
type proposal struct {
	strings.Builder
	schema *features.Schema
}

// proposeConfig writes a commented leadscore.yaml for the data.
func proposeConfig(c *config, schema *features.Schema, found *inspection) string {
	p := &proposal{schema: schema}
	p.WriteString("# Proposed by leadscore inspect. Check every line; unknown keys are errors.\n")
	p.columns()
	p.outcome(c)
	p.features(found)
	p.kinds(c.Features.Kinds, found)
	missing := append(slices.Clone(schema.Missing()), found.Missing...)
	for i := range missing {
		missing[i] = quoteYAML(missing[i])
	}
	fmt.Fprintf(p, "missing: [%s]  # texts that mean missing\n", strings.Join(missing, ", "))
	fmt.Fprintf(p, "split: {by: %s, holdout: %g, refit: %t}\n", c.Split.By, c.Split.Holdout, c.Split.Refit)
	p.WriteString(moneyExamples)
	return p.String()
}

// column writes the key of a role in a section: with the column that has the role, or as a comment where none has.
func (p *proposal) column(key string, role features.Role, comment string) {
	i := p.schema.ByRole(role)
	if i < 0 {
		fmt.Fprintf(p, "  # %s:  # %s\n", key, comment)
		return
	}
	fmt.Fprintf(p, "  %s: %s  # %s\n", key, quoteYAML(p.schema.Fields()[i].Name), comment)
}

func (p *proposal) columns() {
	p.WriteString("columns:\n")
	p.column("id", features.RoleID, "names the lead")
	p.column("created_at", features.RoleCreatedAt, "when the lead could first be scored: enables time splits and maturity")
	p.column("source", features.RoleSource, "where the lead came from")
	p.column("account", features.RoleAccount, "leads of one account are kept together")
	p.column("cost", features.RoleCost, "what the lead cost")
	fmt.Fprintf(p, "  stages: %s  # when the lead reached each stage; lost: when it was given up\n", proposedStages(p.schema))
	p.column("lost_reason", features.RoleLostReason, "why it was given up")
	p.WriteString("  # segments: [industry]  # more columns to show figures by\n")
}

// outcome writes what counts as a conversion and what one is worth.
func (p *proposal) outcome(c *config) {
	p.WriteString("outcome:\n")
	p.column("converted", features.RoleOutcome, "whether it converted: true/false, yes/no or 1/0")
	p.column("at", features.RoleConvertedAt, "when it converted")
	fmt.Fprintf(p, "  horizon: %dd  # a conversion counts within this many days of creation\n", c.Outcome.Horizon)
	p.WriteString("  lag_by: auto  # category by which the time to convert differs: recipe auto looks for one; or its name, or \"\" for none\n")
	p.WriteString("  trusted: false  # true: train even where open leads seem to be labelled as lost\n")
	p.WriteString("value:\n")
	p.column("profit", features.RoleProfit, "profit of the sale; or revenue with gross_margin")
	fmt.Fprintf(p, "  currency: %s\n", c.Value.Currency)
	p.column("currency_column", features.RoleCurrency, "codes of the currencies of profit, revenue and cost, with rates: {EUR: 1.08} or rates_file: rates.csv")
}

// features writes which columns are none.
func (p *proposal) features(found *inspection) {
	p.WriteString("features:\n  exclude:  # columns that are not features\n")
	excluded := 0
	exclude := func(column, why string) {
		fmt.Fprintf(p, "    - %s  # %s\n", quoteYAML(column), why)
		excluded++
	}
	for _, s := range found.Suspects {
		if i := p.schema.Index(s.Column); p.schema.Fields()[i].Role.Feature() {
			exclude(s.Column, "may leak: "+s.Evidence[0])
		}
	}
	for _, c := range found.Columns {
		suspected := slices.ContainsFunc(found.Suspects, func(s model.Suspect) bool { return s.Column == c.Name })
		switch {
		case suspected:
		case c.Role == features.RoleExcluded.String() && c.Type != "-":
			exclude(c.Name, "excluded as before")
		case c.Role == features.RoleFeature.String() && looksLikeID(&c, found.Rows):
			exclude(c.Name, c.Note)
		}
	}
	if excluded == 0 {
		p.WriteString("    []\n")
	}
	p.WriteString(featureExamples)
}

// kinds writes what columns are where their types do not tell: as given, of texts that are dates, and of nominal numbers.
func (p *proposal) kinds(given map[string]string, found *inspection) {
	var dates []string
	for _, c := range found.Columns {
		if _, known := given[c.Name]; c.Dates && !known {
			dates = append(dates, c.Name)
		}
	}
	if len(given)+len(found.Nominal)+len(dates) == 0 {
		p.WriteString("  # kinds: {zip: category}  # numbers that name things\n")
		return
	}
	p.WriteString("  kinds:  # where a column's type does not tell: numbers that name things, for one\n")
	for _, name := range sortedKeys(given) {
		fmt.Fprintf(p, "    %s: %s\n", quoteYAML(name), given[name])
	}
	for _, name := range dates {
		fmt.Fprintf(p, "    %s: time  # its texts are dates\n", quoteYAML(name))
	}
	for _, name := range found.Nominal {
		fmt.Fprintf(p, "    %s: category  # conversions jump from one number to the next\n", quoteYAML(name))
	}
}

// What the data propose no value for stands in the configuration as an example: take the first # of a line away to use it.
const (
	featureExamples = `  # fit: [industry, employees]  # who the lead is, and
  # activity: [pages_viewed]  # what it did: for two sub-scores
  # known_at: {demo_attended: sql}  # columns known only from a later stage on: refused before it
  # recorded_at: {employees: enriched_at}  # columns with a time stamp of their own: refused where it is after created_at
  # trusted: [score]  # columns that the leak scanner may not refuse
`
	moneyExamples = `# as_of: 2026-06-30  # the day until which outcomes are known; default: the latest time in the data
# economics:
#   target_roi: 0.25
#   stage_costs: {mql: 60, sql: 150, opportunity: 400}  # what each lead that enters a stage costs
#   hours_per_lead: 0.75
#   hour_cost: 45
#   annual_discount: 0.12  # of profits, from the day of the sale back to that of the lead
#   nurture: {p1: 0.12, q: 0.5, delay: 0.97, cost: 30}  # what nurturing is assumed to do
# tiers: {by: expected_value, cuts: {shares: [0.2, 0.3, 0.5]}}  # or thresholds: [600, 200], or capacity_hours: 480
# mql: {fit: 0.02, probability: 0.05}  # a marketing-qualified lead: least probability from features.fit alone, and from all
# contact: {sla: 8h, workweek: mon-fri 9-17 Europe/Berlin, decay: 0.05}  # agreed time to the first contact, when the team works, what a day of waiting is assumed to cost
# spend: spend.csv  # what was spent: period, source, spend
`
)

// proposedStages are the times of stages that the data hold.
func proposedStages(schema *features.Schema) string {
	var stages []string
	for _, f := range schema.Fields() {
		if f.Role == features.RoleStage {
			stages = append(stages, f.Stage+": "+quoteYAML(f.Name))
		}
	}
	return "{" + strings.Join(stages, ", ") + "}"
}

// quoteYAML writes a text as a YAML scalar.
func quoteYAML(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(text) + `"`
}
