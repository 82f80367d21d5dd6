package model

// Training is everything that training found out: the model, how good it is, and the doubts.
type Training struct {
	Model     *Model       `json:"-"`
	Data      DataSummary  `json:"data"`
	Split     SplitSummary `json:"split"`
	Holdout   *Evaluation  `json:"holdout,omitempty"`
	Folds     *Folds       `json:"folds,omitempty"`
	Evidence  *Evidence    `json:"evidence,omitempty"` // absent without a holdout
	Fit       FitSummary   `json:"fit"`
	Value     ValueSummary `json:"value"`
	Effects   []Effect     `json:"effects"`
	Groups    []Group      `json:"groups,omitempty"`  // of the holdout, by source, segment and cohort
	Periods   []Period     `json:"periods,omitempty"` // base rate over time, or over the row order
	Rolling   *Rolling     `json:"rolling,omitempty"` // absent of a random split
	Leaks     *LeakScan    `json:"leaks,omitempty"`
	SubScores *SubScores   `json:"sub_scores,omitempty"` // absent unless features are grouped and leads held out
	Verdict   Verdict      `json:"verdict"`
	Warnings  []Warning    `json:"warnings"`
}

// DataSummary says what the model was trained on.
type DataSummary struct {
	Rows        int     `json:"rows"`
	Used        int     `json:"used"`                    // rows that training used
	Immature    int     `json:"immature"`                // rows younger than the horizon, or created after as_of: left out, but for
	YoungUsed   int     `json:"immature_used,omitempty"` // those that recipe auto used
	Unlabelled  int     `json:"unlabelled,omitempty"`
	Conversions float64 `json:"conversions"`
	BaseRate    float64 `json:"base_rate"`
	From        string  `json:"from,omitempty"` // RFC 3339, of the rows used
	To          string  `json:"to,omitempty"`
	AsOf        string  `json:"as_of,omitempty"`
	SHA256      string  `json:"sha256,omitempty"`
}

// SplitSummary says how the holdout was chosen and that the shipped model was refitted.
type SplitSummary struct {
	Kind        string `json:"kind"` // time, row_order, random or none
	FitRows     int    `json:"fit_rows"`
	HoldoutRows int    `json:"holdout_rows"`
	Refitted    bool   `json:"refitted"`
	Note        string `json:"note"`
}

// Folds are the figures of random folds. They flatter a model whose world drifts.
type Folds struct {
	AUC     float64 `json:"auc"`
	LogLoss float64 `json:"log_loss"`
	Count   int     `json:"count"`
	Rows    int     `json:"rows"`
	Note    string  `json:"note"`
}

// FitSummary says how the shipped model was fitted.
type FitSummary struct {
	Recipe       string      `json:"recipe"`
	L2           float64     `json:"l2"`
	Columns      int         `json:"columns"`
	Pairs        int         `json:"pairs,omitempty"` // screened pairs of them that came through the gate
	Coefficients int         `json:"coefficients"`
	Objective    float64     `json:"objective"`
	GradientNorm float64     `json:"gradient_norm"`
	Passes       int         `json:"passes"`
	SE           string      `json:"se"`
	Together     *Together   `json:"together,omitempty"` // absent where effects add up
	Calibration  Calibration `json:"calibration"`
	Sampled      float64     `json:"sampled,omitempty"` // ln(w₀/w₁) of leads sampled by outcome, which recipe auto fits without weights
	Delay        *Delay      `json:"delay,omitempty"`   // absent where conversions have no dates or no horizon
}

// ValueSummary says what a sale is worth, how that was learnt, and, where leads were held out, how good it is.
type ValueSummary struct {
	Kind     string  `json:"kind"` // gamma, double_gamma, log_ridge, tweedie, mean, or none
	Wins     int     `json:"wins"` // at a known profit
	Mean     float64 `json:"mean"` // profit per sale
	Currency string  `json:"currency,omitempty"`
	Nothing  int     `json:"worth_nothing,omitempty"` // wins whose profit is 0 or a loss
	Unknown  int     `json:"unknown,omitempty"`       // wins of unknown profit, left out
	TopShare float64 `json:"top_share,omitempty"`     // of the profit, in the best hundredth of the wins
	Features int     `json:"features,omitempty"`      // that have a part in it
	// In the log-odds of fits that had not seen the sale, beside the features; absent without cross-fits or of few sales.
	ProfitByProbability *Dependence `json:"profit_by_probability,omitempty"`
	// In the logarithm of the profit if won, beside the log-odds, on the leads held out.
	ProbabilityByProfit *Dependence `json:"probability_by_profit,omitempty"`
	*ValueFigures
}

// Method says in words how the profit of a sale was learnt; "" without money. An unknown kind stays as it is.
func (v *ValueSummary) Method() string {
	switch v.Kind {
	case ValueNone:
		return ""
	case ValueMean:
		if v.Features == 0 {
			return "one mean for all sales"
		}
		return "the mean by source"
	case ValueLogRidge:
		return "ridge regression on log profit"
	case ValueGamma:
		return "Gamma regression"
	case ValueDouble:
		return "double Gamma regression"
	case ValueTweedie:
		return "Tweedie regression"
	}
	return v.Kind
}

// Period is the base rate of one stretch of time, or of one tenth of the rows in order.
type Period struct {
	Label       string   `json:"label"`
	Rows        int      `json:"rows"`
	Conversions float64  `json:"conversions"`
	Rate        float64  `json:"rate"`
	CI          Interval `json:"rate_ci"` // Wilson
	Holdout     bool     `json:"holdout"` // lies, for the most part, in the holdout
}

// Warning is a doubt that training has about the data or the model.
type Warning struct {
	Code   string `json:"code"`
	Column string `json:"column,omitempty"`
	Detail string `json:"detail"`
}
