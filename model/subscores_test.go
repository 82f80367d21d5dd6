package model

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// groupedWorld is a world in which who the lead is, its industry and size, says nothing new and what it did, its score,
// does; source belongs to neither.
func groupedWorld(rows int, seed uint64) []column {
	columns := without(world{rows: rows, seed: seed}.columns(), "last_touch")
	columnOf(columns, "industry").field.Group = features.FitGroup
	columnOf(columns, "size").field.Group = features.FitGroup
	columnOf(columns, "score").field.Group = features.ActivityGroup
	return columns
}

// Each group's gain is that of a fit without its columns, on the same leads.
func TestSubScores(t *testing.T) {
	columns := groupedWorld(6000, 3)
	for _, recipe := range []string{RecipePlain, RecipeAuto} {
		o := dated()
		o.Recipe = recipe
		trained := train(t, tableOf(t, columns...), o)
		s := trained.SubScores
		if s == nil || len(s.Models) != 6 || s.Rows != trained.Split.HoldoutRows || s.FitRows != trained.Split.FitRows {
			t.Fatalf("%s: %+v", recipe, s)
		}
		models := map[string]Candidate{}
		for _, m := range s.Models {
			models[m.Name] = m
		}
		if all := models[AllFeatures]; all.AUCDifference != nil || math.Abs(all.AUC-trained.Holdout.AUC) > 1e-6 {
			t.Errorf("%s: all features rank at %v, the holdout says %v", recipe, all.AUC, trained.Holdout.AUC)
		}
		activity, fit := models[WithoutActivity], models[WithoutFit]
		if !(*activity.AUCDifference < -0.05) || !(activity.AUCDifferenceCI[1] < 0) || !(activity.LogLossCI[0] > 0) {
			t.Errorf("%s: without activity %+v", recipe, activity)
		}
		if math.Abs(*fit.AUCDifference) > 0.02 {
			t.Errorf("%s: without fit %+v", recipe, fit)
		}
		if recipe != RecipePlain {
			continue
		}
		alone := dated()
		alone.Refit = false
		want := train(t, tableOf(t, without(columns, "score")...), alone).Holdout.AUC
		if math.Abs(activity.AUC-want) > 1e-6 {
			t.Errorf("without activity %v, training without the column %v", activity.AUC, want)
		}
	}
}

// The sources' mean sub-scores are those of the model that was evaluated, and tie to its figures.
func TestSubScoreGroups(t *testing.T) {
	o := dated()
	o.Refit = false
	table := tableOf(t, groupedWorld(3000, 5)...)
	trained := train(t, table, o)
	rows, mean := 0, 0.0
	for _, g := range trained.SubScores.Groups {
		rows += g.Rows
		mean += float64(g.Rows) * g.Mean
		if g.By != "source" || !(g.RateCI[0] <= g.Rate && g.Rate <= g.RateCI[1]) {
			t.Errorf("%+v", g)
		}
	}
	if h := trained.Holdout; rows != h.Rows || math.Abs(mean/float64(rows)-h.Mean) > 1e-12 {
		t.Errorf("%d rows of mean %v, the holdout has %d of %v", rows, mean/float64(rows), h.Rows, h.Mean)
	}
	columns := groupedWorld(3000, 5)
	columnOf(columns, "score").field.Group = features.NoGroup
	if trained := train(t, tableOf(t, columns...), o); trained.SubScores != nil {
		t.Errorf("fit alone is grouped: %+v", trained.SubScores)
	}
	columns = without(groupedWorld(3000, 5), "source")
	trained = train(t, tableOf(t, columns...), o)
	if m := trained.SubScores.Models[5]; m.Name != NeitherGroup || m.AUC != 0.5 || len(trained.SubScores.Groups) != 0 {
		t.Errorf("without a feature in neither: %+v", trained.SubScores)
	}
	if text, err := json.Marshal(trained); err != nil || !strings.Contains(string(text), `"sub_scores":{"fit_rows":`) {
		t.Errorf("JSON %v", err)
	}
}

// Lead by lead, table and batch: the same sub-scores, to the last bit, and the same scores whether they are asked for.
func TestSubScoresAgree(t *testing.T) {
	for _, recipe := range []string{RecipePlain, RecipeAuto} {
		o := dated()
		o.Recipe, o.Holdout = recipe, 0
		columns := groupedWorld(2500, 7)
		m := train(t, tableOf(t, columns...), o).Model
		batch := batchOf(t, columns...)
		table := tableOf(t, columns...)
		fit, activity := m.TableSubScores(table, nil)
		scorer := m.NewBatchScorer()
		var plain, split Scores
		scorer.Score(batch, &plain)
		scorer.SubScores = true
		scorer.Score(batch, &split)
		if plain.Fit != nil || plain.Activity != nil {
			t.Errorf("%s: sub-scores that nobody asked for", recipe)
		}
		lead := m.Schema().NewLead()
		for r := range batch.Rows {
			table.Lead(r, lead)
			s := m.Score(lead)
			if *s.Fit != fit[r] || *s.Activity != activity[r] || *s.Fit != split.Fit[r] || *s.Activity != split.Activity[r] || s.LogOdds != split.LogOdds[r] || s.LogOdds != plain.LogOdds[r] {
				t.Fatalf("%s, lead %d: %v %v, table %v %v, batch %v %v, log-odds %v, %v and %v", recipe, r, *s.Fit, *s.Activity, fit[r], activity[r], split.Fit[r], split.Activity[r], s.LogOdds, split.LogOdds[r], plain.LogOdds[r])
			}
		}
	}
}

func TestSomeRows(t *testing.T) {
	p, err := prepare(tableOf(t, world{rows: 500, seed: 1}.lean()...), options())
	if err != nil {
		t.Fatal(err)
	}
	few := p.some(p.rows, 40)
	if len(few) != 40 || len(p.some(p.rows, 900)) != len(p.rows) {
		t.Errorf("%d rows", len(few))
	}
	for i := 1; i < len(few); i++ {
		if few[i] <= few[i-1] {
			t.Errorf("row %d after row %d", few[i], few[i-1])
		}
	}
}
