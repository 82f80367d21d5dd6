package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// answer is what the tests read of an answer.
type answer struct {
	Summary, Binds, Fingerprint string
	Gain                        float64
	Planned                     budget.Outcomes
	Certificate                 budget.Certificate
	Plan                        budget.Plan
	Difference                  *struct{ Profit float64 }
	Sources                     []struct {
		Name  string
		Value float64
		Cap   budget.Cap
	}
}

// planned runs budget and reads the answer.
func planned(t *testing.T, args ...string) *answer {
	t.Helper()
	r := must(t, append([]string{"budget", "--json"}, args...)...)
	a := new(answer)
	if err := json.Unmarshal([]byte(r.stdout), a); err != nil {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	return a
}

// One command recommends the budget of the sample leads with what binds; a second one, with another target, budget or
// hours, shows the difference first. The plan that the first one writes gives its answer again.
func TestPlanOfSampleLeads(t *testing.T) {
	dir, modelPath := sampleLeads(t, "6000")
	data := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet"), "--spend", filepath.Join(dir, "spend.csv"), "--draws", "20"}
	yamlPath, jsonPath, page := filepath.Join(dir, "plan.yaml"), filepath.Join(dir, "plan.json"), filepath.Join(dir, "plan.html")
	r := must(t, append([]string{"budget", "--budget", "today", "--write-plan", yamlPath, "--picture", page}, data...)...)
	if !strings.HasPrefix(r.stdout, "recommended: spend $") || !strings.Contains(r.stdout, "what binds: ") || !strings.Contains(r.stdout, "proof: ") {
		t.Errorf("%s", r.stdout)
	}
	if !strings.Contains(r.stderr, "no_spend: referral is not planned") {
		t.Errorf("%s", r.stderr)
	}
	for flag, why := range map[string]string{"--target-roi=0.5": "a target return of 50 % instead of 25 %", "--budget=9000": "a budget of $9,000 instead of $", "--capacity-hours=20": "hours of 20 instead of no limit"} {
		r := must(t, append([]string{"budget", "--budget", "today", flag}, data...)...)
		if !strings.HasPrefix(flat(r.stdout), "what changes: "+why) {
			t.Errorf("%s: the difference is not first:\n%s", flag, r.stdout)
		}
	}

	first := planned(t, append([]string{"--budget", "today", "--write-plan", jsonPath}, data...)...)
	if first.Difference != nil || first.Certificate.Gap > 1e-9 || first.Certificate.Spread > 1e-9 || len(first.Plan.Sources) != 8 {
		t.Errorf("%+v, %d sources", first.Certificate, len(first.Plan.Sources))
	}
	for _, path := range []string{yamlPath, jsonPath} {
		again := planned(t, "--plan", path)
		if again.Fingerprint != first.Fingerprint || again.Gain != first.Gain || again.Binds != first.Binds {
			t.Errorf("%s gives another answer: %s", path, again.Summary)
		}
	}
	dear := planned(t, "--plan", yamlPath, "--target-roi", "0.5")
	if dear.Difference == nil || dear.Difference.Profit > 0 || dear.Certificate.Lambda < 1.5-1e-9 {
		t.Errorf("%+v", dear.Difference)
	}
	scarce := planned(t, "--plan", yamlPath, "--capacity-hours", "20", "--mode", "most_profit", "--reserve", "0")
	if scarce.Certificate.Mu <= 0 || scarce.Planned.Hours > 20*(1+1e-9) || scarce.Plan.Limits.Reserve != 0 {
		t.Errorf("%+v", scarce.Certificate)
	}
	checkPlanPage(t, page)
}

// The spend of the sample leads is the sum of their costs: without the file the plan is the same, to the cent.
func TestPlanFromTheCostsOfLeads(t *testing.T) {
	dir, modelPath := sampleLeads(t, "6000")
	args := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet"), "--budget", "today", "--draws", "0"}
	own, file := planned(t, args...), planned(t, append(args, "--spend", filepath.Join(dir, "spend.csv"))...)
	if len(own.Plan.Sources) != 8 || own.Plan.Period != "month" || math.Abs(own.Gain-file.Gain) > 0.01 {
		t.Errorf("%d sources by %s, a gain of %v; by the file %v", len(own.Plan.Sources), own.Plan.Period, own.Gain, file.Gain)
	}
	for i, s := range own.Plan.Sources {
		if k := s.Known.Response; k.Periods != 24 || math.Abs(s.Current-file.Plan.Sources[i].Current) > 0.01 || *s.High != math.Ceil(1.5*k.High) {
			t.Errorf("%s: %+v, today %v; by the file %v", s.Name, k, s.Current, file.Plan.Sources[i].Current)
		}
	}
}

// The plan's values are the tier table's: conversion, value and cap by source.
func TestPlanAgreesWithTheTierTable(t *testing.T) {
	dir, modelPath := sampleLeads(t, "6000")
	data := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet"), "--spend", filepath.Join(dir, "spend.csv")}
	plan := planned(t, append([]string{"--budget", "today", "--draws", "0"}, data...)...)
	table := reckoned(t, data...)
	seen := 0
	for _, x := range plan.Sources {
		for _, row := range table.Rows {
			if row.Value != x.Name {
				continue
			}
			seen++
			v, _ := row.Group.Value.Value()
			limit, _ := row.Cap.Value()
			if math.Abs(v-x.Value) > 1e-9*v || math.Abs(limit-x.Cap.Max) > 1e-6*max(1, limit) {
				t.Errorf("%s: value %v and cap %v, the table has %v and %v", x.Name, x.Value, x.Cap.Max, v, limit)
			}
		}
	}
	if seen != 8 {
		t.Errorf("%d sources are in both", seen)
	}
}

// checkPlanPage wants a whole page with a picture for each source and nothing from elsewhere.
func checkPlanPage(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), `<svg class="plot"`); n != 8 {
		t.Errorf("%d pictures of 8 sources", n)
	}
	for _, part := range []string{"<script", "http://", "https://", "NaN"} {
		if strings.Contains(strings.ReplaceAll(string(text), "http://www.w3.org", ""), part) {
			t.Errorf("the page holds %q", part)
		}
	}
}

// examplePlanFile is the documented example of a plan.
const examplePlanFile = "../../budget/testdata/plan.json"

func TestPlanFileOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	svg := filepath.Join(dir, "plan.svg")
	r := must(t, "budget", "--plan", examplePlanFile, "--draws", "10", "--scenarios", "--picture", svg)
	for _, part := range []string{"trade fairs", "locked", "what if:", "one person more", "leads an arm needs"} {
		if !strings.Contains(r.stdout, part) {
			t.Errorf("%q is not in\n%s", part, r.stdout)
		}
	}
	file, err := os.Open(svg)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for d := xml.NewDecoder(file); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
	}
}

func TestPlanRefuses(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(examplePlanFile)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, old, text string) string {
		return write(t, dir, name, strings.Replace(string(good), old, text, 1))
	}
	for name, c := range map[string]struct {
		want string
		code int
		args []string
	}{
		"no data":       {"--data or --plan is needed", exitUsage, []string{"--budget", "5"}},
		"amount":        {`"much" is neither an amount`, exitUsage, []string{"--plan", examplePlanFile, "--budget", "much"}},
		"mode":          {"mode is all, want spend_budget", exitUsage, []string{"--plan", examplePlanFile, "--mode", "all"}},
		"reserve":       {"reserve is 2", exitUsage, []string{"--plan", examplePlanFile, "--reserve", "2"}},
		"picture":       {"ends neither in .html nor in .svg", exitUsage, []string{"--plan", examplePlanFile, "--picture", "x.png"}},
		"absent":        {"no such file", exitFailed, []string{"--plan", filepath.Join(dir, "none.yaml")}},
		"clash":         {"the least spends take 17000 of a budget of 9000, 8000 too much: search 5000, trade fairs 12000", exitFailed, []string{"--plan", examplePlanFile, "--budget", "10000"}},
		"empty":         {"the file is empty", exitUsage, []string{"--plan", write(t, dir, "empty.yaml", "")}},
		"two documents": {"only one YAML document", exitUsage, []string{"--plan", write(t, dir, "two.yaml", "seed: 1\n---\nseed: 2\n")}},
		"unknown key":   {"key.yaml:2: /limits/bugdet: unknown key", exitUsage, []string{"--plan", write(t, dir, "key.yaml", "limits:\n  bugdet: 5\n")}},
		"source's key":  {"source.yaml:4: /sources/0/courve: unknown key", exitUsage, []string{"--plan", write(t, dir, "source.yaml", "seed: 1\nsources:\n  - name: a\n    courve: 3\n")}},
		"twice":         {`mapping key "seed" already defined at line 1`, exitUsage, []string{"--plan", write(t, dir, "twice.yaml", "seed: 1\nseed: 2\n")}},
		"type":          {"type.yaml:1: /seed: a string cannot be a whole number", exitUsage, []string{"--plan", write(t, dir, "type.yaml", "seed: soon\nsources: []\n")}},
		"bound":         {"sources[0].curve.b is 1.62", exitFailed, []string{"--plan", file("bound.json", `"b": 0.62`, `"b": 1.62`)}},
	} {
		r := leadscore(t, append([]string{"budget"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: exit %d: %s; want %d and %q", name, r.code, r.stderr, c.code, c.want)
		}
	}
}

// The answer says what every arm that goes on is sure of, also if the plan leaves it out. One that has stopped has no
// share and no chance of being the best.
func TestPlanShowsTheFloorOfItsExperiments(t *testing.T) {
	text, err := os.ReadFile("../../budget/testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "plan.json")
	text = bytes.Replace(bytes.Replace(text, []byte(`"floor": 0.05, "draws": 4000,`), nil, 1), []byte(`"price": 40}`), []byte(`"price": 4000}`), 1)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r := must(t, "budget", "--plan", path, "--draws", "0")
	if want := "$5,000 are kept for experiments: at least 5 % for each arm that goes on, the rest"; !strings.Contains(flat(r.stdout), want) {
		t.Errorf("%q is not in\n%s", want, r.stdout)
	}
	for _, part := range []string{" podcast  $5,000  100 %", " directory      $0      –      –          –"} {
		if !strings.Contains(r.stdout, part) {
			t.Errorf("%q is not in\n%s", part, r.stdout)
		}
	}
}
