package model

import (
	"slices"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// LeadStage and LostStage are stages by name: the first one, and the one that is no stage but the end without a sale.
const (
	LeadStage = "lead"
	LostStage = "lost"
)

// The stages that are a first contact and a hand-off, by name; without a hand-off of its own it is the mql.
var (
	contactStages = []string{"contacted", "contact", "first_contact"}
	handOffStages = []string{"handed_off", "hand_off", "handoff", "mql"}
)

// funnelOrder is the order of the stages that everybody knows.
var funnelOrder = slices.Concat([]string{"inquiry", "engaged", "mql"}, handOffStages[:3], contactStages,
	[]string{"sal", "sql", "discovery", "meeting", "demo", "trial", "opportunity", "proposal", "quote", "negotiation", "contract"})

// stage is a stage of the funnel between the lead and the sale.
type stage struct {
	name   string
	column int
}

// stagesBetween returns the stages that the schema has times of, but for the lead, the sale and the loss. Well-known
// names are in the order of a funnel; with a name that is not, all are in the order of their columns.
func stagesBetween(schema *features.Schema) []stage {
	var stages []stage
	known := true
	for i, f := range schema.Fields() {
		if f.Role == features.RoleStage && !slices.Contains([]string{LeadStage, LostStage, budget.WonStage}, f.Stage) {
			stages = append(stages, stage{f.Stage, i})
			known = known && slices.Contains(funnelOrder, f.Stage)
		}
	}
	if known {
		slices.SortFunc(stages, func(a, b stage) int {
			return slices.Index(funnelOrder, a.name) - slices.Index(funnelOrder, b.name)
		})
	}
	return stages
}

// Stages returns the stages of the funnel that the schema has times of, from the lead to the sale.
func Stages(schema *features.Schema) []string {
	names := []string{LeadStage}
	for _, s := range stagesBetween(schema) {
		names = append(names, s.name)
	}
	return append(names, budget.WonStage)
}

// reached returns the furthest stage, as a position in Stages, that a row had reached as of a time; a conversion is
// the last one. A lead that skipped the record of a stage has reached it.
func (l *leads) reached(stages []stage, asOf int64, row int32) int {
	if l.converted[row] == 1 {
		return len(stages) + 1
	}
	for k := len(stages) - 1; k >= 0; k-- {
		if t := l.table.Columns[stages[k].column].Times[row]; t != features.NoTime && (asOf == features.NoTime || t <= asOf) {
			return k + 1
		}
	}
	return 0
}

// stageRates returns S_k of each level of the source, shrunken towards what sources have in common, and that of a
// lead of no known source, for each of the stages that cost something but the sale. rows are mature.
func (t *trainer) stageRates(costs []budget.StageCost, rows []int32, levels int, level func(row int32) int32) (reach [][]float64, otherwise []float64) {
	stages, names := stagesBetween(t.table.Schema), Stages(t.table.Schema)
	entered := make([][]float64, len(names)) // of each stage, by level and then of no level
	for k := range entered {
		entered[k] = make([]float64, levels+1)
	}
	for _, r := range rows {
		s := level(r)
		if s == features.NoLevel {
			s = int32(levels)
		}
		for k := range t.reached(stages, t.outcomes.asOf, r) + 1 {
			entered[k][s] += t.weight(r)
		}
	}
	reach = make([][]float64, levels)
	for _, c := range costs[:rateCount(costs)] {
		byLevel, all := shrunkenRates(entered[slices.Index(names, c.Stage)], entered[0])
		for s := range reach {
			reach[s] = append(reach[s], byLevel[s])
		}
		otherwise = append(otherwise, all)
	}
	return reach, otherwise
}

// shrunkenRates returns the rate of each group and the rate of a group that nothing is known of. Where all or none of
// the leads got there, that is the rate of every group.
func shrunkenRates(reached, leads []float64) (rates []float64, prior float64) {
	rates = make([]float64, len(leads))
	fit, err := budget.FitPrior(reached, leads)
	if err != nil {
		share := 0.0
		if n := sum(leads); n > 0 {
			share = sum(reached) / n
		}
		for s := range rates {
			rates[s] = share
		}
		return rates, share
	}
	for s := range rates {
		rates[s] = fit.After(reached[s], leads[s]).Mean()
	}
	return rates, fit.Mean()
}

func sum(xs []float64) (total float64) {
	for _, x := range xs {
		total += x
	}
	return total
}
