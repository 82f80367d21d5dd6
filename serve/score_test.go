package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// TestBatchIsSingle holds that a lead gets the same bytes alone and in a batch.
func TestBatchIsSingle(t *testing.T) {
	h := testServer(t, nil).Handler()
	leads := []string{goodLead, `{}`, with("industry", `"mining"`), with("employees", "1e9"), with("utm", "1"), with("lead_id", "7")}
	for _, query := range []string{"", "?explain=0", "?explain=2", "?explain=all"} {
		results := send(t, h, call{path: query, body: `{"leads":[` + strings.Join(leads, ",") + `]}`}).results(t)
		for i, lead := range leads {
			if alone := send(t, h, call{path: query, body: lead}); !bytes.Equal(alone.body, results[i]) {
				t.Errorf("%s: lead %d:\nalone %s\nbatch %s", query, i, alone.body, results[i])
			}
		}
	}
}

// TestServerIsModel holds that the server adds nothing to what the model says.
func TestServerIsModel(t *testing.T) {
	m, err := model.Decode(bytes.NewReader(artifacts()[0]))
	if err != nil {
		t.Fatal(err)
	}
	var lead features.Lead
	if err := m.Schema().ParseLead([]byte(goodLead), &lead); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(m.Score(&lead).Top(3))
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t, testServer(t, nil).Handler(), call{path: "?explain=3", body: goodLead}); !bytes.Equal(got.body, want) {
		t.Errorf("got %s\nwant %s", got.body, want)
	}
}

// TestFormsSendTexts holds that a number which names something is the same level as a text.
func TestFormsSendTexts(t *testing.T) {
	h := testServer(t, nil).Handler()
	number, text := send(t, h, call{body: with("zip", "1200")}), send(t, h, call{body: with("zip", `"1200"`)})
	if other := send(t, h, call{body: with("zip", "8001")}); !bytes.Equal(number.body, text.body) || bytes.Equal(number.body, other.body) {
		t.Errorf("number %s\ntext %s\nother %s", number.body, text.body, other.body)
	}
	p := send(t, h, call{body: with("zip", `"1200.0"`)}).problem(t)
	if len(p.Errors) != 1 || p.Errors[0].Detail != `expected a whole number, or a text that is written as one such as "147"` {
		t.Errorf("%+v", p)
	}
}

func TestExplain(t *testing.T) {
	h := testServer(t, nil).Handler()
	const all = 8 // features of the fixture
	for query, want := range map[string]int{"": 6, "?explain=0": 0, "?explain=1": 2, "?explain=7": 8, "?explain=8": all, "?explain=1000": all, "?explain=all": all} {
		s := send(t, h, call{path: query, body: goodLead}).score(t)
		if len(s.Reasons) != want {
			t.Errorf("%s: %d reasons, want %d", query, len(s.Reasons), want)
		}
		sum := s.Base.LogOdds
		for _, r := range s.Reasons {
			sum += r.LogOdds
		}
		if want > 0 && math.Abs(sum-s.LogOdds) > 1e-12 {
			t.Errorf("%s: base and reasons sum to %v, the score is %v", query, sum, s.LogOdds)
		}
	}
}

func TestPreferStrict(t *testing.T) {
	h := testServer(t, nil).Handler()
	batch := `{"leads":[` + goodLead + `,{"employees":"x"},{"zip":1,"zip":2}]}`
	for prefer, whole := range map[string]bool{
		"": false, "handling=lenient": false, "respond-async": false, "handling=strict": true, `respond-async, Handling="strict"; x=1`: true, "handling=lenient, handling=strict": false,
	} {
		a := send(t, h, call{header: map[string]string{"Prefer": prefer}, body: batch})
		if whole != (a.status == 422) || !whole && a.status != 200 {
			t.Errorf("Prefer: %s: %d %s", prefer, a.status, a.body)
		}
		if whole {
			if p := a.problem(t); len(p.Errors) != 2 || p.Errors[0].Pointer != "/leads/1/employees" || p.Errors[1].Pointer != "/leads/2/zip" {
				t.Errorf("Prefer: %s: %s", prefer, a.body)
			}
		}
	}
	a := send(t, h, call{header: map[string]string{"Prefer": "handling=strict"}, body: `{"leads":[` + goodLead + `]}`})
	if a.status != 200 || a.header.Get("Preference-Applied") != "handling=strict" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestBatchCountsFailures(t *testing.T) {
	a := send(t, testServer(t, nil).Handler(), body(`{"leads":[{"employees":"x"},{},null]}`))
	if !bytes.HasSuffix(a.body, []byte(`],"failed":2}`)) {
		t.Errorf("%s", a.body)
	}
}

// TestLogHoldsNoLead posts a canary in every place that a client can write to and looks for it in the log.
func TestLogHoldsNoLead(t *testing.T) {
	const canary = "jane.doe"
	var log bytes.Buffer
	s, err := New(testOptions(t), slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	quoted := `"` + canary + `@example.com"`
	for _, f := range fixtureFields {
		send(t, s.Handler(), body(with(f.Name, quoted)))
		send(t, s.Handler(), body(`{"leads":[`+with(f.Name, quoted)+`]}`))
	}
	for _, k := range []call{
		body(with(canary, "1")), {path: "?strict=1", body: with(canary, "1")}, {path: "?" + canary + "=1"}, {path: "?explain=" + canary},
		{path: "/" + canary}, {method: canary, path: "/v1/score"}, {contentType: canary + "/x"}, {header: map[string]string{"X-Request-Id": canary + "@"}},
		{header: map[string]string{"User-Agent": canary, "Authorization": canary, "X-Forwarded-For": canary}, body: goodLead}, body(quoted), body("{" + quoted),
	} {
		send(t, s.Handler(), k)
	}
	if at := strings.Index(log.String(), canary); at >= 0 {
		t.Errorf("the log holds the canary: …%s", log.String()[max(0, at-200):at+20])
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	var last map[string]any
	if err := json.Unmarshal([]byte(lines[1]), &last); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"time", "level", "msg", "request_id", "method", "route", "status", "duration_ms"} {
		if _, ok := last[key]; !ok {
			t.Errorf("a log line has no %s: %s", key, lines[1])
		}
	}
}

// brokenModel stands for a model with a defect.
type brokenModel struct {
	score  func() model.Score
	verify error
}

func (b brokenModel) Score(*features.Lead) model.Score          { return b.score() }
func (b brokenModel) ScoreAt(*features.Lead, int64) model.Score { return b.score() }
func (b brokenModel) Verify() error                             { return b.verify }

// brokenServer serves a brokenModel and logs to log.
func brokenServer(t *testing.T, b brokenModel, log io.Writer) *Server {
	t.Helper()
	s, err := newServer(testOptions(t), slog.New(slog.NewJSONHandler(log, nil)), func(r io.Reader) (*active, error) {
		whole, err := decodeModel(r)
		if err != nil {
			return nil, err
		}
		defect := *whole
		defect.scorer = b
		return &defect, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDefectsAreAnswered(t *testing.T) {
	const secret = "jane.doe"
	for name, score := range map[string]func() model.Score{
		"panic":      func() model.Score { panic(secret) },
		"runtime":    func() model.Score { var none []int; return model.Score{LogOdds: float64(none[0])} },
		"not finite": func() model.Score { return model.Score{Probability: math.NaN()} },
	} {
		var log bytes.Buffer
		h := brokenServer(t, brokenModel{score: score}, &log).Handler()
		a := send(t, h, body(goodLead))
		if p := a.problem(t); a.status != 500 || p.Code != "internal" || p.Instance == "" || bytes.Contains(a.body, []byte("NaN")) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if strings.Contains(log.String(), secret) || !strings.Contains(log.String(), a.problem(t).Instance) {
			t.Errorf("%s: log %s", name, log.String())
		}
	}
}

func TestReadiness(t *testing.T) {
	probe := call{method: "GET", path: "/readyz"}
	s := brokenServer(t, brokenModel{verify: errors.New("off by one")}, io.Discard)
	if a := send(t, s.Handler(), probe); a.status != 503 || a.problem(t).Code != "verification_failed" || a.header.Get("Retry-After") == "" {
		t.Errorf("a model that does not verify: %d %s", a.status, a.body)
	}
	s = testServer(t, nil)
	if a := send(t, s.Handler(), probe); a.status != 200 {
		t.Errorf("a good model: %d %s", a.status, a.body)
	}
	s.draining.Store(true)
	if a := send(t, s.Handler(), probe); a.status != 503 || a.problem(t).Code != "draining" {
		t.Errorf("draining: %d %s", a.status, a.body)
	}
	if a := send(t, s.Handler(), body(goodLead)); a.status != http.StatusOK || a.header.Get("Connection") != "close" {
		t.Errorf("a score while draining: %d, Connection %q", a.status, a.header.Get("Connection"))
	}
	if a := send(t, s.Handler(), call{method: "GET", path: "/livez"}); a.status != http.StatusOK {
		t.Errorf("livez while draining: %d", a.status)
	}
}
