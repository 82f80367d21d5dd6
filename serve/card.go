package serve

import (
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// card says which model answers and what it rests on.
type card struct {
	model.Identity
	Label    model.Label       `json:"label"`
	Data     model.DataSummary `json:"data"`
	Holdout  *model.Evaluation `json:"holdout,omitempty"`
	Features []cardFeature     `json:"features"`
}

type cardFeature struct {
	Feature string `json:"feature"`
	Role    string `json:"role"`
	Kind    string `json:"kind"`
	Levels  int    `json:"levels,omitempty"` // of a category
}

func modelCard(m *model.Model) ([]byte, error) {
	doc := card{Identity: m.Identity(), Label: m.Label(), Data: m.Data(), Holdout: m.Holdout()}
	for _, t := range m.Encoder().Terms() {
		if t.IsPair() {
			doc.Features = append(doc.Features, cardFeature{Feature: t.Name, Role: "pair", Kind: features.Category.String(), Levels: t.Size()})
			continue
		}
		f := m.Schema().Fields()[m.Schema().Index(t.Name)]
		doc.Features = append(doc.Features, cardFeature{Feature: t.Name, Role: f.Role.String(), Kind: f.Kind.String(), Levels: len(t.Levels)})
	}
	return json.Marshal(&doc)
}

func (s *Server) card(c *gin.Context) {
	reply(c, http.StatusOK, jsonType, s.active.Load().card)
}
