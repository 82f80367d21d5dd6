package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/leadscore/leadscore/budget"
	"github.com/leadscore/leadscore/features"
)

// The artifact is one JSON document, indented by two spaces, floats in their shortest form that reads back the
// same, keys in the order of the types below: there is exactly one text for a model. Decode demands that
// text, to the byte, so that no change of it goes unnoticed. A version of the format is readable for ever: a new
// one gets types of its own, and an artifact in testdata.

// Format names the artifact's format; FormatVersion is the version that this code writes.
const (
	Format        = "leadscore-model"
	FormatVersion = 1
)

// maxArtifact bounds what Decode reads.
const maxArtifact = 256 << 20

// Errors that callers of Decode branch on. Their texts are the codes of the problems.
var (
	ErrFormat   = errors.New("artifact_format")     // not a model, or one whose parts disagree
	ErrVersion  = errors.New("artifact_version")    // of a format that this program does not read
	ErrChecksum = errors.New("artifact_checksum")   // damaged: cut short, or changed since it was written
	ErrProbe    = errors.New("verification_failed") // a verification lead does not get its log-odds
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
	Uncertainty  *uncertainty     `json:"uncertainty,omitempty"`
	Insufficient bool             `json:"insufficient_evidence,omitempty"` // the model is the base rate
	Value        valueModel       `json:"value"`
	Exchange     *budget.Exchange `json:"exchange,omitempty"` // what money was converted by
	Policy       *moneyPolicy     `json:"policy,omitempty"`
	Gates        *budget.Gates    `json:"mql,omitempty"`
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
// log-odds it cannot reproduce to 1e-12. The error is one of those above and names what is wrong.
func Decode(r io.Reader) (*Model, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxArtifact+1))
	if err != nil {
		return nil, fmt.Errorf("model: decode: %w", err)
	}
	m, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("model: decode: %w", err)
	}
	return m, nil
}

func decode(text []byte) (*Model, error) {
	if len(text) > maxArtifact {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrFormat, maxArtifact)
	}
	body, id, err := unseal(text)
	if err != nil {
		return nil, err
	}
	m := &Model{id: id}
	if err := strict(body, &m.document); err != nil {
		return nil, fmt.Errorf("%w: version %d: %w", ErrFormat, FormatVersion, err)
	}
	if err := m.bind(); err != nil {
		if errors.Is(err, ErrProbe) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
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

// unseal checks the envelope and returns the compact text of the payload and its hash.
func unseal(text []byte) (body []byte, id string, err error) {
	var a artifact
	if err := json.Unmarshal(text, &a); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, "", fmt.Errorf("%w: the file is not one whole JSON document: %w", ErrChecksum, err)
		}
		return nil, "", fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if a.Format != Format {
		return nil, "", fmt.Errorf("%w: format %q, want %q", ErrFormat, a.Format, Format)
	}
	if a.Version != FormatVersion {
		return nil, "", fmt.Errorf("%w: the file has version %d, this program reads version %d", ErrVersion, a.Version, FormatVersion)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, a.Payload); err != nil {
		return nil, "", fmt.Errorf("%w: the payload: %w", ErrFormat, err)
	}
	if got := hash(compact.Bytes()); got != a.SHA256 {
		return nil, "", fmt.Errorf("%w: the content's SHA-256 is %.12s…, the file says %.12s…", ErrChecksum, got, a.SHA256)
	}
	if err := strict(text, &a); err != nil {
		return nil, "", fmt.Errorf("%w: version %d: %w", ErrFormat, FormatVersion, err)
	}
	return compact.Bytes(), a.SHA256, nil
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
		return errors.New("there is no schema")
	}
	if want := d.Label.Hash(); d.LabelHash != want {
		return fmt.Errorf("the label's hash is %.12s…, want %.12s…", d.LabelHash, want)
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
		return errors.New("there are no verification leads")
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
