package features

import (
	"math"
	"strings"
	"testing"
)

const aDay = int64(24 * 3600 * 1e6)

// What a time is to the model: the days from it to the creation, by itself, in a table and in a batch alike.
func TestTimesCountFromCreation(t *testing.T) {
	table, batch := mixedSince(t, "created")
	straight, _, err := Fit(table, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	values, design := straight.Values(2, table), straight.Design(table, nil)
	days := batch.Amounts(2, 7, make([]float64, table.Rows-7))
	var lead Lead
	for r := range table.Rows {
		seen, created := table.Columns[2].Times[r], table.Columns[3].Times[r]
		want := math.NaN()
		if created != NoTime {
			want = float64(created-seen) / float64(aDay)
		}
		same := func(x float64) bool { return x == want || math.IsNaN(x) && math.IsNaN(want) }
		if !same(values(r)) || r >= 7 && !same(days[r-7]) || !same(design.Columns[2].Numbers.At(r)) {
			t.Fatalf("row %d: %v, in the design %v, want %v", r, values(r), design.Columns[2].Numbers.At(r), want)
		}
		batch.Lead(r, &lead)
		code, missing := straight.Code(2, &lead), math.IsNaN(want)
		if straight.Known(2, &lead) == missing || missing && code.Level != 1 || !missing && code.Z != straight.Terms()[2].Standardise(want) {
			t.Fatalf("row %d: %+v of %v", r, code, want)
		}
		if table.Columns[2].Times[r] != batch.Vectors[2].Times[r] {
			t.Fatal("the dates themselves were changed")
		}
	}
}

// Values, ranges and bins are written as what they count, and a missing creation is told.
func TestTimesThatCountInWords(t *testing.T) {
	table, _ := mixedSince(t, "created")
	cut, _, err := FitBins(table, nil, nil, BinOptions{Bins: 8, MinWeight: 10})
	if err != nil {
		t.Fatal(err)
	}
	if name := cut.Terms()[2].LevelName(0); !strings.HasPrefix(name, "below ") || !strings.HasSuffix(name, " days") {
		t.Errorf("a bin is named %q", name)
	}
	lead := table.Schema.NewLead()
	for _, c := range []struct {
		seen, created Value
		text, warning string
	}{
		{Value{Present: true, Time: 1e15}, Value{Present: true, Time: 1e15 + 120*aDay + aDay/2}, "120.5 days before", ""},
		{Value{Present: true, Time: 1e15}, Value{Present: true, Time: 1e15 + aDay/4}, "6 hours before", "outside "},
		{Value{Present: true, Time: 1e15}, Value{Present: true, Time: 1e15 + aDay/480}, "3 minutes before", "outside "},
		{Value{Present: true, Time: 1e15}, Value{Present: true, Time: 1e15 - 100_000*aDay}, "-100000 days before", "outside "},
		{Value{Present: true, Time: 1e15}, Value{}, MissingText, "it counts from created, which has no value"},
		{Value{}, Value{Present: true, Time: 1e15}, MissingText, ""},
	} {
		lead.Values[2], lead.Values[3] = c.seen, c.created
		if got := cut.Text(2, lead); got != c.text {
			t.Errorf("%q, want %q", got, c.text)
		}
		told := ""
		for _, w := range cut.Warnings(lead, nil) {
			if w.Feature == "seen" {
				told += w.Detail
			}
		}
		if !strings.HasPrefix(told, c.warning) || c.warning == "" && told != "" {
			t.Errorf("%s: %q, want %q", c.text, told, c.warning)
		}
	}
	if !table.Schema.Dates(3) || table.Schema.Dates(2) {
		t.Error("the creation is not asked for")
	}
	plain, _ := mixedTable(t)
	if plain.Schema.Dates(3) {
		t.Error("the creation is asked for by nobody")
	}
}

func TestSchemaRefusesSince(t *testing.T) {
	moment, number := Type{Base: Timestamp}, Type{Base: Float64}
	created := Field{Name: "created", Type: moment, Kind: Time, Role: RoleCreatedAt}
	for name, c := range map[string]struct {
		fields []Field
		want   string
	}{
		"a number":   {[]Field{created, {Name: "x", Type: number, Kind: Number, Role: RoleFeature, Since: "created"}}, "only a time can count from \"created\""},
		"nobody":     {[]Field{created, {Name: "x", Type: moment, Kind: Time, Role: RoleFeature, Since: "made"}}, "no column \"made\" says when a lead was created"},
		"a stage":    {[]Field{{Name: "mql", Type: moment, Kind: Time, Role: RoleStage, Stage: "mql"}, {Name: "x", Type: moment, Kind: Time, Role: RoleFeature, Since: "mql"}}, "no column \"mql\" says"},
		"left out":   {[]Field{{Name: "created", Type: moment, Kind: Time, Role: RoleExcluded}, {Name: "x", Type: moment, Kind: Time, Role: RoleFeature, Since: "created"}}, ""},
		"as it is":   {[]Field{created, {Name: "x", Type: moment, Kind: Time, Role: RoleFeature, Since: "created"}}, ""},
		"not at all": {[]Field{created, {Name: "x", Type: moment, Kind: Time, Role: RoleFeature}}, ""},
	} {
		_, err := NewSchema(c.fields, nil)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
