package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/internal/raced"
	"github.com/leadscore/leadscore/model"
)

// oddLeads are leads whose values try every way in: float32 columns, decimals, time stamps, booleans, integers
// as categories, nulls, levels that training never saw, numbers outside its range, texts that need normalising.
func oddLeads(rows int, seed uint64, scoring bool) datasets.Frame {
	random := rand.New(rand.NewPCG(seed, 1))
	column := func(name string, t features.Type) datasets.FrameColumn {
		return datasets.FrameColumn{Name: name, Type: t, Valid: []bool{}}
	}
	id := datasets.FrameColumn{Name: "lead_id", Type: features.Type{Base: features.String}}
	color := column("color", features.Type{Base: features.String})
	ratio := column("ratio", features.Type{Base: features.Float32})
	price := column("price", features.Type{Base: features.Decimal, Scale: 2})
	weight := column("mass", features.Type{Base: features.Float64})
	count := column("count", features.Type{Base: features.Int16})
	zip := column("zip", features.Type{Base: features.Int32})
	member := column("member", features.Type{Base: features.Bool})
	seen := column("seen_at", features.Type{Base: features.Timestamp})
	source := column("source", features.Type{Base: features.String})
	reached := column("sql_at", features.Type{Base: features.Timestamp})
	profit := column("profit", features.Type{Base: features.Float64})
	won := datasets.FrameColumn{Name: "converted", Type: features.Type{Base: features.Bool}}
	colors := []string{"red", "green", "blue", "café", "caf\u0065\u0301", " padded ", "?", "comma, \"quote\"", "line\nbreak"}
	some := func() bool { return random.Float64() > 0.1 }
	for i := range rows {
		id.Texts = append(id.Texts, fmt.Sprintf("lead-%05d", i))
		c, scale := colors[random.IntN(len(colors))], 1.0
		if scoring && random.Float64() < 0.1 {
			c = fmt.Sprintf("unseen %d", i)
		}
		if scoring && random.Float64() < 0.1 {
			scale = 1000
		}
		color.Texts, color.Valid = append(color.Texts, c), append(color.Valid, some())
		ratio.Floats, ratio.Valid = append(ratio.Floats, float64(float32(random.Float64()*scale))), append(ratio.Valid, some())
		price.Floats, price.Valid = append(price.Floats, math.Round(random.Float64()*1e5*scale)/100), append(price.Valid, some())
		weight.Floats, weight.Valid = append(weight.Floats, random.NormFloat64()*math.Pi*scale), append(weight.Valid, some())
		count.Ints, count.Valid = append(count.Ints, int64(random.IntN(30))*int64(min(scale, 500))), append(count.Valid, some())
		zip.Ints, zip.Valid = append(zip.Ints, int64(10_000+random.IntN(20))), append(zip.Valid, some())
		member.Bools, member.Valid = append(member.Bools, random.IntN(2) == 0), append(member.Valid, some())
		seen.Times, seen.Valid = append(seen.Times, 1_750_000_000_000_000+random.Int64N(30_000_000_000_000)), append(seen.Valid, some())
		from := []string{"web", "fair", "list"}[random.IntN(3)]
		if scoring && random.Float64() < 0.1 {
			from = fmt.Sprintf("source %d", i)
		}
		source.Texts, source.Valid = append(source.Texts, from), append(source.Valid, some())
		reached.Times, reached.Valid = append(reached.Times, 1_790_000_000_000_000), append(reached.Valid, random.IntN(2) == 0)
		won.Bools = append(won.Bools, random.Float64() < 0.2+0.3*ratio.Floats[i]/scale)
		earned := max(0, math.Round(100*float64(len(from))*math.Exp(weight.Floats[i]/scale/5+random.NormFloat64()/2)-100))
		profit.Floats, profit.Valid = append(profit.Floats, earned), append(profit.Valid, won.Bools[i])
	}
	return datasets.Frame{Rows: rows, Columns: []datasets.FrameColumn{id, color, ratio, price, weight, count, zip, member, seen, source, reached, profit, won}}
}

const oddConfig = `
outcome: {converted: converted}
features: {kinds: {zip: category}}
missing: ["", "?"]
economics: {stage_costs: {lead: 3, sql: 11, won: 100}, hours_per_lead: 0.5, hour_cost: 40, nurture: {p1: 0.4, q: 0.7, delay: 0.95, cost: 20}}
`

func writeFrame(t testing.TB, path string, f datasets.Frame) {
	t.Helper()
	var w frameWriter
	var err error
	if strings.HasSuffix(path, ".csv") {
		w, err = datasets.NewCSVWriter(path, f.Columns)
	} else {
		w, err = datasets.NewWriter(path, f.Columns, datasets.DefaultWriteOptions())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(f); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// jsonLead writes a row of a frame as a request, with time stamps in zones of several kinds.
func jsonLead(f datasets.Frame, row int) []byte {
	zones := []string{"Z", "+02:00", "-07:30"}
	values := map[string]any{}
	for _, c := range f.Columns {
		if c.Name == "converted" || c.Name == "sql_at" || c.Name == "profit" || c.Valid != nil && !c.Valid[row] {
			continue
		}
		switch {
		case c.Texts != nil:
			values[c.Name] = c.Texts[row]
		case c.Floats != nil:
			values[c.Name] = c.Floats[row]
		case c.Ints != nil:
			values[c.Name] = c.Ints[row]
		case c.Bools != nil:
			values[c.Name] = c.Bools[row]
		case c.Times != nil:
			values[c.Name] = zoned(c.Times[row], zones[row%len(zones)])
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return text
}

func TestSameBitsOnEveryPath(t *testing.T) {
	rows, explained, single := 10_000, 100, 1_000
	if raced.Enabled {
		rows, explained, single = 1_000, 20, 100
	}
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	writeFrame(t, in("train.parquet"), oddLeads(5_000, 1, false))
	must(t, "train", "--data", in("train.parquet"), "--config", write(t, dir, "leadscore.yaml", oddConfig), "--out", in("model.json"), "--holdout", "0")

	leads := oddLeads(rows, 2, true)
	writeFrame(t, in("leads.parquet"), leads)
	writeFrame(t, in("leads.csv"), leads)
	lines := make([][]byte, rows)
	for i := range lines {
		lines[i] = jsonLead(leads, i)
	}
	write(t, dir, "leads.jsonl", string(bytes.Join(lines, []byte("\n"))))

	want := scoredLines(t, in("model.json"), in("leads.jsonl"), in("from-jsonl.jsonl"))
	check := func(path string, got map[string]bits) {
		t.Helper()
		different := 0
		for id, b := range got {
			if want[id] != b {
				if different++; different <= 3 {
					t.Errorf("%s: %s: %v, want %v", path, id, b, want[id])
				}
			}
		}
		if different > 3 {
			t.Errorf("%s: %d of %d leads differ", path, different, len(got))
		}
	}
	if len(want) != rows {
		t.Fatalf("%d leads scored, want %d", len(want), rows)
	}
	for _, path := range []string{"leads.parquet", "leads.csv"} {
		got := scoredLines(t, in("model.json"), in(path), in("out.jsonl"))
		if len(got) != rows {
			t.Errorf("%s: %d leads scored, want %d", path, len(got), rows)
		}
		check(path, got)
	}
	columns := decidedColumns(t, in("model.json"), in("leads.parquet"), in("out.csv"))
	if len(columns) != rows {
		t.Errorf("%d leads decided column by column, want %d", len(columns), rows)
	}
	check("column by column", columns)
	seen := map[string]int{}
	for _, b := range want {
		seen[b.tier]++
		seen[b.action]++
	}
	if seen["A"] == 0 || seen["B"] == 0 || seen["C"] == 0 || seen["hand_off"] == 0 || seen["nurture"] == 0 {
		t.Errorf("the leads do not try every decision: %v", seen)
	}
	check("explain", explainedLeads(t, in("model.json"), lines[:explained]))
	serving(t, in("model.json"), func(url string) {
		check("server, single", postedSingly(t, url, lines[:single]))
		check("server, batch", postedInBatches(t, url, lines))
	})
}

// scoredLines scores a file into JSON lines and returns the bits of each lead's score. Each score's sums are
// checked on the way.
func scoredLines(t *testing.T, modelPath, data, out string) map[string]bits {
	t.Helper()
	must(t, "score", "--model", modelPath, "--data", data, "--out", out, "--explain", "-1")
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got := map[string]bits{}
	for s := bufio.NewScanner(f); s.Scan(); {
		got[bitsOf(t, s.Bytes())] = lastBits
	}
	return got
}

// bits are what of a score every path must agree on, to the last bit.
type bits struct {
	logOdds, value, maxCost uint64
	tier, action            string
}

var lastBits bits

// decidedColumns scores a file column by column and returns what the policy says of each lead.
func decidedColumns(t *testing.T, modelPath, data, out string) map[string]bits {
	t.Helper()
	must(t, "score", "--model", modelPath, "--data", data, "--out", out, "--explain", "0", "--only", "id,log_odds,expected_value,tier,max_cost_per_lead,action")
	got := map[string]bits{}
	for _, r := range readCSV(t, out)[1:] {
		var numbers [3]uint64
		for i, text := range []string{r[1], r[2], r[4]} {
			x, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatalf("%v: %v", r, err)
			}
			numbers[i] = math.Float64bits(x)
		}
		got[r[0]] = bits{logOdds: numbers[0], value: numbers[1], maxCost: numbers[2], tier: r[3], action: r[5]}
	}
	return got
}

// bitsOf reads a score, checks its sums, and returns the lead's id; its bits are left in lastBits.
func bitsOf(t *testing.T, text []byte) string {
	t.Helper()
	var s model.Score
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	checkSums(t, &s)
	if s.ExpectedValue == nil {
		t.Fatalf("no expected value: %s", text)
	}
	lastBits = bits{logOdds: math.Float64bits(s.LogOdds), value: math.Float64bits(*s.ExpectedValue), tier: s.Tier, action: string(s.Action)}
	if s.MaxCost != nil {
		lastBits.maxCost = math.Float64bits(*s.MaxCost)
	}
	return s.LeadID
}

// checkSums checks that the reasons add up to the score, as cli.md promises.
func checkSums(t *testing.T, s *model.Score) {
	t.Helper()
	logOdds, probability := s.Base.LogOdds, s.Base.Probability
	value := 0.0
	for _, r := range s.Reasons {
		logOdds += r.LogOdds
		probability += r.Probability
		if r.ExpectedValue != nil {
			value += *r.ExpectedValue
		}
	}
	if d := math.Abs(logOdds - s.LogOdds); d > 1e-12 {
		t.Errorf("%s: log-odds off by %g", s.LeadID, d)
	}
	if d := math.Abs(probability - s.Probability); d > 1e-12 {
		t.Errorf("%s: probability off by %g", s.LeadID, d)
	}
	if s.ExpectedValue == nil {
		return
	}
	if d := math.Abs(*s.Base.ExpectedValue + value - *s.ExpectedValue); d > 1e-9*max(math.Abs(*s.ExpectedValue), math.Abs(*s.Base.ExpectedValue)) {
		t.Errorf("%s: expected value off by %g of %g", s.LeadID, d, *s.ExpectedValue)
	}
}

func explainedLeads(t *testing.T, modelPath string, lines [][]byte) map[string]bits {
	got := map[string]bits{}
	for _, line := range lines {
		r := leadscoreWith(t, string(line), nil, "explain", "--json", "--model", modelPath, "--lead", "-")
		if r.code != exitDone {
			t.Fatalf("explain: %s", r.stderr)
		}
		got[bitsOf(t, []byte(r.stdout))] = lastBits
	}
	return got
}

// serving runs the serve verb on a free port, calls fn with its address, and stops it.
func serving(t *testing.T, modelPath string, fn func(url string)) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"serve", "--model", modelPath, "--addr", "127.0.0.1:0"}, nil, writer, io.Discard, nil)
		writer.Close()
	}()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatalf("serve: exit %d: %v", <-done, err)
	}
	fn(strings.TrimSpace(line[strings.LastIndex(line, "http://"):]))
	stop()
	if code := <-done; code != exitDone {
		t.Errorf("serve: exit %d", code)
	}
}

func post(t *testing.T, url string, body []byte) []byte {
	t.Helper()
	response, err := http.Post(url+"/v1/score?explain=all", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v: %s", response.Status, err, answer)
	}
	return answer
}

func postedSingly(t *testing.T, url string, lines [][]byte) map[string]bits {
	got := map[string]bits{}
	for _, line := range lines {
		got[bitsOf(t, post(t, url, line))] = lastBits
	}
	return got
}

func postedInBatches(t *testing.T, url string, lines [][]byte) map[string]bits {
	got := map[string]bits{}
	for from := 0; from < len(lines); from += 1000 {
		body := []byte(`{"leads":[` + string(bytes.Join(lines[from:min(from+1000, len(lines))], []byte(","))) + `]}`)
		var answer struct{ Results []json.RawMessage }
		if err := json.Unmarshal(post(t, url, body), &answer); err != nil {
			t.Fatal(err)
		}
		for _, r := range answer.Results {
			got[bitsOf(t, r)] = lastBits
		}
	}
	return got
}
