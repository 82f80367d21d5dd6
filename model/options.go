package model

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// The ways to choose the holdout.
const (
	SplitAuto     = "auto" // by time if leads have a creation time, else at random
	SplitTime     = "time"
	SplitRowOrder = "row_order"
	SplitRandom   = "random"
	splitNone     = "none"
)

// The recipes. RecipePlain is full one-hot levels and standardised numbers under one ridge; RecipeAuto is slopes
// or steps of numbers, levels and screened pairs, each under a penalty of its own.
const (
	RecipePlain = "plain"
	RecipeAuto  = "auto"
)

// The sources of standard errors.
const (
	SESubsample = "subsample"
	SEFull      = "full"
)

// Options says how to train. Start from DefaultOptions.
type Options struct {
	Label        Label
	Recipe       string  // RecipePlain or RecipeAuto
	L2           float64 // λ: the plain recipe's ridge on every coefficient but the intercept
	Split        string
	Holdout      float64 // share of the leads kept out of the evaluated fit; 0 = one fit, no evaluation
	Refit        bool    // ship a model fitted on all leads, not the one that was evaluated
	Tolerance    float64 // relative gradient norm that the solver must reach
	SE           string
	Seed         uint64
	Workers      int      // the result does not depend on it
	Numbers      []string // features that are numbers even if they seem to name things
	LagBy        string   // category whose levels have lag curves of their own: LagByAuto = where lags speak for it, "" = none
	TrustOutcome bool     // train even if young leads without an outcome seem to be labelled as lost
	Currency     string
	Exchange     *budget.Exchange // by which the table was converted (Convert); nil = its money always was in Currency
	GrossMargin  float64          // profit = revenue × this, where the data hold no profit
	ValueCap     float64          // a sale counts as worth at most this; 0 = no limit
	Policy       *budget.Policy   // what money is reckoned under, without tiers; nil = scores have no tier, cap or action
	Tiers        TierCuts
	Gates        *budget.Gates // of a marketing-qualified lead; nil = scores do not say whether one is
	DataSHA256   string        // provenance
	Tool         string        // provenance: name and version of the program
	Progress     func(Progress)
}

// Progress is where training stands.
type Progress struct {
	Stage        string // what is being fitted
	Step, Steps  int    // of how many fits
	Passes       int    // of the present fit
	GradientNorm float64
}

// DefaultOptions are the options of a training run with nothing configured.
func DefaultOptions() Options {
	return Options{
		Recipe: RecipeAuto, L2: 1, Split: SplitAuto, Holdout: 0.3, Refit: true, Tolerance: 5e-6,
		SE: SESubsample, Seed: 1, Workers: runtime.GOMAXPROCS(0), LagBy: LagByAuto, Currency: "USD", GrossMargin: 1,
	}
}

// recipe says how the options fit: the recipe, and its penalty if that is given.
func (o *Options) recipe() string {
	if o.Recipe == RecipeAuto { // learns a penalty for each column
		return o.Recipe
	}
	return o.Recipe + ", l2 " + features.FormatNumber(o.L2)
}

// maxHorizon is a hundred years in days.
const maxHorizon = 36525

// Validate lists every option that is out of bounds.
func (o Options) Validate() error {
	var problems []error
	bad := func(name string, value any, want string) {
		problems = append(problems, fmt.Errorf("model: options: %s is %v, want %s", name, value, want))
	}
	if o.Recipe != RecipePlain && o.Recipe != RecipeAuto {
		bad("recipe", o.Recipe, "plain or auto")
	}
	if !(o.L2 >= 0) || math.IsInf(o.L2, 0) {
		bad("l2", o.L2, "a finite number ≥ 0")
	}
	if !slices.Contains([]string{SplitAuto, SplitTime, SplitRowOrder, SplitRandom}, o.Split) {
		bad("split", o.Split, "auto, time, row_order or random")
	}
	if !(o.Holdout >= 0 && o.Holdout <= 0.9) {
		bad("holdout", o.Holdout, "a share from 0 to 0.9")
	}
	if !(o.Tolerance > 0 && o.Tolerance <= 0.01) {
		bad("tolerance", o.Tolerance, "above 0 and at most 0.01")
	}
	if o.SE != SESubsample && o.SE != SEFull {
		bad("se", o.SE, "subsample or full")
	}
	if o.Workers < 1 {
		bad("workers", o.Workers, "at least 1")
	}
	if !(o.GrossMargin > 0 && o.GrossMargin <= 1) {
		bad("gross margin", o.GrossMargin, "above 0 and at most 1")
	}
	if !(o.ValueCap >= 0) || math.IsInf(o.ValueCap, 0) {
		bad("value cap", o.ValueCap, "a finite amount ≥ 0")
	}
	if e := o.Exchange; e != nil && (e.Validate() != nil || string(e.To) != o.Currency) {
		bad("exchange", fmt.Sprintf("to %s: %v", e.To, e.Validate()), "valid rates to "+o.Currency)
	}
	if o.Label.Horizon < 0 || o.Label.Horizon > maxHorizon {
		bad("horizon", o.Label.Horizon, fmt.Sprintf("0 to %d days", maxHorizon))
	}
	if o.Policy != nil {
		if err := o.Policy.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("model: options: policy: %w", err))
		}
	}
	if o.Gates != nil {
		if err := o.Gates.Validate(); err != nil {
			problems = append(problems, fmt.Errorf("model: options: %w", err))
		}
	}
	return errors.Join(problems...)
}
