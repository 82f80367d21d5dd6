package budget

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// Reason is a code that says why a figure has no value. It is part of the JSON that programs read.
type Reason string

// Reasons for a missing figure.
const (
	NoLeads        Reason = "no_leads"        // nothing to count
	NoWins         Reason = "no_wins"         // no sale yet, or none expected
	HasWins        Reason = "has_wins"        // a bound for those without a sale
	NoSpend        Reason = "no_spend"        // nothing was invested: a return on nothing
	NoProfit       Reason = "no_profit"       // profit of a sale unknown, zero or negative where it divides
	NoConversion   Reason = "no_conversion"   // a probability of zero divides
	NoSales        Reason = "no_sales_cost"   // a sales cost of zero divides
	NotReached     Reason = "not_reached"     // no lead reached the stage
	Unresolved     Reason = "unresolved"      // every lead of the stage is still open
	OutOfReach     Reason = "out_of_reach"    // a probability above 1 or more than all would be needed
	TooFew         Reason = "too_few"         // too little data for a spread
	Unmeasured     Reason = "unmeasured"      // an input was never recorded
	TooLarge       Reason = "too_large"       // beyond what whole minor units can hold exactly
	BadProbability Reason = "bad_probability" // not a number from 0 to 1
)

// Figure is a number that may not exist: a value, or the [Reason] why there is none. Its value is always finite.
// As JSON it is {"value":1714.29} or {"value":null,"reason":"no_wins"}. The zero Figure has the value 0; equal ones are ==.
type Figure struct {
	value  float64
	reason Reason
}

// Known is a figure that has a value. A value that is not finite has none: its reason is [TooLarge].
func Known(x float64) Figure {
	if !isFinite(x) {
		return Unknown(TooLarge)
	}
	return Figure{value: x}
}

// Unknown is a figure without a value.
func Unknown(why Reason) Figure { return Figure{reason: why} }

// Value returns the value, and whether there is one.
func (f Figure) Value() (float64, bool) { return f.value, f.reason == "" }

// Reason says why there is no value; it is empty if there is one.
func (f Figure) Reason() Reason { return f.reason }

// String is the value in its shortest form, or the reason.
func (f Figure) String() string {
	if f.reason != "" {
		return string(f.reason)
	}
	return strconv.FormatFloat(f.value, 'g', -1, 64)
}

// jsonFigure is what a figure looks like as JSON.
type jsonFigure struct {
	Value  *float64 `json:"value"`
	Reason Reason   `json:"reason,omitempty"`
}

// MarshalJSON writes the value or null and the reason.
func (f Figure) MarshalJSON() ([]byte, error) {
	if f.reason != "" {
		return json.Marshal(jsonFigure{Reason: f.reason})
	}
	return json.Marshal(jsonFigure{Value: &f.value})
}

// UnmarshalJSON reads what MarshalJSON writes and nothing else.
func (f *Figure) UnmarshalJSON(text []byte) error {
	var j jsonFigure
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return err
	}
	if (j.Value == nil) == (j.Reason == "") {
		return errors.New("budget: a figure has either a value or a reason")
	}
	*f = Figure{reason: j.Reason}
	if j.Value != nil {
		f.value = *j.Value
	}
	return nil
}

// over is a/b, or the reason why there is no such figure where b is 0.
func over(a, b float64, why Reason) Figure {
	if b == 0 {
		return Unknown(why)
	}
	return Known(a / b)
}

// then applies f to the value, if there is one.
func (f Figure) then(g func(float64) float64) Figure {
	if f.reason != "" {
		return f
	}
	return Known(g(f.value))
}
