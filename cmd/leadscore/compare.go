package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

func (a *app) compareCommand() *cobra.Command {
	f := &trainFlags{}
	var models []string
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Set the model beside plain logistic regression, naive Bayes and a constant, or two models side by side",
		Example: `  leadscore compare --data leads.parquet --config leadscore.yaml
  leadscore compare --model champion.json --model challenger.json --data later.parquet`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(models) > 0 {
				return a.compareModels(cmd.Context(), models, f)
			}
			return a.compareRecipes(cmd, f)
		},
	}
	f.bindData(cmd)
	f.bindFit(cmd)
	cmd.Flags().StringArrayVar(&models, "model", nil, "two models to compare on --data")
	return cmd
}

func (a *app) compareRecipes(cmd *cobra.Command, f *trainFlags) error {
	in, err := f.open(cmd, a.environ)
	if err != nil {
		return err
	}
	defer in.dataset.Close()
	a.warn(in.warnings)
	table, err := a.loadTable(cmd.Context(), in.dataset, in.schema, in.terms(), in.options.Workers)
	if err != nil {
		return err
	}
	bar := a.newBar("comparing", 0)
	in.options.Progress = func(p model.Progress) { bar.at(p.Step) }
	c, err := model.Compare(cmd.Context(), table, in.options)
	bar.done()
	if err != nil {
		return err
	}
	return a.print(c, func(w io.Writer) { describeComparison(w, c) })
}

func (a *app) compareModels(ctx context.Context, paths []string, f *trainFlags) error {
	if len(paths) != 2 {
		return usageError{fmt.Errorf("--model: %d models, want two", len(paths))}
	}
	if len(f.data) == 0 {
		return required("data", "")
	}
	d, err := datasets.Open(f.data)
	if err != nil {
		return err
	}
	defer d.Close()
	var models [2]*model.Model
	var tables [2]*features.Table
	for i, path := range paths {
		if models[i], err = loadModel(path); err != nil {
			return err
		}
		if tables[i], err = a.loadTable(ctx, d, models[i].Schema(), termsOf(models[i]), workerCount(f.workers)); err != nil {
			return err
		}
	}
	c, err := model.CompareModels(models[0], models[1], [2]string{paths[0], paths[1]}, tables, f.seed)
	if err != nil {
		return err
	}
	return a.print(c, func(w io.Writer) { describeComparison(w, c) })
}

func describeComparison(w io.Writer, c *model.Comparison) {
	which := fmt.Sprintf("leads that no model was fitted on, %s", splitWords(c.Split))
	if c.Split == model.WholeFile {
		which = "leads of the file: a model is flattered by those that it was fitted on"
	}
	fmt.Fprintf(w, "%s %s; differences to the first with %.0f %% intervals\n\n", budget.Count(c.Leads), which, 100*c.Level)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tAUC\tdifference\tlog loss\tdifference\tBrier\tECE\t")
	for _, k := range c.Candidates {
		auc, loss := "", ""
		if k.AUCDifference != nil {
			auc = fmt.Sprintf("%+.4f (%+.4f to %+.4f)", *k.AUCDifference, k.AUCDifferenceCI[0], k.AUCDifferenceCI[1])
			loss = fmt.Sprintf("%+.5f (%+.5f to %+.5f)", *k.LogLossDifference, k.LogLossCI[0], k.LogLossCI[1])
		}
		fmt.Fprintf(t, "%s\t%.4f\t%s\t%.5f\t%s\t%.5f\t%.4f\t\n", k.Name, k.AUC, auc, k.LogLoss, loss, k.Brier, k.ECE)
	}
	_ = t.Flush()
}
