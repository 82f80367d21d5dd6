package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// scoreColumnNames are the columns of a file of scores; id is short for lead_id.
var scoreColumnNames = []string{"id", "log_odds", "probability", "profit_if_won", "expected_value", "currency", "fit", "activity", "reasons", "warnings"}

// scoreColumn is one column of a file of scores.
type scoreColumn struct {
	column datasets.FrameColumn
	add    func(c *datasets.FrameColumn, s *model.Score)
	// addBatch adds a batch, nil where that needs the scores one by one.
	addBatch func(c *datasets.FrameColumn, b *features.Batch, s *model.Scores, currency string)
}

// scoreColumns returns the columns that the flags ask for and the model has.
func scoreColumns(f *scoreFlags, m *model.Model) ([]scoreColumn, error) {
	wanted := func(name string) bool { return len(f.only) == 0 || slices.Contains(f.only, name) }
	for i, name := range f.only {
		if name == "lead_id" {
			f.only[i] = "id"
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
	number := func(name string, one func(*model.Score) *float64, all func(*model.Scores) []float64) {
		if wanted(name) {
			c := numberColumn(name, one)
			c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *model.Scores, _ string) {
				x := all(s)
				present := x != nil
				if !present {
					x = make([]float64, b.Rows)
				}
				c.Floats = append(c.Floats, x...)
				for range b.Rows {
					c.Valid = append(c.Valid, present)
				}
			}
			columns = append(columns, c)
		}
	}
	number("log_odds", func(s *model.Score) *float64 { return &s.LogOdds }, func(s *model.Scores) []float64 { return s.LogOdds })
	number("probability", func(s *model.Score) *float64 { return &s.Probability }, func(s *model.Scores) []float64 { return s.Probability })
	number("profit_if_won", func(s *model.Score) *float64 { return s.ProfitIfWon }, func(s *model.Scores) []float64 { return s.ProfitIfWon })
	number("expected_value", func(s *model.Score) *float64 { return s.ExpectedValue }, func(s *model.Scores) []float64 { return s.ExpectedValue })
	if wanted("currency") {
		c := textColumn("currency", func(s *model.Score) string { return s.Currency })
		c.addBatch = func(c *datasets.FrameColumn, b *features.Batch, s *model.Scores, currency string) {
			for range b.Rows {
				c.Texts, c.Valid = append(c.Texts, currency), append(c.Valid, s.ExpectedValue != nil)
			}
		}
		columns = append(columns, c)
	}
	if m.Grouped() || slices.Contains(f.only, "fit") {
		number("fit", func(s *model.Score) *float64 { return s.Fit }, func(s *model.Scores) []float64 { return s.Fit })
	}
	if m.Grouped() || slices.Contains(f.only, "activity") {
		number("activity", func(s *model.Score) *float64 { return s.Activity }, func(s *model.Scores) []float64 { return s.Activity })
	}
	if wanted("reasons") {
		columns = append(columns, reasonColumns(f.explain, m)...)
	}
	if wanted("warnings") {
		columns = append(columns, textColumn("warnings", warningCodes))
	}
	return columns, nil
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
func addIDs(c *datasets.FrameColumn, b *features.Batch, _ *model.Scores, _ string) {
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
