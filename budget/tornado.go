package budget

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Swing is an input of a plan at its low and at its high end, such as one standard error to either side.
type Swing struct {
	Name      string
	Low, High Change
}

// TornadoRow says how much an input that is not well known moves the profit.
type TornadoRow struct {
	Name string `json:"name"`
	Low  Figure `json:"low"`  // change of profit at the low end
	High Figure `json:"high"` // change of profit at the high end
	Span Figure `json:"span"` // the larger distance from the plan, or between them; [OutOfReach] where an end is
}

// Tornado moves one input at a time and orders them by how far the profit goes, what goes furthest first. The spends are
// chosen anew each time. An end at which the plan's bounds leave no answer is [OutOfReach]: a doubt that may leave no plan
// at all stands before those that move its profit, and among its like by the end that has an answer, both ends without
// one first. It stops with ctx's error when ctx is done.
func (p Plan) Tornado(ctx context.Context, swings []Swing) ([]TornadoRow, error) {
	base, err := p.Solve()
	if err != nil {
		return nil, err
	}
	rows := make([]TornadoRow, len(swings))
	for i, s := range swings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows[i] = TornadoRow{Name: s.Name, Low: p.swung(s.Low, base.Planned), High: p.swung(s.High, base.Planned)}
		rows[i].Span = Unknown(OutOfReach)
		if unanswered, distance := rows[i].reach(); unanswered == 0 {
			rows[i].Span = Known(distance)
		}
	}
	slices.SortStableFunc(rows, TornadoRow.compare)
	return rows, nil
}

// reach returns how many ends have no answer, and how far the profit goes between the plan and those that have.
func (r TornadoRow) reach() (unanswered int, distance float64) {
	for _, end := range []Figure{r.Low, r.High} {
		if _, answered := end.Value(); !answered {
			unanswered++
		}
	}
	low, high := r.Low.value, r.High.value // 0, the plan itself, without an answer
	return unanswered, max(abs(low), abs(high), abs(high-low))
}

// compare orders rows, those that reach furthest first.
func (r TornadoRow) compare(o TornadoRow) int {
	unanswered, distance := r.reach()
	unansweredOther, distanceOther := o.reach()
	return cmp.Or(cmp.Compare(unansweredOther, unanswered), cmp.Compare(distanceOther, distance), cmp.Compare(r.Name, o.Name))
}

// swung is what a change does to the profit.
func (p Plan) swung(c Change, base Outcomes) Figure {
	s := p.scenario(c, base)
	if s.Impossible != "" {
		return Unknown(OutOfReach)
	}
	return Known(s.Profit)
}

// Swings are what is not well known of each source, one standard error to either side: what a lead is worth, by its rate
// of a sale and the profit of one,
//
//	se² = Var(rate)/mean(rate)² + se(log profit)²
//
// and how many leads the money brings. Sources without a record of how well they are known have none.
func (p Plan) Swings() (swings []Swing) {
	for _, s := range p.Sources {
		k := s.Known
		if k == nil {
			continue
		}
		mean, n := k.Rate.Mean(), k.Rate.Strength()
		worth := math.Sqrt((1-mean)/(mean*(n+1)) + k.ProfitLogSE*k.ProfitLogSE)
		by := func(name string, se float64, change func(factor float64) Change) {
			if se > 0 && isFinite(se) {
				swings = append(swings, Swing{Name: name, Low: change(math.Exp(-se)), High: change(math.Exp(se))})
			}
		}
		by("what a sale of "+s.Name+" brings, and how often", worth, func(x float64) Change { return Change{Values: map[string]float64{s.Name: x}} })
		by("leads of "+s.Name+" for the money", k.Response.LeadsLogSE, func(x float64) Change { return Change{Leads: map[string]float64{s.Name: x}} })
	}
	return swings
}
