package model

import (
	"context"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
)

// benchmarkVariable names a Parquet file of leads whose true probability is known, in a column p_true beside converted. Laws
// of intervals are then looked at on them too, each set being the next leads of the file.
const benchmarkVariable = "LEADSCORE_BENCH_LEADS"

func benchmarkAsked() bool { return os.Getenv(benchmarkVariable) != "" }

const (
	benchmarkTruth = "benchmark" // the name of the sets
	outcomeColumn  = "converted"
	truthColumn    = "p_true"
)

// benchmarkTable reads the file once.
var benchmarkTable = sync.OnceValues(func() (*features.Table, error) {
	d, err := datasets.Open([]string{os.Getenv(benchmarkVariable)})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var fields []features.Field
	for _, c := range d.Columns() {
		f := features.Field{Name: c.Name, Type: c.Type, Kind: features.Category, Role: features.RoleFeature}
		switch {
		case c.Name == outcomeColumn:
			f.Role = features.RoleOutcome
		case c.Type.Numeric():
			f.Kind = features.Number
		}
		fields = append(fields, f)
	}
	schema, err := features.NewSchema(fields, nil)
	if err != nil {
		return nil, err
	}
	b := features.NewBuilder(schema, d.Rows())
	if err := d.Load(context.Background(), schema, datasets.DefaultReadOptions(), b.AddColumn); err != nil {
		return nil, err
	}
	return b.Table(), nil
})

// benchmark is a set of leads of the file, from a row on, the outcome last.
func benchmark(t testing.TB, from, rows int) drawn {
	t.Helper()
	table, err := benchmarkTable()
	if err != nil {
		t.Fatal(err)
	}
	if from+rows > table.Rows {
		t.Fatalf("%s has %d leads, want %d", benchmarkVariable, table.Rows, from+rows)
	}
	lead := table.Schema.NewLead()
	fields := table.Schema.Fields()
	texts, numbers := make([][]string, len(fields)), make([][]float64, len(fields))
	for r := range rows {
		table.Lead(from+r, lead)
		for i, v := range lead.Values {
			x := nan
			if v.Present {
				x = v.Number
			}
			texts[i], numbers[i] = append(texts[i], v.Text), append(numbers[i], x)
		}
	}
	var d drawn
	var won []bool
	for i, f := range fields {
		switch {
		case f.Name == truthColumn:
			d.p = numbers[i]
		case f.Name == outcomeColumn:
			for _, text := range texts[i] {
				y, err := strconv.ParseBool(text)
				if err != nil {
					t.Fatal(err)
				}
				won = append(won, y)
			}
		case f.Kind == features.Number:
			d.columns = append(d.columns, numeric(f.Name, features.RoleFeature, numbers[i]))
		default:
			d.columns = append(d.columns, category(f.Name, features.RoleFeature, texts[i]))
		}
	}
	if d.p == nil || won == nil {
		t.Fatalf("%s lacks %s or %s", benchmarkVariable, truthColumn, outcomeColumn)
	}
	d.columns = append(d.columns, yesNo(won))
	return d
}
