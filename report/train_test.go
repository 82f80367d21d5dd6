package report

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// trainedOn trains a model on n made-up leads of two sources, a number that is sometimes missing and a creation
// time, of whom about a tenth converts.
func trainedOn(t *testing.T, n int, change func(*model.Options)) *model.Training {
	t.Helper()
	text, number := features.Type{Base: features.String}, features.Type{Base: features.Float64}
	schema, err := features.NewSchema([]features.Field{
		{Name: "created_at", Type: features.Type{Base: features.Timestamp}, Kind: features.Time, Role: features.RoleCreatedAt},
		{Name: "source", Type: text, Kind: features.Category, Role: features.RoleSource},
		{Name: "employees", Type: number, Kind: features.Number, Role: features.RoleFeature},
		{Name: "converted", Type: text, Kind: features.Category, Role: features.RoleOutcome},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 7))
	sources := &features.Dictionary{Levels: []string{"referral", "list"}}
	outcomes := &features.Dictionary{Levels: []string{"no", "yes"}}
	batch := features.Batch{Schema: schema, Rows: n, Vectors: []features.Vector{{Times: make([]int64, n)}, {Dictionary: sources, Codes: make([]uint32, n)}, {Numbers: make([]float64, n)}, {Dictionary: outcomes, Codes: make([]uint32, n)}}}
	for i := range n {
		source, employees := uint32(random.IntN(2)), math.Round(math.Exp(3+random.NormFloat64()))
		eta := -2.2 - 1.1*float64(source) + 0.01*employees
		if random.IntN(8) == 0 {
			employees = math.NaN()
		}
		batch.Vectors[0].Times[i] = 1_700_000_000_000_000 + int64(i)*3_600_000_000
		batch.Vectors[1].Codes[i], batch.Vectors[2].Numbers[i] = source, employees
		if random.Float64() < model.Sigmoid(eta) {
			batch.Vectors[3].Codes[i] = 1
		}
	}
	builder := features.NewBuilder(schema, n)
	if err := builder.Add(&batch); err != nil {
		t.Fatal(err)
	}
	options := model.DefaultOptions()
	options.Label.Column = "converted"
	options.Workers = 1
	change(&options)
	training, err := model.Train(context.Background(), builder.Table(), options)
	if err != nil {
		t.Fatal(err)
	}
	return training
}

// What the trainer really gives is drawn, and what the options leave empty is read off the model.
func TestPageOfARealTraining(t *testing.T) {
	training := trainedOn(t, 3000, func(*model.Options) {})
	page := written(t, training, DefaultOptions())
	all := parse(t, page)
	if got := len(elementsNamed(all, "svg")); got != 7+len(training.Effects)+1+2 || len(training.Effects) < 2 {
		t.Errorf("%d pictures, want seven, one for each of %d effects, one of the periods, and two of drift", got, len(training.Effects))
	}
	for _, want := range []string{
		training.Model.Identity().ID, training.Model.Label().String(), "source, also a feature", "By source", "By cohort", ">missing<",
		fmt.Sprintf("tested on the %s leads after them", count(float64(training.Split.HoldoutRows))),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestPageOfATrainingWithoutHoldout(t *testing.T) {
	training := trainedOn(t, 1000, func(o *model.Options) { o.Holdout = 0 })
	page := written(t, training, DefaultOptions())
	if got := len(elementsNamed(parse(t, page), "svg")); got != 1+len(training.Effects)+1 || len(training.Effects) < 2 {
		t.Errorf("%d pictures, want the ranking, %d effects and the periods", got, len(training.Effects))
	}
	if want := "there are no holdout figures"; !strings.Contains(page, want) {
		t.Errorf("the page does not say %q", want)
	}
}

// A model sees an instant as days since 1970; a reader sees dates.
func TestInstantsAreShownAsDates(t *testing.T) {
	training := sampleTraining(2)
	e := &training.Effects[1]
	for i := range e.Points {
		e.Points[i].X = 19000 + 10*float64(i)
		e.Points[i].Label = features.FormatNumber(e.Points[i].X)
	}
	options := sampleOptions(training)
	options.Fields = []features.Field{{Name: e.Feature, Kind: features.Time, Role: features.RoleFeature}}
	page := written(t, training, options)
	for _, want := range []string{">2022-01-08</text>", `<th scope="row" class="word">2022-01-18</th>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
