package serve

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/leadscore/leadscore/model"
)

// livez tells that the process answers; it looks at nothing else.
func (s *Server) livez(c *gin.Context) { reply(c, http.StatusOK, jsonType, []byte(`{"status":"ok"}`)) }

type readiness struct {
	Status string         `json:"status"`
	Model  model.Identity `json:"model"`
}

// readyz tells whether requests should come here: the model scores its verification leads as it should, and
// the server is not about to stop.
func (s *Server) readyz(c *gin.Context) {
	m := s.active.Load()
	if s.draining.Load() {
		s.fail(c, &refusal{codeDraining, "send requests elsewhere"})
		return
	}
	if err := m.Verify(); err != nil {
		s.logger.Error("model does not verify", "model", m.identity.Version, "error", err.Error())
		s.fail(c, &refusal{codeUnverified, "the log has more"})
		return
	}
	body, err := json.Marshal(readiness{"ready", m.identity})
	if err != nil {
		s.fail(c, err)
		return
	}
	reply(c, http.StatusOK, jsonType, body)
}
