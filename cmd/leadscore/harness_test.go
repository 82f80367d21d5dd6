package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leadscore/leadscore/datasets"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// result is what one run of the program left.
type result struct {
	code           int
	stdout, stderr string
}

// leadscore runs the program with the arguments.
func leadscore(t testing.TB, args ...string) result {
	t.Helper()
	return leadscoreWith(t, "", nil, args...)
}

// leadscoreWith runs the program with a standard input and an environment.
func leadscoreWith(t testing.TB, stdin string, environ []string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(stdin), &stdout, &stderr, environ)
	return result{code, stdout.String(), stderr.String()}
}

// must runs the program and demands that it succeeds.
func must(t testing.TB, args ...string) result {
	t.Helper()
	r := leadscore(t, args...)
	if r.code != exitDone {
		t.Fatalf("leadscore %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// write makes a file in a folder of the test's own and returns its path.
func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// made holds the files of the sample leads that tests share, by number of rows and seed: the leads, and with
// "model.json" a model of recipe auto, fitted on all of them without an evaluation.
var made = struct {
	sync.Mutex
	files map[string]map[string][]byte
}{files: map[string]map[string][]byte{}}

const modelFile = "model.json"

// sampleLeads returns a folder of the test's own with sample leads of seed 1 and a model of them.
func sampleLeads(t testing.TB, rows string) (dir, modelPath string) {
	t.Helper()
	dir = sampleFiles(t, rows, "1", true)
	return dir, filepath.Join(dir, modelFile)
}

// sampleFiles returns a folder of the test's own with sample leads and, if asked for, a model of them. Each is made
// once for all tests.
func sampleFiles(t testing.TB, rows, seed string, model bool) (dir string) {
	t.Helper()
	dir = t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	made.Lock()
	defer made.Unlock()
	key := rows + " " + seed
	if made.files[key] == nil {
		must(t, "generate", "--rows", rows, "--seed", seed, "--out", dir)
		made.files[key] = readFiles(t, dir)
	}
	for name, content := range made.files[key] {
		write(t, dir, name, string(content))
	}
	if _, fitted := made.files[key][modelFile]; model && !fitted {
		must(t, "train", "--data", at(datasets.LeadsFile), "--config", at(datasets.ConfigFile), "--out", at(modelFile), "--holdout", "0")
		made.files[key] = readFiles(t, dir)
	}
	return dir
}

// readFiles reads the files of a folder.
func readFiles(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// readCSV reads the records of a CSV file, the header first.
func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
