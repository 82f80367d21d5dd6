package model

import (
	"fmt"

	"github.com/leadscore/leadscore/budget"
)

// Evaluation says how good probabilities are on leads whose outcome is known. Each interval is one of Level over
// leads, or over accounts where the data name them.
type Evaluation struct {
	Level       float64 `json:"level"`
	Rows        int     `json:"rows"`
	Conversions float64 `json:"conversions"` // weighted
	BaseRate    float64 `json:"base_rate"`
	Mean        float64 `json:"mean_probability"`

	AUC                  float64  `json:"auc"`
	AUCCI                Interval `json:"auc_ci"`
	AveragePrecision     float64  `json:"average_precision"`
	AveragePrecisionCI   Interval `json:"average_precision_ci"`
	LogLoss              float64  `json:"log_loss"`
	LogLossCI            Interval `json:"log_loss_ci"`
	LogLossConstant      float64  `json:"log_loss_constant"` // of the base rate itself
	Brier                float64  `json:"brier"`
	BrierCI              Interval `json:"brier_ci"`
	ECE                  float64  `json:"ece"`          // 20 bins of equal mass
	ECEExpected          float64  `json:"ece_expected"` // what the true probabilities would show at this size
	CalibrationSlope     float64  `json:"calibration_slope"`
	CalibrationSlopeCI   Interval `json:"calibration_slope_ci"`
	CalibrationIntercept float64  `json:"calibration_intercept"`
	InterceptCI          Interval `json:"calibration_intercept_ci"`
	TopDecileLift        float64  `json:"top_decile_lift"`
	TopDecileLiftCI      Interval `json:"top_decile_lift_ci"`

	Curves *Curves `json:"curves,omitempty"`
}

// CutoffDoubt is a warning if the leads do not confirm that probabilities are calibrated well enough to cut at, nil if they
// do or there are none. Leads of accounts are taken for independent ones: then it warns rather too soon.
func (e *Evaluation) CutoffDoubt() []Warning {
	if e == nil {
		return nil
	}
	if sure, err := budget.Trustworthy(e.CalibrationSlope, e.Mean, e.BaseRate, float64(e.Rows)); sure || err != nil {
		return nil
	}
	return []Warning{{Code: "not_calibrated", Detail: fmt.Sprintf("the probabilities are not sure to be calibrated well enough to cut at: of %s leads of the evaluation %s were expected to convert and %s did, at a calibration slope of %.2f (%.2f to %.2f; wanted: %g to %g); caps, tiers and actions may be off by as much",
		budget.Count(e.Rows), budget.Percent(e.Mean), budget.Percent(e.BaseRate), e.CalibrationSlope, e.CalibrationSlopeCI[0], e.CalibrationSlopeCI[1], budget.MinSlope, budget.MaxSlope)}}
}

// Curves are the pictures of an Evaluation, as points.
type Curves struct {
	Reliability []ReliabilityBin `json:"reliability"`
	Gains       []Gain           `json:"gains"`
	ROC         []Point          `json:"roc"`              // x = false positive rate, y = true positive rate
	Precision   []Point          `json:"precision_recall"` // x = recall, y = precision
	Histogram   []HistogramBin   `json:"histogram"`
}

// ReliabilityBin compares the mean probability of a bin of leads with the rate at which they converted.
type ReliabilityBin struct {
	Rows     int      `json:"rows"`
	Mean     float64  `json:"mean_probability"`
	Rate     float64  `json:"rate"`
	Interval Interval `json:"rate_ci"` // Wilson
}

// Gain is what the best-scored share of the leads holds.
type Gain struct {
	Share    float64  `json:"share"`    // of the leads, best first
	Captured float64  `json:"captured"` // share of all conversions among them
	CI       Interval `json:"captured_ci"`
	Lift     float64  `json:"lift"` // their rate ÷ the base rate
}

// Point is a point of a curve.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// HistogramBin counts leads by probability.
type HistogramBin struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	Won  float64 `json:"won"`
	Lost float64 `json:"lost"`
}

// Group is the evaluation of some of the leads: those of one source, segment or cohort.
type Group struct {
	By          string   `json:"by"`    // column, or "cohort"
	Value       string   `json:"value"` // level, or month
	Rows        int      `json:"rows"`
	Conversions float64  `json:"conversions"`
	Rate        float64  `json:"rate"`
	RateCI      Interval `json:"rate_ci"` // Wilson
	Mean        float64  `json:"mean_probability"`
	Expected    float64  `json:"expected_conversions"`
	AUC         *float64 `json:"auc,omitempty"` // absent where only one outcome occurs
}

// Effect is what one level, or one value of a number, does to the log-odds, centred on the training mean.
type Effect struct {
	Feature string        `json:"feature"`
	Number  bool          `json:"number"`          // points lie along a number; otherwise they are levels
	Steps   bool          `json:"steps,omitempty"` // of a number: each point holds from X to To
	Pair    bool          `json:"pair,omitempty"`  // levels are combinations of two features
	Grid    *EffectGrid   `json:"grid,omitempty"`  // of a pair
	Spread  float64       `json:"spread"`          // standard deviation of the effect over the training leads
	Points  []EffectPoint `json:"points"`
}

// EffectGrid lays a pair's points out: Cells holds, for each row and column, the X of its point, −1 where training
// never saw the combination. Rare combinations share a point.
type EffectGrid struct {
	Rows    []string  `json:"rows"`
	Columns []string  `json:"columns"`
	Cells   [][]int32 `json:"cells"`
}

// EffectPoint is one level or value of an Effect.
type EffectPoint struct {
	Label   string   `json:"label"`
	X       float64  `json:"x"`            // the value of a number
	To      float64  `json:"to,omitempty"` // where a step ends
	LogOdds float64  `json:"log_odds"`
	CI      Interval `json:"ci"`
	Rows    float64  `json:"rows"`   // training leads there
	Points  int      `json:"points"` // LogOdds on a scorecard: PointsToDouble more double the odds
}
