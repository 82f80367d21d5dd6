// Package logit turns coded columns and labels into coefficients.
//
// It finds the one minimum of a penalised logistic regression:
//
//	F(β) = Σᵢ wᵢ (log(1+e^ηᵢ) − tᵢηᵢ) + ½ Σ_c (λ_c Σₖ β_ck² + δ_c Σₖ (β_c,k+1 − β_ck)²)
//	ηᵢ   = β₀ + Σ_c x_ic'β_c
//
// where tᵢ is the label or target of row i, wᵢ its weight, λ_c and δ_c the [Column.Ridge] and [Column.Difference] of
// column c, and β₀ the intercept, which is never penalised. A category of L levels has L coefficients, one per level; a
// number has a slope on its standardised scale and, if asked for, one coefficient for "is missing".
//
// A category's levels add up to the intercept on every row, so levels and intercept are known only up to a shift. The
// shift that lowers the penalty is the one with Σₖ β_ck = 0: without [Options.Reference] every category's coefficients
// add up to zero, which is the exact optimum where there is a ridge and the convention where there is none.
//
// The package knows columns and levels by their indices and never by name.
//
// # Cost
//
// A fit reads the rows once to check them, then in so many passes, then once more to prove the optimum. With n rows, C
// columns, P coefficients and m ≈ max(96·P, n/24) sampled rows:
//
//	check and fuse         n · C             writes 2 bytes a row for every handful of categories and flags
//	fit of the samples     m · C and m · C²  some ten passes and a curvature
//	passes over all rows   4–10 · n · C
//	curvature              1–2 · (m · C²/2 + P³/3)
//	proof                  n · C
//	standard errors        P³/6
//
// so that time grows linearly with rows, with columns as long as n is much larger than 100·P, and with levels up to 512
// a column; above, a level costs no more than its memory. On top of what is handed in, memory is 2 bytes a row for each
// handful of fused columns, the sample, and 8·P² bytes.
//
// A pass over the 20 columns of the benchmark leads (10 categories, 10 numbers, 544 coefficients) reads 51 bytes, looks
// up 5 fused tables and adds to 5 others, per row. On one core of an EPYC of the Zen 5 generation (its neighbour busy)
// that takes 25 ns a row in plain Go and 12 ns with vectors, where reading alone takes 3.5: half of the vector pass is
// the ten accesses to tables in the second-level cache. A row of the curvature takes 100–150 ns, of the first pass 30, of
// the proof 50. A factorisation of 544 takes 8 ms, with vectors 2.
//
// Vectors serve on amd64 with AVX-512, unless built with the tag purego; they give the same bits as plain Go.
package logit

import (
	"errors"
	"fmt"
	"runtime"
)

// Codes is a column of small integers in the narrowest width that holds them; exactly one slice is non-nil.
type Codes struct {
	U8  []uint8
	U16 []uint16
	U32 []uint32
}

// Numbers is a column of raw numbers, NaN where missing, in single precision where that loses nothing; exactly one
// slice is non-nil.
type Numbers struct {
	F32 []float32
	F64 []float64
}

// Column is one column of a [Problem]: a category if Levels is positive, otherwise a number.
type Column struct {
	// A category's codes, in [0, Levels). A level may have no row.
	Codes  Codes
	Levels int

	// A number x enters as z = (x−Center)/Scale, and as 0 where it is missing. Flag adds a coefficient for a 0/1 "is
	// missing", which is not standardised.
	Numbers       Numbers
	Center, Scale float64
	Flag          bool

	// Ridge is λ and Difference δ in F; a number has no Difference.
	Ridge, Difference float64

	// Apart takes the last levels of a category out of the sum of differences.
	Apart int
}

// Problem is what to fit. Its slices are read, never written, and must not change until the fit has returned.
type Problem struct {
	Rows    int
	Columns []Column
	Labels  []uint8   // 0 or 1 per row; or
	Targets []float64 // fractions in [0, 1] per row: exactly one of Labels and Targets is non-nil
	Weights []float64 // finite and ≥ 0 per row, 0 = the row is absent; nil = all 1
}

// StandardErrors says what standard errors are computed from.
type StandardErrors int

const (
	NoErrors        StandardErrors = iota // none
	SubsampleErrors                       // the curvature of the rows that the solver sampled, scaled to all rows
	FullErrors                            // the curvature of every row at the optimum
)

// Options says how to fit. Start from [DefaultOptions].
type Options struct {
	// Tolerance bounds [Fit.GradientNorm], whose square is the relative objective gap.
	Tolerance float64
	// MaxPasses bounds the passes over all rows; needing more is a [*NotConvergedError].
	MaxPasses int
	// Workers bounds the goroutines. The result's bits do not depend on it.
	Workers int
	// StandardErrors says which standard errors to compute. Columns above 512 levels get those of a diagonal block.
	StandardErrors StandardErrors
	// Reference fixes the first level of each category at exactly 0, as unpenalised fits usually report.
	Reference bool
	// Seed picks the rows of subsamples. They steer the path to the optimum, not the optimum.
	Seed uint64
	// Start is an earlier fit of a problem of the same shape to start from; nil = none.
	Start *Fit
	// Progress is called after every pass over all rows, from the calling goroutine; nil = none.
	Progress func(Progress)
}

// Progress is where a fit stands.
type Progress struct {
	Passes       int     // over all rows, so far
	Objective    float64 // F
	GradientNorm float64 // as [Fit.GradientNorm]
}

// DefaultOptions is a fit to a relative objective gap of 2.5e-11 with subsampled standard errors, on all processors.
func DefaultOptions() Options {
	return Options{
		Tolerance:      5e-6,
		MaxPasses:      1000,
		Workers:        runtime.GOMAXPROCS(0),
		StandardErrors: SubsampleErrors,
		Seed:           1,
	}
}

// Validate lists every option that is out of bounds.
func (o Options) Validate() error {
	var errs []error
	if !(o.Tolerance > 0 && o.Tolerance <= 0.01) {
		errs = append(errs, fmt.Errorf("logit: options: Tolerance is %v, must be in (0, 0.01]", o.Tolerance))
	}
	if o.MaxPasses < 1 {
		errs = append(errs, fmt.Errorf("logit: options: MaxPasses is %d, must be at least 1", o.MaxPasses))
	}
	if o.Workers < 1 {
		errs = append(errs, fmt.Errorf("logit: options: Workers is %d, must be at least 1", o.Workers))
	}
	if o.StandardErrors < NoErrors || o.StandardErrors > FullErrors {
		errs = append(errs, fmt.Errorf("logit: options: StandardErrors is %d, must be %d, %d or %d", o.StandardErrors, NoErrors, SubsampleErrors, FullErrors))
	}
	return errors.Join(errs...)
}

// InterceptColumn is the [Term.Column] of the intercept.
const InterceptColumn = -1

// Term names one coefficient. For a category Level is the level; for a number 0 is the slope and 1 the missing flag;
// the intercept is Column [InterceptColumn], Level 0.
type Term struct{ Column, Level int }

// Loading is a coefficient and the number it is multiplied by.
type Loading struct {
	Term
	Value float64
}

// Fit is the minimum that was found. It is immutable and safe for concurrent use.
type Fit struct {
	Intercept float64
	// Coefficients holds per column: Levels values, or the slope, or the slope and the missing flag, on the
	// standardised scale.
	Coefficients [][]float64

	// Standard errors, √diag((H+S)⁻¹) with H the curvature of the log loss and S that of the penalty; nil and 0 if
	// none were asked for. Coefficients that Reference fixes have 0. With a ridge, a category's common shift is held by
	// nothing else, and is part of its levels' errors; it cancels in any row's η, see [Fit.Variance].
	InterceptSE    float64
	StandardErrors [][]float64

	Objective float64 // F
	LogLoss   float64 // the weighted sum of log losses, F without its penalty

	// GradientNorm is γ = √(Gap/F): the gradient's length in the metric of the inverse curvature, relative. Gap is half
	// the squared Newton decrement ½g'(H+S)⁻¹g, the estimated distance F(β) − min F. MaxGradient is max|∂F/∂β|. All
	// three are of a last pass in plain double precision that shares no code with the solver's.
	GradientNorm float64
	Gap          float64
	MaxGradient  float64

	Passes     int // over all rows, without the last one that checks
	SampleRows int // rows that the curvature (and subsampled standard errors) came from
	Rows       int // rows of weight above zero

	covariance *covariance
}
