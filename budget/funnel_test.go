package budget

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCohortAndCalendar(t *testing.T) {
	journeys := []Journey{
		sold(record("a", "x", 0, 10, 40), 500), // a sale of January's cohort in February
		record("b", "x", 20, 35, -1),           // an opportunity of February
		record("c", "x", 50, -1, -1),
		sold(record("d", "y", 5, 70, 80), 900),
		lost(record("e", "x", 2, -1, -1), 33, "timing"),
	}
	spend := []Spend{{"x", day(0), 100}, {"x", day(31), 50}, {"y", day(0), 70}, {"x", day(-40), 1000}}
	o := options()
	o.Period, o.AsOf, o.To = Monthly, day(60), day(60)

	cohort := table(t, o, spend, journeys...)
	if len(cohort.Rows) != 3 {
		t.Fatalf("%d rows", len(cohort.Rows))
	}
	january, february, other := cohort.Rows[0], cohort.Rows[1], cohort.Rows[2]
	if january.Period != "2026-01" || february.Period != "2026-02" || other.Source != "y" {
		t.Errorf("rows %s %s, %s %s, %s", january.Source, january.Period, february.Source, february.Period, other.Source)
	}
	counts(t, january, 3, 2, 1)
	counts(t, february, 1, 0, 0)
	counts(t, other, 1, 0, 0) // its opportunity and sale are yet to come
	counts(t, cohort.Total, 5, 2, 1)
	known(t, "cost per sale", january.PerUnit[2], 100)
	known(t, "loaded cost per sale", january.Loaded[2], 123)
	if january.Maturity.Immature || !february.Maturity.Immature {
		t.Error("a cohort of 40 days is mature at a cycle of 30, one of 10 days is not")
	}
	known(t, "mature share", cohort.Total.Maturity.MatureShare, 0.8)
	closeTo(t, "open", cohort.Total.Maturity.Open, 3)

	o.Basis = Calendar
	calendar := table(t, o, spend, journeys...)
	counts(t, calendar.Rows[0], 3, 1, 0)
	counts(t, calendar.Rows[1], 1, 1, 1)
	known(t, "cost per sale in February", calendar.Rows[1].PerUnit[2], 50)
	counts(t, calendar.Total, 5, 2, 1)
}

// A lead without a date of its own was acquired when its first record says.
func TestSkippedLeadRecord(t *testing.T) {
	o := options()
	o.Period, o.Basis = Monthly, Calendar
	c := table(t, o, nil, sold(record("a", "x", -1, 40, 35), 500))
	if len(c.Rows) != 1 || c.Rows[0].Period != "2026-02" {
		t.Fatalf("%+v", c.Rows)
	}
	counts(t, c.Rows[0], 1, 1, 1)
	o.Period = Quarterly
	if c := table(t, o, nil, record("a", "x", 100, -1, -1)); c.Rows[0].Period != "2026-Q2" {
		t.Errorf("period %s", c.Rows[0].Period)
	}
}

func TestExpectedWinsOfOpenLeads(t *testing.T) {
	path := Path{Stages: []string{"lead", "opportunity", "won"}, Rates: []float64{0.4, 0.5}, Costs: []float64{0, 0, 0}}
	o := options()
	o.AsOf, o.Outlook = day(30), path.Outlook(func(_ int, days float64) float64 { return math.Min(days/30, 1) })
	c := table(t, o, []Spend{{"x", day(0), 100}},
		record("young", "x", 30, -1, -1), record("old", "x", 0, -1, -1), record("deal", "x", 0, 15, -1), sold(record("won", "x", 0, 1, 2), 500), lost(record("lost", "x", 0, -1, -1), 3, ""))
	// 0.4·0.5 for the fresh lead, 0 for the one past all progress, 0.5·0.5/(1 − 0.25) for the deal, 1 for the sale
	known(t, "expected wins", c.Rows[0].Maturity.ExpectedWins, 0.2+1.0/3+1)
	known(t, "cost per expected win", c.Rows[0].Maturity.PerExpected, 100/(0.2+1.0/3+1))
}

func TestAccounts(t *testing.T) {
	member := func(j Journey) Journey { j.Account = "acme"; return j }
	o := options()
	o.ByAccount = true
	c := table(t, o, nil, member(sold(record("a", "x", 0, 1, 2), 500)), member(sold(record("b", "x", 3, 4, 5), 700)),
		member(lost(record("c", "x", 0, -1, -1), 9, "fit")), record("d", "x", 0, -1, -1))
	counts(t, c.Rows[0], 2, 1, 1)
	closeTo(t, "profit of both sales", c.Rows[0].Profit, 1200)
	refund, working := member(lost(sold(record("a", "x", 0, 1, 2), 500), 9, "refund")), member(record("b", "x", 3, -1, -1))
	for _, order := range [][]Journey{{refund, working}, {working, refund}} {
		undone := table(t, o, nil, order...)
		counts(t, undone.Rows[0], 1, 1, 0)
		closeTo(t, "open account", undone.Rows[0].Maturity.Open, 1)
	}
	modelled := member(record("e", "x", 0, 1, 2))
	modelled.Model = 300
	both := table(t, o, nil, member(sold(record("a", "x", 0, 1, 2), 500)), modelled)
	closeTo(t, "profit with the model's", both.Rows[0].Profit, 800)
}

// Order and repetition of the records change nothing.
func TestTableIgnoresOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var journeys []Journey
		for i := range rapid.IntRange(1, 20).Draw(t, "n") {
			days := rapid.SliceOfN(rapid.IntRange(-1, 300), 3, 3).Draw(t, "days")
			days[0] = max(days[0], 0)
			j := record(string(rune('a'+i)), rapid.SampledFrom([]string{"x", "y"}).Draw(t, "source"), days...)
			j.Profit = rapid.Float64Range(0, 1000).Draw(t, "profit")
			if rapid.Bool().Draw(t, "lost") {
				j = lost(j, rapid.IntRange(0, 300).Draw(t, "lost on"), "x")
			}
			journeys = append(journeys, j)
		}
		text := func(journeys []Journey) string {
			c, err := CostBySource(journeys, nil, options())
			if err != nil {
				t.Fatal(err)
			}
			c.Duplicates = 0
			for _, row := range append(c.Rows, c.Total) {
				for k := range row.Counts[1:] {
					if row.Counts[k+1] > row.Counts[k] {
						t.Fatalf("counts %v rise", row.Counts)
					}
				}
				row.Profit = math.Round(row.Profit*1e6) / 1e6
			}
			for i := range c.Rows {
				c.Rows[i].Profit, c.Rows[i].ROI, c.Rows[i].ProfitPerSale = 0, Figure{}, Figure{}
			}
			c.Total.Profit, c.Total.ROI, c.Total.ProfitPerSale = 0, Figure{}, Figure{}
			b, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		want := text(journeys)
		if got := text(rapid.Permutation(journeys).Draw(t, "order")); got != want {
			t.Fatalf("another order gives\n%s, want\n%s", got, want)
		}
		if got := text(append(slices.Clone(journeys), journeys...)); got != want {
			t.Fatalf("every record twice gives\n%s, want\n%s", got, want)
		}
	})
}

func TestSalesCycle(t *testing.T) {
	var journeys []Journey
	for i := range 11 {
		journeys = append(journeys, record("", "x", 0, -1, 10*i))
	}
	known(t, "P90", SalesCycle(append(journeys, record("", "x", 0, -1, -1)), 0.9), 90)
	unknown(t, "without sales", SalesCycle(nil, 0.9), NoWins)
}

func TestLeakage(t *testing.T) {
	leaks := must(Leakage([]Journey{
		sold(record("a", "x", 0, 1, 2), 500),
		lost(record("b", "x", 0, 1, -1), 5, "went to a competitor"),
		lost(record("c", "x", 0, -1, -1), 5, ""),
		record("d", "x", 0, -1, -1),
		record("e", "x", 99, -1, -1), // not here yet
		record("f", "y", 0, -1, -1),
	}, []float64{100, 250, 500}, day(30)))
	if len(leaks) != 3 {
		t.Fatalf("%d rows", len(leaks))
	}
	leads, deals := leaks[0], leaks[2]
	if leads.Source != "x" || leads.Entered != 4 || leads.Progressed != 2 || leads.Lost != 1 || leads.Open != 1 || leads.Peers != nil {
		t.Errorf("%+v", leads)
	}
	known(t, "rate", leads.Rate, 2.0/3)
	if !leads.UnknownIsMany {
		t.Error("a missing reason is not alarming")
	}
	if r := deals.Reasons[0]; r.Cause != CauseCompetitor || r.Worth != 250 || deals.UnknownIsMany {
		t.Errorf("%+v", deals)
	}
	unknown(t, "rate of open leads", leaks[1].Rate, Unresolved)
	known(t, "raw rate of open leads", leaks[1].RawRate, 0)
}

// A source is compared with the others' leads of the same kinds, in its own mix: by hand.
func TestPeers(t *testing.T) {
	var journeys []Journey
	add := func(n int, source, peers string, on bool) {
		for range n {
			j := lost(record("", source, 0, -1, -1), 5, "no need")
			if on {
				j = record("", source, 0, 1, 2)
			}
			j.Peers = peers
			journeys = append(journeys, j)
		}
	}
	add(3, "x", "good", true)
	add(1, "x", "good", false)
	add(1, "x", "bad", false)
	add(1, "x", "alone", true) // the others have none like it
	add(2, "y", "good", true)
	add(6, "y", "good", false)
	add(1, "z", "bad", true)
	add(4, "z", "bad", false)
	add(1, "z", "", true)                                   // nobody knows what it is like
	journeys = append(journeys, record("", "x", 0, -1, -1)) // open
	leaks := must(Leakage(journeys, []float64{100, 250, 500}, day(30)))
	x := leaks[0].Peers
	closeTo(t, "units", x.Units, 5)
	known(t, "rate", x.Rate, 3.0/5)
	known(t, "expected", x.Expected, (4*0.25+1*0.2)/5)
	known(t, "difference", x.Difference, (3-1.2)/5)
	good, bad := 5.0/12, 1.0/6
	known(t, "z", x.Z, 1.8/math.Sqrt(4*good*(1-good)*(1+4.0/8)+bad*(1-bad)*(1+1.0/5)))
	known(t, "worth", x.Worth, 1.8*500) // all of x that went on were won
	if y := leaks[1].Peers; y.Units != 8 {
		t.Errorf("y is compared by %v of its 8 leads", y.Units)
	}
	if alone := must(Leakage(journeys[:4], []float64{100, 250, 500}, day(30)))[0].Peers; alone != nil {
		t.Errorf("a single source is compared: %+v", alone)
	}
}

// The ends of the score interval are the rates whose own standard error puts the observed one at z.
func TestWilson(t *testing.T) {
	low, high := wilson(90, 160, NoLeads)
	z2 := 1.6448536269514722 * 1.6448536269514722
	for name, f := range map[string]Figure{"low": low, "high": high} {
		p, _ := f.Value() // the ends solve (p̂ − p)² = z²·p(1−p)/n
		closeTo(t, name, math.Pow(0.5625-p, 2), z2*p*(1-p)/160)
	}
	low, high = wilson(0, 10, NoLeads)
	known(t, "low of none", low, 0)
	known(t, "high of none", high, z2/(10+z2))
}

func TestCauseOf(t *testing.T) {
	for reason, want := range map[string]Cause{
		"no budget": CauseBudget, "NO_BUDGET": CauseBudget, "wrong persona": CauseFit, "unreachable": CauseUnreachable,
		"bad timing": CauseTiming, "not a good fit": CauseFit, "benefit unclear": CauseUnknown, "": CauseUnknown, "other": CauseUnknown,
		"Duplicate": CauseDuplicate, "lost to Acme": CauseCompetitor, "no decision-maker": CauseAuthority, "no need": CauseNeed,
		"no_decision": CauseTiming, "not_a_buyer": CauseFit, "no decision maker": CauseAuthority, "invalid data": CauseData, "database": CauseUnknown, "unknown": CauseUnknown,
	} {
		if got := CauseOf(reason); got != want {
			t.Errorf("%q is %s, want %s", reason, got, want)
		}
		if back := want == CauseBudget || want == CauseTiming; want.Recyclable() != back {
			t.Errorf("%s is worth nurturing: %v", want, !back)
		}
	}
}

func FuzzCauseOf(f *testing.F) {
	for _, c := range causeWords {
		f.Add(c.words[0])
	}
	f.Fuzz(func(t *testing.T, reason string) {
		c := CauseOf(reason)
		if again := CauseOf(" " + reason + "\t"); again != c {
			t.Fatalf("%q is %s, with spaces around it %s", reason, c, again)
		}
	})
}

// Without open waits the estimate is the plain distribution and its mean the plain mean.
func TestWaitsWithoutCensoring(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.SliceOfN(rapid.IntRange(0, 20), 1, 40).Draw(t, "days")
		var waits []Wait
		sum := 0.0
		for _, d := range days {
			waits = append(waits, Wait{float64(d), true})
			sum += float64(d)
		}
		w, err := WaitTimes(waits)
		if err != nil {
			t.Fatal(err)
		}
		mean, _ := w.Mean(21).Value()
		if math.Abs(mean-sum/float64(len(days))) > 1e-9 {
			t.Fatalf("mean %v of %v", mean, days)
		}
		for d := range 21 {
			later := 0
			for _, x := range days {
				if x > d {
					later++
				}
			}
			if s, _ := w.Waiting(float64(d)).Value(); math.Abs(s-float64(later)/float64(len(days))) > 1e-9 {
				t.Fatalf("S(%d) = %v of %v", d, s, days)
			}
		}
	})
}

func TestWaitsOfNobody(t *testing.T) {
	w := must(WaitTimes(nil))
	for name, f := range map[string]Figure{"S": w.Waiting(1), "median": w.Quantile(0.5), "mean": w.Mean(3)} {
		unknown(t, name, f, NoLeads)
	}
	unknown(t, "naive mean", w.NaiveMean, Unmeasured)
	for _, tie := range [][]Wait{{{5, true}, {5, false}}, {{5, false}, {5, true}}} {
		known(t, "one of two contacted on a day", must(WaitTimes(tie)).Waiting(5), 0.5)
	}
	waiting := must(WaitTimes([]Wait{{5, false}}))
	known(t, "S", waiting.Waiting(5), 1)
	unknown(t, "median", waiting.Quantile(0.5), Unresolved)
}

func TestStaleLoss(t *testing.T) {
	for days, want := range map[float64]float64{0: 0, 1: 23.41, 3: 66.86, 7: 141.75, 14: 241.64} {
		if got := must(StaleLoss(0.12*4000, 0.05, days)); math.Abs(got-want) > 0.005 {
			t.Errorf("after %v days %v is lost, want %v", days, got, want)
		}
	}
}

func TestLossByWaiting(t *testing.T) {
	unknown(t, "nobody was contacted", must(must(WaitTimes([]Wait{{5, false}})).Loss(480, 0.05)), Unmeasured)
	w := must(WaitTimes([]Wait{{0, true}, {3, true}, {7, true}, {9, false}})) // the last has lost at least what 7 days take
	known(t, "a quarter at once, a quarter after 3 days, the rest after 7", must(w.Loss(480, 0.05)), (0+66.86017131597+2*141.74971693502)/4)
	if _, err := w.Loss(480, -1); err == nil {
		t.Error("a negative rate is taken")
	}
}

func TestWorkweek(t *testing.T) {
	w := Workweek{Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, From: 9 * time.Hour, To: 17 * time.Hour, Zone: time.UTC}
	at := func(text string) time.Time { return must(time.Parse("2006-01-02 15:04", text)) }
	for _, c := range []struct {
		from, to string
		want     time.Duration
	}{
		{"2026-01-05 10:00", "2026-01-05 12:30", 150 * time.Minute},  // a Monday
		{"2026-01-05 16:00", "2026-01-06 10:00", 2 * time.Hour},      // over night
		{"2026-01-09 16:00", "2026-01-12 10:00", 2 * time.Hour},      // over a weekend
		{"2026-01-10 10:00", "2026-01-11 12:00", 0},                  // a weekend
		{"2026-01-05 20:00", "2026-01-05 22:00", 0},                  // after work
		{"2026-01-05 08:00", "2026-01-05 18:00", 8 * time.Hour},      //
		{"2026-01-05 12:00", "2026-01-05 10:00", 0},                  // backwards
		{"2026-01-01 00:00", "2026-01-15 00:00", 10 * 8 * time.Hour}, // two weeks
		{"2026-01-05 10:00", "2026-01-05 10:00", 0},                  // at once
		{"2026-01-05 09:00", "2026-01-05 09:00", 0},                  // at opening
	} {
		if got := w.Between(at(c.from), at(c.to)); got != c.want {
			t.Errorf("%s to %s is %v, want %v", c.from, c.to, got, c.want)
		}
	}
	// Day by day, across the days when the clock is put forward and back, is what the whole wait is.
	w.Zone = must(time.LoadLocation("Europe/Berlin"))
	w.Days[6] = true
	start := time.Date(2026, 2, 3, 11, 17, 0, 0, time.UTC)
	for _, days := range []int{1, 6, 7, 8, 20, 60, 100, 400} {
		sum := time.Duration(0)
		for d := range days {
			sum += w.Between(start.AddDate(0, 0, d), start.AddDate(0, 0, d+1))
		}
		if got := w.Between(start, start.AddDate(0, 0, days)); got != sum || sum == 0 {
			t.Errorf("%d days: %v at once, %v day by day", days, got, sum)
		}
	}
	if err := (Workweek{}).Validate(); len(fieldsOf(err)) != 3 {
		t.Error(err)
	}
}

func TestEarlyWarning(t *testing.T) {
	steady := []float64{900, 1000, 1100, 1200, 1000, 950, 1050}
	half := make([]float64, len(steady))
	for i, x := range steady {
		half[i] = x / 2
	}
	d := must(Compare(half, steady))
	known(t, "ratio", d.Ratio, 0.5)
	if !d.Warning {
		t.Errorf("half the profit is no warning: %+v", d)
	}
	if same := must(Compare(steady, steady)); same.Warning || same.Z.value != 0 {
		t.Errorf("%+v", same)
	}
	zero := must(Compare([]float64{0, -5, 1000, 900}, steady))
	known(t, "mean with a refund", zero.Latest, 473.75)
	if zero.LeftOut != 2 {
		t.Errorf("%d left out", zero.LeftOut)
	}
	unknown(t, "z of one sale", must(Compare([]float64{1}, steady)).Z, TooFew)
	unknown(t, "z of equal profits", must(Compare([]float64{1, 1}, []float64{1, 1})).Z, TooFew)
}

func TestFirstPurchases(t *testing.T) {
	of := func(account string, j Journey) Journey { j.Account = account; return j }
	sales := FirstPurchases([]Journey{
		of("acme", sold(record("a", "x", 0, 1, 9), 700)), of("acme", sold(record("b", "x", 0, 1, 4), 500)),
		of("", sold(record("c", "x", 0, 1, 2), 300)), of("late", sold(record("d", "x", 0, 1, 99), 1)), of("open", record("e", "x", 0, 1, -1)),
	}, day(30))
	if len(sales) != 2 || sales[0].Profit != 300 || sales[1].Profit != 500 {
		t.Errorf("%v", sales)
	}
}

func TestGatesAndBars(t *testing.T) {
	for x, want := range map[float64]float64{-3: 0.0474, -1.8: 0.1419, -1: 0.2689} {
		closeTo(t, "σ", sigmoid(x), want, 5e-5)
	}
	g := Gates{Fit: 0.1, Probability: 0.2}
	if !g.Qualifies(-3, 1.2, sigmoid(-1)) || g.Qualifies(-3, 0.2, sigmoid(2.2)) || g.Qualifies(-3, 1.2, sigmoid(-1.8)) || !g.Fits(-3, 1.2) || g.Fits(-3, 0.2) {
		t.Error("both gates must be passed")
	}
	if err := (Gates{Fit: -1, Probability: math.NaN()}).Validate(); len(fieldsOf(err)) != 2 {
		t.Error(err)
	}
	curve := BarCurve([]float64{0.1, math.NaN(), 0.3, 0.2}, []float64{0, 0.2, 0.21, 1})
	for i, want := range []int{3, 2, 1, 0} {
		if curve[i].Leads != want {
			t.Errorf("bar %v lets %d through, want %d", curve[i].Bar, curve[i].Leads, want)
		}
	}
	closeTo(t, "expected wins at 0.2", curve[1].ExpectedWins, 0.5)
	for _, c := range []struct {
		slope, mean, rate float64
		want              bool
	}{{1, 0.07, 0.07, true}, {0.79, 0.07, 0.07, false}, {1.26, 0.07, 0.07, false}, {1, 0.14, 0.07, false}, {1, 0.07, 0.085, true}, {1, 0.07, 0.088, false}} {
		if got := must(Trustworthy(c.slope, c.mean, c.rate, 1000)); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
