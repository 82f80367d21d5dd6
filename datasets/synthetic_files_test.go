package datasets

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

func TestGenerateWritesFiveFilesThatAgree(t *testing.T) {
	opts, dir := sampleOptions(30_000, 16), t.TempDir()
	told := []int{}
	report, err := Generate(t.Context(), dir, opts, func(rows int) { told = append(told, rows) })
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{10_000, 20_000, 30_000}; !slices.Equal(told, want) {
		t.Errorf("progress: got %v, want %v", told, want)
	}
	d := drawSample(t, opts)
	if want := []string{LeadsFile, TruthFile, ConfigFile, SpendFile, TruthNotesFile}; !slices.Equal(filesOf(t, dir), want) {
		t.Errorf("files: got %v, want %v", filesOf(t, dir), want)
	}
	checkParquet(t, filepath.Join(dir, LeadsFile), d.leads)
	checkParquet(t, filepath.Join(dir, TruthFile), d.truth)
	checkSpend(t, filepath.Join(dir, SpendFile), d)
	checkConfig(t, filepath.Join(dir, ConfigFile), d)
	checkNotes(t, filepath.Join(dir, TruthNotesFile), report)

	again := t.TempDir()
	opts.Workers = 5
	if _, err := Generate(t.Context(), again, opts, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range filesOf(t, dir) {
		if a, b := readSample(t, dir, name), readSample(t, again, name); !bytes.Equal(a, b) {
			t.Errorf("%s: 2 workers and 5 wrote different bytes", name)
		}
	}
}

func filesOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func readSample(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkParquet compares the shape of the file with the frame.
func checkParquet(t *testing.T, path string, want Frame) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if got := file.NumRows(); got != int64(want.Rows) {
		t.Errorf("%s: %d rows, want %d", path, got, want.Rows)
	}
	for i, field := range file.Schema().Fields() {
		if c := want.Columns[i]; field.Name() != c.Name || field.Optional() != (c.Valid != nil) {
			t.Errorf("%s: column %d is %s, optional %t; want %s, %t", path, i, field.Name(), field.Optional(), c.Name, c.Valid != nil)
		}
	}
}

// checkSpend compares the spend, in cents, with the sum of the leads' costs.
func checkSpend(t *testing.T, path string, d *sampleData) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(records[0], []string{"period", "source", "spend"}) || len(records) != 1+24*len(sampleSources) {
		t.Errorf("spend: %d records under %v", len(records)-1, records[0])
	}
	cents := map[[2]string]int64{}
	for row, cost := range d.leads.Columns[colCost].Floats {
		period := time.UnixMicro(d.leads.Columns[colCreatedAt].Times[row]).UTC().Format("2006-01")
		cents[[2]string{period, sampleSources[d.source(row)].name}] += inCents(cost)
	}
	for _, r := range records[1:] {
		want := cents[[2]string{r[0], r[1]}]
		if got := r[2]; got != fmt.Sprintf("%d.%02d", want/100, want%100) {
			t.Errorf("spend: %s %s is %s, the leads cost %d cents", r[0], r[1], got, want)
		}
	}
}

// checkConfig looks for every column in the configuration: each has its place, and the leak is shut out.
func checkConfig(t *testing.T, path string, d *sampleData) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`#.*`).ReplaceAllString(string(data), "")
	free := []string{"source", "campaign"} // features of neither group
	for i, c := range d.leads.Columns {
		if slices.Contains(free, c.Name) {
			continue
		}
		if !regexp.MustCompile(`\b` + c.Name + `\b`).MatchString(text) {
			t.Errorf("%s: column %d, %q, is not named", ConfigFile, i, c.Name)
		}
	}
	if _, after, found := strings.Cut(text, "exclude:"); !found || !strings.Contains(after, "- "+leakColumn) {
		t.Errorf("%s: does not exclude %s", ConfigFile, leakColumn)
	}
	if !strings.Contains(text, "as_of: 2026-07-01\n") && !strings.Contains(text, "as_of: 2026-07-01 ") {
		t.Errorf("%s: as_of is not 2026-07-01", ConfigFile)
	}
}

// checkNotes compares truth.json with the report.
func checkNotes(t *testing.T, path string, want *SyntheticReport) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		SyntheticReport
		Truth struct {
			Formulas []string
			Levels   []struct{ Feature string }
		}
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got.All, *got.Mature, len(got.Sources)) != fmt.Sprint(want.All, *want.Mature, len(want.Sources)) {
		t.Errorf("%s: got %+v, want %+v", path, got.All, want.All)
	}
	if len(got.Truth.Formulas) == 0 || len(got.Truth.Levels) < 100 {
		t.Errorf("%s: %d formulas and %d levels", path, len(got.Truth.Formulas), len(got.Truth.Levels))
	}
	leads := 0
	for _, s := range got.Sources {
		leads += s.All.Leads
	}
	if leads != got.Rows || got.All.Leads != got.Rows {
		t.Errorf("%s: the sources have %d leads of %d", path, leads, got.Rows)
	}
}

func TestGenerateLeavesNothingWhenStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	_, err := Generate(ctx, dir, sampleOptions(50_000, 17), func(rows int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	if got := filesOf(t, dir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
}
