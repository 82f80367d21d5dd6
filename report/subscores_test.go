package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/model"
)

// sampleSubScores are made-up figures in which fit and activity both add, and one busy source never converts.
func sampleSubScores() *model.SubScores {
	candidate := func(name string, auc, loss float64) model.Candidate {
		dAUC, dLoss := auc-0.84, loss-0.199
		return model.Candidate{Name: name, AUC: auc, LogLoss: loss, AUCDifference: &dAUC, LogLossDifference: &dLoss,
			AUCDifferenceCI: &model.Interval{dAUC - 0.01, dAUC + 0.01}, LogLossCI: &model.Interval{dLoss - 0.002, dLoss + 0.002}}
	}
	all := model.Candidate{Name: model.AllFeatures, AUC: 0.84, LogLoss: 0.199}
	return &model.SubScores{FitRows: 28831, Rows: 12357, Level: 0.9,
		Models: []model.Candidate{all, candidate(model.WithoutFit, 0.72, 0.2346), candidate(model.WithoutActivity, 0.8, 0.2144),
			candidate(model.FitAlone, 0.785, 0.22), candidate(model.ActivityAlone, 0.675, 0.2438), candidate(model.NeitherGroup, 0.64, 0.2484)},
		Groups: []model.SubScoreGroup{
			{By: "source", Value: "referral", Rows: 9000, Fit: 0.35, Activity: -0.07, Mean: 0.131, Rate: 0.14, RateCI: model.Interval{0.128, 0.152}},
			{By: "source", Value: "prize_draw", Rows: 410, Fit: -0.48, Activity: 0.6, Mean: 0.0033, Rate: 0, RateCI: model.Interval{0, 0.0066}},
		}}
}

func TestSubScoresSection(t *testing.T) {
	training := sampleTraining(3)
	training.SubScores = sampleSubScores()
	page := written(t, training, sampleOptions(training))
	var figures []string
	for _, e := range elementsNamed(parse(t, page), "figure") {
		figures = append(figures, e.attrs["id"])
	}
	for _, id := range []string{"subscores-plot", "activity-plot"} {
		if !slices.Contains(figures, id) {
			t.Errorf("no figure %q among %q", id, figures)
		}
	}
	for _, want := range []string{
		"fit adds 0.120 of AUC (0.110 to 0.130) and takes 0.0356 off the log loss; activity adds 0.040 of AUC (0.030 to 0.050) and takes 0.0154 off the log loss.",
		"the 410 leads of source prize_draw are given 0.33" + space + "%: none of them converted.",
		"Fit and activity by source, in the holdout", "fitted again on 28,831 leads",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// A busy source that is predicted to convert as others do is nothing to remark on.
func TestSubScoresNothingInSpite(t *testing.T) {
	training := sampleTraining(1)
	training.SubScores = sampleSubScores()
	training.SubScores.Groups[1].Mean = 0.06
	if page := written(t, training, sampleOptions(training)); strings.Contains(page, "In spite of") {
		t.Error("the page remarks on a source as good as others")
	}
}

func TestSubScoresOddFigures(t *testing.T) {
	training := sampleTraining(1)
	options := sampleOptions(training)
	if page := written(t, training, options); !strings.Contains(page, "it takes features declared as fit and others as activity") {
		t.Error("the page does not say why there are no sub-scores")
	}
	training.SubScores = sampleSubScores()
	for i := range training.SubScores.Models {
		training.SubScores.Models[i].AUC = math.NaN()
	}
	training.SubScores.Groups[1].Activity = math.Inf(1)
	parse(t, written(t, training, options))
	training.SubScores.Groups = training.SubScores.Groups[1:]
	if page := written(t, training, options); !strings.Contains(page, "its figures are not finite") {
		t.Error("the page does not say that nothing can be drawn")
	}
}
