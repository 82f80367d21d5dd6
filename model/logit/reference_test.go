package logit

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// The data sets and values of testdata are made by testdata/reference.R.

// table reads a CSV file into columns by name.
func table(t *testing.T, name string) (header []string, columns map[string][]string) {
	t.Helper()
	file, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns = map[string][]string{}
	for j, h := range rows[0] {
		for _, row := range rows[1:] {
			columns[h] = append(columns[h], row[j])
		}
	}
	return rows[0], columns
}

func floats(t *testing.T, cells []string) []float64 {
	t.Helper()
	x := make([]float64, len(cells))
	for i, s := range cells {
		x[i] = math.NaN()
		if s != "" {
			var err error
			if x[i], err = strconv.ParseFloat(s, 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	return x
}

// referenceProblem reads a data set; the columns up to the number of categories are categories.
func referenceProblem(t *testing.T, name string, categories int, ridge float64) (Problem, []string) {
	t.Helper()
	header, columns := table(t, name+".csv")
	p := Problem{Targets: floats(t, columns["target"]), Weights: floats(t, columns["weight"])}
	p.Rows = len(p.Targets)
	names := header[:len(header)-2]
	for j, h := range names {
		x := floats(t, columns[h])
		if j < categories {
			c := Column{Ridge: ridge}
			for _, v := range x {
				c.Codes.U8 = append(c.Codes.U8, uint8(v))
				c.Levels = max(c.Levels, int(v)+1)
			}
			p.Columns = append(p.Columns, c)
			continue
		}
		p.Columns = append(p.Columns, referenceNumber(x, ridge))
	}
	return p, names
}

func referenceNumber(x []float64, ridge float64) Column {
	c := Column{Numbers: Numbers{F64: x}, Ridge: ridge}
	total, n := 0.0, 0.0
	for _, v := range x {
		if math.IsNaN(v) {
			c.Flag = true
		} else {
			total, n = total+v, n+1
		}
	}
	c.Center = total / n
	square := 0.0
	for _, v := range x {
		if !math.IsNaN(v) {
			square += (v - c.Center) * (v - c.Center)
		}
	}
	c.Scale = math.Sqrt(square / n)
	return c
}

func TestReference(t *testing.T) {
	for _, test := range []struct {
		name       string
		categories int
		ridge      float64
	}{{"leads", 2, 1}, {"fractions", 2, .25}} {
		for _, kind := range []string{"glm", "ridge"} {
			t.Run(test.name+"/"+kind, func(t *testing.T) {
				o := DefaultOptions()
				o.StandardErrors = FullErrors
				ridge := test.ridge
				if kind == "glm" {
					o.Reference, ridge = true, 0
				}
				p, names := referenceProblem(t, test.name, test.categories, ridge)
				f := mustFit(t, p, o)
				_, want := table(t, fmt.Sprintf("%s.%s.csv", test.name, kind))
				compare(t, f, names, want["term"], floats(t, want["value"]), floats(t, want["error"]))
			})
		}
	}
}

// compare asks for coefficients to 1e-9 and standard errors to 1e-6 of theirs.
func compare(t *testing.T, f *Fit, names, terms []string, values, errors []float64) {
	t.Helper()
	for i, term := range terms {
		got, se := f.Intercept, f.InterceptSE
		switch name, level, _ := strings.Cut(term, ":"); name {
		case "intercept":
		case "objective":
			if math.Abs(f.Objective-values[i]) > 1e-10*values[i] {
				t.Errorf("objective %v, want %v", f.Objective, values[i])
			}
			continue
		default:
			k, err := strconv.Atoi(level)
			if err != nil {
				t.Fatal(err)
			}
			for j := range names {
				if names[j] == name {
					got, se = f.Coefficients[j][k], f.StandardErrors[j][k]
				}
			}
		}
		if math.Abs(got-values[i]) > 1e-9 {
			t.Errorf("%s: coefficient %v, want %v", term, got, values[i])
		}
		if math.Abs(se-errors[i]) > 1e-6*errors[i] {
			t.Errorf("%s: standard error %v, want %v", term, se, errors[i])
		}
	}
}
