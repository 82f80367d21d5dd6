package serve

import (
	"bytes"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/internal/pages"
	"github.com/leadscore/leadscore/model"
)

// homePages are the pages of the two models of the fixture.
func homePages(t *testing.T) (texts []string, handlers []http.Handler) {
	t.Helper()
	for _, artifact := range artifacts() {
		s := testServer(t, nil)
		install(t, s.options.ModelPath, artifact)
		if err := s.Reload(); err != nil {
			t.Fatal(err)
		}
		a := send(t, s.Handler(), call{method: "GET", path: "/"})
		texts, handlers = append(texts, string(a.body)), append(handlers, s.Handler())
	}
	return texts, handlers
}

var inCode = regexp.MustCompile(`(?s)<code id="curl">(.*?)</code>`)

// The page shows the model, its tiers as GET /v1/tiers has them, a field for each feature, and names as they are.
func TestHome(t *testing.T) {
	texts, handlers := homePages(t)
	if texts[0] == texts[1] {
		t.Error("two models have one page")
	}
	for i, text := range texts {
		m, err := model.Decode(bytes.NewReader(artifacts()[i]))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{m.Identity().Version, m.Identity().ID, share(m.Data().BaseRate), "in USD; the most to pay leaves a return of 25 %", `<option value="&lt;b&gt;Basel&lt;/b&gt;">&lt;b&gt;Basel&lt;/b&gt;</option>`,
			`<select data-name="source" data-kind="text">`, `<select data-name="subscribed" data-kind="bool">`, `<select data-name="zip" data-kind="text">`,
			`<input data-name="employees" data-kind="number" type="number" step="1" value="`, `<input data-name="annual_revenue" data-kind="number" type="number" step="any" value="`,
			`<input data-name="last_touch" data-kind="text" type="date" value="202`, "<noscript>"}
		for _, tier := range m.Reference().Tiers {
			limit, known := tier.Cap.Value()
			if !known {
				t.Fatal("the tiers of the fixture have no caps")
			}
			want = append(want, `<th scope="row" class="word">`+tier.Tier+`</th>`, m.Policy().Currency.AtMost(limit))
		}
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%q is not on the page", part)
			}
		}
		for _, part := range []string{"<b>Basel", `name="converted"`, `name="profit"`, "NaN", "ZgotmplZ", "http://www", "src="} {
			if strings.Contains(text, part) {
				t.Errorf("%q is on the page", part)
			}
		}
		for _, link := range regexp.MustCompile(`href="(/[^"]*)"`).FindAllStringSubmatch(text, -1) {
			if a := send(t, handlers[i], call{method: "GET", path: link[1]}); a.status != http.StatusOK {
				t.Errorf("the link %s leads to %d", link[1], a.status)
			}
		}
	}
}

// The example of the page is a lead that the server scores without a warning, in words that a shell gives to curl.
func TestHomeExampleIsScored(t *testing.T) {
	texts, handlers := homePages(t)
	for i, text := range texts {
		command := html.UnescapeString(inCode.FindStringSubmatch(text)[1])
		body, found := strings.CutPrefix(command, "curl -s 'http://example.com/v1/score' -H 'Content-Type: application/json' -d '")
		if !found {
			t.Fatal(command)
		}
		s := send(t, handlers[i], call{body: strings.TrimSuffix(body, "'")}).score(t)
		if len(s.Warnings) != 0 || s.MaxCost == nil {
			t.Errorf("%s: %+v", body, s)
		}
	}
	p := &home{Example: `{"city":"L'Aquila"}`}
	if got := p.curl("leads.example:8443", true); got != `curl -s 'https://leads.example:8443/v1/score' -H 'Content-Type: application/json' -d '{"city":"L'\''Aquila"}'` {
		t.Error(got)
	}
}

// A form whose dates count from the creation asks for it, and its example has one.
func TestHomeAsksForCreation(t *testing.T) {
	h := testServer(t, func(o *Options) { install(t, o.ModelPath, datedArtifact(t, true)) }).Handler()
	page := string(send(t, h, call{method: http.MethodGet, path: "/"}).body)
	for _, part := range []string{`<input data-name="created_at" data-kind="text" type="date"`, "when the lead was created", " days before created_at"} {
		if !strings.Contains(page, part) {
			t.Errorf("%q is not on the page", part)
		}
	}
	_, body, _ := strings.Cut(html.UnescapeString(inCode.FindStringSubmatch(page)[1]), " -d '")
	s := send(t, h, call{body: strings.TrimSuffix(body, "'")}).score(t)
	if len(s.Warnings) != 0 || !slices.ContainsFunc(s.Reasons, func(r model.Reason) bool { return strings.HasSuffix(r.Value, " days before") }) {
		t.Errorf("%s: %+v", body, s)
	}
}

// A feature may be called as a member of a form is, such as hidden: no input takes a name, for it would stand in for that
// member and stop the script.
func TestHomeInputsHideNothing(t *testing.T) {
	texts, _ := homePages(t)
	for _, tag := range regexp.MustCompile(`(?s)<form.*</form>`).FindAllString(texts[0], -1) {
		if named := regexp.MustCompile(`<(input|select|button)[^>]* (name|id)="[^"]*"`).FindAllString(tag, -1); !slices.Equal(named, []string{`<button type="button" id="clear"`}) {
			t.Errorf("named in the form: %q", named)
		}
	}
}

// What a request calls the server reaches neither the command nor the page unless it is a host's name.
func TestHomeHostIsAName(t *testing.T) {
	h := testServer(t, nil).Handler()
	for host, want := range map[string]string{
		"[::1]:8080": "http://[::1]:8080/", "a.b:1": "http://a.b:1/", "a'; rm -rf $HOME '": "http://localhost/", "<script>": "http://localhost/", "": "http://localhost/",
		strings.Repeat("a", 300): "http://localhost/",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := html.UnescapeString(inCode.FindStringSubmatch(w.Body.String())[1]); !strings.HasPrefix(got, "curl -s '"+want+"v1/score' ") {
			t.Errorf("host %q: %.80s", host, got)
		}
	}
}

// The page's own policy lets its style and script run as they stand in it, and nothing else.
func TestHomePolicy(t *testing.T) {
	h := testServer(t, nil).Handler()
	a := send(t, h, call{method: "GET", path: "/"})
	inside := func(name string) string {
		all := regexp.MustCompile(`(?s)<`+name+`>(.*?)</`+name+`>`).FindAllStringSubmatch(string(a.body), -1)
		if len(all) != 1 {
			t.Fatalf("%d elements %s", len(all), name)
		}
		return all[0][1]
	}
	want := pages.Policy(inside("style"), inside("script")) + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := a.header.Get("Content-Security-Policy"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style="} {
		if strings.Contains(string(a.body), sink) {
			t.Errorf("the page has %s", sink)
		}
	}
	for name, want := range map[string]string{"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if a := send(t, h, call{path: "/", body: "{}"}); a.status != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d", a.status)
	}
}

// A model without money has a page too, without tiers, and its example is scored.
func TestHomeWithoutMoney(t *testing.T) {
	o := testOptions(t)
	install(t, o.ModelPath, moneyless(t))
	s, err := New(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	text := string(send(t, s.Handler(), call{method: "GET", path: "/"}).body)
	if !strings.Contains(text, "it tells probabilities alone") || strings.Contains(text, `id="tiers"`) {
		t.Error(text)
	}
}
