package report

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// none stands where a figure is not available.
const none = "not available"

// space does not break: it stands between a number and its unit.
const space = "\u00a0"

// finite reports whether every x is neither infinite nor NaN.
func finite(xs ...float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// drawable reports whether every x is a figure that an axis can reach.
func drawable(xs ...float64) bool {
	for _, x := range xs {
		if !(math.Abs(x) <= 1e15) {
			return false
		}
	}
	return true
}

// proportion reports whether every x lies between 0 and 1, but for rounding.
func proportion(xs ...float64) bool {
	const slack = 1e-9
	for _, x := range xs {
		if !(-slack <= x && x <= 1+slack) {
			return false
		}
	}
	return true
}

// fixed writes x with a number of decimals, a proper minus sign and commas between thousands.
func fixed(x float64, decimals int) string {
	if !finite(x) {
		return none
	}
	text := strconv.FormatFloat(math.Abs(x), 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(text, ".")
	whole = budget.Thousands(whole)
	if fraction != "" {
		whole += "." + fraction
	}
	if x < 0 && strings.Trim(whole, "0.,") != "" {
		return "−" + whole
	}
	return whole
}

// count writes a number of leads, whole or weighted.
func count(x float64) string {
	if x == math.Trunc(x) {
		return fixed(x, 0)
	}
	return fixed(x, 1)
}

// noneOr writes a count, zero as a word.
func noneOr(n int) string {
	if n == 0 {
		return "none"
	}
	return count(float64(n))
}

// plural writes n and the noun, with an s unless n is one.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(float64(n)) + " " + noun + "s"
}

// percent writes a share: one decimal from 1 % up, two below it.
func percent(p float64) string {
	switch {
	case !finite(p):
		return none
	case math.Abs(p) < 1e-12: // what rounding leaves of the lower end of an interval
		return fixed(0, 1) + space + "%"
	case p > 0 && p < leastPercent:
		return "<0.01" + space + "%"
	case math.Abs(p) < 0.01 && p != 0:
		return fixed(100*p, 2) + space + "%"
	}
	return fixed(100*p, 1) + space + "%"
}

// leastPercent is the least share that percent tells from smaller ones.
const leastPercent = 0.0001

// roundPercent writes a share without superfluous decimals, as on an axis.
func roundPercent(p float64) string {
	return strconv.FormatFloat(math.Round(p*1e6)/1e4, 'f', -1, 64) + space + "%"
}

// short writes a number of any size in few characters, as on an axis.
func short(x float64) string {
	if !finite(x) {
		return none
	}
	switch a := math.Abs(x); {
	case a >= 1e9:
		return trimmed(x/1e9) + "bn"
	case a >= 1e6:
		return trimmed(x/1e6) + "M"
	case a >= 1e4:
		return trimmed(x/1e3) + "k"
	case a >= 1000:
		return fixed(x, 0)
	}
	return trimmed(x)
}

// trimmed writes x with three significant digits and no trailing zeros.
func trimmed(x float64) string {
	if !finite(x) {
		return none
	}
	text := strconv.FormatFloat(x, 'g', 3, 64)
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		text = strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strings.Replace(text, "-", "−", 1)
}

// known reports whether an interval was computed: both bounds finite, in order and not both zero.
func known(ci model.Interval) bool {
	return finite(ci[0], ci[1]) && ci[0] <= ci[1] && ci != model.Interval{}
}

// between writes an interval by the given format of its bounds.
func between(ci model.Interval, format func(float64) string) string {
	if !known(ci) {
		return none
	}
	return format(ci[0]) + " to " + format(ci[1])
}

// decimals returns the format with a number of decimals.
func decimals(n int) func(float64) string {
	return func(x float64) string { return fixed(x, n) }
}

// odds writes a log-odds effect as the factor it puts on the odds.
func odds(logOdds float64) string {
	if !finite(logOdds) {
		return none
	}
	switch factor := math.Exp(logOdds); {
	case factor >= 1000:
		return "over 1,000"
	case factor < 0.001:
		return "under 0.001"
	case factor >= 10:
		return fixed(factor, 0)
	case factor < 0.1:
		return fixed(factor, 3)
	default:
		return fixed(factor, 2)
	}
}

// signed writes x with its sign.
func signed(x float64) string {
	if x > 0 && finite(x) {
		return "+" + fixed(x, 3)
	}
	return fixed(x, 3)
}

// clean returns a text fit to be shown: valid UTF-8 in one line, without control or direction-changing characters.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r), r == '\u200c', r == '\u200d': // joiners are part of words in some scripts
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(text, "\ufffd"))
	return strings.TrimSpace(text)
}

// level returns the text of a level, or a word for the empty one.
func level(text string) string {
	if text = clean(text); text == "" {
		return "(empty)"
	}
	return text
}

// shorten cuts a text to n characters by an ellipsis in its later middle, since names often differ at the end.
func shorten(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	tail := n / 3
	return string(runes[:n-1-tail]) + "…" + string(runes[len(runes)-tail:])
}
