package datasets

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// The outcomes are drawn with the probabilities that the truth states: in every tenth of p and in every source.
func TestSampleOutcomesFollowTheTruth(t *testing.T) {
	d := drawSample(t, laterOptions(80_000, 5))
	order := make([]int, d.leads.Rows)
	for row := range order {
		order[row] = row
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(d.p(i), d.p(j)) })
	for k, rows := range slices.Collect(slices.Chunk(order, d.leads.Rows/10)) {
		checkWins(t, d, fmt.Sprintf("tenth %d of p", k+1), rows)
	}
	bySource := map[int][]int{}
	for row := range d.leads.Rows {
		bySource[d.source(row)] = append(bySource[d.source(row)], row)
	}
	for _, s := range slices.Sorted(maps.Keys(bySource)) {
		checkWins(t, d, sampleSources[s].name, bySource[s])
	}
}

func checkWins(t *testing.T, d *sampleData, what string, rows []int) {
	t.Helper()
	var wins, expected, variance float64
	for _, row := range rows {
		expected += d.p(row)
		variance += d.p(row) * (1 - d.p(row))
		if d.inTime(row) {
			wins++
		}
	}
	if math.Abs(wins-expected) > 4*math.Sqrt(variance)+1 { // the accounts add a little to this variance
		t.Errorf("%s: %v wins, want %.1f ± %.1f", what, wins, expected, math.Sqrt(variance))
	}
}

func TestSampleSalesComeLate(t *testing.T) {
	d := drawSample(t, laterOptions(80_000, 6))
	var lags [len(sampleSources)][]float64
	for row := range d.leads.Rows {
		if d.won(row) {
			s := d.source(row)
			lags[s] = append(lags[s], d.days(colCreatedAt, row, d.leads.Columns[colConvertedAt].Times[row]))
		}
	}
	for s := range sampleSources {
		if len(lags[s]) < 300 {
			continue
		}
		late := 0.
		for _, lag := range lags[s] {
			if lag > 90 {
				late++
			}
		}
		n, want := float64(len(lags[s])), 1-sampleSources[s].within(90)
		sampleBetween(t, "share of sales after the horizon, "+sampleSources[s].name, late/n-want, -4*math.Sqrt(want/n), 4*math.Sqrt(want/n))
	}
	all := slices.Concat(lags[:]...)
	slices.Sort(all)
	sampleBetween(t, "median lag in days", stat.Quantile(.5, stat.Empirical, all, nil), 24, 32)
}

// Leads of one account succeed and fail together, beyond what their probabilities say.
func TestSampleAccountsShareTheirLuck(t *testing.T) {
	d := drawSample(t, laterOptions(150_000, 7))
	type sums struct{ residual, square float64 }
	accounts := map[string]sums{}
	for row, name := range d.leads.Columns[colAccountID].Texts {
		residual := -d.p(row)
		if d.inTime(row) {
			residual++
		}
		a := accounts[name]
		accounts[name] = sums{a.residual + residual, a.square + residual*residual}
	}
	var pairs, variance float64
	for _, a := range accounts {
		product := a.residual*a.residual - a.square // twice the sum over pairs
		pairs += product
		variance += product * product
	}
	if z := pairs / math.Sqrt(variance); z < 3 {
		t.Errorf("leads of an account: covariance of the residuals is %.1f standard errors above 0, want at least 3", z)
	}
	sampleBetween(t, "leads of an account", float64(d.leads.Rows)/float64(len(accounts)), 1.5, 2.2)
}

// Each stage is reached with q to its power, so that the rates multiply up to the probability of buying.
func TestSampleStagesMultiplyUp(t *testing.T) {
	d := drawSample(t, laterOptions(60_000, 9))
	var want, got [stageWon + 1]float64
	for row := range d.leads.Rows {
		if d.junk(row) {
			continue
		}
		q := d.p(row) / sampleSources[d.source(row)].within(float64(d.opts.Horizon))
		for s := stageMQL; s <= stageWon; s++ {
			want[s] += math.Pow(q, reachPowers[s])
			column := []int{stageMQL: colMQL, stageSQL: colSQL, stageOpportunity: colOpportunity, stageWon: colConvertedAt}[s]
			if d.leads.Columns[column].Valid[row] {
				got[s]++
			}
		}
	}
	for s := stageMQL; s <= stageWon; s++ {
		sampleBetween(t, fmt.Sprintf("leads at stage %d over the expected", s), got[s]/want[s], .96, 1.04)
	}
}

func TestSampleProfitIsHeavyTailed(t *testing.T) {
	d := drawSample(t, laterOptions(80_000, 11))
	var profit []float64
	sum, expected := 0., 0.
	for row := range d.leads.Rows {
		if d.won(row) {
			x := d.leads.Columns[colProfit].Floats[row]
			profit = append(profit, x)
			sum += x
			expected += d.m(row)
		}
	}
	sampleBetween(t, "profit of the sales over their m", sum/expected, .96, 1.04)
	slices.Sort(profit)
	top := 0.
	for _, x := range profit[len(profit)*99/100:] {
		top += x
	}
	sampleBetween(t, "share of the best hundredth in the profit", top/sum, .06, .2)
	sampleBetween(t, "mean over median profit", sum/float64(len(profit))/stat.Quantile(.5, stat.Empirical, profit, nil), 1.3, 2)
}

func TestSampleJunkLooksActive(t *testing.T) {
	d := drawSample(t, sampleOptions(60_000, 12))
	for _, column := range []int{colNumbers + numPages, colNumbers + numPricing, colNumbers + numClicked, colNumbers + numAssets} {
		c := &d.leads.Columns[column]
		var junk, others []float64
		for row, x := range sampleNumbers(c) {
			switch {
			case x < 0:
			case d.junk(row):
				junk = append(junk, x)
			default:
				others = append(others, x)
			}
		}
		if a, b := stat.Mean(junk, nil), stat.Mean(others, nil); a < 1.2*b {
			t.Errorf("%s: mean %.3g of junk, %.3g of the others; want junk to look active", c.Name, a, b)
		}
	}
}

func TestSampleMixDrifts(t *testing.T) {
	d := drawSample(t, sampleOptions(80_000, 13))
	name := func(row int) string { return sampleSources[d.source(row)].name }
	share := func(source string, low, high int) float64 {
		n := 0.
		for row := low; row < high; row++ {
			if name(row) == source {
				n++
			}
		}
		return n / float64(high-low)
	}
	half := d.leads.Rows / 2
	sampleBetween(t, "growth of paid_search's share", share("paid_search", half, d.leads.Rows)-share("paid_search", 0, half), .015, .08)
	sampleBetween(t, "growth of bought_list's share", share("bought_list", half, d.leads.Rows)-share("bought_list", 0, half), -.04, -.003)
}

// A longer horizon changes p only; a later window draws other leads from the same truth.
func TestSampleTruthIsFixed(t *testing.T) {
	opts := sampleOptions(20_000, 14)
	base := drawSample(t, opts)
	opts.Horizon = 365
	long := drawSample(t, opts)
	for row := range base.leads.Rows {
		if base.p(row) >= long.p(row) || base.m(row) != long.m(row) {
			t.Fatalf("row %d: p %v at 90 days, %v at 365; m %v and %v", row, base.p(row), long.p(row), base.m(row), long.m(row))
		}
	}
	known := map[string]bool{}
	for _, id := range base.leads.Columns[colLeadID].Texts {
		known[id] = true
	}
	after := drawSample(t, laterOptions(20_000, 15))
	for row, id := range after.leads.Columns[colLeadID].Texts {
		if known[id] {
			t.Fatalf("row %d: lead_id %s is in both windows", row, id)
		}
		if !after.mature(row) {
			t.Fatalf("row %d: immature", row)
		}
	}
}

// Leads grow as spend to the source's elasticity, so that the response can be learned from spend.csv.
func TestSampleSpendBuysFewerLeadsAtTheMargin(t *testing.T) {
	calendar := newSampleCalendar(sampleEpoch, sampleEpoch.AddDate(2, 0, 0))
	for s := range sampleSources {
		source := &sampleSources[s]
		if source.cost == 0 {
			continue
		}
		var logLeads, logSpend, spend []float64
		for i := range calendar.months {
			m := &calendar.months[i]
			share := m.sources[s]
			if s > 0 {
				share -= m.sources[s-1]
			}
			leads := share * volumeAt(drift(sampleEpoch.AddDate(0, i, 14)))
			logLeads, logSpend = append(logLeads, math.Log(leads)), append(logSpend, math.Log(leads*m.price[s]))
			spend = append(spend, leads*m.price[s])
		}
		_, slope := stat.LinearRegression(logSpend, logLeads, nil, false)
		sampleBetween(t, "elasticity of "+source.name, slope-source.elasticity, -1e-9, 1e-9)
		mean, sd := stat.MeanStdDev(spend, nil)
		sampleBetween(t, "variation of the spend on "+source.name, sd/mean, .2, 1.5)
	}
}

func TestSampleTablesAreWhole(t *testing.T) {
	whole := func(what string, sum float64) { sampleBetween(t, "shares of "+what, sum, 1-1e-9, 1+1e-9) }
	for c, category := range planted.categories {
		sum := 0.
		for _, l := range category.levels {
			sum += l.share
		}
		if c == catPersona {
			sum /= 2 // buyers and the others
		}
		whole(category.name, sum)
	}
	names := map[string]bool{}
	for _, s := range sampleSources {
		sum := 0.
		for _, c := range s.campaigns {
			sum += c.share
			if names[c.name] {
				t.Errorf("campaign %s: there are two", c.name)
			}
			names[c.name] = true
		}
		whole(s.name, sum)
	}
}
