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
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

type queueFlags struct {
	model       string
	data        string
	hours       float64
	leadHours   float64
	hoursColumn string
	asOf        string
	thin        float64
	out         string
	separator   string
	top         int
}

// queueResult is what queue prints.
type queueResult struct {
	*budget.Dispatched
	Hours    float64         `json:"hours"`
	HourCost float64         `json:"hour_cost"` // of the policy
	Currency budget.Currency `json:"currency"`
	AsOf     string          `json:"as_of,omitempty"`
	Closed   int             `json:"closed"`  // leads already won or lost: left out
	Stalled  int             `json:"stalled"` // open leads that are older than the horizon
	Aged     int             `json:"aged"`    // leads with what is left of their probability at their age
	Words    string          `json:"words"`
	Out      string          `json:"out,omitempty"`
	Model    model.Identity  `json:"model"`
	Notes    []model.Warning `json:"warnings"`
}

func (a *app) queueCommand() *cobra.Command {
	f := &queueFlags{}
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "The leads to work next, cut to the team's hours, and what becomes of the rest",
		Long: `Orders the open leads by expected profit per hour, works as many as the hours allow, and gives every other lead a
place: verify (too little is known), nurture, recycle (worth working, but nobody has the time) or no. Leads that are won
or lost are left out where the data say so; leads older than the model's horizon are not worked, and younger ones count
with what is left of their probability at their age. The price of a lead is
sunk and takes no part; the hours are the team's own, so that their wage takes none either.`,
		Example: `  leadscore queue --model model.json --data open.parquet --hours 40
  leadscore queue --data open.csv --hours 160 --hours-column touch_hours --out queue.csv`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.queue(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.model, "model", "model.json", "the model")
	cmd.Flags().StringVar(&f.data, "data", "", "the leads: .parquet or .csv, or a folder or glob of Parquet files")
	cmd.Flags().Float64Var(&f.hours, "hours", 0, "hours of the team in the period")
	cmd.Flags().Float64Var(&f.leadHours, "lead-hours", 0, "hours that a lead takes (default: the model's hours_per_lead)")
	cmd.Flags().StringVar(&f.hoursColumn, "hours-column", "", "number column of the hours that each lead takes")
	cmd.Flags().StringVar(&f.asOf, "as-of", "", "day that the age of leads is measured at (default: the latest time in the data)")
	cmd.Flags().Float64Var(&f.thin, "thin", 0.5, "leads of which less than this share of the features is known are verified before they are given up")
	cmd.Flags().StringVar(&f.out, "out", "", "where to write all leads with their places: .parquet, .csv or .jsonl")
	cmd.Flags().StringVar(&f.separator, "separator", ",", "what separates the values of a CSV file")
	cmd.Flags().IntVar(&f.top, "top", 20, "how many of the leads to work are printed")
	return cmd
}

func (f *queueFlags) validate() error {
	problems := []error{required("data", f.data)}
	if !(f.hours > 0) || math.IsInf(f.hours, 0) {
		problems = append(problems, fmt.Errorf("--hours: %v is not a number of hours above 0", f.hours))
	}
	if !(f.leadHours >= 0) || math.IsInf(f.leadHours, 0) {
		problems = append(problems, fmt.Errorf("--lead-hours: %v is not a number of hours of 0 or more", f.leadHours))
	}
	if f.leadHours > 0 && f.hoursColumn != "" {
		problems = append(problems, errors.New("--lead-hours and --hours-column: give one of them"))
	}
	if !(f.thin >= 0 && f.thin <= 1) {
		problems = append(problems, fmt.Errorf("--thin: %v is not a share from 0 to 1", f.thin))
	}
	if ending(f.data) == endingLines {
		problems = append(problems, fmt.Errorf("--data: %s: a queue is made of .parquet or .csv", f.data))
	}
	if e := strings.ToLower(filepath.Ext(f.out)); f.out != "" && !slices.Contains([]string{endingParquet, endingCSV, endingLines}, e) {
		problems = append(problems, fmt.Errorf("--out: %s ends neither in .parquet, .csv nor .jsonl", f.out))
	}
	if err := errors.Join(problems...); err != nil {
		return usageError{err}
	}
	return nil
}

func (a *app) queue(ctx context.Context, f *queueFlags) error {
	if err := f.validate(); err != nil {
		return err
	}
	m, err := loadModel(f.model)
	if err != nil {
		return err
	}
	if err := m.NoMoney(); err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	policy := m.Policy()
	leads, err := readCandidates(ctx, f, m)
	if err != nil {
		return err
	}
	r := &queueResult{Hours: f.hours, HourCost: policy.HourPrice, Currency: policy.Currency, Closed: leads.closed, Out: f.out, Model: m.Identity()}
	if leads.asOf != features.NoTime {
		r.AsOf = features.FormatTime(leads.asOf)
	}
	r.Stalled, r.Aged = leads.stalled, leads.aged
	if r.Dispatched, err = budget.Dispatch(leads.candidates, f.hours, policy.Nurture); err != nil {
		return err
	}
	r.Words, r.Notes = r.words(), append([]model.Warning{}, m.Holdout().CutoffDoubt()...)
	if f.out != "" {
		if err := writeQueue(f.out, r.Leads); err != nil {
			return err
		}
	}
	a.warn(r.Notes)
	return a.print(r, func(w io.Writer) { r.text(w, f.top) })
}

// words says whether the team has too little time or too much.
func (r *queueResult) words() string {
	c, open := r.Currency, len(r.Leads)
	text := fmt.Sprintf("%s open leads, of which %s can be worked in %g hours: %s of expected profit", budget.Count(open), budget.Count(r.Count[budget.WorkIt]), r.Hours, c.Format(r.Profit))
	if r.Mu == 0 {
		return text + fmt.Sprintf("; %.2f hours are idle, and one more would bring nothing", r.Idle)
	}
	text += fmt.Sprintf("; all that are worth working would take %s hours, and one more hour would bring %s", budget.Count(r.Wanted), c.Format(r.Mu))
	switch {
	case r.HourCost == 0:
		return text
	case r.Mu > r.HourCost:
		return text + fmt.Sprintf(" for the %s it costs: a larger team pays", c.Format(r.HourCost))
	}
	return text + fmt.Sprintf(", less than the %s it costs", c.Format(r.HourCost))
}

func (r *queueResult) text(w io.Writer, top int) {
	paragraph(w, "%s", r.Words)
	var parts []string
	for _, place := range []budget.Place{budget.WorkIt, budget.VerifyIt, budget.NurtureAt, budget.RecycleIt, budget.No} {
		parts = append(parts, fmt.Sprintf("%s %s", place, budget.Count(r.Count[place])))
	}
	paragraph(w, "%s; %s won or lost before, %s older than the horizon", strings.Join(parts, ", "), budget.Count(r.Closed), budget.Count(r.Stalled))
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "rank\tlead\tprofit\thours\tper hour\t")
	shown := min(top, r.Count[budget.WorkIt])
	var profits, densities []budget.Figure
	for _, p := range r.Leads[:shown] {
		profits, densities = append(profits, budget.Known(p.Profit)), append(densities, p.Density)
	}
	profit, density := r.Currency.Prices(profits...), r.Currency.Prices(densities...)
	for i, p := range r.Leads[:shown] {
		fmt.Fprintf(t, "%d\t%s\t%s\t%g\t%s\t\n", p.Rank, p.ID, profit.Write(profits[i]), p.Hours, density.Write(densities[i]))
	}
	_ = t.Flush()
	if rest := r.Count[budget.WorkIt] - shown; rest > 0 {
		fmt.Fprintf(w, "and %s more\n", budget.Count(rest))
	}
	if r.Out != "" {
		fmt.Fprintf(w, "\nqueue %s\n", r.Out)
	}
}

// writeQueue writes every lead with its place.
func writeQueue(path string, leads []budget.Placed) error {
	if strings.ToLower(filepath.Ext(path)) == endingLines {
		return writeQueueLines(path, leads)
	}
	text, number := features.Type{Base: features.String}, features.Type{Base: features.Float64}
	columns := []datasets.FrameColumn{{Name: "lead_id", Type: text}, {Name: "place", Type: text}}
	for _, name := range []string{"rank", "profit", "hours", "profit_per_hour"} {
		columns = append(columns, datasets.FrameColumn{Name: name, Type: number, Valid: []bool{}})
	}
	var out frameWriter
	var err error
	if strings.ToLower(filepath.Ext(path)) == endingCSV {
		out, err = datasets.NewCSVWriter(path, columns)
	} else {
		out, err = datasets.NewWriter(path, columns, datasets.DefaultWriteOptions())
	}
	if err != nil {
		return err
	}
	defer out.Abort()
	frame := datasets.Frame{Rows: len(leads), Columns: columns}
	add := func(i int, x float64, valid bool) {
		frame.Columns[i].Floats, frame.Columns[i].Valid = append(frame.Columns[i].Floats, x), append(frame.Columns[i].Valid, valid)
	}
	for _, p := range leads {
		frame.Columns[0].Texts = append(frame.Columns[0].Texts, p.ID)
		frame.Columns[1].Texts = append(frame.Columns[1].Texts, string(p.Place))
		density, known := p.Density.Value()
		add(2, float64(p.Rank), p.Rank > 0)
		add(3, p.Profit, p.Density.Reason() != budget.Unmeasured)
		add(4, p.Hours, true)
		add(5, density, known)
	}
	return errors.Join(out.Write(frame), out.Close())
}

func writeQueueLines(path string, leads []budget.Placed) error {
	out, err := datasets.NewLineWriter(path)
	if err != nil {
		return err
	}
	defer out.Abort()
	for i := range leads {
		text, err := json.Marshal(&leads[i])
		if err != nil {
			return err
		}
		if err := out.Write(text); err != nil {
			return err
		}
	}
	return out.Close()
}
