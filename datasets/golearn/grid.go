// Package golearn turns our tables of leads into golearn's data grids, with our scorer as one of its classifiers.
//
// A Grid is a features.Table as a base.FixedDataGrid: golearn's classifiers, ensembles and cross-validation run on
// it. A Classifier is our trainer and scorer as a base.Classifier: Fit trains, Predict labels. Confusion fills
// golearn's confusion matrix from counts of ours. Package referee compares our coefficients with liblinear's.
package golearn

import (
	"fmt"
	"math"
	"strings"

	"github.com/sjwhitworth/golearn/base"

	"github.com/leadscore/leadscore/features"
)

// Grid is a table of leads as golearn sees it: the features and, as its one class attribute, the outcome. It shares
// the table's memory. It may be read by several goroutines at once.
//
// A category is a CategoricalAttribute with the table's levels, and "(missing)" as one more where a lead misses it.
// A number is a FloatAttribute, a time one in days, as it is to the model. golearn knows no missing numbers: they are
// NaN, which our Classifier reads as missing but which golearn's own classifiers must not meet; see Filled.
type Grid struct {
	*base.DenseInstances // without rows: it resolves attributes and keeps the class

	rows       int
	attributes []base.Attribute
	read       map[base.Attribute]func(row int) []byte
}

// NewGrid returns the grid of a table whose schema has an outcome.
func NewGrid(table *features.Table) (*Grid, error) {
	g := &Grid{DenseInstances: base.NewDenseInstances(), rows: table.Rows, read: map[base.Attribute]func(int) []byte{}}
	for i, f := range table.Schema.Fields() {
		if f.Role != features.RoleOutcome && !f.Role.Feature() {
			continue
		}
		a, read := attributeOf(&f, table.Seen(i))
		g.attributes, g.read[a] = append(g.attributes, a), read
		g.AddAttribute(a)
		if f.Role != features.RoleOutcome {
			continue
		}
		if f.Kind != features.Category {
			return nil, fmt.Errorf("golearn: grid: the outcome %q is a %v, want a category", f.Name, f.Kind)
		}
		if err := g.AddClassAttribute(a); err != nil {
			return nil, fmt.Errorf("golearn: grid: %w", err)
		}
	}
	if len(g.AllClassAttributes()) == 0 {
		return nil, fmt.Errorf("golearn: grid: no column has the role of the outcome")
	}
	return g, nil
}

// Filled returns the grid with each missing number replaced by the mean of the others, for golearn's own classifiers:
// its decision trees never end on NaN. An attribute without any value becomes 0.
func (g *Grid) Filled() *Grid {
	filled := *g
	filled.read = map[base.Attribute]func(row int) []byte{}
	for a, read := range g.read {
		filled.read[a] = read
		if _, isFloat := a.(*base.FloatAttribute); !isFloat {
			continue
		}
		mean := base.PackFloatToBytes(g.mean(read))
		filled.read[a] = func(row int) []byte {
			if x := read(row); !math.IsNaN(base.UnpackBytesToFloat(x)) {
				return x
			}
			return mean
		}
	}
	return &filled
}

// mean is that of the values that are not missing.
func (g *Grid) mean(read func(row int) []byte) float64 {
	var sum, count float64
	for row := range g.rows {
		if x := base.UnpackBytesToFloat(read(row)); !math.IsNaN(x) {
			sum += x
			count++
		}
	}
	return sum / max(count, 1)
}

// attributeOf declares a column and returns what reads it.
func attributeOf(f *features.Field, c *features.Column) (base.Attribute, func(row int) []byte) {
	switch f.Kind {
	case features.Number:
		return base.NewFloatAttribute(f.Name), func(row int) []byte { return base.PackFloatToBytes(c.Numbers.At(row)) }
	case features.Time:
		return base.NewFloatAttribute(f.Name), func(row int) []byte { return base.PackFloatToBytes(daysAt(c, row)) }
	}
	a := base.NewCategoricalAttribute()
	a.SetName(f.Name)
	var packed [][]byte // of each code
	for _, level := range c.Levels {
		packed = append(packed, a.GetSysValFromString(level))
	}
	for row := range c.Codes.Len() {
		if c.Codes.At(row) == len(c.Levels) {
			packed = append(packed, a.GetSysValFromString(features.MissingText))
			break
		}
	}
	return a, func(row int) []byte { return packed[c.Codes.At(row)] }
}

func daysAt(c *features.Column, row int) float64 {
	if c.Times[row] == features.NoTime {
		return math.NaN()
	}
	return features.Days(c.Times[row])
}

// AllAttributes returns the features and the outcome in the order of the schema.
func (g *Grid) AllAttributes() []base.Attribute {
	return append([]base.Attribute(nil), g.attributes...)
}

// Get returns the value of a row as golearn packs it. The caller must not change it.
func (g *Grid) Get(spec base.AttributeSpec, row int) []byte { return g.read[spec.GetAttribute()](row) }

// MapOverRows calls fn with the values of one row after the other, until it returns false or an error.
func (g *Grid) MapOverRows(specs []base.AttributeSpec, fn func(values [][]byte, row int) (bool, error)) error {
	values := make([][]byte, len(specs))
	for row := range g.rows {
		for i, spec := range specs {
			values[i] = g.Get(spec, row)
		}
		if more, err := fn(values, row); err != nil || !more {
			return err
		}
	}
	return nil
}

// RowString writes the values of a row, with spaces between them.
func (g *Grid) RowString(row int) string {
	texts := make([]string, len(g.attributes))
	for i, a := range g.attributes {
		texts[i] = a.GetStringFromSysVal(g.read[a](row))
	}
	return strings.Join(texts, " ")
}

// String says what the grid is.
func (g *Grid) String() string {
	return fmt.Sprintf("%d leads, %d attributes", g.rows, len(g.attributes))
}

// Size returns the numbers of attributes and of rows.
func (g *Grid) Size() (attributes, rows int) { return len(g.attributes), g.rows }
