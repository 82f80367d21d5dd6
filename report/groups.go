package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/model"
)

// groups compares what the model expected of parts of the holdout with what came.
func (b *builder) groups() *section {
	s := &section{ID: "groups", Title: "Groups", Question: "is the model right for each source, segment and cohort?"}
	if b.t.Holdout == nil {
		s.Missing = b.holdoutMissing()
		return s
	}
	if len(b.t.Groups) == 0 {
		s.Missing = "the data name neither a source nor a segment nor a creation time to group by"
		return s
	}
	off := 0
	for _, g := range b.t.Groups {
		if surprise(g) != "" {
			off++
		}
	}
	s.Lead = fmt.Sprintf("In %s of %s of the holdout the mean probability lies outside the interval of the rate that was seen.", noneOr(off), plural(len(b.t.Groups), "group"))
	s.Text = []string{fmt.Sprintf("About one in %d would by chance alone, were the model exactly right. Expected conversions are the sum of the group's probabilities.", int(math.Round(1/(1-model.IntervalLevel))))}
	for _, by := range groupings(b.t.Groups) {
		s.Tables = append(s.Tables, groupTable(by, b.t.Groups))
	}
	return s
}

// groupings returns the columns that groups are made by, in order of appearance.
func groupings(groups []model.Group) []string {
	var names []string
	for _, g := range groups {
		if !slices.Contains(names, g.By) {
			names = append(names, g.By)
		}
	}
	return names
}

// surprise says how a group differs from what was expected of it, "" if by no more than chance.
func surprise(g model.Group) string {
	switch {
	case !known(g.RateCI) || !finite(g.Mean):
		return ""
	case g.RateCI[0] > g.Mean:
		return "▲ more than expected"
	case g.RateCI[1] < g.Mean:
		return "▼ fewer than expected"
	}
	return ""
}

func groupTable(by string, groups []model.Group) table {
	title := "By " + level(by)
	switch by {
	case "cohort":
		title = "By cohort (month of creation)"
	case "account":
		title = "By account (whether the fit had leads of it)"
	}
	t := table{
		Caption: title, Open: true, Words: map[int]bool{7: true},
		Head: []string{level(by), "Leads", "Conversions", "Expected", "Rate", levelName(nil), "Mean probability", "Against expectation", "AUC"},
	}
	var members []model.Group
	for _, g := range groups {
		if g.By == by {
			members = append(members, g)
		}
	}
	shown := largest(members)
	for _, g := range shown {
		against, auc := surprise(g), "one outcome only"
		if against == "" {
			against = "as expected"
		}
		if g.AUC != nil {
			auc = fixed(*g.AUC, 3)
		}
		t.Rows = append(t.Rows, []string{level(g.Value), count(float64(g.Rows)), count(g.Conversions), fixed(g.Expected, 1), percent(g.Rate), between(g.RateCI, percent), percent(g.Mean), against, auc})
	}
	t.left(len(members)-len(shown), "groups")
	return t
}

// largest returns the groups of most leads, as many as a table holds, in their given order.
func largest(groups []model.Group) []model.Group {
	if len(groups) <= maxTableRows {
		return groups
	}
	sizes := make([]int, len(groups))
	for i, g := range groups {
		sizes[i] = g.Rows
	}
	slices.Sort(sizes)
	bar := sizes[len(sizes)-maxTableRows]
	var kept []model.Group
	for _, g := range groups {
		if g.Rows >= bar && len(kept) < maxTableRows {
			kept = append(kept, g)
		}
	}
	return kept
}
