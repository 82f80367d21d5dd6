package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is found of repeated ids is what counting them one by one finds.
func TestRepeatedIDsAreCounted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 50, 3000} {
		for _, names := range []int{1, 10, 1_000_000} {
			x, rows, want := newLeadIDs(0), map[string][]int{}, repeatedIDs{again: -1}
			for row := range n {
				id := ""
				if random.IntN(10) > 0 {
					id = fmt.Sprint("L", random.IntN(names))
					rows[id] = append(rows[id], row)
				}
				x.add(id)
			}
			for _, of := range rows {
				if len(of) > 1 {
					want.ids, want.surplus = want.ids+1, want.surplus+len(of)-1
					if want.again < 0 || of[1] < want.again {
						want.first, want.again = of[0], of[1]
					}
				}
			}
			if want.ids == 0 {
				want.again = 0
			}
			if got := x.repeated(); got != want {
				t.Errorf("%d rows of %d names: %+v, want %+v", n, names, got, want)
			}
		}
	}
}

// A lead in several rows counts several times: whatever adds leads up says so, with the first id and its rows. Leads that
// stand once get no such word.
func TestRepeatedLeadsAreTold(t *testing.T) {
	dir, modelPath := sampleLeads(t, "6000")
	leads := filepath.Join(dir, "leads.parquet")
	text, err := os.ReadFile(leads)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "more.parquet")
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		t.Fatal(err)
	}
	const warned = "repeated_lead_id"
	places := fmt.Sprintf("in row 1 of %s and row 1 of %s; each of these rows counts as a lead: 6,000 too many", leads, copied)
	for _, verb := range [][]string{{"budget", "--model", modelPath}, {"budget", "--budget", "today", "--draws", "0", "--model", modelPath}, {"evaluate", "--model", modelPath}} {
		once, twice := must(t, append(verb, "--data", leads)...), must(t, append(verb, "--data", leads, "--data", copied)...)
		said := flat(twice.stdout + twice.stderr)
		if strings.Contains(once.stderr, warned) || !strings.Contains(said, "6,000 ids stand in more than one row, the first ") || !strings.Contains(said, places) {
			t.Errorf("%s: %s\n%s\n%s", verb, once.stderr, twice.stdout, twice.stderr)
		}
	}
	config := filepath.Join(dir, "leadscore.yaml")
	if r := must(t, "inspect", leads, copied, "--config", config); !strings.Contains(r.stdout, "note: lead_id: 6,000 ids stand in more than one row") {
		t.Errorf("inspect: %s", r.stdout)
	}
	if r := must(t, "inspect", leads, "--config", config); strings.Contains(r.stdout, "more than one row") {
		t.Errorf("inspect: %s", r.stdout)
	}
}

// Scores are added up too, whatever the form of the file and of what is written.
func TestScoreTellsRepeatedLeads(t *testing.T) {
	dir, modelPath := sampleLeads(t, "6000")
	lines := filepath.Join(dir, "leads.jsonl")
	text := "{\"lead_id\":\"a\"}\n{\"lead_id\":\"b\"}\n{}\n{\"lead_id\":\"c\"}\n{}\n{\"lead_id\":\"b\"}\n{\"lead_id\":\"b\"}\n{\"lead_id\":\"a\"}\n"
	if err := os.WriteFile(lines, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := `leadscore: warning: repeated_lead_id: lead_id: 2 ids stand in more than one row, the first "b" in rows 2 and 6; each of these rows counts as a lead: 3 too many`
	if r := must(t, "score", "--model", modelPath, "--data", lines, "--out", filepath.Join(dir, "scores.csv")); !strings.Contains(r.stderr, want) {
		t.Errorf("%s", r.stderr)
	}
	leads, folder := filepath.Join(dir, "leads.parquet"), filepath.Join(dir, "twice")
	parquet, err := os.ReadFile(leads)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.parquet", "b.parquet"} {
		if err := os.WriteFile(filepath.Join(folder, name), parquet, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, only := range []string{"--only=id,probability", "--only=reasons"} {
		once := must(t, "score", "--model", modelPath, "--data", leads, "--out", filepath.Join(dir, "scores.csv"), only)
		twice := must(t, "score", "--model", modelPath, "--data", folder, "--out", filepath.Join(dir, "scores.csv"), only)
		if strings.Contains(once.stderr, "repeated") || !strings.Contains(twice.stderr, "in rows 1 and 6,001;") {
			t.Errorf("%s: %s\n%s", only, once.stderr, twice.stderr)
		}
	}
	queue := []string{"queue", "--model", modelPath, "--hours", "9", "--data"}
	must(t, append(queue, leads)...)
	if r := leadscore(t, append(queue, folder)...); r.code != exitFailed || !strings.Contains(r.stderr, `queue: column "lead_id": `) || strings.Count(r.stderr, "\n") > 1 {
		t.Errorf("queue: exit %d: %s", r.code, r.stderr)
	}
}
