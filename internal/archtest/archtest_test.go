package archtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/leadscore/leadscore/"

// row says what a package may import.
type row struct {
	ours []string // packages of this module
	pure bool     // no file, network, clock, log or process: see impure
}

// imports is the table. A package without a row, and a row without a package, fails the test.
var imports = map[string]row{
	// layer 1, core
	"budget":      {pure: true},
	"features":    {pure: true},
	"model/logit": {pure: true},
	// layer 2, core
	"model": {ours: []string{"budget", "features", "model/logit"}, pure: true},
	// layer 3, edges
	"datasets": {ours: []string{"features"}},
	"report":   {ours: []string{"budget", "features", "internal/pages", "model"}},
	"serve":    {ours: []string{"budget", "features", "internal/pages", "model"}},
	// layer 4, wiring
	"cmd/leadscore": {ours: []string{"budget", "datasets", "features", "model", "report", "serve"}},

	"internal/archtest": {pure: true},
	"internal/pages":    {pure: true},
	"internal/raced":    {pure: true},
}

// impure are the packages that the core may not touch.
var impure = []string{"os", "os/exec", "os/signal", "net", "net/http", "log", "log/slog", "math/rand", "syscall"}

// homes says which packages alone may import a library, by the start of its path.
var homes = map[string][]string{
	"github.com/gin-gonic/":          {"serve"},
	"github.com/parquet-go/":         {"datasets"},
	"github.com/sjwhitworth/golearn": {},
	"github.com/spf13/cobra":         {"cmd/leadscore"},
	"github.com/knadh/koanf":         {"cmd/leadscore"},
	"github.com/schollz/progressbar": {"cmd/leadscore"},
	"gonum.org/v1/plot":              {"report"},
	"database/sql":                   {},
	"github.com/google/renameio":     {"datasets"},
	"github.com/fsnotify/fsnotify":   {"serve"},
	"testing":                        {},
	"github.com/google/go-cmp/":      {},
	"pgregory.net/rapid":             {},
	"honnef.co/go/tools/":            {},
}

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	packages := list(t)
	for _, problem := range check(packages) {
		t.Error(problem)
	}
	for name := range imports {
		if !slices.ContainsFunc(packages, func(p listed) bool { return p.ImportPath == module+name }) {
			t.Errorf("the table has a row for %s, but there is no such package: remove the row", name)
		}
	}
}

// list asks the go command for the packages of the module.
func list(t *testing.T) []listed {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	command.Dir = "../.."
	out, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v: %s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// check returns every import that the table does not allow.
func check(packages []listed) (problems []string) {
	bad := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := imports[name]
		if !known {
			bad("%s has no row in the import table: a new package needs one, and a sentence of the form \"turns A into B\"", name)
			continue
		}
		for _, path := range p.Imports {
			if own, ours := strings.CutPrefix(path, module); ours && !slices.Contains(allowed.ours, own) {
				bad("%s imports %s: the table does not allow it", name, own)
			}
			if allowed.pure && slices.Contains(impure, path) {
				bad("%s imports %s: the core is pure", name, path)
			}
			for library, home := range homes {
				if strings.HasPrefix(path, library) && !slices.Contains(home, name) {
					bad("%s imports %s: only %v may", name, path, home)
				}
			}
		}
	}
	return problems
}

// The test of the test: planted imports are found.
func TestCheckFindsPlantedImports(t *testing.T) {
	for _, planted := range []struct{ name, from, to string }{
		{"core imports an edge", "features", module + "datasets"},
		{"an edge imports another", "serve", module + "datasets"},
		{"core opens files", "model", "os"},
		{"core reads the network", "model/logit", "net/http"},
		{"core logs", "features", "log/slog"},
		{"gin outside serve", "report", "github.com/gin-gonic/gin"},
		{"parquet outside datasets", "cmd/leadscore", "github.com/parquet-go/parquet-go"},
		{"golearn anywhere", "datasets", "github.com/sjwhitworth/golearn/base"},
		{"a test library in the program", "model", "testing"},
	} {
		t.Run(planted.name, func(t *testing.T) {
			if len(check([]listed{{ImportPath: module + planted.from, Imports: []string{planted.to}}})) == 0 {
				t.Errorf("%s may import %s: the check does not look", planted.from, planted.to)
			}
		})
	}
	if len(check([]listed{{ImportPath: module + "utils"}})) == 0 {
		t.Error("a package without a row passes")
	}
}

// clocks are calls that the pure packages may not make; imports alone cannot tell.
var clocks = []string{"time.Now(", "time.Since(", "time.Sleep("}

func TestCoreReadsNoClock(t *testing.T) {
	for name, r := range imports {
		if !r.pure || name == "internal/archtest" {
			continue
		}
		for file, text := range sources(t, "../../"+name) {
			for _, clock := range clocks {
				if strings.Contains(text, clock) {
					t.Errorf("%s calls %s…): the core reads no clock", file, clock)
				}
			}
		}
	}
}
