package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/leadscore/leadscore/datasets"
)

func TestArtifactIsTheSameForAnyNumberOfProcessors(t *testing.T) {
	dir := t.TempDir()
	rows := "10000"
	if raced {
		rows = "2500"
	}
	must(t, "generate", "--rows", rows, "--out", dir)
	train := func() []byte {
		path := filepath.Join(dir, "model.json")
		must(t, "train", "--data", filepath.Join(dir, datasets.LeadsFile), "--config", filepath.Join(dir, datasets.ConfigFile), "--out", path,
			"--report", filepath.Join(dir, "report.html"))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	want := train()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range []int{1, 3} {
		runtime.GOMAXPROCS(n)
		if !bytes.Equal(train(), want) {
			t.Errorf("GOMAXPROCS %d gives another artifact", n)
		}
	}
}

func TestTrainJSONIsOneDocument(t *testing.T) {
	dir := sampleFiles(t, "3000", "1", false)
	r := must(t, "train", "--json", "--data", filepath.Join(dir, datasets.LeadsFile), "--config", filepath.Join(dir, datasets.ConfigFile),
		"--out", filepath.Join(dir, "model.json"))
	var document struct {
		Model struct{ ID, Path, Version string }
		Data  struct {
			Rows, Used, Immature int
			Conversions          float64
			SHA256               string `json:"sha256"`
		}
		Split   struct{ Kind string }
		Holdout struct {
			AUC float64    `json:"auc"`
			CI  [2]float64 `json:"auc_ci"`
		}
		Folds struct{ Note string }
		Fit   struct {
			Recipe string
			Passes int
		}
		Value struct{ Wins int }
		Cost  struct {
			Total float64 `json:"total_cpu_s"`
		}
	}
	d := json.NewDecoder(bytes.NewReader([]byte(r.stdout)))
	if err := d.Decode(&document); err != nil || d.More() {
		t.Fatalf("%v, more: %v", err, d.More())
	}
	switch {
	case len(document.Model.ID) != 64, document.Data.Rows != 3000, document.Data.Used+document.Data.Immature != 3000,
		len(document.Data.SHA256) != 64, document.Split.Kind != "time", document.Holdout.AUC < 0.7,
		document.Holdout.CI[0] >= document.Holdout.AUC, document.Folds.Note == "", document.Fit.Recipe != "auto",
		document.Fit.Passes == 0, document.Value.Wins == 0, document.Cost.Total <= 0:
		t.Errorf("%+v", document)
	}
}
