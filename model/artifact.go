package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/leadscore/leadscore/features"
)

// The artifact is one JSON document, indented by two spaces, floats in their shortest form that reads back the
// same, keys in the order of the types below: there is exactly one text for a model. Decode demands that
// text, to the byte, so that no change of it goes unnoticed.

// Format names the artifact's format; FormatVersion is the version that this code writes.
const (
	Format        = "leadscore-model"
	FormatVersion = 1
)

// maxArtifact bounds what Decode reads.
const maxArtifact = 256 << 20

// Errors that callers of Decode branch on.
var (
	ErrFormat   = errors.New("not a leadscore model")
	ErrVersion  = errors.New("unknown format version")
	ErrChecksum = errors.New("artifact_checksum")
	ErrProbe    = errors.New("verification_failed")
)

type artifact struct {
	Format  string          `json:"format"`
	Version int             `json:"format_version"`
	SHA256  string          `json:"sha256"` // of the payload's text
	Payload json.RawMessage `json:"payload"`
}

// payload is all that scoring needs, and where it came from. It holds no clock, host or path.
type payload struct {
	Label        Label            `json:"label"`
	LabelHash    string           `json:"label_hash"`
	Schema       *features.Schema `json:"schema"`
	Terms        []features.Term  `json:"encoder"`
	Intercept    float64          `json:"intercept"`
	InterceptSE  float64          `json:"intercept_standard_error"`
	Coefficients []coefficients   `json:"coefficients"`
	Calibration  Calibration      `json:"calibration"`
	Value        valueModel       `json:"value"`
	Data         DataSummary      `json:"data"`
	Split        SplitSummary     `json:"split"`
	Fit          FitSummary       `json:"fit"`
	Holdout      *Evaluation      `json:"holdout"`
	Provenance   Provenance       `json:"provenance"`
	Probes       []probe          `json:"probes"`
}

// Provenance says what made the model.
type Provenance struct {
	Tool string `json:"tool"` // name and version
	Seed uint64 `json:"seed"`
}

// Encode writes the artifact.
func (m *Model) Encode(w io.Writer) error {
	text, err := m.text()
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func (m *Model) text() ([]byte, error) {
	body, err := json.Marshal(&m.document)
	if err != nil {
		return nil, fmt.Errorf("model: encode: %w", err)
	}
	text, err := json.MarshalIndent(artifact{Format, FormatVersion, hash(body), body}, "", "  ")
	return append(text, '\n'), err
}

// hash is the lower-case hex SHA-256 of a payload's compact text.
func hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Decode reads an artifact and refuses what it cannot answer for: another format or version, unknown keys, a
// hash that does not match, numbers that are not finite, blocks whose lengths disagree, and probes whose
// log-odds it cannot reproduce to 1e-12.
func Decode(r io.Reader) (*Model, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxArtifact+1))
	if err != nil {
		return nil, fmt.Errorf("model: decode: %w", err)
	}
	if len(text) > maxArtifact {
		return nil, fmt.Errorf("model: decode: %w: larger than %d bytes", ErrFormat, maxArtifact)
	}
	m, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("model: decode: %w", err)
	}
	return m, nil
}

func decode(text []byte) (*Model, error) {
	var a artifact
	if err := strict(text, &a); err != nil {
		var head struct {
			Version int `json:"format_version"`
		}
		if json.Unmarshal(text, &head) == nil && head.Version > FormatVersion {
			return nil, fmt.Errorf("%w: the file has %d, this program reads up to %d", ErrVersion, head.Version, FormatVersion)
		}
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if a.Format != Format {
		return nil, fmt.Errorf("%w: format %q", ErrFormat, a.Format)
	}
	if a.Version != FormatVersion {
		return nil, fmt.Errorf("%w: the file has %d, this program reads %d", ErrVersion, a.Version, FormatVersion)
	}
	var body bytes.Buffer
	if err := json.Compact(&body, a.Payload); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if got := hash(body.Bytes()); got != a.SHA256 {
		return nil, fmt.Errorf("%w: the content's SHA-256 is %.12s…, the file says %.12s…", ErrChecksum, got, a.SHA256)
	}
	m := &Model{id: a.SHA256}
	if err := strict(body.Bytes(), &m.document); err != nil {
		return nil, err
	}
	if err := m.bind(); err != nil {
		return nil, err
	}
	again, err := m.text()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, text) {
		return nil, fmt.Errorf("%w: the file is not written as leadscore writes it", ErrChecksum)
	}
	return m, nil
}

// strict reads one JSON document and refuses unknown keys and anything after it.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the document")
	}
	return nil
}

// bind checks the document's parts against each other and compiles them.
func (m *Model) bind() error {
	d := &m.document
	if d.Schema == nil {
		return fmt.Errorf("%w: no schema", ErrFormat)
	}
	if want := d.Label.Hash(); d.LabelHash != want {
		return fmt.Errorf("%w: label hash %.12s…, want %.12s…", ErrFormat, d.LabelHash, want)
	}
	encoder, err := features.NewEncoder(d.Schema, d.Terms)
	if err != nil {
		return err
	}
	m.encoder = encoder
	if err := m.compile(); err != nil {
		return err
	}
	if len(d.Probes) == 0 {
		return fmt.Errorf("%w: no verification leads", ErrFormat)
	}
	return m.Verify()
}

// seal computes the model's id.
func (m *Model) seal() error {
	body, err := json.Marshal(&m.document)
	if err != nil {
		return fmt.Errorf("model: encode: %w", err)
	}
	m.id = hash(body)
	return nil
}

// probe is a verification lead: one text a field of the schema, "" = missing, with its expected log-odds.
type probe struct {
	Values  []string `json:"values"`
	LogOdds float64  `json:"log_odds"`
}

// probeTolerance bounds how far a reader's log-odds of a probe may be off.
const probeTolerance = 1e-12

// Verify re-scores the probes.
func (m *Model) Verify() error {
	for i, p := range m.document.Probes {
		lead, err := m.probeLead(p)
		if err != nil {
			return fmt.Errorf("%w: probe %d: %w", ErrProbe, i, err)
		}
		if got := m.LogOdds(lead); !(math.Abs(got-p.LogOdds) <= probeTolerance) {
			return fmt.Errorf("%w: probe %d: log-odds %v, want %v, off by %.3g", ErrProbe, i, got, p.LogOdds, got-p.LogOdds)
		}
	}
	return nil
}

func (m *Model) probeLead(p probe) (*features.Lead, error) {
	schema := m.Schema()
	if len(p.Values) != len(schema.Fields()) {
		return nil, fmt.Errorf("%d values for %d columns", len(p.Values), len(schema.Fields()))
	}
	lead := schema.NewLead()
	for i, text := range p.Values {
		v, err := schema.TextValue(i, text)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", schema.Fields()[i].Name, err)
		}
		lead.Values[i] = v
	}
	return lead, nil
}
