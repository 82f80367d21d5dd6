package main

import (
	"strings"
	"testing"
)

var verbs = []string{"generate", "import", "inspect", "train", "evaluate", "score", "budget", "queue", "explain", "compare", "serve", "run", "version"}

func TestHelp(t *testing.T) {
	golden(t, "help.txt", must(t, "--help").stdout)
	for _, verb := range verbs {
		t.Run(verb, func(t *testing.T) {
			r := must(t, verb, "--help")
			if !strings.Contains(r.stdout, "Examples:\n  leadscore "+verb) && !strings.Contains(r.stdout, "| leadscore "+verb) {
				t.Errorf("no example of %s:\n%s", verb, r.stdout)
			}
		})
	}
}

func TestUsageErrors(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, message string
		args          []string
	}{
		{"unknown verb", `unknown verb "trian"; did you mean train?`, []string{"trian"}},
		{"unknown flag", "unknown flag: --dta", []string{"train", "--dta", "x"}},
		{"flag of another type", `--rows: "many" is not a whole number`, []string{"generate", "--rows", "many"}},
		{"percentage for a share", `--target-roi: "25%" is not a number (a share is written 0.25)`, []string{"budget", "--target-roi", "25%"}},
		{"stray argument", `unexpected argument "leads.parquet"`, []string{"train", "leads.parquet"}},
		{"no data", "--data is needed", []string{"train"}},
		{"no file to import", "which CSV file?", []string{"import"}},
		{"no lead", "--lead is needed", []string{"explain"}},
		{"separator", "is not one character", []string{"import", "x.csv", "--separator", "ab"}},
		{"type", `"blob" is not a type`, []string{"import", "x.csv", "--type", "a=blob"}},
		{"ending", "neither in .parquet, .csv nor .jsonl", []string{"score", "--data", "x.csv", "--out", "x.txt"}},
		{"rows", "Rows -1 is outside", []string{"generate", "--rows", "-1", "--out", dir}},
		{"day", `"soon" is not a day`, []string{"generate", "--start", "soon", "--out", dir}},
		{"one model to compare", "1 models, want two", []string{"compare", "--model", "a", "--data", "b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := leadscore(t, c.args...)
			if r.code != exitUsage || !strings.Contains(r.stderr, c.message) || r.stdout != "" {
				t.Errorf("exit %d, stdout %q, stderr %q; want exit %d and %q", r.code, r.stdout, r.stderr, exitUsage, c.message)
			}
		})
	}
}
