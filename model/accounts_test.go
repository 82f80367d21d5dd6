package model

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// A model that knows accounts again is told by the leads of accounts that it had not seen.
func TestAccountsFlatter(t *testing.T) {
	const n = 6000
	random := rand.New(rand.NewPCG(1, 1))
	account, email, created, won := make([]string, n), make([]string, n), make([]int64, n), make([]bool, n)
	lucky := map[int]bool{}
	for r := range n {
		a := random.IntN(300)
		if r > n*7/10 && random.IntN(2) == 0 {
			a = 1000 + random.IntN(300) // an account that comes late
		}
		if _, known := lucky[a]; !known {
			lucky[a] = random.IntN(3) == 0
		}
		account[r], email[r], created[r] = fmt.Sprint("a", a), fmt.Sprint("domain", a), firstLead+int64(r)*leadGap
		won[r] = random.Float64() < 0.1+0.5*float64(b2i(lucky[a]))
	}
	columns := []column{timed("created_at", features.RoleCreatedAt, created), category("account", features.RoleAccount, account), category("domain", features.RoleFeature, email), yesNo(won)}
	trained := train(t, tableOf(t, columns...), options())
	found := map[string]Group{}
	rows := 0
	for _, g := range trained.Groups {
		if g.By == byAccount {
			found[g.Value] = g
			rows += g.Rows
		}
	}
	if known, fresh := found[knownAccounts], found[newAccounts]; rows != trained.Holdout.Rows || !(*known.AUC > 0.7) || !(*fresh.AUC < 0.6) {
		t.Errorf("%+v", found)
	}
	warned := false
	for _, w := range trained.Warnings {
		warned = warned || w.Code == "known_accounts_flatter"
	}
	if !warned {
		t.Errorf("no warning among %v", trained.Warnings)
	}
	o := options()
	o.Split = SplitRandom
	if trained := train(t, tableOf(t, columns...), o); len(trained.Groups) > 0 && trained.Groups[len(trained.Groups)-1].By == byAccount {
		t.Errorf("a random split tears accounts: %+v", trained.Groups)
	}
}
