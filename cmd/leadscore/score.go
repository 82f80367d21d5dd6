package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

type scoreFlags struct {
	model     string
	data      string
	out       string
	explain   int
	only      []string
	separator string
	asOf      string
	moment    *int64 // what asOf says
	before    string
	tiers     map[string]string // what before says; nil = nothing
}

// scoreSummary is what score prints.
type scoreSummary struct {
	Leads         int             `json:"leads"`
	Mean          float64         `json:"mean_probability"`
	Conversions   float64         `json:"expected_conversions"`
	ExpectedValue *float64        `json:"expected_value,omitempty"` // of all leads together
	Currency      string          `json:"currency,omitempty"`
	Warnings      map[string]int  `json:"warnings,omitempty"` // leads by warning code
	Notes         []model.Warning `json:"notes,omitempty"`    // about the file
	Out           string          `json:"out"`
	Model         model.Identity  `json:"model"`

	ids *leadIDs
}

func (a *app) scoreCommand() *cobra.Command {
	f := &scoreFlags{}
	cmd := &cobra.Command{
		Use:   "score",
		Short: "Score a file of leads",
		Long: `Scores the leads of a .parquet, .csv or .jsonl file and writes the scores as the ending of --out says: .parquet and
.csv get one row a lead, .jsonl the whole score as the server answers it.`,
		Example: `  leadscore score --model model.json --data leads.parquet --out scores.parquet
  leadscore score --data today.csv --separator ';' --out scores.csv --explain 5
  leadscore score --data open.parquet --as-of 2026-06-30 --out open.csv --only id,probability,probability_open
  leadscore score --data open.parquet --before yesterday.parquet --out today.parquet
  leadscore score --data leads.jsonl --out scores.jsonl --only id,probability,expected_value`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.score(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.model, "model", "model.json", "the model")
	cmd.Flags().StringVar(&f.data, "data", "", "the leads: .parquet, .csv or .jsonl, or a folder or glob of Parquet files")
	cmd.Flags().StringVar(&f.out, "out", "", "where to write the scores: .parquet, .csv or .jsonl")
	cmd.Flags().IntVar(&f.explain, "explain", 3, "reasons a lead; 0 = none, -1 = all")
	cmd.Flags().StringSliceVar(&f.only, "only", nil, "only these columns: "+strings.Join(scoreColumnNames, ", "))
	cmd.Flags().StringVar(&f.separator, "separator", ",", "what separates the values of a CSV file")
	cmd.Flags().StringVar(&f.asOf, "as-of", "", "date at which leads are as old as created_at says: adds probability_open, that they convert by the horizon given that they have not yet")
	cmd.Flags().StringVar(&f.before, "before", "", "earlier scores (lead_id, tier) as .parquet or .csv: a lead keeps its tier until it is 5 % past the cut")
	return cmd
}

func (a *app) score(ctx context.Context, f *scoreFlags) error {
	separator, err := f.check()
	if err != nil {
		return usageError{err}
	}
	m, err := loadModel(f.model)
	if err != nil {
		return err
	}
	if f.before != "" {
		if f.tiers, err = earlierTiers(ctx, f.before, separator, m); err != nil {
			return err
		}
		if n := strangeTiers(f.tiers, m.Policy().Tiers); n > 0 {
			fmt.Fprintf(a.stderr, "leadscore: warning: --before: %s of %s leads were in a tier that this model does not have: they are placed anew\n", budget.Count(n), budget.Count(len(f.tiers)))
		}
	}
	sink, err := newScoreSink(f, m)
	if err != nil {
		return err
	}
	defer sink.abort()
	summary := &scoreSummary{Out: f.out, Model: m.Identity(), Warnings: map[string]int{}, ids: newLeadIDs(0)}
	bar := a.newBar("scoring", -1)
	defer bar.done()
	if sink.columnar() && ending(f.data) != endingLines && f.tiers == nil {
		err = scoreBatches(ctx, f, separator, m, sink, summary, bar)
	} else {
		err = scoreLeads(ctx, f, separator, m, sink, summary, bar)
	}
	if err == nil {
		err = sink.close()
	}
	if err != nil {
		return err
	}
	if summary.Leads > 0 {
		summary.Mean = summary.Conversions / float64(summary.Leads)
	}
	if summary.Notes, err = summary.ids.repeatedIn(ctx, f.data, separator, m); err != nil {
		return err
	}
	bar.done()
	a.warn(summary.Notes)
	return a.print(summary, summary.text)
}

// check looks at the flags before anything is read, and returns what separates the values of a CSV file.
func (f *scoreFlags) check() (separator rune, err error) {
	if err := errors.Join(required("data", f.data), required("out", f.out)); err != nil {
		return 0, err
	}
	if separator, err = datasets.ParseSeparator(f.separator); err != nil {
		return 0, err
	}
	if e := strings.ToLower(filepath.Ext(f.out)); !slices.Contains([]string{endingParquet, endingCSV, endingLines}, e) {
		return 0, fmt.Errorf("--out: %s ends neither in .parquet, .csv nor .jsonl", f.out)
	}
	f.moment, err = moment(f.asOf)
	return separator, err
}

// scoreLeads scores lead by lead, with reasons.
func scoreLeads(ctx context.Context, f *scoreFlags, separator rune, m *model.Model, sink *scoreSink, summary *scoreSummary, bar *bar) error {
	return eachLead(ctx, f.data, separator, m, f.moment != nil, func(lead *features.Lead) error {
		s := scoreAt(m, lead, f.moment).Top(f.explain)
		if tier := f.tiers[s.LeadID]; tier != "" {
			s.Tier = m.Decision(lead, &s, tier).Tier
		}
		summary.add(&s)
		if summary.Leads%1000 == 0 {
			bar.at(summary.Leads)
		}
		return sink.add(&s)
	})
}

// moment reads a date or time, nil for none.
func moment(text string) (*int64, error) {
	if text == "" {
		return nil, nil
	}
	t, err := features.ParseTime(text)
	if err != nil {
		return nil, fmt.Errorf("--as-of: %w", err)
	}
	return &t, nil
}

// scoreAt scores a lead, at a moment if there is one.
func scoreAt(m *model.Model, lead *features.Lead, at *int64) model.Score {
	if at == nil {
		return m.Score(lead)
	}
	return m.ScoreAt(lead, *at)
}

// scoreBatches scores column by column: no reason or warning is asked for.
func scoreBatches(ctx context.Context, f *scoreFlags, separator rune, m *model.Model, sink *scoreSink, summary *scoreSummary, bar *bar) error {
	scorer := m.NewBatchScorer()
	scorer.SubScores = slices.ContainsFunc(sink.picks, func(c scoreColumn) bool { return slices.Contains([]string{"fit", "activity", "mql"}, c.column.Name) })
	scorer.Intervals = slices.ContainsFunc(sink.picks, func(c scoreColumn) bool { return c.intervals })
	scores := batchScores{currency: m.Currency()}
	decided := sink.decided()
	return eachBatch(ctx, f.data, separator, m, false, func(b *features.Batch) error {
		scorer.Score(b, &scores.Scores)
		if decided {
			scorer.Decide(b, &scores.Scores, &scores.decisions)
		}
		summary.addBatch(&scores.Scores, m.Currency())
		summary.ids.addBatch(b)
		bar.at(summary.Leads)
		return sink.addBatch(b, &scores)
	})
}

// addBatch counts the scores of a batch.
func (s *scoreSummary) addBatch(scores *model.Scores, currency string) {
	s.Leads += len(scores.Probability)
	for _, p := range scores.Probability {
		s.Conversions += p
	}
	if scores.ExpectedValue == nil {
		return
	}
	if s.ExpectedValue == nil {
		s.ExpectedValue, s.Currency = new(float64), currency
	}
	for _, v := range scores.ExpectedValue {
		*s.ExpectedValue += v
	}
}

// add counts a score.
func (s *scoreSummary) add(score *model.Score) {
	s.Leads++
	s.ids.add(score.LeadID)
	s.Conversions += score.Probability
	s.Currency = score.Currency
	if score.ExpectedValue != nil {
		if s.ExpectedValue == nil {
			s.ExpectedValue = new(float64)
		}
		*s.ExpectedValue += *score.ExpectedValue
	}
	for i, w := range score.Warnings {
		if !slices.ContainsFunc(score.Warnings[:i], func(v features.Warning) bool { return v.Code == w.Code }) {
			s.Warnings[w.Code]++
		}
	}
}

func (s *scoreSummary) text(w io.Writer) {
	text := fmt.Sprintf("%s leads scored by model %s: %.1f conversions expected (%.2f %%)", budget.Count(s.Leads), s.Model.Version, s.Conversions, 100*s.Mean)
	if s.ExpectedValue != nil {
		text += fmt.Sprintf(", worth %s", budget.Currency(s.Currency).Format(math.Round(*s.ExpectedValue)))
	}
	paragraph(w, "%s", text)
	fmt.Fprintf(w, "scores %s\n", s.Out)
	for _, code := range sortedKeys(s.Warnings) {
		fmt.Fprintf(w, "warning: %s on %s leads\n", code, budget.Count(s.Warnings[code]))
	}
}

// scoreSink writes scores in the form that the ending of the file asks for.
type scoreSink struct {
	lines *datasets.LineWriter
	table frameWriter
	frame datasets.Frame
	picks []scoreColumn
	only  map[string]bool // of JSON lines, nil = everything
}

// frameWriter is a file of rows.
type frameWriter interface {
	Write(datasets.Frame) error
	Close() error
	Abort()
}

func newScoreSink(f *scoreFlags, m *model.Model) (*scoreSink, error) {
	columns, err := scoreColumns(f, m)
	if err != nil {
		return nil, err
	}
	s := &scoreSink{picks: columns}
	for _, c := range columns {
		s.frame.Columns = append(s.frame.Columns, c.column)
	}
	switch ending(f.out) {
	case endingLines:
		if len(f.only) > 0 {
			s.only = map[string]bool{}
			for _, c := range columns {
				s.only[c.column.Name] = true
			}
			s.only[intervalName] = slices.Contains(f.only, intervalName)
		}
		s.lines, err = datasets.NewLineWriter(f.out)
	case endingCSV:
		s.table, err = datasets.NewCSVWriter(f.out, s.frame.Columns)
	default:
		s.table, err = datasets.NewWriter(f.out, s.frame.Columns, datasets.DefaultWriteOptions())
	}
	return s, err
}

// sinkRows is how many scores are written at a time.
const sinkRows = 8192

func (s *scoreSink) add(score *model.Score) error {
	if s.lines != nil {
		return s.addLine(score)
	}
	for i := range s.picks {
		s.picks[i].add(&s.frame.Columns[i], score)
	}
	if s.frame.Rows++; s.frame.Rows < sinkRows {
		return nil
	}
	return s.flush()
}

func (s *scoreSink) addLine(score *model.Score) error {
	text, err := json.Marshal(score)
	if err != nil {
		return err
	}
	if s.only != nil {
		var all map[string]json.RawMessage
		if err := json.Unmarshal(text, &all); err != nil {
			return err
		}
		for key := range all {
			if !s.only[key] {
				delete(all, key)
			}
		}
		if text, err = json.Marshal(all); err != nil {
			return err
		}
	}
	return s.lines.Write(text)
}

// columnar reports whether a batch can be written as it is scored: a file of rows without reasons and warnings.
func (s *scoreSink) columnar() bool {
	return s.lines == nil && !slices.ContainsFunc(s.picks, func(c scoreColumn) bool { return c.addBatch == nil })
}

// decided reports whether a column says what the policy does.
func (s *scoreSink) decided() bool {
	return slices.ContainsFunc(s.frame.Columns, func(c datasets.FrameColumn) bool {
		return c.Name == "tier" || c.Name == "max_cost_per_lead" || c.Name == "action"
	})
}

// addBatch writes the scores of a batch.
func (s *scoreSink) addBatch(b *features.Batch, scores *batchScores) error {
	for i := range s.picks {
		s.picks[i].addBatch(&s.frame.Columns[i], b, scores)
	}
	s.frame.Rows = b.Rows
	return s.flush()
}

func (s *scoreSink) flush() error {
	err := s.table.Write(s.frame)
	s.frame.Rows = 0
	for i := range s.frame.Columns {
		c := &s.frame.Columns[i]
		c.Texts, c.Floats, c.Bools = c.Texts[:0], c.Floats[:0], c.Bools[:0]
		if c.Valid != nil {
			c.Valid = c.Valid[:0]
		}
	}
	return err
}

func (s *scoreSink) close() error {
	if s.lines != nil {
		return s.lines.Close()
	}
	if s.frame.Rows > 0 {
		if err := s.flush(); err != nil {
			return err
		}
	}
	return s.table.Close()
}

// abort drops the file unless it was closed.
func (s *scoreSink) abort() {
	if s.lines != nil {
		s.lines.Abort()
	} else {
		s.table.Abort()
	}
}
