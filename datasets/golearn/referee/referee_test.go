package referee

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sjwhitworth/golearn/base"
	"github.com/sjwhitworth/golearn/linear_models"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// TestMain runs the tests in a process that may hand liblinear its arrays.
func TestMain(m *testing.M) {
	if Unchecked() {
		base.SetLoggerOut(io.Discard)
		os.Exit(m.Run())
	}
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	child := exec.Command(path, os.Args[1:]...)
	child.Env = append(os.Environ(), "GODEBUG=cgocheck=0")
	child.Stdout, child.Stderr = os.Stdout, os.Stderr
	if err := child.Run(); err != nil && child.ProcessState == nil {
		panic(err)
	}
	os.Exit(child.ProcessState.ExitCode())
}

// sampleTable draws leads with a rare level, a missing level and missing numbers.
func sampleTable(t *testing.T, rows int) *features.Table {
	t.Helper()
	schema, err := features.NewSchema([]features.Field{
		{Name: "source", Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleFeature},
		{Name: "size", Type: features.Type{Base: features.Float64}, Kind: features.Number, Role: features.RoleFeature},
		{Name: "visits", Type: features.Type{Base: features.Float64}, Kind: features.Number, Role: features.RoleFeature},
		{Name: "won", Type: features.Type{Base: features.Bool}, Kind: features.Category, Role: features.RoleOutcome},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &features.Batch{Schema: schema, Rows: rows, Vectors: make([]features.Vector, 4)}
	b.Vectors[0].Dictionary = &features.Dictionary{Levels: []string{"search", "referral", "list", "fair"}}
	b.Vectors[3].Dictionary = &features.Dictionary{Levels: []string{"false", "true"}}
	random := rand.New(rand.NewPCG(1, 2))
	for row := range rows {
		source := uint32(random.IntN(3))
		switch {
		case row%500 == 7:
			source = 3
		case row%11 == 0:
			source = features.NoCode
		}
		size, visits := math.Exp(random.NormFloat64()), random.ExpFloat64()
		eta := -2 + 0.4*size - 0.9*visits
		if source == 1 {
			eta += 1.1
		}
		if row%7 == 0 {
			size = math.NaN()
		}
		won := uint32(0)
		if random.Float64() < model.Sigmoid(eta) {
			won = 1
		}
		b.Vectors[0].Codes = append(b.Vectors[0].Codes, source)
		b.Vectors[1].Numbers = append(b.Vectors[1].Numbers, size)
		b.Vectors[2].Numbers = append(b.Vectors[2].Numbers, visits)
		b.Vectors[3].Codes = append(b.Vectors[3].Codes, won)
	}
	builder := features.NewBuilder(schema, rows)
	if err := builder.Add(b); err != nil {
		t.Fatal(err)
	}
	return builder.Table()
}

func train(t *testing.T, table *features.Table, lambda float64) *model.Model {
	t.Helper()
	o := model.DefaultOptions()
	o.Recipe, o.Label.Column, o.L2, o.Holdout, o.Tolerance = model.RecipePlain, "won", lambda, 0, 1e-11
	training, err := model.Train(t.Context(), table, o)
	if err != nil {
		t.Fatal(err)
	}
	return training.Model
}

func TestLiblinearAgrees(t *testing.T) {
	table := sampleTable(t, 4000)
	for _, lambda := range []float64{0.3, 1, 20} {
		m := train(t, table, lambda)
		for _, c := range []struct {
			solver Solver
			within float64
		}{{Dual, 1e-9}, {Primal, 1e-5}} {
			result, err := Compare(m, table, lambda, c.solver)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(result.Coefficients); n != 9 { // intercept, five levels, two slopes, a missing flag
				t.Errorf("λ = %v: %d coefficients, want 9", lambda, n)
			}
			if worst := result.Largest(); !(worst.Difference() <= c.within) {
				t.Errorf("λ = %v, solver %d: %+v", lambda, c.solver, worst)
			}
		}
	}
}

// A referee that is told our answer must not be taken in by a wrong one.
func TestLiblinearDisagreesWithWrongAnswers(t *testing.T) {
	table := sampleTable(t, 2000)
	m := train(t, table, 1)
	for _, lambda := range []float64{0.99, 1.01} {
		result, err := Compare(m, table, lambda, Dual)
		if err != nil {
			t.Fatal(err)
		}
		if result.Largest().Difference() < 1e-4 {
			t.Errorf("the answer to λ = 1 passes for that to λ = %v: %+v", lambda, result.Largest())
		}
	}
	y, err := outcomes(table)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(c *coefficients){
		"intercept": func(c *coefficients) { c.Intercept += 1e-4 },
		"level":     func(c *coefficients) { c.Coefficients[0].Values[1] += 1e-4 },
		"slope":     func(c *coefficients) { c.Coefficients[2].Values[0] += 1e-4 },
	} {
		c, err := read(m)
		if err != nil {
			t.Fatal(err)
		}
		spoil(c)
		result, err := c.compare(m.Encoder(), table, y, 1, Dual)
		if err != nil {
			t.Fatal(err)
		}
		if result.Largest().Difference() < 2e-5 {
			t.Errorf("a wrong %s passes: %+v", name, result.Largest())
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	table := sampleTable(t, 500)
	m := train(t, table, 1)
	if _, err := Compare(m, table, 0, Dual); err == nil {
		t.Error("λ = 0")
	}
	if _, err := Compare(m, sampleTable(t, 501), 1, Dual); err == nil {
		t.Error("another table")
	}
	if _, err := Solve(nil, nil, 1, Dual); err == nil {
		t.Error("no rows")
	}
	t.Setenv("GODEBUG", "")
	if _, err := Compare(m, table, 1, Dual); !errors.Is(err, ErrChecked) {
		t.Errorf("without GODEBUG: %v", err)
	}
}

func TestParse(t *testing.T) {
	head := "solver_type L2R_LR\nnr_class 2\nlabel %s\nnr_feature 2\nbias -1\nw\n"
	for label, sign := range map[string]float64{"1 -1": 1, "-1 1": -1} {
		w, err := parse(replace(head, label)+"0.5 \n-2e-3 \n0 \n", 2)
		if err != nil || w[0] != sign*0.5 || w[1] != -sign*2e-3 {
			t.Errorf("label %s: %v (%v)", label, w, err)
		}
	}
	for _, text := range []string{"", replace(head, "1 -1") + "0.5\n", replace(head, "1 2") + "1\n2\n", replace(head, "1 -1") + "x\n2\n"} {
		if w, err := parse(text, 2); err == nil {
			t.Errorf("%q: %v", text, w)
		}
	}
}

func replace(head, label string) string { return strings.Replace(head, "%s", label, 1) }

// Why golearn's own LogisticRegression is no use here; one that fails is good news.
func TestGolearnsPredictIgnoresNegatives(t *testing.T) {
	x := make([][]float64, 200)
	y := make([]float64, 200)
	for i := range x {
		x[i] = []float64{float64(i-100) + 0.5}
		if y[i] = 1; x[i][0] > 0 {
			y[i] = -1
		}
	}
	m := linear_models.Train(linear_models.NewProblem(x, y, 0), linear_models.NewParameter(linear_models.L2R_LR, 1, 1e-6))
	wrong := 0
	for i := range x {
		if linear_models.Predict(m, x[i]) != y[i] {
			wrong++
		}
	}
	if wrong == 0 {
		t.Error("a number that separates the classes at 0 is predicted right: Predict no longer ignores negative values")
	}
	t.Logf("%d of 200 separable rows labelled wrong", wrong)
}
