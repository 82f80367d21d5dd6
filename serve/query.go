package serve

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/leadscore/leadscore/features"
)

// scoreQuery is what a request for scores asks for beside its body.
type scoreQuery struct {
	explain int    // reasons shown; negative = all
	strict  bool   // an undeclared field is an error
	asOf    *int64 // microseconds since 1970 UTC: leads are so old then as they say; nil = not asked for
	whole   bool   // one bad lead fails the batch
}

// defaultExplain is how many reasons are shown unless the request says otherwise.
const defaultExplain = 5

func parseScoreQuery(r *http.Request) (scoreQuery, error) {
	q := scoreQuery{explain: defaultExplain, whole: prefersStrict(r.Header.Values("Prefer"))}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return q, &refusal{codeParameter, "the query is not well formed"}
	}
	for name, given := range values {
		if len(given) > 1 {
			return q, &refusal{codeParameter, "a parameter is given twice"}
		}
		switch name {
		case "explain":
			q.explain, err = parseExplain(given[0])
		case "strict":
			q.strict, err = parseStrict(given[0])
		case "as_of":
			q.asOf, err = parseAsOf(given[0])
		default:
			err = &refusal{codeParameter, "the parameters are as_of, explain and strict"}
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

func parseAsOf(text string) (*int64, error) {
	t, err := features.ParseTime(text)
	if err != nil {
		return nil, &refusal{codeParameter, "as_of: expected a date or time such as 2006-01-31 or 2006-01-31T15:04:05Z"}
	}
	return &t, nil
}

// maxExplain bounds explain=N; "all" is not bounded.
const maxExplain = 1000

func parseExplain(text string) (int, error) {
	if text == "all" {
		return -1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxExplain {
		return 0, &refusal{codeParameter, fmt.Sprintf("explain: expected 0 to %d, or all", maxExplain)}
	}
	return n, nil
}

func parseStrict(text string) (bool, error) {
	switch text {
	case "1", "true":
		return true, nil
	case "0", "false":
		return false, nil
	}
	return false, &refusal{codeParameter, "strict: expected 1 or 0"}
}

// prefersStrict reports whether the Prefer header (RFC 7240) asks for handling=strict.
func prefersStrict(headers []string) bool {
	for _, header := range headers {
		for preference := range strings.SplitSeq(header, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, value, _ := strings.Cut(preference, "=")
			if strings.EqualFold(strings.TrimSpace(name), "handling") {
				return strings.EqualFold(strings.Trim(strings.TrimSpace(value), `"`), "strict") // the first one counts
			}
		}
	}
	return false
}
