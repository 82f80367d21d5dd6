package main

import (
	"strings"
	"testing"
)

func TestConfigLayers(t *testing.T) {
	path := write(t, t.TempDir(), "leadscore.yaml", "outcome: {converted: won, horizon: 30d}\nsplit: {holdout: 0.2}\nfeatures: {kinds: {a.b: category}}\nas_of: 2026-06-30\n")
	c, err := loadConfig(path, []string{"LEADSCORE_SPLIT__HOLDOUT=0.4", "LEADSCORE_MISSING=?,none", "LEADSCORE_OUTCOME__HORIZON=60d", "OTHER=1"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Outcome.Converted != "won" || c.Outcome.Horizon != 60 || c.Split.Holdout != 0.4 || !c.Split.Refit || c.AsOf != "2026-06-30" ||
		c.Features.Kinds["a.b"] != "category" || strings.Join(c.Missing, "|") != "?|none" || c.Columns.ID != auto {
		t.Errorf("%+v", c)
	}
}

func TestConfigRefusesUnknownVariables(t *testing.T) {
	if _, err := loadConfig("", []string{"LEADSCORE_SPLIT__HOLD=1"}); err == nil || !strings.Contains(err.Error(), "hold") {
		t.Errorf("%v", err)
	}
}

// Whatever the text, the configuration is read or refused with the file's name.
func FuzzConfig(f *testing.F) {
	f.Add("outcome: {converted: won}\n")
	f.Add("features:\n  known_at: {a: sql}\n  kinds: {b: category}\nmissing: [\"\"]\n")
	f.Add("split: {holdout: .nan}\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := defaultConfig()
		if err := c.decode("fuzz.yaml", []byte(text)); err != nil {
			if !strings.Contains(err.Error(), "fuzz.yaml") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		_ = c.validate()
	})
}

// A stage that is lost by the configuration and open by its name is refused, unless the outcomes are trusted.
func TestConfigRefusesOpenStagesAsLost(t *testing.T) {
	for name, open := range map[string]bool{
		"Open": true, "In Progress Positive": true, "in_progress": true, "New": true, "new lead": true, "Pending": true, "working": true,
		"Closed Lost": false, "Open - closed": false, "New owner": false, "Openness": false, "Junk Lead": false, "Not Responding": false, "Long Term": false,
	} {
		c := defaultConfig()
		c.Outcome.Stage = stageConfig{Column: "status", Won: []string{"Won"}, Lost: []string{"Lost", name}}
		err := c.validate()
		if open != (err != nil) || open && !strings.Contains(err.Error(), "outcome.stage.lost is \""+name) {
			t.Errorf("%s: %v", name, err)
		}
		c.Outcome.Trusted = true
		if err := c.validate(); err != nil {
			t.Errorf("%s, trusted: %v", name, err)
		}
	}
}

// What is wrong is said in one order, whatever that of the keys in memory.
func TestFaultsInOrder(t *testing.T) {
	c := defaultConfig()
	c.Features.Kinds, c.Economics.StageCosts = map[string]string{}, map[string]float64{}
	var want []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		c.Features.Kinds[name] = "odd"
		want = append(want, "features.kinds."+name+" is odd, want category, number or time")
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		c.Economics.StageCosts[name] = -1
		want = append(want, "economics.stage_costs."+name+" is -1, want an amount ≥ 0")
	}
	if got := c.validate().Error(); got != strings.Join(want, "\n") {
		t.Errorf("%s", got)
	}
}
