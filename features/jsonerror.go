package features

import "strings"

// The codes of input errors. Those marked 422 are Semantic: the document is sound, but a value is not one
// that its field can hold. All others are faults of the document.
const (
	InputEmpty         = "empty_body"          // nothing but white space
	InputNotObject     = "not_an_object"       // JSON, but not an object
	InputSyntax        = "syntax"              // not JSON
	InputTrailing      = "trailing_data"       // something follows the object
	InputDuplicate     = "duplicate_field"     // a field is given twice
	InputTooDeep       = "too_deep"            // nested beyond MaxDepth
	InputTooManyFields = "too_many_fields"     // more than MaxFields in one object
	InputUTF8          = "invalid_utf8"        // bytes that are not UTF-8, or half a surrogate pair
	InputCharacter     = "invalid_character"   // the character U+0000
	InputRange         = "number_out_of_range" // beyond float64; 422 when only beyond the type of its field
	InputEnvelope      = "envelope"            // "leads" beside other fields, or not an array
	InputNoLeads       = "empty_batch"         // {"leads":[]}
	InputTooManyLeads  = "too_many_leads"      // more than RequestOptions.MaxLeads
	InputType          = "type"                // 422: a value of the wrong type
	InputTooLong       = "too_long"            // 422: a text or a field's name beyond MaxText
	InputLeadID        = "lead_id"             // 422: not 1 to MaxLeadID printable characters without "/"
	InputUnknownField  = "unknown_field"       // 422: undeclared, where RequestOptions.Strict asks for it
)

// The limits of a JSON lead.
const (
	MaxDepth    = 8    // the lead's own object counts as one
	MaxFields   = 256  // of one object
	MaxText     = 1024 // bytes of a text, once unescaped
	MaxLeadID   = 128  // characters
	MaxProblems = 20   // errors reported for one lead
	maxNotes    = 20   // warnings about undeclared and unused fields of one lead
)

// InputError is one thing that is wrong with a document. It names the place and what was expected there, but
// never shows a value that was sent.
type InputError struct {
	Code     string
	Pointer  string // RFC 6901; "" is the whole document
	Offset   int    // of the byte in the document where it shows
	Detail   string
	Semantic bool // the document is sound, a value in it is not
}

// Error describes the error on one line.
func (e *InputError) Error() string {
	if e.Pointer == "" {
		return "features: " + e.Code + ": " + e.Detail
	}
	return "features: " + e.Code + ": " + e.Pointer + ": " + e.Detail
}

// InputErrors is everything that is wrong with one lead: a single fault of the document, or up to
// MaxProblems semantic errors. It is never empty.
type InputErrors struct {
	Errors    []*InputError
	Truncated bool // there were more
}

// Error describes the errors, one a line.
func (e *InputErrors) Error() string {
	lines := make([]string, len(e.Errors))
	for i, one := range e.Errors {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the single errors.
func (e *InputErrors) Unwrap() []error {
	errs := make([]error, len(e.Errors))
	for i, one := range e.Errors {
		errs[i] = one
	}
	return errs
}

// Semantic reports whether the document itself was sound.
func (e *InputErrors) Semantic() bool { return e.Errors[0].Semantic }

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// PointerTo returns the RFC 6901 pointer to a member of the object that parent points to.
func PointerTo(parent, member string) string { return parent + "/" + pointerEscapes.Replace(member) }
