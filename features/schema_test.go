package features

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// leadSchema is a schema of the usual roles.
func leadSchema(t testing.TB) *Schema {
	t.Helper()
	s, err := NewSchema(leadFields(), []string{"?", "unknown"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func leadFields() []Field {
	str := Type{Base: String}
	return []Field{
		{Name: "lead_id", Type: str, Kind: Category, Role: RoleID},
		{Name: "created_at", Type: Type{Base: Timestamp}, Kind: Time, Role: RoleCreatedAt},
		{Name: "source", Type: str, Kind: Category, Role: RoleSource},
		{Name: "employees", Type: Type{Base: Int32}, Kind: Number, Role: RoleFeature, Group: FitGroup, RecordedAt: "enriched_at"},
		{Name: "enriched_at", Type: Type{Base: Timestamp}, Kind: Time, Role: RoleRecordedAt},
		{Name: "score", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature, Trusted: true},
		{Name: "seen", Type: Type{Base: Date}, Kind: Time, Role: RoleFeature, Group: ActivityGroup},
		{Name: "demo", Type: Type{Base: Bool}, Kind: Category, Role: RoleExcluded, KnownAt: "sql"},
		{Name: "sql_at", Type: Type{Base: Timestamp}, Kind: Time, Role: RoleStage, Stage: "sql"},
		{Name: "converted", Type: Type{Base: Bool}, Kind: Category, Role: RoleOutcome},
		{Name: "profit", Type: Type{Decimal, 2}, Kind: Number, Role: RoleProfit},
	}
}

func TestSchemaRoundTrip(t *testing.T) {
	s := leadSchema(t)
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Schema
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(s, &back) {
		t.Errorf("read back as %+v, want %+v", back, s)
	}
	again, err := json.Marshal(&back)
	if err != nil || string(again) != string(text) {
		t.Errorf("written again as %s, %v", again, err)
	}
}

func TestSchemaRefusesJSON(t *testing.T) {
	text, err := json.Marshal(leadSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"fields"`, `"felds"`}, {`"role":"source"`, `"rule":"source"`}, {`"role":"source"`, `"role":"sauce"`}, {`"kind":"number"`, `"kind":"numeral"`},
		{`"type":"int32"`, `"type":"int33"`}, {`"missing"`, `"extra":1,"missing"`}, {`"name":"score"`, `"name":"seen"`},
	} {
		changed := strings.Replace(string(text), change[0], change[1], 1)
		if changed == string(text) {
			t.Fatalf("nothing to change: %s", change[0])
		}
		var s Schema
		if err := json.Unmarshal([]byte(changed), &s); err == nil {
			t.Errorf("%s → %s: no error", change[0], change[1])
		}
	}
}

// Every problem is listed, with the column.
func TestSchemaProblems(t *testing.T) {
	str, when := Type{Base: String}, Type{Base: Timestamp}
	_, err := NewSchema([]Field{
		{Name: "twice", Type: str, Kind: Category, Role: RoleFeature},
		{Name: "twice", Type: str, Kind: Category, Role: RoleSource},
		{Name: "", Type: str, Kind: Category, Role: RoleFeature},
		{Name: "bad\xff", Type: str, Kind: Category, Role: RoleFeature},
		{Name: "untyped", Kind: Category, Role: RoleFeature},
		{Name: "scaled", Type: Type{Int8, 2}, Kind: Number, Role: RoleFeature},
		{Name: "kindless", Type: str, Role: RoleFeature},
		{Name: "roleless", Type: str, Kind: Category},
		{Name: "grouped", Type: str, Kind: Category, Role: RoleFeature, Group: "habits"},
		{Name: "date_number", Type: when, Kind: Number, Role: RoleFeature},
		{Name: "int_time", Type: Type{Base: Int64}, Kind: Time, Role: RoleFeature},
		{Name: "stageless", Type: when, Kind: Time, Role: RoleStage},
		{Name: "sql_a", Type: when, Kind: Time, Role: RoleStage, Stage: "sql"},
		{Name: "sql_b", Type: when, Kind: Time, Role: RoleStage, Stage: "sql"},
		{Name: "created", Type: str, Kind: Category, Role: RoleCreatedAt},
		{Name: "created_too", Type: when, Kind: Time, Role: RoleCreatedAt},
		{Name: "weight", Type: str, Kind: Category, Role: RoleWeight},
		{Name: "account", Type: Type{Base: Int64}, Kind: Number, Role: RoleAccount},
		{Name: "enriched", Type: str, Kind: Category, Role: RoleFeature, RecordedAt: "nowhere"},
	}, nil)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	want := []string{
		`"twice" is declared twice`, `column "": the name`, `column "bad\xff": the name`, `"untyped": base 0`, `"scaled": a int8 has no scale`,
		`"kindless": has no kind`, `"roleless": has no role`, `"grouped": group "habits"`, `"date_number": a timestamp cannot be a number`,
		`"int_time": a int64 cannot be a time`, `"stageless": is a stage time but names no stage`, `"sql_a" and "sql_b" both hold when the stage "sql"`,
		`"created": the role created_at needs a time, not a category`, `"created" and "created_too" both have the role created_at`,
		`"weight": the role weight needs a number, not a category`, `"account": the role account needs a category, not a number`,
		`"enriched": no column "nowhere"`,
	}
	if len(lines) != len(want) {
		t.Errorf("%d problems, want %d:\n%v", len(lines), len(want), err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("no line says: %s\n%v", w, err)
		}
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "features: schema: ") {
			t.Errorf("line %q", line)
		}
	}
}

func TestSchemaLookups(t *testing.T) {
	s := leadSchema(t)
	if got := s.Index("score"); got != 5 {
		t.Errorf("Index(score) = %d", got)
	}
	if got := s.Index("nope"); got != -1 {
		t.Errorf("Index(nope) = %d", got)
	}
	for role, want := range map[Role]int{RoleID: 0, RoleFeature: 3, RoleProfit: 10, RoleWeight: -1, 0: -1, 200: -1} {
		if got := s.ByRole(role); got != want {
			t.Errorf("ByRole(%v) = %d, want %d", role, got, want)
		}
	}
	if s.StageIndex("sql") != 8 || s.StageIndex("mql") != -1 {
		t.Errorf("StageIndex: %d, %d", s.StageIndex("sql"), s.StageIndex("mql"))
	}
	for text, want := range map[string]bool{"": true, "?": true, "unknown": true, "Unknown": false, "x": false} {
		if s.IsMissing(text) != want {
			t.Errorf("IsMissing(%q) = %v", text, !want)
		}
	}
}

func TestSuggest(t *testing.T) {
	s := leadSchema(t)
	for name, want := range map[string]string{
		"sorce": "source", "SOURCE": "source", "employes": "employees", "employee": "employees", "scores": "score", "turnover": "", "": "", "x": "",
		strings.Repeat("y", 500): "",
	} {
		if got := s.Suggest(name); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", name, got, want)
		}
	}
}
