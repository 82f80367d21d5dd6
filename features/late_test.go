package features

import (
	"slices"
	"testing"
)

func stampedSchema(t *testing.T) *Schema {
	t.Helper()
	text, number, at := Type{Base: String}, Type{Base: Float64}, Type{Base: Timestamp}
	s, err := NewSchema([]Field{
		{Name: "created_at", Type: at, Kind: Time, Role: RoleCreatedAt},
		{Name: "industry", Type: text, Kind: Category, Role: RoleFeature, RecordedAt: "enriched_at"},
		{Name: "employees", Type: number, Kind: Number, Role: RoleFeature, RecordedAt: "enriched_at"},
		{Name: "founded", Type: at, Kind: Time, Role: RoleFeature, RecordedAt: "enriched_at"},
		{Name: "pages", Type: number, Kind: Number, Role: RoleFeature},
		{Name: "demo", Type: text, Kind: Category, Role: RoleExcluded, KnownAt: "sql"},
		{Name: "enriched_at", Type: at, Kind: Time, Role: RoleRecordedAt},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What was recorded after the creation is left out, with a warning; what was recorded at it, before it, or who knows
// when, stays.
func TestParseLeadRecordedLate(t *testing.T) {
	s := stampedSchema(t)
	const values = `"industry":"retail","employees":40,"founded":"2001-01-01","pages":3`
	for times, late := range map[string]bool{
		`"created_at":"2026-03-01T10:00:00Z","enriched_at":"2026-03-01T10:00:01Z",`: true,
		`"enriched_at":"2026-03-09","created_at":"2026-03-01",`:                     true,
		`"created_at":"2026-03-01T10:00:00Z","enriched_at":"2026-03-01T10:00:00Z",`: false,
		`"created_at":"2026-03-01T10:00:00Z","enriched_at":null,`:                   false,
		`"enriched_at":"2026-03-09",`:                                               false,
		``:                                                                          false,
	} {
		var lead Lead
		if err := s.ParseLead([]byte("{"+times+values+"}"), &lead); err != nil {
			t.Fatalf("%s: %v", times, err)
		}
		for i, f := range s.Fields() {
			if f.Role == RoleFeature && lead.Values[i].Present == (late && f.RecordedAt != "") {
				t.Errorf("%s: %s is present: %v", times, f.Name, lead.Values[i].Present)
			}
		}
		if count := len(lead.Warnings); late && (count != 3 || lead.Warnings[0].Code != WarnRecordedLate) || !late && count != 0 {
			t.Errorf("%s: warnings %+v", times, lead.Warnings)
		}
	}
	var lead Lead
	if err := s.ParseLead([]byte(`{"created_at":"yesterday"}`), &lead); err == nil {
		t.Error("a creation that is no time was taken")
	}
}

// A column that is known only later is not used, and the warning says from when on it is known.
func TestParseLeadKnownLater(t *testing.T) {
	var lead Lead
	if err := stampedSchema(t).ParseLead([]byte(`{"demo":"yes"}`), &lead); err != nil {
		t.Fatal(err)
	}
	want := []Warning{{Code: WarnKnownLater, Feature: "demo", Detail: "known only from sql on: not used"}}
	if !slices.Equal(lead.Warnings, want) {
		t.Errorf("warnings %+v, want %+v", lead.Warnings, want)
	}
}

// A batch loses the values that its leads lose.
func TestBatchDropLate(t *testing.T) {
	s := stampedSchema(t)
	make := func() *Batch {
		return &Batch{Schema: s, Rows: 4, Vectors: []Vector{
			{Times: []int64{5, 5, 5, NoTime}},
			{Codes: []uint32{0, 0, NoCode, 0}, Dictionary: &Dictionary{Levels: []string{"retail"}}},
			{Numbers: []float64{1, 2, 3, 4}}, {Times: []int64{7, 7, 7, 7}}, {Numbers: []float64{1, 2, 3, 4}},
			{}, {Times: []int64{5, 6, 6, 6}},
		}}
	}
	dropped, whole := make(), make()
	dropped.DropLate()
	var a, b Lead
	for row := range 4 {
		dropped.Lead(row, &a)
		whole.Lead(row, &b)
		s.DropLate(&b)
		if !slices.Equal(a.Values, b.Values) {
			t.Errorf("row %d: %+v, want %+v", row, a.Values, b.Values)
		}
		if want := (row == 1 || row == 2); a.Values[2].Present == want {
			t.Errorf("row %d: employees are present: %v", row, a.Values[2].Present)
		}
	}
}
