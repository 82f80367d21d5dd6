package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// sampleLeads makes sample leads and a model of them.
func sampleLeads(t testing.TB, rows string) (dir, modelPath string) {
	t.Helper()
	dir = t.TempDir()
	must(t, "generate", "--rows", rows, "--out", dir)
	modelPath = filepath.Join(dir, "model.json")
	must(t, "train", "--data", filepath.Join(dir, "leads.parquet"), "--config", filepath.Join(dir, "leadscore.yaml"), "--out", modelPath, "--holdout", "0")
	return dir, modelPath
}
