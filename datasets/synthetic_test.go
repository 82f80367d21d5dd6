package datasets

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
)

// sampleData is all that Draw yields, as one frame of leads and one of their truth.
type sampleData struct {
	opts         SyntheticOptions
	leads, truth Frame
}

func drawSample(t *testing.T, opts SyntheticOptions) *sampleData {
	t.Helper()
	d := &sampleData{opts, Frame{Columns: leadColumns(0)}, Frame{Columns: truthColumns(0)}}
	err := Draw(t.Context(), opts, func(leads, truth Frame) error {
		appendSample(&d.leads, leads)
		appendSample(&d.truth, truth)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func appendSample(to *Frame, f Frame) {
	to.Rows += f.Rows
	for i := range f.Columns {
		a, b := &to.Columns[i], &f.Columns[i]
		a.Texts, a.Codes, a.Bools = append(a.Texts, b.Texts...), append(a.Codes, b.Codes...), append(a.Bools, b.Bools...)
		a.Ints, a.Floats = append(a.Ints, b.Ints...), append(a.Floats, b.Floats...)
		a.Times, a.Valid = append(a.Times, b.Times...), append(a.Valid, b.Valid...)
	}
}

func sampleOptions(rows int, seed uint64) SyntheticOptions {
	o := DefaultSyntheticOptions()
	o.Rows, o.Seed, o.Workers = rows, seed, 2
	return o
}

// laterOptions describes leads of the quarter after the default window, of which all is known.
func laterOptions(rows int, seed uint64) SyntheticOptions {
	o := sampleOptions(rows, seed)
	o.Start, o.Months = o.End(), 3
	o.AsOf = o.End().AddDate(3, 0, 0)
	return o
}

func (d *sampleData) p(row int) float64   { return d.truth.Columns[truthP].Floats[row] }
func (d *sampleData) m(row int) float64   { return d.truth.Columns[truthProfit].Floats[row] }
func (d *sampleData) junk(row int) bool   { return d.truth.Columns[truthJunk].Bools[row] }
func (d *sampleData) source(row int) int  { return int(d.leads.Columns[colSource].Codes[row]) }
func (d *sampleData) won(row int) bool    { return d.leads.Columns[colConverted].Bools[row] }
func (d *sampleData) age(row int) float64 { return d.days(colCreatedAt, row, d.opts.AsOf.UnixMicro()) }

// days returns the days from the row's instant in the column until the instant.
func (d *sampleData) days(column, row int, until int64) float64 {
	return float64(until-d.leads.Columns[column].Times[row]) / (secondsPerDay * microsPerSecond)
}

func (d *sampleData) mature(row int) bool { return d.age(row) >= float64(d.opts.Horizon) }

// inTime reports whether a sale within the horizon is known.
func (d *sampleData) inTime(row int) bool {
	return d.won(row) && d.days(colCreatedAt, row, d.leads.Columns[colConvertedAt].Times[row]) <= float64(d.opts.Horizon)
}

func sampleBetween(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if !(got >= low && got <= high) {
		t.Errorf("%s: got %.4g, want %.4g to %.4g", what, got, low, high)
	}
}

// sampleRanks returns the ranks of the values, ties sharing their mean.
func sampleRanks(x []float64) []float64 {
	order, ranks := make([]int, len(x)), make([]float64, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(x[i], x[j]) })
	for low := 0; low < len(x); {
		high := low + 1
		for high < len(x) && x[order[high]] == x[order[low]] {
			high++
		}
		for _, i := range order[low:high] {
			ranks[i] = float64(low+high+1) / 2
		}
		low = high
	}
	return ranks
}

func sampleSpearman(x, y []float64) float64 {
	return stat.Correlation(sampleRanks(x), sampleRanks(y), nil)
}

// sampleAUC returns the probability that a row with a true label outranks one with a false label.
func sampleAUC(score []float64, label []bool) float64 {
	sum, positive := 0., 0.
	for i, rank := range sampleRanks(score) {
		if label[i] {
			sum += rank
			positive++
		}
	}
	return (sum - positive*(positive+1)/2) / (positive * (float64(len(label)) - positive))
}

func TestSampleAUCAndRanksOfTies(t *testing.T) {
	if got := sampleRanks([]float64{5, 1, 5, 3}); !slices.Equal(got, []float64{3.5, 1, 3.5, 2}) {
		t.Errorf("ranks: got %v", got)
	}
	if got := sampleAUC([]float64{5, 1, 5, 3}, []bool{true, false, false, true}); got != .625 { // pairs: 1 + .5 + 1 + 0, of 4
		t.Errorf("AUC: got %v, want .625", got)
	}
}

// The promises about the sample leads. "Junk at most 15 % of the leads with p <= .001" can be read as "at most
// 15 % of all leads, and its p <= .001" or as "at most 15 % of those leads that have p <= .001". Both hold, since
// students, competitors and companies out of reach hardly ever buy either. "Profit" can be the mean profit m of
// every lead or the profit of the sales made: both hold too, m source by source.
func TestSampleLeadsKeepTheirPromises(t *testing.T) {
	for _, seed := range []uint64{1, 20} {
		d := drawSample(t, sampleOptions(100_000, seed))
		var mature, sum, junk, low float64
		for row := range d.leads.Rows {
			if d.mature(row) {
				mature++
				sum += d.p(row)
			}
			if d.p(row) <= .001 {
				low++
			}
			if d.junk(row) {
				junk++
				if d.p(row) > .001 {
					t.Fatalf("seed %d: row %d is junk with p %v, want at most .001", seed, row, d.p(row))
				}
			}
		}
		sampleBetween(t, "base rate of mature leads", sum/mature, .065, .075)
		sampleBetween(t, "share of immature leads", 1-mature/float64(d.leads.Rows), .10, .20)
		sampleBetween(t, "share of junk", junk/float64(d.leads.Rows), .01, .15)
		sampleBetween(t, "share of junk among p <= .001", junk/low, .01, .15)
		checkValueCorrelation(t, d)
	}
}

func checkValueCorrelation(t *testing.T, d *sampleData) {
	t.Helper()
	var p, m, pWon, profit [len(sampleSources)][]float64
	for row := range d.leads.Rows {
		s := d.source(row)
		p[s], m[s] = append(p[s], d.p(row)), append(m[s], d.m(row))
		if d.won(row) {
			pWon[s], profit[s] = append(pWon[s], d.p(row)), append(profit[s], d.leads.Columns[colProfit].Floats[row])
		}
	}
	var pooled, sales float64
	for s := range sampleSources {
		sampleBetween(t, "rank correlation of m and p within "+sampleSources[s].name, sampleSpearman(m[s], p[s]), -.43, -.2)
		if n := float64(len(profit[s])); n > 2 {
			pooled += n * sampleSpearman(profit[s], pWon[s])
			sales += n
		}
	}
	sampleBetween(t, "rank correlation of profit and p within source", pooled/sales, -.4, -.2)
}

func TestSampleLeadsDoNotDependOnWorkers(t *testing.T) {
	opts := sampleOptions(45_000, 3)
	var want *sampleData
	for _, workers := range []int{1, 2, 3, 7} {
		opts.Workers = workers
		got := drawSample(t, opts)
		if want == nil {
			want = got
		}
		for i := range got.leads.Columns {
			sameSampleColumn(t, workers, &got.leads.Columns[i], &want.leads.Columns[i])
		}
		for i := range got.truth.Columns {
			sameSampleColumn(t, workers, &got.truth.Columns[i], &want.truth.Columns[i])
		}
	}
}

func sameSampleColumn(t *testing.T, workers int, a, b *FrameColumn) {
	t.Helper()
	if !slices.Equal(a.Texts, b.Texts) || !slices.Equal(a.Codes, b.Codes) || !slices.Equal(a.Bools, b.Bools) || !slices.Equal(a.Ints, b.Ints) ||
		!slices.Equal(a.Floats, b.Floats) || !slices.Equal(a.Times, b.Times) || !slices.Equal(a.Valid, b.Valid) {
		t.Errorf("%s: differs between 1 worker and %d", a.Name, workers)
	}
}

// The leads file holds neither the truth nor a column that gives it away, but for the planted leak.
func TestSampleLeadsHideTheTruth(t *testing.T) {
	d := drawSample(t, sampleOptions(60_000, 4))
	for _, c := range d.leads.Columns {
		if slices.ContainsFunc(d.truth.Columns[1:], func(other FrameColumn) bool { return other.Name == c.Name }) {
			t.Errorf("column %q of the truth is in the leads file", c.Name)
		}
	}
	label := make([]bool, d.leads.Rows)
	for row := range label {
		label[row] = d.inTime(row)
	}
	leak := make([]float64, d.leads.Rows)
	for row, x := range d.leads.Columns[colTouches].Ints {
		leak[row] = float64(x)
	}
	sampleBetween(t, "AUC of the leak", sampleAUC(leak, label), .95, 1)
	for i := colNumbers; i < colNumbers+numCount; i++ {
		sampleBetween(t, "AUC of "+d.leads.Columns[i].Name, sampleAUC(sampleNumbers(&d.leads.Columns[i]), label), .3, .7)
	}
	for _, column := range []int{colLeadID, colAccountID} {
		texts := d.leads.Columns[column].Texts
		order := make([]float64, len(texts))
		sorted := slices.Sorted(slices.Values(texts))
		for row, text := range texts {
			at, _ := slices.BinarySearch(sorted, text)
			order[row] = float64(at)
		}
		sampleBetween(t, "AUC of "+d.leads.Columns[column].Name, sampleAUC(order, label), .47, .53)
		if column == colLeadID && len(slices.Compact(sorted)) != d.leads.Rows {
			t.Error("lead_id: not unique")
		}
	}
}

// sampleNumbers returns the values of a number column, -1 where missing.
func sampleNumbers(c *FrameColumn) []float64 {
	numbers := make([]float64, max(len(c.Ints), len(c.Floats)))
	for row := range numbers {
		switch {
		case c.Valid != nil && !c.Valid[row]:
			numbers[row] = -1
		case c.Ints != nil:
			numbers[row] = float64(c.Ints[row])
		default:
			numbers[row] = c.Floats[row]
		}
	}
	return numbers
}

// Times are in order, nothing is known after the as-of day, and the columns of an outcome agree.
func TestSampleTimesAreInOrder(t *testing.T) {
	d := drawSample(t, sampleOptions(50_000, 8))
	columns := d.leads.Columns
	start, end, asOf := d.opts.Start.UnixMicro(), d.opts.End().UnixMicro(), d.opts.AsOf.UnixMicro()
	contacted, mqls := 0., 0.
	if !slices.IsSorted(columns[colCreatedAt].Times) {
		t.Error("created_at: not in ascending order")
	}
	for row := range d.leads.Rows {
		created := columns[colCreatedAt].Times[row]
		if created < start || created >= end {
			t.Fatalf("row %d: created_at %v is outside the window", row, created)
		}
		last, open := created, false
		for _, column := range []int{colMQL, colSQL, colOpportunity, colConvertedAt} {
			c := &columns[column]
			switch {
			case !c.Valid[row]:
				open = true
			case open:
				t.Fatalf("row %d: %s is set though an earlier stage is not", row, c.Name)
			case c.Times[row] <= last || c.Times[row] > asOf:
				t.Fatalf("row %d: %s %d is not after the stage before it, %d, and by the as-of day", row, c.Name, c.Times[row], last)
			default:
				last = c.Times[row]
			}
		}
		if c, mql, sql := &columns[colContacted], &columns[colMQL], &columns[colSQL]; c.Valid[row] {
			if at := c.Times[row]; !mql.Valid[row] || at < mql.Times[row] || at > asOf || sql.Valid[row] && at >= sql.Times[row] {
				t.Fatalf("row %d: contacted_at %d is not between mql_at and sql_at, and by the as-of day", row, at)
			}
			contacted++
		} else if columns[colSQL].Valid[row] {
			t.Fatalf("row %d: an sql that nobody has contacted", row)
		}
		if columns[colMQL].Valid[row] {
			mqls++
		}
		lost, won := columns[colLostAt].Valid[row], d.won(row)
		if lost && (won || columns[colLostAt].Times[row] <= last || columns[colLostAt].Times[row] > asOf) {
			t.Fatalf("row %d: lost_at %d does not fit the stages until %d", row, columns[colLostAt].Times[row], last)
		}
		if columns[colLostReason].Valid[row] && !lost {
			t.Fatalf("row %d: has a reason but is not lost", row)
		}
		for _, column := range []int{colConvertedAt, colProfit, colRevenue} {
			if columns[column].Valid[row] != won {
				t.Fatalf("row %d: %s and converted disagree", row, columns[column].Name)
			}
		}
	}
	sampleBetween(t, "mqls that were contacted", contacted/mqls, .75, .9)
}

func TestSampleMissingValuesDependOnTheSource(t *testing.T) {
	d := drawSample(t, sampleOptions(60_000, 10))
	rows := map[string]float64{}
	missing := map[[2]string]float64{}
	for row := range d.leads.Rows {
		name := sampleSources[d.source(row)].name
		rows[name]++
		for _, c := range d.leads.Columns {
			if c.Valid != nil && !c.Valid[row] {
				missing[[2]string{name, c.Name}]++
			}
		}
	}
	share := func(source, column string) float64 { return missing[[2]string{source, column}] / rows[source] }
	for _, column := range []string{"need", "budget", "timeline", "pages_viewed"} {
		sampleBetween(t, column+" missing from bought lists", share("bought_list", column), .9, 1)
		sampleBetween(t, column+" missing from referrals", share("referral", column), .05, .45)
	}
	sampleBetween(t, "employees missing from bought lists", share("bought_list", "employees"), .35, .55)
	sampleBetween(t, "annual_revenue missing from searches", share("organic_search", "annual_revenue"), .35, .6)
	sampleBetween(t, "pages_viewed missing from trade shows", share("trade_show", "pages_viewed"), .65, .85)
	sampleBetween(t, "pages_viewed missing from searches", share("organic_search", "pages_viewed"), .01, .06)
}

func TestSyntheticOptionsTellEveryProblem(t *testing.T) {
	if err := DefaultSyntheticOptions().Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	bad := SyntheticOptions{Rows: 0, Months: -1, Horizon: 0, Workers: 0, Start: time.Date(2024, 7, 1, 5, 0, 0, 0, time.UTC)}
	err := bad.Validate()
	for _, field := range []string{"Rows 0", "Months -1", "Horizon 0", "Workers 0", "Start 2024", "AsOf 0001"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("error %v does not tell of %s", err, field)
		}
	}
	if err := Draw(t.Context(), bad, nil); err == nil {
		t.Error("Draw: took bad options")
	}
}

func BenchmarkDraw(b *testing.B) {
	opts := sampleOptions(100_000, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := Draw(b.Context(), opts, func(_, _ Frame) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(opts.Rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
