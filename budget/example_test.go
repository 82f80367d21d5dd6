package budget_test

import (
	"fmt"

	"github.com/leadscore/leadscore/budget"
)

// The worked figure of the article, with the sales cost of its advanced form, and what its average row leaves out.
func Example() {
	plain := budget.Target{ROI: 0.25, Basis: budget.Marketing}
	fmt.Println(plain.Arithmetic("USD", 0.07, 4000, 0, 0))

	path := budget.Path{
		Stages: []string{"lead", "mql", "sql", "opportunity", "won"},
		Rates:  []float64{0.4, 0.5, 0.7, 0.5},
		Costs:  []float64{0, 60, 150, 400, 0},
	}
	fmt.Println(budget.DefaultTarget().Arithmetic("USD", path.Conversion(), 4000, path.SalesCost(), 0))

	segments, err := budget.Summarize([]budget.Member{
		{P: 0.06, M: 5000, Weight: 1}, {P: 0.10, M: 4000, Weight: 1}, {P: 0.05, M: 3000, Weight: 1},
	}, plain)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(segments.Words("USD", plain))
	// Output:
	// $4,000 / 1.25 × 7 % = $224
	// $4,000 / 1.25 × 7 % − $110 = $114
	// lead by lead the expected value is $283.33 and the cap $226.66; the averages, 7 % × $4,000, would give $224 and underpay by $2.66 a lead, because here the leads worth more convert more often (covariance $3.33, / 1.25)
}

// A budget over three sources of diminishing returns, with one at its limit.
func ExampleAllocate() {
	amount := func(x float64) *float64 { return &x }
	source := func(name string, worth float64) budget.Source {
		return budget.Source{Name: name, Curve: budget.Curve{Form: budget.Power, A: 1, B: 0.5}, Worth: worth}
	}
	sources := []budget.Source{source("search", 300), source("webinar", 400), source("list", 150)}
	sources[1].High = amount(12_000)
	a, err := budget.Allocate(sources, budget.Limits{Mode: budget.SpendBudget, Budget: amount(27_250), Currency: "USD"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range a.Shares {
		fmt.Printf("%s %v %q\n", s.Name, s.Money, s.Bound)
	}
	fmt.Println(a.Words("USD"))
	// Output:
	// search $12,200 ""
	// webinar $12,000 "high"
	// list $3,050 ""
	// webinar is at its most spend: $1,000 more would bring $467.71; the budget is used up: the next $1,000 would bring $1,358.04
}
