package serve

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// datedArtifact is a model of leads that convert within some days of their creation; with visits the more, the shorter
// before it they had visited.
func datedArtifact(t *testing.T, visits bool) []byte {
	t.Helper()
	const rows, day = 800, int64(24*60*60) * 1_000_000
	text, moment := features.Type{Base: features.String}, features.Type{Base: features.Timestamp}
	fields := []features.Field{
		{Name: "source", Type: text, Kind: features.Category, Role: features.RoleSource},
		{Name: "created_at", Type: moment, Kind: features.Time, Role: features.RoleCreatedAt},
		{Name: "converted", Type: features.Type{Base: features.Bool}, Kind: features.Category, Role: features.RoleOutcome},
		{Name: "converted_at", Type: moment, Kind: features.Time, Role: features.RoleConvertedAt},
		{Name: "visited", Type: moment, Kind: features.Time, Role: features.RoleFeature, Since: "created_at"},
	}
	if !visits {
		fields = fields[:4]
	}
	schema, err := features.NewSchema(fields, nil)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	v := make([]features.Vector, 5)
	v[0].Dictionary, v[2].Dictionary = &features.Dictionary{Levels: []string{"ads", "web"}}, &features.Dictionary{Levels: []string{"false", "true"}}
	for r := range rows {
		created := 1_700_000_000_000_000 + int64(r)*day/4
		won, at := uint32(0), int64(features.NoTime)
		visited := random.Int64N(60 * day)
		v[4].Times = append(v[4].Times, created-visited)
		if random.Float64() < 0.5-0.4*float64(visited)/float64(60*day) {
			won, at = 1, created+random.Int64N(20*day)
		}
		v[0].Codes, v[1].Times = append(v[0].Codes, uint32(r%2)), append(v[1].Times, created)
		v[2].Codes, v[3].Times = append(v[2].Codes, won), append(v[3].Times, at)
	}
	b := features.NewBuilder(schema, rows)
	if err := b.Add(&features.Batch{Schema: schema, Rows: rows, Vectors: v[:len(fields)]}); err != nil {
		t.Fatal(err)
	}
	o := model.DefaultOptions()
	o.Holdout, o.Label = 0, model.Label{Column: "converted", At: "converted_at", Horizon: 30}
	training, err := model.Train(context.Background(), b.Table(), o)
	if err != nil {
		t.Fatal(err)
	}
	var artifact bytes.Buffer
	if err := training.Model.Encode(&artifact); err != nil {
		t.Fatal(err)
	}
	return artifact.Bytes()
}

// With as_of a lead gets what is left of its probability at its age, and only then is created_at read.
func TestAsOf(t *testing.T) {
	h := testServer(t, func(o *Options) { install(t, o.ModelPath, datedArtifact(t, false)) }).Handler()
	const lead = `{"source":"web","created_at":"2024-03-01T00:00:00Z"}`
	plain := send(t, h, call{body: lead}).score(t)
	if plain.ProbabilityOpen != nil || len(plain.Warnings) != 0 {
		t.Errorf("without as_of: %+v", plain)
	}
	before := plain.Probability + 1e-15
	for _, moment := range []string{"2024-03-01", "2024-03-06", "2024-03-15T12:00:00Z", "2024-04-30"} {
		a := send(t, h, call{path: "?as_of=" + moment, body: lead})
		checkAgainstSpec(t, http.MethodPost, "/v1/score", a)
		s := a.score(t)
		if s.ProbabilityOpen == nil || *s.ProbabilityOpen > before || s.Probability != plain.Probability || len(s.Warnings) != 0 {
			t.Fatalf("%s: %+v after %v", moment, s, before)
		}
		if moment == "2024-03-01" && *s.ProbabilityOpen != s.Probability {
			t.Errorf("at creation %v of %v is left", *s.ProbabilityOpen, s.Probability)
		}
		before = *s.ProbabilityOpen
	}
	if before != 0 {
		t.Errorf("%v is left after the horizon", before)
	}
	for body, want := range map[string]string{
		`{"source":"web"}`: model.WarnAge, `{"source":"web","created_at":"2024-07-01"}`: model.WarnAge,
		`{"source":"web","created_at":"2024-03-01","converted":true}`: "",
	} {
		s := send(t, h, call{path: "?as_of=2024-03-06", body: body}).score(t)
		if s.ProbabilityOpen != nil || want == "" && len(s.Warnings) != 0 || want != "" && s.Warnings[len(s.Warnings)-1].Code != want {
			t.Errorf("%s: %+v", body, s)
		}
	}
	if a := send(t, h, call{path: "?as_of=soon", body: lead}); a.status != http.StatusBadRequest || !strings.Contains(string(a.body), "as_of") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := send(t, h, call{path: "?as_of=2024-03-06", body: `{"source":"web","created_at":7}`}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a bad creation time: %d %s", a.status, a.body)
	}
}
