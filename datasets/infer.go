package datasets

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/leadscore/leadscore/features"
)

// Inferred is what a column of a CSV file turned out to be.
type Inferred struct {
	Column   string        `json:"column"`
	Type     features.Type `json:"type"`
	Missing  int           `json:"missing"`           // cells without a value
	Distinct int           `json:"distinct"`          // different values, counted up to MaxDistinct
	Example  string        `json:"example,omitempty"` // the first value
}

// MaxDistinct is where the different values of a column are no longer counted.
const MaxDistinct = 10_000

// inference collects what the cells of one column read as.
type inference struct {
	column   string
	layout   string
	missing  int
	distinct map[string]uint8 // what they read as
	example  string
	cells    int                  // with a value
	reads    [len(candidates)]int // cells that read as the type
	odd      [len(candidates)]oddCell
}

// oddCell is the first cell that did not read as a type.
type oddCell struct {
	line int
	text string
}

// candidates are the types tried, narrowest first; a text is what is left.
var candidates = [...]struct {
	base  features.Base
	reads func(text, layout string) bool
}{
	{features.Bool, readsAsBool},
	{features.Int64, readsAsInteger},
	{features.Float64, readsAsNumber},
	{features.Date, readsAsDate},
	{features.Timestamp, readsAsTime},
}

func newInference(column, layout string) *inference {
	return &inference{column: column, layout: layout, distinct: map[string]uint8{}}
}

// add looks at one more cell, a normalised text that is not missing.
func (c *inference) add(line int, text string) {
	c.cells++
	mask, known := c.distinct[text]
	if !known {
		mask = readsAs(text, c.layout)
		if len(c.distinct) < MaxDistinct {
			text = strings.Clone(text)
			c.distinct[text] = mask
		}
	}
	if c.cells == 1 {
		c.example = strings.Clone(text)
	}
	for i := range candidates {
		switch {
		case mask>>i&1 == 1:
			c.reads[i]++
		case c.odd[i].line == 0:
			c.odd[i] = oddCell{line, strings.Clone(text)}
		}
	}
}

// readsAs returns the candidates that the text reads as, a bit for each.
func readsAs(text, layout string) (mask uint8) {
	for i := range candidates {
		if candidates[i].reads(text, layout) {
			mask |= 1 << i
		}
	}
	return mask
}

// result returns the narrowest type that all cells read as.
func (c *inference) result() Inferred {
	r := Inferred{Column: c.column, Missing: c.missing, Distinct: len(c.distinct), Example: c.example, Type: features.Type{Base: features.String}}
	for i, reads := range c.reads {
		if reads == c.cells && reads > 0 {
			r.Type.Base = candidates[i].base
			break
		}
	}
	return r
}

// notes tells what the caller may have meant otherwise: a column of texts most of which are numbers or times.
func (c *inference) notes() (notes []string) {
	if c.result().Type.Base != features.String || c.cells == 0 {
		return nil
	}
	for _, i := range []int{2, 4} { // numbers, times
		odd := c.odd[i]
		if 2*c.reads[i] >= c.cells && strings.Trim(odd.text, "+0123456789") != "" { // digits alone are a name
			notes = append(notes, fmt.Sprintf("column %q stays a text: %s on line %d is not a %v; if it means missing, give it as a null text",
				c.column, shorten(odd.text), odd.line, features.Type{Base: candidates[i].base}))
		}
	}
	if hint := foreignNumber(c.odd[2].text); hint != "" {
		notes = append(notes, fmt.Sprintf("column %q stays a text: %s on line %d has %s", c.column, shorten(c.odd[2].text), c.odd[2].line, hint))
	}
	if layouts := c.foreignTimes(); len(layouts) > 0 {
		notes = append(notes, fmt.Sprintf("column %q stays a text: %s on line %d is a time written as %s; give its layout (%s)",
			c.column, shorten(c.odd[4].text), c.odd[4].line, strings.Join(layouts, " or "), "--time-layout '"+layouts[0]+"'"))
	}
	return notes
}

// foreignLayouts are those that times are often written in besides ISO 8601.
var foreignLayouts = func() (layouts []string) {
	for _, day := range []string{"02-01-2006", "01-02-2006", "02/01/2006", "01/02/2006", "02.01.2006", "2006/01/02", "2 Jan 2006", "Jan 2, 2006"} {
		layouts = append(layouts, day, day+" 15:04", day+" 15:04:05", day+" 3:04 PM")
	}
	return layouts
}()

// foreignTimes returns the layouts that every text of the column is a time in; none if some text is not.
func (c *inference) foreignTimes() (layouts []string) {
	for _, layout := range foreignLayouts {
		all := layout != c.layout && len(c.distinct) > 0
		for text := range c.distinct {
			if _, err := time.Parse(layout, text); err != nil {
				all = false
				break
			}
		}
		if all {
			layouts = append(layouts, layout)
		}
	}
	return layouts
}

// foreignNumber says what keeps a text that looks like a number from being read as one.
func foreignNumber(text string) string {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789.,") != "" || !isDigit(digits[0]) || !isDigit(digits[len(digits)-1]) {
		return ""
	}
	comma, point := strings.LastIndexByte(digits, ','), strings.LastIndexByte(digits, '.')
	switch {
	case comma < 0:
		return ""
	case point >= 0 || strings.Count(digits, ",") > 1:
		return "a thousands separator: write numbers without one"
	}
	return "a comma: write numbers with a decimal point"
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func readsAsBool(text, _ string) bool {
	return strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
}

// readsAsInteger accepts whole numbers that a float64 holds exactly. A longer one, one with a plus, or one that
// begins with a zero, is a name made of digits: a phone number, a postal code, an account.
func readsAsInteger(text, _ string) bool {
	digits := strings.TrimPrefix(text, "-")
	if !plainDigits(digits) || len(digits) > 16 {
		return false
	}
	x, err := strconv.ParseInt(text, 10, 64)
	return err == nil && -1<<53 <= x && x <= 1<<53
}

// plainDigits reports whether the text is digits, without a zero in front of others.
func plainDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == "" && (len(text) == 1 || text[0] != '0')
}

// readsAsNumber accepts decimal numbers, with an exponent or without.
func readsAsNumber(text, layout string) bool {
	digits := strings.TrimPrefix(text, "-")
	if i := strings.IndexAny(digits, "eE"); i > 0 {
		exponent := strings.TrimLeft(digits[i+1:], "+-")
		if exponent == "" || len(digits)-i-1-len(exponent) > 1 || strings.Trim(exponent, "0123456789") != "" {
			return false
		}
		digits = digits[:i]
	} else if !strings.Contains(digits, ".") {
		return readsAsInteger(text, layout)
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "" && fraction == "" || whole != "" && !plainDigits(whole) || strings.Trim(fraction, "0123456789") != "" {
		return false
	}
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

func readsAsDate(text, layout string) bool {
	if layout != "" {
		_, err := time.Parse(layout, text)
		return err == nil && !strings.Contains(layout, "15") && !strings.Contains(layout, "03")
	}
	return len(text) == len(time.DateOnly) && readsAsTime(text, layout)
}

func readsAsTime(text, layout string) bool {
	_, err := parseTime(text, layout)
	return err == nil
}

// parseTime reads a time in the layout, or, if there is none, in the forms that features.ParseTime knows.
func parseTime(text, layout string) (int64, error) {
	if layout != "" {
		t, err := time.Parse(layout, text)
		if err != nil {
			return 0, fmt.Errorf("%q is not a time of the form %q", text, layout)
		}
		text = t.Format(time.RFC3339Nano)
	} else if len(text) < len(time.DateOnly) || !isDigit(text[0]) || text[4] != '-' {
		return 0, fmt.Errorf("%q is not a date or time of the form 2006-01-31 or 2006-01-31T15:04:05Z", text)
	}
	return features.ParseTime(text)
}
