package model

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// undated are leads of 300 days, a fifth of which converts after some days on average; what came later than the last lead is
// known or not.
func undated(rows int, lag float64, known bool) (created []int64, won []uint8) {
	random := rand.New(rand.NewPCG(8, 8))
	const days = 300
	for r := range rows {
		at := int64(float64(r) / float64(rows) * days * float64(day))
		came := float64(at)/float64(day) + lag*random.ExpFloat64()
		y := uint8(0)
		if random.Float64() < 0.2 && (known || came <= days) {
			y = 1
		}
		created, won = append(created, at), append(won, y)
	}
	return created, won
}

// Leads without dates of conversion are too young only where the newest convert less often than the others.
func TestSettled(t *testing.T) {
	for name, c := range map[string]struct {
		rows    int
		lag     float64
		known   bool
		asOf    int64 // days after the last lead
		settled bool
	}{
		"written long after":    {6000, 20, true, 0, true},
		"written at once":       {6000, 20, false, 0, false},
		"slow sales":            {6000, 60, false, 0, false},
		"sales within hours":    {6000, 0.05, false, 0, true},
		"few conversions":       {200, 20, true, 0, false},
		"known until later":     {6000, 20, true, 10, false},
		"too few leads a month": {500, 20, true, 0, false},
	} {
		created, won := undated(c.rows, c.lag, c.known)
		x := clock{created: created, asOf: slices.Max(created) + c.asOf*day, horizon: 90 * day}
		if why := x.settled(won); (why != "") != c.settled {
			t.Errorf("%s: %q", name, why)
		}
	}
	created, won := undated(6000, 20, true)
	x := clock{created: created, at: created, asOf: slices.Max(created), horizon: 90 * day}
	if why := x.settled(won); why != "" {
		t.Errorf("conversions with dates: %q", why)
	}
	x.at = nil
	won[17] = open
	if why := x.settled(won); why != "" {
		t.Errorf("a lead that is open: %q", why)
	}
}

// What is settled is used, and said; as_of is believed instead.
func TestSettledLeadsAreUsed(t *testing.T) {
	created, won := undated(6000, 20, true)
	texts := make([]string, len(won))
	for r, y := range won {
		texts[r] = []string{"false", "true"}[y]
	}
	table := tableOf(t, timed("created_at", features.RoleCreatedAt, created), category("converted", features.RoleOutcome, texts))
	label := Label{Column: "converted", Horizon: 90}
	o, err := label.apply(table)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.rows) != 6000 || o.immature != 0 || !slices.ContainsFunc(o.warnings, func(w Warning) bool {
		return w.Code == "outcomes_settled" && strings.Contains(w.Detail, "no lead is too young")
	}) {
		t.Errorf("%d used, %d immature, %+v", len(o.rows), o.immature, o.warnings)
	}
	label.AsOf = features.FormatTime(slices.Max(created))
	if o, err = label.apply(table); err != nil || o.immature == 0 || len(o.rows)+o.immature != 6000 {
		t.Errorf("as of a day: %d used, %d immature, %v", len(o.rows), o.immature, err)
	}
}
