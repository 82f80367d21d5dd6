package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// openLeads are the leads that may be worked.
type openLeads struct {
	candidates []budget.Candidate
	asOf       int64 // NoTime = unknown
	closed     int   // won or lost
	stalled    int   // older than the horizon
	aged       int   // with what is left of their probability at their age
}

// readCandidates scores the leads of a file that are open, as of a day.
func readCandidates(ctx context.Context, f *queueFlags, m *model.Model) (*openLeads, error) {
	x := &candidateReader{flags: f, m: m, scorer: m.NewBatchScorer(), leads: &openLeads{asOf: features.NoTime}, ids: newLeadIDs(0)}
	var err error
	if f.asOf != "" {
		if x.leads.asOf, err = features.ParseTime(f.asOf); err != nil {
			return nil, usageError{fmt.Errorf("--as-of: %w", err)}
		}
	} else if err = x.read(ctx, x.latest); err != nil {
		return nil, err
	}
	if err := x.read(ctx, x.add); err != nil {
		return nil, err
	}
	repeated, err := x.ids.repeatedIn(ctx, f.data, x.separator, m)
	if err == nil && len(repeated) > 0 {
		err = fmt.Errorf("queue: column %q: %s; an open lead is worked once", repeated[0].Column, repeated[0].Detail)
	}
	return x.leads, err
}

// candidateReader turns batches into candidates.
type candidateReader struct {
	flags     *queueFlags
	m         *model.Model
	schema    *features.Schema
	scorer    *model.BatchScorer
	scores    model.Scores
	decisions model.Decisions
	leads     *openLeads
	ids       *leadIDs // of the open leads
	separator rune
}

// read calls fn with one block of leads after the other.
func (x *candidateReader) read(ctx context.Context, fn func(*features.Batch) error) error {
	var err error
	if x.separator, err = datasets.ParseSeparator(x.flags.separator); err != nil {
		return usageError{err}
	}
	if ending(x.flags.data) == endingCSV {
		if x.schema, err = x.queueSchema(nil); err != nil {
			return err
		}
		return datasets.ReadCSV(ctx, x.flags.data, x.schema, x.separator, fn)
	}
	d, err := datasets.Open([]string{x.flags.data})
	if err != nil {
		return err
	}
	defer d.Close()
	if x.schema, err = x.queueSchema(d.Columns()); err != nil {
		return err
	}
	return d.Batches(ctx, x.schema, datasets.DefaultReadOptions(), fn)
}

// latest finds the latest time of a creation, a conversion or a loss.
func (x *candidateReader) latest(b *features.Batch) error {
	for i, f := range x.schema.Fields() {
		if f.Role == features.RoleCreatedAt || f.Role == features.RoleConvertedAt || f.Role == features.RoleStage {
			for _, at := range b.Vectors[i].Times {
				x.leads.asOf = max(x.leads.asOf, at)
			}
		}
	}
	return nil
}

// queueSchema is the schema of scoring with the columns that say whether a lead is open, where the file has them, and
// with that of the hours. Of a CSV file, whose columns are nil, they may be absent.
func (x *candidateReader) queueSchema(columns []datasets.Column) (*features.Schema, error) {
	typeOf := func(name string) (features.Type, bool) {
		i := slices.IndexFunc(columns, func(c datasets.Column) bool { return c.Name == name })
		if columns == nil {
			return features.Type{Base: features.Float64}, true
		}
		if i < 0 {
			return features.Type{}, false
		}
		return columns[i].Type, true
	}
	has := func(name string) bool { _, yes := typeOf(name); return yes }
	scoring, err := scoringSchema(x.m, true, has)
	if err != nil {
		return nil, err
	}
	fields := slices.Clone(scoring.Fields())
	for i, f := range x.m.Schema().Fields() {
		if f.Role == features.RoleStage && f.Stage == model.LostStage && has(f.Name) {
			fields[i] = f
		}
	}
	if name := x.flags.hoursColumn; name != "" {
		stored, there := typeOf(name)
		if !there {
			return nil, fmt.Errorf("queue: --hours-column: there is no column %q", name)
		}
		hours := features.Field{Name: name, Type: stored, Kind: features.Number, Role: features.RoleCost}
		switch i := scoring.Index(name); {
		case i < 0:
			fields = append(fields, hours)
		case fields[i].Role == features.RoleExcluded:
			hours.Type = fields[i].Type
			fields[i] = hours
		case fields[i].Kind != features.Number:
			return nil, fmt.Errorf("queue: --hours-column: %q is a %v, want a number", name, fields[i].Kind)
		}
	}
	return features.NewSchema(fields, x.m.Schema().Missing())
}

// add scores a batch and keeps its open leads.
func (x *candidateReader) add(b *features.Batch) error {
	b.DropLate()
	x.scorer.Score(b, &x.scores)
	x.scorer.Decide(b, &x.scores, &x.decisions)
	if x.scores.ProfitIfWon == nil {
		return fmt.Errorf("queue: %w", model.ErrNoPolicy)
	}
	hours, err := x.hours(b)
	if err != nil {
		return err
	}
	outcome, lost := x.column(x.schema.ByRole(features.RoleOutcome)), x.column(x.schema.StageIndex(model.LostStage))
	lead := x.schema.NewLead()
	for row := range b.Rows {
		b.Lead(row, lead)
		if outcome >= 0 && x.m.Label().Closed(lead.Values[outcome]) || lost >= 0 && lead.Values[lost].Present {
			x.leads.closed++
			x.ids.add("") // a lead may come again after its end
			continue
		}
		x.ids.add(lead.ID)
		c := x.candidate(lead, row, hours[row])
		if c.ID == "" {
			c.ID = "row " + strconv.Itoa(b.Start+row+1)
		}
		x.leads.candidates = append(x.leads.candidates, c)
	}
	return nil
}

// column returns the position of a column that is read, or −1.
func (x *candidateReader) column(i int) int {
	if i < 0 || x.schema.Fields()[i].Role == features.RoleExcluded {
		return -1
	}
	return i
}

// hours of each row of a batch.
func (x *candidateReader) hours(b *features.Batch) ([]float64, error) {
	if name := x.flags.hoursColumn; name != "" {
		hours := b.Vectors[x.schema.Index(name)].Numbers
		for row, h := range hours {
			if !(h >= 0) || math.IsInf(h, 0) {
				return nil, fmt.Errorf("queue: column %q, row %d: %v is not a number of hours", name, b.Start+row+1, h)
			}
		}
		return hours, nil
	}
	each := x.flags.leadHours
	if each == 0 {
		each = x.m.Policy().HoursPerLead
	}
	if each == 0 {
		return nil, usageError{fmt.Errorf("the model does not say how many hours a lead takes (economics.hours_per_lead): give --lead-hours or --hours-column")}
	}
	return slices.Repeat([]float64{each}, b.Rows), nil
}

// candidate is one lead, with what is left of its probability at its age. The wage of its hours is not among its costs.
func (x *candidateReader) candidate(lead *features.Lead, row int, hours float64) budget.Candidate {
	policy, p := x.m.Policy(), x.scores.Probability[row]
	c := budget.Candidate{Work: budget.Work{ID: lead.ID, Hours: hours}, M: x.scores.ProfitIfWon[row], Thin: x.known(lead) < x.flags.thin}
	if left, known := x.m.StillOpen(lead, p, x.leads.asOf); known {
		p = left
		x.leads.aged++
	}
	if x.overdue(lead) {
		c.Stalled = true
		x.leads.stalled++
	}
	c.Cost = x.decisions.Cost[row] - float64(policy.HoursPerLead*policy.HourPrice)
	c.Profit = p*c.M - c.Cost
	c.Cost = max(c.Cost, 0)
	c.Unknown = math.IsNaN(c.Profit)
	return c
}

// overdue reports whether a lead is older than the model's horizon.
func (x *candidateReader) overdue(lead *features.Lead) bool {
	i := x.column(x.schema.ByRole(features.RoleCreatedAt))
	if i < 0 || !lead.Values[i].Present || x.m.Label().Horizon == 0 {
		return false
	}
	return x.leads.asOf-lead.Values[i].Time >= int64(x.m.Label().Horizon)*24*3600*1_000_000
}

// known is the share of the features that a lead has values of.
func (x *candidateReader) known(lead *features.Lead) float64 {
	known, all := 0.0, 0.0
	for i, f := range x.schema.Fields() {
		if f.Role.Feature() {
			all++
			if lead.Values[i].Present {
				known++
			}
		}
	}
	return known / max(all, 1)
}
