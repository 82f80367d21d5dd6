package budget

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomLeads are up to n random leads.
func randomLeads(random *rand.Rand, n int) (list []Candidate) {
	for i := range n {
		c := Candidate{M: 500 + 9000*random.Float64(), Cost: 150 * random.Float64(), Unknown: random.IntN(12) == 0, Stalled: random.IntN(8) == 0, Thin: random.IntN(4) == 0}
		p := 0.12 * random.Float64()
		c.Work = Work{ID: fmt.Sprint(i), Profit: p*c.M - c.Cost, Hours: 0.25 + 3*random.Float64()}
		list = append(list, c)
	}
	return list
}

// The leads worked bring as much as the best of all subsets that fit the hours.
func TestDispatchEqualsBruteForce(t *testing.T) {
	random := rand.New(rand.NewPCG(51, 51))
	cut := 0
	for i := range 500 {
		list, hours := randomLeads(random, 1+random.IntN(13)), 12*random.Float64()
		d := must(Dispatch(list, hours, nil))
		best := 0.0
		for set := range 1 << len(list) {
			profit, used := 0.0, 0.0
			for k, c := range list {
				if set>>k&1 == 1 && !c.Unknown && !c.Stalled {
					profit, used = profit+c.Profit, used+c.Hours
				}
			}
			if used <= hours {
				best = max(best, profit)
			}
		}
		if math.Abs(d.Profit-best) > 1e-9*max(1, best) || d.Used > hours || !d.Proven {
			t.Errorf("case %d: %v in %v of %v hours, the best subset brings %v", i, d.Profit, d.Used, hours, best)
		}
		if d.Mu > 0 {
			cut++
		}
		again := slices.Clone(list)
		random.Shuffle(len(again), func(a, b int) { again[a], again[b] = again[b], again[a] })
		if other := must(Dispatch(again, hours, nil)); math.Abs(other.Profit-d.Profit) > 1e-9*max(1, best) || len(other.Leads) != len(list) {
			t.Errorf("case %d: another order brings %v, want %v", i, other.Profit, d.Profit)
		}
	}
	if cut < 200 {
		t.Errorf("hours were scarce in %d cases only", cut)
	}
}

// μ is what one more hour brings where the last lead may be worked in part, also after the first hundreds.
func TestQueuePriceIsADerivative(t *testing.T) {
	random := rand.New(rand.NewPCG(52, 52))
	for range 50 {
		var work []Work
		for i := range 10 + random.IntN(400) {
			work = append(work, Work{fmt.Sprint(i), 1000 * random.Float64(), 0.25 + random.Float64()})
		}
		hours := 0.1 + 0.5*float64(len(work))*random.Float64()
		profit := func(h float64) float64 { return must(Line(work, h)).Profit }
		q := must(Line(work, hours))
		const step = 1e-7
		right := (profit(hours+step) - profit(hours)) / step
		if math.Abs(right-q.Mu) > 1e-3*max(1, q.Mu) {
			t.Errorf("μ = %v at %v hours, numerically %v", q.Mu, hours, right)
		}
	}
}

// Every lead has one place, by the rules.
func TestDispatchPlaces(t *testing.T) {
	n := &Nurture{P1: 0.12, Q: 0.5, Delay: 0.97, Cost: 30}
	lead := func(id string, profit, m float64) Candidate {
		return Candidate{Work: Work{id, profit, 1}, M: m, Cost: 100}
	}
	list := []Candidate{
		lead("first", 900, 4000), lead("second", 800, 4000), lead("late", 700, 500), lead("warm", -50, 4000),
		lead("loss", -50, 500), lead("thin", -50, 500), lead("stalled", 2000, 9000), lead("gone", 2000, 100), lead("unknown", math.NaN(), math.NaN()),
	}
	list[5].Thin, list[6].Stalled, list[7].Stalled, list[8].Unknown = true, true, true, true
	d := must(Dispatch(list, 2.5, n))
	want := map[string]Place{"first": WorkIt, "second": WorkIt, "late": RecycleIt, "warm": No, "loss": No, "thin": VerifyIt, "stalled": RecycleIt, "gone": No, "unknown": VerifyIt}
	total := 0
	for _, p := range d.Leads {
		if p.Place != want[p.ID] {
			t.Errorf("%s: %s, want %s", p.ID, p.Place, want[p.ID])
		}
		total++
	}
	if total != len(list) || d.Leads[0].ID != "first" || d.Leads[1].Rank != 2 || d.Used != 2 || d.Idle != 0.5 || d.Mu != 700 || d.Wanted != 3 {
		t.Errorf("%+v", d)
	}
	// At 700 an hour nurturing does not pay; with time to spare it does.
	for _, p := range must(Dispatch(list, 40, n)).Leads {
		if p.ID == "warm" && p.Place != NurtureAt {
			t.Errorf("warm: %s", p.Place)
		}
	}
	// Leads better nurtured than worked are not worked.
	better := lead("better later", 20, 4000)
	if d := must(Dispatch([]Candidate{better}, 40, n)); d.Leads[0].Place != NurtureAt {
		t.Errorf("%+v", d.Leads)
	}
	none := must(Dispatch(list[:2], 0, nil))
	if none.Count[RecycleIt] != 2 || none.Mu != 900 {
		t.Errorf("no hours: %+v", none)
	}
	if _, err := Dispatch([]Candidate{list[0], list[0], lead("x", math.NaN(), 1)}, -1, &Nurture{P1: 2}); len(fieldsOf(err)) != 4 {
		t.Errorf("%v", err)
	}
}

// Of many leads those worked fill the hours and bring less than one lead below the line.
func TestDispatchOfMany(t *testing.T) {
	list := randomLeads(rand.New(rand.NewPCG(53, 53)), 3000)
	for i := range list {
		list[i].Hours = 0.75
	}
	d := must(Dispatch(list, 40, nil))
	if d.Count[WorkIt] != 53 || d.Used > 40 || !d.Proven {
		t.Errorf("%v, %v hours", d.Count, d.Used)
	}
	for i, p := range d.Leads[:53] {
		if p.Rank != i+1 || i > 0 && p.Profit > d.Leads[i-1].Profit {
			t.Fatalf("place %d: %+v", i, p)
		}
	}
}

// A queue of nobody is an empty list to whoever reads it as JSON.
func TestDispatchOfNobody(t *testing.T) {
	if d, err := Dispatch(nil, 8, nil); err != nil || d.Leads == nil {
		t.Errorf("%+v, %v", d, err)
	}
}
