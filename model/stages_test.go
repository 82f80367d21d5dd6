package model

import (
	"strings"
	"testing"

	"github.com/leadscore/leadscore/features"
)

// A stage that most leads enter before the one that it is counted after is told; in their order stages are not.
func TestStagesOutOfOrder(t *testing.T) {
	for _, earlier := range []bool{true, false} {
		columns := stagedColumns(world{rows: 3000, seed: 41})
		sql := columns[len(columns)-1]
		demo := column{field: features.Field{Name: "demo_at", Type: features.Type{Base: features.Timestamp}, Kind: features.Time, Role: features.RoleStage, Stage: "demo"}}
		for r, at := range sql.times {
			if at != features.NoTime && r%3 > 0 {
				if at += day; earlier {
					at -= 2 * day
				}
			} else {
				at = features.NoTime
			}
			demo.times = append(demo.times, at)
		}
		table := tableOf(t, append(columns, demo)...)
		m := train(t, table, withPolicy()).Model
		e, err := m.Economics(table, DefaultEconomicsOptions())
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(asJSON(t, e.Notes), "enter demo before sql"); told != earlier {
			t.Errorf("demo before sql: %v; told: %v", earlier, told)
		}
	}
}
