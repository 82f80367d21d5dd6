package model

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// Open leads that are labelled as lost halve probabilities and every cap that rests on them. Two things give them away.
//
// Where conversions have dates, the lags tell: with G the product-limit curve of those seen by the end of the data (of all
// ages if there is no horizon), a lead of age a that is labelled has had a share G(a) of its chance. Labels are unfinished
// when the leads have had less than 1 − mostUnfinished of it on average, and the newest tenth less than two thirds
// and converted less often than the others.
//
// Where they have none, the conversion rate tells, which falls towards the newest leads as a drift does not. Ages are
// cut into steps, and two stories told of the rates, each with four numbers,
//
//	drift        logit rate = cubic of the time, or square and a jump at some time
//	unfinished   logit rate = square of the time + log(1 − e^−(a/τ)^k), with τ a half, a quarter, … of the time covered
//
// Labels are unfinished when the second is more likely by e^unfinishedEvidence than any of the first, says that more than
// mostUnfinished of the conversions are to come, and the newest unfinishedNewest of the leads converted at less than a third
// of the rate that it says they will. That takes some thousand conversions. Where a lost stage gathers the newest leads,
// which is the other sign of an open one, it need only be more likely than the cubic.
//
// Note: without the jump among the drifts a sudden fall to a third of the rate would be refused.

// ErrUnfinished says that leads which can still convert seem to be labelled as lost.
var ErrUnfinished = errors.New("open leads seem to be labelled as lost")

const (
	unfinishedLeast    = 50   // conversions from which it can be told
	mostUnfinished     = 0.05 // share of the conversions
	unfinishedEvidence = 5
	unfinishedNewest   = 0.02 // share of the leads
	unfinishedThird    = 1.0 / 3
	fallingErrors      = 2 // standard errors by which the newest convert less often
	ageSteps           = 256
)

// finished refuses labels that count leads as lost which can still convert.
func (t *trainer) finished() error {
	label := t.options.Label
	timed := label.At != "" && label.Horizon > 0 && label.AsOf == "" // followed until the end of the data
	if t.options.TrustOutcome || t.created == nil || timed || t.won(t.rows) < unfinishedLeast {
		return nil
	}
	if times, rows := t.followed(); times != nil && 2*len(rows) >= t.won(t.rows) {
		f, _ := productLimit(times, rows, func(int32) float64 { return 1 })
		m := lagModel{times: times, f: [][]float64{f}}
		m.sum()
		order := t.newestFirst()
		var young, old tally
		all, tenth := 0.0, 0.0
		for i, r := range order {
			g := cumulativeAt(m.g[0], times.age(r))
			if all += g; i < len(order)/10 {
				tenth += g
				young.add(1, float64(t.converted[r]))
			} else {
				old.add(1, float64(t.converted[r]))
			}
		}
		rate := old.rate()
		falls := (rate-young.rate())/math.Sqrt(rate*(1-rate)/young.weight) > fallingErrors
		if open := 1 - all/float64(len(order)); open > mostUnfinished && tenth < 2*unfinishedThird*young.weight && falls {
			return t.unfinished(fmt.Sprintf("by their dates, conversions take so long that %.0f %% of them are still to come where a lead counts as lost", 100*open))
		}
		return nil
	}
	return t.falling()
}

// followed returns the times of the leads up to the end of the data, and the conversions that have one; nil without.
func (t *trainer) followed() (*lagTimes, []int32) {
	label := t.options.Label
	if i := t.table.Schema.ByRole(features.RoleConvertedAt); label.At == "" && i >= 0 {
		label.At, label.Horizon = t.table.Schema.Fields()[i].Name, 0 // they are known, if unused
	}
	end := int64(features.NoTime)
	if latest, err := (Label{}).asOf(t.table); err == nil {
		end = min(latest, t.outcomes.asOf)
	}
	if label.Horizon == 0 {
		oldest := int64(0)
		for _, r := range t.rows {
			oldest = max(oldest, end-t.created[r])
		}
		label.Horizon = 1 + int(oldest/day)
	}
	times := label.lagTimes(t.table, end)
	if times == nil {
		return nil, nil
	}
	return times, slices.DeleteFunc(t.dated(times, t.rows), func(r int32) bool { return times.at[r] > end })
}

func (t *trainer) unfinished(why string) error {
	stage := ""
	if s := t.risingStage(); s != "" {
		stage = " (" + s + ")"
	}
	return fmt.Errorf("model: label: %w: %s; say when leads converted (outcome.at) and within how many days that counts (outcome.horizon), and list stages that decide nothing yet under outcome.stage.open%s; outcome.trusted: true takes the outcomes as they are",
		ErrUnfinished, why, stage)
}

// newestFirst returns the rows, the newest first.
func (t *trainer) newestFirst() []int32 {
	rows := slices.Clone(t.rows)
	slices.SortStableFunc(rows, func(a, b int32) int { return cmp.Compare(t.created[b], t.created[a]) })
	return rows
}

// rates are leads and conversions by steps of age, the youngest first.
type rates struct {
	leads, won []float64
	width      float64 // days of a step
}

func (t *trainer) rates() (*rates, bool) {
	youngest, oldest := int64(math.MaxInt64), int64(math.MinInt64)
	for _, r := range t.rows {
		age := t.outcomes.asOf - t.created[r]
		youngest, oldest = min(youngest, age), max(oldest, age)
	}
	if oldest-youngest < ageSteps {
		return nil, false
	}
	s := &rates{leads: make([]float64, ageSteps), won: make([]float64, ageSteps), width: float64(oldest-youngest) / float64(day) / ageSteps}
	for _, r := range t.rows {
		k := min(int(float64(t.outcomes.asOf-t.created[r]-youngest)/float64(oldest-youngest)*ageSteps), ageSteps-1)
		s.leads[k]++
		s.won[k] += float64(t.converted[r])
	}
	return s, true
}

// falling refuses rates that fall towards the newest leads as unfinished ones do.
func (t *trainer) falling() error {
	s, ok := t.rates()
	if !ok {
		return nil
	}
	drift, _ := s.fit(3, nil, nil)
	rising := t.risingStage() != ""
	if !rising {
		drift += unfinishedEvidence
	}
	best, expected := math.Inf(-1), []float64(nil)
	for tau := float64(ageSteps) / 2; tau >= 1; tau /= 2 {
		for _, shape := range []float64{0.5, 0.7, 1} { // lags tend to be long-tailed
			seen := func(k int) float64 { return -math.Expm1(-math.Pow((float64(k)+0.5)/tau, shape)) }
			if l, rate := s.fit(2, nil, seen); l > best {
				best, expected = l, rate
			}
		}
	}
	if best < drift || !rising && best < s.jump()+unfinishedEvidence {
		return nil
	}
	var leads, won, will, newest, newestWon, newestWill float64
	for k := range expected {
		if newest < unfinishedNewest*float64(len(t.rows)) {
			newest, newestWon, newestWill = newest+s.leads[k], newestWon+s.won[k], newestWill+s.leads[k]*expected[k]
		}
		leads, won, will = leads+s.leads[k], won+s.won[k], will+s.leads[k]*expected[k]
	}
	if open := 1 - won/will; open > mostUnfinished && newestWon < unfinishedThird*newestWill {
		return t.unfinished(fmt.Sprintf("the newest %s leads converted at %.2f %%, older ones like them at %.2f %%, and the rate falls towards the newest as where conversions take time: about %.0f %% of them seem to be still to come",
			budget.Count(newest), 100*newestWon/newest, 100*newestWill/newest, 100*open))
	}
	return nil
}

// jump is the log likelihood of a jump at the best time among the newer half.
func (s *rates) jump() float64 {
	best := math.Inf(-1)
	for cut := 1; cut < ageSteps/2; cut++ {
		l, _ := s.fit(2, func(k int) float64 { return btof(k < cut) }, nil)
		best = max(best, l)
	}
	return best
}

func btof(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// fit fits logit rate = polynomial of the time + jump + log seen, and returns the log likelihood and the rates before what
// is seen of them. jump and seen are of a step, nil = none.
func (s *rates) fit(degree int, jump, seen func(k int) float64) (likelihood float64, rate []float64) {
	const rounds, precise = 50, 1e-9
	x, offset := s.regressors(degree, jump), make([]float64, len(s.leads))
	if seen != nil {
		for k := range offset {
			offset[k] = math.Log(seen(k))
		}
	}
	var won, leads float64
	for k := range s.leads {
		won, leads = won+s.won[k], leads+s.leads[k]
	}
	beta := make([]float64, len(x[0]))
	beta[0] = Logit(won / leads)
	rate = make([]float64, len(s.leads))
	for range rounds {
		var step *mat.VecDense
		if likelihood, step = s.newton(x, offset, beta, rate); step == nil {
			break
		}
		moved := 0.0
		for i := range beta {
			d := min(max(step.AtVec(i), -2), 2)
			beta[i] += d
			moved = max(moved, math.Abs(d))
		}
		if moved < precise {
			break
		}
	}
	return likelihood, rate
}

// regressors are the powers of the time of each step, and the jump.
func (s *rates) regressors(degree int, jump func(k int) float64) [][]float64 {
	x := make([][]float64, len(s.leads))
	for k := range x {
		time := 1 - 2*(float64(k)+0.5)/ageSteps
		for i := range degree + 1 {
			x[k] = append(x[k], math.Pow(time, float64(i)))
		}
		if jump != nil {
			x[k] = append(x[k], jump(k))
		}
	}
	return x
}

// newton writes the rates at beta, and returns their log likelihood and Newton's step from there; nil if there is none.
func (s *rates) newton(x [][]float64, offset, beta, rate []float64) (likelihood float64, step *mat.VecDense) {
	const hold = 1e-3 // keeps steps without conversions finite
	n := len(beta)
	gradient, hessian := mat.NewVecDense(n, nil), mat.NewSymDense(n, nil)
	for k, x := range x {
		eta := 0.0
		for i := range x {
			eta += x[i] * beta[i]
		}
		rate[k] = Sigmoid(eta)
		p := Sigmoid(eta + offset[k])
		likelihood -= s.leads[k] * logLoss(eta+offset[k], portion(s.won[k], s.leads[k]))
		for i := range x {
			gradient.SetVec(i, gradient.AtVec(i)+x[i]*(s.won[k]-s.leads[k]*p))
			for j := range i + 1 {
				hessian.SetSym(i, j, hessian.At(i, j)+x[i]*x[j]*s.leads[k]*p*(1-p))
			}
		}
	}
	for i := 1; i < n; i++ {
		gradient.SetVec(i, gradient.AtVec(i)-hold*beta[i])
		hessian.SetSym(i, i, hessian.At(i, i)+hold)
	}
	var factor mat.Cholesky
	step = mat.NewVecDense(n, nil)
	if !factor.Factorize(hessian) || factor.SolveVecTo(step, gradient) != nil {
		return likelihood, nil
	}
	return likelihood, step
}

// risingStage names the stage among the lost ones that holds most more of the newest leads than of the others, if that is a
// tenth of them, and three times the share of the others.
func (t *trainer) risingStage() string {
	i := t.table.Schema.Index(t.options.Label.Column)
	c := &t.table.Columns[i]
	if len(t.options.Label.Won) == 0 || c.Levels == nil {
		return ""
	}
	rows := t.newestFirst()
	newest := max(1, len(rows)/20)
	young, old := make([]float64, len(c.Levels)+1), make([]float64, len(c.Levels)+1)
	for k, r := range rows {
		if k < newest {
			young[c.Codes.At(int(r))] += 1 / float64(newest)
		} else {
			old[c.Codes.At(int(r))] += 1 / float64(len(rows)-newest)
		}
	}
	best := -1
	for level := range c.Levels {
		if t.options.Label.meaning(c.Levels[level]) == 0 && young[level] > old[level] && (best < 0 || young[level]-old[level] > young[best]-old[best]) {
			best = level
		}
	}
	if best < 0 || young[best] < 0.1 || young[best] < 3*old[best] {
		return ""
	}
	return fmt.Sprintf("%q holds %.0f %% of the newest leads and %.0f %% of the others", c.Levels[best], 100*young[best], 100*old[best])
}
