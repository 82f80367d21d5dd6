package serve

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/leadscore/leadscore/budget"
)

// examplePlan is the documented example of a plan, with few draws.
func examplePlan(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("../budget/testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(text), `"draws": 200`, `"draws": 20`, 1)
}

func planCall(body string) call { return call{method: "POST", path: "/v1/budget", body: body} }

// The server answers with what the package does, and as openapi.yaml says.
func TestPlan(t *testing.T) {
	h := testServer(t, nil).Handler()
	text := examplePlan(t)
	a := send(t, h, planCall(text))
	p, err := budget.ParsePlan([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Answer(t.Context(), budget.Ask{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if a.status != http.StatusOK || !bytes.Equal(a.body, want) {
		t.Errorf("status %d: %s\nwant %s", a.status, a.body, want)
	}
	with := send(t, h, call{method: "POST", path: "/v1/budget?scenarios=1", body: text})
	if !bytes.Contains(with.body, []byte(`"scenarios":[{"name":"target return 10 points higher"`)) {
		t.Errorf("%s", with.body)
	}
}

// The example in openapi.yaml is the documented one.
func TestPlanExample(t *testing.T) {
	example := at(spec(), "paths", "/v1/budget", "post", "requestBody", "content", "application/json", "examples", "plan")["value"]
	text, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	got, err := budget.ParsePlan(text)
	if err != nil {
		t.Fatal(err)
	}
	want, err := budget.ParsePlan([]byte(strings.Replace(examplePlan(t), `"draws": 20`, `"draws": 200`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Fingerprint() != want.Fingerprint() {
		t.Error("the example in openapi.yaml is not budget/testdata/plan.json")
	}
	var value any
	if err := json.Unmarshal([]byte(examplePlan(t)), &value); err != nil {
		t.Fatal(err)
	}
	if wrong := mismatch(at(spec(), "components", "schemas", "Plan"), value, ""); wrong != "" {
		t.Errorf("the example is not as the schema says: %s", wrong)
	}
}

func TestPlanRefused(t *testing.T) {
	h := testServer(t, func(o *Options) { o.MaxPlanBody = 4096 }).Handler()
	good := examplePlan(t)
	for name, c := range map[string]struct {
		old, new, code, pointer string
		status                  int
	}{
		"empty":        {good, "", "syntax", "", 400},
		"not JSON":     {good, "{", "syntax", "", 400},
		"a list":       {good, "[]", "plan", "", 422},
		"unknown key":  {`"period"`, `"Period"`, "plan", "/Period", 422},
		"twice":        {`"seed": 1`, `"seed": 1, "seed": 1`, "plan", "/seed", 422},
		"type":         {`"hours": 400`, `"hours": "400"`, "plan", "/limits/hours", 422},
		"bound":        {`"rates": [0.08]`, `"rates": [1.08]`, "plan", "/sources/2/path/rates/0", 422},
		"limit":        {`"reserve": 0.1`, `"reserve": 1.1`, "plan", "/limits/reserve", 422},
		"clash":        {`"budget": 50000`, `"budget": 5000`, "infeasible", "", 422},
		"without end":  {`"budget": 50000, "reserve": 0.1, "hours": 400,`, ``, "", "", 200},
		"too large":    {good, good + strings.Repeat(" ", 4096), "body_too_large", "", 413},
		"other values": {`"b": 0.62`, `"b": 1.62`, "plan", "/sources/0/curve/b", 422},
	} {
		a := send(t, h, planCall(strings.Replace(good, c.old, c.new, 1)))
		if a.status != c.status {
			t.Errorf("%s: status %d: %s", name, a.status, a.body)
			continue
		}
		if c.status == http.StatusOK {
			continue
		}
		p := a.problem(t)
		if p.Code != c.code || c.pointer != "" && (len(p.Errors) == 0 || p.Errors[0].Pointer != c.pointer) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	endless := `{"limits":{"mode":"most_profit","reserve":0},"draws":0,"sources":[{"name":"a","curve":{"form":"power","a":1,"b":1},"path":{"stages":["lead","won"],"rates":[1],"costs":[0,0]},"profit":9}]}`
	if p := send(t, h, planCall(endless)).problem(t); p.Code != "infeasible" || !strings.Contains(p.Detail, "has no limit") {
		t.Errorf("%+v", p)
	}
	if p := send(t, h, call{method: "POST", path: "/v1/budget?what=1", body: good}).problem(t); p.Code != "parameter" {
		t.Errorf("%+v", p)
	}
}

// A plan waits for the one before it no longer than it may take.
func TestPlansTakeTurns(t *testing.T) {
	s := testServer(t, func(o *Options) { o.PlanTimeout = time.Millisecond })
	s.planning <- struct{}{}
	a := send(t, s.Handler(), planCall(examplePlan(t)))
	if p := a.problem(t); p.Code != "deadline" || a.status != http.StatusServiceUnavailable {
		t.Errorf("%+v", p)
	}
}
