package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// With fewer free outcomes than a prior is worth there is no score, whatever a single one of them did; nor is there one
// of a feature that another one determines, where all that is left is rounding.
func TestNoScoreOfTooLittle(t *testing.T) {
	o := &leftover{inflation: 1}
	rare := crossTable{rows: 2, columns: 2}
	rare.weight = [mostGroups][mostGroups]float64{{300, 200}, {0.02, 0.01}}
	rare.residual = [mostGroups][mostGroups]float64{{0, 0}, {0, 0.99}}
	if s := rare.score(o); s != (standing{}) {
		t.Errorf("one conversion of a rare level: %+v", s)
	}
	nested := crossTable{rows: 6, columns: 3}
	for a := range nested.rows {
		nested.weight[a][a/2] = 100 * math.Sqrt(float64(a+2))
		nested.residual[a][a/2] = 10 * float64(a%2)
	}
	if s := nested.score(o); s != (standing{}) {
		t.Errorf("a level that is part of another: %+v", s)
	}
	rare.weight[1], rare.residual[1] = [mostGroups]float64{60, 60}, [mostGroups]float64{-18, 18}
	if s := rare.score(o); s.score < 2 {
		t.Errorf("an effect in enough leads: %+v", s)
	}
}

// Flags that hardly a lead has do not take the place of a pair that has an effect.
func TestRareFlagsLeaveRoomForPairs(t *testing.T) {
	const n, flags = 6000, 12
	columns := crossedColumns(n, 7)
	random := rand.New(rand.NewPCG(7, 31))
	for k := range flags {
		flag := slices.Repeat([]string{"no"}, n)
		for range autoWeight {
			flag[random.IntN(n)] = "yes"
		}
		columns = append(columns, category(fmt.Sprint("flag", k), features.RoleFeature, flag))
	}
	if got := pairsOf(train(t, tableOf(t, columns...), autoOptions()).Model); len(got) == 0 || got[0] != "source × plan" {
		t.Errorf("pairs %q", got)
	}
}

// What counts of the best of many is next to nothing if chance made all of them, on average, and nearly everything of
// what no chance would do; it falls with how many there are.
func TestPartOfTheBest(t *testing.T) {
	const pairs, sets, freedom = 400, 300, 12
	random := rand.New(rand.NewPCG(9, 9))
	kept := 0.0
	for range sets {
		best := standing{}
		for range pairs {
			x := 0.0
			for range freedom {
				g := random.NormFloat64()
				x += g * g
			}
			if s := wilsonHilferty(x, freedom, 2*freedom); s.score > best.score {
				best = s
			}
		}
		kept += best.part(1, pairs, pairFalseShare) / sets
	}
	if kept > 0.1 {
		t.Errorf("%v of the best of chance counts", kept)
	}
	s := wilsonHilferty(20*freedom, freedom, 2*freedom)
	few, many := s.part(1, 10, pairFalseShare), s.part(1, 10_000, pairFalseShare)
	if !(few > 0.9 && many > 0.7 && many < few) {
		t.Errorf("of a gain 20 times that of chance counts %v among 10, %v among 10000", few, many)
	}
	if got := wilsonHilferty(freedom, freedom, 2*freedom).part(1, 10, pairFalseShare); got != leastPart {
		t.Errorf("%v of an average gain counts", got)
	}
}

// What leads of one account have in common looks like an effect of any pair that sets accounts apart; the gate asks other
// accounts.
func TestGateAsksOtherAccounts(t *testing.T) {
	const accounts, leads, levels = 120, 60, 5
	random := rand.New(rand.NewPCG(12, 12))
	var a, b, account []string
	var won []bool
	for k := range accounts {
		i, j, effect := random.IntN(levels), random.IntN(levels), 1.2*random.NormFloat64()
		for range leads {
			a, b, account = append(a, fmt.Sprint("a", i)), append(b, fmt.Sprint("b", j)), append(account, fmt.Sprint("k", k))
			won = append(won, random.Float64() < Sigmoid(effect-1))
		}
	}
	columns := []column{category("a", features.RoleFeature, a), category("b", features.RoleFeature, b), yesNo(won)}
	if got := pairsOf(train(t, tableOf(t, columns...), autoOptions()).Model); len(got) != 1 {
		t.Fatalf("leads that are asked one by one know of the pair: %q", got)
	}
	columns = append(columns, category("account", features.RoleAccount, account))
	if got := pairsOf(train(t, tableOf(t, columns...), autoOptions()).Model); len(got) != 0 {
		t.Errorf("pairs of what accounts have in common: %q", got)
	}
}
