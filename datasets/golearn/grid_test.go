package golearn

import (
	"errors"
	"math"
	"testing"

	"github.com/sjwhitworth/golearn/base"

	"github.com/leadscore/leadscore/features"
)

// checkGrid compares every value that the grid gives with the table's.
func checkGrid(t *testing.T, grid base.FixedDataGrid, table *features.Table, row func(i int) int) {
	t.Helper()
	lead := table.Schema.NewLead()
	_, rows := grid.Size()
	for i := range rows {
		table.Lead(row(i), lead)
		for _, a := range grid.AllAttributes() {
			spec, err := grid.GetAttribute(a)
			if err != nil {
				t.Fatal(err)
			}
			got, want := grid.Get(spec, i), lead.Values[table.Schema.Index(a.GetName())]
			if _, isFloat := a.(*base.FloatAttribute); isFloat {
				x := want.Number
				switch {
				case !want.Present:
					x = math.NaN()
				case a.GetName() == "founded":
					x = features.Days(want.Time)
				}
				if y := base.UnpackBytesToFloat(got); y != x && !(math.IsNaN(x) && math.IsNaN(y)) {
					t.Fatalf("row %d, %s: %v, want %v", i, a.GetName(), y, x)
				}
				continue
			}
			if !want.Present {
				want.Text = features.MissingText
			}
			if text := a.GetStringFromSysVal(got); text != want.Text {
				t.Fatalf("row %d, %s: %q, want %q", i, a.GetName(), text, want.Text)
			}
		}
	}
}

func same(i int) int { return i }

func TestGridHoldsTheTable(t *testing.T) {
	table := sampleTable(t, 500, 2)
	grid, err := NewGrid(table)
	if err != nil {
		t.Fatal(err)
	}
	if attributes, rows := grid.Size(); attributes != 7 || rows != 500 {
		t.Errorf("%d attributes and %d rows, want 6 features, the outcome and 500 rows", attributes, rows)
	}
	if class := grid.AllClassAttributes(); len(class) != 1 || class[0].GetName() != "won" {
		t.Errorf("class %v, want won", class)
	}
	checkGrid(t, grid, table, same)

	t.Run("copied by golearn", func(t *testing.T) { checkGrid(t, base.NewDenseCopy(grid), table, same) })
	t.Run("seen through a view", func(t *testing.T) {
		rows := []int{499, 3, 77, 3}
		view := base.NewInstancesViewFromVisible(grid, rows, grid.AllAttributes()[1:])
		checkGrid(t, view, table, func(i int) int { return rows[i] })
	})
}

func TestFilled(t *testing.T) {
	grid := sampleGrid(t, 400, 17)
	filled := grid.Filled()
	for _, a := range grid.AllAttributes() {
		spec, err := filled.GetAttribute(a)
		if err != nil {
			t.Fatal(err)
		}
		var sum, count, mean float64
		for row := range 400 {
			was, is := grid.Get(spec, row), filled.Get(spec, row)
			_, isFloat := a.(*base.FloatAttribute)
			x := base.UnpackBytesToFloat(was)
			switch {
			case isFloat && math.IsNaN(x):
				mean = base.UnpackBytesToFloat(is)
			case string(was) != string(is):
				t.Fatalf("row %d, %s: a value that was there has changed", row, a.GetName())
			case isFloat:
				sum, count = sum+x, count+1
			}
		}
		if a.GetName() == "spend" && mean != sum/count {
			t.Errorf("missing spend became %v, want the mean %v", mean, sum/count)
		}
	}
}

func TestGridMapsOverRows(t *testing.T) {
	grid := sampleGrid(t, 20, 3)
	specs := base.ResolveAttributes(grid, grid.AllAttributes())
	seen := 0
	err := grid.MapOverRows(specs, func(values [][]byte, row int) (bool, error) {
		for i, spec := range specs {
			if string(values[i]) != string(grid.Get(spec, row)) {
				t.Errorf("row %d: attribute %d differs from Get", row, i)
			}
		}
		seen++
		return row < 9, nil
	})
	if err != nil || seen != 10 {
		t.Errorf("%d rows (%v), want to stop after 10", seen, err)
	}
	broken := errors.New("broken")
	if err := grid.MapOverRows(nil, func([][]byte, int) (bool, error) { return true, broken }); err != broken {
		t.Errorf("error %v, want the function's own", err)
	}
	if text := grid.RowString(0); text == "" {
		t.Error("a row has no text")
	}
}

func TestGridWantsAnOutcome(t *testing.T) {
	table := sampleTable(t, 10, 4)
	reduced, err := table.Without("won")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewGrid(reduced); err == nil {
		t.Error("a grid without an outcome")
	}
}

// The way back: a grid read as a table of the same schema is the table, the columns that no grid has left out.
func TestTableRoundTrip(t *testing.T) {
	table := sampleTable(t, 300, 5)
	grid, err := NewGrid(table)
	if err != nil {
		t.Fatal(err)
	}
	back, err := tableOf(grid, table.Schema)
	if err != nil {
		t.Fatal(err)
	}
	want, got := table.Schema.NewLead(), table.Schema.NewLead()
	for row := range table.Rows {
		table.Lead(row, want)
		back.Lead(row, got)
		for i := range want.Values {
			if want.Values[i] != got.Values[i] {
				t.Fatalf("row %d, %s: %+v, want %+v", row, table.Schema.Fields()[i].Name, got.Values[i], want.Values[i])
			}
		}
	}
}

func TestTableRefusesOtherGrids(t *testing.T) {
	schema := sampleTable(t, 10, 6).Schema
	grid := base.NewDenseInstances()
	if _, err := tableOf(grid, schema); err == nil {
		t.Error("a grid without the features")
	}
	for _, f := range schema.Fields() { // every attribute of the other type
		var a base.Attribute = base.NewFloatAttribute(f.Name)
		if f.Kind != features.Category {
			c := base.NewCategoricalAttribute()
			c.SetName(f.Name)
			a = c
		}
		grid.AddAttribute(a)
	}
	if _, err := tableOf(grid, schema); err == nil {
		t.Error("a grid whose attributes are of other types")
	}
}
