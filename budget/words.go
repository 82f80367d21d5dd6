package budget

import (
	"fmt"
	"strconv"
	"strings"
)

// Figures written out, for people: "$4,000 / 1.25 × 7 % = $224".

// Percent writes a share as a percentage of at most six digits: 7 %, 7.4667 %.
func Percent(x float64) string { return short(100*x) + " %" }

// short writes a number of at most six significant digits.
func short(x float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	if err != nil {
		return strconv.FormatFloat(x, 'g', 6, 64)
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// maximum writes a price rounded down.
func (c Currency) maximum(x float64) string {
	m, why := c.Maximum(x)
	if why != "" {
		return c.Format(x)
	}
	return m.String()
}

// Arithmetic writes out the cap of a lead with probability p and profit m, sales cost s and hours at μh.
func (t Target) Arithmetic(c Currency, p, m, s, muHours float64) string {
	factor := short(1 + t.ROI)
	gain := c.Format(m) + " × " + Percent(p)
	costs := terms(c, s, muHours)
	var formula string
	switch {
	case t.Basis == CostOfSale && costs != "":
		formula = "(" + gain + costs + ") / " + factor
	case t.Basis == InInvestment:
		formula = c.Format(m) + " / " + factor + " × " + Percent(p) + costs
	default:
		formula = c.Format(m) + " / " + factor + " × " + Percent(p)
	}
	return t.concluded(c, formula, p*m, s+muHours)
}

// concluded adds the result to a formula.
func (t Target) concluded(c Currency, formula string, v, s float64) string {
	if x := t.price(v, s); x <= 0 {
		return formula + " = " + c.Format(x) + ", so do not buy"
	}
	return formula + " = " + c.maximum(t.price(v, s))
}

// terms are the costs that a cap subtracts.
func terms(c Currency, s, muHours float64) string {
	var text strings.Builder
	if s != 0 {
		text.WriteString(" − " + c.Format(s))
	}
	if muHours != 0 {
		text.WriteString(" − " + c.Format(muHours) + " of hours")
	}
	return text.String()
}

// Words says what the purchase means.
func (p Purchase) Words(c Currency) string {
	price := "bought at " + c.Format(p.Price) + " a lead"
	switch p.Verdict {
	case AtALoss:
		return fmt.Sprintf("%s, it returns %s: a loss of %s on every lead", price, c.Format(p.Profit+p.Price), c.Format(-p.Profit))
	case BelowTarget:
		return fmt.Sprintf("%s, it earns %s, but %s less would be needed for the target", price, c.Format(p.Profit), c.Format(-p.Headroom))
	}
	return fmt.Sprintf("%s, it earns %s and could cost %s more", price, c.Format(p.Profit), c.maximum(p.Headroom))
}
