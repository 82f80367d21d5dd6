package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
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
		rows = benchTrain(b, path, &c).Data.Rows
	}
	after, _ := usage()
	b.ReportMetric((after-cpu)/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkScore is Parquet to Parquet, and its parts: reading the columns, the arithmetic of log-odds and
// probability, and writing them.
func BenchmarkScore(b *testing.B) {
	path, c := benchData(b)
	dir := b.TempDir()
	modelPath, out := filepath.Join(dir, "model.json"), filepath.Join(dir, "scores.parquet")
	m := benchTrain(b, path, &c).Model
	if err := saveModel(modelPath, m); err != nil {
		b.Fatal(err)
	}
	var batches []*features.Batch
	var scores []batchScores
	rows := 0
	ctx, scorer := context.Background(), m.NewBatchScorer()
	err := eachBatch(ctx, path, ',', m, false, func(batch *features.Batch) error {
		batches, scores = append(batches, copied(batch)), append(scores, batchScores{})
		rows += batch.Rows
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	flags := &scoreFlags{out: out, only: []string{"log_odds", "probability"}}
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"read", func() error {
			return eachBatch(ctx, path, ',', m, false, func(*features.Batch) error { return nil })
		}},
		{"arithmetic", func() error {
			for i, batch := range batches {
				scorer.Score(batch, &scores[i].Scores)
			}
			return nil
		}},
		{"write", func() error {
			sink, err := newScoreSink(flags, m)
			for i := 0; err == nil && i < len(batches); i++ {
				err = sink.addBatch(batches[i], &scores[i])
			}
			return errors.Join(err, sink.close())
		}},
		{"all", func() error {
			must(b, "score", "--model", modelPath, "--data", path, "--out", out, "--explain", "0", "--only", "log_odds,probability")
			return nil
		}},
	} {
		b.Run(part.name, func(b *testing.B) {
			cpu, _ := usage()
			for b.Loop() {
				if err := part.run(); err != nil {
					b.Fatal(err)
				}
			}
			after, _ := usage()
			b.ReportMetric((after-cpu)/float64(b.N)/float64(rows)*1e9, "cpu-ns/row")
		})
	}
}

// benchTrain reads the leads and fits a model once.
func benchTrain(b *testing.B, path string, c *config) *model.Training {
	d, err := datasets.Open([]string{path})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	schema, err := c.schema(d.Columns(), true)
	if err != nil {
		b.Fatal(err)
	}
	table, err := (&app{}).loadTable(context.Background(), d, schema, moneyTerms{}, workerCount(0))
	if err != nil {
		b.Fatal(err)
	}
	o := model.DefaultOptions()
	o.Recipe, o.Label, o.Holdout = model.RecipePlain, c.label(schema), 0
	trained, err := model.Train(context.Background(), table, o)
	if err != nil {
		b.Fatal(err)
	}
	return trained
}

// copied returns a batch that outlives the reader's.
func copied(b *features.Batch) *features.Batch {
	c := *b
	c.Vectors = make([]features.Vector, len(b.Vectors))
	for i, v := range b.Vectors {
		c.Vectors[i] = features.Vector{Codes: slices.Clone(v.Codes), Dictionary: v.Dictionary, Numbers: slices.Clone(v.Numbers), Times: slices.Clone(v.Times)}
	}
	return &c
}
