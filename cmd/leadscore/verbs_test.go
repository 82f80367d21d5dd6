package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRunOnce(t *testing.T) {
	dir := t.TempDir()
	r := must(t, "run", "--once", "--rows", "1500", "--dir", dir, "--addr", "127.0.0.1:0")
	for _, part := range []string{"1. sample leads", "2. train", "3. serve", "serving", "curl -s http://127.0.0.1:", "(base)", "(score)"} {
		if !strings.Contains(r.stdout, part) {
			t.Errorf("%q is not in the output:\n%s", part, r.stdout)
		}
	}
	for _, name := range []string{"leads.parquet", "leads.truth.parquet", "truth.json", "spend.csv", "leadscore.yaml", "model.json", "report.html"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestEvaluateAgainstTheTruth(t *testing.T) {
	modelPath := filepath.Join(sampleFiles(t, "20000", "2", true), modelFile)
	later := t.TempDir()
	must(t, "generate", "--rows", "20000", "--start", "2026-07-01", "--months", "3", "--as-of", "2027-12-31", "--out", later)
	r := must(t, "evaluate", "--json", "--model", modelPath, "--data", filepath.Join(later, "leads.parquet"),
		"--truth", filepath.Join(later, "leads.truth.parquet")+":p_horizon", "--by", "source", "--by", "cohort")
	var document struct {
		Truth struct {
			Slope       float64 `json:"calibration_slope"`
			Ratio       float64
			Correlation float64 `json:"logit_correlation"`
		}
		Groups []struct{ By string }
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		t.Fatal(err)
	}
	if d := document.Truth; d.Slope < 0.85 || d.Slope > 1.15 || d.Ratio < 0.9 || d.Ratio > 1.1 || d.Correlation < 0.8 {
		t.Errorf("%+v", d)
	}
	if len(document.Groups) != 13 {
		t.Errorf("%d groups, want 10 sources and 3 months", len(document.Groups))
	}
}

func TestScoreWritesWhatIsAskedFor(t *testing.T) {
	dir, modelPath := sampleLeads(t, "3000")
	data := filepath.Join(dir, "leads.parquet")
	out := filepath.Join(dir, "scores.csv")
	must(t, "score", "--model", modelPath, "--data", data, "--out", out, "--only", "id,probability,expected_value")
	records := readCSV(t, out)
	if got := strings.Join(records[0], ","); got != "lead_id,probability,expected_value" || len(records) != 3001 {
		t.Errorf("header %q, %d records", got, len(records))
	}
	all := filepath.Join(dir, "scores.parquet")
	must(t, "score", "--model", modelPath, "--data", data, "--out", all, "--explain", "2")
	r := must(t, "inspect", "--json", all)
	for _, name := range []string{"lead_id", "log_odds", "probability", "profit_if_won", "reason_1_feature", "reason_2_log_odds", "warnings"} {
		if !strings.Contains(r.stdout, `"`+name+`"`) {
			t.Errorf("no column %q in %s", name, r.stdout)
		}
	}
}

func TestInspectFindsThePlantedLeak(t *testing.T) {
	dir := sampleFiles(t, "8000", "1", false)
	data, config := filepath.Join(dir, "leads.parquet"), filepath.Join(dir, "proposed.yaml")
	r := must(t, "inspect", data, "--write-config", config)
	if !strings.Contains(r.stdout, "deal_desk_touches: alone it ranks") {
		t.Errorf("the planted leak was not found:\n%s", r.stdout)
	}
	must(t, "train", "--data", data, "--config", config, "--out", filepath.Join(dir, "proposed.json"), "--recipe", "plain", "--holdout", "0")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `- "deal_desk_touches"  # may leak`) {
		t.Errorf("the proposed configuration keeps the leak:\n%s", text)
	}
}

// Every example in a proposed configuration is a key with a value that is one.
func TestProposedExamples(t *testing.T) {
	dir, _ := sampleLeads(t, "3000")
	proposed := filepath.Join(dir, "proposed.yaml")
	must(t, "inspect", filepath.Join(dir, "leads.parquet"), "--outcome", "converted", "--write-config", proposed)
	text, err := os.ReadFile(proposed)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `stages: {mql: "mql_at"`) || !strings.Contains(string(text), `lost_reason: "lost_reason"`) {
		t.Errorf("no stages are proposed:\n%s", text)
	}
	uncommented := regexp.MustCompile(`(?m)^(  )?# (  )?([a-z_0-9]+:.*)$`).ReplaceAllString(string(text), "$1$2$3")
	c := defaultConfig()
	if err := c.decode("proposed.yaml", []byte(uncommented)); err != nil {
		t.Fatalf("%v\n%s", err, uncommented)
	}
	if err := c.validate(); err != nil {
		t.Error(err)
	}
	if len(c.Features.KnownAt) == 0 || len(c.Features.Fit) == 0 || c.Economics.Nurture == nil || len(c.Tiers.Cuts.Shares) != 3 || c.Spend == "" || c.AsOf == "" || len(c.Columns.Segments) == 0 {
		t.Errorf("the examples are not all there: %+v", c)
	}
}

func TestCompare(t *testing.T) {
	dir, modelPath := sampleLeads(t, "1500")
	data := filepath.Join(dir, "leads.parquet")
	r := must(t, "compare", "--data", data, "--config", filepath.Join(dir, "leadscore.yaml"))
	for _, part := range []string{"this model (auto)", "plain logistic regression", "naive Bayes", "constant"} {
		if !strings.Contains(r.stdout, part) {
			t.Errorf("%q is not in the output:\n%s", part, r.stdout)
		}
	}
	other := filepath.Join(dir, "other.json")
	must(t, "train", "--data", data, "--config", filepath.Join(dir, "leadscore.yaml"), "--out", other, "--recipe", "plain", "--l2", "100", "--holdout", "0")
	r = must(t, "compare", "--model", modelPath, "--model", other, "--data", data)
	if !strings.Contains(r.stdout, other) || !strings.Contains(r.stdout, "leads of the file: a model is flattered by those") || strings.Contains(r.stdout, "no model was fitted on") {
		t.Errorf("%s", r.stdout)
	}
}

// Recipe auto, the default, learns its penalties: an --l2 is not obeyed in silence.
func TestL2OfRecipeAutoIsDoubted(t *testing.T) {
	dir := sampleFiles(t, "3000", "1", false)
	base := []string{"--data", filepath.Join(dir, "leads.parquet"), "--config", filepath.Join(dir, "leadscore.yaml"), "--out", filepath.Join(dir, "m.json"), "--holdout", "0", "--json"}
	for _, c := range []struct {
		flags []string
		told  bool
	}{{[]string{"--l2", "30"}, true}, {[]string{"--l2", "30", "--dry-run"}, true}, {[]string{"--l2", "30", "--recipe", "plain"}, false}, {[]string{"--dry-run"}, false}} {
		r := must(t, append(append([]string{"train"}, base...), c.flags...)...)
		if got := strings.Contains(r.stderr, "l2_unused: --l2 belongs to --recipe plain"); got != c.told {
			t.Errorf("%v: told %v: %s", c.flags, got, r.stderr)
		}
	}
}
