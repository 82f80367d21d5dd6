package serve

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed openapi.yaml
var openapiDocument []byte

func (s *Server) openapi(c *gin.Context) {
	reply(c, http.StatusOK, "application/yaml", openapiDocument)
}
