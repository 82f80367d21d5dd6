// Command referee trains our model without a holdout and lets golearn's bundled liblinear solve the same problem.
//
//	referee --outcome y --exclude duration bank.parquet
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/sjwhitworth/golearn/base"

	"github.com/leadscore/leadscore/datasets/golearn"
	"github.com/leadscore/leadscore/datasets/golearn/referee"
	"github.com/leadscore/leadscore/model"
)

func main() {
	if !referee.Unchecked() {
		os.Exit(again())
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// again starts this program anew, as a process that may hand liblinear its arrays.
func again() int {
	path, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "referee:", err)
		return 1
	}
	child := exec.Command(path, os.Args[1:]...)
	child.Env = append(os.Environ(), "GODEBUG=cgocheck=0")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Run(); err != nil && child.ProcessState == nil {
		fmt.Fprintln(os.Stderr, "referee:", err)
		return 1
	}
	return child.ProcessState.ExitCode()
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	options := golearn.DefaultOptions()
	options.Recipe, options.Tolerance = model.RecipePlain, 1e-11
	flags := flag.NewFlagSet("referee", flag.ContinueOnError)
	flags.SetOutput(stderr)
	outcome := flags.String("outcome", "converted", "column that says whether a lead converted")
	exclude := flags.String("exclude", "", "columns that are not features, with commas between them")
	agreement := flags.Float64("agreement", 1e-6, "largest difference of a coefficient that is agreement")
	primal := flags.Bool("primal", false, "liblinear's Newton method instead of its coordinate descent: quicker, less exact")
	all := flags.Bool("all", false, "print every coefficient")
	flags.Float64Var(&options.L2, "l2", options.L2, "ridge penalty λ")
	flags.Float64Var(&options.Tolerance, "tolerance", options.Tolerance, "relative gradient norm that our solver must reach")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		fmt.Fprintln(stderr, "referee: want Parquet files of leads")
		return 2
	}
	options.Label.Column = *outcome
	solver := referee.Dual
	if *primal {
		solver = referee.Primal
	}
	base.SetLoggerOut(stderr)
	result, err := compare(ctx, flags.Args(), golearn.Names(*exclude), options, solver)
	if err != nil {
		fmt.Fprintln(stderr, "referee:", err)
		return 1
	}
	return print(stdout, result, *agreement, *all)
}

func compare(ctx context.Context, paths, exclude []string, options model.Options, solver referee.Solver) (*referee.Comparison, error) {
	table, err := golearn.Load(ctx, paths, options.Label.Column, exclude)
	if err != nil {
		return nil, err
	}
	training, err := model.Train(ctx, table, options)
	if err != nil {
		return nil, err
	}
	return referee.Compare(training.Model, table, options.L2, solver)
}

// print says whether the two agree.
func print(w io.Writer, c *referee.Comparison, agreement float64, all bool) int {
	if all {
		for _, x := range c.Coefficients {
			fmt.Fprintf(w, "%-40s %22.17g %22.17g %9.1e\n", x.Name, x.Ours, x.Liblinear, x.Difference())
		}
	}
	worst := c.Largest()
	fmt.Fprintf(w, "%d leads, %d coefficients: the largest difference is %.2e, on %s (ours %.12g, liblinear's %.12g)\n",
		c.Rows, len(c.Coefficients), worst.Difference(), worst.Name, worst.Ours, worst.Liblinear)
	if !(worst.Difference() <= agreement) {
		fmt.Fprintf(w, "no agreement to %g\n", agreement)
		return 1
	}
	fmt.Fprintf(w, "agreement to %g\n", agreement)
	return 0
}
