package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A list with nothing in it is [] to whoever reads --json, not null.
func TestEmptyListsAreLists(t *testing.T) {
	dir, random := t.TempDir(), rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	b.WriteString("lead_id,created_at,size,won,won_at,profit\n")
	for i := range 3000 {
		size := i % 4
		created := time.Date(2025, 1, 1, i/10, 0, 0, 0, time.UTC)
		fmt.Fprintf(&b, "L%d,%s,size %d,", i, created.Format(time.RFC3339), size)
		if random.Float64() < 0.1+0.1*float64(size) {
			fmt.Fprintf(&b, "true,%s,%d\n", created.Add(time.Hour).Format(time.RFC3339), 500*(size+1)+random.IntN(200))
		} else {
			b.WriteString("false,,\n")
		}
	}
	leads, modelPath := filepath.Join(dir, "leads.parquet"), filepath.Join(dir, "model.json")
	must(t, "import", write(t, dir, "leads.csv", b.String()), "--out", leads)
	config := write(t, dir, "leadscore.yaml", "columns: {id: lead_id, created_at: created_at}\noutcome: {converted: won, at: won_at, horizon: 10d}\nas_of: 2025-12-31\nvalue: {profit: profit}\nsplit: {by: random}\n")
	empty := regexp.MustCompile(`"warnings": (null|\[\])`)
	for _, args := range [][]string{
		{"train", "--data", leads, "--config", config, "--out", modelPath},
		{"budget", "--model", modelPath, "--data", leads, "--as-of", "2025-12-31"},
		{"evaluate", "--model", modelPath, "--data", leads},
	} {
		if found := empty.FindString(must(t, append(args, "--json")...).stdout); found != `"warnings": []` {
			t.Errorf("%s: %q", args[0], found)
		}
	}
}
