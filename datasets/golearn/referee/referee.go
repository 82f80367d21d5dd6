// Package referee turns a trained model and its leads into the coefficients that golearn's bundled liblinear finds for
// the same problem, and into the differences between the two.
//
// Both minimise
//
//	½λ|β|² + Σ log(1 + exp(−yᵢηᵢ)),   ηᵢ = b + Σₖ βₖ zᵢₖ,   y = ±1
//
// over full one-hot levels and standardised numbers; liblinear writes it as ½|w|² + C Σ log(…) with C = 1/λ. But it
// has no free intercept: one can only be had as the coefficient w₀ of a column of ones, which is penalised like the
// others. The penalty is harmless where it has no slope, at w₀ = 0. So the problem is written down anew, about our
// intercept b and the steepest slope βₛ of a number: with s = b/βₛ, that number enters as z + s, so that
//
//	η = w₀ + Σ wₖzₖ + wₛ·s,   an intercept of w₀ + wₛ·s in our terms.
//
// If (b, β) is our problem's minimum, then w₀ = 0, w = β is liblinear's, exactly. If it is not, liblinear, which is
// free to move both, ends elsewhere.
//
// liblinear's arrays hold Go pointers, so a process that calls Solve needs GODEBUG=cgocheck=0; Unchecked says
// whether it has it.
package referee

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sjwhitworth/golearn/linear_models"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// Solver is one of liblinear's two for this problem.
type Solver int

const (
	Dual   Solver = linear_models.L2R_LR_DUAL // coordinate descent, until no coordinate can be improved by the tolerance
	Primal Solver = linear_models.L2R_LR      // trust region Newton, until a step gains less than 1e-12 of the objective
)

// tolerance is what liblinear is asked for: less than it reaches.
const tolerance = 1e-12

// Coefficient is one coefficient as both solvers found it.
type Coefficient struct {
	Name      string // feature=level, feature, or "intercept"
	Ours      float64
	Liblinear float64
}

// Difference is how far the two are apart.
func (c Coefficient) Difference() float64 { return math.Abs(c.Ours - c.Liblinear) }

// Comparison is the coefficients of a model beside liblinear's, the intercept first.
type Comparison struct {
	Rows         int
	Coefficients []Coefficient
}

// Largest returns the coefficient on which the two differ most.
func (c *Comparison) Largest() Coefficient {
	return slices.MaxFunc(c.Coefficients, func(a, b Coefficient) int {
		switch x, y := a.Difference(), b.Difference(); {
		case x < y || math.IsNaN(y):
			return -1
		case x > y || math.IsNaN(x):
			return 1
		}
		return 0
	})
}

// Unchecked reports whether this process may hand liblinear its arrays.
func Unchecked() bool { return slices.Contains(strings.Split(os.Getenv("GODEBUG"), ","), "cgocheck=0") }

// ErrChecked is the error of a process that may not.
var ErrChecked = errors.New("referee: liblinear needs a process of its own, with GODEBUG=cgocheck=0")

// Compare lets liblinear solve the problem whose answer the model's coefficients are. The table is the one that the
// model was trained on, all rows of it, without case weights, and with the penalty λ.
func Compare(m *model.Model, table *features.Table, lambda float64, solver Solver) (*Comparison, error) {
	ours, err := read(m)
	if err != nil {
		return nil, err
	}
	switch {
	case !(lambda > 0):
		return nil, fmt.Errorf("referee: λ is %v: liblinear always penalises", lambda)
	case m.Data().Used != table.Rows || table.Schema.ByRole(features.RoleWeight) >= 0:
		return nil, fmt.Errorf("referee: the model used %d leads, want all %d, without weights", m.Data().Used, table.Rows)
	}
	y, err := outcomes(table)
	if err != nil {
		return nil, err
	}
	return ours.compare(m.Encoder(), table, y, lambda, solver)
}

// coefficients are those of an artifact, read from the file as anyone could.
type coefficients struct {
	Intercept    float64
	Coefficients []struct {
		Feature string
		Values  []float64
	}
}

func read(m *model.Model) (*coefficients, error) {
	var artifact bytes.Buffer
	if err := m.Encode(&artifact); err != nil {
		return nil, err
	}
	var file struct{ Payload json.RawMessage }
	if err := json.Unmarshal(artifact.Bytes(), &file); err != nil {
		return nil, fmt.Errorf("referee: artifact: %w", err)
	}
	c := &coefficients{}
	if err := json.Unmarshal(file.Payload, c); err != nil {
		return nil, fmt.Errorf("referee: artifact: %w", err)
	}
	return c, nil
}

// outcomes returns 1 for a lead that converted, −1 for one that did not.
func outcomes(table *features.Table) ([]float64, error) {
	i := table.Schema.ByRole(features.RoleOutcome)
	if i < 0 || table.Schema.Fields()[i].Kind != features.Category {
		return nil, fmt.Errorf("referee: the outcome must be a category of yes and no")
	}
	c := &table.Columns[i]
	y := make([]float64, table.Rows)
	for row := range y {
		code := c.Codes.At(row)
		if code >= len(c.Levels) {
			return nil, fmt.Errorf("referee: row %d has no outcome", row)
		}
		won, err := features.ParseBool(c.Levels[code])
		if err != nil {
			return nil, fmt.Errorf("referee: row %d: %w", row, err)
		}
		y[row] = -1
		if won {
			y[row] = 1
		}
	}
	return y, nil
}

// compare writes the problem down about our answer, solves it and puts the answers side by side.
func (c *coefficients) compare(e *features.Encoder, table *features.Table, y []float64, lambda float64, solver Solver) (*Comparison, error) {
	steepest, slope := -1, 0.0 // the number that carries the intercept
	start := make([]int, len(e.Terms()))
	size := 1 // coefficient 0 is that of the column of ones
	for k := range e.Terms() {
		t := &e.Terms()[k]
		if len(c.Coefficients[k].Values) != t.Size() {
			return nil, fmt.Errorf("referee: feature %q has %d coefficients, want %d", t.Name, len(c.Coefficients[k].Values), t.Size())
		}
		if b := c.Coefficients[k].Values[0]; t.IsNumber() && math.Abs(b) > math.Abs(slope) {
			steepest, slope = k, b
		}
		start[k] = size
		size += t.Size()
	}
	if steepest < 0 {
		return nil, fmt.Errorf("referee: no number has a slope to carry the intercept")
	}
	shift := c.Intercept / slope
	x := matrix(e, table, start, size)
	for _, row := range x {
		row[start[steepest]] += shift
	}
	w, err := Solve(x, y, 1/lambda, solver)
	if err != nil {
		return nil, err
	}
	result := &Comparison{Rows: table.Rows}
	result.Coefficients = append(result.Coefficients, Coefficient{"intercept", c.Intercept, w[0] + w[start[steepest]]*shift})
	for k := range e.Terms() {
		t := &e.Terms()[k]
		for i, b := range c.Coefficients[k].Values {
			name := t.Name
			if !t.IsNumber() || i > 0 {
				name += "=" + t.LevelName(i)
			}
			result.Coefficients = append(result.Coefficients, Coefficient{name, b, w[start[k]+i]})
		}
	}
	return result, nil
}

// matrix encodes the leads: a column of ones, then one column a coefficient. It is dense, as golearn wants it.
func matrix(e *features.Encoder, table *features.Table, start []int, size int) [][]float64 {
	values := make([]float64, table.Rows*size)
	x := make([][]float64, table.Rows)
	for row := range x {
		x[row] = values[row*size:][:size]
		x[row][0] = 1
	}
	all := features.AllRows(table.Rows)
	var codes []features.Code
	for k := range e.Terms() {
		codes = e.Codes(k, table, all, codes[:0])
		for row, code := range codes {
			if code.Level != features.NoLevel {
				x[row][start[k]+int(code.Level)] = code.Z
			}
		}
	}
	return x
}

// Solve lets liblinear minimise ½|w|² + C Σ log(1+exp(−yᵢ·w'xᵢ)), y = ±1, and returns w.
func Solve(x [][]float64, y []float64, c float64, solver Solver) ([]float64, error) {
	if !Unchecked() {
		return nil, ErrChecked
	}
	if len(x) == 0 || len(x) != len(y) {
		return nil, fmt.Errorf("referee: %d rows and %d outcomes", len(x), len(y))
	}
	// Note: NewProblem's bias writes to index 0, which liblinear reads as the coefficient before the first. Hence the
	// column of ones among x, and no bias here.
	problem := linear_models.NewProblem(x, y, 0)
	solved := linear_models.Train(problem, linear_models.NewParameter(int(solver), c, tolerance))
	folder, err := os.MkdirTemp("", "referee")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "liblinear.model")
	if err := linear_models.Export(solved, path); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(string(text), len(x[0]))
}

// parse reads the coefficients of a model file of liblinear's: a head, then one a line. They belong to the class that
// the head names first.
func parse(text string, size int) ([]float64, error) {
	head, body, found := strings.Cut(text, "\nw\n")
	lines := strings.Fields(body)
	if !found || len(lines) < size {
		return nil, fmt.Errorf("referee: liblinear wrote %d coefficients, want %d", len(lines), size)
	}
	sign := 1.0
	switch {
	case strings.Contains(head, "\nlabel -1 1"):
		sign = -1
	case !strings.Contains(head, "\nlabel 1 -1"):
		return nil, fmt.Errorf("referee: liblinear names neither class first: %q", head)
	}
	w := make([]float64, size)
	for i := range w {
		b, err := strconv.ParseFloat(lines[i], 64)
		if err != nil {
			return nil, fmt.Errorf("referee: liblinear's coefficient %d: %w", i, err)
		}
		w[i] = sign * b
	}
	return w, nil
}
