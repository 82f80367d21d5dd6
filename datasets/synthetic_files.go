package datasets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/template"
)

// The files that Generate writes.
const (
	LeadsFile      = "leads.parquet"
	TruthFile      = "leads.truth.parquet"
	TruthNotesFile = "truth.json"
	SpendFile      = "spend.csv"
	ConfigFile     = "leadscore.yaml"
)

// Generate draws sample leads and writes five files into the folder, which it makes if need be: the leads, their
// truth row by row, the truth in words, what was spent by month and source, and the configuration to train with.
// They are written aside, synced, and put under their names, in place of files of those names, only once all of
// them are whole. Progress, if not nil, is told the number of leads written so far.
func Generate(ctx context.Context, dir string, opts SyntheticOptions, progress func(rows int)) (*SyntheticReport, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("datasets: sample leads: %w", err)
	}
	aside, err := os.MkdirTemp(dir, ".generate-*")
	if err != nil {
		return nil, fmt.Errorf("datasets: sample leads: %w", err)
	}
	defer os.RemoveAll(aside)
	tally := &sampleTally{opts: opts}
	if err := writeSampleRows(ctx, aside, opts, tally, progress); err != nil {
		return nil, err
	}
	report := tally.report()
	if err := writeSampleNotes(aside, opts, tally, report); err != nil {
		return nil, err
	}
	for _, name := range []string{LeadsFile, TruthFile, TruthNotesFile, SpendFile, ConfigFile} {
		if err := os.Rename(filepath.Join(aside, name), filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("datasets: sample leads: %w", err)
		}
	}
	if err := syncFolder(dir); err != nil {
		return nil, fmt.Errorf("datasets: sample leads: %w", err)
	}
	return report, nil
}

// writeSampleRows writes the two Parquet files and sums up what is in them.
func writeSampleRows(ctx context.Context, dir string, opts SyntheticOptions, tally *sampleTally, progress func(int)) error {
	layout := DefaultWriteOptions()
	layout.SortedBy = "created_at"
	leads, err := NewWriter(filepath.Join(dir, LeadsFile), leadColumns(0), layout)
	if err != nil {
		return err
	}
	defer leads.Abort()
	layout.SortedBy = ""
	truth, err := NewWriter(filepath.Join(dir, TruthFile), truthColumns(0), layout)
	if err != nil {
		return err
	}
	defer truth.Abort()
	err = drawBlocks(ctx, opts, func(b *sampleBlock) error {
		if err := errors.Join(leads.Write(b.leads), truth.Write(b.truth)); err != nil {
			return err
		}
		tally.add(b)
		if progress != nil {
			progress(tally.rows)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(leads.Close(), truth.Close())
}

// writeSampleNotes writes the three small files.
func writeSampleNotes(dir string, opts SyntheticOptions, tally *sampleTally, report *SyntheticReport) error {
	notes := func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			*SyntheticReport
			Truth truthNotes `json:"truth"`
		}{report, newTruthNotes()})
	}
	config := func(w io.Writer) error {
		return sampleConfig.Execute(w, map[string]any{
			"Rows": opts.Rows, "Seed": opts.Seed, "Start": report.Start, "Months": opts.Months,
			"AsOf": report.AsOf, "Horizon": opts.Horizon, "Truth": TruthFile, "Spend": SpendFile,
		})
	}
	return errors.Join(
		WriteFile(filepath.Join(dir, TruthNotesFile), notes),
		WriteFile(filepath.Join(dir, SpendFile), tally.writeSpend),
		WriteFile(filepath.Join(dir, ConfigFile), config))
}

var sampleConfig = template.Must(template.New(ConfigFile).Parse(`# How to read and train on the sample leads: {{.Rows}} leads of {{.Months}} months from {{.Start}}, seed {{.Seed}}.
# The true probability of each is in {{.Truth}}; keep it out of training.

columns:
  id: lead_id
  created_at: created_at          # the file is sorted by it
  source: source                  # stays a feature, like campaign
  segments: []                    # try [industry] or [region]
  account: account_id             # leads of an account succeed and fail together
  cost: acquisition_cost
  stages: {mql: mql_at, contacted: contacted_at, sql: sql_at, opportunity: opportunity_at, lost: lost_at}
  lost_reason: lost_reason

outcome:
  converted: converted            # known to have been won on the as_of day
  at: converted_at
  horizon: {{.Horizon}}d                    # about a tenth of the sales come later; of trade_show leads, almost half

as_of: {{.AsOf}}                # a date is its first moment: nothing later is in the file

value:
  profit: profit                  # of won leads
  revenue: revenue                # of which about 25 % are profit: for goals of revenue
  currency: USD

features:
  include: []                     # every column without another role
  exclude:
    - deal_desk_touches           # a planted leak, filled in after the outcome: take it out of this list to try the scanner
  fit: [industry, region, employees, annual_revenue, company_age, seniority, persona, need, budget, timeline]
  activity: [pages_viewed, pricing_page_views, time_on_site, emails_opened, emails_clicked, assets_downloaded,
             webinar_attended, demo_requested, days_since_last_touch]

split: {by: time, holdout: 0.3, refit: true}

economics:
  target_roi: 0.25
  roi_basis: in_investment
  stage_costs: {lead: 0, mql: 10, sql: 60, opportunity: 250}
  hours_per_lead: 0.75
  hour_cost: 45

tiers: {by: expected_value, cuts: {shares: [0.2, 0.3, 0.5]}}

mql: {fit: 0.02, probability: 0.05}   # least probability from the features of fit alone, and from all
contact: {sla: 8h, workweek: mon-fri 9-17}   # UTC: the sample team has agreed to call an mql within a working day

spend: {{.Spend}}                # period, source, spend: the acquisition costs of the leads, summed
`))
