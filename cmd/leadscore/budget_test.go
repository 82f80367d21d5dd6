package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/model"
)

// reckoned runs budget and reads its document.
func reckoned(t *testing.T, args ...string) *model.Economics {
	t.Helper()
	r := must(t, append([]string{"budget", "--json"}, args...)...)
	e := new(model.Economics)
	if err := json.Unmarshal([]byte(r.stdout), e); err != nil {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	return e
}

func TestBudget(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	args := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet"), "--spend", filepath.Join(dir, "spend.csv")}
	e := reckoned(t, args...)
	if len(e.Rows) != 10 || len(e.Tiers) != 3 || e.Leads != 8000 || e.Mature >= e.Leads || e.StageRates != "source" || e.Change != nil {
		t.Fatalf("%d rows, %d tiers, %d of %d leads mature", len(e.Rows), len(e.Tiers), e.Mature, e.Leads)
	}
	leads, spend, value := 0.0, 0.0, 0.0
	for _, r := range e.Rows {
		s, known := r.Spend.Value()
		v, _ := r.Group.Value.Value()
		limit, _ := r.Cap.Value()
		careful, _ := r.Cautious.Value()
		if !known || careful > limit || r.Value == "" || r.By != "source" || r.Words == "" || r.Arithmetic == "" {
			t.Errorf("%+v", r)
		}
		leads, spend, value = leads+r.Leads, spend+s, value+v*r.Leads
	}
	total, _ := e.Total.Spend.Value()
	v, _ := e.Total.Group.Value.Value()
	if leads != e.Total.Leads || math.Abs(spend-total) > 1e-6*total || math.Abs(value-v*leads) > 1e-9*value {
		t.Errorf("sources add up to %v leads, %v spent and %v of value; all leads have %v, %v and %v", leads, spend, value, e.Total.Leads, total, v*leads)
	}

	high := reckoned(t, append(args, "--target-roi", "0.5")...)
	if high.Change == nil || high.Change.FromROI != 0.25 || high.Change.ToROI != 0.5 || !strings.Contains(high.Change.Why, "/ 1.5") {
		t.Fatalf("%+v", high.Change)
	}
	for _, c := range high.Change.Rows {
		before, _ := c.Before.Value()
		after, _ := c.After.Value()
		if after > before {
			t.Errorf("%s: cap %v at a higher return, %v before", c.Value, after, before)
		}
	}
	r := must(t, append([]string{"budget", "--target-roi", "0.5", "--explain-arithmetic"}, args...)...)
	if change, table := strings.Index(r.stdout, "what changes:"), strings.Index(r.stdout, "max CPL"); change != 0 || table < change {
		t.Errorf("the difference is not first:\n%s", r.stdout)
	}
	for _, part := range []string{"/ 1.5 × ", "of hours = $", "averages: lead by lead", "with 95 % confidence"} {
		if !strings.Contains(r.stdout, part) {
			t.Errorf("%q is not in the output:\n%s", part, r.stdout)
		}
	}
}

// With few hours an hour is dear and caps are low; with many it costs its wage.
func TestBudgetHours(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	args := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet")}
	short, long := reckoned(t, append(args, "--capacity-hours", "20")...), reckoned(t, append(args, "--capacity-hours", "9000")...)
	if !(short.Hours.Price > short.Hours.Wage) || short.Change == nil || short.Policy.HourPrice != short.Hours.Price {
		t.Errorf("%+v", short.Hours)
	}
	if long.Hours.Price != long.Hours.Wage || long.Hours.Shadow != 0 || long.Change != nil {
		t.Errorf("%+v", long.Hours)
	}
	waiting, _ := short.Hours.Load.Waiting.Value()
	wait, _ := short.Hours.Load.Wait.Value()
	used, _ := short.Hours.Load.Utilization.Value()
	if l := short.Hours.Load; !l.Overloaded || l.Stage != "mql" || !(waiting > 0) || math.Abs(wait*l.Capacity-waiting) > 1e-9*waiting || math.Abs(l.Arrivals-l.Capacity-l.Growth) > 1e-9 ||
		math.Abs(used-short.Hours.Wanted/20) > 1e-9*used || long.Hours.Load.Overloaded || !strings.Contains(short.Hours.Words, "the backlog grows by ") {
		t.Errorf("%+v: %s", l, short.Hours.Words)
	}
	none := reckoned(t, append(args, "--capacity-hours", "0")...).Hours
	if u, w := none.Load.Utilization.Reason(), none.Load.Wait.Reason(); u != budget.NoLeads || w != budget.OutOfReach || strings.Contains(none.Words, "Inf") {
		t.Errorf("without hours: %+v: %s", none.Load, none.Words)
	}
	by := reckoned(t, append(args, "--by", "industry,region")...)
	groups := map[string]int{}
	for _, r := range by.Rows {
		groups[r.By]++
		if _, known := r.CostPerLead.Value(); !known {
			t.Errorf("%s %s: the leads' own cost is not used", r.By, r.Value)
		}
	}
	if groups["industry"] < 12 || groups["region"] < 9 {
		t.Errorf("%v", groups)
	}
	spent := reckoned(t, append(args, "--by", "industry", "--spend", filepath.Join(dir, "spend.csv"))...)
	if why := spent.Rows[0].CostPerLead.Reason(); why != "unmeasured" {
		t.Errorf("spend by source says %q of an industry", why)
	}
}

func TestBudgetRefuses(t *testing.T) {
	dir, modelPath := sampleLeads(t, "3000")
	data := filepath.Join(dir, "leads.parquet")
	plain := filepath.Join(dir, "plain.json")
	must(t, "train", "--data", data, "--outcome", "converted", "--exclude", "deal_desk_touches,revenue,profit", "--recipe", "plain", "--out", plain, "--holdout", "0")
	spend := func(text string) string { return write(t, dir, "s.csv", text) }
	for name, c := range map[string]struct {
		want string
		args []string
	}{
		"no data":       {"--data is needed", []string{"--model", modelPath}},
		"roi":           {"--target-roi: -2 is not", []string{"--model", modelPath, "--data", data, "--target-roi", "-2"}},
		"percent":       {"--target-roi: 25 is not a share above -1 and up to 10, such as 0.25 for 25 %", []string{"--model", modelPath, "--data", data, "--target-roi", "25"}},
		"hours":         {"--capacity-hours: -1 is not", []string{"--model", modelPath, "--data", data, "--capacity-hours", "-1"}},
		"column":        {`cannot group by "sauce"`, []string{"--model", modelPath, "--data", data, "--by", "sauce"}},
		"number column": {`cannot group by "employees"`, []string{"--model", modelPath, "--data", data, "--by", "employees"}},
		"no spend file": {"no such file", []string{"--model", modelPath, "--data", data, "--spend", filepath.Join(dir, "none.csv")}},
	} {
		r := leadscore(t, append([]string{"budget"}, c.args...)...)
		if r.code == exitDone || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: exit %d: %s", name, r.code, r.stderr)
		}
	}
	for text, want := range map[string]string{
		"":                                       "no header",
		"a,b\n":                                  `no column "period"`,
		"period,source,spend\nJune,web,1\n":      `line 2: period: "June"`,
		"period,source,spend\n2026-06,web,-1\n":  `line 2: spend: "-1"`,
		"period,source,spend\n2026-06,web,1,5\n": "wrong number of fields",
		"period,source,spend\n2026-06,web,NaN\n": `"NaN"`,
	} {
		r := leadscore(t, "budget", "--model", modelPath, "--data", data, "--spend", spend(text))
		if r.code == exitDone || !strings.Contains(r.stderr, want) {
			t.Errorf("%q: exit %d: %s", text, r.code, r.stderr)
		}
	}
}

// The sample's file of spend is the sum of its leads' costs by source and month: both make the same tables.
func TestBudgetCosts(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	args := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet"), "--costs", "cohort", "--period", "month"}
	own, filed := reckoned(t, args...).CostTables[0], reckoned(t, append(args, "--spend", filepath.Join(dir, "spend.csv"))...).CostTables[0]
	if len(own.Rows) < 200 || len(own.Periods) != 24 || len(filed.Rows) != 240 {
		t.Fatalf("%d rows, %d of the file, %d periods", len(own.Rows), len(filed.Rows), len(own.Periods))
	}
	spent := map[string]float64{}
	for _, r := range filed.Rows {
		spent[r.Source+r.Period], _ = r.Spend.Value()
	}
	for _, r := range own.Rows {
		if x, known := r.Spend.Value(); !known || math.Abs(x-spent[r.Source+r.Period]) > 0.01 {
			t.Errorf("%s %s: %v by the leads, %v by the file", r.Source, r.Period, r.Spend, spent[r.Source+r.Period])
		}
	}
	for basis, want := range map[string][]string{"cohort": {"per opportunity", "young", "with sales cost: ", "per expected", "2026-Q1", "the most to pay for a unit at each stage, in marketing"}, "calendar": {"≥ $", "stages entered in a period", "2026-Q1"}} {
		r := must(t, append([]string{"budget", "--costs", basis, "--period", "quarter"}, args[:4]...)...)
		for _, part := range want {
			if !strings.Contains(r.stdout, part) {
				t.Errorf("%s: %q is not in the output:\n%s", basis, part, r.stdout)
			}
		}
	}
	for flag, want := range map[string]string{"--costs=weekly": `"weekly" is neither cohort nor calendar`, "--period=day": `"day" is none of window, quarter, month`} {
		if r := leadscore(t, append([]string{"budget", flag}, args[:4]...)...); r.code != exitUsage || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit %d: %s", flag, r.code, r.stderr)
		}
	}
}

// A goal is planned backwards from, first of all.
func TestBudgetGoal(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	args := []string{"budget", "--model", modelPath, "--data", filepath.Join(dir, "leads.parquet")}
	r := must(t, append(args, "--profit-goal", "300000", "--marketing-share", "0.6")...)
	for _, part := range []string{"goal: $300,000 of profit at $", " sales, ", " opportunities, ", " MQLs, ", " at contacted, ", "marketing's 60 % of the leads is ", "leads a month", "new buyers: "} {
		if !strings.Contains(flat(r.stdout), part) {
			t.Errorf("%q is not in the output:\n%s", part, r.stdout)
		}
	}
	if few := flat(must(t, append(args, "--profit-goal", "2")...).stdout); !strings.Contains(few, " a sale takes 1 sale, 2 opportunities, ") {
		t.Error(few)
	}
	g := reckoned(t, append(args[1:], "--revenue-goal", "1200000")...).Goal
	sales, _ := g.Needed.Units[len(g.Stages)-1].Value()
	if g.Of != "revenue" || sales != math.Ceil(1_200_000/g.PerSale) || !(g.PerSale > 3*2000) { // a quarter of which is profit
		t.Errorf("%+v", g)
	}
	without := filepath.Join(dir, "without.json")
	text := strings.Replace(contents(t, filepath.Join(dir, "leadscore.yaml")), "revenue: revenue", "gross_margin: 1", 1)
	text = strings.Replace(text, "exclude:", "exclude:\n    - revenue", 1)
	must(t, "train", "--data", args[4], "--config", write(t, dir, "without.yaml", text), "--recipe", "plain", "--holdout", "0", "--out", without)
	for want, flags := range map[string][]string{
		"the model knows no revenue":                  {"--revenue-goal", "5", "--model", without},
		"give one of them":                            {"--revenue-goal", "5", "--profit-goal", "5"},
		"--profit-goal: -5 is not an amount above 0":  {"--profit-goal", "-5"},
		"--marketing-share: 2 is not a share":         {"--profit-goal", "5", "--marketing-share", "2"},
		"give a --profit-goal or a --revenue-goal":    {"--marketing-share", "0.5"},
		"--revenue-goal: +Inf is not an amount above": {"--revenue-goal", "Inf"},
	} {
		if r := leadscore(t, append(args, flags...)...); r.code == exitDone || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: exit %d: %s", flags, r.code, r.stderr)
		}
	}
}

// Waits for the first contact are measured in working time, against what was agreed, and in money.
func TestBudgetContact(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	args := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet")}
	plain := reckoned(t, args...).Funnel.Contact
	if plain.Working != nil || plain.Service != nil || plain.Stale != nil || plain.Leads <= plain.Contacted {
		t.Errorf("%+v", plain)
	}
	day, _ := plain.Within1.Value()
	if met, _ := reckoned(t, append(args, "--sla", "24h")...).Funnel.Contact.Service.Met.Value(); met != day {
		t.Errorf("%v contacted within 24 hours, %v within a day", met, day)
	}
	always := reckoned(t, append(args, "--sla", "24h", "--workweek", "mon-sun 0-24")...).Funnel.Contact
	if met, _ := always.Service.Met.Value(); met != day || !always.Service.Working {
		t.Errorf("a team that always works contacts %v within 24 hours, %v within a day", met, day)
	}
	week := reckoned(t, append(args, "--sla", "8h", "--workweek", "mon-fri 9-17 Europe/Berlin", "--decay", "0.05")...).Funnel.Contact
	hours, _ := week.Working.Median.Value()
	days, _ := plain.Median.Value()
	lost, known := week.Stale.Lost.Value()
	if !(hours > 0 && hours < 24*days) || !known || !(lost > 0 && lost < week.Stale.Worth) || len(week.Stale.After) != 4 ||
		math.Abs(week.Stale.After[0].Lost-week.Stale.Worth*(1-math.Exp(-0.05))) > 1e-9*week.Stale.Worth {
		t.Errorf("%+v %+v", week.Working, week.Stale)
	}
	text := must(t, append([]string{"budget", "--sla", "8h", "--workweek", "mon-fri 9-17", "--decay", "0.05"}, args...)...).stdout
	for _, part := range []string{"first contact: of ", "in working time: half within ", " of the leads are contacted within the agreed 8 working hours", "waiting costs: at an assumed decay of 5 % a day, a lead worth $"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in the output:\n%s", part, text)
		}
	}
	for want, flags := range map[string][]string{
		`--workweek: "9-17": it has 1 words`:                 {"--workweek", "9-17"},
		`--workweek: "mon-fry 9-17": "mon-fry" names no day`: {"--workweek", "mon-fry 9-17"},
		`"17-9" are no hours of a day`:                       {"--workweek", "mon 17-9"},
		`"Berlin" is no time zone`:                           {"--workweek", "mon 9-17 Berlin"},
		`--sla: "soon": want a time above 0`:                 {"--sla", "soon"},
		`--sla: "-2h": want a time above 0`:                  {"--sla", "-2h"},
		`say it in hours, such as 8h`:                        {"--sla", "1d", "--workweek", "mon 9-17"},
		"--decay: -1 is not a share":                         {"--decay", "-1"},
	} {
		if r := leadscore(t, append(append([]string{"budget"}, args...), flags...)...); r.code != exitUsage || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: exit %d: %s", flags, r.code, r.stderr)
		}
	}
	configured := write(t, dir, "contact.yaml", "outcome: {converted: converted}\ncontact: {sla: soon, decay: 2}\n")
	r := leadscore(t, "train", "--data", args[3], "--config", configured, "--out", filepath.Join(dir, "none.json"))
	if r.code != exitUsage || !strings.Contains(r.stderr, `contact.sla: "soon"`) || !strings.Contains(r.stderr, "contact.decay: 2 is not") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

// One more touch pays where the profit of a sale, less its sales cost, times the lift is more than it costs.
func TestBudgetTouch(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	args := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet")}
	e := reckoned(t, append(args, "--touch-cost", "25", "--touch-lift", "0.01")...)
	r := &e.Total
	m, _ := r.ProfitPerSale.Value()
	p, _ := r.Probability.Value()
	s, _ := r.SalesCost.Value()
	each := m - (s-0.75*45)/p
	roi, _ := r.Touch.ROI.Value()
	pays, _ := r.Touch.BreakEven.Value()
	target, _ := r.Touch.AtTarget.Value()
	if math.Abs(roi-(0.01*each/25-1)) > 1e-9 || math.Abs(pays-25/each) > 1e-12 || math.Abs(target-25*1.25/each) > 1e-12 {
		t.Errorf("%+v of a sale that brings %v", r.Touch, each)
	}
	text := flat(must(t, append([]string{"budget", "--touch-cost", "25", "--touch-lift", "0.01"}, args...)...).stdout)
	for _, part := range []string{"one more touch before the hand-off: at $25 a lead, for 1 point of conversion (assumed", "ROI of the touch", "returns 25 % from"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in the output:\n%s", part, text)
		}
	}
	for want, flags := range map[string][]string{
		"give both":                    {"--touch-cost", "25"},
		"--touch-cost: -1 is not":      {"--touch-cost", "-1", "--touch-lift", "0.01"},
		"--touch-lift: 3 is not":       {"--touch-cost", "25", "--touch-lift", "3"},
		"--touch-cost: +Inf is not an": {"--touch-cost", "Inf", "--touch-lift", "0.01"},
	} {
		if r := leadscore(t, append(append([]string{"budget"}, args...), flags...)...); r.code != exitUsage || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: exit %d: %s", flags, r.code, r.stderr)
		}
	}
}

// A lead is marketing-qualified by both gates, in every form of a score alike, and a higher bar lets fewer through.
func TestQualified(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	data := filepath.Join(dir, "leads.parquet")
	args := []string{"--model", modelPath, "--data", data}
	q := reckoned(t, args...).Qualified
	if q == nil || q.Gates != (budget.Gates{Fit: 0.02, Probability: 0.05}) || len(q.Rows) != 10 || !(q.Total.MQLs > 0 && q.Total.MQLs < q.Total.Fit && q.Total.Fit < q.Total.Leads) {
		t.Fatalf("%+v", q)
	}
	mqls := 0.0
	for _, r := range q.Rows {
		mqls += r.MQLs
	}
	if math.Abs(mqls-q.Total.MQLs) > 1e-9 || math.Abs(q.Total.Hours-0.75*q.Total.MQLs) > 1e-9 {
		t.Errorf("%v MQLs by source, %+v in all", mqls, q.Total)
	}
	for _, flag := range []string{"--mql-fit=0.04", "--mql-probability=0.1"} {
		if high := reckoned(t, append(args, flag)...).Qualified; !(high.Total.MQLs < q.Total.MQLs) || high.Gates.Fit < q.Gates.Fit || high.Gates.Probability < q.Gates.Probability {
			t.Errorf("%s: %+v", flag, high)
		}
	}
	text := must(t, append([]string{"budget"}, args...)...).stdout
	for _, part := range []string{"from a probability of 2 % by who it is, and of 5 % by all that is known of it", "right fit", "one sale in"} {
		if !strings.Contains(flat(text), part) {
			t.Errorf("%q is not in the output:\n%s", part, text)
		}
	}
	out := filepath.Join(dir, "mql.jsonl")
	must(t, "score", "--model", modelPath, "--data", data, "--out", out)
	var lines []bool
	for _, line := range strings.Split(contents(t, out), "\n") {
		var s model.Score
		if err := json.Unmarshal([]byte(line), &s); err != nil || s.MQL == nil {
			t.Fatalf("%v: %s", err, line)
		}
		if want := 1/(1+math.Exp(-s.Base.LogOdds-*s.Fit)) >= 0.02 && s.Probability >= 0.05; *s.MQL != want {
			t.Errorf("%s: qualified %v at fit %v and probability %v", s.LeadID, *s.MQL, *s.Fit, s.Probability)
		}
		lines = append(lines, *s.MQL)
	}
	table := filepath.Join(dir, "mql.csv")
	must(t, "score", "--model", modelPath, "--data", data, "--out", table, "--only", "mql")
	for i, line := range strings.Split(contents(t, table), "\n")[1:] {
		if line != fmt.Sprint(lines[i]) {
			t.Errorf("row %d: %s in the table, %v by itself", i, line, lines[i])
		}
	}
	for want, flags := range map[string][]string{
		"--mql-fit: 2 is not a share":            {"--mql-fit", "2"},
		"--mql-probability: NaN is not a share ": {"--mql-probability", "NaN"},
	} {
		if r := leadscore(t, append(append([]string{"budget"}, args...), flags...)...); r.code != exitUsage || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: exit %d: %s", flags, r.code, r.stderr)
		}
	}
	configured := write(t, dir, "mql.yaml", "outcome: {converted: converted}\nmql: {fit: 5, probability: 0.05}\n")
	if r := leadscore(t, "train", "--data", data, "--config", configured, "--out", filepath.Join(dir, "none.json")); r.code != exitUsage || !strings.Contains(r.stderr, "config: "+configured+": mql.fit is 5, want a share") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	configured = write(t, dir, "mql.yaml", "outcome: {converted: converted}\nfeatures: {exclude: [deal_desk_touches, revenue]}\nmql: {fit: 0.05, probability: 0.05}\n")
	if r := leadscore(t, "train", "--data", data, "--config", configured, "--recipe", "plain", "--holdout", "0", "--out", filepath.Join(dir, "none.json")); r.code == exitDone || !strings.Contains(r.stderr, "features.fit") {
		t.Errorf("a gate on fit without fit: exit %d: %s", r.code, r.stderr)
	}
}

// With a discount every profit is at its present value on the day of the lead, from training to the table.
func TestDiscountedProfits(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	data := filepath.Join(dir, "leads.parquet")
	text := strings.Replace(contents(t, filepath.Join(dir, "leadscore.yaml")), "economics:\n", "economics:\n  annual_discount: 0.5\n", 1)
	discounted := filepath.Join(dir, "discounted.json")
	r := must(t, "train", "--data", data, "--config", write(t, dir, "discount.yaml", text), "--recipe", "plain", "--holdout", "0", "--out", discounted)
	if !strings.Contains(flat(r.stdout), "profit per sale, at 50 % a year back to the day of the lead") {
		t.Error(r.stdout)
	}
	paid := reckoned(t, "--model", modelPath, "--data", data)
	e := reckoned(t, "--model", discounted, "--data", data)
	if e.Policy.Discount != 0.5 || paid.Policy.Discount != 0 {
		t.Errorf("%+v", e.Policy)
	}
	later, _ := e.Total.ProfitPerSale.Value()
	now, _ := paid.Total.ProfitPerSale.Value()
	if ratio := later / now; !(ratio > 0.9 && ratio < 0.99) { // about a month at 50 % a year
		t.Errorf("%v of %v is left", later, now)
	}
	if a, b := e.Total.Evidence.Profit, paid.Total.Evidence.Profit; !(a < b) {
		t.Errorf("outcomes bring %v a sale, %v without a discount", a, b)
	}
	if out := must(t, "budget", "--model", discounted, "--data", data).stdout; !strings.Contains(flat(out), "; profits at their present value on the day of the lead, 50 % a year") {
		t.Error(out)
	}
	bad := write(t, dir, "bad.yaml", strings.Replace(text, "annual_discount: 0.5", "annual_discount: 12", 1))
	if r := leadscore(t, "train", "--data", data, "--config", bad, "--out", discounted); r.code != exitUsage || !strings.Contains(r.stderr, "economics.annual_discount is 12, want a share") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

// Leaks are printed by stage and by reason, and add up.
func TestBudgetLeaks(t *testing.T) {
	dir, modelPath := sampleLeads(t, "8000")
	args := []string{"--model", modelPath, "--data", filepath.Join(dir, "leads.parquet"), "--leaks"}
	f := reckoned(t, args...).Funnel
	for k, l := range f.Leaks {
		lost := 0.0
		for _, r := range l.Reasons {
			lost += r.Count
		}
		if lost != l.Lost || l.Progressed+l.Lost+l.Open != l.Entered || k > 0 && l.Entered != f.Leaks[k-1].Progressed {
			t.Errorf("%s: %+v", f.Stages[l.Stage], l)
		}
	}
	text := must(t, append([]string{"budget"}, args...)...).stdout
	for _, part := range []string{"where leads are lost", "5 points more, a lead", "opportunity  chose_competitor             competitor", "budget, may come back", "(none given)", "worth at most: ", "prize_draw       lead"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in the output:\n%s", part, text)
		}
	}
	if plain := must(t, append([]string{"budget"}, args[:4]...)...).stdout; strings.Contains(plain, "where leads are lost") {
		t.Error("leaks are printed unasked")
	}
}

// contents is the text of a file.
func contents(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}
