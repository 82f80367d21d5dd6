package main

import (
	"context"
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

type evaluateFlags struct {
	model   string
	data    []string
	by      []string
	truth   string
	asOf    string
	seed    uint64
	workers int
}

func (a *app) evaluateCommand() *cobra.Command {
	f := &evaluateFlags{}
	cmd := &cobra.Command{
		Use:   "evaluate",
		Short: "Measure a model on other leads, also by source, segment, cohort and tier",
		Example: `  leadscore evaluate --model model.json --data later.parquet
  leadscore evaluate --model model.json --data later.parquet --by industry --by tier
  leadscore evaluate --model model.json --data sample/leads.parquet --truth sample/leads.truth.parquet:p_horizon`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.evaluate(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.model, "model", "model.json", "the model")
	cmd.Flags().StringSliceVar(&f.data, "data", nil, "Parquet files, globs or folders")
	cmd.Flags().StringSliceVar(&f.by, "by", nil, "columns to group by, tier or cohort (default: source, segments, cohort and tier)")
	cmd.Flags().StringVar(&f.truth, "truth", "", "FILE:COLUMN of true probabilities, matched by the lead's id")
	cmd.Flags().StringVar(&f.asOf, "as-of", "", "day that maturity is measured at (default: the latest time in the data)")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the bootstrap")
	cmd.Flags().IntVar(&f.workers, "workers", 0, "goroutines; 0 = one a processor")
	return cmd
}

func (a *app) evaluate(ctx context.Context, f *evaluateFlags) error {
	if len(f.data) == 0 {
		return required("data", "")
	}
	m, err := loadModel(f.model)
	if err != nil {
		return err
	}
	d, err := datasets.Open(f.data)
	if err != nil {
		return err
	}
	defer d.Close()
	table, err := a.loadTable(ctx, d, m.Schema(), termsOf(m), workerCount(f.workers))
	if err != nil {
		return err
	}
	o := model.AssessOptions{By: f.by, AsOf: f.asOf, Seed: f.seed}
	if f.truth != "" {
		if o.Truth, err = readTruth(ctx, f.truth, d, m.Schema()); err != nil {
			return err
		}
	}
	result, err := m.Assess(table, o)
	if err != nil {
		return err
	}
	repeated, err := repeatedLeads(ctx, d, m.Schema())
	if err != nil {
		return err
	}
	result.Notes = slices.Insert(result.Notes, 0, repeated...)
	return a.print(result, func(w io.Writer) { describeAssessment(w, result) })
}

// readTruth returns the true probability of each row of the data.
func readTruth(ctx context.Context, spec string, data *datasets.Dataset, schema *features.Schema) ([]float64, error) {
	cut := strings.LastIndexByte(spec, ':')
	if cut <= 0 || cut == len(spec)-1 {
		return nil, usageError{fmt.Errorf("--truth: %q is not FILE:COLUMN", spec)}
	}
	path, column := spec[:cut], spec[cut+1:]
	i := schema.ByRole(features.RoleID)
	if i < 0 {
		return nil, fmt.Errorf("--truth: the model's data have no id column to match leads by")
	}
	id := schema.Fields()[i]
	file, err := datasets.Open([]string{path})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	truths, err := features.NewSchema([]features.Field{id,
		{Name: column, Type: features.Type{Base: features.Float64}, Kind: features.Number, Role: features.RoleFeature}}, nil)
	if err != nil {
		return nil, err
	}
	known := make(map[string]float64, file.Rows())
	if err := eachID(ctx, file, truths, func(b *features.Batch, row int, name string) { known[name] = b.Vectors[1].Numbers[row] }); err != nil {
		return nil, err
	}
	ids, err := features.NewSchema([]features.Field{id}, nil)
	if err != nil {
		return nil, err
	}
	truth, absent := make([]float64, 0, data.Rows()), 0
	err = eachID(ctx, data, ids, func(_ *features.Batch, _ int, name string) {
		p, ok := known[name]
		if !ok || math.IsNaN(p) {
			absent++
		}
		truth = append(truth, p)
	})
	if err == nil && absent > 0 {
		err = fmt.Errorf("--truth: %s: %d of %d leads have no %s there", path, absent, len(truth), column)
	}
	return truth, err
}

// eachID calls fn with the id of each row, field 0 of the schema.
func eachID(ctx context.Context, d *datasets.Dataset, schema *features.Schema, fn func(b *features.Batch, row int, id string)) error {
	return d.Batches(ctx, schema, datasets.DefaultReadOptions(), func(b *features.Batch) error {
		for row, code := range b.Vectors[0].Codes {
			fn(b, row, idOf(&b.Vectors[0], code))
		}
		return nil
	})
}

// idOf is the id that a code stands for, "" for none.
func idOf(v *features.Vector, code uint32) string {
	if code == features.NoCode {
		return ""
	}
	return v.Dictionary.Levels[code]
}

// describeAssessment prints the figures for people.
func describeAssessment(w io.Writer, r *model.Assessment) {
	young := ""
	if r.Data.Immature > 0 {
		young = fmt.Sprintf(" (%s younger than the horizon left out)", budget.Count(r.Data.Immature))
	}
	paragraph(w, "model %s on %s leads%s, %s conversions (%.2f %%)", r.Model.Version, budget.Count(r.Data.Used), young, budget.Count(r.Data.Conversions), 100*r.Data.BaseRate)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	if e := r.Overall; e != nil {
		fmt.Fprintf(t, "  AUC\t%.4f (%.4f to %.4f)\n", e.AUC, e.AUCCI[0], e.AUCCI[1])
		fmt.Fprintf(t, "  average precision\t%.4f\n", e.AveragePrecision)
		fmt.Fprintf(t, "  log loss\t%.5f (the base rate alone: %.5f)\n", e.LogLoss, e.LogLossConstant)
		fmt.Fprintf(t, "  Brier\t%.5f\n", e.Brier)
		fmt.Fprintf(t, "  calibration\tslope %.3f, intercept %+.3f; ECE %.4f (%.4f expected by chance)\n", e.CalibrationSlope, e.CalibrationIntercept, e.ECE, e.ECEExpected)
		fmt.Fprintf(t, "  mean probability\t%.2f %% (%.2f %% converted)\n", 100*e.Mean, 100*e.BaseRate)
		fmt.Fprintf(t, "  top tenth\tconverts %.2f times as often as the average\n", e.TopDecileLift)
	}
	if r.Truth != nil {
		fmt.Fprintf(t, "  against the truth\tslope %.3f, mean %.2f %% for %.2f %% (× %.3f), correlation of log-odds %.3f\n",
			r.Truth.Slope, r.Truth.Mean, r.Truth.True, r.Truth.Ratio, r.Truth.LogitCorrelation)
	}
	_ = t.Flush()
	describeGroups(w, r.Groups)
	if r.Truth != nil && len(r.Truth.Groups) > 0 {
		fmt.Fprintln(w)
		t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, "by\tvalue\tleads\texpected\ttrue\tratio\t")
		for _, g := range r.Truth.Groups {
			fmt.Fprintf(t, "%s\t%s\t%s\t%.1f\t%.1f\t%.3f\t\n", g.By, g.Value, budget.Count(g.Rows), g.Expected, g.True, g.Ratio)
		}
		_ = t.Flush()
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w)
		paragraph(w, "warning: %s: %s", n.Code, join(n.Column, n.Detail))
	}
}

func describeGroups(w io.Writer, groups []model.Group) {
	if len(groups) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "by\tvalue\tleads\tconverted\trate\tinterval\tpredicted\tAUC\t")
	for _, g := range groups {
		auc := "–"
		if g.AUC != nil {
			auc = fmt.Sprintf("%.3f", *g.AUC)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.2f %%\t%.2f–%.2f %%\t%.2f %%\t%s\t\n",
			g.By, g.Value, budget.Count(g.Rows), budget.Count(g.Conversions), 100*g.Rate, 100*g.RateCI[0], 100*g.RateCI[1], 100*g.Mean, auc)
	}
	_ = t.Flush()
}
