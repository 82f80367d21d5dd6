package datasets

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/leadscore/leadscore/features"
)

// entries are the distinct values of a dictionary, or of the plain pages of a block, each brought into the form
// of a Batch once. Which of the slices are used depends on the field's kind.
type entries struct {
	schema   *features.Schema
	field    int
	distinct bool // whether equal texts are to share an entry
	codes    []uint32
	numbers  []float64
	times    []int64
	levels   []string
	problems map[uint32]error // why an entry cannot be a value: an error only if a row has it
	texts    map[string]uint32
	bits     map[uint64]uint32
}

func newEntries(schema *features.Schema, field int, distinct bool) *entries {
	return &entries{
		schema: schema, field: field, distinct: distinct, texts: map[string]uint32{}, bits: map[uint64]uint32{}, problems: map[uint32]error{},
	}
}

// reset empties the entries. The levels went into a Dictionary and are not touched again.
func (e *entries) reset() {
	e.codes, e.numbers, e.times, e.levels = e.codes[:0], e.numbers[:0], e.times[:0], nil
	clear(e.problems)
	clear(e.texts)
	clear(e.bits)
}

func (e *entries) len() uint32 { return uint32(max(len(e.codes), len(e.numbers), len(e.times))) }

// addValue appends an entry.
func (e *entries) addValue(v features.Value, err error) uint32 {
	at := e.len()
	if err != nil {
		e.problems[at] = err
	}
	switch e.schema.Fields()[e.field].Kind {
	case features.Category:
		code := uint32(features.NoCode)
		if v.Present {
			code = uint32(len(e.levels))
			e.levels = append(e.levels, v.Text)
		}
		e.codes = append(e.codes, code)
	case features.Number:
		if !v.Present {
			v.Number = math.NaN()
		}
		e.numbers = append(e.numbers, v.Number)
	case features.Time:
		if !v.Present {
			v.Time = features.NoTime
		}
		e.times = append(e.times, v.Time)
	}
	return at
}

// addText appends the entry of a text that stays as it is.
func (e *entries) addText(text string) uint32 {
	if !utf8.ValidString(text) {
		return e.addValue(features.Value{}, fmt.Errorf("%q is not valid UTF-8", text))
	}
	return e.addValue(e.schema.TextValue(e.field, text))
}

// text returns the entry of a text whose bytes may change later.
func (e *entries) text(raw []byte) uint32 {
	if at, known := e.texts[string(raw)]; known {
		return at
	}
	text := string(raw)
	at := e.addText(text)
	e.texts[text] = at
	return at
}

// cell returns the entry of a text of a table of texts, whose memory it does not keep.
func (e *entries) cell(text string) uint32 {
	if !e.distinct {
		return e.addText(strings.Clone(text))
	}
	at, known := e.texts[text]
	if !known {
		text = strings.Clone(text)
		at = e.addText(text)
		e.texts[text] = at
	}
	return at
}

// number returns the entry of a number as a level.
func (e *entries) number(x float64) uint32 {
	key := math.Float64bits(x)
	at, known := e.bits[key]
	if !known {
		if math.IsNaN(x) {
			at = e.addValue(features.Value{}, nil)
		} else {
			at = e.addValue(e.schema.Fields()[e.field].NumberValue(x))
		}
		e.bits[key] = at
	}
	return at
}

// time returns the entry of a time as a level.
func (e *entries) time(micros int64) uint32 {
	at, known := e.bits[uint64(micros)]
	if !known {
		at = e.addValue(features.Value{Present: true, Text: features.FormatTime(micros)}, nil)
		e.bits[uint64(micros)] = at
	}
	return at
}

// level returns the entry of a level of another dictionary: normalised already, and not missing.
func (e *entries) level(text string) uint32 {
	if at, known := e.texts[text]; known && e.distinct {
		return at
	}
	at := e.addValue(features.Value{Present: true, Text: text}, nil)
	if e.distinct {
		e.texts[text] = at
	}
	return at
}

// identity adds the texts of a column that names its rows, an entry a row, cut from one copy of their bytes. It
// returns the first of these entries.
func (e *entries) identity(raw [][]byte) uint32 {
	size := 0
	for _, b := range raw {
		size += len(b)
	}
	var all strings.Builder
	all.Grow(size)
	for _, b := range raw {
		all.Write(b)
	}
	first, copied := e.len(), all.String()
	for _, b := range raw {
		e.addText(copied[:len(b)])
		copied = copied[len(b):]
	}
	return first
}
