package serve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/leadscore/leadscore/features"
)

// checkContent refuses a body that is not plain JSON in UTF-8. A page on a foreign site cannot send that type
// without asking first, which closes cross-site requests as well.
func checkContent(h http.Header) error {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return &refusal{codeEncoding, "send the body as it is"}
	}
	given := h.Get("Content-Type")
	if given == jsonType {
		return nil
	}
	kind, parameters, err := mime.ParseMediaType(given)
	charset, named := parameters["charset"]
	if err != nil || kind != jsonType || named && !strings.EqualFold(charset, "utf-8") {
		return &refusal{codeMediaType, "expected Content-Type: application/json"}
	}
	return nil
}

// readBody reads the body of a request for scores into buf. One lead may have MaxBody bytes; more are read
// only once these have shown that a batch is coming.
func (s *Server) readBody(r *http.Request, buf []byte) ([]byte, error) {
	if r.ContentLength > s.options.MaxBatchBody {
		return buf, tooLarge(s.options.MaxBatchBody)
	}
	buf, more, err := readUpTo(r.Body, buf, s.options.MaxBody)
	limit := s.options.MaxBody
	if more && features.IsBatch(buf) {
		limit = s.options.MaxBatchBody
		buf, more, err = readUpTo(r.Body, buf, limit)
	}
	return readIn(r, buf, limit, more, err)
}

// readPlan reads the body of a request for a plan.
func (s *Server) readPlan(r *http.Request) ([]byte, error) {
	limit := s.options.MaxPlanBody
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	buf, more, err := readUpTo(r.Body, nil, limit)
	return readIn(r, buf, limit, more, err)
}

// readIn returns the body that was read, or why it is of no use.
func readIn(r *http.Request, buf []byte, limit int64, more bool, err error) ([]byte, error) {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return buf, &refusal{codeBodyTimeout, "send the body at once"}
	case err != nil && r.Context().Err() != nil:
		return buf, r.Context().Err()
	case err != nil:
		return buf, &refusal{codeIncomplete, "the body is shorter than announced, or wrongly chunked"}
	case more:
		return buf, tooLarge(limit)
	case isUTF16(buf):
		return buf, &refusal{codeMediaType, "expected UTF-8"}
	}
	return buf, nil
}

// firstRead is the room that a body starts with.
const firstRead = 2 << 10

// readUpTo appends what r holds to buf until buf has limit bytes. more reports whether there was more; the
// byte that shows it is appended too.
func readUpTo(r io.Reader, buf []byte, limit int64) (_ []byte, more bool, err error) {
	buf = slices.Grow(buf, firstRead)
	for int64(len(buf)) <= limit {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		room := min(int64(cap(buf)), limit+1)
		n, err := r.Read(buf[len(buf):room])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, int64(len(buf)) > limit, nil
		}
		if err != nil {
			return buf, false, err
		}
	}
	return buf, true, nil
}

// isUTF16 reports whether data starts as a JSON text in UTF-16 does, with or without a byte order mark.
func isUTF16(data []byte) bool {
	return len(data) >= 2 && (bytes.HasPrefix(data, []byte{0xFE, 0xFF}) || bytes.HasPrefix(data, []byte{0xFF, 0xFE}) ||
		(data[0] == 0) != (data[1] == 0))
}

// What is read of a body that is refused, so that a client which sends all of it first gets to read the answer rather than
// a reset.
const (
	drainBytes = 16 << 20
	drainTime  = time.Second
)

// discard reads some of what is left of a body that is refused.
func discard(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody || r.Header.Get("Expect") != "" { // such a client waits for leave to send
		return
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainTime)); err == nil {
		_, _ = io.CopyN(io.Discard, r.Body, drainBytes)
	}
}

func tooLarge(limit int64) error {
	return &refusal{codeBody, fmt.Sprintf("a body like this may have %d bytes", limit)}
}
