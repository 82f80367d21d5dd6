package features

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Normalise brings a text into the form in which levels are compared: Unicode NFC, without white space or
// invisible format characters at either end. Letter case is kept. Trainer and server both call it.
func Normalise(text string) string {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	if norm.NFC.IsNormalString(text) {
		return text
	}
	return norm.NFC.String(text)
}

// dateLayout is the form of a date; timeLayouts are those of an instant. A fraction of a second may follow
// the seconds of each. The forms with a blank are those of PostgreSQL and BigQuery, that with +0000 Salesforce's.
const dateLayout = "2006-01-02"

var timeLayouts = []string{
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05Z07",
	"2006-01-02 15:04:05 Z07:00",
	"2006-01-02 15:04:05 UTC",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
}

// Years outside this range do not fit the microsecond count that an instant is held as with room to subtract.
const firstYear, lastYear = 1, 9999

// ParseTime reads an ISO 8601 date or date and time as microseconds since 1970-01-01 UTC. A text without a
// zone is UTC; digits below the microsecond are cut off.
func ParseTime(text string) (int64, error) {
	t, err := parseInstant(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date or time of the form 2006-01-31 or 2006-01-31T15:04:05Z", text)
	}
	t = t.UTC() // the year is that of the instant, whatever its zone
	if t.Year() < firstYear || t.Year() > lastYear {
		return 0, fmt.Errorf("%q is outside the years %d to %d", text, firstYear, lastYear)
	}
	return t.UnixMicro(), nil
}

func parseInstant(text string) (t time.Time, err error) {
	if len(text) == len(dateLayout) {
		return time.Parse(dateLayout, text)
	}
	for _, layout := range timeLayouts {
		if t, err = time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return t, err
}

// FormatTime writes microseconds since 1970 as RFC 3339 in UTC.
func FormatTime(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano) }

// FormatNumber writes a number as a level of a category: the shortest text that reads back as the same number,
// without an exponent for whole numbers up to 2⁵³.
func FormatNumber(x float64) string {
	if x == float64(int64(x)) && x > -1<<53 && x < 1<<53 {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// FormatNumber writes a stored number of the type as the shortest text that reads back as the same stored number.
func (t Type) FormatNumber(x float64) string {
	if t.Base == Float32 && x != math.Trunc(x) {
		return strconv.FormatFloat(x, 'g', -1, 32)
	}
	return FormatNumber(x)
}

// parseNumber reads a decimal number. Unlike strconv it takes neither hexadecimal digits nor "inf" and "nan".
func parseNumber(text string) (float64, error) {
	if !strings.ContainsAny(text, "xXnN_") {
		if x, err := strconv.ParseFloat(text, 64); err == nil {
			return x, nil
		}
	}
	return 0, fmt.Errorf("%q is not a number", text)
}

// ParseBool reads the texts that mean yes and no: true/false, yes/no, t/f, y/n and 1/0, in any letter case.
func ParseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "t", "y", "1":
		return true, nil
	case "false", "no", "f", "n", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true/false, yes/no nor 1/0", text)
}
