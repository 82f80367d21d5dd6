package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

func scan(t *testing.T, columns []column) map[string]Suspect {
	t.Helper()
	last := 0.0
	suspects, err := Scan(context.Background(), tableOf(t, columns...), dated(), func(done float64) {
		if done < last || done > 1 {
			t.Errorf("progress from %v to %v", last, done)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Suspect{}
	for _, s := range suspects {
		found[s.Column] = s
	}
	return found
}

// Every kind of planted leak is found, and nothing else.
func TestScanFindsLeaks(t *testing.T) {
	columns := world{rows: 5000, seed: 1}.columns()
	random := rand.New(rand.NewPCG(1, 2))
	n := 5000
	status, calls, filled, recorded := make([]string, n), make([]float64, n), make([]float64, n), make([]int64, n)
	for r := range n {
		won := columns[7].texts[r] == "true"
		status[r] = fmt.Sprint(won) // the outcome itself, but for a few
		if random.IntN(50) == 0 {
			status[r] = "false"
		}
		calls[r] = float64(random.IntN(6) + 5*b2i(won)) // handled after the sale
		if filled[r] = float64(random.IntN(9)); !won && random.IntN(3) > 0 {
			filled[r] = nan // filled in for customers
		}
		recorded[r] = columns[0].times[r] + int64(r-4990)*day
	}
	touched := numeric("enriched", features.RoleFeature, pick(calls, random.Perm(n)))
	touched.field.RecordedAt = "enriched_at"
	calledTrusted := numeric("calls", features.RoleFeature, calls)
	calledTrusted.field.Trusted = true
	found := scan(t, append(columns, category("status", features.RoleFeature, status), calledTrusted, numeric("filled", features.RoleFeature, filled),
		touched, timed("enriched_at", features.RoleRecordedAt, recorded)))
	for column, evidence := range map[string]string{
		"status": "hardly anything known beforehand does", "calls": "alone it ranks", "filled": "whether it is filled in ranks at AUC", "enriched": "9 of its values were recorded after",
	} {
		if text := strings.Join(found[column].Evidence, "; "); !strings.Contains(text, evidence) {
			t.Errorf("%s: %q, want … %s …", column, text, evidence)
		}
		if found[column].Trusted != (column == "calls") {
			t.Errorf("%s is trusted: %v", column, found[column].Trusted)
		}
	}
	if len(found) != 4 {
		t.Errorf("suspects %v", found)
	}
}

// A single leak is seen by what it costs to leave it out.
func TestScanTriesWithout(t *testing.T) {
	columns := world{rows: 4000, seed: 2}.columns()
	calls := make([]float64, 4000)
	random := rand.New(rand.NewPCG(3, 4))
	for r := range calls {
		calls[r] = random.NormFloat64() + 1.3*float64(b2i(columns[7].texts[r] == "true"))
	}
	found := scan(t, append(columns, numeric("calls", features.RoleFeature, calls)))
	s, suspected := found["calls"]
	if !suspected || len(found) != 1 || s.Others == nil || s.WithIt == nil || *s.WithIt < *s.Others+leakCost || s.Alone >= leakAlone {
		t.Errorf("%+v among %v", s, found)
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

func TestScanRefuses(t *testing.T) {
	if _, err := Scan(context.Background(), tableOf(t, picked(world{rows: 100, seed: 1}.columns(), seq(20))...), options(), nil); err == nil || !strings.Contains(err.Error(), "too few to find leaks") {
		t.Errorf("20 leads: %v", err)
	}
	if found, err := Scan(context.Background(), tableOf(t, without(world{rows: 500, seed: 1}.columns(), "source", "industry", "size", "last_touch")...), options(), nil); err != nil || len(found) != 0 {
		t.Errorf("one column: %v, %v", found, err)
	}
}
