package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// numberedShops writes sales of shops that have numbers, whose conversions know no order.
func numberedShops(t *testing.T, dir string) string {
	t.Helper()
	random := rand.New(rand.NewPCG(4, 4))
	var effect [90]float64
	for i := range effect {
		effect[i] = random.NormFloat64()
	}
	var csv strings.Builder
	csv.WriteString("lead_id,shop,pages,channel,cost,converted,profit\n")
	for r := range 5000 {
		shop, pages := random.IntN(len(effect)), random.IntN(20)
		won, profit := random.Float64() < 1/(1+math.Exp(1.5-effect[shop]-float64(pages)/20)), ""
		if won {
			profit = fmt.Sprint(100 + random.IntN(100))
		}
		fmt.Fprintf(&csv, "L%d,%d,%d,%s,5,%t,%s\n", r, 100+shop, pages, []string{"web", "mail"}[r%2], won, profit)
	}
	data := filepath.Join(dir, "shops.parquet")
	must(t, "import", write(t, dir, "shops.csv", csv.String()), "--out", data)
	return data
}

// A number that names things is a category from training to the report, the score of a file and of one lead.
func TestNumberThatNamesThings(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	data := numberedShops(t, dir)

	// inspect says so, and its configuration does.
	inspected := must(t, "inspect", data, "--outcome", "converted", "--write-config", at("proposed.yaml"))
	if !strings.Contains(inspected.stdout, "seem to name things") || !strings.Contains(string(readFiles(t, dir)["proposed.yaml"]), `"shop": category`) {
		t.Errorf("inspect:\n%s", inspected.stdout)
	}
	must(t, "train", "--data", data, "--config", at("proposed.yaml"), "--out", at("proposed.json"))

	// train finds it by itself, and says so once.
	config := write(t, dir, "c.yaml", "columns: {id: lead_id, source: channel, cost: cost}\noutcome: {converted: converted}\nvalue: {profit: profit}\neconomics: {target_roi: 0.25}\n")
	trained := must(t, "train", "--data", data, "--config", config, "--out", at("model.json"), "--report", at("report.html"))
	if strings.Count(trained.stderr, "number_names: shop: ") != 1 {
		t.Errorf("train:\n%s", trained.stderr)
	}
	checkLines(t, trained.stdout)
	for _, code := range []string{"identity", "holdout          time", "holdout          random:", "%!"} {
		if strings.Contains(trained.stdout, code) {
			t.Errorf("train prints %q:\n%s", code, trained.stdout)
		}
	}
	kept := write(t, dir, "kept.yaml", "columns: {id: lead_id}\noutcome: {converted: converted}\nfeatures: {kinds: {shop: number}}\n")
	if r := must(t, "train", "--data", data, "--config", kept, "--out", at("kept.json")); strings.Contains(r.stderr, "number_names") {
		t.Errorf("declared a number:\n%s", r.stderr)
	}

	// A file and one lead have the same score.
	must(t, "score", "--model", at("model.json"), "--data", data, "--out", at("scores.csv"), "--only", "id,probability")
	row := strings.Split(string(readFiles(t, dir)["scores.csv"]), "\n")[1]
	lines := strings.Split(string(readFiles(t, dir)["shops.csv"]), "\n")
	cells := strings.Split(lines[1], ",")
	lead := fmt.Sprintf(`{"shop":%s,"lead_id":%q,"pages":%s,"channel":%q}`, cells[1], cells[0], cells[2], cells[3])
	form := strings.Replace(lead, cells[1], strconv.Quote(cells[1]), 1)
	if number, text := leadscoreWith(t, lead, nil, "explain", "--model", at("model.json"), "--lead", "-"), leadscoreWith(t, form, nil, "explain", "--model", at("model.json"), "--lead", "-"); number.stdout != text.stdout || number.code != exitDone {
		t.Errorf("as a number:\n%s%s\nas a text:\n%s%s", number.stdout, number.stderr, text.stdout, text.stderr)
	}
	explained := leadscoreWith(t, lead, nil, "explain", "--model", at("model.json"), "--lead", "-", "--json")
	var score struct{ Probability float64 }
	if err := json.Unmarshal([]byte(explained.stdout), &score); err != nil {
		t.Fatalf("%v: %s%s", err, explained.stdout, explained.stderr)
	}
	if got := fmt.Sprintf("%s,%v", cells[0], score.Probability); got != row {
		t.Errorf("one lead: %s, in the file: %s", got, row)
	}
	must(t, "budget", "--model", at("model.json"), "--data", data)
	must(t, "compare", "--data", data, "--config", config)
}
