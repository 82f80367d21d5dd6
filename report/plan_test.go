package report

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
)

// examplePlan is the answer to the documented example, its first source renamed.
func examplePlan(t *testing.T, name string) *budget.PlanResult {
	t.Helper()
	text, err := os.ReadFile("../budget/testdata/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	p, err := budget.ParsePlan(text)
	if err != nil {
		t.Fatal(err)
	}
	p.Draws, p.Sources[0].Name = 10, name
	r, err := p.Answer(t.Context(), budget.Ask{Presets: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The page of a plan has a picture for each source, shows names as they are and nothing but, and is the same each time.
func TestWritePlan(t *testing.T) {
	r := examplePlan(t, `<script>&"x"`)
	var page, again, picture bytes.Buffer
	if err := WritePlan(&page, r); err != nil {
		t.Fatal(err)
	}
	if err := WritePlan(&again, r); err != nil || !bytes.Equal(page.Bytes(), again.Bytes()) {
		t.Errorf("written again, the page is another: %v", err)
	}
	text := page.String()
	for _, part := range []string{"&lt;script&gt;", "What binds: ", r.Fingerprint, "one person more", "What is not well known", "spent until the last unit of money", "Experiments: how to spend the reserve of $5,000", "Each arm that goes on gets at least 5"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not on the page", part)
		}
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "NaN") || strings.Count(text, `<svg class="plot"`) != 3 {
		t.Error("the page holds a script, a NaN or not three pictures")
	}
	if err := DrawPlan(&picture, r); err != nil {
		t.Fatal(err)
	}
	if text := picture.String(); strings.Contains(text, "<script") || strings.Contains(text, "NaN") || !strings.Contains(text, "trade fairs") {
		t.Error("the picture holds a script or a NaN, or lacks a source")
	}
}

func TestWritePlanRefuses(t *testing.T) {
	if WritePlan(new(bytes.Buffer), nil) == nil || DrawPlan(new(bytes.Buffer), nil) == nil {
		t.Error("no plan is drawn")
	}
}
