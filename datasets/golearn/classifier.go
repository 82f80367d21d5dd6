package golearn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sjwhitworth/golearn/base"

	"github.com/leadscore/leadscore/features"
	"github.com/leadscore/leadscore/model"
)

// Classifier is our trainer and scorer as a base.Classifier. Fit trains a model anew, on the leads of any grid with
// one categorical class, so that golearn's cross-validation retrains it for each fold. Predict gives labels: golearn
// has no place for a probability. Probabilities gives what the labels are made from.
//
// The class is read as Options.Label says: by its Won and Lost stages, or, without them, as yes or no. Its column is
// the grid's class. A Classifier must not be fitted and used at the same time.
type Classifier struct {
	Options   model.Options
	Threshold float64 // a lead of at least this probability is labelled as converting

	schema *features.Schema // of the grid
	model  *model.Model
}

var _ base.Classifier = (*Classifier)(nil)

// ErrNotFitted is the error of a Classifier that has no model yet.
var ErrNotFitted = errors.New("golearn: the classifier has not been fitted")

// DefaultOptions are model.DefaultOptions with one fit on all leads: whoever cross-validates holds out leads himself.
func DefaultOptions() model.Options {
	o := model.DefaultOptions()
	o.Holdout = 0
	return o
}

// NewClassifier returns a classifier that Fit trains, with even odds as its threshold.
func NewClassifier(options model.Options) *Classifier {
	return &Classifier{Options: options, Threshold: 0.5}
}

// Wrap returns a classifier that predicts with a trained model.
func Wrap(m *model.Model) *Classifier {
	c := NewClassifier(DefaultOptions())
	c.schema, c.model, c.Options.Label = m.Schema(), m, m.Label()
	return c
}

// Model returns the trained model, nil before Fit.
func (c *Classifier) Model() *model.Model { return c.model }

// Fit trains a model on the leads of the grid.
func (c *Classifier) Fit(grid base.FixedDataGrid) error {
	schema, err := schemaOf(grid)
	if err != nil {
		return err
	}
	table, err := tableOf(grid, schema)
	if err != nil {
		return err
	}
	options := c.Options
	options.Label.Column = schema.Fields()[schema.ByRole(features.RoleOutcome)].Name
	training, err := model.Train(context.Background(), table, options)
	if err != nil {
		return err
	}
	c.schema, c.model = schema, training.Model
	return nil
}

// Probabilities returns the probability of converting of each lead of the grid.
func (c *Classifier) Probabilities(grid base.FixedDataGrid) ([]float64, error) {
	if c.model == nil {
		return nil, ErrNotFitted
	}
	table, err := tableOf(grid, c.schema)
	if err == nil {
		table, err = table.As(c.model.Schema())
	}
	if err != nil {
		return nil, err
	}
	p := c.model.TableLogOdds(table, nil)
	for row, logOdds := range p {
		p[row] = model.Sigmoid(logOdds)
	}
	return p, nil
}

// Predict labels each lead of the grid with one of the two values of its class.
func (c *Classifier) Predict(grid base.FixedDataGrid) (base.FixedDataGrid, error) {
	class, err := classOf(grid)
	if err != nil {
		return nil, err
	}
	lost, won, err := c.values(class)
	if err != nil {
		return nil, err
	}
	p, err := c.Probabilities(grid)
	if err != nil {
		return nil, err
	}
	labels := base.GeneratePredictionVector(grid)
	spec, err := labels.GetAttribute(class)
	if err != nil {
		return nil, fmt.Errorf("golearn: predict: %w", err)
	}
	for row := range p {
		value := lost
		if p[row] >= c.Threshold {
			value = won
		}
		labels.Set(spec, row, value)
	}
	return labels, nil
}

// values returns the first value of the class that means "not converted", and the first that means "converted".
func (c *Classifier) values(class *base.CategoricalAttribute) (lost, won []byte, err error) {
	for _, value := range class.GetValues() {
		converted, err := c.converted(value)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("golearn: class %q: %w", class.GetName(), err)
		case converted && won == nil:
			won = class.GetSysVal(value)
		case !converted && lost == nil:
			lost = class.GetSysVal(value)
		}
	}
	if won == nil || lost == nil {
		return nil, nil, fmt.Errorf("golearn: class %q: its values %q are not both outcomes", class.GetName(), class.GetValues())
	}
	return lost, won, nil
}

// converted reads a value of the class.
func (c *Classifier) converted(value string) (bool, error) {
	l := &c.Options.Label
	switch {
	case len(l.Won) == 0:
		return features.ParseBool(features.Normalise(value))
	case slices.Contains(l.Won, value):
		return true, nil
	case slices.Contains(l.Lost, value):
		return false, nil
	}
	return false, fmt.Errorf("%q is neither won nor lost", value)
}

// String names the classifier.
func (c *Classifier) String() string {
	if c.model == nil {
		return "leadscore (not fitted)"
	}
	return "leadscore " + c.model.Identity().Version
}

// GetMetadata describes the classifier in golearn's files.
func (c *Classifier) GetMetadata() base.ClassifierMetadataV1 {
	return base.ClassifierMetadataV1{FormatVersion: 1, ClassifierName: "leadscore", ClassifierVersion: "1"}
}

// Save writes the classifier to a file of golearn's format; its one entry of substance is our artifact.
func (c *Classifier) Save(path string) error {
	w, err := base.CreateSerializedClassifierStub(path, c.GetMetadata())
	if err != nil {
		return err
	}
	return errors.Join(c.SaveWithPrefix(w, ""), w.Close())
}

// Load reads what Save wrote. The artifact is checked as model.Decode checks it.
func (c *Classifier) Load(path string) error {
	r, err := base.ReadSerializedClassifierStub(path)
	if err != nil {
		return err
	}
	defer r.Close()
	return c.LoadWithPrefix(r, "")
}

const (
	artifactKey  = "ARTIFACT"
	thresholdKey = "THRESHOLD"
)

// SaveWithPrefix writes the classifier as a part of an ensemble.
func (c *Classifier) SaveWithPrefix(w *base.ClassifierSerializer, prefix string) error {
	if c.model == nil {
		return ErrNotFitted
	}
	var artifact bytes.Buffer
	if err := c.model.Encode(&artifact); err != nil {
		return err
	}
	return errors.Join(
		w.WriteBytesForKey(w.Prefix(prefix, artifactKey), artifact.Bytes()),
		w.WriteJSONForKey(w.Prefix(prefix, thresholdKey), c.Threshold),
	)
}

// LoadWithPrefix reads the classifier as a part of an ensemble.
func (c *Classifier) LoadWithPrefix(r *base.ClassifierDeserializer, prefix string) error {
	artifact, err := r.GetBytesForKey(r.Prefix(prefix, artifactKey))
	if err != nil {
		return err
	}
	m, err := model.Decode(bytes.NewReader(artifact))
	if err != nil {
		return err
	}
	var threshold float64
	if err := r.GetJSONForKey(r.Prefix(prefix, thresholdKey), &threshold); err != nil {
		return err
	}
	c.model, c.Threshold, c.Options.Label = m, threshold, m.Label()
	return nil
}
