package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// visitors writes leads who are the likelier to buy, the shorter before they came they had been on the site.
func visitors(t *testing.T, dir string) string {
	t.Helper()
	random := rand.New(rand.NewPCG(6, 6))
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	var text strings.Builder
	text.WriteString("lead_id,created_at,last_visit,pages,converted\n")
	for r := range 6000 {
		created := start.Add(time.Duration(r) * 2 * time.Hour)
		away := 20 * random.ExpFloat64()
		visit := created.Add(-time.Duration(away * 24 * float64(time.Hour))).Format(time.RFC3339)
		if random.IntN(10) == 0 {
			visit = ""
		}
		pages := random.IntN(20)
		won := random.Float64() < 1/(1+math.Exp(0.4+math.Log1p(away/5)-float64(pages)/20))
		fmt.Fprintf(&text, "L%d,%s,%s,%d,%t\n", r, created.Format(time.RFC3339), visit, pages, won)
	}
	data := filepath.Join(dir, "visitors.parquet")
	must(t, "import", write(t, dir, "visitors.csv", text.String()), "--out", data)
	return data
}

// A date as a feature counts from the creation of the lead: it tells in leads that came later, and a lead has the same score
// by any way. A model without a creation keeps the date as it is.
func TestDatesCountFromCreation(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	data := visitors(t, dir)
	if r := must(t, "inspect", data, "--outcome", "converted"); !strings.Contains(r.stdout, "counts as days before created_at") {
		t.Errorf("%s", r.stdout)
	}
	must(t, "import", at("visitors.csv"), "--out", at("texts.parquet"), "--type", "last_visit=string")
	texts := must(t, "inspect", at("texts.parquet"), "--outcome", "converted", "--write-config", at("texts.yaml"))
	if proposed := string(readFiles(t, dir)["texts.yaml"]); !strings.Contains(texts.stdout, "its texts are dates, which features.kinds makes a time of") || !strings.Contains(proposed, `"last_visit": time  # its texts are dates`) {
		t.Errorf("%s\n%s", texts.stdout, proposed)
	}
	auc := func(config, name string) float64 {
		var trained struct {
			Holdout struct{ AUC float64 } `json:"holdout"`
		}
		r := must(t, "train", "--data", data, "--config", write(t, dir, name+".yaml", config), "--out", at(name+".json"), "--report", at(name+".html"), "--json")
		if err := json.Unmarshal([]byte(r.stdout), &trained); err != nil {
			t.Fatal(err)
		}
		return trained.Holdout.AUC
	}
	const outcome = "outcome: {converted: converted}\n"
	counted, dated := auc(outcome, "counted"), auc("columns: {created_at: \"\"}\nsplit: {by: row_order}\nfeatures: {exclude: [created_at]}\n"+outcome, "dated")
	if counted < dated+0.05 || counted < 0.68 {
		t.Errorf("AUC %.3f by the days before the lead, %.3f by the date", counted, dated)
	}
	if report := string(readFiles(t, dir)["counted.html"]); !strings.Contains(report, "days before the lead") {
		t.Error("the report does not say what the axis counts")
	}

	probability := func(file string) map[string]string {
		out := at("scores.csv")
		must(t, "score", "--model", at("counted.json"), "--data", file, "--out", out, "--only", "id,probability")
		scores := map[string]string{}
		for _, row := range readCSV(t, out)[1:] {
			scores[row[0]] = row[1]
		}
		return scores
	}
	rows, err := csv.NewReader(strings.NewReader(string(readFiles(t, dir)["visitors.csv"]))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, row := range rows[1:] {
		fmt.Fprintf(&lines, "{\"lead_id\":%q,\"last_visit\":%q,\"pages\":%s,\"created_at\":%q}\n", row[0], row[2], row[3], row[1])
	}
	stored, told := probability(data), probability(at("visitors.csv"))
	sent := probability(write(t, dir, "visitors.jsonl", lines.String()))
	for id, want := range stored {
		if told[id] != want || sent[id] != want {
			t.Fatalf("%s: %s in Parquet, %s in CSV, %s in JSON", id, want, told[id], sent[id])
		}
	}
	if len(stored) != 6000 {
		t.Errorf("%d scores", len(stored))
	}

	explain := func(lead string) string {
		return leadscoreWith(t, lead, nil, "explain", "--model", at("counted.json"), "--lead", "-").stdout
	}
	if text := explain(`{"created_at":"2025-03-11","last_visit":"2025-03-01"}`); !strings.Contains(text, "10 days before") {
		t.Errorf("%s", text)
	}
	if text := explain(`{"last_visit":"2025-03-01"}`); !strings.Contains(text, "last_visit: it counts from created_at, which has no value") {
		t.Errorf("%s", text)
	}
}
