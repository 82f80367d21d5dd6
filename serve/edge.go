package serve

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/leadscore/leadscore/features"
)

// record is what is noted about a request for its log line and its answer.
type record struct {
	id     string
	items  int // leads read
	failed int // of them, those without a score
	model  string
}

func (r *record) count(items []features.Item) {
	r.items = len(items)
	for i := range items {
		if items[i].Wrong != nil {
			r.failed++
		}
	}
}

const recordKey = "leadscore.record"

func recordOf(c *gin.Context) *record { return c.MustGet(recordKey).(*record) }

const requestIDHeader = "X-Request-Id"

// edge stands around every handler: it gives the request its id, bounds its headers, turns a panic into an
// answer and writes the log line.
func (s *Server) edge(c *gin.Context) {
	start := time.Now()
	r := &record{id: requestID(c.GetHeader(requestIDHeader))}
	c.Set(recordKey, r)
	header := c.Writer.Header()
	header.Set(requestIDHeader, r.id)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	if s.draining.Load() { // or the end would cut a connection that its client is about to use again
		header.Set("Connection", "close")
	}
	defer func() { s.log(c, r, time.Since(start)) }()
	defer s.recover(c)
	if count := headerCount(c.Request.Header); count > s.options.MaxHeaders {
		s.fail(c, &refusal{codeHeaders, fmt.Sprintf("at most %d header fields are read", s.options.MaxHeaders)})
		return
	}
	c.Next()
}

// requestID returns the client's id when it is one that may stand in a log, and one of its own otherwise.
func requestID(sent string) string {
	if len(sent) < 1 || len(sent) > 64 {
		return rand.Text()
	}
	for _, c := range []byte(sent) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return rand.Text()
		}
	}
	return sent
}

func headerCount(h http.Header) int {
	n := 0
	for _, values := range h {
		n += len(values)
	}
	return n
}

// recover answers a panic. What a panic carries may come from a lead, so only the runtime's own is logged.
func (s *Server) recover(c *gin.Context) {
	caught := recover()
	if caught == nil {
		return
	}
	if caught == http.ErrAbortHandler {
		panic(caught)
	}
	reason := fmt.Sprintf("%T", caught)
	if failure, ok := caught.(runtime.Error); ok {
		reason = failure.Error()
	}
	s.logger.Error("panic", "request_id", recordOf(c).id, "reason", reason, "stack", string(debug.Stack()))
	if c.Writer.Written() { // half an answer must not look like a whole one
		panic(http.ErrAbortHandler)
	}
	s.fail(c, errInternal)
}

func (s *Server) log(c *gin.Context, r *record, took time.Duration) {
	level, status := slog.LevelInfo, c.Writer.Status()
	switch route := c.FullPath(); {
	case status >= http.StatusInternalServerError && !s.draining.Load():
		level = slog.LevelError
	case route == "/livez" || route == "/readyz":
		level = slog.LevelDebug
	}
	attributes := []slog.Attr{
		slog.String("request_id", r.id), slog.String("method", knownMethod(c.Request.Method)), slog.String("route", routeOf(c)),
		slog.Int("status", status), slog.Float64("duration_ms", float64(took.Microseconds())/1e3),
	}
	if r.items > 0 {
		attributes = append(attributes, slog.Int("items", r.items), slog.Int("failed", r.failed), slog.String("model", r.model))
	}
	s.logger.LogAttrs(c.Request.Context(), level, "request", attributes...)
}

func routeOf(c *gin.Context) string {
	if route := c.FullPath(); route != "" {
		return route
	}
	return "(none)"
}

// knownMethod keeps invented methods out of the log.
func knownMethod(method string) string {
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method) {
		return method
	}
	return "(other)"
}

// reply writes an answer in one piece.
func reply(c *gin.Context, status int, contentType string, body []byte) {
	c.Header("Content-Length", fmt.Sprint(len(body)))
	c.Data(status, contentType, body)
}

const jsonType = "application/json"
