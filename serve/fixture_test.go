package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixtureFields have a field of every kind of value that a lead can carry.
var fixtureFields = []features.Field{
	{Name: "lead_id", Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleID},
	{Name: "source", Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleSource},
	{Name: "industry", Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleFeature, Group: features.FitGroup},
	{Name: "city", Type: features.Type{Base: features.String}, Kind: features.Category, Role: features.RoleFeature},
	{Name: "employees", Type: features.Type{Base: features.Int32}, Kind: features.Number, Role: features.RoleFeature},
	{Name: "annual_revenue", Type: features.Type{Base: features.Float64}, Kind: features.Number, Role: features.RoleFeature},
	{Name: "zip", Type: features.Type{Base: features.Int64}, Kind: features.Category, Role: features.RoleFeature},
	{Name: "subscribed", Type: features.Type{Base: features.Bool}, Kind: features.Category, Role: features.RoleFeature},
	{Name: "last_touch", Type: features.Type{Base: features.Timestamp}, Kind: features.Time, Role: features.RoleFeature},
	{Name: "converted", Type: features.Type{Base: features.Bool}, Kind: features.Category, Role: features.RoleOutcome},
	{Name: "profit", Type: features.Type{Base: features.Float64}, Kind: features.Number, Role: features.RoleProfit},
}

var fixtureLevels = [][]string{
	1: {"referral", "web", "event"}, 2: {"retail", "software", "health"}, 3: {"Zürich", "Genf", "<b>Basel</b>"},
	6: {"8001", "1200"}, 7: {"false", "true"}, 9: {"false", "true"},
}

// fixtureTable draws leads whose conversion depends on their source and size.
func fixtureTable(schema *features.Schema, seed uint64) *features.Table {
	const rows = 400
	random := rand.New(rand.NewPCG(seed, 7))
	batch := &features.Batch{Schema: schema, Rows: rows, Vectors: make([]features.Vector, len(fixtureFields))}
	for i, f := range fixtureFields {
		switch v := &batch.Vectors[i]; f.Kind {
		case features.Category:
			v.Dictionary, v.Codes = &features.Dictionary{Levels: []string{"id"}}, make([]uint32, rows)
			if levels := fixtureLevels[i]; levels != nil {
				v.Dictionary = &features.Dictionary{Levels: levels}
				for r := range rows {
					v.Codes[r] = random.Uint32N(uint32(len(levels)))
				}
			}
		case features.Number:
			for range rows {
				v.Numbers = append(v.Numbers, float64(10+random.IntN(500)))
			}
		case features.Time:
			for range rows {
				v.Times = append(v.Times, 1_700_000_000_000_000+random.Int64N(1e13))
			}
		}
	}
	for r := range rows {
		won := random.Float64() < 0.15+0.3*float64(batch.Vectors[1].Codes[r]%2)+batch.Vectors[4].Numbers[r]/2000
		batch.Vectors[9].Codes[r] = 0
		if won {
			batch.Vectors[9].Codes[r] = 1
		}
	}
	b := features.NewBuilder(schema, rows)
	if err := b.Add(batch); err != nil {
		panic(err)
	}
	return b.Table()
}

// artifact returns the bytes of a model trained by a recipe on leads drawn with the seed.
func artifact(recipe string, seed uint64) []byte {
	schema, err := features.NewSchema(fixtureFields, []string{"", "?"})
	if err != nil {
		panic(err)
	}
	options := model.DefaultOptions()
	options.Recipe, options.Label.Column, options.Holdout = recipe, "converted", 0
	options.Policy = &budget.Policy{Target: budget.Target{ROI: 0.25, Basis: budget.Marketing}, Currency: "USD"}
	options.Tiers = model.TierCuts{By: budget.ByValue, Shares: []float64{0.2, 0.3, 0.5}}
	training, err := model.Train(context.Background(), fixtureTable(schema, seed), options)
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	if err := training.Model.Encode(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// moneyless returns the bytes of a model that was trained without profits.
func moneyless(t testing.TB) []byte {
	t.Helper()
	fields := slices.Clone(fixtureFields)
	fields[len(fields)-1].Role = features.RoleExcluded
	schema, err := features.NewSchema(fields, nil)
	if err != nil {
		t.Fatal(err)
	}
	options := model.DefaultOptions()
	options.Recipe, options.Label.Column, options.Holdout = model.RecipePlain, "converted", 0
	training, err := model.Train(t.Context(), fixtureTable(schema, 1), options)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := training.Model.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// artifacts are two models of one schema, trained once, one by each recipe.
var artifacts = sync.OnceValue(func() [2][]byte {
	return [2][]byte{artifact(model.RecipePlain, 1), artifact(model.RecipeAuto, 2)}
})

// testOptions writes the first artifact into a folder of its own and returns options that serve it on a
// free port, end at once and do not watch.
func testOptions(t testing.TB) Options {
	t.Helper()
	o := DefaultOptions()
	o.Addr, o.Watch, o.DrainDelay = "127.0.0.1:0", false, 0
	o.ModelPath = filepath.Join(t.TempDir(), "model.json")
	install(t, o.ModelPath, artifacts()[0])
	return o
}

// install puts an artifact in place as its writers do: a temporary file, renamed.
func install(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".tmp", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}

func testServer(t testing.TB, change func(*Options)) *Server {
	t.Helper()
	o := testOptions(t)
	if change != nil {
		change(&o)
	}
	s, err := New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run serves on a port until the test ends and returns the server's URL.
func run(t *testing.T, s *Server) string {
	t.Helper()
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return "http://" + s.Addr()
}

// call is a request for scores; the zero fields are the usual ones.
type call struct {
	method, path, contentType, body string
	header                          map[string]string
}

func (k call) request() *http.Request {
	if k.method == "" {
		k.method = http.MethodPost
	}
	if !strings.HasPrefix(k.path, "/") {
		k.path = "/v1/score" + k.path
	}
	r := httptest.NewRequest(k.method, k.path, strings.NewReader(k.body))
	r.Header.Set("Content-Type", "application/json")
	if k.contentType != "" {
		r.Header.Set("Content-Type", k.contentType)
	}
	for name, value := range k.header {
		r.Header.Set(name, value)
	}
	return r
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send has the handler answer and holds the answer to openapi.yaml.
func send(t testing.TB, h http.Handler, k call) answer {
	t.Helper()
	w := httptest.NewRecorder()
	r := k.request()
	h.ServeHTTP(w, r)
	a := answer{w.Code, w.Result().Header, w.Body.Bytes()}
	if r.Method != http.MethodHead {
		checkAgainstSpec(t, r.Method, r.URL.Path, a)
	}
	return a
}

func (a answer) problem(t testing.TB) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return p
}

func (a answer) score(t testing.TB) model.Score {
	t.Helper()
	var s model.Score
	if err := json.Unmarshal(a.body, &s); err != nil || a.status != http.StatusOK {
		t.Fatalf("status %d: %s: %v", a.status, a.body, err)
	}
	return s
}

func (a answer) results(t testing.TB) []json.RawMessage {
	t.Helper()
	var batch struct {
		Results []json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(a.body, &batch); err != nil || a.status != http.StatusOK {
		t.Fatalf("status %d: %s: %v", a.status, a.body, err)
	}
	return batch.Results
}

// warned returns the codes and features of a score's warnings, as "code feature".
func warned(s model.Score) map[string]bool {
	found := map[string]bool{}
	for _, w := range s.Warnings {
		found[strings.TrimSpace(w.Code+" "+w.Feature)] = true
	}
	return found
}

const goodLead = `{"lead_id":"L-1","source":"referral","industry":"software","city":"Zürich","employees":120,"annual_revenue":300.5,` +
	`"zip":8001,"subscribed":true,"last_touch":"2023-12-01T10:00:00Z"}`

// with returns the good lead with one member set to a JSON value, or added.
func with(member, value string) string {
	var lead map[string]json.RawMessage
	if err := json.Unmarshal([]byte(goodLead), &lead); err != nil {
		panic(err)
	}
	delete(lead, member)
	rest, err := json.Marshal(lead)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"%s":%s,%s`, member, value, rest[1:])
}

// TestFixture holds the generator to what the tests build on.
func TestFixture(t *testing.T) {
	if bytes.Equal(artifacts()[0], artifacts()[1]) || !bytes.Equal(artifact(model.RecipePlain, 1), artifacts()[0]) {
		t.Error("want two models that differ and can be made again")
	}
	s := send(t, testServer(t, nil).Handler(), call{body: goodLead}).score(t)
	if len(s.Warnings) > 0 || s.LeadID != "L-1" || s.ExpectedValue == nil || !(s.Probability > 0 && s.Probability < 1) {
		t.Errorf("the good lead's score: %+v", s)
	}
}
