package model

import (
	"cmp"
	"context"
	"slices"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model/logit"
)

// A number enters as one slope if the data say no more than that, and in steps if they do: steps of a straight line cost
// it the spread within each step, and a penalty on each.
//
// With residuals r and curvatures h of a fit that has all numbers straight, G, W and Z are the sums of r, h and h·z over
// a group of a number's neighbouring bins. The weighted line through them takes out what a slope could still have,
//
//	g = G − (α·W + β·Z),   v = W − (W, Z)·A⁻¹·(W, Z)ᵀ,   A the sum of h·(1, z)ᵀ(1, z)
//
// and how far the gain stands out from chance is scored as chance.go says. The numbers that are discoveries at
// bendFalseShare get steps; so do those at bendLikelyShare if that predicts better, and those that a pair needs, and times,
// whose trend says nothing of the days to come. How far a number reaches is no reason: where extremes steer its slope,
// the rest of it bends away from the line, and where they do not, steps would lose what the line tells them apart by.
//
// Which share serves is a matter of the data: of a few thousand leads most bends are too weak to be sure of, but where they
// are many they tell leads apart together. The leads are cut into folds; on all but one, numbers are tested anew and both
// choices fitted, and the log loss on that fold compares them. The likely ones need bendErrors standard errors of gain.
//
// Note: a false bend costs a number of heavy tails the spread of its last bins, a missed one costs what the curve adds to
// a line. One share of .1 for all lost .002 of AUC by the former, .03 up to .005 by the latter; and a comparison on folds of
// what all leads had chosen took chance for bends: 85 straight numbers lost .002, at worst .012.

const (
	bendFalseShare  = 0.03
	bendLikelyShare = 0.6
	bendTested      = 40_000 // leads that are enough to decide by
	bendErrors      = 0.5
	bendTrialSteps  = 3
)

// shapes are the two ways in which numbers can enter: steps and slopes, term by term.
type shapes struct {
	steps, slopes *features.Encoder
}

// shapesOf fits both on the rows.
func (t *trainer) shapesOf(rows []int32) (*shapes, []string, error) {
	steps, empty, err := features.FitBins(t.table, rows, t.weights, features.BinOptions{Bins: binsFor(t.table.Schema), MinWeight: t.leastWeight()})
	if err != nil {
		return nil, nil, err
	}
	slopes, _, err := features.Fit(t.table, rows, t.weights)
	return &shapes{steps, slopes}, empty, err
}

// encoder has steps for the numbers that are bent, and for those that may not be straight.
func (s *shapes) encoder(bent map[string]bool) (*features.Encoder, error) {
	terms := slices.Clone(s.steps.Terms())
	for k := range terms {
		if s.mayBeStraight(k) && !bent[terms[k].Name] {
			terms[k] = s.slopes.Terms()[k]
		}
	}
	return features.NewEncoder(s.steps.Schema(), terms)
}

// mayBeStraight reports whether term k may enter as a slope.
func (s *shapes) mayBeStraight(k int) bool {
	t := &s.slopes.Terms()[k]
	return t.IsNumber() && s.slopes.Schema().Fields()[s.slopes.Field(k)].Kind != features.Time
}

// mayBend reports whether there is a difference between the slope of term k and its steps.
func (s *shapes) mayBend(k int) bool { return s.mayBeStraight(k) && s.steps.Terms()[k].Size() > 2 }

// reshape gives the learner the encoder of the bent numbers, keeps the penalties of terms that stay as they are, and
// learns them for some steps.
func (l *learner) reshape(ctx context.Context, bent map[string]bool, steps int) error {
	encoder, err := l.shapes.encoder(bent)
	if err != nil {
		return err
	}
	penalty := make([]float64, len(encoder.Terms()))
	for k := range penalty {
		penalty[k] = firstPenalty(&encoder.Terms()[k])
		if l.encoder != nil && l.encoder.Terms()[k].Ordered() == encoder.Terms()[k].Ordered() {
			penalty[k] = l.penalty[k]
		}
	}
	l.encoder, l.penalty, l.fit = encoder, penalty, nil
	before := l.problem
	l.problem = l.trainer.problem(encoder, l.design)
	if before.Rows > 0 { // a fold may weigh nothing, and open leads count as far as is expected of them
		l.problem.Labels, l.problem.Targets, l.problem.Weights = before.Labels, before.Targets, before.Weights
	}
	l.lagged.into(&l.problem)
	return l.adapt(ctx, 0, steps)
}

// bend gives steps to the numbers that a slope does not do for, and returns them by name. The learner's fit has all numbers
// straight that may be.
func (l *learner) bend(ctx context.Context, stepped *logit.Problem) (map[string]bool, error) {
	straight, tested := *l, l.bends(stepped)
	sure, likely := l.bent(tested, bendFalseShare), l.bent(tested, bendLikelyShare)
	if len(likely) > len(sure) {
		better, err := straight.likelyDoBetter(ctx, stepped)
		if err != nil {
			return nil, err
		}
		if better {
			sure = likely
		}
	}
	return sure, l.reshape(ctx, sure, mainSteps)
}

// bent are the discoveries at a share of false ones, by name.
func (l *learner) bent(tested []candidatePair, share float64) map[string]bool {
	names := map[string]bool{}
	for _, c := range tested[:discoveries(tested, len(tested), share)] {
		names[l.encoder.Terms()[c.a].Name] = true
	}
	return names
}

// likelyDoBetter reports whether steps for what is likely to bend, and not only for what surely does, predict leads better
// that had no part in telling which that is.
func (l *learner) likelyDoBetter(ctx context.Context, stepped *logit.Problem) (bool, error) {
	fold := l.folds()
	var tested predictions
	var gains []float64
	for k := 0; k < gateFolds && len(gains) < bendTested; k++ {
		inner, err := l.fitWithout(ctx, fold, k)
		if err != nil || inner == nil {
			return false, err
		}
		found := inner.bends(stepped)
		sure, err := inner.loss(ctx, inner.bent(found, bendFalseShare))
		if err != nil {
			return false, err
		}
		likely, err := inner.loss(ctx, inner.bent(found, bendLikelyShare))
		if err != nil {
			return false, err
		}
		for i, f := range fold {
			if int(f) == k {
				gains = append(gains, l.problemWeight(i)*(sure[i]-likely[i]))
				l.addTested(&tested, i)
			}
		}
		if mean, _ := tested.meanAndError(gains); k > 0 && mean <= 0 {
			return false, nil
		}
	}
	mean, se := tested.meanAndError(gains)
	return mean > bendErrors*se, nil
}

// loss is the log loss of each row by a fit with steps for the given numbers.
func (l *learner) loss(ctx context.Context, bent map[string]bool) ([]float64, error) {
	shaped := *l
	if err := shaped.reshape(ctx, bent, bendTrialSteps); err != nil {
		return nil, err
	}
	loss := linearPredictor(&shaped.problem, shaped.fit)
	for i, eta := range loss {
		loss[i] = logLoss(eta, outcomeOf(&shaped.problem, i))
	}
	return loss, nil
}

// bends tests the numbers that may bend, and returns them with those that stand out most first.
func (l *learner) bends(stepped *logit.Problem) []candidatePair {
	o := newLeftover(&l.problem, linearPredictor(&l.problem, l.fit))
	var tested []candidatePair
	for k := range l.encoder.Terms() {
		if l.encoder.Terms()[k].IsNumber() && l.shapes.mayBend(k) {
			tested = append(tested, candidatePair{a: k, standing: l.curving(k, stepped, o)})
		}
	}
	slices.SortStableFunc(tested, func(a, b candidatePair) int { return cmp.Compare(b.score, a.score) })
	return tested
}

// curving is how far number k stands out.
func (l *learner) curving(k int, stepped *logit.Problem, o *leftover) standing {
	group, groups := groupsOfBins(&l.shapes.steps.Terms()[k])
	codes := coarseCodes(stepped.Columns[k].Codes, group)
	sums := fromLine{groups: groups}
	for i, at := range standardised(&l.problem.Columns[k]) {
		if at == at {
			sums.add(int(codes[i]), at, o.residual[i], o.curvature[i])
		}
	}
	return sums.standing(o)
}

// groupsOfBins returns the group of each level of a number in steps, and how many groups are not of the missing, which
// are the last one and have a coefficient of their own.
func groupsOfBins(steps *features.Term) (group []int32, groups int) {
	group = steps.Coarsen(mostGroups)
	groups = int(slices.Max(group)) + 1
	if steps.Missing {
		groups--
	}
	return group, groups
}

// fromLine sums what a fit leaves over in groups of a number.
type fromLine struct {
	groups        int
	g, w, z       [mostGroups]float64
	sumZ, squares float64 // Σ r·z, Σ h·z²
}

func (s *fromLine) add(group int, z, residual, curvature float64) {
	s.g[group] += residual
	s.w[group] += curvature
	s.z[group] += curvature * z
	s.sumZ += residual * z
	s.squares += curvature * z * z
}

// standing is how far what the line leaves over stands out.
func (s *fromLine) standing(o *leftover) standing {
	var sum gainSum
	s.each(func(w, rest, v float64) { sum.add(w, rest, v, o) })
	return sum.standing()
}

// each gives W, g and v of the groups that the line leaves free, none if there is no line.
func (s *fromLine) each(yield func(w, rest, v float64)) {
	var sumG, sumW, sumWZ float64
	for b := range s.groups {
		sumG, sumW, sumWZ = sumG+s.g[b], sumW+s.w[b], sumWZ+s.z[b]
	}
	det := sumW*s.squares - sumWZ*sumWZ
	if !(det > 1e-12*sumW*s.squares) {
		return
	}
	alpha, beta := (s.squares*sumG-sumWZ*s.sumZ)/det, (sumW*s.sumZ-sumWZ*sumG)/det
	for b := range s.groups {
		w, z := s.w[b], s.z[b]
		v := w - (s.squares*w*w-2*sumWZ*w*z+sumW*z*z)/det
		if w > 0 && v > leastFree*w {
			yield(w, s.g[b]-alpha*w-beta*z, v)
		}
	}
}
