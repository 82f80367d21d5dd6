package model

import "fmt"

// byAccount groups leads held out by whether their account had leads in the fit.
const byAccount = "account"

// The two groups of it.
const newAccounts, knownAccounts = "new to the fit", "known to the fit"

// accountGroups measures leads held out by whether the fit knew other leads of their account: later ones of an account
// follow earlier ones as they will when the model is used, but a model may know an account again by its features. nil
// where no account stands on both sides.
func (l *leads) accountGroups(before, held []int32, logOdds []float64) []Group {
	if l.accounts == nil {
		return nil
	}
	seen := map[int32]bool{}
	for _, r := range before {
		seen[l.accounts[r]] = true
	}
	var positions [2][]int32
	for i, r := range held {
		known := 0
		if seen[l.accounts[r]] {
			known = 1
		}
		positions[known] = append(positions[known], int32(i))
	}
	if len(positions[1]) == 0 {
		return nil
	}
	var groups []Group
	for known, value := range []string{newAccounts, knownAccounts} {
		if len(positions[known]) > 0 {
			groups = append(groups, l.group(byAccount, value, held, positions[known], logOdds))
		}
	}
	return groups
}

// accountsFlatter doubts a holdout whose figures rest on accounts that the fit knew.
func accountsFlatter(groups []Group, h *Evaluation) []Warning {
	for _, g := range groups {
		if g.By == byAccount && g.Value == newAccounts && g.AUC != nil && h.AUC > *g.AUC+optimism {
			return []Warning{{Code: "known_accounts_flatter", Detail: fmt.Sprintf("the AUC is %.3f on the holdout, but %.3f on its %d leads of accounts that the fit had not seen: it knows accounts again", h.AUC, *g.AUC, g.Rows)}}
		}
	}
	return nil
}
