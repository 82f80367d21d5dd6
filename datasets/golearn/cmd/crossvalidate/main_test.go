package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/datasets"
)

// leads writes a small Parquet file of leads; those with many visits convert, one of its columns gives it away.
func leads(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("source,visits,contract,won\n")
	for i := range 400 {
		won, contract := "no", ""
		if (i*7)%20 < i%20 {
			won, contract = "yes", "signed"
		}
		fmt.Fprintf(&text, "%s,%d,%s,%s\n", []string{"list", "fair", "web"}[i%3], i%20, contract, won)
	}
	in, out := filepath.Join(t.TempDir(), "leads.csv"), filepath.Join(t.TempDir(), "leads.parquet")
	if err := os.WriteFile(in, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := datasets.ImportCSV(t.Context(), in, out, datasets.DefaultImportOptions()); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRun(t *testing.T) {
	path := leads(t)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--outcome won --exclude contract " + path, 0, "400 leads, 2 features, 5 folds, threshold 0.5"},
		{"--outcome won --exclude contract,source --folds 3 --threshold 0.3 " + path, 0, "400 leads, 1 features, 3 folds, threshold 0.3"},
		{"--outcome won --exclude contact " + path, 1, `no column "contact"`},
		{"--outcome visits " + path, 1, "visits"},
		{"--outcome won " + path + ".gone", 1, "no such file"},
		{"--outcome won", 2, "want Parquet files"},
		{"--folds 1 " + path, 2, "two folds"},
		{"--nonsense", 2, "not defined"},
	} {
		var stdout, stderr strings.Builder
		code := run(t.Context(), strings.Fields(c.args), &stdout, &stderr)
		if out := stdout.String() + stderr.String(); code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", c.args, code, c.code, c.want, out)
		}
		if c.code == 0 && !strings.Contains(stdout.String(), "Overall accuracy") {
			t.Errorf("%s: no report of golearn's:\n%s", c.args, stdout.String())
		}
	}
}
