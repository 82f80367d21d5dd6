package main

import (
	"fmt"
	"math"
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

// scoreColumns returns the columns that the flags ask for and the model has.
func scoreColumns(f *scoreFlags, m *model.Model) ([]scoreColumn, error) {
	wanted := func(name string) bool { return len(f.only) == 0 || slices.Contains(f.only, name) }
	for i, name := range f.only {
		if name == "lead_id" {
			f.only[i] = "id"
		} else if f.moment == nil && (name == "probability_open" || name == "age_days") {
			return nil, usageError{fmt.Errorf("--only: %s needs --as-of", name)}
		} else if !slices.Contains(scoreColumnNames, name) {
			return nil, usageError{fmt.Errorf("--only: %q is none of %s", name, strings.Join(scoreColumnNames, ", "))}
		}
	}
	var columns []scoreColumn
	if wanted("id") && m.Schema().ByRole(features.RoleID) >= 0 || slices.Contains(f.only, "id") {
		c := textColumn("lead_id", func(s *model.Score) string { return s.LeadID })
		c.addBatch = addIDs
		columns = append(columns, c)
	}
	number := func(name string, one func(*model.Score) *float64, all func(*batchScores) []float64) {
		if wanted(name) {
			c := numberColumn(name, one)
			c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *batchScores) {
				x := all(s)
				present := x != nil
				if !present {
					x = make([]float64, b.Rows)
				}
				c.Floats = append(c.Floats, x...)
				for _, y := range x {
					c.Valid = append(c.Valid, present && y == y)
				}
			}
			columns = append(columns, c)
		}
	}
	number("log_odds", func(s *model.Score) *float64 { return &s.LogOdds }, func(s *batchScores) []float64 { return s.LogOdds })
	number("probability", func(s *model.Score) *float64 { return &s.Probability }, func(s *batchScores) []float64 { return s.Probability })
	if wanted(intervalName) && m.HasIntervals() {
		columns = append(columns, intervalColumn("probability_low", 0), intervalColumn("probability_high", 1))
	}
	if f.moment != nil { // not in a batch of columns: a lead is looked at for its age
		for _, c := range []scoreColumn{
			numberColumn("probability_open", func(s *model.Score) *float64 { return s.ProbabilityOpen }),
			numberColumn("age_days", func(s *model.Score) *float64 { return s.AgeDays }),
		} {
			if wanted(c.column.Name) {
				columns = append(columns, c)
			}
		}
	}
	number("profit_if_won", func(s *model.Score) *float64 { return s.ProfitIfWon }, func(s *batchScores) []float64 { return s.ProfitIfWon })
	number("expected_value", func(s *model.Score) *float64 { return s.ExpectedValue }, func(s *batchScores) []float64 { return s.ExpectedValue })
	if wanted("currency") {
		c := textColumn("currency", func(s *model.Score) string { return s.Currency })
		c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *batchScores) {
			for range b.Rows {
				c.Texts, c.Valid = append(c.Texts, s.currency), append(c.Valid, s.ExpectedValue != nil)
			}
		}
		columns = append(columns, c)
	}
	if m.Policy() != nil || slices.ContainsFunc(f.only, func(name string) bool { return name == "tier" || name == "max_cost_per_lead" || name == "action" }) {
		columns = append(columns, decisionColumns(wanted)...)
	}
	if m.Grouped() || slices.Contains(f.only, "fit") {
		number("fit", func(s *model.Score) *float64 { return s.Fit }, func(s *batchScores) []float64 { return s.Fit })
	}
	if m.Grouped() || slices.Contains(f.only, "activity") {
		number("activity", func(s *model.Score) *float64 { return s.Activity }, func(s *batchScores) []float64 { return s.Activity })
	}
	if m.Gates() != nil && wanted("mql") || slices.Contains(f.only, "mql") {
		columns = append(columns, qualifiedColumn(m))
	}
	if wanted("reasons") {
		columns = append(columns, reasonColumns(f.explain, m)...)
	}
	if wanted("warnings") {
		columns = append(columns, textColumn("warnings", warningCodes))
	}
	return columns, nil
}

// decisionColumns are what the policy says of a lead.
func decisionColumns(wanted func(string) bool) (columns []scoreColumn) {
	text := func(name string, one func(*model.Score) string, all func(s *batchScores, i int) string) {
		if wanted(name) {
			c := textColumn(name, one)
			c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *batchScores) {
				for i := range b.Rows {
					t := all(s, i)
					c.Texts, c.Valid = append(c.Texts, t), append(c.Valid, t != "")
				}
			}
			columns = append(columns, c)
		}
	}
	text("tier", func(s *model.Score) string { return s.Tier }, func(s *batchScores, i int) string {
		if s.decisions.Tier == nil {
			return ""
		}
		return s.decisions.Tier[i]
	})
	if wanted("max_cost_per_lead") {
		c := numberColumn("max_cost_per_lead", func(s *model.Score) *float64 { return s.MaxCost })
		c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *batchScores) {
			for i := range b.Rows {
				x, known := 0.0, false
				if s.decisions.MaxCost != nil && !math.IsNaN(s.decisions.MaxCost[i]) {
					x, known = s.decisions.MaxCost[i], true
				}
				c.Floats, c.Valid = append(c.Floats, x), append(c.Valid, known)
			}
		}
		columns = append(columns, c)
	}
	text("action", func(s *model.Score) string { return string(s.Action) }, func(s *batchScores, i int) string {
		if s.decisions.Action == nil {
			return ""
		}
		return string(s.decisions.Action[i])
	})
	return columns
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
			if v := &b.Vectors[i]; v.Codes[row] != features.NoCode {
				text = v.Dictionary.Levels[v.Codes[row]]
			}
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
