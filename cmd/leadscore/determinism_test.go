package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/internal/raced"
)

// trainedOn trains in a folder of sample leads on so many processors, and returns the artifact and what was printed.
func trainedOn(t *testing.T, processors int, dir string, flags ...string) (artifact []byte, r result) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	path := filepath.Join(dir, modelFile)
	r = must(t, append([]string{"train", "--data", filepath.Join(dir, datasets.LeadsFile), "--config", filepath.Join(dir, datasets.ConfigFile),
		"--out", path, "--report", filepath.Join(dir, "report.html")}, flags...)...)
	artifact, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return artifact, r
}

// The artifact's bytes do not depend on the number of processors; and what --json prints is one document.
func TestArtifactIsTheSameForAnyNumberOfProcessors(t *testing.T) {
	dir := sampleFiles(t, "2500", "1", false)
	want, r := trainedOn(t, 3, dir, "--json")
	checkTrainJSON(t, r.stdout, 2500)
	if raced.Enabled {
		return // one processor has no races
	}
	if got, _ := trainedOn(t, 1, dir); !bytes.Equal(got, want) {
		t.Error("one processor gives another artifact than three")
	}
}

// Nor do they where the leads are many enough for blocks of them to be shared out.
func TestArtifactOfManyLeads(t *testing.T) {
	dir := sampleFiles(t, "20000", "2", true)
	want, err := os.ReadFile(filepath.Join(dir, modelFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, processors := range []int{1, 5} {
		if processors == 1 && raced.Enabled {
			continue
		}
		if got, _ := trainedOn(t, processors, dir, "--holdout", "0"); !bytes.Equal(got, want) {
			t.Errorf("%d processors give another artifact", processors)
		}
	}
}

// checkTrainJSON reads what train --json printed of so many leads.
func checkTrainJSON(t *testing.T, text string, rows int) {
	t.Helper()
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
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	if err := d.Decode(&document); err != nil || d.More() {
		t.Fatalf("%v, more: %v", err, d.More())
	}
	switch {
	case len(document.Model.ID) != 64, document.Data.Rows != rows, document.Data.Used+document.Data.Immature != rows,
		len(document.Data.SHA256) != 64, document.Split.Kind != "time", document.Holdout.AUC < 0.7,
		document.Holdout.CI[0] >= document.Holdout.AUC, document.Folds.Note == "", document.Fit.Recipe != "auto",
		document.Fit.Passes == 0, document.Value.Wins == 0, document.Cost.Total <= 0:
		t.Errorf("%+v", document)
	}
}
