package features

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// member is one member of an object as encoding/json reads it.
type member struct {
	name  string
	value any // nil, bool, string, json.Number, or json.Delim for an object or array
}

// readMembers is the oracle: the members of the one object in data as encoding/json sees them, or the fault
// that makes the document no lead at all. It knows the rules of this package and shares no code with it.
func readMembers(data []byte) (members []member, fault bool) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, true
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if first, _ := d.Token(); first != json.Delim('{') {
		return nil, true
	}
	var closers []json.Delim // of what is open beneath the lead
	var counts []int         // tokens of each of them
	names := map[string]bool{}
	for top := 0; ; {
		token, err := d.Token()
		if err != nil {
			return nil, true
		}
		text, isText := token.(string)
		fault = fault || strings.ContainsRune(text, 0)
		delim, isDelim := token.(json.Delim)
		if isDelim && (delim == '}' || delim == ']') {
			if len(closers) == 0 {
				return members, fault || len(members) > MaxFields
			}
			if closed := counts[len(counts)-1]; delim == '}' && closed > 2*MaxFields {
				fault = true
			}
			closers, counts = closers[:len(closers)-1], counts[:len(counts)-1]
			continue
		}
		switch {
		case len(counts) > 0:
			counts[len(counts)-1]++
		case top%2 == 0:
			fault = fault || !isText || names[text]
			names[text] = true
			members = append(members, member{name: text})
			top++
		default:
			members[len(members)-1].value = token
			top++
		}
		if isDelim {
			closers, counts = append(closers, delim), append(counts, 0)
			fault = fault || len(closers) >= MaxDepth
		}
	}
}

// wantValue is what the oracle's member makes of field i; bad means that the field refuses it.
func wantValue(s *Schema, i int, m member) (want Value, fault, bad bool) {
	f := s.Fields()[i]
	switch v := m.value.(type) {
	case json.Delim:
		return want, false, true
	case bool:
		if f.Type.Base != Bool {
			return want, false, true
		}
		want, err := s.TextValue(i, strconv.FormatBool(v))
		return want, false, err != nil
	case string:
		if len(v) > MaxText {
			return want, false, true
		}
		if s.IsMissing(Normalise(v)) {
			return want, false, false
		}
		if f.Type.Numeric() || f.Type.Base == Bool {
			return want, false, true
		}
		want, err := s.TextValue(i, v)
		return want, false, err != nil
	case json.Number:
		x, err := strconv.ParseFloat(v.String(), 64)
		if math.IsInf(x, 0) {
			return want, true, true
		}
		if err != nil || f.Kind == Time || !f.Type.Numeric() && !(f.Type.Base == String && f.Kind == Number) {
			return want, false, true
		}
		want, err = f.NumberValue(x)
		return want, false, err != nil
	}
	return want, false, false
}

// surrogates finds escapes that encoding/json replaces when they stand alone; the tables test those.
var surrogates = regexp.MustCompile(`(?i)\\ud[89a-f]`)

func addLeads(f *testing.F) {
	for _, doc := range []string{
		`{}`, `null`, `{"leads":[{},{"employees":1}]}`, steadyLead,
		`{"lead_id":"L-1","industry":"retail","employees":40,"revenue":1.5e3,"score":0.1,"budget":0.125,"zip":94105}`,
		`{"subscribed":true,"visits":false,"first_seen":"2024-01-31T10:00:00Z","founded":"2024-01-31","seen_text":"2024-01-31","amount_text":"1"}`,
		`{"Employees":1,"x":{"a":[1,2,{"b":"\u00e9\n"}]},"y":"\ud83d\ude00","id":7}`,
		`{"industry":"unknown","employees":null,"revenue":-0.0,"converted":1}`,
		`{"a":[[[[[[[1]]]]]]]}`, `{"a":1,"a":2}`, `{"employees":01}`, "\uFEFF{\"industry\":\"a\"} ",
	} {
		f.Add([]byte(doc))
	}
}

func FuzzParseLead(f *testing.F) {
	addLeads(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := jsonSchema(t)
		var lead Lead
		err := s.ParseLead(data, &lead)
		checkShape(t, err, len(data))
		if surrogates.Match(data) {
			return
		}
		if problem := compare(s, data, &lead, err); problem != "" {
			t.Fatalf("%q: %s", data, problem)
		}
	})
}

// compare returns how a parsed lead differs from what the oracle says, or "".
func compare(s *Schema, data []byte, lead *Lead, err error) string {
	members, fault := readMembers(data)
	bad, ids := false, 0
	want := s.NewLead().Values
	for _, m := range members {
		i := s.Index(m.name)
		switch {
		case i >= 0 && s.Fields()[i].Role == RoleID || m.name == "lead_id":
			ids++
			number, isNumber := m.value.(json.Number)
			text, isText := m.value.(string)
			text = Normalise(text + number.String())
			named := (isText || isNumber) && regexp.MustCompile(`^[^/]{1,128}$`).MatchString(text) && isPrintable(text)
			bad = bad || m.value != nil && !named
		case i < 0:
			bad = bad || len(m.name) > MaxText
		case s.Fields()[i].Role.Feature():
			value, outside, refused := wantValue(s, i, m)
			want[i], fault, bad = value, fault || outside, bad || refused
		}
	}
	fault = fault || ids > 1
	var wrong *InputErrors
	switch errors.As(err, &wrong); {
	case fault && (wrong == nil || wrong.Semantic()):
		return fmt.Sprintf("error %v, want a fault of the document", err)
	case !fault && bad && (wrong == nil || !wrong.Semantic()):
		return fmt.Sprintf("error %v, want a semantic error", err)
	case !fault && !bad && err != nil:
		return fmt.Sprintf("error %v, want none", err)
	case err == nil && !reflect.DeepEqual(lead.Values, want):
		return fmt.Sprintf("values %+v, want %+v", lead.Values, want)
	}
	return ""
}

func isPrintable(text string) bool {
	for _, r := range text {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return true
}

// checkShape holds every error to its promises.
func checkShape(t *testing.T, err error, size int) {
	t.Helper()
	if err == nil {
		return
	}
	var wrong *InputErrors
	if !errors.As(err, &wrong) || len(wrong.Errors) == 0 || len(wrong.Errors) > MaxProblems {
		t.Fatalf("error %#v, want 1 to %d errors", err, MaxProblems)
	}
	for _, e := range wrong.Errors {
		if e.Code == "" || e.Detail == "" || e.Offset < 0 || e.Offset > size || e.Semantic != wrong.Semantic() {
			t.Fatalf("error %+v", e)
		}
	}
}

// FuzzParseRequest holds that a batch gives each lead what it gets alone.
func FuzzParseRequest(f *testing.F) {
	addLeads(f)
	options := RequestOptions{MaxLeads: 3}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := jsonSchema(t)
		var alone, batch Request
		err := s.ParseRequest(data, options, &alone)
		checkShape(t, err, len(data))
		if IsBatch(data) != alone.Batch && err == nil {
			t.Fatalf("IsBatch = %v, Batch = %v", IsBatch(data), alone.Batch)
		}
		if !json.Valid(data) || alone.Batch || bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
			return
		}
		twice := fmt.Sprintf(`{"leads":[%s,%s]}`, data, data)
		if batchErr := s.ParseRequest([]byte(twice), options, &batch); batchErr != nil {
			if wrong := batchErr.(*InputErrors).Errors[0]; wrong.Code != InputTooDeep {
				t.Fatalf("%s: %v", twice, batchErr)
			}
			return
		}
		for i := range batch.Items {
			item := &batch.Items[i]
			if (item.Wrong == nil) != (err == nil) {
				t.Fatalf("%s: lead %d: %v, alone %v", twice, i, item.Wrong, err)
			}
			if err == nil && !reflect.DeepEqual(item.Lead.Values, alone.Items[0].Lead.Values) {
				t.Fatalf("%s: lead %d: %+v, alone %+v", twice, i, item.Lead, alone.Items[0].Lead)
			}
		}
	})
}

// TestOracle holds the oracle itself to the documents it must tell apart.
func TestOracle(t *testing.T) {
	for doc, want := range map[string]bool{
		`{"a":1,"b":[1,{"c":2}],"d":{}}`: false, `{"a":1,"a":2}`: true, `[]`: true, `{"a":[[[[[[[1]]]]]]]}`: false, `{"a":[[[[[[[[1]]]]]]]]}`: true, `{"a":"\u0000"}`: true,
	} {
		if _, fault := readMembers([]byte(doc)); fault != want {
			t.Errorf("%s: fault %v, want %v", doc, fault, want)
		}
	}
	members, _ := readMembers([]byte(`{"a":[1,"x"],"b":"y"}`))
	if len(members) != 2 || members[1] != (member{"b", "y"}) {
		t.Errorf("members %+v", members)
	}
}
