package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
	"github.com/leadscore/leadscore/report"
)

// trainFlags are the flags of train, and of the verbs that train on the way.
type trainFlags struct {
	data      []string
	config    string
	outcome   string
	exclude   []string
	out       string
	report    string
	recipe    string
	split     string
	l2        float64
	holdout   float64
	tolerance float64
	se        string
	seed      uint64
	workers   int
	sample    int
	dryRun    bool
}

// bind declares the flags that choose data and configuration.
func (f *trainFlags) bindData(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.data, "data", nil, "Parquet files, globs or folders")
	cmd.Flags().StringVar(&f.config, "config", "", "configuration file (leadscore.yaml)")
	cmd.Flags().StringVar(&f.outcome, "outcome", "", "column that says whether a lead converted (instead of outcome.converted)")
	cmd.Flags().StringSliceVar(&f.exclude, "exclude", nil, "columns that are not features (besides features.exclude)")
	cmd.Flags().IntVar(&f.workers, "workers", 0, "goroutines; 0 = one a processor. The result does not depend on it")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "seed of everything random")
}

func (f *trainFlags) bindFit(cmd *cobra.Command) {
	o := model.DefaultOptions()
	cmd.Flags().StringVar(&f.recipe, "recipe", o.Recipe, "how features are encoded: auto or plain")
	cmd.Flags().StringVar(&f.split, "split", "", "how the holdout is chosen: auto, time, row_order or random (instead of split.by)")
	cmd.Flags().Float64Var(&f.l2, "l2", o.L2, "ridge penalty λ of the plain recipe; 0 = none, with the first level of each category as reference")
	cmd.Flags().Float64Var(&f.holdout, "holdout", o.Holdout, "share of the leads held out (instead of split.holdout); 0 = one fit, no evaluation")
	cmd.Flags().Float64Var(&f.tolerance, "tolerance", o.Tolerance, "relative gradient norm that the solver must reach")
	cmd.Flags().StringVar(&f.se, "se", o.SE, "standard errors from a subsample's curvature, or in full: subsample or full")
}

func (a *app) trainCommand() *cobra.Command {
	f := &trainFlags{}
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Fit, calibrate, value and evaluate; write the model and its report",
		Long: `Fits a calibrated logistic regression of conversion on your lead history, learns the profit per sale, evaluates
both on the latest leads, and writes one artifact (model.json) and a report for people.

Money in several currencies: value.currency_column in leadscore.yaml names the column of currency codes, value.rates
says what one unit of each is worth in value.currency, or value.rates_file from which day on (currency, from, rate):
  value: {profit: amount, currency: USD, currency_column: deal_currency, rates: {EUR: 1.08, JPY: 0.0067}}
Profits, revenues and costs are converted as they are read; a currency without a rate is an error.`,
		Example: `  leadscore train --data leads.parquet --config leadscore.yaml --out model.json --report report.html
  leadscore train --data 'history/*.parquet' --outcome won --holdout 0.2 --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.train(cmd.Context(), cmd, f) },
	}
	f.bindData(cmd)
	f.bindFit(cmd)
	cmd.Flags().StringVar(&f.out, "out", "model.json", "where to write the model")
	cmd.Flags().StringVar(&f.report, "report", "", "where to write the HTML report")
	cmd.Flags().IntVar(&f.sample, "sample", 0, "train on this many random leads; 0 = all")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "check data and configuration, then stop")
	return cmd
}

// trainInput is what the data and configuration come to.
type trainInput struct {
	config  config
	dataset *datasets.Dataset
	schema  *features.Schema
	options model.Options

	warnings []model.Warning // about the flags
}

// open reads the configuration and the data's columns. The caller closes the data set.
func (f *trainFlags) open(cmd *cobra.Command, environ []string) (*trainInput, error) {
	if len(f.data) == 0 {
		return nil, required("data", "")
	}
	c, err := f.configured(environ)
	if err != nil {
		return nil, err
	}
	if cmd.Flags().Changed("holdout") {
		c.Split.Holdout = f.holdout
	}
	if f.split != "" {
		c.Split.By = f.split
	}
	in := &trainInput{config: c}
	if in.dataset, err = datasets.Open(f.data); err != nil {
		return nil, err
	}
	if in.schema, err = c.schema(in.dataset.Columns(), true); err != nil {
		in.dataset.Close()
		return nil, err
	}
	if in.options, err = f.options(&c, in.schema); err != nil {
		in.dataset.Close()
		return nil, err
	}
	in.warnings = c.passedOver(in.dataset.Columns(), in.schema)
	if in.options.Recipe == model.RecipeAuto && cmd.Flags().Changed("l2") {
		in.warnings = append(in.warnings, model.Warning{Code: "l2_unused", Detail: "--l2 belongs to --recipe plain and is ignored: recipe auto learns a penalty for each column"})
	}
	return in, nil
}

// configured is the configuration with the outcome and the exclusions of the flags.
func (f *trainFlags) configured(environ []string) (config, error) {
	c, err := loadConfig(f.config, environ)
	if err != nil {
		return c, err
	}
	if f.outcome != "" {
		c.Outcome.Converted, c.Outcome.Stage = f.outcome, stageConfig{}
	}
	c.Features.Exclude = append(c.Features.Exclude, f.exclude...)
	return c, nil
}

// options brings configuration and flags together.
func (f *trainFlags) options(c *config, schema *features.Schema) (model.Options, error) {
	o := model.DefaultOptions()
	o.Label = c.label(schema)
	o.Split, o.Holdout, o.Refit = c.Split.By, c.Split.Holdout, c.Split.Refit
	o.Numbers = sortedKeys(c.Features.Kinds)
	o.LagBy, o.TrustOutcome = c.Outcome.LagBy, c.Outcome.Trusted
	o.Currency, o.GrossMargin, o.ValueCap = c.Value.Currency, c.Value.GrossMargin, c.Value.Cap
	var err error
	if o.Exchange, err = c.exchange(f.config); err != nil {
		return o, err
	}
	if o.Policy, o.Tiers, err = c.policy(schema); err != nil {
		return o, err
	}
	o.Gates = c.MQL.gates()
	o.Tool, o.Workers = tool(), workerCount(f.workers)
	if f.recipe != "" {
		o.Recipe, o.L2, o.Tolerance, o.SE = f.recipe, f.l2, f.tolerance, f.se
	}
	if f.seed != 0 {
		o.Seed = f.seed
	}
	if err := o.Validate(); err != nil {
		return o, usageError{err}
	}
	return o, nil
}

// trainOutput is what train prints.
type trainOutput struct {
	Model trainedModel `json:"model"`
	*model.Training
	Report string       `json:"report,omitempty"`
	Cost   trainingCost `json:"cost"`
}

type trainedModel struct {
	ID      string `json:"id"`
	Path    string `json:"path"`
	Version string `json:"version"`
}

func (a *app) train(ctx context.Context, cmd *cobra.Command, f *trainFlags) error {
	watch := startWatch()
	in, err := f.open(cmd, a.environ)
	if err != nil {
		return err
	}
	defer in.dataset.Close()
	fmt.Fprintln(a.stderr, "leadscore: columns:", describeRoles(in.schema))
	if f.dryRun {
		a.warn(in.warnings)
		return a.print(in.schema, func(w io.Writer) {
			fmt.Fprintf(w, "%s leads; %s; data and configuration are in order\n", budget.Count(in.dataset.Rows()), in.options.Label)
		})
	}
	out, err := a.trainAndWrite(ctx, in, f, watch)
	if err != nil {
		return err
	}
	a.warn(out.Warnings)
	return a.print(out, out.text)
}

func (a *app) warn(warnings []model.Warning) {
	for _, w := range model.Condensed(warnings) {
		fmt.Fprintf(a.stderr, "leadscore: warning: %s: %s\n", w.Code, join(w.Column, w.Detail))
	}
}

func join(column, detail string) string {
	if column == "" {
		return detail
	}
	return column + ": " + detail
}

// trainAndWrite does the work of train.
func (a *app) trainAndWrite(ctx context.Context, in *trainInput, f *trainFlags, watch *stopwatch) (*trainOutput, error) {
	table, sum, err := a.loadHashed(ctx, in)
	if err != nil {
		return nil, err
	}
	in.options.DataSHA256 = sum
	if f.sample > 0 && f.sample < table.Rows {
		table = table.Sample(f.sample, in.options.Seed)
	}
	watch.lap(&watch.cost.DecodeCPU)
	bar := a.newBar("training", 0)
	in.options.Progress = func(p model.Progress) {
		bar.describe(fmt.Sprintf("%s: fit %d of %d, pass %d, gradient %.1e", p.Stage, p.Step, p.Steps, p.Passes, p.GradientNorm))
		bar.at(p.Step)
	}
	training, err := model.Train(ctx, table, in.options)
	bar.done()
	if err != nil {
		return nil, err
	}
	watch.lap(&watch.cost.FitCPU)
	training.Warnings = slices.Insert(training.Warnings, 0, in.warnings...)
	if err := saveModel(f.out, training.Model); err != nil {
		return nil, err
	}
	if f.report != "" {
		if table, err = table.As(training.Model.Schema()); err != nil {
			return nil, err
		}
		economics, err := a.trainedEconomics(in, f, table, training.Model)
		if err != nil {
			return nil, err
		}
		if err := writeReport(f.report, f.command(), training, economics); err != nil {
			return nil, err
		}
	}
	identity := training.Model.Identity()
	return &trainOutput{trainedModel{identity.ID, f.out, identity.Version}, training, f.report, watch.stop()}, nil
}

// writeReport writes the page about a training run; command says how it was made.
func writeReport(path, command string, t *model.Training, economics *model.Economics) error {
	o := report.DefaultOptions()
	o.Economics = economics
	o.ToolVersion, o.Command = tool(), command
	return datasets.WriteFile(path, func(w io.Writer) error { return report.Write(w, t, o) })
}

// command is the command line that trains as the flags say, without paths that differ from machine to machine.
func (f *trainFlags) command() string {
	base := make([]string, len(f.data))
	for i, path := range f.data {
		base[i] = filepath.Base(path)
	}
	text := "leadscore train --data " + strings.Join(base, ",")
	if f.config != "" {
		text += " --config " + filepath.Base(f.config)
	}
	return text
}

// trainingCost is what training took.
type trainingCost struct {
	DecodeCPU float64 `json:"decode_cpu_s"` // reading, decoding and storing the columns
	EncodeCPU float64 `json:"encode_cpu_s"` // 0: encoding is part of each fit
	FitCPU    float64 `json:"fit_cpu_s"`
	TotalCPU  float64 `json:"total_cpu_s"`
	Wall      float64 `json:"wall_s"`
	MaxRSS    int64   `json:"max_rss_bytes"`
}

// stopwatch measures processor time stage by stage.
type stopwatch struct {
	start time.Time
	last  float64
	cost  trainingCost
}

func startWatch() *stopwatch {
	cpu, _ := usage()
	return &stopwatch{start: time.Now(), last: cpu}
}

// lap adds the processor time since the last lap.
func (s *stopwatch) lap(into *float64) {
	cpu, _ := usage()
	*into += cpu - s.last
	s.last = cpu
}

func (s *stopwatch) stop() trainingCost {
	s.cost.TotalCPU, s.cost.MaxRSS = usage()
	s.cost.Wall = time.Since(s.start).Seconds()
	return s.cost
}
