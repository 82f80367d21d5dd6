package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/model"
)

// The rows of these tables are numbered: each number is one kind of bad input that any server of this API
// has to stand, the same number in each test.

// badRow is a request that is refused.
type badRow struct {
	name    string
	call    call
	status  int
	code    string
	pointer string // of the first error, where the body is at fault
}

func body(text string) call { return call{body: text} }

func badRows() []badRow {
	lead := func(member, value string) call { return body(with(member, value)) }
	rows := []badRow{
		{"01: empty body", body(""), 400, "empty_body", ""},
		{"01: white space", body(" \r\n\t"), 400, "empty_body", ""},
		{"02: null", body("null"), 400, "not_an_object", ""},
		{"02: true", body("true"), 400, "not_an_object", ""},
		{"02: text", body(`"x"`), 400, "not_an_object", ""},
		{"02: array", body("[]"), 400, "not_an_object", ""},
		{"03: trailing garbage", body(`{"employees":1} garbage`), 400, "trailing_data", ""},
		{"03: second object", body(`{"employees":1}{"employees":2}`), 400, "trailing_data", ""},
		{"05: single body too large", body(`{"x":"` + strings.Repeat("a", 65<<10) + `"}`), 413, "body_too_large", ""},
		{"05: batch body too large", body(`{"leads":[` + strings.Repeat(" ", 4<<20) + `{}]}`), 413, "body_too_large", ""},
		{"06: duplicate key", body(`{"employees":1,"employees":2}`), 400, "duplicate_field", "/employees"},
		{"06: duplicate unknown key", body(`{"x":1,"x":2}`), 400, "duplicate_field", "/x"},
		{"08: unknown field, strict", call{path: "?strict=1", body: with("utm", "1")}, 422, "unknown_field", "/utm"},
		{"09: 1e999", lead("employees", "1e999"), 400, "number_out_of_range", "/employees"},
		{"09: -1e999", lead("annual_revenue", "-1e999"), 400, "number_out_of_range", "/annual_revenue"},
		{"12: number as text", lead("employees", `"12"`), 422, "type", "/employees"},
		{"12: text that is no level's number", lead("zip", `"08001"`), 422, "type", "/zip"},
		{"13: bool as 0", lead("subscribed", "0"), 422, "type", "/subscribed"},
		{"13: bool as 1", lead("subscribed", "1"), 422, "type", "/subscribed"},
		{"13: bool as yes", lead("subscribed", `"yes"`), 422, "type", "/subscribed"},
		{"14: object as a value", lead("industry", `{"a":1}`), 422, "type", "/industry"},
		{"14: array as a value", lead("employees", "[1]"), 422, "type", "/employees"},
		{"17: 10 KB category", lead("industry", `"`+strings.Repeat("x", 10<<10)+`"`), 422, "too_long", "/industry"},
		{"18: invalid UTF-8", lead("industry", "\"\xff\xfe\""), 400, "invalid_utf8", "/industry"},
		{"18: lone surrogate", lead("industry", `"\ud800"`), 400, "invalid_utf8", "/industry"},
		{"19: U+0000", lead("industry", `"a\u0000b"`), 400, "invalid_character", "/industry"},
		{"20: UTF-16 with a mark", body("\xff\xfe{\x00}\x00"), 415, "media_type", ""},
		{"20: UTF-16 without a mark", body("\x00{\x00}"), 415, "media_type", ""},
		{"22: 10,000 deep", lead("x", strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)), 400, "too_deep", "/x"},
		{"22: 10,000 deep, unclosed", body(strings.Repeat(`{"a":`, 10_000)), 400, "too_deep", "/a"},
		{"23: 5,000 keys", body(manyKeys(5_000)), 400, "too_many_fields", ""},
		{"24: batch of 0", body(`{"leads":[]}`), 400, "empty_batch", ""},
		{"24: batch of 1,001", body(`{"leads":[{}` + strings.Repeat(",{}", 1000) + `]}`), 413, "too_many_leads", ""},
		{"24: batch beside other members", body(`{"leads":[{}],"x":1}`), 400, "envelope", ""},
		{"24: batch that is no array", body(`{"leads":{}}`), 400, "envelope", "/leads"},
		{"24: batch with a fault of grammar", body(`{"leads":[{},{"a":}]}`), 400, "syntax", "/leads/1/a"},
		{"28: empty lead_id", lead("lead_id", `""`), 422, "lead_id", "/lead_id"},
		{"28: lead_id of 300 bytes", lead("lead_id", `"`+strings.Repeat("x", 300)+`"`), 422, "lead_id", "/lead_id"},
		{"28: lead_id with a control character", lead("lead_id", `"a\u0007b"`), 422, "lead_id", "/lead_id"},
		{"28: lead_id with a slash", lead("lead_id", `"../etc"`), 422, "lead_id", "/lead_id"},
		{"29: text/plain", call{contentType: "text/plain", body: goodLead}, 415, "media_type", ""},
		{"29: a form", call{contentType: "application/x-www-form-urlencoded", body: "a=b"}, 415, "media_type", ""},
		{"29: no type", call{contentType: " ", body: goodLead}, 415, "media_type", ""},
		{"30: latin1", call{contentType: "application/json; charset=latin1", body: goodLead}, 415, "media_type", ""},
		{"30: gzip", call{header: map[string]string{"Content-Encoding": "gzip"}, body: "\x1f\x8b"}, 415, "content_encoding", ""},
		{"31: wrong method", call{method: "GET"}, 405, "method_not_allowed", ""},
		{"31: unknown path", call{path: "/v2/score", body: goodLead}, 404, "not_found", ""},
		{"31: trailing slash", call{path: "/v1/score/", body: goodLead}, 404, "not_found", ""},
		{"31: doubled slashes", call{path: "//v1//score", body: goodLead}, 404, "not_found", ""},
		{"31: dots", call{path: "/v1/%2e%2e/v1/score", body: goodLead}, 404, "not_found", ""},
		{"31: upper case", call{path: "/V1/score", body: goodLead}, 404, "not_found", ""},
		{"33: 500 headers", call{header: manyHeaders(500), body: goodLead}, 431, "headers_too_large", ""},
		{"43: a model by name", call{path: "?model=../../etc/passwd", body: goodLead}, 400, "parameter", ""},
		{"43: explain=-1", call{path: "?explain=-1", body: goodLead}, 400, "parameter", ""},
		{"43: explain twice", call{path: "?explain=1&explain=2", body: goodLead}, 400, "parameter", ""},
		{"43: strict=maybe", call{path: "?strict=maybe", body: goodLead}, 400, "parameter", ""},
		{"43: a query that is none", call{path: "?explain=%zz", body: goodLead}, 400, "parameter", ""},
	}
	for _, number := range []string{"NaN", "Infinity", "-Infinity"} {
		rows = append(rows, badRow{"09: " + number, lead("employees", number), 400, "syntax", "/employees"})
	}
	for _, number := range []string{"01", "0x10", "+1", ".5", "1.", "1e", "--1", "-"} {
		rows = append(rows, badRow{"10: " + number, lead("employees", number), 400, "syntax", "/employees"})
	}
	return rows
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

func manyHeaders(n int) map[string]string {
	h := map[string]string{}
	for i := range n {
		h["X-H"+strconv.Itoa(i)] = "1"
	}
	return h
}

func TestBadInputIsRefused(t *testing.T) {
	h := testServer(t, nil).Handler()
	for _, row := range badRows() {
		t.Run("row "+row.name, func(t *testing.T) {
			a := send(t, h, row.call)
			p := a.problem(t)
			if a.status != row.status || p.Status != row.status || p.Code != row.code || p.Title == "" || p.Type != "/openapi.yaml#"+row.code {
				t.Fatalf("status %d, %s; want %d, %s", a.status, a.body, row.status, row.code)
			}
			if p.Instance != a.header.Get("X-Request-Id") || a.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("headers %v, %s", a.header, a.body)
			}
			if row.pointer != "" && (len(p.Errors) == 0 || p.Errors[0].Pointer != row.pointer || p.Errors[0].Code != row.code) {
				t.Errorf("errors %s, want a first one at %s", a.body, row.pointer)
			}
		})
	}
}

func TestBadInputDetails(t *testing.T) {
	s := testServer(t, nil)
	h := s.Handler()
	t.Run("row 03: the offset of what follows", func(t *testing.T) {
		p := send(t, h, body(`{"employees":1} garbage`)).problem(t)
		if len(p.Errors) != 1 || p.Errors[0].Offset == nil || *p.Errors[0].Offset != 16 {
			t.Errorf("%+v, want the offset 16", p)
		}
	})
	t.Run("row 04: long tail over a small cap", func(t *testing.T) {
		h := testServer(t, func(o *Options) { o.MaxBody, o.MaxBatchBody = 1<<10, 1<<10 }).Handler()
		for _, tail := range []string{" ", "x"} {
			if p := send(t, h, body(`{"employees":1}`+strings.Repeat(tail, 10<<10))).problem(t); p.Code != "body_too_large" {
				t.Errorf("%+v", p)
			}
		}
	})
	t.Run("row 05: large bodies end the connection", func(t *testing.T) {
		a := send(t, h, body(`{"x":"`+strings.Repeat("a", 65<<10)+`"}`))
		if a.header.Get("Connection") != "close" {
			t.Errorf("headers %v", a.header)
		}
	})
	t.Run("row 23: 100,000 keys in one lead of a batch", func(t *testing.T) {
		results := send(t, h, body(`{"leads":[{},`+manyKeys(100_000)+`,{}]}`)).results(t)
		if p := itemProblem(t, results[1]); p.Code != "too_many_fields" || p.Status != 400 || p.Instance != "" {
			t.Errorf("%s", results[1])
		}
	})
	t.Run("row 24: item 500 of a batch is broken", func(t *testing.T) {
		leads := slices.Repeat([]string{goodLead}, 1000)
		leads[500] = `{"employees":"x"}`
		results := send(t, h, body(`{"leads":[`+strings.Join(leads, ",")+`]}`)).results(t)
		p := itemProblem(t, results[500])
		if len(results) != 1000 || p.Code != "type" || p.Status != 422 || p.Errors[0].Pointer != "/leads/500/employees" {
			t.Errorf("%d results, %s", len(results), results[500])
		}
		if bytes.Contains(results[499], []byte("problem")) || bytes.Contains(results[501], []byte("problem")) {
			t.Error("the neighbours of the broken item suffered")
		}
	})
	t.Run("row 31: the methods that are allowed", func(t *testing.T) {
		if a := send(t, h, call{method: "DELETE"}); a.header.Get("Allow") != "POST" {
			t.Errorf("Allow: %q", a.header.Get("Allow"))
		}
	})
	t.Run("row 42: a foreign request id", func(t *testing.T) {
		for sent, kept := range map[string]bool{"abc-1._Z": true, "a b": false, "a\tb": false, strings.Repeat("x", 4<<10): false, "": false} {
			a := send(t, h, call{header: map[string]string{"X-Request-Id": sent}, body: goodLead})
			if got := a.header.Get("X-Request-Id"); (got == sent) != kept || got == "" {
				t.Errorf("sent %.20q, got %q", sent, got)
			}
		}
	})
}

func itemProblem(t *testing.T, result json.RawMessage) problem {
	t.Helper()
	var item badItem
	if err := json.Unmarshal(result, &item); err != nil || item.Status != "error" {
		t.Fatalf("%s: %v", result, err)
	}
	return item.Problem
}

// TestOddInputIsScored sends what is unusual, but a lead.
func TestOddInputIsScored(t *testing.T) {
	h := testServer(t, nil).Handler()
	good := send(t, h, call{path: "?explain=all", body: goodLead}).score(t)
	scored := func(body string) model.Score { return send(t, h, call{path: "?explain=all", body: body}).score(t) }
	reason := func(s model.Score, feature string) model.Reason {
		return s.Reasons[slices.IndexFunc(s.Reasons, func(r model.Reason) bool { return r.Feature == feature })]
	}
	wantWarning := func(t *testing.T, s model.Score, warnings ...string) {
		t.Helper()
		for _, w := range warnings {
			if !warned(s)[w] {
				t.Errorf("warnings %+v, want %q", s.Warnings, w)
			}
		}
	}
	t.Run("row 07: wrong case", func(t *testing.T) {
		s := scored(`{"Employees":120}`)
		wantWarning(t, s, "unknown_field Employees", "missing_field employees")
		if s.Warnings[0].Detail != `did you mean "employees"?` || reason(s, "employees").Value != "(missing)" {
			t.Errorf("%+v", s)
		}
	})
	t.Run("row 08: unknown field", func(t *testing.T) {
		s := scored(with("utm_campaign", `{"a":[1,null]}`))
		wantWarning(t, s, "unknown_field utm_campaign")
		if s.LogOdds != good.LogOdds {
			t.Error("the unknown field changed the score")
		}
	})
	t.Run("row 08: a declared field that is no feature", func(t *testing.T) {
		s := scored(with("converted", "true"))
		wantWarning(t, s, "unused_field converted")
		if s.LogOdds != good.LogOdds {
			t.Error("the outcome changed the score")
		}
	})
	t.Run("row 11: long numbers are rounded once", func(t *testing.T) {
		for _, n := range []string{"12345678901234567890", "0." + strings.Repeat("123456789", 44) + "1234", "1e-400", "300.5000000000000000000000000000001"} {
			want, err := strconv.ParseFloat(n, 64)
			if err != nil {
				t.Fatal(err)
			}
			shortest := strconv.FormatFloat(want, 'g', -1, 64)
			if a, b := scored(with("annual_revenue", n)), scored(with("annual_revenue", shortest)); math.Float64bits(a.LogOdds) != math.Float64bits(b.LogOdds) {
				t.Errorf("%s and %s score differently", n, shortest)
			}
		}
	})
	t.Run("row 15: null, absent, empty and missing texts are one", func(t *testing.T) {
		for _, feature := range []string{"industry", "employees", "subscribed", "last_touch", "zip"} {
			var scores []model.Score
			for _, value := range []string{"null", `""`, `"  "`, `"?"`} {
				scores = append(scores, scored(with(feature, value)))
			}
			rest := with(feature, "null")
			scores = append(scores, scored("{"+rest[strings.Index(rest, ",")+1:]))
			for _, s := range scores {
				wantWarning(t, s, "missing_field "+feature)
				if s.LogOdds != scores[0].LogOdds {
					t.Errorf("%s: scores differ", feature)
				}
			}
		}
	})
	t.Run("row 16: everything missing", func(t *testing.T) { wantWarning(t, scored(`{}`), "mostly_missing") })
	t.Run("row 17: unseen level", func(t *testing.T) {
		s := scored(with("industry", `"mining"`))
		wantWarning(t, s, "unseen_level industry")
		if reason(s, "industry").LogOdds != 0 {
			t.Errorf("an unseen level contributes %v", reason(s, "industry").LogOdds)
		}
	})
	t.Run("row 20: byte order mark", func(t *testing.T) {
		if s := scored("\uFEFF" + goodLead); s.LogOdds != good.LogOdds {
			t.Error("the mark changed the score")
		}
	})
	t.Run("row 21: invisible and decomposed characters", func(t *testing.T) {
		for _, city := range []string{"Zürich", `Zu\u0308rich`, ` \u200bZürich\u200e `, `\u202aZürich`} {
			if s := scored(with("city", `"`+city+`"`)); s.LogOdds != good.LogOdds {
				t.Errorf("%s is another city", city)
			}
		}
		wantWarning(t, scored(with("city", `"zürich"`)), "unseen_level city")
	})
	t.Run("row 25: the same lead twice", func(t *testing.T) {
		results := send(t, h, call{path: "?explain=all", body: `{"leads":[` + goodLead + "," + goodLead + `]}`}).results(t)
		if len(results) != 2 || !bytes.Equal(results[0], results[1]) {
			t.Errorf("%s", results)
		}
	})
	t.Run("row 26: outside the range of training, nothing is clipped", func(t *testing.T) {
		for feature, values := range map[string][]string{
			"annual_revenue": {"-5", "-50", "1e12"}, "last_touch": {`"9999-12-31T00:00:00Z"`, `"1600-01-01"`, `"2099-01-01"`},
		} {
			seen := map[float64]bool{}
			for _, value := range values {
				s := scored(with(feature, value))
				wantWarning(t, s, "out_of_range "+feature)
				if seen[s.LogOdds] {
					t.Errorf("%s = %s was clipped", feature, value)
				}
				seen[s.LogOdds] = true
			}
		}
	})
	t.Run("row 27: markup, quotes and formulas", func(t *testing.T) {
		for _, text := range []string{"<script>alert(1)</script>", "' OR 1=1 --", "=cmd()", "<b>Basel</b>"} {
			quoted, _ := json.Marshal(text)
			if s := scored(with("city", string(quoted))); reason(s, "city").Value != text {
				t.Errorf("%q came back as %q", text, reason(s, "city").Value)
			}
		}
	})
	t.Run("row 28: ids that may be", func(t *testing.T) {
		for value, want := range map[string]string{`"L 1"`: "L 1", `12345678901234567890`: "12345678901234567890", `null`: "", `"` + strings.Repeat("é", 128) + `"`: strings.Repeat("é", 128)} {
			if s := scored(with("lead_id", value)); s.LeadID != want {
				t.Errorf("%s: id %q", value, s.LeadID)
			}
		}
	})
	t.Run("row 29: types that may be", func(t *testing.T) {
		for _, kind := range []string{"application/json; charset=utf-8", `Application/JSON; charset="UTF-8"`} {
			if a := send(t, h, call{contentType: kind, body: goodLead}); a.status != http.StatusOK {
				t.Errorf("%s: %d", kind, a.status)
			}
		}
	})
}

// FuzzScore holds that no request makes the server fail, and that every answer is JSON as specified.
func FuzzScore(f *testing.F) {
	for _, row := range badRows() {
		if len(row.call.body) < 1<<10 && row.call.method == "" {
			f.Add([]byte(row.call.body), "explain=1&strict=1", "application/json", "handling=strict")
		}
	}
	f.Add([]byte(goodLead), "explain=all", "application/json", "")
	f.Add([]byte(`{"leads":[`+goodLead+`,{"employees":"x"}]}`), "", "application/json", "handling=strict")
	h := testServer(f, nil).Handler()
	f.Fuzz(func(t *testing.T, body []byte, query, contentType, prefer string) {
		r, err := http.NewRequest("POST", "http://host/v1/score", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Prefer", prefer)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		a := answer{w.Code, w.Result().Header, w.Body.Bytes()}
		if a.status >= 500 {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		checkAgainstSpec(t, "POST", "/v1/score", a)
	})
}
