package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/leadscore/leadscore/features"
)

// scratch is the memory that one request for scores works in.
type scratch struct {
	body    []byte
	request features.Request
	answer  []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// What a scratch may keep for the next request.
const keptBytes, keptLeads = 64 << 10, 16

func (w *scratch) release() {
	if cap(w.body) > keptBytes || cap(w.answer) > keptBytes || cap(w.request.Items) > keptLeads {
		return
	}
	scratches.Put(w)
}

// score answers POST /v1/score: one lead or a batch.
func (s *Server) score(c *gin.Context) {
	w := scratches.Get().(*scratch)
	defer w.release()
	query, err := s.readRequest(c, w)
	if err != nil {
		s.fail(c, err)
		return
	}
	m := s.active.Load()
	if err := s.answer(c, m, query, w); err != nil {
		s.fail(c, err)
		return
	}
	reply(c, http.StatusOK, jsonType, w.answer)
}

// readRequest reads the query and the body.
func (s *Server) readRequest(c *gin.Context, w *scratch) (scoreQuery, error) {
	query, err := parseScoreQuery(c.Request)
	if err == nil {
		err = checkContent(c.Request.Header)
	}
	if err == nil {
		w.body, err = s.readBody(c.Request, w.body[:0])
	}
	return query, err
}

// answer scores the leads of the body by m and writes the answer to w.
func (s *Server) answer(c *gin.Context, m *active, query scoreQuery, w *scratch) error {
	options := features.RequestOptions{MaxLeads: s.options.MaxLeads, Strict: query.strict, Dated: query.asOf != nil}
	if err := m.schema.ParseRequest(w.body, options, &w.request); err != nil {
		return err
	}
	r := recordOf(c)
	r.count(w.request.Items)
	r.model = m.identity.Version
	if !w.request.Batch {
		var err error
		w.answer, err = appendScore(w.answer[:0], m, &w.request.Items[0].Lead, query)
		return err
	}
	if query.whole {
		if wrong := wholeBatch(w.request.Items); wrong != nil {
			return wrong
		}
		c.Header("Preference-Applied", "handling=strict")
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.options.ScoreTimeout)
	defer cancel()
	return w.scoreBatch(ctx, m, query, r.failed)
}

// wholeBatch returns the errors of all leads as one, nil if there is none.
func wholeBatch(items []features.Item) error {
	var all features.InputErrors
	for i := range items {
		wrong := items[i].Wrong
		if wrong == nil {
			continue
		}
		all.Truncated = all.Truncated || wrong.Truncated
		for _, e := range wrong.Errors {
			if len(all.Errors) == features.MaxProblems {
				all.Truncated = true
				break
			}
			all.Errors = append(all.Errors, e)
		}
	}
	if all.Errors == nil {
		return nil
	}
	return &all
}

// chunk is how many leads are scored between two looks at the clock and the connection.
const chunk = 32

func (w *scratch) scoreBatch(ctx context.Context, m *active, query scoreQuery, failed int) error {
	w.answer = append(w.answer[:0], `{"results":[`...)
	for i := range w.request.Items {
		if i%chunk == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if i > 0 {
			w.answer = append(w.answer, ',')
		}
		var err error
		if item := &w.request.Items[i]; item.Wrong != nil {
			w.answer, err = appendJSON(w.answer, badItem{"error", problemOf(item.Wrong)})
		} else {
			w.answer, err = appendScore(w.answer, m, &item.Lead, query)
		}
		if err != nil {
			return err
		}
	}
	w.answer = append(w.answer, `],"failed":`...)
	w.answer, _ = appendJSON(w.answer, failed) // a number has a text
	w.answer = append(w.answer, '}')
	return nil
}

// badItem stands in a batch's results for a lead that could not be scored.
type badItem struct {
	Status  string  `json:"status"`
	Problem problem `json:"problem"`
}

// appendScore appends the score of a lead; one lead and a batch come through here and get the same bytes.
func appendScore(dst []byte, m *active, lead *features.Lead, query scoreQuery) ([]byte, error) {
	if query.asOf != nil {
		return appendJSON(dst, m.ScoreAt(lead, *query.asOf).Top(query.explain))
	}
	return appendJSON(dst, m.Score(lead).Top(query.explain))
}

func appendJSON(dst []byte, value any) ([]byte, error) {
	text, err := json.Marshal(value)
	return append(dst, text...), err
}
