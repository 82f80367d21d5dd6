package golearn

import (
	"testing"

	"github.com/sjwhitworth/golearn/base"
	"github.com/sjwhitworth/golearn/filters"
)

// These tests show what the README says that golearn must not be used for. One that fails is good news.

// noise is a number of the given values, each of which both classes have equally often.
func noise(t *testing.T, values int) (*base.DenseInstances, base.Attribute) {
	t.Helper()
	number, class := base.NewFloatAttribute("noise"), base.NewCategoricalAttribute()
	class.SetName("won")
	grid := base.NewDenseInstances()
	x, y := grid.AddAttribute(number), grid.AddAttribute(class)
	if err := grid.AddClassAttribute(class); err != nil {
		t.Fatal(err)
	}
	if err := grid.Extend(20 * values); err != nil {
		t.Fatal(err)
	}
	for row := range 20 * values {
		grid.Set(x, row, base.PackFloatToBytes(float64(1+row/20)))
		grid.Set(y, row, class.GetSysValFromString([]string{"no", "yes"}[row%2]))
	}
	return grid, number
}

func TestChiMergeNeverMergesTwoClasses(t *testing.T) {
	grid, number := noise(t, 30)
	merge := filters.NewChiMergeFilter(grid, 0.999999)
	if err := merge.AddAttribute(number); err != nil {
		t.Fatal(err)
	}
	if err := merge.Train(); err != nil {
		t.Fatal(err)
	}
	for _, a := range merge.GetAttributesAfterFiltering() {
		if c, ok := a.New.(*base.CategoricalAttribute); ok && a.Old == number && len(c.GetValues()) != 30 {
			t.Errorf("30 values without any effect became %d bins: ChiMerge merges", len(c.GetValues()))
		}
	}
	if bin := base.UnpackBytesToU64(merge.Transform(number, number, base.PackFloatToBytes(3))); bin != 1 {
		t.Errorf("the third value falls into bin %d: Transform is no longer one off", bin)
	}
}

func TestViewsForgetTheirRows(t *testing.T) {
	grid := sampleGrid(t, 10, 16)
	view := base.NewInstancesViewFromRows(grid, map[int]int{0: 9})
	specs := base.ResolveAttributes(grid, grid.AllAttributes())
	visits := specs[1]
	var mapped []byte
	err := view.MapOverRows([]base.AttributeSpec{visits}, func(values [][]byte, _ int) (bool, error) {
		mapped = append(mapped, values[0]...)
		return false, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if string(mapped) == string(view.Get(visits, 0)) {
		t.Error("a view maps over the rows that it shows")
	}
}
