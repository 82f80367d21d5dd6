package serve

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"
)

type object = map[string]any

var spec = sync.OnceValue(func() object {
	var doc object
	if err := yaml.Unmarshal(openapiDocument, &doc); err != nil {
		panic(err)
	}
	return doc
})

// at follows keys into the specification, and every reference on the way.
func at(node any, keys ...string) object {
	o, _ := node.(object)
	if ref, ok := o["$ref"].(string); ok {
		o = at(spec(), strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	if len(keys) == 0 || o == nil {
		return o
	}
	return at(o[keys[0]], keys[1:]...)
}

// TestEveryRouteIsSpecified holds openapi.yaml and the router to one another, in both directions.
func TestEveryRouteIsSpecified(t *testing.T) {
	var routed, specified []string
	for _, r := range testServer(t, nil).engine.Routes() {
		if r.Method != http.MethodHead {
			routed = append(routed, r.Method+" "+r.Path)
		}
	}
	for path, methods := range at(spec(), "paths") {
		for method := range methods.(object) {
			specified = append(specified, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(routed)
	slices.Sort(specified)
	if !slices.Equal(routed, specified) {
		t.Errorf("routed %v\nspecified %v", routed, specified)
	}
}

// TestEveryCodeIsSpecified holds the list of problem codes in openapi.yaml to the table of this package.
func TestEveryCodeIsSpecified(t *testing.T) {
	text := at(spec(), "components", "responses", "Problem")["description"].(string)
	listed := strings.Split(text, "`")
	for code, kind := range kinds {
		if !slices.Contains(listed, code) || !strings.Contains(text, fmt.Sprint(kind.status)) {
			t.Errorf("openapi.yaml does not list %s with status %d", code, kind.status)
		}
	}
	for i := 1; i < len(listed); i += 2 {
		if _, known := kinds[listed[i]]; !known {
			t.Errorf("openapi.yaml lists %s, which no error has", listed[i])
		}
	}
}

// checkAgainstSpec holds an answer to what openapi.yaml promises for its path and status.
func checkAgainstSpec(t testing.TB, method, path string, a answer) {
	t.Helper()
	kind := a.header.Get("Content-Type")
	response := at(spec(), "paths", path, strings.ToLower(method), "responses", fmt.Sprint(a.status))
	if response == nil { // of the edge: what any path may answer
		response = at(spec(), "components", "responses", "Problem")
	}
	schema := at(response, "content", kind, "schema")
	if schema == nil {
		t.Fatalf("%s %s: status %d of type %q is not in openapi.yaml: %s", method, path, a.status, kind, a.body)
	}
	if kind == "application/yaml" || kind == htmlType {
		return
	}
	var value any
	if err := json.Unmarshal(a.body, &value); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, a.body)
	}
	if wrong := mismatch(schema, value, ""); wrong != "" {
		t.Errorf("%s %s: status %d: not as in openapi.yaml: %s\n%s", method, path, a.status, wrong, a.body)
	}
	if a.header.Get("X-Request-Id") == "" || a.header.Get("Content-Length") != fmt.Sprint(len(a.body)) {
		t.Errorf("%s %s: headers %v", method, path, a.header)
	}
}

// mismatch returns where a value differs from a schema, or "". It knows the keywords that openapi.yaml uses
// in answers.
func mismatch(schema object, value any, place string) string {
	schema = at(schema)
	if choices, ok := schema["oneOf"].([]any); ok {
		var reasons []string
		for _, choice := range choices {
			reasons = append(reasons, mismatch(at(choice), value, place))
		}
		if n := len(choices) - len(slices.DeleteFunc(slices.Clone(reasons), func(s string) bool { return s != "" })); n != len(choices)-1 {
			return fmt.Sprintf("%s: want one of %d choices: %s", place, len(choices), strings.Join(reasons, "; "))
		}
		return ""
	}
	if want, ok := schema["const"]; ok && !reflect.DeepEqual(want, value) {
		return fmt.Sprintf("%s: %v is not %v", place, value, want)
	}
	if choices, ok := schema["enum"].([]any); ok && !slices.Contains(choices, value) {
		return fmt.Sprintf("%s: %v is none of %v", place, value, choices)
	}
	if kind, ok := schema["type"].(string); ok && !hasType(kind, value) {
		return fmt.Sprintf("%s: %v is no %s", place, value, kind)
	}
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			if wrong := mismatch(at(schema["items"]), item, fmt.Sprintf("%s/%d", place, i)); wrong != "" {
				return wrong
			}
		}
	case object:
		return mismatchedMembers(schema, value, place)
	}
	return ""
}

func mismatchedMembers(schema, value object, place string) string {
	properties, _ := schema["properties"].(object)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := value[name.(string)]; !ok {
			return fmt.Sprintf("%s: no %s", place, name)
		}
	}
	for name, member := range value {
		if property, ok := properties[name]; ok {
			if wrong := mismatch(at(property), member, place+"/"+name); wrong != "" {
				return wrong
			}
		} else if schema["additionalProperties"] == false {
			return fmt.Sprintf("%s: %s is not specified", place, name)
		}
	}
	return ""
}

func hasType(kind string, value any) bool {
	switch value := value.(type) {
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "number" || kind == "integer" && value == math.Trunc(value)
	case []any:
		return kind == "array"
	case object:
		return kind == "object"
	}
	return false
}

// TestMismatch holds the checker itself to answers that it must refuse.
func TestMismatch(t *testing.T) {
	score := object{"log_odds": 1.0, "probability": 0.5, "base": object{"log_odds": 0.0, "probability": 0.5}, "model": object{"id": "a", "version": "b"}}
	schema := at(spec(), "components", "schemas", "Score")
	if wrong := mismatch(schema, score, ""); wrong != "" {
		t.Error(wrong)
	}
	for name, value := range map[string]any{"log_odds": "1", "surprise": 1.0, "model": object{"id": "a"}, "action": "sell", "reasons": []any{object{}}} {
		changed := object{}
		for k, v := range score {
			changed[k] = v
		}
		changed[name] = value
		if mismatch(schema, changed, "") == "" {
			t.Errorf("%s = %v passed", name, value)
		}
	}
}

func TestDescriptions(t *testing.T) {
	h := testServer(t, nil).Handler()
	for _, path := range []string{"/", "/v1/schema", "/v1/model", "/v1/tiers", "/livez", "/readyz", "/openapi.yaml"} {
		if a := send(t, h, call{method: "GET", path: path}); a.status != http.StatusOK {
			t.Errorf("GET %s: %d %s", path, a.status, a.body)
		}
		if a := send(t, h, call{method: "HEAD", path: path}); a.status != http.StatusOK {
			t.Errorf("HEAD %s: %d", path, a.status)
		}
	}
}

func TestInputSchema(t *testing.T) {
	a := send(t, testServer(t, nil).Handler(), call{method: "GET", path: "/v1/schema"})
	var doc struct {
		Properties map[string]struct {
			Type   []string `json:"type"`
			Role   string   `json:"x-role"`
			Kind   string   `json:"x-kind"`
			Stored string   `json:"x-stored"`
			Group  string   `json:"x-group"`
			Levels []string `json:"x-levels"`
			Range  []any    `json:"x-range"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil {
		t.Fatal(err)
	}
	if p := doc.Properties["industry"]; p.Role != "feature" || p.Kind != "category" || p.Group != "fit" || !slices.Equal(p.Levels, []string{"health", "retail", "software"}) {
		t.Errorf("industry: %+v", p)
	}
	if p := doc.Properties["employees"]; p.Stored != "int32" || !slices.Equal(p.Type, []string{"integer", "null"}) || len(p.Range) != 2 {
		t.Errorf("employees: %+v", p)
	}
	if p := doc.Properties["zip"]; p.Kind != "category" || !slices.Equal(p.Type, []string{"integer", "string", "null"}) {
		t.Errorf("zip: %+v", p)
	}
	if _, listed := doc.Properties["converted"]; listed {
		t.Error("the outcome is listed as an input")
	}
	if order := strings.Index(string(a.body), `"source":{`); order < 0 || order > strings.Index(string(a.body), `"zip":{`) {
		t.Error("properties are not in the order of the schema")
	}
}
