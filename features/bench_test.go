package features

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// benchBatches are rows of four categories and four numbers, of which one in ten is missing.
func benchBatches(b *testing.B, rows int) (*Schema, []*Batch) {
	b.Helper()
	var fields []Field
	for i := range 4 {
		fields = append(fields, Field{Name: fmt.Sprintf("category%d", i), Type: Type{Base: String}, Kind: Category, Role: RoleFeature},
			Field{Name: fmt.Sprintf("number%d", i), Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature})
	}
	schema, err := NewSchema(fields, nil)
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	dictionary := &Dictionary{}
	for i := range 50 {
		dictionary.Levels = append(dictionary.Levels, fmt.Sprintf("level%02d", i))
	}
	var batches []*Batch
	for start := 0; start < rows; start += 1 << 16 {
		batch := &Batch{Schema: schema, Start: start, Rows: min(1<<16, rows-start), Vectors: make([]Vector, len(fields))}
		for i := range batch.Vectors {
			v := &batch.Vectors[i]
			for range batch.Rows {
				if i%2 == 0 {
					v.Dictionary, v.Codes = dictionary, append(v.Codes, uint32(random.IntN(50)))
				} else if random.IntN(10) == 0 {
					v.Numbers = append(v.Numbers, math.NaN())
				} else {
					v.Numbers = append(v.Numbers, float64(float32(random.NormFloat64())))
				}
			}
		}
		batches = append(batches, batch)
	}
	return schema, batches
}

const benchRows = 1 << 20

func buildTable(b *testing.B, schema *Schema, batches []*Batch) *Table {
	builder := NewBuilder(schema, benchRows)
	for _, batch := range batches {
		if err := builder.Add(batch); err != nil {
			b.Fatal(err)
		}
	}
	return builder.Table()
}

// reportRows reports rows a second.
func reportRows(b *testing.B) {
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkTable is dictionary codes and numbers into a Table.
func BenchmarkTable(b *testing.B) {
	schema, batches := benchBatches(b, benchRows)
	b.ReportAllocs()
	for b.Loop() {
		buildTable(b, schema, batches)
	}
	reportRows(b)
}

// BenchmarkEncode is a Table into an Encoder and a Design.
func BenchmarkEncode(b *testing.B) {
	schema, batches := benchBatches(b, benchRows)
	table := buildTable(b, schema, batches)
	b.ReportAllocs()
	for b.Loop() {
		e, _, err := Fit(table, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		e.Design(table, nil)
	}
	reportRows(b)
}
