package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/datasets"
)

// asCommand makes the test's own binary behave as the command.
const asCommand = "REFEREE_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

func leads(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("source,visits,won\n")
	for i := range 400 {
		won := "no"
		if (i*7)%20 < i%20 {
			won = "yes"
		}
		fmt.Fprintf(&text, "%s,%d,%s\n", []string{"list", "fair", "web"}[i%3], i%20, won)
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

func TestCommand(t *testing.T) {
	path := leads(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--outcome won --all " + path, 0, "400 leads, 5 coefficients"}, // intercept, three sources, a slope
		{"--outcome won --l2 10 --primal --agreement 1e-4 " + path, 0, "agreement to 0.0001"},
		{"--outcome won --agreement 1e-30 " + path, 1, "no agreement to 1e-30"},
		{"--outcome lost " + path, 1, `no column "lost"`},
		{"--outcome won", 2, "want Parquet files"},
		{"--nonsense", 2, "not defined"},
	} {
		command := exec.CommandContext(t.Context(), self, strings.Fields(c.args)...)
		command.Env = append(os.Environ(), asCommand+"=1")
		out, _ := command.CombinedOutput()
		if code := command.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", c.args, code, c.code, c.want, out)
		}
	}
}
