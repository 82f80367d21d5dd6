package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/leadscore/leadscore/features"
)

// problem is an answer that is not what was asked for, as RFC 9457 has it.
type problem struct {
	Type      string      `json:"type"`
	Title     string      `json:"title"`
	Status    int         `json:"status"`
	Code      string      `json:"code"`
	Detail    string      `json:"detail,omitempty"`
	Instance  string      `json:"instance,omitempty"` // the id of the request
	Errors    []inputFlaw `json:"errors,omitempty"`
	Truncated bool        `json:"truncated,omitempty"` // there were more errors
}

// inputFlaw is one thing that is wrong with the body.
type inputFlaw struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Offset  *int   `json:"offset,omitempty"` // in bytes, where the document itself is at fault
}

// The codes of problems beside those of package features.
const (
	codeInternal    = "internal"
	codeNotFound    = "not_found"
	codeMethod      = "method_not_allowed"
	codeMediaType   = "media_type"
	codeEncoding    = "content_encoding"
	codeBody        = "body_too_large"
	codeIncomplete  = "incomplete_body"
	codeBodyTimeout = "body_timeout"
	codeHeaders     = "headers_too_large"
	codeParameter   = "parameter"
	codeDeadline    = "deadline"
	codeDraining    = "draining"
	codeUnverified  = "verification_failed"
	codePlan        = "plan"
	codeInfeasible  = "infeasible"
)

// kinds holds the status and the title of every code.
var kinds = map[string]struct {
	status int
	title  string
}{
	features.InputEmpty:         {http.StatusBadRequest, "The body is empty"},
	features.InputNotObject:     {http.StatusBadRequest, "The body is not a JSON object"},
	features.InputSyntax:        {http.StatusBadRequest, "The body is not JSON"},
	features.InputTrailing:      {http.StatusBadRequest, "Something follows the JSON object"},
	features.InputDuplicate:     {http.StatusBadRequest, "A field is given twice"},
	features.InputTooDeep:       {http.StatusBadRequest, "The body is nested too deep"},
	features.InputTooManyFields: {http.StatusBadRequest, "An object has too many fields"},
	features.InputUTF8:          {http.StatusBadRequest, "A text is not UTF-8"},
	features.InputCharacter:     {http.StatusBadRequest, "A text holds a character that is not allowed"},
	features.InputRange:         {http.StatusBadRequest, "A number is out of range"},
	features.InputEnvelope:      {http.StatusBadRequest, "The batch is not of the form {\"leads\":[…]}"},
	features.InputNoLeads:       {http.StatusBadRequest, "The batch is empty"},
	features.InputTooManyLeads:  {http.StatusRequestEntityTooLarge, "The batch holds too many leads"},
	features.InputType:          {http.StatusUnprocessableEntity, "A value has the wrong type"},
	features.InputTooLong:       {http.StatusUnprocessableEntity, "A text is too long"},
	features.InputLeadID:        {http.StatusUnprocessableEntity, "The lead's id is not usable"},
	features.InputUnknownField:  {http.StatusUnprocessableEntity, "A field is not declared"},

	codeInternal:    {http.StatusInternalServerError, "Internal error"},
	codeNotFound:    {http.StatusNotFound, "Not found"},
	codeMethod:      {http.StatusMethodNotAllowed, "Method not allowed"},
	codeMediaType:   {http.StatusUnsupportedMediaType, "The body is not application/json in UTF-8"},
	codeEncoding:    {http.StatusUnsupportedMediaType, "Compressed bodies are not read"},
	codeBody:        {http.StatusRequestEntityTooLarge, "The body is too large"},
	codeIncomplete:  {http.StatusBadRequest, "The body ended early"},
	codeBodyTimeout: {http.StatusRequestTimeout, "The body took too long"},
	codeHeaders:     {http.StatusRequestHeaderFieldsTooLarge, "Too many header fields"},
	codeParameter:   {http.StatusBadRequest, "A query parameter is not usable"},
	codeDeadline:    {http.StatusServiceUnavailable, "Scoring took too long"},
	codeDraining:    {http.StatusServiceUnavailable, "The server is shutting down"},
	codePlan:        {http.StatusUnprocessableEntity, "The plan is not usable"},
	codeInfeasible:  {http.StatusUnprocessableEntity, "No spends keep within the limits of the plan"},
	codeUnverified:  {http.StatusServiceUnavailable, "The model does not score as it should"},
}

// refusal is an error of the request, with what may be told about it.
type refusal struct{ code, detail string }

func (r *refusal) Error() string { return "serve: " + r.code + ": " + r.detail }

var errInternal = &refusal{codeInternal, "the request could not be answered; the log has more under its id"}

// problemOf is the one place where an error becomes an answer. Whatever is not meant for the client becomes
// an internal error.
func problemOf(err error) problem {
	var wrong *features.InputErrors
	var refused *refusal
	var plan *planProblem
	switch {
	case errors.As(err, &plan):
		return plan.problem
	case errors.As(err, &wrong):
		return problemOfInput(wrong)
	case errors.As(err, &refused):
		return newProblem(refused.code, refused.detail)
	case errors.Is(err, context.DeadlineExceeded):
		return newProblem(codeDeadline, "send fewer leads at once")
	}
	return newProblem(codeInternal, errInternal.detail)
}

// problemTypes leads to the list of codes in the API's description.
const problemTypes = "/openapi.yaml#"

func newProblem(code, detail string) problem {
	kind := kinds[code]
	return problem{Type: problemTypes + code, Title: kind.title, Status: kind.status, Code: code, Detail: detail}
}

func problemOfInput(wrong *features.InputErrors) problem {
	first := wrong.Errors[0]
	p := newProblem(first.Code, first.Detail)
	if first.Semantic {
		p.Status = http.StatusUnprocessableEntity
	}
	p.Truncated = wrong.Truncated
	for _, e := range wrong.Errors {
		flaw := inputFlaw{Pointer: e.Pointer, Code: e.Code, Detail: e.Detail}
		if !e.Semantic {
			flaw.Offset = &e.Offset
		}
		p.Errors = append(p.Errors, flaw)
	}
	return p
}

// statusGone is the status of a request whose client went away; hardly anyone reads it.
const statusGone = 499

const problemType = "application/problem+json"

// fail answers with the problem that err is, and ends the handling of the request.
func (s *Server) fail(c *gin.Context, err error) {
	if errors.Is(err, context.Canceled) {
		c.AbortWithStatus(statusGone)
		return
	}
	c.Abort()
	p := problemOf(err)
	p.Instance = recordOf(c).id
	if p.Code == codeInternal && err != error(errInternal) {
		s.logger.Error("internal error", "request_id", p.Instance, "error", err.Error())
	}
	switch {
	case p.Status == http.StatusRequestEntityTooLarge, p.Status == http.StatusRequestTimeout, p.Status == http.StatusRequestHeaderFieldsTooLarge:
		c.Header("Connection", "close")
	case p.Status == http.StatusServiceUnavailable:
		c.Header("Retry-After", "1")
	case p.Code == codeMediaType:
		c.Header("Accept", jsonType)
	case p.Code == codeEncoding:
		c.Header("Accept-Encoding", "identity")
	}
	if p.Status != http.StatusRequestTimeout {
		discard(c.Writer, c.Request)
	}
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // a problem is made of texts and numbers
	}
	reply(c, p.Status, problemType, body)
}
