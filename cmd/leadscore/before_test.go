package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// rowsOf reads a file of scores.
func rowsOf(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// A lead that was in the best tier leaves it only past the cut, by the hysteresis; earlier scores are read from both kinds
// of files, and scores after themselves are the same.
func TestScoreKeepsTiers(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	m, err := loadModel(modelPath)
	if err != nil {
		t.Fatal(err)
	}
	tiers := m.Policy().Tiers
	at := func(name string) string { return filepath.Join(dir, name) }
	args := []string{"score", "--model", modelPath, "--data", at("leads.parquet"), "--explain", "0"}
	must(t, append(args, "--out", at("fresh.csv"))...)
	must(t, append(args, "--out", at("fresh.parquet"))...)
	fresh := rowsOf(t, at("fresh.csv"))
	var before strings.Builder
	before.WriteString("lead_id,tier\n")
	for _, row := range fresh {
		before.WriteString(row["lead_id"] + "," + tiers.Names[0] + "\n")
	}
	must(t, append(args, "--out", at("kept.csv"), "--before", write(t, dir, "before.csv", before.String()))...)
	must(t, append(args, "--out", at("same.csv"), "--before", at("fresh.parquet"))...)
	kept, same, changed := rowsOf(t, at("kept.csv")), rowsOf(t, at("same.csv")), 0
	for i, row := range fresh {
		v, err := strconv.ParseFloat(row["expected_value"], 64)
		if err != nil {
			t.Fatal(err)
		}
		if want := tiers.Keep(v, tiers.Names[0]); kept[i]["tier"] != want {
			t.Fatalf("a lead worth %v that was in %s is in %s, want %s", v, tiers.Names[0], kept[i]["tier"], want)
		}
		if row["tier"] != kept[i]["tier"] {
			changed++
		}
		if same[i]["tier"] != row["tier"] {
			t.Fatalf("a lead in %s is in %s after that", row["tier"], same[i]["tier"])
		}
	}
	if changed == 0 || changed > len(fresh)/10 {
		t.Errorf("%d of %d leads are kept in a tier that they would not get", changed, len(fresh))
	}
	first := fresh[0]["lead_id"]
	r := must(t, append(args, "--out", at("x.csv"), "--before", write(t, dir, "strange.csv", "lead_id,tier\n"+first+",Gold\nx,"+tiers.Names[0]+"\n"))...)
	if !strings.Contains(r.stderr, "1 of 2 leads were in a tier that this model does not have") {
		t.Errorf("%s", r.stderr)
	}
	for want, file := range map[string]string{`"tier": not in the file`: at("leads.parquet"), "are read from .parquet or .csv": at("x.jsonl"), "no such file": at("none.csv")} {
		if r := leadscore(t, append(args, "--out", at("x.csv"), "--before", file)...); r.code == exitDone || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit %d: %s", file, r.code, r.stderr)
		}
	}
}
