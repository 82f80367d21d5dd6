package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
)

// queued runs queue and reads its document.
func queued(t *testing.T, args ...string) *queueResult {
	t.Helper()
	r := must(t, append([]string{"queue", "--json"}, args...)...)
	q := new(queueResult)
	if err := json.Unmarshal([]byte(r.stdout), q); err != nil {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	return q
}

func TestQueueOfSampleLeads(t *testing.T) {
	dir, modelPath := sampleLeads(t, "6000")
	out := filepath.Join(dir, "queue.csv")
	data := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet")}
	q := queued(t, append(data, "--hours", "40", "--out", out)...)
	if q.Count[budget.WorkIt] != 53 || q.Used != 39.75 || q.Mu <= 0 || !q.Proven || q.Closed == 0 || q.Stalled == 0 || q.Aged == 0 {
		t.Errorf("%+v", q)
	}
	total, profit := 0, 0.0
	for i, p := range q.Leads {
		total++
		if p.Place == budget.WorkIt {
			profit += p.Profit
			if p.Rank != i+1 || i > 0 && p.Profit > q.Leads[i-1].Profit {
				t.Fatalf("place %d: %+v", i, p)
			}
		}
	}
	if total+q.Closed != 6000 || math.Abs(profit-q.Profit) > 1e-6 {
		t.Errorf("%d open, %d closed; %v of %v", total, q.Closed, profit, q.Profit)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines != total+1 || !strings.HasPrefix(string(text), "lead_id,place,rank,profit,hours,profit_per_hour\n"+q.Leads[0].ID+",work,1,") {
		t.Errorf("%d lines: %.200s", lines, text)
	}
	for _, ending := range []string{".parquet", ".jsonl"} {
		must(t, append([]string{"queue", "--hours", "5", "--out", filepath.Join(dir, "queue"+ending)}, data...)...)
	}
	idle := must(t, append([]string{"queue", "--hours", "99999"}, data...)...)
	if !strings.Contains(idle.stdout, "hours are idle") {
		t.Errorf("%s", idle.stdout)
	}
	later := queued(t, append(data, "--hours", "40", "--as-of", "2027-06-30")...)
	if later.Count[budget.WorkIt] != 0 || later.Stalled != len(later.Leads) {
		t.Errorf("a year later %d are worked, %d of %d are overdue", later.Count[budget.WorkIt], later.Stalled, len(later.Leads))
	}
}

// Queues of a few leads with hours of their own, against every subset of those that are worked when there is time for
// all.
func TestQueueEqualsBruteForceOnTheCommandLine(t *testing.T) {
	dir, modelPath := sampleLeads(t, "3000")
	random := rand.New(rand.NewPCG(61, 61))
	header, rows := sampleRows(t, dir, random)
	scarce := 0
	for i := range 25 {
		random.Shuffle(len(rows), func(a, b int) { rows[a], rows[b] = rows[b], rows[a] })
		path := write(t, dir, "few.csv", header+strings.Join(rows[:2+random.IntN(10)], ""))
		args := []string{"--model", modelPath, "--data", path, "--hours-column", "touch_hours", "--as-of", "2026-07-01", "--hours"}
		hours := 0.1 + 6*random.Float64()
		q, free := queued(t, append(args, fmt.Sprint(hours))...), queued(t, append(args, "1000000")...)
		if best := bestSubset(free.Leads, hours); math.Abs(q.Profit-best) > 1e-9*max(1, best) || q.Used > hours || !q.Proven {
			t.Errorf("case %d: %v in %v of %v hours, the best subset brings %v", i, q.Profit, q.Used, hours, best)
		}
		if q.Mu > 0 {
			scarce++
		}
	}
	if scarce < 5 {
		t.Errorf("hours were scarce in %d cases only", scarce)
	}
}

// sampleRows are open sample leads of the last month as lines of a CSV file, with hours.
func sampleRows(t *testing.T, dir string, random *rand.Rand) (header string, rows []string) {
	t.Helper()
	options := datasets.DefaultSyntheticOptions()
	options.Rows, options.Seed, options.Workers = 6000, 5, 1
	err := datasets.Draw(t.Context(), options, func(leads, _ datasets.Frame) error {
		hours := datasets.FrameColumn{Name: "touch_hours", Type: features.Type{Base: features.Float64}}
		for range leads.Rows {
			hours.Floats = append(hours.Floats, 0.25+math.Round(300*random.Float64())/100)
		}
		leads.Columns = append(slices.Clip(leads.Columns), hours)
		writeFrame(t, filepath.Join(dir, "all.csv"), leads)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "all.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSpace(string(text))+"\n", "\n")
	for _, line := range lines[1:] {
		if strings.Contains(line, ",2026-06-") {
			rows = append(rows, line)
		}
	}
	return lines[0], rows
}

// bestSubset tries every subset of the leads that are worked when there is time for all.
func bestSubset(leads []budget.Placed, hours float64) float64 {
	best := 0.0
	for set := range 1 << len(leads) {
		profit, used := 0.0, 0.0
		for k, p := range leads {
			if set>>k&1 == 1 && p.Place == budget.WorkIt {
				profit, used = profit+p.Profit, used+p.Hours
			}
		}
		if used <= hours {
			best = max(best, profit)
		}
	}
	return best
}

func TestQueueRefuses(t *testing.T) {
	dir, modelPath := sampleLeads(t, "3000")
	data := filepath.Join(dir, "leads.parquet")
	plain, poor := filepath.Join(dir, "plain.json"), filepath.Join(dir, "poor.json")
	must(t, "train", "--data", data, "--outcome", "converted", "--exclude", "deal_desk_touches,revenue", "--out", plain, "--holdout", "0")
	none := write(t, dir, "none.yaml", "outcome: {converted: converted}\nvalue: {profit: \"\"}\nfeatures: {include: [source, industry]}\n")
	must(t, "train", "--data", data, "--config", none, "--out", poor, "--holdout", "0")
	for name, c := range map[string]struct {
		want string
		code int
		args []string
	}{
		"no data":       {"--data is needed", exitUsage, []string{"--hours", "4"}},
		"no hours":      {"--hours: 0 is not", exitUsage, []string{"--data", data}},
		"no money":      {"the model knows no money", exitFailed, []string{"--model", poor, "--data", data, "--hours", "4"}},
		"hours a lead":  {"give --lead-hours or --hours-column", exitUsage, []string{"--model", plain, "--data", data, "--hours", "4"}},
		"lines":         {"a queue is made of .parquet or .csv", exitUsage, []string{"--data", "x.jsonl", "--hours", "4"}},
		"ending":        {"ends neither in", exitUsage, []string{"--data", data, "--hours", "4", "--out", "x.txt"}},
		"twice":         {"give one of them", exitUsage, []string{"--data", data, "--hours", "4", "--lead-hours", "1", "--hours-column", "x"}},
		"no column":     {`there is no column "x"`, exitFailed, []string{"--data", data, "--hours", "4", "--hours-column", "x"}},
		"words":         {`"industry" is a category, want a number`, exitFailed, []string{"--data", data, "--hours", "4", "--hours-column", "industry"}},
		"missing hours": {"is not a number of hours", exitFailed, []string{"--data", data, "--hours", "4", "--hours-column", "employees"}},
		"thin":          {"--thin: 2 is not a share", exitUsage, []string{"--data", data, "--hours", "4", "--thin", "2"}},
		"day":           {"--as-of", exitUsage, []string{"--data", data, "--hours", "4", "--as-of", "soon"}},
	} {
		args := c.args
		if args[0] != "--model" {
			args = append([]string{"--model", modelPath}, args...)
		}
		r := leadscore(t, append([]string{"queue"}, args...)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: exit %d: %s; want %d and %q", name, r.code, r.stderr, c.code, c.want)
		}
	}
}
