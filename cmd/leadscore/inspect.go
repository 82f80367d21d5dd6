package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// inspection is what inspect finds in a data set.
type inspection struct {
	Rows     int             `json:"rows"`
	Files    []string        `json:"files"`
	Outcome  string          `json:"outcome,omitempty"`
	From     string          `json:"from,omitempty"`
	To       string          `json:"to,omitempty"`
	BaseRate *float64        `json:"base_rate,omitempty"`
	Columns  []columnProfile `json:"columns"`
	Periods  []model.Period  `json:"periods,omitempty"`
	Suspects []model.Suspect `json:"leak_suspects"`
	Nominal  []string        `json:"nominal_numbers,omitempty"` // numbers that seem to name things
	Missing  []string        `json:"missing_texts,omitempty"`   // levels that look as if they meant "missing"
	Notes    []string        `json:"notes,omitempty"`
}

// columnProfile is what one column holds.
type columnProfile struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Kind    string   `json:"kind"`
	Role    string   `json:"role"`
	Missing float64  `json:"missing"` // share of the rows
	Levels  int      `json:"levels,omitempty"`
	Top     []string `json:"top,omitempty"`   // the most frequent levels, with their shares
	Dates   bool     `json:"dates,omitempty"` // the levels of a feature are dates or times
	Min     *float64 `json:"min,omitempty"`
	Mean    *float64 `json:"mean,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	From    string   `json:"from,omitempty"`
	To      string   `json:"to,omitempty"`
	Note    string   `json:"note,omitempty"`
}

func (a *app) inspectCommand() *cobra.Command {
	f := &trainFlags{}
	var write string
	cmd := &cobra.Command{
		Use:   "inspect DATA...",
		Short: "Show types, missing values, levels, the base rate over time and columns that may leak; propose a configuration",
		Example: `  leadscore inspect leads.parquet
  leadscore inspect leads.parquet --outcome y --write-config leadscore.yaml`,
		Args: someArguments("data", 0),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.data = args
			return a.inspect(cmd, f, write)
		},
	}
	cmd.Flags().StringVar(&f.config, "config", "", "configuration file (leadscore.yaml)")
	cmd.Flags().StringVar(&f.outcome, "outcome", "", "column that says whether a lead converted")
	cmd.Flags().StringSliceVar(&f.exclude, "exclude", nil, "columns that are not features")
	cmd.Flags().IntVar(&f.workers, "workers", 0, "goroutines; 0 = one a processor")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the leads that the scan looks at")
	cmd.Flags().StringVar(&write, "write-config", "", "where to write the proposed configuration")
	return cmd
}

func (a *app) inspect(cmd *cobra.Command, f *trainFlags, write string) error {
	c, err := f.configured(a.environ)
	if err != nil {
		return err
	}
	d, err := datasets.Open(f.data)
	if err != nil {
		return err
	}
	defer d.Close()
	named := c.recognise(d.Columns())
	schema, err := c.schema(d.Columns(), false)
	if err != nil {
		return err
	}
	found, err := a.inspectData(cmd.Context(), f, &c, d, schema)
	if err != nil {
		return err
	}
	for i, r := range named {
		found.Notes = slices.Insert(found.Notes, i, fmt.Sprintf("%q is taken for %s by its name", r.column, r.key))
	}
	if write != "" {
		text := proposeConfig(&c, schema, found)
		if err := datasets.WriteFile(write, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			return err
		}
	}
	return a.print(found, func(w io.Writer) {
		describeInspection(w, found)
		if write != "" {
			fmt.Fprintf(w, "\nproposed configuration: %s\n", write)
		}
	})
}

// inspectData reads the data and profiles them, their outcome too where one is known.
func (a *app) inspectData(ctx context.Context, f *trainFlags, c *config, d *datasets.Dataset, schema *features.Schema) (*inspection, error) {
	e, err := c.exchange(f.config)
	if err != nil {
		return nil, err
	}
	table, err := a.loadTable(ctx, d, schema, moneyTerms{exchange: e}, workerCount(f.workers))
	if err != nil {
		return nil, err
	}
	found := profile(d, table)
	repeated, err := repeatedLeads(ctx, d, schema)
	if err != nil {
		return nil, err
	}
	for _, w := range repeated {
		found.Notes = append(found.Notes, join(w.Column, w.Detail))
	}
	if schema.ByRole(features.RoleOutcome) < 0 {
		found.Notes = append(found.Notes, "no outcome column is known: pass --outcome COLUMN to see the base rate and columns that may leak")
		return found, nil
	}
	options, err := f.options(c, schema)
	if err != nil {
		return nil, err
	}
	return found, a.inspectOutcome(ctx, table, options, found)
}

// inspectOutcome adds the base rate over time and the leak scan.
func (a *app) inspectOutcome(ctx context.Context, table *features.Table, options model.Options, found *inspection) error {
	found.Outcome = options.Label.String()
	summary, periods, err := model.Outcomes(table, options)
	if err != nil {
		if errors.Is(err, model.ErrNoLeads) || errors.Is(err, model.ErrOneClass) {
			found.Notes = append(found.Notes, err.Error())
			return nil
		}
		return err
	}
	found.BaseRate, found.From, found.To, found.Periods = &summary.BaseRate, summary.From, summary.To, periods
	if found.Nominal, err = model.NominalNumbers(table, options); err != nil {
		return err
	}
	bar := a.newBar("looking for leaks", 100)
	defer bar.done()
	scan, err := model.Scan(ctx, table, options, func(done float64) { bar.at(int(100 * done)) })
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		found.Notes = append(found.Notes, "the leak scan was not made: "+err.Error())
		return nil
	}
	found.Suspects = scan.Suspects
	return nil
}

// profile describes every column.
func profile(d *datasets.Dataset, table *features.Table) *inspection {
	found := &inspection{Rows: table.Rows, Files: d.Files(), Suspects: []model.Suspect{}}
	for i := range table.Schema.Fields() {
		found.Columns = append(found.Columns, profileColumn(table, i))
	}
	found.Missing = missingTexts(table)
	for _, c := range d.Columns() {
		if c.Unsupported != "" {
			found.Columns = append(found.Columns, columnProfile{Name: c.Name, Type: "-", Kind: "-", Role: "excluded", Note: c.Unsupported})
		}
	}
	return found
}

func profileColumn(table *features.Table, i int) columnProfile {
	f, c := &table.Schema.Fields()[i], &table.Columns[i]
	p := columnProfile{Name: f.Name, Type: f.Type.String(), Kind: f.Kind.String(), Role: f.Role.String()}
	switch {
	case c.Codes.Len() > 0:
		profileLevels(&p, c, table.Rows)
	case c.Numbers.Len() > 0:
		profileNumbers(&p, c, table.Rows)
	case len(c.Times) > 0:
		profileTimes(&p, f, c)
	default:
		p.Note = "not read"
	}
	return p
}

// topLevels is how many levels a profile names.
const topLevels = 3

func profileLevels(p *columnProfile, c *features.Column, rows int) {
	counts := make([]int, len(c.Levels)+1)
	for r := range rows {
		counts[c.Codes.At(r)]++
	}
	p.Levels = len(c.Levels)
	p.Missing = float64(counts[len(c.Levels)]) / float64(rows)
	order := make([]int, len(c.Levels))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return counts[b] - counts[a] })
	for _, k := range order[:min(topLevels, len(order))] {
		share := "<1 %"
		if 100*counts[k] >= rows {
			share = fmt.Sprintf("%.0f %%", 100*float64(counts[k])/float64(rows))
		}
		p.Top = append(p.Top, c.Levels[k]+" "+share)
	}
	if p.Role != features.RoleFeature.String() {
		return
	}
	if p.Dates = areDates(c.Levels); p.Dates {
		p.Note = "its texts are dates, which features.kinds makes a time of"
	} else if looksLikeID(p, rows) {
		p.Note = "nearly every row has a value of its own: an id is no feature"
	}
}

// areDates reports whether texts are dates or times, and enough of them to be no names.
func areDates(levels []string) bool {
	const enough = 3
	return len(levels) >= enough && !slices.ContainsFunc(levels, func(level string) bool {
		_, err := features.ParseTime(level)
		return err != nil
	})
}

// looksLikeID reports whether a category names the row rather than describing it.
func looksLikeID(p *columnProfile, rows int) bool {
	return rows > 100 && !p.Dates && float64(p.Levels) > 0.5*float64(rows)
}

func profileNumbers(p *columnProfile, c *features.Column, rows int) {
	low, high, sum, n := math.Inf(1), math.Inf(-1), 0.0, 0
	for r := range rows {
		if x := c.Numbers.At(r); !math.IsNaN(x) {
			low, high, sum, n = min(low, x), max(high, x), sum+x, n+1
		}
	}
	p.Missing = 1 - float64(n)/float64(rows)
	if n > 0 {
		mean := sum / float64(n)
		p.Min, p.Mean, p.Max = &low, &mean, &high
	}
}

func profileTimes(p *columnProfile, f *features.Field, c *features.Column) {
	from, to, n := int64(math.MaxInt64), int64(math.MinInt64), 0
	for _, t := range c.Times {
		if t != features.NoTime {
			from, to, n = min(from, t), max(to, t), n+1
		}
	}
	p.Missing = 1 - float64(n)/float64(len(c.Times))
	if n > 0 {
		p.From, p.To = features.FormatTime(from), features.FormatTime(to)
	}
	switch {
	case f.Since != "":
		p.Note = "counts as days before " + f.Since
	case f.Role == features.RoleFeature:
		p.Note = "a date as a feature is a number of days, and new leads lie beyond those of training: name the column of the creation (columns.created_at), and it counts from there"
	}
}

// suspiciousTexts are levels that often mean "missing".
var suspiciousTexts = []string{"?", "select", "unknown", "n/a", "na", "null", "none", "nan", "-", "#value!", "#n/a", "not specified"}

func missingTexts(table *features.Table) []string {
	var found []string
	for _, c := range table.Columns {
		for _, level := range c.Levels {
			if slices.Contains(suspiciousTexts, strings.ToLower(level)) && !slices.Contains(found, level) {
				found = append(found, level)
			}
		}
	}
	slices.Sort(found)
	return found
}

func describeInspection(w io.Writer, r *inspection) {
	fmt.Fprintf(w, "%s rows in %s\n", budget.Count(r.Rows), strings.Join(r.Files, ", "))
	if r.BaseRate != nil {
		fmt.Fprintf(w, "conversion: %s; base rate %.2f %%\n", r.Outcome, 100**r.BaseRate)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "column\ttype\trole\tmissing\tcontent")
	for _, c := range r.Columns {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.1f %%\t%s\n", c.Name, c.Type, c.Role, 100*c.Missing, c.content())
	}
	_ = t.Flush()
	if len(r.Periods) > 0 {
		fmt.Fprintln(w, "\nbase rate over time:")
		for _, p := range r.Periods {
			fmt.Fprintf(w, "  %-18s %9s leads  %6.2f %%  %s\n", p.Label, budget.Count(p.Rows), 100*p.Rate, strings.Repeat("#", int(math.Round(50*p.Rate))))
		}
	}
	if len(r.Suspects) > 0 {
		fmt.Fprintln(w, "\ncolumns that may leak (known only after the lead should have been scored):")
		for _, s := range r.Suspects {
			for _, e := range s.Evidence {
				fmt.Fprintf(w, "  %s: %s\n", s.Column, e)
			}
		}
	}
	if len(r.Nominal) > 0 {
		fmt.Fprintf(w, "\nnumbers that seem to name things, as conversions jump from one to the next (recipe auto takes them as categories): %s\n", strings.Join(r.Nominal, ", "))
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(w, "\ntexts that may mean missing (list them under missing: in the configuration if so): %q\n", r.Missing)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "\nnote: %s\n", n)
	}
}

// content says what a column holds, in a few words.
func (c *columnProfile) content() string {
	text := ""
	switch {
	case c.Levels > 0:
		text = strings.TrimSuffix(fmt.Sprintf("%s levels: %s", budget.Count(c.Levels), strings.Join(c.Top, ", ")), ": ")
	case c.Min != nil:
		text = fmt.Sprintf("%s to %s, mean %s", budget.Brief(*c.Min), budget.Brief(*c.Max), budget.Brief(*c.Mean))
	case c.From != "":
		text = day(c.From) + " to " + day(c.To)
	}
	if c.Note != "" {
		text = strings.TrimPrefix(text+"; "+c.Note, "; ")
	}
	return text
}
