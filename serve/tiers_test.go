package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// The tiers that the server tells are those that its scores are placed in.
func TestTiers(t *testing.T) {
	h := testServer(t, nil).Handler()
	a := send(t, h, call{method: "GET", path: "/v1/tiers"})
	var doc tierTable
	if err := json.Unmarshal(a.body, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Tiers) != 3 || doc.Policy.ROI != 0.25 || doc.Leads != 400 || doc.By != "expected_value" {
		t.Fatalf("%s", a.body)
	}
	leads, share := 0.0, 0.0
	for k, tier := range doc.Tiers {
		leads, share = leads+tier.Leads, share+tier.Share
		if (tier.AtLeast == nil) != (k == 2) || tier.MaxCost == nil || math.Abs(*tier.MaxCost-*tier.ExpectedValue/1.25) > 0.01 {
			t.Errorf("%+v", tier)
		}
	}
	if leads != 400 || math.Abs(share-1) > 1e-12 {
		t.Errorf("%v leads, shares add up to %v", leads, share)
	}
	s := send(t, h, call{body: goodLead}).score(t)
	want := doc.Tiers[2].Tier
	for k := 1; k >= 0; k-- {
		if *s.ExpectedValue >= *doc.Tiers[k].AtLeast {
			want = doc.Tiers[k].Tier
		}
	}
	if s.Tier != want || s.Action == "" || s.MaxCost == nil {
		t.Errorf("tier %q of an expected value of %v, want %q; action %q", s.Tier, *s.ExpectedValue, want, s.Action)
	}
}

// A model without a policy has no tiers, and its scores do not speak of them.
func TestNoTiers(t *testing.T) {
	schema, err := features.NewSchema(fixtureFields, nil)
	if err != nil {
		t.Fatal(err)
	}
	options := model.DefaultOptions()
	options.Label.Column, options.Holdout = "converted", 0
	training, err := model.Train(context.Background(), fixtureTable(schema, 1), options)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := training.Model.Encode(&text); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "plain.json")
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	h := testServer(t, func(o *Options) { o.ModelPath = path }).Handler()
	if a := send(t, h, call{method: "GET", path: "/v1/tiers"}); !bytes.Contains(a.body, []byte(`"tiers":[]`)) || bytes.Contains(a.body, []byte("policy")) {
		t.Errorf("%s", a.body)
	}
	if a := send(t, h, call{body: goodLead}); bytes.Contains(a.body, []byte(`"tier"`)) || bytes.Contains(a.body, []byte(`"action"`)) {
		t.Errorf("%s", a.body)
	}
}
