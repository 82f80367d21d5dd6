package model

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Assessment is how a model does on leads that it was not trained on.
type Assessment struct {
	Model   Identity    `json:"model"`
	Data    DataSummary `json:"data"`
	Overall *Evaluation `json:"overall,omitempty"` // absent where only one outcome occurs
	Groups  []Group     `json:"groups"`
	Truth   *Truth      `json:"truth,omitempty"`
	Notes   []Warning   `json:"warnings"`
}

// Truth compares probabilities with the true ones, which only made-up leads have.
type Truth struct {
	Rows             int          `json:"rows"`
	Mean             float64      `json:"mean_probability"`
	True             float64      `json:"mean_truth"`
	Ratio            float64      `json:"ratio"`             // mean probability ÷ mean truth
	Slope            float64      `json:"calibration_slope"` // of the truth on the log-odds
	Intercept        float64      `json:"calibration_intercept"`
	LogitCorrelation float64      `json:"logit_correlation"`
	ExcessLogLoss    float64      `json:"excess_log_loss"` // over the truth's own
	Groups           []TruthGroup `json:"groups"`
}

// TruthGroup is the comparison for some of the leads.
type TruthGroup struct {
	By       string  `json:"by"`
	Value    string  `json:"value"`
	Rows     int     `json:"rows"`
	Expected float64 `json:"expected_conversions"`
	True     float64 `json:"true_conversions"`
	Ratio    float64 `json:"ratio,omitempty"` // absent where no conversion is to be expected
}

// AssessOptions says how to assess.
type AssessOptions struct {
	By    []string  // category columns to group by, "tier" or "cohort"; nil = source, segments, cohort and, if the model has them, tiers
	Truth []float64 // true probability of each row of the table, nil = unknown
	AsOf  string    // moment of maturity, "" = the latest time in the data
	Seed  uint64
}

// Assess measures the model on the labelled, mature leads of a table of the model's schema, and compares it
// with the truth, if given, on all of them.
func (m *Model) Assess(table *features.Table, o AssessOptions) (*Assessment, error) {
	l, out, err := m.leadsOf(table, o.AsOf, o.Seed)
	if err != nil {
		return nil, err
	}
	if len(l.rows) == 0 {
		return nil, fmt.Errorf("model: assess: %w: %d rows, %d of them younger than the horizon of %d days", ErrNoLeads, table.Rows, out.immature, m.document.Label.Horizon)
	}
	t := &trainer{leads: l, outcomes: out}
	a := &Assessment{Model: m.Identity(), Data: t.summary(), Notes: append([]Warning{}, out.warnings...)}
	logOdds := m.TableLogOdds(table, l.rows)
	if won := l.won(l.rows); won > 0 && won < len(l.rows) {
		a.Overall = evaluate(l.sample(l.rows, logOdds, o.Seed))
		a.Notes = append(a.Notes, a.Overall.CutoffDoubt()...)
	} else {
		a.Notes = append(a.Notes, Warning{Code: "one_outcome", Detail: fmt.Sprintf("%d of %d leads converted: ranking cannot be measured", won, len(l.rows))})
	}
	if a.Groups, err = m.groupsFor(l, o.By, logOdds); err != nil {
		return nil, err
	}
	if o.Truth != nil {
		a.Truth, err = m.truth(table, o.Truth)
	}
	return a, err
}

// leadsOf applies the model's label to a table of the model's schema.
func (m *Model) leadsOf(table *features.Table, asOf string, seed uint64) (*leads, *outcomes, error) {
	if err := m.encoder.Fits(table.Schema); err != nil {
		return nil, nil, err
	}
	label := m.document.Label
	label.AsOf = asOf
	out, err := label.apply(table)
	if err != nil {
		return nil, nil, err
	}
	weights, err := weightsOf(table)
	if err != nil {
		return nil, nil, err
	}
	l, err := newLeads(table, out, weights, SplitRowOrder)
	return l, out, err
}

// ByTier is what leads are grouped by in groups of one tier of the model's policy each.
const ByTier = "tier"

// groupsFor measures the leads by the named columns.
func (m *Model) groupsFor(l *leads, by []string, logOdds []float64) ([]Group, error) {
	rows := l.rows
	if by == nil {
		return append(l.groups(rows, logOdds), m.tierGroups(l, logOdds)...), nil
	}
	groups := []Group{}
	for _, name := range by {
		if name == byCohort {
			groups = append(groups, l.cohorts(rows, logOdds)...)
			continue
		}
		if name == ByTier && l.table.Schema.Index(name) < 0 {
			tiers := m.tierGroups(l, logOdds)
			if tiers == nil {
				return nil, errors.New("model: assess: cannot group by tier: the model has no value tiers, and the data no column of that name")
			}
			groups = append(groups, tiers...)
			continue
		}
		if name == features.RoleSource.String() && l.table.Schema.Index(name) < 0 {
			if i := l.table.Schema.ByRole(features.RoleSource); i >= 0 {
				name = l.table.Schema.Fields()[i].Name
			}
		}
		i := l.table.Schema.Index(name)
		if i < 0 || l.table.Schema.Fields()[i].Kind != features.Category {
			return nil, fmt.Errorf("model: assess: cannot group by %q: it is not a category column of the data", name)
		}
		groups = append(groups, l.groupsBy(name, &l.table.Columns[i], rows, logOdds)...)
	}
	return groups, nil
}

// tierGroups measures the leads by tier, best first; nil for a model whose leads have no tiers.
func (m *Model) tierGroups(l *leads, logOdds []float64) (groups []Group) {
	if m.policy == nil || m.policy.Tiers == nil || m.value == nil {
		return nil
	}
	money, names := m.TableMoney(l.table, l.rows), append(slices.Clone(m.policy.Tiers.Names), budget.Unscored)
	members := make([][]int32, len(names))
	for i := range l.rows {
		k := slices.Index(names, m.policy.Tiers.Of(m.policy.TierValue(money.Value[i], money.Cost[i], money.Probability[i])))
		members[k] = append(members[k], int32(i))
	}
	for k, name := range names {
		if len(members[k]) > 0 {
			groups = append(groups, l.group(ByTier, name, l.rows, members[k], logOdds))
		}
	}
	return groups
}

// truth compares with the true probabilities over all rows, mature or not.
func (m *Model) truth(table *features.Table, truth []float64) (*Truth, error) {
	if len(truth) != table.Rows {
		return nil, fmt.Errorf("model: assess: %d true probabilities for %d leads", len(truth), table.Rows)
	}
	logOdds := m.TableLogOdds(table, nil)
	t := &Truth{Rows: len(truth), Groups: []TruthGroup{}}
	own := make([]float64, len(truth)) // logit of the truth, kept finite
	for r, p := range truth {
		if !(p >= 0 && p <= 1) {
			return nil, fmt.Errorf("model: assess: row %d: %v is not a probability", r, p)
		}
		t.Mean += Sigmoid(logOdds[r])
		t.True += p
		own[r] = Logit(min(max(p, 1e-9), 1-1e-9))
		t.ExcessLogLoss += logLoss(logOdds[r], p) - entropy(p)
	}
	if t.True == 0 {
		return nil, fmt.Errorf("model: assess: every true probability is 0")
	}
	n := float64(len(truth))
	t.Ratio = t.Mean / t.True
	t.Mean /= n
	t.True /= n
	t.ExcessLogLoss /= n
	t.LogitCorrelation = correlation(logOdds, own)
	line, _ := fitAffine(predictions{eta: logOdds, y: truth})
	t.Slope, t.Intercept = line.Slope, line.Intercept
	for i, f := range table.Schema.Fields() {
		if f.Role == features.RoleSource && f.Kind == features.Category {
			t.Groups = append(t.Groups, truthBy(f.Name, &table.Columns[i], logOdds, truth)...)
		}
	}
	return t, nil
}

// correlation is Pearson's, 0 where one of the two is constant.
func correlation(x, y []float64) float64 {
	if c := stat.Correlation(x, y, nil); !math.IsNaN(c) {
		return c
	}
	return 0
}

func truthBy(name string, c *features.Column, logOdds, truth []float64) []TruthGroup {
	groups := make([]TruthGroup, len(c.Levels)+1)
	for r := range truth {
		g := &groups[c.Codes.At(r)]
		g.Rows++
		g.Expected += Sigmoid(logOdds[r])
		g.True += truth[r]
	}
	for i := range groups {
		g := &groups[i]
		g.By, g.Value = name, features.MissingText
		if i < len(c.Levels) {
			g.Value = c.Levels[i]
		}
		if g.True > 0 {
			g.Ratio = g.Expected / g.True
		}
	}
	return slices.DeleteFunc(groups, func(g TruthGroup) bool { return g.Rows == 0 })
}
