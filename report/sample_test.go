package report

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// lead is one made-up lead of a holdout.
type lead struct {
	p   float64
	won bool
}

// sampleLeads draws n leads whose probabilities are right and of which about 7 % convert.
func sampleLeads(n int) []lead {
	random := rand.New(rand.NewPCG(1, 7))
	leads := make([]lead, n)
	for i := range leads {
		p := 1 / (1 + math.Exp(3.05-1.0*random.NormFloat64()))
		leads[i] = lead{p, random.Float64() < p}
	}
	slices.SortFunc(leads, func(a, b lead) int { return cmp.Compare(b.p, a.p) })
	return leads
}

// wilson is the 90 % score interval of won out of n.
func wilson(won, n float64) model.Interval {
	const z = 1.6448536269514722
	p := won / n
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return model.Interval{max(0, centre-half), min(1, centre+half)}
}

func wonAmong(leads []lead) (won, mean float64) {
	for _, l := range leads {
		mean += l.p / float64(len(leads))
		if l.won {
			won++
		}
	}
	return won, mean
}

// sampleCurves draws the pictures of leads, best first, as points.
func sampleCurves(leads []lead) *model.Curves {
	n := len(leads)
	total, _ := wonAmong(leads)
	c := &model.Curves{ROC: []model.Point{{}}}
	for k := 9; k >= 0; k-- {
		bin := leads[k*n/10 : (k+1)*n/10]
		won, mean := wonAmong(bin)
		size := float64(len(bin))
		c.Reliability = append(c.Reliability, model.ReliabilityBin{Rows: len(bin), Mean: mean, Rate: won / size, Interval: wilson(won, size)})
	}
	for k := 1; k <= 200; k++ {
		taken := k * n / 200
		won, _ := wonAmong(leads[:taken])
		m := float64(taken)
		c.Gains = append(c.Gains, model.Gain{Share: m / float64(n), Captured: won / total, Lift: won / m / (total / float64(n))})
		c.ROC = append(c.ROC, model.Point{X: (m - won) / (float64(n) - total), Y: won / total})
		c.Precision = append(c.Precision, model.Point{X: won / total, Y: won / m})
	}
	c.Histogram = sampleHistogram(leads)
	return c
}

func sampleHistogram(leads []lead) []model.HistogramBin {
	high, low := logit(leads[0].p), logit(leads[len(leads)-1].p)
	width := (high - low) / 40
	bins := make([]model.HistogramBin, 40)
	for i := range bins {
		bins[i].Low = 1 / (1 + math.Exp(-low-float64(i)*width))
		bins[i].High = 1 / (1 + math.Exp(-low-float64(i+1)*width))
	}
	for _, l := range leads {
		i := min(int((logit(l.p)-low)/width), 39)
		if l.won {
			bins[i].Won++
		} else {
			bins[i].Lost++
		}
	}
	return bins
}

// sampleTraining makes up a training with a number of features: a time split, a holdout whose probabilities
// are right, a year and a half of months, and groups.
func sampleTraining(featureCount int) *model.Training {
	leads := sampleLeads(12357)
	won, mean := wonAmong(leads)
	rate := won / float64(len(leads))
	curves := sampleCurves(leads)
	t := &model.Training{
		Verdict: model.Verdict{Code: model.VerdictBetter, Sentence: "On 12357 leads that the model had not seen, the best-scored tenth converts 3.0 times as often as the average (AUC 0.748, 90 % interval 0.733–0.763); its probabilities can be taken at their word."},
		Data: model.DataSummary{Rows: 45410, Used: 41188, Immature: 4222, Conversions: 2871, BaseRate: 2871.0 / 41188, From: "2024-01-01T00:12:03Z",
			To: "2026-03-31T22:01:00Z", AsOf: "2026-06-30T00:00:00Z", SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
		Split: model.SplitSummary{Kind: "time", FitRows: 28831, HoldoutRows: 12357, Refitted: true,
			Note: "the holdout is the latest leads by creation time; its figures are those of a model fitted on everything before it, the shipped model is refitted on all mature leads"},
		Folds: &model.Folds{AUC: 0.771, LogLoss: 0.2251, Count: 5, Rows: 41188, Note: "random folds, shown for comparison only"},
		Fit: model.FitSummary{Recipe: "plain", L2: 1, Columns: featureCount, Coefficients: 12 * featureCount, Objective: 9302.1234, GradientNorm: 3.2e-9, Passes: 7, SE: "subsample",
			Calibration: model.Calibration{Slope: 1, Kind: "identity", Leads: 14415, Gain: 0.00011, GainSE: 0.00016}},
		Value: model.ValueSummary{Kind: "mean", Wins: 2871, Mean: 4120.4, Currency: "USD"},
		Holdout: &model.Evaluation{Level: 0.9, Rows: len(leads), Conversions: won, BaseRate: rate, Mean: mean,
			AUC: 0.748, AUCCI: model.Interval{0.733, 0.763}, AveragePrecision: 0.213, AveragePrecisionCI: model.Interval{0.196, 0.231},
			LogLoss: 0.2264, LogLossCI: model.Interval{0.2203, 0.2325}, LogLossConstant: 0.2531, Brier: 0.0601, BrierCI: model.Interval{0.0577, 0.0625},
			ECE: 0.0041, ECEExpected: 0.0049, CalibrationSlope: 0.98, CalibrationSlopeCI: model.Interval{0.92, 1.04}, CalibrationIntercept: -0.03,
			InterceptCI: model.Interval{-0.16, 0.1}, TopDecileLift: at(curves.Gains, 0.1).Lift, TopDecileLiftCI: model.Interval{2.81, 3.24}, Curves: curves},
		Warnings: []model.Warning{
			{Code: "random_folds_flatter", Detail: "random folds give AUC 0.771, the holdout 0.748: the world drifts, believe the holdout"},
			{Code: "much_missing", Column: "annual_revenue", Detail: "missing on 43 % of the leads"},
			{Code: "one_sided_level", Column: "source", Detail: `level "prize_draw" never converts (412 leads): only the penalty keeps its coefficient finite`},
		},
	}
	t.Effects, t.Periods, t.Groups, t.Rolling = sampleEffects(featureCount), samplePeriods(), sampleGroups(), sampleRolling()
	return t
}

var sampleSources = []string{"organic_search", "paid_search", "webinar", "list_purchase", "referral", "trade_show", "partner", "(missing)", "prize_draw", "content_download"}

func sampleEffects(n int) []model.Effect {
	random := rand.New(rand.NewPCG(2, 7))
	effects := []model.Effect{levelsEffect(random, "source", 0.62, sampleSources)}
	for i := 1; len(effects) < n; i++ {
		spread := 0.6 / (1 + 0.3*float64(i))
		switch i % 3 {
		case 0:
			names := make([]string, 4+7*(i%5))
			for k := range names {
				names[k] = fmt.Sprintf("industry segment %d", k+1)
			}
			effects = append(effects, levelsEffect(random, fmt.Sprintf("category_%d", i), spread, names))
		case 1:
			effects = append(effects, numberEffect(fmt.Sprintf("number_of_page_views_%d", i), spread, i%2 == 0))
		default:
			effects = append(effects, levelsEffect(random, fmt.Sprintf("flag_%d", i), spread, []string{"false", "true"}))
		}
	}
	return effects
}

func levelsEffect(random *rand.Rand, name string, spread float64, levels []string) model.Effect {
	e := model.Effect{Feature: name, Spread: spread}
	for i, l := range levels {
		rows := math.Round(41188 / float64(len(levels)) * math.Exp(random.NormFloat64()-0.1*float64(i)))
		effect, half := 1.2*spread*random.NormFloat64(), 1.64*4/math.Sqrt(rows+10)
		e.Points = append(e.Points, model.EffectPoint{Label: l, X: float64(i), LogOdds: effect, CI: model.Interval{effect - half, effect + half}, Rows: rows})
	}
	return e
}

func numberEffect(name string, spread float64, even bool) model.Effect {
	e := model.Effect{Feature: name, Number: true, Spread: spread}
	for i := range 11 {
		x := math.Round(math.Exp(0.5*float64(i))) - 1
		if even {
			x = float64(10 * i)
		}
		effect := spread * (float64(i) - 5) / 3
		half := 0.05 + 0.06*math.Abs(float64(i)-5)*spread
		e.Points = append(e.Points, model.EffectPoint{Label: features.FormatNumber(x), X: x, LogOdds: effect, CI: model.Interval{effect - half, effect + half}, Rows: 3744})
	}
	if even {
		e.Points = append(e.Points, model.EffectPoint{Label: "(missing)", X: 100, LogOdds: -0.2, CI: model.Interval{-0.35, -0.05}, Rows: 812})
	}
	return e
}

// sampleRolling makes up origins whose last one meets a new world.
func sampleRolling() *model.Rolling {
	r := &model.Rolling{Shift: &model.Shift{Before: 0.065, Expected: 0.071, After: 0.12}, Drift: []model.Drift{
		{Feature: "source", PSI: 0.31, Value: "fair <1>", Before: 0.02, After: 0.31}, {Feature: "pages", PSI: 0.12, Value: "below 3", Before: 0.4, After: 0.3},
		{Feature: "country", PSI: 0.003, Value: "CH", Before: 0.3, After: 0.31},
	}}
	for i := range 5 {
		rate := 0.06 + 0.015*float64(i)
		r.Origins = append(r.Origins, model.Origin{
			Label: fmt.Sprintf("2025-%02d-01 to 2025-%02d-28", i+1, i+1), FitRows: 20000 + 4000*i, FitRate: 0.06, Rows: 4000, Conversions: 4000 * rate, Rate: rate, RateCI: wilson(4000*rate, 4000),
			Mean: 0.063, AUC: 0.75 - 0.02*float64(i), AUCCI: model.Interval{0.72 - 0.02*float64(i), 0.78 - 0.02*float64(i)}, LogLoss: 0.22, LogLossConstant: 0.25, ECE: 0.01, ECEExpected: 0.006,
			CalibrationSlope: 0.97, CalibrationIntercept: 0.1 * float64(i),
		})
	}
	return r
}

func samplePeriods() []model.Period {
	random := rand.New(rand.NewPCG(3, 7))
	var periods []model.Period
	for i := range 27 {
		rows := 1200 + random.IntN(600)
		won := math.Round(float64(rows) * (0.062 + 0.0007*float64(i) + 0.006*random.NormFloat64()))
		periods = append(periods, model.Period{Label: fmt.Sprintf("%d-%02d", 2024+i/12, 1+i%12), Rows: rows, Conversions: won, Rate: won / float64(rows), CI: wilson(won, float64(rows)), Holdout: i >= 19})
	}
	return periods
}

func sampleGroups() []model.Group {
	random := rand.New(rand.NewPCG(4, 7))
	var groups []model.Group
	add := func(by, value string, rows int, mean float64) {
		won := math.Round(float64(rows) * mean * math.Exp(0.12*random.NormFloat64()))
		g := model.Group{By: by, Value: value, Rows: rows, Conversions: won, Rate: won / float64(rows), RateCI: wilson(won, float64(rows)), Mean: mean, Expected: mean * float64(rows)}
		if won > 0 {
			auc := 0.73 + 0.02*random.NormFloat64()
			g.AUC = &auc
		}
		groups = append(groups, g)
	}
	for i, s := range sampleSources {
		add("source", s, 3600/(i+1), 0.03+0.012*float64(i%6))
	}
	add("source", "unworked_list", 14, 0.01)
	for _, s := range []string{"A", "B", "C"} {
		add("segment", s, 4119, 0.07)
	}
	for i := range 8 {
		add("cohort", fmt.Sprintf("2025-%02d", i+5), 1540, 0.068+0.001*float64(i))
	}
	return groups
}

// sampleOptions declare the columns of a made-up training.
func sampleOptions(t *model.Training) Options {
	o := DefaultOptions()
	o.Title = "Lead conversion model, July 2026"
	o.Command = "leadscore train --data leads.parquet --config leadscore.yaml --out model.json --report report.html"
	o.ToolVersion, o.ModelVersion = "leadscore 0.1.0", "2026-06-30.3c0f91d2"
	o.ModelID = "3c0f91d2a94a8fe5ccb19ba61c4c0873d391e987982fbbd30f3c1a1a2b3c4d5e"
	o.Label, o.Horizon = "converted is true, within 90 days of creation", 90
	o.Fields = []features.Field{
		{Name: "lead_id", Kind: features.Category, Role: features.RoleID}, {Name: "created_at", Kind: features.Time, Role: features.RoleCreatedAt},
		{Name: "converted", Kind: features.Category, Role: features.RoleOutcome}, {Name: "duration", Kind: features.Number, Role: features.RoleExcluded, KnownAt: features.KnownAtOutcome},
	}
	for i, e := range t.Effects {
		f := features.Field{Name: e.Feature, Kind: features.Category, Role: features.RoleFeature, Group: features.FitGroup}
		if e.Number {
			f.Kind, f.Group = features.Number, features.ActivityGroup
		}
		if i == 0 {
			f.Role = features.RoleSource
		}
		o.Fields = append(o.Fields, f)
	}
	return o
}

func TestSampleIsWhatItClaims(t *testing.T) {
	training := sampleTraining(20)
	if got := len(training.Effects); got != 20 {
		t.Errorf("%d effects, want 20", got)
	}
	h := training.Holdout
	if h.BaseRate < 0.05 || h.BaseRate > 0.09 {
		t.Errorf("base rate %v, want about 0.07", h.BaseRate)
	}
	if math.Abs(h.Mean-h.BaseRate) > 0.006 {
		t.Errorf("mean probability %v and rate %v, want them close", h.Mean, h.BaseRate)
	}
	won, lost := totals(h.Curves.Histogram)
	if won != h.Conversions || won+lost != float64(h.Rows) {
		t.Errorf("histogram holds %v + %v leads, want %v of %v", won, lost, h.Conversions, h.Rows)
	}
}
