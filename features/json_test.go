package features

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/internal/raced"
)

// jsonSchema has a field of every type and kind that a lead can carry.
func jsonSchema(t testing.TB) *Schema {
	t.Helper()
	s, err := NewSchema([]Field{
		{Name: "id", Type: Type{Base: String}, Kind: Category, Role: RoleID},
		{Name: "industry", Type: Type{Base: String}, Kind: Category, Role: RoleFeature},
		{Name: "employees", Type: Type{Base: Int32}, Kind: Number, Role: RoleFeature},
		{Name: "revenue", Type: Type{Base: Float64}, Kind: Number, Role: RoleFeature},
		{Name: "score", Type: Type{Base: Float32}, Kind: Number, Role: RoleFeature},
		{Name: "budget", Type: Type{Base: Decimal, Scale: 2}, Kind: Number, Role: RoleFeature},
		{Name: "zip", Type: Type{Base: Int64}, Kind: Category, Role: RoleFeature},
		{Name: "subscribed", Type: Type{Base: Bool}, Kind: Category, Role: RoleFeature},
		{Name: "visits", Type: Type{Base: Bool}, Kind: Number, Role: RoleFeature},
		{Name: "first_seen", Type: Type{Base: Timestamp}, Kind: Time, Role: RoleFeature},
		{Name: "founded", Type: Type{Base: Date}, Kind: Time, Role: RoleFeature},
		{Name: "seen_text", Type: Type{Base: String}, Kind: Time, Role: RoleFeature},
		{Name: "amount_text", Type: Type{Base: String}, Kind: Number, Role: RoleFeature},
		{Name: "source", Type: Type{Base: String}, Kind: Category, Role: RoleSource},
		{Name: "converted", Type: Type{Base: Bool}, Kind: Category, Role: RoleOutcome},
	}, []string{"", "?", "unknown"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func text(s string) Value    { return Value{Present: true, Text: s} }
func number(x float64) Value { return Value{Present: true, Number: x} }
func micros(t int64) Value   { return Value{Present: true, Time: t} }

// values reads a lead and returns its present values by name.
func values(t *testing.T, s *Schema, doc string) map[string]Value {
	t.Helper()
	var lead Lead
	if err := s.ParseLead([]byte(doc), &lead); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	found := map[string]Value{}
	for i, v := range lead.Values {
		if v.Present {
			found[s.Fields()[i].Name] = v
		}
	}
	return found
}

func TestParseLeadValues(t *testing.T) {
	s := jsonSchema(t)
	narrow := float64(float32(0.1))
	for _, c := range []struct {
		doc   string
		field string
		want  Value // zero: missing
	}{
		{`{"industry":"Retail"}`, "industry", text("Retail")},
		{`{"industry":"  Retail\u200b\n"}`, "industry", text("Retail")},
		{`{"industry":"Cafe\u0301"}`, "industry", text("Caf\u00e9")},
		{`{"industry":"\ud83d\ude00 \"\\\/\b\f\n\r\t."}`, "industry", text("\U0001F600 \"\\/\b\f\n\r\t.")},
		{`{"industry":"<script>=1+1' OR 1=1"}`, "industry", text("<script>=1+1' OR 1=1")},
		{`{"indu\u0073try":"a"}`, "industry", text("a")},
		{"\uFEFF {\"industry\":\"a\"}\n", "industry", text("a")},
		{`{"industry":null}`, "industry", Value{}},
		{`{"industry":""}`, "industry", Value{}},
		{`{"industry":"  "}`, "industry", Value{}},
		{`{"industry":" ? "}`, "industry", Value{}},
		{`{"employees":"unknown"}`, "employees", Value{}},
		{`{"employees":""}`, "employees", Value{}},
		{`{"subscribed":""}`, "subscribed", Value{}},
		{`{"first_seen":"?"}`, "first_seen", Value{}},
		{`{}`, "industry", Value{}},
		{`{"employees":12}`, "employees", number(12)},
		{`{"employees":1.2e1}`, "employees", number(12)},
		{`{"employees":-0}`, "employees", number(0)},
		{`{"revenue":-0.0}`, "revenue", number(0)},
		{`{"revenue":1e-400}`, "revenue", number(0)},
		{`{"revenue":12345678901234567890}`, "revenue", number(12345678901234567890)},
		{`{"score":0.1}`, "score", number(narrow)},
		{`{"budget":0.125}`, "budget", number(0.12)},
		{`{"zip":94105}`, "zip", text("94105")},
		{`{"zip":9.4105e4}`, "zip", text("94105")},
		{`{"zip":"94105"}`, "zip", text("94105")},
		{`{"zip":" \u00394105\t"}`, "zip", text("94105")},
		{`{"zip":"-7"}`, "zip", text("-7")},
		{`{"zip":"0"}`, "zip", text("0")},
		{`{"zip":" "}`, "zip", Value{}},
		{`{"subscribed":true}`, "subscribed", text("true")},
		{`{"subscribed":false}`, "subscribed", text("false")},
		{`{"visits":true}`, "visits", number(1)},
		{`{"visits":false}`, "visits", number(0)},
		{`{"first_seen":"1970-01-02T00:00:00Z"}`, "first_seen", micros(86400e6)},
		{`{"first_seen":"1970-01-01T02:00:00+01:00"}`, "first_seen", micros(3600e6)},
		{`{"founded":"1970-01-02T13:00:00Z"}`, "founded", micros(86400e6)},
		{`{"seen_text":" 1970-01-02 "}`, "seen_text", micros(86400e6)},
		{`{"amount_text":"12.5"}`, "amount_text", number(12.5)},
		{`{"amount_text":12.5}`, "amount_text", number(12.5)},
		{`{"source":"web"}`, "source", text("web")},
	} {
		if got := values(t, s, c.doc)[c.field]; got != c.want {
			t.Errorf("%s: %s = %+v, want %+v", c.doc, c.field, got, c.want)
		}
	}
}

func TestParseLeadRoundsAsStrconv(t *testing.T) {
	s := jsonSchema(t)
	for _, n := range []string{
		"0.1", "123456789012345.6", "9007199254740993", "9007199254740992", "0.30000000000000004", "1e22", "1e23", "1E-7", "4.9e-324", "2.4e-324",
		"1.7976931348623157e308", "0.000001", "-273.15", "100000000000000000000.5", "0." + strings.Repeat("3", 400), strings.Repeat("9", 300),
	} {
		want, err := strconv.ParseFloat(n, 64)
		if err != nil {
			t.Fatal(err)
		}
		got := values(t, s, `{"revenue":`+n+`}`)["revenue"].Number
		if math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s = %v, want %v", n, got, want)
		}
	}
}

func TestParseLeadRefuses(t *testing.T) {
	s := jsonSchema(t)
	many := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"a":1`)
		for i := range n {
			fmt.Fprintf(&b, `,"k%d":1`, i)
		}
		return b.String() + "}"
	}
	for _, c := range []struct{ doc, code, pointer string }{
		{"", InputEmpty, ""},
		{" \n", InputEmpty, ""},
		{"\uFEFF", InputEmpty, ""},
		{"null", InputNotObject, ""},
		{"true", InputNotObject, ""},
		{`"x"`, InputNotObject, ""},
		{"[]", InputNotObject, ""},
		{"12", InputNotObject, ""},
		{"nul", InputSyntax, ""},
		{"garbage", InputSyntax, ""},
		{"{", InputSyntax, ""},
		{`{"a"}`, InputSyntax, ""},
		{`{"a":}`, InputSyntax, "/a"},
		{`{"a":1,}`, InputSyntax, ""},
		{`{,}`, InputSyntax, ""},
		{`{a:1}`, InputSyntax, ""},
		{`{'a':1}`, InputSyntax, ""},
		{`{"a":1 "b":2}`, InputSyntax, "/a"},
		{`{"a":[1,]}`, InputSyntax, "/a"},
		{`{"a":[1}`, InputSyntax, "/a"},
		{`{"a":{"b":1,}}`, InputSyntax, "/a"},
		{`{"a":"`, InputSyntax, "/a"},
		{`{"a":"\`, InputSyntax, "/a"},
		{`{"a":"\x"}`, InputSyntax, "/a"},
		{`{"a":"\u12"}`, InputSyntax, "/a"},
		{"{\"a\":\"\n\"}", InputSyntax, "/a"},
		{"{\"industry\":\"\\n\t\"}", InputSyntax, "/industry"},
		{`{"a":1}{"a":2}`, InputTrailing, ""},
		{`{"a":1} garbage`, InputTrailing, ""},
		{`{"employees":1,"employees":2}`, InputDuplicate, "/employees"},
		{`{"employees":1,"employee\u0073":2}`, InputDuplicate, "/employees"},
		{`{"x":1,"x":2}`, InputDuplicate, "/x"},
		{`{"converted":true,"converted":true}`, InputDuplicate, "/converted"},
		{`{"id":"1","lead_id":"1"}`, InputDuplicate, "/lead_id"},
		{`{"a/b~":1,"a/b~":1}`, InputDuplicate, "/a~1b~0"},
		{`{"revenue":NaN}`, InputSyntax, "/revenue"},
		{`{"revenue":Infinity}`, InputSyntax, "/revenue"},
		{`{"revenue":-Infinity}`, InputSyntax, "/revenue"},
		{`{"revenue":1e999}`, InputRange, "/revenue"},
		{`{"industry":-1e999}`, InputRange, "/industry"},
		{`{"revenue":01}`, InputSyntax, "/revenue"},
		{`{"revenue":0x10}`, InputSyntax, "/revenue"},
		{`{"revenue":+1}`, InputSyntax, "/revenue"},
		{`{"revenue":.5}`, InputSyntax, "/revenue"},
		{`{"revenue":1.}`, InputSyntax, "/revenue"},
		{`{"revenue":1e}`, InputSyntax, "/revenue"},
		{`{"revenue":--1}`, InputSyntax, "/revenue"},
		{`{"revenue":-}`, InputSyntax, "/revenue"},
		{"{\"industry\":\"\xff\"}", InputUTF8, "/industry"},
		{"{\"industry\":\"\xed\xa0\x80\"}", InputUTF8, "/industry"},
		{"{\"industry\":\"\\n\xc0\x80\"}", InputUTF8, "/industry"},
		{"{\"other\":[\"\xff\"]}", InputUTF8, "/other"},
		{"{\"\xff\":1}", InputUTF8, ""},
		{`{"industry":"\ud800"}`, InputUTF8, "/industry"},
		{`{"industry":"\udc00\ud800"}`, InputUTF8, "/industry"},
		{`{"industry":"\ud800\u0041"}`, InputUTF8, "/industry"},
		{`{"industry":"\u0000"}`, InputCharacter, "/industry"},
		{`{"a":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + `}`, InputTooDeep, "/a"},
		{`{"a":` + strings.Repeat(`{"a":`, 10_000), InputTooDeep, "/a"},
		{strings.Repeat("[", 10_000), InputTooDeep, ""},
		{many(256), InputTooManyFields, ""},
		{many(100_000), InputTooManyFields, ""},
		{`{"x":` + many(256) + `}`, InputTooManyFields, "/x"},
	} {
		wrong := refused(t, s, c.doc)
		if e := wrong.Errors[0]; len(wrong.Errors) != 1 || e.Code != c.code || e.Pointer != c.pointer || e.Semantic {
			t.Errorf("%.60q: %+v, want %s at %q", c.doc, e, c.code, c.pointer)
		}
	}
}

func TestParseLeadRefusesValues(t *testing.T) {
	s := jsonSchema(t)
	for _, c := range []struct{ doc, code, pointer string }{
		{`{"employees":"12"}`, InputType, "/employees"},
		{`{"employees":true}`, InputType, "/employees"},
		{`{"employees":1.5}`, InputType, "/employees"},
		{`{"employees":3000000000}`, InputRange, "/employees"},
		{`{"score":1e300}`, InputRange, "/score"},
		{`{"subscribed":0}`, InputType, "/subscribed"},
		{`{"subscribed":1}`, InputType, "/subscribed"},
		{`{"subscribed":"yes"}`, InputType, "/subscribed"},
		{`{"visits":1}`, InputType, "/visits"},
		{`{"industry":12}`, InputType, "/industry"},
		{`{"industry":true}`, InputType, "/industry"},
		{`{"industry":{"a":1}}`, InputType, "/industry"},
		{`{"industry":["a"]}`, InputType, "/industry"},
		{`{"zip":"94105.0"}`, InputType, "/zip"},
		{`{"zip":"094105"}`, InputType, "/zip"},
		{`{"zip":"+94105"}`, InputType, "/zip"},
		{`{"zip":"-0"}`, InputType, "/zip"},
		{`{"zip":"9.4105e4"}`, InputType, "/zip"},
		{`{"zip":"94,105"}`, InputType, "/zip"},
		{`{"zip":"94105-1234"}`, InputType, "/zip"},
		{`{"zip":"9007199254740993"}`, InputType, "/zip"}, // its number is written otherwise
		{`{"zip":"99999999999999999999"}`, InputType, "/zip"},
		{`{"zip":"NaN"}`, InputType, "/zip"},
		{`{"employees":"94105"}`, InputType, "/employees"},
		{`{"first_seen":12}`, InputType, "/first_seen"},
		{`{"first_seen":"yesterday"}`, InputType, "/first_seen"},
		{`{"first_seen":"2024-02-30"}`, InputType, "/first_seen"},
		{`{"seen_text":5}`, InputType, "/seen_text"},
		{`{"amount_text":"much"}`, InputType, "/amount_text"},
		{`{"industry":"` + strings.Repeat("x", 10<<10) + `"}`, InputTooLong, "/industry"},
		{`{"` + strings.Repeat("x", 1025) + `":1}`, InputTooLong, ""},
		{`{"lead_id":""}`, InputLeadID, "/lead_id"},
		{`{"lead_id":"a/b"}`, InputLeadID, "/lead_id"},
		{`{"lead_id":"a\nb"}`, InputLeadID, "/lead_id"},
		{`{"lead_id":"` + strings.Repeat("x", 300) + `"}`, InputLeadID, "/lead_id"},
		{`{"lead_id":true}`, InputLeadID, "/lead_id"},
		{`{"id":{}}`, InputLeadID, "/id"},
	} {
		wrong := refused(t, s, c.doc)
		if e := wrong.Errors[0]; len(wrong.Errors) != 1 || e.Code != c.code || e.Pointer != c.pointer || !e.Semantic {
			t.Errorf("%.60q: %+v, want %s at %q", c.doc, e, c.code, c.pointer)
		}
	}
}

func refused(t *testing.T, s *Schema, doc string) *InputErrors {
	t.Helper()
	var wrong *InputErrors
	if err := s.ParseLead([]byte(doc), new(Lead)); !errors.As(err, &wrong) {
		t.Fatalf("%.60q: error %v, want an *InputErrors", doc, err)
	}
	return wrong
}

func TestParseLeadCollectsProblems(t *testing.T) {
	s := jsonSchema(t)
	wrong := refused(t, s, `{"employees":"x","lead_id":"","subscribed":7,"industry":"ok"}`)
	var pointers []string
	for _, e := range wrong.Errors {
		pointers = append(pointers, e.Pointer)
	}
	if want := []string{"/employees", "/lead_id", "/subscribed"}; !slices.Equal(pointers, want) || wrong.Truncated {
		t.Errorf("pointers %v, want %v", pointers, want)
	}
	if e := refused(t, s, `{"employees":"x","x":1,"x":1}`).Errors; len(e) != 1 || e[0].Code != InputDuplicate {
		t.Errorf("a fault of the document must stand alone, got %v", e)
	}
	var request Request
	doc := strings.Replace(strings.Repeat(`,"undeclared%":0`, 30), ",", "{", 1) + "}"
	for i := 0; strings.Contains(doc, "%"); i++ {
		doc = strings.Replace(doc, "%", strconv.Itoa(i), 1)
	}
	errors.As(s.ParseRequest([]byte(doc), RequestOptions{MaxLeads: 1, Strict: true}, &request), &wrong)
	if len(wrong.Errors) != MaxProblems || !wrong.Truncated {
		t.Errorf("%d errors, truncated %v; want %d and true", len(wrong.Errors), wrong.Truncated, MaxProblems)
	}
}

func TestParseLeadNeverEchoes(t *testing.T) {
	s := jsonSchema(t)
	const secret = "jane.doe@example.com"
	for _, f := range s.Fields() {
		var wrong *InputErrors
		for _, value := range []string{`"` + secret + `/"`, `{"` + secret + `":"` + secret + `"}`, `["` + secret + `"]`, `"` + secret + "\xff\"", `"` + secret} {
			err := s.ParseLead([]byte(`{"`+f.Name+`":`+value+`}`), new(Lead))
			if errors.As(err, &wrong) && strings.Contains(fmt.Sprintf("%v %+v", err, *wrong.Errors[0]), secret) {
				t.Errorf("%s: the error shows the value: %v", f.Name, err)
			}
		}
	}
}

func TestParseLeadWarnings(t *testing.T) {
	s := jsonSchema(t)
	var lead Lead
	doc := `{"Employees":7,"converted":true,"utm":{"a":[1,{"b":null}]},"browser":1` + strings.Repeat(" ", 3) + `}`
	if err := s.ParseLead([]byte(doc), &lead); err != nil {
		t.Fatal(err)
	}
	want := []Warning{
		{Code: WarnUnknownField, Feature: "Employees", Detail: `did you mean "employees"?`},
		{Code: WarnUnusedField, Feature: "converted"},
		{Code: WarnUnknownField, Feature: "utm"},
		{Code: WarnUnknownField, Feature: "browser"},
	}
	if !slices.Equal(lead.Warnings, want) {
		t.Errorf("warnings %+v, want %+v", lead.Warnings, want)
	}
	if v := lead.Values[s.Index("employees")]; v.Present {
		t.Errorf("Employees was taken for employees: %+v", v)
	}
}

func TestParseLeadBoundsWarnings(t *testing.T) {
	s := jsonSchema(t)
	var b strings.Builder
	for i := range 50 {
		fmt.Fprintf(&b, `,"undeclared%d":1`, i)
	}
	var lead Lead
	if err := s.ParseLead([]byte("{"+b.String()[1:]+"}"), &lead); err != nil {
		t.Fatal(err)
	}
	if n := len(lead.Warnings); n != maxNotes+1 || lead.Warnings[maxNotes].Detail != "and 30 more fields that are unknown or unused" {
		t.Errorf("%d warnings, last %+v", n, lead.Warnings[n-1])
	}
}

func TestParseLeadID(t *testing.T) {
	s := jsonSchema(t)
	for doc, want := range map[string]string{
		`{"id":"L-1"}`:            "L-1",
		`{"lead_id":" L-1 "}`:     "L-1",
		`{"lead_id":12345678901}`: "12345678901",
		`{"lead_id":null}`:        "",
		`{}`:                      "",
		`{"lead_id":"` + strings.Repeat("é", 128) + `"}`: strings.Repeat("é", 128),
	} {
		var lead Lead
		if err := s.ParseLead([]byte(doc), &lead); err != nil || lead.ID != want {
			t.Errorf("%s: id %q, error %v; want %q", doc, lead.ID, err, want)
		}
	}
}

func TestParseRequest(t *testing.T) {
	s := jsonSchema(t)
	options := RequestOptions{MaxLeads: 3}
	var request Request
	if err := s.ParseRequest([]byte(`{"employees":1}`), options, &request); err != nil || request.Batch || len(request.Items) != 1 {
		t.Fatalf("one lead: %v, %+v", err, request)
	}
	doc := `{"leads":[{"employees":1},{"employees":"x"},{"a":1,"a":2}]}`
	if err := s.ParseRequest([]byte(doc), options, &request); err != nil || !request.Batch || len(request.Items) != 3 {
		t.Fatalf("batch: %v, %+v", err, request)
	}
	if request.Items[0].Wrong != nil || request.Items[0].Lead.Values[2] != number(1) {
		t.Errorf("first lead: %+v", request.Items[0])
	}
	for i, pointer := range map[int]string{1: "/leads/1/employees", 2: "/leads/2/a"} {
		if w := request.Items[i].Wrong; w == nil || w.Errors[0].Pointer != pointer {
			t.Errorf("lead %d: %v, want an error at %s", i, w, pointer)
		}
	}
	if err := s.ParseRequest([]byte(`{"leads":[1,null,{}]}`), options, &request); err != nil || request.Items[1].Wrong.Errors[0].Code != InputNotObject || request.Items[2].Wrong != nil {
		t.Errorf("leads that are no objects: %v, %+v", err, request.Items)
	}
}

func TestParseRequestRefuses(t *testing.T) {
	s := jsonSchema(t)
	for doc, code := range map[string]string{
		`{"leads":[]}`:                             InputNoLeads,
		`{"leads":[{},{},{},{}]}`:                  InputTooManyLeads,
		`{"leads":{}}`:                             InputEnvelope,
		`{"leads":"x"}`:                            InputEnvelope,
		`{"leads":[{}],"x":1}`:                     InputEnvelope,
		`{"x":1,"leads":[{}]}`:                     InputEnvelope,
		`{"leads":[{}]}{}`:                         InputTrailing,
		`{"leads":[{}`:                             InputSyntax,
		`{"leads":[{},]}`:                          InputSyntax,
		`{"leads":[{"a":}]}`:                       InputSyntax,
		`{"leads":[{"a":` + strings.Repeat("[", 9): InputTooDeep,
		`{"l`: InputSyntax,
	} {
		var request Request
		var wrong *InputErrors
		if err := s.ParseRequest([]byte(doc), RequestOptions{MaxLeads: 3}, &request); !errors.As(err, &wrong) || wrong.Errors[0].Code != code {
			t.Errorf("%s: %v, want %s", doc, err, code)
		}
	}
}

func TestIsBatch(t *testing.T) {
	for doc, want := range map[string]bool{
		` {"leads": [`: true, "\uFEFF{\"leads\":[{": true, `{"leads":1`: false, `{"a":1}`: false, ``: false, `{`: false, `[`: false, `{"le`: false,
	} {
		if IsBatch([]byte(doc)) != want {
			t.Errorf("IsBatch(%s) = %v", doc, !want)
		}
	}
}

const steadyLead = `{"id":null,"industry":null,"employees":120,"revenue":1250000.5,"score":0.25,"budget":99.95,"zip":null,` +
	`"subscribed":true,"visits":false,"first_seen":null,"source":"\u003f","converted":false}`

func TestParseLeadReusesMemory(t *testing.T) {
	s, lead, doc := jsonSchema(t), new(Lead), []byte(steadyLead)
	allocs := testing.AllocsPerRun(100, func() {
		if err := s.ParseLead(doc, lead); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 && !raced.Enabled {
		t.Errorf("%v allocations a lead, want none", allocs)
	}
}

func BenchmarkParseLead(b *testing.B) {
	s, lead, doc := jsonSchema(b), new(Lead), []byte(steadyLead)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.ParseLead(doc, lead); err != nil {
			b.Fatal(err)
		}
	}
}
