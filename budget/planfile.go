package budget

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// A plan as a file or as the body of a request is one JSON object; what it leaves out is that of [DefaultPlan], and of
// [DefaultExperiments] in experiments. It is read strictly: every key exactly as written here, none twice, none
// unknown, nothing after the object. (The decoder of the standard library takes keys in any case and the last of
// several, so the keys are checked first.)

// PlanError says where a plan is not one.
type PlanError struct {
	Pointer string // JSON pointer (RFC 6901) to what is wrong; "" is the whole
	Detail  string
	Syntax  bool // it is not JSON
}

func (e *PlanError) Error() string {
	if e.Pointer == "" {
		return "budget: plan: " + e.Detail
	}
	return "budget: plan: " + e.Pointer + ": " + e.Detail
}

// ParsePlan reads a plan. What is not one is a [PlanError]; what is out of bounds are [BoundError]s.
func ParsePlan(text []byte) (Plan, error) {
	p := DefaultPlan()
	if !utf8.Valid(text) {
		return p, &PlanError{Detail: "not UTF-8", Syntax: true}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := checkKeys(d, reflect.TypeFor[Plan](), ""); err != nil {
		return p, planError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return p, &PlanError{Detail: "something follows the object", Syntax: true}
	}
	var has struct {
		Experiments json.RawMessage `json:"experiments"`
	}
	if err := json.Unmarshal(text, &has); err == nil && has.Experiments != nil {
		p.Experiments = DefaultExperiments(nil)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return p, planError(err)
	}
	if len(p.Sources) == 0 {
		return p, &PlanError{Pointer: "/sources", Detail: "a plan needs at least one source"}
	}
	return p, p.Validate()
}

// planError is an error of reading as a PlanError.
func planError(err error) error {
	var own *PlanError
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &PlanError{Detail: "the JSON ends early", Syntax: true}
	}
	return &PlanError{Detail: strings.TrimPrefix(err.Error(), "json: "), Syntax: true}
}

// kindWords says what a value should be.
func kindWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Uint64:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.String:
		return "a text"
	}
	return "an object"
}

// checkKeys reads one value that is to become a t and checks the keys of its objects.
func checkKeys(d *json.Decoder, t reflect.Type, pointer string) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	delim, nested := token.(json.Delim)
	if !nested {
		if pointer == "" {
			return &PlanError{Detail: "not an object"}
		}
		return checkSimple(token, t, pointer)
	}
	wrong := func() error {
		return &PlanError{Pointer: pointer, Detail: fmt.Sprintf("%q where %s is wanted", delim, kindWords(t))}
	}
	switch {
	case delim == '[' && t.Kind() == reflect.Slice:
		return checkList(d, t, pointer)
	case delim == '{' && t.Kind() == reflect.Struct:
		return checkObject(d, t, pointer)
	}
	return wrong()
}

// checkSimple checks that a value which is neither a list nor an object can become a t.
func checkSimple(token json.Token, t reflect.Type, pointer string) error {
	text, err := json.Marshal(token)
	if err != nil {
		return err
	}
	var typed *json.UnmarshalTypeError
	err = json.Unmarshal(text, reflect.New(t).Interface())
	if !errors.As(err, &typed) {
		return err
	}
	if number, ok := token.(json.Number); ok && t.Kind() == reflect.Float64 {
		return &PlanError{Pointer: pointer, Detail: number.String() + " is beyond what a double-precision number can hold"}
	}
	return &PlanError{Pointer: pointer, Detail: "a " + typed.Value + " cannot be " + kindWords(t)}
}

func checkList(d *json.Decoder, t reflect.Type, pointer string) error {
	for i := 0; d.More(); i++ {
		if err := checkKeys(d, t.Elem(), fmt.Sprintf("%s/%d", pointer, i)); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func checkObject(d *json.Decoder, t reflect.Type, pointer string) error {
	fields, seen := keysOf(t), make(map[string]bool)
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // the decoder has refused every other key
		at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
		field, known := fields[key]
		switch {
		case !known:
			return &PlanError{Pointer: at, Detail: "unknown key"}
		case seen[key]:
			return &PlanError{Pointer: at, Detail: "given twice"}
		}
		seen[key] = true
		if err := checkKeys(d, field, at); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// keysOf returns the types of a struct's fields by their JSON keys.
func keysOf(t reflect.Type) map[string]reflect.Type {
	keys := make(map[string]reflect.Type)
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		keys[key] = f.Type
	}
	return keys
}
