package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// days are times in days after firstLead, −1 = missing.
func days(counts ...float64) []int64 {
	times := make([]int64, len(counts))
	for i, d := range counts {
		if times[i] = firstLead + int64(d*float64(day)); d < 0 {
			times[i] = features.NoTime
		}
	}
	return times
}

func codesOfWarnings(ws []Warning) (codes []string) {
	for _, w := range ws {
		codes = append(codes, w.Code)
	}
	return codes
}

func TestLabelInTime(t *testing.T) {
	created := days(0, 0, 0, 0, 0, 0, 10, 50, 89.9, 90, 91, 99, -1, 0)
	at := days(-1, 10, 0, 10.001, -1, 9, 5, 120, -1, -1, 92, -1, 5, -1)
	won := []bool{false, true, true, true, true, true, true, true, false, false, true, false, true, false}
	table := tableOf(t, timed("created_at", features.RoleCreatedAt, created), yesNo(won), timed("converted_at", features.RoleConvertedAt, at))
	l := Label{Column: "converted", At: "converted_at", Horizon: 10, AsOf: features.FormatTime(firstLead + 100*day)}
	o, err := l.apply(table)
	if err != nil {
		t.Fatal(err)
	}
	// Rows 10 and 11 are immature, whether won or not; row 12 has no creation time.
	if want := []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13}; !slices.Equal(o.rows, want) {
		t.Errorf("rows %v, want %v", o.rows, want)
	}
	if want := []int32{10, 11}; !slices.Equal(o.young, want) {
		t.Errorf("young %v, want %v", o.young, want)
	}
	// On the last day of the horizon counts; later does not; without a date, and before creation, does; so does the day
	// before as_of of an immature lead.
	if want := []uint8{0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0}; !slices.Equal(o.converted, want) {
		t.Errorf("converted %v, want %v", o.converted, want)
	}
	if o.immature != 2 || o.unlabelled != 0 || o.asOf != firstLead+100*day {
		t.Errorf("immature %d, unlabelled %d, as of %v", o.immature, o.unlabelled, features.FormatTime(o.asOf))
	}
	if got := codesOfWarnings(o.warnings); !slices.Equal(got, []string{"converted_without_date", "converted_before_creation", "no_creation_time"}) {
		t.Errorf("warnings %v", o.warnings)
	}
	l.AsOf = "" // the latest time in the data
	if o, err = l.apply(table); err != nil || o.asOf != firstLead+120*day || o.immature != 0 {
		t.Errorf("as of %v, %d immature, %v", features.FormatTime(o.asOf), o.immature, err)
	}
	l.Horizon, l.AsOf = 0, features.FormatTime(firstLead+90*day) // no horizon, but nothing of the future
	if o, err = l.apply(table); err != nil || o.immature != 2 || o.converted[3] != 1 {
		t.Errorf("without a horizon: %d immature, converted %v, %v", o.immature, o.converted, err)
	}
}

func TestLabelOfStages(t *testing.T) {
	status := []string{"Closed Won", "Closed Lost", "Working", "Renewed", "Working", "Working"}
	created, at := days(0, 0, 0, 0, 0, 95), days(5, -1, -1, 6, 50, -1)
	l := Label{Column: "status", Won: []string{"Closed Won", "Renewed "}, Lost: []string{"Closed Lost"}, Open: []string{"Working"}}
	table := tableOf(t, category("status", features.RoleOutcome, status))
	o, err := l.apply(table)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.rows, []int32{0, 1, 3}) || o.unlabelled != 3 || !slices.Equal(o.converted, []uint8{1, 0, 0, 1, 0, 0}) {
		t.Errorf("rows %v, converted %v, unlabelled %d", o.rows, o.converted, o.unlabelled)
	}
	// A horizon decides what is still open after it.
	l.At, l.Horizon, l.AsOf = "converted_at", 10, features.FormatTime(firstLead+100*day)
	table = tableOf(t, timed("created_at", features.RoleCreatedAt, created), category("status", features.RoleOutcome, status), timed("converted_at", features.RoleConvertedAt, at))
	if o, err = l.apply(table); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.rows, []int32{0, 1, 2, 3, 4}) || o.unlabelled != 0 || o.immature != 1 || !slices.Equal(o.converted, []uint8{1, 0, 0, 1, 0, 0}) {
		t.Errorf("rows %v, converted %v, unlabelled %d, immature %d", o.rows, o.converted, o.unlabelled, o.immature)
	}
}

func TestLabelForms(t *testing.T) {
	want := []uint8{1, 0, 1, 0}
	number := numeric("converted", features.RoleOutcome, []float64{1, 0, 1, 0})
	flag := yesNo([]bool{true, false, true, false})
	for name, c := range map[string]column{
		"0/1": number, "boolean": flag, "yes/no": category("converted", features.RoleOutcome, []string{"Yes", "no", "YES", "No"}),
		"texts of 0/1": category("converted", features.RoleOutcome, []string{"1", "0", "1", "0"}),
	} {
		o, err := Label{Column: "converted"}.apply(tableOf(t, c))
		if err != nil || !slices.Equal(o.converted, want) || len(o.rows) != 4 || o.asOf != features.NoTime {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	o, err := Label{Column: "converted", Horizon: 30}.apply(tableOf(t, flag))
	if err != nil || !slices.Equal(codesOfWarnings(o.warnings), []string{"horizon_unused"}) || len(o.rows) != 4 {
		t.Errorf("a horizon without dates: %+v, %v", o, err)
	}
}

// An outcome that cannot be read is an error with its column and row.
func TestLabelRefuses(t *testing.T) {
	day := features.Type{Base: features.Date}
	for want, c := range map[string]struct {
		label  Label
		column column
	}{
		`column "converted", row 2: no value`:                           {Label{Column: "converted"}, category("converted", features.RoleOutcome, []string{"yes", "no", ""})},
		`column "converted", row 1: a missing value is neither 0 nor 1`: {Label{Column: "converted"}, numeric("converted", features.RoleOutcome, []float64{0, nan})},
		`column "converted", row 1: 2 is neither 0 nor 1`:               {Label{Column: "converted"}, numeric("converted", features.RoleOutcome, []float64{0, 2})},
		`column "converted", row 1: "maybe" is not true/false`:          {Label{Column: "converted"}, category("converted", features.RoleOutcome, []string{"yes", "maybe"})},
		`column "status", row 0: "New" is not one of the stages`:        {Label{Column: "status", Won: []string{"Won"}}, category("status", features.RoleOutcome, []string{"New", "Won"})},
		`the outcome is column "converted", the definition names "won"`: {Label{Column: "won"}, yesNo([]bool{true})},
		`no column has the role of the outcome`:                         {Label{Column: "won"}, numeric("x", features.RoleFeature, []float64{1})},
		`no column "closed_at" that says when`:                          {Label{Column: "converted", At: "closed_at"}, yesNo([]bool{true})},
		`no stage is a conversion`:                                      {Label{Column: "converted", Lost: []string{"Lost"}}, yesNo([]bool{true})},
		`stage "Won" is listed twice`:                                   {Label{Column: "converted", Won: []string{"Won"}, Open: []string{"Won"}}, yesNo([]bool{true})},
		`as_of: "soon" is not a date`:                                   {Label{Column: "converted", AsOf: "soon"}, yesNo([]bool{true})},
		`column "converted" is a time, want a boolean, 0/1, yes/no or a stage`: {Label{Column: "converted"},
			column{field: features.Field{Name: "converted", Type: day, Kind: features.Time, Role: features.RoleOutcome}, times: []int64{0}}},
	} {
		if _, err := c.label.apply(tableOf(t, c.column)); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "model: label: ") {
			t.Errorf("%v, want … %s …", err, want)
		}
	}
}

func TestWeightsRefuse(t *testing.T) {
	for want, w := range map[string]float64{`column "weight", row 1: -1 is not a weight`: -1, `row 1: a missing value is not a weight`: nan} {
		if _, err := weightsOf(tableOf(t, numeric("weight", features.RoleWeight, []float64{1, w}))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want … %s …", err, want)
		}
	}
}

func TestLabelHash(t *testing.T) {
	l := Label{Column: "status", Won: []string{"Won"}, Horizon: 90, AsOf: "2026-01-01"}
	later := l
	later.AsOf = "2026-06-30"
	if l.Hash() != later.Hash() || len(l.Hash()) != 64 {
		t.Errorf("hashes %s and %s", l.Hash(), later.Hash())
	}
	seen := map[string]bool{l.Hash(): true}
	for i, change := range []func(*Label){
		func(l *Label) { l.Column = "state" }, func(l *Label) { l.Won = []string{"Won", "Renewed"} }, func(l *Label) { l.Horizon = 91 },
		func(l *Label) { l.At = "won_at" }, func(l *Label) { l.Open = []string{"New"} },
	} {
		changed := l
		change(&changed)
		if seen[changed.Hash()] {
			t.Errorf("change %d leaves the hash", i)
		}
		seen[changed.Hash()] = true
	}
	if got, want := fmt.Sprint(Label{Column: "status", Won: []string{"Won", "Renewed"}, At: "won_at", Horizon: 90}), "status is Won or Renewed, within 90 days of creation"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
