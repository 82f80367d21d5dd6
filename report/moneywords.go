package report

import (
	"fmt"
	"math"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// moneyLead is the sentence for who pays.
func moneyLead(e *model.Economics) string {
	c := e.Policy.Currency
	text := fmt.Sprintf("A lead is worth %s on average and may cost %s at a target return of %s", estimated(c, e.Total.Group.Value), most(c, e.Total.Cap), roundPercent(e.Policy.ROI))
	over, priced, doubtful, lost := 0, 0, 0, 0.0
	for i := range e.Rows {
		r := &e.Rows[i]
		if r.By != e.Rows[0].By || r.Purchase == nil {
			continue
		}
		priced++
		switch r.Purchase.Verdict {
		case budget.Doubtful:
			doubtful++
		case budget.AtALoss, budget.BelowTarget:
			over++
		}
		if r.Purchase.Verdict == budget.AtALoss {
			lost -= r.Purchase.Profit * r.Leads
		}
	}
	switch {
	case priced == 0:
		return text + ". What was paid for leads is not known."
	case over == 0 && doubtful > 0:
		return text + fmt.Sprintf("; none of the %s of known cost is paid above its cap, but %s above what their outcomes allow.", plural(priced, "group"), count(float64(doubtful)))
	case over == 0:
		return text + fmt.Sprintf("; none of the %s of known cost is paid above its cap.", plural(priced, "group"))
	}
	text += fmt.Sprintf("; %s of %s of known cost %s paid above the cap", count(float64(over)), plural(priced, "group"), isAre(over))
	if lost > 0 {
		text += fmt.Sprintf(", and those bought at a loss lose %s in all", amountIn(c, math.Round(lost)))
	}
	if doubtful > 0 {
		text += fmt.Sprintf("; %s more above what their outcomes allow", count(float64(doubtful)))
	}
	return text + "."
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// costWords says what sales cost a cap takes off, and what profits are discounted by.
func costWords(p *budget.Policy, rates string) string {
	text := salesCostWords(p, rates)
	if p.Discount > 0 {
		text += fmt.Sprintf(" Profits are at their present value on the day of the lead, at %s a year.", budget.Percent(p.Discount))
	}
	return text
}

func salesCostWords(p *budget.Policy, rates string) string {
	if p.Basis == budget.Marketing || len(p.StageCosts) == 0 && p.HoursPerLead*p.HourPrice == 0 {
		return "Caps take off no sales cost."
	}
	text := "Caps take off the sales cost of a lead"
	if len(p.StageCosts) > 0 {
		text += fmt.Sprintf(": what each stage costs times the share of leads that reach it (rates of %s)", rates)
	}
	if p.HoursPerLead*p.HourPrice > 0 {
		text += fmt.Sprintf(", and %s h at %s", trimmed(p.HoursPerLead), amountIn(p.Currency, p.HourPrice))
	}
	return text + "."
}
