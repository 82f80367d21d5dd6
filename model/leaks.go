package model

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/leadscore/leadscore/features"
)

// A column leaks when it holds what became known only after the lead should have been scored. It cannot be
// proven from the data; it can be suspected, with evidence. A column is a suspect when
//
//   - alone it ranks at AUC ≥ 0.9; at ≥ 0.95 training refuses it, unless it is trusted, or
//   - alone it ranks at AUC ≥ 0.75, and better than the model on all other columns, or
//   - alone it ranks at AUC ≥ 0.75, and leaving it out costs the model ≥ 0.05 of AUC, or
//   - whether it is filled in ranks at AUC ≥ 0.65 by itself, or
//   - its times tell (leakdates.go).
//
// Alone means by the smoothed conversion rate of its levels, or of 20 bins of equal mass of a number. All figures
// are out of fold, each the mean of its folds, and none counts that chance would show: an AUC that is not leakNoise
// standard errors above ½ is ½. The scan looks at leakRows leads at most, and at as many that converted as it can
// get: how many of each there are does not move an AUC.
//
// A leak hides behind another. So a column is left out together with its copies, which rank the leads as it does,
// and where columns rank at 0.9 or more alone, the others are compared with each other again, without them.
//
// Note: without the bound of 0.75 the best column of any honest data set with one good column is a suspect.

// Suspect is a column that may leak, with the evidence.
type Suspect struct {
	Column       string   `json:"column"`
	Alone        float64  `json:"auc_alone,omitempty"` // absent of a column that is not a feature
	Others       *float64 `json:"auc_of_all_others,omitempty"`
	WithIt       *float64 `json:"auc_with_it,omitempty"`
	MissingAlone float64  `json:"auc_of_missing,omitempty"`
	Evidence     []string `json:"evidence"`
	Blatant      bool     `json:"blatant,omitempty"` // training refuses it, unless it is trusted
	Trusted      bool     `json:"trusted,omitempty"`
}

// LeakScan is what looking for leaks found.
type LeakScan struct {
	Rows     int       `json:"rows"` // leads that it looked at, 0 if it was not made
	Suspects []Suspect `json:"suspects"`
	Note     string    `json:"note,omitempty"` // why it was not made
}

// ErrLeak means that a column is refused, since nothing that was known in time ranks leads as well.
var ErrLeak = errors.New("too good to be true")

// The bounds of suspicion, and of the work that it may cost.
const (
	leakBlatant = 0.95
	leakAlone   = 0.9
	leakStrong  = 0.75 // columns that rank below this alone are not tried without,
	leakCost    = 0.05
	leakMissing = 0.65
	leakCopy    = 0.99 // correlation of the log-odds of two columns that are the same
	leakNoise   = 3.5
	leakTries   = 8      // nor are more columns than this,
	leakRetries = 4      // and these again
	leakRows    = 40_000 // leads that the scan looks at
	leakBins    = 20
)

// Scan looks for columns that leak. progress is called with the share of the work that is done; nil = none.
func Scan(ctx context.Context, table *features.Table, options Options, progress func(done float64)) (*LeakScan, error) {
	options.Split = SplitRandom
	t, err := prepare(table, options)
	if err != nil {
		return nil, err
	}
	return t.scan(ctx, progress)
}

// judgeAlone writes down what the figures of the column by itself say.
func (s *Suspect) judgeAlone(noise float64) {
	s.Blatant = beyond(s.Alone, leakBlatant, noise)
	if beyond(s.Alone, leakAlone, noise) {
		s.say("alone it ranks at AUC %.3f: hardly anything known beforehand does", s.Alone)
	}
	if s.missingTells(noise) {
		s.say("whether it is filled in ranks at AUC %.3f by itself: it may be filled in afterwards", s.MissingAlone)
	}
}

// missingTells says that whether the column is filled in makes it a suspect.
func (s *Suspect) missingTells(noise float64) bool { return beyond(s.MissingAlone, leakMissing, noise) }

// beyond says that an AUC is at a bound or above it, and not by chance.
func beyond(auc, bound, noise float64) bool { return auc >= max(bound, 0.5+noise) }

// judgeWithout writes down what the model without the column says; left says what else is left out.
func (s *Suspect) judgeWithout(others int, left string) {
	if s.Alone > *s.Others {
		s.say("alone it ranks better (AUC %.3f) than the model on all %d other columns (%.3f)%s", s.Alone, others, *s.Others, left)
	}
	if *s.WithIt-*s.Others >= leakCost {
		s.say("without it the model's AUC falls from %.3f to %.3f%s", *s.WithIt, *s.Others, left)
	}
}

func (s *Suspect) say(format string, args ...any) {
	s.Evidence = append(s.Evidence, fmt.Sprintf(format, args...))
}

// warnings are the suspects as doubts of training.
func (l *LeakScan) warnings() (w []Warning) {
	for _, s := range l.Suspects {
		detail := strings.Join(s.Evidence, "; ")
		if s.Trusted {
			detail += " (trusted: kept)"
		}
		w = append(w, Warning{Code: "leak_suspect", Column: s.Column, Detail: detail})
	}
	return w
}

// refusal is the error of the blatant suspects that are not trusted, nil if there are none.
func (l *LeakScan) refusal() error {
	var problems []error
	for _, s := range l.Suspects {
		if s.Blatant && !s.Trusted {
			problems = append(problems, fmt.Errorf("model: column %q: %w: %s; exclude it (features.exclude), or, if it is known when a lead is scored, trust it (features.trusted)",
				s.Column, ErrLeak, strings.Join(s.Evidence, "; ")))
		}
	}
	return errors.Join(problems...)
}

// lookForLeaks scans before anything is fitted, and refuses what is blatant. With one fit and no evaluation there is
// no scan: it would take longer than the fit.
func (t *trainer) lookForLeaks(ctx context.Context, result *Training) error {
	if t.options.Holdout == 0 {
		result.Leaks = &LeakScan{Suspects: []Suspect{}, Note: "not made: one fit without an evaluation was asked for; leadscore inspect makes it"}
		return nil
	}
	if t.progress.report != nil {
		t.progress.report(Progress{Stage: "looking for leaks", Steps: t.progress.steps})
	}
	found, err := t.scan(ctx, nil)
	switch {
	case errors.Is(err, errTooFew):
		result.Leaks = &LeakScan{Suspects: []Suspect{}, Note: "not made: " + err.Error()}
		return nil
	case err != nil:
		return err
	}
	result.Leaks, result.Warnings = found, append(result.Warnings, found.warnings()...)
	return found.refusal()
}
