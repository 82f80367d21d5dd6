package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/datasets"
	"github.com/leadscore/leadscore/features"
)

// Columns of the usual names and a fitting type get a role where the configuration leaves it to the names.
func TestRecognise(t *testing.T) {
	text, moment, yes, number := features.Type{Base: features.String}, features.Type{Base: features.Timestamp}, features.Type{Base: features.Bool}, features.Type{Base: features.Float64}
	column := func(name string, t features.Type) datasets.Column { return datasets.Column{Name: name, Type: t} }
	for name, c := range map[string]struct {
		columns []datasets.Column
		change  func(*config)
		want    string
	}{
		"a CRM":        {[]datasets.Column{column("Id", text), column("CreatedDate", moment), column("LeadSource", text), column("IsConverted", yes), column("ConvertedDate", moment)}, nil, "IsConverted ConvertedDate Id CreatedDate LeadSource"},
		"another":      {[]datasets.Column{column("Record ID", features.Type{Base: features.Int64}), column("Create Date", moment), column("Original Source", text), column("Close Date", moment), column("Closed Lost Reason", text)}, nil, "Close Date Record ID Create Date Original Source Closed Lost Reason"},
		"conventional": {[]datasets.Column{column("lead_id", text), column("id", text), column("created_at", moment), column("created", moment), column("converted", yes), column("won", yes)}, nil, ""},
		"other types":  {[]datasets.Column{column("created", text), column("source", number), column("won", text), column("cpl", text)}, nil, ""},
		"as declared": {[]datasets.Column{column("Created", moment), column("Modified", moment), column("Won", yes), column("Source", text)}, func(c *config) {
			c.Columns.CreatedAt, c.Columns.Source, c.Outcome.Converted = "Modified", "", "Won"
		}, ""},
		"the likeliest": {[]datasets.Column{column("id", text), column("Lead Id", text)}, nil, "Lead Id"},
	} {
		conf := defaultConfig()
		if c.change != nil {
			c.change(&conf)
		}
		var got []string
		for _, r := range conf.recognise(c.columns) {
			got = append(got, r.column)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// inspect proposes the columns that it recognises, and says which.
func TestInspectRecognises(t *testing.T) {
	dir := t.TempDir()
	visitors(t, dir)
	renamed := strings.Replace(string(readFiles(t, dir)["visitors.csv"]), "lead_id,created_at,last_visit,pages,converted\n", "Lead ID,Created,Last Visit,Pages,Won\n", 1)
	data, config := filepath.Join(dir, "crm.parquet"), filepath.Join(dir, "crm.yaml")
	must(t, "import", write(t, dir, "crm.csv", renamed), "--out", data)
	r := must(t, "inspect", data, "--write-config", config)
	for _, part := range []string{`note: "Created" is taken for columns.created_at by its name`, "base rate over time", "counts as days before Created"} {
		if !strings.Contains(r.stdout, part) {
			t.Errorf("%q is not in\n%s", part, r.stdout)
		}
	}
	plain := must(t, "train", "--data", data, "--outcome", "Won", "--out", filepath.Join(dir, "plain.json"))
	if !strings.Contains(plain.stderr, `role_by_name: features with the name of a role: "Lead ID" (columns.id), "Created" (columns.created_at);`) {
		t.Errorf("%s", plain.stderr)
	}
	if trained := must(t, "train", "--data", data, "--config", config, "--out", filepath.Join(dir, "crm.json")); !strings.Contains(trained.stderr, "Lead ID=id, Created=created_at, Won=outcome") {
		t.Errorf("%s", trained.stderr)
	}
}
