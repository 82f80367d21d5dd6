package model

import (
	"fmt"
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// partition cuts the leads into groups.
type partition struct {
	by      string
	names   []string
	members [][]int32
	source  bool // the groups are the sources
	paid    bool // what was spent on a group can be known
}

func (x *economist) partitions() ([]partition, error) {
	schema := x.l.table.Schema
	by := x.o.By
	if by == nil {
		for _, f := range schema.Fields() {
			if f.Kind == features.Category && (f.Role == features.RoleSource || f.Role == features.RoleSegment) {
				by = append(by, f.Name)
			}
		}
	}
	var partitions []partition
	for _, name := range by {
		i := schema.Index(name)
		if i < 0 && name == features.RoleSource.String() {
			i = schema.ByRole(features.RoleSource)
		}
		if i < 0 || schema.Fields()[i].Kind != features.Category || x.l.table.Columns[i].Codes.Len() == 0 {
			return nil, fmt.Errorf("model: economics: cannot group by %q: it is not a category column of the data", name)
		}
		partitions = append(partitions, x.partition(i))
	}
	return partitions, nil
}

// partition groups by a category, the groups in the order of the value of their leads.
func (x *economist) partition(column int) partition {
	f, c := x.l.table.Schema.Fields()[column], &x.l.table.Columns[column]
	members := make([][]int32, len(c.Levels)+1)
	for r := range x.l.table.Rows {
		code := c.Codes.At(r)
		members[code] = append(members[code], int32(r))
	}
	p := partition{by: f.Name, source: f.Role == features.RoleSource, paid: f.Role == features.RoleSource || x.o.Spend == nil}
	for code, rows := range members {
		if len(rows) == 0 {
			continue
		}
		name := features.MissingText
		if code < len(c.Levels) {
			name = c.Levels[code]
		}
		p.names, p.members = append(p.names, name), append(p.members, rows)
	}
	return p.sorted(func(rows []int32) (value float64) {
		weight := 0.0
		for _, r := range rows {
			weight += x.l.weight(r)
			value += float64(x.l.weight(r) * x.money.Value[r])
		}
		return value / weight
	})
}

// sorted puts the groups in falling order of a figure.
func (p partition) sorted(figure func(rows []int32) float64) partition {
	figures, order := make([]float64, len(p.names)), make([]int, len(p.names))
	for i, rows := range p.members {
		figures[i], order[i] = figure(rows), i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case figures[a] > figures[b]:
			return -1
		case figures[a] < figures[b]:
			return 1
		}
		return 0
	})
	out := p
	out.names, out.members = nil, nil
	for _, i := range order {
		out.names, out.members = append(out.names, p.names[i]), append(out.members, p.members[i])
	}
	return out
}

// tierPartition groups by value tier, best first.
func (x *economist) tierPartition() partition {
	p := partition{by: ByTier, paid: x.cost != nil}
	tiers := x.m.policy.Tiers
	if tiers == nil {
		return p
	}
	p.names = append(slices.Clone(tiers.Names), budget.Unscored)
	p.members = make([][]int32, len(p.names))
	for r := range x.money.Value {
		tier := tiers.Of(x.m.policy.TierValue(x.money.Value[r], x.money.Cost[r], x.money.Probability[r]))
		k := slices.Index(p.names, tier)
		p.members[k] = append(p.members[k], int32(r))
	}
	if last := len(p.names) - 1; len(p.members[last]) == 0 {
		p.names, p.members = p.names[:last], p.members[:last]
	}
	return p
}
