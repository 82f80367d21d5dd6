package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// intervalName stands for the two ends of the interval of the probability: a file of rows has a column for each.
const intervalName = "probability_ci"

// scoreColumnNames are the columns of a file of scores; id is short for lead_id.
var scoreColumnNames = []string{"id", "log_odds", "probability", intervalName, "probability_open", "age_days", "profit_if_won", "expected_value", "currency",
	"tier", "max_cost_per_lead", "action", "fit", "activity", "mql", "reasons", "warnings"}

// scoreColumn is one column of a file of scores.
type scoreColumn struct {
	column datasets.FrameColumn
	add    func(c *datasets.FrameColumn, s *model.Score)
	// addBatch adds a batch, nil where that needs the scores one by one.
	addBatch  func(c *datasets.FrameColumn, b *features.Batch, s *batchScores)
	intervals bool // the column needs the intervals of a batch
}

// batchScores are the scores of a batch with what the policy says of them.
type batchScores struct {
	model.Scores
	decisions model.Decisions
	currency  string
}

// columnChoice collects the columns of a file of scores, in their order.
type columnChoice struct {
	only    []string // the names that are asked for; none = all that the model has
	columns []scoreColumn
}

func (k *columnChoice) asked(name string) bool { return slices.Contains(k.only, name) }

func (k *columnChoice) wanted(name string) bool { return len(k.only) == 0 || k.asked(name) }

func (k *columnChoice) add(columns ...scoreColumn) { k.columns = append(k.columns, columns...) }

// number adds a column of numbers if it is wanted: one of a score, or all of a batch, nil where the model has none.
func (k *columnChoice) number(name string, one func(*model.Score) *float64, all func(*batchScores) []float64) {
	if k.wanted(name) {
		c := numberColumn(name, one)
		c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *batchScores) { addNumbers(c, all(s), b.Rows) }
		k.add(c)
	}
}

// text adds a column of texts if it is wanted: one of a score, or all of a batch, nil where the model has none.
func (k *columnChoice) text(name string, one func(*model.Score) string, all func(*batchScores) []string) {
	if k.wanted(name) {
		c := textColumn(name, one)
		c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *batchScores) { addTexts(c, all(s), b.Rows) }
		k.add(c)
	}
}

// scoreColumns returns the columns that the flags ask for and the model has.
func scoreColumns(f *scoreFlags, m *model.Model) ([]scoreColumn, error) {
	if err := f.checkOnly(); err != nil {
		return nil, err
	}
	k := &columnChoice{only: f.only}
	if k.wanted("id") && m.Schema().ByRole(features.RoleID) >= 0 || k.asked("id") {
		k.add(idColumn())
	}
	k.number("log_odds", func(s *model.Score) *float64 { return &s.LogOdds }, func(s *batchScores) []float64 { return s.LogOdds })
	k.number("probability", func(s *model.Score) *float64 { return &s.Probability }, func(s *batchScores) []float64 { return s.Probability })
	if k.wanted(intervalName) && m.HasIntervals() {
		k.add(intervalColumn("probability_low", 0), intervalColumn("probability_high", 1))
	}
	if f.moment != nil {
		k.aged()
	}
	k.money(m)
	k.gates(m)
	if k.wanted("reasons") {
		k.add(reasonColumns(f.explain, m)...)
	}
	if k.wanted("warnings") {
		k.add(textColumn("warnings", warningCodes))
	}
	return k.columns, nil
}

// checkOnly refuses names of --only that are no columns, or not without --as-of.
func (f *scoreFlags) checkOnly() error {
	for i, name := range f.only {
		if name == "lead_id" {
			f.only[i] = "id"
		} else if f.moment == nil && (name == "probability_open" || name == "age_days") {
			return usageError{fmt.Errorf("--only: %s needs --as-of", name)}
		} else if !slices.Contains(scoreColumnNames, name) {
			return usageError{fmt.Errorf("--only: %q is none of %s", name, strings.Join(scoreColumnNames, ", "))}
		}
	}
	return nil
}

// aged adds what a lead's age says; not in a batch of columns, for a lead is looked at for its age.
func (k *columnChoice) aged() {
	for _, c := range []scoreColumn{
		numberColumn("probability_open", func(s *model.Score) *float64 { return s.ProbabilityOpen }),
		numberColumn("age_days", func(s *model.Score) *float64 { return s.AgeDays }),
	} {
		if k.wanted(c.column.Name) {
			k.add(c)
		}
	}
}

// money adds what a lead is worth, and what the policy says of it.
func (k *columnChoice) money(m *model.Model) {
	k.number("profit_if_won", func(s *model.Score) *float64 { return s.ProfitIfWon }, func(s *batchScores) []float64 { return s.ProfitIfWon })
	k.number("expected_value", func(s *model.Score) *float64 { return s.ExpectedValue }, func(s *batchScores) []float64 { return s.ExpectedValue })
	if k.wanted("currency") {
		k.add(currencyColumn())
	}
	if m.Policy() == nil && !k.asked("tier") && !k.asked("max_cost_per_lead") && !k.asked("action") {
		return
	}
	k.text("tier", func(s *model.Score) string { return s.Tier }, func(s *batchScores) []string { return s.decisions.Tier })
	k.number("max_cost_per_lead", func(s *model.Score) *float64 { return s.MaxCost }, func(s *batchScores) []float64 { return s.decisions.MaxCost })
	if k.wanted("action") {
		k.add(actionColumn())
	}
}

// gates adds the parts of fit and activity, and whether a lead is marketing-qualified by them.
func (k *columnChoice) gates(m *model.Model) {
	if m.Grouped() || k.asked("fit") {
		k.number("fit", func(s *model.Score) *float64 { return s.Fit }, func(s *batchScores) []float64 { return s.Fit })
	}
	if m.Grouped() || k.asked("activity") {
		k.number("activity", func(s *model.Score) *float64 { return s.Activity }, func(s *batchScores) []float64 { return s.Activity })
	}
	if m.Gates() != nil && k.wanted("mql") || k.asked("mql") {
		k.add(qualifiedColumn(m))
	}
}

// addNumbers adds the numbers of a batch, NaN as missing; without any, all are.
func addNumbers(c *datasets.FrameColumn, x []float64, rows int) {
	if x == nil {
		c.Floats, c.Valid = append(c.Floats, make([]float64, rows)...), append(c.Valid, make([]bool, rows)...)
		return
	}
	c.Floats = append(c.Floats, x...)
	for _, y := range x {
		c.Valid = append(c.Valid, y == y)
	}
}

// addTexts adds the texts of a batch, "" as missing; without any, all are.
func addTexts(c *datasets.FrameColumn, texts []string, rows int) {
	if texts == nil {
		texts = make([]string, rows)
	}
	c.Texts = append(c.Texts, texts...)
	for _, t := range texts {
		c.Valid = append(c.Valid, t != "")
	}
}

// idColumn names each lead.
func idColumn() scoreColumn {
	c := textColumn("lead_id", func(s *model.Score) string { return s.LeadID })
	c.addBatch = addIDs
	return c
}

// currencyColumn is that of the amounts of a row; missing where it has none.
func currencyColumn() scoreColumn {
	c := textColumn("currency", func(s *model.Score) string { return s.Currency })
	c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *batchScores) {
		for range b.Rows {
			c.Texts, c.Valid = append(c.Texts, s.currency), append(c.Valid, s.ExpectedValue != nil)
		}
	}
	return c
}

// actionColumn is what to do with each lead.
func actionColumn() scoreColumn {
	c := textColumn("action", func(s *model.Score) string { return string(s.Action) })
	c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *batchScores) {
		if s.decisions.Action == nil {
			addTexts(c, nil, b.Rows)
		}
		for _, action := range s.decisions.Action {
			c.Texts, c.Valid = append(c.Texts, string(action)), append(c.Valid, action != "")
		}
	}
	return c
}

// intervalColumn is one end of the interval of the probability.
func intervalColumn(name string, end int) scoreColumn {
	c := numberColumn(name, func(s *model.Score) *float64 { return &s.ProbabilityCI[end] })
	c.intervals = true
	c.addBatch = func(c *datasets.FrameColumn, _ *features.Batch, s *batchScores) {
		for i := range s.CI {
			c.Floats, c.Valid = append(c.Floats, s.CI[i][end]), append(c.Valid, true)
		}
	}
	return c
}

// reasonColumns are feature, value and log-odds of each reason, in their order.
func reasonColumns(explain int, m *model.Model) []scoreColumn {
	count := len(m.Encoder().Terms())
	if explain >= 0 && explain < count {
		count = explain
	}
	var columns []scoreColumn
	for i := range count {
		at := func(s *model.Score) *model.Reason {
			if i < len(s.Reasons) {
				return &s.Reasons[i]
			}
			return &model.Reason{}
		}
		prefix := fmt.Sprintf("reason_%d_", i+1)
		columns = append(columns,
			textColumn(prefix+"feature", func(s *model.Score) string { return at(s).Feature }),
			textColumn(prefix+"value", func(s *model.Score) string { return at(s).Value }),
			numberColumn(prefix+"log_odds", func(s *model.Score) *float64 { return &at(s).LogOdds }))
	}
	return columns
}

// warningCodes lists the codes of a score's warnings, with the features they are about.
func warningCodes(s *model.Score) string {
	var codes []string
	for _, w := range s.Warnings {
		if w.Feature != "" {
			codes = append(codes, w.Code+":"+w.Feature)
		} else {
			codes = append(codes, w.Code)
		}
	}
	return strings.Join(codes, ";")
}

// addIDs adds the ids of a batch; a lead without one has none.
func addIDs(c *datasets.FrameColumn, b *features.Batch, _ *batchScores) {
	i := b.Schema.ByRole(features.RoleID)
	for row := range b.Rows {
		text := ""
		if i >= 0 {
			text = idOf(&b.Vectors[i], b.Vectors[i].Codes[row])
		}
		c.Texts, c.Valid = append(c.Texts, text), append(c.Valid, text != "")
	}
}

// textColumn is an optional column of texts; the empty text is missing.
func textColumn(name string, text func(*model.Score) string) scoreColumn {
	return scoreColumn{
		column: datasets.FrameColumn{Name: name, Type: features.Type{Base: features.String}, Valid: []bool{}},
		add: func(c *datasets.FrameColumn, s *model.Score) {
			t := text(s)
			c.Texts, c.Valid = append(c.Texts, t), append(c.Valid, t != "")
		},
	}
}

// numberColumn is an optional column of numbers; nil is missing.
func numberColumn(name string, number func(*model.Score) *float64) scoreColumn {
	return scoreColumn{
		column: datasets.FrameColumn{Name: name, Type: features.Type{Base: features.Float64}, Valid: []bool{}},
		add: func(c *datasets.FrameColumn, s *model.Score) {
			x := number(s)
			if x == nil {
				x = new(float64)
				c.Valid = append(c.Valid, false)
			} else {
				c.Valid = append(c.Valid, true)
			}
			c.Floats = append(c.Floats, *x)
		},
	}
}
