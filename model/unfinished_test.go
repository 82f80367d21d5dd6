package model

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// withStatus replaces the outcome by a status: open leads are "Working", but for a share of lost ones.
func withStatus(columns []column, seed uint64) []column {
	random := rand.New(rand.NewPCG(seed, 2))
	won := columnOf(columns, "converted").texts
	status := make([]string, len(won))
	age := columnOf(columns, "created_at").times
	latest := slices.Max(age)
	for r := range status {
		switch lost := random.Float64() < 1-math.Exp(-float64(latest-age[r])/float64(30*day)); {
		case won[r] == "true":
			status[r] = "Won"
		case lost:
			status[r] = []string{"Lost", "Junk"}[random.IntN(2)]
		default:
			status[r] = "Working"
		}
	}
	return append(without(columns, "converted"), category("status", features.RoleOutcome, status))
}

// Open leads labelled as lost are refused, in whatever way the configuration came to do so; the same leads with dates and
// a horizon are not, and nobody is refused who insists.
func TestOpenLeadsAsLostAreRefused(t *testing.T) {
	for seed := range uint64(2) {
		columns, _, _, _ := delayed{rows: 60_000, seed: 40 + seed, span: 300, young: 150}.leads()
		asOf := features.FormatTime(firstLead + 1000*day)
		stage := Label{Column: "status", Won: []string{"Won"}, Lost: []string{"Lost", "Junk", "Working"}, AsOf: asOf}
		late := Label{Column: "converted", At: "converted_at", Horizon: delayHorizon, AsOf: features.FormatTime(firstLead + 1085*day)}
		for name, c := range map[string]struct {
			label   Label
			columns []column
			want    string // "" = taken
		}{
			"no dates":                     {Label{Column: "converted", AsOf: asOf}, without(columns, "converted_at"), "the newest"},
			"dates unused":                 {Label{Column: "converted", AsOf: asOf}, columns, "by their dates"},
			"dates without a horizon":      {Label{Column: "converted", At: "converted_at", AsOf: asOf}, columns, "by their dates"},
			"a stage that decides nothing": {stage, withStatus(without(columns, "converted_at"), seed), `"Working" holds`},
			"as_of after the data":         {late, columns, "by their dates"},
			"dates and a horizon":          {Label{Column: "converted", At: "converted_at", Horizon: delayHorizon, AsOf: asOf}, columns, ""},
			"lost by the horizon":          {Label{Column: "status", At: "converted_at", Horizon: delayHorizon, Won: stage.Won, Lost: stage.Lost, AsOf: asOf}, withStatus(columns, seed), ""},
			"no dates, old enough":         {Label{Column: "converted", Horizon: delayHorizon, AsOf: asOf}, without(columns, "converted_at"), ""},
		} {
			for _, trusted := range []bool{false, true} {
				o := delayOptions()
				o.Label, o.Recipe, o.TrustOutcome = c.label, RecipePlain, trusted
				tr, err := prepare(tableOf(t, c.columns...), o)
				if err == nil {
					err = tr.finished()
				}
				switch {
				case c.want == "" || trusted:
					if err != nil {
						t.Errorf("seed %d, %s, trusted %v: %v", seed, name, trusted, err)
					}
				case !errors.Is(err, ErrUnfinished) || !strings.Contains(err.Error(), c.want):
					t.Errorf("seed %d, %s: %v, want %q", seed, name, err, c.want)
				}
			}
		}
	}
}

// A world that drifts is not refused: steadily, with the seasons, by a jump, in a slump of the last month to half the
// rate, or with a rate that has always been low.
func TestDriftIsNotRefused(t *testing.T) {
	const n, span = 20_000, 700.0
	shapes := map[string]func(age float64) float64{
		"none":       func(float64) float64 { return -2.5 },
		"down":       func(age float64) float64 { return -4 + 3*age/span },
		"up":         func(age float64) float64 { return -1 - 3*age/span },
		"seasons":    func(age float64) float64 { return -2.5 + 0.6*math.Sin(2*math.Pi*age/365) },
		"jump":       func(age float64) float64 { return -2.2 - 1.2*btof(age < 60) },
		"late jump":  func(age float64) float64 { return -2.2 - 1.5*btof(age < 20) },
		"slump":      func(age float64) float64 { return -2.2 - 0.7*max(0, 1-age/30) },
		"fast slump": func(age float64) float64 { return -2.2 - 0.7*max(0, 1-age/10) },
		"a holiday":  func(age float64) float64 { return -2.2 - 2*btof(age < 30 && age > 20) },
	}
	for name, logOdds := range shapes {
		for seed := range uint64(5) {
			random := rand.New(rand.NewPCG(seed, 8))
			created, won, x := make([]int64, n), make([]bool, n), make([]float64, n)
			for r := range n {
				age := span * random.Float64()
				created[r], won[r], x[r] = firstLead-int64(age*float64(day)), random.Float64() < Sigmoid(logOdds(age)), random.Float64()
			}
			o := options()
			o.Label = Label{Column: "converted", AsOf: features.FormatTime(firstLead)}
			tr, err := prepare(tableOf(t, timed("created_at", features.RoleCreatedAt, created), numeric("x", features.RoleFeature, x), yesNo(won)), o)
			if err != nil {
				t.Fatal(err)
			}
			if err := tr.finished(); err != nil {
				t.Errorf("%s, seed %d: %v", name, seed, err)
			}
		}
	}
}
