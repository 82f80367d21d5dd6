// Command crossvalidate runs our scorer through golearn's cross-validation, as a classifier among others.
//
//	crossvalidate --outcome y --exclude duration bank.parquet
//
// golearn draws its folds from math/rand's own generator; the directive below makes it begin with the same seed.

//go:debug randautoseed=0
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sjwhitworth/golearn/evaluation"

	"github.com/leadscore/leadscore/datasets/golearn"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	options := golearn.DefaultOptions()
	flags := flag.NewFlagSet("crossvalidate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	outcome := flags.String("outcome", "converted", "column that says whether a lead converted")
	exclude := flags.String("exclude", "", "columns that are not features, with commas between them")
	folds := flags.Int("folds", 5, "number of folds")
	threshold := flags.Float64("threshold", 0.5, "probability from which a lead is labelled as converting")
	flags.StringVar(&options.Recipe, "recipe", options.Recipe, "how features are encoded: auto or plain")
	flags.Float64Var(&options.L2, "l2", options.L2, "ridge penalty λ of recipe plain")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 || *folds < 2 {
		fmt.Fprintln(stderr, "crossvalidate: want Parquet files of leads, and two folds or more")
		return 2
	}
	classifier := golearn.NewClassifier(options)
	classifier.Threshold = *threshold
	if err := crossValidate(ctx, stdout, classifier, flags.Args(), *outcome, golearn.Names(*exclude), *folds); err != nil {
		fmt.Fprintln(stderr, "crossvalidate:", err)
		return 1
	}
	return 0
}

func crossValidate(ctx context.Context, w io.Writer, c *golearn.Classifier, paths []string, outcome string, exclude []string, folds int) error {
	table, err := golearn.Load(ctx, paths, outcome, exclude)
	if err != nil {
		return err
	}
	grid, err := golearn.NewGrid(table)
	if err != nil {
		return err
	}
	matrices, err := evaluation.GenerateCrossFoldValidationConfusionMatrices(grid, c, folds)
	if err != nil {
		return err
	}
	total := evaluation.ConfusionMatrix{}
	for _, m := range matrices {
		for class, labels := range m {
			if total[class] == nil {
				total[class] = map[string]int{}
			}
			for label, count := range labels {
				total[class][label] += count
			}
		}
	}
	attributes, rows := grid.Size()
	mean, variance := evaluation.GetCrossValidatedMetric(matrices, evaluation.GetAccuracy)
	fmt.Fprintf(w, "%d leads, %d features, %d folds, threshold %g\n\n", rows, attributes-1, folds, c.Threshold)
	fmt.Fprintf(w, "%s\naccuracy over the folds: mean %.4f, variance %.2e\n", strings.TrimRight(golearn.Report(total), "\n"), mean, variance)
	return nil
}
