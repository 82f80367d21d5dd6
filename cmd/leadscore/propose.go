package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// proposeConfig writes a commented leadscore.yaml for the data.
func proposeConfig(c *config, schema *features.Schema, found *inspection) string {
	var b strings.Builder
	name := func(role features.Role) string {
		if i := schema.ByRole(role); i >= 0 {
			return schema.Fields()[i].Name
		}
		return ""
	}
	line := func(indent, key, value, comment string) {
		if value == "" {
			fmt.Fprintf(&b, "%s# %s:  # %s\n", indent, key, comment)
			return
		}
		fmt.Fprintf(&b, "%s%s: %s  # %s\n", indent, key, quoteYAML(value), comment)
	}
	b.WriteString("# Proposed by leadscore inspect. Check every line; unknown keys are errors.\ncolumns:\n")
	line("  ", "id", name(features.RoleID), "names the lead")
	line("  ", "created_at", name(features.RoleCreatedAt), "when the lead could first be scored: enables time splits and maturity")
	line("  ", "source", name(features.RoleSource), "where the lead came from")
	line("  ", "account", name(features.RoleAccount), "leads of one account are kept together")
	line("  ", "cost", name(features.RoleCost), "what the lead cost")
	fmt.Fprintf(&b, "  stages: %s  # when the lead reached each stage; lost: when it was given up\n", proposedStages(schema))
	line("  ", "lost_reason", name(features.RoleLostReason), "why it was given up")
	b.WriteString("  # segments: [industry]  # more columns to show figures by\n")
	b.WriteString("outcome:\n")
	line("  ", "converted", name(features.RoleOutcome), "whether it converted: true/false, yes/no or 1/0")
	line("  ", "at", name(features.RoleConvertedAt), "when it converted")
	fmt.Fprintf(&b, "  horizon: %dd  # a conversion counts within this many days of creation\n", c.Outcome.Horizon)
	b.WriteString("  lag_by: auto  # category by which the time to convert differs: recipe auto looks for one; or its name, or \"\" for none\n")
	b.WriteString("  trusted: false  # true: train even where open leads seem to be labelled as lost\n")
	b.WriteString("value:\n")
	line("  ", "profit", name(features.RoleProfit), "profit of the sale; or revenue with gross_margin")
	fmt.Fprintf(&b, "  currency: %s\n", c.Value.Currency)
	line("  ", "currency_column", name(features.RoleCurrency), "codes of the currencies of profit, revenue and cost, with rates: {EUR: 1.08} or rates_file: rates.csv")
	b.WriteString("features:\n  exclude:  # columns that are not features\n")
	excluded := 0
	exclude := func(column, why string) {
		fmt.Fprintf(&b, "    - %s  # %s\n", quoteYAML(column), why)
		excluded++
	}
	for _, s := range found.Suspects {
		if i := schema.Index(s.Column); schema.Fields()[i].Role.Feature() {
			exclude(s.Column, "may leak: "+s.Evidence[0])
		}
	}
	for _, p := range found.Columns {
		suspected := slices.ContainsFunc(found.Suspects, func(s model.Suspect) bool { return s.Column == p.Name })
		switch {
		case suspected:
		case p.Role == features.RoleExcluded.String() && p.Type != "-":
			exclude(p.Name, "excluded as before")
		case p.Role == features.RoleFeature.String() && looksLikeID(&p, found.Rows):
			exclude(p.Name, p.Note)
		}
	}
	if excluded == 0 {
		b.WriteString("    []\n")
	}
	b.WriteString(featureExamples)
	missing := append(slices.Clone(schema.Missing()), found.Missing...)
	for i := range missing {
		missing[i] = quoteYAML(missing[i])
	}
	fmt.Fprintf(&b, "missing: [%s]  # texts that mean missing\n", strings.Join(missing, ", "))
	fmt.Fprintf(&b, "split: {by: %s, holdout: %g, refit: %t}\n", c.Split.By, c.Split.Holdout, c.Split.Refit)
	b.WriteString(moneyExamples)
	return b.String()
}

// What the data propose no value for stands in the configuration as an example: take the first # of a line away to use it.
const (
	featureExamples = `  # fit: [industry, employees]  # who the lead is, and
  # activity: [pages_viewed]  # what it did: for two sub-scores
  # known_at: {demo_attended: sql}  # columns known only from a later stage on: refused before it
  # recorded_at: {employees: enriched_at}  # columns with a time stamp of their own: refused where it is after created_at
  # trusted: [score]  # columns that the leak scanner may not refuse
  # kinds: {zip: category}  # numbers that name things
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
