package report

import (
	"fmt"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// facts are named values under a heading of the model card.
type facts struct {
	Title string
	Rows  []fact
}

type fact struct{ Name, Value string }

// card is the model card: what the model was made of, what it is for and what it is not.
func (b *builder) card() *section {
	s := &section{ID: "card", Title: "Model card", Question: "what is this model, and what is it for?"}
	s.Facts = []facts{b.identity(), b.data(), b.label(), b.fit(), b.value(), use(), limits()}
	if t, found := fieldTable(b.options.Fields); found {
		s.Tables = []table{t}
	}
	return s
}

func (b *builder) identity() facts {
	return facts{"Identity", []fact{
		{"Version", recorded(b.options.ModelVersion)},
		{"SHA-256 of the content", recorded(b.options.ModelID)},
		{"Made by", recorded(b.options.ToolVersion)},
		{"Command", recorded(b.options.Command)},
	}}
}

func (b *builder) data() facts {
	d := b.t.Data
	f := facts{"Data", []fact{
		{"Rows", count(float64(d.Rows))},
		{"Used", fmt.Sprintf("%s, of which %s converted (%s)", count(float64(d.Used)), count(d.Conversions), percent(d.BaseRate))},
		immatureFact(d),
	}}
	if d.Unlabelled > 0 {
		f.Rows = append(f.Rows, fact{"Undecided, left out", plural(d.Unlabelled, "lead") + " whose stage decides nothing yet"})
	}
	period := "not recorded: the data name no creation time"
	if d.From != "" && d.To != "" {
		period = day(d.From) + " to " + day(d.To)
	}
	return facts{f.Title, append(f.Rows,
		fact{"Created", period},
		fact{"As of", recorded(day(d.AsOf))},
		fact{"SHA-256", recorded(d.SHA256)},
		fact{"Holdout", holdoutFact(b.t.Split)},
	)}
}

func immatureFact(d model.DataSummary) fact {
	if d.YoungUsed > 0 {
		return fact{"Immature", fmt.Sprintf("%s younger than the horizon, of which %s are in the shipped fit, as far as they may still convert; none is in the holdout or the fit before it",
			plural(d.Immature, "lead"), count(float64(d.YoungUsed)))}
	}
	return fact{"Immature, left out", plural(d.Immature, "lead") + " younger than the horizon, won ones too: keeping only early winners would bias the model upward"}
}

func holdoutFact(s model.SplitSummary) string {
	text := "none"
	if s.HoldoutRows > 0 {
		text = fmt.Sprintf("%s, after a fit on %s", plural(s.HoldoutRows, "lead"), count(float64(s.FitRows)))
	}
	if note := clean(s.Note); note != "" {
		text += ": " + note
	}
	return text
}

func (b *builder) label() facts {
	horizon := "none: the outcome is taken as it stands"
	if b.options.Horizon > 0 {
		horizon = plural(b.options.Horizon, "day") + " from creation"
	}
	return facts{"What is predicted", []fact{
		{"Conversion", recorded(b.options.Label)},
		{"Horizon", horizon},
		{"Probability", "the chance that a lead like this converts within the horizon, if it is worked the way leads were worked in the data"},
	}}
}

func (b *builder) fit() facts {
	f := b.t.Fit
	return facts{"Fit", []fact{
		{"Recipe", recorded(f.Recipe) + ": logistic regression"},
		{"Penalty", penalty(f)},
		{"Size", size(f)},
		{"Convergence", fmt.Sprintf("objective %s, norm of the gradient %s, %s over the data", fixed(f.Objective, 4), scientific(f.GradientNorm), passes(f.Passes))},
		{"Standard errors", recorded(f.SE)},
		{"Together", together(f)},
		{"Calibration", calibration(f.Calibration)},
		{"Unseen levels", "contribute nothing to a score, and the score carries a warning"},
	}}
}

func penalty(f model.FitSummary) string {
	if f.Recipe == model.RecipeAuto {
		return "one of its own for each feature and each pair, learnt from the data (empirical Bayes)"
	}
	return fmt.Sprintf("ridge, λ = %s on the squared coefficients", trimmed(f.L2))
}

func size(f model.FitSummary) string {
	text := plural(f.Columns, "feature")
	if f.Pairs > 0 {
		text += ", " + plural(f.Pairs, "pair") + " of them"
	}
	return text + ", " + plural(f.Coefficients, "coefficient")
}

func passes(n int) string {
	if n == 1 {
		return "1 pass"
	}
	return count(float64(n)) + " passes"
}

func scientific(x float64) string {
	if !finite(x) {
		return none
	}
	return fmt.Sprintf("%.1e", x)
}

func together(f model.FitSummary) string {
	t := f.Together
	if t == nil {
		return "effects add up: nothing is added to their sum"
	}
	return fmt.Sprintf("%s ± %s times the square of the sum of the effects, tilted by %s, is added to it (found on %s out of sample)",
		signed(t.Curvature), fixed(t.Error, 3), fixed(t.Tilt, 3), plural(t.Leads, "lead"))
}

func calibration(c model.Calibration) string {
	text := "identity: the fitted probabilities are shipped as they are"
	if c.Kind != "identity" && c.Kind != "" {
		text = fmt.Sprintf("log-odds = %s + %s · fitted log-odds", fixed(c.Intercept, 3), fixed(c.Slope, 3))
	}
	if c.Leads > 0 {
		text += fmt.Sprintf(" (judged on %s out of sample: the best line lowers the log loss by %s ± %s)", plural(c.Leads, "lead"), fixed(c.Gain, 5), fixed(c.GainSE, 5))
	}
	return text
}

func (b *builder) value() facts {
	v := b.t.Value
	if v.Kind == "" || v.Kind == "none" || !finite(v.Mean) {
		return facts{"Value per sale", []fact{{"Profit", none + " because the model has learnt no profit or revenue of won leads; scores carry a probability but no money"}}}
	}
	list := []fact{
		{"Profit", fmt.Sprintf("%s on average, before marketing and variable sales cost", money(v.Mean, v.Currency))},
		{"Learnt from", plural(v.Wins, "won lead") + ofNothing(v.Nothing)},
		{"Method", valueMethod(&v)},
	}
	if d := v.ProfitByProbability; d != nil && finite(d.Coefficient) && finite(d.T) {
		list = append(list, fact{"Beside the features", fmt.Sprintf("log profit moves by %s a unit of log-odds (t %s on %s)", signed(d.Coefficient), fixed(d.T, 1), plural(d.Leads, "sale"))})
	}
	if d := v.ProbabilityByProfit; d != nil && finite(d.Coefficient) && finite(d.T) {
		list = append(list, fact{"Beside the probability", fmt.Sprintf("log-odds move by %s a unit of log profit (t %s on %s held out)", signed(d.Coefficient), fixed(d.T, 1), plural(d.Leads, "lead"))})
	}
	if f := v.ValueFigures; f != nil && finite(f.Bias) && finite(f.Gini) && finite(f.D2) {
		list = append(list,
			fact{"On sales held out", fmt.Sprintf("%s: promised ÷ earned %s (%s), the mean alone %s", plural(f.Sales, "sale"), fixed(f.Bias, 3), between(f.BiasCI, decimals(3)), fixed(f.BiasConstant, 3))},
			fact{"Ranking by value", fmt.Sprintf("normalised Gini %s (%s), the mean alone %s; D² %s (%s), the mean alone %s", fixed(f.Gini, 3), between(f.GiniCI, decimals(3)), fixed(f.GiniConstant, 3),
				fixed(f.D2, 3), between(f.D2CI, decimals(3)), fixed(f.D2Constant, 3))},
			fact{"Profit of the best fifth", fmt.Sprintf("%s in the order of expected value, %s by probability alone", money(f.CapacityProfit, v.Currency), money(f.CapacityConstant, v.Currency))})
	}
	return facts{"Value per sale", list}
}

// valueMethod says how the profit of a sale was learnt.
func valueMethod(v *model.ValueSummary) string {
	switch v.Kind {
	case model.ValueMean:
		if v.Features == 0 {
			return v.Method() + "; no model of it did better"
		}
		return v.Method() + ", as far as the sales tell sources apart; no model of it did better"
	case model.ValueLogRidge:
		return v.Method() + ", scaled to preserve the total"
	case model.ValueGamma:
		return v.Method() + " with a log link under a ridge, scaled to preserve the total"
	case model.ValueDouble:
		return v.Method() + " with a log link under a ridge, in which sales that scatter more count less, scaled to preserve the total"
	case model.ValueTweedie:
		return v.Method() + " of power 1.5 with a log link under a ridge, scaled to preserve the total"
	}
	return recorded(v.Method())
}

func ofNothing(sales int) string {
	if sales == 0 {
		return ""
	}
	return fmt.Sprintf(", %s of them worth nothing", count(float64(sales)))
}

func money(x float64, currency string) string {
	if currency = clean(currency); currency == "" {
		return fixed(x, 2)
	}
	return currency + space + fixed(x, 2)
}

func use() facts {
	return facts{"Use", []fact{
		{"Intended", "to order leads for sales to work, to value leads by source and segment, and to cap what is paid for them, for the business whose leads these are"},
		{"Out of scope", "decisions about people that the law guards (credit, employment, housing, insurance); leads of another business or market; prices or promises made to one lead"},
		{"Upkeep", "compare predicted with realised conversions by cohort as they mature; train again when they part or when sources, scoring or the sales process change"},
	}}
}

func limits() facts {
	return facts{"Limits", []fact{
		{"Of a probability", "it holds on average over leads alike, not for one lead: of a hundred leads at 7" + space + "%, about seven convert. It holds as long as the world stays as it was"},
		{"Of selection", "leads that were never worked have no true outcome. If an earlier score or a habit chose who was called, the data know little of the others, and the model may confirm that choice"},
		{"Of ranking", "a high score says who is likely to convert, not whom a call would change. What a call adds is known only from leads that were left out at random"},
		{"Of a lead's interval", model.ProbabilityIntervalMeaning},
		{"Of a lead's interval, measured", model.ProbabilityIntervalMeasured},
		{"Of effects", "they are associations, other features held; a feature that stands in for another can carry its effect"},
		{"Of intervals", "they cover chance in the leads seen, not a change of the world after them"},
	}}
}

// fieldTable lists the declared columns.
func fieldTable(fields []features.Field) (table, bool) {
	t := table{Caption: "Columns and their roles", Head: []string{"Column", "Role", "Kind", "Sub-score", "Known"}, Words: map[int]bool{1: true, 2: true, 3: true, 4: true}}
	for _, f := range fields[:min(len(fields), 10*maxTableRows)] {
		when := "at creation"
		switch {
		case f.KnownAt != "":
			when = "from " + clean(f.KnownAt)
		case !f.Role.Feature():
			when = "–"
		}
		group := "–"
		if f.Group != features.NoGroup {
			group = string(f.Group)
		}
		t.Rows = append(t.Rows, []string{level(f.Name), roleWords(f), f.Kind.String(), group, when})
	}
	if left := len(fields) - len(t.Rows); left > 0 {
		t.Note = "And " + plural(left, "column") + " more."
	}
	return t, len(t.Rows) > 0
}

func roleWords(f features.Field) string {
	switch f.Role {
	case features.RoleSource, features.RoleSegment:
		return f.Role.String() + ", also a feature"
	case features.RoleExcluded:
		return "excluded, not used"
	case features.RoleStage:
		return "stage time (" + clean(f.Stage) + ")"
	case features.RoleOutcome:
		return "outcome, not a feature"
	}
	return f.Role.String()
}

// measures explains the words of the page.
func (b *builder) measures() *section {
	return &section{ID: "measures", Title: "Measures", Question: "what do the words mean?", Facts: []facts{{"In this page", []fact{
		{"AUC", "the chance that a converting lead is scored above another one; 0.5 is chance, 1 a perfect order. It says nothing of the level of probabilities"},
		{"Average precision", "the mean of the rate among leads taken, over all depths of the list at which a conversion is found; chance gives the base rate"},
		{"Base rate", "the share of mature leads that converted"},
		{"Brier score", "the mean of (probability − outcome)²"},
		{"Calibration slope, intercept", "of a line through the log-odds of the probabilities, fitted to the outcomes. Slope 1 and intercept 0 are ideal; a slope below 1 means that high probabilities are too high and low ones too low"},
		{"ECE", "expected calibration error: the mean gap between probability and rate over 20 bins of equally many leads"},
		{"Interval", fmt.Sprintf("the range that would hold the true figure in %s of samples like this one; of figures of the holdout by bootstrap over leads or, where the data name them, accounts; of rates by Wilson's formula; of effects by the standard errors of the fit", roundPercent(model.IntervalLevel))},
		{"Lift", "the rate among the best-scored leads divided by the base rate"},
		{"Log loss", "the mean of −log of the probability given to what happened; it punishes sure errors most. Compare it with that of a constant, the base rate itself"},
		{"Log-odds, factor on the odds", "odds are p/(1 − p); an effect of ×" + space + "2 doubles them: at low rates it about doubles the probability, at high ones it adds less"},
		{"Spread", "the standard deviation of a feature's effect over the training leads: large when the effect is strong and its values vary"},
	}}}}
}
