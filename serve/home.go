package serve

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/internal/pages"
	"github.com/leadscore/leadscore/model"
)

// The page at "/" is for the person who opens the server's address: what answers here, what its tiers may cost, how to
// ask, and a form that asks. It is made when a model is loaded, but for the address in its example. Its script is its
// own, and what it shows of an answer it sets as text.

var (
	//go:embed home.html.tmpl
	homeText string
	//go:embed home.css
	homeStyle string
	//go:embed home.js
	homeScript string

	homeTemplate = template.Must(template.New("home").Parse(homeText))
	pageStyle    = pages.Style + homeStyle
	// homePolicy lets the page ask its own server, send no form and stand in no frame.
	homePolicy = pages.Policy(pageStyle, homeScript) + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// home is what the page says of a model.
type home struct {
	Title, Subtitle string
	Facts           []homeFact
	Tiers           *homeTiers
	Inputs          []homeInput
	More            int    // inputs without a place in the form
	Example         string // a lead, as JSON
}

type homeFact struct{ Name, Value string }

// homeTiers is the table of tiers, its cells written.
type homeTiers struct {
	Head []string
	Rows [][]string
	Note string
}

// homeInput is a field of the form.
type homeInput struct {
	Name   string
	Kind   string   // how the script sends the value: text, number or bool
	Type   string   // of the input element; "" where Levels are to choose from
	Step   string   // of a number
	Hint   string   // what values training saw
	Levels []string // to choose from
	Value  string   // of the example
}

// formInputs is how many fields a form shows.
const formInputs = 60

func homeOf(m *model.Model) home {
	d := m.Data()
	p := home{
		Title:    "leadscore",
		Subtitle: "Model " + m.Identity().Version + ", learned from " + budget.Count(d.Used) + " leads, of which " + share(d.BaseRate) + " converted",
		Facts:    homeFacts(m), Tiers: homeTiersOf(m),
	}
	p.addInputs(m)
	return p
}

func homeFacts(m *model.Model) []homeFact {
	d, terms := m.Data(), slices.DeleteFunc(slices.Clone(m.Encoder().Terms()), func(t features.Term) bool { return t.IsPair() })
	facts := []homeFact{
		{"Conversion", m.Label().String()},
		{"Base rate", share(d.BaseRate) + ": " + budget.Count(d.Conversions) + " of " + budget.Count(d.Used) + " leads"},
	}
	if d.From != "" {
		facts = append(facts, homeFact{"Trained on", "leads created from " + dayOf(d.From) + " to " + dayOf(d.To) + ", as known on " + dayOf(d.AsOf)})
	}
	if h := m.Holdout(); h != nil {
		facts = append(facts, homeFact{"Tested on", fmt.Sprintf("%s leads it had not seen: AUC %.3f, the best tenth converts %.1f times as often as the average", budget.Count(h.Rows), h.AUC, h.TopDecileLift)})
	}
	facts = append(facts, homeFact{"Features", fmt.Sprint(len(terms))})
	if p := m.Policy(); m.NoMoney() == nil && p != nil {
		facts = append(facts, homeFact{"Money", "in " + string(p.Currency) + "; the most to pay leaves a return of " + budget.Percent(p.ROI)})
	} else {
		facts = append(facts, homeFact{"Money", "none: it was trained without profits, so that it tells probabilities alone"})
	}
	return append(facts, homeFact{"Content", "SHA-256 " + m.Identity().ID})
}

// share writes a probability in percent, with two places.
func share(p float64) string { return fmt.Sprintf("%.2f %%", 100*p) }

// dayOf is the date of an RFC 3339 time.
func dayOf(text string) string { return strings.SplitN(text, "T", 2)[0] }

// homeTiersOf writes the tiers of the reference period; nil if the model has none.
func homeTiersOf(m *model.Model) *homeTiers {
	p, reference := m.Policy(), m.Reference()
	if p == nil || p.Tiers == nil || reference == nil {
		return nil
	}
	t := &homeTiers{Head: []string{"Tier", "Most to pay", "Expected value", "Convert", "Profit per sale", "Leads", "Share"}}
	var profits, values, caps []budget.Figure
	for _, g := range reference.Tiers {
		profits, values, caps = append(profits, g.ProfitPerSale), append(values, g.Value), append(caps, p.Currency.Limit(g.Cap))
	}
	profit, value, limit := p.Currency.Estimates(profits...), p.Currency.Prices(values...), p.Currency.Prices(caps...)
	for k := range reference.Tiers {
		g, converts := &reference.Tiers[k], "–"
		if x, known := g.Probability.Value(); known {
			converts = share(x)
		}
		t.Rows = append(t.Rows, []string{g.Tier, limit.Write(caps[k]), value.Write(values[k]), converts, profit.Write(profits[k]),
			budget.Count(g.Leads), fmt.Sprintf("%.0f %%", 100*g.Leads/float64(max(reference.Leads, 1)))})
	}
	t.Note = "For a lead of each tier, by the " + budget.Count(reference.Leads) + " leads that the tiers were cut from"
	if reference.From != "" {
		t.Note += ", created from " + dayOf(reference.From) + " to " + dayOf(reference.To)
	}
	t.Note += ". The most to pay is rounded down."
	return t
}

// addInputs makes the form and the example of the features that training saw values of.
func (p *home) addInputs(m *model.Model) {
	var members []string
	add := func(in homeInput) {
		p.Inputs = append(p.Inputs, in)
		if in.Value != "" {
			members = append(members, string(jsonOf(in.Name))+":"+in.json())
		}
	}
	created, err := features.ParseTime(dayOf(m.Data().To))
	if i := m.Schema().ByRole(features.RoleCreatedAt); i >= 0 && m.Schema().Dates(i) && err == nil {
		add(homeInput{Name: m.Schema().Fields()[i].Name, Kind: "text", Type: "date", Value: dayOf(m.Data().To), Hint: "when the lead was created"})
	}
	for i := range m.Encoder().Terms() {
		t := &m.Encoder().Terms()[i]
		if t.IsPair() {
			continue
		}
		if len(p.Inputs) == formInputs {
			p.More++
			continue
		}
		f := &m.Schema().Fields()[m.Schema().Index(t.Name)]
		add(inputOf(f, t, created))
	}
	p.Example = "{" + strings.Join(members, ",") + "}"
}

// inputOf is the form's field of a feature, with a value that is usual in training, for a lead of a creation.
func inputOf(f *features.Field, t *features.Term, created int64) homeInput {
	in := homeInput{Name: f.Name, Kind: "text", Type: "text", Value: t.Usual(f, created)}
	switch {
	case f.Type.Base == features.Bool:
		in.Kind, in.Type, in.Levels = "bool", "", []string{"false", "true"}
	case f.Kind == features.Category && len(t.Levels)+len(t.Pooled) <= shownLevels:
		in.Type, in.Levels = "", slices.Concat(t.Levels, t.Pooled)
	case f.Kind == features.Category:
		in.Hint = budget.Count(len(t.Levels)+len(t.Pooled)) + " values known"
	case f.Since != "":
		in.Type, in.Hint = "date", budget.Brief(t.Min)+" to "+budget.Brief(t.Max)+" days before "+f.Since
		in.Value = dayOf(in.Value)
	case f.Kind == features.Time:
		in.Type, in.Hint = "date", dayOf(dayText(t.Min))+" to "+dayOf(dayText(t.Max))
		in.Value = dayOf(in.Value)
	case f.Type.Numeric():
		in.Kind, in.Type, in.Step = "number", "number", "any"
		if f.Type.Integer() {
			in.Step = "1"
		}
		fallthrough
	default:
		in.Hint = budget.Brief(t.Min) + " to " + budget.Brief(t.Max)
	}
	return in
}

// json writes the value of the example as a request does.
func (in *homeInput) json() string {
	if in.Kind == "text" {
		return string(jsonOf(in.Value))
	}
	return in.Value
}

// jsonOf writes a text in JSON.
func jsonOf(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text can be written
	return bytes.TrimSpace(b.Bytes())
}

// homePage is the page as it is asked for.
type homePage struct {
	home
	Style  template.CSS
	Script template.JS
	Curl   string
}

// hostName is a host as a browser sends it: nothing that a shell would read as more than a word.
var hostName = regexp.MustCompile(`^[A-Za-z0-9._\[\]:-]{1,255}$`)

// curl is the command that scores the example.
func (p *home) curl(host string, secure bool) string {
	if !hostName.MatchString(host) {
		host = "localhost"
	}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	return "curl -s '" + scheme + "://" + host + "/v1/score' -H 'Content-Type: application/json' -d '" + strings.ReplaceAll(p.Example, "'", `'\''`) + "'"
}

func (s *Server) home(c *gin.Context) {
	p := homePage{home: s.active.Load().home, Style: template.CSS(pageStyle), Script: template.JS(homeScript)}
	p.Curl = p.curl(c.Request.Host, c.Request.TLS != nil)
	var b bytes.Buffer
	if err := homeTemplate.Execute(&b, p); err != nil {
		panic(err) // the template fits the page, and nothing that it is written to fails
	}
	c.Header("Content-Security-Policy", homePolicy)
	c.Header("Referrer-Policy", "no-referrer")
	reply(c, http.StatusOK, htmlType, b.Bytes())
}

const htmlType = "text/html; charset=utf-8"
