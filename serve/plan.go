package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// plan answers POST /v1/budget: the recommendation for a plan. Plans are solved one at a time.
func (s *Server) plan(c *gin.Context) {
	answer, err := s.solve(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	reply(c, http.StatusOK, jsonType, answer)
}

func (s *Server) solve(c *gin.Context) ([]byte, error) {
	presets, err := parsePlanQuery(c.Request)
	if err == nil {
		err = checkContent(c.Request.Header)
	}
	if err != nil {
		return nil, err
	}
	body, err := s.readPlan(c.Request)
	if err != nil {
		return nil, err
	}
	p, err := budget.ParsePlan(body)
	if err != nil {
		return nil, problemOfPlan(err)
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.options.PlanTimeout)
	defer cancel()
	select {
	case s.planning <- struct{}{}:
		defer func() { <-s.planning }()
	case <-ctx.Done():
		return nil, planLate(ctx.Err())
	}
	r, err := p.Answer(ctx, budget.Ask{Presets: presets})
	if err != nil {
		return nil, problemOfPlan(err)
	}
	return json.Marshal(r)
}

// parsePlanQuery reads scenarios=1.
func parsePlanQuery(r *http.Request) (presets bool, err error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return false, &refusal{codeParameter, "the query is not well formed"}
	}
	for name, given := range values {
		if name != "scenarios" || len(given) > 1 {
			return false, &refusal{codeParameter, "the only parameter is scenarios, once"}
		}
		switch given[0] {
		case "1", "true":
			presets = true
		case "0", "false":
		default:
			return false, &refusal{codeParameter, "scenarios: expected 1 or 0"}
		}
	}
	return presets, nil
}

// planLate is the end of a plan's time; a client that went away is none.
func planLate(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &refusal{codeDeadline, "ask for fewer draws, or again later"}
	}
	return err
}

// planProblem is an error of a plan as the problem that answers it.
type planProblem struct{ problem }

func (p *planProblem) Error() string { return "serve: " + p.Code + ": " + p.Detail }

// problemOfPlan says what is wrong with a plan, without repeating a text of it.
func problemOfPlan(err error) error {
	var wrong *budget.PlanError
	var clash *budget.InfeasibleError
	var outside *budget.BoundError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return planLate(err)
	case errors.As(err, &wrong) && wrong.Syntax:
		return &refusal{features.InputSyntax, wrong.Detail}
	case errors.As(err, &wrong):
		return planFlaws([]inputFlaw{{Pointer: wrong.Pointer, Code: codePlan, Detail: wrong.Detail}}, false)
	case errors.As(err, &clash):
		return &refusal{codeInfeasible, strings.TrimPrefix(clash.Error(), "budget: allocate: ")}
	case errors.As(err, &outside):
		return planFlaws(boundFlaws(err))
	case errors.Is(err, budget.ErrNoLimit):
		return &refusal{codeInfeasible, "the spend on a source has no limit: set a budget or a most spend"}
	}
	return err
}

func planFlaws(flaws []inputFlaw, truncated bool) error {
	p := newProblem(codePlan, flaws[0].Detail)
	p.Errors, p.Truncated = flaws, truncated
	return &planProblem{p}
}

// boundFlaws lists what is out of bounds.
func boundFlaws(err error) (flaws []inputFlaw, truncated bool) {
	for _, e := range budget.BoundErrors(err) {
		if len(flaws) == features.MaxProblems {
			return flaws, true
		}
		flaws = append(flaws, inputFlaw{Pointer: planPointer(e.Field), Code: codePlan, Detail: "want " + e.Want})
	}
	return flaws, false
}

// limitKeys are the keys of a plan's limits, which its errors name without their parent.
var limitKeys = []string{"mode", "budget", "reserve", "hours", "target_roi", "currency"}

// planPointer is the JSON pointer to a field such as sources[2].path.rates[0].
func planPointer(field string) string {
	pointer := "/" + strings.NewReplacer("].", "/", "[", "/", "]", "", ".", "/").Replace(field)
	if slices.Contains(limitKeys, field) {
		return "/limits" + pointer
	}
	return pointer
}
