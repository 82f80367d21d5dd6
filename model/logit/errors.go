package logit

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoData is returned when no row has a weight above zero.
var ErrNoData = errors.New("logit: no data: every weight is zero or there are no rows")

// ErrOneClass is returned when all labels or targets are 0, or all are 1: the intercept has no finite optimum.
var ErrOneClass = errors.New("logit: one class: all labels are the same")

// ErrNoCovariance is returned by [Fit.Variance] for a fit made without standard errors.
var ErrNoCovariance = errors.New("logit: no covariance: the fit was made without standard errors")

// SeparationError says that coefficients without a penalty run to infinity: rows can be told apart perfectly.
type SeparationError struct {
	// Terms is the direction in which the likelihood never stops rising. If Single, each term by itself is one: a
	// level or missing flag whose rows never (Value −1) or always (Value +1) win. Otherwise all of them together.
	Terms  []Loading
	Single bool
	// Rows is the number of rows that the direction tells apart.
	Rows int
}

func (e *SeparationError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "logit: separation: no finite optimum: %d rows are told apart by ", e.Rows)
	for i, t := range e.Terms {
		if i > 0 {
			b.WriteString(", ")
		}
		switch {
		case e.Single && t.Value < 0:
			fmt.Fprintf(&b, "%v (never wins)", t.Term)
		case e.Single:
			fmt.Fprintf(&b, "%v (always wins)", t.Term)
		default:
			fmt.Fprintf(&b, "%+.4g × %v", t.Value, t.Term)
		}
	}
	return b.String()
}

// SingularError says that terms without a penalty depend on one another on every row, so that no single optimum exists.
type SingularError struct {
	// Terms is the dependence: Σ Value·x(Term) = 0 on every row. One term alone is zero on every row: a level that
	// never occurs.
	Terms []Loading
}

func (e *SingularError) Error() string {
	if len(e.Terms) == 1 {
		return fmt.Sprintf("logit: singular: %v is zero on every row", e.Terms[0].Term)
	}
	if len(e.Terms) == 2 && e.Terms[0].Value == -e.Terms[1].Value {
		return fmt.Sprintf("logit: singular: %v = %v on every row", e.Terms[0].Term, e.Terms[1].Term)
	}
	parts := make([]string, len(e.Terms))
	for i, t := range e.Terms {
		parts[i] = fmt.Sprintf("%+.6g × %v", t.Value, t.Term)
	}
	return "logit: singular: on every row 0 = " + strings.Join(parts, " ")
}

// NotConvergedError says that the solver stopped short of the tolerance. There is no fit.
type NotConvergedError struct {
	Passes       int
	GradientNorm float64 // as [Fit.GradientNorm], where it stopped
	Tolerance    float64
	Reason       string
}

func (e *NotConvergedError) Error() string {
	return fmt.Sprintf("logit: not converged: %s after %d passes: relative gradient norm %.3g, tolerance %.3g", e.Reason, e.Passes, e.GradientNorm, e.Tolerance)
}

func (t Term) String() string {
	if t.Column == InterceptColumn {
		return "intercept"
	}
	return fmt.Sprintf("column %d level %d", t.Column, t.Level)
}

// TermError says that a term is not one of the fit's.
type TermError struct{ Term Term }

func (e *TermError) Error() string {
	return fmt.Sprintf("logit: there is no coefficient for %v", e.Term)
}
