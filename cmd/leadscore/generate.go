package main

import (
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
)

func (a *app) generateCommand() *cobra.Command {
	o := datasets.DefaultSyntheticOptions()
	var dir, start, asOf string
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Make sample leads with a known truth",
		Long: `Draws B2B leads whose true probabilities are known, and writes leads.parquet, the truth beside it
(leads.truth.parquet, truth.json), spend.csv and a leadscore.yaml to train with.

The truth is fixed; the seed moves only the leads. Leads of a later window test a model on what came after it.`,
		Example: `  leadscore generate --rows 100000 --out sample
  leadscore generate --rows 200000 --seed 2 --start 2026-07-01 --months 3 --as-of 2027-12-31 --out later`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := dates(&o, cmd, start, asOf); err != nil {
				return err
			}
			bar := a.newBar("making leads", o.Rows)
			report, err := datasets.Generate(cmd.Context(), dir, o, bar.at)
			bar.done()
			if err != nil {
				return err
			}
			return a.print(report, func(w io.Writer) { describeSample(w, dir, report) })
		},
	}
	cmd.Flags().IntVar(&o.Rows, "rows", o.Rows, "leads to make")
	cmd.Flags().Uint64Var(&o.Seed, "seed", o.Seed, "seed of the leads")
	cmd.Flags().StringVar(&dir, "out", "sample", "folder to write into")
	cmd.Flags().StringVar(&start, "start", o.Start.Format(time.DateOnly), "day on which the first leads are created")
	cmd.Flags().IntVar(&o.Months, "months", o.Months, "length of the window of creation")
	cmd.Flags().StringVar(&asOf, "as-of", "", "day until which outcomes are known (default: the end of the window)")
	cmd.Flags().IntVar(&o.Horizon, "horizon", o.Horizon, "days within which a sale counts")
	cmd.Flags().IntVar(&o.Workers, "workers", o.Workers, "goroutines; the leads do not depend on it")
	return cmd
}

// dates reads the flags that are days.
func dates(o *datasets.SyntheticOptions, cmd *cobra.Command, start, asOf string) error {
	var err error
	if o.Start, err = time.Parse(time.DateOnly, start); err != nil {
		return usageError{fmt.Errorf("--start: %q is not a day such as 2024-07-01", start)}
	}
	o.AsOf = o.End()
	if cmd.Flags().Changed("as-of") {
		if o.AsOf, err = time.Parse(time.DateOnly, asOf); err != nil {
			return usageError{fmt.Errorf("--as-of: %q is not a day such as 2026-12-31", asOf)}
		}
	}
	if err := o.Validate(); err != nil {
		return usageError{err}
	}
	return nil
}

// describeSample says what was made.
func describeSample(w io.Writer, dir string, r *datasets.SyntheticReport) {
	fmt.Fprintf(w, "%s sample leads in %s: %.2f %% convert within %d days; %.1f %% are younger than that, %.1f %% are junk\n\n",
		budget.Count(r.Rows), filepath.Join(dir, datasets.LeadsFile), 100*r.All.BaseRate, r.Horizon, 100*r.ImmatureShare, 100*r.JunkShare)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "source\tleads\ttrue rate\tprofit a sale\texpected value\tspend\t")
	for _, s := range r.Sources {
		fmt.Fprintf(t, "%s\t%s\t%.2f %%\t%s\t%.2f\t%s\t\n", s.Source, budget.Count(s.All.Leads), 100*s.All.BaseRate, budget.Count(s.All.ProfitPerSale), s.All.ExpectedValue, budget.Count(s.All.Spend))
	}
	_ = t.Flush()
	fmt.Fprintf(w, "\nnext: leadscore train --data %s --config %s\n", filepath.Join(dir, datasets.LeadsFile), filepath.Join(dir, datasets.ConfigFile))
}
