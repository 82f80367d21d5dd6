package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// goalFlags are those of budget that plan backwards from a goal.
type goalFlags struct {
	profitGoal, revenueGoal, marketingShare float64
}

func (f *goalFlags) add(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&f.profitGoal, "profit-goal", 0, "plan backwards: the sales, opportunities and leads that this gross profit takes; printed first")
	cmd.Flags().Float64Var(&f.revenueGoal, "revenue-goal", 0, "the same for a revenue, where the model knows one or its gross margin")
	cmd.Flags().Float64Var(&f.marketingShare, "marketing-share", 1, "share of a goal's leads that marketing brings")
}

// goal is what the flags ask, nil for nothing.
func (f *goalFlags) goal(cmd *cobra.Command) (*model.GoalQuestion, error) {
	given := cmd.Flags().Changed
	q := &model.GoalQuestion{Amount: f.profitGoal, Revenue: given("revenue-goal"), Share: f.marketingShare}
	flag := "profit-goal"
	if q.Revenue {
		q.Amount, flag = f.revenueGoal, "revenue-goal"
	}
	switch {
	case given("profit-goal") && q.Revenue:
		return nil, errors.New("--profit-goal and --revenue-goal: give one of them")
	case !given(flag) && given("marketing-share"):
		return nil, errors.New("--marketing-share: give a --profit-goal or a --revenue-goal, too")
	case !given(flag):
		return nil, nil
	case !(q.Amount > 0) || math.IsInf(q.Amount, 0):
		return nil, fmt.Errorf("--%s: %v is not an amount above 0", flag, q.Amount)
	case !(q.Share >= 0 && q.Share <= 1):
		return nil, fmt.Errorf("--marketing-share: %v is not a share from 0 to 1", q.Share)
	}
	return q, nil
}

// describeGoal prints what a goal takes.
func describeGoal(w io.Writer, g *model.Goal) {
	paragraph(w, "goal: %s", g.Words)
	if g.Warning != "" {
		paragraph(w, "but: %s", g.Warning)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "stage\tneeded\tof which go on\t")
	for k, name := range g.Stages {
		needed, rate := "–", ""
		if n, known := g.Needed.Units[k].Value(); known {
			needed = budget.Count(n)
		}
		if k < len(g.Rates) {
			rate = fmt.Sprintf("%.2f %%", 100*g.Rates[k])
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", name, needed, rate)
	}
	_ = t.Flush()
	fmt.Fprintln(w)
}
