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

// touchFlags are those of budget that ask for one more touch before the hand-off.
type touchFlags struct {
	touchCost, touchLift float64
}

func (f *touchFlags) add(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&f.touchCost, "touch-cost", 0, "what one more touch of a lead before the hand-off costs: what it returns, and what it has to lift")
	cmd.Flags().Float64Var(&f.touchLift, "touch-lift", 0, "by how much the touch is assumed to lift the conversion, 0.01 = one point")
}

// touch is what the flags ask, nil for nothing.
func (f *touchFlags) touch(cmd *cobra.Command) (*model.TouchQuestion, error) {
	cost, lift := cmd.Flags().Changed("touch-cost"), cmd.Flags().Changed("touch-lift")
	switch {
	case !cost && !lift:
		return nil, nil
	case cost != lift:
		return nil, errors.New("--touch-cost and --touch-lift: give both, such as --touch-cost 25 --touch-lift 0.01")
	case !(f.touchCost > 0) || math.IsInf(f.touchCost, 0):
		return nil, fmt.Errorf("--touch-cost: %v is not an amount above 0", f.touchCost)
	case !(f.touchLift > 0 && f.touchLift <= 1):
		return nil, fmt.Errorf("--touch-lift: %v is not a share above 0 and up to 1, such as 0.01 for one point", f.touchLift)
	}
	return &model.TouchQuestion{Cost: f.touchCost, Lift: f.touchLift}, nil
}

// describeTouch prints what the touch returns in each group.
func describeTouch(w io.Writer, e *model.Economics) {
	c := e.Policy.Currency
	fmt.Fprintln(w)
	paragraph(w, "one more touch before the hand-off: at %s a lead, for %s of conversion (assumed: only leads held back from it tell)", c.Format(e.Touch.Cost), points(e.Touch.Lift))
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "group\tconversion\tROI of the touch\tpays from\treturns %s from\t\n", budget.Percent(e.Policy.ROI))
	eachRow(e, func(r *model.EconomicRow) {
		if x := r.Touch; x != nil {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", rowName(r.By, r.Value), percentFigure(r.Probability), returnFigure(x.ROI), pointsFigure(x.BreakEven), pointsFigure(x.AtTarget))
		}
	})
	_ = t.Flush()
	fmt.Fprintln(w, "a sale more brings its profit less what the stages cost on the way to it")
}

// points writes a difference of two shares.
func points(x float64) string {
	if x == 0.01 {
		return "1 point"
	}
	return fmt.Sprintf("%.4g points", 100*x)
}

func pointsFigure(f budget.Figure) string {
	if x, known := f.Value(); known {
		return points(x)
	}
	return "–"
}
