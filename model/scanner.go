package model

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/leadscore/leadscore/features"
)

// scanner looks for leaks by the plain recipe on random folds of a part of the leads.
type scanner struct {
	*trainer
	turns    []turn
	noise    float64   // AUC above ½ that may be chance
	columns  []scanned // the features, the strongest alone first
	work     int       // models to be fitted, at most
	done     int
	progress func(done float64) // nil = nobody listens
}

// scanned is what the scanner knows of one feature: its own log-odds of each turn's test, and those of its being missing.
type scanned struct {
	Suspect
	eta, missing [][]float64
}

var errTooFew = errors.New("too few to find leaks")

// scan looks for leaks among the trainer's leads, whose order it leaves as it is.
func (t *trainer) scan(ctx context.Context, progress func(done float64)) (*LeakScan, error) {
	s := t.newScanner(progress)
	for _, u := range s.turns {
		if len(s.turns) < leakFolds || !t.enough(u.fit) || !t.enough(u.test) {
			return nil, fmt.Errorf("model: scan: %d conversions among %d leads: %w", s.won(s.rows), len(s.rows), errTooFew)
		}
	}
	if err := s.rankAlone(); err != nil {
		return nil, err
	}
	late := t.lateTimes()
	for i := range s.columns {
		c := &s.columns[i]
		c.judgeAlone(s.noise)
		c.Evidence = append(c.Evidence, late[c.Column]...)
		delete(late, c.Column)
	}
	s.joinMissing()
	if err := s.compareWithout(ctx); err != nil {
		return nil, err
	}
	found := &LeakScan{Rows: len(s.rows), Suspects: []Suspect{}}
	for i := range s.columns {
		if c := &s.columns[i].Suspect; len(c.Evidence) > 0 {
			found.Suspects = append(found.Suspects, *c)
		}
	}
	for _, f := range t.table.Schema.Fields() { // times that are no features
		if evidence := late[f.Name]; len(evidence) > 0 {
			found.Suspects = append(found.Suspects, Suspect{Column: f.Name, Evidence: evidence, Trusted: f.Trusted})
		}
	}
	return found, nil
}

// leakFolds is the number of folds of a scan.
const leakFolds = 2

func (t *trainer) newScanner(report func(done float64)) *scanner {
	own, part := *t, *t.leads
	own.leads, own.known, own.progress = &part, nil, &progress{}
	own.options.Recipe, own.options.L2 = RecipePlain, max(own.options.L2, 1)
	part.kind, part.rows = SplitRandom, t.casesAndOthers(leakRows, t.options.Seed)
	part.rows = part.shuffled(t.options.Seed)
	s := &scanner{trainer: &own, turns: part.randomTurns(part.rows, leakFolds), progress: report, work: leakTries + leakRetries + 2}
	variance := 0.0
	for _, u := range s.turns {
		won := float64(part.won(u.test))
		lost := float64(len(u.test)) - won
		variance += (won + lost + 1) / (12 * won * lost) / leakFolds / leakFolds // of the rank sum of no signal (Mann & Whitney 1947)
	}
	s.noise = leakNoise * math.Sqrt(variance)
	return s
}

// casesAndOthers draws at most so many leads at random, half of them converted if there are enough, and leaves them in
// their order (Vitter's selection sampling, within either outcome).
func (l *leads) casesAndOthers(most int, seed uint64) []int32 {
	random := rand.New(rand.NewPCG(seed, 0x6c65616b73))
	won := l.won(l.rows)
	left := [2]int{len(l.rows) - won, won}
	want := [2]int{1: min(won, max(most/2, most-left[0]))}
	want[0] = min(left[0], most-want[1])
	rows := make([]int32, 0, want[0]+want[1])
	for _, r := range l.rows {
		y := l.converted[r]
		if random.IntN(left[y]) < want[y] {
			rows = append(rows, r)
			want[y]--
		}
		left[y]--
	}
	return rows
}

// rankAlone ranks the leads by each feature by itself, and by whether it is missing.
func (s *scanner) rankAlone() error {
	at := map[string]*scanned{}
	for turn, u := range s.turns {
		encoder, _, err := features.Fit(s.table, u.fit, s.weights)
		if err != nil {
			return err
		}
		for k, term := range encoder.Terms() {
			c := at[term.Name]
			if c == nil {
				c = &scanned{eta: s.ties(), missing: s.ties()}
				at[term.Name] = c
			}
			bins := s.binned(encoder, k, u, s.leakEdges(encoder, k, u))
			c.eta[turn], c.missing[turn] = s.levelRates(bins, u), s.levelRates(bins.missingOnly(), u)
		}
	}
	for _, f := range s.table.Schema.Fields() {
		if c := at[f.Name]; c != nil {
			c.Suspect = Suspect{Column: f.Name, Alone: s.meanAUC(c.eta), MissingAlone: s.meanAUC(c.missing), Trusted: f.Trusted}
			s.columns = append(s.columns, *c)
		}
	}
	slices.SortStableFunc(s.columns, func(a, b scanned) int { return cmp.Compare(b.Alone, a.Alone) })
	return nil
}

// ties ranks no lead above another: what a feature does in a fold where it has no value.
func (s *scanner) ties() [][]float64 {
	eta := make([][]float64, len(s.turns))
	for i, u := range s.turns {
		eta[i] = make([]float64, len(u.test))
	}
	return eta
}

// meanAUC is the mean of the turns' AUC. Note: over the turns together a level that one fold has more conversions of
// than the other ranks the wrong way round, since each is ranked by the other.
func (s *scanner) meanAUC(eta [][]float64) float64 {
	var sum float64
	for i, u := range s.turns {
		sum += rank(s.sample(u.test, eta[i], 0)).measure(nil).auc
	}
	return sum / float64(len(s.turns))
}

// joinMissing says of suspects that they are filled in for the same leads as a stronger one: what fills in the one fills in
// the other.
func (s *scanner) joinMissing() {
	for i := range s.columns {
		c := &s.columns[i]
		if !c.missingTells(s.noise) {
			continue
		}
		for j := range s.columns[:i] {
			if other := &s.columns[j]; other.missingTells(s.noise) && s.same(c.missing, other.missing) {
				c.say("it is filled in for the same leads as %s: with it, one finding", other.Column)
				break
			}
		}
	}
}

// same says that two columns rank the leads of each turn alike.
func (s *scanner) same(a, b [][]float64) bool {
	for turn := range s.turns {
		if correlation(a[turn], b[turn]) < leakCopy {
			return false
		}
	}
	return true
}

// compareWithout compares the strongest columns with the model on all others, and then those that are no suspects yet
// without the columns that outshine every other.
func (s *scanner) compareWithout(ctx context.Context) error {
	if err := s.compareStrongest(ctx, nil, leakTries, ""); err != nil {
		return err
	}
	var bright []string
	for i := range s.columns {
		if c := &s.columns[i]; len(c.Evidence) > 0 && c.Alone >= leakAlone {
			bright = append(bright, c.Column)
		}
	}
	if bright == nil {
		return nil
	}
	return s.compareStrongest(ctx, bright, leakRetries, fmt.Sprintf(", without %s", strings.Join(bright, ", ")))
}

// compareStrongest judges the strongest columns, as many as tries, among all but those that are left out.
func (s *scanner) compareStrongest(ctx context.Context, out []string, tries int, left string) error {
	var with *float64
	for i := range s.columns {
		c := &s.columns[i]
		if tries == 0 || c.Alone < max(leakStrong, 0.5+s.noise) {
			break
		}
		if slices.Contains(out, c.Column) || out != nil && len(c.Evidence) > 0 {
			continue
		}
		same := append(s.copiesOf(c), out...)
		if len(same) == len(s.columns) {
			continue
		}
		if with == nil {
			auc, err := s.without(ctx, out)
			if err != nil {
				return err
			}
			with = &auc
		}
		others, err := s.without(ctx, same)
		if err != nil {
			return err
		}
		c.Others, c.WithIt = &others, with
		c.judgeWithout(len(s.columns)-len(same), left)
		tries--
	}
	return nil
}

// copiesOf returns the names of a column and of those that rank the leads as it does.
func (s *scanner) copiesOf(c *scanned) []string {
	names := []string{c.Column}
	for i := range s.columns {
		other := &s.columns[i]
		if other.Column == c.Column || math.Abs(other.Alone-c.Alone) > leakCost {
			continue
		}
		if s.same(c.eta, other.eta) {
			names = append(names, other.Column)
		}
	}
	return names
}

// without is the AUC of the plain recipe on all features but some.
func (s *scanner) without(ctx context.Context, names []string) (float64, error) {
	if s.done++; s.progress != nil {
		s.progress(float64(s.done) / float64(s.work))
	}
	reduced, lean := *s.trainer, *s.leads
	reduced.leads = &lean
	var err error
	for _, name := range names {
		if lean.table, err = lean.table.Without(name); err != nil {
			return 0, err
		}
	}
	eta := make([][]float64, len(s.turns))
	for i, u := range s.turns {
		if eta[i], err = reduced.predict(ctx, "scanning", u); err != nil {
			return 0, err
		}
	}
	return s.meanAUC(eta), nil
}
