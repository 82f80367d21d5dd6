package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/leadscore/leadscore/features"
	"github.com/parquet-go/parquet-go/format"
)

// columnReader turns the pages of one column, row group after row group, into the vectors of blocks. One
// goroutine at a time uses it.
type columnReader struct {
	dataset *Dataset
	schema  *features.Schema
	field   int
	kind    features.Kind
	role    features.Role

	file     *file // the row group that is being read
	group    int
	stored   *storedColumn
	check    numberCheck
	row      int64 // its next row
	unpaged  int64 // its rows that are in no page read so far
	chunk    chunkReader
	page     page
	pageLeft int  // rows left of the page
	cursor   int  // bytes of the page's values that are used; bits for booleans
	indexes  runs // of a page that refers to the dictionary, or of booleans

	hasDictionary bool
	dictionary    *entries             // of the row group
	shared        *features.Dictionary // its levels
	local         *entries             // of the block's values that are in no dictionary
	mixed         bool                 // whether the block's codes are those of local

	levels  []byte // scratch
	bits    []byte
	codes   []uint32
	numbers []float64
	times   []int64
	raw     [][]byte
}

func newColumnReader(d *Dataset, schema *features.Schema, field int) *columnReader {
	f := &schema.Fields()[field]
	return &columnReader{
		dataset: d, schema: schema, field: field, kind: f.Kind, role: f.Role,
		dictionary: newEntries(schema, field, false), local: newEntries(schema, field, f.Role != features.RoleID),
	}
}

// boolLevels are the levels of a boolean that is a category.
var boolLevels = &features.Dictionary{Levels: []string{"false", "true"}}

// valueError is what is wrong with one of the values that are being read: the at-th that is not missing.
type valueError struct {
	at  int
	err error
}

func (e *valueError) Error() string { return e.err.Error() }

// read fills v with the rows of the block. Blocks come in order.
func (r *columnReader) read(b block, v *features.Vector, u *unpacker) (err error) {
	if b.first == 0 {
		r.begin(b)
	}
	r.chunk.unpacker = u
	defer func() {
		if err != nil {
			err = r.locate(err)
		}
	}()
	defer recoverDamage(&err)
	if b.first == 0 {
		place := r.file.groups[r.group].chunks[r.stored.leaf]
		if err := r.chunk.open(r.file.data, place, r.stored.Optional); err != nil {
			return err
		}
	}
	return r.readRows(v, b.rows)
}

// begin turns to the row group of the block.
func (r *columnReader) begin(b block) {
	r.file, r.group = r.dataset.files[b.file], b.group
	f := &r.schema.Fields()[r.field]
	r.stored = &r.file.columns[r.file.at[f.Name]]
	r.check = checkOf(f.Type, r.stored.Type)
	r.row, r.unpaged, r.pageLeft = 0, r.file.groups[b.group].rows, 0
	r.hasDictionary, r.shared = false, nil
	r.dictionary.reset()
}

// located is an error that says where it is.
type located struct{ error }

func (l located) Unwrap() error { return l.error }

func (r *columnReader) locate(err error) error {
	var at located
	if errors.As(err, &at) {
		return err
	}
	return located{fmt.Errorf("datasets: %s: column %q, row group %d: %w", r.file.path, r.stored.Name, r.group, err)}
}

// locateRow adds the row of a valueError: levels are those of the rows from r.row on.
func (r *columnReader) locateRow(err error, levels []byte) error {
	var at *valueError
	if !errors.As(err, &at) {
		return err
	}
	row := at.at
	if levels != nil {
		for i, present := 0, 0; i < len(levels); i++ {
			if present += int(levels[i]); present > at.at {
				row = i
				break
			}
		}
	}
	row += int(r.file.groups[r.group].start + r.row)
	return located{fmt.Errorf("datasets: %s: column %q, row group %d, row %d: %w", r.file.path, r.stored.Name, r.group, row, at.err)}
}

func (r *columnReader) readRows(v *features.Vector, rows int) error {
	r.local.reset()
	r.mixed = false
	v.Dictionary = nil
	for at := 0; at < rows; {
		if r.pageLeft == 0 {
			if err := r.nextPage(); err != nil {
				return err
			}
			continue
		}
		n := min(rows-at, r.pageLeft)
		levels, present, err := r.readLevels(n)
		if err == nil {
			err = r.fill(v, at, n, levels, present)
		}
		if err != nil {
			return r.locateRow(err, levels)
		}
		at, r.pageLeft, r.row = at+n, r.pageLeft-n, r.row+int64(n)
	}
	if r.kind == features.Category {
		v.Dictionary = r.blockDictionary()
	}
	return nil
}

// blockDictionary returns the dictionary that the block's codes belong to.
func (r *columnReader) blockDictionary() *features.Dictionary {
	switch {
	case r.stored.form == formBool:
		return boolLevels
	case r.mixed:
		return &features.Dictionary{Levels: r.local.levels}
	case r.shared == nil:
		r.shared = &features.Dictionary{}
	}
	return r.shared
}

// nextPage reads pages up to the next one of data.
func (r *columnReader) nextPage() error {
	for {
		p, err := r.chunk.next()
		if err != nil {
			return err
		}
		if p.values < 0 || !p.dictionary && int64(p.values) > r.unpaged {
			return fmt.Errorf("a page is damaged: it claims %d values, but %d rows are left", p.values, r.unpaged)
		}
		if !p.dictionary {
			r.page, r.pageLeft, r.cursor = p, p.values, 0
			r.unpaged -= int64(p.values)
			return r.openValues()
		}
		if r.hasDictionary {
			return errors.New("it has two dictionaries")
		}
		r.hasDictionary = true
		if err := r.readDictionary(p); err != nil {
			return fmt.Errorf("its dictionary: %w", err)
		}
	}
}

// openValues gets the values of the page ready, so that they can be read from its front.
func (r *columnReader) openValues() (err error) {
	p, s := &r.page, r.stored
	integer := s.physical == format.Int32 || s.physical == format.Int64
	switch {
	case r.refersToDictionary():
		return r.openIndexes()
	case p.encoding == format.Plain:
	case p.encoding == format.RLE && s.form == formBool:
		if len(p.data) < 4 || uint64(binary.LittleEndian.Uint32(p.data)) > uint64(len(p.data)-4) {
			return errValuesEnd
		}
		r.indexes, err = newRuns(p.data[4:4+binary.LittleEndian.Uint32(p.data)], 1)
	case p.encoding == format.DeltaBinaryPacked && integer:
		p.data, err = undeltaIntegers(nil, p.data, p.values, s.width)
	case p.encoding == format.DeltaLengthByteArray && s.physical == format.ByteArray:
		p.data, err = undeltaLengths(nil, p.data, p.values)
	case p.encoding == format.DeltaByteArray && (s.physical == format.ByteArray || s.physical == format.FixedLenByteArray):
		p.data, err = undeltaTexts(nil, p.data, p.values, s.width)
	case p.encoding == format.ByteStreamSplit && s.width > 0:
		p.data, err = unsplit(nil, p.data, s.width)
	default:
		return fmt.Errorf("encoding %v of %v values is not supported", p.encoding, s.physical)
	}
	return err
}

var errValuesEnd = errors.New("a page is damaged: its values end too early")

func (r *columnReader) openIndexes() (err error) {
	if !r.hasDictionary {
		return errors.New("a page refers to a dictionary that is not there")
	}
	if len(r.page.data) == 0 { // no values but missing ones
		r.indexes = runs{}
		return nil
	}
	r.indexes, err = newRuns(r.page.data[1:], uint(r.page.data[0]))
	return err
}

// readDictionary makes the entries of the row group.
func (r *columnReader) readDictionary(p page) error {
	s, n := r.stored, p.values
	if s.form == formBool || s.width > 0 && n > len(p.data)/s.width || s.width == 0 && n > len(p.data)/4 {
		return errValuesEnd
	}
	var err error
	switch {
	case s.form == formText || s.width == 0:
		err = r.readTextDictionary(string(p.data), n)
	case s.Type.Temporal():
		times := make([]int64, n)
		for bad, from := 0, 0; bad >= 0; from += bad + 1 {
			if bad = plainTimes(times[from:], p.data[from*s.width:], s); bad >= 0 {
				r.dictionary.problems[uint32(from+bad)] = errTimeRange
			}
		}
		r.addTimes(times)
	default:
		numbers := make([]float64, n)
		if err = plainNumbers(numbers, p.data, s); err == nil {
			r.addNumbers(numbers)
		}
	}
	r.shared = &features.Dictionary{Levels: r.dictionary.levels}
	return err
}

// readTextDictionary adds byte arrays, each after its length. They may be decimals.
func (r *columnReader) readTextDictionary(data string, n int) error {
	for range n {
		if len(data) < 4 {
			return errValuesEnd
		}
		size := uint64(data[0]) | uint64(data[1])<<8 | uint64(data[2])<<16 | uint64(data[3])<<24
		if size > uint64(len(data)-4) {
			return errValuesEnd
		}
		value := data[4 : 4+size]
		data = data[4+size:]
		if r.stored.form == formText {
			r.dictionary.addText(value)
		} else {
			r.addNumbers([]float64{bytesDecimal([]byte(value), r.stored.Type.Scale)})
		}
	}
	return nil
}

func (r *columnReader) addNumbers(numbers []float64) {
	d := r.dictionary
	for _, x := range numbers {
		at, v := d.len(), []float64{x}
		if _, err := r.check.apply(v); err != nil {
			d.problems[at] = err
			v[0] = math.NaN()
		}
		value := features.Value{Present: !math.IsNaN(v[0]), Number: v[0]}
		if r.kind == features.Category && value.Present {
			value.Text = r.schema.Fields()[r.field].Type.FormatNumber(v[0])
		}
		d.addValue(value, nil)
	}
}

func (r *columnReader) addTimes(times []int64) {
	for _, t := range times {
		value := features.Value{Present: t != features.NoTime, Time: r.cutTime(t)}
		if r.kind == features.Category && value.Present {
			value.Text = features.FormatTime(value.Time)
		}
		r.dictionary.addValue(value, nil)
	}
}

// cutTime drops the time of day if the schema has a date.
func (r *columnReader) cutTime(t int64) int64 {
	if r.schema.Fields()[r.field].Type.Base == features.Date && t != features.NoTime {
		return floorDivide(t, microsPerDay) * microsPerDay
	}
	return t
}

// readLevels reads the marks of n rows. No marks are returned if all have values.
func (r *columnReader) readLevels(n int) (levels []byte, present int, err error) {
	if !r.page.hasLevels {
		return nil, n, nil
	}
	levels = grow(&r.levels, n)
	if present, err = r.page.levels.readLevels(levels); err != nil {
		return nil, 0, err
	}
	if present == n {
		return nil, n, nil
	}
	return levels, present, nil
}

// grow returns a scratch slice of n elements, with room for one more.
func grow[T any](scratch *[]T, n int) []T {
	if cap(*scratch) <= n {
		*scratch = make([]T, n+n/4+1)
	}
	return (*scratch)[:n]
}
