package model

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// leads are the labelled, mature rows of a table, in the order that time, the file or chance gives them.
type leads struct {
	table     *features.Table
	converted []uint8 // of each row of the table
	weights   []float64
	accounts  []int32 // of each row of the table, nil without a column for them
	kind      string
	rows      []int32 // in order
	created   []int64 // of each row of the table, nil without a creation time
}

// newLeads returns the labelled, mature rows of positive weight in the order of the table; arrange puts them in the
// order of the split.
func newLeads(table *features.Table, o *outcomes, weights []float64, split string) (*leads, error) {
	l := &leads{table: table, converted: o.converted, weights: weights, created: timesOf(table, features.RoleCreatedAt)}
	l.rows = o.rows
	if weights != nil {
		l.rows = slices.DeleteFunc(slices.Clone(o.rows), func(r int32) bool { return weights[r] == 0 })
	}
	if i := table.Schema.ByRole(features.RoleAccount); i >= 0 {
		l.accounts = accountsOf(&table.Columns[i], table.Rows)
	}
	l.kind = split
	if split == SplitAuto {
		l.kind = SplitRandom
		if l.created != nil {
			l.kind = SplitTime
		}
	}
	if l.kind == SplitTime && l.created == nil {
		return nil, fmt.Errorf("model: split: by time, but no column has the role created_at")
	}
	return l, nil
}

// arrange puts the rows in the order that the split cuts: of time, of the table, or of chance.
func (l *leads) arrange(seed uint64) {
	switch l.kind {
	case SplitTime:
		l.rows = slices.Clone(l.rows)
		slices.SortStableFunc(l.rows, func(a, b int32) int { return cmp.Compare(l.created[a], l.created[b]) })
	case SplitRandom:
		l.rows = l.shuffled(seed)
	}
}

// whole returns nil, which means all rows of the table, if the rows are all of them.
func (l *leads) whole(rows []int32) []int32 {
	if len(rows) == l.table.Rows {
		return nil
	}
	return rows
}

// accountsOf numbers the accounts; a lead without one is an account of its own.
func accountsOf(c *features.Column, rows int) []int32 {
	if c.Codes.Len() == 0 {
		return nil
	}
	accounts := make([]int32, rows)
	next := int32(len(c.Levels))
	for r := range accounts {
		accounts[r] = int32(c.Codes.At(r))
		if accounts[r] == int32(len(c.Levels)) {
			accounts[r] = next
			next++
		}
	}
	return accounts
}

// shuffled returns the rows in random order, those of one account together.
func (l *leads) shuffled(seed uint64) []int32 {
	random := rand.New(rand.NewPCG(seed, 0x73706c6974))
	if l.accounts == nil {
		rows := slices.Clone(l.rows)
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		return rows
	}
	place := map[int32]uint64{}
	for _, r := range l.rows {
		if _, known := place[l.accounts[r]]; !known {
			place[l.accounts[r]] = random.Uint64()
		}
	}
	rows := slices.Clone(l.rows)
	slices.SortStableFunc(rows, func(a, b int32) int {
		return cmp.Or(cmp.Compare(place[l.accounts[a]], place[l.accounts[b]]), cmp.Compare(l.accounts[a], l.accounts[b]))
	})
	return rows
}

// cut returns the position in rows near the share at which nothing that belongs together is torn: leads of
// one instant, or, in random order, of one account.
func (l *leads) cut(rows []int32, share float64) int {
	k := min(max(int(math.Round(share*float64(len(rows)))), 0), len(rows))
	for k > 0 && k < len(rows) && l.together(rows[k-1], rows[k]) {
		k++
	}
	return k
}

func (l *leads) together(a, b int32) bool {
	switch {
	case l.kind == SplitTime:
		return l.created[a] == l.created[b]
	case l.kind == SplitRandom && l.accounts != nil:
		return l.accounts[a] == l.accounts[b]
	}
	return false
}

// minOutcomes is the least number of conversions, and of others, that anything is fitted to or measured on.
const minOutcomes = 5

// enough reports whether the rows hold as many of either outcome as that.
func (l *leads) enough(rows []int32) bool {
	won := l.won(rows)
	return won >= minOutcomes && len(rows)-won >= minOutcomes
}

// won returns the number of conversions among the rows, unweighted.
func (l *leads) won(rows []int32) int {
	n := 0
	for _, r := range rows {
		n += int(l.converted[r])
	}
	return n
}

// labels returns the label of each of the rows; nil means all rows of the table.
func (l *leads) labels(rows []int32) []uint8 {
	if rows == nil {
		return l.converted
	}
	y := make([]uint8, len(rows))
	for i, r := range rows {
		y[i] = l.converted[r]
	}
	return y
}

// weight returns the weight of a row.
func (l *leads) weight(row int32) float64 {
	if l.weights == nil {
		return 1
	}
	return l.weights[row]
}

// weightsFor returns the weight of each of the rows (nil = all of the table), nil if all weigh 1.
func (l *leads) weightsFor(rows []int32) []float64 {
	if l.weights == nil || rows == nil {
		return l.weights
	}
	w := make([]float64, len(rows))
	for i, r := range rows {
		w[i] = l.weights[r]
	}
	return w
}

// sample makes the rows ready to be measured with the given log-odds.
func (l *leads) sample(rows []int32, logOdds []float64, seed uint64) *sample {
	s := &sample{logOdds: logOdds, y: l.labels(rows), weight: l.weightsFor(rows), seed: seed}
	if l.accounts != nil {
		s.cluster = renumbered(l.accounts, rows)
	}
	return s
}

// predictions are the rows with their outcomes and the given linear predictor.
func (l *leads) predictions(rows []int32, eta []float64) predictions {
	p := predictions{eta: eta, y: targets(l.labels(rows)), weight: l.weightsFor(rows)}
	if l.accounts != nil {
		p.cluster = make([]int32, len(rows))
		for i, r := range rows {
			p.cluster[i] = l.accounts[r]
		}
	}
	return p
}

// renumbered returns the accounts of the rows, numbered from 0 in order of appearance.
func renumbered(accounts, rows []int32) []int32 {
	number := map[int32]int32{}
	out := make([]int32, len(rows))
	for i, r := range rows {
		n, known := number[accounts[r]]
		if !known {
			n = int32(len(number))
			number[accounts[r]] = n
		}
		out[i] = n
	}
	return out
}

// origins are the shares of a part at which rolling-origin evaluation stands: it fits on what is before and
// looks at what is between this origin and the next.
var origins = []float64{0.5, 0.6, 0.7, 0.8, 0.9, 1}

// turn is one step of a cross-fit: fit on some rows, look at others.
type turn struct{ fit, test []int32 }

// turns cuts ordered rows into rolling origins, or, in random order, into as many folds.
func (l *leads) turns(rows []int32) []turn {
	if l.kind == SplitRandom {
		return l.randomTurns(rows, len(origins)-1)
	}
	var turns []turn
	for i := range len(origins) - 1 {
		from, to := l.cut(rows, origins[i]), l.cut(rows, origins[i+1])
		if from < to {
			turns = append(turns, turn{rows[:from], rows[from:to]})
		}
	}
	return turns
}

// randomTurns cuts rows in random order into folds; each is looked at once.
func (l *leads) randomTurns(rows []int32, count int) []turn {
	var turns []turn
	from := 0
	for i := range count {
		to := l.cut(rows, float64(i+1)/float64(count))
		if from < to {
			turns = append(turns, turn{slices.Concat(rows[:from], rows[to:]), rows[from:to]})
		}
		from = to
	}
	return turns
}
