package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

func scan(t *testing.T, columns []column) map[string]Suspect {
	t.Helper()
	last := 0.0
	found, err := Scan(context.Background(), tableOf(t, columns...), dated(), func(done float64) {
		if done < last || done > 1 {
			t.Errorf("progress from %v to %v", last, done)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	suspects := map[string]Suspect{}
	for _, s := range found.Suspects {
		suspects[s.Column] = s
	}
	return suspects
}

// planter adds columns to a world of leads that say something of the outcome.
type planter struct {
	*rand.Rand
	columns []column
	won     []bool
}

func plant(rows int, seed uint64) *planter {
	p := &planter{Rand: rand.New(rand.NewPCG(seed, 5)), columns: world{rows: rows, seed: seed}.columns()}
	for _, y := range columnOf(p.columns, "converted").texts {
		p.won = append(p.won, y == "true")
	}
	return p
}

// shifted is a normal number, by shift more where the lead converted: its AUC is Φ(shift/√2).
func (p *planter) shifted(name string, shift float64) column {
	x := make([]float64, len(p.won))
	for r, won := range p.won {
		x[r] = p.NormFloat64() + shift*float64(b2i(won))
	}
	return numeric(name, features.RoleFeature, x)
}

// filled is a number that says nothing, but is filled in on so many of the converted leads and of the others: that it is
// has the AUC ½ + (won − lost)/2.
func (p *planter) filled(name string, won, lost float64) column {
	x := make([]float64, len(p.won))
	for r := range x {
		share := lost
		if p.won[r] {
			share = won
		}
		if x[r] = p.NormFloat64(); p.Float64() >= share {
			x[r] = nan
		}
	}
	return numeric(name, features.RoleFeature, x)
}

// Each rule finds what is planted beyond its bound, with its evidence, and not what is planted short of it.
func TestScanRules(t *testing.T) {
	p := plant(6000, 1)
	calls := p.shifted("calls", 1.5) // AUC .856, and .73 for the model without it
	minutes := calls
	minutes.field.Name, minutes.numbers = "minutes", make([]float64, len(calls.numbers))
	for r, x := range calls.numbers {
		minutes.numbers[r] = 60*x + 1
	}
	late := p.filled("late", 0.84, 0.5)
	text := p.shifted("text", 0.3)
	text.numbers = slices.Clone(text.numbers)
	for r, x := range late.numbers {
		if math.IsNaN(x) {
			text.numbers[r] = nan
		}
	}
	for name, c := range map[string]struct {
		plant    []column
		evidence map[string]string // by column; no other may be suspected
	}{
		"alone .96":                    {[]column{p.shifted("x", 2.48)}, map[string]string{"x": "hardly anything known beforehand does"}},
		"alone .92":                    {[]column{p.shifted("x", 1.99)}, map[string]string{"x": "hardly anything known beforehand does"}},
		"better than all others":       {[]column{calls}, map[string]string{"calls": "than the model on all 5 other columns"}},
		"its cost, .10":                {[]column{p.shifted("x", 1.05)}, map[string]string{"x": "without it the model's AUC falls from"}},
		"alone .73, whatever its cost": {[]column{p.shifted("x", 0.87)}, nil},
		"filled in, .67":               {[]column{p.filled("x", 0.84, 0.5)}, map[string]string{"x": "whether it is filled in ranks at AUC 0.6"}},
		"filled in, .63":               {[]column{p.filled("x", 0.76, 0.5)}, nil},
		"filled in together":           {[]column{late, text, p.filled("x", 0.84, 0.5)}, map[string]string{"text": "0.6", "late": "it is filled in for the same leads as text", "x": "0.6"}},
		"two copies":                   {[]column{calls, minutes}, map[string]string{"calls": "than the model on all 5 other", "minutes": "than the model on all 5 other"}},
		"one in the shadow of another": {[]column{calls, p.shifted("status", 4)}, map[string]string{"status": "hardly", "calls": "(0.7"}},
	} {
		found := scan(t, append(slices.Clone(p.columns), c.plant...))
		for column, evidence := range c.evidence {
			if text := strings.Join(found[column].Evidence, "; "); !strings.Contains(text, evidence) {
				t.Errorf("%s: %s: %q, want … %s …", name, column, text, evidence)
			}
		}
		if len(found) != len(c.evidence) {
			t.Errorf("%s: suspects %v", name, found)
		}
	}
}

// The bounds themselves.
func TestScanBounds(t *testing.T) {
	const noise = 0.1
	for _, c := range []struct {
		alone, missing float64
		evidence       int
		blatant        bool
	}{{0.95, 0.5, 1, true}, {0.9499, 0.5, 1, false}, {0.9, 0.5, 1, false}, {0.8999, 0.5, 0, false}, {0.7, 0.65, 1, false}, {0.7, 0.6499, 0, false}} {
		s := Suspect{Alone: c.alone, MissingAlone: c.missing}
		s.judgeAlone(noise)
		if len(s.Evidence) != c.evidence || s.Blatant != c.blatant {
			t.Errorf("%v: %q, blatant %v", c, s.Evidence, s.Blatant)
		}
		s = Suspect{Alone: c.alone, MissingAlone: c.missing}
		if s.judgeAlone(0.46); len(s.Evidence) > 0 || s.Blatant {
			t.Errorf("%v by chance: %q", c, s.Evidence)
		}
	}
	for _, c := range []struct {
		alone, others, with float64
		evidence            int
	}{{0.75, 0.7499, 0.77, 1}, {0.75, 0.75, 0.77, 0}, {0.75, 0.75, 0.8, 1}, {0.75, 0.76, 0.8099, 0}, {0.75, 0.7, 0.8, 2}} {
		s := Suspect{Alone: c.alone, Others: &c.others, WithIt: &c.with}
		if s.judgeWithout(4, ""); len(s.Evidence) != c.evidence {
			t.Errorf("%v: %q", c, s.Evidence)
		}
	}
}

// Times tell what was written afterwards.
func TestScanTimes(t *testing.T) {
	const n = 4000
	p := plant(n, 3)
	created, at := columnOf(p.columns, "created_at").times, columnOf(p.columns, "converted_at").times
	times := func(name string, role features.Role, of func(r int) int64) column {
		c := timed(name, role, make([]int64, n))
		for r := range c.times {
			c.times[r] = of(r)
		}
		if role == features.RoleStage {
			c.field.Stage = name
		}
		return c
	}
	some := func(share float64, late, usual func(r int) int64) func(r int) int64 {
		random := rand.New(rand.NewPCG(4, 4))
		return func(r int) int64 {
			if random.Float64() < share {
				return late(r)
			}
			return usual(r)
		}
	}
	before := func(r int) int64 { return created[r] - day }
	after := func(r int) int64 { return created[r] + 3*day }
	mql := func(r int) int64 {
		if at[r] == features.NoTime {
			return created[r] + day/2
		}
		return (created[r] + at[r]) / 2
	}
	afterwards := func(r int) int64 {
		if at[r] == features.NoTime {
			return features.NoTime
		}
		return at[r] + day
	}
	filled := firstLead + 70*day
	batch := func(int) int64 { return filled }
	spread := func(r int) int64 { return created[r] + int64(r%20)*day }
	sameDay := func(r int) int64 { return floorTo(created[r], day) }
	for name, c := range map[string]struct {
		plant    column
		evidence string
	}{
		"a date after creation, 2 %":        {times("x", features.RoleFeature, some(0.02, after, before)), "later than the creation of their leads"},
		"a date after creation, .5 %":       {times("x", features.RoleFeature, some(0.005, after, before)), ""},
		"a day of creation":                 {times("x", features.RoleFeature, sameDay), ""},
		"a stage after the outcome":         {times("mql", features.RoleStage, afterwards), "have it from after their conversion"},
		"a stage after the outcome, 2 %":    {times("mql", features.RoleStage, some(0.02, afterwards, mql)), "have it from after their conversion"},
		"a stage after the outcome, .3 %":   {times("mql", features.RoleStage, some(0.003, afterwards, mql)), ""},
		"a date after the outcome":          {times("x", features.RoleFeature, some(0.3, afterwards, before)), "have it from after their conversion"},
		"a stage filled in on a day, 15 %":  {times("mql", features.RoleStage, some(0.15, batch, spread)), "it was filled in for a batch"},
		"a stage filled in on a day, 5 %":   {times("mql", features.RoleStage, some(0.05, batch, spread)), ""},
		"a day long before, for every lead": {times("x", features.RoleFeature, func(int) int64 { return firstLead - 900*day }), ""},
	} {
		columns := without(p.columns, "converted_at")
		if strings.Contains(name, "outcome") {
			columns = p.columns
		}
		found, err := Scan(context.Background(), tableOf(t, append(slices.Clone(columns), c.plant)...), options(), nil)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, s := range found.Suspects {
			text += s.Column + ": " + strings.Join(s.Evidence, "; ")
		}
		if c.evidence == "" && text != "" || !strings.Contains(text, c.evidence) || text != "" && !strings.HasPrefix(text, c.plant.field.Name+":") {
			t.Errorf("%s: %q, want … %s …", name, text, c.evidence)
		}
	}
}

// A declared stamp after the creation is evidence whatever its share, and so is one that a batch was given.
func TestScanRecordedLate(t *testing.T) {
	p := plant(2000, 6)
	created := columnOf(p.columns, "created_at").times
	stamps := slices.Clone(created)
	for r := range 9 {
		stamps[r] += day
	}
	employees := p.shifted("employees", 0)
	employees.field.RecordedAt = "enriched_at"
	found := scan(t, append(slices.Clone(p.columns), employees, timed("enriched_at", features.RoleRecordedAt, stamps)))
	if text := strings.Join(found["employees"].Evidence, "; "); text != "9 of its values were recorded after the lead was created" || len(found) != 1 {
		t.Errorf("%q among %v", text, found)
	}
	for r := range stamps {
		if r < 1900 {
			stamps[r] = firstLead + 45*day
		}
	}
	found = scan(t, append(slices.Clone(p.columns), employees, timed("enriched_at", features.RoleRecordedAt, stamps)))
	if text := strings.Join(found["employees"].Evidence, "; "); !strings.Contains(text, "it was filled in for a batch") {
		t.Errorf("%q", text)
	}
}

// Clean data raise no alarm, also with one good column, or none.
func TestScanCleanData(t *testing.T) {
	alarms := 0
	for seed := range 12 {
		columns := world{rows: 1500, seed: uint64(seed), noise: seed%4 == 3}.columns()
		if seed%2 == 1 {
			columns = without(columns, "source", "size")
		}
		alarms += len(scan(t, columns))
	}
	if alarms > 0 {
		t.Errorf("%d alarms", alarms)
	}
}

// Few leads of many columns raise no alarm by chance.
func TestScanFewLeads(t *testing.T) {
	alarms := 0
	for seed := range uint64(6) {
		p := plant(150, seed)
		p.columns = without(p.columns, "created_at")
		for i := range 20 {
			p.columns = append(p.columns, p.filled(fmt.Sprint("x", i), 0.5, 0.5))
		}
		found, err := Scan(context.Background(), tableOf(t, p.columns...), options(), nil)
		if err != nil {
			t.Fatal(err)
		}
		alarms += len(found.Suspects)
	}
	if alarms > 1 {
		t.Errorf("%d alarms", alarms)
	}
}

// The order of the leads, and what else the trainer is at, do not matter.
func TestScanSample(t *testing.T) {
	columns := world{rows: 3000, seed: 1}.columns()
	p, err := prepare(tableOf(t, columns...), dated())
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(p.rows)
	rows := p.casesAndOthers(500, 1)
	if won := p.won(rows); len(rows) != 500 || won != 250 {
		t.Errorf("%d of %d leads converted", won, len(rows))
	}
	if rows := p.casesAndOthers(2000, 1); len(rows) != 2000 || p.won(rows) != p.won(p.rows) {
		t.Errorf("%d of %d leads, %d of %d converted", len(rows), 2000, p.won(rows), p.won(p.rows))
	}
	if rows := p.casesAndOthers(9000, 1); len(rows) != len(p.rows) {
		t.Errorf("%d leads of %d", len(rows), len(p.rows))
	}
	if _, err := p.scan(context.Background(), nil); err != nil || !slices.Equal(before, p.rows) || p.kind != SplitTime {
		t.Errorf("the scan changed the trainer: %v", err)
	}
}

func TestScanRefuses(t *testing.T) {
	if _, err := Scan(context.Background(), tableOf(t, picked(world{rows: 100, seed: 1}.columns(), seq(20))...), options(), nil); err == nil || !strings.Contains(err.Error(), "too few to find leaks") {
		t.Errorf("20 leads: %v", err)
	}
	if found, err := Scan(context.Background(), tableOf(t, without(world{rows: 500, seed: 1}.columns(), "source", "industry", "size", "last_touch")...), options(), nil); err != nil || len(found.Suspects) != 0 {
		t.Errorf("one column: %v, %v", found, err)
	}
}

// Training warns of a suspect, refuses a blatant one, and trains on what is trusted.
func TestTrainLeaks(t *testing.T) {
	p := plant(3000, 2)
	status := p.shifted("status", 3)
	calls := p.shifted("calls", 1.99)
	_, err := Train(context.Background(), tableOf(t, append(slices.Clone(p.columns), status, calls)...), dated())
	if !errors.Is(err, ErrLeak) || !strings.Contains(err.Error(), `column "status"`) || !strings.Contains(err.Error(), "features.trusted") || strings.Contains(err.Error(), `"calls"`) {
		t.Errorf("refusal %v", err)
	}
	status.field.Trusted = true
	trained := train(t, tableOf(t, append(slices.Clone(p.columns), status, calls)...), dated())
	told := map[string]string{}
	for _, w := range trained.Warnings {
		if w.Code == "leak_suspect" {
			told[w.Column] = w.Detail
		}
	}
	if len(told) != 2 || !strings.Contains(told["calls"], "hardly anything known beforehand") || !strings.Contains(told["status"], "trusted") || len(trained.Leaks.Suspects) != 2 || trained.Leaks.Rows == 0 {
		t.Errorf("warnings %v, scan %+v", told, trained.Leaks)
	}
	o := dated()
	o.Holdout = 0
	if trained = train(t, tableOf(t, append(slices.Clone(p.columns), calls)...), o); trained.Leaks.Note == "" || trained.Leaks.Rows != 0 {
		t.Errorf("one fit: %+v", trained.Leaks)
	}
}
