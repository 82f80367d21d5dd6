package golearn

import (
	"errors"
	"maps"
	"math"
	"path/filepath"
	"testing"

	"github.com/sjwhitworth/golearn/base"
	"github.com/sjwhitworth/golearn/ensemble"
	"github.com/sjwhitworth/golearn/evaluation"
	"github.com/sjwhitworth/golearn/meta"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

func fitted(t *testing.T, grid base.FixedDataGrid) *Classifier {
	t.Helper()
	c := NewClassifier(DefaultOptions())
	if err := c.Fit(grid); err != nil {
		t.Fatal(err)
	}
	return c
}

func probabilities(t *testing.T, c *Classifier, grid base.FixedDataGrid) []float64 {
	t.Helper()
	p, err := c.Probabilities(grid)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Going through golearn changes nothing: a model gives the same probabilities, to the bit, as without it, and one that
// is fitted on the grid is the same optimum: of the plain recipe, whose objective does not depend on the order of columns
// (penalties are learnt to a tolerance).
func TestClassifierIsTheModel(t *testing.T) {
	table := sampleTable(t, 2000, 7)
	grid, err := NewGrid(table)
	if err != nil {
		t.Fatal(err)
	}
	o := DefaultOptions()
	o.Recipe = model.RecipePlain
	direct, again := train(t, table, o), NewClassifier(o)
	if err := again.Fit(grid); err != nil {
		t.Fatal(err)
	}
	p, wrapped := probabilities(t, again, grid), probabilities(t, Wrap(direct), grid)
	lead := table.Schema.NewLead()
	for row := range table.Rows {
		table.Lead(row, lead)
		if want := direct.Score(lead).Probability; math.Abs(p[row]-want) > 1e-9 || wrapped[row] != want {
			t.Fatalf("row %d: fitted %v, wrapped %v, want %v", row, p[row], wrapped[row], want)
		}
	}
}

func TestPredictLabelsByThreshold(t *testing.T) {
	grid := sampleGrid(t, 1000, 8)
	c := fitted(t, grid)
	converted := make([]bool, 1000)
	for row := range converted {
		converted[row] = base.GetClass(grid, row) == "yes"
	}
	for _, threshold := range []float64{0, 0.2, 0.5, 1} {
		c.Threshold = threshold
		labels, err := c.Predict(grid)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := evaluation.GetConfusionMatrix(grid, labels)
		if err != nil {
			t.Fatal(err)
		}
		counts, err := Count(probabilities(t, c, grid), converted, threshold)
		if err != nil {
			t.Fatal(err)
		}
		ours := counts.Confusion("no", "yes")
		if !maps.EqualFunc(ours, theirs, func(a, b map[string]int) bool { return maps.Equal(a, b) }) {
			t.Errorf("threshold %v: %v, want golearn's %v", threshold, ours, theirs)
		}
	}
}

// foldRecorder notes what each fold was trained on.
type foldRecorder struct {
	*Classifier
	used   []int
	models map[string]bool
}

func (r *foldRecorder) Fit(grid base.FixedDataGrid) error {
	err := r.Classifier.Fit(grid)
	r.used = append(r.used, r.Model().Data().Used)
	r.models[r.Model().Identity().ID] = true
	return err
}

func TestCrossValidationRetrains(t *testing.T) {
	grid := sampleGrid(t, 3000, 9)
	r := &foldRecorder{NewClassifier(DefaultOptions()), nil, map[string]bool{}}
	folds, err := evaluation.GenerateCrossFoldValidationConfusionMatrices(grid, r, 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(folds) != 4 || len(r.models) != 4 {
		t.Fatalf("%d folds and %d different models, want 4", len(folds), len(r.models))
	}
	for i, m := range folds {
		tested := 0
		for _, labels := range m {
			for _, count := range labels {
				tested += count
			}
		}
		if r.used[i]+tested != 3000 {
			t.Errorf("fold %d: trained on %d leads, tested on %d of 3000", i, r.used[i], tested)
		}
	}
	larger := float64(base.GetClassDistribution(grid)["no"]) / 3000
	if mean, _ := evaluation.GetCrossValidatedMetric(folds, evaluation.GetAccuracy); mean < larger+0.02 {
		t.Errorf("accuracy %.3f, little above the larger class's share of %.3f", mean, larger)
	}
}

func TestSaveAndLoad(t *testing.T) {
	grid := sampleGrid(t, 500, 10)
	c := fitted(t, grid)
	c.Threshold = 0.3
	path := filepath.Join(t.TempDir(), "classifier")
	if err := c.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded := NewClassifier(DefaultOptions())
	if err := loaded.Load(path); err != nil {
		t.Fatal(err)
	}
	if loaded.Threshold != 0.3 || loaded.String() != c.String() {
		t.Errorf("%v with threshold %v, want %v with 0.3", loaded, loaded.Threshold, c)
	}
	want := probabilities(t, c, grid)
	for row, p := range probabilities(t, loaded, grid) {
		if p != want[row] {
			t.Fatalf("row %d: %v, want %v", row, p, want[row])
		}
	}
}

// golearn's ensembles over our grid: bags of our classifier, and a forest of its own trees.
func TestEnsembles(t *testing.T) {
	learn, test := sampleGrid(t, 500, 11).Filled(), sampleGrid(t, 500, 12).Filled()
	bag := &meta.BaggedModel{RandomFeatures: 4}
	for range 3 {
		bag.AddModel(NewClassifier(DefaultOptions()))
	}
	bag.Fit(learn)
	voted, err := bag.Predict(test)
	if err != nil {
		t.Fatal(err)
	}
	forest := ensemble.NewRandomForest(5, 3)
	if err := forest.Fit(learn); err != nil {
		t.Fatal(err)
	}
	grown, err := forest.Predict(test)
	if err != nil {
		t.Fatal(err)
	}
	for name, labels := range map[string]base.FixedDataGrid{"bag of our classifiers": voted, "golearn's forest": grown} {
		m, err := evaluation.GetConfusionMatrix(test, labels)
		if err != nil {
			t.Fatal(err)
		}
		if accuracy := evaluation.GetAccuracy(m); accuracy < 0.6 {
			t.Errorf("%s: accuracy %.3f", name, accuracy)
		}
	}
}

func TestStagesAsClasses(t *testing.T) {
	stage := base.NewCategoricalAttribute()
	stage.SetName("stage")
	visits := base.NewFloatAttribute("visits")
	trial := base.NewBinaryAttribute("trial")
	grid := base.NewDenseInstances()
	class, number, flag := grid.AddAttribute(stage), grid.AddAttribute(visits), grid.AddAttribute(trial)
	if err := grid.AddClassAttribute(stage); err != nil {
		t.Fatal(err)
	}
	if err := grid.Extend(200); err != nil {
		t.Fatal(err)
	}
	for row := range 200 {
		text := "Closed Lost"
		if (row*7)%10 < row/25 {
			text = "Closed Won"
		}
		grid.Set(class, row, stage.GetSysValFromString(text))
		grid.Set(number, row, base.PackFloatToBytes(float64(row)))
		grid.Set(flag, row, []byte{byte(row % 2)})
	}
	c := NewClassifier(DefaultOptions())
	if err := c.Fit(grid); err == nil {
		t.Error("stages without a label that says which of them are won")
	}
	c.Options.Label = model.Label{Won: []string{"Closed Won"}, Lost: []string{"Closed Lost"}}
	if err := c.Fit(grid); err != nil {
		t.Fatal(err)
	}
	labels, err := c.Predict(grid)
	if err != nil {
		t.Fatal(err)
	}
	if first, last := base.GetClass(labels, 0), base.GetClass(labels, 199); first != "Closed Lost" || last != "Closed Won" {
		t.Errorf("%q with the fewest visits, %q with the most", first, last)
	}
}

func TestUnseenLevelsContributeNothing(t *testing.T) {
	table := sampleTable(t, 500, 13)
	c := Wrap(train(t, table, DefaultOptions()))
	odd := sampleTable(t, 1, 14)
	odd.Columns[odd.Schema.Index("source")].Levels = []string{"carrier pigeon", "pigeon", "pigeons"}
	grid, err := NewGrid(odd)
	if err != nil {
		t.Fatal(err)
	}
	lead := odd.Schema.NewLead()
	odd.Lead(0, lead)
	if p := probabilities(t, c, grid); p[0] != c.Model().Score(lead).Probability {
		t.Errorf("%v, want %v", p[0], c.Model().Score(lead).Probability)
	}
}

func TestClassifierRefuses(t *testing.T) {
	grid := sampleGrid(t, 300, 15)
	c := NewClassifier(DefaultOptions())
	if _, err := c.Predict(grid); !errors.Is(err, ErrNotFitted) {
		t.Errorf("predicting before fitting: %v", err)
	}
	if err := c.Save(filepath.Join(t.TempDir(), "c")); !errors.Is(err, ErrNotFitted) {
		t.Errorf("saving before fitting: %v", err)
	}
	unclassed := base.NewInstancesViewFromAttrs(grid, base.NonClassAttributes(grid))
	if err := c.Fit(unclassed); err == nil {
		t.Error("fitted on a grid without a class")
	}
	if err := c.Load(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("loaded a file that is not there")
	}
	lost := make([]int, 0, 300)
	for row := range 300 {
		if base.GetClass(grid, row) == "no" {
			lost = append(lost, row)
		}
	}
	one := base.NewInstancesViewFromVisible(grid, lost, grid.AllAttributes())
	if err := c.Fit(one); !errors.Is(err, model.ErrOneClass) {
		t.Errorf("fitting one class: %v", err)
	}
	fit := fitted(t, grid)
	visits := base.GetAttributeByName(grid, "visits")
	few := base.NewInstancesViewFromAttrs(grid, []base.Attribute{visits, grid.AllClassAttributes()[0]})
	if _, err := fit.Predict(few); err == nil {
		t.Error("predicted without the model's features")
	}
	if features.MissingText != "(missing)" {
		t.Errorf("the grid calls missing %q: the package comment says (missing)", features.MissingText)
	}
}
