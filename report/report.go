// Package report turns an evaluation into a page with pictures.
//
// Write takes what training found out and writes one HTML page that needs nothing else: its style, its pictures
// and its tables are inside, it runs no script and asks no server for anything. The page is made to be read by
// two people at once, the one who pays for the leads and the one who checks the model: each picture has one
// sentence that says what it shows, an interval wherever a rate is drawn, and the table it was drawn from.
// Every distinction drawn in colour is also drawn in a line style, a marker or a word.
//
// The page answers first who pays, then who checks, and the files follow it from top to bottom: verdict.go, tiers.go, funnel.go,
// gains.go, effects.go (with levels.go, numbers.go and pairs.go for the kinds of effects), subscores.go, lag.go, reliability.go,
// groups.go, scores.go, curves.go, periods.go, drift.go and card.go make a section each out of a model.Training; picture.go,
// labels.go, axis.go and svg.go draw; format.go writes numbers; page.go puts it together.
package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// Options say what a report cannot learn from the figures of a model.Training. What is said of the model may be
// left empty: it is then taken from Training.Model, and without one the page says that it is not recorded.
type Options struct {
	Title       string // of the page
	Command     string // how the model was made, one line
	ToolVersion string // name and version of the program
	Levels      int    // levels of a category that its picture shows, those of most leads

	ModelID      string           // SHA-256 of the artifact's content
	ModelVersion string           // the model's own version
	Label        string           // what counts as a conversion, in words
	Horizon      int              // days within which it must happen; 0 if the outcome has no dates
	Fields       []features.Field // the declared columns

	Economics *model.Economics // what leads are worth and cost; nil = not available
}

// completed returns the options with what the model knows of itself in the empty ones.
func (o Options) completed(m *model.Model) Options {
	if m == nil {
		return o
	}
	identity := m.Identity()
	o.ModelID = cmp.Or(o.ModelID, identity.ID)
	o.ModelVersion = cmp.Or(o.ModelVersion, identity.Version)
	if label := m.Label(); o.Label == "" {
		o.Label = label.String()
		if label.At != "" {
			o.Horizon = label.Horizon
		}
	}
	if o.Fields == nil {
		o.Fields = m.Schema().Fields()
	}
	return o
}

// DefaultOptions returns the options of a page of which nothing but the training is known.
func DefaultOptions() Options {
	return Options{Title: "Training report", Levels: 12}
}

// Validate returns an error that lists every option out of bounds, nil if there is none.
func (o Options) Validate() error {
	var problems []error
	if o.Title == "" {
		problems = append(problems, errors.New(`report: options: Title is "", want a text`))
	}
	if o.Horizon < 0 {
		problems = append(problems, fmt.Errorf("report: options: Horizon is %d days, want 0 or more", o.Horizon))
	}
	if o.Levels < 2 || o.Levels > maxTableRows {
		problems = append(problems, fmt.Errorf("report: options: Levels is %d, want 2 to %d", o.Levels, maxTableRows))
	}
	return errors.Join(problems...)
}

// Write writes the page about t to w. The same t and options give the same bytes. Whatever t lacks (no holdout,
// no periods, a figure that is not finite) is written out as not available, with the reason; nothing is written
// if the options are invalid or the page cannot be made.
func Write(w io.Writer, t *model.Training, options Options) error {
	if t == nil {
		return errors.New("report: no training to report on")
	}
	if err := options.Validate(); err != nil {
		return err
	}
	var page bytes.Buffer
	if err := render(&page, t, options.completed(t.Model)); err != nil {
		return fmt.Errorf("report: page: %w", err)
	}
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("report: write: %w", err)
	}
	return nil
}
