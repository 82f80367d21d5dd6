package datasets

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// benchFrame has 20 columns as tables of leads do: eight categories, half of them with missing values, eight
// numbers with missing values, half of them rounded, two integers, a boolean and a time.
func benchFrame(rows int) Frame {
	random := rand.New(rand.NewPCG(1, 2))
	f := Frame{Rows: rows}
	for k := range 8 {
		levels := 5 << (k * 5 / 7)
		c := FrameColumn{Name: fmt.Sprintf("category%d", k), Type: features.Type{Base: features.String}, Codes: make([]uint32, rows)}
		for i := range levels {
			c.Levels = append(c.Levels, fmt.Sprintf("level %d", i))
		}
		for i := range c.Codes {
			c.Codes[i] = uint32(random.IntN(levels))
		}
		if k%2 == 1 {
			c.Valid = benchValid(random, rows, 0.05*float64(k+1)/2)
		}
		f.Columns = append(f.Columns, c)
	}
	for k := range 8 {
		c := FrameColumn{Name: fmt.Sprintf("number%d", k), Type: features.Type{Base: features.Float64}, Floats: make([]float64, rows)}
		for i := range c.Floats {
			if c.Floats[i] = random.NormFloat64() * 100; k%2 == 1 {
				c.Floats[i] = math.Round(c.Floats[i])
			}
		}
		c.Valid = benchValid(random, rows, 0.03*float64(k+1))
		f.Columns = append(f.Columns, c)
	}
	ints, longs, bools, times := make([]int64, rows), make([]int64, rows), make([]bool, rows), make([]int64, rows)
	for i := range rows {
		ints[i], longs[i], bools[i] = random.Int64N(1000), random.Int64N(1e12), random.IntN(10) == 0
		times[i] = 1_600_000_000_000_000 + int64(i)*1_000_000
	}
	f.Columns = append(f.Columns,
		FrameColumn{Name: "int32", Type: features.Type{Base: features.Int32}, Ints: ints},
		FrameColumn{Name: "int64", Type: features.Type{Base: features.Int64}, Ints: longs},
		FrameColumn{Name: "bool", Type: features.Type{Base: features.Bool}, Bools: bools},
		FrameColumn{Name: "time", Type: features.Type{Base: features.Timestamp}, Times: times})
	return f
}

func benchValid(random *rand.Rand, rows int, missing float64) []bool {
	valid := make([]bool, rows)
	for i := range valid {
		valid[i] = random.Float64() >= missing
	}
	return valid
}

const benchRows = 500_000

func BenchmarkDecode(b *testing.B) {
	frame := benchFrame(benchRows)
	for _, codec := range []Compression{Uncompressed, Snappy, Zstd} {
		path := filepath.Join(b.TempDir(), "leads.parquet")
		writeFrame(b, path, frame, WriteOptions{Compression: codec, RowGroupRows: 250_000})
		d := open(b, path)
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", codec, workers), func(b *testing.B) {
				b.ReportAllocs()
				options := ReadOptions{Workers: workers, BatchRows: 1 << 16}
				for b.Loop() {
					if err := d.Batches(context.Background(), schemaOf(b, d), options, func(*features.Batch) error { return nil }); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
			})
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	frame := benchFrame(benchRows)
	b.ReportAllocs()
	for b.Loop() {
		writeFrame(b, filepath.Join(b.TempDir(), "leads.parquet"), frame, DefaultWriteOptions())
	}
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
