package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/leadscore/leadscore/features"
)

// How the model would have done as time went by: cross-fits on rolling origins, each before calibration, and what moved
// between the leads before the holdout and those in it.
//
// The mix of a feature has moved by the population stability index
//
//	PSI = Σ (q − p)·ln(q/p)
//
// over its levels, or the bins of its training histogram, p their shares before the holdout and q in it, with half a lead
// added to each (Siddiqi 2006, Credit Risk Scorecards: below 0.1 little has changed, above 0.25 much). Of n and m leads of
// one mix over B bins chance makes about (B − 1)·(1/n + 1/m) (Yurdakul 2018); what counts is the index beyond that.

// Rolling is what the rolling origins show; it needs an order in time, or of rows.
type Rolling struct {
	Origins []Origin `json:"origins"`
	Drift   []Drift  `json:"drift"` // of each feature, the largest excess first
	Shift   *Shift   `json:"shift,omitempty"`
}

// Origin is a fit on all leads before a moment, measured on those after it, until the next moment.
type Origin struct {
	Label                string   `json:"label"` // the leads measured on
	FitRows              int      `json:"fit_rows"`
	FitRate              float64  `json:"fit_rate"` // of conversion among the leads of the fit
	Rows                 int      `json:"rows"`
	Conversions          float64  `json:"conversions"`
	Rate                 float64  `json:"rate"`
	RateCI               Interval `json:"rate_ci"` // Wilson
	Mean                 float64  `json:"mean_probability"`
	AUC                  float64  `json:"auc"`
	AUCCI                Interval `json:"auc_ci"`
	LogLoss              float64  `json:"log_loss"`
	LogLossConstant      float64  `json:"log_loss_constant"` // of the rate of the fit
	ECE                  float64  `json:"ece"`
	ECEExpected          float64  `json:"ece_expected"`
	CalibrationSlope     float64  `json:"calibration_slope"`
	CalibrationIntercept float64  `json:"calibration_intercept"`
}

// Drift says how the mix of a feature's values has moved.
type Drift struct {
	Feature string  `json:"feature"`
	PSI     float64 `json:"psi"`
	Chance  float64 `json:"psi_by_chance"`
	Value   string  `json:"value"`  // whose share moved most
	Before  float64 `json:"before"` // its share before the holdout
	After   float64 `json:"after"`  // and in it
}

// Excess is what chance does not explain.
func (d Drift) Excess() float64 { return max(0, d.PSI-d.Chance) }

// Shift parts the change of the base rate from before the holdout to the holdout: Expected is what the model, fitted
// before, expects of the leads in it. From Before to Expected is the mix of leads, from there to After is the world.
type Shift struct {
	Before   float64 `json:"before"`
	Expected float64 `json:"expected"`
	After    float64 `json:"after"`
}

// The bounds that Siddiqi gives for the index.
const (
	SomeDrift = 0.1
	MuchDrift = 0.25
)

// crossed is a turn with the log-odds that its fit gives the leads of its test.
type crossed struct {
	turn
	eta []float64
}

// rolling measures the turns of the last cross-fit that hold enough of both outcomes; nil if they are random.
func (t *trainer) rolling() *Rolling {
	if t.moved == nil {
		return nil
	}
	r := &Rolling{Origins: []Origin{}, Drift: t.moved.Drift, Shift: t.moved.Shift}
	for _, c := range t.crossed {
		if t.enough(c.test) {
			r.Origins = append(r.Origins, t.origin(c))
		}
	}
	return r
}

// shift parts the change of the base rate.
func (t *trainer) shift(before []int32, h *Evaluation) *Shift {
	return &Shift{Before: t.baseRate(before), Expected: h.Mean, After: h.BaseRate}
}

// origin measures one turn.
func (t *trainer) origin(c crossed) Origin {
	e := evaluate(t.sample(c.test, c.eta, t.options.Seed))
	test := t.tally(c.test)
	o := Origin{
		Label: t.spanOf(c), FitRows: len(c.fit), FitRate: t.baseRate(c.fit), Rows: len(c.test), Conversions: test.won, Rate: test.rate(), RateCI: test.interval(),
		Mean: e.Mean, AUC: e.AUC, AUCCI: e.AUCCI, LogLoss: e.LogLoss, ECE: e.ECE, ECEExpected: e.ECEExpected,
		CalibrationSlope: e.CalibrationSlope, CalibrationIntercept: e.CalibrationIntercept,
	}
	base := Logit(o.FitRate)
	o.LogLossConstant = o.Rate*logLoss(base, 1) + (1-o.Rate)*logLoss(base, 0)
	return o
}

// spanOf names the leads that a turn is measured on.
func (t *trainer) spanOf(c crossed) string {
	first, last := c.test[0], c.test[len(c.test)-1]
	if t.kind == SplitTime {
		return dayOf(t.created[first]) + " to " + dayOf(t.created[last])
	}
	return fmt.Sprintf("rows %d–%d", first+1, last+1)
}

// dayOf is the date of an instant.
func dayOf(micros int64) string {
	if micros == features.NoTime {
		return missingLabel
	}
	return features.FormatTime(micros)[:len("2006-01-02")]
}

// drift compares the mix of each of the encoder's features before the holdout with that in it.
func (l *leads) drift(encoder *features.Encoder, before, held []int32) []Drift {
	drift := []Drift{}
	for k := range encoder.Terms() {
		term := &encoder.Terms()[k]
		if term.IsPair() {
			continue
		}
		bin, names := l.bins(encoder, k)
		d := driftOf(l.shares(bin, len(names), before), l.shares(bin, len(names), held), names)
		d.Feature, d.Chance = term.Name, float64(len(names)-1)*(1/float64(len(before))+1/float64(len(held)))
		drift = append(drift, d)
	}
	slices.SortStableFunc(drift, func(a, b Drift) int { return cmp.Compare(b.Excess(), a.Excess()) })
	return drift
}

// bins returns the bin of a term that a row lies in, and the names of the bins; the last two are the missing and the
// unseen.
func (l *leads) bins(encoder *features.Encoder, k int) (bin func(row int32) int, names []string) {
	term := &encoder.Terms()[k]
	if term.IsNumber() {
		steps := features.Term{Bins: true, Edges: term.Edges, Min: term.Min, Max: term.Max}
		for i := range len(term.Edges) + 1 {
			names = append(names, steps.LevelName(i))
		}
		value, grid := encoder.Values(k, l.table), features.NewBinGrid(term.Edges)
		bin = func(row int32) int {
			if x := value(int(row)); x == x {
				return int(grid.Bin(x))
			}
			return len(term.Edges) + 1
		}
		return bin, append(names, features.MissingText, unseenLabel)
	}
	for i := range term.Size() {
		names = append(names, term.LevelName(i))
	}
	if !term.Missing {
		names = append(names, features.MissingText)
	}
	names = append(names, unseenLabel)
	level := encoder.Level(k, l.table)
	return func(row int32) int {
		if i := level(row); i != features.NoLevel {
			return int(i)
		}
		return len(names) - 1
	}, names
}

// unseenLabel stands for values that the fit never saw.
const unseenLabel = "(never seen before)"

// shares returns the share of the rows' weight in each bin, with half a lead added to each.
func (l *leads) shares(bin func(row int32) int, count int, rows []int32) []float64 {
	const half = 0.5
	share, total := make([]float64, count), half*float64(count)
	for i := range share {
		share[i] = half
	}
	for _, r := range rows {
		share[bin(r)] += l.weight(r)
		total += l.weight(r)
	}
	for i := range share {
		share[i] /= total
	}
	return share
}

// driftOf is the index of two distributions, and the bin that moved most.
func driftOf(before, after []float64, names []string) Drift {
	var d Drift
	most := -1.0
	for i, p := range before {
		q := after[i]
		d.PSI += (q - p) * math.Log(q/p)
		if moved := math.Abs(q - p); moved > most {
			most, d.Value, d.Before, d.After = moved, names[i], p, q
		}
	}
	return d
}

// driftWarnings says in words what moved much.
func (r *Rolling) driftWarnings() []Warning {
	var w doubtList
	for _, d := range r.Drift {
		if d.Excess() > MuchDrift {
			w.say("mix_drift", d.Feature, "its mix has moved since before the holdout (PSI %.2f): %s went from %.1f %% of the leads to %.1f %%", d.PSI, d.Value, 100*d.Before, 100*d.After)
		}
	}
	if s := r.Shift; s != nil && math.Abs(math.Log(s.After/s.Before)) > math.Log(driftRatio) {
		w.say("world_drift", "", "of the change of the base rate from %.2f %% to %.2f %%, the mix of leads explains %.2f points and the world %.2f",
			100*s.Before, 100*s.After, 100*(s.Expected-s.Before), 100*(s.After-s.Expected))
	}
	return w
}
