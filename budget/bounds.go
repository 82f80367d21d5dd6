package budget

import (
	"errors"
	"fmt"
	"math"
)

// BoundError says which input is out of which bound. Errors of this package that are about inputs join one
// BoundError for each of them: read them with [BoundErrors] or print them, one a line.
type BoundError struct {
	Field string // as in the configuration or the formula, such as target_roi or stage_costs[2]
	Value any
	Want  string // such as "a share from 0 to 1"
}

func (e *BoundError) Error() string {
	return fmt.Sprintf("budget: %s is %v, want %s", e.Field, e.Value, e.Want)
}

// BoundErrors are the inputs that an error says are out of bounds, in its order.
func BoundErrors(err error) (inputs []*BoundError) {
	switch e := err.(type) {
	case *BoundError:
		return []*BoundError{e}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			inputs = append(inputs, BoundErrors(one)...)
		}
	case interface{ Unwrap() error }:
		return BoundErrors(e.Unwrap())
	}
	return inputs
}

// bounds collects what is out of bounds.
type bounds []error

func (b *bounds) add(field string, value any, want string) {
	*b = append(*b, &BoundError{Field: field, Value: value, Want: want})
}

// require adds a problem unless ok.
func (b *bounds) require(ok bool, field string, value any, want string) {
	if !ok {
		b.add(field, value, want)
	}
}

func (b *bounds) finite(field string, x float64) {
	if !isAmount(x) {
		b.add(field, x, "a finite number of at most 1e15")
	}
}

func (b *bounds) amount(field string, x float64) {
	if !(isAmount(x) && x >= 0) {
		b.add(field, x, "a number from 0 to 1e15")
	}
}

func (b *bounds) positive(field string, x float64) {
	b.require(isAmount(x) && x > 0, field, x, "above 0 and at most 1e15")
}

func (b *bounds) share(field string, x float64) {
	if !(x >= 0 && x <= 1) {
		b.add(field, x, "a share from 0 to 1")
	}
}

// WorstLogSE is a standard error of a logarithm that says that nothing is known.
const WorstLogSE = 3

func (b *bounds) logSE(field string, x float64) {
	b.require(x >= 0 && x <= WorstLogSE, field, x, "a standard error of a logarithm from 0 to 3")
}

// inside wants x strictly between 0 and 1.
func (b *bounds) inside(field string, x float64) {
	b.require(x > 0 && x < 1, field, x, "above 0 and below 1")
}

func (b *bounds) roi(field string, r float64) {
	b.require(isAmount(r) && r > -1, field, r, "a finite share above -1, such as 0.25")
}

func (b *bounds) length(field string, n, want int) {
	b.require(n == want, field, fmt.Sprintf("%d long", n), fmt.Sprintf("%d elements", want))
}

func (b bounds) err() error { return errors.Join(b...) }

// largest is more than any money or count; what is larger could overflow on the way.
const largest = 1e15

func isAmount(x float64) bool { return math.Abs(x) <= largest }

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// at names an element of a list in a [BoundError].
func at(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }
