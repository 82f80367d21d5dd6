package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// gatesConfig says when a lead is marketing-qualified.
type gatesConfig struct {
	Fit         float64 `yaml:"fit"`         // least probability from who the lead is
	Probability float64 `yaml:"probability"` // least probability from all that is known
}

// gates are those of the configuration, nil if it says nothing.
func (g *gatesConfig) gates() *budget.Gates {
	if g == nil {
		return nil
	}
	return &budget.Gates{Fit: g.Fit, Probability: g.Probability}
}

// gateFlags are those of budget that move the bar of a marketing-qualified lead.
type gateFlags struct {
	fit, probability float64
}

func (f *gateFlags) add(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&f.fit, "mql-fit", 0, "count marketing-qualified leads with this least probability from who they are, 0.02 = 2 % (default: the model's, mql in leadscore.yaml)")
	cmd.Flags().Float64Var(&f.probability, "mql-probability", 0, "and this least probability from all that is known (default: the model's)")
}

// validate refuses gates that cannot be, by the names of their flags: --mql-fit for mql.fit.
func (f *gateFlags) validate() error {
	var problems []error
	for _, e := range budget.BoundErrors(budget.Gates{Fit: f.fit, Probability: f.probability}.Validate()) {
		problems = append(problems, fmt.Errorf("--%s: %v is not %s, such as 0.05 for 5 %%", strings.ReplaceAll(e.Field, ".", "-"), e.Value, e.Want))
	}
	return errors.Join(problems...)
}

// validate refuses gates that cannot be, by their keys.
func (g *gatesConfig) validate() []error {
	var f faults
	if gates := g.gates(); gates != nil {
		for _, e := range budget.BoundErrors(gates.Validate()) {
			f.bad(e.Field, e.Value, e.Want)
		}
	}
	return f.all
}

// gates are the model's with what the flags change, nil if neither says any.
func (f *gateFlags) gates(cmd *cobra.Command, of *budget.Gates) *budget.Gates {
	fit, probability := cmd.Flags().Changed("mql-fit"), cmd.Flags().Changed("mql-probability")
	if !fit && !probability {
		return of
	}
	var g budget.Gates
	if of != nil {
		g = *of
	}
	if fit {
		g.Fit = f.fit
	}
	if probability {
		g.Probability = f.probability
	}
	return &g
}

// describeQualified prints how many leads pass the gates.
func describeQualified(w io.Writer, q *model.Qualified) {
	fmt.Fprintln(w)
	paragraph(w, "%s", q.Words)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "source\tleads a month\tright fit\tMQLs\tof the leads\tsales expected\tone sale in\t")
	line := func(name string, r *model.QualifiedRow) {
		share, one := budget.Unknown(budget.NoLeads), "–"
		if r.Leads > 0 {
			share = budget.Known(r.MQLs / r.Leads)
		}
		if r.ExpectedWins > 0 {
			one = fmt.Sprintf("%.1f", r.MQLs/r.ExpectedWins)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.1f\t%s\t\n", name, budget.Count(r.Leads), budget.Count(r.Fit), budget.Count(r.MQLs), returnFigure(share), r.ExpectedWins, one)
	}
	for i := range q.Rows {
		line(q.Rows[i].Source, &q.Rows[i])
	}
	line("(all leads)", &q.Total)
	_ = t.Flush()
}

// qualifiedColumn says whether each lead is marketing-qualified; missing in a model without gates.
func qualifiedColumn(m *model.Model) scoreColumn {
	add := func(c *datasets.FrameColumn, yes, known bool) {
		c.Bools, c.Valid = append(c.Bools, yes), append(c.Valid, known)
	}
	return scoreColumn{
		column: datasets.FrameColumn{Name: "mql", Type: features.Type{Base: features.Bool}, Valid: []bool{}},
		add:    func(c *datasets.FrameColumn, s *model.Score) { add(c, s.MQL != nil && *s.MQL, s.MQL != nil) },
		addBatch: func(c *datasets.FrameColumn, _ *features.Batch, s *batchScores) {
			for i, p := range s.Probability {
				fit := 0.0
				if s.Fit != nil {
					fit = s.Fit[i]
				}
				add(c, m.Qualified(fit, p), m.Gates() != nil)
			}
		},
	}
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
