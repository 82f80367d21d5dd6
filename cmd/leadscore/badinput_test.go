package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
)

// The rows are those of the catalogue of bad input: 57–61 artifacts, 66 configurations, 67 Parquet, 68 CSV, 69
// training data. Each gives exit 1 or 2 and a message that names the file and, where there is one, column and row.
func TestBadArtifacts(t *testing.T) {
	dir := t.TempDir()
	writeFrame(t, filepath.Join(dir, "train.parquet"), oddLeads(600, 1, false))
	good := filepath.Join(dir, "model.json")
	must(t, "train", "--data", filepath.Join(dir, "train.parquet"), "--config", write(t, dir, "leadscore.yaml", oddConfig), "--out", good, "--holdout", "0")
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string {
		if !strings.Contains(string(text), old) {
			t.Fatalf("the artifact has no %q", old)
		}
		return strings.Replace(string(text), old, new, 1)
	}
	for _, c := range []struct{ name, text, message string }{
		{"row 57: empty", "", "artifact_checksum"},
		{"row 57: truncated", string(text[:len(text)/2]), "artifact_checksum"},
		{"row 57: a changed coefficient", replace(`"intercept": -`, `"intercept": `), "artifact_checksum"},
		{"row 57: another indentation", strings.ReplaceAll(string(text), "  ", "\t"), "artifact_checksum"},
		{"row 60: newer", replace(`"format_version": 1`, `"format_version": 2`), "the file has version 2, this program reads version 1"},
		{"row 60: unknown key", replace(`"format_version": 1`, `"format_version": 1, "colour": 3`), "colour"},
		{"row 60: another format", replace("leadscore-model", "other-model"), `format "other-model"`},
		{"not JSON", "PAR1", "not one whole JSON document"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, dir, "bad.json", c.text)
			for _, args := range [][]string{
				{"explain", "--model", path, "--lead", "-"}, {"evaluate", "--model", path, "--data", filepath.Join(dir, "train.parquet")},
				{"score", "--model", path, "--data", filepath.Join(dir, "train.parquet"), "--out", filepath.Join(dir, "s.csv")},
				{"serve", "--model", path, "--addr", "127.0.0.1:0"},
			} {
				wantFailure(t, exitFailed, []string{path, c.message}, args...)
			}
		})
	}
	t.Run("row 61: a folder", func(t *testing.T) {
		wantFailure(t, exitFailed, []string{dir, "not a regular file"}, "explain", "--model", dir, "--lead", "-")
	})
	t.Run("absent", func(t *testing.T) {
		wantFailure(t, exitFailed, []string{"nowhere.json", "no such file"}, "explain", "--model", filepath.Join(dir, "nowhere.json"), "--lead", "-")
	})
}

// wantFailure runs the program and demands an exit code and parts of the message.
func wantFailure(t *testing.T, code int, parts []string, args ...string) {
	t.Helper()
	r := leadscore(t, args...)
	if r.code != code {
		t.Errorf("leadscore %s: exit %d, want %d\n%s", strings.Join(args, " "), r.code, code, r.stderr)
	}
	for _, part := range parts {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("leadscore %s: %q does not say %q", strings.Join(args, " "), r.stderr, part)
		}
	}
	if strings.Contains(r.stderr, "panic") || strings.Contains(r.stderr, "goroutine ") {
		t.Errorf("leadscore %s: panicked: %s", strings.Join(args, " "), r.stderr)
	}
}

func TestBadConfigurations(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "train.parquet")
	writeFrame(t, data, oddLeads(100, 1, false))
	for _, c := range []struct{ name, text, message string }{
		{"unknown key", "outcome: {converted: converted}\nhorizont: 3\n", `bad.yaml:2: unknown key "horizont"`},
		{"unknown nested key", "columns:\n  id: lead_id\n  colour: x\n", `bad.yaml:3: unknown key "colour"`},
		{"wrong type", "split:\n  holdout: many\n", `bad.yaml:2: "many" is not a number (a share is written 0.25)`},
		{"not YAML", "a: [1,\n", "bad.yaml:"},
		{"key twice", "missing: []\nmissing: []\n", `bad.yaml:2: mapping key "missing" already defined`},
		{"two documents", "missing: []\n---\nmissing: []\n", "only one YAML document"},
		{"horizon", "outcome: {horizon: soon}\n", `bad.yaml:1: "soon" is not a number of days`},
		{"bounds, all listed", "split: {by: luck, holdout: 2}\nvalue: {gross_margin: -1, currency: euro}\n", "split.by is luck"},
		{"bounds, all listed, too", "split: {by: luck, holdout: 2}\nvalue: {gross_margin: -1, currency: euro}\n", "value.currency is euro"},
		{"as_of", "as_of: soon\n", "as_of is soon"},
		{"no such column", "outcome: {converted: convertd}\n", `the data have no column "convertd" (did you mean "converted"?)`},
		{"no such feature", "features: {exclude: [colour]}\n", `features.exclude: the data have no column "colour" (did you mean "color"?)`},
		{"a role twice", "columns: {id: lead_id, source: lead_id}\n", `column "lead_id" already has the role id`},
		{"known only later", "features: {known_at: {color: sql}}\n", `column "color" is known only at "sql"`},
		{"kind", "features: {kinds: {zip: colour}}\n", "features.kinds.zip is colour"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantFailure(t, exitUsage, []string{c.message}, "train", "--data", data, "--config", write(t, dir, "bad.yaml", c.text), "--out", filepath.Join(dir, "m.json"))
		})
	}
	t.Run("absent", func(t *testing.T) {
		wantFailure(t, exitUsage, []string{"nowhere.yaml"}, "train", "--data", data, "--config", filepath.Join(dir, "nowhere.yaml"))
	})
	t.Run("environment", func(t *testing.T) {
		r := leadscoreWith(t, "", []string{"LEADSCORE_SPLIT__HOLDOUT=7"}, "train", "--data", data, "--out", filepath.Join(dir, "m.json"))
		if r.code != exitUsage || !strings.Contains(r.stderr, "split.holdout is 7") {
			t.Errorf("exit %d: %s", r.code, r.stderr)
		}
	})
}

func TestBadTrainingData(t *testing.T) {
	dir := t.TempDir()
	config := write(t, dir, "leadscore.yaml", oddConfig)
	for _, c := range []struct {
		name    string
		change  func(f *datasets.Frame)
		message string
	}{
		{"row 69: one class", func(f *datasets.Frame) { clear(column(f, "converted").Bools) }, "every lead has the same outcome: 0 of 200"},
		{"row 67: null in the label", func(f *datasets.Frame) {
			c := column(f, "converted")
			c.Valid = make([]bool, f.Rows)
			for i := range c.Valid {
				c.Valid[i] = i != 17
			}
		}, `column "converted", row 17: no value`},
		{"no rows", func(f *datasets.Frame) { *f = oddLeads(0, 1, false) }, "no lead has a known outcome"},
		{"a label that is a text", func(f *datasets.Frame) {
			c := column(f, "converted")
			c.Type, c.Bools, c.Texts = features.Type{Base: features.String}, nil, make([]string, f.Rows)
			for i := range c.Texts {
				c.Texts[i] = "perhaps"
			}
		}, `column "converted", row 0: "perhaps" is not true/false`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := oddLeads(200, 1, false)
			c.change(&f)
			data := filepath.Join(dir, "bad.parquet")
			writeFrame(t, data, f)
			wantFailure(t, exitFailed, []string{c.message}, "train", "--data", data, "--config", config, "--out", filepath.Join(dir, "m.json"))
			if _, err := os.Stat(filepath.Join(dir, "m.json")); err == nil {
				t.Error("a model was written")
			}
		})
	}
	t.Run("row 69: separation without a penalty", func(t *testing.T) {
		f := oddLeads(200, 1, false)
		color, won := column(&f, "color"), column(&f, "converted")
		for i := range color.Texts {
			if color.Valid[i] = true; color.Texts[i] == "red" {
				won.Bools[i] = true
			}
		}
		data := filepath.Join(dir, "bad.parquet")
		writeFrame(t, data, f)
		wantFailure(t, exitFailed, []string{"separation", "color=red (always converts)"},
			"train", "--data", data, "--config", config, "--recipe", "plain", "--l2", "0", "--holdout", "0", "--out", filepath.Join(dir, "m.json"))
	})
}

func column(f *datasets.Frame, name string) *datasets.FrameColumn {
	for i := range f.Columns {
		if f.Columns[i].Name == name {
			return &f.Columns[i]
		}
	}
	panic(name)
}

func TestBadParquetAndCSV(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "good.parquet")
	writeFrame(t, data, oddLeads(300, 1, false))
	config := write(t, dir, "leadscore.yaml", oddConfig)
	text, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	train := func(path string) []string {
		return []string{"train", "--data", path, "--config", config, "--out", filepath.Join(dir, "m.json")}
	}
	t.Run("row 67: truncated", func(t *testing.T) {
		for _, n := range []int{0, 3, 4, 11, 12, len(text) / 2, len(text) - 9, len(text) - 1} {
			path := write(t, dir, "bad.parquet", string(text[:n]))
			wantFailure(t, exitFailed, []string{path}, train(path)...)
		}
	})
	t.Run("row 67: damaged page", func(t *testing.T) {
		damaged := []byte(string(text))
		for i := 4; i < 60; i++ {
			damaged[i] ^= 0x55
		}
		path := write(t, dir, "bad.parquet", string(damaged))
		wantFailure(t, exitFailed, []string{path, "column", "row group"}, train(path)...)
	})
	t.Run("row 67: not Parquet", func(t *testing.T) {
		path := write(t, dir, "bad.parquet", "lead_id,converted\n1,true\n")
		wantFailure(t, exitFailed, []string{path}, train(path)...)
	})
	t.Run("missing column", func(t *testing.T) {
		modelPath := filepath.Join(dir, "model.json")
		must(t, "train", "--data", data, "--config", config, "--out", modelPath, "--holdout", "0")
		f := oddLeads(10, 1, false)
		f.Columns = append(f.Columns[:1], f.Columns[2:]...)
		path := filepath.Join(dir, "lean.parquet")
		writeFrame(t, path, f)
		wantFailure(t, exitFailed, []string{path, `"color"`}, "score", "--model", modelPath, "--data", path, "--out", filepath.Join(dir, "s.csv"))
		f = oddLeads(10, 1, false)
		column(&f, "ratio").Type = features.Type{Base: features.String}
		column(&f, "ratio").Floats, column(&f, "ratio").Texts = nil, make([]string, 10)
		writeFrame(t, path, f)
		wantFailure(t, exitFailed, []string{path, `"ratio"`}, "evaluate", "--model", modelPath, "--data", path)
	})
	for _, c := range []struct {
		name, text string
		parts      []string
	}{
		{"row 68: ragged", "a,b\n1,2\n3\n", []string{"line 3"}},
		{"row 68: unclosed quote", "a,b\n1,\"2\n", []string{"line 2"}},
		{"row 68: another separator", "a;b\n1;2\n", []string{"--separator", ";"}},
		{"row 68: a column twice", "a,a\n1,2\n", []string{`"a"`}},
		{"row 68: not UTF-8", "a,b\n1,\xff\n", []string{"line 2", `"b"`}},
		{"row 68: empty", "", []string{"bad.csv"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, dir, "bad.csv", c.text)
			out := filepath.Join(dir, "bad-out.parquet")
			wantFailure(t, exitFailed, append(c.parts, path), "import", path, "--out", out)
			if _, err := os.Stat(out); err == nil {
				t.Error("a file was written")
			}
		})
	}
	t.Run("row 68: a bad cell", func(t *testing.T) {
		path := write(t, dir, "bad.csv", "when,n\n2026-01-02,1\n2026-01-03,x\n")
		wantFailure(t, exitFailed, []string{path, "line 3", `column "n"`}, "import", path, "--type", "n=int64", "--out", filepath.Join(dir, "bad-out.parquet"))
	})
	t.Run("no such file", func(t *testing.T) {
		for _, verb := range [][]string{{"import"}, {"inspect"}} {
			path := filepath.Join(dir, "nowhere.csv")
			wantFailure(t, exitFailed, []string{path}, append(verb, path)...)
		}
	})
}

func TestDamagedParquetNeverPanics(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "good.parquet")
	writeFrame(t, data, oddLeads(40, 1, false))
	text, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(text); i += 1 + len(text)/150 {
		damaged := []byte(string(text))
		damaged[i] ^= 0x80
		path := write(t, dir, "bad.parquet", string(damaged))
		if r := leadscore(t, "inspect", path, "--outcome", "converted"); r.code != exitDone && !strings.Contains(r.stderr, path) {
			t.Errorf("byte %d: exit %d without the file's name: %s", i, r.code, r.stderr)
		}
	}
}
