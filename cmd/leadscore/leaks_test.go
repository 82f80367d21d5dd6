package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The planted leak of the sample leads is refused with its evidence and a way out; trusted, it is a warning.
func TestTrainRefusesThePlantedLeak(t *testing.T) {
	dir := sampleFiles(t, "8000", "1", false)
	config, err := os.ReadFile(filepath.Join(dir, "leadscore.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(config), "- deal_desk_touches", "- campaign", 1)
	train := []string{"train", "--json", "--data", filepath.Join(dir, "leads.parquet"), "--recipe", "plain", "--out", filepath.Join(dir, "leaky.json"), "--config"}
	r := leadscore(t, append(train, write(t, dir, "leaky.yaml", text))...)
	for _, part := range []string{`column "deal_desk_touches"`, "alone it ranks at AUC 0.99", "features.exclude", "features.trusted"} {
		if r.code != exitFailed || !strings.Contains(r.stderr, part) {
			t.Errorf("exit %d without %q: %s", r.code, part, r.stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "leaky.json")); err == nil {
		t.Error("a model was written")
	}
	text = strings.Replace(text, "features:\n", "features:\n  trusted: [deal_desk_touches]\n", 1)
	r = must(t, append(train, write(t, dir, "trusted.yaml", text))...)
	var document struct {
		Warnings []struct{ Code, Column, Detail string }
		Leaks    struct{ Suspects []struct{ Column string } }
		Groups   struct {
			Models []struct{ Name string }
			Groups []struct{ Value string }
		} `json:"sub_scores"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		t.Fatal(err)
	}
	told := ""
	for _, w := range document.Warnings {
		if w.Code == "leak_suspect" {
			told += w.Column + ": " + w.Detail
		}
	}
	if !strings.HasPrefix(told, "deal_desk_touches: alone it ranks") || len(document.Leaks.Suspects) != 1 {
		t.Errorf("warned of %q, suspects %v", told, document.Leaks.Suspects)
	}
	if len(document.Groups.Models) != 6 || len(document.Groups.Groups) != 10 {
		t.Errorf("sub-scores of %d models and %d sources", len(document.Groups.Models), len(document.Groups.Groups))
	}
}

// stampedLeads writes leads whose employees were recorded at a time of its own: of every third after the creation, if late.
func stampedLeads(n int, late bool) (csv, lines string) {
	var c, l strings.Builder
	c.WriteString("lead_id,created_at,employees,pages,enriched_at,converted\n")
	for i := range n {
		created := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour)
		stamp := created.Add(-time.Minute)
		if late && i%3 == 0 {
			stamp = created.Add(time.Minute)
		}
		employees, pages := i*7%100, i*5%11
		fmt.Fprintf(&c, "L%d,%s,%d,%d,%s,%v\n", i, created.Format(time.RFC3339), employees, pages, stamp.Format(time.RFC3339), i%10 == 0 || employees > 80 && i%2 == 0)
		fmt.Fprintf(&l, `{"lead_id":"L%d","enriched_at":%q,"created_at":%q,"employees":%d,"pages":%d}`+"\n", i, stamp.Format(time.RFC3339), created.Format(time.RFC3339), employees, pages)
	}
	return c.String(), l.String()
}

// What was recorded late is refused in training, and left out of a score alike in every kind of file.
func TestRecordedAt(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	config := write(t, dir, "leadscore.yaml", "features: {recorded_at: {employees: enriched_at}}\noutcome: {horizon: 0d}\n")
	timely, _ := stampedLeads(600, false)
	late, lines := stampedLeads(600, true)
	write(t, dir, "timely.csv", timely)
	write(t, dir, "late.csv", late)
	write(t, dir, "late.jsonl", lines)
	must(t, "import", at("timely.csv"))
	must(t, "import", at("late.csv"))
	if r := leadscore(t, "train", "--data", at("late.parquet"), "--config", config, "--out", at("x.json")); r.code != exitFailed || !strings.Contains(r.stderr, "200 of 600 values were recorded (enriched_at) after") {
		t.Errorf("training on late values: exit %d, %s", r.code, r.stderr)
	}
	must(t, "train", "--data", at("timely.parquet"), "--config", config, "--recipe", "plain", "--out", at("model.json"), "--holdout", "0")
	scores := map[string]string{}
	for _, name := range []string{"late.csv", "late.parquet", "late.jsonl", "timely.csv"} {
		must(t, "score", "--model", at("model.json"), "--data", at(name), "--out", at("all.csv"), "--only", "id,log_odds")
		must(t, "score", "--model", at("model.json"), "--data", at(name), "--out", at("each.csv"), "--only", "id,log_odds,warnings")
		all, err := os.ReadFile(at("all.csv"))
		if err != nil {
			t.Fatal(err)
		}
		each, err := os.ReadFile(at("each.csv"))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(each), "recorded_late:employees"); n != 200 && name != "timely.csv" || n != 0 && name == "timely.csv" {
			t.Errorf("%s: %d warnings", name, n)
		}
		for i, row := range strings.Split(strings.TrimSpace(string(each)), "\n") {
			if got := strings.Split(string(all), "\n")[i]; !strings.HasPrefix(row, got+",") {
				t.Fatalf("%s: row %d is %q by itself and %q in a batch", name, i, row, got)
			}
		}
		scores[name] = string(all)
	}
	if scores["late.csv"] != scores["late.parquet"] || scores["late.csv"] != scores["late.jsonl"] || scores["late.csv"] == scores["timely.csv"] {
		t.Error("the same leads are scored differently by the kind of file, or late values count")
	}
}
