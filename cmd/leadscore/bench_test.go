package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// benchData is a Parquet file of leads: that of LEADSCORE_BENCH_LEADS, or 100,000 sample leads.
func benchData(b *testing.B) (path string, c config) {
	b.Helper()
	if path = os.Getenv("LEADSCORE_BENCH_LEADS"); path != "" {
		c = defaultConfig()
		c.Features.Exclude = []string{"p_true"}
		return path, c
	}
	dir := b.TempDir()
	must(b, "generate", "--rows", "100000", "--out", dir)
	c, err := loadConfig(filepath.Join(dir, datasets.ConfigFile), nil)
	if err != nil {
		b.Fatal(err)
	}
	return filepath.Join(dir, datasets.LeadsFile), c
}

// BenchmarkTrain is Parquet to coefficients: decode, encode and one fit, in one process.
func BenchmarkTrain(b *testing.B) {
	path, c := benchData(b)
	cpu, _ := usage()
	rows := 0
	b.ReportAllocs()
	for b.Loop() {
		d, err := datasets.Open([]string{path})
		if err != nil {
			b.Fatal(err)
		}
		schema, err := c.schema(d.Columns(), true)
		if err != nil {
			b.Fatal(err)
		}
		builder := features.NewBuilder(schema, d.Rows())
		if err := d.Load(context.Background(), schema, datasets.DefaultReadOptions(), builder.AddColumn); err != nil {
			b.Fatal(err)
		}
		o := model.DefaultOptions()
		o.Label, o.Holdout = c.label(schema), 0
		if _, err := model.Train(context.Background(), builder.Table(), o); err != nil {
			b.Fatal(err)
		}
		rows = d.Rows()
		d.Close()
	}
	after, _ := usage()
	b.ReportMetric((after-cpu)/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkScoreFile is Parquet to Parquet: log-odds, probability and value of each lead.
func BenchmarkScoreFile(b *testing.B) {
	dir, modelPath := sampleLeads(b, "100000")
	runtime.GC()
	cpu, _ := usage()
	for b.Loop() {
		must(b, "score", "--model", modelPath, "--data", filepath.Join(dir, datasets.LeadsFile), "--out", filepath.Join(dir, "scores.parquet"),
			"--explain", "0", "--only", "id,log_odds,probability,expected_value")
	}
	after, _ := usage()
	b.ReportMetric((after-cpu)/float64(b.N), "cpu-s/op")
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
