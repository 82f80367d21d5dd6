package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/internal/raced"
)

var update = flag.Bool("update", false, "write the golden files anew")

// smallModel is an artifact of three terms and a value model.
func smallModel(t testing.TB) *Model {
	t.Helper()
	o := options()
	o.Holdout = 0
	columns := without(world{rows: 600, seed: 11}.columns(), "industry", "account", "converted_at", "created_at", "last_touch")
	return train(t, tableOf(t, columns...), o).Model
}

// tinyModel is the smallest artifact there is, so that every bit of it can be tried.
func tinyModel(t testing.TB) *Model {
	t.Helper()
	o := Options{Recipe: RecipePlain, L2: 1, Split: SplitAuto, Tolerance: 1e-7, SE: SESubsample, Workers: 1, GrossMargin: 1, Label: Label{Column: "won"}}
	won := category("won", features.RoleOutcome, []string{"1", "0", "1", "0", "1", "0"})
	return train(t, tableOf(t, won, category("c", features.RoleFeature, []string{"a", "a", "a", "b", "b", "b"})), o).Model
}

func refusal(err error) string {
	for _, known := range []error{ErrFormat, ErrVersion, ErrChecksum, ErrProbe} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return fmt.Sprint(err)
}

func TestArtifactRoundTrip(t *testing.T) {
	table := tableOf(t, world{rows: 2000, seed: 12}.columns()...)
	m := train(t, table, dated()).Model
	text := encoded(t, m)
	back, err := Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encoded(t, back), text) {
		t.Error("written again, the bytes are others")
	}
	if back.Identity() != m.Identity() || back.Label().Hash() != m.Label().Hash() || back.Data() != m.Data() || *back.Holdout() != *m.Holdout() {
		t.Errorf("%+v and %+v", back.Identity(), m.Identity())
	}
	id := m.Identity()
	if len(id.ID) != 64 || id.Version != m.Data().AsOf[:10]+"."+id.ID[:8] {
		t.Errorf("identity %+v", id)
	}
	a, b := m.TableLogOdds(table, nil), back.TableLogOdds(table, nil)
	var lead features.Lead
	for r := range a {
		if math.Float64bits(a[r]) != math.Float64bits(b[r]) {
			t.Fatalf("row %d: %v and %v", r, a[r], b[r])
		}
		table.Lead(r, &lead)
		x, y := m.Score(&lead), back.Score(&lead)
		if xs, ys := asJSON(t, x), asJSON(t, y); xs != ys {
			t.Fatalf("row %d: %s and %s", r, xs, ys)
		}
	}
	for _, secret := range []string{"account 1", "/work", "/tmp"} { // neither leads nor paths
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the artifact holds %q", secret)
		}
	}
}

func asJSON(t testing.TB, x any) string {
	t.Helper()
	text, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// An artifact that is cut short is refused as damaged, wherever it ends.
func TestDecodeTruncated(t *testing.T) {
	text := encoded(t, tinyModel(t))
	for n := range text {
		if _, err := Decode(bytes.NewReader(text[:n])); !errors.Is(err, ErrChecksum) {
			t.Fatalf("%d of %d bytes: %v", n, len(text), err)
		}
	}
	if _, err := Decode(bytes.NewReader(append(text, ' '))); !errors.Is(err, ErrChecksum) {
		t.Errorf("one byte more: %v", err)
	}
}

// No bit can be changed without being noticed; under the race detector, which takes ten times as long, one of each byte.
func TestDecodeBitFlips(t *testing.T) {
	text := encoded(t, tinyModel(t))
	for i := range text {
		for bit := range 8 {
			if raced.Enabled && bit != i%8 {
				continue
			}
			damaged := bytes.Clone(text)
			damaged[i] ^= 1 << bit
			if _, err := decode(damaged); err == nil {
				t.Fatalf("bit %d of byte %d (%q): no error", bit, i, text[max(0, i-20):min(len(text), i+20)])
			}
		}
	}
}

// tampered is the artifact after a change of its payload, with the checksum that belongs to it.
func tampered(t testing.TB, m *Model, change func(d map[string]any)) []byte {
	t.Helper()
	body, err := json.Marshal(&m.document)
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	change(d)
	if body, err = json.Marshal(d); err != nil {
		t.Fatal(err)
	}
	return sealed(t, body)
}

// sealed wraps a payload with its checksum.
func sealed(t testing.TB, body []byte) []byte {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(artifact{Format, FormatVersion, hash(compact.Bytes()), compact.Bytes()}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// at walks into a decoded document: names and positions.
func at(d any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			d = d.(map[string]any)[p]
		case int:
			d = d.([]any)[p]
		}
	}
	return d
}

func set(d any, value any, path ...any) {
	last := len(path) - 1
	switch holder := at(d, path[:last]...).(type) {
	case map[string]any:
		holder[path[last].(string)] = value
	case []any:
		holder[path[last].(int)] = value
	}
}

// Damage under a right checksum is refused, with the name of the feature where it has one.
func TestDecodeDamaged(t *testing.T) {
	m := smallModel(t) // terms: source, score, size
	for name, c := range map[string]struct {
		change func(d map[string]any)
		kind   error
		want   string
	}{
		"huge weight":       {func(d map[string]any) { set(d, 1e308, "coefficients", 1, "values", 0) }, ErrFormat, `"score"`},
		"huge mean":         {func(d map[string]any) { set(d, -1e308, "coefficients", 1, "mean") }, ErrFormat, `"score"`},
		"huge intercept":    {func(d map[string]any) { set(d, 1e300, "intercept") }, ErrFormat, "intercept"},
		"negative error":    {func(d map[string]any) { set(d, -1, "coefficients", 1, "standard_errors", 0) }, ErrFormat, `"score"`},
		"sd 0":              {func(d map[string]any) { set(d, 0, "encoder", 1, "sd") }, ErrFormat, `"score"`},
		"sd negative":       {func(d map[string]any) { set(d, -1, "encoder", 1, "sd") }, ErrFormat, `"score"`},
		"empty vocabulary":  {func(d map[string]any) { set(d, []any{}, "encoder", 0, "levels") }, ErrFormat, `"source"`},
		"one name twice":    {func(d map[string]any) { set(d, "source", "encoder", 1, "feature") }, ErrFormat, `"source" appears twice`},
		"unknown feature":   {func(d map[string]any) { set(d, "sauce", "encoder", 0, "feature") }, ErrFormat, `"sauce"`},
		"other feature":     {func(d map[string]any) { set(d, "size", "coefficients", 1, "feature") }, ErrFormat, `"size"`},
		"short weights":     {func(d map[string]any) { set(d, []any{1.0}, "coefficients", 0, "values") }, ErrFormat, `"source" has 1 coefficients`},
		"long errors":       {func(d map[string]any) { set(d, make([]float64, 9), "coefficients", 0, "standard_errors") }, ErrFormat, `"source"`},
		"no weights":        {func(d map[string]any) { set(d, []any{}, "coefficients") }, ErrFormat, "0 coefficient blocks for 3 features"},
		"short histogram":   {func(d map[string]any) { set(d, []any{1.0}, "encoder", 0, "histogram") }, ErrFormat, `"source"`},
		"level twice":       {func(d map[string]any) { set(d, "ads", "encoder", 0, "levels", 1) }, ErrFormat, `"source"`},
		"level unnormal":    {func(d map[string]any) { set(d, "zz ", "encoder", 0, "levels", 3) }, ErrFormat, `"source"`},
		"slope 0":           {func(d map[string]any) { set(d, 0, "calibration", "slope") }, ErrFormat, "calibration"},
		"slope huge":        {func(d map[string]any) { set(d, 1e300, "calibration", "slope") }, ErrFormat, "calibration"},
		"together from":     {func(d map[string]any) { set(d, together(1, 1, 2), "fit", "together") }, ErrFormat, "together"},
		"together huge":     {func(d map[string]any) { set(d, together(1e300, -1, 2), "fit", "together") }, ErrFormat, "together"},
		"together falling":  {func(d map[string]any) { set(d, together(-1, -1, 2), "fit", "together") }, ErrFormat, "better leads lower"},
		"together added":    {func(d map[string]any) { set(d, together(-1e-6, -1, 2), "fit", "together") }, ErrProbe, "log-odds"},
		"value kind":        {func(d map[string]any) { set(d, "lottery", "value", "kind") }, ErrFormat, `"lottery"`},
		"value mixed":       {func(d map[string]any) { set(d, "mean", "value", "kind") }, ErrFormat, `"mean"`},
		"value bounds":      {func(d map[string]any) { set(d, []any{9.0, 1.0}, "value", "bounds") }, ErrFormat, "bounds"},
		"value huge":        {func(d map[string]any) { set(d, 1e9, "value", "base") }, ErrFormat, "value"},
		"value effect huge": {func(d map[string]any) { set(d, 1e308, "value", "terms", 0, "values", 0) }, ErrFormat, "value"},
		"value effects":     {func(d map[string]any) { set(d, []any{1.0}, "value", "terms", 0, "values") }, ErrFormat, `"source"`},
		"value feature":     {func(d map[string]any) { set(d, "sauce", "value", "terms", 0, "feature") }, ErrFormat, `"sauce"`},
		"label":             {func(d map[string]any) { set(d, 30, "label", "horizon_days") }, ErrFormat, "label's hash"},
		"label hash":        {func(d map[string]any) { set(d, "00", "label_hash") }, ErrFormat, "label's hash"},
		"unknown key":       {func(d map[string]any) { d["transform"] = "log" }, ErrFormat, `unknown field "transform"`},
		"unknown term key":  {func(d map[string]any) { set(d, "log", "encoder", 1, "transform") }, ErrFormat, `unknown field "transform"`},
		"unknown field key": {func(d map[string]any) { set(d, true, "schema", "fields", 0, "pii") }, ErrFormat, `unknown field "pii"`},
		"unknown type":      {func(d map[string]any) { set(d, "float16", "schema", "fields", 1, "type") }, ErrFormat, "float16"},
		"no schema":         {func(d map[string]any) { d["schema"] = nil }, ErrFormat, "schema"},
		"no probes":         {func(d map[string]any) { d["probes"] = []any{} }, ErrFormat, "no verification leads"},
		"text for a number": {func(d map[string]any) { set(d, "1", "intercept") }, ErrFormat, "intercept"},

		"weight moved": {func(d map[string]any) {
			set(d, at(d, "coefficients", 0, "values", 1).(float64)+1e-9, "coefficients", 0, "values", 1)
		}, ErrProbe, "probe"},
		"slope moved": {func(d map[string]any) { set(d, 1+1e-9, "calibration", "slope") }, ErrProbe, "probe"},
		"mean moved":  {func(d map[string]any) { set(d, at(d, "encoder", 1, "mean").(float64)+1e-9, "encoder", 1, "mean") }, ErrProbe, "log-odds"},
		"sd moved":    {func(d map[string]any) { set(d, at(d, "encoder", 1, "sd").(float64)*(1+1e-9), "encoder", 1, "sd") }, ErrProbe, "off by"},
		"centre moved": {func(d map[string]any) {
			set(d, at(d, "coefficients", 0, "mean").(float64)+1e-9, "coefficients", 0, "mean")
		}, ErrProbe, "probe 0"},
		"weights swap":   {func(d map[string]any) { swap(at(d, "coefficients", 0, "values"), 0, 1) }, ErrProbe, "probe"},
		"level renamed":  {func(d map[string]any) { set(d, "ad", "encoder", 0, "levels", 0) }, ErrProbe, "probe"},
		"last renamed":   {func(d map[string]any) { set(d, "webb", "encoder", 0, "levels", 3) }, ErrProbe, "probe"},
		"flag renamed":   {func(d map[string]any) { swap(at(d, "coefficients", 2, "values"), 0, 1) }, ErrProbe, "probe"},
		"missing texts":  {func(d map[string]any) { set(d, []any{"web"}, "schema", "missing") }, ErrFormat, `level "web"`},
		"type narrower":  {func(d map[string]any) { set(d, "float32", "schema", "fields", 1, "type") }, ErrProbe, "probe"},
		"probe's column": {func(d map[string]any) { set(d, map[string]any{"sauce": "x"}, "probes", 3, "values") }, ErrProbe, "probe 3"},
		"probe's value":  {func(d map[string]any) { set(d, "much", "probes", 4, "values", "score") }, ErrProbe, `probe 4: column "score"`},
		"value moved": {func(d map[string]any) {
			set(d, at(d, "value", "terms", 0, "values", 1).(float64)+1e-6, "value", "terms", 0, "values", 1)
		}, ErrProbe, "profit"},
		"probe's answer": {func(d map[string]any) { set(d, 1.5, "probes", 2, "log_odds") }, ErrProbe, "probe 2: log-odds"},
	} {
		text := tampered(t, m, c.change)
		_, err := Decode(bytes.NewReader(text))
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "model: decode: ") {
			t.Errorf("%s: %v, want %v: … %s …", name, err, c.kind, c.want)
		}
	}
	// The same document with its keys in another order is not what leadscore writes.
	if _, err := Decode(bytes.NewReader(tampered(t, m, func(map[string]any) {}))); !errors.Is(err, ErrChecksum) {
		t.Errorf("other order of the keys: %v", err)
	}
	// A number that is none cannot be written in JSON at all.
	for _, text := range []string{"NaN", "Infinity", "-Infinity", "1e999"} {
		damaged := bytes.Replace(encoded(t, m), []byte(`"intercept": `), []byte(`"intercept": `+text+`, "x": `), 1)
		if _, err := Decode(bytes.NewReader(damaged)); !errors.Is(err, ErrChecksum) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func together(curvature, from, to float64) map[string]any {
	return map[string]any{"curvature": curvature, "standard_error": 0.1, "tilt": 0, "from": from, "to": to, "intercept": 0, "leads": 100}
}

func swap(x any, i, j int) {
	list := x.([]any)
	list[i], list[j] = list[j], list[i]
}

// An encoder that changes on purpose is refused by the probes: every level and every number has one.
func TestProbesCoverTheEncoder(t *testing.T) {
	m := train(t, tableOf(t, world{rows: 3000, seed: 13}.columns()...), dated()).Model
	seen := map[string]map[string]bool{}
	for _, p := range m.document.Probes {
		for name, text := range p.Values {
			if seen[name] == nil {
				seen[name] = map[string]bool{}
			}
			seen[name][text] = true
		}
	}
	for _, term := range m.encoder.Terms() {
		for _, level := range term.Levels {
			if !seen[term.Name][level] {
				t.Errorf("no probe has %s = %s", term.Name, level)
			}
		}
		if term.IsNumber() && len(seen[term.Name]) < 10 {
			t.Errorf("%s has %d values among the probes", term.Name, len(seen[term.Name]))
		}
	}
	if len(m.document.Probes) != fullProbes {
		t.Errorf("%d probes", len(m.document.Probes))
	}
}

// A category of many levels has a probe for each, and the artifact does not grow out of proportion.
func TestProbesOfManyLevels(t *testing.T) {
	const levels = 3000
	texts, won := make([]string, 2*levels), make([]bool, 2*levels)
	for r := range texts {
		texts[r], won[r] = fmt.Sprintf("level %d", r%levels), r%3 == 0
	}
	o := options()
	o.Holdout = 0
	m := train(t, tableOf(t, yesNo(won), category("many", features.RoleFeature, texts), category("few", features.RoleFeature, repeatTo([]string{"a", "b"}, 2*levels))), o).Model
	if n := len(m.document.Probes); n != levels+firstLevelProbe {
		t.Errorf("%d probes", n)
	}
	if n := len(encoded(t, m)); n > 250*levels {
		t.Errorf("%d bytes", n)
	}
	for _, change := range []int{0, levels / 2, levels - 1} {
		text := tampered(t, m, func(d map[string]any) {
			set(d, at(d, "encoder", 0, "levels", change).(string)+"!", "encoder", 0, "levels", change)
		})
		if _, err := Decode(bytes.NewReader(text)); !errors.Is(err, ErrProbe) {
			t.Errorf("level %d renamed: %v", change, err)
		}
	}
}

func repeatTo(x []string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = x[i%len(x)]
	}
	return out
}

func TestDecodeVersions(t *testing.T) {
	text := string(encoded(t, smallModel(t)))
	for change, want := range map[[2]string]string{
		{`"format_version": 1`, `"format_version": 2`}:                      "artifact_version: the file has version 2, this program reads version 1",
		{`"format_version": 1`, `"format_version": 0`}:                      "artifact_version: the file has version 0, this program reads version 1",
		{`"format_version": 1`, `"format_version": 2, "signature": "x"`}:    "the file has version 2",
		{`"format": "leadscore-model"`, `"format": "onnx"`}:                 `artifact_format: format "onnx"`,
		{`"format_version": 1`, `"format_version": 1, "signature": "x"`}:    `version 1: json: unknown field "signature"`,
		{`"format_version": 1`, `"format_version": 1, "format_version": 1`}: "not written as leadscore writes it",
		{text, `{}`}:                      `artifact_format: format ""`,
		{text, `[]`}:                      "artifact_format",
		{text, ``}:                        "artifact_checksum: the file is not one whole JSON document",
		{text, `model`}:                   "artifact_checksum",
		{"\n", "\r\n"}:                    "not written as leadscore writes it",
		{`"intercept": `, `"intercept":`}: "not written as leadscore writes it",
	} {
		_, err := Decode(strings.NewReader(strings.Replace(text, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want … %s …", change[1], err, want)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error)  { return 0, errors.New("the disk is gone") }
func (failing) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestArtifactIOErrors(t *testing.T) {
	if _, err := Decode(failing{}); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Error(err)
	}
	if err := smallModel(t).Encode(failing{}); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Error(err)
	}
}

// Every artifact version ever released reads for ever, and its leads get the scores they got then.
func TestReleasedArtifacts(t *testing.T) {
	if *update {
		if err := os.MkdirAll("testdata/v1", 0o755); err != nil {
			t.Fatal(err)
		}
		o := dated()
		o.Tool = "leadscore 0.1.0"
		columns := world{rows: 2500, seed: 14}.columns()
		for _, o.Recipe = range []string{RecipePlain, RecipeAuto} {
			path := "testdata/v1/" + o.Recipe + ".json"
			if _, err := os.Stat(path); err == nil { // released: never written anew
				continue
			}
			if err := os.WriteFile(path, encoded(t, train(t, tableOf(t, columns...), o).Model), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob("testdata/v*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no artifacts: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Decode(bytes.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		lead := m.Schema().NewLead()
		s := m.Score(lead)
		checkSums(t, &s)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, tinyModel(f)))
	f.Add([]byte(`{"format":"leadscore-model","format_version":1,"sha256":"","payload":{}}`))
	f.Add([]byte(`{"format":"leadscore-model","format_version":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, data := range [][]byte{text, resealed(text)} {
			m, err := Decode(bytes.NewReader(data))
			if err != nil {
				if known := refusal(err); strings.Contains(known, " ") {
					t.Fatalf("an error of no kind: %v", err)
				}
				continue
			}
			lead := m.Schema().NewLead()
			s := m.Score(lead)
			checkSums(t, &s)
			if _, err := json.Marshal(&s); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// resealed gives a document the checksum that its payload has, so that fuzzing gets past it.
func resealed(text []byte) []byte {
	var a artifact
	if json.Unmarshal(text, &a) != nil {
		return nil
	}
	var compact bytes.Buffer
	if json.Compact(&compact, a.Payload) != nil {
		return nil
	}
	a.SHA256 = hash(compact.Bytes())
	out, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return nil
	}
	return append(out, '\n')
}

func BenchmarkDecode(b *testing.B) {
	text := encoded(b, smallModel(b))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Decode(bytes.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	table := tableOf(b, world{rows: 2000, seed: 1}.columns()...)
	m := train(b, table, options()).Model
	lead := m.Schema().NewLead()
	table.Lead(7, lead)
	b.ReportAllocs()
	for b.Loop() {
		m.Score(lead)
	}
}
